"""Raw values of settings: what counts as not given, what is secret, and how an error may show one. Pure."""

from __future__ import annotations

__all__ = ["Secret", "is_blank", "is_zero", "shown"]

_MASK = "***"


class Secret:
    """A text that shows itself only to `reveal()`; `repr`, `str` and `format` give a mask.

    It can be pickled (a cluster's workers need it); what is pickled is the text itself.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; hand it to the wire and to nothing else."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({_MASK!r})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        # An f-string asks this method and not `__str__`.
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # It loads all hashes, which takes as long as the settings themselves.
        from hmac import compare_digest

        # As bytes, because compare_digest takes only ASCII as text
        # (https://docs.python.org/3/library/hmac.html#hmac.compare_digest); a variable may hold bytes that are no
        # UTF-8.
        text, other_text = (secret._text.encode(errors="surrogatepass") for secret in (self, other))  # noqa: SLF001 - of this class
        return compare_digest(text, other_text)

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


def is_blank(value: object) -> bool:
    """Tell whether a value counts as not given: None, nothing but spaces, an empty list."""
    if isinstance(value, Secret):
        return not value
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple)) and not value)


def is_zero(value: object) -> bool:
    """Tell whether a value is the number 0, as a number or as text."""
    # A variable of the environment and a field of a form have texts alone.
    if isinstance(value, str):
        return value.strip() in {"0", "0.0"}
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def shown(value: object, secret: str = "") -> str:
    """Return a value as an error may show it: quoted, short, and masked where it holds the secret."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    try:
        text, texts = repr(value), [str(item) for item in items]
    except RecursionError:
        return "a value that nests too deeply"
    except ValueError:  # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
        return "a number of thousands of digits"
    # A password inside a URL is a secret too, and so is whatever contains ours.
    if isinstance(value, (Secret, dict)) or any("@" in text or (secret and secret in text) for text in texts):
        return _MASK
    # The last character is the closing quote, which shows where the value ends.
    return text if len(text) <= 80 else f"{text[:76]}…{text[-1]}"  # noqa: PLR2004 - one line of a terminal
