"""`init`: from what the Merchant Center shows to a file of settings, by file, pipe and terminal."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.cli.app import run
from commercetools_source.config import Config
from commercetools_source.config.written import env_text

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox


def block(shop: Sandbox, **changes: str) -> str:
    """Return what the Merchant Center shows."""
    return "".join(f"{name}={value}\n" for name, value in {**shop.environment(), **changes}.items())


@pytest.fixture
def pasted(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdin", text)
    return text


def put(text: io.StringIO, content: str) -> None:
    text.seek(0)
    text.truncate()
    text.write(content)
    text.seek(0)


def test_a_block_becomes_settings_for_its_owner_alone_and_a_command_that_works(
    shop: Sandbox,
    tmp_path: Path,
    pasted: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = shop.environment()
    put(pasted, block(shop))
    for name in settings:
        monkeypatch.delenv(name)
    assert run(["init"]) == 0
    answer = capsys.readouterr()
    assert "50 of 50 can be read" in answer.out
    assert answer.err.splitlines()[-1] == "next: commercetools-source sync"
    assert settings["CTP_CLIENT_SECRET"] not in answer.out + answer.err
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert Config.from_file(tmp_path / ".env") == Config.from_env(settings)
    assert [path.name for path in tmp_path.iterdir()] == [".env"]
    assert run(["check"]) == 0


def test_settings_that_are_refused_replace_none_that_work(
    shop: Sandbox, tmp_path: Path, pasted: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    put(pasted, block(shop))
    assert run(["init"]) == 0
    before = (tmp_path / ".env").read_text()
    put(pasted, block(shop, CTP_CLIENT_SECRET="another-secret"))
    assert run(["init"]) == 2
    assert (tmp_path / ".env").read_text() == before
    answer = capsys.readouterr()
    assert "check client_id, client_secret" in answer.err
    assert "another-secret" not in answer.out + answer.err


def test_settings_of_an_api_that_does_not_answer_are_written(
    shop: Sandbox, tmp_path: Path, pasted: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = {"CTP_API_URL": "http://127.0.0.1:9", "CTP_AUTH_URL": "http://127.0.0.1:9", "CTP_RETRY_SECONDS": "0"}
    put(pasted, block(shop, **nowhere))
    assert run(["init"]) == 1
    assert "could not be checked" in capsys.readouterr().err
    assert Config.from_file(tmp_path / ".env").api_url == "http://127.0.0.1:9"


def test_a_file_that_init_did_not_write_is_left_alone(
    shop: Sandbox, tmp_path: Path, pasted: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=postgres://\n")
    put(pasted, block(shop))
    assert run(["init"]) == 2
    assert (tmp_path / ".env").read_text() == "DATABASE_URL=postgres://\n"
    assert "did not write" in capsys.readouterr().err
    assert run(["init", "--output", "settings.txt"]) == 2
    assert run(["init", "--output", "nowhere/.env"]) == 2


def test_a_saved_file_of_any_form_is_taken(
    shop: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {name.removeprefix("CTP_").lower(): value for name, value in shop.environment().items()}
    (tmp_path / "client.json").write_text(json.dumps(settings))
    assert run(["init", "client.json", "--output", "shop.env"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "next: commercetools-source sync --config shop.env"
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(settings)))
    assert run(["init", "-", "--output", "piped.env"]) == 0
    assert (tmp_path / "piped.env").read_text() == (tmp_path / "shop.env").read_text()


def test_variables_that_win_over_the_new_settings_are_named(
    shop: Sandbox, pasted: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(pasted, block(shop))
    monkeypatch.setenv("CTP_CLIENT_ID", "of-another-shop")
    monkeypatch.setenv("CTP_REGION", "europe-west1.gcp")
    monkeypatch.delenv("CTP_API_URL")
    assert run(["init"]) == 0
    *_, warning, _ = capsys.readouterr().err.splitlines()
    assert warning.startswith("CTP_CLIENT_ID, CTP_REGION in this shell's environment will win over .env")


def test_a_client_that_may_read_some_streams_gets_the_command_for_these(
    shop: Sandbox, pasted: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.add_client("orders-only", "pass", ["view_orders"])
    put(pasted, block(shop, CTP_CLIENT_ID="orders-only", CTP_CLIENT_SECRET="pass"))
    assert run(["init"]) == 0
    answer = capsys.readouterr()
    assert "needs the scope" in answer.out
    assert answer.err.splitlines()[-1] == "next: commercetools-source sync --streams readable"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("asked", [False, True], ids=["pasted", "asked"])
def test_a_terminal_shows_nothing_of_a_secret(shop: Sandbox, tmp_path: Path, *, asked: bool) -> None:
    import pty

    settings = shop.environment()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "commercetools_source", "init"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""

    def see(text: bytes) -> None:
        nonlocal shown
        while text not in shown:
            shown += os.read(ours, 10_000)

    see(b"asked for each value.")
    if asked:
        os.write(ours, b"\n")
        for name in ("PROJECT_KEY", "CLIENT_ID", "CLIENT_SECRET"):
            see(f"{name.replace('_', ' ').lower()}{' (not shown)' if name == 'CLIENT_SECRET' else ''}: ".encode())
            os.write(ours, settings[f"CTP_{name}"].encode() + b"\n")
        see(b"region: ")
        os.write(ours, b"nowhere\n")
        see(b"region is 'nowhere'")
    else:
        # As a clipboard of Windows has it, which many terminals send with an empty line behind each, and with a line
        # that is longer than those that a terminal gathers.
        lines = ["", f"# {'long ' * 1000}", *block(shop).splitlines(), ""]
        os.write(ours, "\r\n".join(lines).encode() + b"\r\n")
        see(b"next: commercetools-source sync")
    assert process.wait() == (2 if asked else 0)
    os.close(ours)
    assert settings["CTP_CLIENT_SECRET"].encode() not in shown
    assert (tmp_path / ".env").exists() is not asked


VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@given(VALUES)
def test_a_secret_is_read_again_as_it_was_written_or_is_not_written(secret: str) -> None:
    config = Config.from_mapping(
        {"project_key": "my-shop", "client_id": "a", "client_secret": secret, "region": "us-central1.gcp"}
    )
    again = Config.from_text(env_text(config), "the file")
    both = "'" in secret and '"' in secret
    assert again.client_secret == config.client_secret or both
    assert again.api_url == config.api_url
