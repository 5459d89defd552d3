"""Deletions in Mage: rows with `_mage_deleted_at`, for those who ask for them."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from mage_integrations.sources.catalog import Catalog
from mage_integrations.sources.commercetools import Commercetools

from commercetools_source.sandbox import Fault, Sandbox
from deleting import delete_one

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMN = "_mage_deleted_at"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=3) as running:
        yield running


@pytest.fixture
def config(sandbox: Sandbox) -> dict[str, Any]:
    return {**sandbox.settings(), "settle_seconds": 0, "lookback_seconds": 0}


def synced(config: dict[str, Any], stream: str, method: str, state: dict[str, Any] | None = None) -> list[Any]:
    """Return the lines of a sync of one stream, all its columns chosen."""
    (entry,) = Commercetools().discover([stream]).to_dict()["streams"]
    for row in entry["metadata"]:
        row["metadata"]["selected"] = True
    entry |= {"replication_method": method, "bookmark_properties": ["lastModifiedAt"], "key_properties": ["id"]}
    with redirect_stdout(StringIO()) as written:
        Commercetools(config=config, catalog=Catalog.from_dict({"streams": [entry]}), state=state).process()
    return [json.loads(line) for line in written.getvalue().splitlines()]


def rows(lines: list[Any]) -> list[dict[str, Any]]:
    return [line["record"] for line in lines if line["type"] == "RECORD"]


def last_state(lines: list[Any]) -> dict[str, Any]:
    value: dict[str, Any] = [line for line in lines if line["type"] == "STATE"][-1]["value"]
    return value


@pytest.mark.parametrize(
    ("method", "more"),
    [("LOG_BASED", {}), ("INCREMENTAL", {"emit_deletions": True}), ("INCREMENTAL", {"emit_deletions": "true"})],
)
def test_a_deletion_is_a_row_with_its_time_once(
    sandbox: Sandbox, config: dict[str, Any], method: str, more: dict[str, Any]
) -> None:
    first = synced({**config, **more}, "orders", method)
    assert first[0]["schema"]["properties"][COLUMN] == {"type": ["null", "string"], "format": "date-time"}
    assert {row[COLUMN] for row in rows(first)} == {None}
    gone = delete_one(sandbox, "orders")
    second = synced({**config, **more}, "orders", method, last_state(first))
    (row,) = rows(second)
    assert row["id"] == gone["id"]
    assert row["orderNumber"] == gone["orderNumber"]  # the Message holds the order as it was
    assert gone["lastModifiedAt"] < row[COLUMN] < last_state(second)["bookmarks"]["orders"]["lastModifiedAt"]
    assert rows(synced({**config, **more}, "orders", method, last_state(second))) == []


def test_of_most_records_only_the_id_is_known(sandbox: Sandbox, config: dict[str, Any]) -> None:
    first = synced(config, "stores", "LOG_BASED")
    gone = delete_one(sandbox, "stores")
    (row,) = rows(synced(config, "stores", "LOG_BASED", last_state(first)))
    assert {name for name, value in row.items() if value is not None} == {"id", COLUMN}
    assert (row["id"], set(row)) == (gone["id"], set(rows(first)[0]))


def test_a_lasting_fault_of_messages_costs_a_sync_its_deletions_and_no_record(
    sandbox: Sandbox, config: dict[str, Any]
) -> None:
    first = synced(config, "quotes", "LOG_BASED")
    gone = delete_one(sandbox, "quotes")["id"]
    sandbox.faults.add(Fault("status", "/messages", status=400, times=None))
    try:
        added = sandbox.create("quotes")["id"]
        sandbox.clock.advance(60)
        second = synced(config, "quotes", "LOG_BASED", last_state(first))
    finally:
        sandbox.faults.clear()
    assert [row["id"] for row in rows(second)] == [added]
    third = rows(synced(config, "quotes", "LOG_BASED", last_state(second)))
    assert [row["id"] for row in third if row[COLUMN]] == [gone]


@pytest.mark.parametrize(
    ("stream", "method", "more"),
    [
        ("orders", "INCREMENTAL", {}),
        ("orders", "INCREMENTAL", {"emit_deletions": "false"}),
        ("orders", "FULL_TABLE", {"emit_deletions": True}),
        ("zones", "LOG_BASED", {}),  # no Message tells of these
    ],
)
def test_nobody_is_told_of_deletions_who_does_not_ask_or_cannot_be_told(
    config: dict[str, Any], stream: str, method: str, more: dict[str, Any]
) -> None:
    lines = synced({**config, **more}, stream, method)
    assert COLUMN not in lines[0]["schema"]["properties"]
    assert not any(COLUMN in row for row in rows(lines))


def test_deletions_that_may_not_be_read_end_the_run(sandbox: Sandbox, config: dict[str, Any]) -> None:
    sandbox.add_client("narrow", "secret", ["view_stores"])
    narrow = {**config, "client_id": "narrow", "client_secret": "secret"}
    with pytest.raises(Exception, match="create an API client that also has the scope view_messages:sample-shop"):
        synced(narrow, "stores", "LOG_BASED")


@pytest.mark.parametrize("said", ["perhaps", 2, ["true"]])
def test_a_setting_that_is_neither_yes_nor_no_is_refused(config: dict[str, Any], said: Any) -> None:
    with pytest.raises(Exception, match=r"emit_deletions is .*; it must be true or false"):
        synced({**config, "emit_deletions": said}, "stores", "INCREMENTAL")
