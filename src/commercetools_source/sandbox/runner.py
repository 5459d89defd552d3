"""The sandbox as a product: a context manager in this process, and a server in the foreground."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.errors.extras import require
from commercetools_source.sandbox.changes.writer import Writer
from commercetools_source.sandbox.data.project import Project
from commercetools_source.sandbox.platform.clock import Clock
from commercetools_source.sandbox.platform.endpoints import CHILDREN, collection_of
from commercetools_source.sandbox.platform.oauth import DEFAULT_LIFETIME, ApiClient, Authorization
from commercetools_source.sandbox.platform.spec import Spec
from commercetools_source.sandbox.server.app import App
from commercetools_source.sandbox.server.faults import Faults
from commercetools_source.sandbox.server.service import Service
from commercetools_source.sandbox.server.thread import Serving, listen

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import TracebackType

    from commercetools_source.sandbox.platform.request import Request, Seen

__all__ = ["Sandbox"]

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - it opens nothing but the sandbox
_SCOPES = ("manage_project", "manage_api_clients", "manage_mcp_servers", "view_audit_log")
# A sandbox may serve for days: what tests look at is recent.
_KEPT_REQUESTS = 100_000


class Sandbox:
    """A commercetools project on this machine, served over HTTP inside `with`.

    `size` is "tiny", "small", "demo", "large" or a number of orders; the same `seed` gives the same shop.
    `rows` replaces the generated shop by (collection, parent, JSON) rows. `now` sets the server's clock.
    `port` 0 takes any free one. `lifetime` is that of the default API client's tokens, `latency` delays every answer;
    both in seconds. `burst` records of each collection of the generated shop share one millisecond.
    """

    def __init__(  # noqa: PLR0913 - each of them is one setting
        self,
        size: str | int = "tiny",
        seed: int = 1,
        *,
        project_key: str = "sample-shop",
        host: str = "127.0.0.1",
        port: int = 0,
        now: datetime | None = None,
        rows: Iterable[tuple[str, str, bytes]] | None = None,
        admin: bool = False,
        lifetime: int = DEFAULT_LIFETIME,
        latency: float = 0,
        burst: int = 0,
    ) -> None:
        self.size = size
        self.seed = seed
        self.project_key = project_key
        self.host = host
        self.port = port
        self.clock = Clock()
        self.faults = Faults(latency)
        self._now = now
        self._rows = rows
        self._admin = admin
        self._burst = burst
        self._lifetime = lifetime
        self._log: deque[Seen] = deque(maxlen=_KEPT_REQUESTS)
        self._hooks: list[Callable[[Request], None]] = []
        self._latency = latency
        self._app: App | None = None
        self._service: Service | None = None
        self._serving: Serving | None = None

    def __enter__(self) -> Sandbox:  # noqa: PYI034 - typing.Self needs Python 3.11
        self.start()
        return self

    def __exit__(
        self, exception_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Generate the shop and serve it; returns once requests are answered."""
        # The port is taken before the shop is made: after that another program might have it.
        bound = listen(self.host, self.port)
        try:
            app = self.prepare(bound)
            self._serving = Serving(app, bound)
            self._serving.start()
        except BaseException:
            # Or the port would be taken until this process ends.
            bound.close()
            raise

    def stop(self) -> None:
        """End the server; its data stays readable."""
        serving, self._serving = self._serving, None
        if serving is not None:
            serving.stop()

    def prepare(self, bound: socket.socket) -> App:
        """Generate the shop and return the application to serve on `bound`; raises ConfigError without its packages."""
        require("the sandbox", "sandbox")
        self.port = bound.getsockname()[1]
        # Before anything is made: records and tokens take their times from it.
        if self._now is not None:
            self.clock.set(self._now)
        random = Random(self.seed)  # noqa: S311 - repeatable on purpose
        authorization = Authorization(self.project_key, self.clock, random)
        scopes = tuple(f"{scope}:{self.project_key}" for scope in _SCOPES)
        authorization.add(ApiClient(CLIENT_ID, CLIENT_SECRET, scopes, self._lifetime))
        self._service = self._loaded(authorization, random)
        admin = None
        if self._admin:
            from commercetools_source.sandbox.server.admin import Admin

            admin = Admin(self)
        self._app = App(self._service, self.clock, random, self._log, admin)
        return self._app

    def reset(self) -> None:
        """Have the records of the start again, and no faults; API clients, tokens, hooks and the clock stay."""
        service = self._running
        with service.project.lock:
            self.faults.clear()
            self.faults.latency = self._latency
            self._service = self._loaded(service.authorization, service.writer.random)
            if self._app is not None:
                self._app.service = self._service

    def _loaded(self, authorization: Authorization, random: Random) -> Service:
        """Return a service with the records of the start."""
        project = Project(Spec.load())
        if self._rows is not None:
            # Kept, so that they can be loaded again; the records hold the same bytes.
            self._rows = tuple(self._rows)
        project.load(self._generated() if self._rows is None else self._rows)
        if self._rows == ():
            project.load([("/states", "", _built_in_state(self.clock.now()))])
        # Without a project record nothing else could be asked: settings, currencies and languages are read from it.
        if not len(project.collection("/")):
            project.load([("/", "", _bare_project(self.project_key, self.clock.now()))])
        elif project.settings().get("key") != self.project_key:
            settings = project.settings() | {"key": self.project_key}
            old = next(iter(project.collection("/")))
            project.collection("/").remove(old.id)
            project.load([("/", "", msgspec.json.encode(settings))])
        writer = Writer(project, self.clock, random, authorization)
        service = Service(project, authorization, writer, self.faults)
        service.before = self._hooks
        return service

    def _generated(self) -> Iterator[tuple[str, str, bytes]]:
        from commercetools_source.sandbox.shop.generate import generate

        # As of the last full hour, so that the sandboxes of many tests are made of one shop.
        now = self._now or self.clock.now().replace(minute=0, second=0, microsecond=0)
        return generate(self.size, self.seed, now.astimezone(timezone.utc), burst=self._burst)

    @property
    def url(self) -> str:
        """The address of the server, which is the API's and the authorization server's."""
        # An IPv6 address stands in brackets in a URL: https://datatracker.ietf.org/doc/html/rfc3986#section-3.2.2
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The address of the API, without the project key."""
        return self.url

    @property
    def auth_url(self) -> str:
        """The address of the authorization server."""
        return self.url

    @property
    def history_url(self) -> str:
        """The address of the Change History API, without the project key."""
        return f"{self.url}/history"

    def settings(self) -> dict[str, Any]:
        """Return what a client must be configured with."""
        return {
            "project_key": self.project_key,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "api_url": self.api_url,
            "auth_url": self.auth_url,
            "history_url": self.history_url,
        }

    def environment(self) -> dict[str, str]:
        """Return the same as environment variables, named as the Merchant Center names them."""
        return {
            "CTP_PROJECT_KEY": self.project_key,
            "CTP_CLIENT_ID": CLIENT_ID,
            "CTP_CLIENT_SECRET": CLIENT_SECRET,
            "CTP_API_URL": self.api_url,
            "CTP_AUTH_URL": self.auth_url,
            "CTP_HISTORY_URL": self.history_url,
        }

    @property
    def requests(self) -> list[Seen]:
        """The requests so far, oldest first."""
        return list(self._log)

    def before_request(self, hook: Callable[[Request], None]) -> None:
        """Call `hook` in the server's thread before each list request; it may change data."""
        self._hooks.append(hook)

    def add_client(
        self, client_id: str, client_secret: str, scopes: Iterable[str], lifetime: int = DEFAULT_LIFETIME
    ) -> None:
        """Add an API client; scopes may leave out the project key (`view_orders`, `view_orders:project:store`)."""
        complete = tuple(scope if ":" in scope else f"{scope}:{self.project_key}" for scope in scopes)
        self._running.authorization.add(ApiClient(client_id, client_secret, complete, lifetime))

    def expire_tokens(self, client_id: str | None = None) -> int:
        """Make all tokens, or those of one client, invalid now; return how many there were."""
        return self._running.authorization.revoke(client_id)

    def records(self, stream: str, parent: str | None = None) -> list[dict[str, Any]]:
        """Return what a stream holds now, in the order of ids; `parent` chooses one of a parent-driven stream."""
        service = self._running
        with service.project.lock:
            # What is too old is gone for a client, and so it is for a test.
            if stream == "messages":
                service.writer.journal.purge()
            collections = service.project.of_stream(stream, parent)
            return [
                record.decoded()
                for collection in collections
                for record in sorted(collection, key=lambda record: record.order)
            ]

    def create(self, stream: str, record: Mapping[str, Any] | None = None, parent: str = "") -> dict[str, Any]:
        """Add a record to a stream and return it; what its type requires and `record` lacks is filled in.

        `createdAt` and `lastModifiedAt` may be given: so a record appears late, with a time in the past.
        """
        service = self._running
        with service.project.lock:
            return service.writer.create(_changeable(stream, parent), record or {}, parent)

    def update(
        self, stream: str, identifier: str, changes: Mapping[str, Any] | None = None, parent: str = ""
    ) -> dict[str, Any]:
        """Change fields of a record (dotted paths; None removes one) and return it; its version grows by one."""
        service = self._running
        with service.project.lock:
            return service.writer.update(_changeable(stream, parent), identifier, changes or {}, parent)

    def delete(self, stream: str, identifier: str, parent: str = "") -> dict[str, Any]:
        """Remove a record and return it as it was."""
        service = self._running
        with service.project.lock:
            return service.writer.delete(_changeable(stream, parent), identifier, parent)

    @property
    def _running(self) -> Service:
        if self._service is None:
            raise ConfigError("The sandbox has not been started; use it inside `with Sandbox() as sandbox:`.")
        return self._service


