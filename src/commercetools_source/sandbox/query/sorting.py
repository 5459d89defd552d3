"""The `sort` parameter: its text to frozen keys, and keys to an order of decoded records.

https://docs.commercetools.com/api/general-concepts
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.platform.ids import order_key
from commercetools_source.sandbox.platform.refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from commercetools_source.sandbox.platform.spec import Spec

__all__ = ["SortKey", "parse_sort", "sort_value"]

_SORT = re.compile(
    r"\s*((?:[-_A-Za-z0-9]+|`[^`]+`)(?:\.(?:[-_A-Za-z0-9]+|`[^`]+`))*)(?:\s+(asc|desc))?\s*", re.IGNORECASE
)
_NAME = re.compile(r"`([^`]+)`|([-_A-Za-z0-9]+)")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One `sort` parameter: the path in the record, and its direction."""

    path: tuple[str, ...]
    descending: bool = False

    def value(self) -> Callable[[Any], tuple[int, Any]]:
        """Return the function from a record to what is compared."""
        path, descending = self.path, self.descending
        return lambda item: sort_value(item, path, descending=descending)


def parse_sort(texts: Iterable[str], spec: Spec, expression: str) -> tuple[SortKey, ...]:
    """Return the keys; raises the platform's 400 for what is no sort expression or names an unknown field."""
    keys = []
    for text in texts:
        match = _SORT.fullmatch(text)
        if match is None:
            raise malformed("sort", _syntax_error(text))
        path = tuple(quoted or plain for quoted, plain in _NAME.findall(match[1]))
        _check(path, spec, expression)
        keys.append(SortKey(path, (match[2] or "asc").lower() == "desc"))
    return tuple(keys)


def _syntax_error(text: str) -> str:
    start = _SORT.match(text)
    position = start.end() if start else 0
    problem = f"Invalid input '{text[position]}'" if position < len(text) else "Unexpected end of input"
    expected = "asc, desc or end of input" if start else "SphereIdentifierChar"
    return (
        f"Syntax error while parsing 'sort'. {problem}, expected {expected} (line 1, column {position + 1}):"
        f"\n{text}\n{' ' * position}^"
    )


def _check(path: tuple[str, ...], spec: Spec, expression: str) -> None:
    # Field by field: a path may go into objects, and each step must be there.
    field_type: str | None = expression
    for name in path:
        inner = spec.field(str(field_type), name)
        if inner is None:
            fields = ", ".join(f"`{field}`" for field in sorted(spec.fields(str(field_type)) or ()))
            raise malformed(
                "sort", f"Invalid query field '{name}' in sort path. Sortable fields are: {fields or 'none'}."
            )
        field_type = inner


def sort_value(item: Any, path: tuple[str, ...], *, descending: bool) -> tuple[int, Any]:
    """Return what sorts as the platform sorts: nothing first, then numbers, texts, booleans.

    Of an array the smallest item counts, or the largest when descending.
    """
    if isinstance(item, list):
        # An array sorts by its smallest or largest item: https://docs.commercetools.com/api/general-concepts
        values = [sort_value(element, path, descending=descending) for element in item]
        chosen = max if descending else min
        return chosen(values, default=(0, 0))
    if path:
        name, *remaining = path
        inner = item.get(name) if isinstance(item, dict) else None
        # Ids sort by their stored bytes; see platform/ids.py.
        if name == "id" and not remaining and isinstance(inner, str):
            return (2, order_key(inner))
        return sort_value(inner, tuple(remaining), descending=descending)
    if isinstance(item, bool):
        return (3, item)
    if isinstance(item, (int, float)):
        return (1, item)
    return (2, item.encode("utf-8", "surrogatepass")) if isinstance(item, str) else (0, 0)
