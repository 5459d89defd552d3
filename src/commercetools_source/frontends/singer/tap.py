"""The tap itself: Meltano's SDK for everything around a run, this package's engine for the run."""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
import msgspec
from singer_sdk import Tap, metrics
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.plugin_base import JSONSchemaValidator

from commercetools_source.catalog.scopes import scope_advice
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.config.settings import SETTINGS
from commercetools_source.errors import CommercetoolsError, ConfigError, StateError, printable
from commercetools_source.events import counted
from commercetools_source.frontends.json_files import json_file, json_object, json_value
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS, config_schema
from commercetools_source.frontends.signals import Stopper, stopping
from commercetools_source.frontends.singer import bookmarks
from commercetools_source.frontends.singer.catalog import catalog_of, tell_deletions
from commercetools_source.frontends.singer.configuration import (
    ACTIVATE_VERSION,
    TAP_SETTINGS,
    check_environment,
    config_of,
)
from commercetools_source.frontends.singer.lines import LineWriter
from commercetools_source.frontends.singer.output import SingerOutput
from commercetools_source.frontends.singer.streams import CommercetoolsStream
from commercetools_source.sync.run import sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from commercetools_source.config import Config
    from commercetools_source.errors import ForbiddenError
    from commercetools_source.events import Event
    from commercetools_source.sync.run import Summary

__all__ = ["TapCommercetools", "run"]


