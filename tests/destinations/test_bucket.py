"""A bucket as destination, before a server that speaks S3: what counts, two writers, kills, and what is told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from commercetools_source import Client, sync
from commercetools_source.destinations import DESTINATIONS, open_destination, open_stored
from commercetools_source.destinations.row import parse
from commercetools_source.destinations.store import refusals
from commercetools_source.errors import ConfigError, DestinationError, InUseError
from commercetools_source.extract.abilities import Historian, Listed, open_to_read
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.run_record import RunRecord
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.forget import forget
from destinations.conformance import STREAM, deliver
from destinations.deliveries import CURSOR
from destinations.s3 import HELD, bucket_of, download, keys, needs_s3, rows
from marks import stored_text
from shops import rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.destinations import Parquet
    from destinations.s3 import Server

OLD = [{"id": "1", "version": 1, "name": "old"}, {"id": "2", "version": 2, "name": "old"}]


def opened(url: str) -> Parquet:
    destination: Any = open_destination(f"parquet:{url}")
    destination.open()
    return destination  # type: ignore[no-any-return]


def by_id(*records: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in records}


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
    with reader.querying() as connection:
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
def test_a_second_run_is_told_at_once_which_process_to_wait_for(url: str) -> None:
    first = opened(url)
    first.write(deliver(OLD))
    before = keys(url)
    with pytest.raises(InUseError, match=rf"^{url} is in use by process {os.getpid()} on .*; wait.* in 10 minutes\)$"):
        opened(url)
    assert keys(url) == before
    first.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
    first.close()
    opened(url).close()


def kill_writer(url: str) -> None:
    """Let the manifest say that it was written by a process that is no more."""
    import obstore

    store = bucket_of(url)
    text = json.loads(bytes(obstore.get(store, "manifest.json").bytes()))
    text["writer"]["process"] = 2147483647  # no system has that many
    obstore.put(store, "manifest.json", json.dumps(text).encode())


@needs_s3
@pytest.mark.parametrize("status", [403, -1])
def test_a_process_goes_on_at_once_though_the_end_or_begin_of_its_last_run_was_refused(
    url: str, proxy: Server, tmp_path: Path, status: int
) -> None:
    """Repeated by one process (`--every`), it would wait for itself until the lease has ended."""
    destination = opened(url)
    destination.write(deliver(OLD))
    proxy.refuse("PUT", "manifest.json", status)
    destination.close()
    proxy.rules.clear()
    proxy.refuse("PUT", "manifest.json", status)
    with pytest.raises(DestinationError, match="cannot use"):
        opened(url)
    proxy.rules.clear()
    destination = opened(url)
    with pytest.raises(InUseError):  # which has not ended
        opened(url)
    destination.close()
    assert rows(url, tmp_path / "copy") == by_id(*OLD)


@needs_s3
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_whatever_request_of_a_run_is_refused_is_told_as_a_failure_of_the_destination(
    url: str, proxy: Server, kind: str
) -> None:
    """Each request is the one that is refused in turn: of a run that writes, of erasing, and of reading."""

    def write() -> None:
        destination: Any = open_destination(f"{kind}:{url}", materialize=True if kind == "parquet" else None)
        try:
            destination.open()
            destination.write(deliver([{"id": "1", "version": 9, "rates": [{"id": "r"}]}], Phase.MERGE_LAST))
        finally:
            destination.close()

    def erase() -> None:
        destination: Any = open_destination(f"{kind}:{url}")
        try:
            destination.open()
            destination.rewrite(STREAM, {"1"}, lambda record: record)
            assert list(destination.scan(STREAM, ["id"]))
        finally:
            destination.close()

    def read() -> None:
        destination: Any = open_stored(f"{kind}:{url}")
        try:
            open_to_read(destination)
            destination.runs(1)
            assert list(destination.scan(STREAM, ["id"]))
        finally:
            destination.close()

    write()
    for action in (write, erase, read):
        asked = len(proxy.asked)
        action()
        requests = len(proxy.asked) - asked
        told = set()
        for number in range(requests):
            proxy.refuse_one(403, after=number)
            try:
                action()
            except DestinationError as error:
                told.add(str(error))
            proxy.rules.clear()
        assert told
        assert all("credentials do not allow it" in sentence for sentence in told), told
        assert not [sentence for sentence in told if "OSError" in sentence or "must be a file" in sentence]


@needs_s3
def test_a_run_that_another_one_has_overtaken_stores_nothing_more_and_says_so(url: str, tmp_path: Path) -> None:
    first = opened(url)
    first.write(deliver(OLD))
    kill_writer(url)
    second = opened(url)
    with pytest.raises(InUseError, match=r"another run.*run again"):
        first.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
    with pytest.raises(DestinationError, match="is not open"):
        first.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
    first.close()
    second.write(deliver([{"id": "2", "version": 9}], Phase.MERGE_LAST))
    second.close()
    assert {name: row["version"] for name, row in rows(url, tmp_path / "copy").items()} == {"1": 1, "2": 9}
    assert len([key for key in keys(url) if "/part-" in key]) == 2


@needs_s3
def test_a_manifest_that_arrives_late_replaces_none_that_was_put_meanwhile(
    url: str, proxy: Server, tmp_path: Path
) -> None:
    first = opened(url)
    first.write(deliver(OLD))
    proxy.refuse("PUT", "manifest.json", HELD, times=1)
    failures: list[BaseException] = []

    def late() -> None:
        try:
            first.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
        except InUseError as error:
            failures.append(error)

    thread = threading.Thread(target=late)
    thread.start()
    assert proxy.held.wait(60)
    kill_writer(url)
    second = opened(url)
    second.write(deliver([{"id": "2", "version": 9}], Phase.MERGE_LAST))
    proxy.released.set()
    thread.join()
    first.close()
    second.close()
    assert len(failures) == 1
    assert {name: row["version"] for name, row in rows(url, tmp_path / "copy").items()} == {"1": 1, "2": 9}


@needs_s3
def test_a_store_that_ignores_conditions_is_refused(url: str, proxy: Server) -> None:
    opened(url).close()
    proxy.ignores_conditions = True
    for prefix in (url, f"{url}/new"):
        with pytest.raises(DestinationError, match=f"cannot use {prefix}: the store ignores the conditions of a put"):
            opened(prefix)


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
def test_an_answer_that_is_lost_is_no_second_run(url: str, proxy: Server, tmp_path: Path) -> None:
    destination = opened(url)
    destination.write(deliver(OLD))
    proxy.refuse("PUT", "manifest.json", -1, times=1)
    destination.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
    destination.close()
    assert rows(url, tmp_path / "copy")["1"]["version"] == 9


@needs_s3
@pytest.mark.parametrize("status", [503, 500, 409, 412])
def test_a_store_that_is_busy_for_a_moment_loses_nothing(url: str, proxy: Server, tmp_path: Path, status: int) -> None:
    destination = opened(url)
    destination.write(deliver(OLD))
    proxy.refuse("PUT", "manifest.json", status, times=1)
    new = deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST)
    try:
        destination.write(new)
    except DestinationError:
        assert status in {409, 412}
        assert rows(url, tmp_path / "copy") == by_id(*OLD)
        destination.close()
        destination = opened(url)
        destination.write(new)
    destination.close()
    assert rows(url, tmp_path / "copy")["1"]["version"] == 9


@needs_s3
@pytest.mark.parametrize(
    ("status", "reason"), [(403, "credentials"), (501, "condition"), (301, "region"), (400, "answers 400 Odd")]
)
def test_a_refusal_is_told_in_one_sentence_without_credentials(
    url: str, proxy: Server, status: int, reason: str
) -> None:
    proxy.refuse("PUT", "manifest.json", status)
    with pytest.raises(DestinationError, match=reason) as failure:
        opened(url)
    assert "AKIASECRET" not in str(failure.value)
    assert failure.value.__cause__ is None or "AKIASECRET" not in str(failure.value.__cause__)
    assert "\n" not in str(failure.value)


@needs_s3
def test_a_file_that_came_after_the_listing_is_not_taken_for_a_missing_one(url: str, proxy: Server) -> None:
    writer = opened(url)
    writer.write(deliver(OLD))
    proxy.refuse("GET", "manifest.json", HELD, times=1)
    states: list[Any] = []
    reader = open_destination(f"parquet:{url}")
    reading = threading.Thread(target=lambda: states.append(open_to_read(reader)))
    reading.start()  # which has its listing, and waits for the manifest
    assert proxy.held.wait(60)
    writer.write(deliver([{"id": "3", "version": 1}], Phase.MERGE_LAST))
    proxy.released.set()
    reading.join()
    reader.close()
    writer.close()
    assert [state[STREAM.name].cursor for state in states] == [CURSOR]


@needs_s3
def test_whom_to_forget_is_known_though_the_listing_is_late(url: str) -> None:
    import obstore

    opened(url).close()
    late: Any = open_destination(f"parquet:{url}")
    open_to_read(late)
    obstore.put(bucket_of(url), "_commercetools_forgotten.json", b"them")
    assert late.forgotten() == b"them"
    late.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("RequestTimeTooSkewed", "the clock of this machine is wrong"),
        ("InvalidToken", "the session token is not accepted"),
        ("InvalidBucketName", "no bucket can have this name"),
        ("SlowDown", "the store is asked too often"),
        ("AccessDenied", "the credentials do not allow it"),
    ],
)
def test_a_refusal_is_explained_by_its_code_before_its_status(code: str, words: str) -> None:
    answer = f"Client error with status 403 Forbidden: <Error><Code>{code}</Code></Error> non-2xx status code: 403"
    assert words in refusals.reason(OSError(answer))


@needs_s3
def test_an_account_of_azure_that_is_not_named_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(DestinationError, match="cannot use az://shop/x: there is no account; set AZURE_STORAGE"):
        opened("az://shop/x")


@needs_s3
@pytest.mark.usefixtures("proxy")
def test_a_bucket_that_does_not_exist_is_told_so() -> None:
    with pytest.raises(DestinationError, match="cannot use s3://no-such-bucket/x: there is no such bucket"):
        opened("s3://no-such-bucket/x")


CHILD = """
import json, sys
from commercetools_source.destinations import open_destination
from commercetools_source.extract.delivery import Phase
from destinations.conformance import deliver
from commercetools_source.extract.run_record import RunRecord
from destinations.conformance import STREAM
destination = open_destination("parquet:" + sys.argv[1], materialize=True)
destination.open()
destination.write_run(RunRecord(run="a", command="sync", status="begun", started="2030-01-01T00:00:00.000Z"))
records = [{"id": "1", "version": 1, "rates": [{"id": "r"}]}, {"id": "2", "version": 1}]
destination.write(deliver(records, Phase.FULL_FIRST))
destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_LAST))
destination.write(deliver([{"id": "1", "version": 2}], Phase.MERGE_LAST))
destination.mark_deleted(STREAM, {"2": "2030-01-01T00:00:00.000Z"})
destination.close()
"""


@needs_s3
def test_a_run_killed_at_any_put_or_delete_leaves_rows_and_state_of_one_delivery(
    url: str, proxy: Server, tmp_path: Path
) -> None:
    """Each request that changes something is the last in turn: killed before it is done, and after."""
    legal: list[dict[str, int]] = [{"1": 1, "2": 1, "3": 1}, {"1": 2, "2": 1, "3": 1}]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

    def run(prefix: str, before: int | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", CHILD, prefix], env=environment, stderr=subprocess.PIPE)
        if before is not None:  # it needs longer to import its modules
            proxy.kill_at(process, before)
        return process

    with run(f"{url}/whole") as process:
        assert process.wait() == 0, process.stderr
    changes = [path for method, path in proxy.asked if method in {"PUT", "DELETE"}]
    assert len(changes) > 8
    for number in range(len(changes)):
        prefix = f"{url}/{number}"
        with run(prefix, before=number) as process:
            process.wait()
            assert process.returncode == -signal.SIGKILL
        destination = opened(prefix)
        destination.close()
        listed = json.loads((download(prefix, tmp_path / str(number)) / "manifest.json").read_text())["streams"]
        assert {key for key in keys(prefix) if "/part-" in key} == {
            f"{table}/{file['name']}"
            for table, entry in listed.items()
            for file in (*entry["files"], *entry["loading"])
        }
        if listed.get(STREAM.name, {"files": []})["files"]:
            found = {name: row["version"] for name, row in rows(prefix, tmp_path / "copy").items()}
            assert found in legal


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
