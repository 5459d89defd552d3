"""The package's order of layers, and the sizes that keep its files readable."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

import commercetools_source
from commercetools_source import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(commercetools_source.__file__).parent
ROOT = Path(__file__).parent.parent

# Lowest first: a file imports only its own folder and what stands before it. A name is a folder or a file of the root.
ORDER = """
    errors events
    catalog config
    records
    arrow
    http
    extract
    client
    model
    destinations
    sync
    frontends
    dlt
    sandbox
    report
    cli
""".split()  # noqa: SIM905 - drawn as layers
GENERATED = {"records"}  # written by `make docs`; a test compares them
SANDBOX = ["platform", "query", "data", "changes", "server"]  # lowest first
# It must not share code with what it judges; as a command it treats its standard streams as the others do.
ALONE = {"sandbox": {"errors", "sandbox"}}
SHARED = {
    "sandbox.__main__": {"frontends.signals", "frontends.process"},  # what a process is to its terminal
    "sandbox.process": {"frontends.signals"},
}
SPEAKS = {"cli", "report", "frontends"}  # these write for people or over a protocol
HEAVY = ["dlt", "duckdb", "lark", "pyarrow", "rich", "singer_sdk", "starlette", "typer", "uvicorn"]

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@cache
def tree_of(module: str) -> ast.Module:
    """Return what a file says; not parsed where tests are collected only, which each worker does."""
    return ast.parse(MODULES[module].read_text())


def unit(module: str) -> str:
    """Return the name under which a module stands in ORDER: its folder below the package, or its own name."""
    return module.split(".", maxsplit=1)[0]


def nodes(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """Yield a tree and all statements in it, without what only type checkers run if not `types`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.If) or types or ast.unparse(node.test) != "TYPE_CHECKING":
            waiting += (child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))


@cache
def imported(module: str, *, types: bool = True) -> frozenset[str]:
    """Return the package's modules that one imports anywhere, inside functions too, and for its types if wanted."""
    found: set[str] = set()
    for node in nodes(tree_of(module), types=types):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively; imports here name the whole path"
            # A name may be a module of a package, or something inside a module.
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name.partition(".")[2] in MODULES else str(node.module) for name in modules]
        ours = {name.removeprefix("commercetools_source.") for name in names if name.startswith("commercetools_source")}
        found |= {name for name in ours if name in MODULES}
    return frozenset(found - {module})


LIBRARY = [module for module in MODULES if module not in {"__init__", "__main__"}]


@pytest.mark.parametrize("module", LIBRARY)
def test_a_module_has_its_place_and_imports_nothing_above_it(module: str) -> None:
    assert unit(module) in ORDER, f"{module} has no place yet; add it to ORDER"
    above = {
        name for name in imported(module) if name != "__init__" and ORDER.index(unit(name)) > ORDER.index(unit(module))
    }
    assert not above


def test_no_modules_import_each_other_in_a_circle() -> None:
    # For types as well: who can only be described by each other cannot be read one after the other.
    TopologicalSorter({module: imported(module) for module in LIBRARY}).prepare()


def folder(module: str) -> str:
    """Return the folder that a module lies in, itself if it is a folder's `__init__`; "" for a file of the root."""
    return module if (PACKAGE / module.replace(".", "/")).is_dir() else module.rpartition(".")[0]


def test_no_folders_import_each_other_in_a_circle() -> None:
    """A folder and the folders inside it count as different ones: what several share lies above or below both."""
    graph: dict[str, set[str]] = {}
    for module in LIBRARY:
        others = {folder(name) for name in imported(module, types=False)} - {folder(module), ""}
        # A package hands out what lies in it: `destinations` opens what is in `destinations.duckdb`.
        inside = {name for name in others if name.startswith(f"{folder(module)}.")}
        graph.setdefault(folder(module), set()).update(others - inside)
    TopologicalSorter({name: uses for name, uses in graph.items() if name}).prepare()


def test_the_root_has_only_the_front_door() -> None:
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert files | folders == set(ORDER)
    assert len([path for path in PACKAGE.iterdir() if path.name != "__pycache__"]) <= 20


