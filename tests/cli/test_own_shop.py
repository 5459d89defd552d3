"""`sandbox --from` and `--data`: a shop that was extracted is served again, record for record."""

from __future__ import annotations

import json
from os import mkfifo
from shutil import copytree
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.cli.own_shop import project_key, sandbox_rows, stored_records, written_records
from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.errors import DestinationError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from corpus import corpus
from destinations.conformance import lacking_extension
from hidden import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Shop = dict[str, dict[str, Any]]
FORMS, LAKE = ["duckdb:{}/shop.duckdb", "parquet:{}/shop", "jsonl:{}/lines"], "ducklake:{}/shop.ducklake"
LACKS = lacking_extension("ducklake")


def by_key(records: Mapping[str, list[dict[str, Any]]]) -> Shop:
    """Return the records of each stream by their id, by their JSON where they have none."""
    return {
        name: {str(record.get("id", json.dumps(record, sort_keys=True))): record for record in found}
        for name, found in records.items()
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Shop]]:
    folder = tmp_path_factory.mktemp("own")
    with Sandbox(rows=corpus()) as sandbox, Client(sandbox.settings()) as client:
        for spec in FORMS if LACKS else [*FORMS, LAKE]:
            assert sync(client, open_destination(spec.format(folder))).complete
        # Secrets are not extracted.
        yield (
            folder,
            by_key({name: [shown(one, row.item) for one in sandbox.records(name)] for name, row in STREAMS.items()}),
        )


@pytest.mark.parametrize("form", [*FORMS, pytest.param(LAKE, marks=pytest.mark.skipif(bool(LACKS), reason=LACKS))])
def test_what_was_extracted_is_served_again_with_the_same_values(shop: tuple[Path, Shop], form: str) -> None:
    folder, expected = shop
    records = (
        written_records(folder / "lines")
        if form.startswith("jsonl")
        else stored_records(open_destination(form.format(folder)))
    )
    with Sandbox(rows=sandbox_rows(records)) as sandbox:
        served = by_key({name: sandbox.records(name) for name in STREAMS})
        for name in STREAMS:
            assert served[name].keys() == expected[name].keys(), name
            assert [key for key, record in served[name].items() if record != expected[name][key]] == [], name
        with Client(sandbox.settings()) as client:
            assert {order["id"] for order in client.records("orders")} == set(expected["orders"])


@pytest.mark.parametrize("left", [None, b"PAR1"])
@pytest.mark.parametrize("name", ["shop", "lines"])
def test_a_folder_with_damaged_files_is_not_served_as_a_shop_that_has_less(
    shop: tuple[Path, Shop], tmp_path: Path, name: str, left: bytes | None
) -> None:
    folder = tmp_path / name
    copytree(shop[0] / name, folder)
    for file in (folder / "zones").glob("part-*"):
        file.unlink() if left is None else file.write_bytes(left)
    with pytest.raises(DestinationError, match=r"zones.*(is missing|has 4 bytes)"):
        written_records(folder) if name == "lines" else stored_records(open_destination(f"parquet:{folder}"))


def test_what_a_killed_run_left_in_a_folder_is_not_served(shop: tuple[Path, Shop], tmp_path: Path) -> None:
    copytree(shop[0] / "lines", tmp_path / "lines")
    (tmp_path / "lines" / "zones" / "part-000000-00000000.jsonl").write_text('{"id": "gone", "version": 1}\n{"id": ')
    records = written_records(tmp_path / "lines")
    assert {bytes(zone["id"]) for zone in records["zones"]} == {f'"{key}"'.encode() for key in shop[1]["zones"]}


def test_nested_values_keep_their_bytes(shop: tuple[Path, Shop]) -> None:
    stored = stored_records(open_destination(str(shop[0] / "shop.duckdb")))
    lines = {bytes(record["id"]): record for record in written_records(shop[0] / "lines")["orders"]}
    assert all(
        bytes(value) == bytes(lines[bytes(order["id"])][name])
        for order in stored["orders"]
        for name, value in order.items()
        if bytes(value)[:1] in {b"{", b"["}
    )


def test_the_shop_keeps_the_key_of_its_project(tmp_path: Path) -> None:
    (tmp_path / "zones.jsonl").write_text('{"id": "1", "version": 1}')
    assert project_key(written_records(tmp_path)) == "sample-shop"
    (tmp_path / "project.jsonl").write_text('{"key": "my-shop", "version": 1}')
    assert project_key(written_records(tmp_path)) == "my-shop"


