"""Collections that can be listed by offset only, beyond the offsets that the API allows: read in parts, and whole."""

from __future__ import annotations

import random
import re
import threading
from bisect import bisect_left, bisect_right
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import Jsonl
from commercetools_source.errors import InvalidRequestError, Problem, StateError
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.extract.paging import LARGEST_OFFSET, pages
from commercetools_source.extract.selection import range_of
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from hostile import TOKEN
from middle import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

ASSIGNMENTS = STREAMS["store_product_selection_assignments"]
BOUND = re.compile(r'product\(id (>=|<) "([^"]+)"\)')


class Store:
    """The assignments of one store in no order, as `paging.Get`; ids compare by their text reversed."""

    def __init__(self, products: int, selections: int, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same store each time
        ids = [f"{chance.randrange(16**12):012x}" for _ in range(products)]
        self.pairs = [(product, f"selection-{number}") for product in ids for number in range(selections)]
        chance.shuffle(self.pairs)
        self.requests = 0

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,  # noqa: ARG002 - nothing fails here
    ) -> Any:
        assert path == "/in-store/key=north/product-selection-assignments"
        self.requests += 1
        given = dict(params)
        assert "sort" not in given
        offset = int(given.get("offset", "0"))
        if offset > LARGEST_OFFSET:
            raise InvalidRequestError(Problem(400, "offset"))
        pairs = self.pairs
        for sign, bound in BOUND.findall(given.get("where", "")):
            pairs = [pair for pair in pairs if (pair[0][::-1] < bound[::-1]) == (sign == "<")]
        rows = [
            {"product": {"id": product}, "productSelection": {"id": selection}}
            for product, selection in pairs[offset : offset + int(given["limit"])]
        ]
        answer = {
            "count": len(rows),
            "results": rows,
            **({"total": len(pairs)} if given["withTotal"] == "true" else {}),
        }
        return parse(msgspec.json.encode(answer))

    def read(self) -> list[tuple[str, str]]:
        found = pages(self.get, ASSIGNMENTS, range_of(ASSIGNMENTS, ("north",)), 500)
        rows = [msgspec.json.decode(record) for page in found for record in page.records]
        return [(row["productId"], row["productSelectionId"]) for row in rows]


@pytest.mark.parametrize(("products", "selections"), [(12_000, 1), (10_001, 3), (10_000, 1), (10_500, 1), (900, 20)])
def test_an_assortment_of_any_size_is_read_whole(products: int, selections: int) -> None:
    store = Store(products, selections, seed=products)
    rows = store.read()
    assert sorted(rows) == sorted(store.pairs)
    assert store.requests < 3 * len(store.pairs) / 500 + 60


