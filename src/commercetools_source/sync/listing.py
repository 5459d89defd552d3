"""A few fields of whole collections through GraphQL, read page by page as `paging` reads REST.

Knows how a list is asked for; which fields and which range is the caller's business.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from commercetools_source.catalog.streams import PROJECTIONS
from commercetools_source.errors import InvalidRequestError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from commercetools_source.catalog.streams import Stream
    from commercetools_source.extract import paging
    from commercetools_source.http.exchange import Response

__all__ = ["query_of", "reader"]

_PATH = "/graphql"
_NAMES = {
    "inventory": "inventoryEntries",
    "product_tailoring": "productTailoringList",
    "types": "typeDefinitions",
}
"""Queries that are not called like their stream (the platform's GraphQL schema)."""


class Sender(Protocol):
    """What sends a request: a `Client`."""

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any,
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None,
        safe: bool,
    ) -> Response: ...


class _Error(msgspec.Struct):
    message: str = "no reason given"
    extensions: dict[str, Any] = {}


class _Answer(msgspec.Struct):
    data: dict[str, msgspec.Raw] | None = None
    errors: list[_Error] = []


_decoder = msgspec.json.Decoder(_Answer)


def query_of(stream: Stream) -> str | None:
    """Return the name of the query that lists `stream`, None where there is none."""
    # What lies below a parent has no list of its own in GraphQL; projections have none, or one with other versions.
    if stream.parents is not None or stream.name in PROJECTIONS:
        return None
    camel = re.sub("_(.)", lambda match: match[1].upper(), stream.name)
    return _NAMES.get(stream.name, camel)


def reader(client: Sender, query: str, fields: Sequence[str]) -> paging.Get:
    """Return a `Get` that answers with `fields` of the records of `query`, whatever path it is asked for.

    It raises InvalidRequestError for what GraphQL reports as errors, with the status of the HTTP answer.
    """

    def get(
        path: str,  # noqa: ARG001 - the query says what is read
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,
    ) -> Any:
        # As REST answers, so that a list that was cut on its way shows itself in its counts.
        counts = "count total" if ("withTotal", "true") in params else "count"
        text = f"{{ {query}({_arguments(params)}) {{ {counts} results {{ {' '.join(fields)} }} }} }}"
        answer = client.send(
            # Safe to repeat although it is a POST: the text is a query, and GraphQL changes nothing by one
            # (https://docs.commercetools.com/api/graphql).
            "POST",
            _PATH,
            body={"query": text},
            parse=_decoder.decode,
            oversized_attempts=oversized_attempts,
            safe=True,
        ).value
        match = bytes((answer.data or {}).get(query, b"null"))
        # GraphQL answers 200 with its errors beside half of the data; half of a listing would mark the other half.
        if answer.errors or match == b"null":
            raise InvalidRequestError(_problem(answer.errors))
        return parse(match)

    return get


def _arguments(params: Sequence[tuple[str, str]]) -> str:
    """Return the arguments of a list query; its texts are written as JSON writes them."""
    given: dict[str, list[str]] = {}
    for name, value in params:
        given.setdefault(name, []).append(value)
    arguments = [f"{name}: {int(given[name][0])}" for name in ("limit", "offset") if name in given]
    if "sort" in given:
        arguments.append(f"sort: {msgspec.json.encode(given['sort']).decode()}")
    if "where" in given:
        arguments.append(f"where: {msgspec.json.encode(given['where'][0]).decode()}")
    return ", ".join(arguments)


def _problem(errors: Sequence[_Error]) -> Problem:
    detail = "; ".join(error.message for error in errors) or "the answer has no data"
    codes = tuple(str(error.extensions["code"]) for error in errors if "code" in error.extensions)
    return Problem(HTTPStatus.OK, detail, codes, method="POST", path=_PATH)
