"""The table of column kinds: how the values of a column are written in each form that a column has.

A kind is a row here; the contract (tools/contract.py) and its type in Python (tools/docs_records.py) name it.
Pure; knows neither streams nor the contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "SCALARS", "Form", "Kind"]

Kind: TypeAlias = str
"""The name of a row of `KINDS`; a contract's scalar has the name of its kind."""


@dataclass(frozen=True, slots=True)
class Form:
    """How values of one kind are written.

    `duckdb`: the SQL type. `arrow`: the Arrow type, in the words of `pyarrow.type_for_alias` where it has
    one. `json`: the JSON Schema of a value. `read`: what `from_json` is asked for, in its notation. `sql`:
    turns what it read, put in place of `{0}`, into a value of type `duckdb`; what does not fit exactly
    becomes NULL, never an error and never something near. `decode`: the type that msgspec decodes a value
    into before it becomes Arrow; a value that it refuses is unfit.
    """

    duckdb: str
    arrow: str
    json: Mapping[str, Any]
    read: Any
    sql: str
    decode: Any = msgspec.Raw


# All is read as text, because `from_json` itself rounds 1.5 to 2, takes true for 1 and forgets the +02:00 of a
# timestamp. The expressions are short: a model has thousands of them, and DuckDB reads each when a view is made.
_INT = "TRY_CAST(replace({0}, '.', '?') AS BIGINT)"
_MOMENT = "try_strptime({0}, ['%Y-%m-%dT%H:%M:%S.%fZ', '%Y-%m-%dT%H:%M:%SZ'])"
_DAY = "CAST(try_strptime({0}, '%Y-%m-%d') AS DATE)"
_HIGH = """{0}."type" IS NOT DISTINCT FROM 'highPrecision'"""
_CENT, _PRECISE = (_INT.replace("{0}", f'{{0}}."{name}"') for name in ("centAmount", "preciseAmount"))


def _shifted(amount: str, digits: int) -> str:
    """Return SQL for `amount` shifted by its fraction digits: a product of decimals, exact or NULL.

    1e-21 is 0 as a decimal of 20 digits, which is how more fraction digits than `digits` are found.
    """
    unit = f"""TRY_CAST('1e-' || {{0}}."fractionDigits" AS DECIMAL({digits + 1}, {digits}))"""
    return f"TRY(CAST({amount} AS DECIMAL(19, 0)) * nullif({unit}, 0))"


_SCALAR_FORMS: dict[Kind, Form] = {
    "string": Form("VARCHAR", "string", {"type": "string"}, "VARCHAR", "{0}", str),
    "int": Form("BIGINT", "int64", {"type": "integer"}, "VARCHAR", _INT, int),
    # An int keeps its digits until Arrow says whether a double can hold them.
    "number": Form("DOUBLE", "double", {"type": "number"}, "VARCHAR", "TRY_CAST({0} AS DOUBLE)", float | int),
    "bool": Form(
        "BOOLEAN",
        "bool",
        {"type": "boolean"},
        "VARCHAR",
        "CASE {0} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
        bool,
    ),
    "datetime": Form("TIMESTAMP", "timestamp[us]", {"type": "string", "format": "date-time"}, "VARCHAR", _MOMENT, str),
    "date": Form("DATE", "date32[day]", {"type": "string", "format": "date"}, "VARCHAR", _DAY, str),
    "time": Form("TIME", "time64[us]", {"type": "string", "format": "time"}, "VARCHAR", "TRY_CAST({0} AS TIME)", str),
}

_FORMS: dict[Kind, Form] = {
    **_SCALAR_FORMS,
    "json": Form("JSON", "string", {}, "JSON", "{0}"),
    # Texts by their language, and any other map to texts.
    "map": Form(
        "MAP(VARCHAR, VARCHAR)",
        "map<string, string>",
        {"type": "object", "additionalProperties": {"type": ["null", "string"]}},
        "MAP(VARCHAR, VARCHAR)",
        "{0}",
    ),
    # The amount of a centPrecision money. No currency has more than 4 fraction digits (ISO 4217), so that every
    # 64-bit number of cents fits.
    "cents": Form(
        "DECIMAL(23, 4)",
        "decimal128(23, 4)",
        {"type": "number"},
        dict.fromkeys(("type", "centAmount", "fractionDigits"), "VARCHAR"),
        f"CAST({_shifted(f'CASE WHEN NOT {_HIGH} THEN {_CENT} END', 4)} AS DECIMAL(23, 4))",
    ),
    # The amount of a money that may be highPrecision: at most 20 fraction digits
    # (https://docs.commercetools.com/api/types#highprecisionmoney).
    # What is left for the other digits is 18, so that an amount of 10^18 and more has no place here.
    "precise": Form(
        "DECIMAL(38, 20)",
        "decimal128(38, 20)",
        {"type": "number"},
        dict.fromkeys(("type", "centAmount", "preciseAmount", "fractionDigits"), "VARCHAR"),
        _shifted(f"CASE WHEN {_HIGH} THEN {_PRECISE} ELSE {_CENT} END", 20),
    ),
}


def _listed(form: Form) -> Form:
    sql = "{0}" if form.sql == "{0}" else f"[{form.sql.replace('{0}', 'x')} FOR x IN {{0}}]"
    return Form(
        f"{form.duckdb}[]", f"list<{form.arrow}>", {"type": "array", "items": dict(form.json)}, [form.read], sql
    )


SCALARS: tuple[Kind, ...] = tuple(_SCALAR_FORMS)
"""Kinds whose JSON is a text, a number or a boolean."""

KINDS: Mapping[Kind, Form] = MappingProxyType(
    {**_FORMS, **{f"[{name}]": _listed(_FORMS[name]) for name in (*SCALARS, "map")}}
)
"""Every kind by its name; `[kind]` is a list of them."""
