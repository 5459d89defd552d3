"""Which streams a token may read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.scopes import missing_scope, stores_of
from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.errors import ApiError, ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.catalog.streams import Stream, Streams
    from commercetools_source.client import Client

__all__ = ["Access", "Inspection", "inspect"]


@dataclass(frozen=True, slots=True)
class Access:
    """Whether one stream can be read, and which scope would let it."""

    stream: str
    readable: bool
    missing_scope: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a set of settings opens.

    `messages`: whether the project keeps Messages, None where its settings do not say it, or are not
    `settings_readable`; `messages_scope`: what is missing to read them, None if nothing is. `store`: the key of the
    store that is read, "" for the project; `store_scopes`: keys of stores that scopes of the token are limited to.
    """

    project: str
    api_url: str
    scopes: tuple[str, ...]
    name: str | None
    messages: bool | None
    streams: tuple[Access, ...]
    messages_scope: str | None = None
    store: str = ""
    store_scopes: tuple[str, ...] = ()
    settings_readable: bool = True


def inspect(client: Client, streams: Streams | None = None) -> Inspection:
    """Ask for a token and the project's settings; judge `streams` (all, if None) by the scopes of the token.

    A token answer may leave its scopes out (RFC 6749, section 5.1, where none were asked for); then each stream is
    asked for one record.
    """
    rows = streams_of(streams)
    client.server_time()  # says what to do where there is no such project
    granted = client.granted_scopes()
    config = client.config
    project: Any = None
    try:
        project = client.request("GET", "/")
    except ForbiddenError:
        settings_readable = False  # a client with few scopes is a good client
    else:
        settings_readable = True
    # The scopes of the token answer for all streams without a request; where they are not told, each is tried.
    known = partial(_access, granted=granted, project_key=config.project_key, store_key=config.store_key)
    judge = known if granted else partial(_ask, client)
    access = tuple(map(judge, rows))
    # Messages are off in a new project, and then no deletion is told
    # (https://docs.commercetools.com/api/projects/project).
    enabled = _field(_field(project, "messages"), "enabled")
    messages = enabled if isinstance(enabled, bool) else None
    scope = missing_scope(STREAMS["messages"], granted, config.project_key)
    stores = stores_of(granted, config.project_key)
    title = _field(project, "name")
    name = title if isinstance(title, str) else None
    return Inspection(
        config.project_key,
        config.api_url,
        granted,
        name,
        messages,
        access,
        scope,
        config.store_key,
        stores,
        settings_readable,
    )


def _field(value: Any, name: str) -> Any:
    """Return a field of a JSON object; None where it is not there, or the value is something else."""
    return value.get(name) if isinstance(value, dict) else None


def _ask(client: Client, stream: Stream) -> Access:
    """Return whether the platform gives out a page of `stream`, or of its parents where they have none."""
    try:
        next(client.pages(stream, page_size=1), None)
    except ForbiddenError as error:
        missing = next(iter((*error.missing_scopes, *stream.scopes)))
        return Access(stream.name, readable=False, missing_scope=missing)
    except ApiError:
        pass  # it failed for another reason than a scope
    return Access(stream.name, readable=True, missing_scope=None)


def _access(stream: Stream, granted: Sequence[str], project_key: str, store_key: str) -> Access:
    missing = missing_scope(stream, granted, project_key, store_key)
    return Access(stream.name, missing is None, missing)
