"""Deletions as records with `_sdc_deleted_at`, for those who switch them on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("singer_sdk")

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.sandbox import Sandbox
from deleting import delete_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Response, Tap

COLUMN = "_sdc_deleted_at"
TOLD = sorted(name for name, stream in STREAMS.items() if stream.deleted_messages)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=2) as running:
        yield running


def deleted(answer: Response, stream: str) -> list[dict[str, Any]]:
    assert answer.status == 0, answer.err
    return [record for record in answer.records(stream) if COLUMN in record]


def test_a_deletion_is_a_record_with_its_time_once(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("orders", "stores")
    first = tap(catalog=catalog, emit_deletions=True)
    assert not deleted(first, "orders")
    order, store = delete_one(sandbox, "orders"), delete_one(sandbox, "stores")
    second = tap(catalog=catalog, emit_deletions=True, state=first.state)
    (tombstone,) = deleted(second, "orders")
    time = tombstone.pop(COLUMN)
    assert tombstone == order  # the Message holds the order as it was
    assert max(order["lastModifiedAt"], "2000") < time < second.state["bookmarks"]["orders"]["replication_key_value"]
    (tombstone,) = deleted(second, "stores")
    assert {**tombstone, COLUMN: ""} == {"id": store["id"], COLUMN: ""}
    third = tap(catalog=catalog, emit_deletions=True, state=second.state)
    assert not third.counts()


def test_the_column_is_in_the_schema_whatever_is_selected_and_only_if_asked_for(tap: Tap, sandbox: Sandbox) -> None:
    def only_the_id(entry: dict[str, Any]) -> None:
        entry["metadata"].append({"breadcrumb": ["properties", COLUMN], "metadata": {"selected": False}})
        for one in entry["metadata"]:
            if one["breadcrumb"]:
                one["metadata"]["selected"] = one["breadcrumb"] == ["properties", "id"]

    catalog = tap.catalog("stores", change=only_the_id)
    first = tap(catalog=catalog, emit_deletions=True)
    (schema,) = first.of("SCHEMA")
    assert schema["schema"]["properties"][COLUMN] == {"type": ["string", "null"], "format": "date-time"}
    store = delete_one(sandbox, "stores")
    plain = tap(catalog=catalog, state=first.state)
    assert not plain.of("RECORD")
    assert COLUMN not in plain.of("SCHEMA")[0]["schema"]["properties"]
    second = tap(catalog=catalog, emit_deletions=True, state=first.state)
    assert [record["id"] for record in deleted(second, "stores")] == [store["id"]]


def test_discovery_offers_the_column_where_the_platform_tells_of_deletions(tap: Tap) -> None:
    found = json.loads(tap("--discover", emit_deletions=True).out)["streams"]
    offered = {one["tap_stream_id"]: one for one in found if COLUMN in one["schema"]["properties"]}
    assert sorted(offered) == TOLD
    assert tap.metadata(offered["orders"], COLUMN)["inclusion"] == "automatic"


def test_the_documentation_names_these_streams() -> None:
    page = (Path(__file__).parents[3] / "docs" / "singer.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"tell of deletions in ([^.]*)\.", page)
    assert re.findall(r"`(\w+)`", told) == TOLD


def test_a_deletion_carries_the_version_of_its_table(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("stores")
    both = {"emit_deletions": True, "emit_activate_version_messages": True}
    first = tap(catalog=catalog, **both)
    (activated,) = first.of("ACTIVATE_VERSION")
    delete_one(sandbox, "stores")
    second = tap(catalog=catalog, state=first.state, **both)
    assert [one["version"] for one in second.of("RECORD")] == [activated["version"]]


def mapped(tap: Tap, sandbox: Sandbox, **columns: str | None) -> tuple[Response, dict[str, Any]]:
    """Run twice with a stream map, a store being deleted in between; return the second answer and the store."""
    catalog, maps = tap.catalog("stores"), {"stores": columns}
    first = tap(catalog=catalog, emit_deletions=True, stream_maps=maps)
    assert first.status == 0, first.err
    store = delete_one(sandbox, "stores")
    return tap(catalog=catalog, emit_deletions=True, state=first.state, stream_maps=maps), store


def test_a_deletion_goes_through_stream_maps(tap: Tap, sandbox: Sandbox) -> None:
    answer, store = mapped(tap, sandbox, shop="id", label="key", id="id", __else__=None, **{COLUMN: COLUMN})
    (record,) = answer.records("stores")
    assert (record["shop"], record["label"]) == (store["id"], None)
    assert record[COLUMN]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [({"name": "key.upper()"}, "key.upper()"), ({"id": "id", "__else__": None}, "it leaves out _sdc_deleted_at")],
)
def test_a_stream_map_that_cannot_take_deletions_is_told(
    tap: Tap, sandbox: Sandbox, columns: dict[str, str | None], reason: str
) -> None:
    answer, _ = mapped(tap, sandbox, **columns)
    assert answer.status == 1
    assert "the stream map of stores cannot be applied to a deleted record" in answer.err
    assert reason in answer.err
    assert not answer.of("STATE")


def test_deletions_that_may_not_be_read_end_the_run_before_anything_is_written(tap: Tap, sandbox: Sandbox) -> None:
    sandbox.add_client("narrow", "secret", ["view_stores"])
    answer = tap(catalog=tap.catalog("stores"), client_id="narrow", client_secret="secret", emit_deletions=True)
    assert (answer.status, answer.out) == (1, "")
    assert "create an API client that also has the scope view_messages:sample-shop" in answer.err


def test_a_stream_without_messages_about_deletions_needs_no_scope_for_them(tap: Tap, sandbox: Sandbox) -> None:
    sandbox.add_client("shy", "secret", ["view_zones"])
    config = {"client_id": "shy", "client_secret": "secret", "emit_deletions": True}
    catalog = tap.catalog("zones")
    assert "zones" not in TOLD
    first = tap(catalog=catalog, **config)
    assert first.status == 0, first.err
    assert tap(catalog=catalog, state=first.state, **config).status == 0


def test_a_full_table_stream_has_no_deletions_to_tell(tap: Tap, sandbox: Sandbox) -> None:
    def full(entry: dict[str, Any]) -> None:
        entry["replication_method"] = "FULL_TABLE"

    catalog = tap.catalog("stores", change=full)
    first = tap(catalog=catalog, emit_deletions=True)
    delete_one(sandbox, "stores")
    assert not deleted(tap(catalog=catalog, emit_deletions=True, state=first.state), "stores")
