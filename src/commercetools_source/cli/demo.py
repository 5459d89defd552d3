"""The main job without an account: a local shop, copied into a DuckDB file, and a look at the result.

Run again on the same file, a day has passed in the shop, and only what the day brought is read.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any, TextIO

from commercetools_source.catalog.streams import streams_of
from commercetools_source.cli.reporting import Reporting
from commercetools_source.client import Client
from commercetools_source.config import Config
from commercetools_source.destinations.duckdb.connection import check_path, row_counts, target_of
from commercetools_source.destinations.duckdb.file import DuckDB
from commercetools_source.errors import ConfigError
from commercetools_source.events import counted, seconds_text
from commercetools_source.frontends.signals import stopping
from commercetools_source.http.proxies import environment_variable
from commercetools_source.report.progress import Verbosity, draw
from commercetools_source.report.run import RunReport
from commercetools_source.report.table import table
from commercetools_source.report.width import fitted, width_of
from commercetools_source.sandbox.process import SandboxProcess
from commercetools_source.sandbox.shop import days
from commercetools_source.sandbox.shop.generate import counts
from commercetools_source.sync.run import Summary, sync

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["QUESTIONS", "Question", "run_demo"]


@dataclass(frozen=True, slots=True)
class Question:
    """A question that a shop's owner asks, and the DuckDB query that answers it."""

    text: str
    sql: str


QUESTIONS = (
    Question(
        # A cancelled order earned nothing, but keeps its totals
        # (https://docs.commercetools.com/api/projects/orders#orderstate).
        "What did each store earn in the last months?",
        """\
SELECT strftime(createdAt, '%Y-%m') AS month,
       coalesce(store_key, '-') AS store,
       totalPrice_currency AS currency,
       count(*) AS orders,
       sum(taxedPrice_totalNet_amount)::DECIMAL(18, 2) AS net,
       sum(taxedPrice_totalGross_amount)::DECIMAL(18, 2) AS gross
FROM orders
WHERE orderState <> 'Cancelled'
GROUP BY ALL
ORDER BY month DESC, gross DESC, store
LIMIT 8""",
    ),
    Question(
        # `order_line_items` is a relation of its own; the state is a column of the order.
        "Which variants sell best?",
        """\
SELECT variant_sku AS sku,
       any_value(name['en']) AS product,
       count(DISTINCT orderId) AS orders,
       sum(quantity) AS pieces
FROM order_line_items AS item
JOIN orders ON orders.id = item.orderId AND orders.orderState <> 'Cancelled'
GROUP BY sku
ORDER BY pieces DESC, sku
LIMIT 5""",
    ),
    Question(
        "How far are the orders?",
        """\
SELECT orderState, coalesce(shipmentState, '-') AS shipment, coalesce(paymentState, '-') AS payment, count(*) AS orders
FROM orders
GROUP BY ALL
ORDER BY orders DESC, orderState, shipment, payment
LIMIT 8""",
    ),
)


