"""Which streams a token may read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.catalog.scopes import missing_scope, stores_of, unseen
from commercetools_source.catalog.stores import is_in_store
from commercetools_source.catalog.streams import STREAMS, streams_of
from commercetools_source.errors import ApiError, CommercetoolsError, ConfigError, ForbiddenError, NetworkError
from commercetools_source.events import Notice
from commercetools_source.extract.advice import lost_store, reason_of
from commercetools_source.extract.envelope import Rows, decode_rows
from commercetools_source.sync.undefined import doubt_about_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from commercetools_source.catalog.streams import Stream, Streams
    from commercetools_source.client import Client

__all__ = ["Access", "History", "Inspection", "inspect", "unseen_changes"]

_RECENT_HOURS = "720"
"""Few enough for a service that counts what a request costs by its dates, and enough for a shop that is alive."""


@dataclass(frozen=True, slots=True)
class Access:
    """Whether one stream can be read, which scope would let it, and what else is in the way (`fault`)."""

    stream: str
    readable: bool
    missing_scope: str | None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What the Change History shows.

    `shows`: "all" changes or those made in the "merchant center" only, "none" of the last 30 days; "" where it cannot
    be read, and `lack` says why. `unseen`: streams whose changes it does not show for want of their scope.
    """

    shows: Literal["all", "merchant center", "none", ""]
    lack: str = ""
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a set of settings opens.

    `messages`: whether the project keeps Messages, None where its settings do not say it, or are not
    `settings_readable`; `messages_scope`: what is missing to read them, None if nothing is. `store`: the key of the
    store that is read, "" for the project; `store_scopes`: keys of stores that scopes of the token are limited to.
    `history`: what `change_history` brings. `personal`: what is doubtful about `personal_fields`, "" if nothing is.
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
    history: History | None = None
    personal: str = ""


def inspect(client: Client, streams: Streams | None = None) -> Inspection:
    """Ask for a token and the project's settings; judge `streams` (all, if None) by the scopes of the token.

    Raises ConfigError where the project has no store of the key that is set.
    A token answer may leave its scopes out (RFC 6749, section 5.1, where none were asked for); then each stream is
    asked for one record.
    """
    rows = streams_of(streams)
    client.server_time()  # says what to do where there is no such project
    granted = client.granted_scopes()
    config = client.config
    project: Any = None
    settings_readable = True
    try:
        project = client.request("GET", "/")
    except ForbiddenError:
        settings_readable = False  # a client with few scopes is a good client
    except (ApiError, NetworkError):
        pass  # streams can be read without it; that nothing is known of Messages is said
    # The scopes of the token answer for all streams without a request; where they are not told, each is tried.
    known = partial(_access, granted=granted, project_key=config.project_key, store_key=config.store_key)
    judge = known if granted else partial(_ask, client)
    access = tuple(map(judge, rows))
    _refuse_lost_store(client, access)
    # Messages are off in a new project, and then no deletion is told
    # (https://docs.commercetools.com/api/projects/project).
    enabled = _field(_field(project, "messages"), "enabled")
    messages = enabled if isinstance(enabled, bool) else None
    scope = missing_scope(STREAMS["messages"], granted, config.project_key)
    stores = stores_of(granted, config.project_key)
    title = _field(project, "name")
    name = title if isinstance(title, str) else None
    history = _history(client, granted)
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
        history,
        doubt_about_names(client),
    )


def _refuse_lost_store(client: Client, streams: Iterable[Access]) -> None:
    """Raise ConfigError where no store has the key that is set: scopes do not say it."""
    readable = (STREAMS[access.stream] for access in streams if access.readable)
    key = client.config.store_key
    stream = next(filter(is_in_store, readable), None) if key else None
    if stream is None:
        return
    try:
        # One stream is only there in stores, and its path has a place for the key.
        client.get_briefly(stream.path.replace("{storeKey}", key), [("limit", "1")], decode_rows)
    except CommercetoolsError as error:
        # Of another fault the run tells, stream by stream.
        if reason := lost_store(error):
            raise ConfigError(reason) from error


def _history(client: Client, granted: Sequence[str]) -> History:
    """Ask for two changes at most: one that an API client made, which only Audit Log Premium has, and any other."""
    stream, config = STREAMS["change_history"], client.config
    missing = missing_scope(stream, granted, config.project_key) if granted else None
    if missing is not None:
        return History("", f"not readable: that needs the scope {missing}")
    hidden = tuple(row.name for row in unseen(STREAMS.values(), granted, config.project_key)) if granted else ()
    recent = [("date.from", _RECENT_HOURS), ("limit", "1")]
    try:
        by_clients: Rows = client.get_briefly(stream.path, [*recent, ("source", "ApiClient")], decode_rows)
        if by_clients.rows:
            return History("all", unseen=hidden)
        changes: Rows = client.get_briefly(stream.path, recent, decode_rows)
    except ForbiddenError:
        return History("", f"not readable: that needs the scope {stream.scopes[0]}:{config.project_key}")
    except CommercetoolsError as error:
        return History("", f"not available: {error}")
    return History("merchant center" if changes.rows else "none", unseen=hidden)


def unseen_changes(client: Client, streams: Iterable[Stream], anew: str) -> Notice | None:
    """Return what a person should know when the token cannot see all that one of `streams` would show, else None.

    `anew`: how to have the stream read from its start.
    """
    stream, project_key = STREAMS["change_history"], client.config.project_key
    granted = client.granted_scopes() if stream.name in {row.name for row in streams} else ()
    # Without the scope of the stream itself nothing is read, which is said in any case.
    if not granted or missing_scope(stream, granted, project_key) is not None:
        return None
    hidden = ", ".join(row.name for row in unseen(STREAMS.values(), granted, project_key))
    if not hidden:
        return None
    return Notice(
        stream.name,
        f"changes of {hidden} are not shown to this API client, which may not view these; if they matter, use one that"
        f" has their view scopes, too, and {anew}",
        lacking=True,
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
    except Exception as error:  # noqa: BLE001 - one stream cannot be asked for, the others are
        return Access(stream.name, readable=False, missing_scope=None, fault=reason_of(error, stream, "read"))
    return Access(stream.name, readable=True, missing_scope=None)


def _access(stream: Stream, granted: Sequence[str], project_key: str, store_key: str) -> Access:
    missing = missing_scope(stream, granted, project_key, store_key)
    return Access(stream.name, missing is None, missing)
