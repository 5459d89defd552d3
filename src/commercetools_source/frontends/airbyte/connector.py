"""The four commands of the connector. Whatever `spec` does not need is loaded by the others: it is asked often."""

from __future__ import annotations

import argparse
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

from commercetools_source.errors import CommercetoolsError, ConfigError, NetworkError, StateError
from commercetools_source.frontends.airbyte import messages
from commercetools_source.frontends.arguments import checked, switch
from commercetools_source.frontends.json_files import json_file, json_object
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS, config_schema, deletions_schema
from commercetools_source.frontends.words import AIRBYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.config import Config
    from commercetools_source.frontends.signals import Stopper
    from commercetools_source.sync.estimate import Forecast
    from commercetools_source.sync.run import Summary

__all__ = ["run"]

_DOCUMENTATION = "https://docs.commercetools.com/api/"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, also for a failed check, or 1 with a TRACE of the error."""
    try:
        given = _arguments(arguments)
        command: str = given.command
        if command == "spec":
            messages.send("SPEC", "spec", spec())
        elif command == "check":
            _check(given.config)
        elif command == "discover":
            from commercetools_source.frontends.airbyte.catalog import catalog

            _config(given.config)
            messages.send("CATALOG", "catalog", catalog())
        else:
            return _read(given)
    except CommercetoolsError as error:
        messages.trace_error(str(error), type(error))
        return 1
    except Exception as error:  # noqa: BLE001 - Airbyte shows people a TRACE, and nothing of standard error
        messages.trace_bug(error)
        return 1
    return 0


def spec() -> dict[str, Any]:
    """Return the connector's specification: the settings as JSON Schema, secrets marked as such."""
    # https://docs.airbyte.com/connector-development/connector-specification-reference
    schema = config_schema(nullable=False, mark="airbyte_secret")
    schema["properties"][EMIT_DELETIONS] = deletions_schema(messages.DELETED_AT, nullable=False)
    return {
        "documentationUrl": _DOCUMENTATION,
        "connectionSpecification": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "commercetools",
            **schema,
            # The platform adds keys of its own to a config.
            "additionalProperties": True,
        },
        "supportsIncremental": True,
        "supported_destination_sync_modes": ["overwrite", "append", "append_dedup"],
    }


class _Parser(argparse.ArgumentParser):
    """Raises ConfigError in place of printing usage and ending the process."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        # Without a width argparse asks the terminal, for which it loads compression and more.
        return argparse.HelpFormatter(self.prog, width=100)

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"source-commercetools: {message}")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="source-commercetools", description="Reads a commercetools project in Airbyte's protocol.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("spec", "check", "discover", "read"):
        command = commands.add_parser(name)
        command.add_argument("--debug", action="store_true", help="accepted, as Airbyte may send it; LOG lines are few")
        if name != "spec":
            command.add_argument("--config", required=True, metavar="FILE")
        if name == "read":
            command.add_argument("--catalog", required=True, metavar="FILE")
            command.add_argument("--state", metavar="FILE")
    return parser.parse_args(arguments)


def _config(path: str) -> tuple[Config, bool]:
    """Return checked settings, and whether deletions become records; keys of another connector are ignored."""
    given = json_object(json_file(path, "config", ConfigError), f"the config file {path}", ConfigError)
    config, deletions = checked(
        lambda: AIRBYTE.config(given, ignore_unknown=True),
        lambda: switch(EMIT_DELETIONS, given.get(EMIT_DELETIONS)),
    )
    return config, deletions


def _check(path: str) -> None:
    """Write whether a connection can be made and some stream be read."""
    from commercetools_source.client import Client
    from commercetools_source.sync.access import inspect

    fault: str | None = None
    try:
        with Client(_config(path)[0]) as client:
            # A client for a few streams is meant so: the others are named when they are read.
            if not any(stream.readable for stream in inspect(client, None).streams):
                raise ConfigError("the API client may not read any stream; create one with scopes such as view_orders")
    except CommercetoolsError as error:
        fault = str(error)
    messages.connection(fault)


def _read(given: argparse.Namespace) -> int:
    from commercetools_source.client import Client
    from commercetools_source.frontends.airbyte.catalog import configured, states
    from commercetools_source.frontends.airbyte.output import AirbyteOutput
    from commercetools_source.frontends.memory import pass_records_on
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.sync.plan import plan
    from commercetools_source.sync.run import sync

    pass_records_on()
    config, deletions = _config(given.config)
    chosen = configured(json_file(given.catalog, "catalog", ConfigError))
    going_on = states(json_file(given.state, "state", StateError) if given.state else None, chosen, config)
    for stream in chosen:
        if stream not in going_on:
            messages.status(stream.name, "STARTED")
            messages.status(stream.name, "COMPLETE")
    if not going_on:
        return 0
    output = AirbyteOutput(going_on, chosen, deletions=deletions)
    with Client(config, hook=output.tell) as client, stopping() as stopper:
        # What is wrong with all streams the run says itself, and what is wrong with one costs no other stream anything.
        with suppress(CommercetoolsError):
            _estimate(plan(client, output.open(), streams=going_on))
        summary = sync(client, output, streams=going_on, hook=output.tell, on_stoppable=stopper.arm)
    return _concluded(summary, stopper)


def _estimate(forecasts: Iterable[Forecast]) -> None:
    """Write how many records will come: https://docs.airbyte.com/understanding-airbyte/airbyte-protocol#airbytetracemessage."""
    for forecast in forecasts:
        if forecast.records:
            messages.trace("ESTIMATE", {"type": "STREAM", "name": forecast.stream, "row_estimate": forecast.records})


def _concluded(summary: Summary, stopper: Stopper) -> int:
    """Write how each stream ended, and return the exit status."""
    for outcome in summary.outcomes:
        messages.status(outcome.stream, "COMPLETE" if outcome.complete else "INCOMPLETE")
        if not outcome.complete and not stopper.signal:
            # A record that the platform cannot serve today it may serve tomorrow, as when the network fails.
            messages.trace_error(f"{outcome.stream}: {outcome.lack}", outcome.cause or NetworkError, outcome.stream)
    if stopper.signal:
        messages.log("WARNING", "stopped; the next attempt goes on from the last state")
        return 128 + stopper.signal
    return 0 if summary.complete else 1
