"""A commercetools of one collection, in memory and in virtual time: what the simulation reads from.

It understands exactly the questions that paging asks, answers in bytes, changes between requests as
a seeded schedule wants, and can fail. Its ids are ordered in a way that text comparison gets wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import NetworkError, PageTooLargeError, Problem, ServerError
from commercetools_source.windows import instant

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
CONDITION = re.compile(r'(\w+) (>=|<=|>|<|=) "([^"]*)"')
KEYSET = re.compile(r'\((\w+) > "([^"]*)" or \(\1 = "([^"]*)" and (\w+) > "([^"]*)"\)\)')
ONE_OF = re.compile(r"(\w+) in \(([^)]*)\)")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
}


def order(value: str, name: str) -> str:
    """Return what the platform sorts by: ids by their text reversed, everything else as it is."""
    return value[::-1] if name == "id" else value


@dataclass(frozen=True, slots=True)
class Record:
    """One version of a record as JSON, to be seen from `visible` on, perhaps later than its date of change."""

    row: dict[str, Any]
    visible: datetime


def version(name: str, number: int, created: str, modified: datetime, visible: datetime) -> Record:
    """Return version `number` of the record called `name`."""
    dates = {"createdAt": created, "lastModifiedAt": instant(modified)}
    return Record({"id": name, "version": number, **dates, "payload": f"{name}/{number}"}, visible)


@dataclass
class Platform:
    """The collection, its clock, and the hand that changes both before each request."""

    chance: random.Random
    latest_commit: float = 0.0
    trouble: float = 0.0
    broken: set[str] = field(default_factory=set)
    now: datetime = START
    versions: dict[str, list[Record]] = field(default_factory=dict)
    messages: list[tuple[datetime, str]] = field(default_factory=list)
    requests: int = 0
    busy: bool = True
    blind: bool = False

    def seen(self) -> dict[str, Record]:
        """Return the records that can be read now, each in the newest version that is visible."""
        found = {}
        for name, versions in self.versions.items():
            visible = [record for record in versions if record.visible <= self.now]
            if visible:
                found[name] = visible[-1]
        return found

    def create(self) -> None:
        # Bulk imports put many records into one millisecond.
        same = self.chance.random() < 0.6
        for _ in range(self.chance.randrange(1, 9) if same else 1):
            name = f"{self.chance.randrange(16**6):06x}"
            if name not in self.versions:
                self.versions[name] = [version(name, 1, instant(self.now), self.now, self._visible())]

    def update(self) -> None:
        if not self.versions:
            return
        name = self.chance.choice(sorted(self.versions))
        last = self.versions[name][-1]
        if last.visible <= self.now:
            number = last.row["version"] + self.chance.randrange(1, 4)
            self.versions[name].append(version(name, number, last.row["createdAt"], self.now, self._visible()))

    def delete(self) -> None:
        settled = [name for name, versions in sorted(self.versions.items()) if versions[-1].visible <= self.now]
        if settled:
            name = self.chance.choice(settled)
            del self.versions[name]
            self.broken.discard(name)
            self.messages.append((self.now, name))

    def _visible(self) -> datetime:
        late = self.chance.random() < 0.3
        return self.now + timedelta(seconds=self.chance.uniform(0, self.latest_commit) if late else 0)

    def live(self, steps: int) -> None:
        """Let the shop go on: time passes, records come, change and go."""
        for _ in range(steps):
            self.now += timedelta(milliseconds=self.chance.choice([0, 0, 1, 40, 2_000, 30_000]))
            self.chance.choices([self.create, self.update, self.delete], [2, 5, 1])[0]()

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        heavy_attempts: int | None = None,  # noqa: ARG002 - the simulation has no retries below this seam
    ) -> Any:
        """Answer one GET, as `paging.Get` promises."""
        self.requests += 1
        if self.busy:
            self.live(self.chance.randrange(3))
        limit = int(next(value for name, value in params if name == "limit"))
        if self.chance.random() < self.trouble:
            raise self._fault(limit)
        rows = [] if self.blind else self._rows(path, params)
        page = rows[:limit]
        if any(row["id"] in self.broken for row in page):
            raise ServerError(Problem(500, "a record cannot be served"))
        return parse(msgspec.json.encode({"limit": limit, "count": len(page), "results": page}))

    def _fault(self, limit: int) -> Exception:
        if limit > 1 and self.chance.random() < 0.7:
            return PageTooLargeError(Problem(400, "too slow", ("QueryTimedOut",)))
        return NetworkError("the connection broke")

    def _rows(self, path: str, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        rows = [record.row for record in self.seen().values()] if path != "/messages" else self._messages()
        for name, value in params:
            if name == "where":
                rows = list(filter(condition(value), rows))
        for name in reversed([value.split()[0] for key, value in params if key == "sort"]):
            rows.sort(key=lambda row, name=name: order(row[name], name))  # type: ignore[misc]
        return rows[int(dict(params).get("offset", 0)) :]

    def _messages(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"m{number:05d}",
                "version": 1,
                "createdAt": instant(time),
                "lastModifiedAt": instant(time),
                "type": "OrderDeleted",
                "resource": {"typeId": "order", "id": name},
            }
            for number, (time, name) in enumerate(self.messages)
        ]


def condition(where: str) -> Callable[[dict[str, Any]], bool]:
    """Return what a predicate of the forms that keysets have asks of a row; any other predicate is an error."""
    tests: list[Callable[[dict[str, Any]], bool]] = []
    if found := KEYSET.search(where):
        name, value, same, tie, last = found.groups()
        assert value == same
        start = (order(value, name), order(last, tie))
        tests.append(lambda row: (order(row[name], name), order(row[tie], tie)) > start)
    rest = KEYSET.sub("", where)
    for field_name, sign, text in CONDITION.findall(rest):
        tests.append(comparison(field_name, sign, text))
    rest = CONDITION.sub("", rest)
    if found := ONE_OF.search(rest):
        kinds = found[2]
        member = found[1]
        tests.append(lambda row: f'"{row[member]}"' in kinds)
    assert not ONE_OF.sub("", rest).replace("and", "").strip(), where
    return lambda row: all(test(row) for test in tests)


def comparison(name: str, sign: str, text: str) -> Callable[[dict[str, Any]], bool]:
    """Return the test that a field stands in this relation to a text."""
    compare, value = COMPARE[sign], order(text, name)
    return lambda row: compare(order(row[name], name), value)
