"""Lines on stdout: Singer messages with Mage's extra keys, and log lines."""

from __future__ import annotations

import json
import logging
import math
import uuid
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.frontends.mage.standin.sources import messages
from commercetools_source.frontends.mage.standin.utils.logger import Logger

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_any_record_is_one_line_and_comes_back_as_it_was(record: dict[str, Any]) -> None:
    line = messages.format_message(messages.RecordMessage(stream="s", record=record))
    assert "\n" not in line
    assert json.loads(line) == {"type": "RECORD", "stream": "s", "record": record}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, "null"),
        (math.inf, "null"),
        (Decimal("1.10"), "1.10"),
        (Decimal("0.1000000000000000000001"), "0.1000000000000000000001"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), '"2026-01-02T03:04:05+00:00"'),
        (date(2026, 1, 2), '"2026-01-02"'),
        (timedelta(hours=1), '"1:00:00"'),
        (uuid.UUID(int=7), '"00000000-0000-0000-0000-000000000007"'),
    ],
)
def test_values_that_json_lacks_are_written_as_documented(value: object, written: str) -> None:
    line = messages.format_message(messages.StateMessage(value=[{"x": value}]))
    assert line.replace(" ", "") == f'{{"type":"STATE","value":[{{"x":{written}}}]}}'.replace(" ", "")


def test_a_schema_line_has_the_documented_keys_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    messages.write_schema(
        "customers",
        {"type": "object", "properties": {}},
        ["id"],
        bookmark_properties=["lastModifiedAt"],
        disable_column_type_check=False,
        partition_keys=["country"],
        replication_method="INCREMENTAL",
        unique_conflict_method="UPDATE",
        unique_constraints=["id"],
    )
    said = json.loads(capsys.readouterr().out)
    assert list(said) == [
        "type",
        "stream",
        "schema",
        "key_properties",
        "bookmark_properties",
        "disable_column_type_check",
        "partition_keys",
        "replication_method",
        "unique_conflict_method",
        "unique_constraints",
    ]


def test_a_schema_line_leaves_out_what_is_not_set(capsys: pytest.CaptureFixture[str]) -> None:
    messages.write_schema("customers", {}, "id", unique_constraints=[], stream_alias="people")
    said = {"type": "SCHEMA", "stream": "people", "schema": {}, "key_properties": ["id"]}
    assert json.loads(capsys.readouterr().out) == said


def test_key_properties_must_be_a_list_or_a_text() -> None:
    with pytest.raises(TypeError, match="key_properties must be a string or list of strings"):
        messages.write_schema("customers", {}, None)  # type: ignore[arg-type]


def test_records_and_state_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    messages.write_records("s", [{"id": 1}, {"id": 2}])
    messages.write_record("s", {"id": 3}, stream_alias="t", time_extracted=datetime(2026, 1, 1, tzinfo=timezone.utc))
    messages.write_state({"bookmarks": {}})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        {"type": "RECORD", "stream": "s", "record": {"id": 1}},
        {"type": "RECORD", "stream": "s", "record": {"id": 2}},
        {"type": "RECORD", "stream": "t", "record": {"id": 3}, "time_extracted": "2026-01-01T00:00:00+00:00"},
        {"type": "STATE", "value": {"bookmarks": {}}},
    ]


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        messages.RecordMessage(stream="s", record={}, time_extracted=datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_a_log_line_on_stdout_has_the_keys_that_mage_reads(capsys: pytest.CaptureFixture[str]) -> None:
    Logger(caller="Commercetools", log_to_stdout=True).info("hello", tags={"stream": "orders"}, more=1)
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["caller", "level", "message", "tags", "timestamp", "uuid", "more", "type"]
    assert (said["caller"], said["level"], said["type"]) == ("Commercetools", "INFO", "LOG")
    assert isinstance(said["timestamp"], int)


@pytest.mark.parametrize(
    ("method", "level", "number"),
    [("info", "INFO", 20), ("debug", "DEBUG", 10), ("error", "ERROR", 40), ("exception", "EXCEPTION", 40)],
)
def test_a_log_line_goes_through_logging_otherwise(
    caplog: pytest.LogCaptureFixture, method: str, level: str, number: int
) -> None:
    with caplog.at_level(logging.DEBUG):
        getattr(Logger(caller=object(), logger=logging.getLogger("a")), method)("hello")
    (record,) = caplog.records
    assert record.levelno == number
    line = record.getMessage()
    assert line.startswith("[20")
    said = json.loads(line[line.index("{") :])
    assert (said["caller"], said["level"]) == ("object", level)


def test_a_silent_logger_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Logger(log_to_stdout=True, verbose=0).error("hello")
    assert capsys.readouterr().out == ""
