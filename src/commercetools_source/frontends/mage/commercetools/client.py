"""The documented client of Mage's commercetools source, sending through ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source import errors
from commercetools_source.client import Client as ApiClient
from commercetools_source.events import Event, Hook, Notice, RecordQuarantined, RetryScheduled
from commercetools_source.frontends.mage.bases import of_mage
from commercetools_source.frontends.words import MAGE
from commercetools_source.http.responses import json_or_none

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.config import Config
    from commercetools_source.frontends.mage.standin.sources.http.client import Client as BaseClient
else:
    BaseClient = of_mage("sources.http.client").Client

__all__ = ["Client", "hook_of", "settings_of"]


class Client(BaseClient):
    """Requests to one project with the access token of an API client.

    Creating one fetches the token, as documented: wrong credentials raise AuthenticationError at
    once (that of `mage_integrations.sources.http.client`), wrong settings ConfigError. The token is
    renewed before it expires. `config` has `region`, `host`, `project_key`, `client_id` and
    `client_secret`; every other setting of commercetools-source may be there too.
    """

    def __init__(self, config: dict[str, Any], logger: Any) -> None:
        super().__init__(config)
        self.logger = logger
        # Mage's documented attribute; pages of this client have the size that the settings say.
        self.api_result_limit = 100
        self.api = ApiClient(settings_of(config), hook=hook_of(logger))
        self.token = f"Bearer {self.get_access_token()}"

    @property
    def base_url(self) -> str:
        """Every path is appended to this URL."""
        return self.api.config.api_base

    def get_access_token(self) -> str:
        """Return an access token that is not about to expire. Raises AuthenticationError, NetworkError."""
        try:
            return self.api.access_token()
        except errors.AuthenticationError as error:
            raise _translated(error) from error

    def get_headers(self) -> dict[str, str]:
        """Return the headers that authorize a request now."""
        # Asked for anew with each request, because a token ends while a long pipeline runs.
        self.token = f"Bearer {self.get_access_token()}"
        return {"Authorization": self.token, "Content-Type": "application/json"}

    def request(
        self,
        method: str = "get",
        path: str | None = None,
        url: str | None = None,
        params: Any = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed JSON of the answer; None when neither `path` nor `url` is given.

        `path` is appended to `base_url`, `url` replaces both. Errors are those of `make_request`.
        """
        if url is None and path is None:
            return None
        return self.make_request(url or self.base_url + str(path), method=method, params=params, body=body)

    def make_request(self, url: str, method: str = "get", params: Any = None, body: Any = None) -> Any:
        """Return the parsed JSON of any 2xx answer, None when its body is empty.

        Reads are repeated while the platform is overloaded or the network breaks; requests are not
        slowed down. Raises the error class that Mage documents for the status, with ours as its
        `__cause__` (codes, correlation id); NetworkError when no whole answer came; ConfigError when
        `url` is not on the project's API host.
        """
        try:
            # An absolute URL is checked there: the token must never go to another host.
            return self.api.send(
                method,
                url=url,
                params=self.get_params(params or {}),
                body=body,
                headers=self.get_headers(),
                parse=json_or_none,
            ).value
        except (errors.ApiError, errors.AuthenticationError) as error:
            raise _translated(error) from error


def settings_of(config: Mapping[str, Any] | None) -> Config:
    """Return the checked settings; keys that are Mage's own are ignored.

    Without `request_timeout` the documented 300 seconds hold. Raises ConfigError.
    """
    given = dict(config or {})
    if str(given.get("request_timeout") or "0").strip() in {"0", "0.0"}:
        given["request_timeout"] = of_mage("sources.http.client").REQUEST_TIMEOUT
    return MAGE.config(given, ignore_unknown=True)


def hook_of(logger: Any) -> Hook:
    """Return a hook that logs what a user should know of a run: repeated requests, unreadable records, and notices."""

    def hook(event: Event) -> None:
        if logger is not None and isinstance(event, (RetryScheduled, RecordQuarantined, Notice)):
            logger.info(event.message())

    return hook


def _translated(error: errors.ApiError | errors.AuthenticationError) -> Exception:
    """Return Mage's error for ours, with the documented text."""
    mage = of_mage("sources.http.client")
    if isinstance(error, errors.AuthenticationError):
        refused: Exception = mage.AuthenticationError(f"HTTP-error-code: 401, Error: {error}")
        return refused
    usual = mage.STATUS_CODE_EXCEPTION_MAPPING.get(error.status, {}).get("message", "Unknown Error")
    # A proxy's page has no message of the platform, and would fill Mage's log with HTML.
    detail = usual if error.problem.foreign else error.problem.detail
    error_class: type[Exception] = mage.get_exception_for_status_code(error.status)
    return error_class(f"HTTP-error-code: {error.status}, Error: {detail}")
