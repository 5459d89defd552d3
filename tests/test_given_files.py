"""Files that a person names: pipes end, and a name that comes twice is refused, whoever reads them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.config import Config
from commercetools_source.config.files import read_settings_text
from commercetools_source.config.given import read_given
from commercetools_source.errors import CommercetoolsError, ConfigError, StateError
from commercetools_source.frontends.json_files import json_file, json_value
from commercetools_source.frontends.mage.standin.sources.utils import parse_args
from piping import piped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRETS = "s3cr3t-one", "s3cr3t-two"
SETTINGS = {"project_key": "shop", "client_id": "me", "client_secret": SECRETS[0], "region": "us-central1.gcp"}


def test_a_pipe_is_read_to_its_end() -> None:
    assert read_given(piped(b"{}")) == b"{}"
    assert read_given(piped(b"")) == b""


def test_a_pipe_that_nobody_writes_to_is_given_up_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.json")
    with pytest.raises(TimeoutError, match=r"it is a pipe, and nobody wrote into it for 0\.01 seconds"):
        read_given(tmp_path / "shop.json", 0.01)


def test_a_pipe_whose_writer_falls_silent_is_given_up_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "shop.json")
    writer = os.open(tmp_path / "shop.json", os.O_RDWR)
    os.write(writer, b"{")
    with pytest.raises(TimeoutError):
        read_given(tmp_path / "shop.json", 0.01)
    os.close(writer)


def test_a_config_may_come_from_a_pipe() -> None:
    assert json_file(str(piped(json.dumps(SETTINGS).encode())), "config", ConfigError) == SETTINGS


@pytest.mark.parametrize(
    "text",
    [json.dumps(SETTINGS), "\n".join(f"export CTP_{name.upper()}='{value}'" for name, value in SETTINGS.items())],
)
def test_settings_from_a_pipe_are_recognized_by_what_they_say(text: str) -> None:
    assert Config.from_file(piped(text.encode())).project_key == "shop"


READERS: dict[str, Callable[[str], Any]] = {
    "settings that were pasted": lambda text: read_settings_text(text, "the settings"),
    "a config": lambda text: json_value(text, "the config file", ConfigError),
    "a state": lambda text: json_value(text.encode(), "the state file", StateError),
    "the settings of Mage": lambda text: parse_args([], ["--config_json", text]),
    "the catalog of Mage": lambda text: parse_args([], ["--catalog_json", text]),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text",
    [
        '{"client_secret": "s3cr3t-one", "client_secret": "s3cr3t-two"}',
        '{"a": [{"client_secret": 1}, {"client_secret": "s3cr3t-one", "b": 1, "client_secret": "s3cr3t-two"}]}',
        '{"client_secret": {"a": [1]}, "client_secret": {"a": [1.0]}}',
    ],
)
def test_json_with_two_values_of_a_name_is_refused_and_no_value_shown(reader: str, text: str) -> None:
    with pytest.raises(CommercetoolsError, match="has 'client_secret' twice, and only one value can hold") as raised:
        READERS[reader](text)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("reader", [name for name in READERS if name != "settings that were pasted"])
@pytest.mark.parametrize("value", ["null", "1.5", '{"client_id": [{"a": "b"}]}'])
def test_json_may_say_the_same_twice_as_the_states_of_pyairbyte_do(reader: str, value: str) -> None:
    text = f'{{"project_key": "shop", "global_": {value}, "streams": [], "global_": {value}}}'
    READERS[reader](text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "CTP_CLIENT_SECRET=s3cr3t-one\nA=1\nexport CTP_CLIENT_SECRET='s3cr3t-two'\n"),
        ("shop.json", '{"CTP_CLIENT_SECRET": "s3cr3t-one", "CTP_CLIENT_SECRET": "s3cr3t-two"}'),
    ],
)
def test_a_settings_file_with_a_name_twice_is_refused_and_no_value_shown(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=f"{name} has 'CTP_CLIENT_SECRET' twice") as raised:
        Config.from_file(tmp_path / name)
    assert "s3cr3t" not in str(raised.value)


def test_a_line_of_another_program_may_come_twice(tmp_path: Path) -> None:
    lines = [f"CTP_{name.upper()}={value}" for name, value in SETTINGS.items()]
    (tmp_path / ".env").write_text("\n".join(["PATH=a", "PATH=b", *lines]))
    assert Config.from_file(tmp_path / ".env").project_key == "shop"
