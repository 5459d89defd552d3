"""The table of settings: what each key means, its type, its default, and how a raw value is checked.

Pure: a value comes in as a person, a file or an environment variable wrote it and goes out typed, or
a sentence says what is legal. It knows neither files nor the environment (`project` and `files` do).
"""

from __future__ import annotations

import math
import re
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.catalog.timestamps import parse_time
from commercetools_source.config.values import Secret, is_blank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["REGIONS", "SETTINGS", "Setting", "Settings"]

# https://docs.commercetools.com/api/general-concepts#regions
REGIONS: tuple[str, ...] = (
    "us-central1.gcp",
    "us-east-2.aws",
    "europe-west1.gcp",
    "eu-central-1.aws",
    "australia-southeast1.gcp",
)


# What a form would show as `Api url`.
_SPELLED = {"api": "API", "id": "ID", "url": "URL"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: `parse` returns the typed value or raises `ValueError("it must be …")`."""

    name: str
    parse: Callable[[Any], Any]
    meaning: str
    type: Literal["string", "time", "integer", "number"] = "string"
    default: Any = None
    required: bool = False
    secret: bool = False
    zero_is_default: bool = False
    sample: str = ""
    """A value as an example, where the meaning does not name one."""
    aliases: tuple[str, ...] = ()
    """Other names of the environment variable, which `variable` wins over."""

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"CTP_{self.name.upper()}"

    @property
    def elsewhere(self) -> str:
        """Where it can be set by those who run the command or Python; front-ends have words of their own."""
        return f"set it in the settings file or as {self.variable}"

    @property
    def title(self) -> str:
        """Name as a form shows it."""
        words = " ".join(_SPELLED.get(word, word) for word in self.name.split("_"))
        return words[0].upper() + words[1:]

    @property
    def shown_default(self) -> str:
        """Default as a page shows it; "" where there is none."""
        if is_blank(self.default):
            return ""
        return self.default if isinstance(self.default, str) else f"{self.default:g}"


def _text(legal: str, pattern: str) -> Callable[[Any], str]:
    matcher = re.compile(pattern, re.ASCII)

    def parse(value: Any) -> str:
        if isinstance(value, str) and matcher.fullmatch(value.strip()):
            return value.strip()
        raise ValueError(f"it must be {legal}")

    return parse


def _secret(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    # A space or a line break inside is a paste that went wrong; the platform would say no more than `invalid_client`.
    if isinstance(text, str) and re.fullmatch(r"\S+", text.strip()) and text.strip().isprintable():
        return Secret(text.strip())
    raise ValueError("it must be the API client's secret: one word without spaces or line breaks")


_SHORTEST_KEY = 16
"""Whoever guesses the key can try out names and addresses until a hash fits."""


def _hash_key(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and len(text.strip()) >= _SHORTEST_KEY and text.strip().isprintable():
        return Secret(text.strip())
    raise ValueError(f"it must be a secret text of at least {_SHORTEST_KEY} characters, such as a long random one")


def _url(value: Any) -> str:
    """Return the text of a URL; `config` checks it, because what is legal depends on the region."""
    if isinstance(value, str):
        return value.strip()
    raise ValueError("it must be a URL such as https://api.us-central1.gcp.commercetools.com")


def _number(legal: str, low: float, high: float, *, whole: bool = False) -> Callable[[Any], Any]:
    def parse(value: Any) -> float:
        try:
            # A bool is an int in Python, but `true` is no number of seconds.
            number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        # NaN fails each comparison, so what is legal is asked for and not what is wrong.
        if not low <= number <= high or (whole and not number.is_integer()):
            raise ValueError(f"it must be {legal}")
        return int(number) if whole else number

    return parse


def _scopes(value: Any) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    # `permission:project`, or `permission:project:store` for one store (https://docs.commercetools.com/api/scopes).
    scope = re.compile(r"[a-z_]+:[A-Za-z0-9_-]+(:[\w.-]+)?", re.ASCII)
    if isinstance(words, (list, tuple)) and all(isinstance(word, str) and scope.fullmatch(word) for word in words):
        return tuple(words)
    raise ValueError("it must be scopes such as 'view_orders:my-project', as a list or separated by spaces")


def _personal_fields(value: Any) -> tuple[str, ...]:
    rows = value.split(",") if isinstance(value, str) else value
    # A row has a stream and at least one field: a stream alone would erase all of it by a slip.
    row = re.compile(r"\w+(\.[\w-]+)+=(keep|hash|drop|first[1-9])", re.ASCII)
    if isinstance(rows, (list, tuple)) and all(isinstance(text, str) and row.fullmatch(text.strip()) for text in rows):
        return tuple(text.strip() for text in rows)
    raise ValueError(
        "it must be fields and what becomes of them (keep, hash, drop, or first3 for three characters), such as"
        " 'customers.custom.fields.phone=drop', as a list or separated by commas"
    )


# One label of a host name: nothing in it can end the host or begin another part of a URL.
_LABEL = r"[a-z0-9]+(-[a-z0-9]+)*"


def _row(parse: Callable[[Any], Any], meaning: str, **columns: Any) -> dict[str, Any]:
    """Return what a field does not say of its setting: its check, its meaning, and other columns of `Setting`."""
    return {"parse": parse, "meaning": meaning, **columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The table: a field is a setting, required where it has no default.

    A new setting is a new field here, then `make docs`: `Config`, the variables, the schemas of the front-ends and
    the pages follow.
    """

    project_key: str = field(
        metadata=_row(
            _text("the project's key: 2 to 36 letters, digits, '-' or '_'", r"[A-Za-z0-9_-]{2,36}"),
            "The project's key.",
            sample="projectkey",
        )
    )
    client_id: str = field(
        metadata=_row(
            _text("the API client's id: letters, digits and -._~", r"[A-Za-z0-9._~-]{1,256}"),
            "The API client's id.",
            sample="abcdefg",
        )
    )
    client_secret: Secret = field(
        metadata=_row(_secret, "The API client's secret; never shown again.", sample="abcdefghijklmnopqrstuvwxyz")
    )
    region: str | None = field(
        default=None,
        metadata=_row(
            _text(f"one of {', '.join(REGIONS)}", rf"{_LABEL}(\.{_LABEL})?"),
            f"Where the project lives: {', '.join(f'`{region}`' for region in REGIONS)}.",
            sample="us-central1",
        ),
    )
    host: str | None = field(
        default=None,
        metadata=_row(
            _text("gcp or aws", _LABEL), "`gcp` or `aws`, where `region` has only its first part.", sample="gcp"
        ),
    )
    api_url: str = field(
        default="", metadata=_row(_url, "URL of the API without the project key, in place of a region's.")
    )
    auth_url: str = field(
        default="",
        metadata=_row(_url, "URL of the authorization server without `/oauth/token`, in place of a region's."),
    )
    history_url: str = field(
        default="",
        metadata=_row(
            _url, "URL of the Change History API without the project key, in place of a region's; for `change_history`."
        ),
    )
    store_key: str = field(
        default="",
        metadata=_row(
            # https://docs.commercetools.com/api/projects/stores#store
            _text("the key of a store: 2 to 256 letters, digits, '-' or '_'", r"[A-Za-z0-9_-]{2,256}"),
            "Read what belongs to the store of this key, where the platform lists that; for scopes of one store.",
            sample="berlin",
        ),
    )
    scopes: tuple[str, ...] = field(
        default=(),
        metadata=_row(
            _scopes,
            "Scopes to ask for; by default the token has all that the API client has.",
            aliases=("CTP_SCOPE",),
        ),
    )
    start_date: str | None = field(
        default=None, metadata=_row(parse_time, "Records last changed before this date or time are left out.")
    )
    page_size: int = field(
        default=500,
        # The platform's maximum (https://docs.commercetools.com/api/general-concepts#limit).
        metadata=_row(_number("a whole number from 1 to 500", 1, 500, whole=True), "Records in one page, 1 to 500."),
    )
    concurrency: int = field(
        default=20,
        metadata=_row(_number("a whole number from 1 to 20", 1, 20, whole=True), "Concurrent requests, 1 to 20."),
    )
    request_timeout: float = field(
        default=60.0,
        # 0 means no timeout to some libraries and an immediate one to others; here it can only be the default.
        metadata=_row(
            _number("seconds, up to 3600; 0 means the default", 0.001, 3600),
            "Seconds to wait for an answer; 0 means the default.",
            zero_is_default=True,
        ),
    )
    retry_seconds: float = field(
        default=300.0,
        metadata=_row(
            _number("seconds from 0 to 86400", 0, 86400),
            "Seconds for which one request is repeated after failures; 0 means never.",
        ),
    )
    settle_seconds: float = field(
        # The platform promises no order in which changes become visible: one may appear with a time that is past
        # already.
        default=300.0,
        metadata=_row(
            _number("seconds from 0 to 86400", 0, 86400),
            "How far behind the server's clock a run stops, so that late commits are not missed.",
        ),
    )
    lookback_seconds: float = field(
        default=600.0,
        # What is read twice is merged by key and version: an overlap costs requests, and no duplicate.
        metadata=_row(
            _number("seconds from 0 to 604800", 0, 604800),
            "How far before the last run's end the next one starts to read.",
        ),
    )
    personal: str = field(
        default="keep",
        metadata=_row(
            _text("keep, hash or drop", "keep|hash|drop"),
            "What becomes of personal data: `keep`, `hash` (with `hash_key`) or `drop`.",
        ),
    )
    personal_fields: tuple[str, ...] = field(
        default=(),
        metadata=_row(
            _personal_fields,
            "What becomes of single fields: `customers.custom.fields.phone=drop`, or `keep`, `hash`, `first3`.",
        ),
    )
    hash_key: Secret = field(
        default=Secret(""),
        metadata=_row(_hash_key, "The key of hashes of personal data, 16 characters or more; never shown again."),
    )


def _setting(column: Field[Any]) -> Setting:
    """Return a field as a row: the annotation says its type and whether it is a secret."""
    annotation = str(column.type)
    types: dict[str, Literal["integer", "number"]] = {"int": "integer", "float": "number"}
    return Setting(
        column.name,
        type="time" if column.metadata["parse"] is parse_time else types.get(annotation, "string"),
        default=None if column.default is MISSING else column.default,
        # Annotations are texts here (`from __future__ import annotations`), so the name of the type is compared.
        required=column.default is MISSING,
        secret=annotation == Secret.__name__,
        **column.metadata,
    )


SETTINGS: Mapping[str, Setting] = {column.name: _setting(column) for column in fields(Settings)}
"""The rows of the table by their names."""
