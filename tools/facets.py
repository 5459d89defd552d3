"""Write the limits of numbers and lists in drafts and update actions, which the OpenAPI file does not have.

    python tools/facets.py FOLDER            write src/commercetools_source/sandbox/facets.json
    python tools/facets.py FOLDER --check    exit 1 if that file is not what it would write

FOLDER is a checkout of https://github.com/commercetools/commercetools-api-reference, whose RAML files have them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).parent.parent / "src" / "commercetools_source" / "sandbox" / "facets.json"
FACETS = ("minimum", "maximum", "minItems", "maxItems")


class Loader(yaml.SafeLoader):
    """Reads RAML, whose included files are not needed."""


Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def facets(text: str) -> dict[str, dict[str, Any]]:
    """Return the limits that one RAML type has, by field."""
    row = yaml.load(text, Loader=Loader)  # noqa: S506 - a safe loader
    found = {}
    for name, field in (row.get("properties") or {}).items():
        limits = {facet: field[facet] for facet in FACETS if facet in field} if isinstance(field, dict) else {}
        if limits:
            found[name.rstrip("?")] = limits
    return found


def render(folder: Path, accepted: set[str]) -> str:
    """Return the text of the data file: one type per line, of those that the sandbox takes."""
    types = {}
    for path in sorted((folder / "api-specs" / "api" / "types").rglob("*.raml")):
        if path.stem in accepted and (found := facets(path.read_text(encoding="utf-8"))):
            types[path.stem] = found
    lines = [f"{json.dumps(name)}: {json.dumps(row, sort_keys=True)}" for name, row in sorted(types.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> int:
    """Write the file, or compare it."""
    from commercetools_source.sandbox.changes.published import accepted

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = render(arguments.folder, set(accepted().types))
    if arguments.check:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{TARGET}: {len(text)} characters\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
