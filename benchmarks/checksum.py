"""The CRC-32 of two texts in a row from the CRC-32 of each, so that prepared pieces can be strung together.

The arithmetic is that of polynomials over GF(2), bits reversed as gzip has them (RFC 1952, section 8).
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["combine", "shifter"]

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_BYTE = 1 << 23  # x to the power of 8: a shift by one byte


def combine(first: int, second: int, shift: int) -> int:
    """Return the CRC of two texts in a row; `shift` is the `shifter` of the second one's size."""
    return _times(shift, first) ^ second


@lru_cache(65_536)
def shifter(size: int) -> int:
    """Return what moves a CRC over `size` further bytes."""
    power, result = _BYTE, _ONE
    while size:
        if size & 1:
            result = _times(power, result)
        power = _times(power, power)
        size >>= 1
    return result


def _times(one: int, other: int) -> int:
    product = 0
    bit = _ONE
    while bit:
        if one & bit:
            product ^= other
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
        bit >>= 1
    return product
