"""The address of a database of PostgreSQL: as libpq reads it, and as it may be shown.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlencode

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PostgresAddress"]

_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)")
_HOST = r"(?:\[[\w:.%]+\]|[\w.%-]*)(?::\d*)?"
_URL = re.compile(
    r"postgres(?:ql)?://(?:[^\s:@/?#]*(?::(?P<password>[^\s@/?#]*))?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})*)(?:/(?P<database>[^\s:@/?#]*))?"
)
"""A URL in which nothing can be taken for another part: libpq would show what it took for a host or a port."""
_SECRET = frozenset({"password", "passfile", "sslpassword"})


class PostgresAddress(NamedTuple):
    """What libpq connects with, the same without secrets, and the secrets in it, in every form that a text may have."""

    connection: str
    shown: str
    secrets: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str, parameters: Mapping[str, str]) -> PostgresAddress:
        """Return the address in a destination, postgresql://USER@HOST/DATABASE or postgres:dbname=... host=...

        `parameters`: what stood behind its question mark. Raises ConfigError for one without a database, and for one
        that is neither.
        """
        if "://" in text:
            return _of_url(text, parameters)
        pairs = _pairs(text.partition(":")[2])
        connection = " ".join(f"{name}={value}" for name, value in pairs.items())
        if "dbname" not in pairs:
            raise ConfigError("a lake in PostgreSQL needs a database: postgres:dbname=NAME, or postgresql://HOST/NAME")
        plain = {name: _plain(value) for name, value in pairs.items()}
        host = ":".join(plain[name] for name in ("host", "port") if name in plain)
        secrets = {text for name in _SECRET & pairs.keys() for text in (pairs[name], plain[name])}
        extra = " ".join(f"{name}={value}" for name, value in parameters.items())
        return PostgresAddress(
            f"{connection} {extra}".strip(), f"postgresql://{host}/{plain['dbname']}", _longest(secrets)
        )

    def without_secrets(self, text: str) -> str:
        """Return a text with dots in the place of secrets."""
        text = text.replace(self.connection, self.shown).replace(self.connection.replace("'", "''"), self.shown)
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text


def _of_url(text: str, parameters: Mapping[str, str]) -> PostgresAddress:
    url = _URL.fullmatch(text)
    if url is None:
        raise ConfigError(
            "an address of PostgreSQL is postgresql://USER:PASSWORD@HOST:PORT/DATABASE; write each character that is no"
            " letter and no digit as % and its code, such as %40 for @ and %2F for /"
        )
    if not url["database"]:
        raise ConfigError("a lake in PostgreSQL needs a database: postgresql://USER@HOST/DATABASE")
    password = url["password"] or ""
    query = f"?{urlencode(parameters)}" if parameters else ""
    shown = f"postgresql://{url['hosts']}/{unquote(url['database'])}"
    return PostgresAddress(f"{text}{query}", shown, _longest({password, unquote(password)}))


def _pairs(text: str) -> dict[str, str]:
    """Return the values of `name=value name='other value'`, as they are written."""
    if _PAIR.sub("", text).strip():
        raise ConfigError("an address of PostgreSQL is postgres:dbname=NAME host=HOST, or postgresql://HOST/NAME")
    return dict(_PAIR.findall(text))


def _plain(value: str) -> str:
    inner = value[1:-1] if value.startswith("'") else value
    return re.sub(r"\\(.)", r"\1", inner)


def _longest(secrets: set[str]) -> tuple[str, ...]:
    """Return secrets in the order in which they are to be replaced."""
    return tuple(sorted(filter(None, secrets), key=len, reverse=True))
