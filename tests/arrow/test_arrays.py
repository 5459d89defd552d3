"""Arrays laid out by hand are those that Arrow makes of the same values; and pandas stays where it is."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.arrow.arrays import MISSING, json_texts, moments, repeated, scalars, strings

if TYPE_CHECKING:
    from commercetools_source.catalog.kinds import Kind

pa = pytest.importorskip("pyarrow")

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
WHOLE = st.integers(-(2**65), 2**65) | st.sampled_from([2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63, -(2**63)])


def outcome(make: Any) -> Any:
    """Return the array that is made, or that a value did not fit."""
    try:
        return make()
    except (pa.ArrowInvalid, OverflowError):
        return "does not fit"


@given(st.lists(st.none() | TEXTS))
def test_texts_are_those_of_arrow(values: list[str | None]) -> None:
    found = strings(values)
    found.validate(full=True)
    assert found.equals(pa.array(values, pa.string()))


@pytest.mark.parametrize(
    ("kind", "arrow", "value"),
    [
        ("int", pa.int64(), WHOLE),
        ("number", pa.float64(), st.floats(allow_nan=False) | WHOLE),
        ("bool", pa.bool_(), st.booleans()),
        ("string", pa.string(), TEXTS),
    ],
)
def test_scalars_are_those_of_arrow_or_do_not_fit_either(kind: Kind, arrow: Any, value: st.SearchStrategy[Any]) -> None:
    @given(st.lists(st.none() | value, max_size=20))
    def compare(values: list[Any]) -> None:
        found = outcome(lambda: scalars(kind, values))
        expected = outcome(lambda: pa.array(values, arrow))
        assert found == expected if isinstance(expected, str) else found.equals(expected)

    compare()


@given(st.lists(st.none() | st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))))  # noqa: DTZ001 - as they are stored
def test_times_are_those_of_arrow(values: list[datetime | None]) -> None:
    assert moments(values).equals(pa.array(values, pa.timestamp("us")))
    for value in filter(None, values):
        assert repeated(value, 3).equals(pa.array([value] * 3, pa.timestamp("us")))


PIECES = [MISSING, *map(msgspec.Raw, (b"null", b"1", b'"\xc3\xa9"', b"[1.10]", b"{}"))]


@given(st.lists(st.sampled_from(PIECES)))
def test_json_is_kept_byte_for_byte_and_missing_and_null_are_null(raws: list[msgspec.Raw]) -> None:
    expected = [None if bytes(raw) in {b"", b"null"} else bytes(raw).decode() for raw in raws]
    found = json_texts(raws)
    found.validate(full=True)
    assert found.to_pylist() == expected


@pytest.mark.few(1)
@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
@pytest.mark.parametrize(
    "address",
    [
        pytest.param(
            "duckdb:{}/shop.duckdb",
            marks=pytest.mark.skipif(
                version("duckdb").startswith("1."), reason="DuckDB 1 loads pyarrow.dataset, and that loads pandas"
            ),
        ),
        "parquet:{}/shop",
    ],
)
def test_pandas_is_not_loaded_to_write_tables(tmp_path: Any, address: str) -> None:
    code = f"""
import sys
from commercetools_source import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sandbox import SandboxProcess
from commercetools_source.sync import sync
with SandboxProcess(size="tiny") as sandbox, Client(sandbox.settings()) as client:
    for _ in range(2):
        assert sync(client, open_destination("{address.format(tmp_path)}"), streams=["orders", "customers"]).complete
assert "pandas" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
