"""What a command finds about it: no current folder, no more threads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from commercetools_source.sandbox import Sandbox

MODULE = "from commercetools_source.cli import main; main()"
# More of the address space than there is: no thread can have such a stack.
NO_THREADS = f"import threading; threading.stack_size(1 << 46); {MODULE}"


def run(program: str, words: str, folder: Path, before: str = ":") -> tuple[int, str]:
    """Run a command in `folder` behind what the shell does `before`; return its status and what it said."""
    shell = ["/bin/sh", "-c", f'{before}; exec "$@"', "sh", sys.executable, "-c", program, *words.split()]
    done = subprocess.run(
        shell, cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stderr


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "words", ["sync -d shop.duckdb", "sync -d jsonl:lines", "report -d shop.duckdb", "schema --erd a.svg"]
)
def test_a_folder_that_has_been_removed_is_a_sentence(words: str, tmp_path: Path, shop: Sandbox) -> None:  # noqa: ARG001
    status, err = run(MODULE, words, tmp_path, before="mkdir gone; cd gone; rmdir ../gone")
    assert status in {1, 2}
    assert err.count("error: ") == err.count("\n") == 1


def test_what_needs_no_current_folder_works_in_one_that_has_been_removed(tmp_path: Path, shop: Sandbox) -> None:  # noqa: ARG001
    removed = "mkdir gone; cd gone; rmdir ../gone"
    assert run(MODULE, f"sync -q --streams zones -d {tmp_path}/shop.duckdb", tmp_path, removed) == (0, "")
    assert run(MODULE, f"sync -q --streams zones -d jsonl:{tmp_path}/lines", tmp_path, removed) == (0, "")


@pytest.mark.few(1)
@pytest.mark.parametrize("place", ["shop.duckdb", "jsonl:lines", "parquet:files"])
def test_a_system_that_gives_no_thread_is_a_sentence(place: str, tmp_path: Path, shop: Sandbox) -> None:  # noqa: ARG001
    status, err = run(NO_THREADS, f"sync -q --streams zones -d {place}", tmp_path)
    assert (status, err) == (
        1,
        "error: the system lets this process begin no thread; raise its limit of memory or of processes\n",
    )
    assert run(MODULE, f"sync -q --streams zones -d {place}", tmp_path) == (0, "")


def test_a_file_larger_than_the_memory_is_a_sentence(tmp_path: Path, shop: Sandbox) -> None:  # noqa: ARG001
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(1 << 42)  # sparse: it takes no place on the disk
    status, err = run(MODULE, "sync --config huge.json -d jsonl:lines", tmp_path)
    assert (status, err.count("\n")) == (1, 1)
    assert err.startswith("error: this process got no more memory")
