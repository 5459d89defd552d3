"""Servers that answer for ever: a run of theirs ends with an error, after few requests."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import StateError
from commercetools_source.extract.parents import parents_of
from commercetools_source.sandbox import Sandbox
from middle import Exchange, Middle, path_of
from runs import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def test_a_list_of_containers_that_does_not_advance_is_an_error_and_not_a_loop(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    def ask(target: str) -> str:
        parts = urlsplit(target)
        params = [pair for pair in parse_qsl(parts.query) if parts.path != "/custom-objects" or pair[0] != "where"]
        return f"{parts.path}?{urlencode(params)}" if params else parts.path

    with Middle(sandbox, ask=ask) as middle:
        (objects,) = run(middle, tmp_path / "shop", ["custom_objects"]).outcomes
        assert "made no progress" in str(objects.error)
        assert len(middle.targets) < 10


def test_containers_that_a_server_makes_up_for_ever_are_an_error_and_not_a_loop(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    names = itertools.count()

    def invent(exchange: Exchange) -> None:
        if path_of(exchange) == "/custom-objects":
            answer = json.loads(exchange.body)
            answer["results"] = [{"container": f"made-up-{next(names):09}", "key": "x", "version": 1}]
            exchange.body = json.dumps(answer).encode()

    with Middle(sandbox, invent) as middle:
        objects, zones = run(middle, tmp_path / "shop", ["custom_objects", "zones"]).outcomes
        assert "makes up answers" in str(objects.error)
        assert zones.complete


@pytest.mark.parametrize("grows", [True, False])
def test_a_server_that_counts_as_many_as_it_makes_up_or_nothing_at_all_is_not_followed_for_ever(grows: bool) -> None:  # noqa: FBT001 - a column
    asked: list[str] = []

    def get(path: str, params: Any, parse: Callable[[bytes], Any], _attempts: int | None) -> Any:
        asked.append(path)
        total = {"total": len(asked) + 1} if grows and ("withTotal", "true") in params else {}
        return parse(json.dumps({"results": [{"container": f"{len(asked):09}"}], **total}).encode())

    with pytest.raises(StateError, match="makes up answers" if grows else "have no total"):
        list(parents_of(get, STREAMS["custom_objects"], 500))
    assert len(asked) < 3000


@pytest.mark.parametrize("stream", ["orders", "zones"])
def test_a_server_that_knows_neither_order_nor_predicates_is_an_error_and_not_a_loop(
    sandbox: Sandbox, tmp_path: Path, stream: str
) -> None:
    turns = itertools.count()

    def ask(target: str) -> str:
        parts = urlsplit(target)
        params = [pair for pair in parse_qsl(parts.query) if pair[0] not in {"where", "sort"}]
        # Another order each time, so that no page ends with the record that the one before ended with.
        order = ("asc", "desc")[next(turns) % 2]
        return f"{parts.path}?{urlencode([*params, ('sort', f'id {order}')])}"

    with Middle(sandbox, ask=ask) as middle:
        (outcome,) = run(middle, tmp_path / "shop", [stream], page_size=3, concurrency=1).outcomes
        assert any(words in str(outcome.error) for words in ("made no progress", "are not in the order of createdAt"))
        assert len(middle.targets) < 20
