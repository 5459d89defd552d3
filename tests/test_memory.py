"""Memory of the whole process: what the commands ask of the C library."""

from __future__ import annotations

import subprocess
import sys

import pytest

ARENAS = """
import ctypes, io, re, threading
from commercetools_source.memory import share_heaps
if {shared}:
    share_heaps()
barrier = threading.Barrier(8)
def work():
    block = bytes(100_000)
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.malloc_stats()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas to share")
def test_threads_share_two_heaps() -> None:
    def heaps(*, shared: bool) -> int:
        done = subprocess.run([sys.executable, "-c", ARENAS.format(shared=shared)], capture_output=True, check=True)
        return done.stderr.count(b"Arena ")

    own = heaps(shared=False)
    if own < 3:
        pytest.skip("this C library has no heap for each thread")
    assert heaps(shared=True) <= 2
