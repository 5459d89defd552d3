"""A deletion between two runs, as every front-end meets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


def delete_one(sandbox: Sandbox, stream: str) -> dict[str, Any]:
    """Delete a record of `stream` an hour after the last run and an hour before the next; return it as it was."""
    sandbox.clock.advance(3600)
    gone = sandbox.records(stream)[0]
    sandbox.delete(stream, gone["id"])
    sandbox.clock.advance(3600)
    return gone
