"""Each text that a command prints, as a person sees it: at 80 and at 200 columns, and without a terminal.

`make texts` writes `texts.txt` anew, for a person to read what has changed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import sys
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.text_cases import CASES, CLIENTS, EMAIL, Case
from commercetools_source.cli.app import run
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = Path(__file__).with_name("texts.txt")
WRITE = os.environ.get("WRITE_TEXTS")
_PATH = 180
"""Characters of the folder's path, wherever pytest makes it: where a line breaks depends on them."""
WIDTHS = {"without a terminal": None, "at 80 columns": 80, "at 200 columns": 200}
LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\S+ [A-Z]+ ")
PASTED = re.compile(r"next: |\S+:\S+( \S+:\S+)*$")
ONCE = re.compile(r"(?<![\d,.])1 (?!min\b|ms\b|s\b)[a-z]{3,}s\b")
SEVERAL = re.compile(
    r"\b(?:0|[2-9]|\d[\d,]*\d) (?:stream|record|request|retry|row|value|table|column|line|window|answer|byte|id)\b"
)
VARYING = {
    r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z": "2026-01-01T00:00:00.000Z",
    r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b": "2026-01-01 00:00:00",
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b": "00000000-0000-0000-0000-000000000000",
    r"\b(\d+ min )?\d+(\.\d)? s\b": "0.0 s",
    r"\b\d+ ms\b": "0 ms",
    r"127\.0\.0\.1:\d{2,}": "127.0.0.1:0",
    r"/\S*/shop\b": "/FOLDER",
    r"\b[\d,]+ bytes\b": "0 bytes",
    r"/\S*/commercetools_source/": "/PACKAGE/",
    r"part-(\d+)-[0-9a-f]{8}": r"part-\1-00000000",
    r"commercetools-source \d+\.\d+\.\d+\S*": "commercetools-source 0.0.0",
    r"Python 3\.\d+\.\d+, \w+": "Python 3.0.0, Linux",
}


class Screen(io.StringIO):
    """Takes what is printed; `is_terminal`: where lines are redrawn in place."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def shown(self) -> str:
        """Return what stays on the screen: control sequences are carried out, as far as the display uses them."""
        lines, row, column = [""], 0, 0
        for token in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", self.getvalue()):
            if token == "\n":
                row, column = row + 1, 0
                lines += [""] * (row == len(lines))
            elif token == "\r":
                column = 0
            elif token == "\x1b[2K":
                lines[row] = ""
            elif token.endswith("A") and token[0] == "\x1b":
                row -= int(token[2:-1] or 1)
            elif token[0] != "\x1b":
                lines[row] = lines[row][:column].ljust(column) + token + lines[row][column + len(token) :]
                column += len(token)
        return "\n".join(line.rstrip() for line in lines).rstrip()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    # Of one moment, so that it is the same shop each day.
    with Sandbox(size="tiny", now=datetime(2026, 1, 1, tzinfo=timezone.utc)) as running:
        for name, scopes in CLIENTS.items():
            running.add_client(name, "secret", scopes)
        yield running


@pytest.fixture(scope="module")
def texts() -> Iterator[dict[str, str]]:
    """Return the text of each case by its name, as it is stored, or to be stored."""
    stored = TEXTS.read_text(encoding="utf-8") if TEXTS.exists() else ""
    blocks = re.split(r"^## (.+)\n", stored, flags=re.MULTILINE)[1:]
    by_name = dict(zip(blocks[::2], (block.strip() for block in blocks[1::2]), strict=True))
    yield by_name
    if WRITE:
        TEXTS.write_text(
            "\n\n".join(f"## {name}\n{by_name[name]}" for name in CASES if name in by_name) + "\n", encoding="utf-8"
        )


@pytest.fixture
def prepared(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Path]:
    """Return the folder in which everything was done that comes before a case."""
    case: Case = CASES[request.param]
    folder = tmp_path / "before"
    folder.mkdir()
    with typing_in(folder, case, sandbox, Screen(is_terminal=False)):
        for act in case.before:
            act(sandbox)
    yield folder
    sandbox.faults.clear()
    for record in sandbox.records("customers"):
        if record["email"] == EMAIL:
            sandbox.delete("customers", record["id"])


@contextmanager
def typing_in(folder: Path, case: Case, sandbox: Sandbox, screen: Screen, width: int | None = None) -> Iterator[None]:
    """Let what is typed happen in a folder and on a screen, with the settings of a case."""
    settings: dict[str, str | None] = {**sandbox.environment(), "CTP_CONCURRENCY": "1", "CTP_RETRY_SECONDS": "0"}
    if case.client:
        settings |= {"CTP_CLIENT_ID": case.client, "CTP_CLIENT_SECRET": "secret"}
    settings |= {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": str(width or 80), **case.environment}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in settings.items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        patch.setattr(sys, "stdout", screen)
        patch.setattr(sys, "stderr", screen)
        yield


def shown(case: Case, sandbox: Sandbox, folder: Path, width: int | None) -> tuple[int, str]:
    """Return the exit status of a case, and what it leaves on a screen with so many columns; None: no terminal."""
    screen = Screen(is_terminal=width is not None)
    created = [str(record["id"]) for record in sandbox.records("customers") if record["email"] == EMAIL]
    with typing_in(folder, case, sandbox, screen, width), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO((folder / case.stdin).read_text() if case.stdin else ""))
        status = run(["".join(created) if word == "CUSTOMER" else word for word in shlex.split(case.words)])
    return status, screen.shown()


def is_too_wide(line: str, width: int) -> bool:
    """Tell whether a line could be shorter: it has a sentence beyond the edge, and no table needs the room."""
    cell = re.split(r" {2,}", line)[-1]
    if line.startswith(("CREATE ", "SELECT ", " ", "--")) or LOGGED.match(line):
        return False  # SQL, and lines of a log, which is one line an event
    return len(line) > width and " " in cell and width - line.rindex(cell) >= 24 and not PASTED.match(line)


def plain(text: str) -> str:
    for pattern, same in VARYING.items():
        text = re.sub(pattern, same, text)
    return text


@pytest.mark.parametrize(("prepared", "name"), [(name, name) for name in CASES], indirect=["prepared"], ids=CASES)
def test_a_command_prints_what_is_stored_of_it(
    name: str, prepared: Path, sandbox: Sandbox, tmp_path: Path, texts: dict[str, str]
) -> None:
    case = CASES[name]
    by_text: dict[str, list[str]] = {}
    longest = 0
    for where, width in WIDTHS.items():
        if width and width > 80 and longest <= 80:
            continue  # nothing is wide enough to look otherwise
        folder = tmp_path / ("f" * (_PATH - len(f"{tmp_path}//shop"))) / "shop"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(prepared, folder)
        status, text = shown(case, sandbox, folder, width)
        longest = max(longest, *map(len, text.split("\n")))
        assert status == case.status, text
        assert [line for line in text.splitlines() if width and is_too_wide(line, width)] == []
        assert case.value in text
        assert case.advice in " ".join(text.split())
        assert not ONCE.findall(text)
        assert not SEVERAL.findall(text)
        if "--verbose" in case.words:
            # Reading and storing speak from two threads: which of them comes first is no promise.
            text = "\n".join(sorted(plain(text).splitlines()))
        by_text.setdefault(plain(text), []).append(where)
    blocks = [f"--- {', '.join(where)}\n{text}" for text, where in by_text.items()]
    result = "\n".join([f"$ commercetools-source {case.words}", *blocks]).rstrip()
    if WRITE:
        texts[name] = result
    assert texts.get(name) == result, "read what has changed, then run `make texts`"
