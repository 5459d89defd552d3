"""An install without extras says in a sentence what to install, whatever is run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from commercetools_source.destinations import open_destination
from commercetools_source.errors import DestinationError
from commercetools_source.errors.extras import EXTRAS, install_hint, lacking_text, needs
from commercetools_source.extract.abilities import open_to_read

ROOT = Path(__file__).parent.parent
PACKAGES = sorted({package for packages in EXTRAS.values() for package in packages})


def without(packages: list[str], code: str, folder: Path) -> list[list[object]]:
    """Run `code` where `packages` cannot be imported; it prints JSON."""
    head = f"import sys\nfor name in {packages}: sys.modules[name] = None\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    results: list[list[object]] = json.loads(done.stdout)
    return results


EVERY_COMMAND = """
import contextlib, io, json, os
for name in [name for name in os.environ if name.startswith("CTP_")]: del os.environ[name]
from commercetools_source.cli import main
from commercetools_source.frontends.singer import main as tap
results = []
for program, words in [(main, words) for words in COMMANDS] + [(tap, ["--discover"])]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try: program(words)
        except SystemExit as end: status = end.code
    results.append([" ".join(words), status, out.getvalue(), err.getvalue()])
print(json.dumps(results))
"""
COMMANDS = [
    *([], ["-h"], ["--help"], ["--version"], ["nonsense"], ["sync"], ["sync", "-h"], ["check"], ["plan"], ["verify"]),
    *(["sweep"], ["backfill", "--since", "2026-01-01"], ["state", "show"], ["state", "reset", "orders"], ["streams"]),
    *(["schema"], ["sandbox"], ["demo"], ["mage", "status"], ["runs"], ["report"], ["doctor"], ["init"]),
    *(["schema", "--sql", "duckdb"], ["forget", "a-customer"]),
]


def test_without_any_extra_each_command_says_what_to_install(tmp_path: Path) -> None:
    commands = ROOT / "src" / "commercetools_source" / "cli" / "commands"
    assert {path.stem for path in commands.glob("[a-z]*.py")} <= {words[0] for words in COMMANDS if words}
    results = without(PACKAGES, EVERY_COMMAND.replace("COMMANDS", repr(COMMANDS)), tmp_path)
    assert len(results) == len(COMMANDS) + 1
    for words, status, out, err in results:
        if words == "mage status":
            assert (status, err) == (0, "")
        elif words == "--discover":
            assert (status, out, err) == (2, "", f"the Singer tap needs Meltano's SDK: {install_hint('singer')}\n")
        elif {"-h", "--help", "--version"}.isdisjoint(str(words).split()):
            assert (status, out, err) == (2, "", f"the command line needs more: {install_hint('cli')}\n"), words
        else:
            assert status == 0
            assert out
            sentence = "not installed: rich, typer, duckdb, pyarrow, lark and uvicorn, which some commands need"
            assert err == f"{sentence}; {install_hint('cli,duckdb,sandbox')}\n"
    assert not list(tmp_path.iterdir())


SETTINGS = """
import os
os.environ.update(CTP_PROJECT_KEY="shop", CTP_CLIENT_ID="id", CTP_CLIENT_SECRET="secret-secret", CTP_RETRY_SECONDS="0",
    CTP_API_URL="http://127.0.0.1:9", CTP_AUTH_URL="http://127.0.0.1:9")
"""


def test_with_the_command_line_alone_a_command_names_what_it_needs(tmp_path: Path) -> None:
    packages = [package for package in PACKAGES if package not in EXTRAS["cli"]]
    commands = [["demo"], ["sandbox", "--port", "0"], ["--version"], ["-h"], ["streams"], ["schema"], ["state", "show"]]
    results = without(packages, EVERY_COMMAND.replace("COMMANDS", repr(commands)), tmp_path)
    told = {words: (status, err) for words, status, _, err in results}
    every = "duckdb, pyarrow, lark and uvicorn"
    assert told["demo"] == (2, f"error: the demo needs {every}: {install_hint('duckdb,sandbox')}\n")
    assert told["sandbox --port 0"] == (2, f"error: the sandbox needs lark and uvicorn: {install_hint('sandbox')}\n")
    assert told["--version"] == (0, f"{NOT_INSTALLED}\n")
    assert told["streams"] == told["schema"] == told["-h"] == (0, "")
    assert told["state show"][0] == 1
    shown = next(out for words, _, out, _ in results if words == "-h")
    assert " ".join(NOT_INSTALLED.split()) in " ".join(str(shown).split())
    assert not list(tmp_path.iterdir())


def test_a_destination_whose_package_is_missing_ends_with_the_status_of_wrong_settings(tmp_path: Path) -> None:
    (tmp_path / "shop.duckdb").touch()
    (tmp_path / "files").mkdir()
    commands = [["state", "show", "-d", "shop.duckdb"], ["runs", "-d", "parquet:files"]]
    results = without(["duckdb", "pyarrow"], EVERY_COMMAND.replace("COMMANDS", repr(commands)), tmp_path)
    for (_, status, out, err), extra in zip(results[:2], ("duckdb", "parquet"), strict=True):
        assert (status, out) == (2, "")
        assert str(err).endswith(f"; {install_hint(extra)}\n")


NOT_INSTALLED = "not installed: duckdb, pyarrow, lark and uvicorn, which some commands need; " + install_hint(
    "duckdb,sandbox"
)


@pytest.mark.parametrize("package", ["lark", "uvicorn"])
def test_the_sandbox_as_a_module_names_what_it_needs(package: str, tmp_path: Path) -> None:
    code = (
        "import contextlib, io, json, runpy\nsys.argv = ['sandbox']\nerr = io.StringIO()\n"
        "with contextlib.redirect_stderr(err):\n"
        "    try: runpy.run_module('commercetools_source.sandbox', run_name='__main__')\n"
        "    except SystemExit as end: print(json.dumps([[end.code, err.getvalue()]]))\n"
    )
    ((status, text),) = without([package], code, tmp_path)
    assert status == 2
    assert text == f"the sandbox needs {package}: {install_hint('sandbox')}\n"


def test_the_fixture_names_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(commercetools_sandbox): ...\n")
    code = (
        "import contextlib, io, json, pytest\nout = io.StringIO()\n"
        "with contextlib.redirect_stdout(out): pytest.main(['-q', '-p', 'no:cacheprovider'])\n"
        "print(json.dumps([[out.getvalue()]]))\n"
    )
    ((text,),) = without(["lark"], code, tmp_path)
    assert f"the fixture commercetools_sandbox needs lark: {install_hint('sandbox')}" in str(text)
    assert "Traceback" not in str(text)


IMPORTED = """
import json, sys, types
results = []
for module in ("commercetools_source.dlt", "pyspark_commercetools"):
    try: __import__(module)
    except ImportError as error: results.append([module, type(error).__name__, str(error)])
