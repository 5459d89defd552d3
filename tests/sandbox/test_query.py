"""Queries over a real socket: what matches, in which order, and within which limits."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.sandbox import Sandbox
from commercetools_source.sandbox.data.search import Query, Searcher
from commercetools_source.sandbox.data.store import Collection, Prober, Record
from commercetools_source.sandbox.platform.spec import Spec
from commercetools_source.sandbox.query.predicate import parse
from commercetools_source.sandbox.query.sorting import parse_sort

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = [f"2026-01-0{day}T10:00:00.{milli:03d}Z" for day in (1, 2) for milli in (0, 1)]
NUMBERS = 60


def channel(number: int) -> dict[str, Any]:
    """Return a channel; several share each time, and ids are not in the order of numbers."""
    record: dict[str, Any] = {
        "id": str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)),
        "version": number,
        "createdAt": TIMES[number % 4],
        "lastModifiedAt": TIMES[(number * 7) % 4],
        "key": f"key-{number:02d}",
        "roles": ["InventorySupply", "OrderExport"][: number % 3],
        "name": {"en": f"Name {number}", "en-US": "x", "de": f'say "{number}" \\'},
    }
    if number % 2:
        record["custom"] = {
            "type": {"typeId": "type", "id": "t"},
            "fields": {
                "number": number,
                "text": str(number),
                "flag": number % 3 == 0,
                "at": TIMES[number % 4],
                "tags": [number, -number],
            },
        }
    if number == 5:
        record["geoLocation"] = {"type": "Point", "coordinates": [13.405, 52.52]}
        record["description"] = {}
    return record


CHANNELS = [channel(number) for number in range(NUMBERS)]
ROWS = [("/channels", "", json.dumps(record).encode()) for record in CHANNELS]


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox(rows=ROWS) as sandbox:
        yield sandbox


def binary(identifier: str) -> bytes:
    """The platform's order of ids, as its fact sheet describes it."""
    stored = uuid.UUID(identifier).bytes
    return stored[7::-1] + stored[:7:-1]


def keys(numbers: Any) -> list[str]:
    return [f"key-{number:02d}" for number in numbers]


def asked(api: Any, where: str, **query: Any) -> list[str]:
    reply = api.get("/channels", where=where, limit=500, sort="key", **query)
    assert reply.status == 200, reply.body
    return [record["key"] for record in reply.body["results"]]


@pytest.mark.parametrize(
    ("where", "matches"),
    [
        ('key = "key-07"', lambda n: n == 7),
        ('key != "key-07"', lambda n: n != 7),
        ('key <> "key-07" and version < 10', lambda n: n < 10 and n != 7),
        ("version >= 50", lambda n: n >= 50),
        ("version > 57.5", lambda n: n > 57.5),
        ("version in (1, 2, 99)", lambda n: n in {1, 2}),
        ("version not in (1, 2)", lambda n: n not in {1, 2}),
        ('key in ("key-01", "key-03") or version = 9', lambda n: n in {1, 3, 9}),
        ('not (key in ("key-01", "key-03"))', lambda n: n not in {1, 3}),
        ("custom is defined", lambda n: n % 2),
        ("custom is not defined and version < 9", lambda n: not n % 2 and n < 9),
        ("custom(fields(number > 50))", lambda n: n % 2 and n > 50),
        ('custom(fields(text = "7"))', lambda n: n == 7),
        ("custom(fields(flag = true))", lambda n: n % 2 and n % 3 == 0),
        ("custom(fields(nothing is not defined)) and version < 3", lambda n: n < 3),
        ("custom(fields(tags contains any (7, -9)))", lambda n: n in {7, 9}),
        ("custom(fields(tags contains all (7, -7)))", lambda n: n == 7),
        ("custom(fields(tags = -11))", lambda n: n == 11),
        (f'custom(fields(at < "{TIMES[2]}"))', lambda n: n % 2 and n % 4 < 2),
        ('custom(fields(at = "2026-01-01T11:00:00.001+01:00"))', lambda n: n % 4 == 1),
        ("roles is empty", lambda n: n % 3 == 0),
        ("roles is not empty", lambda n: n % 3),
        ('roles contains all ("InventorySupply", "OrderExport")', lambda n: n % 3 == 2),
        ('roles contains any ("OrderExport")', lambda n: n % 3 == 2),
        ('name(en = "Name 4")', lambda n: n == 4),
        ('name(en-US = "x" and en = "Name 4")', lambda n: n == 4),
        ('name(`en-US` = "x" and en in ("Name 4", "Name 5"))', lambda n: n in {4, 5}),
        (r'name(de = "say \"4\" \\")', lambda n: n == 4),
        ('name(en matches ignore case "NAME 4")', lambda n: n == 4),
        ("geoLocation within circle(13.4, 52.52, 1000)", lambda n: n == 5),
        ("geoLocation within circle(13.4, 52.52, 100)", lambda _: False),
        ("description is defined", lambda n: n == 5),
        ('createdAt = "2026-01-01T10:00:00.000Z"', lambda n: n % 4 == 0),
        ('createdAt = "2026-01-01T10:00:00Z"', lambda n: n % 4 == 0),
        ('createdAt = "2026-01-01T11:00:00.000+01:00"', lambda n: n % 4 == 0),
        ('createdAt > "2026-01-01T10:00:00.000Z" and createdAt < "2026-01-02T10:00:00.001Z"',
         lambda n: n % 4 in {1, 2}),
        ('createdAt in ("2026-01-02T10:00:00.000Z") and version < 9', lambda n: n in {2, 6}),
        ('createdAt < "2026-01-02"', lambda n: n % 4 < 2),
        ('createdAt != "2026-01-01T10:00:00.000Z" and version < 4', lambda n: n in {1, 2, 3}),
        (f'id in ("{CHANNELS[3]["id"]}", "{CHANNELS[8]["id"]}", "nobody")', lambda n: n in {3, 8}),
        (f'id = "{CHANNELS[3]["id"]}"', lambda n: n == 3),
        (f'id = "{CHANNELS[3]["id"].upper()}"', lambda n: n == 3),
    ],
)  # fmt: skip
def test_a_predicate_finds_what_it_says(api: Any, where: str, matches: Any) -> None:
    assert asked(api, where) == keys(number for number in range(NUMBERS) if matches(number))


