"""The work: many records of one kind on disk, so that a server can send any range of them without thinking.

Records are those of the sandbox's shop, repeated under new ids and times. Beside the JSON text lies the same
text deflated in short pieces that can be strung together, so that a gzip answer costs the server no more.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from benchmarks.checksum import shifter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CHANGES", "DAYS", "PIECE", "RESOURCES", "Set", "prepare", "squeeze", "text_of"]

FORMAT = 5
"""Part of the folder's name: another number, and everything is prepared anew."""
DAYS = (datetime(2026, 10, 1, tzinfo=timezone.utc), datetime(2026, 10, 2, tzinfo=timezone.utc))
"""The server's clock on the first run, and on the next one, by which a share of the records has changed."""
CHANGES = {"changed10": 10, "changed1": 100}
"""Name of a set of changed records to: one in how many changed."""
PIECE = {"orders": 10, "products": 10, "customers": 50, "inventory": 100}
"""Records in one deflated piece, about 50 to 80 KB; divides 500."""
RESOURCES = tuple(PIECE)

_FIRST = datetime(2024, 10, 1, tzinfo=timezone.utc)
_SPAN = timedelta(days=720)
_SHOP_ORDERS = 4_000
_TEMPLATES = 1_500
_PRODUCTS = 120  # the smaller ones: about 6 KB on average
_LEVEL = 6
_TOO_NEW = (b'"Canceled"', b'"RecurringOrder"', b'"QuoteRequest"')
"""Values that end the Python SDK's run, which knows an older API: work must be what every reader can do."""


@dataclass(frozen=True, slots=True)
class Set:
    """Records of one resource in one folder, in the order of their only time; `keys` are those times in ms."""

    folder: Path
    resource: str

    @classmethod
    def at(cls, root: Path, resource: str, count: int, name: str = "all") -> Set:
        """Return the set of `count` records (or of those that changed of them) below `root`."""
        return cls(root / f"v{FORMAT}-{resource}-{count}-{name}", resource)

    def write(self, records: Iterator[tuple[int, bytes]]) -> None:
        """Write records with their times; the folder is there once it is complete."""
        draft = self.folder.with_suffix(".draft")
        draft.mkdir(parents=True, exist_ok=True)
        keys, ends, pieces = array("Q"), array("Q", [0]), array("Q", [0, 0, 0, 0])
        with (draft / "text").open("wb") as text, (draft / "deflated").open("wb") as deflated:
            while some := list(islice(records, PIECE[self.resource])):
                keys.extend(key for key, _ in some)
                ends.extend(accumulate((len(record) + 1 for _, record in some), initial=ends.pop()))
                joined = b",".join(record for _, record in some)
                text.write(joined + b",")
                deflated.write(squeeze(joined))
                pieces.extend((deflated.tell(), zlib.crc32(joined), len(joined), shifter(len(joined))))
        for name, values in (("keys", keys), ("ends", ends), ("pieces", pieces)):
            (draft / name).write_bytes(values.tobytes())
        draft.rename(self.folder)


def prepare(root: Path, resource: str, count: int) -> None:
    """Write `count` records of `resource` below `root`, and the sets of those that change; does nothing twice."""
    whole = Set.at(root, resource, count)
    if whole.folder.exists():
        return
    templates = _templates(resource, min(count, _SHOP_ORDERS))
    for name, step in CHANGES.items():
        Set.at(root, resource, count, name).write(_changed(templates, count, step))
    whole.write((at, _record(templates, number, at, at, 1)) for number, at in enumerate(_times(count)))


def text_of(milliseconds: int) -> str:
    """Return an API timestamp."""
    moment = datetime.fromtimestamp(milliseconds // 1000, timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _times(count: int) -> list[int]:
    first, span = int(_FIRST.timestamp() * 1000), int(_SPAN.total_seconds() * 1000)
    return [first + span * number // count for number in range(count)]


def _changed(templates: Sequence[dict[str, str]], count: int, step: int) -> Iterator[tuple[int, bytes]]:
    """Yield every `step`-th record as it was changed in the hour after the first day's clock."""
    times = _times(count)
    start = int((DAYS[0] + timedelta(hours=1)).timestamp() * 1000)
    for place, number in enumerate(range(0, count, step)):
        yield start + place, _record(templates, number, times[number], start + place, 2)


def _record(templates: Sequence[dict[str, str]], number: int, created: int, changed: int, version: int) -> bytes:
    template = templates[number % len(templates)]
    identity = str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC834) % (1 << 128), version=4))
    own = {"id": identity, "version": version, "createdAt": text_of(created), "lastModifiedAt": text_of(changed)}
    fields = ",".join(
        f"{json.dumps(name)}:{json.dumps(own[name])}" if name in own else raw for name, raw in template.items()
    )
    return ("{" + fields + "}").encode()


def _templates(resource: str, orders: int) -> list[dict[str, str]]:
    """Return records of the sandbox's shop: by field, the JSON text from the name on."""
    from commercetools_source.sandbox.shop.generate import generate

    wanted = f"/{resource}"
    rows = generate(orders, 1, DAYS[0])
    bodies = [body for collection, _, body in rows if collection == wanted and not any(new in body for new in _TOO_NEW)]
    if resource == "products":
        bodies = sorted(bodies, key=len)[:_PRODUCTS]
    return [
        {
            name: f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}"
            for name, value in json.loads(body).items()
        }
        for body in bodies[:_TEMPLATES]
    ]


def squeeze(text: bytes | memoryview, level: int = _LEVEL) -> bytes:
    """Return `text` deflated, without a header and ended on a whole byte, so that more can follow."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)


def main() -> None:
    """Prepare the sets that the command line names: a folder, and a JSON list of pairs of resource and count."""
    for resource, count in json.loads(sys.argv[2]):
        prepare(Path(sys.argv[1]), resource, count)


if __name__ == "__main__":
    main()
