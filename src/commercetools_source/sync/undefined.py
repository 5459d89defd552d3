"""Fields that `personal_fields` names and the project does not define: mistyped, they leave as they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import CommercetoolsError
from commercetools_source.errors.suggestion import suggestion
from commercetools_source.events import Notice, first_of
from commercetools_source.extract import paging
from commercetools_source.extract.records import decoded
from commercetools_source.extract.selection import range_of
from commercetools_source.model.custom.definitions import custom_type, product_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from commercetools_source.client import Client
    from commercetools_source.extract.privacy import Privacy
    from commercetools_source.model.custom.definitions import Definition

__all__ = ["doubt_about_names", "undefined_in", "undefined_names"]

_NAMED = 5
"""So many fields are named in a sentence."""
_DEFINITIONS: tuple[tuple[str, Callable[[dict[str, Any]], Sequence[Definition]]], ...] = (
    ("types", lambda record: custom_type(record).fields),
    # The larger records: asked for only where a name is no custom field.
    ("product_types", lambda record: product_type(record).attributes),
)
"""Streams, and the fields that a record of each defines."""


def undefined_names(client: Client) -> Notice | None:
    """Return what a person should know when `personal_fields` names fields that the project does not define, else None.

    Only then it is asked for its types. Where the token may not read them nothing is known, and nothing said.
    """
    try:
        reason = undefined_in(client.privacy, partial(_records, client))
    except CommercetoolsError:
        return None
    return Notice("personal_fields", reason) if reason else None


def doubt_about_names(client: Client) -> str:
    """Return the same as `undefined_names` as a text, and also that it cannot be known."""
    try:
        return undefined_in(client.privacy, partial(_records, client))
    except CommercetoolsError as error:
        return f"whether the project defines the fields that `personal_fields` names is not known: {error}"


def undefined_in(privacy: Privacy, read: Callable[[str], Iterable[dict[str, Any]]]) -> str:
    """Return which fields a choice names that neither a type nor a product type has, "" if there are none.

    `read` gives the records of a stream by its name.
    """
    # Who keeps a field as it is loses nothing by a name that is mistyped.
    names = {name for name, choice in privacy.names if choice != "keep"}
    defined = set[str]()
    for source, fields_of in _DEFINITIONS:
        if names - defined:
            defined.update(field.name for record in read(source) for field in fields_of(record))
    unknown = [f"{name!r}{_meant(name, defined)}" for name in sorted(names - defined)]
    if not unknown:
        return ""
    return (
        f"no type and no product type of the project defines {first_of(unknown, _NAMED)}; if a name is mistyped, the"
        " field that is meant leaves as it is: correct it"
    )


def _meant(name: str, defined: Iterable[str]) -> str:
    near = suggestion(name, defined)
    return f" ({near})" if near else ""


def _records(client: Client, name: str) -> Iterator[dict[str, Any]]:
    stream = STREAMS[name]
    # Briefly: a run can do without.
    for page in paging.pages(client.get_briefly, stream, range_of(stream), client.config.page_size):
        yield from map(decoded, page.records)
