"""A commercetools of a few collections, in memory and in virtual time: what the simulation reads from.

It understands exactly the questions that paging asks, answers in bytes, changes between requests as
a seeded schedule wants, and can fail. Its ids are ordered in a way that text comparison gets wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.timestamps import instant
from commercetools_source.errors import NetworkError, PageTooLargeError, Problem, ServerError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
CONDITION = re.compile(r'(\w+) (>=|<=|>|<|=) "([^"]*)"')
KEYSET = re.compile(r'\((\w+) > "([^"]*)" or \(\1 = "([^"]*)" and (\w+) > "([^"]*)"\)\)')
UNTIL = re.compile(r'\((\w+) < "([^"]*)" or \(\1 = "([^"]*)" and (\w+) <= "([^"]*)"\)\)')
ONE_OF = re.compile(r"(\w+) in \(([^)]*)\)")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    "=": lambda left, right: left == right,
}
UNIQUE = frozenset({"id", "key"})
COLLECTIONS = {"orders": "/orders", "payments": "/payments", "custom_objects": "/custom-objects"}
CONTAINERS = ("boxes", "crates")


def order(value: str, name: str) -> str:
    """Return what the platform sorts by: ids by their text reversed, everything else as it is."""
    return value[::-1] if name in UNIQUE else value


@dataclass(frozen=True, slots=True)
class Record:
    """One version of a record as JSON, to be seen from `visible` on, perhaps later than its date of change."""

    row: dict[str, Any]
    visible: datetime


Collection = dict[str, list[Record]]


@dataclass
class Platform:
    """The collections, their clock, and the hand that changes both before each request.

    `trouble`: the share of requests that fail. `broken`: ids that cannot be served. `heavy`: pages of more
    records than this never arrive. `blind`: nothing is listed, as if a scope were lost.
    `behind`: what is read is as old as this.
    """

    chance: random.Random
    names: tuple[str, ...] = ("orders",)
    latest_commit: float = 0.0
    heavy: int = 1000
    trouble: float = 0.0
    broken: set[str] = field(default_factory=set)
    now: datetime = START
    collections: dict[str, Collection] = field(default_factory=dict)
    messages: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    requests: int = 0
    busy: bool = True
    blind: bool = False
    behind: timedelta = timedelta(0)
    gone: dict[str, tuple[datetime, str, list[Record]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.collections = {name: {} for name in self.names}

    def seen(self, name: str) -> dict[str, dict[str, Any]]:
        """Return the records of a collection that can be read now, each in the newest version that is visible."""
        found = {}
        then = self.now - self.behind
        buried = {one: versions for one, (time, home, versions) in self.gone.items() if time > then and home == name}
        for identifier, versions in {**self.collections[name], **buried}.items():
            visible = [record for record in versions if record.visible <= then]
            if visible:
                found[identifier] = visible[-1].row
        return found

    def ids(self) -> list[str]:
        return sorted(name for collection in self.collections.values() for name in collection)

    def is_known(self, name: str) -> bool:
        return name in self.gone or any(name in collection for collection in self.collections.values())

    def create(self, name: str) -> None:
        # Bulk imports put many records into one millisecond.
        same = self.chance.random() < 0.6
        for _ in range(self.chance.randrange(1, 9) if same else 1):
            identifier = f"{self.chance.randrange(16**6):06x}"
            made = instant(self.now)
            place = {"container": self.chance.choice(CONTAINERS), "key": f"k{identifier}"}
            row = {"id": identifier, "createdAt": made, **(place if name == "custom_objects" else {})}
            if not self.is_known(identifier):
                self.collections[name][identifier] = [self._version(row, 1)]

    def update(self, name: str) -> None:
        collection = self.collections[name]
        if not collection:
            return
        last = collection[self.chance.choice(sorted(collection))][-1]
        if last.visible <= self.now:
            number = last.row["version"] + self.chance.randrange(1, 4)
            collection[last.row["id"]].append(self._version(last.row, number))

    def _version(self, row: dict[str, Any], number: int) -> Record:
        """Return version `number` of a record, changed now; it becomes visible now or somewhat later."""
        visible = self._visible()
        kind, payload = self.chance.choice("aab"), f"{row['id']}/{number}"
        return Record(
            {**row, "version": number, "lastModifiedAt": instant(self.now), "kind": kind, "payload": payload}, visible
        )

    def _visible(self) -> datetime:
        """Return from when on something that is made now can be read."""
        late = self.chance.random() < 0.3
        return self.now + timedelta(seconds=self.chance.uniform(0, self.latest_commit) if late else 0)

    def delete(self, name: str) -> None:
        collection = self.collections[name]
        settled = [one for one, versions in sorted(collection.items()) if versions[-1].visible <= self.now]
        if settled:
            gone = self.chance.choice(settled)
            self.gone[gone] = (self.now, name, collection.pop(gone))
            self.broken.discard(gone)
            if name == "orders":  # of the others no Message tells
                self.messages.append((self.now, self._visible(), gone))

    def live(self, steps: int) -> None:
        """Let the shop go on: time passes, records come, change and go."""
        for _ in range(steps):
            self.now += timedelta(milliseconds=self.chance.choice([0, 0, 1, 40, 2_000, 30_000]))
            act = self.chance.choices([self.create, self.update, self.delete], [2, 6, 1])[0]
            act(self.chance.choice(self.names))

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,  # noqa: ARG002 - the simulation has no retries below this seam
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
        if len(page) > self.heavy:
            raise PageTooLargeError(Problem(400, "too slow", ("QueryTimedOut",)))
        return parse(msgspec.json.encode({"limit": limit, "count": len(page), "total": len(rows), "results": page}))

    def _fault(self, limit: int) -> Exception:
        if limit > 1 and self.chance.random() < 0.7:
            return PageTooLargeError(Problem(400, "too slow", ("QueryTimedOut",)))
        return NetworkError("the connection broke")

    def _rows(self, path: str, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        rows = self._collection(path)
        for name, value in params:
            if name == "where":
                rows = list(filter(condition(value), rows))
        for name, way in reversed([value.split() for key, value in params if key == "sort"]):
            rows.sort(key=lambda row, name=name: order(row[name], name), reverse=way == "desc")  # type: ignore[misc]
        return rows[int(dict(params).get("offset", 0)) :]

    def _collection(self, path: str) -> list[dict[str, Any]]:
        if path == "/messages":
            return self._messages()
        name = next(name for name, start in COLLECTIONS.items() if path.startswith(start))
        container = path.removeprefix(COLLECTIONS[name]).strip("/")
        return [row for row in self.seen(name).values() if not container or row["container"] == container]

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
            for number, (time, visible, name) in enumerate(self.messages)
            if visible <= self.now
        ]


def condition(where: str) -> Callable[[dict[str, Any]], bool]:
    """Return what a predicate of the forms that keysets have asks of a row; any other predicate is an error."""
    tests: list[Callable[[dict[str, Any]], bool]] = []
    rest = where
    for pattern, sign in ((KEYSET, ">"), (UNTIL, "<=")):
        if found := pattern.search(rest):
            tests.append(position(COMPARE[sign], *found.groups()))
        rest = pattern.sub("", rest)
    for field_name, sign, text in CONDITION.findall(rest):
        tests.append(comparison(field_name, sign, text))
    rest = CONDITION.sub("", rest)
    if found := ONE_OF.search(rest):
        kinds = found[2]
        member = found[1]
        tests.append(lambda row: f'"{row[member]}"' in kinds)
    # Several predicates come as one, each in its parentheses.
    assert not re.sub(r"and|[() ]", "", ONE_OF.sub("", rest)), where
    return lambda row: all(test(row) for test in tests)


def position(
    compare: Callable[[Any, Any], bool], name: str, value: str, same: str, tie: str, last: str
) -> Callable[[dict[str, Any]], bool]:
    """Return the test that a row stands in this relation to a place in the order of two fields."""
    assert value == same
    place = (order(value, name), order(last, tie))
    return lambda row: compare((order(row[name], name), order(row[tie], tie)), place)


def comparison(name: str, sign: str, text: str) -> Callable[[dict[str, Any]], bool]:
    """Return the test that a field stands in this relation to a text."""
    compare, value = COMPARE[sign], order(text, name)
    return lambda row: compare(order(row[name], name), value)
