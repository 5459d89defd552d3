"""The authorization server: API clients, tokens with a lifetime, and which scopes a token has.

https://docs.commercetools.com/api/authorization
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from commercetools_source.sandbox.platform.refusals import forbidden, oauth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from random import Random

    from commercetools_source.sandbox.platform.clock import Clock

__all__ = ["ApiClient", "Authorization", "Token"]

# 48 hours: https://docs.commercetools.com/api/authorization
DEFAULT_LIFETIME = 172_800
_UNAUTHENTICATED = "Please provide valid client credentials using HTTP Basic Authentication."
_NO_TOKEN = "This endpoint requires an access token. You can get one from the authorization server."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Credentials; `scopes` are complete (`view_orders:project`), `lifetime` is that of its tokens in seconds."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...]
    lifetime: int = DEFAULT_LIFETIME


@dataclass(frozen=True, slots=True)
class Token:
    """The client and the scopes that a token was issued for."""

    client_id: str
    scopes: frozenset[str]
    expires: datetime


class Authorization:
    """Issues and checks tokens."""

    def __init__(self, project_key: str, clock: Clock, random: Random) -> None:
        self.project_key = project_key
        self.clock = clock
        self.random = random
        self.clients: dict[str, ApiClient] = {}
        self.tokens: dict[str, Token] = {}

    def add(self, client: ApiClient) -> None:
        """Register an API client; it replaces one with the same id."""
        self.clients[client.client_id] = client

    def revoke(self, client_id: str | None = None) -> int:
        """Make the tokens of one client, or all of them, invalid at once; return how many there were."""
        gone = [text for text, token in self.tokens.items() if client_id in {None, token.client_id}]
        for text in gone:
            del self.tokens[text]
        return len(gone)

    def issue(self, parameters: Mapping[str, str], header: str) -> dict[str, Any]:
        """Return the response of the token endpoint; raises the platform's 400 and 401."""
        # The client before the grant: who has no credentials learns nothing of what would be accepted.
        client = self._client(parameters, header)
        grant = parameters.get("grant_type")
        if not grant:
            raise oauth(400, "invalid_request", "Missing required parameter: grant_type.")
        if grant != "client_credentials":
            raise oauth(400, "unsupported_grant_type", f"Invalid parameter: grant_type: Invalid grant type: {grant}.")
        # Without `scope` the token has all scopes of the client:
        # https://docs.commercetools.com/api/authorization#client-credentials-flow
        scopes = tuple(parameters.get("scope", "").split()) or client.scopes
        if not set(scopes) <= self._allowed(client):
            raise oauth(400, "invalid_scope", "Malformed parameter: scope: Invalid scope.")
        text = f"{self.random.getrandbits(192):048x}"
        expires = self.clock.now() + timedelta(seconds=client.lifetime)
        self.tokens[text] = Token(client.client_id, frozenset(scopes), expires)
        return {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": client.lifetime,
            "scope": " ".join(scopes),
        }

    def introspect(self, parameters: Mapping[str, str], header: str) -> dict[str, Any]:
        """Return the response of the introspection endpoint."""
        client = self._client(parameters, header)
        if not parameters.get("token"):
            raise oauth(400, "invalid_request", "Missing required parameter: token.")
        token = self.tokens.get(parameters["token"])
        # Without this scope a client may look at its own tokens only.
        others = f"introspect_oauth_tokens:{self.project_key}" in client.scopes
        if token is None or token.expires <= self.clock.now() or (token.client_id != client.client_id and not others):
            return {"active": False}
        return {
            "active": True,
            "scope": " ".join(sorted(token.scopes)),
            "exp": int(token.expires.timestamp() * 1000),
            "client_id": token.client_id,
        }

    def check(self, header: str) -> Token:
        """Return the token of an `Authorization` header; raises the platform's 401."""
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise oauth(401, "invalid_token", _NO_TOKEN)
        token = self.tokens.get(text.strip())
        if token is None or token.expires <= self.clock.now():
            raise oauth(401, "invalid_token", "invalid_token")
        return token

    def require(self, token: Token, scopes: Sequence[str], store: str | None = None) -> None:
        """Raise the platform's 403 unless the token has one of the scopes, for the project or for the store."""
        granted = {f"{scope}:{self.project_key}" for scope in scopes}
        if store is not None:
            # https://docs.commercetools.com/api/scopes: a scope may end with the key of one store.
            granted |= {f"{scope}:{self.project_key}:{store}" for scope in scopes}
        if not granted & token.scopes:
            raise forbidden(scopes)

    def _client(self, parameters: Mapping[str, str], header: str) -> ApiClient:
        name, secret = _basic(header) or (parameters.get("client_id", ""), parameters.get("client_secret", ""))
        # Unknown clients and wrong secrets are answered alike, so that ids cannot be tried out.
        client = self.clients.get(name)
        # A comparison that takes equally long for every wrong secret.
        if client is None or not compare_digest(client.client_secret.encode(), secret.encode()):
            raise oauth(401, "invalid_client", _UNAUTHENTICATED)
        return client

    @staticmethod
    def _allowed(client: ApiClient) -> set[str]:
        """Return the scopes that the client may ask for: its own and the view scopes they include."""
        viewed = {scope.replace("manage_", "view_", 1) for scope in client.scopes if scope.startswith("manage_")}
        return {*client.scopes, *(scope for scope in viewed if not scope.startswith("view_project:"))}


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ("", "")
    # RFC 6749, 2.3.1: clients encode both parts as forms do.
    return unquote(name), unquote(secret)
