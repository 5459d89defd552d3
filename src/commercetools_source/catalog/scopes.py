"""Which scopes let a token read a stream, and which are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.catalog.stream import Stream

__all__ = ["missing_scope", "readable_with", "scope_advice", "scopes_for"]


# https://docs.commercetools.com/api/scopes
_NO_TWIN = frozenset({"view_messages", "view_published_products"})
"""View scopes for which there is no `manage_` scope of the same name (specification, security schemes)."""


_NOT_FOR_PROJECT_MANAGERS = frozenset({"view_api_clients", "view_mcp_servers", "manage_mcp_servers"})
"""Scopes that `manage_project` does not contain (specification of these endpoints)."""


def readable_with(stream: Stream) -> tuple[str, ...]:
    """Return every permission of which one lets a project-wide token read `stream`, the narrowest first."""
    views = [scope for scope in stream.scopes if scope.startswith("view_")]
    manages = [scope.replace("view_", "manage_", 1) for scope in views if scope not in _NO_TWIN]
    others = [scope for scope in stream.scopes if not scope.startswith("view_")]
    everything = [] if _NOT_FOR_PROJECT_MANAGERS.intersection(stream.scopes) else ["manage_project"]
    return tuple(dict.fromkeys([*views, *others, *manages, *everything]))


def missing_scope(stream: Stream, granted: Iterable[str], project_key: str) -> str | None:
    """Return the narrowest scope to ask for if none of those `granted` lets a token read all of `stream`, else None.

    A scope of a single store (`view_orders:shop:berlin`) does not count: it reads that store only.
    """
    sufficient = [f"{permission}:{project_key}" for permission in readable_with(stream)]
    return sufficient[0] if set(granted).isdisjoint(sufficient) else None


def scope_advice(streams: Sequence[Stream], project_key: str) -> str:
    """Return what to do when a token may not read `streams`: one text for every command and front-end.

    Scopes are chosen when an API client is created and cannot be changed afterwards
    (https://docs.commercetools.com/api/projects/api-clients).
    """
    needed = scopes_for(streams, project_key)
    return f"create an API client that also has the {'scopes' if ' ' in needed else 'scope'} {needed}"


def scopes_for(streams: Sequence[Stream], project_key: str) -> str:
    """Return the narrowest scopes with which all of `streams` can be read, separated by spaces."""
    return " ".join(dict.fromkeys(f"{readable_with(stream)[0]}:{project_key}" for stream in streams))
