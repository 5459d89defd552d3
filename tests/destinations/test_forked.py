"""A destination that is open while its process forks: it stays the parent's, and no child keeps it in use."""

from __future__ import annotations

import os
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from commercetools_source.destinations.row import parse
from commercetools_source.errors import DestinationError
from commercetools_source.extract.abilities import open_to_read
from destinations.conformance import CASES, Case, deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.extract.delivery import Destination

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    # Python 3.12 and later warn of what these tests do.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
BEFORE, AFTER = [{"id": "1", "version": 1, "name": "a"}], [{"id": "2", "version": 1, "name": "b"}]


@pytest.fixture(params=[name for name, case in CASES.items() if case.row.name != "dummy"])
def case(request: pytest.FixtureRequest) -> Case:
    chosen = CASES[request.param]
    if chosen.lacks:
        pytest.skip(chosen.lacks)
    return chosen


@pytest.fixture
def new(case: Case, tmp_path: Path) -> Callable[[], Destination]:
    return lambda: parse(f"{case.row.name}:{tmp_path / 'store'}", [case.row]).make()


def in_child(action: Callable[[], object]) -> int:
    """Return the status with which a forked process ends that does `action`: 0 where nothing was raised."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            action()
            status = 0
        except BaseException:  # noqa: BLE001 - told, and then the process ends
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@contextmanager
def living_child() -> Iterator[None]:
    """Fork a process that lives as long as the block."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    try:
        yield
    finally:
        os.close(writer)
        os.waitpid(process, 0)


def test_a_child_that_lives_on_keeps_no_destination_in_use(new: Callable[[], Destination]) -> None:
    destination = new()
    destination.open()
    destination.write(deliver(BEFORE))
    with living_child():
        destination.close()
        for _ in range(2):
            destination.open()
            destination.close()


def test_a_child_that_lives_on_keeps_no_reader_of_its_parent_in_the_way(new: Callable[[], Destination]) -> None:
    destination = new()
    destination.open()
    destination.write(deliver(BEFORE))
    destination.close()
    reader = new()
    open_to_read(reader)
    with living_child():
        reader.close()
        destination.open()
        destination.close()


def test_a_child_neither_writes_to_what_its_parent_has_open_nor_closes_it(
    case: Case, new: Callable[[], Destination], tmp_path: Path
) -> None:
    destination = new()
    destination.open()
    destination.write(deliver(BEFORE))

    def write() -> None:
        with pytest.raises(DestinationError):
            destination.write(deliver(AFTER))

    assert in_child(write) == 0
    assert in_child(destination.close) == 0
    destination.write(deliver(AFTER))
    destination.close()
    assert case.read(tmp_path / "store") == {record["id"]: record for record in AFTER}
