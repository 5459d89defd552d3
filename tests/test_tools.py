"""The tools of the project: what they print is true of this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))


def tool(name: str) -> str:
    command = [sys.executable, str(ROOT / "tools" / name)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_lowest_versions_are_those_that_the_project_declares() -> None:
    lines = tool("lowest.py").splitlines()
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert {"msgspec==0.21", "pyarrow==16"} <= set(lines)  # of several bounds the lowest
    assert all(f"{name}>={version}" in text for name, _, version in (line.partition("==") for line in lines))


def test_every_interpreter_is_a_cpython_that_is_new_enough() -> None:
    for path in tool("interpreters.py").split():
        version = subprocess.run([path, "-V"], capture_output=True, text=True, check=True).stdout
        assert version.startswith("Python 3.")
        assert int(version.split(".")[1]) >= 10


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Return a folder with what a release consists of, apart from what was built."""
    for name in ("pyproject.toml", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "dist").mkdir()
    return tmp_path


def test_a_release_without_a_date_or_its_files_is_told_what_it_lacks(release: Path) -> None:
    from release import faults

    problems = faults(release)
    assert [problem for problem in problems if "no date" in problem]
    assert len([problem for problem in problems if "was not built" in problem]) == 2


def test_a_wheel_that_lacks_the_contract_is_not_released(release: Path) -> None:
    from release import faults

    with zipfile.ZipFile(release / "dist" / "commercetools_source-0.1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("commercetools_source/py.typed", "")
    assert [problem for problem in faults(release) if "lacks commercetools_source/catalog/contract.json" in problem]
