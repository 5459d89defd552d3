"""The command `schema`: what tables a shop becomes, as text, as JSON and as a picture."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from commercetools_source.cli import completion, options
from commercetools_source.cli.output import say, show
from commercetools_source.cli.values import file_of, refuse_foreign, states_of
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.parquet.dialects import DIALECTS
from commercetools_source.destinations.row import Ability, choice, described, having, parse
from commercetools_source.errors import ConfigError, in_a_sentence, reason_in

app = typer.Typer()

_PICTURES = {".mmd": b"%% tables of commercetools-source", ".svg": b'class="ct-model"'}
"""Endings of the pictures, and what is in the beginning of each."""


@app.command()
def schema(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="Only the tables of this stream, this table, or all with this in their name.",
            autocompletion=completion.tables,
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
    dbt: Annotated[
        Path | None,
        typer.Option(
            "--dbt", metavar="FOLDER", help="Write a dbt project: the tables as tested sources, and marts over them."
        ),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            metavar="DIALECT",
            autocompletion=completion.among(*DIALECTS),
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
            help=f"What `sync` wrote; for --sql {described(having(DESTINATIONS, Ability.EXTERNAL))}, for --dbt"
            f" {described(having(DESTINATIONS, Ability.PUBLISH))}, whose streams are the project's.",
            autocompletion=completion.destinations,
        ),
    ] = None,
) -> None:
    """Show the tables of the model. Their columns, types, keys and references; needs no account."""
    if sql is not None:
        if names or find is not None or as_json or erd is not None or dbt is not None:
            raise ConfigError(
                "--sql prints all streams of a destination; leave out names, --find, --json, --erd and --dbt"
            )
        _print_sql(sql, destination or having(DESTINATIONS, Ability.EXTERNAL)[0].name)
        return
    if destination is not None and dbt is None:
        raise ConfigError("--destination is for --sql and --dbt; add one of them, or leave it out")
    from commercetools_source.model.lookup import tables_named
    from commercetools_source.report.schema import ColumnsReport, SchemaReport

    # Two names may match one table: it is shown once, where it was named first.
    tables = tuple(dict.fromkeys(table for name in names or () for table in tables_named(name)))
    if erd is not None:
        file_of(erd, "--erd")
        _write(erd, tables)
        say(f"written to {erd}")
    if dbt is not None:
        _write_dbt(dbt, tables, destination)
    if find is not None:
        show(ColumnsReport(find, tables), as_json=as_json)
    elif as_json or (erd is None and dbt is None):
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


def _write_dbt(folder: Path, tables: tuple[str, ...], destination: str | None) -> None:
    """Write the project over `destination`, whose streams are read then, or over all tables of `tables`, or all."""
    from commercetools_source.cli.folder import write_files
    from commercetools_source.model.relations import all_relations
    from commercetools_source.report.dbt.project import SIGN, project_files

    file_of(folder, "--dbt")
    shop, streams = _shop(destination)
    relations = {
        name: relation
        for name, relation in all_relations().items()
        if (not tables or name in tables) and (streams is None or relation.stream in streams)
    }
    if not relations:
        raise ConfigError(f"{destination} has none of these tables; sync their streams first, or name others")
    write_files(folder, project_files(relations, str(shop)), "--dbt", SIGN)
    say(f"written to {folder}; next: dbt build --project-dir {quote(str(folder))} --profiles-dir {quote(str(folder))}")


def _shop(destination: str | None) -> tuple[Path, frozenset[str] | None]:
    """Return the DuckDB database that a project reads, and its streams, None where no file is named."""
    from commercetools_source.destinations import open_stored

    attached = having(DESTINATIONS, Ability.PUBLISH)
    if destination is None:
        return Path(attached[0].default).absolute(), None
    target = parse(destination, DESTINATIONS)
    if target.row not in attached:
        raise ConfigError(f"--dbt is for {choice(attached)} ({attached[0].example()}), not for a {target.row.label}")
    return target.location.path().absolute(), frozenset(states_of(open_stored(destination)))


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

    def sentence(error: OSError) -> str:
        is_absent = isinstance(error, FileNotFoundError)
        reason = f"the folder {path.parent} does not exist; create it first" if is_absent else reason_in(error)
        return f"cannot write {path}: {reason}"

    with in_a_sentence(sentence):
        # By rename, so that a page with this picture never loads half of it.
        replace_file(path, lambda out: out.write(text))
