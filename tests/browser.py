"""A headless Chromium that tells of a page: what it asks for, what it says, whether it fits its window."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Browser", "chromium"]

_BEGIN = """
import fcntl, os, sys
first, second = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3])
os.dup2(first, 3)
os.dup2(second, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Chromium reads commands from the descriptor 3 and writes to 4."""


def chromium() -> str | None:
    """Return the path of Chromium or Chrome on this machine, None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One tab, driven by the DevTools protocol over two pipes (https://chromedevtools.github.io/devtools-protocol/).

    `requests` are the URLs that the page asked for, `messages` what it wrote to the console.
    """

    def __init__(self, program: str, profile: Path) -> None:
        commands, to_browser = os.pipe()
        from_browser, answers = os.pipe()
        options = ["--headless", "--no-sandbox", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN, str(commands), str(answers), program, *options, "about:blank"],
            pass_fds=(commands, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        self._out = open(to_browser, "wb", buffering=0)  # noqa: SIM115, PTH123 - a descriptor, closed by `close`
        self._in = open(from_browser, "rb")  # noqa: SIM115, PTH123 - same
        self._calls = 0
        self._session = ""
        self.requests: list[str] = []
        self.messages: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait()
        self._out.close()
        self._in.close()

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        self._out.write(json.dumps(call).encode() + b"\0")
        answer = next(message for message in self._received() if message.get("id") == self._calls)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def show(self, path: Path, width: int, scheme: str) -> None:
        """Load a file in a window of `width` pixels; `scheme` is "light" or "dark"."""
        self.requests.clear()
        self.messages.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._out.write(
            json.dumps(
                {"id": 0, "method": "Page.navigate", "params": {"url": path.as_uri()}, "sessionId": self._session}
            ).encode()
            + b"\0"
        )
        next(message for message in self._received() if message.get("method") == "Page.loadEventFired")

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, which the page's own policy does not keep from running."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def picture(self, height: int | None = None) -> bytes:
        """Return the page as a PNG: all of it, or its first `height` pixels."""
        width, whole = self.ask("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height or whole, whole), "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def _received(self) -> Iterator[dict[str, Any]]:
        """Yield messages of the browser, and note what the page asked for and said."""
        while True:
            text = b""
            while not text.endswith(b"\0"):
                byte = self._in.read(1)
                assert byte, "the browser ended"
                text += byte
            message = json.loads(text[:-1])
            match message.get("method"):
                case "Network.requestWillBeSent":
                    self.requests.append(message["params"]["request"]["url"])
                case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded":
                    self.messages.append(json.dumps(message["params"]))
            yield message
