"""The options that several commands have, each with its name, value and help."""

# typer reads annotations while the program runs: they must be types and not text, so no `from __future__` here.

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from commercetools_source.cli import completion
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, described, having

__all__ = [
    "DEFAULT",
    "Chosen",
    "Exclude",
    "Full",
    "Hard",
    "Json",
    "Loaded",
    "Logs",
    "Personal",
    "PersonalFields",
    "Quiet",
    "Retain",
    "Seed",
    "Settings",
    "Since",
    "Size",
    "Streams",
    "Target",
    "Until",
    "Verbose",
    "Where",
    "stored",
]


def begin_logs(context: typer.Context, given: str | None) -> str | None:
    """Let all that is told from now on be lines of a log, until the command ends; raises ConfigError."""
    from commercetools_source.errors import ConfigError
    from commercetools_source.report.logs import FORMATS, logging_to

    log_format = next((name for name in FORMATS if name == given), None)
    if given is not None and log_format is None:
        raise ConfigError(f"--log-format is {given!r}; it must be {' or '.join(FORMATS)}")
    # The stack of the whole command and not of this callback: an error that ends the command is a line of the log too.
    until_the_end = context.find_object(ExitStack)
    if log_format is not None and until_the_end is not None:
        until_the_end.enter_context(logging_to(sys.stderr, log_format))
    return given


def stored(ability: Ability) -> Any:
    """Return the option for what `sync` wrote to a destination with this ability."""
    wrote = described(having(DESTINATIONS, ability))
    return typer.Option(
        "--destination",
        "-d",
        metavar="WHERE",
        help=f"What `sync` wrote: {wrote}.",
        autocompletion=completion.destinations,
    )


# One default for all commands, so that `sync`, `verify` and `report` without options speak of one file.
DEFAULT = DESTINATIONS[0].default
Loaded = Annotated[str, stored(Ability.COMPARE)]
Target = Annotated[
    str,
    typer.Option(
        "--destination",
        "-d",
        metavar="WHERE",
        help=f"Where `sync` writes: {described(DESTINATIONS)}.",
        autocompletion=completion.destinations,
    ),
]
Settings = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings: a .env, .json or .toml file. By default CTP_* variables, and .env in this folder.",
    ),
]
Streams = Annotated[
    list[str] | None,
    typer.Option(
        "--streams",
        metavar="NAMES",
        help="Only these streams: names with commas between. By default all.",
        autocompletion=completion.streams,
    ),
]
Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--streams",
        metavar="NAMES",
        help="Only these streams: names with commas between, or `readable` for all that the API client may read."
        " By default all.",
        autocompletion=completion.readable_streams,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="NAMES",
        help="All but these streams: names with commas between.",
        autocompletion=completion.streams,
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Read everything again and replace what is there.")]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DATE", help="Leave out what was last changed before this date or time (UTC)."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Ignore changes from this date or time on; a later run reads them."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="STREAM=PREDICATE",
        help="Read only the records of this stream that fulfil a predicate of the API; may be repeated.",
        autocompletion=completion.streams_with_value,
    ),
]
Retain = Annotated[
    list[str] | None,
    typer.Option(
        "--retain",
        metavar="STREAM=AGE",
        help="Take out what was last changed longer ago, such as messages=400d,orders=7y; may be repeated.",
        autocompletion=completion.streams_with_value,
    ),
]
Hard = Annotated[
    bool, typer.Option("--hard-delete", help="Remove the rows of deleted records; by default they are marked.")
]
Personal = Annotated[
    str | None,
    typer.Option(
        "--personal",
        metavar="CHOICE",
        help="What becomes of personal data: keep, hash or drop.",
        autocompletion=completion.among("keep", "hash", "drop"),
    ),
]
PersonalFields = Annotated[
    str | None,
    typer.Option(
        "--personal-fields",
        metavar="PATH=CHOICE,...",
        help="What becomes of single fields, such as customers.custom.fields.phone=drop.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Logs = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        metavar="FORMAT",
        help="Write lines with time and level in place of a display: text or json.",
        autocompletion=completion.among("text", "json"),
        # Read before the other options, because what is wrong with them must be a line of the log already.
        is_eager=True,
        callback=begin_logs,
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every request.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what failed or may be missing.")]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="The same seed gives the same shop.")]
Size = Annotated[
    str,
    typer.Option("--size", metavar="SIZE", help="tiny, small, demo (20,000 orders), large, or a number of orders."),
]
