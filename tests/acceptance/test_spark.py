"""The source inside Spark, in local mode and from the wheel: batch, SQL, streaming, kills, Databricks' contract."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source import STREAMS, Client
from commercetools_source.frontends.spark.schema import column_types
from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Environment

DRIVER = Path(__file__).with_name("spark_driver.py")
ROWS = """
from datetime import datetime
def plain(value):
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "") + "Z"
    return value
def rows(frame):
    return [{k: plain(v) for k, v in row.asDict().items() if v is not None} for row in frame.collect()]
"""
"""What the driver needs to send rows as JSON."""


class Driver:
    """A Spark session in a process of its own, in a group of its own that can be killed as a whole."""

    def __init__(self, python: Environment, environ: dict[str, str], log: Path, *settings: str, master: str) -> None:
        command = [python.python, str(DRIVER), master, *settings]
        self.log = log
        self._err = log.open("wb")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._err,
            env={**python.environ, **environ, "PYSPARK_PYTHON": python.python},
            cwd=log.parent,
            start_new_session=True,
        )
        assert self._answer() == "ready"

    def do(self, code: str) -> Any:
        """Run code and return its `result`; an error is an AssertionError with all that Spark said."""
        self.begin(code)
        return self._answer()

    def begin(self, code: str) -> None:
        """Run code without waiting for it."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(ROWS + code).encode() + b"\n")
        self._process.stdin.flush()

    def finish(self) -> Any:
        """Return the result of what was begun."""
        return self._answer()

    def kill(self) -> None:
        """Kill the driver, its JVM and its Python workers at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._err):
            if pipe is not None:
                pipe.close()

    def workers(self) -> list[int]:
        """Return the Python workers of tasks: the children of Spark's daemon."""
        parents = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdecimal()}
        daemons = {
            number
            for number, (_, group, command) in parents.items()
            if "pyspark.daemon" in command and group == self.group
        }
        return [number for number, (parent, _, _) in parents.items() if parent in daemons]

    @property
    def group(self) -> int:
        return self._process.pid

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the driver ended:\n{self.log.read_text()[-4000:]}"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["result"]


def _stat(path: Path) -> tuple[int, int, str]:
    """Return parent, session and command line of a process."""
    try:
        fields = (path / "stat").read_text().rpartition(")")[2].split()
        return int(fields[1]), int(fields[3]), (path / "cmdline").read_text()
    except OSError:  # it has ended
        return 0, 0, ""


@pytest.fixture(scope="module")
def python(environment: Callable[..., Environment]) -> Environment:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17; there is no `java` here")
    return environment("spark", ["{wheel}[spark,duckdb]"])


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    with Sandbox("tiny") as running:
        yield running


