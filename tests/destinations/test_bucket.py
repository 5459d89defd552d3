"""A bucket as destination, before a server that speaks S3: what counts, two writers, kills, and what is told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from msgspec import structs

from commercetools_source.destinations import DESTINATIONS, open_destination, open_stored
from commercetools_source.destinations.row import parse
from commercetools_source.errors import ConfigError, DestinationError, InUseError
from commercetools_source.extract.delivery import Listed, Phase, open_to_read
from commercetools_source.extract.run_record import RunRecord
from destinations.conformance import STREAM, deliver, table_of
from destinations.deliveries import CURSOR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from commercetools_source.destinations import Parquet

needs_s3 = pytest.mark.skipif(
    find_spec("obstore") is None or find_spec("moto") is None, reason="obstore and moto come with `make acceptance`"
)
OLD = [{"id": "1", "version": 1, "name": "old"}, {"id": "2", "version": 2, "name": "old"}]


class Proxy(BaseHTTPRequestHandler):
    """Hands requests on to the store, those left out for which `refuse` returns an answer."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_PUT(self) -> None:
        self._hand_on()

    do_GET = do_DELETE = do_POST = do_HEAD = do_PUT  # noqa: N815 - names of http.server

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path.partition("?")[0]))
        refusal = self.server.refusal(self.command, self.path)
        if refusal is None or refusal < 0:
            connection = HTTPConnection("127.0.0.1", self.server.store)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            status, headers, content = answer.status, answer.getheaders(), answer.read()
        else:
            status, headers, content = refusal, [], b"<Error><Code>Odd</Code><Key>AKIASECRET</Key></Error>"
        if refusal is not None and refusal < 0:  # it was done, and the answer is lost
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The proxy: `refuse` says of how many requests of which method, with which words in the path, what is answered."""

    daemon_threads = True

    def __init__(self, store: int) -> None:
        super().__init__(("127.0.0.1", 0), Proxy)
        self.store = store
        self.asked: list[tuple[str, str]] = []
        self.rules: list[list[Any]] = []
        self.doomed: subprocess.Popen[bytes] | None = None
        self.changes_left = 0

    def refuse(self, method: str, word: str, status: int, times: int = 1000) -> None:
        self.rules.append([method, word, status, times])

    def kill_at(self, process: subprocess.Popen[bytes], changes: int) -> None:
        """Kill a process in place of its next request that changes something, after so many of them."""
        self.doomed, self.changes_left = process, changes

    def refusal(self, method: str, path: str) -> int | None:
        if self.doomed is not None and method in {"PUT", "DELETE", "POST"}:
            self.changes_left -= 1
            if self.changes_left < 0:
                self.doomed.kill()
                self.doomed.wait()
                self.doomed = None
                return -1 if method == "PUT" and len(self.asked) % 2 else 503
        for rule in self.rules:
            if rule[0] == method and rule[1] in path and rule[3] > 0:
                rule[3] -= 1
                return int(rule[2])
        return None


@pytest.fixture(scope="module")
def s3() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
        yield port
        process.terminate()


@pytest.fixture
def proxy(s3: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name, value in {"ACCESS_KEY_ID": "AKIASECRET", "SECRET_ACCESS_KEY": "secret", "REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    with Server(s3) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(proxy: Server, request: pytest.FixtureRequest) -> str:
    """Return the URL of a prefix in a bucket of its own."""
    bucket = f"b{abs(hash(request.node.nodeid))}"
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{proxy.store}/{bucket}", method="PUT")).close()
    return f"s3://{bucket}/pre/fix"


def keys(url: str) -> set[str]:
    import obstore
    from obstore.store import from_url

    store = from_url(url, client_options={"allow_http": True})
    return {meta["path"] for page in obstore.list(store) for meta in page}


def download(url: str, folder: Path) -> Path:
    import obstore
    from obstore.store import from_url

    store = from_url(url, client_options={"allow_http": True})
    for key in keys(url):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(bytes(obstore.get(store, key).bytes()))
    return folder


def rows(url: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the views show of a copy of the bucket, with all of its files."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    text = (download(url, folder) / "latest.sql").read_text().replace(url, str(folder))
    with duckdb.connect() as connection:
        connection.execute(text)
        return table_of(connection.execute(f"SELECT * EXCLUDE (_synced_at, _deleted_at, _unfit) FROM {STREAM.name}"))


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
def test_relations_are_kept_and_small_files_are_joined(url: str) -> None:
    destination: Any = open_destination(f"parquet:{url}", materialize=True)
    destination.open()
    destination.write(deliver([{"id": "0", "version": 1, "rates": [{"id": "r"}]}]))
    for number in range(1, 17):
        destination.write(deliver([{"id": str(number), "version": 1, "rates": [{"id": "r"}]}], Phase.MERGE_LAST))
    destination.close()
    parts = [key for key in keys(url) if "/part-" in key]
    assert 0 < len([key for key in parts if key.startswith(f"{STREAM.name}/")]) < 16
    assert any(key.startswith("model/") for key in parts)
    assert sum(key.startswith("model/tax_category_rates/") for key in parts) < 16


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
def test_of_two_runs_the_one_that_opened_last_goes_on_and_the_other_is_told(url: str, tmp_path: Path) -> None:
    first = opened(url)
    first.write(deliver(OLD))
    second = opened(url)
    with pytest.raises(InUseError, match=r"another run.*run again"):
        first.write(deliver([{"id": "1", "version": 9}], Phase.MERGE_LAST))
    second.write(deliver([{"id": "2", "version": 9}], Phase.MERGE_LAST))
    first.close()
    second.close()
    assert {name: row["version"] for name, row in rows(url, tmp_path / "copy").items()} == {"1": 1, "2": 9}
    assert len([key for key in keys(url) if "/part-" in key]) == 2


@needs_s3
def test_files_of_others_stay(url: str) -> None:
    import obstore
    from obstore.store import from_url

    store = from_url(url, client_options={"allow_http": True})
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
@pytest.mark.usefixtures("proxy")
def test_a_bucket_that_does_not_exist_is_told_so() -> None:
    with pytest.raises(DestinationError, match="cannot use s3://no-such-bucket/x: there is no such bucket"):
        opened("s3://no-such-bucket/x")


CHILD = """
import json, sys
from commercetools_source.destinations import open_destination
from commercetools_source.extract.delivery import Phase
from destinations.conformance import deliver
destination = open_destination("parquet:" + sys.argv[1])
destination.open()
destination.write(deliver([{"id": "1", "version": 1}, {"id": "2", "version": 1}], Phase.FULL_FIRST))
destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_LAST))
destination.write(deliver([{"id": "1", "version": 2}], Phase.MERGE_LAST))
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
        entry = listed.get(STREAM.name, {"files": [], "loading": []})
        assert {key for key in keys(prefix) if "/part-" in key} == {
            f"{STREAM.name}/{file['name']}" for file in (*entry["files"], *entry["loading"])
        }
        if entry["files"]:
            found = {name: row["version"] for name, row in rows(prefix, tmp_path / "copy").items()}
            assert found in legal
