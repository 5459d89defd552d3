"""Memory of the whole process: what the commands ask of the C library."""

from __future__ import annotations

import subprocess
import sys

import pytest

ARENAS = """
import ctypes, io, re, threading
from commercetools_source.frontends.memory import share_heaps
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


FAULTS = """
import resource
from commercetools_source.frontends.memory import keep_pages
if {kept}:
    keep_pages()
page = bytes(4_000_000)
del page
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for more in range(40):  # each is the largest so far, which glibc maps anew
    page = b"x" * (4_000_000 + more * 50_000)
    del page
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives large blocks back")
def test_the_memory_of_a_page_serves_the_next_one() -> None:
    def faults(*, kept: bool) -> int:
        return int(
            subprocess.run([sys.executable, "-c", FAULTS.format(kept=kept)], capture_output=True, check=True).stdout
        )

    given_back = faults(kept=False)
    if given_back < 40 * 500:
        pytest.skip("this C library keeps large blocks by itself")
    assert faults(kept=True) < given_back / 4
