"""What a row of the catalogue of child tables says (`child_tables`)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Child", "Family", "Fork", "child"]


@dataclass(frozen=True, slots=True)
class Fork:
    """Fields side by side that hold the same kind of thing; the column `name` says in which one it was.

    `fields` pairs each field with the value of that column. If one of them is a list, it is the last.
    `identifies`: whether the column is part of the key.
    """

    name: str
    # Pairs and no dict: rows of the catalogue are frozen and can be hashed.
    fields: tuple[tuple[str, bool], ...]
    identifies: bool


@dataclass(frozen=True, slots=True)
class Child:
    """One child table of a stream.

    `name`: comes behind the singular of the stream. `paths`: from the item of the child table `below`
    ("" is the record itself) to the items; several are united. `key`: the field that identifies an item
    inside its parent, "" if only its place does. `item_name`: what an item is called in the key columns of the
    tables below this one. `items`: the contract's types of an item where the contract itself only says
    "object". `carries`: fields of what the item lies in that are its columns too.
    """

    name: str
    paths: tuple[tuple[str | Fork, ...], ...]
    key: str = ""
    below: str = ""
    item_name: str = ""
    items: tuple[str, ...] = ()
    carries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Family:
    """The child tables of one stream; `singular`: its name in the singular, in snake_case."""

    singular: str
    children: tuple[Child, ...]


def child(
    name: str, path: str, key: str = "", below: str = "", item_name: str = "", items: tuple[str, ...] = ()
) -> Child:
    """Return a child table with one `path`, written with dots."""
    return Child(name, (tuple(path.split(".")),), key, below, item_name, items)
