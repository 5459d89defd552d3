"""Stored states that are broken: each stops its own stream only, and `state reset` and `sync --full` always work."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from commercetools_source.cli import app
from commercetools_source.extract.checkpoint import FORMAT
from commercetools_source.sandbox import Sandbox
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# Each of the streams gets a broken state of its own; the orders stay whole.
BROKEN = {
    "zones": "[]",
    "stores": "7",
    "channels": '"x"',
    "customer_groups": "null",
    "tax_categories": "{}",
    "associate_roles": '{"format": 99}',
    "product_discounts": json.dumps({"format": FORMAT, "cursor": "yesterday"}),
    "shipping_methods": json.dumps({"format": FORMAT, "cursor": 5}),
    "discount_groups": json.dumps({"format": FORMAT, "mode": "full"}),
    "shopping_lists": json.dumps({"format": FORMAT, "cursor": "0001-01-01T00:00:00.000Z"}),
    "discount_codes": json.dumps({"format": FORMAT, "walks": [{"field": "createdAt", "lower": "x"}]}),
}
PATHS = ["/orders", *(f"/{stream.replace('_', '-')}" for stream in BROKEN)]
STREAMS = ("--streams", ",".join(["orders", *BROKEN]))
HINT = "reset its state, or run it with --full"


@dataclass
class Destination:
    """A destination in which all streams but the orders have a broken state, and what the commands say of it."""

    name: str
    shown: str = ""
    states: Any = None
    status: int = 0
    outcomes: Any = None

    def run(self, *command: str) -> tuple[int, str]:
        out = StringIO()
        with redirect_stdout(out):
            status = app.run([*command, "--destination", self.name])
        return status, out.getvalue()

    def spoil(self) -> None:
        if self.name.endswith(".duckdb"):
            with duckdb.connect(self.name) as connection:
                change = "UPDATE sync.state SET state = ? WHERE stream = ?"
                connection.executemany(change, [[state, stream] for stream, state in BROKEN.items()])
            return
        path = Path(self.name.partition(":")[2]) / "manifest.json"
        manifest = json.loads(path.read_text())
        for stream, state in BROKEN.items():
            manifest["streams"][stream]["state"] = json.loads(state)
        path.write_text(json.dumps(manifest))


@pytest.fixture(scope="module", params=["shop.duckdb", "parquet:data", "jsonl:data"])
def spoilt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Destination]:
    """Sync, break the states, look at them and sync again."""
    with Sandbox(rows=rows_of(*PATHS)) as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        patch.chdir(tmp_path_factory.mktemp("broken"))
        destination = Destination(request.param)
        assert destination.run("sync", *STREAMS)[0] == 0
        destination.spoil()
        status, destination.shown = destination.run("state", "show")
        assert status == 0
        status, shown = destination.run("state", "show", "--json")
        assert status == 0
        destination.states = json.loads(shown)
        destination.status, outcomes = destination.run("sync", *STREAMS, "--json")
        destination.outcomes = {outcome["stream"]: outcome for outcome in json.loads(outcomes)["streams"]}
        yield destination


def is_refused(destination: Destination, stream: str) -> bool:
    """Return whether a stream's state is refused: in a manifest null stands for no state at all."""
    return BROKEN[stream] != "null" or destination.name == "shop.duckdb"


@pytest.mark.parametrize("stream", BROKEN)
def test_a_broken_state_stops_its_own_stream(spoilt: Destination, stream: str) -> None:
    assert (HINT in str(spoilt.outcomes[stream]["error"])) == is_refused(spoilt, stream)
    assert bool(spoilt.outcomes[stream]["error"]) == is_refused(spoilt, stream)


def test_the_other_streams_go_on_from_their_states(spoilt: Destination) -> None:
    assert spoilt.status == 1
    assert spoilt.outcomes["orders"]["mode"] == "incremental"
    assert not spoilt.outcomes["orders"]["error"]
    assert spoilt.states["orders"]["cursor"]


def test_broken_states_are_shown_with_what_to_do(spoilt: Destination) -> None:
    assert spoilt.shown.count(HINT) == sum(is_refused(spoilt, stream) for stream in BROKEN)


def test_every_command_ends_with_a_status_of_its_own(spoilt: Destination) -> None:
    spoilt.spoil()
    for command in (["plan"], ["verify"], ["sweep"], ["backfill", "--since", "2020-01-01"]):
        assert spoilt.run(*command, *STREAMS)[0] in {0, 1, 2}


def test_broken_states_can_be_reset(spoilt: Destination) -> None:
    spoilt.spoil()
    for stream in BROKEN:
        assert spoilt.run("state", "reset", stream)[0] == 0
    assert spoilt.run("sync", *STREAMS)[0] == 0


def test_a_full_run_replaces_broken_states(spoilt: Destination) -> None:
    spoilt.spoil()
    assert spoilt.run("sync", *STREAMS, "--full")[0] == 0
    assert spoilt.run("sync", *STREAMS)[0] == 0