@pytest.mark.parametrize("module", [module for module in LIBRARY if unit(module) in ALONE])
def test_the_sandbox_shares_no_code_with_what_it_judges(module: str) -> None:
    assert {unit(name) for name in imported(module) - SHARED.get(module, set())} <= ALONE[unit(module)]


@pytest.mark.parametrize("module", [module for module in LIBRARY if module.startswith("sandbox.")])
def test_the_folders_of_the_sandbox_are_a_straight_stack(module: str) -> None:
    """For types as well. The generated shop stands beside the stack: neither imports the other.

    Both read the published contract, whose one reader lies below them and imports nothing.
    """
    # What starts a whole sandbox, `runner` and what uses it, stands above all folders.
    uses = {name.split(".")[1] for name in imported(module) if name.startswith("sandbox.")}
    assert "contract" not in uses or not imported("sandbox.contract")
    uses.discard("contract")
    name = module.split(".")[1]
    if name in SANDBOX:
        assert uses <= set(SANDBOX[: SANDBOX.index(name) + 1])
    elif name == "shop":
        assert uses <= {"shop"}
    else:
        assert (PACKAGE / "sandbox" / f"{name}.py").exists(), f"{module} has no place yet; add its folder to SANDBOX"


@pytest.mark.parametrize("module", sorted(set(MODULES) - GENERATED))
def test_files_and_functions_stay_short(module: str) -> None:
    tree = tree_of(module)
    last = max((node.end_lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)), default=0)
    assert (last or 0) < 600
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    too_long = {node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 80}
    too_deep = {node.name for node in functions if depth(node.body) > 4}
    assert not too_long
    assert not too_deep


def depth(body: list[ast.stmt]) -> int:
    """Return how deep blocks are nested; `elif` does not nest, and neither does a function or class."""
    deepest = 0
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.If):
            chain: ast.stmt = node
            while isinstance(chain, ast.If):
                deepest = max(deepest, 1 + depth(chain.body))
                is_elif = len(chain.orelse) == 1 and isinstance(chain.orelse[0], ast.If)
                if not is_elif:
                    deepest = max(deepest, 1 + depth(chain.orelse) if chain.orelse else 0)
                    break
                chain = chain.orelse[0]
            continue
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [part.body for part in (*getattr(node, "handlers", []), *getattr(node, "cases", []))]
        if any(blocks):
            deepest = max(deepest, *(1 + depth(block) for block in blocks if block))
    return deepest


@pytest.mark.parametrize("module", [module for module in LIBRARY if unit(module) == "report"])
def test_a_report_asks_the_platform_nothing(module: str) -> None:
    reached, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += imported(name, types=False) - reached
    assert "http.transport" not in reached
    assert not {name for name in reached if unit(name) in {"client", "sync", "sandbox"}}


COMMANDS = [module for module in LIBRARY if module.startswith("cli.commands.")]


@pytest.mark.parametrize("module", COMMANDS)
def test_a_command_is_the_file_of_its_name(module: str) -> None:
    from commercetools_source.cli.app import app

    name = module.rpartition(".")[2]
    group: Any = typer.main.get_command(app)
    assert name in group.commands
    assert len(group.commands) == len(COMMANDS)


def test_no_function_is_the_first_to_decode_a_class() -> None:
    # msgspec hands the description of a class to other threads while it makes it: two that decode a class for the first
    # time at once end the process.
    described, decoded = set[str](), dict[str, str]()
    for module in MODULES:
        tree = tree_of(module)
        inside = {id(node) for part in ast.walk(tree) if isinstance(part, ast.FunctionDef) for node in ast.walk(part)}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in {"msgspec.json.Decoder", "msgspec.json.decode", "msgspec.convert"}:
                names = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
                classes = {
                    f"{module}.{name}"
                    for name in names - {"Any"}
                    if not name.isupper() and name.strip("_")[0].isupper()
                }
                if id(call) in inside:
                    decoded |= dict.fromkeys(classes, ast.unparse(call))
                else:
                    described |= classes
    assert described
    assert {name: call for name, call in decoded.items() if name not in described} == {}


