"""Why a stream failed: what the system refuses is no bug to report, and no text of an error is shown."""

from __future__ import annotations

import errno
import os

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.extract.advice import reason_of

ORDERS = STREAMS["orders"]


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EMFILE, "raise its limit of open files (ulimit -n 1024)"),
        (errno.ENFILE, "raise its limit of open files"),
        (errno.ENOSPC, "make room on the disk"),
        (errno.EACCES, "give this user the permission"),
        (errno.EIO, "look after that"),
    ],
)
def test_what_the_system_refuses_is_told_in_its_words_with_what_helps(number: int, advice: str) -> None:
    told = reason_of(OSError(number, "s3cr3t", "/s3cr3t"), ORDERS, "read")
    assert os.strerror(number) in told
    assert advice in told
    assert "unexpected" not in told
    assert "report" not in told
    assert "s3cr3t" not in told


def test_an_error_without_a_number_is_one_to_report() -> None:
    told = reason_of(OSError("s3cr3t"), ORDERS, "write")
    assert "it could not be written: unexpected OSError" in told
    assert "s3cr3t" not in told