def test_several_where_all_hold(api: Any) -> None:
    reply = api.get("/channels", where=["version > 3", "version < 6"], sort="key")
    assert [record["version"] for record in reply.body["results"]] == [4, 5]


@pytest.mark.parametrize(
    ("where", "variables", "expected"),
    [
        ("version = :v", {"var.v": "7"}, [7]),
        ("version in :v", {"var.v": ["7", "8"]}, [7, 8]),
        ("version in (:v, 9)", {"var.v": "7"}, [7, 9]),
        ("key = :v", {"var.v": "key-07"}, [7]),
        ("custom(fields(number = :v))", {"var.v": "7"}, [7]),
        ("custom(fields(text = :v))", {"var.v": "7"}, [7]),
        ("custom(fields(flag = :v)) and version < 10", {"var.v": "true"}, [3, 9]),
        ("id > :lastId and version < 0", {"var.lastId": CHANNELS[0]["id"]}, []),
    ],
)
def test_variables_take_the_type_of_their_field(api: Any, where: str, variables: Any, expected: list[int]) -> None:
    assert asked(api, where, **variables) == keys(expected)


SORT_ERROR = (
    "Malformed parameter: sort: Syntax error while parsing 'sort'. Invalid input 'u', expected asc, desc or end of"
    " input (line 1, column 5):\nkey upward\n    ^"
)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"where": "nonsense = 1"}, "Malformed parameter: where: The field 'nonsense' does not exist."),
        ({"where": 'name(en = "1" and x(y = 1))'}, "Malformed parameter: where: The field 'y' does not exist."),
        ({"where": "custom(wrong = 1)"}, "Malformed parameter: where: The field 'wrong' does not exist."),
        ({"where": "roles(x = 1)"}, "Malformed parameter: where: The field 'x' does not exist."),
        ({"where": 'version = "x"'},
         "Malformed parameter: where: The value 'x' does not fit the field 'version' (int)."),
        ({"where": 'createdAt > "now"'},
         "Malformed parameter: where: The value 'now' does not fit the field 'createdAt' (datetime)."),
        ({"where": "key = 1"}, "Malformed parameter: where: The value 1 does not fit the field 'key' (string)."),
        *(
            ({"where": f"{field} {test}"}, f"Malformed parameter: where: {problem}.")
            for field, test, problem in (
                ("name", '= "x"', "The value 'x' does not fit the field 'name' (object)"),
                ("address", "!= 5", "The value 5 does not fit the field 'address' (object)"),
                ("custom", 'in ("x")', "The value 'x' does not fit the field 'custom' (object)"),
                ("key", 'contains any ("x")', "The field 'key' is no list (string)"),
                ("name", "is empty", "The field 'name' is no list (object)"),
                ("address", "within circle(1, 2, 3)", "The field 'address' is no place (object)"),
                ("version", 'matches ignore case "x"', "The field 'version' is no text (int)"),
            )
        ),
        ({"where": "version = :v"}, "Malformed parameter: where: No value was given for the predicate variable 'v'."),
        ({"where": "version = :v", "var.v": "x"},
         "Malformed parameter: where: The value 'x' does not fit the field 'version' (int)."),
        ({"limit": 501}, "Malformed parameter: limit: The limit parameter must be in the range of [0..500]"),
        ({"limit": -1}, "Malformed parameter: limit: The limit parameter must be in the range of [0..500]"),
        ({"limit": "many"}, "Malformed parameter: limit: 'many' is not a number."),
        ({"offset": 10001}, "Malformed parameter: offset: The offset parameter must be in the range of [0..10000]"),
        ({"withTotal": "maybe"}, "Malformed parameter: withTotal: 'maybe' is neither 'true' nor 'false'."),
        ({"sort": "key upward"}, SORT_ERROR),
    ],
)  # fmt: skip
def test_what_the_platform_refuses_is_refused_in_its_words(api: Any, query: Any, message: str) -> None:
    reply = api.get("/channels", **query)
    assert reply.status == 400
    assert reply.body == {
        "statusCode": 400,
        "message": message,
        "errors": [{"code": "InvalidInput", "message": message}],
    }


