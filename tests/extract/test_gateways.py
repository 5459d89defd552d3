"""Gateways on the way that change what is asked for: nothing is lost without a word."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from commercetools_source.client import Client
from commercetools_source.errors import StateError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from middle import Exchange, Middle
from runs import counts, newest, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.few(3)
@pytest.mark.parametrize("limit", [1, 30, 39])
@pytest.mark.parametrize("said", ["as asked", "nothing"])
def test_a_gateway_that_lowers_the_limit_loses_nothing(sandbox: Sandbox, tmp_path: Path, limit: int, said: str) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        params = [
            (name, str(min(int(value), limit)) if name == "limit" else value) for name, value in parse_qsl(parts.query)
        ]
        return f"{parts.path}?{urlencode(params)}" if params else parts.path

    def change(exchange: Exchange) -> None:
        if exchange.status == 200 and b'"results"' in exchange.body:
            answer = json.loads(exchange.body)
            answer.pop("limit", None)
            if said == "as asked":
                answer["limit"] = int(dict(parse_qsl(urlsplit(exchange.target).query)).get("limit", 20))
            exchange.body = json.dumps(answer).encode()

    path, streams = tmp_path / "shop", ["orders", "custom_objects", "mcp_servers", "product_selection_products"]
    with Middle(sandbox) as middle:
        assert run(middle, path, streams).complete
        expected = counts(path, streams)
        shutil.rmtree(path)
        middle.ask, middle.change = ask, change
        assert run(middle, path, streams).complete
    assert counts(path, streams) == expected


Params = list[tuple[str, str]]
DISORDER: dict[str, Callable[[Params], Params]] = {
    "leaves sort out": lambda params: [(name, value) for name, value in params if name != "sort"],
    "keeps the last of several": lambda params: [*dict(params).items()],
    "turns parameters around": lambda params: params[::-1],
    "asks for the latest first": lambda params: [(name, value.replace(" asc", " desc")) for name, value in params],
}


@pytest.mark.parametrize("disorder", DISORDER.values(), ids=DISORDER)
@pytest.mark.parametrize("page_size", [7, 40])
def test_a_gateway_that_changes_the_order_fails_each_stream_that_it_would_cut(
    sandbox: Sandbox, tmp_path: Path, disorder: Callable[[Params], Params], page_size: int
) -> None:
    streams = ["orders", "customers", "messages", "products"]

    def ask(target: str) -> str:
        parts = urlsplit(target)
        return f"{parts.path}?{urlencode(disorder(parse_qsl(parts.query)))}"

    with Middle(sandbox) as middle:
        middle.ask = ask
        outcomes = run(middle, tmp_path / "shop", streams, page_size=page_size).outcomes
    found = counts(tmp_path / "shop", streams)
    assert any(outcome.error for outcome in outcomes)
    for outcome in outcomes:
        if outcome.error is None:
            assert found[outcome.stream] == len(sandbox.records(outcome.stream))
        else:
            assert "are not in the order of createdAt that was asked for" in outcome.error


def test_a_gateway_that_does_not_sort_fails_streams_without_dates(sandbox: Sandbox, tmp_path: Path) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        return f"{parts.path}?{urlencode(DISORDER['leaves sort out'](parse_qsl(parts.query)))}"

    name = "customer_groups"
    with Middle(sandbox) as middle:
        assert run(middle, tmp_path / "shop", [name], page_size=2).complete
        assert len(newest(tmp_path / "shop", name)) == len(sandbox.records(name)) > 2
        middle.ask = ask
        (outcome,) = run(middle, tmp_path / "shop", [name], page_size=2).outcomes
    assert "are not in the order of name that was asked for" in str(outcome.error)


@pytest.mark.parametrize("disorder", [DISORDER["leaves sort out"], DISORDER["asks for the latest first"]])
def test_a_gateway_that_does_not_sort_hides_no_container(
    sandbox: Sandbox, tmp_path: Path, disorder: Callable[[Params], Params]
) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        return f"{parts.path}?{urlencode(disorder(parse_qsl(parts.query)))}"

    with Middle(sandbox, ask=ask) as middle:
        (outcome,) = run(middle, tmp_path / "shop", ["custom_objects"]).outcomes
    assert "are not in the order of container that was asked for" in str(outcome.error)


def test_a_gateway_that_leaves_offsets_out_is_named_by_what_reads_or_counts_by_them(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        params = [(name, value) for name, value in parse_qsl(parts.query) if name != "offset"]
        return f"{parts.path}?{urlencode(params)}" if params else parts.path

    with Middle(sandbox, ask=ask) as middle:
        outcomes = run(middle, tmp_path / "shop", ["mcp_servers", "zones"], page_size=2).outcomes
        assert outcomes[0].error is not None
        assert outcomes[0].error.startswith("answers of /mcp-servers begin at the offset 0 where 2 was asked for;")
        assert outcomes[1].complete
        with Client(middle.settings()) as client, pytest.raises(StateError, match="where 9999 was asked for"):
            client.count("orders", where='orderState = "Open"')


@pytest.mark.parametrize("kept", [0, -1])
@pytest.mark.parametrize("page_size", [7, 500])
def test_a_gateway_that_keeps_one_of_several_predicates_takes_no_filter_away(
    sandbox: Sandbox, tmp_path: Path, kept: int, page_size: int
) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        params = parse_qsl(parts.query)
        one = [param for param in params if param[0] == "where"][kept:][:1]
        return f"{parts.path}?{urlencode([param for param in params if param[0] != 'where'] + one)}"

    where = {"orders": 'orderState = "Cancelled" or orderState = "Open"'}
    with Middle(sandbox, ask=ask) as middle, Client(middle.settings(page_size=page_size)) as client:
        assert sync(client, f"jsonl:{tmp_path}", streams=["orders"], where=where).complete
        wanted = {row["id"] for row in sandbox.records("orders") if row["orderState"] in {"Cancelled", "Open"}}
        assert {row["id"] for row in newest(tmp_path, "orders")} == wanted
        assert client.count("orders", where=where["orders"]) == len(wanted) > 7
