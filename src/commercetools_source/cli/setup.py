"""What `init` does: takes the settings of an API client as the Merchant Center shows them, and writes a `.env`."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

import typer

from commercetools_source.cli.output import say
from commercetools_source.cli.values import refuse_place
from commercetools_source.config import Config
from commercetools_source.config.settings import REGIONS
from commercetools_source.config.written import SIGN, env_text
from commercetools_source.errors import ConfigError
from commercetools_source.events import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["refuse_output", "settings_from", "write_env"]

_HELP = (
    "Create an API client in the Merchant Center: Settings, Developer settings, Create new API client.",
    "Choose the format 'Environment variables (.env)', paste what it shows here, and press Enter on an empty line.",
    "What you paste is not shown. Or press Enter now, to be asked for each value.",
)
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
        say(f"{counted(len(text.splitlines()), 'line')} read")
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
    lines = []
    with _unseen(stdin):
        say(*_HELP)  # not before the terminal hides what comes: a fast hand pastes at once
        for line in stdin:
            if not line.strip():
                break
            lines.append(line)
    return "".join(lines)


@contextmanager
def _unseen(stdin: TextIO) -> Iterator[None]:
    """Let a terminal not show what is typed; `getpass` would throw away all but the first line of what is pasted."""
    try:
        import termios
    except ImportError:  # Windows
        yield
        return
    number = stdin.fileno()
    before = termios.tcgetattr(number)
    hidden = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    # TCSAFLUSH would throw away what was pasted before this line.
    termios.tcsetattr(number, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