def test_an_unknown_sort_field_is_answered_with_the_known_ones(api: Any) -> None:
    reply = api.get("/channels", sort="nonsense asc")
    assert reply.message.startswith(
        "Malformed parameter: sort: Invalid query field 'nonsense' in sort path. Sortable fields are: `address`, "
    )


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ([], lambda r: binary(r["id"])),
        (["id"], lambda r: binary(r["id"])),
        (["key asc"], lambda r: r["key"]),
        (["version"], lambda r: r["version"]),
        (["name.en asc"], lambda r: r["name"]["en"]),
        (["createdAt asc", "id asc"], lambda r: (r["createdAt"], binary(r["id"]))),
        (["createdAt asc"], lambda r: (r["createdAt"], binary(r["id"]))),
        (["lastModifiedAt asc", "createdAt asc", "key asc"], lambda r: (r["lastModifiedAt"], r["createdAt"], r["key"])),
        (["custom.fields.number asc", "id"],
         lambda r: (r.get("custom", {}).get("fields", {}).get("number", -1), binary(r["id"]))),
    ],
)  # fmt: skip
def test_records_come_in_the_order_asked_for_and_backwards(api: Any, sort: list[str], order: Any) -> None:
    expected = [record["id"] for record in sorted(CHANNELS, key=order)]
    assert api.get("/channels", sort=sort, limit=500).ids == expected
    assert api.get("/channels", sort=sort, limit=500, where="version >= 0").ids == expected
    if sort:
        backwards = [f"{part.removesuffix(' asc')} desc" for part in sort]
        assert api.get("/channels", sort=backwards, limit=500).ids == expected[::-1]


def test_mixed_directions_sort_each_key_its_own_way(api: Any) -> None:
    found = api.get("/channels", sort=["createdAt desc", "version asc"], limit=500).body["results"]
    expected = sorted(CHANNELS, key=lambda record: record["version"])
    expected.sort(key=lambda record: record["createdAt"], reverse=True)
    assert [record["id"] for record in found] == [record["id"] for record in expected]


def test_ids_are_ordered_by_their_stored_bytes(api: Any) -> None:
    found = api.get("/channels", sort="id asc", limit=500).ids
    assert found != sorted(found)
    middle = found[20]
    assert api.get("/channels", where=f'id > "{middle}"', sort="id asc", limit=500).ids == found[21:]
    assert api.get("/channels", where=f'id <= "{middle}"', sort="id desc", limit=500).ids == found[20::-1]


def test_a_page_says_what_it_is(api: Any) -> None:
    body = api.get("/channels", limit=7, offset=55).body
    assert {name: value for name, value in body.items() if name != "results"} == {
        "limit": 7,
        "offset": 55,
        "count": 5,
        "total": 60,
    }
    assert len(body["results"]) == 5
    assert api.get("/channels").body["limit"] == 20
    assert api.get("/channels", limit=0).body == {"limit": 0, "offset": 0, "count": 0, "total": 60, "results": []}
    assert "total" not in api.get("/channels", withTotal="false").body
    assert api.get("/channels", where="version < 3", limit=1).body["total"] == 3
    assert api.get("/channels", offset=10000).body["count"] == 0


