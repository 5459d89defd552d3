"""By no way does anything leave that is dropped, hashed or forgotten; and by each it does leave where it is kept."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.extract.forgotten import PERSON_STREAMS
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sync import sync
from commercetools_source.sync.forget import forget
from hidden import HIDDEN, shown
from marked_shop import EMAIL, ERASED, PERSON, TEXT, marked_streams, rows
from marks import MARK, PAIRS, stored_text
from thorough import ALL
from ways_out import WAYS, Ground, left_in, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "0123456789abcdef"
CHOICES: dict[str, dict[str, Any]] = {
    "keep": {},
    "drop": {"personal": "drop"},
    "hash": {"personal": "hash", "hash_key": KEY},
}


@pytest.fixture(scope="module", name="shop")
def _shop() -> Iterator[Sandbox]:
    with Sandbox(rows=rows()) as sandbox:
        sandbox.clock.advance(3600)
        yield sandbox


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", WAYS)
def test_what_is_personal_leaves_only_where_it_is_kept(
    shop: Sandbox, tmp_path: Path, name: str, choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (name, choice) == ("Parquet in a bucket", "keep") and "ACCEPTANCE" not in os.environ:
        pytest.skip("what a folder of Parquet files keeps, a bucket keeps: make acceptance")
    way = WAYS[name]
    pytest.importorskip(way.needs)
    if choice == "hash" and name != "JSON lines" and not (ALL or os.environ.get("ACCEPTANCE")):
        pytest.skip("what is dropped on this way is hashed on it by the same rows: make thorough, make acceptance")
    if way.is_slow and not os.environ.get("ACCEPTANCE"):
        pytest.skip("only `make acceptance` tries this way")
    text = way.take(Ground(shop, {**shop.settings(), **CHOICES[choice]}, tmp_path, way.streams, monkeypatch))
    assert "CustomerCreated" in text
    assert TEXT in text
    if choice != "keep":
        assert hits(text, MARK, EMAIL, KEY) == []
        return
    assert marked_streams(text) >= _marked() & {*way.streams}
    assert hits(text, EMAIL) != []
    if way.spec:
        for page in tmp_path.glob("*.html"):  # nobody knows where pages went: `forget` says so
            page.unlink()
        told = forget(place_of(way.spec, tmp_path), PERSON).left
        assert way.left in "".join(told)
        assert bool(told) == bool(way.left)
        if way.clean:
            way.clean(tmp_path)
        left = left_in(way.spec, tmp_path)
        assert hits(left, EMAIL, TEXT, *(f"{MARK}-in-{stream.name}-" for stream in PERSON_STREAMS)) == []
        assert marked_streams(left) & {*STREAMS} == (_marked() & {*way.streams}) - {
            stream.name for stream in PERSON_STREAMS
        }


@pytest.mark.parametrize("choice", ["drop", "hash"])
def test_no_failure_and_no_record_left_out_tells_of_a_person(shop: Sandbox, tmp_path: Path, choice: str) -> None:
    broken, other = (record["id"] for record in shop.records("orders")[:2])
    shop.faults.add(
        Fault("unservable", "/orders", records=(broken,), status=500, times=None),
        Fault("corrupt", "/customers", times=1),
        Fault("status", "/carts", status=400, times=None),
    )
    events: list[Any] = []
    try:
        with Client({**shop.settings(), **CHOICES[choice], "retry_seconds": 1}, hook=events.append) as client:
            place = f"jsonl:{tmp_path / 'shop'}"
            summary = sync(client, place, streams=["carts", "customers", "orders"], hook=events.append)
    finally:
        shop.faults.clear()
    assert {outcome.stream: outcome.quarantined for outcome in summary.outcomes}["orders"] == 1
    assert any(outcome.error for outcome in summary.outcomes)
    told = "".join([stored_text(tmp_path), repr(summary), *(f"{event!r} {event.message()}" for event in events)])
    assert other in told
    assert hits(told, MARK, EMAIL, KEY) == []


def test_all_that_is_not_personal_is_unchanged_value_by_value(shop: Sandbox) -> None:
    kept, dropped, hashed = (_records({**shop.settings(), **choice}) for choice in CHOICES.values())
    for stream in STREAMS.values():
        plain = [shown(record, stream.item, HIDDEN | PAIRS) for record in kept[stream.name]]
        assert dropped[stream.name] == plain, stream.name
        assert [shown(record, stream.item, PAIRS) for record in hashed[stream.name]] == plain, stream.name


def _records(settings: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    with Client(settings) as client:
        return {name: list(client.records(name)) for name in STREAMS}


def test_all_that_is_not_of_the_person_is_unchanged_when_they_are_forgotten(shop: Sandbox, tmp_path: Path) -> None:
    place = f"jsonl:{tmp_path / 'shop'}"
    with Client(shop.settings()) as client:
        assert sync(client, place, streams=[*STREAMS]).complete
    before = _lines(tmp_path)
    forget(place, PERSON)
    after = _lines(tmp_path)
    for stream in STREAMS.values():
        erased = ERASED if stream in PERSON_STREAMS else set()
        assert after[stream.name] == [shown(record, stream.item, erased) for record in before[stream.name]], stream.name


def _lines(folder: Path) -> dict[str, list[Any]]:
    files = {name: sorted((folder / "shop" / name).glob("part-*")) for name in STREAMS}
    lines = {
        name: [line for file in paths for line in file.read_text().split("\n") if line] for name, paths in files.items()
    }
    return {name: sorted(map(json.loads, texts), key=_key) for name, texts in lines.items()}


def _key(record: dict[str, Any]) -> str:
    return json.dumps([record.get(name) for name in ("id", "key", "resourceType", "resourceId", "version")])


@cache
def _marked() -> set[str]:
    return {name for _, _, text in rows() for name in marked_streams(text.decode())} & set(STREAMS)


def hits(text: str, *marks: str) -> list[str]:
    """Return where the first of each of `marks` stands in `text`, in any case."""
    folded = text.lower()
    places = [(mark, folded.find(mark.lower())) for mark in marks]
    return [f"{mark}: {text[max(0, place - 200) : place + 80]!r}" for mark, place in places if place >= 0]
