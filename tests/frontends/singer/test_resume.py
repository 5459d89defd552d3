"""Many records, and runs that are cut off: the next one goes on from the last STATE and nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("singer_sdk")

import msgspec

from commercetools_source.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Response, Tap

MANY = 12_500


def orders() -> Iterator[tuple[str, str, bytes]]:
    """Yield rows of a shop that has nothing but small orders, a hundred of them in each second."""
    for number in range(MANY):
        second = number // 100
        at = f"2025-03-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{number % 7:03d}Z"
        order = {
            "id": f"{number * 7919 % MANY:08x}-0000-4000-8000-000000000000",
            "version": 1,
            "createdAt": at,
            "lastModifiedAt": at,
            "orderNumber": str(number),
            "customerEmail": "x" * 200,
        }
        yield "/orders", "", msgspec.json.encode(order)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=orders()) as running:
        yield running


def ids(answer: Response, before: int | None = None) -> list[str]:
    messages = answer.messages[:before]
    return [message["record"]["id"] for message in messages if message["type"] == "RECORD"]


def whole(sandbox: Sandbox) -> set[str]:
    return {record["id"] for record in sandbox.records("orders")}


@pytest.fixture(scope="module")
def eager() -> Iterator[None]:
    """Write a STATE after each page instead of each 4 MB, so that small data has many of them."""
    from commercetools_source.frontends.singer.tap import TapCommercetools

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TapCommercetools, "state_bytes", 1)
        yield


def test_more_than_any_offset_reaches_comes_out_complete(tap: Tap, sandbox: Sandbox) -> None:
    answer = tap(catalog=tap.catalog("orders"))
    assert (answer.status, answer.counts()) == (0, {"orders": MANY})
    assert set(ids(answer)) == whole(sandbox)


@pytest.mark.usefixtures("eager")
def test_a_run_cut_off_after_any_line_goes_on_from_its_last_state(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("orders")
    first = tap(catalog=catalog)
    states = [place for place, message in enumerate(first.messages) if message["type"] == "STATE"]
    assert len(states) > 20
    for place in (states[0], states[len(states) // 2], states[-2]):
        second = tap(catalog=catalog, state=first.messages[place]["value"])
        assert second.status == 0, second.err
        seen = ids(first, place)
        assert len(seen) + len(ids(second)) == MANY  # nothing twice here, because nothing came behind the STATE
        assert {*seen, *ids(second)} == whole(sandbox)
        assert second.state == first.state | {"bookmarks": second.state["bookmarks"]}


@pytest.mark.usefixtures("eager")
def test_a_run_that_failed_in_the_middle_says_so_and_goes_on_from_there(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("orders")
    sandbox.faults.add(Fault("status", path="/orders", after=9, times=None, status=500))
    first = tap(catalog=catalog)
    sandbox.faults.clear()
    assert first.status == 1
    assert "not complete: 1 of 1 stream: orders" in first.err
    assert 0 < len(ids(first)) < MANY
    second = tap(catalog=catalog, state=first.state)
    assert second.status == 0, second.err
    assert {*ids(first), *ids(second)} == whole(sandbox)


@pytest.mark.usefixtures("eager")
def test_the_version_of_a_full_read_survives_its_interruption(tap: Tap, sandbox: Sandbox) -> None:
    catalog = tap.catalog("orders")
    sandbox.faults.add(Fault("status", path="/orders", after=9, times=None, status=500))
    first = tap(catalog=catalog, emit_activate_version_messages=True)
    sandbox.faults.clear()
    assert not first.of("ACTIVATE_VERSION")
    second = tap(catalog=catalog, state=first.state, emit_activate_version_messages=True)
    (activated,) = second.of("ACTIVATE_VERSION")
    assert {one["version"] for one in (*first.of("RECORD"), *second.of("RECORD"))} == {activated["version"]}
    third = tap(catalog=catalog, state=first.state)
    assert not third.of("ACTIVATE_VERSION")


def start(tap: Tap) -> subprocess.Popen[bytes]:
    """Start the tap as a process of its own, slow enough to be interrupted."""
    code = "from commercetools_source.frontends.singer.tap import *; TapCommercetools.state_bytes = 1; exit(run())"
    arguments = tap.arguments(catalog=tap.catalog("orders"), concurrency=2, page_size=100)
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def lines_until_third_state(process: subprocess.Popen[bytes]) -> list[bytes]:
    assert process.stdout is not None
    lines: list[bytes] = []
    states = 0
    while states < 3:
        lines.append(process.stdout.readline())
        assert lines[-1]
        states += lines[-1].startswith(b'{"type":"STATE"')
    return lines


@pytest.mark.few(1)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_from_outside_loses_nothing(tap: Tap, sandbox: Sandbox, number: signal.Signals) -> None:
    process = start(tap)
    lines = lines_until_third_state(process)
    process.send_signal(number)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        text = b"".join(lines) + process.stdout.read()
        errors = process.stderr.read()
    process.wait(timeout=60)
    lines = text.split(b"\n")
    torn = lines.pop()
    messages: list[dict[str, Any]] = [json.loads(line) for line in lines]
    if number is signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert (process.returncode, torn) == (128 + number, b"")
        assert messages[-1]["type"] == "STATE"
        assert b"Traceback" not in errors
    last = max(place for place, message in enumerate(messages) if message["type"] == "STATE")
    seen = {message["record"]["id"] for message in messages[:last] if message["type"] == "RECORD"}
    assert 0 < len(seen) < MANY
    second = tap(catalog=tap.catalog("orders"), state=messages[last]["value"])
    assert second.status == 0, second.err
    assert seen | set(ids(second)) == whole(sandbox)
    assert len(seen) + len(ids(second)) == MANY


def test_a_reader_that_goes_away_is_one_sentence(tap: Tap) -> None:
    process = start(tap)
    lines_until_third_state(process)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert b"whatever reads this program's output has gone" in errors
    assert b"Traceback" not in errors
    assert b"Exception ignored" not in errors
