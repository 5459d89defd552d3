"""One query on one collection: conditions, order and slice to records, by index where an index can answer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from commercetools_source.sandbox.query.bounds import Ordering, conjuncts, narrow
from commercetools_source.sandbox.query.evaluate import Evaluator, top_fields
from commercetools_source.sandbox.query.nodes import And, In, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from commercetools_source.sandbox.data.store import Collection, Record
    from commercetools_source.sandbox.platform.spec import Spec
    from commercetools_source.sandbox.query.sorting import SortKey

__all__ = ["Found", "Query", "Searcher"]

# Some clients read several lists at once, and each of them asks for its next page soon.
_REMEMBERED = 16
# To collect from another index and sort costs about this many times a scan of the index in order.
_WORTH_SORTING = 4


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of a collection; `text` tells queries on the same collection apart."""

    where: tuple[Node, ...] = ()
    sort: tuple[SortKey, ...] = ()
    limit: int = 20
    offset: int = 0
    with_total: bool = True
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The records of the slice; `total` counts all that match, None when nobody asked."""

    records: list[Record]
    total: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The records of an index that may match, in its order, and the conditions still to be tested."""

    ordering: Ordering
    first: int
    last: int
    remaining: list[Node]

    @property
    def size(self) -> int:
        return self.last - self.first


class Searcher:
    """Runs queries and remembers the last results of those that had to look at every record."""

    def __init__(self, spec: Spec) -> None:
        self.evaluator = Evaluator(spec)
        # The collection itself and not its id(), which a later one may have.
        self._recent: dict[tuple[Collection, int, str], list[Record]] = {}

    def run(self, collection: Collection, query: Query, expression: str) -> Found:
        """Return the slice; raises a 400 when the conditions do not fit the type `expression`."""
        conditions = conjuncts(query.where)
        # Conditions are checked even where an index answers them: a wrong field is a 400 on every path.
        self.evaluator.matcher(And(query.where), expression)
        natural, descending = _natural(query.sort, collection)
        plans = [_plan(collection, conditions, ordering) for ordering in collection.orderings()]
        along = next((plan for plan in plans if plan.ordering == natural), None)
        # Where no index is in the order asked for, the one with the fewest candidates is collected and sorted.
        smallest = min(plans, key=lambda plan: plan.size)
        # The index answers all conditions in the right order: a slice is the page.
        if along is not None and not along.remaining:
            return _sliced(collection, along, query, descending=descending)
        walkable = along is not None and along.size <= _WORTH_SORTING * smallest.size
        # Without `total` a page needs only its own records, so the scan may end as soon as it has them.
        if along is not None and walkable and not query.with_total and not query.offset:
            matching = self._matching(collection, along, expression, descending=descending)
            return Found(list(islice(matching, query.limit)), None)
        records = self._all(collection, query, smallest, expression)
        return Found(records[query.offset : query.offset + query.limit], len(records) if query.with_total else None)

    def exists(self, collection: Collection, where: tuple[Node, ...], expression: str) -> bool:
        """Return whether any record matches."""
        return bool(self.run(collection, Query(where, limit=1, with_total=False), expression).records)

    def _matching(
        self, collection: Collection, plan: _Plan, expression: str, *, descending: bool = False
    ) -> Iterator[Record]:
        records = _walk(collection, plan, descending=descending)
        if not plan.remaining:
            return iter(records)
        condition = And(tuple(plan.remaining))
        matches = self.evaluator.matcher(condition, expression)
        probe = collection.prober.probe(top_fields(condition))
        return (record for record in records if matches(probe(record)))

    def _all(self, collection: Collection, query: Query, plan: _Plan, expression: str) -> list[Record]:
        """Return all matching records in the order of the query."""
        # The revision makes a remembered result end with the first change.
        key = (collection, collection.revision, query.text)
        if query.text and key in self._recent:
            return self._recent[key]
        named = _named(collection, plan.remaining)
        if named is None:
            records = list(self._matching(collection, plan, expression))
        else:
            matches = self.evaluator.matcher(And(query.where), expression)
            records = [record for record in named if matches(record.decoded())]
        natural, descending = _natural(query.sort, collection)
        records = _sorted(records, query.sort, collection, backwards=natural is not None and descending)
        if query.text:
            self._recent[key] = records
            while len(self._recent) > _REMEMBERED:
                del self._recent[next(iter(self._recent))]
        return records


def _natural(sort: Sequence[SortKey], collection: Collection) -> tuple[Ordering | None, bool]:
    """Return the index order that is the order asked for, and whether it is walked backwards."""
    tie = collection.tie
    if not sort:
        return Ordering(tie, tie), False
    first, *others = sort
    by_field = {ordering.field: ordering for ordering in collection.orderings()}
    natural = by_field.get(first.path[0]) if len(first.path) == 1 else None
    if natural is None or natural.field == tie or not others:
        return natural, first.descending
    same = others[0].path == (tie,) and others[0].descending == first.descending
    return (natural if same else None), first.descending


def _plan(collection: Collection, conditions: Sequence[Node], ordering: Ordering) -> _Plan:
    bounds, remaining = narrow(conditions, ordering)
    if len(remaining) == len(conditions):
        return _Plan(ordering, 0, len(collection), remaining)
    first, last = collection.index(ordering).span(bounds)
    return _Plan(ordering, first, last, remaining)


def _walk(collection: Collection, plan: _Plan, *, descending: bool) -> Iterable[Record]:
    records = collection.index(plan.ordering).records[plan.first : plan.last]
    return reversed(records) if descending else records


def _sliced(collection: Collection, plan: _Plan, query: Query, *, descending: bool) -> Found:
    records = collection.index(plan.ordering).records
    first = min(plan.first + query.offset, plan.last)
    last = min(first + query.limit, plan.last)
    if descending:
        top = max(plan.last - query.offset, plan.first)
        page = records[max(top - query.limit, plan.first) : top][::-1]
    else:
        page = records[first:last]
    return Found(page, plan.size if query.with_total else None)


def _named(collection: Collection, remaining: Sequence[Node]) -> list[Record] | None:
    """Return the records that an `id in (...)` names, None when there is no such condition."""
    for condition in remaining:
        if isinstance(condition, In) and condition.field == "id" == collection.tie and not condition.negated:
            records = (collection.get(str(value)) for value in dict.fromkeys(condition.values))
            return [record for record in records if record is not None]
    return None


def _sorted(records: list[Record], sort: Sequence[SortKey], collection: Collection, *, backwards: bool) -> list[Record]:
    """Return the records in order; `backwards` turns ties too, as the walk of an index does."""
    ordering = Ordering(collection.tie, collection.tie)
    if collection.tie == "id":
        ordered = sorted(records, key=lambda record: record.order, reverse=backwards)
    else:
        tie = collection.prober.probe(frozenset({collection.tie}))
        ordered = sorted(
            records, key=lambda record: ordering.tie_key(str(tie(record).get(collection.tie, ""))), reverse=backwards
        )
    if not sort:
        return ordered
    probe = collection.prober.probe(frozenset(key.path[0] for key in sort))
    rows = [(probe(record), record) for record in ordered]
    # sorted() is stable: the last key first, and each earlier one keeps its order among equals.
    for key in reversed(sort):
        value = key.value()
        rows.sort(key=lambda row: value(row[0]), reverse=key.descending)
    return [record for _, record in rows]
