"""A setting is one row: a field that is added to a copy of the package's table works wherever settings are given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import commercetools_source

FIELD = """\
    stall_seconds: float = field(
        default=9.5, metadata=_row(_number("seconds from 1 to 99", 1, 99), "Seconds without a byte.")
    )
"""
BEFORE = "    settle_seconds: float = field("

USE = """\
from commercetools_source import Config, errors
from commercetools_source.frontends.settings_schema import config_schema
from commercetools_source.frontends.spark.options import read_options

GIVEN = {"project_key": "shop", "client_id": "reader", "client_secret": "s3cr3t", "region": "us-central1.gcp"}
assert Config(**GIVEN).stall_seconds == 9.5
assert Config(**GIVEN, stall_seconds=20).stall_seconds == 20.0
assert Config.load(environ={"CTP_STALL_SECONDS": "12"}, overrides=GIVEN).stall_seconds == 12.0
assert read_options({**GIVEN, "stream": "orders", "stall_seconds": "13"}, {}).config.stall_seconds == 13.0
assert config_schema()["properties"]["stall_seconds"] == {
    "type": ["number", "null"], "title": "Stall seconds", "description": "Seconds without a byte.", "default": 9.5
}
for wrong, sentence in (("stall_seconds", "it must be seconds from 1 to 99"), ("stal_seconds", "did you mean stall_")):
    try:
        Config.from_mapping({**GIVEN, wrong: 0})
    except errors.ConfigError as error:
        assert sentence in str(error), error
    else:
        raise AssertionError(wrong)
"""


def test_a_setting_that_is_one_field_more_works_wherever_settings_are_given(tmp_path: Path) -> None:
    package = tmp_path / "commercetools_source"
    shutil.copytree(Path(commercetools_source.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    table = package / "config" / "settings.py"
    text = table.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    table.write_text(text.replace(BEFORE, FIELD + BEFORE), encoding="utf-8")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
