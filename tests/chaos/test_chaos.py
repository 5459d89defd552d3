"""A proxy that changes answers at random stands before the sandbox: a run is complete and right, or says what it lacks.

CHAOS=1000 runs as many seeds, CHAOS=7-7 one of them.
"""

from __future__ import annotations

import json
import os
import traceback
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chaos.proxy import MUTATIONS, Chaos, serving
from commercetools_source import Client
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import CommercetoolsError
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync import sync
from frontends.dummy import Pairs
from patience import Jumps
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "sandbox-secret"
SOME = (
    "orders",
    "customers",
    "zones",
    "messages",
    "custom_objects",
    "product_selections",
    "product_selection_products",
    "project",
)
PAGE = 20
THREE_PAGES = 2 * PAGE + 5
PATHS = ("/orders", "/customers", "/zones", "/messages", "/custom-objects", "/product-selections")


def seeds() -> range:
    """Return the seeds to run: those that CHAOS names, 60 by default."""
    first, _, last = os.environ.get("CHAOS", "60").partition("-")
    return range(int(first), int(last) + 1) if last else range(int(first))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The first records of each collection: more pages would be more of the same."""
    number: Counter[str] = Counter()
    rows = []
    for row in rows_of(*PATHS):
        number[row[0]] += 1
        if number[row[0]] <= THREE_PAGES:
            rows.append(row)
    with Sandbox(rows=rows) as running:
        yield running


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """What an undisturbed run reads."""
    pairs = Pairs({}, deletions=False)
    with Client({**sandbox.settings(), "settle_seconds": 0}) as client:
        assert sync(client, pairs, streams=SOME).complete
    return by_stream(pairs)


def by_stream(pairs: Pairs) -> dict[str, dict[str, Any]]:
    """Return records by stream and key, the last one of each key."""
    rows: dict[str, dict[str, Any]] = {name: {} for name in SOME}
    for line in pairs.lines:
        name, record = json.loads(line)
        rows[name][json.dumps([record[column] for column in STREAMS[name].key])] = record
    return rows


def chaos_of(seed: int) -> Chaos:
    """Return the hand of a seed: some end after a while, some touch one collection only, some go on for ever."""
    return Chaos(
        seed,
        share=(0.05, 0.2, 0.5, 1.0)[seed % 4],
        most=(10, 40, None)[seed // 4 % 3],
        names=tuple(MUTATIONS),
        paths=(("/custom-objects/",), ("/orders",), ("/messages",), (), ())[seed // 12 % 5],
    )


def run_through(sandbox: Sandbox, chaos: Chaos, pairs: Pairs) -> tuple[bool, dict[str, bool], str]:
    """Run once through the proxy; return whether it says it is complete, the same by stream, and what it says."""
    with serving(sandbox.url, chaos) as url:
        settings = {**sandbox.settings(), "api_url": url, "auth_url": url, "settle_seconds": 0, "retry_seconds": 5}
        try:
            with Client(
                {**settings, "request_timeout": 5, "concurrency": 1, "page_size": PAGE}, timing=Jumps().timing
            ) as client:
                summary = sync(client, pairs, streams=SOME)
        except CommercetoolsError as error:
            return False, {}, "".join(traceback.format_exception_only(error))
    reasons = [f"{outcome.stream}: {outcome.error} {outcome.quarantined or ''}" for outcome in summary.outcomes]
    # A run that was told of a day long ago is complete up to that day, and says so by its bound.
    current = summary.bound > "2026"
    streams = {outcome.stream: outcome.complete and current for outcome in summary.outcomes}
    return summary.complete and current, streams, "\n".join([f"up to {summary.bound}", *reasons])


@pytest.mark.parametrize("seed", seeds())
def test_whatever_happens_a_run_is_right_or_says_what_it_lacks(
    sandbox: Sandbox, shop: dict[str, dict[str, Any]], seed: int
) -> None:
    chaos, pairs = chaos_of(seed), Pairs({}, deletions=False)
    complete, streams, text = run_through(sandbox, chaos, pairs)
    assert SECRET not in text
    assert not any(not (character.isprintable() or character == "\n") for character in text), repr(text)
    rows = by_stream(pairs)
    for name in SOME:
        if complete or streams.get(name):
            assert rows[name] == shop[name], (name, chaos.changed)
        assert rows[name].items() <= shop[name].items(), (name, chaos.changed)
    # Once the proxy lets everything through, the next run has all of it.
    calm = Chaos(seed, share=0.0, most=0, names=())
    complete, _, text = run_through(sandbox, calm, pairs)
    assert complete, text
    assert by_stream(pairs) == shop, chaos.changed


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_kind_alone_costs_no_record(sandbox: Sandbox, shop: dict[str, dict[str, Any]], name: str) -> None:
    chaos, pairs = Chaos(1, share=0.5, most=12, names=(name,)), Pairs({}, deletions=False)
    complete, _, text = run_through(sandbox, chaos, pairs)
    assert chaos.changed, "nothing was changed"
    rows = by_stream(pairs)
    assert rows == shop if complete else text