class TapCommercetools(Tap):
    """Everything in a commercetools project, extracted completely, exactly and fast."""

    name = "tap-commercetools"
    package_name = "commercetools-source"
    config_jsonschema: ClassVar[dict[str, Any]] = config_schema()
    message_writer_class = LineWriter
    message_writer: LineWriter
    state_bytes = 4 << 20
    """After how many bytes of records of one stream a STATE is written: what a run that is cut off reads again."""

    def __init__(self, *, catalog: Any = None, parse_env_config: bool = False, **given: Any) -> None:
        self._stopper = Stopper("what was written is kept")
        self._refused: list[str] = []
        # Before the SDK reads the environment, as its own message would name no variable.
        if parse_env_config:
            check_environment(os.environ)
        if catalog is not None and not isinstance(catalog, (str, os.PathLike)):
            catalog = catalog_of(catalog)
        super().__init__(catalog=catalog, parse_env_config=parse_env_config, **given)

    @property
    def emits_deletions(self) -> bool:
        """Whether deletions become records."""
        return bool(self.config.get(EMIT_DELETIONS))

    def setup_mapper(self) -> None:
        """Register the streams as they will be written, with the column for deletions if they are told."""
        if self.input_catalog is not None and self.emits_deletions:
            tell_deletions(self.input_catalog)
        super().setup_mapper()

    def discover_streams(self) -> Sequence[CommercetoolsStream]:
        """Return every stream, or those that the catalog selects; no request is made."""
        selected = STREAMS if self.input_catalog is None else self.input_catalog
        return [CommercetoolsStream(self, self, row) for name, row in STREAMS.items() if name in selected]

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a state; raises StateError when it has not the form of a Singer state."""
        self.state["bookmarks"] = dict(bookmarks.bookmarks_in(state))

    def connect(self) -> Client:
        """Return a client for the configured project; nothing is sent yet."""
        return Client(self._settings(), hook=self._on_event)

    def refused(self, stream: CommercetoolsStream, error: ForbiddenError) -> None:
        """Note that `--test` may not read `stream`; raises `error` once that holds for every stream."""
        self._refused.append(stream.name)
        advice = scope_advice([stream.row], str(self.config["project_key"]))
        self.logger.warning("%s cannot be read; %s, or deselect it", stream.name, advice)
        if len(self._refused) == len(self.streams):
            raise error

    # The SDK reads one stream after another; here they share the workers, which makes many small streams fast.
    def sync_all(self) -> None:  # type: ignore[misc]
        """Read every selected stream, all at once; raises CommercetoolsError when one of them is not complete."""
        self.extract([stream for stream in self.streams.values() if stream.selected])

    def extract(self, streams: Iterable[Any]) -> None:
        """Read `streams` through the engine onto standard output; raises CommercetoolsError if one is not complete."""
        chosen: list[CommercetoolsStream] = list(streams)
        if not chosen:
            self.logger.warning("no stream is selected; nothing is read")
            return
        # In milliseconds, as other taps have it: versions of a later run must be larger.
        version = time.time_ns() // 1_000_000 if self.config.get(ACTIVATE_VERSION) else None
        output = SingerOutput(chosen, self.message_writer, self.state, version, self.state_bytes)
        output.open()  # what is wrong with the state is told before anything is asked of the platform
        # The SDK handles no hang-up of a terminal.
        with stopping(self._stopper), self.connect() as client:
            summary = sync(
                client,
                output,
                streams=[stream.name for stream in chosen],
                hook=self._on_event,
                on_stoppable=self._stopper.arm,
            )
        self._report(summary)

    def _report(self, summary: Summary) -> None:
        for outcome in summary.outcomes:
            tags = {"stream": outcome.stream, "pid": os.getpid()}
            count = metrics.Point("counter", metrics.Metric.RECORD_COUNT, outcome.records, tags)
            metrics.log(self.metrics_logger, count)
            status = metrics.Status.SUCCEEDED if outcome.complete else metrics.Status.FAILED
            tags = {**tags, "status": status.value}
            metrics.log(
                self.metrics_logger,
                metrics.Point("timer", metrics.Metric.SYNC_DURATION, round(outcome.seconds, 3), tags),
            )
        if self._stopper.signal:
            raise SystemExit(128 + self._stopper.signal)
        if not summary.complete:
            lacking = [f"{outcome.stream}: {outcome.lack}" for outcome in summary.outcomes if outcome.lack is not None]
            share = f"{len(lacking)} of {counted(len(summary.outcomes), 'stream')}"
            raise CommercetoolsError(f"not complete: {share}: {'; '.join(lacking)}")

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the run at the next whole line, with a STATE for all that was written; the second time at once.

        The SDK would write a STATE from here, in the middle of whatever line is being written.
        """
        self._stopper(signum, frame)

    # --- configuration ---

    def _settings(self) -> Config:
        return config_of(self.config, self.config_jsonschema["properties"])

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the SDK's settings by their schema and ours by our own rules, whose messages never show a secret."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        sdk_errors = list(JSONSchemaValidator(schema).iter_errors(self._config))  # it also fills in the SDK's defaults
        errors = [
            f"{error.path[0]}: {error.message}"
            # What the SDK says about our settings shows their values, the secret's among them.
            for error in sdk_errors
            if error.path and str(error.path[0]) not in SETTINGS
        ]
        try:
            self._settings()
        except ConfigError as error:
            errors += error.problems
        if errors and raise_errors:
            raise ConfigValidationError("the configuration is wrong", errors=errors, schema=schema)
        return errors

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings and the tap's own, for one of which the SDK declares no more than a capability."""
        super().append_builtin_config(config_jsonschema)
        for name, described in TAP_SETTINGS.items():
            config_jsonschema["properties"].setdefault(name, described)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the files of `--config`; raises ConfigError that names the one that cannot be used."""
        given = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        # Read here, once: what comes from a pipe, `--config <(...)`, is gone then.
        for path in value:
            if path != "ENV":
                content = json_file(path, "config", ConfigError)
                given.config.update(json_object(content, f"the config file {path}", ConfigError))
        return given

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the command `tap-commercetools`."""
        command = super().get_singer_command()
        for option in command.params:
            # click would open them before all else, and wait for ever for a pipe into which nobody writes.
            if option.name in {"state", "catalog"}:
                option.type = click.STRING
        return command

    @classmethod
    def invoke(cls, *, state: str | None = None, catalog: str | None = None, **given: Any) -> None:  # type: ignore[override]
        """Run the tap; raises ConfigError or StateError when a file does not hold a JSON object."""
        super().invoke(
            state=_json_object(state, "state", StateError),
            # Read here once and handed on: the SDK would end with a traceback for what is no JSON.
            catalog=_json_object(catalog, "catalog", ConfigError),
            **given,
        )

    # --- events, on standard error ---

    def _on_event(self, event: Event) -> None:
        self.logger.log(event.level, "%s", event.message())


def _json_object(path: str | None, file_role: str, mistake: type[CommercetoolsError]) -> IO[str] | None:
    """Return the content of a file that holds a JSON object, for the SDK to read; raises `mistake` otherwise.

    The path "-" is standard input.
    """
    if path is None:
        return None
    name = f"the {file_role} file {path}"
    value = json_value(sys.stdin.buffer.read(), name, mistake) if path == "-" else json_file(path, file_role, mistake)
    return io.StringIO(msgspec.json.encode(json_object(value, name, mistake)).decode())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the tap's command and return its exit status; a mistake becomes a sentence on standard error."""
    try:
        TapCommercetools.cli(args=None if arguments is None else list(arguments), prog_name=TapCommercetools.name)
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(bool(done.code))
    except ConfigValidationError as error:
        return _failed(*error.errors)
    except ConfigError as error:
        return _failed(*error.problems)
    except (CommercetoolsError, MappingError) as error:
        return _failed(str(error))
    return 0


def _failed(*problems: str) -> int:
    logger = logging.getLogger(TapCommercetools.name)
    for problem in problems:
        logger.error("%s", printable(problem, 5000))
    return 1
