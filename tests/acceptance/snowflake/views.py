"""Run the statements for Snowflake on fakesnow, over the rows of Parquet files, and print what the views show.

fakesnow has no external tables: a table with the columns that the statement declares stands in for each.
"""

import json
import re
import sys

import duckdb
import fakesnow
import snowflake.connector

EXTERNAL = re.compile(r'EXTERNAL TABLE ("(\w+)_files") \((.*)\)\nLOCATION')
COLUMN = re.compile(r'("\w+") (\w+) AS \(VALUE:"\w+"::\w+\)')

statements, streams, folder = json.load(sys.stdin)
shown = {}
with fakesnow.patch():
    cursor = snowflake.connector.connect(database="shop", schema="public").cursor()
    for statement in statements:
        declared = EXTERNAL.search(statement)
        if declared is None:
            cursor.execute(statement)
            continue
        table, stream, text = declared.groups()
        columns = COLUMN.findall(text)
        cursor.execute(f"CREATE TABLE {table} ({', '.join(map(' '.join, columns))})")
        names = ", ".join(name for name, _ in columns)
        rows = duckdb.sql(f"SELECT {names} FROM read_parquet('{folder}/{stream}/*.parquet', union_by_name = true)")
        values = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({values})", rows.fetchall())
    for stream in streams:
        shown[stream] = cursor.execute(f'SELECT "id", "version" FROM "{stream}" ORDER BY "id"').fetchall()
sys.stdout.write(json.dumps(shown))
