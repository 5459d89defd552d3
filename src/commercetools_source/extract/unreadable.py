"""Stepping over records that the platform cannot serve, or that nobody can decode, even alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.timestamps import shift
from commercetools_source.errors import CommercetoolsError, UndecodableError
from commercetools_source.extract.request import PATIENT_ATTEMPTS, Page, PageRequest, is_oversized
from commercetools_source.extract.step import EMPTY, Quarantine, Step, behind_page, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.extract.keyset import KeyRange
    from commercetools_source.extract.request import Fetched

__all__ = ["fetch_smaller", "readable_part", "step_over"]

# More than for a page: what is given up here is a record, and not only a page size.
_LONE_ATTEMPTS = 5
# Rounds in which the record fails and its neighbour is served; one alone may be an outage that comes and goes.
_PROBES = 2
_ADJACENT = 20
"""Undecodable records in a row that are stepped over where not even their order can be read."""
_REPLACED = "\ufffd".encode()
"""What stands where bytes were no UTF-8: a key that has it is not the key that the platform knows."""


def fetch_smaller(request: PageRequest, limit: int, fetch: Callable[[int, int], Fetched]) -> tuple[Fetched, int] | Step:
    """Return what `fetch` brings of `request` for a limit and a number of attempts, and that limit.

    Asks for half as many records while the platform cannot serve them; where a single one is too much, returns the step
    over it. Raises every other error of the platform and the network.
    """
    while True:
        attempts = PATIENT_ATTEMPTS if limit > 1 else _LONE_ATTEMPTS
        try:
            return fetch(limit, attempts), limit
        except CommercetoolsError as error:
            if not is_oversized(error):
                raise
            # Nothing smaller can be asked for: this record is the fault, or the platform is down.
            if limit == 1:
                return step_over(request, error)
            # Halving ends at one record, which is then either served with more attempts or stepped over.
            limit //= 2


def step_over(request: PageRequest, error: CommercetoolsError) -> Step:
    """Go on behind a record that failed alone, provided that the records behind it are served.

    If they are not, the platform is down: then the record is asked for with full patience.
    """
    undecodable = isinstance(error, UndecodableError)
    # The order of a broken record can often be read although its texts cannot; then no neighbour has to be asked.
    if undecodable and (remainder := _behind_undecodable(request)) is not None:
        return Step(EMPTY, (remainder,), 1, Quarantine(_around(request, remainder), error))
    for probe in range(1, 1 + (_ADJACENT if undecodable else _PROBES)):
        skip = probe if undecodable else 1
        try:
            page = request.fetch(1, 1, skip=skip).page
        except CommercetoolsError as next_error:
            if isinstance(next_error, UndecodableError) and undecodable:
                continue
            if not is_oversized(next_error):
                raise
            # The record behind it fails too: an outage, and no single record. No limit of attempts: the retry budget
            # decides.
            return step_of(request, request.fetch(1, None), 1, 1)
        try:
            # Asked once more, now that the platform answers: a fault that passed quarantines no good record.
            good = request.fetch(1, _LONE_ATTEMPTS)
        except CommercetoolsError as again:
            if not is_oversized(again):
                raise
        else:
            return step_of(request, good, 1, 1)
        if undecodable or probe == _PROBES:
            return _quarantine(request, page, skip, error)
    raise error


def _quarantine(request: PageRequest, page: Page, skipped: int, error: CommercetoolsError) -> Step:
    """Return the step to `page`, which lies behind `skipped` records that nobody can read."""
    remainder = behind_page(request, page, skipped) if page.records else None
    ranges = () if remainder is None else (remainder,)
    return Step(page, ranges, 1, Quarantine(_around(request, remainder), error, skipped))


def _behind_undecodable(request: PageRequest) -> KeyRange | None:
    """Return what lies behind a record whose text is broken, if the fields that order it can be read."""
    key_range = request.key_range
    try:
        rows = request.look()
        if request.by_offset:
            return replace(key_range, offset=key_range.offset + 1, after=None) if rows else None
        # Only the fields of the order, encoded anew: the others hold the bytes that could not be decoded.
        names = {name.partition(".")[0] for name in (key_range.field, key_range.tie)}
        fields = msgspec.json.encode({name: rows[0][name] for name in names if name in rows[0]})
        return request.behind(msgspec.Raw(fields)) if _REPLACED not in fields else None
    except (UndecodableError, IndexError, ValueError):
        return None


def readable_part(request: PageRequest, quarantine: Quarantine, fields: Sequence[str]) -> Page:
    """Return the record of `quarantine` with `fields` alone, for who needs no others.

    Raises its error where it is not that nobody can decode it, or where these cannot be read either.
    """
    if not fields or quarantine.records != 1 or not isinstance(quarantine.error, UndecodableError):
        raise quarantine.error
    try:
        row = replace(request, key_range=quarantine.key_range).look()[0]
        record = msgspec.json.encode({name: row[name] for name in fields if name in row})
    except (UndecodableError, IndexError, ValueError):
        raise quarantine.error from None
    if _REPLACED in record:
        raise quarantine.error
    return Page((msgspec.Raw(record),), len(record))


def _around(request: PageRequest, remainder: KeyRange | None) -> KeyRange:
    """Return the smallest range that surely holds the first record of the range, which lies before `remainder`."""
    key_range = request.key_range
    if request.by_offset or not key_range.tie or remainder is None or remainder.after is None:
        return key_range
    return replace(key_range, upper=shift(remainder.after.value, 0.001))
