"""The HTTP client that Mage's sources extend, and its errors by status."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from commercetools_source.config.values import Secret
from commercetools_source.http.exchange import Request
from commercetools_source.http.exchange import Response as PlatformResponse
from commercetools_source.http.retry import RetryBudget
from commercetools_source.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGGER = logging.getLogger("mage_integrations")

REQUEST_TIMEOUT = 300
"""Seconds to wait for an answer where `request_timeout` is not configured."""


def _error(name: str, base: type[Exception]) -> type[Exception]:
    """Return an error class of Mage's: it is made here, and not in `errors`, because its name is Mage's."""
    return type(name, (base,), {"__module__": __name__, "__doc__": f"Mage's {name}."})


HttpError = _error("HttpError", Exception)
Server4xxError = _error("Server4xxError", HttpError)
Server5xxError = _error("Server5xxError", HttpError)
BadRequestError = _error("BadRequestError", Server4xxError)
AuthenticationError = _error("AuthenticationError", Server4xxError)
ForbiddenError = _error("ForbiddenError", Server4xxError)
NotFoundError = _error("NotFoundError", Server4xxError)
MethodNotAllowedError = _error("MethodNotAllowedError", Server4xxError)
NotProcessedError = _error("NotProcessedError", Server4xxError)
RateLimitError = _error("RateLimitError", Server4xxError)
InternalServiceError = _error("InternalServiceError", Server5xxError)
ServiceUnavailableError = _error("ServiceUnavailableError", Server5xxError)


def _row(error: type[Exception], message: str) -> dict[str, Any]:
    return {"raise_exception": error, "message": message}


STATUS_CODE_EXCEPTION_MAPPING: dict[int, dict[str, Any]] = {
    400: _row(BadRequestError, "The request URI does not match the APIs in the system."),
    401: _row(AuthenticationError, "The user is not authenticated to use the API."),
    403: _row(ForbiddenError, "The requested operation is not permitted for the user."),
    404: _row(NotFoundError, "The requested resource was not found."),
    405: _row(MethodNotAllowedError, "The HTTP action is not allowed for the requested REST API."),
    409: _row(NotProcessedError, "The request could not be processed because of conflict in the request."),
    429: _row(RateLimitError, "You are requesting too many requests."),
    500: _row(InternalServiceError, "The request could not be processed due to internal server error."),
    503: _row(ServiceUnavailableError, "The request could not be processed due to temporary internal server error."),
}
"""Error class and usual message by status, as documented."""


def get_exception_for_status_code(status_code: int) -> type[Exception]:
    """Return the error class of `status_code`; a status without a row has the class of its hundred."""
    if status_code in STATUS_CODE_EXCEPTION_MAPPING:
        error: type[Exception] = STATUS_CODE_EXCEPTION_MAPPING[status_code]["raise_exception"]
        return error
    # As Mage has it: a status without a class of its own counts by its hundred.
    hundreds = {4: Server4xxError, 5: Server5xxError}
    return hundreds.get(status_code // 100, HttpError)


class Response(Protocol):
    """What is needed of an answer."""

    status_code: int

    def json(self) -> Any:
        """Return the parsed body; raise when it is no JSON."""
        ...


def raise_for_error(response: Response) -> NoReturn:
    """Raise the error of `response` with the server's message, else the usual one of its status."""
    try:
        answer = response.json()
    except Exception:  # noqa: BLE001 - whatever its JSON library raises
        answer = None
    row = STATUS_CODE_EXCEPTION_MAPPING.get(response.status_code, {})
    message = row.get("message", "Unknown Error")
    if isinstance(answer, dict):
        message = answer.get("message", message)
    raise get_exception_for_status_code(response.status_code)(
        f"HTTP-error-code: {response.status_code}, Error: {message}"
    ) from None


class Client:
    """Sends requests and returns parsed JSON. Nothing is sent before the first request.

    `config["request_timeout"]` is in seconds; 0, "0" and "" mean 300.
    """

    def __init__(
        self,
        config: dict[str, Any],
        logger: Any = None,
        api_result_limit: int = 100,
    ) -> None:
        self.config = config
        self.logger = logger if logger is not None else LOGGER
        self.api_result_limit = api_result_limit

    def get_headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        return {}

    def get_params(self, params: Any) -> Any:
        """Return the query parameters to send instead of `params`."""
        return params

    def make_request(
        self,
        url: str,
        method: str = "get",
        params: Any = None,
        body: Any = None,
    ) -> Any:
        """Return the parsed JSON of a 2xx answer, None when its body is empty.

        Reads are repeated while the server is overloaded or the network breaks. Raises the error of
        the answer's status, NetworkError when no whole answer came.
        """
        answer = self._send(url, method.upper(), self.get_params(params or {}), body)
        if answer.status // 100 != 2:  # noqa: PLR2004 - 2xx
            raise_for_error(_Answered(answer))
        return answer.value

    def _send(self, url: str, method: str, params: Any, body: Any) -> PlatformResponse:
        query = urlencode(params, doseq=True, quote_via=quote)
        headers: Mapping[str, str] = self.get_headers()
        # As a Secret from here on, so that no log line and no error of the transport can show it.
        secret = next((Secret(text) for name, text in headers.items() if name.lower() == "authorization"), None)
        headers = {name: text for name, text in headers.items() if name.lower() != "authorization"}
        request = Request(
            method=method,
            url=f"{url}{'&' if '?' in url else '?'}{query}" if query else url,
            path=urlsplit(url).path,
            headers=headers if body is None else {"Content-Type": "application/json", **headers},
            body=None if body is None else msgspec.json.encode(body),
            safe=method in {"GET", "HEAD", "OPTIONS"},
            parse=_json_or_none,
            authorization=secret,
            # Mage's client speaks to any host, and takes any 2xx.
            strict=False,
        )
        seconds = float(self.config.get("request_timeout") or 0) or REQUEST_TIMEOUT
        transport = Transport(concurrency=1, timeout=seconds, user_agent="commercetools-source")
        # One request, then closed: a client of this class has no end at which connections could be given up.
        try:
            return transport.send(request, RetryBudget(seconds))
        finally:
            transport.close()


class _Answered:
    """An answer as `raise_for_error` wants it."""

    def __init__(self, answer: PlatformResponse) -> None:
        self.status_code = answer.status
        self._body = answer.body

    def json(self) -> Any:
        return msgspec.json.decode(self._body)


def _json_or_none(body: bytes) -> Any:
    return msgspec.json.decode(body) if body.strip() else None
