"""Which streams a token may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.scopes import missing_scope
from commercetools_source.catalog.streams import STREAMS, find
from commercetools_source.errors import ForbiddenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.catalog.streams import Stream
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
    """What a set of settings opens: `messages` is None where the project's settings cannot be read."""

    project: str
    api_url: str
    scopes: tuple[str, ...]
    name: str | None
    messages: bool | None
    streams: tuple[Access, ...]


def inspect(client: Client, names: Sequence[str] | None) -> Inspection:
    """Ask for a token and the project's settings; judge every stream by the scopes of the token."""
    client.server_time()  # says what to do where there is no such project
    granted = client.granted_scopes()
    config = client.config
    project: dict[str, Any] = {}
    try:
        project = client.request("GET", "/")
    except ForbiddenError:
        pass  # a client with few scopes is a good client
    else:
        project = project or {}
    rows = [find(name) for name in names] if names is not None else list(STREAMS.values())
    streams = tuple(_access(row, granted, config.project_key) for row in rows)
    messages = project.get("messages", {}).get("enabled") if project else None
    return Inspection(config.project_key, config.api_url, granted, project.get("name"), messages, streams)


def _access(stream: Stream, granted: Sequence[str], project_key: str) -> Access:
    missing = missing_scope(stream, granted, project_key)
    return Access(stream.name, missing is None, missing)
