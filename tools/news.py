"""List what the platform's TypeScript SDK knows beyond the contract, as rows for additions.json.

    python tools/news.py commercetools-platform-sdk-9.5.0.tgz

Nothing is written: a person reads the rows, gives each the page that states it, and puts it into additions.json, or
names its type there under `left` with the reason. The declarations have no formats, so that `string` may be a date
and `number` an integer. Exits 1 if there is news. `make news` fetches the package and runs this.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from declarations import declared, fields_of, variants_of

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parent.parent / "src" / "commercetools_source"
CONTRACT = PACKAGE / "catalog" / "contract.json"
ADDITIONS = PACKAGE / "catalog" / "additions.json"
DRAFTS = PACKAGE / "sandbox" / "changes" / "drafts.json"
MODELS = re.compile(r"package/dist/declarations/src/generated/models/[\w-]+\.d\.ts")
# Whole other records put into a reference on request, which the contract leaves out (tools/contract.py).
EXPANDED = "obj"


def read(archive: Path) -> dict[str, dict[str, Any]]:
    """Return all types that the package in `archive` declares."""
    types: dict[str, dict[str, Any]] = {}
    with tarfile.open(archive) as package:
        for member in package:
            body = package.extractfile(member) if MODELS.fullmatch(member.name) else None
            if body is not None:
                types |= declared(body.read().decode("utf-8"))
    return types


def news(
    types: dict[str, dict[str, Any]], contract: dict[str, dict[str, Any]], left: set[str]
) -> Iterator[dict[str, str]]:
    """Yield a row for all that `types` declare of the types of `contract`, except `left`, and it does not have."""
    waiting, seen = sorted(set(contract) - left), set(contract)
    while waiting:
        name = waiting.pop(0)
        for row in additions(name, types, contract.get(name, {})):
            yield row
            # A type that only news speak of is news itself.
            for spoken in re.findall(r"\w+", row.get("is", "")):
                if spoken in types and spoken not in seen:
                    seen.add(spoken)
                    waiting.append(spoken)


def additions(name: str, types: dict[str, dict[str, Any]], row: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield what is declared of one type beyond its `row` of the contract, which is empty for a new type."""
    for value in types.get(name, {}).get("enum", ()):
        if value not in row.get("enum", ()) and (not row or "enum" in row):
            yield {"type": name, "value": value}
    tagged = variants_of(types, name, row.get("tag", "")) if not row or "tag" in row else {}
    for value, variant in tagged.items():
        if value not in row.get("variants", {}):
            yield {"type": name, "tag": value, "is": variant}
    if not row or "fields" in row:
        base = f"I{name}" if f"I{name}" in types else name
        for field, text in fields_of(types, base).items():
            if field not in row.get("fields", {}) and field != EXPANDED:
                yield {"type": name, "field": field, "is": text}


def main() -> int:
    """Print the rows; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the npm package as it is published, a .tgz file")
    types = read(parser.parse_args().package)
    if not types:
        parser.error("the package has no type declarations where the platform's SDK has them")
    contract, drafts, reviewed = (json.loads(path.read_text("utf-8")) for path in (CONTRACT, DRAFTS, ADDITIONS))
    left = {row["type"] for row in reviewed["left"]}
    rows = list(news(types, contract["types"] | drafts["types"], left))
    for row in rows:
        print(json.dumps(row))
    print(f"{len(rows)} rows beyond the contract", file=sys.stderr)
    return 1 if rows else 0


if __name__ == "__main__":
    sys.exit(main())
