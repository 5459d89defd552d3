"""Every example of the documentation is whole: commands exist with their options, files and code can be parsed."""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
import yaml

from commercetools_source.cli.app import app
from commercetools_source.sandbox import Fault, Sandbox
from shops import rows_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))  # as `python tools/docs.py` has it
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
            # What is built is an image of this name.
            if "commercetools-source" in command and command[:2] != ["docker", "build"]:
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


def units_of(text: str) -> Iterator[configparser.ConfigParser]:
    """Yield the files of systemd in an example."""
    for unit in filter(str.strip, re.split(r"^# /etc/.*$", text, flags=re.MULTILINE)):
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(unit)
        yield parser


def check_units(text: str) -> None:
    """Check files of systemd: what they start is a command of ours."""
    for unit in units_of(text):
        for section in unit.sections():
            check_shell(re.sub(r"^\S*/", "", unit[section].get("ExecStart", "")))


def check_cron(text: str) -> None:
    for line in text.splitlines():
        if line and not line.startswith("#") and not re.match(r"^\w+=", line):
            *times, command = line.split(maxsplit=5)
            assert len(times) == 5
            assert all(re.fullmatch(r"[\d*/,-]+", field) for field in times)
            check_shell(re.sub(r"^\S*/", "", command))


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


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/zones", "/customers")) as sandbox:
        yield sandbox


def examples(name: str) -> list[str]:
    text = (ROOT / "docs" / "how-to" / f"{name}.md").read_text(encoding="utf-8")
    return [code for language, code in BLOCK.findall(text) if language == "python"]


@pytest.mark.parametrize("name", ["airflow", "dagster"])
def test_a_task_copies_the_shop_and_fails_when_the_copy_is_not_complete(
    shop: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """The scheduler is played by a module whose decorators return the function, or call it."""
    tasks: list[Callable[[], Any]] = []

    def decorator(**options: Any) -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            is_dag = "max_active_runs" in options
            if not is_dag:
                tasks.append(function)
            return function if is_dag else lambda: None

        return decorate

    module: Any = ModuleType("airflow.sdk" if name == "airflow" else name)
    module.dag = module.task = module.asset = decorator
    module.ScheduleDefinition = module.Definitions = module.MaterializeResult = dict
    module.Failure = RuntimeError
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for variable, value in {**shop.environment(), "SHOP": f"jsonl:{tmp_path}"}.items():
        monkeypatch.setenv(variable, value)
    (code,) = examples(name)
    exec(code, {"__name__": "example"})  # noqa: S102 - the page's own code
    (task,) = tasks
    result = task()
    records = result["metadata"]["records"] if name == "dagster" else result
    assert records > len(shop.records("customers")) > 0
    shop.faults.add(Fault("status", "/zones", status=403, times=None))
    try:
        with pytest.raises(RuntimeError, match=r"not complete.*zones"):
            task()
    finally:
        shop.faults.clear()


def test_the_cells_of_a_notebook_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    cells: dict[str, Any] = {}
    for code in examples("notebooks"):
        exec(code, cells)  # noqa: S102 - the page's own code
    assert "SKU-" in capsys.readouterr().out


def test_each_message_of_the_page_of_troubleshooting_is_one_of_ours() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8").partition("## By error")[0]
    messages = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert len(messages) >= 10
    assert [message for message in messages if message not in sources] == []


def test_the_site_has_every_page() -> None:
    from docs_llms import site_pages

    pages = [path for _, chapter in site_pages() for _, path in chapter]
    assert sorted(pages) == sorted(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md"))
    text = (ROOT / "docs" / "llms.txt").read_text(encoding="utf-8")
    assert all(re.search(rf"\({path.removesuffix('.md')}\.html\): \S", text) for path in pages)


def test_a_service_that_is_stopped_has_not_failed(shop: Sandbox, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "schedule.md").read_text(encoding="utf-8")
    services = [
        unit["Service"]
        for language, text in BLOCK.findall(page)
        for unit in (units_of(text) if language == "ini" else ())
        if "Service" in unit
    ]
    assert len(services) == 2
    for number, service in enumerate(services):
        (words,) = commands_of(re.sub(r"^\S*/", "", service["ExecStart"]))
        command = [sys.executable, "-m", "commercetools_source", *words]
        (tmp_path / str(number)).mkdir()
        environment = {**os.environ, **shop.environment()}
        with subprocess.Popen(command, cwd=tmp_path / str(number), env=environment) as process:
            waiting = [process]  # a second signal would cut off what the first one ends
            shop.before_request(lambda _, waiting=waiting: [waiting.pop().terminate() for _ in waiting[:1]])
        assert str(process.returncode) in service["SuccessExitStatus"].split()


def test_the_image_runs_as_nobody_special_and_its_commands_exist() -> None:
    lines = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line[:1] not in "# "]
    parts = [line.partition(" ")[::2] for line in lines if line]
    assert [words.split()[0] for name, words in parts if name == "FROM"] == ["python:3.13-slim"] * 2
    final = parts[[name for name, _ in parts].index("FROM", 1) :]
    assert dict(final)["USER"] == "shop"
    assert [name for name, _ in final if name == "USER"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = json.loads(dict(final)["ENTRYPOINT"])
    assert entry in scripts["scripts"]
    parse_command(json.loads(dict(final)["CMD"]))
    (extras,) = re.findall(r"/source\[([\w,]+)\]", " ".join(lines))
    assert set(extras.split(",")) <= set(scripts["optional-dependencies"])
    copied = {line[1:] for line in (ROOT / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert all((ROOT / name).exists() for name in copied)
    assert {"pyproject.toml", "README.md", "LICENSE", "hook", "src"} <= copied  # what a wheel is built from


def test_the_services_of_the_compose_file_fit_the_sandbox(shop: Sandbox) -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in services.values():
        parse_command(service["command"])
    port = services["sandbox"]["command"][2]
    expected = {name: value.replace(str(shop.port), port) for name, value in shop.environment().items()}
    assert services["sync"]["environment"] == expected
    assert port in services["sandbox"]["healthcheck"]["test"][3]


def test_a_mistake_in_an_example_is_seen() -> None:
    with pytest.raises(Exception, match="--dbd"):
        check_shell("commercetools-source schema --dbd shop")
    with pytest.raises(AssertionError, match="no command snyc"):
        check_shell("cd shop && FOO=1 commercetools-source \\\n snyc")
    with pytest.raises(Exception, match="--nonsense"):
        check_yaml("jobs: [{run: 'commercetools-source sync --nonsense'}]")
