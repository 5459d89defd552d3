"""Runs cases: a page server in one process, each reader in another, the floor beside every run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Run, summary
from benchmarks.plan import COUNTS, Case

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from benchmarks.environments import Environments

__all__ = ["ROOT", "Bench", "ReaderFailedError", "environment"]

ROOT = Path(__file__).parent.parent
_LONGEST = 300


class ReaderFailedError(Exception):
    """A reader's process did not say what it measured; the message has the end of what it said."""


class Bench:
    """A running page server and the readers of one benchmark."""

    def __init__(self, ports: Mapping[str, int], peers: Environments | None, scratch: Path) -> None:
        self._ports = ports
        self._peers = peers
        self._scratch = scratch

    @classmethod
    @contextmanager
    def serving(
        cls, pages: Path, cases: Iterable[Case], counts: Mapping[str, Sequence[int]], peers: Environments | None = None
    ) -> Iterator[Bench]:
        """Prepare sets of `counts` records of what `cases` read, and serve them while the block runs."""
        cases = list(cases)
        resources = dict.fromkeys(case.resource for case in cases)
        sets = [(resource, count) for resource in resources for count in counts[resource]]
        # In a process of its own: preparing takes memory that this one would keep, and hand on as its children's peak.
        subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "benchmarks.prepare", str(pages), json.dumps(sets)],
            cwd=ROOT,
            env=environment(),
            check=True,
        )
        certificate = "" if peers is None else str(peers.certificate)
        doors = {name: door for case in cases for name, door in _doors(case, certificate)}
        command = [sys.executable, "-m", "benchmarks.server", str(pages)]
        command += [json.dumps(sets), json.dumps(doors)]
        with (
            tempfile.TemporaryDirectory() as scratch,
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,  # noqa: S603 - ourselves
        ):
            try:
                said = server.stdout.readline() if server.stdout else ""
                yield cls(json.loads(said), peers, Path(scratch))
            finally:
                if server.stdin:
                    server.stdin.close()

    def measure(self, case: Case) -> dict[str, Any]:
        """Return the figures of a case; raises ReaderFailedError."""
        floors, runs = [], []
        for _ in range(case.rounds):
            floors.append(self._floor(case))
            runs.append(self._run(case))
        facts = {name: value for name, value in asdict(case).items() if name not in {"peer", "records"}}
        facts["peer"] = None if case.peer is None else case.peer.name
        facts["of"] = case.records
        return {**facts, **summary(floors, runs)}

    def _floor(self, case: Case) -> Run:
        url = self._url(_name(_door(case, 0)))
        count = case.records if case.latency or case.peer is None else COUNTS[case.resource]
        rounds = max(1, round(0.15 * _FLOOR_SPEED[case.resource] / count)) if not case.latency else 1
        return self._process(
            [sys.executable, "-m", "benchmarks.ours", "floor"], url, case.resource, count, [str(rounds)]
        )

    def _run(self, case: Case) -> Run:
        url = self._url(_name(_door(case, case.records)))
        if case.peer is None:
            more = [self._url(_name(_door(case, case.records, case.changes)))] if case.changes else []
            command = [sys.executable, "-m", "benchmarks.ours", case.output]
            return self._process(command, url, case.resource, case.records, more, _choice(case))
        if self._peers is None:
            raise ReaderFailedError("the peers' environments were not made")
        command = [str(self._peers.python(case.peer)), "-m", f"benchmarks.peers.{case.peer.module}"]
        variables = {}
        if case.peer.proxied:
            proxy = self._url(_name(_door(case, case.records) | {"certificate": str(self._peers.certificate)}))
            variables = {"HTTPS_PROXY": proxy, "REQUESTS_CA_BUNDLE": str(self._peers.authority)}
        return self._process(command, url, case.resource, case.records, list(case.peer.arguments), variables)

    def _process(
        self,
        command: list[str],
        url: str,
        resource: str,
        records: int,
        more: list[str],
        variables: Mapping[str, str] | None = None,
    ) -> Run:
        arguments = [*command, url, resource, str(records), str(self._scratch / "run"), *more]
        paths = {**environment(), **(variables or {})}
        try:
            done = subprocess.run(  # noqa: S603 - ourselves, and the peers
                arguments, cwd=ROOT, env=paths, capture_output=True, text=True, timeout=_LONGEST, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ReaderFailedError(f"{' '.join(command[1:])}: did not end within {_LONGEST} s") from error
        lines = done.stdout.splitlines()
        if done.returncode or not lines:
            raise ReaderFailedError(f"{' '.join(command[1:])}: {(done.stderr or done.stdout)[-2000:]}")
        return Run(**json.loads(lines[-1]))

    def _url(self, door: str) -> str:
        return f"http://127.0.0.1:{self._ports[door]}"


_FLOOR_SPEED = {"orders": 60_000, "products": 100_000, "customers": 400_000, "inventory": 800_000}
"""Records a second, about: the floor reads so often that it runs for at least a seventh of a second."""


def environment() -> dict[str, str]:
    """Return the environment of a reader: without proxies, and with this package on its path."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))}


def _doors(case: Case, certificate: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ports that a case needs, with their settings."""
    doors = [_door(case, 0), _door(case, case.records)]
    if case.changes:
        doors.append(_door(case, case.records, case.changes))
    if case.peer is not None and case.peer.proxied:
        doors.append(_door(case, case.records) | {"certificate": certificate})
    yield from ((_name(door), door) for door in doors)


def _choice(case: Case) -> dict[str, str]:
    return {"CTP_PERSONAL": case.personal, "CTP_HASH_KEY": "0123456789abcdef"} if case.personal else {}


def _door(case: Case, records: int, changes: str = "") -> dict[str, Any]:
    return {"latency": case.latency, "gzip": case.gzip, "records": records, "changes": changes, "certificate": ""}


def _name(door: Mapping[str, Any]) -> str:
    return json.dumps(door)
