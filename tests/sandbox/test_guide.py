"""docs/sandbox.md says what the sandbox does: its examples run, its tables are the code's."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from commercetools_source.sandbox.server import admin
from commercetools_source.sandbox.server.faults import KINDS, Fault, FaultKind
from commercetools_source.sandbox.shop.generate import SIZES

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox

GUIDE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
SUITES = [program for program in PROGRAMS if "def test_" in program]


def test_its_tests_pass(tmp_path: Path) -> None:
    for number, suite in enumerate(SUITES):
        (tmp_path / f"test_{number}.py").write_text(suite)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)]
    if "commercetools_sandbox" not in {point.name for point in entry_points(group="pytest11")}:
        command += ["-p", "commercetools_source.sandbox.pytest_plugin"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert f"{len(SUITES)} passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("program", [program for program in PROGRAMS if program not in SUITES])
def test_its_programs_run(program: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program)
    runpy.run_path(str(tmp_path / "program.py"))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")
def test_its_commands_script_the_sandbox(start: Any) -> None:
    shop: Sandbox = start(rows=[], admin=True).sandbox
    (commands,) = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    commands = commands.replace("127.0.0.1:8080", f"127.0.0.1:{shop.port}")
    done = subprocess.run(["/bin/sh", "-e", "-c", commands], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [zone["key"] for zone in sorted(shop.records("zones"), key=lambda zone: zone["key"])] == ["a", "b"]
    assert shop.faults.hits() == []
    assert shop.faults.latency == 0.1


def test_its_table_of_faults_is_the_codes() -> None:
    assert set(KINDS) == set(get_args(FaultKind))
    rows = [f"| `{kind}` | {meaning} |" for kind, meaning in KINDS.items()]
    assert "\n".join(rows) in GUIDE


def test_a_fault_of_every_kind_can_be_made() -> None:
    assert [Fault(kind, records=("x",)).kind for kind in KINDS] == list(KINDS)  # type: ignore[arg-type]


def test_its_list_of_admin_requests_is_the_codes() -> None:
    requests = [line for line in str(admin.__doc__).splitlines() if "/_sandbox/" in line]
    assert len(requests) > 8
    assert "\n".join(requests) in GUIDE


def test_its_sizes_are_the_codes() -> None:
    named = re.findall(r"^\| (\w+) \| ([\d,]+) \|", GUIDE, re.MULTILINE)
    assert {name: int(orders.replace(",", "")) for name, orders in named} == SIZES
