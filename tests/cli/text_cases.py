"""Every text that a command prints: what is typed, in which state of shop and folder, as one table."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from commercetools_source.cli.app import run
from commercetools_source.sandbox import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.sandbox import Sandbox

__all__ = ["CASES", "CLIENTS", "EMAIL", "Case"]

EMAIL = "new@example.com"

CLIENTS = {
    "blind": ["view_customers", "view_products", "view_shipping_methods", "view_orders"],
    "half": ["view_customers", "view_messages"],
    "nothing": ["manage_my_profile"],
    "seeing": ["view_customers", "view_project_settings"],
}
"""API clients that may read less, and their scopes."""


@dataclass(frozen=True)
class Case:
    """What is typed (`words`) after `before` was done in an empty folder, and the exit `status`.

    A command that fails says with which `value`, and what to do next (`advice`). `client`: one of CLIENTS, "": of all
    scopes. `stdin`: the file that is piped. `environment`: what else is set.
    CUSTOMER in `words` is the id of a customer that was created before.
    """

    words: str
    before: tuple[Callable[[Sandbox], object], ...] = ()
    status: int = 0
    value: str = ""
    advice: str = ""
    client: str = ""
    stdin: str = ""
    environment: Mapping[str, str | None] = field(default_factory=dict)


def typed(words: str) -> Callable[[Sandbox], object]:
    """Return what runs another command before, and an hour later."""

    def act(shop: Sandbox) -> None:
        run(shlex.split(words))
        shop.clock.advance(3600)

    return act


def written(name: str, text: str = "") -> Callable[[Sandbox], object]:
    """Return what writes a file."""
    return lambda _: Path(name).write_text(text, encoding="utf-8")


def customer(shop: Sandbox) -> str:
    name = str(shop.create("customers", {"email": EMAIL})["id"])
    shop.clock.advance(3600)
    return name


def deleted(shop: Sandbox) -> None:
    (record,) = (record for record in shop.records("customers") if record["email"] == EMAIL)
    shop.delete("customers", record["id"])


def misfit(shop: Sandbox) -> None:
    shop.update("customers", customer(shop), {"customerNumber": {"no": "text"}})


def unservable(shop: Sandbox) -> None:
    shop.faults.add(Fault("unservable", "/customers", times=None, records=(customer(shop),), status=400))


def failing(path: str, status: int = 500) -> Callable[[Sandbox], object]:
    return lambda shop: shop.faults.add(Fault("status", path, times=None, status=status))


def foreign(_: Sandbox) -> None:
    with duckdb.connect("shop.duckdb") as connection:
        connection.execute("CREATE TABLE zones AS SELECT 1 AS number")


def emptied(shop: Sandbox) -> None:
    """Delete what stands in all shelves."""
    for record in shop.records("inventory"):
        shop.delete("inventory", record["id"])


def nowhere(shop: Sandbox) -> None:
    """Let the saved settings name a port at which nobody listens."""
    path = Path("client.env")
    path.write_text(path.read_text(encoding="utf-8").replace(shop.url, "http://127.0.0.1:9"), encoding="utf-8")


def settings(shop: Sandbox) -> None:
    """Write what the Merchant Center shows of the API client."""
    lines = [f"{name}={value}\n" for name, value in shop.environment().items()]
    Path("client.env").write_text("".join(lines), encoding="utf-8")


WRONG = {"CTP_CLIENT_SECRET": "wrong"}
LINES = "-d jsonl:lines --streams customers,zones"
SYNC = f"sync {LINES}"
HELD = typed(f"{SYNC} -q")
DUCK = "-d shop.duckdb --streams customers,zones"
STORED = typed(f"sync {DUCK} -q")

RUNS = {
    "a first run": Case(SYNC),
    "a first run into DuckDB": Case(f"sync {DUCK}"),
    "a run that finds nothing": Case(SYNC, (HELD,)),
    "a run with a new record": Case(f"sync {DUCK}", (STORED, customer)),
    "a run with a deletion": Case(f"sync {DUCK}", (customer, STORED, deleted)),
    "a full run": Case(f"sync {DUCK} --full", (STORED, customer)),
    "a run of a client that may not read Messages": Case(f"sync {DUCK}", (STORED, customer), client="blind"),
    "a quiet run of a client that may not read Messages": Case(f"sync {DUCK} -q", (STORED, customer), client="blind"),
    "a run of a client that may read some": Case(
        SYNC, (HELD,), 1, "zones: failed", "create an API client that also has the scope", client="half"
    ),
    "a run over what the client may read": Case("sync -d jsonl:lines --streams readable", client="seeing"),
    "a run with a record that cannot be read": Case(
        f"sync {DUCK}", (STORED, unservable), 1, "1 record cannot be read", "do what is said above"
    ),
    "a run with a value that does not fit": Case(f"sync {DUCK}", (STORED, misfit)),
    "a run cut off": Case(f"{SYNC} --minutes 0", (), 3, "2 streams: stopped", "run the same command again"),
    "a run after one that was cut off": Case(SYNC, (typed(f"{SYNC} --minutes 0 -q"),)),
    "a run with an end that is not settled": Case(f"{SYNC} --until 2999-01-01"),
    "a run of which streams fail": Case(
        SYNC, (failing("/customers"),), 1, "customers: failed", "do what is said above"
    ),
    "a run with a refused secret": Case(SYNC, (), 2, "401", "check client_id, client_secret", environment=WRONG),
    "runs at an interval": Case(f"{SYNC} --every 0.01s --stop-after 2"),
    "a run told of in a log": Case(f"{SYNC} --log-format text"),
    "a quiet run": Case(f"{SYNC} --quiet"),
    "a run with an age": Case(
        "sync -d jsonl:lines --streams orders --retain orders=400d",
        (typed("sync -d jsonl:lines --streams orders -q"),),
    ),
    "runs with an age": Case(
        "runs -d jsonl:lines",
        (
            typed("sync -d jsonl:lines --streams orders -q"),
            typed("sync -d jsonl:lines --streams orders --retain orders=400d -q"),
        ),
    ),
    "a run with a copy for readers": Case(f"sync {DUCK} --publish copy.duckdb"),
    "a run with a report": Case(f"sync {DUCK} --report page.html"),
    "a run with metrics": Case(f"{SYNC} --metrics shop.prom"),
    "a watchdog that is not there": Case(f"{SYNC} --ping http://127.0.0.1:9/uuid"),
    "a run over nothing": Case(
        "sync -d jsonl:lines --streams readable",
        (),
        2,
        "may read no stream",
        "`commercetools-source check`",
        client="nothing",
    ),
    "a run to an end before the last": Case(
        f"{SYNC} --until 2020-01-01", (HELD,), 1, "customers: failed: it is read up to", "use `backfill`"
    ),
    "a run that shows each request": Case("sync -d jsonl:lines --streams zones --verbose"),
    "a window": Case(f"backfill --since 2020-01-01 {LINES.replace(',zones', '')}", (HELD,)),
    "a window of a stream without a date": Case(
        "backfill --since 2020-01-01 -d jsonl:lines --streams project",
        (typed("sync -d jsonl:lines --streams project -q"),),
        1,
        "project",
        "every run reads it whole",
    ),
    "a window of a stream that was not read": Case(
        "backfill --since 2020-01-01 -d jsonl:lines --streams orders", (HELD,), 1, "orders", "run `sync` first"
    ),
    "an empty window": Case(
        f"backfill --since 2020-02-02 --until 2020-01-01 {LINES}", (HELD,), 2, "2020-02-02", "must begin before it ends"
    ),
}

CHOICES = {
    name: Case(words, status=2, value=value, advice=advice)
    for name, (words, value, advice) in {
        "no such command": ("synch", "synch", "-h"),
        "no such option": ("sync --stream orders", "--stream", "--streams"),
        "no such stream": ("sync --streams ordres", "ordres", "Did you mean orders?"),
        "no stream": ("sync --streams ,", "--streams", "`commercetools-source streams`"),
        "readable and more": ("sync --streams readable,orders", "--streams readable", "leave the other names out"),
        "what is not chosen excluded": ("sync --streams zones --exclude orders", "orders", "leave it out of one"),
        "all excluded": ("sync --streams zones --exclude zones", "--exclude", "`commercetools-source check`"),
        "a destination that is none": ("sync -d ftp://host/shop", "ftp", "duckdb"),
        "two voices": (f"{SYNC} -v -q", "--verbose and --quiet", "leave one out"),
        "an interval without a unit": ("sync --every 5", "'5'", "such as 30s"),
        "runs without an interval": ("sync --stop-after 2", "--stop-after", "--every 1m"),
        "an interval with an end": ("sync --every 1m --until 2020-01-01", "--until", "leave one out"),
        "a date that is none": ("sync --since yesterday", "'yesterday'", "such as"),
        "a start in the future": ("sync --since 2999-01-01", "2999-01-01", "name an earlier one"),
        "an end before all": ("sync --until 1960-01-01", "1960-01-01", "after"),
        "a span that is empty": ("sync --since 2020-02-01 --until 2020-01-01", "2020-02-01", "nothing can lie between"),
        "a predicate without a stream": ("sync --where open", "'open'", "STREAM=PREDICATE"),
        "two predicates": ("sync --where orders=a=1 --where orders=b=1", "orders twice", "join"),
        "a predicate on a stream that is not chosen": (
            "sync --streams zones --where orders=a=1",
            "orders",
            "leave the predicate out",
        ),
        "an age that is none": ("sync --retain orders=old", "old", "such as 400d"),
        "two ages": ("sync --retain orders=1d,orders=2d", "orders twice", "name one age"),
        "two ages with a space between": ("sync --retain 'orders=1d orders=2d'", "orders twice", "name one age"),
        "an age without a stream": ("sync --retain 1d", "'1d'", "STREAM=AGE"),
        "an age of a stream without dates": ("sync --retain project=1d", "project", "leave it out"),
        "an age of a stream without ids": (
            "sync --streams change_history --retain change_history=1d",
            "change_history",
            "leave it out",
        ),
        "an age of a stream that is not chosen": (
            "sync --streams zones --retain orders=1d",
            "orders",
            "leave it out of",
        ),
        "rows to remove where none is": (f"{SYNC} --hard-delete", "lines", "a DuckDB file"),
        "a copy of what needs none": (f"{SYNC} --publish copy.duckdb", "lines", "a DuckDB file"),
        "a page of what has no SQL": (f"{SYNC} --report page.html", "lines", "a DuckDB file"),
        "a page in no folder": (f"sync {DUCK} --report none/page.html", "none/page.html", "create it first"),
        "a watchdog that is no URL": (f"{SYNC} --ping nonsense", "--ping", "such as https://"),
        "a file that is a URL": (f"{SYNC} --metrics s3://bucket/file", "s3:", "on this machine"),
        "a log of no format": (f"{SYNC} --log-format xml", "'xml'", "text or json"),
        "too many requests at once": ("sync --concurrency 99", "99", "1 to 20"),
        "a choice of personal data that is none": ("sync --personal hide", "hide", "keep, hash"),
        "settings that are not there": ("sync --config none.env", "none.env", "`commercetools-source init`"),
        "a query of no dialect": ("schema --sql sqlite", "'sqlite'", "must be one of"),
        "a query and names": ("schema orders --sql duckdb", "--sql", "leave out"),
        "a destination without a query": (
            "schema -d parquet:files",
            "--destination",
            "add one of them, or leave it out",
        ),
        "a picture of no form": ("schema --erd model.gif", "model.gif", ".mmd, .svg"),
        "no such table": ("schema ordres", "ordres", "orders"),
        "an output that is no .env": ("init --output settings.txt", "settings.txt", "must end in .env"),
    }.items()
}
FILES = {
    "a file of somebody else": Case(
        f"{SYNC} --metrics notes.txt", (written("notes.txt", "mine"),), 2, "notes.txt", "name another file"
    ),
    "a table of somebody else": Case(f"sync {DUCK}", (foreign,), 1, "shop.duckdb", "another file"),
    "a file that is no database": Case(
        f"sync {DUCK}", (written("shop.duckdb", "mine" * 100),), 1, "shop.duckdb", "DuckDB"
    ),
    "nothing stored": Case("runs -d none.duckdb", (), 1, "none.duckdb", "sync"),
    "nothing stored to verify": Case("verify -d none.duckdb", (), 1, "none.duckdb", "sync"),
    "no settings": Case(
        "sync",
        (),
        2,
        "no .env",
        "`commercetools-source init`",
        environment=dict.fromkeys(
            (
                "CTP_PROJECT_KEY",
                "CTP_CLIENT_ID",
                "CTP_CLIENT_SECRET",
                "CTP_CONCURRENCY",
                "CTP_RETRY_SECONDS",
                "CTP_API_URL",
                "CTP_AUTH_URL",
                "CTP_HISTORY_URL",
            )
        ),
    ),
}
SETUP = {
    "settings that work": Case("init client.env", (settings, customer)),
    "settings from a pipe": Case("init - --output shop.env", (settings, customer), stdin="client.env"),
    "settings over a file of somebody else": Case(
        "init client.env", (settings, written(".env", "DATABASE=x")), 2, ".env", "name another file"
    ),
    "settings of a host that does not answer": Case(
        "init client.env", (settings, nowhere), 1, "127.0.0.1:9", "could not be checked"
    ),
    "settings that lack something": Case(
        "init -", (written("short.env", "CTP_CLIENT_ID=x\n"),), 2, "project_key", "set", stdin="short.env"
    ),
    "a check": Case("check", (customer,)),
    "a check of a client that may read some": Case(
        "check --streams customers,zones", (), 1, "zones", "create an API client", client="half"
    ),
    "a check of a client without Messages": Case("check", client="blind"),
    "a check of a client that may not read Messages": Case("check --streams customers", client="seeing"),
    "a check of a client that may read nothing": Case(
        "check", (), 1, "0 of 50", "create an API client", client="nothing"
    ),
    "a check with a refused secret": Case("check", (), 2, "401", "check client_id, client_secret", environment=WRONG),
    "a plan": Case("plan -d jsonl:lines --streams customers,zones,approval_flows,project"),
    "a plan of changes": Case(f"plan {LINES}", (HELD, customer)),
    "a plan of what the client may not read": Case(
        f"plan {LINES}", (), 1, "zones", "create an API client that also has the scope", client="half"
    ),
    "a plan of what a client may read": Case("plan -d jsonl:lines --streams readable", client="seeing"),
    "doctor": Case("doctor --streams customers,zones,project,approval_flows,customer_groups,mcp_servers,stores"),
    "doctor of a client that may read nothing": Case(
        "doctor --streams zones", (), 1, "may read no stream", "report them", client="nothing"
    ),
    "doctor of a stream that fails": Case(
        "doctor --streams zones,customers", (failing("/zones"),), 1, "fails with 500", "report them"
    ),
}
KEPT = {
    "no state": Case("state show -d shop.duckdb", (typed("sync -d shop.duckdb --streams zones --minutes 0 -q"),)),
    "states": Case("state show -d jsonl:lines", (HELD,)),
    "states of a part": Case("state show -d jsonl:lines", (typed(f"{SYNC} --since 2020-01-01 -q"),)),
    "a state reset": Case("state reset customers orders -d jsonl:lines", (HELD,)),
    "runs": Case("runs -d shop.duckdb", (STORED, customer, typed(f"sync {DUCK} -q"))),
    "no runs": Case("runs -d shop.duckdb", (typed("sync -d shop.duckdb --streams zones -q"),)),
    "runs of which the newest failed": Case(
        "runs -d shop.duckdb", (STORED, failing("/oauth/token", 401), typed(f"sync {DUCK} -q"))
    ),
    "runs of which the newest is not complete": Case(
        "runs -d shop.duckdb", (STORED, unservable, typed(f"sync {DUCK} -q"))
    ),
    "runs with a value that does not fit": Case("runs -d shop.duckdb", (STORED, misfit, typed(f"sync {DUCK} -q"))),
    "runs of a client without Messages": Case(
        "runs -d shop.duckdb", (STORED, typed(f"sync {DUCK} -q")), client="blind"
    ),
    "equal": Case(f"verify {DUCK}", (STORED,)),
    "different": Case(f"verify {DUCK}", (customer, STORED, deleted), 1, "gone", "differs"),
    "nothing to compare": Case(
        "verify -d shop.duckdb --streams project,orders", (STORED,), 1, "orders", "run `sync` first"
    ),
    "what cannot be compared": Case(
        "verify -d jsonl:lines", (HELD,), 2, "lines cannot be compared", "or a Parquet folder can"
    ),
    "nothing that can be compared": Case(
        "verify -d shop.duckdb",
        (typed("sync -d shop.duckdb --streams project,change_history -q"),),
        1,
        "holds no stream that can be compared",
        "project: every run reads it whole",
    ),
    "no stream to compare": Case(
        "verify -d shop.duckdb",
        (typed("sync -d shop.duckdb --streams zones -q"),),
        1,
        "holds no stream",
        "run `sync`",
        client="nothing",
    ),
    "swept": Case(f"sweep {DUCK} --allow-deletes 1", (customer, STORED, deleted)),
    "too much gone": Case(
        "sweep -d shop.duckdb --streams inventory",
        (typed("sync -d shop.duckdb --streams inventory -q"), emptied),
        1,
        "inventory",
        "--allow-deletes",
    ),
    "no address": Case(
        "forget someone --email nobody -d jsonl:lines", (HELD,), 2, "--email", "such as ann@example.com"
    ),
    "no id": Case("forget ann@example.com -d jsonl:lines", (HELD,), 2, "the customer must be named", "by its id"),
    "nobody to forget": Case("forget 3f2b1c1e-0000-4000-8000-000000000000 -d shop.duckdb", (STORED,)),
    "nobody counted": Case("forget 3f2b1c1e-0000-4000-8000-000000000000 -d jsonl:lines --dry-run", (HELD,)),
    "a person counted": Case("forget CUSTOMER -d jsonl:lines --dry-run", (customer, HELD)),
    "a person forgotten": Case("forget CUSTOMER -d jsonl:lines", (customer, HELD)),
    "a page": Case("report -d shop.duckdb --out page.html", (STORED,)),
    "columns": Case("schema zones --find locations"),
    "no column": Case("schema zones --find nothing-like-it"),
    "a picture": Case("schema zones --erd model.mmd"),
}
CASES = {**RUNS, **CHOICES, **FILES, **SETUP, **KEPT}
