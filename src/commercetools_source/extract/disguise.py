"""One value that does not leave as it is: hashed, masked, or its first characters. Pure functions."""

from __future__ import annotations

import hmac
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.extract.masking import masker

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.config.values import Secret

__all__ = ["Watch", "digest", "disguise", "hashed", "watch"]

_NOTHING = object()
_STRUCTURE = frozenset({"typeId", "id", "type", "currencyCode", "fractionDigits"})
"""Fields of References and Money (https://docs.commercetools.com/api/types) without which these are of no type."""


class Watch:
    """Sees hashes of e-mail addresses being made, and keeps those of the addresses that `digests` stand for.

    `met`: by such a hash the digest of its address. A hash of another key tells nothing of an address by itself.
    """

    def __init__(self, salt: str, digests: frozenset[str]) -> None:
        self.met: dict[str, str] = {}
        self._salt = salt
        self._digests = digests

    def made(self, text: str, result: str) -> None:
        """Take note that `result` is the hash of the address `text`."""
        name = digest(text, self._salt)
        if name in self._digests:
            self.met[result] = name


watch = cache(Watch)
"""Return the one that watches for these: what is hashed once is remembered, so a second one would see nothing."""


def digest(text: str, salt: str) -> str:
    """Return what stands for an e-mail address or another text of a person who was forgotten."""
    return hmac.digest(salt.encode(), text.strip().lower().encode(), "sha256").hex()


def disguise(key: Secret, watching: Watch | None = None) -> Callable[[bytes, str, bool], msgspec.Raw | None]:
    """Return what turns a value's JSON into what may leave, by a choice; None where nothing may.

    "hash" is the HMAC-SHA256 of each text in hexadecimal digits; of an e-mail address (the third argument says
    whether it is one) that of its trimmed lower case, so that joins survive. "first3" has the first three characters.
    Numbers and truth values are left out, null stays. "mask" has another text of the same form, and another number
    (`masker`); what says of an amount or a reference what it is stays. `watching` sees each hash of an address.
    """
    secret = key.reveal().encode()
    mask = masker(secret)

    def masked(element: Any, *, mail: bool) -> Any:  # noqa: ARG001 - a mask sees by the text whether it is an address
        replacement = None if isinstance(element, bool) else mask(element)
        return _NOTHING if replacement is None else replacement

    def changed(value: bytes, choice: str, is_mail: bool) -> msgspec.Raw | None:  # noqa: FBT001 - called by position
        length = int(choice.removeprefix("first")) if choice.startswith("first") else 0

        def shortened_or_hashed(element: Any, *, mail: bool) -> Any:
            if not isinstance(element, str):
                return _NOTHING
            if length:
                return element[:length]
            result = hashed(element, key, mail=mail)
            if mail and watching is not None:
                watching.made(element, result)
            return result

        decoded = _decoded(value)
        if choice == "mask":
            result = _deep(decoded, masked, _STRUCTURE, mail=is_mail)
        else:
            result = _deep(decoded, shortened_or_hashed, frozenset(), mail=is_mail)
        return None if result is _NOTHING else msgspec.Raw(msgspec.json.encode(result))

    return changed


def hashed(text: str, key: Secret, *, mail: bool) -> str:
    """Return the hash of a text, of an e-mail address (`mail`) that of its trimmed lower case."""
    # Keyed, because mail addresses and phone numbers can be tried one by one against a plain hash.
    return hmac.digest(key.reveal().encode(), (text.strip().lower() if mail else text).encode(), "sha256").hex()


def _decoded(value: bytes) -> Any:
    try:
        return msgspec.json.decode(value)
    except ValueError:
        # A number that no float holds, or of more digits than Python reads; as a truth value it is left out.
        return json.loads(value, parse_int=lambda _: True, parse_float=lambda _: True)


def _deep(value: Any, changed: Callable[..., Any], kept: frozenset[str], *, mail: bool) -> Any:
    if isinstance(value, list):
        items = [_deep(element, changed, kept, mail=mail) for element in value]
        return [item for item in items if item is not _NOTHING]
    if isinstance(value, dict):
        # A custom field's object may hold an address under its own name; that decides there.
        fields = {
            name: inner if name in kept else _deep(inner, changed, kept, mail=mail or "mail" in name.lower())
            for name, inner in value.items()
        }
        return {name: inner for name, inner in fields.items() if inner is not _NOTHING}
    return None if value is None else changed(value, mail=mail)
