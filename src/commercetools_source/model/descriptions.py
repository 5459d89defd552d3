"""What each table and column is, in a sentence or two: derived from the contract's types, references and enumerations.

Pure. The words are in `glossary`; what no row explains is explained by the words of its name.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, product
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.catalog.contract import load
from commercetools_source.catalog.schema import columns
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.model.glossary import CONTEXTS, LEAVES, OWN_COLUMNS
from commercetools_source.model.relations import relations

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.model.relation import Field, Origin, Relation

__all__ = [
    "Comments",
    "describe_history_table",
    "describe_record_columns",
    "describe_record_table",
    "describe_relation",
    "descriptions",
]

# The words of camelCase, and an abbreviation as one word.
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_COMPARED = re.compile(r"(old|new)([A-Z])(\w*)")
_POINTING = re.compile(r"(.+) (id|key|url)")
_POINTED: Mapping[str, str] = MappingProxyType(
    {"id": r"Id of the \1", "key": r"Key of the \1", "url": r"Address of the \1 page"}
)
"""What a name says that ends with the first: names such as `lineItemId` are read backwards."""
_MOST_VALUES = 40
"""Enumerations of more values are lists of the platform's own names, such as those of resource types."""
_MONEY = frozenset({"cents", "precise"})
_SINGULARS: Mapping[str, str] = MappingProxyType({"inventory": "inventory entry", "change history": "change"})
"""What a row of a table is, where that is not the table's name without its ending."""
_AMOUNTS = ("centAmount", "preciseAmount")
_CLAUSES = ("When ", "Whether ", "How ", "Who ", "Where ", "From ", "Until ")


class Comments(NamedTuple):
    """What a table or view is, and what each of its columns is."""

    table: str
    columns: Mapping[str, str]


def describe_relation(relation: Relation) -> str:
    """Return what a row of a relation is."""
    stream = STREAMS[relation.stream]
    if not relation.parent:
        caveat = f" {stream.caveat}" if stream.caveat else ""
        return f"Live records of the stream {stream.name}: one row for each {_singular(stream.name)}.{caveat}"
    listed = [".".join(path) for origin in relation.origins for path in _paths(origin)]
    items = "each item of" if relation.origins[0].steps[-1].branches[-1].listed else "each of"
    return (
        f"{_capital(relation.name.replace('_', ' '))}: one row for {items} {' and '.join(dict.fromkeys(listed))} in the"
        f" live records of {stream.name}; below {relation.parent}."
    )


# A table is described when it is commented, searched and shown: the words are put together once.
@cache
def descriptions(relation: Relation) -> Mapping[str, str]:
    """Return by its name what each column of a relation is: its unit, what it refers to, its legal values."""
    references = {
        column: (target.relation, to)
        for target in relation.foreign_keys
        for column, to in zip(target.columns, target.to, strict=True)
    }
    names = {field.name for field in relation.columns}
    return {field.name: " ".join(_sentences(relation, field, references, names)) for field in relation.columns}


def describe_record_table(stream: Stream) -> str:
    """Return what a row of a stream's table of records is."""
    return (
        f"Records of the stream {stream.name} as the platform sent them, deleted ones too; {stream.name} in the schema"
        " main has the live ones with exact types."
    )


def describe_history_table(stream: Stream) -> str:
    """Return what a row of the table of a stream's earlier rows is."""
    return (
        f"Earlier versions of the records of the stream {stream.name}, as far as runs stored them, each with the time"
        " in which it was the newest."
    )


def describe_record_columns(stream: Stream, names: Iterable[str]) -> dict[str, str]:
    """Return what each of these columns of a stream's table of records is."""
    known = {column.name for column in columns(stream)}
    tables = relations(stream)
    describe = _describer(tables) if tables else None
    texts = {}
    for name in names:
        # Before the contract, which has no fields of this package.
        if name in OWN_COLUMNS:
            texts[name] = OWN_COLUMNS[name]
        elif name in known and describe:
            texts[name] = describe(name)
        else:
            texts[name] = f"The field {name}, which this version does not know, as the platform sent it."
    return texts


def _describer(tables: Sequence[Relation]) -> Callable[[str], str]:
    """Return what tells what a field of a record is by its name; `tables` are the stream's relations, its own first."""
    root, *below = tables
    own = descriptions(root)
    parts = {field.path[0] for field in root.columns if field.path}
    whole: dict[str, str] = {}
    inside: dict[str, str] = {}
    for table in below:
        for path in _paths(table.origins[0], 1):
            (whole if len(path) == 1 else inside).setdefault(path[0], table.name)

    def describe(name: str) -> str:
        if name in own:
            return own[name]
        subject = f"{_capital(_words(name))}, as JSON that the platform sent."
        if name in whole:
            return f"{subject} The relation {whole[name]} has its items."
        if name in parts:
            return f"{subject} The columns {name}_* of the relation {root.name} have its parts."
        return f"{subject} The relation {inside[name]} has items of it." if name in inside else subject

    return describe