def _changeable(stream: str, parent: str) -> str:
    """Return the path of a stream's collection; raises ConfigError for streams that have none, or no such parent."""
    path, staged = collection_of(stream)
    if staged is not None:
        raise ConfigError(f"{stream} are derived; change {'variants' if 'variant' in path else 'products'} instead.")
    if parent and path not in CHILDREN:
        raise ConfigError(f"Records of {stream} have no parent; leave out {parent!r}.")
    return path


def _built_in_state(now: datetime) -> bytes:
    from commercetools_source.sandbox.platform.clock import write_time

    # The one State that each project has from its start: https://docs.commercetools.com/api/projects/states
    state = {"key": "Initial", "type": "LineItemState", "initial": True, "builtIn": True, "name": {"en": "Initial"}}
    times = dict.fromkeys(("createdAt", "lastModifiedAt"), write_time(now))
    return msgspec.json.encode({"id": "00000000-0000-4000-8000-000000000001", "version": 1, **times, **state})


def _bare_project(key: str, now: datetime) -> bytes:
    from commercetools_source.sandbox.platform.clock import write_time

    return msgspec.json.encode(
        {
            "key": key,
            "name": key,
            "version": 1,
            "createdAt": write_time(now),
            "countries": [],
            "currencies": [],
            "languages": ["en"],
            "messages": {"enabled": True, "deleteDaysAfterCreation": 15},
            "carts": {"deleteDaysAfterLastModification": 90},
            "shoppingLists": {"deleteDaysAfterLastModification": 360},
            "discounts": {"discountCombinationMode": {"type": "Stacking"}},
            "inventory": {},
        }
    )
