"""`records.py`: the records as type checkers read them, from the contract. Part of `make docs`."""

from __future__ import annotations

import inspect
import keyword
from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import Expression, load
from commercetools_source.catalog.schema import record_fields
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.catalog.stream import Stream

_SCALARS = {
    "any": "Any",
    "bool": "bool",
    "date": "str",
    "datetime": "str",
    "int": "int",
    "number": "float",
    "object": "dict[str, Any]",
    "string": "str",
    "time": "str",
}


def records() -> str:
    """Return the text of `src/commercetools_source/records.py`."""
    contract = load()
    objects = [_object(name, contract.fields(name)) for name in _named_objects()]
    spliced = [_spliced(stream) for stream in STREAMS.values() if _spliced_fields(stream)]
    overloads = [_overload(f'Literal["{stream.name}"]', _record_name(stream)) for stream in STREAMS.values()]
    return _FILE.format(
        classes="\n\n\n".join([*objects, *spliced]),
        overloads="\n".join([*overloads, _overload("str | Stream", "dict[str, Any]")]),
    )


def _named_objects() -> list[str]:
    """Return the names of all types of the contract that a record holds as an object, itself included."""
    contract = load()
    reached: set[str] = set()
    waiting = [stream.item for stream in STREAMS.values()]
    while waiting:
        name = waiting.pop()
        if name in contract.types and name not in reached:
            reached.add(name)
            row = contract.types[name]
            values = [*contract.fields(name).values(), *filter(None, (row.values, row.alias))]
            waiting.extend(inner for value in values for inner in _names(value))
    return sorted(name for name in reached if contract.fields(name))


def _names(value: Expression) -> Iterator[str]:
    """Yield every name in an expression."""
    yield value.name
    for inner in (*value.options, *filter(None, (value.items, value.values))):
        yield from _names(inner)


def _object(name: str, fields: Mapping[str, Expression]) -> str:
    texts = {field: _field(value) for field, value in sorted(fields.items())}
    if any(map(keyword.iskeyword, texts)):  # a class cannot have an attribute of such a name
        pairs = ", ".join(f'"{field}": "{text}"' for field, text in texts.items())
        return f'{name} = TypedDict("{name}", {{{pairs}}})'
    return f"class {name}(TypedDict):\n" + _body(texts)


def _spliced(stream: Stream) -> str:
    """Return the type of records that have columns of their parents besides what the API sends."""
    texts = {field: _field(value) for field, value in _spliced_fields(stream).items()}
    return f"class {_record_name(stream)}({stream.item}):\n" + _body(texts)


def _spliced_fields(stream: Stream) -> dict[str, Expression]:
    sent = load().fields(stream.item)
    return {name: value for name, value in record_fields(stream).items() if name not in sent}


def _record_name(stream: Stream) -> str:
    return f"{stream.item}Record" if _spliced_fields(stream) else stream.item


def _body(texts: Mapping[str, str]) -> str:
    return "\n".join(f"    {field}: {text}" for field, text in texts.items())


def _field(value: Expression) -> str:
    return _python(value) if value.required else f"NotRequired[{_python(value)}]"


def _python(value: Expression) -> str:
    """Return the Python type of a value; a union of objects is one object that has the fields of all."""
    if value.options:
        return " | ".join(dict.fromkeys(map(_python, value.options)))
    if value.items is not None:
        return f"list[{_python(value.items)}]"
    if value.values is not None:
        return f"dict[str, {_python(value.values)}]"
    return _of_name(value.name)


def _of_name(name: str) -> str:
    row = load().types.get(name)
    if row is None:
        return _SCALARS[name]
    if row.enum:
        return "str"  # new values of an enumeration pass through
    if row.alias is not None:
        return _python(row.alias)
    if row.values is not None:
        return _python(Expression(values=row.values))
    return name if load().fields(name) else "dict[str, Any]"


def _overload(stream: str, record: str) -> str:
    parameters = list(inspect.signature(Client.records).parameters.values())
    keywords = ", ".join(f"{parameter.name}: {parameter.annotation} = ..." for parameter in _keyword_only(parameters))
    return f"    @overload\n    def __call__(self, stream: {stream}, *, {keywords}) -> Iterator[{record}]: ..."


def _keyword_only(parameters: Iterable[inspect.Parameter]) -> Iterator[inspect.Parameter]:
    return (parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY)


_FILE = '''\
# Written by `make docs` from the contract and the catalogue.
# fmt: off
# mypy: disable-error-code="overload-overlap"
"""What the records look like, for type checkers and editors: a TypedDict for each stream's records and what is in them.

    from commercetools_source.records import Order

A field that may be missing is NotRequired. Values of enumerations, dates and times are texts, as the API sends them.
An object that has variants, such as a Message, has the fields of all of them here. Nothing is checked at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import NotRequired

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.catalog.timestamps import Time


{classes}


class ReadRecords(Protocol):
    """`Client.records`: the records of each stream have a type of their own."""

{overloads}
'''
