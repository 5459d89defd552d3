"""A bucket as destination, before a server that speaks S3: prefixes, what counts, and what is read."""

from __future__ import annotations

import json
import os
import re
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from commercetools_source import Client, sync
from commercetools_source.destinations import DESTINATIONS, open_destination, open_stored
from commercetools_source.destinations.row import parse
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.extract.abilities import Historian, Listed, open_to_read
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.run_record import RunRecord
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.forget import forget
from destinations.conformance import STREAM, deliver
from destinations.deliveries import CURSOR
from destinations.s3 import HELD, OLD, bucket_of, by_id, download, keys, needs_s3, opened, rows
from marks import stored_text
from shops import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from destinations.s3 import Server


def test_a_bucket_is_named_without_credentials_and_a_folder_may_have_a_question_mark(tmp_path: Path) -> None:
    target = parse("parquet:s3://shop/data?endpoint=http://localhost:9000&region=eu", DESTINATIONS)
    assert (target.location.text, dict(target.location.parameters)) == (
        "s3://shop/data",
        {"endpoint": "http://localhost:9000", "region": "eu"},
    )
    assert target.make().name == "s3://shop/data"
    assert open_destination(f"parquet:{tmp_path}/odd?name").name == f"{tmp_path}/odd?name"
    refused = {"s3://key:secret@shop/data": "without credentials", "s3://shop?odd=1": "no parameter 'odd'"}
    for spec, reason in refused.items():
        with pytest.raises(ConfigError, match=reason) as failure:
            open_destination(f"parquet:{spec}")
        assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    "url",
    [
        *("s3://", "s3:///x", "s3://shop/a#b", "s3://shop/100%", "s3://shop//x", "s3://shop/a//b", "s3://shop/../x"),
        *("s3://shop/a ", "s3://shop/a /", "s3://shop/a ?region=eu"),
        *(
            "gs://shop/./x",
            "s3://shop/x?endpoint=minio:9000",
            "s3://shop/x?endpoint=minio",
            "s3://shop/x?endpoint=ftp://m",
        ),
    ],
)
def test_a_url_that_programs_read_in_two_ways_is_refused_before_anything_is_asked(url: str, tmp_path: Path) -> None:
    specs = [f"parquet:{url}", f"jsonl:{url}"]
    if url.startswith("s3"):
        address, _, parameters = url.partition("?")
        specs.append(f"ducklake:{tmp_path}/shop.ducklake?data_path={address}&{parameters}".removesuffix("&"))
    for spec in specs:
        with pytest.raises(
            ConfigError,
            match=r"^(there is no bucket|the endpoint of a bucket|'.* (has a # or %|ends with a space)).*; | not '",
        ):
            open_destination(spec)


@needs_s3
@pytest.mark.parametrize("prefix", ["", "/", "/dätä ñ/Ü/😀", "/a b+c=d", "/taken"])
def test_any_other_prefix_holds_what_is_written_and_nothing_beside_it_changes(
    url: str, prefix: str, tmp_path: Path
) -> None:
    import obstore

    root = url.removesuffix("/pre/fix")
    obstore.put(bucket_of(root), "taken", b"theirs")  # an object may have the name of a prefix
    for _ in range(2):
        destination = opened(f"{root}{prefix}")
        destination.write(deliver(OLD))
        destination.close()
    assert {key for key in keys(root) if not f"/{key}".startswith(f"{prefix.rstrip('/')}/")} <= {"taken"}
    assert bytes(obstore.get(bucket_of(root), "taken").bytes()) == b"theirs"
    assert rows(f"{root}{prefix}".rstrip("/"), tmp_path / "copy") == by_id(*OLD)


@needs_s3
def test_a_session_token_goes_with_every_request_and_into_no_message(
    url: str, proxy: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "TOKENSECRET")
    destination = opened(url)
    destination.write(deliver(OLD))
    destination.close()
    assert proxy.asked
    assert proxy.tokens == ["TOKENSECRET"] * len(proxy.asked)
    for status in (400, 401, 403):
        proxy.refuse("GET", "", status)
        with pytest.raises(DestinationError) as failure:
            opened(url)
        assert not re.search("TOKENSECRET|AKIASECRET", str(failure.value))
        proxy.rules.clear()


@needs_s3
def test_a_large_file_is_put_in_parts_of_which_few_are_in_memory(url: str, proxy: Server) -> None:
    """In one request it would be in memory as a whole: of files that are joined that is 128 MB."""
    destination: Any = opened(url)
    store = destination._folder.files
    chunk = bytes(1_000_000)
    assert store.put("large", lambda out: sum(bool(out.write(chunk)) for _ in range(100))) == (100, 100_000_000)
    assert 1_000_000 < proxy.largest <= 8_000_000
    assert store.put("one", lambda out: sum(bool(out.write(chunk)) for _ in range(20))) == (20, 20_000_000)
    assert [path.rpartition("/")[2] for method, path in proxy.asked if method == "PUT"].count("one") == 1
    assert len(store.get("large")) == 100_000_000
    destination.close()


