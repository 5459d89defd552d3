"""The definitions for Meltano say what the tap says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("singer_sdk")

from commercetools_source.frontends.settings_schema import config_schema
from commercetools_source.frontends.singer.tap import TapCommercetools

ROOT = Path(__file__).parents[3]
HUB = ROOT / "docs" / "meltano-hub.yml"
PROJECT = ROOT / "meltano.yml"
OWN = ("emit_activate_version_messages", "emit_deletions")
# Meltano 4.4 ends with an error where a variable sets a setting of kind `decimal`.
KINDS = {"integer": "integer", "number": "integer", "string": "string"}


def definition(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found if path == HUB else found["plugins"]["extractors"][0]


@pytest.mark.parametrize("path", [HUB, PROJECT], ids=["hub", "project"])
def test_the_settings_are_those_of_the_tap(path: Path) -> None:
    settings = {row["name"]: row for row in definition(path)["settings"]}
    expected = config_schema()["properties"]
    assert list(settings) == [*expected, *OWN]
    schema: dict[str, Any] = {"properties": {}}
    TapCommercetools.append_builtin_config(schema)
    own = schema["properties"]
    for name in OWN:
        told = {"kind": "boolean", "value": False, "description": own[name]["description"]}
        assert told.items() <= settings[name].items()
    for name, row in expected.items():
        kind = "date_iso8601" if row.get("format") == "date-time" else KINDS[row["type"][0]]
        assert settings[name]["kind"] == kind
        assert settings[name]["description"] == row["description"]
        assert settings[name].get("value") == row.get("default")
        assert settings[name].get("sensitive", False) == row.get("secret", False)


@pytest.mark.parametrize("path", [HUB, PROJECT], ids=["hub", "project"])
def test_the_capabilities_are_those_of_the_tap(path: Path) -> None:
    found = definition(path)
    assert set(found["capabilities"]) == {one.value for one in TapCommercetools.capabilities} | {"test"}
    assert found["executable"] == TapCommercetools.name
