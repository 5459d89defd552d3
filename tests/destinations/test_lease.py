"""Whom a run waits for, before a store whose only lock is its manifest."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.destinations.store.lease import LEASE, Writer, is_running, is_writing, obstacle, this_process

WRITER = Writer("5f3a9c01", "here", 17)


@pytest.mark.parametrize(
    ("seconds", "host", "is_alive", "waits"),
    [
        (0, "here", True, "in 10 minutes"),
        (LEASE - 30, "here", True, "in 1 minute)"),
        (LEASE, "here", True, ""),
        (0, "here", False, ""),
        (0, "there", True, "in 10 minutes"),
        (0, "there", False, "in 10 minutes"),
        (LEASE - 119, "there", False, "in 2 minutes"),
        (LEASE, "there", False, ""),
        (-3600, "there", False, "in 10 minutes"),
    ],
)
def test_a_run_waits_for_one_that_may_still_write(seconds: float, host: str, is_alive: bool, waits: str) -> None:  # noqa: FBT001 - a table
    sentence = obstacle(WRITER, seconds, host, is_alive=is_alive)
    assert bool(sentence) == bool(waits)
    assert waits in sentence


@given(st.floats(-1e9, 1e9), st.booleans(), st.booleans())
def test_nobody_waits_longer_than_the_lease(seconds: float, same: bool, is_alive: bool) -> None:  # noqa: FBT001 - drawn
    sentence = obstacle(WRITER, seconds, "here" if same else "there", is_alive=is_alive)
    assert seconds < LEASE or not sentence
    assert not sentence or sentence.startswith("in use by process 17 on here; ")


def test_a_process_does_not_wait_for_a_run_of_its_own_that_is_over() -> None:
    run = this_process("5f3a9c01")
    assert is_writing(run, {"5f3a9c01"})
    assert not is_writing(run, {"0a1b2c3d"})
    assert is_writing(Writer("5f3a9c01", "here", os.getppid()), set())


def test_a_process_runs_until_it_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert is_running(process.pid)
    assert is_running(os.getpid())
    if sys.platform != "win32":
        assert not is_running(process.pid)
        assert not is_running(2147483647)
    assert is_running(10**30)
