"""The page of the Python API: signatures and promises from the code, the text from python.md. Part of `make docs`."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import commercetools_source
from commercetools_source import Client, Config, Destination, Event, errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TEMPLATE = Path(__file__).with_name("python.md")
_WIDTH = 110
_VALUES = [
    *("Page", "Response", "Traffic", "Secret", "Timing", "Summary", "Outcome", "Changes", "Verdict", "Difference"),
    *("Guard", "Delivery", "Phase", "Problem"),
]
_VERBS = ["sync", "backfill", "verify", "sweep", "open_destination"]


def python_page() -> str:
    """Return the page."""
    events = [
        f"| `{event.__name__}` | {_fields(event)} | {_line(inspect.getdoc(event))} |" for event in get_args(Event)
    ]
    values = [f"| `{name}` | {_promise(getattr(commercetools_source, name))} |" for name in _VALUES]
    parts = {
        "CLIENT": _constructor(Client) + _methods(Client, "client"),
        "CONFIG": _methods(Config, "Config"),
        "VERBS": "\n".join(_entry(getattr(commercetools_source, name)) for name in _VERBS),
        "DESTINATION": _methods(Destination, "destination"),
        "EVENTS": "\n".join(events),
        "ERRORS": _tree(),
        "VALUES": "\n".join(values),
    }
    return re.sub(
        r"^([A-Z]+)$", lambda match: parts[match[1]], TEMPLATE.read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def _constructor(owner: type) -> str:
    """Return how an `owner` is made, and what its docstring promises."""
    signature = _signature(inspect.unwrap(owner.__init__)).removeprefix("__init__").removesuffix(" -> None")  # type: ignore[misc]
    return f"```text\n{owner.__name__}{signature}\n```\n{inspect.getdoc(owner)}\n\n"


def _methods(owner: type, name: str) -> str:
    """Return an entry for each public method of `owner` in the order of its source, then for those of its bases."""
    bases = [base for base in owner.__mro__ if base.__module__.startswith(commercetools_source.__name__)]
    public = [item for base in bases for key, item in vars(base).items() if not key.startswith("_")]
    methods = [inspect.unwrap(getattr(item, "__func__", item)) for item in public]
    return "\n".join(_entry(method, f"{name}.") for method in methods if inspect.isfunction(method))


def _entry(function: Callable[..., Any], before: str = "") -> str:
    """Return a signature, as the source has it, and what the docstring promises."""
    function = inspect.unwrap(function)
    text = (inspect.getdoc(function) or "").strip()
    return f"```text\n{before}{_signature(function)}\n```\n{text}\n"


def _signature(function: Callable[..., Any]) -> str:
    tree: Any = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    parameters = list(_parameters(tree.args))
    returned = f" -> {ast.unparse(tree.returns)}"
    line = f"{tree.name}({', '.join(parameters)}){returned}"
    if len(line) <= _WIDTH:
        return line
    return f"{tree.name}(\n" + "".join(f"    {parameter},\n" for parameter in parameters) + f"){returned}"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    missing = [None] * (len(arguments.args) - len(arguments.defaults))
    for argument, default in zip(arguments.args, [*missing, *arguments.defaults], strict=True):
        if argument.arg not in {"self", "cls"}:
            yield _parameter(argument, default)
    if arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def _fields(event: Any) -> str:
    return ", ".join(f"`{field.name}`" for field in fields(event))


def _promise(item: Any) -> str:
    """Return the first paragraph of a docstring as one line of a table."""
    return _line((inspect.getdoc(item) or "").partition("\n\n")[0])


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _tree() -> str:
    """Return the drawing of the error tree."""
    lines = (errors.__doc__ or "").splitlines()
    return textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))
