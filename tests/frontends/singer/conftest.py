"""A running sandbox, and the tap as a command inside this process."""

from __future__ import annotations

import io
import json
import logging
import signal
import sys
from collections import Counter
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=1) as running:
        yield running


@dataclass
class Response:
    """What one run of the tap said."""

    status: int
    out: str
    err: str
    messages: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        assert self.out == "" or self.out.endswith("\n"), "the last line is not whole"
        lines = self.out.split("\n")[:-1]
        self.messages = [json.loads(line) for line in lines] if self.out.startswith('{"type"') else []

    def of(self, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
        return [one for one in self.messages if one["type"] == kind and stream in {None, one.get("stream")}]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [message["record"] for message in self.of("RECORD", stream)]

    def counts(self) -> Counter[str]:
        return Counter(message["stream"] for message in self.of("RECORD"))

    @property
    def state(self) -> dict[str, Any]:
        value: dict[str, Any] = self.of("STATE")[-1]["value"]
        return value


@dataclass
class Tap:
    """Runs the tap with the sandbox's settings and files made from values."""

    folder: Path
    settings: dict[str, Any]

    def __call__(self, *flags: str, state: Any = None, catalog: Any = None, **config: Any) -> Response:
        return self.run(*self.arguments(*flags, state=state, catalog=catalog, **config))

    @staticmethod
    def run(*arguments: str) -> Response:
        return run(*arguments)

    def arguments(self, *flags: str, state: Any = None, catalog: Any = None, **config: Any) -> list[str]:
        given = {"config": {**self.settings, **config}, "state": state, "catalog": catalog}
        arguments = list(flags)
        for name, value in given.items():
            if value is not None:
                path = self.folder / f"{name}.json"
                path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
                arguments += [f"--{name}", str(path)]
        return arguments

    @staticmethod
    def metadata(entry: dict[str, Any], *names: str) -> dict[str, Any]:
        """Return the metadata of a catalog entry, or of the property at a path of names."""
        breadcrumb = [part for name in names for part in ("properties", name)]
        found: dict[str, Any]
        (found,) = [one["metadata"] for one in entry["metadata"] if one["breadcrumb"] == breadcrumb]
        return found

    def catalog(self, *streams: str, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
        """Return a discovered catalog: `streams` selected and changed by `change`, and one that is not selected."""
        entries = [json.loads(text) for name, text in discovered().items() if name in {*streams, "channels"}]
        for entry in entries:
            chosen = entry["tap_stream_id"] in streams
            self.metadata(entry)["selected"] = chosen
            if chosen and change is not None:
                change(entry)
        return {"streams": entries}


@cache
def discovered() -> dict[str, str]:
    """Return the entry of each stream as text: to parse them all takes four times as long as a short run."""
    answer = run("--discover")
    assert answer.status == 0
    catalog = json.loads(answer.out)
    assert catalog.keys() == {"streams"}
    assert [entry["tap_stream_id"] for entry in catalog["streams"]] == [*STREAMS]
    return {entry["tap_stream_id"]: json.dumps(entry) for entry in catalog["streams"]}


def run(*arguments: str) -> Response:
    from commercetools_source.frontends.singer import main

    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with untouched(), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(arguments)
    out.flush()
    code = ended.value.code
    assert isinstance(code, int)
    return Response(code, out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


@contextmanager
def untouched() -> Iterator[None]:
    """Undo what a command of the SDK does to its process: handlers, hooks and log levels."""
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook = hook
        logging.captureWarnings(capture=False)
        for number, handler in signals.items():
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def everything(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Response:
    """One run over all streams."""
    return tap_for(sandbox, tmp_path_factory.mktemp("everything"))()


@pytest.fixture
def tap(sandbox: Sandbox, tmp_path: Path) -> Tap:
    return tap_for(sandbox, tmp_path)


def tap_for(sandbox: Sandbox, folder: Path) -> Tap:
    return Tap(folder, {**sandbox.settings(), "retry_seconds": 0, "settle_seconds": 0, "lookback_seconds": 0})