@needs_s3
def test_a_store_that_answers_slowly_is_waited_for(url: str, proxy: Server, tmp_path: Path) -> None:
    proxy.refuse("PUT", "part-", HELD, times=1)
    releasing = threading.Thread(target=lambda: (proxy.held.wait(60), proxy.released.wait(1), proxy.released.set()))
    releasing.start()
    destination = opened(url)
    destination.write(deliver(OLD))
    destination.close()
    releasing.join()
    assert rows(url, tmp_path / "copy") == by_id(*OLD)
    assert sum(method == "PUT" and "/part-" in path for method, path in proxy.asked) == 1


@needs_s3
def test_what_is_loaded_lies_beside_and_counts_with_the_manifest(url: str, tmp_path: Path) -> None:
    destination = opened(url)
    destination.write(deliver(OLD))
    assert rows(url, tmp_path / "copy") == by_id(*OLD)
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST))
    assert rows(url, tmp_path / "copy") == by_id(*OLD)
    destination.close()
    destination = opened(url)
    destination.write(deliver([{"id": "4", "version": 1}], Phase.FULL_LAST))
    assert rows(url, tmp_path / "copy") == by_id({"id": "3", "version": 1}, {"id": "4", "version": 1})
    destination.write(deliver([{"id": "4", "version": 2}], Phase.MERGE_LAST))
    destination.write(deliver([{"id": "4", "version": 2}], Phase.MERGE_LAST))
    assert rows(url, tmp_path / "copy")["4"]["version"] == 2
    assert len([key for key in keys(url) if "/part-" in key]) == 3
    destination.close()


@needs_s3
def test_a_full_read_keeps_earlier_versions_where_they_were_asked_for(url: str, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    held = []
    for destination in (open_destination(f"parquet:{url}"), open_destination(f"parquet:{tmp_path / 'folder'}")):
        assert isinstance(destination, Historian)
        destination.keep_history([STREAM])
        destination.open()
        destination.write(deliver(OLD))
        destination.write(deliver([{"id": "1", "version": 2}], Phase.MERGE_LAST))
        destination.write(deliver([{"id": "1", "version": 3}], Phase.FULL_FIRST))
        destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_LAST))
        destination.close()
        folder = download(url, tmp_path / "copy") if destination.name == url else tmp_path / "folder"
        table = pq.ParquetDataset(sorted(folder.rglob("part-*"))).read(["id", "version", "_deleted_at"])
        held.append(sorted((row["id"], row["version"], row["_deleted_at"] is None) for row in table.to_pylist()))
    assert held[0] == held[1]
    assert held[0] == [("1", 1, True), ("1", 2, True), ("1", 3, True), ("2", 2, False), ("2", 2, True), ("3", 1, True)]


@needs_s3
def test_deletions_and_comparisons_work_as_on_a_folder(url: str, tmp_path: Path) -> None:
    dates = {"createdAt": "2024-01-01T00:00:00.000Z", "lastModifiedAt": "2024-01-01T00:00:00.000Z"}
    destination = opened(url)
    destination.write(deliver([{**record, **dates} for record in OLD]))
    assert destination.mark_deleted(STREAM, {"1": "2024-05-01T00:00:00.000Z"}) == 1
    destination.close()
    reader: Any = open_stored(f"parquet:{url}")
    before = keys(url)
    assert open_to_read(reader)[STREAM.name].cursor == CURSOR
    difference = reader.compare(STREAM, [[Listed("1", 1, dates["lastModifiedAt"])]], CURSOR)
    assert (difference.missing, difference.gone) == (("1",), ("2",))
    reader.close()
    assert keys(url) == before
    destination = opened(url)
    assert destination.reset(STREAM)
    destination.close()
    assert rows(url, tmp_path / "copy").keys() == {"1", "2"}


@needs_s3
def test_a_bucket_is_asked_with_sql_from_copies_of_its_files(url: str) -> None:
    destination = opened(url)
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "2", "version": 2, "name": "new"}], Phase.MERGE_LAST))
    destination.close()
    before = keys(url)
    reader: Any = open_stored(f"parquet:{url}")
    reader.open_read_only()
    with closing(reader), reader.querying() as connection:
        asked = connection.execute(f"SELECT id, name FROM raw.{STREAM.name} ORDER BY id").fetchall()
    assert asked == [("1", "old"), ("2", "new")]
    assert keys(url) == before


