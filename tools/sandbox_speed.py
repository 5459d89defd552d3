"""Measure the sandbox: how fast a shop is made, what it weighs, and what requests cost. `make speed` runs it.

    python tools/sandbox_speed.py [SIZE]

Linux only, as it reads /proc. Times of the server are processor time of its own process, so that a busy machine and
the client change little.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from commercetools_source.sandbox import SandboxProcess

MEGABYTE = 1_000_000
PAGES, KEYSETS = 40, 300


class Server:
    """A sandbox in a process of its own, asked over one connection that stays open."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.process = Path("/proc", str(sandbox._process.pid)) if sandbox._process else Path()  # noqa: SLF001 - to measure it
        self.connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"))
        settings = sandbox.settings()
        basic = base64.b64encode(f"{settings['client_id']}:{settings['client_secret']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request("POST", "/oauth/token", "grant_type=client_credentials", headers)
        self.token = json.load(self.connection.getresponse())["access_token"]

    def seconds(self) -> float:
        """Return the processor time that the server has used."""
        fields = (self.process / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Return what it holds in memory, in megabytes."""
        return int((self.process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE

    def page(self, *, packed: bool = False, **query: Any) -> tuple[list[Any], int]:
        """Return the records of a page of orders, and how many bytes came."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Encoding": "gzip" if packed else "identity"}
        path = f"/{self.sandbox.project_key}/orders?{urlencode({'withTotal': 'false', **query}, doseq=True)}"
        self.connection.request("GET", path, headers=headers)
        body = self.connection.getresponse().read()
        records: list[Any] = json.loads(gzip.decompress(body) if packed else body)["results"]
        return records, len(body)


def keyset(record: dict[str, Any]) -> dict[str, Any]:
    """Return the query for what follows a record."""
    at, after = record["lastModifiedAt"], record["id"]
    return {
        "where": f'lastModifiedAt > "{at}" or (lastModifiedAt = "{at}" and id > "{after}")',
        "sort": ["lastModifiedAt asc", "id asc"],
    }


def key_range(server: Server, limit: int, pages: int, *, packed: bool) -> tuple[float, float, float]:
    """Return server seconds and bytes for each page of a walk, and the median wait for one."""
    query: dict[str, Any] = {"sort": ["lastModifiedAt asc", "id asc"]}
    began, total, waits = server.seconds(), 0, []
    for _ in range(pages):
        asked = time.perf_counter()
        records, size = server.page(packed=packed, limit=limit, **query)
        waits.append(time.perf_counter() - asked)
        total += size
        if len(records) < limit:
            break
        query = keyset(records[-1])
    return (server.seconds() - began) / len(waits), total / len(waits), statistics.median(waits)


def main() -> None:
    """Print what was measured."""
    size = sys.argv[1] if len(sys.argv) > 1 else "demo"
    began = time.monotonic()
    with SandboxProcess(int(size) if size.isdecimal() else size) as sandbox:
        server = Server(sandbox)
        print(f"{size}: ready after {time.monotonic() - began:.1f} s ({server.seconds():.1f} s of one core)")
        server.page(limit=1, sort=["lastModifiedAt asc", "id asc"])
        print(f"memory {server.memory():,.0f} MB, with the index that was used")
        for limit, pages, packed in ((500, PAGES, False), (500, PAGES, True), (1, KEYSETS, False)):
            seconds, weight, wait = key_range(server, limit, pages, packed=packed)
            print(
                f"keyset pages of {limit}{' with gzip' if packed else ''}: {seconds * 1000:.1f} ms of the server,"
                f" {wait * 1000:.1f} ms until read, {weight / MEGABYTE:.2f} MB"
            )


if __name__ == "__main__":
    main()
