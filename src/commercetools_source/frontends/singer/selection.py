"""Columns that a catalog deselects, taken out of records that stay JSON text everywhere else. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from commercetools_source.extract.fields import decode_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Tree", "project", "tree_of"]

Tree = dict[str, "Tree | None"]
"""What to leave out: a property's name with None, or with the tree of what to leave out inside it."""

_PROPERTIES = "properties"
_BRACE = ord("{")


def tree_of(mask: Mapping[tuple[str, ...], bool]) -> Tree:
    """Return what a selection mask of the SDK leaves out, as a tree; empty when everything is selected."""
    tree: Tree = {}
    # The shorter paths first: what is left out as a whole needs no tree below it.
    for breadcrumb in sorted((crumbs for crumbs, selected in mask.items() if not selected), key=len):
        names = breadcrumb[1::2]
        if names and all(step == _PROPERTIES for step in breadcrumb[::2]):
            _leave_out(tree, names)
    return tree


def _leave_out(tree: Tree, names: tuple[str, ...]) -> None:
    for name in names[:-1]:
        below = tree.setdefault(name, {})
        if below is None:  # all of it is left out already
            return
        tree = below
    tree[names[-1]] = None


def project(record: msgspec.Raw, tree: Tree) -> msgspec.Raw:
    """Return `record` without what `tree` names; the values that stay are copied byte by byte."""
    fields = decode_fields(record)
    for name, below in tree.items():
        value = fields.get(name)
        if value is None:
            continue
        if below is None:
            del fields[name]
        elif memoryview(value)[0] == _BRACE:
            fields[name] = project(value, below)
    return msgspec.Raw(msgspec.json.encode(fields))
