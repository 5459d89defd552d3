"""Every example of the documentation is whole: commands exist with their options, files and code can be parsed."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
import yaml

from commercetools_source.cli.app import app

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
GROUP: Any = typer.main.get_command(app)


def commands_of(line: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours in a line of a shell, without what goes before and behind it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    command: list[str] = []
    for word in [*lexer, ";"]:
        if word[0] in "();<>|&":
            if "commercetools-source" in command:
                yield command[command.index("commercetools-source") + 1 :]
            # Behind > stands a file, and no command.
            command = ["to"] if word[0] in "<>" else []
        else:
            command.append(word)


def parse_command(words: list[str]) -> None:
    """Let typer parse a command of ours, which it does not run."""
    context = GROUP.make_context("commercetools-source", [], resilient_parsing=True)
    command, arguments = GROUP, words
    while hasattr(command, "commands"):
        name, *arguments = arguments
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    command.make_context(words[0], arguments, parent=context)


def check_shell(text: str) -> None:
    for line in text.replace("\\\n", " ").splitlines():
        for words in commands_of(line):
            if words and not words[0].startswith("-"):
                parse_command(words)


def check_units(text: str) -> None:
    """Check files of systemd: what they start is a command of ours."""
    for unit in re.split(r"^# .*$", text, flags=re.MULTILINE):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(unit)
        for section in parser.sections():
            check_shell(re.sub(r"^\S*/", "", parser[section].get("ExecStart", "")))


def check_cron(text: str) -> None:
    for line in text.splitlines():
        if line and not line.startswith("#") and not re.match(r"^\w+=", line):
            *times, command = line.split(maxsplit=5)
            assert len(times) == 5
            assert all(re.fullmatch(r"[\d*/,-]+", field) for field in times)
            check_shell(command)


def check_yaml(text: str) -> None:
    """Check YAML: what it runs, too."""

    def walk(value: Any) -> None:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(inner, (dict, list)):
                walk(inner)
            elif key == "run":
                check_shell(inner)
        if isinstance(value, dict) and isinstance(value.get("command"), list):
            parse_command(value["command"])

    for document in yaml.safe_load_all(text):
        walk(document)


CHECKS: dict[str, Callable[[str], object]] = {
    "sh": check_shell,
    "bash": check_shell,
    "shell": check_shell,
    "console": check_shell,
    "": check_shell,
    "text": len,  # what programs print
    "mermaid": len,  # drawn by whoever shows the page
    "sql": len,  # tests/model/test_analytics.py and others run it
    "yaml": check_yaml,
    "json": json.loads,
    "python": ast.parse,
    "toml": tomllib.loads,
    "ini": check_units,
    "cron": check_cron,
}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_example_of_a_page_can_be_parsed(path: Path) -> None:
    for language, text in BLOCK.findall(path.read_text(encoding="utf-8")):
        CHECKS[language](text)


def test_a_mistake_in_an_example_is_seen() -> None:
    with pytest.raises(Exception, match="--dbd"):
        check_shell("commercetools-source schema --dbd shop")
    with pytest.raises(AssertionError, match="no command snyc"):
        check_shell("cd shop && FOO=1 commercetools-source \\\n snyc")
    with pytest.raises(Exception, match="--nonsense"):
        check_yaml("jobs: [{run: 'commercetools-source sync --nonsense'}]")
