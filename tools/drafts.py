"""Write what the platform takes: the drafts and update actions of its specification, as compact data for the sandbox.

    python tools/drafts.py            write src/commercetools_source/sandbox/changes/drafts.json
    python tools/drafts.py --check    exit 1 if that file is not what it would write

The notation is that of contract.json, and types that contract.json has are not written again.
"""

from __future__ import annotations

import argparse
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
CONTRACT = runpy.run_path(str(Path(__file__).with_name("contract.py")))
SPECIFICATION = CONTRACT["SPECIFICATION"]
TARGET = ROOT / "src" / "commercetools_source" / "sandbox" / "changes" / "drafts.json"
ANSWERS = ROOT / "src" / "commercetools_source" / "catalog" / "contract.json"
# Orders are made of three kinds of drafts; the others have a path of their own.
MORE = ("/orders/import",)


def body_type(operations: dict[str, Any]) -> str:
    """Return the name of the type of a POST's body, or nothing."""
    content = operations.get("post", {}).get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return str(reference).rsplit("/", 1)[-1]


def update_path(path: str) -> str:
    """Return the path of one record of a list endpoint; the project is its own record."""
    return path if path.endswith("}") and path.count("/") == 1 else f"{path}/{{ID}}"


def render(source: Path, answers: Path) -> str:
    """Return the text of the data file: one path and one type per line."""
    doc = yaml.load(source.read_bytes(), Loader=yaml.CSafeLoader)
    contract = json.loads(answers.read_text(encoding="utf-8"))
    added = CONTRACT["additions"].load(CONTRACT["ADDITIONS"])
    types = CONTRACT["Types"](doc["components"]["schemas"], added)
    paths = {}
    for short in sorted([*contract["endpoints"], *MORE]):
        full = CONTRACT["PROJECT"] + short.rstrip("/")
        update = body_type(doc["paths"].get(update_path(full), {}))
        create = body_type(doc["paths"].get(full, {})) if short != "/" else ""
        row = {"create": create, "update": f"{update}Action" if update else ""}
        if any(row.values()):
            paths[short] = {name: value for name, value in row.items() if value}
    rows = CONTRACT["reachable"](types, {name for row in paths.values() for name in row.values()})
    new = {name: row for name, row in rows.items() if name not in contract["types"]}
    compact = CONTRACT["compact"]
    sections = []
    for title, section in (("paths", paths), ("types", new)):
        lines = ",\n".join(f"{compact(name)}: {compact(row)}" for name, row in section.items())
        sections.append(f"{compact(title)}: {{\n{lines}\n}}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main() -> int:
    """Write or check the data file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "specification", type=Path, nargs="?", default=SPECIFICATION, help="the platform's openapi.yaml"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the file is not current")
    given = parser.parse_args()
    text = render(given.specification, ANSWERS)
    if not given.check:
        TARGET.write_text(text, encoding="utf-8")
        print(f"{TARGET}: {len(text)} characters")
        return 0
    current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
    print("current" if current else f"{TARGET} differs; run `make contract`")
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
