"""Earlier rows: in a DuckDB file each version once, in a Parquet folder as often as it was stored."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb
import msgspec
import pytest

from commercetools_source.catalog.schema import Column, columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import DuckDB, Parquet
from commercetools_source.errors import DestinationError
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase
from commercetools_source.extract.keyset import KeyRange
from manifests import read_manifest
from thorough import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ZONES = STREAMS["zones"]
BEGIN = datetime(2026, 3, 1)  # noqa: DTZ001 - as the file has them


def api(minutes: float) -> str:
    return (BEGIN + timedelta(minutes=minutes)).isoformat(timespec="milliseconds") + "Z"


def zone(name: str, version: int, minutes: float, **more: Any) -> dict[str, Any]:
    """A zone that got this version at a minute."""
    times = {"createdAt": api(0), "lastModifiedAt": api(minutes)}
    return {"id": name, "version": version, "name": f"{name}{version}", "locations": [], **times, **more}


def delivered(records: Iterable[dict[str, Any]], minutes: float, phase: Phase, **state: Any) -> Delivery:
    raws = [msgspec.Raw(msgspec.json.encode(record)) for record in records]
    return Delivery(ZONES, raws, 1, StreamState(cursor=api(minutes), **state), phase)


@pytest.fixture(name="place", params=["shop.duckdb", "folder"])
def _place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where a DuckDB file is to be, or a Parquet folder."""
    return tmp_path / str(request.param)


def opened(path: Path, **more: Any) -> DuckDB | Parquet:
    destination = DuckDB(path, **more) if path.suffix else Parquet(path, **more)
    destination.keep_history([ZONES])
    destination.open()
    return destination


def store(path: Path, *deliveries: Delivery, **more: Any) -> list[str]:
    """Store deliveries in a run of their own; return what was noticed."""
    destination = opened(path, **more)
    try:
        for delivery in deliveries:
            destination.write(delivery)
        return [f"{notice.about}: {notice.reason}" for notice in destination.notices()]
    finally:
        destination.close()


@contextmanager
def reading(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path), read_only=True) if path.suffix else duckdb.connect() as connection:
        if not path.suffix:
            connection.execute((path / "latest.sql").read_text(encoding="utf-8"))
        yield connection


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with reading(path) as connection:
        return connection.execute(query).fetchall()


def names_at(path: Path, minutes: float) -> list[str]:
    with reading(path) as connection:
        return names_in(connection, minutes)


def names_in(connection: duckdb.DuckDBPyConnection, minutes: float) -> list[str]:
    rows = connection.execute(f"SELECT name FROM history.zones_at('{api(minutes)}') ORDER BY ALL").fetchall()
    return [name for (name,) in rows]


def spans(path: Path) -> list[tuple[str, int, float, float]]:
    """Return the earlier rows, with the minutes of their begin and end."""
    rows = ask(path, "SELECT id, version, _valid_from, _valid_to FROM history.zones ORDER BY ALL")
    return [
        (name, version, *((time - BEGIN) / timedelta(minutes=1) for time in times)) for name, version, *times in rows
    ]


def test_a_replaced_row_counts_until_its_successor(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1), zone("b", 1, 2)], 5, Phase.FULL_ONLY))
    store(path, delivered([zone("a", 4, 10)], 12, Phase.MERGE_LAST))
    assert spans(path) == [("a", 1, 1, 10)]
    assert (names_at(path, 9.99), names_at(path, 10), names_at(path, 99)) == (["a1", "b1"], ["a4", "b1"], ["a4", "b1"])


