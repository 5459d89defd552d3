"""The manifest of a folder of data files: which files count, and which ones a run may have left behind.

Whatever it does not name belongs to somebody else. So it names a file before the file is begun, and one that
no longer counts until that is removed. Knows nothing of what is in the files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any  # msgspec reads the annotations

import msgspec

from commercetools_source.config.given import decode_json
from commercetools_source.destinations.store.lease import Writer  # noqa: TC001 - msgspec reads the annotations
from commercetools_source.errors import ConfigError, DestinationError, StateError, in_a_sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commercetools_source.destinations.store import Store

__all__ = [
    "FORMAT",
    "LOADING",
    "MANIFEST",
    "PART",
    "TABLE",
    "Entry",
    "File",
    "Manifest",
    "file_path",
    "load_manifest",
    "save_manifest",
]

FORMAT = 1
"""Version of the manifest; another one is refused, not guessed."""
MANIFEST = "manifest.json"
LOADING = "_loading"
PART = re.compile(r"part-\d{6,}-[0-9a-f]{8}\.([a-z]+)", re.ASCII)
TABLE = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
"""What a table may be called: it is a path in the folder, and must not lead out of it."""


def file_path(table: str, name: str, loading: str = "") -> str:
    """Return the path of a file of a table, or of one in its folder `loading`."""
    # Slashes on every system: the same manifest is read from a bucket and from Windows.
    return "/".join(filter(None, (table, loading, name)))


class File(msgspec.Struct, frozen=True):
    """One data file of a table: its name in the table's folder, and what is in it."""

    name: str
    records: int
    bytes: int


class Entry(msgspec.Struct):
    """One table: `files` are its data in the order of arrival, `loading` those of a full read under way.

    `key` identifies a record; of two with the same key the higher version counts, then the later one.
    `columns` and `loading_columns` are the columns of those files and their types, where files have such.
    `parent` is the stream that the table was made from, "" for a stream itself. `state` is whatever is stored as such:
    that of one stream may be broken, and the others are read all the same. `since`: the API timestamp from which on
    the files have each version that a run stored, "" where that is not known. `history`: what part of the stream they
    are of, where a full read keeps the earlier ones; "" where its rows take the place of all. `nested`: the paths of
    unknown fields inside objects and lists for which the tables made from it have columns.
    """

    key: tuple[str, ...]
    files: list[File] = []
    loading: list[File] = []
    next: int = 1
    state: Any = None
    columns: dict[str, str] = {}
    loading_columns: dict[str, str] = {}
    parent: str = ""
    since: str = ""
    history: str = ""
    nested: list[str] = []

    def paths(self, table: str, loading: str = LOADING) -> Iterator[str]:
        """Yield the path of each file, from the folder on; `loading` as in Store."""
        yield from (file_path(table, file.name) for file in self.files)
        yield from (file_path(table, file.name, loading) for file in self.loading)


class Manifest(msgspec.Struct, frozen=True):
    """What `manifest.json` holds.

    `suffix` of the data files is their format. The last run that wrote is `run`: for each table it may have left two
    files that are not listed, which have the table's `next` numbers and this run in their names; `begun` are the tables
    without an entry where it may have. `removed` are paths of files that no longer count and may still be there.
    `writer` is the run that opened a shared store last, so that those before it can replace nothing any more.
    """

    format: int
    suffix: str = ""
    run: str = ""
    begun: list[str] = []
    removed: list[str] = []
    streams: dict[str, Entry] = {}
    writer: Writer | msgspec.UnsetType = msgspec.UNSET

    def tables(self, parent: str = "") -> list[str]:
        """Return the tables made from a stream; of "", the streams."""
        return [name for name, entry in self.streams.items() if entry.parent == parent]


class _Version(msgspec.Struct):
    format: int


_decode_version = msgspec.json.Decoder(_Version).decode
_decode = msgspec.json.Decoder(Manifest).decode


