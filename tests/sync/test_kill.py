"""A real process that writes a real DuckDB file, killed with SIGKILL at random moments, ends exact."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.client import Client
from commercetools_source.destinations import open_destination
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.compare import verify
from shops import rows_of
from thorough import ALL

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox.platform.request import Request

KILLS = int(os.environ.get("KILLS", "8" if ALL else "4"))
STREAMS = ("orders", "payments", "custom_objects")

CHILD = """
import json, sys
from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.sync import sync
from pathlib import Path

settings, path, streams, full = json.loads(sys.argv[1])
destination = DuckDB(Path(path))
destination.batch_bytes = 40_000  # many transactions, so that a kill meets one
with Client(settings) as client:
    print("reading", flush=True)
    summary = sync(client, destination, streams=streams, full=full)
print(json.dumps([summary.complete, [one.mode for one in summary.outcomes]]), flush=True)
"""


class Shop:
    """A sandbox whose runs happen in processes of their own."""

    def __init__(self, sandbox: Sandbox, path: Path, chance: random.Random) -> None:
        self.sandbox = sandbox
        self.path = path
        self.chance = chance
        self.child: subprocess.Popen[str] | None = None
        self.countdown = -1
        sandbox.before_request(self._maybe_kill)

    def _maybe_kill(self, _request: Request) -> None:
        """Kill the process while it waits for an answer: other threads of it may be storing rows meanwhile."""
        self.countdown -= 1
        if self.countdown == 0 and self.child is not None:
            self.child.kill()

    def start(self, *, full: bool = False) -> subprocess.Popen[str]:
        settings = {**self.sandbox.settings(), "page_size": 10, "retry_seconds": 0}
        given = json.dumps([settings, str(self.path), STREAMS, full])
        command = [sys.executable, "-c", CHILD, given]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def killed_run(self) -> bool:
        """Run until the kill, at a random request or a random moment after its first; return whether it came."""
        with self.start(full=self.chance.random() < 0.2) as self.child:
            assert self.child.stdout is not None
            self.child.stdout.readline()
            self.countdown = self.chance.randrange(1, 40)
            if self.chance.random() < 0.5:
                try:
                    self.child.wait(self.chance.uniform(0.0, 0.4))
                except subprocess.TimeoutExpired:
                    self.child.kill()
            self.child.stdout.read()
        return self.child.returncode != 0

    def quiet_run(self) -> list[str]:
        """Run to the end and return how each stream was read."""
        self.child = None
        with self.start() as child:
            assert child.stdout is not None
            said = child.stdout.read().splitlines()
            assert len(said) == 2, said
            answer = said[-1]
        complete, modes = json.loads(answer)
        assert complete
        return list(modes)

    def live(self) -> None:
        """Change, add and delete some records; hours pass."""
        for _ in range(4):
            stream = self.chance.choice(["orders", "payments"])
            records = self.sandbox.records(stream)
            one, other = self.chance.sample([record["id"] for record in records], 2)
            self.sandbox.update(stream, one, {"orderNumber" if stream == "orders" else "key": f"n-{one}"})
            self.sandbox.delete(stream, other)
            self.sandbox.create(stream, {})
            self.sandbox.clock.advance(self.chance.randrange(3600))

    def differences(self) -> dict[str, object]:
        """Return the streams of which the file holds other ids and versions than the shop."""
        found: dict[str, object] = {}
        with duckdb.connect(str(self.path)) as connection:
            for stream in STREAMS:
                rows = connection.execute(f"SELECT id, version FROM raw.{stream} WHERE _deleted_at IS NULL").fetchall()
                shop = {(record["id"], record["version"]) for record in self.sandbox.records(stream)}
                if len(set(rows)) != len(rows) or (stream != "payments" and set(rows) != shop):
                    found[stream] = (sorted(set(rows) - shop), sorted(shop - set(rows)))
        return found


def test_a_process_killed_at_random_moments_ends_with_exactly_what_the_shop_has(tmp_path: Path) -> None:
    chance = random.Random(KILLS)  # noqa: S311 - the same moments each time
    with Sandbox(rows=rows_of("/orders", "/payments", "/custom-objects")) as sandbox:
        shop = Shop(sandbox, tmp_path / "shop.duckdb", chance)
        killed = 0
        while killed < KILLS:
            killed += shop.killed_run()
            if chance.random() < 0.7:
                shop.live()
        sandbox.clock.advance(3600)
        shop.quiet_run()
        assert shop.differences() == {}
        with Client(sandbox.settings()) as client:
            verdicts = verify(client, open_destination(str(shop.path)), STREAMS)
        assert not [one for one in verdicts if one.difference and (one.difference.missing or one.difference.stale)]
        assert shop.quiet_run() == ["incremental"] * len(STREAMS)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a file system of a set size")
def test_a_full_disk_ends_the_run_with_a_reason_and_the_next_run_goes_on(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))\n"
    quiet = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    with Sandbox(rows=rows_of("/orders", "/payments", "/custom-objects")) as sandbox:
        shop = Shop(sandbox, tmp_path / "shop.duckdb", random.Random(1))  # noqa: S311 - as above
        given = json.dumps([{**sandbox.settings(), "page_size": 10}, str(shop.path), STREAMS, False])
        command = [sys.executable, "-c", quiet + limited + CHILD, given]
        failed = subprocess.run(command, capture_output=True, text=True, check=False)
        assert failed.returncode != 0
        assert "what was stored before is kept, and the next run goes on from there" in failed.stderr
        shop.quiet_run()
        assert shop.differences() == {}
