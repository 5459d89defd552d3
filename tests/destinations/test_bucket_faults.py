"""A bucket as destination, when it refuses, delays and loses requests: two writers, kills, and what is told."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.destinations import open_destination, open_stored
from commercetools_source.destinations.scratch import Scratch
from commercetools_source.destinations.store import refusals
from commercetools_source.destinations.store.bucket import Bucket
from commercetools_source.errors import DestinationError, InUseError
from commercetools_source.extract.abilities import open_to_read
from commercetools_source.extract.delivery import Phase
from destinations.conformance import STREAM, deliver
from destinations.deliveries import CURSOR
from destinations.s3 import HELD, OLD, bucket_of, by_id, download, keys, needs_s3, opened, rows
from hostile import Script, answer

if TYPE_CHECKING:
    from destinations.s3 import Server

AUTHORITY = Path(__file__).with_name("authority.pem")
"""The certificate of an authority of ours; signed.pem beside it is localhost's, with its key. Both end in 2126."""


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
        assert not [sentence for sentence in told if "credentials do not allow it" not in sentence]
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


@pytest.mark.parametrize(
    ("variables", "answer", "words"),
    [
        ({}, "Connect, ConnectionRefused", "the store does not answer; check the network and the endpoint"),
        ({"https_proxy": "me:hunter2@proxy:1"}, "ConnectionRefused", "through the proxy proxy:1; check https_proxy"),
        ({"https_proxy": "me:hunter2@proxy:1", "no_proxy": "store"}, "ConnectionRefused", "check the network"),
        ({"https_proxy": "ftp://me:hunter2@proxy:1"}, "ConnectionRefused", "the proxy in https_proxy begins with ftp"),
        ({}, "InvalidCertificate( UnknownIssuer, )", "set REQUESTS_CA_BUNDLE"),
        ({}, "InvalidCertificate( NotValidForName, )", "its certificate is refused"),
    ],
)
def test_what_leads_to_a_bucket_is_named(
    variables: dict[str, str], answer: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told = refusals.reason(OSError(f"Error performing GET https://store/buck?prefix=x in 3ms - {answer}"))
    assert words in told
    assert "hunter2" not in told


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bucket_trusts_the_certificates_that_the_api_is_trusted_by(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    for name in [name for name in os.environ if name.endswith(("CERT_FILE", "CA_BUNDLE", "_proxy", "_PROXY"))]:
        monkeypatch.delenv(name)
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", variable: str(AUTHORITY)}.items():
        monkeypatch.setenv(name, value)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(AUTHORITY.with_name("signed.pem"))
    empty = b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
    with Script([answer(empty, kind="application/xml")], context=context) as script:
        endpoint = script.url.replace("http://127.0.0.1", "https://localhost")
        assert Bucket("s3://shop/x", {"endpoint": endpoint, "region": "here"}).is_there()
    assert "SSL_CERT_FILE" not in os.environ


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


_KILLED = """
import os, signal
from obstore.store import MemoryStore
from commercetools_source.destinations.store.bucket import Bucket

bucket = Bucket("memory://shop", objects=MemoryStore())
bucket.prepare()
bucket.put("customers/part-1.parquet", lambda out: out.write(b"Ann"))
bucket.fetch("customers/part-1.parquet")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_copies_that_a_killed_process_left_go_with_the_next_one_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = Scratch.new()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", _KILLED], env=environment, check=False)
    assert [path.read_bytes() for path in tmp_path.rglob("part-*")] == [b"Ann"]
    destination = tmp_path / "commercetools-source-scratch-of-mine"
    destination.mkdir()
    for name in (".lock", "manifest.json", "part-1"):
        (destination / name).write_text("1")
    (link := tmp_path / "commercetools-source-scratch-link").symlink_to(destination)
    Scratch.new().close()
    assert {*tmp_path.iterdir()} == {mine.path, destination, link}
    assert len(list(destination.iterdir())) == 3
    mine.close()
