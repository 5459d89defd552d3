"""What `init` does: takes the settings of an API client as the Merchant Center shows them, and writes a `.env`."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from select import select
from typing import TYPE_CHECKING, TextIO

import typer

from commercetools_source.cli.output import say
from commercetools_source.cli.values import refuse_place
from commercetools_source.config import Config
from commercetools_source.config.settings import REGIONS, SETTINGS
from commercetools_source.config.written import SIGN, env_text
from commercetools_source.errors import ConfigError
from commercetools_source.events import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["overridden_by", "refuse_output", "settings_from", "write_env"]

_HELP = (
    "Create an API client in the Merchant Center: Settings, Developer settings, Create new API client.",
    "Choose the format 'Environment variables (.env)', paste what it shows here, and press Enter on an empty line.",
    "What you paste is not shown. Or press Enter now, to be asked for each value.",
)
_ENDING = re.compile(rb"(^|\n)[ \t]*\n$")
_CTRL_D = b"\x04"
_PAUSE = 0.2
"""Seconds without a byte that end a paste."""
_QUESTIONS = ("project_key", "client_id", "client_secret", "region")


def refuse_output(path: Path) -> None:
    """Raise ConfigError where no `.env` can be written at `path`, before anybody is asked for a secret."""
    if not path.name.startswith(".env") and path.suffix != ".env":
        raise ConfigError(f"--output is {path}; its name must end in .env, as --config asks")
    # What `init` wrote may be replaced; a `.env` of somebody else may hold settings of other programs.
    refuse_place(path, "--output", SIGN.encode())


def settings_from(file: Path | None) -> Config:
    """Return the settings of a file, of standard input, or of what a person at a terminal pastes or answers."""
    # `-` is standard input by the convention of Unix; a file of this name can be given as `./-`.
    if file is not None and str(file) != "-":
        return Config.from_file(file)
    # Where nobody sits at a terminal a question would wait for ever, so what is piped in counts as pasted.
    if file is not None or not sys.stdin.isatty():
        return Config.from_text(sys.stdin.read(), "standard input")
    text = _pasted(sys.stdin)
    if text.strip():
        say(f"{counted(sum(bool(line.strip()) for line in text.splitlines()), 'line')} read")
        return Config.from_text(text, "what you pasted")
    return Config.from_mapping({name: _answer(name) for name in _QUESTIONS})


def write_env(config: Config, path: Path) -> None:
    """Write the settings to `path`, for its owner alone, as a whole or not at all; raises ConfigError."""
    from commercetools_source.destinations.store.atomic import replace_file

    text = env_text(config)
    # Read back before it is written: the file must say what was given, to the last character.
    if env_text(Config.from_text(text, str(path))) != text:
        raise ConfigError("the client's secret has quotes that a .env cannot hold; write a .json file of settings")
    try:
        # For its owner from the first byte: a file that is closed to others afterwards can be read in between.
        replace_file(path, lambda out: out.write(text.encode()), mode=0o600)
    except OSError as error:
        raise ConfigError(f"--output is {path}, which cannot be written: {error.strerror}") from None


def overridden_by(environ: Mapping[str, str], path: Path) -> list[str]:
    """Return the variables of the environment that win over what the settings file says; raises ConfigError."""
    written, effective = Config.load(path), Config.load(path, environ)
    changed = [name for name in SETTINGS if getattr(written, name) != getattr(effective, name)]
    # A region there changes the URLs, too, of which it has no variables.
    return [name for name in (SETTINGS[setting].variable for setting in changed) if name in environ]


def _answer(name: str) -> str:
    label = name.replace("_", " ")
    if name == "region":
        say(f"The regions are {', '.join(REGIONS)}.")
    answer: str = typer.prompt(
        f"{label} (not shown)" if name == "client_secret" else label, hide_input=name == "client_secret", err=True
    )
    return answer


def _pasted(stdin: TextIO) -> str:
    """Return the lines up to an empty one, which the terminal does not show where it can be told so."""
    with _unseen(stdin) as read:
        say(*_HELP)  # not before the terminal hides what comes: a fast hand pastes at once
        return read()


@contextmanager
def _unseen(stdin: TextIO) -> Iterator[Callable[[], str]]:
    """Let a terminal not show what is typed, and give what reads it up to an empty line.

    `getpass` would throw away all but the first line of what is pasted.
    """
    try:
        import termios
    except ImportError:  # Windows
        yield lambda: "".join(takewhile(str.strip, stdin))
        return
    number = stdin.fileno()
    before = termios.tcgetattr(number)
    hidden = [*before[:6], [*before[6]]]
    # As it comes and not by lines, which a terminal cuts (at 1,024 bytes on macOS): that of all scopes is longer.
    hidden[3] &= ~(termios.ECHO | termios.ICANON)
    hidden[6][termios.VMIN], hidden[6][termios.VTIME] = 1, 0
    # TCSAFLUSH would throw away what was pasted before this line.
    termios.tcsetattr(number, termios.TCSADRAIN, hidden)
    try:
        yield partial(_typed, number, stdin.encoding)
    finally:
        # What still comes of a paste would be run by the shell, and shown: the secret may be in it.
        termios.tcsetattr(number, termios.TCSAFLUSH, before)


def _typed(number: int, encoding: str) -> str:
    """Return what a terminal sends up to an empty line that nothing follows at once, or to Ctrl-D."""
    text = b""
    while block := os.read(number, 1 << 16):
        text += block
        # Where each line of the clipboard ends in CR and LF, many terminals send two ends of lines.
        is_last = _ENDING.search(text) and not select([number], [], [], _PAUSE)[0]
        if is_last or text.endswith(_CTRL_D):
            break
    return text.removesuffix(_CTRL_D).decode(encoding, "replace")
