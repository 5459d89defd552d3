"""What is measured: one row per case. A reader's row is repeated, the floor beside it each time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "COUNTS",
    "OURS",
    "OUTPUTS",
    "PEERS",
    "PREPARED",
    "Case",
    "Peer",
    "besides",
    "checked",
    "everything",
    "smoke",
]

COUNTS = {"orders": 20_000, "products": 20_000, "customers": 50_000, "inventory": 100_000}
"""Records of one run of ours and of the floor: about as many bytes of each, but for the small ones."""
LATENCY = 0.1
SIZES = {10_000: 5, 100_000: 3, 1_000_000: 2}
"""Sizes of one stream that are compared, and how often each is measured."""
PREPARED = {**{resource: (count,) for resource, count in COUNTS.items()}, "inventory": tuple(SIZES)}
"""Sizes of the sets of records that are prepared."""

OURS = ("pages", "engine", "records", "singer", "jsonl", "parquet", "duckdb")
OUTPUTS = {
    "pages": "raw pages, one after the other",
    "engine": "raw pages, side by side",
    "records": "dicts in Python",
    "singer": "Singer lines",
    "jsonl": "JSON lines",
    "parquet": "Parquet files",
    "duckdb": "a DuckDB file",
    "changed": "a DuckDB file, changes merged",
    "airbyte": "Airbyte lines",
    "dlt": "a DuckDB file, by dlt",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """Another reader: what to install, which of our outputs it is compared with, how it is run, how much it reads."""

    name: str
    packages: tuple[str, ...]
    module: str
    output: str
    arguments: tuple[str, ...] = ()
    orders: int = 1_000
    other: int = 2_000
    resources: tuple[str, ...] = tuple(COUNTS)
    rounds: int = 2
    proxied: bool = False


PEERS = (
    Peer("Python SDK `commercetools`", ("commercetools",), "labd", "records", orders=300, other=1_000),
    Peer(
        "Airbyte `source-commercetools`",
        ("airbyte-source-commercetools",),
        "airbyte",
        "singer",
        resources=("orders", "products", "customers"),  # it has no inventory
        proxied=True,
    ),
    Peer("singer-sdk `RESTStream`", ("singer-sdk",), "singer", "singer"),
    Peer("Mage's loop, without its limit", ("requests", "simplejson"), "mage", "singer", ("free",)),
    Peer(
        "Mage's loop",
        ("requests", "simplejson"),
        "mage",
        "singer",
        ("limited",),
        orders=2_020,  # the limit is felt from the 101st request on
        resources=("orders",),
        rounds=1,
    ),
    Peer(
        "dlt `rest_api`, flat",
        ("dlt[duckdb,parquet]",),
        "dlt_rest",
        "duckdb",
        ("duckdb", "flat"),
        orders=4_000,
        other=4_000,
    ),
    Peer(
        "dlt `rest_api`, child tables",
        ("dlt[duckdb,parquet]",),
        "dlt_rest",
        "duckdb",
        ("duckdb", "nested"),
        orders=200,
        resources=("orders",),
    ),
    Peer(
        "dlt `rest_api`, flat",
        ("dlt[duckdb,parquet]",),
        "dlt_rest",
        "parquet",
        ("parquet", "flat"),
        orders=4_000,
        other=4_000,
    ),
    Peer(
        "dlt `rest_api`, flat",
        ("dlt[duckdb,parquet]",),
        "dlt_rest",
        "jsonl",
        ("jsonl", "flat"),
        orders=4_000,
        other=4_000,
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One reader on one kind of work, `rounds` times. `changes`: what the second run finds changed.

    `scale`: the row belongs to the table that compares sizes. `personal`: the choice for personal data, if not "keep".
    """

    output: str
    resource: str
    records: int
    gzip: bool = True
    latency: float = 0.0
    rounds: int = 3
    peer: Peer | None = None
    changes: str = ""
    scale: bool = False
    personal: str = ""

    @property
    def key(self) -> str:
        """The name under which its result is kept."""
        who = "ours" if self.peer is None else " ".join((self.peer.module, *self.peer.arguments))
        packing = "gzip" if self.gzip else "plain"
        words = (
            who,
            self.output,
            self.resource,
            str(self.records),
            packing,
            f"{self.latency:g}s",
            self.changes,
            "size" * self.scale,
            self.personal,
        )
        return " / ".join(filter(None, words))


def everything() -> Iterator[Case]:
    """Yield the full benchmark."""
    for resource, count in COUNTS.items():
        yield from (Case(output, resource, count) for output in OURS)
    yield from (Case(output, "orders", COUNTS["orders"], gzip=False) for output in OURS)
    yield from (Case(output, "orders", COUNTS["orders"], latency=LATENCY, rounds=2) for output in OURS)
    for resource, count in COUNTS.items():
        yield from (Case("changed", resource, count, changes=changes) for changes in ("changed10", "changed1"))
    yield from (
        Case("changed", "inventory", max(SIZES), rounds=2, changes=changes) for changes in ("changed10", "changed1")
    )
    for count, rounds in SIZES.items():
        for output in ("singer", "jsonl", "parquet", "duckdb"):
            yield Case(output, "inventory", count, rounds=rounds, scale=True)
    for peer in PEERS:
        for resource in peer.resources:
            count, rounds = (peer.orders, peer.rounds) if resource == "orders" else (peer.other, 1)
            yield Case(peer.output, resource, count, rounds=rounds, peer=peer)
    for peer in PEERS:
        if peer.arguments not in {("limited",), ("duckdb", "nested")}:
            yield Case(peer.output, "orders", min(peer.orders, 1_000), latency=LATENCY, rounds=1, peer=peer)


def besides() -> Iterator[Case]:
    """Yield what `make bench` measures besides, and publishes when all is measured anew."""
    yield from (Case(output, "orders", COUNTS["orders"]) for output in ("airbyte", "dlt"))
    for output in ("singer", "parquet"):
        yield from (Case(output, "orders", COUNTS["orders"], personal=choice) for choice in ("drop", "hash"))


def checked() -> Iterator[Case]:
    """Yield what `make bench-check` measures again."""
    for resource in ("orders", "inventory"):
        yield from (Case(output, resource, COUNTS[resource], rounds=5) for output in OURS)
    yield from (Case(output, "orders", COUNTS["orders"], latency=LATENCY) for output in ("engine", "singer"))


def smoke() -> Iterator[Case]:
    """Yield what the tests run: what ways have in common, on little work; `make bench` runs each of them."""
    yield from (Case(output, "orders", 1_000, rounds=1) for output in ("pages", "engine", "parquet", "airbyte"))
    yield Case("changed", "orders", 1_000, rounds=1, changes="changed10")
    yield Case("singer", "orders", 1_000, rounds=1, personal="hash")
    yield replace(Case("pages", "orders", 1_000, rounds=1), gzip=False)
