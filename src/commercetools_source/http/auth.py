"""The OAuth2 client credentials flow: one access token for all threads, fetched late and renewed early.

Knows nothing of resources; how the request travels is handed in.
"""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from commercetools_source.errors import AuthenticationError
from commercetools_source.events import Hook, TokenFetched, ignore
from commercetools_source.forks import PerProcess
from commercetools_source.http.transport import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.config import Config

__all__ = ["Token", "TokenSource", "refusal", "renewal_margin", "token_request"]

_RENEW_BEFORE = 300.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Token:
    """An access token: `text` goes into the header, `scopes` is what the platform says it may do.

    `renew_at` is on the clock of the TokenSource that fetched it.
    """

    text: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_in: float
    renew_at: float


def renewal_margin(expires_in: float) -> float:
    """Return the seconds before expiry at which a token is renewed: 5 minutes, or a tenth of its life if shorter."""
    return min(_RENEW_BEFORE, expires_in / 10.0)


def token_request(config: Config) -> Request:
    """Return the request that fetches a token.

    The secret is in the Basic header only, the grant in the form body. No `scope` is sent unless
    configured: the token then has every scope of the API client (docs: Scopes).
    """
    form = {"grant_type": "client_credentials"}
    if config.scopes:
        form["scope"] = " ".join(config.scopes)
    pair = f"{config.client_id}:{config.client_secret.reveal()}"
    return Request(
        method="POST",
        url=config.token_url,
        path="/oauth/token",
        headers={
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        },
        body=urlencode(form).encode(),
        parse=msgspec.json.decode,
    )


def refusal(answer: Response, config: Config) -> AuthenticationError:
    """Return the error for an `answer` that has no token, with the server's reason and what to do."""
    said = _object(answer.body)
    code = str(said.get("error") or "")
    reason = str(said.get("error_description") or said.get("message") or "no reason given")
    advice = {
        "invalid_client": "check client_id, client_secret and the region: an API client exists in one region only",
        "invalid_scope": f"the API client lacks one of {', '.join(config.scopes) or 'the scopes'};"
        " leave `scopes` out to use all it has",
    }.get(code, f"check that {config.token_url} is the authorization server of this project")
    named = f" ({code})" if code else ""
    return AuthenticationError(f"no access token: {answer.status}{named}: {reason.rstrip('.')}. Next: {advice}")


class TokenSource:
    """Hands out a valid access token to all threads; at most one fetch is under way in a process."""

    def __init__(
        self,
        config: Config,
        send: Callable[[Request], Response],
        now: Callable[[], float],
        hook: Hook = ignore,
    ) -> None:
        self._config = config
        self._send = send
        self._now = now
        self._hook = hook
        self._lock = PerProcess(threading.Lock)
        self._token: Token | None = None

    def get(self) -> Token:
        """Return a token that is not about to expire, fetching one if need be.

        Raises AuthenticationError when the server refuses, NetworkError when it cannot be reached.
        """
        token = self._token
        if token is not None and self._now() < token.renew_at:
            return token
        with self._lock.get():
            if self._token is None or self._now() >= self._token.renew_at:
                self._token = self._fetch()
            return self._token

    def replace(self, refused: Token) -> Token:
        """Return another token than `refused`, which the platform did not accept."""
        with self._lock.get():
            if self._token is None or self._token is refused:
                self._token = self._fetch()
            return self._token

    def _fetch(self) -> Token:
        answer = self._send(token_request(self._config))
        said = answer.value if isinstance(answer.value, dict) else {}
        text, lifetime = said.get("access_token"), said.get("expires_in")
        if answer.status != _OK or not isinstance(text, str) or not text:
            raise refusal(answer, self._config)
        expires_in = float(lifetime) if isinstance(lifetime, (int, float)) else 0.0
        self._hook(TokenFetched(expires_in))
        return Token(
            text=text,
            scopes=_scopes(said.get("scope")),
            expires_in=expires_in,
            renew_at=self._now() + expires_in - renewal_margin(expires_in),
        )


def _scopes(said: object) -> tuple[str, ...]:
    return tuple(said.split()) if isinstance(said, str) else ()


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