def _paths(origin: Origin, depth: int | None = None) -> Iterator[tuple[str, ...]]:
    """Yield where the items of a relation lie in a record, or what leads to them in the first `depth` steps."""
    for branches in product(*(step.branches for step in origin.steps[:depth])):
        yield tuple(chain.from_iterable(branch.path for branch in branches))


def _sentences(
    relation: Relation, field: Field, references: Mapping[str, tuple[str, str]], names: Collection[str]
) -> Iterator[str]:
    yield f"{_subject(relation, field, references)}."
    yield from _facts(field, names)
    if field.name in references:
        table, column = references[field.name]
        yield f"Refers to {table}.{column}."
    if values := _values(field):
        yield f"{'Each one' if field.kind.startswith('[') else 'One'} of {', '.join(values)}."


def _subject(relation: Relation, field: Field, references: Mapping[str, tuple[str, str]]) -> str:
    *above, leaf = field.name.split("_")
    is_inherited = relation.parent and field.name in relation.foreign_keys[0].columns
    if is_inherited:
        part = "Key" if len(relation.foreign_keys[0].columns) == 1 else "Part of the key"
        return f"{part} of the row of {relation.parent} that this one lies in"
    if field.name in relation.key and leaf == "id" and field.kind != "int":
        return f"Id of the {_singular(relation.name)}" + ("" if relation.parent else ", unique in the project")
    phrase = _phrase(field, leaf, is_reference=field.name in references and bool(above))
    above = [part for part in above if part != "amount"]  # a transaction's amount is one, and not that of an amount
    if not above:
        return phrase
    # From the inside out, as people say it: the city of the shipping address.
    phrase = phrase.partition("; ")[0]  # what a run does with it is true of the record's own field only
    context = " of ".join(CONTEXTS.get(part) or f"the {_words(part)}" for part in reversed(above))
    if phrase.startswith(_CLAUSES):
        return f"{_capital(context.removeprefix('the '))}: {phrase[:1].lower()}{phrase[1:]}"
    noun, comma, detail = phrase.partition(", ")
    return f"{noun} of {context}{comma}{detail}"


def _phrase(field: Field, leaf: str, *, is_reference: bool) -> str:
    """Return what a column is by the last part of its name."""
    words = _words(leaf)
    if leaf == "amount" and field.kind in _MONEY:
        phrase = "Exact amount, in units of the currency"
    elif leaf == "amount" and field.kind == "number":
        phrase = "Rate as a fraction, 0.19 for 19 %"
    elif leaf == "id" and field.kind == "int":
        phrase = "Number, counted inside the product"
    elif is_reference and leaf in {"id", "key"}:
        phrase = _capital(leaf)
    elif leaf in LEAVES:
        phrase = LEAVES[leaf]
    elif (match := _COMPARED.fullmatch(leaf)) is not None:
        # Messages tell of a value before and after under two names.
        inner = _phrase(field, f"{match[2].lower()}{match[3]}", is_reference=False)
        phrase = f"{inner.partition('; ')[0]}, {'before' if match[1] == 'old' else 'after'} the change"
    elif match := _POINTING.fullmatch(words):
        phrase = match.expand(_POINTED[match[2]])
    elif field.kind == "datetime" and words.endswith("ed at"):
        phrase = f"When it was {words.removesuffix(' at')}"
    elif field.kind == "bool":
        phrase = f"Whether it is {words[3:]}" if words.startswith("is ") else f"Yes or no, {words}"
    else:
        phrase = _capital(words)
    return phrase


def _facts(field: Field, names: Collection[str]) -> Iterator[str]:
    before, _, leaf = field.name.rpartition("_")
    money = f"{before}_" if before else ""
    if leaf in _AMOUNTS or field.kind in _MONEY:
        beside = [("currency", f"{money}currency"), ("digits", f"{money}fractionDigits")]
        siblings = [f"{word}: {name}" for word, name in beside if name in names]
        if siblings:
            yield f"{_capital('; '.join(siblings))}."
    if "datetime" in field.kind:
        yield "UTC."
    elif field.kind == "date":
        yield "A day without a zone."
    elif field.kind == "map":
        yield "A text for each language." if field.type_name == "LocalizedString" else "Texts by their names."
    elif field.kind == "json" and leaf != "fields":
        yield "JSON as the platform sent it."


def _values(field: Field) -> tuple[str, ...]:
    row = load().types.get(field.type_name)
    values = row.enum if row is not None else ()
    return values if len(values) <= _MOST_VALUES and not field.name.endswith("typeId") else ()


def _singular(name: str) -> str:
    words = name.replace("_", " ")
    if words in _SINGULARS:
        return _SINGULARS[words]
    # Longer endings first: `addresses` must not become `addresse`.
    for ending, single in (("ies", "y"), ("sses", "ss"), ("taxes", "tax"), ("s", "")):
        if words.endswith(ending) and not words.endswith("ss"):
            return words[: -len(ending)] + single
    return words


def _words(name: str) -> str:
    """Return the words of a name in camelCase."""
    return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in _WORD.findall(name)) or name


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
