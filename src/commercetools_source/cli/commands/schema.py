"""The command `schema`: what tables a shop becomes, as text, as JSON and as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import say, show
from commercetools_source.cli.values import file_of, refuse_foreign
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.parquet.dialects import DIALECTS
from commercetools_source.destinations.row import Ability, choice, described, having
from commercetools_source.errors import ConfigError, DestinationError

app = typer.Typer()

_PICTURES = {".mmd": b"erDiagram", ".svg": b'class="ct-model"'}
"""Endings of the pictures, and what is in the beginning of each."""


@app.command()
def schema(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME", help="Only the tables of this stream, this table, or all with this in their name."
        ),
    ] = None,
    find: Annotated[
        str | None,
        typer.Option(
            "--find", metavar="TEXT", help="Only the columns with this in their name or description, in any case."
        ),
    ] = None,
    as_json: options.Json = False,
    erd: Annotated[
        Path | None,
        typer.Option("--erd", metavar="FILE", help="Write a diagram: FILE.svg, or FILE.mmd for Mermaid."),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            metavar="DIALECT",
            help=f"Print external tables over {choice(having(DESTINATIONS, Ability.EXTERNAL))}, and views of its newest"
            f" live rows, for one of: {', '.join(DIALECTS)}.",
        ),
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option(
            "--destination",
            "-d",
            metavar="WHERE",
            help=f"For --sql: what `sync` wrote, {described(having(DESTINATIONS, Ability.EXTERNAL))}.",
        ),
    ] = None,
) -> None:
    """Show the tables of the model. Their columns, types, keys and references; needs no account."""
    if sql is not None:
        if names or find is not None or as_json or erd is not None:
            raise ConfigError("--sql prints all streams of a destination; leave out names, --find, --json and --erd")
        _print_sql(sql, destination or having(DESTINATIONS, Ability.EXTERNAL)[0].name)
        return
    if destination is not None:
        raise ConfigError("--destination is for --sql; add --sql, or leave it out")
    from commercetools_source.model.lookup import tables_named
    from commercetools_source.report.schema import ColumnsReport, SchemaReport

    # Two names may match one table: it is shown once, where it was named first.
    tables = tuple(dict.fromkeys(table for name in names or () for table in tables_named(name)))
    if erd is not None:
        file_of(erd, "--erd")
        _write(erd, tables)
        say(f"written to {erd}")
    if find is not None:
        show(ColumnsReport(find, tables), as_json=as_json)
    elif as_json or erd is None:
        show(SchemaReport(tables), as_json=as_json)


def _print_sql(name: str, destination: str) -> None:
    from commercetools_source.destinations import open_stored
    from commercetools_source.extract.abilities import Declarable

    if name not in DIALECTS:
        raise ConfigError(f"--sql is {name!r}; it must be one of {', '.join(DIALECTS)}")
    stored = open_stored(destination)
    if not isinstance(stored, Declarable):
        declared = having(DESTINATIONS, Ability.EXTERNAL)
        raise ConfigError(f"--sql is for {choice(declared)} ({declared[0].example()}); {stored.name} has no such files")
    text, advice = stored.external_tables(name)
    typer.echo(text)
    if advice:
        say(advice)


def _write(path: Path, tables: tuple[str, ...]) -> None:
    from commercetools_source.destinations.store.atomic import replace_file
    from commercetools_source.report.diagram import draw, mermaid
    from commercetools_source.report.svg import svg

    if path.suffix not in _PICTURES:
        raise ConfigError(f"--erd {path} has no ending that says what to draw; legal are {', '.join(_PICTURES)}")
    # A mistake in --erd must overwrite nobody's file, and a picture of before may be replaced.
    refuse_foreign(path, "--erd", _PICTURES[path.suffix])
    diagram = draw(tables)
    text = (mermaid(diagram) if path.suffix == ".mmd" else svg(diagram)).encode()
    try:
        # By rename, so that a page with this picture never loads half of it.
        replace_file(path, lambda out: out.write(text))
    except FileNotFoundError as error:
        reason = f"the folder {path.parent} does not exist; create it first"
        raise DestinationError(f"cannot write {path}: {reason}") from error
    except OSError as error:
        raise DestinationError(f"cannot write {path}: {error.strerror or error}") from error
