"""SQL for warehouses: external tables over the files of a Parquet destination, and views of the newest live rows.

Only text; runs nothing. The files are listed by name, because those of a full read under way lie beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.arrow.decode import DELETED_AT
from commercetools_source.destinations.manifest import file_path
from commercetools_source.destinations.parquet.published import COLUMNS
from commercetools_source.destinations.parquet.views import files, order
from commercetools_source.errors import DestinationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.destinations.manifest import Entry
    from commercetools_source.destinations.parquet.dialects import Dialect

__all__ = ["statements", "unreadable"]

_SUFFIX = "_files"
_RANK = "_newest"
_HEAD = """\
-- {label}: of each stream NAME all rows in its Parquet files as NAME{suffix}, the newest live ones as the view NAME.
-- The files are those of this moment: print and run this again after each run.
"""


def statements(dialect: Dialect, url: str, entries: Mapping[str, Entry]) -> str:
    """Return the script for the streams of a destination at `url`, all of which have columns.

    Raises DestinationError for a column of a type that the dialect's row lacks.
    """
    base = _warehouse_url(dialect, url)
    begin = f"{dialect.begin.format(url=_inside(dialect, base))};\n" if dialect.begin else ""
    streams = [
        f"{_table(dialect, base, name, entry)};\n{_view(dialect, base, name, entry)};\n"
        for name, entry in sorted(entries.items())
    ]
    return "\n".join(filter(None, (_HEAD.format(label=dialect.label, suffix=_SUFFIX), begin, *streams)))


def unreadable(dialect: Dialect, url: str) -> str:
    """Return what a person must do before the warehouse reads files at `url`, "" where it reads them there."""
    if _scheme(url) in dialect.schemes:
        return ""
    readable = " or ".join(f"{scheme}://" for scheme in dialect.schemes.values())
    return (
        f"{dialect.label} reads these files from {readable}, not from {url};"
        " copy them there, and replace this URL in the statements"
    )


def _scheme(url: str) -> str:
    return url.partition("://")[0] if "://" in url else ""


def _warehouse_url(dialect: Dialect, url: str) -> str:
    """Return `url` with the dialect's word for its scheme."""
    scheme = _scheme(url)
    return dialect.schemes.get(scheme, scheme) + url[len(scheme) :]


def _table(dialect: Dialect, url: str, stream: str, entry: Entry) -> str:
    """Return the declaration of the table of all rows that count."""
    # Athena writes tables with backticks and queries with double quotes:
    # https://docs.aws.amazon.com/athena/latest/ug/reserved-words.html
    quote = dialect.table_quote or dialect.quote
    names = _names(entry)
    columns = [
        dialect.column.format(name=_quoted(dialect, name, quote), type=_type(dialect, stream, name, sql))
        for name, sql in entry.columns.items()
        if dialect.types
    ]
    return dialect.table.format(
        table=_quoted(dialect, stream + _SUFFIX, quote),
        columns=", ".join(columns),
        uris=_uris(dialect, url, stream, entry),
        rows=files(f"{url}/{file_path(stream, name)}" for name in names),
        schema=_inside(dialect, f"{url}/{file_path(stream, COLUMNS)}"),
        folder=_inside(dialect, f"{url}/{stream}"),
        path=stream,
        # A class of one character in place of a backslash, which some dialects escape once more inside a literal.
        names="|".join(name.replace(".", "[.]") for name in names),
        globs=",".join(names),
    )


def _view(dialect: Dialect, url: str, stream: str, entry: Entry) -> str:
    """Return the view of the newest row of each key, without deleted ones."""
    names = {name: _quoted(dialect, name) for name in (*entry.columns, DELETED_AT, _RANK, *entry.key)}
    selected = ", ".join(f"{dialect.value(names[name], sql)} AS {names[name]}" for name, sql in entry.columns.items())
    key = ", ".join(names[name] for name in entry.key)
    newest = order(entry.columns, lambda name: _quoted(dialect, name))
    where = dialect.where.format(uris=_uris(dialect, url, stream, entry))
    # A subquery, because Athena has no QUALIFY.
    return (
        f"CREATE OR REPLACE VIEW {_quoted(dialect, stream)} AS\nSELECT {selected} FROM (\n"  # noqa: S608 - quoted
        f"  SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {newest}) AS {names[_RANK]}"
        f" FROM {_quoted(dialect, stream + _SUFFIX)}{where}\n"
        f") AS ranked WHERE {names[_RANK]} = 1 AND {names[DELETED_AT]} IS NULL"
    )


def _names(entry: Entry) -> list[str]:
    """Return the files of a stream, first the one without rows, so that there is a file and it has every column."""
    return [COLUMNS, *(file.name for file in entry.files)]


def _uris(dialect: Dialect, url: str, stream: str, entry: Entry) -> str:
    return ", ".join(f"'{_inside(dialect, f'{url}/{file_path(stream, name)}')}'" for name in _names(entry))


def _type(dialect: Dialect, stream: str, name: str, sql: str) -> str:
    if sql not in dialect.types:
        raise DestinationError(
            f"column {name} of {stream} is {sql}, for which this version knows no type of {dialect.label};"
            " use the dialect bigquery or duckdb (--sql), which take the types from the files"
        )
    return dialect.types[sql]


def _quoted(dialect: Dialect, name: str, quote: str = "") -> str:
    """Return a name between `quote`s, by default the dialect's."""
    quote = quote or dialect.quote
    if dialect.name_escapes:
        name = name.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    else:
        name = name.replace(quote, quote * 2)
    return f"{quote}{name}{quote}"


def _inside(dialect: Dialect, text: str) -> str:
    """Return a text as it stands between the quotes of a literal."""
    if dialect.escapes:
        return text.replace("\\", "\\\\").replace("'", "\\'")
    return text.replace("'", "''")
