"""The four commands of the connector. Whatever `spec` does not need is loaded by the others: it is asked often."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from commercetools_source.errors import CommercetoolsError, ConfigError, StateError
from commercetools_source.frontends.airbyte import messages
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS, config_schema, deletions_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.config import Config
    from commercetools_source.frontends.signals import Stopper
    from commercetools_source.sync.run import Summary

__all__ = ["run"]

_DOCUMENTATION = "https://docs.commercetools.com/api/"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, also for a failed check, or 1 with a TRACE of the error."""
    try:
        given = _arguments(arguments)
        command: str = given.command
        if command == "spec":
            messages.send({"type": "SPEC", "spec": spec()})
            return 0
        if command == "check":
            messages.connection_status(_problem(given.config))
            return 0
        if command == "discover":
            from commercetools_source.frontends.airbyte.catalog import catalog

            _config(_json(given.config, "config", ConfigError))
            messages.send({"type": "CATALOG", "catalog": catalog()})
            return 0
        return _read(given)
    except CommercetoolsError as error:
        messages.trace_error(_text(error), messages.failure_type(type(error)))
        return 1
    except Exception as error:  # noqa: BLE001 - Airbyte shows people a TRACE, and nothing of standard error
        messages.trace_bug(error)
        return 1


def spec() -> dict[str, Any]:
    """Return the connector's specification: the settings as JSON Schema, secrets marked as such."""
    schema = config_schema()
    schema["properties"][EMIT_DELETIONS] = deletions_schema(messages.DELETED_AT)
    for described in schema["properties"].values():
        described["type"] = described["type"][0]
        # https://docs.airbyte.com/connector-development/connector-specification-reference
        if described.pop("secret", False):
            described["airbyte_secret"] = True
        if described.get("default") is None:
            described.pop("default", None)
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


def _json(path: str, file_role: str, mistake: type[CommercetoolsError]) -> Any:
    """Return what a JSON file holds; raises `mistake` that names the file."""
    try:
        return msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        raise mistake(f"the {file_role} file {path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise mistake(f"the {file_role} file {path} is not valid JSON: {error}") from None


def _config(given: Any) -> Config:
    """Return checked settings; keys that are Airbyte's own or of another connector are ignored."""
    from commercetools_source.config import Config

    if not isinstance(given, dict):
        raise ConfigError("the config must be a JSON object")
    deletions = given.get(EMIT_DELETIONS)
    problems = []
    if not isinstance(deletions, (bool, type(None))):
        problems.append(f"{EMIT_DELETIONS} is {deletions!r:.50}; it must be true or false")
    try:
        config = Config.from_mapping(given, ignore_unknown=True)
    except ConfigError as error:
        raise ConfigError([*error.problems, *problems]) from None
    if problems:
        raise ConfigError(problems)
    return config


def _problem(path: str) -> str | None:
    """Return why no connection can be made; None when one can, and some stream can be read."""
    from commercetools_source.client import Client
    from commercetools_source.sync.access import inspect

    try:
        with Client(_config(_json(path, "config", ConfigError))) as client:
            inspection = inspect(client, None)
    except CommercetoolsError as error:
        return _text(error)
    # A client for a few streams is meant so: the others are named when they are read.
    if any(stream.readable for stream in inspection.streams):
        return None
    return "the API client may not read any stream; create one with scopes such as view_orders"


def _read(given: argparse.Namespace) -> int:
    from commercetools_source.client import Client
    from commercetools_source.frontends.airbyte.catalog import COMPLETE, configured, states
    from commercetools_source.frontends.airbyte.output import AirbyteOutput
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.sync.plan import plan
    from commercetools_source.sync.run import sync

    settings = _json(given.config, "config", ConfigError)
    config = _config(settings)
    chosen = configured(_json(given.catalog, "catalog", ConfigError))
    stored = states(_json(given.state, "state", StateError)) if given.state else {}
    # An attempt that is handed the mark of a finished full refresh has nothing left to read of that stream.
    finished = [item for item in chosen if item.full and COMPLETE in stored.get(item.stream.name, {})]
    chosen = [item for item in chosen if item not in finished]
    output = AirbyteOutput(chosen, stored, deletions=settings.get(EMIT_DELETIONS) is True)
    for item in finished:
        messages.status(item.stream.name, "STARTED")
        messages.status(item.stream.name, "COMPLETE")
    if not chosen:
        return 0
    names = [item.stream.name for item in chosen]
    with Client(config, hook=output.tell) as client, stopping() as stopper:
        # https://docs.airbyte.com/understanding-airbyte/airbyte-protocol#airbytetracemessage
        for forecast in plan(client, output.open(), streams=names, since=config.start_date):
            if forecast.records:
                messages.estimate(forecast.stream, forecast.records)
        summary = sync(
            client,
            output,
            streams=names,
            hook=output.tell,
            on_stoppable=stopper.arm,
        )
    return _concluded(summary, stopper)


def _concluded(summary: Summary, stopper: Stopper) -> int:
    """Write how each stream ended, and return the exit status."""
    for outcome in summary.outcomes:
        messages.status(outcome.stream, "COMPLETE" if outcome.complete else "INCOMPLETE")
        if not outcome.complete and not stopper.signal:
            # A record that the platform cannot serve today it may serve tomorrow.
            failure = messages.failure_type(outcome.cause) if outcome.cause else "transient_error"
            messages.trace_error(f"{outcome.stream}: {outcome.lack}", failure, outcome.stream)
    if stopper.signal:
        messages.log(logging.WARNING, "stopped; the next attempt goes on from the last state")
        return 128 + stopper.signal
    return 0 if summary.complete else 1


def _text(error: CommercetoolsError) -> str:
    return "; ".join(error.problems) if isinstance(error, ConfigError) else str(error)