@pytest.mark.parametrize("module", [module for module in LIBRARY if unit(module) != "sandbox"])
def test_no_property_has_a_lock_that_a_fork_would_copy(module: str) -> None:
    """Before Python 3.12, `cached_property` has one for all objects of a class (catalog/lazy.py)."""
    assert "cached_property" not in {node.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("module", [module for module in LIBRARY if unit(module) not in SPEAKS])
def test_the_library_does_not_print(module: str) -> None:
    calls = [node.func for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)]
    assert "print" not in {func.id for func in calls if isinstance(func, ast.Name)}


@pytest.mark.parametrize("module", [module for module in LIBRARY if module != "errors"])
def test_every_exception_comes_from_the_error_tree(module: str) -> None:
    classes = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ClassDef)]
    bases = {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}
    assert not {name for name in bases if name.endswith(("Error", "Exception"))}


OUTPUT = {"frontends.stdio", "frontends.stdout"}
"""What these say of standard output they say of its own faults too, so `output_fault` takes both."""


def test_only_one_place_makes_a_sentence_of_what_the_system_refuses() -> None:
    # A DestinationError is an OSError: a handler that forgets it puts one sentence into another.
    told = []
    for module in MODULES.keys() - OUTPUT - {"errors"}:
        text = MODULES[module].read_text()
        if "OSError" not in text or "DestinationError(" not in text:  # so that few files are parsed
            continue
        handlers = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ExceptHandler) and node.type]
        for handler in (node for node in handlers if "OSError" in ast.unparse(node.type or node)):
            raised = [ast.unparse(node) for node in ast.walk(handler) if isinstance(node, ast.Raise)]
            told += [module for text in raised if "DestinationError(" in text]
    assert not told, "use errors.in_a_sentence"


def test_every_exception_is_called_an_error_and_has_one_base() -> None:
    found = [item for _, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, Exception)]
    assert len(found) > 10
    for item in found:
        assert item.__name__.endswith("Error")
        assert issubclass(item, errors.CommercetoolsError)


def test_the_public_names_are_sorted_and_true() -> None:
    public = commercetools_source.__all__
    assert public == sorted(public, key=lambda name: (not name.isupper(), name))  # as ruff sorts: constants first
    for name in public:
        assert getattr(commercetools_source, name) is not None
    assert set(public) <= set(dir(commercetools_source))
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        commercetools_source.nonsense  # noqa: B018 - the lookup is the test


def python(code: str) -> str:
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.parametrize(
    "statement",
    ["import commercetools_source", "from commercetools_source import Client, Config, open_destination, sync"],
)
def test_an_import_loads_nothing_heavy(statement: str) -> None:
    loaded = python(f"import sys\n{statement}\nprint(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


@pytest.mark.skipif("INSTALLED_WHEEL" not in os.environ, reason="only `make test` installs the wheel")
def test_the_tests_meet_the_installed_wheel() -> None:
    assert "site-packages" in PACKAGE.parts
    assert not PACKAGE.is_relative_to(ROOT / "src")
    folder = ROOT / "src" / "commercetools_source"
    sources = {path.relative_to(folder) for path in folder.rglob("*.py")}
    assert {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")} == sources


_BELOW = [module for module in LIBRARY if ORDER.index(unit(module)) < ORDER.index("frontends")]
_OPTION = re.compile(r"--([a-z][a-z-]+)")
_ARGUMENTS = {"allow-deletes": "guard=", "full": "full=True", "sql": "dialect"}


@pytest.mark.parametrize("module", _BELOW)
def test_a_text_that_python_users_may_read_names_an_option_beside_its_argument(module: str) -> None:
    tree = tree_of(module)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in ast.walk(tree):
        if isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in docstrings | pieces:
            text = ast.unparse(node)
            for option in _OPTION.findall(text):
                argument = _ARGUMENTS.get(option, option.replace("-", "_"))
                assert argument in text.replace(f"--{option}", ""), text
