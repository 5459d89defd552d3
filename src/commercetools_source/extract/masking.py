"""Replace a value by another of the same form: letters by letters, digits by digits, a day by a day. Pure functions.

The same value always has the same replacement, and of two texts in ASCII never the same, so joins and counts of
distinct values survive. Nothing but the key says what was replaced: whoever has it can undo a replacement.
"""

from __future__ import annotations

import re
import string
import unicodedata
from array import array
from calendar import isleap
from datetime import date, timedelta
from functools import cache
from hashlib import shake_256
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from _hashlib import HASHXOF
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["masker"]

_ROUNDS = 8
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)?(T?)(?:(\d\d):(\d\d):(\d\d)(\.\d+)?)?(Z?)", re.ASCII)
_NUMBER = re.compile(r"(-?)(\d+)(\.\d+)?", re.ASCII)
_NOT_ZERO = "123456789"
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))
_HOURS = _TWO_DIGITS[:24]


class _Symbol(NamedTuple):
    """One of `alphabet`, by its position; `origin` is what stood there, if it is none of them."""

    position: int
    alphabet: Sequence[str]
    origin: str = ""


_Form = list["str | _Symbol"]
"""A text as what stays (texts) and what is replaced."""


def masker(key: bytes) -> Callable[[str | float], str | float | None]:
    """Return what gives a text or number its replacement; None for a number too large to be written in digits.

    A text keeps its length, punctuation, spaces and the case of its letters. An e-mail address, in any case and with
    spaces around it, becomes one below example.com; a date another day of the same year, a time another time. A number
    keeps its sign, its number of digits and its decimals. Nothing with a letter or digit in it stays as it is.
    """
    cycle = _Cycle(key)

    def masked(value: str | float) -> str | float | None:
        if not isinstance(value, str):
            form = _form_of_number(msgspec.json.encode(value).decode())
            return None if form is None else type(value)(_replaced(form, cycle))
        if _MAIL.fullmatch(value.strip()):
            address = value.strip().lower().encode(errors="surrogatepass")
            # Not of its own length: of short addresses two could become the same.
            return f"{cycle.stream(10, b'mail', address).hex()}@example.com"
        return _replaced(_form_of_moment(value) or _form_of_text(value), cycle)

    return masked