def run_demo(path: Path, *, size: str | int, seed: int, out: TextIO, err: TextIO, verbosity: Verbosity = 0) -> int:
    """Serve a generated shop, copy it into `path`, show the result on `out` and in a page; return the exit status.

    The page is beside the file, with the ending `.html`. If the file is there already, a day has passed in the shop,
    and only what that day brought is read.
    Raises ConfigError when the file holds another shop, else as `sync`.
    """
    counts(size)  # refuses an unknown size before anything is said
    day = _day(path, size, seed)
    page = path.with_suffix(".html")
    reporting = Reporting(lambda: DuckDB(path), page, "the page of the demo", "commercetools-source demo")
    began = time.monotonic()
    with stopping() as stopper:
        generated = f"a generated shop (size {size}, seed {seed})"
        _note(err, verbosity, f"starting a local commercetools API with {generated} ...")
        with SandboxProcess(size, seed, day=day) as shop:
            # Nothing commits late here, so a run may read up to the server's present second.
            config = Config.from_mapping({**shop.settings(), "settle_seconds": 0})
            seconds = seconds_text(time.monotonic() - began)
            _note(err, verbosity, f"it answers at {config.api_base}, after {seconds}; it is day {day} of the shop")
            total = len(streams_of(None))
            with (
                _no_proxy_to(shop.host),
                draw(err, total=total, verbosity=verbosity) as tally,
                Client(config, hook=tally) as client,
            ):
                summary = sync(client, DuckDB(path), hook=reporting.begin(tally), on_stoppable=stopper.arm)
    if not stopper.signal:
        out.write(_look(path, summary) + "\n\n")
    report = RunReport(summary, str(path.resolve()), tally, f"duckdb {quote(str(path))}")
    out.write(fitted(report.text(), width_of(out)) + "\n")
    if reporting.ended(report):
        out.write(f"open {quote(str(page))}\n")
    # As a shell reports a process that a signal ended
    # (https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html).
    out.flush()
    if stopper.signal:
        return 128 + stopper.signal
    return 0 if summary.complete else 1


def _no_proxy_to(host: str) -> AbstractContextManager[None]:
    """Have `host`, which is this machine, reached without a proxy: a company's would look for the shop on itself."""
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    return environment_variable("no_proxy", ",".join(filter(None, (excepted, host))))


def _day(path: Path, size: str | int, seed: int) -> int:
    """Return the day of the shop to serve: the one after the day up to which the file was read, 0 for a new file."""
    check_path(path, read_only=False)
    if not target_of(path).exists():
        return 0
    target = DuckDB(path)
    try:
        # Closed before `sync` opens the file: one process writes, others may only read then
        # (https://duckdb.org/docs/stable/connect/concurrency).
        states = target.open_read_only()
    finally:
        target.close()
    key = days.project_key(size, seed)
    # The table may be missing: a first run that was cut off need not have reached the project.
    stored = _ask(path, "SELECT key FROM project")[1] if "project" in row_counts(path) else []
    if stored not in ([], [(key,)]):
        raise ConfigError(f"{path} holds another shop, {stored[0][0]}; name another file with --path, or remove it")
    cut_off = [state.bound for state in states.values() if state.mode is not None and state.bound]
    done = [state.cursor for state in states.values() if state.cursor]
    # A run that was cut off goes on within its day: on the next one its ranges would meet other records.
    if cut_off:
        return days.day_of(max(cut_off))
    return days.day_of(max(done)) + 1 if done else 0


def _look(path: Path, summary: Summary) -> str:
    """Return rows per table and the answers to the questions."""
    outcomes = {outcome.stream: outcome for outcome in summary.outcomes}
    rows = [
        (name, count, outcomes[name].records, outcomes[name].mode)
        for name, count in row_counts(path).items()
        if name in outcomes
    ]
    sections = [table(rows, header=("table", "rows", "read now", "how"))]
    changed = [outcome for outcome in summary.outcomes if outcome.mode == "incremental"]
    if changed:
        brought = ", ".join(f"{outcome.records:,} {outcome.stream}" for outcome in changed if outcome.records)
        sections.append(
            f"An incremental run: of the {counted(len(changed), 'stream')} with a change date it read only what the day"
            f" brought, which is {brought or 'nothing'}."
        )
    for question in QUESTIONS:
        header, answer = _ask(path, question.sql)
        sections += [f"-- {question.text}\n{question.sql};", table(answer, header=header)]
    return "\n\n".join(sections)


def _ask(path: Path, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Return the names of the columns and the rows that answer a query."""
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        result = connection.execute(sql)
        return [str(column[0]) for column in result.description or ()], result.fetchall()


def _note(err: TextIO, verbosity: Verbosity, text: str) -> None:
    if verbosity >= 0:
        err.write(f"{fitted(text, width_of(err))}\n")
        err.flush()
