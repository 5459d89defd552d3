"""Unpacking answers: the same bytes and the same errors with either library, whole bodies only."""

from __future__ import annotations

import gzip
import subprocess
import sys
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import NetworkError
from commercetools_source.http.gzip import inflater

TEXT = b'{"results":[{"id":"1"}]}' * 1000


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=3))
def test_a_body_of_one_or_several_gzip_files_comes_back_whole(parts: list[bytes]) -> None:
    assert inflater()(b"".join(map(gzip.compress, parts))) == b"".join(parts)


@pytest.mark.parametrize("sizes", [(10_000_000, 1), (1, 10_000_000), (70_000, 69_999), (3_000, 0, 9)])
def test_sizes_that_the_end_of_a_body_does_not_tell_are_no_matter(sizes: tuple[int, ...]) -> None:
    parts = [b"0" * size for size in sizes]
    assert inflater()(b"".join(map(gzip.compress, parts))) == b"".join(parts)


def test_what_stands_behind_the_gzip_file_is_left_out() -> None:
    assert inflater()(gzip.compress(TEXT) + b"\0\0") == TEXT


@pytest.mark.parametrize("cut", [0, 1, 5, 12, 20, -9, -8, -4, -1])
def test_a_body_that_was_cut_off_is_an_error_wherever_it_was_cut(cut: int) -> None:
    with pytest.raises(NetworkError, match="cut off"):
        inflater()(gzip.compress(TEXT)[:cut])


@pytest.mark.parametrize("place", [0, 40, -6])
def test_a_damaged_body_is_an_error(place: int) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[place] ^= 0xFF
    with pytest.raises(NetworkError, match=r"unpacked|cut off"):
        inflater()(bytes(packed))


@pytest.mark.skipif(find_spec("isal") is None, reason="isal is not installed: every other test uses zlib")
def test_without_isal_the_same_holds() -> None:
    code = "import sys, pytest; sys.modules['isal'] = None; sys.exit(pytest.main(sys.argv[1:]))"
    names = ("test_a_damaged_body_is_an_error", "test_sizes_that_the_end_of_a_body_does_not_tell_are_no_matter")
    cases = [f"{__file__}::{name}" for name in names]
    done = subprocess.run([sys.executable, "-c", code, "-p", "no:cacheprovider", *cases], check=False)
    assert done.returncode == 0