def load_manifest(store: Store, suffix: str) -> Manifest:
    """Return the manifest of a store of files with this suffix, a new one when there is nothing.

    Raises DestinationError for a store of another format, and for data files without a manifest.
    """
    path = f"{store.name}/{MANIFEST}"

    def sentence(error: OSError) -> str:
        # A bucket gives its own reason, in a sentence with what to do.
        return f"cannot read {path}: " + (f"{error.strerror}; it must be a file" if error.strerror else str(error))

    with in_a_sentence(sentence):
        text = store.get(MANIFEST)
    if text is not None:
        manifest = _manifest(text, path, store.loading)
        # Two formats in one folder would be read as one table by whoever globs it.
        if manifest.suffix not in {"", suffix}:
            raise DestinationError(
                f"{store.name} holds {manifest.suffix} files, so no {suffix} files are written there;"
                f" choose another folder, or name the destination {manifest.suffix}:{store.name}"
            )
        return msgspec.structs.replace(manifest, suffix=suffix)
    # Without a manifest these files would count for nobody, and a person would take them for the data.
    if (stray := next(store.strays(), None)) is not None:
        raise DestinationError(
            f"{store.name} has data files ({stray}) but no {MANIFEST};"
            f" put the {MANIFEST} back, or choose an empty folder"
        )
    return Manifest(FORMAT, suffix)


def _manifest(text: bytes, path: str, loading: str) -> Manifest:
    """Return what the text of a manifest says, checked; `path` is where it was, for messages."""
    try:
        version = _decode_version(text).format  # another one may have other fields
        if version != FORMAT:
            raise StateError(
                f"{path} has format {version}, this version reads {FORMAT};"
                " upgrade commercetools-source, or choose an empty folder"
            )
        manifest = _decode(text)
        # Of two entries of one table the last one would count, and the next run would store nothing of the other.
        decode_json(text)
    except ConfigError as error:
        raise StateError(f"{path} {error}; put it back from a backup, or choose an empty folder") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise StateError(
            f"{path} is {'broken, or not of commercetools-source' if text.strip() else 'empty'} ({error});"
            " put it back from a backup, or choose an empty folder"
        ) from error
    if (name := next(_illegal(manifest), None)) is not None:
        raise StateError(
            f"{path} names {name!r}, which is no file or table of this folder;"
            " put the manifest back from a backup, or choose an empty folder"
        )
    # An edited manifest may list a file as both; what counts is never removed.
    listed = {name for table, entry in manifest.streams.items() for name in entry.paths(table, loading)}
    removed = [name for name in manifest.removed if name not in listed]
    return msgspec.structs.replace(manifest, suffix=_suffix(path, manifest), removed=removed)


def _illegal(manifest: Manifest) -> Iterator[str]:
    """Yield what the manifest names and no run writes, such as a path that leads out of the folder."""
    yield from (table for table in (*manifest.streams, *manifest.begun) if not TABLE.fullmatch(table))
    for entry in manifest.streams.values():
        yield from (file.name for file in (*entry.files, *entry.loading) if not PART.fullmatch(file.name))
    for path in manifest.removed:
        table, _, name = path.rpartition("/")
        if not TABLE.fullmatch(table) or not PART.fullmatch(name):
            yield path
    if not re.fullmatch(r"([0-9a-f]{8})?", manifest.run, re.ASCII):
        yield manifest.run
    if not re.fullmatch(r"[a-z]*", manifest.suffix, re.ASCII):
        yield manifest.suffix


def _suffix(path: str, manifest: Manifest) -> str:
    """Return the format of the data files, of a manifest that does not say it too: "" when there are none."""
    entries = manifest.streams.values()
    named = {file.name.rpartition(".")[2] for entry in entries for file in (*entry.files, *entry.loading)}
    suffixes = named | ({manifest.suffix} - {""})
    if len(suffixes) > 1:
        raise StateError(
            f"{path} lists files of several formats ({', '.join(sorted(suffixes))}); choose an empty folder"
        )
    # A stream without records has no file, and with columns it is one of Parquet all the same.
    typed = any(entry.columns or entry.loading_columns for entry in entries)
    return next(iter(suffixes), "parquet" if typed else "")


def save_manifest(store: Store, manifest: Manifest) -> None:
    """Replace the manifest of `store`, as a whole or not at all."""
    store.replace(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