def test_of_a_record_with_several_versions_the_newest_is_served(tmp_path: Path) -> None:
    versions = [{"id": "1", "version": version, "name": f"zone {version}"} for version in (2, 10, 9)]
    (tmp_path / "zones.jsonl").write_text("\n".join(map(json.dumps, versions)) + "\n\n")
    (record,) = written_records(tmp_path)["zones"]
    assert bytes(record["name"]) == b'"zone 10"'


def test_mistakes_are_told_before_anything_is_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "orders.jsonl").write_text('{"id": "1", "version": 1}\n{"id": ')
    (tmp_path / "nameless").mkdir()
    (tmp_path / "nameless" / "zones.jsonl").write_text('{"name": "north"}\n')
    (tmp_path / "empty").mkdir()
    cases = [
        (["--data", str(tmp_path / "broken")], 2, "orders.jsonl, line 2: no JSON object"),
        (["--data", str(tmp_path / "nameless")], 2, "zones.jsonl, line 1: a record of zones needs id and version"),
        (["--data", str(tmp_path / "empty")], 2, "has no file of a stream"),
        (["--data", str(tmp_path / "no")], 2, "is no folder"),
        (["--data", "x" * 300], 2, "is no folder"),
        (["--from", str(tmp_path / "no.duckdb")], 1, "does not exist"),
        (["--from", "a.duckdb", "--data", "b"], 2, "two shops"),
        (["--data", str(tmp_path), "--size", "small"], 2, "for a generated shop"),
    ]
    lines = {
        '{"id": 1, "version": 1}': "a record of orders is malformed (Expected `str`",
        '{"id": "1", "version": 1, "createdAt": 5}': "a record of orders is malformed (Expected `str`",
        '{"id": "1", "version": "x"}': "a record of orders is malformed (Expected `int`",
        '{"id": "1", "version": null}': "a record of orders needs version",
        f'{{"id": "1", "version": 1, "x": {"[" * 100_000}': "no JSON object",
        '{"id": "1", "version": 1, "x": "\udcff"}': "no JSON object ('utf-8' codec",
        '{"id": "1", "version": 1, "createdAt": "2026-01-31T12:00:00Z"}': "'2026-01-31T12:00:00Z' is no time",
        '{"id": "1", "version": 1, "lastModifiedAt": "yester\\nday"}': "'yester\\nday' is no time",
    }
    for number, (line, sentence) in enumerate(lines.items()):
        (tmp_path / f"line{number}").mkdir()
        (tmp_path / f"line{number}" / "orders.jsonl").write_bytes(line.encode(errors="surrogateescape"))
        cases.append((["--data", str(tmp_path / f"line{number}")], 2, f"line 1: {sentence}"))
    (tmp_path / "pipe").mkdir()
    mkfifo(tmp_path / "pipe" / "orders.jsonl")
    (tmp_path / "folder" / "orders.jsonl").mkdir(parents=True)
    (tmp_path / "key").mkdir()
    (tmp_path / "key" / "project.jsonl").write_text('{"key": "a/b", "version": 1}')
    (tmp_path / "name").mkdir()
    for name in ("_runs", "customers", "order"):
        (tmp_path / "name" / f"{name}.jsonl").write_text("")
    (tmp_path / "deep").mkdir()
    deep = f'{{"id": "1", "version": 1, "addresses": {"[" * 500}{"]" * 500}}}'
    (tmp_path / "deep" / "customers.jsonl").write_text(deep)
    cases += [
        (["--data", str(tmp_path / "pipe")], 1, "is a named pipe"),
        (["--data", str(tmp_path / "folder")], 1, "is a folder"),
        (["--data", str(tmp_path / "key")], 2, "project_key is 'a/b'"),
        (["--data", str(tmp_path / "name")], 2, "order.jsonl has the name of no stream; did you mean orders?"),
        (["--data", str(tmp_path / "deep"), "--mask"], 1, "a record of customers is nested too deep to be masked"),
    ]
    for arguments, status, sentence in cases:
        assert run(["sandbox", "--port", "0", *arguments]) == status
        assert sentence in capsys.readouterr().err
