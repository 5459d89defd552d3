"""Which scopes let a token read a stream, and which are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.catalog.contract import load
from commercetools_source.catalog.stores import store_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.catalog.stream import Stream

__all__ = ["missing_scope", "readable_with", "scope_advice", "scopes_for", "stores_of", "unseen"]


# https://docs.commercetools.com/api/scopes
_NO_TWIN = frozenset({"view_audit_log", "view_messages", "view_published_products"})
"""View scopes for which there is no `manage_` scope of the same name (specification, security schemes)."""


_NOT_FOR_PROJECT_MANAGERS = frozenset({"view_api_clients", "view_audit_log", "view_mcp_servers", "manage_mcp_servers"})
"""Scopes that `manage_project` does not contain (specification of these endpoints)."""


def readable_with(stream: Stream) -> tuple[str, ...]:
    """Return every permission of which one lets a project-wide token read `stream`, the narrowest first."""
    views = [scope for scope in stream.scopes if scope.startswith("view_")]
    manages = [scope.replace("view_", "manage_", 1) for scope in views if scope not in _NO_TWIN]
    others = [scope for scope in stream.scopes if not scope.startswith("view_")]
    everything = [] if _NOT_FOR_PROJECT_MANAGERS.intersection(stream.scopes) else ["manage_project"]
    return tuple(dict.fromkeys([*views, *others, *manages, *everything]))


def missing_scope(stream: Stream, granted: Iterable[str], project_key: str, store_key: str = "") -> str | None:
    """Return the narrowest scope to ask for if none of those `granted` lets a token read all of `stream`, else None.

    A scope of a single store (`view_orders:shop:berlin`) counts where that store is read, which `store_key` says.
    """
    sufficient = _sufficient(stream, project_key, store_key)
    return sufficient[0] if set(granted).isdisjoint(sufficient) else None


def unseen(streams: Iterable[Stream], granted: Iterable[str], project_key: str) -> tuple[Stream, ...]:
    """Return those of `streams` whose changes the Change History does not show a token with the scopes `granted`.

    It shows the changes of resources that a token may view, and is silent about all others
    (https://docs.commercetools.com/api/history/overview).
    """
    told = load().types["HistoryResourceType"].enum
    scopes = frozenset(granted)
    return tuple(
        stream for stream in streams if stream.resource_type in told and missing_scope(stream, scopes, project_key)
    )


def stores_of(granted: Iterable[str], project_key: str) -> tuple[str, ...]:
    """Return the keys of the stores that scopes are limited to, sorted."""
    parts = [scope.split(":", 2) for scope in granted]
    return tuple(sorted({part[2] for part in parts if len(part) == 3 and part[1] == project_key}))  # noqa: PLR2004 - a store's


def _sufficient(stream: Stream, project_key: str, store_key: str) -> list[str]:
    """Return the scopes of which one lets a token read `stream`, the narrowest first."""
    everywhere = [f"{permission}:{project_key}" for permission in readable_with(stream)]
    endpoint = store_endpoint(stream.path) if store_key else None
    if endpoint is None:
        return everywhere
    # There is no `manage_project` of a store.
    narrow = [permission for permission in readable_with(stream) if permission != "manage_project"]
    return [*(f"{permission}:{project_key}:{store_key}" for permission in narrow), *everywhere]


def scope_advice(streams: Sequence[Stream], project_key: str, store_key: str = "") -> str:
    """Return what to do when a token may not read `streams`: one text for every command and front-end.

    Scopes are chosen when an API client is created and cannot be changed afterwards
    (https://docs.commercetools.com/api/projects/api-clients).
    """
    needed = scopes_for(streams, project_key, store_key)
    return f"create an API client that also has the {'scopes' if ' ' in needed else 'scope'} {needed}"


def scopes_for(streams: Sequence[Stream], project_key: str, store_key: str = "") -> str:
    """Return the narrowest scopes with which all of `streams` can be read, separated by spaces."""
    return " ".join(dict.fromkeys(_sufficient(stream, project_key, store_key)[0] for stream in streams))