@needs_s3
def test_relations_are_kept_and_small_files_are_joined(url: str) -> None:
    destination: Any = open_destination(f"parquet:{url}", materialize=True)
    destination.open()
    destination.write(deliver([{"id": "0", "version": 1, "rates": [{"id": "r"}]}]))
    for number in range(1, 17):
        destination.write(deliver([{"id": str(number), "version": 1, "rates": [{"id": "r"}]}], Phase.MERGE_LAST))
    destination.close()
    parts = [key for key in keys(url) if "/part-" in key]
    assert 0 < len([key for key in parts if key.startswith(f"{STREAM.name}/")]) < 16
    assert any(key.startswith("main/") for key in parts)
    assert sum(key.startswith("main/tax_category_rates/") for key in parts) < 16


@needs_s3
def test_json_lines_lie_in_a_bucket_too(url: str, tmp_path: Path) -> None:
    destination = open_destination(f"jsonl:{url}")
    destination.open()
    destination.write(deliver(OLD))
    destination.close()
    assert destination.open()[STREAM.name].cursor == CURSOR
    destination.close()
    (file,) = download(url, tmp_path / "copy").glob(f"{STREAM.name}/part-*.jsonl")
    assert [json.loads(line) for line in file.read_text().splitlines()] == OLD
    with pytest.raises(DestinationError, match=r"holds jsonl files, so no parquet files"):
        opened(url)


@needs_s3
def test_records_of_runs_lie_beside_the_manifest(url: str) -> None:
    begun = [RunRecord(run=name, command="sync", status="begun", started="2030-01-01T00:00:00.000Z") for name in "ab"]
    ended = structs.replace(begun[1], status="complete")
    destination = opened(url)
    for record in (*begun, ended):
        destination.write_run(record)
    destination.close()
    destination.open_read_only()
    assert destination.runs(9) == [ended, begun[0]]
    assert destination.runs(1) == [ended]
    destination.close()


@needs_s3
def test_what_is_looked_up_is_read_by_ranges(url: str, proxy: Server) -> None:
    dates = {"createdAt": "2024-01-01T00:00:00.000Z", "lastModifiedAt": "2024-01-01T00:00:00.000Z"}
    records = [
        {"id": str(number), "version": 1, **dates, "description": os.urandom(4000).hex()} for number in range(1000)
    ]
    destination = opened(url)
    destination.write(deliver(records[:800]))
    destination.write(deliver([{**record, "version": 2} for record in records[800:]], Phase.MERGE_LAST))
    whole = 800 * 4000
    before = proxy.sent
    new = {"id": "900", "version": 3, "lastModifiedAt": "2025-01-01T00:00:00.000Z"}
    destination.write(deliver([new], Phase.MERGE_LAST))
    assert proxy.sent - before < whole / 4
    before = proxy.sent
    assert destination.mark_deleted(STREAM, {"900": CURSOR}) == 1
    assert proxy.sent - before < whole / 2
    destination.close()
    before = proxy.sent
    reader: Any = open_stored(f"parquet:{url}")
    open_to_read(reader)
    difference = reader.compare(STREAM, [[Listed(record["id"], 1, CURSOR) for record in records]], CURSOR)
    assert difference.held == 999
    reader.close()
    assert proxy.sent - before < whole / 4


@needs_s3
def test_files_of_others_stay(url: str) -> None:
    import obstore

    store = bucket_of(url)
    others = {f"{STREAM.name}/part-000001-00000000.parquet", "notes.txt"}
    destination = opened(url)
    for key in others:
        obstore.put(store, key, b"mine")
    destination.write(deliver(OLD))
    destination.write(deliver(OLD))
    destination.close()
    opened(url).close()
    assert others <= keys(url)
    assert {bytes(obstore.get(store, key).bytes()) for key in others} == {b"mine"}


@needs_s3
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_nothing_of_a_person_who_is_forgotten_stays_in_a_bucket(url: str, tmp_path: Path, kind: str) -> None:
    streams = ["customers", "orders"]
    with Sandbox(rows=rows_of("/customers", "/orders", "/messages")) as shop, Client(shop.settings()) as client:
        spec = f"{kind}:{url}"
        assert sync(client, spec, streams=streams).complete
        email = next(record["customerEmail"] for record in shop.records("orders") if record.get("customerEmail"))
        person = next(record["id"] for record in shop.records("customers") if record["email"] == email)
        assert email in stored_text(download(url, tmp_path / "before"))
        done = forget(spec, person)
        assert set(done.rows) == set(streams)
        assert "object versioning" in " ".join(done.left)  # it cannot see whether the store keeps what was replaced
        assert email not in stored_text(download(url, tmp_path / "after"))
        assert sync(client, spec, streams=streams, full=True).complete
    assert email not in stored_text(download(url, tmp_path / "later"))
    others = [line for line in stored_text(tmp_path / "later").splitlines() if "@example.com" in line]
    assert others
