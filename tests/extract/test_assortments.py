"""Collections that can be listed by offset only, beyond the offsets that the API allows: read in parts, and whole."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.errors import InvalidRequestError, Problem, StateError
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.extract.paging import LARGEST_OFFSET, pages
from commercetools_source.extract.selection import range_of
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
