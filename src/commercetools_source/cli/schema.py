"""The command `schema`: what tables a shop becomes, as text, as JSON and as a picture."""

# typer 0.9, which Mage pins, understands neither `X | None` nor annotations that are text: hence Optional here, and no
# `from __future__ import annotations`.

from pathlib import Path
from typing import Annotated, Optional

import typer

from commercetools_source.errors import ConfigError, DestinationError

__all__ = ["schema"]

_PICTURES = (".mmd", ".svg")


def schema(
    names: Annotated[
        Optional[list[str]],
        typer.Argument(
            metavar="NAME", help="Only the tables of this stream, this table, or all with this in their name."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every column as JSON.")] = False,
    erd: Annotated[
        Optional[Path],
        typer.Option("--erd", metavar="FILE", help="Write a diagram: FILE.svg, or FILE.mmd for Mermaid."),
    ] = None,
) -> None:
    """Show the tables of the model: columns, types, keys and what refers to what. Needs no account."""
    from commercetools_source.model.lookup import tables_named
    from commercetools_source.report.schema import schema_json, schema_text

    tables = list(dict.fromkeys(table for name in names or () for table in tables_named(name)))
    if erd is not None:
        _write(erd, tables)
        typer.echo(f"written to {erd}", err=True)
    if as_json or erd is None:
        typer.echo(schema_json(tables) if as_json else schema_text(tables))


def _write(path: Path, tables: list[str]) -> None:
    from commercetools_source.report.diagram import draw, mermaid
    from commercetools_source.report.svg import svg

    if path.suffix not in _PICTURES:
        raise ConfigError(f"--erd {path} has no ending that says what to draw; legal are {', '.join(_PICTURES)}")
    diagram = draw(tables)
    try:
        path.write_text(mermaid(diagram) if path.suffix == ".mmd" else svg(diagram), encoding="utf-8")
    except OSError as error:
        raise DestinationError(f"cannot write {path}: {error.strerror}; name a file in a folder that exists") from error
