"""Any request to the API of one project, with its token."""

from __future__ import annotations

import math
import platform
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from commercetools_source.catalog.services import service_of
from commercetools_source.catalog.stores import path_in_store
from commercetools_source.catalog.timestamps import instant, shift
from commercetools_source.config import Config
from commercetools_source.config.values import Secret
from commercetools_source.errors import AuthenticationError, ConfigError, NotFoundError
from commercetools_source.events import Hook, Notice, ignore
from commercetools_source.extract.privacy import privacy_of
from commercetools_source.http.auth import Token, TokenSource
from commercetools_source.http.exchange import Request, Response, Timing, is_good
from commercetools_source.http.responses import error_of, json_or_none, problem_of
from commercetools_source.http.retry import RetryBudget, http_date
from commercetools_source.http.traffic import Meter, Traffic
from commercetools_source.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self


__all__ = ["Params", "Requests"]

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
"""Query parameters; a list or tuple as value repeats its parameter, None leaves it out."""

_CLOCKS_AGREE = 60.0
"""Seconds by which two clocks may differ without a word; the settle delay covers them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
"""What a server says that has no clock; an earlier time is none."""
_BRIEFLY = 20.0
"""Seconds for which a request is retried that a run can do without."""
# DELETE is idempotent by RFC 9110, but its repetition is answered with a 404, as if nothing had been done.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Requests:
    """Requests to one project; safe to share between threads and forked processes, silent before its first request.

    The arguments are described at `Client`.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any],
        *,
        hook: Hook = ignore,
        timing: Timing | None = None,
        contact_seconds: float | None = None,
        access_token: Secret | None = None,
    ) -> None:
        self.config = config if isinstance(config, Config) else Config.from_mapping(config)
        self.privacy = privacy_of(self.config)
        timing = timing or Timing()
        self._meter = Meter(hook)
        self._hook: Hook = self._meter
        self._transport = Transport(
            concurrency=self.config.concurrency,
            timeout=self.config.request_timeout,
            user_agent=_user_agent(),
            hook=self._hook,
            timing=timing,
        )
        self._patience = RetryBudget(self.config.retry_seconds, contact_seconds=contact_seconds)
        self._tokens = TokenSource(
            self.config,
            # A token is asked for with the run's whole patience, whatever the request that needs it may wait.
            lambda request: self._transport.send(request, self._patience),
            timing.now,
            self._hook,
            # Without a life: nothing is known of it, so it serves until the platform answers 401.
            None if access_token is None else Token(access_token.reveal(), ()),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def traffic(self) -> Traffic:
        """Return how much this client asked since it was made, those for tokens included."""
        return self._meter.total()

    def request(
        self,
        method: str,
        path: str | None = None,
        url: str | None = None,
        params: Params | None = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed JSON of a 2xx answer, None when its body is empty.

        `path` is below the project key (`/orders`); `url` replaces it and must lie on the configured
        API host. `body` is sent as JSON. A read that failed is retried for `retry_seconds`, a write only if
        nothing was sent. Raises ApiError, AuthenticationError, NetworkError, ConfigError.
        """
        answer = self.send(method, path, url=url, params=params, body=body, parse=json_or_none)
        return answer.value

    def send(  # noqa: PLR0913 - one keyword for each part of a request
        self,
        method: str,
        path: str | None = None,
        *,
        url: str | None = None,
        params: Params | None = None,
        body: Any = None,
        parse: Callable[[bytes], Any] | None = None,
        oversized_attempts: int | None = None,
        safe: bool | None = None,
        headers: Mapping[str, str] | None = None,
        retry_seconds: float = math.inf,
    ) -> Response:
        """Return the whole 2xx answer, with what `parse` made of its body; otherwise as `request`.

        It is retried for `retry_seconds` at most, by default for the setting's. `safe` says that the request may
        be repeated although it may have been carried out; by default that holds for GET, HEAD and OPTIONS.
        `headers` are sent besides ours, the token's stays.
        """
        try:
            method = _method(method)
            target = self._target(path, url, params)
            encoded = None if body is None else msgspec.json.encode(body)
        except ConfigError:  # which is a ValueError, and says it already
            raise
        except UnicodeEncodeError as error:
            # Half of a surrogate pair, from a file name or a damaged text: no encoding of UTF-8 has it.
            raise ConfigError(f"a parameter or the body of a request cannot be sent: {error.reason}") from None
        except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
            raise ConfigError(f"a request cannot be sent as it is given: {error}") from None
        request = Request(
            method=method,
            url=target,
            path=urlsplit(target).path,
            headers={**({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})},
            body=encoded,
            # https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
            safe=method in _SAFE_METHODS if safe is None else safe,
            parse=parse,
        )
        headers = None  # a traceback may show this frame, and a caller's headers may hold the token
        seconds = min(retry_seconds, self._patience.seconds)
        budget = replace(self._patience, seconds=seconds, oversized_attempts=oversized_attempts)
        answer = self._with_token(request, budget)
        if is_good(answer.status):
            return answer
        raise error_of(answer, request.method, request.path)

    def access_token(self) -> str:
        """Return a valid access token, for requests that are sent by other means. Keep it out of logs."""
        return self._tokens.get().text

    def granted_scopes(self) -> tuple[str, ...]:
        """Return the scopes of the token, each with its project key (`view_orders:my-shop`)."""
        return self._tokens.get().scopes

    def settled_time(self) -> str:
        """Return the API timestamp up to which reads are settled; raises as `server_time` does.

        A change that was made shortly before an answer may not be in it yet. Where the platform's clock and
        this machine's differ, the earlier one counts, since nothing is lost by reading less, and a Notice says so.
        """
        platform_time, machine_time = self._clocks()
        if abs(difference := (platform_time - machine_time).total_seconds()) > _CLOCKS_AGREE:
            ahead = f"{timedelta(seconds=round(abs(difference)))} {'ahead of' if difference > 0 else 'behind'}"
            reason = f"the API's clock is {ahead} this machine's; the earlier one counts, so set right what is wrong"
            self._hook(Notice("clock", reason, lacking=True))
            # Which of the two is wrong cannot be told from here.
            platform_time = min(platform_time, machine_time)
        return shift(instant(platform_time), -self.config.settle_seconds)

    def server_time(self) -> datetime:
        """Return the platform's clock in UTC, to the second, from the `Date` header of an answer.

        Our own clock is used only if a proxy strips that header or writes no time into it. Raises NotFoundError
        when the region has no project of this key, and as `request` when the platform cannot be reached.
        """
        return self._clocks()[0]

    def _clocks(self) -> tuple[datetime, datetime]:
        """Return the platform's clock and the one to compare it with: this machine's, or what the sandbox says.

        The sandbox's clock is moved by tests; its answers say so, apart from `Date`, which a proxy may change. Believed
        of a server that is not on this machine, that header would let a wrong clock pass.
        """
        # The project itself, the smallest answer that there is; a 403 for it has a `Date` as well.
        url = self._target("/", None, None)
        answer = self._with_token(Request(method="GET", url=url, path=urlsplit(url).path, headers={}), self._patience)
        if answer.status == HTTPStatus.NOT_FOUND:
            problem = problem_of(answer, "GET", urlsplit(url).path)
            advice = "no project of this key here; check project_key and region"
            if problem.foreign:
                advice = f"{problem.detail}; check api_url, too"
            raise NotFoundError(replace(problem, detail=advice))
        sandbox_time = http_date(answer.headers.get("X-Sandbox-Clock")) if self.config.is_local else None
        machine_time = sandbox_time or datetime.now(timezone.utc)
        platform_time = http_date(answer.headers.get("Date"))
        return platform_time if platform_time is not None and platform_time >= _EPOCH else machine_time, machine_time

    def get(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,
    ) -> Any:
        """Return what `parse` makes of the answer to a GET; the `Get` that paging asks for.

        With the setting `store_key` a collection that each store has is the one of that store.
        """
        path = path_in_store(path, self.config.store_key)
        return self.send("GET", path, params=params, parse=parse, oversized_attempts=oversized_attempts).value

    def get_briefly(
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        parse: Callable[[bytes], Any],
        oversized_attempts: int | None = None,
    ) -> Any:
        """Return the same as `get`, but retry for 20 seconds at most: for what a run can do without."""
        path = path_in_store(path, self.config.store_key)
        return self.send(
            "GET", path, params=params, parse=parse, oversized_attempts=oversized_attempts, retry_seconds=_BRIEFLY
        ).value

    def _with_token(self, request: Request, patience: RetryBudget) -> Response:
        token = self._tokens.get()
        answer = self._transport.send(_signed(request, token.text), patience)
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        # Once: a token may have been revoked before its time; a new one that is refused has another cause.
        token = self._tokens.replace(token)
        answer = self._transport.send(_signed(request, token.text), patience)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            problem = error_of(answer, request.method, request.path).problem
            raise AuthenticationError(
                f"{problem}. A new token was refused too; check that the API client belongs to project"
                f" {self.config.project_key!r} and still exists"
            )
        return answer

    def _target(self, path: str | None, url: str | None, params: Params | None) -> str:
        if url is not None:
            self._refuse_foreign(url)
            target = url
        elif path is not None:
            service, below = service_of(path)
            target = self.config.base_of(service) + ("" if below == "/" else "/" + below.removeprefix("/"))
        else:
            raise ConfigError("a request needs `path` (below the project key, such as '/orders') or `url`")
        # %20 for a space: "+" means one only where a query is read as a form (RFC 3986 knows no such rule).
        query = urlencode(_pairs(params), quote_via=quote)
        # A `url` may bring parameters of its own.
        return f"{target}{'&' if '?' in target else '?'}{query}" if query else target

    def _refuse_foreign(self, url: str) -> None:
        api, target = urlsplit(self.config.api_url), urlsplit(url)
        # The whole authority: `https://api.example@evil.example` has another one, and so has another port.
        if (api.scheme, api.netloc) != (target.scheme, target.netloc):
            raise ConfigError(
                f"url {target.scheme}://{target.hostname} is not on the configured API host {self.config.api_url};"
                " the token is sent nowhere else"
            )


def _method(text: str) -> str:
    if not (text.isascii() and text.isalpha()):
        raise ConfigError(f"{text!r} is no method of a request; such as GET or POST is")
    # Methods are case-sensitive (RFC 9110, section 9.1), and people write `get`.
    return text.upper()


def _signed(request: Request, token: str) -> Request:
    headers = {
        "Accept": "application/json",
        # The platform echoes and logs it, so that its support can find this one request
        # (https://docs.commercetools.com/api/general-concepts).
        "X-Correlation-ID": str(uuid.uuid4()),
        # A caller's own would win over the token's under another spelling, and be seen in a traceback.
        **{name: value for name, value in request.headers.items() if name.lower() != "authorization"},
    }
    return replace(request, headers=headers, authorization=Secret(f"Bearer {token}"))


def _pairs(params: Params | None) -> list[tuple[str, str]]:
    if params is None:
        return []
    rows = params.items() if isinstance(params, Mapping) else params
    return [(name, _text(value)) for name, given in rows for value in _values(given)]


def _values(given: Any) -> Sequence[Any]:
    if given is None:
        return ()
    return given if isinstance(given, (list, tuple)) else (given,)


def _text(value: Any) -> str:
    # The API reads JSON's words, `true` and not `True`.
    return str(value).lower() if isinstance(value, bool) else str(value)


def _user_agent() -> str:
    version = metadata.version("commercetools-source")
    return f"commercetools-source/{version} python/{platform.python_version()} ({platform.system()})"
