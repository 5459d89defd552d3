"""What the texts of the command line mean: settings, streams, times, predicates, destinations."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from commercetools_source.config import Config
from commercetools_source.destinations.row import Location
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Destination

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])", re.ASCII)
_BETWEEN_PAIRS = re.compile(r",|\s+(?=\w+\s*=)")
# Enough for a sign behind a declaration or a comment; a foreign file may have gigabytes.
_BEGINNING = 1000
# A longer one is a typing mistake, and int() refuses thousands of digits
# (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
_LONGEST_NUMBER = 9
CONTACT_SECONDS = 5.0
"""How long a host that never answered is tried where somebody waits for the result: the name may be wrong."""

__all__ = [
    "CONTACT_SECONDS",
    "ages_of",
    "duration_of",
    "file_of",
    "files_of",
    "names_of",
    "predicates_of",
    "refuse_foreign",
    "refuse_place",
    "settings_of",
    "size_of",
    "states_of",
]


def settings_of(file: Path | None, **overrides: object) -> Config:
    """Return the settings of file, environment and options; without --config a `.env` that is ours counts."""
    if file is None:
        return Config.discover(".env", os.environ, overrides)
    return Config.load(file, os.environ, overrides)


def file_of(given: Path | None, option: str) -> Path | None:
    """Return the file that an option names, to be written; raises ConfigError for a URL, so that none is called so."""
    # `s3://bucket/x` would be a legal name of a local file, and nobody who types it means that.
    if given is not None and not Location(str(given)).is_local():
        scheme = str(given).partition(":")[0]
        raise ConfigError(f"{option} begins like a URL ({scheme}:); name a file on this machine")
    return given


def files_of(given: Mapping[str, Path | None], destination: Location) -> list[Path | None]:
    """Return the files that options name, as `file_of` does; raises ConfigError where one is named twice.

    `destination`: where the records go, which is none of them. What is written last would take the place of the other.
    """
    taken = {os.path.realpath(destination.path()): "the destination"} if destination.is_local() else {}
    for option, path in given.items():
        file = file_of(path, option)
        if file is not None and (other := taken.setdefault(os.path.realpath(file), option)) != option:
            raise ConfigError(f"{option} is {file}, and so is {other}; name another file")
    return list(given.values())


def refuse_place(path: Path, option: str, sign: bytes) -> None:
    """Raise ConfigError where `option` can write no file: in a folder that does not exist, or over a foreign file."""
    # Elsewhere a dash is standard output, and a file of that name is nothing that anybody asks for.
    if str(path) == "-":
        raise ConfigError(f"{option} is -, and this is not written to standard output; name a file")
    # Of os.path, because those of a Path raise what the system refuses: too long a name, a folder that is closed.
    if os.path.isdir(path):  # noqa: PTH112
        raise ConfigError(f"{option} is {path}, which is a folder; name a file in it")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise ConfigError(f"{option} is {path}, whose folder does not exist; create it first")
    refuse_foreign(path, option, sign)


def refuse_foreign(path: Path, option: str, sign: bytes) -> None:
    """Raise ConfigError when a file is in the way that `option` did not write: such a one has `sign` in its beginning.

    An empty file may be replaced; a device (`/dev/null`) and a folder may not.
    """
    try:
        # lexists, because a link that leads nowhere is in the way too: writing would follow it.
        replaceable = not os.path.lexists(path)
        if path.is_file():
            with path.open("rb") as file:
                beginning = file.read(_BEGINNING)
            replaceable = not beginning or sign in beginning
    except OSError as error:
        raise ConfigError(f"{option} is {path}, which cannot be read: {error.strerror}") from None
    if not replaceable:
        raise ConfigError(
            f"{option} is {path}, which commercetools-source did not write; name another file, or move it away"
        )


def names_of(given: Sequence[str] | None, option: str = "--streams") -> list[str] | None:
    """Return the stream names of --streams, or of another `option`, each once; None where nothing is said."""
    from commercetools_source.catalog.streams import find

    # A dict keeps the order of the person, in which reports list the streams too.
    names = dict.fromkeys(name.strip() for word in given or () for name in word.split(",") if name.strip())
    if given and not names:
        raise ConfigError(f"{option} names no stream; see `commercetools-source streams`")
    return [find(name).name for name in names] or None


def states_of(destination: Destination) -> dict[str, StreamState]:
    """Return how far each stream is read in a destination, which stays as it is.

    Raises DestinationError and StateError.
    """
    from commercetools_source.extract.abilities import open_to_read

    try:
        return dict(open_to_read(destination))
    finally:
        # While somebody reads a destination nobody may be able to write to it, and this command may be about to.
        destination.close()


def duration_of(given: str | None, option: str) -> float | None:
    """Return the seconds that a text such as 30s, 10m, 1h or 2d names; raises ConfigError when it names none."""
    if given is None:
        return None
    match = _DURATION.fullmatch(given.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if seconds <= 0:
        raise ConfigError(f"{option} is {given!r}; it must be a time such as 30s, 10m, 1h or 2d")
    return seconds


def predicates_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return the predicates of --where by stream; raises ConfigError for what is not STREAM=PREDICATE."""
    return _by_stream(
        given, "--where", "STREAM=PREDICATE, such as 'orders=orderState=\"Open\"'", "join its predicates with `and`"
    )


def ages_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return the ages of --retain by stream; raises ConfigError for what is not STREAM=AGE."""
    texts = [text for several in given or () for text in _BETWEEN_PAIRS.split(several.strip())]
    return _by_stream(texts, "--retain", "STREAM=AGE, such as messages=400d or orders=7y", "name one age")


def _by_stream(given: Sequence[str] | None, option: str, form: str, advice: str) -> dict[str, str]:
    from commercetools_source.catalog.streams import find

    values: dict[str, str] = {}
    for text in given or ():
        # At the first sign: a predicate has others.
        name, sign, value = text.partition("=")
        if not sign or not value.strip():
            raise ConfigError(f"{option} is {text!r}; it must be {form}")
        stream = find(name.strip()).name
        if stream in values:
            raise ConfigError(f"{option} names {stream} twice; {advice}")
        values[stream] = value.strip()
    return values


def size_of(text: str) -> str | int:
    """Return the size of a generated shop: its name, or a number of orders."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else text
