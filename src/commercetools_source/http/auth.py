"""The OAuth2 client credentials flow: one access token for all threads, fetched late and renewed early.

Knows nothing of resources; how the request travels is handed in.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from commercetools_source.config.values import Secret
from commercetools_source.errors import AuthenticationError, PageTooLargeError, printable
from commercetools_source.events import Hook, TokenFetched, ignore
from commercetools_source.http.exchange import Request, Response
from commercetools_source.http.forks import PerProcess
from commercetools_source.http.responses import unchecked_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.config import Config

__all__ = ["Token", "TokenSource", "refusal", "renewal_margin", "token_of", "token_request"]

# As early as the platform's TypeScript SDK: a request that waits in a queue must not meet the expiry.
_RENEW_BEFORE = 300.0
# The platform's tokens live for an hour to a week, two days unless configured
# (https://docs.commercetools.com/api/projects/api-clients#apiclient).
_SHORTEST_LIFE = 1.0
_LARGEST_ANSWER = 1 << 20
_HEADER_TEXT = re.compile(r"[!-~]+", re.ASCII)
"""What a token may consist of, so that it can be sent in a header (RFC 6750, section 2.1, is narrower)."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: `text` goes into the header, `scopes` is what the platform says it may do.

    `expires_in` is None where the server did not say, or said nonsense; the token is used until it is refused then.
    `renew_at` is on the clock of the TokenSource that fetched it.
    """

    text: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_in: float | None = None
    renew_at: float = math.inf


def renewal_margin(expires_in: float) -> float:
    """Return the seconds before expiry at which a token is renewed: 5 minutes, or a tenth of its life if shorter."""
    return min(_RENEW_BEFORE, expires_in / 10.0)


def token_request(config: Config) -> Request:
    """Return the request that fetches a token.

    The secret is in the Basic header only, the grant in the form body. No `scope` is sent unless
    configured: the token then has every scope of the API client (docs: Scopes).
    """
    form = {"grant_type": "client_credentials"}
    # One scope that the client lacks refuses the whole request, so asking for all that exist would fail.
    if config.scopes:
        form["scope"] = " ".join(config.scopes)
    pair = f"{config.client_id}:{config.client_secret.reveal()}"
    return Request(
        method="POST",
        url=config.token_url,
        path="/oauth/token",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
        parse=_json,
        authorization=Secret("Basic " + base64.b64encode(pair.encode()).decode()),
        largest=_LARGEST_ANSWER,
    )


def token_of(answer: Any, now: float, requested: tuple[str, ...] = ()) -> Token | None:
    """Return the token in the fields of an `answer`, None when there is none that a header can carry.

    An answer without `scope` grants what was `requested` (RFC 6749, section 5.1). A life that is missing, no number
    or shorter than a second counts as unknown: renewing by it would cost a token for each request.
    """
    fields = answer if isinstance(answer, dict) else {}
    text, scope = fields.get("access_token"), fields.get("scope")
    if not isinstance(text, str) or not _HEADER_TEXT.fullmatch(text):
        return None
    scopes = tuple(map(printable, scope.split())) if isinstance(scope, str) and scope.strip() else requested
    # Its own `expires_in` counts, not the platform's usual two days: each API client may set another.
    life = _life(fields.get("expires_in"))
    return Token(text, scopes) if life is None else Token(text, scopes, life, now + life - renewal_margin(life))


_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
"""What refuses a client (RFC 6749, section 5.2); any other status is a fault of the server."""


def refusal(response: Response, config: Config) -> AuthenticationError:
    """Return the error for a `response` without a usable token, with the server's reason and what to do."""
    message = unchecked_json(response.body)
    fields = message if isinstance(message, dict) else {}
    code = printable(str(fields.get("error") or ""), 60)
    reason = printable(str(fields.get("error_description") or fields.get("message") or "no reason given"))
    # The server's own words would mislead here: it believes that it has granted a token.
    if response.status == HTTPStatus.OK:
        reason = "the answer has no access_token that a header can carry"
    advice = {
        "invalid_client": "check client_id, client_secret and the region: an API client exists in one region only",
        "invalid_scope": f"the API client lacks one of {', '.join(config.scopes) or 'the scopes'};"
        " leave `scopes` out to use all it has",
    }.get(code, f"check that {config.token_url} is the authorization server of this project")
    named = f" ({code})" if code else ""
    asked = "" if response.wait is None else f"; it asks to wait {response.wait:.0f} s, more than retry_seconds"
    return AuthenticationError(
        f"no access token: {response.status}{named}: {reason.rstrip('.')}{asked}. Next: {advice}",
        refused=response.status in _REFUSALS,
    )


class TokenSource:
    """Hands out a valid access token to all threads; at most one fetch is under way in a process.

    `token` is one to begin with.
    """

    def __init__(
        self,
        config: Config,
        send: Callable[[Request], Response],
        now: Callable[[], float],
        hook: Hook = ignore,
        token: Token | None = None,
    ) -> None:
        self._config = config
        self._send = send
        self._now = now
        self._hook = hook
        self._lock = PerProcess(threading.Lock)
        self._token = token

    def get(self) -> Token:
        """Return a token that is not about to expire, fetching one if need be.

        Raises AuthenticationError when the server refuses, NetworkError when it cannot be reached.
        """
        # Read once and without the lock: another thread may put a new one in place between the two conditions.
        token = self._token
        if token is not None and self._now() < token.renew_at:
            return token
        with self._lock.get():
            # Asked again inside: who waited for the lock waited for somebody's fetch.
            if self._token is None or self._now() >= self._token.renew_at:
                self._token = self._fetch()
            return self._token

    def replace(self, refused: Token) -> Token:
        """Return another token than `refused`, which the platform did not accept."""
        with self._lock.get():
            # Twenty requests are refused with one token; the first fetches, and the others take what it got.
            if self._token is None or self._token is refused:
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> Token:
        token, response = self._ask()
        if token is None:  # raised here: this frame, which a traceback may show, has no field of the answer
            raise refusal(response, self._config)
        self._hook(TokenFetched(token.expires_in))
        return token

    def _ask(self) -> tuple[Token | None, Response]:
        try:
            response = self._send(token_request(self._config))
        except PageTooLargeError as error:
            raise AuthenticationError(
                f"no access token: {error}. Next: check that {self._config.token_url} is the authorization server"
            ) from None
        if response.status != HTTPStatus.OK:
            return None, response
        return token_of(response.value, self._now(), self._config.scopes), response


def _json(body: bytes) -> Any:
    """Return a token answer as plain values; numbers of any size are floats."""
    # Not msgspec, which refuses numbers that no float holds; Python's limit of 4,300 digits is int's, not float's.
    return json.loads(body, parse_int=float)


def _life(value: object) -> float | None:
    """Return the seconds in `expires_in`, some servers' text included; None when they are of no use."""
    try:
        life = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        return None
    return life if _SHORTEST_LIFE <= life < math.inf else None