from commercetools_source import ConfigError, partitions, read_partition
try: next(read_partition(partitions.__globals__["Partition"]("zones", "2030-01-01T00:00:00.000Z")))
except ConfigError as error: results.append(["read_partition", "ConfigError", str(error)])
print(json.dumps(results))
"""
OLD_SPARK = """
import sys, types
for name in ("pyspark", "pyspark.sql", "pyspark.sql.datasource", "pyspark.sql.streaming"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["pyspark.sql.datasource"].DataSource = type("DataSource", (), {})
"""


@pytest.mark.parametrize("before", ["", OLD_SPARK], ids=["no pyspark", "an old pyspark"])
def test_what_others_import_names_what_it_needs(before: str, tmp_path: Path) -> None:
    hidden = ["dlt", "pyarrow", *(() if before else ("pyspark",))]
    dlt, spark, partition = without(hidden, before + IMPORTED, tmp_path)
    end = "run pip install '.[{}]' in the folder of its source code"
    assert dlt == [
        "commercetools_source.dlt",
        "ModuleNotFoundError",
        f"the dlt source needs dlt and pyarrow: {end.format('dlt')}",
    ]
    needed = f"the Spark data source needs pyspark 4.2 or newer: {end.format('spark')}"
    assert spark == ["pyspark_commercetools", "ModuleNotFoundError", needed]
    assert partition[2] == f"reading a partition needs pyarrow: {end.format('arrow')}"


def test_the_extras_are_those_that_pyproject_declares() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    section = text.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    declared = dict(re.findall(r"^(\w+) = (\[.*?\])$", section, re.MULTILINE | re.DOTALL))
    assert set(declared) - {"all", "fast"} == set(EXTRAS)
    for extra, packages in EXTRAS.items():
        for package in packages:
            assert re.search(rf'"{package.replace("_", "-")}(>=|==)', declared[extra])


def test_the_name_that_no_index_has_stands_in_no_hint() -> None:
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = re.compile(r"['\" ]commercetools-source\[|pip install[^\n]*['\" ]commercetools-source")
    assert not [path for path in sources if named.search(path.read_text(encoding="utf-8"))]
    hints = [path.name for path in sources if "pip install '.[{extra}]'" in path.read_text(encoding="utf-8")]
    assert hints == ["extras.py"]


def test_a_bucket_without_its_extra_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb")
    for module in ("obstore", "obstore.store"):  # the second is found without the first where a test imported it
        monkeypatch.setitem(sys.modules, module, None)
    for spec in ("parquet:s3://bucket/shop", "jsonl:s3://bucket/shop"):
        for opening in (open_to_read, lambda destination: destination.open()):
            with pytest.raises(DestinationError) as refused:
                opening(open_destination(spec))
            assert (
                str(refused.value)
                == f"cannot use s3://bucket/shop: it needs obstore and fsspec; {install_hint('bucket')}"
            )


@pytest.mark.parametrize(("where", "extra"), [("s3://bucket/shop", "bucket"), ("shop", "parquet")])
def test_files_without_what_reads_them_name_the_extra_of_their_place(
    where: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for opening in (open_to_read, lambda destination: destination.open()):
        with pytest.raises(DestinationError) as refused:
            opening(open_destination(f"parquet:{where}"))
        assert str(refused.value) == f"cannot use {where}: it needs pyarrow and DuckDB; {install_hint(extra)}"


def test_a_module_of_nobody_has_no_hint() -> None:
    assert needs("nonsense.inner") is None
    assert needs("pyarrow.parquet") == f"this needs pyarrow: {install_hint('duckdb')}"
    assert lacking_text() == ""
