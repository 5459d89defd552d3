"""What a command tells the C library about memory. Only commands do: it holds for the whole process."""

from __future__ import annotations

import sys
from contextlib import suppress

__all__ = ["keep_pages", "pass_records_on", "share_heaps"]

# The numbers of settings in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_HEAPS = 2
# https://man7.org/linux/man-pages/man3/mallopt.3.html: larger blocks are given back to the system at once.
_LARGEST_KEPT = 8 << 20
_MOST_KEPT = 32 << 20


def pass_records_on() -> None:
    """Do both of what follows: for commands that write records as they came."""
    share_heaps()
    keep_pages()


def share_heaps() -> None:
    """Let threads share two heaps, on Linux with glibc; elsewhere do nothing.

    By default each thread gets one of its own, and each keeps what the largest page took: with 16 threads
    that is 60 MB which nobody uses.
    """
    _set({_ARENA_MAX: _HEAPS})


def keep_pages() -> None:
    """Let what a page took be used for the next one, on Linux with glibc; elsewhere do nothing.

    By default memory of that size is given back and asked for anew each time, which takes a tenth of the
    time of reading a page. For commands that pass records on as they are: among what decodes them it leaves gaps.
    """
    _set({_MMAP_THRESHOLD: _LARGEST_KEPT, _TRIM_THRESHOLD: _MOST_KEPT})


def _set(settings: dict[int, int]) -> None:
    if sys.platform != "linux":
        return
    # Nothing depends on it: without these settings a command takes more memory, and no other result.
    with suppress(ImportError, OSError, AttributeError):  # no ctypes, or another C library
        import ctypes

        library = ctypes.CDLL(None)
        for setting, value in settings.items():
            library.mallopt(setting, value)
