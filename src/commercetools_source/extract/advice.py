"""Why a stream failed, as one sentence that says what to do and holds neither a secret nor a record."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.services import API, service_of
from commercetools_source.errors import ApiError, CommercetoolsError, ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream

__all__ = ["MISSING_PERMISSION", "lost_store", "reason_of"]

MISSING_PERMISSION = "AssociateMissingPermission"
"""The associate in the path may not do this (https://docs.commercetools.com/api/errors)."""

_PACKAGE = "commercetools_source"
_OPEN_FILES = "raise its limit of open files (ulimit -n 1024), or set a smaller concurrency"
_ADVICE = {
    errno.EMFILE: _OPEN_FILES,
    errno.ENFILE: _OPEN_FILES,
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room on the disk",
    errno.EACCES: "give this user the permission",
    errno.ENOMEM: "set a smaller page_size or concurrency",
}


def reason_of(error: BaseException, stream: Stream, action: Literal["read", "write"]) -> str:
    """Return why `stream` could not be read or written.

    The text of an error that nobody raised on purpose may hold anything, so only its type and place are named.
    """
    # First: to look further into an error needs memory.
    if isinstance(error, MemoryError):
        return (
            f"not enough memory to {action} it; set a smaller page_size or concurrency; the next run goes on from here"
        )
    if isinstance(error, OSError) and not isinstance(error, CommercetoolsError) and error.errno is not None:
        # The system's own words for the number: the error's text may name a file, or anything.
        advice = _ADVICE.get(error.errno, "look after that")
        return (
            f"it could not be {'read' if action == 'read' else 'written'}, because the system says"
            f" {os.strerror(error.errno)!r}; {advice}; the next run goes on from here"
        )
    if not isinstance(error, CommercetoolsError):
        return (
            f"it could not be {'read' if action == 'read' else 'written'}: unexpected {_place(error)};"
            " the next run goes on from here. Please report it, with what the API or a proxy answered"
        )
    # Before the scopes: it is a 403 as well, and no scope helps against a missing role.
    if isinstance(error, ApiError) and MISSING_PERMISSION in error.codes:
        return (
            f"{error}. Give the associate in this path a role that may see it, in this business unit,"
            " or leave the stream out"
        )
    if isinstance(error, ForbiddenError):
        # A scope names its project, and the path begins with it (https://docs.commercetools.com/api/scopes).
        project, store = error.problem.path.split("/")[1], _store_of(error)
        if service_of(stream.path)[0] != API:
            # Of another service the path has nothing but the project, behind what a proxy puts in front of it.
            project, store = error.problem.path.rpartition("/")[2], ""
        return f"the API client may not read it; {scope_advice([stream], project, store)}, or leave the stream out"
    return lost_store(error) or str(error)


def lost_store(error: CommercetoolsError) -> str:
    """Return what to do where the store that is read is none of the project, "" for any other error."""
    if not isinstance(error, NotFoundError) or error.problem.foreign or not (store := _store_of(error)):
        return ""
    return (
        f"the project has no store with the key {store}; set store_key to that of a store, or leave it out to read the"
        " whole project; rows of a store that was deleted stay as they were"
    )


def _store_of(error: ApiError) -> str:
    """Return the key of the store in the path of a request, "" without one."""
    _, _, *below = error.problem.path.split("/")
    return below[1].removeprefix("key=") if below[:1] == ["in-store"] and len(below) > 1 else ""


def _place(error: BaseException) -> str:
    """Return the type of `error` and the last line of this package that it passed."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in PurePath(frame.filename).parts
    ]
    name = type(error).__name__
    return f"{name} in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else name
