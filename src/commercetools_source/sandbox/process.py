"""The sandbox outside this interpreter: in the foreground of a terminal, or as a child process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.frontends.signals import stop_signals
from commercetools_source.sandbox.runner import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

__all__ = ["SandboxProcess", "serve", "serve_sandbox"]


def serve(  # noqa: PLR0913 - each of them is one setting
    host: str = "127.0.0.1",
    port: int = 8080,
    seed: int = 1,
    size: str | int = "demo",
    *,
    admin: bool = False,
    latency: float = 0,
    burst: int = 0,
    announce: Callable[[str], object] | None = None,
    until: threading.Event | None = None,
) -> None:
    """Serve a generated shop until Ctrl-C, SIGTERM, SIGHUP, or until `until` is set.

    `latency` delays every answer, in seconds; `burst` records of each collection share one millisecond. `announce` gets
    the ready message, with the lines to paste into a shell; without it, it goes to stdout.
    Raises ConfigError for an unknown size and for a port that cannot be had.
    """
    sandbox = Sandbox(size, seed, host=host, port=port, admin=admin, latency=latency, burst=burst)
    serve_sandbox(sandbox, announce, until)


def serve_sandbox(
    sandbox: Sandbox, announce: Callable[[str], object] | None = None, until: threading.Event | None = None
) -> None:
    """Serve `sandbox` as `serve` does."""
    stopped = until or threading.Event()
    with _stopping(stopped), sandbox:
        # Only now requests are answered, and whoever reads the line may begin.
        (announce or _print)(ready_message(sandbox))
        stopped.wait()


def ready_message(sandbox: Sandbox) -> str:
    """Return what a person needs to know to use a running sandbox."""
    exports = [f"export {name}={value}" for name, value in sandbox.environment().items()]
    head = (
        f"A commercetools project with generated data (size {sandbox.size}, seed {sandbox.seed})"
        f" answers at {sandbox.url}/{sandbox.project_key} until Ctrl-C."
    )
    return "\n".join([head, "To use it, paste into another shell:", "", *exports])


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def _stopping(stopped: threading.Event) -> Iterator[None]:
    """Let a signal that ends a command set `stopped` inside the block; only a main thread can have handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = {number: signal.signal(number, lambda *_: stopped.set()) for number in stop_signals()}
    try:
        yield
    finally:
        # Handlers of before come back: the program that served goes on.
        for number, handler in old.items():
            signal.signal(number, handler)


class SandboxProcess:
    """A sandbox in a process of its own inside `with`, so that it does not share the interpreter with its client.

    With `day` it is the demo's shop on that day (`sandbox.shop.days`), with a clock of its own.
    """

    def __init__(
        self,
        size: str | int = "tiny",
        seed: int = 1,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        admin: bool = False,
        latency: float = 0,
        burst: int = 0,
        day: int | None = None,
    ) -> None:
        self.size = size
        self.seed = seed
        self.host = host
        self.port = port
        self.admin = admin
        self.latency = latency
        self.burst = burst
        self.day = day
        self._settings: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SandboxProcess:  # noqa: PYI034 - typing.Self needs Python 3.11
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process; returns once it answers. Raises ConfigError with its reason when it cannot start."""
        command = [sys.executable, "-m", "commercetools_source.sandbox", "--json", "--host", self.host]
        command += ["--port", str(self.port), "--size", str(self.size), "--seed", str(self.seed)]
        command += ["--latency", str(self.latency), "--burst", str(self.burst), *(["--admin"] if self.admin else [])]
        command += [] if self.day is None else ["--day", str(self.day)]
        pipe = subprocess.PIPE
        # Its standard error is ours, so that what goes wrong in it is seen.
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe)  # noqa: S603 - this package, no shell
        self._process = process
        try:
            # An end without a line is one too: the process died before it could say why.
            line = process.stdout.readline() if process.stdout is not None else b""
        except BaseException:
            # Else it would go on to make its shop, perhaps for minutes, and complain that nobody reads its line.
            process.kill()
            self.stop()
            raise
        ready = msgspec.json.decode(line) if line.strip() else {"error": "The sandbox's process ended at once."}
        if "error" in ready:
            self.stop()
            raise ConfigError(str(ready["error"]))
        self._settings = ready

    def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        # The child ends when its input does, also when this process is killed.
        if process.stdin is not None:
            process.stdin.close()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()

    def settings(self) -> dict[str, Any]:
        """Return what a client must be configured with."""
        return dict(self._settings)

    @property
    def url(self) -> str:
        """The address of the server."""
        return str(self._settings["api_url"])

    @property
    def api_url(self) -> str:
        """The address of the API, without the project key."""
        return self.url

    @property
    def auth_url(self) -> str:
        """The address of the authorization server."""
        return self.url

    @property
    def history_url(self) -> str:
        """The address of the Change History API, without the project key."""
        return str(self._settings["history_url"])

    @property
    def project_key(self) -> str:
        """The key of the project."""
        return str(self._settings["project_key"])
