"""One value that does not leave as it is: hashed, or its first characters. Pure functions."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.config.values import Secret

__all__ = ["disguise"]


def disguise(key: Secret) -> Callable[[bytes, str, bool], msgspec.Raw | None]:
    """Return what turns a value's JSON into what may leave, by a choice; None where nothing may.

    "hash" is the HMAC-SHA256 of each text in hexadecimal digits; of an e-mail address (the third argument says
    whether it is one) that of its trimmed lower case, so that joins survive. "first3" has the first three characters.
    Numbers and truth values are left out, null stays.
    """
    secret = key.reveal().encode()

    def changed(value: bytes, choice: str, is_mail: bool) -> msgspec.Raw | None:  # noqa: FBT001 - called by position
        length = int(choice.removeprefix("first")) if choice.startswith("first") else 0

        def of_text(text: str, *, mail: bool) -> str:
            if length:
                return text[:length]
            # Keyed, because mail addresses and phone numbers can be tried one by one against a plain hash.
            return hmac.digest(secret, (text.strip().lower() if mail else text).encode(), "sha256").hex()

        result = _deep(msgspec.json.decode(value), of_text, mail=is_mail)
        return None if result is _NOTHING else msgspec.Raw(msgspec.json.encode(result))

    return changed


_NOTHING = object()


def _deep(value: Any, of_text: Callable[..., str], *, mail: bool) -> Any:
    if isinstance(value, str):
        return of_text(value, mail=mail)
    if isinstance(value, list):
        items = [_deep(element, of_text, mail=mail) for element in value]
        return [item for item in items if item is not _NOTHING]
    if isinstance(value, dict):
        # A custom field's object may hold an address under its own name; that decides there.
        fields = {name: _deep(inner, of_text, mail=mail or "mail" in name.lower()) for name, inner in value.items()}
        return {name: inner for name, inner in fields.items() if inner is not _NOTHING}
    return None if value is None else _NOTHING
