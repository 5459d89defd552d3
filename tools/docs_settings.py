"""Write what pages and the files of Meltano and Mage say of the settings, from the one table of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from commercetools_source.config.settings import SETTINGS
from commercetools_source.frontends.mage import deletions
from commercetools_source.frontends.mage.bases import of_mage
from commercetools_source.frontends.settings_schema import EMIT_DELETIONS, config_schema, deletions_schema
from commercetools_source.frontends.singer.configuration import TAP_SETTINGS

ROOT = Path(__file__).parent.parent
MELTANO, HUB = "meltano.yml", "docs/meltano-hub.yml"
MAGE = "src/commercetools_source/frontends/mage/commercetools/README.md"
# Mage's usual five settings, in the order of its own source's page.
_USUAL = ("region", "host", "project_key", "client_id", "client_secret")
# Meltano 4.4 ends with an error where a variable sets a setting of kind `decimal`.
_KINDS = {"integer": "integer", "number": "integer", "string": "string", "boolean": "boolean"}


def settings_rows() -> str:
    """Return the rows of docs/configuration.md."""
    return "\n".join(
        f"| `{name}` | `{setting.variable}` | {'required' if setting.required else setting.shown_default} |"
        f" {setting.meaning} |"
        for name, setting in SETTINGS.items()
    )


def settings_files() -> dict[str, str]:
    """Return the text of each file outside docs/ that lists the settings, by its path below the root."""
    return {MELTANO: _meltano(MELTANO, " " * 6), HUB: _meltano(HUB, ""), MAGE: _mage()}


def _meltano(path: str, indent: str) -> str:
    """Return Meltano's definition of the tap with its settings written anew."""
    properties = {**config_schema()["properties"], **TAP_SETTINGS}
    rows = [_plugin_setting(name, described) for name, described in properties.items()]
    block: str = yaml.safe_dump({"settings": rows}, sort_keys=False, width=112, allow_unicode=True)
    # Lists are indented, as Meltano writes them.
    text = "".join(f"{indent}{line if line.startswith('settings') else f'  {line}'}\n" for line in block.splitlines())
    pattern = rf"^{indent}settings:\n(?:{indent} +.*\n)*"
    return re.sub(pattern, lambda _: text, _read(path), count=1, flags=re.MULTILINE)


def _plugin_setting(name: str, described: dict[str, Any]) -> dict[str, Any]:
    is_time = described.get("format") == "date-time"
    row = {
        "name": name,
        "label": described["title"],
        "kind": "date_iso8601" if is_time else _KINDS[described["type"][0]],
        "description": described["description"],
    }
    if described.get("secret"):
        row["sensitive"] = True
    if "default" in described:
        default = described["default"]
        row["value"] = int(default) if isinstance(default, float) and default.is_integer() else default
    return row


def _mage() -> str:
    """Return the page that Mage shows beside the source's settings, with its two tables written anew."""
    usual = [f"| `{name}` | {SETTINGS[name].meaning} | `{SETTINGS[name].sample}` |" for name in _USUAL]
    defaults = {name: setting.shown_default for name, setting in SETTINGS.items() if name not in _USUAL}
    defaults["request_timeout"] = f"{of_mage('sources.http.client').REQUEST_TIMEOUT:g}"
    added = [
        f"| `{name}` | {SETTINGS[name].meaning} | {f'`{default}`' if default else ''} |"
        for name, default in defaults.items()
    ]
    added.append(f"| `{EMIT_DELETIONS}` | {deletions_schema(deletions.COLUMN)['description']} | `false` |")
    text = _table(_read(MAGE), "Sample value", usual)
    return _table(text, "Default", added)


def _table(text: str, column: str, rows: list[str]) -> str:
    """Return `text` with `rows` in the table whose last column is `column`."""
    head = rf"(\| Key \| Description \| {column} \|\n\| --- \| --- \| --- \|\n)(?:\|.*\n)*"
    return re.sub(head, lambda match: match[1] + "\n".join(rows) + "\n", text, count=1)


def _read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