@pytest.fixture(scope="module")
def driver(python: Environment, shop: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    log = tmp_path_factory.mktemp("spark") / "driver.log"
    settings = ["spark.sql.python.filterPushdown.enabled=true"]
    running = Driver(python, _environ(shop), log, *settings, master="local[2]")
    yield running
    running.kill()


def _environ(shop: Sandbox, **settings: object) -> dict[str, str]:
    own = {"settle_seconds": 0, "lookback_seconds": 0, "page_size": 20, **settings}
    return {**shop.environment(), **{f"CTP_{name.upper()}": str(value) for name, value in own.items()}}


def _records(shop: Sandbox, stream: str) -> list[dict[str, Any]]:
    with Client(shop.settings()) as client:
        return list(client.records(stream))


def _decoded(stream: str, row: dict[str, Any]) -> dict[str, Any]:
    types = column_types(STREAMS[stream])
    return {name: json.loads(value) if types[name] == "JSON" else value for name, value in row.items()}


def _load(stream: str, **options: object) -> str:
    return f"spark.read.format('commercetools').options(**{ {'stream': stream, **options}!r}).load()"


def test_every_stream_equals_the_sandbox_row_for_row(driver: Driver, shop: Sandbox) -> None:
    read = driver.do(
        f"result = {{name: rows({_load('orders').replace(repr('orders'), 'name')}) for name in {list(STREAMS)}}}"
    )
    for stream, row in STREAMS.items():
        expected = {}
        for record in _records(shop, stream):
            expected[tuple(record[name] for name in row.key)] = {
                name: value for name, value in record.items() if value is not None
            }
        found = [_decoded(stream, line) for line in read[stream]]
        assert len(found) == len(expected), stream
        assert {tuple(line[name] for name in row.key): line for line in found} == expected, stream


def test_the_format_is_found_by_itself_in_sql(driver: Driver, shop: Sandbox) -> None:
    code = """
spark.sql("CREATE TEMPORARY VIEW v USING commercetools OPTIONS (stream 'orders', columns 'id, totalPrice')")
spark.sql("CREATE TEMPORARY VIEW parsed AS SELECT parse_json(totalPrice) AS totalPrice FROM v")
result = spark.sql("SELECT count(*), sum(CAST(totalPrice:centAmount AS BIGINT)) FROM parsed").first()
"""
    orders = _records(shop, "orders")
    assert driver.do(code) == [len(orders), sum(order["totalPrice"]["centAmount"] for order in orders)]


def test_nested_values_are_variants_where_asked_for(driver: Driver, shop: Sandbox) -> None:
    code = f"""
frame = {_load("orders", nested="variant", columns="id,totalPrice,lineItems,custom")}
result = [[row[0], row[1], row[2]] for row in frame.selectExpr(
    "id", "CAST(totalPrice:centAmount AS BIGINT)", "variant_get(lineItems, '$[0].quantity', 'int')").collect()]
"""
    expected = [
        [order["id"], order["totalPrice"]["centAmount"], (order["lineItems"] or [{"quantity": None}])[0]["quantity"]]
        for order in _records(shop, "orders")
    ]
    assert sorted(driver.do(code)) == sorted(expected)


def test_a_relation_has_decimal_money(driver: Driver, shop: Sandbox) -> None:
    frame = "spark.read.format('commercetools').option('relation', 'order_line_items').load()"
    code = f"frame = {frame}\nresult = [frame.schema['totalPrice_amount'].dataType.simpleString(), frame.count()]"
    items = sum(len(order["lineItems"]) for order in _records(shop, "orders"))
    assert driver.do(code) == ["decimal(23,4)", items]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "stream is missing; name one, for example .option('stream', 'orders')"),
        ({"stream": "oders"}, "there is no stream 'oders'. Did you mean orders?"),
        ({"stream": "orders", "page_size": "900"}, "page_size is '900'; it must be a whole number from 1 to 500"),
        (
            {"stream": "orders", "client_secret": "never shown"},
            "client_secret is ***; it must be the API client's secret",
        ),
    ],
)
def test_a_wrong_option_is_one_sentence(driver: Driver, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(AssertionError) as caught:
        driver.do(f"spark.read.format('commercetools').options(**{options!r}).load()")
    assert f"ConfigError: {sentence}" in str(caught.value)
    assert "never shown" not in str(caught.value).replace(repr(options), "")


def test_filters_on_keys_and_times_are_sent_where_spark_allows_it(driver: Driver, shop: Sandbox) -> None:
    orders = _records(shop, "orders")
    first, newest = orders[0], max(order["lastModifiedAt"] for order in orders)
    before = len(shop.requests)
    frame = _load("orders", pushdown="true")
    code = f"""
result = [{frame}.where("id = '{first["id"]}'").count(), {frame}.where("lastModifiedAt >= '{newest}'").count(),
          {frame}.where("id = '{first["id"]}' or version > 0").count()]
"""
    assert driver.do(code) == [1, sum(order["lastModifiedAt"] >= newest for order in orders), len(orders)]
    asked = [seen.query for seen in shop.requests[before:] if seen.path.endswith("/orders")]
    assert any(first["id"] in str(query) for query in asked)


def test_a_schema_of_the_readers_own_and_any_time_that_spark_has_are_taken(driver: Driver, shop: Sandbox) -> None:
    code = """
spark.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")
frame = spark.read.format("commercetools").option("stream", "orders").option("pushdown", "true")
chosen = frame.schema("version BIGINT, createdAt TIMESTAMP_LTZ, id STRING").load()
ends = ["createdAt <= timestamp_ltz'9999-12-31 23:59:59.999999'", "createdAt >= timestamp_ltz'0001-01-01 00:00:00'"]
found = rows(chosen.where(" AND ".join(ends)))
whole = frame.load().schema["createdAt"].dataType.simpleString()
spark.conf.unset("spark.sql.timestampType")
result = [whole, sorted(found, key=lambda row: row["id"])]
"""
    orders = sorted(_records(shop, "orders"), key=lambda order: str(order["id"]))
    assert driver.do(code) == [
        "timestamp",
        [{name: order[name] for name in ("version", "createdAt", "id")} for order in orders],
    ]


def test_no_secret_is_in_plans_views_or_logs(driver: Driver, shop: Sandbox) -> None:
    options = {"stream": "orders", **{name: str(value) for name, value in shop.settings().items()}}
    code = f"""
frame = spark.read.format('commercetools').options(**{options!r}).load()
frame.createOrReplaceTempView("shown")
frame.count()
result = [frame._jdf.queryExecution().toString(), frame._jdf.queryExecution().logical().toJSON(),
          str(spark.sql("DESCRIBE EXTENDED shown").collect())]
"""
    shown = driver.do(code)
    secret = shop.settings()["client_secret"]
    assert secret not in str(shown)
    assert secret not in driver.log.read_text()


def test_a_registered_source_knows_the_slots_of_its_session(driver: Driver, shop: Sandbox) -> None:
    code = f"""
from pyspark_commercetools import register
register(spark)
frame = {_load("messages", page_size=50)}
result = [frame.rdd.getNumPartitions(), frame.where("createdAt > '2000-01-01'").count()]
"""
    assert driver.do(code) == [2, len(_records(shop, "messages"))]


def test_a_skewed_stream_is_read_by_all_slots(driver: Driver) -> None:
    def skewed() -> Iterator[tuple[str, str, bytes]]:
        for number in range(12_000):
            at = f"20{10 + number // 200:02d}-03-01T00:00:00.000Z" if number < 2000 else _of_one_minute(number)
            value = {"id": f"{number:08x}-0000-4000-8000-000000000000", "version": 1, "email": "a@example.com"}
            yield "/customers", "", json.dumps({**value, "createdAt": at, "lastModifiedAt": at}).encode()

    with Sandbox(rows=skewed()) as crowd:
        options = {**{name: str(value) for name, value in crowd.settings().items()}, "page_size": "500"}
        frame = _load("customers", **options, slots=2, partitions=4, settle_seconds=0)
        code = f"""
from pyspark.sql.functions import spark_partition_id
result = [list(row) for row in {frame}.groupBy(spark_partition_id()).count().collect()]
"""
        counts = [count for _, count in driver.do(code)]
    assert sum(counts) == 12_000
    assert len(counts) == 4
    assert max(counts) < 1.3 * 3000


def _of_one_minute(number: int) -> str:
    return f"2024-05-01T12:00:{number // 200 % 60:02d}.{number % 1000:03d}Z"


def test_a_killed_python_worker_loses_and_doubles_nothing(python: Environment, tmp_path: Path) -> None:
    with Sandbox("tiny", latency=0.1) as shop:
        running = Driver(python, _environ(shop, page_size=5, concurrency=2), tmp_path / "log", master="local[2,4]")
        try:
            running.begin(f"result = [row.id for row in {_load('messages', columns='id')}.collect()]")
            _until(lambda: sum("/messages" in seen.path for seen in shop.requests) > 40)
            killed = running.workers()
            for number in killed:
                os.kill(number, signal.SIGKILL)
            ids = running.finish()
        finally:
            running.kill()
        assert killed
        assert sorted(ids) == sorted(record["id"] for record in shop.records("messages"))


STREAM = """
def stream(folder, **options):
    frame = spark.readStream.format("commercetools").options(stream="orders", **options).load()
    query = (frame.select("id", "version", "lastModifiedAt", "_deleted_at", "orderState").writeStream.format("parquet")
        .option("checkpointLocation", folder + "/checkpoint").trigger(availableNow=True).start(folder + "/rows"))
    query.awaitTermination()
    return [progress.numInputRows for progress in query.recentProgress]
def held(folder):
    return rows(spark.read.parquet(folder + "/rows"))
"""


def test_a_killed_query_goes_on_where_it_was_and_sees_changes_and_deletions(
    python: Environment, tmp_path: Path
) -> None:
    with Sandbox("tiny", latency=0.02) as shop:
        orders = {order["id"]: order["version"] for order in shop.records("orders")}
        first = Driver(python, _environ(shop), tmp_path / "first", master="local[2]")
        first.begin(f"{STREAM}\nresult = stream({str(tmp_path)!r}, max_rows='20')")
        _until(lambda: len(list((tmp_path / "checkpoint" / "commits").glob("[0-9]*"))) >= 2)
        first.kill()
        done = len(list((tmp_path / "checkpoint" / "commits").glob("[0-9]*")))
        assert done * 20 < len(orders), "it was killed too late to prove anything"

        second = Driver(python, _environ(shop), tmp_path / "second", master="local[2]")
        try:
            batches = second.do(f"{STREAM}\nresult = stream({str(tmp_path)!r}, max_rows='20')")
            assert max(batches) <= 20
            held = second.do(f"{STREAM}\nresult = held({str(tmp_path)!r})")
            assert sorted((row["id"], row["version"]) for row in held) == sorted(orders.items())

            changed, gone, *_ = sorted(orders)
            shop.update("orders", changed, {"orderState": "Complete"})
            shop.delete("orders", gone)
            shop.clock.advance(2.1)  # the platform's clock has seconds, and what is read lies before it
            second.do(f"{STREAM}\nresult = stream({str(tmp_path)!r}, max_rows='20')")
            after = second.do(f"{STREAM}\nresult = held({str(tmp_path)!r})")
            assert len(after) == len(held) + 2
            new = {row["id"]: row for row in after if row not in held}
            assert new[changed]["orderState"] == "Complete"
            assert new[changed]["version"] > orders[changed]
            assert "_deleted_at" in new[gone]

            again = second.do(f"{STREAM}\nresult = stream({str(tmp_path)!r}, max_rows='20')")
            assert sum(again) == 0
        finally:
            second.kill()


def test_a_stream_without_the_scope_for_messages_says_so_before_it_reads(driver: Driver, shop: Sandbox) -> None:
    shop.add_client("lonely", "lonely-secret", scopes=["view_orders"])
    options = {"stream": "orders", "client_id": "lonely", "client_secret": "lonely-secret"}
    code = f"""
frame = spark.readStream.format("commercetools").options(**{options!r}).load()
frame.writeStream.format("memory").queryName("lonely").trigger(availableNow=True).start().awaitTermination()
"""
    with pytest.raises(AssertionError, match=r"view_messages.*or set the option deletions to false"):
        driver.do(code)
    driver.do(code.replace("'lonely-secret'}", "'lonely-secret', 'deletions': 'false'}"))


def test_the_examples_of_the_page_run(driver: Driver) -> None:
    page = (Path(__file__).parents[2] / "docs" / "spark.md").read_text(encoding="utf-8")
    examples = [code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "read_partition" not in code]
    assert len(examples) == 6
    driver.do("\n".join(examples))
    assert driver.do("result = spark.read.parquet('shop/orders').count()") > 0


def test_the_contract_of_lakeflow_community_connectors(driver: Driver, shop: Sandbox) -> None:
    code = """
import json
from pyspark_commercetools import register_lakeflow_source
register_lakeflow_source(spark)
def read(reader, table, **options):
    options = {"databricks.connection": "c", "tableName": table, **options}
    return reader.format("lakeflow_connect").options(**options).load()
def run(frame, name):
    query = frame.writeStream.format("memory").queryName(name).trigger(availableNow=True).start()
    query.awaitTermination()
    return rows(spark.table(name))
names = json.dumps(["orders", "customer_groups", "messages", "carts"])
metadata = read(spark.read, "_community_table_metadata", tableNameList=names, tableConfigs="{}")
tables = read(spark.read, "_community_tables")
result = {
    "metadata": [row.asDict() for row in metadata.collect()],
    "tables": [row.tableName for row in tables.collect()],
    "snapshot": read(spark.read, "customer_groups").count(),
    "orders": run(read(spark.readStream, "orders"), "orders"),
    "deleted": run(read(spark.readStream, "orders", isDeleteFlow="true"), "deleted"),
}
"""
    gone = shop.delete("orders", shop.create("orders")["id"])
    shop.clock.advance(2.1)  # as above
    read = driver.do(code)
    assert read["metadata"] == [
        {
            "tableName": "orders",
            "primary_keys": ["id"],
            "cursor_field": "lastModifiedAt",
            "ingestion_type": "cdc_with_deletes",
        },
        {"tableName": "customer_groups", "primary_keys": ["id"], "cursor_field": None, "ingestion_type": "snapshot"},
        {"tableName": "messages", "primary_keys": ["id"], "cursor_field": "createdAt", "ingestion_type": "append"},
        {"tableName": "carts", "primary_keys": ["id"], "cursor_field": "lastModifiedAt", "ingestion_type": "cdc"},
    ]
    assert read["tables"] == list(STREAMS)
    assert read["snapshot"] == len(_records(shop, "customer_groups"))
    assert {row["id"] for row in read["orders"]} == {order["id"] for order in _records(shop, "orders")}
    assert all("_deleted_at" not in row for row in read["orders"])
    assert {row["id"] for row in read["deleted"]} >= {gone["id"]}
    assert all("lastModifiedAt" in row for row in read["deleted"])


def test_a_snapshot_is_not_handed_over_as_what_was_deleted(driver: Driver) -> None:
    code = """
from pyspark_commercetools import register_lakeflow_source
register_lakeflow_source(spark)
options = {"tableName": "orders", "isDeleteFlow": "true"}
spark.read.format("lakeflow_connect").options(**options).load().count()
"""
    with pytest.raises(AssertionError, match=r"ConfigError: isDeleteFlow is for a streaming read"):
        driver.do(code)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "it did not come so far in 5 minutes"
        time.sleep(0.02)