class _Cycle:
    """All values of a form in an order that only the key tells, the first again after the last.

    Each value is replaced by the next in this order. So none stays, no two become the same, and as long as the order
    is secret, one replacement says nothing of the others.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._rings: dict[bytes, tuple[int, ...]] = {}

    def stream(self, length: int, *texts: bytes) -> bytes:
        """Return as many bytes as `length` says, which only the key tells of these texts."""
        return self._begun(*texts).digest(length)

    def _begun(self, *texts: bytes) -> HASHXOF:
        # Lengths first, so that no two lists of texts are the same bytes. A sponge needs no HMAC around it: a
        # prefix is a key (https://keccak.team/keccak_strengths.html).
        sizes = b"".join(len(text).to_bytes(8, "big") for text in (self._key, *texts))
        return shake_256(b"".join((sizes, self._key, *texts)))

    def after(self, indexes: list[int], sizes: list[int], form: bytes) -> list[int]:
        """Return the next value; a value is an index for each of its symbols, below the size of their alphabet."""
        if len(indexes) == 1:
            return [self._ring(form, sizes[0])[indexes[0]]]
        following = _increased(self._shuffled(indexes, sizes, form), sizes)
        return self._shuffled(following, sizes, form, back=True)

    def _ring(self, form: bytes, size: int) -> tuple[int, ...]:
        # A network of two halves shuffles nothing where one of them is empty.
        if form not in self._rings:
            order = sorted(range(size), key=lambda index: self.stream(16, b"ring", form, index.to_bytes(2, "big")))
            following = dict(zip(order, [*order[1:], *order[:1]], strict=True))
            self._rings[form] = tuple(following[index] for index in range(size))
        return self._rings[form]

    def _shuffled(self, indexes: list[int], sizes: list[int], form: bytes, *, back: bool = False) -> list[int]:
        """Return the indexes permuted by a Feistel network, as in format-preserving encryption; or `back` again."""
        middle = len(indexes) // 2
        halves, limits = [indexes[:middle], indexes[middle:]], [sizes[:middle], sizes[middle:]]
        prefix = self._begun(b"round", form)
        for number in reversed(range(_ROUNDS)) if back else range(_ROUNDS):
            turn = number % 2
            other = array("H", halves[1 - turn]).tobytes()
            source = prefix.copy()
            source.update(bytes([number]) + other)
            steps = array("H", source.digest(2 * len(halves[turn])))
            halves[turn] = [
                (index - step if back else index + step) % size
                for index, step, size in zip(halves[turn], steps, limits[turn], strict=True)
            ]
        return halves[0] + halves[1]


def _replaced(form: _Form, cycle: _Cycle) -> str:
    symbols = [symbol for symbol in form if isinstance(symbol, _Symbol)]
    if not symbols:
        return "".join(map(str, form))
    name = "".join(
        piece if isinstance(piece, str) else piece.origin or f"\0{piece.alphabet[0]}" for piece in form
    ).encode(errors="surrogatepass")
    following = cycle.after([row.position for row in symbols], [len(row.alphabet) for row in symbols], name)
    later = iter(following)
    return "".join(piece if isinstance(piece, str) else piece.alphabet[next(later)] for piece in form)


def _increased(indexes: list[int], sizes: list[int]) -> list[int]:
    """Return the next number, of digits below `sizes`; after the largest comes zero."""
    result = list(indexes)
    for position in reversed(range(len(result))):
        result[position] = (result[position] + 1) % sizes[position]
        if result[position]:
            break
    return result


def _form_of_text(text: str) -> _Form:
    return [_symbol(char) for char in text]


def _symbol(char: str) -> str | _Symbol:
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if char in alphabet:
            return _Symbol(alphabet.index(char), alphabet)
    if char.isascii() or unicodedata.category(char)[0] in "PZ":
        return char
    if char.isdecimal():
        return _Symbol(0, string.digits, char)
    return _Symbol(0, string.ascii_uppercase if char.isupper() else string.ascii_lowercase, char)


def _form_of_moment(text: str) -> _Form | None:
    """Return the form of a date, a time or both, as the platform writes them; None for what is none."""
    match = _MOMENT.fullmatch(text)
    day, between, hour, minute, second, fraction, zone = match.groups() if match else ("",) * 7
    if not (day or hour) or bool(between) != bool(day and hour):
        return None
    form: _Form = []
    if day:
        year = int(day[:4])
        if year == 0 or day not in _days(year):
            return None
        form += [_Symbol(_days(year).index(day), _days(year)), between]
    if hour:
        if hour not in _HOURS or minute not in _TWO_DIGITS or second not in _TWO_DIGITS:
            return None
        form += [_Symbol(int(hour), _HOURS), ":", _Symbol(int(minute), _TWO_DIGITS), ":"]
        form += [_Symbol(int(second), _TWO_DIGITS), *_form_of_text(fraction or "")]
    return [*form, zone]


@cache
def _days(year: int) -> tuple[str, ...]:
    first = date(year, 1, 1)
    return tuple((first + timedelta(number)).isoformat() for number in range(366 if isleap(year) else 365))


def _form_of_number(text: str) -> _Form | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals = match.groups(default="")
    # With a zero in front a number of several digits would be shorter, and one below zero none below zero.
    first: Iterable[str | _Symbol] = _form_of_text(whole[0])
    if len(whole) > 1 or (sign and whole != "0"):
        first = [_Symbol(_NOT_ZERO.index(whole[0]), _NOT_ZERO)]
    return [sign, *first, *_form_of_text(whole[1:] + decimals)]
