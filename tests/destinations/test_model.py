"""The relational model of a shop and of bare records: no value is lost, keys are unique, references lead somewhere."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.catalog.kinds import KINDS
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.relations import all_relations
from commercetools_source.model.select import select
from commercetools_source.report.html.items import items, text
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from corpus import corpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery
    from commercetools_source.model.relation import Field, Origin, Relation

RELATIONS = all_relations()
Path_ = tuple[str, ...]


class Tee(DuckDB):
    """A DuckDB file with tables, one with views, and the records beside them as the API sent them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, materialize=True)
        self.records: dict[str, list[Any]] = {}
        self.views = DuckDB(path.with_name("views.duckdb"))

    def open(self) -> Mapping[str, StreamState]:
        self.views.open()
        return super().open()

    def close(self) -> None:
        self.views.close()
        super().close()

    def write(self, delivery: Delivery) -> None:
        self.records.setdefault(delivery.stream.name, []).extend(map(msgspec.json.decode, delivery.records))
        self.views.write(delivery)
        super().write(delivery)


class Shop:
    """What a run left: the records, and the rows of every relation by their keys."""

    def __init__(self, destination: Tee) -> None:
        self.records = destination.records
        self.views = destination.views.name
        self.connection = duckdb.connect(destination.name, read_only=True)
        self.counts: dict[str, int] = {}
        self.tables = {relation.name: self.stored(relation) for relation in RELATIONS.values()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def stored(self, relation: Relation) -> dict[Any, dict[str, Any]]:
        names = [field.name for field in relation.columns]
        shown = ", ".join(f'"{name}"' for name in names)  # own fields stand beside them
        found = [dict(zip(names, row, strict=True)) for row in self.rows(f'SELECT {shown} FROM main."{relation.name}"')]
        self.counts[relation.name] = len(found)
        for field in relation.columns:
            for row in found if field.kind == "json" else []:
                row[field.name] = row[field.name] and json.loads(row[field.name])
        return {tuple(row[name] for name in relation.key): row for row in found}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    destination = Tee(tmp_path_factory.mktemp("model") / "shop.duckdb")
    with Sandbox(rows=corpus()) as sandbox, Client(sandbox.settings()) as client:
        store = {"typeId": "store", "key": sandbox.records("stores")[0]["key"]}
        for order in sandbox.records("orders")[:30]:  # the history of a sandbox begins with the first change
            sandbox.update("orders", order["id"], {"orderState": "Complete", "store": store})
        sandbox.clock.advance(900)
        assert sync(client, destination, streams=list(STREAMS)).complete
    found = Shop(destination)
    yield found
    found.connection.close()


# --- what a relation should hold, read out of the records without SQL ---

Chain = tuple[tuple[Any, int, bool], ...]  # the record and the items down to one, each with its place and its branch


def chains(record: Any, origin: Origin) -> Iterator[Chain]:
    found: list[Chain] = [((record, 0, True),)]
    for step in origin.steps:
        deeper = []
        for chain in found:
            items: list[tuple[Any, bool]] = []
            for branch in step.branches:
                value = at(chain[-1][0], branch.path)
                items += [(item, branch.value) for item in (value or [] if branch.listed else [value])]
            deeper += [
                (*chain, (item, place, branch)) for place, (item, branch) in enumerate(items, 1) if item is not None
            ]
        found = deeper
    yield from found


def at(value: Any, path: Path_) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def expected(field: Field, chain: Chain) -> Any:
    item, place, branch = chain[field.level]
    if field.source != "value":
        return place if field.source == "position" else branch
    value = at(item, field.path)
    return None if value is None else PYTHON.get(field.kind, lambda same: same)(value)


def amount(money: Any) -> Decimal:
    whole = money["preciseAmount"] if money["type"] == "highPrecision" else money["centAmount"]
    return Decimal(whole).scaleb(-money["fractionDigits"])


PYTHON = {
    "datetime": lambda text: datetime.fromisoformat(text.removesuffix("Z")),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "cents": amount,
    "precise": amount,
}


def test_what_is_read_from_every_relation_equals_the_records_of_the_api(shop: Shop) -> None:
    filled = set()
    for relation in RELATIONS.values():
        found = shop.tables[relation.name]
        wanted = [
            {field.name: expected(field, chain) for field in relation.columns}
            for record in shop.records[relation.stream]
            for origin in relation.origins
            for chain in chains(record, origin)
        ]
        assert len(found) == len(wanted), relation.name
        for row in wanted:
            assert found[tuple(row[name] for name in relation.key)] == row, relation.name
        filled |= {relation.name} if found else set()
    assert len(filled) > len(RELATIONS) - 10, set(RELATIONS) - filled


def test_every_value_of_every_record_is_in_some_column(shop: Shop) -> None:
    for stream in STREAMS:
        columns = {
            place: kind for found in RELATIONS.values() if found.stream == stream for place, kind in places(found)
        }
        leaves = {leaf for record in shop.records[stream] for leaf in key_range(record, ())}
        lost = {leaf for leaf in leaves if not is_held(leaf, columns)}
        assert not lost, stream


def places(relation: Relation) -> Iterator[tuple[Path_, str]]:
    """Yield where in the record the columns' values lie, lists not marked, with their kinds."""
    for origin in relation.origins:
        ways: list[list[Path_]] = [[()]]
        for step in origin.steps:
            ways.append([(*way, *branch.path) for way in ways[-1] for branch in step.branches])
        yield from (
            ((*way, *field.path), field.kind)
            for field in relation.columns
            for way in ways[field.level]
            if field.source == "value"
        )


def key_range(value: Any, path: Path_) -> Iterator[tuple[Path_, bool]]:
    """Yield the place of every text, number and boolean, and whether it is the type of a money."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from key_range(part, (*path, name))
    elif isinstance(value, list):
        for part in value:
            yield from key_range(part, path)
    elif value is not None:
        yield path


def is_held(leaf: Path_, columns: dict[Path_, str]) -> bool:
    if columns.get(leaf[:-1]) in {"cents", "precise"} and leaf[-1] == "type":
        return True  # what its amounts say
    return columns.get(leaf) is not None or any(
        columns.get(leaf[:length], "")[:1] in {"j", "m", "["} for length in range(1, len(leaf) + 1)
    )


def test_the_columns_have_the_types_of_their_kinds(shop: Shop) -> None:
    types = {}
    for name, column, sql in shop.rows(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'main'"
    ):
        if name in RELATIONS:
            types[name, column] = sql
    wanted = {
        (relation.name, field.name): KINDS[field.kind].duckdb.replace(" ", "")
        for relation in RELATIONS.values()
        for field in relation.columns
    }
    found = {place: sql.replace(" ", "") for place, sql in types.items()}
    assert {place: found.get(place) for place in wanted} == wanted
    # What is there besides belongs to own fields, and stands behind the place that they are in.
    assert not {place for place in found.keys() - wanted if place[0] in RELATIONS and "ustom" not in place[1]}


def test_a_column_that_an_older_file_lacks_is_null_of_its_type() -> None:
    """DuckDB 1.4 refuses a view whose columns have other types than when it was made; later ones are not so strict."""
    keys = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in ("id", "key", "name", "container"))
    with duckdb.connect() as connection:
        for name in ("orders", "order_line_items", "tax_category_rates", "customers", "messages", "custom_objects"):
            columns = RELATIONS[name].columns
            query = select(
                RELATIONS[name], f"(SELECT {keys})", dict.fromkeys(("id", "key", "name", "container"), "VARCHAR")
            )
            types = [row[1].replace(" ", "") for row in connection.execute(f"DESCRIBE {query}").fetchall()]
            assert types == [KINDS[field.kind].duckdb.replace(" ", "") for field in columns], name


def test_keys_are_unique_and_never_null(shop: Shop) -> None:
    for name, table in shop.tables.items():
        assert shop.counts[name] == len(table), name
        assert not [key for key in table if None in key], name


def test_foreign_keys_lead_to_a_row(shop: Shop) -> None:
    for relation in RELATIONS.values():
        for foreign in relation.foreign_keys:
            there = {tuple(row[name] for name in foreign.to) for row in shop.tables[foreign.relation].values()}
            here = {tuple(row[name] for name in foreign.columns) for row in shop.tables[relation.name].values()}
            dangling = {values for values in here if None not in values} - there
            assert not dangling, f"{relation.name}: {foreign}"


def test_the_page_of_a_run_finds_in_records_the_references_that_sql_finds(shop: Shop) -> None:
    for relation in RELATIONS.values():
        rows = [item for record in shop.records[relation.stream] for item in items(record, relation.origins)]
        for field in (field for field in relation.columns if field.refers):
            found = Counter(text(item, field) for item in rows)
            assert found == Counter(row[field.name] for row in shop.tables[relation.name].values()), field


def test_views_and_tables_hold_the_same(shop: Shop) -> None:
    made = shop.rows("SELECT relation, form FROM sync.relations WHERE relation <> ''")
    assert {form for _, form in made} == {"TABLE"}
    own = {name for name, _ in made} - RELATIONS.keys()
    assert len(own) == len(shop.records["product_types"])
    assert len(made) == len(own) + len(RELATIONS)
    with duckdb.connect(shop.views, read_only=True) as other:
        assert other.execute("SELECT DISTINCT form FROM sync.relations WHERE relation <> ''").fetchall() == [("VIEW",)]
        columns = (
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'"
            " ORDER BY table_name, column_index"
        )
        assert {name for name, _ in made} <= {row[0] for row in shop.rows(columns)}
        assert shop.rows(columns) == other.execute(columns).fetchall()
        for name, _ in made:
            rows = f'SELECT hash(seen) FROM main."{name}" AS seen'
            assert Counter(shop.rows(rows)) == Counter(other.execute(rows).fetchall()), name


def test_the_query_of_a_view_can_be_read(shop: Shop) -> None:
    with duckdb.connect(shop.views, read_only=True) as connection:
        ((query,),) = connection.execute("SELECT sync.order_line_items()").fetchall()
        asked = connection.execute(f"SELECT count(*) FROM ({query})").fetchall()
        assert asked == connection.execute("SELECT count(*) FROM main.order_line_items").fetchall() != [(0,)]
