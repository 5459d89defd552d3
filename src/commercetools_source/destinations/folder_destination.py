"""What every destination in a folder does alike: records of runs, whom to forget, and what deliveries changed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from commercetools_source.destinations.folder import Folder
from commercetools_source.errors import KEPT, in_a_sentence
from commercetools_source.extract.abilities import Changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from commercetools_source.destinations.store import Store
    from commercetools_source.events import Notice
    from commercetools_source.extract.run_record import RunRecord

__all__ = ["FolderDestination"]


class FolderDestination:
    """A destination of files with `suffix` in a store, or in a folder whose parent folder must exist."""

    def __init__(self, path: Path | Store, suffix: str) -> None:
        self._folder = Folder(path, suffix)
        self.name = self._folder.files.name
        self._changes: dict[str, Changes | None] = {}

    def close(self) -> None:
        """Release the folder."""
        self._folder.close()

    @contextmanager
    def _failing(self, action: str) -> Iterator[None]:
        """Raise DestinationError for what a disk or bucket refuses inside."""
        with in_a_sentence(lambda error: f"cannot {action} {self.name}: {error}; {KEPT}"):
            yield

    def scrub(self) -> None:
        """Let no file hold what was stored before, and close it; raises DestinationError."""
        self._folder.scrub()
        self.close()

    def changes(self) -> Mapping[str, Changes]:
        """Return by stream what deliveries changed, as far as it is known."""
        return {stream: changes for stream, changes in self._changes.items() if changes is not None}

    def _count(self, stream: str, changes: Changes | None) -> None:
        before = self._changes.get(stream, Changes())
        # A sum with a part that is not known would be too small, and look like all.
        self._changes[stream] = None if before is None or changes is None else before + changes

    def notices(self) -> Sequence[Notice]:
        """Return which files were missing when the folder was opened."""
        return self._folder.notices()

    def lost(self) -> Mapping[str, str]:
        """Return by stream which of its files was missing when the folder was opened."""
        return self._folder.lost()

    def write_run(self, record: RunRecord) -> None:
        """Store the record of a run beside the manifest; raises DestinationError."""
        self._folder.write_run(record)

    def runs(self, limit: int) -> Sequence[RunRecord]:
        """Return the newest records of runs, the newest first; raises DestinationError."""
        return self._folder.runs(limit)

    def forgotten(self) -> bytes | None:
        """Return what `store_forgotten` stored last; raises DestinationError."""
        return self._folder.forgotten()

    def store_forgotten(self, text: bytes) -> None:
        """Store whom to forget beside the manifest; raises DestinationError."""
        self._folder.store_forgotten(text)
