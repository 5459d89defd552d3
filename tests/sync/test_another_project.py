"""A destination holds one project: what is read of another is refused before anything is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source import STREAMS, Client, Config, ConfigError, sync
from commercetools_source.destinations import open_destination
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.selection import Selection, project_conflict, started
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.backfill import backfill
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.plan import plan
from commercetools_source.sync.projects import refuse_another_project
from destinations.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.extract.delivery import Destination

DAY = "2026-01-01T00:00:00.000Z"
SPECS = ["duckdb:{}/shop.duckdb", "parquet:{}/files", "jsonl:{}/lines"]
COMMANDS: dict[str, Callable[[Client, Destination], object]] = {
    "sync": lambda client, target: sync(client, target, streams=["zones"]),
    "sync of other streams": lambda client, target: sync(client, target, streams=["channels"]),
    "full sync": lambda client, target: sync(client, target, streams=["zones"], full=True),
    "backfill": lambda client, target: backfill(client, target, streams=["zones"], since="2020-01-01"),
    "verify": lambda client, target: verify(client, target, streams=["zones"]),
    "sweep": lambda client, target: sweep(client, target, streams=["zones"]),
}


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[Client, Client]]:
    """Yield clients of two projects."""
    with (
        Sandbox("tiny") as one,
        Sandbox("tiny", 2, project_key="other-shop") as other,
        Client(one.settings()) as first,
        Client(other.settings()) as second,
    ):
        yield first, second


@pytest.mark.few(6)
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("spec", SPECS)
def test_another_project_than_the_one_held_is_refused_and_nothing_written(
    spec: str, command: str, clients: tuple[Client, Client], tmp_path: Path
) -> None:
    first, second = clients
    target = spec.format(tmp_path)
    assert sync(first, open_destination(target), streams=["zones"]).complete
    before = held(tmp_path)
    if command in {"verify", "sweep"} and target.startswith("jsonl"):
        pytest.skip("cannot be compared")
    with pytest.raises(
        ConfigError, match="holds the project 'sample-shop', and the settings name 'other-shop'; name an"
    ):
        COMMANDS[command](second, open_destination(target))
    assert held(tmp_path) == before
    assert sync(first, open_destination(target), streams=["zones"]).complete


def test_projects_of_one_key_in_two_regions_are_two() -> None:
    client = {"project_key": "shop", "client_id": "a", "client_secret": "b"}
    here, there = (
        Config.from_mapping({**client, "region": region}).project_name
        for region in ("us-central1.gcp", "us-east-2.aws")
    )
    behind_a_gateway = Config.from_mapping({**client, "api_url": "https://api.mine.example", "auth_url": "https://a.b"})
    assert (here, behind_a_gateway.project_name) == ("us-central1.gcp/shop", "shop")
    with pytest.raises(ConfigError, match=r"holds the project 'us-east-2\.aws/shop', and the settings name 'us-cent"):
        refuse_another_project([StreamState(project=there)], here, "shop.duckdb")
    for stored, asked in (("", here), ("shop", here), (here, here), (here, "shop")):
        assert project_conflict(stored, asked) is None
    assert project_conflict("carts", here) is not None
    state = started(STREAMS["zones"], StreamState(project=here), Selection(bound=DAY, project="shop"), [()])
    assert state.project == here


def test_a_plan_for_another_project_is_refused(clients: tuple[Client, Client], tmp_path: Path) -> None:
    states = {"zones": StreamState(project="elsewhere")}
    with pytest.raises(ConfigError, match="holds the project 'elsewhere'"):
        plan(clients[0], states, streams=["zones"], destination=open_destination(f"jsonl:{tmp_path}"))


def test_a_plan_from_states_alone_says_of_which_streams_another_project_is_held(
    clients: tuple[Client, Client],
) -> None:
    forecast = plan(clients[0], {"zones": StreamState(project="elsewhere")}, streams=["zones", "channels"])
    zones, channels = forecast.streams
    assert "of the project 'elsewhere', and now it is asked for 'sample-shop'" in zones.note
    assert channels.note == ""


def test_states_that_name_no_project_are_taken_over_by_the_next_run(
    clients: tuple[Client, Client], tmp_path: Path
) -> None:
    target = f"jsonl:{tmp_path}"
    assert sync(clients[0], target, streams=["zones"]).complete
    manifest = tmp_path / "manifest.json"
    lines = manifest.read_text().splitlines()
    older = "\n".join(line for line in lines if '"project": "sample-shop"' not in line).replace('",\n    }', '"\n    }')
    assert older.count("\n") == len(lines) - 2
    manifest.write_text(re.sub(r",(\s*})", r"\1", older))
    assert sync(clients[1], target, streams=["zones"]).complete
    with pytest.raises(ConfigError, match="holds the project 'other-shop'"):
        sync(clients[0], target, streams=["zones"])


def test_a_state_of_another_stream_is_refused_by_every_command_and_nothing_written(
    clients: tuple[Client, Client], tmp_path: Path
) -> None:
    target = str(tmp_path / "shop.duckdb")
    assert sync(clients[0], target, streams=["zones", "channels"]).complete
    # Somebody gave the channels the state of the zones.
    with duckdb.connect(target) as connection:
        state = "(SELECT state FROM sync.state WHERE stream = 'zones')"
        connection.execute(f"UPDATE sync.state SET state = {state} WHERE stream = 'channels'")
        connection.execute("DELETE FROM raw.channels")
    reason = "its state was stored for the stream 'zones' and says nothing of channels"
    told = [
        *(outcome.error for outcome in sync(clients[0], target, streams="channels").outcomes),
        *(outcome.error for outcome in backfill(clients[0], target, "2020-01-01", streams="channels").outcomes),
        *(verdict.note for verdict in verify(clients[0], target, "channels")),
        *(verdict.note for verdict in sweep(clients[0], target, "channels")),
    ]
    assert [str(text).startswith(reason) for text in told] == [True] * 4
    with duckdb.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM raw.channels").fetchall() == [(0,)]
    assert sync(clients[0], target, streams="channels", full=True).complete


def held(folder: Path) -> dict[str, object]:
    """Return what lies in a folder; a lock says who opened it last."""
    return {name: entry for name, entry in snapshot(folder).items() if not name.endswith(".lock")}
