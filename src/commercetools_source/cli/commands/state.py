"""The commands `state show` and `state reset`: what is stored between runs."""

from typing import Annotated

import typer

from commercetools_source.cli import completion, options
from commercetools_source.cli.output import say, show
from commercetools_source.cli.values import names_of, states_of
from commercetools_source.errors import ConfigError

app = typer.Typer(name="state", help="What is stored between runs.", no_args_is_help=True)


@app.command("show")
def show_states(destination: options.Target = options.DEFAULT, as_json: options.Json = False) -> None:
    """Show how far each stream is read. What of it is held, and which run was cut off."""
    from commercetools_source.destinations import open_stored
    from commercetools_source.extract.abilities import lost_streams
    from commercetools_source.report.state import StateReport

    target = open_stored(destination)
    states = states_of(target)
    show(StateReport(states, lost_streams(target)), as_json=as_json)


@app.command()
def reset(
    streams: Annotated[
        list[str], typer.Argument(metavar="STREAM", help="Names of streams.", autocompletion=completion.stream_names)
    ],
    destination: options.Target = options.DEFAULT,
) -> None:
    """Forget how far streams are read. The next run reads them from their start and replaces what is there."""
    from commercetools_source.catalog.streams import find
    from commercetools_source.destinations import open_stored
    from commercetools_source.extract.abilities import StateStore

    # All names are looked up before the first reset: a misspelt one must not leave half of them reset.
    chosen = [find(name) for name in names_of(streams) or ()]
    target = open_stored(destination)
    if not isinstance(target, StateStore):
        raise ConfigError(f"{target.name} has no states of its own; reset them where they are kept")
    try:
        # With the lock of a writer: a run under way would write back the state that is reset here.
        target.open()
        for stream in chosen:
            changed = target.reset(stream)
            say(f"{stream.name}: {'reset; the next run reads it from its start' if changed else 'nothing was stored'}")
    finally:
        target.close()