class Platform:
    """A shop of one store and one selection with `products`, over a socket: offsets end at 10,000, totals too."""

    def __init__(self, products: int) -> None:
        self.store = Store(products, 1, seed=products)
        self.refused: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200, TOKEN)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                try:
                    answer = outer.answer(parts.path.removeprefix("/shop"), parse_qsl(parts.query))
                except InvalidRequestError:
                    outer.refused.append(self.path)
                    self.answer(400, b'{"statusCode":400,"message":"no","errors":[{"code":"InvalidInput"}]}')
                else:
                    self.answer(200, msgspec.json.encode(answer))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    def answer(self, path: str, params: list[tuple[str, str]]) -> Any:
        changed = {"createdAt": "2026-01-01T00:00:00.000Z", "lastModifiedAt": "2026-01-01T00:00:00.000Z"}
        if path == "/product-selections/one/products":
            return self.products(dict(params), changed)
        if path == "/in-store/key=north/product-selection-assignments":
            return self.store.get(path, params, msgspec.json.decode)
        parents = {"/stores": {"id": "s", "key": "north"}, "/product-selections": {"id": "one", "key": "one"}}
        if path not in parents:
            return {"key": "shop", "version": 1}
        rows = [] if "where" in dict(params) else [{**parents[path], "version": 1, **changed}]
        return {"limit": 500, "offset": 0, "count": len(rows), "total": len(rows), "results": rows}

    def products(self, given: dict[str, str], changed: dict[str, str]) -> Any:
        """Return a page by product id, which compares by its text reversed; `total` counts to 10,000 at most."""
        if int(given.get("offset", "0")) > LARGEST_OFFSET or given["sort"] != "product.id asc":
            raise InvalidRequestError(Problem(400, "offset"))
        after = re.findall(r'product\(id > "([^"]+)"\)', given.get("where", ""))
        ids = sorted(product[::-1] for product, _ in self.store.pairs)
        before = re.findall(r'product\(id < "([^"]+)"\)', given.get("where", ""))
        end = bisect_left(ids, before[0][::-1]) if before else len(ids)
        left = ids[bisect_right(ids, max(after)[::-1]) if after else 0 : end]
        rows = [{"product": {"typeId": "product", "id": text[::-1]}, **changed} for text in left[: int(given["limit"])]]
        total = {"total": min(len(left), LARGEST_OFFSET)} if given["withTotal"] == "true" else {}
        return {"limit": int(given["limit"]), "offset": 0, "count": len(rows), **total, "results": rows}

    def __enter__(self) -> dict[str, object]:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {"project_key": "shop", "client_id": "me", "client_secret": "secret", "api_url": url, "auth_url": url}

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_over_a_socket_no_product_beyond_the_largest_offset_is_missing(tmp_path: Path) -> None:
    platform = Platform(10_501)
    streams = ["product_selection_products", "store_product_selection_assignments"]
    with platform as settings, Client({**settings, "retry_seconds": 0}) as client:
        summary = sync(client, Jsonl(tmp_path / "shop"), streams=streams)
    assert summary.complete, summary.outcomes
    products = sorted(product for product, _ in platform.store.pairs)
    for stream in streams:
        rows = [line for file in (tmp_path / "shop" / stream).glob("part-*") for line in file.read_bytes().splitlines()]
        assert sorted(msgspec.json.decode(row)["productId"] for row in rows) == products
    assert platform.refused == []


def test_what_no_product_divides_is_named_and_not_cut_off() -> None:
    with pytest.raises(StateError, match="more than 10000 records"):
        Store(1, 10_501, seed=1).read()


def test_a_list_that_can_only_be_counted_says_that_it_cannot_be_read_whole() -> None:
    servers, behind = STREAMS["mcp_servers"], KeyRange("", "", offset=LARGEST_OFFSET + 1)
    with pytest.raises(StateError, match="leave the stream out"):
        list(pages(Store(1, 1, seed=1).get, servers, behind, 500))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize("name", ["product_selection_products", "store_product_selection_assignments"])
def test_the_sandbox_divides_assortments_by_product(sandbox: Sandbox, name: str) -> None:
    stream = STREAMS[name]
    with Client(sandbox.settings()) as client:
        path, total = next(
            (path, total)
            for parent in sandbox.records("product_selections" if "products" in stream.path else "stores")
            if (path := stream.path.format(ID=parent["id"], storeKey=parent["key"]))
            and (total := client.request("GET", path, params={"withTotal": True, "limit": 1})["total"]) > 5
        )
        rows = client.request("GET", path, params={"limit": 500})["results"]
        cut = rows[len(rows) // 2]["product"]["id"]
        sides = [
            client.request("GET", path, params={"where": f'product(id {sign} "{cut}")', "limit": 500})["results"]
            for sign in ("<", ">=")
        ]
    assert all(sides)
    assert sum(map(len, sides)) == len(rows) == total


def test_products_of_a_selection_are_read_by_their_ids_and_not_by_offset(sandbox: Sandbox) -> None:
    stream = STREAMS["product_selection_products"]
    with Client(sandbox.settings()) as client:
        rows = [msgspec.json.decode(record) for page in client.pages(stream, page_size=2) for record in page.records]
    products = sorted(row["product"]["id"] for row in sandbox.records(stream.name))
    assert sorted(row["productId"] for row in rows) == products
    assert len({(row["productSelectionId"], row["productId"]) for row in rows}) == len(products)
