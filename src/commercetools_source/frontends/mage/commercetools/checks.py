"""Answers to two questions of Mage's: do the settings work, and how many records are there."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.scopes import missing_scope, scope_advice
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.client import Client as ApiClient
from commercetools_source.errors import AuthenticationError, NetworkError
from commercetools_source.extract.counting import count_records
from commercetools_source.extract.parents import parents_of
from commercetools_source.extract.selection import Selection, range_of
from commercetools_source.frontends.mage import bookmarks as bookmark
from commercetools_source.frontends.mage.commercetools.client import hook_of, settings_of
from commercetools_source.frontends.words import MAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream

__all__ = ["check", "count"]

_PATIENCE = 6.0
"""Mage gives up after 10 seconds, the start of the interpreter included."""
# Two answers that take so long, for the token and for the project, fit into the patience.
_ANSWER = 2.5


def check(config: Mapping[str, Any], logger: Any) -> None:
    """Return when a token is granted, the project is there and the token may read at least one stream.

    Raises within 6 seconds otherwise: ConfigError, AuthenticationError, NotFoundError, NetworkError.
    """
    settings = replace(settings_of(config), request_timeout=_ANSWER, retry_seconds=1.0)
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with ApiClient(settings, hook=hook_of(logger)) as api:
                _check(api)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            faults.append(error)

    # A daemon: a connection that hangs must not keep the process after Mage has its answer.
    thread = threading.Thread(target=run, name="commercetools-check", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if faults:
        raise faults[0]
    if thread.is_alive():
        raise NetworkError(
            f"{settings.auth_url} or {settings.api_url} did not answer within {_PATIENCE:g} s;"
            " check the region, or the network between here and there"
        )


def _check(api: ApiClient) -> None:
    # First the project: a token alone says nothing about the project key.
    api.server_time()
    scopes = api.granted_scopes()
    # One readable stream is enough: which ones a pipeline reads is not known here.
    if scopes and all(
        missing_scope(row, scopes, api.config.project_key, api.config.store_key) for row in STREAMS.values()
    ):
        raise AuthenticationError(
            f"the API client may read nothing here: its scopes are {', '.join(scopes)};"
            f" {scope_advice([STREAMS['orders']], api.config.project_key)}, or the one of whatever is to be read"
        )


def count(api: ApiClient, row: Stream, bookmarks: Mapping[str, Any] | None = None) -> int:
    """Return how many records of `row` there are, or how many changed since the bookmark; raises as a run would.

    Costs one request for each collection and for each 10,000 records beyond; a few endpoints do not count at all,
    so their records are read.
    """
    selection = Selection.of(api.config, anew=MAGE.anew)
    since = bookmark.checked(bookmarks, row, selection).cursor or selection.since_of(row)
    # As a run would: what lies behind the settle delay comes with a later one, and is not counted.
    until = None if since is None else api.settled_time()
    size = api.config.page_size
    ranges = (range_of(row, parent, since, until) for parent in parents_of(api.get, row, size, api.config.store_key))
    return sum(count_records(api.get, row, key_range, size) for key_range in ranges)
