"""Run by the Python of an environment that has dlt and its destinations: one run, then what the destination has.

Reads a JSON object from standard input, prints the rows loaded in this run and how tables differ from `expected`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys

import dlt
from commercetools_source.dlt import commercetools

given = json.load(sys.stdin)
destination = getattr(dlt.destinations, given["destination"])(**given["options"])
pipeline = dlt.pipeline("acceptance", pipelines_dir=given["folder"], destination=destination, dataset_name="shop")
pipeline.run(commercetools(given["streams"], given["credentials"]))
counts = pipeline.last_trace.last_normalize_info.row_counts
naming = pipeline.default_schema.naming


def plain(value, like):
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.timezone.utc)
    if isinstance(value, str) and isinstance(like, (dict, list)):
        return json.loads(value)
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value


def wanted(value, got):
    return dt.datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(got, dt.datetime) else value


def difference(name, key, records):
    with pipeline.sql_client() as client, client.execute_query(f"SELECT * FROM {name}") as cursor:
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row)) for row in cursor.fetchall()]
    key = [naming.normalize_identifier(part) for part in key]
    held = {}
    for row in rows:  # a destination that cannot merge has older versions too
        at = tuple(row[part] for part in key)
        if at not in held or (row.get("version") or 0) >= (held[at].get("version") or 0):
            held[at] = row
    problems = [] if given["appends"] or len(rows) == len(held) else [f"{len(rows) - len(held)} rows twice"]
    missing = len(records)
    for record in records:
        expected = {naming.normalize_identifier(field): value for field, value in record.items()}
        row = held.pop(tuple(expected[part] for part in key), None)
        if row is None:
            continue
        missing -= 1
        for field, value in expected.items():
            got = plain(row[field], value)
            if isinstance(got, str) and got != value:  # JSON of any type
                got = json.loads(got)
            if got != wanted(value, got):
                problems.append(f"{field}: {got!r} for {value!r}")
    return problems + ([f"{missing} missing"] if missing else []) + ([f"{len(held)} too many"] if held else [])


found = {name: difference(name, given["keys"][name], records) for name, records in given["expected"].items()}
loaded = {name: count for name, count in counts.items() if not name.startswith("_dlt") and count}
print(json.dumps({"loaded": loaded, "different": {name: said[:5] for name, said in found.items() if said}}))