def test_a_long_list_of_ids_is_read(api: Any) -> None:
    ids = [record["id"] for record in CHANNELS]
    many = [*ids, *(str(uuid.UUID(int=number)) for number in range(900))]
    where = "id in (" + ",".join(f'"{identifier}"' for identifier in many) + ")"
    assert sorted(api.get("/channels", where=where, limit=500).ids) == sorted(ids)


def test_totals_of_filtered_lists_end_at_ten_thousand(start: Any) -> None:
    at = "2026-01-01T10:00:00.000Z"
    body = '{"id":"%d","version":%d,"createdAt":"%s","lastModifiedAt":"%s"}'
    many = start(rows=(("/zones", "", (body % (number, number, at, at)).encode()) for number in range(10_050)))
    assert many.get("/zones", limit=1).body["total"] == 10_050
    for where in (f'createdAt = "{at}"', "version >= 0", "version > 40"):
        assert many.get("/zones", limit=1, where=where).body["total"] == 10_000
    assert many.get("/zones", limit=1, where="version >= 100").body["total"] == 9_950
    last = many.get("/zones", limit=500, offset=10_000, where="version >= 0").body
    assert (last["count"], last["total"]) == (50, 10_000)
    asked = {"query": '{ zones(where: "version >= 0") { total } all: zones { total } }'}
    data = many.call("POST", "/graphql", asked).body["data"]
    assert data == {"zones": {"total": 10_000}, "all": {"total": 10_050}}


class Visited(Record):
    """A record that counts who looks at it; indexes keep keys of their own."""

    visits = 0

    def __getattribute__(self, name: str) -> Any:
        Visited.visits += 1
        return super().__getattribute__(name)


def test_a_keyset_page_of_a_long_list_visits_no_other_record() -> None:
    body = '{"id":"%s","version":1,"createdAt":"%s","lastModifiedAt":"%s"}'
    ids = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(10_000)]
    rows = [
        (identifier, f"2026-01-01T10:{number // 100 % 60:02d}:00.{number % 97:03d}Z")
        for number, identifier in enumerate(ids)
    ]
    spec, zones = Spec.load(), Collection(Prober())
    for identifier, at in rows:
        zones.load(Visited((body % (identifier, at, at)).encode()))
    for ordering in zones.orderings():
        zones.index(ordering)  # built when first used, from every record
    searcher = Searcher(spec)

    def visits(where: str, *sort: str, records: int = 5, text: str = "") -> int:
        keys = parse_sort(sort, spec, "Zone")
        query = Query((parse(where),), keys, limit=5, with_total=bool(text), text=text)
        before = Visited.visits
        page = searcher.run(zones, query, "Zone").records
        assert len(page) == records
        return Visited.visits - before

    assert visits("version >= 1 and version < 1", "id asc", records=0) >= len(ids)
    for identifier, at in (rows[5_000], rows[7_777]):
        for field in ("createdAt", "lastModifiedAt"):
            where = f'({field} > "{at}" or ({field} = "{at}" and id > "{identifier}")) and {field} < "2026-02-01"'
            assert visits(where, f"{field} asc", "id asc") == 0
            window = f'{field} >= "{at}" and {field} < "2026-02-01"'
            assert visits(window, f"{field} asc") == 0
            # In the order of ids the window is collected and sorted once, and remembered for its next pages.
            assert 0 < visits(window, text=window) < 10 * len(ids)
            assert visits(window, text=window) == 0
        assert visits(f'id > "{identifier}"', "id asc") == 0


@pytest.mark.parametrize("field", ["createdAt", "lastModifiedAt"])
@pytest.mark.parametrize("limit", [1, 7, 500])
def test_a_keyset_walk_reads_every_record_once(api: Any, field: str, limit: int) -> None:
    seen: list[str] = []
    where: list[str] = []
    while True:
        reply = api.get("/channels", sort=[f"{field} asc", "id asc"], limit=limit, withTotal="false", where=where)
        seen += reply.ids
        if len(reply.ids) < limit:
            break
        last = reply.body["results"][-1]
        at, identifier = last[field], last["id"]
        where = [
            f'({field} > "{at}" or ({field} = "{at}" and id > "{identifier}")) and {field} < "2026-01-03T00:00:00.000Z"'
        ]
    assert len(seen) == NUMBERS
    assert seen == [record["id"] for record in sorted(CHANNELS, key=lambda r: (r[field], binary(r["id"])))]


