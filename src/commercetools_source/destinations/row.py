"""What there is to know of a destination before it is made: a row, and how `--destination` names one. Pure text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category
from urllib.parse import parse_qsl

from commercetools_source.errors import ConfigError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from commercetools_source.extract.delivery import Destination

__all__ = ["Ability", "DestinationType", "Location", "Target", "choice", "described", "having", "legal_forms", "parse"]

# As in a URL (https://www.rfc-editor.org/rfc/rfc3986#section-3.1), but of two letters: one is a drive of Windows.
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+|):")
"""What a URL begins with; `:memory:`, which is no file's name to DuckDB either, has an empty one."""


class Ability(Enum):
    """What some destinations can do and others cannot."""

    COMPARE = "mark deleted rows, and be compared with the platform"
    REMOVE = "remove deleted rows"
    MERGE = "show each record once, in its newest version"
    QUERY = "be asked with SQL, and described by a page"
    PUBLISH = "put a copy for readers beside it"
    TABLES = "keep tables of relations"
    VIEWS = "keep views of relations"
    RUNS = "keep a record of each run"
    EXTERNAL = "be declared to a warehouse as external tables"
    ERASE = "forget a person"
    HISTORY = "keep earlier rows"
    COMMENTS = "say in comments what tables and columns are"


class Location(NamedTuple):
    """Where a destination is to be, a path or URL, the parameters that were named behind it, and what is asked of it.

    `materialize`: keep relations as tables (True), as views (False), or as they are (None).
    `comments`: write comments on tables and columns (True), none (False), or where the data are large (None).
    """

    text: str
    parameters: Mapping[str, str] = {}
    materialize: bool | None = None
    comments: bool | None = None

    def is_local(self) -> bool:
        """Return whether it is a path on this machine."""
        return _SCHEME.match(self.text) is None

    def path(self) -> Path:
        """Return the path, `~` being the home folder; raises ConfigError when there is no such home folder."""
        try:
            return Path(self.text).expanduser()
        except RuntimeError as error:
            raise ConfigError(
                f"{self.text!r} begins with the home folder of somebody unknown; write the whole path"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationType:
    """One row: everything that texts and checks need to know of a destination.

    `name` stands before the colon and `metavar` is what follows it. `default` is the location if nothing follows ("":
    something must); one with a suffix of `suffixes` needs no name. `label` is what a person calls it. One that is
    a URL begins with one of `schemes`, any other is a path on this machine; `parameters` may follow it after `?`,
    and `url_parameters` a URL only. What begins with one of `bare_schemes` needs no name before it and has none.
    `look` is a command that shows a person what is there, LOCATION being the location.
    `make` returns one that is not opened; what it needs is imported then, and brought by `extra` ("": nothing more).
    """

    name: str
    label: str
    metavar: str
    make: Callable[[Location], Destination]
    default: str = ""
    suffixes: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    bare_schemes: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    url_parameters: tuple[str, ...] = ()
    abilities: frozenset[Ability] = frozenset()
    extra: str = ""
    look: str = ""

    def forms(self) -> list[str]:
        """Return the forms in which it can be named."""
        bare = [self.name] if self.default else []
        by_scheme = [f"{scheme}:NAME" for scheme in self.bare_schemes]
        by_suffix = [f"{self.metavar}{suffix}" for suffix in self.suffixes]
        return [*bare, f"{self.name}:{self.metavar}", *by_suffix, *by_scheme]

    def example(self) -> str:
        """Return the form with the first suffix, or with the name before the colon."""
        return f"{self.metavar}{self.suffixes[0]}" if self.suffixes else f"{self.name}:{self.metavar}"


class Target(NamedTuple):
    """A destination that was named: its row, where it is, and what was said, as it may be shown."""

    row: DestinationType
    location: Location
    shown: str

    def look(self) -> str:
        """Return the command that shows a person what is there, "" if there is none."""
        if not self.location.is_local():
            return ""
        # In quotes a shell finds no home folder.
        place = str(self.location.path()) if self.location.text.startswith("~") else self.location.text
        return self.row.look.replace("LOCATION", quote(place))

    def make(self, *, materialize: bool | None = None, comments: bool | None = None) -> Destination:
        """Return the destination, not yet opened; raises ConfigError for relations or comments that it cannot keep."""
        if comments and Ability.COMMENTS not in self.row.abilities:
            raise ConfigError(f"destination {self.shown} keeps no comments; leave out --comments")
        needed = Ability.TABLES if materialize else Ability.VIEWS
        if materialize is not None and needed not in self.row.abilities:
            relations, option = ("tables", "") if materialize else ("views", "no-")
            raise ConfigError(
                f"destination {self.shown} keeps no {relations} of relations; leave out --{option}materialize"
            )
        return self.row.make(self.location._replace(materialize=materialize, comments=comments))


def parse(spec: str, rows: Sequence[DestinationType]) -> Target:
    """Return which of `rows` a spec names, and where; raises ConfigError, in which no secret of a URL is shown."""
    shown = _shown(spec)
    # Control characters and halves of surrogate pairs: a terminal would not show what is refused.
    if any(category(char) in {"Cc", "Cs"} for char in spec):
        raise ConfigError(f"destination {shown} has characters that no file name should have; choose another name")
    names = {row.name: row for row in rows}
    bare = {scheme: row for row in rows for scheme in row.bare_schemes}
    # `sqlite:shop.db` is no file to make, so a scheme that no row has is refused whatever its suffix.
    scheme = _SCHEME.match(spec)
    if spec in names and names[spec].default:
        return Target(names[spec], Location(names[spec].default), shown)
    if scheme is not None and scheme[1] in names:
        row, text = names[scheme[1]], spec[scheme.end() :]
        if not text.strip():
            raise ConfigError(f"destination {shown} has nothing after the colon; legal are {legal_forms(rows)}")
        location = _location(row, text)
        # A path of Python has no slash at its end: a file would get the name that was meant for a folder.
        if row.suffixes and location.is_local() and location.text.endswith(("/", "/.")):
            raise ConfigError(f"destination {shown} ends as a folder does; name a file in it, such as {row.default}")
        return Target(row, location, shown)
    if scheme is not None and scheme[1] in bare and spec[scheme.end() :].strip():
        return Target(bare[scheme[1]], Location(spec), shown)
    if scheme is None:
        for row in rows:
            # Only without a scheme: `other:shop.duckdb` is another program's name for something.
            if row.suffixes and spec.lower().endswith(row.suffixes):
                return Target(row, Location(spec), shown)
    raise ConfigError(f"destination {shown} is not known; legal are {legal_forms(rows)}{_advice(spec, rows)}")


def _location(row: DestinationType, text: str) -> Location:
    """Return what follows the name of a row; raises ConfigError for a URL or parameter that it does not take."""
    scheme = _SCHEME.match(text)
    if text.startswith("//") or (scheme is not None and scheme[1] not in row.schemes):
        begin = "//" if scheme is None else scheme[0]
        raise ConfigError(
            f"destination '{row.name}:{begin}…' is no {row.label}; legal are {legal_forms([row])},"
            " with ./ before a name that has a colon"
        )
    legal = row.parameters if scheme is None else (*row.parameters, *row.url_parameters)
    if not legal:  # a file may have a question mark in its name
        return Location(text)
    address, _, query = text.partition("?")
    parameters = dict(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True))  # a plus sign of a path is one
    if unknown := sorted(parameters.keys() - set(legal)):
        # A password may have a question mark: then what follows is its end, and no name.
        named = ", ".join(map(repr, map(printable, unknown)))
        names = "such parameter" if re.search(r"[@=]|//[^/]*:", address) or "@" in query else f"parameter {named}"
        raise ConfigError(f"a {row.label} has no {names}; it has {', '.join(legal)}")
    return Location(address, parameters)


