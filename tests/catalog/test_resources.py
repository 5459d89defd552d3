"""Every row of the catalogue, held against the platform's published contract and against the facts gathered of it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.scopes import missing_scope, readable_with
from commercetools_source.catalog.streams import STREAMS, Paging, Stream, find
from commercetools_source.errors import ConfigError

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference"
CONTRACT = load()
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(), reason="the platform's specification is not on this machine"
)
streams = pytest.mark.parametrize("stream", STREAMS.values(), ids=lambda stream: stream.name)
SEARCHED_OR_SEEN_ELSEWHERE = {
    "business_unit_search",
    "custom_objects_in_container",
    "customer_search",
    "mcp_server_types",
    "order_search",
    "product_product_selections",
    "product_projection_search",
    "product_search",
}


def endpoint_of(stream: Stream) -> str:
    """Return the path as the specification writes it: its placeholder for an id is {ID}."""
    return stream.path


def facts() -> dict[str, dict[str, object]]:
    rows = json.loads((REFERENCE / "resources.json").read_text(encoding="utf-8"))["streams"]
    return {row["stream"]: row for row in rows}


@needs_reference
def test_the_committed_contract_is_what_the_specification_says() -> None:
    command = [sys.executable, ROOT / "tools" / "contract.py", REFERENCE / "openapi.yaml", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@needs_reference
def test_every_stream_that_can_be_extracted_has_a_row() -> None:
    assert set(facts()) - set(STREAMS) == SEARCHED_OR_SEEN_ELSEWHERE
    # The facts are of the API; the history is a service of its own, with a specification of its own.
    assert {name for name, stream in STREAMS.items() if not stream.path.startswith("history:")} <= set(facts())


@needs_reference
@streams
def test_a_row_agrees_with_the_facts_gathered_of_it(stream: Stream) -> None:
    if stream.path.startswith("history:"):
        pytest.skip("the facts are of the API alone")
    fact = facts()[stream.name]
    assert fact["item_schema"] == stream.item
    assert sorted(fact["read_scopes_any_of"]) == sorted(stream.scopes)  # type: ignore[call-overload]
    deleted = {name for name in fact["deleted_messages"] if name.endswith("Deleted")}  # type: ignore[attr-defined]
    assert deleted == set(stream.deleted_messages)


def test_rows_are_in_alphabetical_order_and_keep_the_six_names_of_mages_source() -> None:
    assert list(STREAMS) == sorted(STREAMS)
    assert {"customers", "discount_codes", "inventory", "orders", "payments", "products"} <= set(STREAMS)
    assert len(STREAMS) == 51


@streams
def test_a_rows_endpoint_exists_and_answers_with_its_type(stream: Stream) -> None:
    endpoint = CONTRACT.endpoints[endpoint_of(stream)]
    assert endpoint.item == stream.item
    # Staged data is refused to a token for published products only (fact sheet: 403).
    refused = {"view_published_products"} if ("staged", "true") in stream.params else set()
    assert endpoint.scopes - refused == set(stream.scopes)


@streams
def test_an_endpoint_takes_what_its_paging_sends(stream: Stream) -> None:
    params = CONTRACT.endpoints[endpoint_of(stream)].params
    sent = {name for name, _ in stream.params}
    if stream.paging is not Paging.SINGLE:
        sent |= {"limit", "offset", "withTotal"}
    if stream.paging is Paging.DATED:
        sent |= {"date.from", "date.to"}
    elif stream.paging is Paging.KEYSET or stream.cursor is not None:
        sent |= {"where", "sort"}
    if stream.sort:
        sent.add("sort")
    if stream.partition:
        sent.add("where")
    assert sent <= params


@streams
def test_offset_paging_is_used_only_where_no_keyset_is_possible(stream: Stream) -> None:
    if stream.paging is not Paging.OFFSET:
        return
    endpoint = CONTRACT.endpoints[endpoint_of(stream)]
    fields = CONTRACT.fields(stream.item)
    assert not {"where", "sort"} <= endpoint.params or not {"id", "createdAt"} <= set(fields)


def resolved(item: str, name: str) -> Expression:
    """Return what the field at a dotted path holds; required only if each step to it is."""
    first, *inner = name.split(".")
    found = CONTRACT.fields(item)[first]
    if not inner:
        return found
    inside = resolved(found.name, ".".join(inner))
    return replace(inside, required=inside.required and found.required)


@streams
def test_order_cursor_and_key_are_fields_of_the_record(stream: Stream) -> None:
    fields = CONTRACT.fields(stream.item)
    assert set(filter(None, [stream.cursor, stream.tie] if stream.cursor else [])) <= set(fields)
    assert bool(stream.tie) == (stream.paging is not Paging.DATED)
    order = [resolved(stream.item, name) for name in stream.order]
    assert set(stream.key) <= {column.name for column in columns(stream)}
    assert bool(stream.order) == (stream.paging is Paging.KEYSET)
    assert len(stream.order) <= 2
    if stream.order:
        # A record without the field would be in no part of the order, and so be missed.
        kind = "datetime" if len(stream.order) > 1 else "string"
        assert order[0] == Expression(kind, required=True)
        assert order[1:] in ([], [Expression("string", required=True)])


@streams
def test_a_stream_with_a_change_date_that_can_be_queried_is_incremental(stream: Stream) -> None:
    read_whole = {"approval_flows", "approval_rules", "customer_groups", "mcp_servers"}
    has_date = not {"lastModifiedAt", "modifiedAt"}.isdisjoint(CONTRACT.fields(stream.item))
    assert (stream.cursor is not None) == (has_date and stream.name not in read_whole)


@streams
def test_derived_columns_lead_somewhere(stream: Stream) -> None:
    for _, path in stream.derived:
        name = stream.item
        for step in path.split("."):
            fields = CONTRACT.fields(name)
            assert step in fields, f"{path}: {name} has no {step}"
            inner = fields[step].items or fields[step]
            name = inner.name


@streams
def test_deleted_messages_are_types_of_message(stream: Stream) -> None:
    assert set(stream.deleted_messages) <= set(CONTRACT.types["Message"].variants)


def test_all_deleted_messages_of_the_platform_are_taken() -> None:
    # ProductVariantDeleted is about a part of a product, whose own version moves with it.
    taken = {name for stream in STREAMS.values() for name in stream.deleted_messages} | {"ProductVariantDeleted"}
    assert {name for name in CONTRACT.types["Message"].variants if name.endswith("Deleted")} == taken


@streams
def test_parents_fill_exactly_the_placeholders(stream: Stream) -> None:
    placeholders = [part.split("}")[0] for part in stream.path.split("{")[1:]]
    parents = stream.parents
    assert placeholders == ([name for name, _ in parents.fields] if parents else [])
    if parents is not None:
        assert len(parents.columns) == len(parents.fields)
        assert parents.source in (STREAMS if parents.kind == "records" else CONTRACT.endpoints)


@pytest.mark.parametrize(
    ("stream", "granted", "missing"),
    [
        ("orders", ["view_orders:shop"], None),
        ("orders", ["manage_orders:shop"], None),
        ("orders", ["manage_project:shop"], None),
        ("orders", ["view_orders:other"], "view_orders:shop"),
        ("orders", ["view_orders:shop:berlin"], "view_orders:shop"),
        ("orders", [], "view_orders:shop"),
        ("channels", ["view_products:shop"], None),
        ("products", ["view_published_products:shop"], None),
        ("product_projections_staged", ["view_published_products:shop"], "view_products:shop"),
        ("extensions", ["manage_extensions:shop"], None),
        ("api_clients", ["manage_project:shop"], "view_api_clients:shop"),
    ],
)
def test_the_missing_scope_is_named_exactly(stream: str, granted: list[str], missing: str | None) -> None:
    assert missing_scope(STREAMS[stream], granted, "shop") == missing


def test_no_scope_is_invented() -> None:
    assert readable_with(STREAMS["extensions"]) == ("manage_extensions", "manage_project")
    assert "manage_published_products" not in readable_with(STREAMS["products"])


def test_an_unknown_stream_is_answered_with_the_legal_names() -> None:
    with pytest.raises(ConfigError, match=r"no stream 'order'\. Did you mean orders\? Streams: api_clients, "):
        find("order")


@streams
def test_a_row_says_where_a_deletion_can_erase_personal_data(stream: Stream) -> None:
    endpoint = CONTRACT.endpoints.get(stream.path)
    assert stream.data_erasure == (endpoint is not None and endpoint.erases)