def test_results_are_remembered_for_their_collection_only() -> None:
    """A later collection may lie where an earlier one lay in memory, with as many changes."""
    spec = Spec.load()
    searcher = Searcher(spec)
    query = Query((parse("version > 0"),), text="the same text")
    for number in range(1, 30):
        zones = Collection(Prober())
        for one in range(number):
            zones.load(Record(b'{"id":"%d","version":1}' % one))
        assert searcher.run(zones, query, "Zone").total == number
        del zones


bounds = st.tuples(
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.sampled_from([*TIMES, "2026-01-01T23:00:00.000Z"])
)
COMPARE = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


@given(
    created=st.lists(bounds, max_size=2),
    modified=st.lists(bounds, max_size=2),
    after=st.none() | st.tuples(st.sampled_from(["<", ">"]), st.integers(0, NUMBERS - 1)),
    versions=st.none() | st.integers(0, NUMBERS),
    sort=st.sampled_from(["createdAt", "lastModifiedAt", "id", "version", ""]),
    descending=st.booleans(),
    offset=st.integers(0, 5),
    total=st.booleans(),
)
def test_an_index_answers_as_a_scan_would(  # noqa: PLR0917 - hypothesis fills them by name
    api: Any,
    created: list[tuple[str, str]],
    modified: list[tuple[str, str]],
    after: tuple[str, int] | None,
    versions: int | None,
    sort: str,
    descending: bool,  # noqa: FBT001 - hypothesis
    offset: int,
    total: bool,  # noqa: FBT001 - hypothesis
) -> None:
    parts = [f'createdAt {op} "{at}"' for op, at in created] + [f'lastModifiedAt {op} "{at}"' for op, at in modified]
    expected = [
        record
        for record in CHANNELS
        if all(COMPARE[op](record["createdAt"], at) for op, at in created)
        and all(COMPARE[op](record["lastModifiedAt"], at) for op, at in modified)
    ]
    if after is not None:
        op, number = after
        at, identifier = CHANNELS[number]["createdAt"], CHANNELS[number]["id"]
        parts.append(f'(createdAt {op} "{at}" or (createdAt = "{at}" and id {op} "{identifier}"))')
        key = (at, binary(identifier))
        expected = [r for r in expected if COMPARE[op]((r["createdAt"], binary(r["id"])), key)]
    if versions is not None:
        parts.append(f"version >= {versions}")
        expected = [record for record in expected if record["version"] >= versions]
    expected.sort(
        key=lambda record: binary(record["id"]), reverse=descending and sort in {"createdAt", "lastModifiedAt", "id"}
    )
    if sort and sort != "id":
        expected.sort(key=lambda record: record[sort], reverse=descending)
    query: dict[str, Any] = {"where": " and ".join(parts)} if parts else {}
    if sort:
        query["sort"] = f"{sort} {'desc' if descending else 'asc'}"
    elif descending:
        expected.sort(key=lambda record: binary(record["id"]))
    reply = api.get("/channels", limit=9, offset=offset, withTotal=str(total).lower(), **query)
    assert reply.ids == [record["id"] for record in expected][offset : offset + 9]
    assert reply.body.get("total") == (len(expected) if total else None)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_no_where_is_a_server_error(api: Any, where: str) -> None:
    assert api.get("/channels", where=where).status in {200, 400}


PARTS = ["key", "version", "createdAt", "roles", "custom", "fields", "name", "id", "=", "<", ">", "!=", "(", ")", '"x"',
         "7", "true", "and", "or", "not", "in", "is", "defined", "empty", "contains", "any", "within", "circle", ":v",
         '"2026-01-01T10:00:00.000Z"', "geoLocation", "matches", "ignore", "case", "1e999", "-0", ","]  # fmt: skip


@given(
    st.lists(st.sampled_from(PARTS), max_size=14),
    st.lists(st.sampled_from(["name.en", "key desc", "roles", "custom", "x"])),
)
def test_no_mixture_of_words_is_a_server_error(api: Any, words: list[str], sort: list[str]) -> None:
    reply = api.get("/channels", where=" ".join(words), sort=sort, **{"var.v": "1"})
    assert reply.status in {200, 400}
