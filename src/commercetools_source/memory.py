"""What a command tells the C library about memory. Only commands do: it holds for the whole process."""

from __future__ import annotations

import sys
from contextlib import suppress

__all__ = ["share_heaps"]

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h
_HEAPS = 2


def share_heaps() -> None:
    """Let threads share two heaps, on Linux with glibc; elsewhere do nothing.

    By default each thread gets one of its own, and each keeps what the largest page took: with 16 threads
    that is 60 MB which nobody uses.
    """
    if sys.platform != "linux":
        return
    with suppress(ImportError, OSError, AttributeError):  # no ctypes, or another C library
        import ctypes

        ctypes.CDLL(None).mallopt(_ARENA_MAX, _HEAPS)
