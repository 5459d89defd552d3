"""The command line without a platform behind it: usage, settings and what it says about mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from commercetools_source import STREAMS, cli
from commercetools_source.cli import app
from commercetools_source.errors.extras import install_hint

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-s3cr3t-s3cr3t"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CTP_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def closed_port() -> dict[str, str]:
    """Return settings of an API that nobody serves: port 9 of this machine."""
    return {
        "CTP_PROJECT_KEY": "my-shop",
        "CTP_CLIENT_ID": "abc",
        "CTP_CLIENT_SECRET": SECRET,
        "CTP_API_URL": "http://127.0.0.1:9",
        "CTP_AUTH_URL": "http://127.0.0.1:9",
        "CTP_RETRY_SECONDS": "0",
    }


@pytest.mark.parametrize("arguments", [["--help"], ["sync", "--help"], ["--version"]])
def test_help_is_quick_because_it_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from commercetools_source.cli.app import run\n"
        f"run({arguments}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert not {"duckdb", "pyarrow", "starlette", "uvicorn", "lark", "urllib3", "rich.live"} & loaded
    assert "commercetools-source" in done.stdout


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "commercetools_source", "streams", "--json"], capture_output=True, text=True, check=True
    )
    assert [row["stream"] for row in json.loads(done.stdout)] == list(STREAMS)


def without_typer(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys\nsys.modules['typer'] = None\nfrom commercetools_source.cli import main\nmain(sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_without_its_extra_the_command_says_how_to_install_it() -> None:
    done = without_typer("streams")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"the command line needs more: {install_hint('cli')}\n"


def test_who_installs_the_package_for_mage_alone_can_ask_for_its_status() -> None:
    done = without_typer("mage", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["In force", "Why", "File", "Mage"]


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert app.run(["sandbox", "--size", "tiny", "--port", "0"]) == 2
    assert f"the sandbox needs uvicorn: {install_hint('sandbox')}" in capsys.readouterr().err


def test_main_ends_the_process_with_the_commands_status() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["sync"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sync"], "project_key is missing; set it in the settings file or as CTP_PROJECT_KEY"),
        (["check"], "client_secret is missing; set it in the settings file or as CTP_CLIENT_SECRET"),
        (
            ["sync", "--config", "nowhere.env"],
            "the settings file nowhere.env cannot be read: No such file or directory",
        ),
        (["sync", "--config", "shop.yaml"], "its name must end in .env, .json or .toml"),
        (["sync", "--nonsense"], "o such option"),
        (["nonsense"], "o such command"),
        (["sync", "--concurrency", "many"], "--concurrency"),
    ],
)
def test_wrong_usage_and_settings_end_with_status_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert app.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sync", "--streams", "order"], "there is no stream 'order'. Did you mean orders?"),
        (["sync", "--streams", " , "], "--streams names no stream"),
        (["sync", "--destination", "shop.csv"], "shop.csv"),
        (["sync", "--concurrency", "100"], "concurrency is 100; it must be a whole number from 1 to 20"),
        (["sync", "-v", "-q"], "--verbose and --quiet exclude each other"),
        (["check", "--streams", "orders,nope"], "there is no stream 'nope'"),
        (["sandbox", "--size", "huge", "--port", "0"], "huge"),
        (["demo", "--size", "7"], "7"),
    ],
)
def test_a_wrong_option_is_answered_with_the_legal_values(
    arguments: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in closed_port().items():
        monkeypatch.setenv(name, value)
    assert app.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert sentence in captured.err


@pytest.mark.parametrize("command", ["sync", "check"])
def test_an_unreachable_host_is_one_line_and_leaves_nothing_behind(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, value in closed_port().items():
        monkeypatch.setenv(name, value)
    assert app.run([command]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    assert "127.0.0.1" in captured.err
    assert SECRET not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_a_dotenv_in_this_folder_is_read_if_it_is_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".env").write_text("OTHER=1\nnonsense")
    assert app.run(["check"]) == 2
    assert "client_id is missing" in capsys.readouterr().err
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in closed_port().items()))
    assert app.run(["check"]) == 1
    assert "127.0.0.1" in capsys.readouterr().err


def test_the_catalogue_is_listed_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["streams"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(STREAMS) + 2
    assert app.run(["streams", "--json"]) == 0
    rows = {row["stream"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["orders"]["path"] == "/orders"
    assert rows["orders"]["readable_with"] == ["view_orders", "manage_orders", "manage_project"]
    assert rows["customer_groups"]["cursor"] is None


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        (["sy"], ["sync"]),
        (["sync", "--streams", "zones,ord"], ["zones,order_edits", "zones,orders"]),
        (["sync", "--streams", "orders,order_e"], ["orders,order_edits"]),
        (["sync", "--exc"], ["--exclude"]),
        (["sync", "--streams", "rea"], ["readable"]),
        (["sync", "--where", "order_e"], ["order_edits="]),
        (["sync", "--personal", "ha"], ["hash"]),
        (["sync", "-d", "par"], ["parquet:"]),
        (["state", "reset", "zo"], ["zones"]),
        (["schema", "order_line_item_a"], ["order_line_item_attributes"]),
    ],
)
def test_a_shell_can_complete_commands_options_and_streams(typed: list[str], completed: list[str]) -> None:
    environment = {
        **os.environ,
        "_COMMERCETOOLS_SOURCE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["commercetools-source", *typed]),
        "COMP_CWORD": str(len(typed)),
    }
    code = "from commercetools_source.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == completed