def test_a_version_that_comes_twice_or_is_late_makes_no_second_row(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    for version in (2, 2, 1, 2):
        store(path, delivered([zone("a", version, version * 5)], 12, Phase.MERGE_LAST))
    assert spans(path) == [("a", 1, 1, 10)]
    # Two changes in one millisecond: at no moment was the first of them the newest.
    store(path, delivered([zone("a", 3, 10)], 12, Phase.MERGE_LAST))
    assert spans(path) == [("a", 1, 1, 10)]


def test_a_deletion_ends_a_row_marked_or_removed_and_a_row_that_comes_back_is_there_once(path: Path) -> None:
    store(path, delivered([zone(name, 1, 1) for name in "abc"], 5, Phase.FULL_ONLY))
    destination = opened(path)
    assert (destination.mark_deleted(ZONES, {"a": api(20)}), destination.remove(ZONES, {"b": api(21)})) == (1, 1)
    destination.close()
    assert spans(path) == [("b", 1, 1, 21)]
    assert (names_at(path, 19), names_at(path, 20), names_at(path, 21)) == (["a1", "b1", "c1"], ["b1", "c1"], ["c1"])
    # Neither was a deletion, as it turns out.
    store(path, delivered([zone("a", 1, 1), zone("b", 1, 1)], 30, Phase.MERGE_LAST))
    assert (spans(path), names_at(path, 25)) == ([], ["a1", "b1", "c1"])


def test_a_full_read_ends_what_it_does_not_bring_and_keeps_what_it_replaces(place: Path) -> None:
    store(place, delivered([zone(name, 1, 1) for name in "abcd"] + [zone("e", 1, 55)], 5, Phase.FULL_ONLY))
    destination = opened(place)
    destination.mark_deleted(ZONES, {"d": api(20)})
    destination.close()
    first, last = [zone("a", 2, 30)], [zone("b", 1, 1)]
    store(place, delivered(first, 5, Phase.FULL_FIRST, mode="full"), delivered(last, 50, Phase.FULL_LAST))
    if place.suffix:
        seen = 55 + 0.001 / 60
        assert spans(place) == [("a", 1, 1, 30), ("c", 1, 1, 50), ("d", 1, 1, 20), ("e", 1, 55, pytest.approx(seen))]
    for _ in range(2):
        assert [names_at(place, minutes) for minutes in (19, 49, 50, 55, 55.01)] == [
            ["a1", "b1", "c1", "d1"],
            ["a2", "b1", "c1"],
            ["a2", "b1"],
            ["a2", "b1", "e1"],
            ["a2", "b1"],
        ]
        assert ask(place, "SELECT name FROM main.zones ORDER BY ALL") == [("a2",), ("b1",)]
        store(place, delivered([zone("a", 2, 30), zone("b", 1, 1)], 60, Phase.FULL_ONLY))


def test_no_moment_before_the_history_began_is_answered(place: Path) -> None:
    store(place, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    store(place, delivered([zone("a", 1, 1)], 9, Phase.FULL_ONLY))
    assert names_at(place, 5) == ["a1"]
    with pytest.raises(duckdb.Error, match=r"the history of zones begins with 2026-03-01 00:05:00"):
        names_at(place, 4)


def test_no_moment_at_all_is_an_error_and_no_empty_shop(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    with duckdb.connect(str(path), read_only=True) as connection:
        for asked_for in ("NULL", "NULL::TIMESTAMP", "(SELECT max(id) FROM raw.zones WHERE false)"):
            with pytest.raises(duckdb.Error, match=r"history.zones_at needs a moment, such as '2026-11-01'"):
                connection.execute(f"FROM history.zones_at({asked_for})").fetchall()
        with pytest.raises(duckdb.Error, match="yesterday"):
            connection.execute("FROM history.zones_at('yesterday')").fetchall()


def test_a_moment_is_utc_unless_it_says_otherwise(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    store(path, delivered([zone("a", 2, 60)], 70, Phase.MERGE_LAST))
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET timezone = 'America/New_York'")
        for moment, version in {
            "'2026-03-01 00:30'": 1,
            "TIMESTAMP '2026-03-01 00:30'": 1,
            "'2026-03-01T01:00:00.000Z'": 2,
            "DATE '2026-03-02'": 2,
            "'2026-03-01T02:30:00+02:00'": 1,
            "TIMESTAMPTZ '2026-03-01T02:30:00+02:00'": 1,
            "'2026-02-28T20:00:00-05'": 2,
            "'2026-03-01 01:59:00 Europe/Berlin'": 1,  # before DuckDB 1.5 a time with a zone needs its seconds
            "'2026-03-01 02:00:00.000 Europe/Berlin'": 2,
            "'2026-03-01 01:00:00 UTC'": 2,
            "now()": 2,
        }.items():
            assert connection.execute(f"SELECT version FROM history.zones_at({moment})").fetchall() == [(version,)]


def test_the_history_goes_on_without_being_asked_for_until_its_table_is_dropped(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    for version in (2, 3):
        destination = DuckDB(path)
        destination.open()
        destination.write(delivered([zone("a", version, version * 10)], version * 10, Phase.MERGE_LAST))
        destination.close()
    assert spans(path) == [("a", 1, 1, 20), ("a", 2, 20, 30)]
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE history.zones")
    destination = DuckDB(path)
    destination.open()
    destination.write(delivered([zone("a", 4, 40)], 40, Phase.MERGE_LAST))
    destination.close()
    with pytest.raises(duckdb.Error, match="zones"):
        names_at(path, 35)
    store(path, delivered([zone("a", 5, 50)], 50, Phase.MERGE_LAST))
    assert (spans(path), names_at(path, 50)) == ([("a", 4, 40, 50)], ["a5"])


def test_the_history_begins_anew_where_other_records_are_read_or_the_table_was_dropped(path: Path) -> None:
    reason = "its table was dropped, other records are read, or personal data become something else"
    anew = f"zones: its history begins anew, because {reason}"
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    assert store(path, delivered([zone("a", 2, 10)], 12, Phase.FULL_ONLY)) == []
    assert spans(path) == [("a", 1, 1, 10)]
    other = delivered([zone("a", 3, 20)], 22, Phase.FULL_ONLY, privacy="drop")
    assert (store(path, other), spans(path)) == ([anew], [])
    with pytest.raises(duckdb.Error, match="begins with 2026-03-01 00:22:00"):
        names_at(path, 21)
    # Of equal rows too: those that they had replaced have what must not be there.
    store(path, delivered([zone("a", 4, 30)], 32, Phase.MERGE_LAST, privacy="drop"))
    assert store(path, delivered([zone("a", 4, 30)], 33, Phase.FULL_ONLY, privacy="hash")) == [anew]
    store(path, delivered([zone("a", 5, 40)], 42, Phase.MERGE_LAST, privacy="hash"))
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP TABLE raw.zones CASCADE")
    assert store(path, delivered([zone("a", 6, 50)], 52, Phase.FULL_ONLY, privacy="hash")) == [anew]
    assert spans(path) == []


def test_a_column_that_comes_later_is_there_for_rows_of_before_and_one_that_goes_stays(place: Path) -> None:
    store(place, delivered([zone("a", 1, 1, early="x")], 5, Phase.FULL_ONLY))
    store(place, delivered([zone("a", 2, 10, height={"m": 3})], 12, Phase.MERGE_LAST))
    store(place, delivered([zone("a", 3, 20)], 22, Phase.FULL_ONLY))
    query = "SELECT early, height FROM history.zones_at('{}')"
    assert [ask(place, query.format(api(minutes))) for minutes in (5, 15, 25)] == [
        [('"x"', None)],
        [(None, '{"m":3}')],
        [(None, None)],
    ]


@pytest.mark.few(8)
@pytest.mark.parametrize(
    ("before", "after", "value", "expected", "misfit"),
    [
        ("int", "number", 7, 7.0, None),
        ("int", "json", 7, "7", None),
        ("string", "json", "x", '"x"', None),
        ("json", "string", "x", "x", None),
        ("datetime", "string", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z", None),
        ("string", "int", "7", 7, None),
        ("string", "int", "x", None, '{"height":"x"}'),
        ("number", "bool", 1.5, None, '{"height":1.5}'),
    ],
)
def test_a_column_of_another_type_takes_the_values_of_earlier_rows_along(
    place: Path, before: str, after: str, value: object, expected: object, misfit: str | None
) -> None:
    def typed(kind: str) -> Any:
        return lambda stream: [*columns(stream), Column("height", kind, nullable=True)]

    store(place, delivered([zone("a", 1, 1, height=value)], 5, Phase.FULL_ONLY), fields=typed(before))
    store(place, delivered([zone("a", 2, 10, height=value)], 12, Phase.MERGE_LAST), fields=typed(before))
    store(place, delivered([zone("a", 3, 20)], 22, Phase.FULL_ONLY), fields=typed(after))
    files = f"read_parquet('{place}/zones/part-*', union_by_name = true) WHERE version < 3"
    rows = "history.zones" if place.suffix else files
    assert ask(place, f"SELECT version, height, _unfit FROM {rows} ORDER BY ALL") == [
        (1, expected, misfit),
        (2, expected, misfit),
    ]
    # Of a field that no schema has a macro of a folder makes JSON, and DuckDB 1.4 does so whatever is asked for.
    if place.suffix or (before, after) != ("json", "string"):
        assert ask(place, f"SELECT version FROM history.zones_at('{api(15)}')") == [(2,)]


def test_what_the_platform_changes_by_itself_begins_with_the_date_of_its_version(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    for version in (2, 3):
        changed = zone("a", version, 1, versionModifiedAt=api(version * 10))
        store(path, delivered([changed], version * 10, Phase.MERGE_LAST))
    assert spans(path) == [("a", 1, 1, 20), ("a", 2, 20, 30)]
    assert names_at(path, 25) == ["a2"]


def test_rows_that_are_older_than_they_may_be_are_taken_out_of_the_history_too(path: Path) -> None:
    store(path, delivered([zone("a", 1, 1), zone("b", 1, 30)], 5, Phase.FULL_ONLY))
    store(path, delivered([zone("a", 2, 20), zone("b", 2, 40)], 42, Phase.MERGE_LAST))
    store(path, delivered([], 43, Phase.MERGE_LAST, since=api(25)))
    assert spans(path) == [("b", 1, 30, 40)]
    with pytest.raises(duckdb.Error, match="begins with 2026-03-01 00:25:00"):
        names_at(path, 24)


def test_a_table_of_somebody_else_is_refused_and_left_alone(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA history; CREATE TABLE history.zones AS SELECT 1 AS x")
    with pytest.raises(DestinationError, match=r"history\.zones that commercetools-source did not make; rename it"):
        store(path, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    destination = DuckDB(path)
    destination.open()
    destination.write(delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    destination.write(delivered([zone("a", 2, 10)], 15, Phase.MERGE_LAST))
    destination.close()
    assert ask(path, "FROM history.zones") == [(1,)]


@pytest.mark.parametrize("seed", range(12 if "KILLS" in os.environ else 2 if ALL else 1))  # make crash
def test_at_every_moment_each_record_is_there_in_the_version_that_was_stored_last(place: Path, seed: int) -> None:
    """Deliveries that overlap, come late and twice, full reads, deletions, in runs that are taken back."""
    chance = random.Random(seed)  # noqa: S311 - replayed by its seed
    now = 5.0
    live: dict[str, tuple[int, float]] = {name: (1, chance.uniform(0, 5)) for name in "abcdef"}
    # What the file should say: for each record its versions with begin and end, the newest without an end.
    versions: dict[str, list[list[Any]]] = {name: [[1, began, None]] for name, (_, began) in live.items()}
    store(place, delivered([zone(name, *version) for name, version in live.items()], now, Phase.FULL_ONLY))
    seen: list[dict[str, Any]] = []
    for _ in range(25):
        now += chance.uniform(1, 10)
        changed = chance.sample(sorted(live), chance.randrange(min(4, len(live) + 1)))
        for name in changed:
            live[name] = (live[name][0] + chance.randrange(1, 3), now - chance.random())
            versions[name][-1][2] = live[name][1]
            versions[name].append([*live[name], None])
        records = [zone(name, *live[name]) for name in changed]
        late = chance.sample(seen, min(len(seen), 2))
        seen += records
        destination = opened(place)
        if chance.random() < 0.25:
            everything = [zone(name, *version) for name, version in live.items()]
            half = len(everything) // 2
            destination.write(delivered(everything[:half], now, Phase.FULL_FIRST, mode="full"))
            destination.write(delivered([*everything[half:], *everything[:1]], now, Phase.FULL_LAST))
        else:
            late = [record for record in late if record["id"] in live]
            destination.write(delivered([*records, *late], now, Phase.MERGE_LAST))
        if len(live) > 2 and chance.random() < 0.4:
            now += 0.5
            gone = chance.choice(sorted(live))
            removes = chance.random() < 0.5 and isinstance(destination, DuckDB)
            act = destination.remove if removes else destination.mark_deleted
            act(ZONES, {gone: api(now)})
            del live[gone]
            versions[gone][-1][2] = now
        destination.close()
    with reading(place) as connection:
        for _ in range(20):
            moment = round(chance.uniform(5, now), 3)
            expected = sorted(
                f"{name}{version}"
                for name, spans_of in versions.items()
                for version, began, ended in spans_of
                if api(began) <= api(moment) and (ended is None or api(moment) < api(ended))
            )
            assert names_in(connection, moment) == expected, (seed, moment)


def test_a_parquet_folder_has_the_versions_since_its_last_full_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    def run(*deliveries: Delivery, gone: Mapping[str, str] = MappingProxyType({})) -> None:
        destination = Parquet(folder)
        destination.open()
        destination.mark_deleted(ZONES, gone)
        for delivery in deliveries:
            destination.write(delivery)
        destination.close()

    def names(minutes: float) -> list[str]:
        with duckdb.connect() as connection:
            connection.execute((folder / "latest.sql").read_text(encoding="utf-8"))
            rows = connection.execute(f"SELECT name FROM history.zones_at('{api(minutes)}') ORDER BY ALL").fetchall()
            return [name for (name,) in rows]

    run(delivered([zone("a", 1, 1), zone("b", 1, 2), zone("c", 1, 3)], 5, Phase.FULL_ONLY))
    run(delivered([zone("a", 4, 10), zone("b", 1, 2)], 12, Phase.MERGE_LAST), gone={"b": api(6), "c": api(11)})
    run(delivered([zone("a", 5, 20, height=1), zone("a", 4, 10)], 22, Phase.MERGE_LAST))
    # That b was deleted was a mistake: it came back as it was.
    assert [names(minutes) for minutes in (5, 9.99, 10, 11, 20)] == [
        ["a1", "b1", "c1"],
        ["a1", "b1", "c1"],
        ["a4", "b1", "c1"],
        ["a4", "b1"],
        ["a5", "b1"],
    ]
    with duckdb.connect() as connection:
        connection.execute((folder / "latest.sql").read_text(encoding="utf-8"))
        heights = connection.execute(f"SELECT height FROM history.zones_at('{api(20)}') ORDER BY ALL").fetchall()
    assert heights == [("1",), (None,)]
    with pytest.raises(duckdb.Error, match="the history of zones begins with 2026-03-01 00:05:00"):
        names(4)
    run(delivered([zone("a", 5, 20)], 32, Phase.FULL_ONLY))
    assert names(32) == ["a5"]
    with pytest.raises(duckdb.Error, match="begins with 2026-03-01 00:32:00"):
        names(31)


def versions(folder: Path) -> list[tuple[str, int]]:
    files = f"read_parquet('{folder}/zones/part-*.parquet', union_by_name = true)"
    return ask(folder, f"SELECT id, version FROM {files} ORDER BY ALL")


def test_a_folder_goes_on_with_its_history_without_being_asked_and_begins_with_what_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "folder"

    def run(*deliveries: Delivery) -> list[str]:
        destination = Parquet(folder)
        destination.open()
        for delivery in deliveries:
            destination.write(delivery)
        destination.close()
        return [f"{notice.about}: {notice.reason}" for notice in destination.notices()]

    run(delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    run(delivered([zone("a", 2, 10)], 12, Phase.MERGE_LAST))
    # Whoever asks for it first in a full read keeps what the folder had by then.
    assert store(folder, delivered([zone("a", 3, 20)], 22, Phase.FULL_ONLY)) == []
    run(delivered([zone("a", 4, 30)], 32, Phase.MERGE_LAST))
    assert run(delivered([zone("a", 4, 30)], 42, Phase.FULL_ONLY)) == []
    assert [names_at(folder, minutes) for minutes in (5, 10, 20, 30)] == [["a1"], ["a2"], ["a3"], ["a4"]]
    # No version is there twice, however often it was read.
    assert versions(folder) == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]


def test_a_folder_says_why_its_history_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    other = "zones: its history begins anew, because other records are read, or personal data become something else"
    missing = "zones: its history begins anew, because one of its files is missing or has another size"
    store(folder, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    store(folder, delivered([zone("a", 2, 10)], 12, Phase.MERGE_LAST))
    assert store(folder, delivered([zone("a", 2, 10)], 22, Phase.FULL_ONLY, where=("name is defined",))) == [other]
    assert versions(folder) == [("a", 2)]
    # A full read of something else that is given up half-way takes nothing away.
    store(folder, delivered([zone("a", 3, 24)], 25, Phase.MERGE_LAST, where=("name is defined",)))
    store(folder, delivered([], 25, Phase.FULL_FIRST, privacy="drop", mode="full"))
    store(folder, delivered([zone("a", 3, 24)], 26, Phase.FULL_ONLY, where=("name is defined",)))
    assert versions(folder) == [("a", 2), ("a", 3)]
    for damage in (Path.unlink, lambda path: path.write_bytes(path.read_bytes() + b"x")):
        damage(next((folder / "zones").glob("part-*")))
        told = store(folder, delivered([zone("a", 3, 24)], 32, Phase.FULL_ONLY, where=("name is defined",)))
        assert missing in told
        assert versions(folder) == [("a", 3)]
        with pytest.raises(duckdb.Error, match="begins with 2026-03-01 00:32:00"):
            names_at(folder, 31)


def test_files_that_are_joined_keep_every_version_and_a_full_read_does_so_too(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    store(folder, delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    for version in range(2, 36):
        store(folder, delivered([zone("a", version, version * 10)], version * 10, Phase.MERGE_LAST))
        if version % 9 == 0:
            store(folder, delivered([zone("a", version, version * 10)], version * 10, Phase.FULL_ONLY))
    assert len(list((folder / "zones").glob("part-*"))) < 16
    assert versions(folder) == [("a", version) for version in range(1, 36)]
    assert [names_at(folder, version * 10) for version in (2, 20, 35)] == [["a2"], ["a20"], ["a35"]]


def test_a_folder_keeps_no_version_that_is_older_than_it_may_be(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    store(folder, delivered([zone("a", 1, 1), zone("b", 1, 30)], 5, Phase.FULL_ONLY))
    store(folder, delivered([zone("a", 2, 20), zone("b", 2, 40)], 42, Phase.MERGE_LAST))
    store(folder, delivered([zone("b", 2, 40)], 43, Phase.FULL_ONLY, since=api(25)))
    assert versions(folder) == [("b", 1), ("b", 2)]
    assert (names_at(folder, 30), names_at(folder, 40)) == (["b1"], ["b2"])


def test_a_full_read_that_had_to_leave_out_a_record_keeps_the_history_too(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    store(folder, delivered([zone("a", 1, 1), zone("b", 1, 2)], 5, Phase.FULL_ONLY))
    unread = (KeyRange("createdAt", api(2), "b"),)
    store(folder, delivered([zone("a", 2, 10)], 12, Phase.FULL_ONLY, quarantined=unread))
    assert (names_at(folder, 5), names_at(folder, 12)) == (["a1", "b1"], ["a2", "b1"])
    store(folder, delivered([zone("a", 2, 10), zone("b", 1, 2)], 22, Phase.FULL_ONLY))
    assert (names_at(folder, 5), names_at(folder, 22)) == (["a1", "b1"], ["a2", "b1"])


def test_relations_in_files_follow_the_newest_versions_alone(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    places = {"locations": [{"country": "DE"}, {"country": "FR"}]}
    store(
        folder, delivered([zone("a", 1, 1, **places), zone("b", 1, 1, **places)], 5, Phase.FULL_ONLY), materialize=True
    )
    full = delivered([zone("a", 2, 10, locations=[{"country": "IT"}])], 12, Phase.FULL_ONLY)
    for _ in range(2):
        store(folder, full, materialize=True)
        assert ask(folder, "SELECT zoneId, country FROM main.zone_locations") == [("a", "IT")]
    assert names_at(folder, 5) == ["a1", "b1"]


SWAP = """
import json, os, signal, sys
from pathlib import Path
import msgspec
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.destinations import Parquet
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Delivery, Phase

folder, point, given = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])

def count(event, arguments):
    global point
    # Not where a file is opened to be read, which changes nothing.
    is_change = event in {"os.rename", "os.remove"} or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
    if is_change and str(folder) in str(arguments[0]):
        point -= 1
        if point == 0:
            os.kill(os.getpid(), signal.SIGKILL)

destination = Parquet(folder)
destination.open()
sys.addaudithook(count)
records = [msgspec.Raw(msgspec.json.encode(record)) for record in given["records"]]
destination.write(Delivery(STREAMS["zones"], records, 1, StreamState(cursor=given["cursor"]), Phase.FULL_LAST))
destination.close()
"""


@pytest.mark.few(0)
def test_a_full_read_that_is_killed_at_any_change_of_a_file_loses_no_version(tmp_path: Path) -> None:
    made = tmp_path / "made" / "folder"
    made.parent.mkdir()
    store(made, delivered([zone("a", 1, 1), zone("b", 1, 2), zone("c", 1, 3)], 5, Phase.FULL_ONLY))
    store(made, delivered([zone("a", 2, 10)], 12, Phase.MERGE_LAST))
    store(made, delivered([zone("a", 3, 20)], 12, Phase.FULL_FIRST, mode="full", bound=api(22)))
    last = [zone("c", 2, 15)]
    given = json.dumps({"records": last, "cursor": api(22)})
    # All of them in `make crash`, each fifth one in `make test`: a process takes a second.
    ended, point, step = -9, 0, 1 if "KILLS" in os.environ else 5
    while ended == -9:
        point += step
        folder = tmp_path / str(point) / "folder"
        shutil.copytree(made.parent, folder.parent)
        command = [sys.executable, "-c", SWAP, str(folder), str(point), given]
        ended = subprocess.run(command, check=False).returncode
        destination = Parquet(folder)
        state = destination.open()["zones"]
        if state.mode == "full":
            destination.write(delivered(last, 22, Phase.FULL_LAST))
        destination.close()
        assert versions(folder) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 1), ("c", 1), ("c", 2)], point
        shown = [names_at(folder, minutes) for minutes in (5, 10, 15, 21, 22)]
        before = ["b1", "c2"]
        assert shown == [["a1", "b1", "c1"], ["a2", "b1", "c1"], ["a2", *before], ["a3", *before], ["a3", "c2"]], point
        listed = {file.name for file in read_manifest(folder).streams["zones"].files}
        assert {file.name for file in (folder / "zones").iterdir()} == {"columns.parquet", *listed}
    assert (ended, point > 8) == (0, True)


@pytest.mark.parametrize("broken", [{"since": "soon"}, {"state": {"since": 5}}, {"state": {"since": "soon"}}])
def test_a_folder_is_shown_without_the_history_of_a_stream_whose_beginning_is_broken(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    destination = Parquet(tmp_path / "folder")
    destination.open()
    destination.write(delivered([zone("a", 1, 1)], 5, Phase.FULL_ONLY))
    destination.close()
    manifest = json.loads((tmp_path / "folder" / "manifest.json").read_bytes())
    manifest["streams"]["zones"] |= broken
    (tmp_path / "folder" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "folder" / "latest.sql").unlink()
    reopened = Parquet(tmp_path / "folder")
    reopened.open()
    reopened.write(Delivery(STREAMS["states"], [], 0, StreamState(cursor=api(5)), Phase.FULL_ONLY))
    reopened.close()
    script = (tmp_path / "folder" / "latest.sql").read_text(encoding="utf-8")
    assert "zones_at" not in script
    with duckdb.connect() as connection:
        connection.execute(script)
        assert connection.execute("SELECT name FROM main.zones").fetchall() == [("a1",)]


def test_what_is_in_the_log_alone_is_replayed_as_it_was_written(path: Path, tmp_path: Path) -> None:
    destination = opened(path)
    destination.write(delivered([zone("a", 1, 1), zone("b", 1, 1)], 5, Phase.FULL_ONLY))
    destination.write(delivered([zone("a", 2, 10, height=1)], 12, Phase.MERGE_LAST))
    destination.write(delivered([zone("a", 3, 20)], 22, Phase.FULL_ONLY))
    killed = tmp_path / "killed.duckdb"
    for end in ("", ".wal"):  # as a process leaves them that is killed here
        (killed.parent / f"{killed.name}{end}").write_bytes(path.with_name(f"{path.name}{end}").read_bytes())
    destination.close()
    store(killed, delivered([], 23, Phase.MERGE_LAST))
    for file in (killed, path):
        assert spans(file) == [("a", 1, 1, 10), ("a", 2, 10, 20), ("b", 1, 1, 22)]
        assert (names_at(file, 15), names_at(file, 25)) == (["a2", "b1"], ["a3"])