def legal_forms(rows: Iterable[DestinationType]) -> str:
    """Return all forms of all rows in one phrase."""
    return _listed([form for row in rows for form in row.forms()])


def having(rows: Iterable[DestinationType], ability: Ability) -> list[DestinationType]:
    """Return the rows of destinations that can do something."""
    return [row for row in rows if ability in row.abilities]


def choice(rows: Iterable[DestinationType]) -> str:
    """Return what to call one of these: "a DuckDB file or a Parquet folder"."""
    return _listed([f"a {row.label}" for row in rows])


def described(rows: Iterable[DestinationType]) -> str:
    """Return how each destination is named: "DuckDB file (FILE.duckdb), Parquet folder (parquet:FOLDER)"."""
    return _listed([f"{row.label} ({row.example()})" for row in rows])


def _listed(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _shown(spec: str) -> str:
    """Return a spec for a message. Of a URL and of whatever may have a password only the beginning is shown."""
    scheme = _SCHEME.match(spec)
    # A password may stand before the @ or in a parameter.
    if scheme is not None and re.search(r"@|://|[?=]", spec):
        return repr(f"{scheme[0]}…")
    return repr(printable(re.sub(r":.*@", ":…@", spec)))


def _advice(spec: str, rows: Sequence[DestinationType]) -> str:
    """Return what was probably meant: a URL without a name, by its name, or by the suffix behind an unknown name."""
    # What follows is not shown: the suffix tells enough, and the rest may have a password.
    name, _, address = spec.partition(":")
    if with_url := [f"{row.name}:{name}:…" for row in rows if name in row.schemes]:
        return f"; a URL needs the name of what is kept there: {_listed(with_url)}"
    near = get_close_matches(name.lower(), [row.name for row in rows], n=1)
    by_suffix = [row.name for row in rows if row.suffixes and address.endswith(row.suffixes)]
    return "".join(f"; did you mean {row.forms()[0]}?" for row in rows if row.name in (near or by_suffix)[:1])
