"""The tools of the project: what they print is true of this checkout."""

from __future__ import annotations

import json
import runpy
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


def made(target: str, *variables: str) -> str:
    """Return the call of pytest that a target of the Makefile ends with, without running it."""
    if (make := shutil.which("make")) is None:
        pytest.skip("there is no make")
    # What is installed counts as new, so that only the target's own lines are printed.
    old = [f"--old-file=.build/{name}" for name in ("installed", "tools", "judges/installed")]
    command = [make, "--dry-run", "--no-print-directory", *old, target, *variables]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.replace("\\\n", "")
    (line,) = (line for line in lines.splitlines() if "/pytest " in line)
    return " ".join(line.split())


@pytest.mark.parametrize(("target", "folder"), [("acceptance", "tests/acceptance"), ("judges", "tests/judges")])
def test_arguments_that_name_tests_replace_the_folders_of_a_target(target: str, folder: str) -> None:
    assert made(target, "ARGS=-v tests/test_tools.py::x").endswith(" -v tests/test_tools.py::x")
    assert folder not in made(target, "ARGS=tests/test_tools.py").split()
    assert folder in made(target).split()
    assert made(target, "ARGS=-k postgres").endswith(" -k postgres")
    assert folder in made(target, "ARGS=-k postgres").split()


@pytest.mark.parametrize("target", ["simulate", "chaos"])
@pytest.mark.parametrize(("seed", "seeds"), [("7", "=7-7 "), ("10-19", "=10-19 "), ("", "=0-")])
def test_a_seed_or_a_range_of_seeds_is_handed_to_the_tests(target: str, seed: str, seeds: str) -> None:
    assert seeds in made(target, f"SEED={seed}")


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


RAML = """#%RAML 1.0 DataType
type: object
example: !include ../../examples/Thing.json
properties:
  quantity?:
    type: number
    minimum: 1
    maximum: 5
  parts:
    type: Part[]
    minItems: 1
  key?:
    type: string
    minLength: 2
  name: string
"""


def test_the_limits_of_a_type_are_those_of_its_numbers_and_lists(tmp_path: Path) -> None:
    folder = tmp_path / "api-specs" / "api" / "types" / "thing"
    folder.mkdir(parents=True)
    for name in ("ThingDraft", "Other"):
        (folder / f"{name}.raml").write_text(RAML)
    render = runpy.run_path(str(ROOT / "tools" / "facets.py"))["render"]
    limits = {"parts": {"minItems": 1}, "quantity": {"maximum": 5, "minimum": 1}}
    assert json.loads(render(tmp_path, {"ThingDraft", "Nobody"})) == {"ThingDraft": limits}
