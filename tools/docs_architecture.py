"""The page of the architecture: its picture and its table of folders come from the imports and docstrings."""

from __future__ import annotations

import ast
from pathlib import Path

from commercetools_source.report.diagram import Box, Diagram, Link, Row
from commercetools_source.report.svg import svg

PACKAGE = Path(__file__).parent.parent / "src" / "commercetools_source"
TEMPLATE = Path(__file__).with_name("architecture.md")
_NAME = PACKAGE.name


def architecture() -> str:
    """Return the page; raises FileNotFoundError when its text names a file that is not there."""
    page = TEMPLATE.read_text(encoding="utf-8").replace("FOLDERS", _folders())
    for name in [word for word in page.split("`") if word.startswith(("src/", "tests/", "tools/"))]:
        if not (PACKAGE.parent.parent / name).exists():
            raise FileNotFoundError(f"docs/architecture.md names {name}, which does not exist")
    return page


def uses() -> dict[str, set[str]]:
    """Return for each room, a folder or a file of the root, the rooms that it imports when it runs."""
    graph: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if not room.startswith("__"):
            graph.setdefault(room, set()).update(_imported(ast.parse(path.read_text(encoding="utf-8"))) - {room})
    return graph


def _imported(tree: ast.Module) -> set[str]:
    modules = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {module.split(".")[1] for module in modules if module.startswith(f"{_NAME}.")}


def picture() -> str:
    """Return a picture of the folders as SVG: each with what it imports, but for what that imports anyway."""
    graph = {room: names & _rooms() for room, names in uses().items() if room in _rooms()}
    arrows = [
        (room, name)
        for room, names in sorted(graph.items())
        for name in sorted(names)
        if not any(name in _reachable(graph, other) for other in names - {name})
    ]
    boxes = [
        Box(room, tuple(Row(name, "", is_key=False) for above, name in arrows if above == room), hidden=0)
        for room in sorted(graph)
    ]
    return svg(Diagram(tuple(boxes), tuple(Link(room, name, (name,), optional=False) for room, name in arrows)))


def _rooms() -> set[str]:
    return {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for name in graph.get(waiting.pop(), set()) - reached:
            reached.add(name)
            waiting.append(name)
    return reached


def _folders() -> str:
    """Return a row for each folder, and for each folder in it: its question and its files."""
    rows = []
    for init in sorted(PACKAGE.rglob("__init__.py")):
        folder = init.parent
        if folder == PACKAGE or "standin" in folder.parts or "commercetools" in folder.relative_to(PACKAGE).parts:
            continue
        files = sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")
        promise = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").partition("\n")[0]
        rows.append(f"| `{folder.relative_to(PACKAGE).as_posix()}/` | {promise} | {', '.join(files)} |")
    return "\n".join(rows)
