"""The questions of docs/analytics.md, and a DuckDB file to ask them of beside the records that it was made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb

PAGE = (Path(__file__).parents[1] / "docs" / "analytics.md").read_text(encoding="utf-8")
QUESTIONS = dict(re.findall(r"## ([^\n]*)\n[^#]*?```sql\n(.*?)```", PAGE, re.DOTALL))
Records = dict[str, list[dict[str, Any]]]
Response = list[tuple[Any, ...]]


class Shop:
    def __init__(self, path: Path, records: Records) -> None:
        self.path = path
        self.records = records
        self.responses: dict[str, Response] = {}
        self.orders = [order for order in records["orders"] if order["orderState"] != "Cancelled"]

    def ask(self, question: str) -> Response:
        if question not in self.responses:
            self.responses[question] = self.query(QUESTIONS[question])
        return self.responses[question]

    def query(self, query: str) -> Response:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def responds_otherwise(self, question: str, correct: str, wrong: str) -> bool:
        """Whether the shop has what makes the query with `wrong` in place of `correct` return other rows."""
        assert correct in QUESTIONS[question]
        query = QUESTIONS[question].replace(correct, wrong)
        return sorted(map(str, self.query(query))) != sorted(map(str, self.ask(question)))
