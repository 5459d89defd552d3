"""How a run can end, and where that is said: in text, in JSON, in the record of the run, and by the exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from commercetools_source.cli.app import run
from commercetools_source.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from commercetools_source.sandbox.platform.request import Request

RESUME = "next: run the same command again; it goes on from here"
MEND = "next: do what is said above, then run the same command again; it goes on from here"
UNSEEN = "were not looked for, a later run does it: the API client may not read Messages"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny") as running:
        scopes = ["view_customers", "view_products", "view_shipping_methods", "view_orders"]
        running.add_client("blind", "secret", scopes)
        running.add_client("half", "secret", ["view_customers", "view_messages"])
        yield running


def delete(shop: Sandbox) -> None:
    shop.delete("customers", shop.records("customers")[0]["id"])


def create(shop: Sandbox) -> str:
    customer = shop.create("customers", {"email": f"{uuid4()}@example.com"})
    return str(customer["id"])


def hide(shop: Sandbox) -> None:
    shop.faults.add(Fault("unservable", "/customers", times=None, records=(create(shop),), status=400))


def misfit(shop: Sandbox) -> None:
    shop.update("customers", shop.records("customers")[0]["id"], {"customerNumber": {"no": "text"}})


def refuse(shop: Sandbox) -> None:
    shop.faults.add(Fault("status", "/oauth/token", times=None, status=401))


@dataclass(frozen=True)
class Ending:
    """What happens before a run with `options` by `client`, and what is then said of it.

    `text`: what standard error has. `run` and `customers`: values of JSON, of the run and of one stream. `record`: the
    status of the run's record, `recorded` values of the stream's.
    """

    happen: Callable[[Sandbox], object]
    status: int
    text: Sequence[str]
    run: Mapping[str, object]
    customers: Mapping[str, object]
    record: str
    recorded: Mapping[str, object]
    options: Sequence[str] = ()
    client: str = ""


ENDINGS = {
    "deletions": Ending(
        delete,
        0,
        ["customers: 1 deleted\n", "1 stream unchanged\n", "complete up to"],
        {"complete": True, "deleted": 1, "deletions_unseen": None},
        {"new": 0, "changed": 0, "deleted": 1},
        "complete",
        {"new": 0, "changed": 0, "deleted": 1},
    ),
    "without the scope for Messages": Ending(
        create,
        0,
        ["customers: 1 new\n", UNSEEN, "create an API client that also has the scope view_messages:", "complete up to"],
        {"complete": True, "deleted": 0},
        {"new": 1, "deleted": 0},
        "complete",
        {"new": 1, "deleted": 0},
        client="blind",
    ),
    "without the scope for a stream": Ending(
        create,
        1,
        ["zones: failed: ", "1 stream: changes only; 1 stream: failed\n", "not complete, see above: zones\n", MEND],
        {"complete": False},
        {"new": 1, "error": None},
        "incomplete",
        {"new": 1, "error": None},
        client="half",
    ),
    "a record that cannot be read": Ending(
        hide,
        1,
        [
            "customers: the record after ",
            "\n1 stream unchanged\n",
            "not complete: customers: 1 record cannot be read, see above\n",
            MEND,
        ],
        {"complete": False},
        {"quarantined": 1, "error": None, "new": 0},
        "incomplete",
        {"left_out": 1, "error": None, "new": 0},
    ),
    "a value that does not fit": Ending(
        misfit,
        0,
        [
            "customers: 1 changed\n",
            "customers: values of customerNumber that do not fit its column: 1; _unfit has them\n",
        ],
        {"complete": True},
        {"unfit": 1, "quarantined": 0},
        "complete",
        {"unfit": 1, "left_out": 0},
    ),
    "cut off": Ending(
        create,
        3,
        ["2 streams: stopped, the next run goes on\n", RESUME],
        {"complete": False, "records": 0},
        {"stopped": True, "records": 0},
        "stopped",
        {"records": 0},
        options=["--minutes", "0"],
    ),
}


class Runs:
    """Runs of the command into one destination, in this process."""

    def __init__(self, destination: str, capture: pytest.CaptureFixture[str]) -> None:
        self.target = ["-d", destination]
        self._capture = capture

    def sync(self, *options: str) -> tuple[int, str, str]:
        """Return the exit status, and what went to standard output and standard error."""
        status = run(["sync", *self.target, "--streams", "customers,zones", *options])
        return status, *self._capture.readouterr()

    def records(self) -> list[dict[str, Any]]:
        assert run(["runs", *self.target, "--json"]) == 0
        records: list[dict[str, Any]] = json.loads(self._capture.readouterr().out)
        return records

    def shown(self) -> str:
        assert run(["runs", *self.target]) == 0
        return self._capture.readouterr().out


@pytest.fixture(params=["shop.duckdb", "parquet:files"])
def runs(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Runs]:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    yield Runs(request.param, capsys)
    sandbox.faults.clear()


def part(expected: Mapping[str, object], value: Mapping[str, object]) -> dict[str, object]:
    """Return of `value` what `expected` names."""
    return {name: value[name] for name in expected}


@pytest.mark.few(6)
@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_each_ending_is_told_in_text_in_json_in_the_record_and_by_the_status(
    sandbox: Sandbox, runs: Runs, monkeypatch: pytest.MonkeyPatch, ending: Ending
) -> None:
    assert runs.sync("-q") == (0, "", "")
    ending.happen(sandbox)
    sandbox.clock.advance(3600)
    if ending.client:
        monkeypatch.setenv("CTP_CLIENT_ID", ending.client)
        monkeypatch.setenv("CTP_CLIENT_SECRET", "secret")
    status, output, text = runs.sync("--json", *ending.options)
    assert (status, [words for words in ending.text if words not in text]) == (ending.status, [])
    assert text.count("_unfit") == sum("_unfit" in words for words in ending.text)
    value = json.loads(output)
    assert part(ending.run, value) == ending.run
    assert part(ending.customers, value["streams"][0]) == ending.customers
    newest, first = runs.records()
    assert (first["status"], newest["status"]) == ("complete", ending.record)
    assert part(ending.recorded, newest["streams"][0]) == ending.recorded
    # The same reason in each place, or in none.
    assert newest["deletions_unseen"] == value["deletions_unseen"]
    assert [stream["error"] for stream in newest["streams"]] == [stream["error"] for stream in value["streams"]]
    unseen = "were not looked for" in " ".join(ending.text)
    assert [UNSEEN in text, UNSEEN in str(value), UNSEEN in runs.shown()] == [unseen] * 3


def test_a_run_that_reaches_nothing_is_told_by_an_error_in_its_record_and_by_the_status(
    sandbox: Sandbox, runs: Runs
) -> None:
    assert runs.sync("-q") == (0, "", "")
    refuse(sandbox)
    status, output, text = runs.sync("--json")
    assert (status, output) == (2, "")
    newest, _ = runs.records()
    assert (newest["status"], f"error: {newest['error']}\n") == ("failed", text)
    sandbox.faults.clear()
    assert f"the newest run failed: {newest['error'][:60]}" in runs.shown()


@pytest.mark.few(1)
def test_a_run_that_is_killed_is_told_by_its_record_and_the_next_one_goes_on(sandbox: Sandbox, runs: Runs) -> None:
    assert runs.sync("-q") == (0, "", "")
    create(sandbox)
    sandbox.clock.advance(3600)
    asked, killed = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        if request.path.endswith("/zones"):
            asked.set()
            killed.wait(60)

    sandbox.before_request(hold)
    command = [sys.executable, "-c", "from commercetools_source.cli.app import run; run()", "sync", *runs.target]
    with subprocess.Popen([*command, "--streams", "customers,zones", "--json"], stdout=subprocess.PIPE) as process:
        began = asked.wait(60)
        process.kill()
        killed.set()
        output, _ = process.communicate()
    sandbox.before_request(lambda _: None)
    assert began
    assert (process.returncode, output) == (-signal.SIGKILL, b"")
    newest, _ = runs.records()
    assert (newest["status"], newest["ended"], newest["streams"]) == ("begun", None, [])
    assert "the newest run has not ended: it was killed, or is under way" in runs.shown()
    status, _, text = runs.sync()
    assert (status, "customers: 1 new\n" in text) == (0, True)
    assert [record["status"] for record in runs.records()] == ["complete", "begun", "complete"]
