"""A sandbox of orders and zones, and destinations that hold them: what tests of every command begin with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commercetools_source.cli import app
from commercetools_source.sandbox import Sandbox
from shops import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with Sandbox(rows=rows_of("/orders", "/zones")) as running:
        yield running


@pytest.fixture
def in_folder(small: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Make an empty folder the current and the home folder, and the small shop the one of the settings."""
    for name, value in {**small.settings(), "retry_seconds": 0}.items():
        monkeypatch.setenv(f"CTP_{name.upper()}", str(value))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def synced(small: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what gives the folder in which a run wrote a destination; it is not to be changed."""
    folders: dict[str, Path] = {}

    def folder_of(destination: str) -> Path:
        if destination not in folders:
            folders[destination] = tmp_path_factory.mktemp("synced")
            with pytest.MonkeyPatch.context() as patch:
                for name, value in small.environment().items():
                    patch.setenv(name, value)
                patch.chdir(folders[destination])
                Path(destination.rpartition(":")[2]).parent.mkdir(exist_ok=True)
                assert app.run(["sync", "--streams", "orders,zones", "-q", "-d", destination]) == 0
        return folders[destination]

    return folder_of


@pytest.fixture
def sync_into(synced: Callable[[str], Path], in_folder: Path) -> Callable[[str], None]:
    """Return what puts orders and zones into a destination of the current folder, which one run of a module reads."""

    def copy(destination: str) -> None:
        shutil.copytree(synced(destination), in_folder, dirs_exist_ok=True)

    return copy
