"""Who writes a store that has no lock but its manifest: what the next run is told at once.

Only a courtesy: what keeps a run from storing anything on top of another one's is the condition of the put.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["LEASE", "Writer", "is_running", "is_writing", "obstacle", "this_process"]

LEASE = 600.0
"""Seconds after which a run that has stored nothing is taken for killed. Others may go on then, and it is told."""


class Writer(msgspec.Struct, frozen=True):
    """The run that opened a store last: its machine and process, gone when it has ended well."""

    run: str
    host: str
    process: int


def this_process(run: str) -> Writer:
    """Return the writer that this process is."""
    return Writer(run, socket.gethostname(), os.getpid())


def obstacle(writer: Writer, seconds: float, host: str, *, is_alive: bool) -> str:
    """Return why a run on `host` must wait, "" when `writer` was killed or has stored nothing for long.

    `seconds` is how long ago the writer replaced the manifest; `is_alive` tells whether a process of its number runs on
    `host`.
    """
    # By how long ago it stored something and not by when it began: a long run is no dead one.
    if seconds >= LEASE or (writer.host == host and not is_alive):
        return ""
    minutes = max(1, round((LEASE - max(seconds, 0)) / 60))
    return (
        f"in use by process {writer.process} on {writer.host}; wait until it has ended and run again"
        f" (if it was killed, in {minutes} minute{'s' * (minutes != 1)})"
    )


def is_writing(writer: Writer, runs: Container[str]) -> bool:
    """Return whether a process of this number runs on this machine, and of this process whether the run is in `runs`.

    A run of this process that is over may still be named, where the store refused to be told of its end. And in a
    container each process has the same number as the one that was killed before it.
    """
    return writer.run in runs if writer.process == os.getpid() else is_running(writer.process)


def is_running(process: int) -> bool:
    """Return whether a process of this number runs on this machine; True where that cannot be asked."""
    if sys.platform == "win32":  # there os.kill ends it: https://docs.python.org/3/library/os.html#os.kill
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):  # it is somebody else's
        return True
    return True
