"""A bucket before every command, and the readers of others: the same rows as in a folder."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from cli.test_cli_every_command import READING, STORING, WRITING
from commercetools_source.cli import app
from commercetools_source.sandbox import Sandbox
from destinations.s3 import bucket_of, download, needs_s3
from destinations.trees import snapshot
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.s3 import Server

pytestmark = needs_s3
STREAMS = ["--streams", "orders,zones,customers"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/zones", "/customers")) as running:
        yield running


@pytest.fixture
def shop(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandbox:
    settings = {**sandbox.settings(), "retry_seconds": 0, "personal": "drop"}
    for name, value in settings.items():
        monkeypatch.setenv(f"CTP_{name.upper()}", str(value))
    monkeypatch.chdir(tmp_path)
    return sandbox


def run(*words: str) -> int:
    return app.run(list(words))


def views(folder: Path, url: str) -> dict[str, Any]:
    """Return what the views of a folder, or of a copy of a bucket, show."""
    text = (folder / "latest.sql").read_text().replace(url, str(folder))
    with duckdb.connect() as connection:
        connection.execute(text)
        names = connection.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        return {
            f"{schema}.{name}": connection.execute(
                f"SELECT COLUMNS(lambda c: c NOT IN ('_synced_at', '_deleted_at')) FROM {schema}.{name} ORDER BY ALL"
            ).fetchall()
            for schema, name in names
        }


@pytest.mark.usefixtures("shop")
def test_every_command_does_in_a_bucket_what_it_does_in_a_folder(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for destination in (f"parquet:{url}", "parquet:folder"):
        where = ["--destination", destination]
        assert run("sync", "--materialize", *STREAMS, *where) == 0
        assert run("sync", *STREAMS, *where) == 0
        assert run("verify", *STREAMS, *where) == 0
        assert run("sweep", "--streams", "orders", *where) == 0
        assert run("plan", *STREAMS, *where) == 0
        assert run("state", "show", *where) == 0
        assert run("state", "reset", "zones", *where) == 0
        assert run("sync", *STREAMS, *where) == 0
        capsys.readouterr()
        assert run("runs", "--json", *where) == 0
        records = json.loads(capsys.readouterr().out)
        assert [(record["command"], record["status"]) for record in records] == [("sync", "complete")] * 3
    copy = views(download(url, tmp_path / "copy"), url)
    assert len(copy) > 10
    assert copy == views(tmp_path / "folder", str(tmp_path / "folder"))
    assert all("@" not in str(row) for row in copy["raw.customers"])


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_no_command_touches_what_others_have_in_a_bucket_and_one_that_reads_changes_nothing(
    kind: str, url: str, proxy: Server, shop: Sandbox, tmp_path: Path
) -> None:
    import obstore

    where, store = ["-d", f"{kind}:{url}"], bucket_of(url)
    customer = str(shop.records("customers")[0]["id"])
    others = ("notes.txt", "orders/part-000009-0a1b2c3d." + kind, "backup/manifest.json", "manifest.json.tmp")
    assert run("sync", *STREAMS, *where) == 0
    for key in others:
        obstore.put(store, key, b"theirs")
    for name in STORING:
        before, asked = snapshot(download(url, tmp_path / f"{name} before")), len(proxy.asked)
        run(*name.split(), *(WRITING | {"forget": [customer]}).get(name, READING.get(name, [])), *where)
        after = snapshot(download(url, tmp_path / f"{name} after"))
        assert [after[key][-1] for key in others] == [before[key][-1] for key in others], name
        if name not in WRITING:
            assert after.keys() == before.keys(), name
            assert not [line for line in proxy.asked[asked:] if line[0] in {"PUT", "DELETE", "POST"}], name
    made = {path.name for path in tmp_path.iterdir() if path.name.split()[-1] not in {"before", "after"}}
    assert made == ({"commercetools.html"} if kind == "parquet" else set())


@pytest.mark.usefixtures("shop")
def test_other_readers_read_the_files_where_they_are(url: str, proxy: Server, tmp_path: Path) -> None:
    import obstore
    import polars as pl
    import pyarrow.dataset
    import pyarrow.fs

    assert run("sync", *STREAMS, "--destination", f"parquet:{url}") == 0
    expected = views(download(url, tmp_path / "copy"), url)["raw.orders"]
    manifest = json.loads(bytes(obstore.get(bucket_of(url), "manifest.json").bytes()))
    files = [f"{url}/orders/{file['name']}" for file in manifest["streams"]["orders"]["files"]]
    endpoint = f"http://127.0.0.1:{proxy.server_port}"
    login = {"aws_access_key_id": "AKIASECRET", "aws_secret_access_key": "secret", "aws_region": "us-east-1"}
    options = {**login, "aws_endpoint_url": endpoint, "aws_allow_http": "true"}
    rows = pl.scan_parquet(files, missing_columns="insert", storage_options=options).collect()
    assert len(rows) == len(expected)
    system = pyarrow.fs.S3FileSystem(
        access_key="AKIASECRET", secret_key="secret", endpoint_override=endpoint, region="us-east-1"
    )
    names = [file.removeprefix("s3://") for file in files]
    assert pyarrow.dataset.dataset(names, filesystem=system).to_table().num_rows == len(expected)


@pytest.mark.usefixtures("shop")
@pytest.mark.skipif(find_spec("duckdb_extension_httpfs") is None, reason="DuckDB's httpfs is not installed")
def test_the_views_are_read_by_httpfs_where_the_bucket_is(url: str, proxy: Server, tmp_path: Path) -> None:
    import duckdb_extension_httpfs
    import obstore

    assert run("sync", "--materialize", *STREAMS, "--destination", f"parquet:{url}") == 0
    expected = views(download(url, tmp_path / "copy"), url)
    text = bytes(obstore.get(bucket_of(url), "latest.sql").bytes()).decode()
    with duckdb.connect() as connection:
        (extension,) = Path(next(iter(duckdb_extension_httpfs.__path__))).rglob("*.duckdb_extension")
        connection.execute(f"LOAD '{extension}'")
        connection.execute(
            "CREATE SECRET (TYPE s3, KEY_ID 'AKIASECRET', SECRET 'secret', REGION 'us-east-1', USE_SSL false,"
            f" URL_STYLE 'path', ENDPOINT '127.0.0.1:{proxy.server_port}')"
        )
        connection.execute(text)
        assert len(connection.sql("FROM raw.orders").fetchall()) == len(expected["raw.orders"])
        found = connection.sql("FROM main.order_line_items").fetchall()
        assert len(found) == len(expected["main.order_line_items"])
