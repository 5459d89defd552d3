"""What was deleted of one stream since it was read last, for front-ends that ask for records and are not called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.sync.deletions import Kept, lookup

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.errors import CommercetoolsError
    from commercetools_source.extract.abilities import Tombstone
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.paging import Get
    from commercetools_source.extract.selection import Selection

__all__ = ["deleted_since"]


def deleted_since(
    get: Get,
    stream: Stream,
    state: StreamState,
    selection: Selection,
    config: Config,
    warn: Callable[[str, CommercetoolsError], None],
    *,
    probe: bool = False,
) -> Generator[list[Tombstone], None, StreamState]:
    """Yield deletions by the page, and return the state to read on from.

    They must be handed on before the records are read: what was deleted by then cannot be read again, so that no row
    comes back behind its deletion. `warn` is told why Messages were not read to their end, and may raise; the state
    then says from when on a later run looks. `probe` as in `lookup`.
    """
    pages = Kept(lookup(get, [stream], {stream.name: state}, selection, config.page_size, probe=probe))
    for _, tombstones in pages:
        yield tombstones
    ended = pages.result
    if ended.error is not None and (reason := ended.unseen(config.project_key)) is not None:
        warn(reason, ended.error)
    return ended.states[stream.name]
