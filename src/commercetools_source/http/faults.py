"""What an exchange without a whole answer means: pure functions from a library's exception to an error of ours.

The errors are made here and raised elsewhere: an error that is raised while another is handled keeps that one as its
context, whose frames hold the request's Authorization header, and tracebacks with locals would print it.
"""

from __future__ import annotations

import errno
import re
import ssl
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING

from urllib3 import exceptions

from commercetools_source.errors import (
    AuthenticationError,
    NetworkError,
    OverdueError,
    OversizedError,
    PageTooLargeError,
    Problem,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.http.proxies import Proxy

__all__ = [
    "CERTIFICATES",
    "HANDSHAKES",
    "cause_of",
    "fault_of",
    "incomplete",
    "oversized",
    "proxy_refusal",
    "unreadable",
]

CERTIFICATES: Mapping[int, str] = {
    9: "its certificate is not valid yet; check this machine's clock",
    10: "its certificate has expired; check this machine's clock, or tell who runs the host",
    18: "its certificate is signed by itself",
    19: "its certificate is signed by an authority that this machine does not trust",
    20: "its certificate is signed by an authority that this machine does not trust",
    21: "it does not send the whole chain of its certificate, or the authority is not trusted here",
    62: "its certificate is for another host name; check the host name",
    64: "its certificate is for another address; use the host name",
}
"""By OpenSSL's verify code (https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/)."""
_READ_CODINGS = frozenset({"identity", "gzip", "x-gzip"})
_TRUST = "; where a company's proxy signs, set REQUESTS_CA_BUNDLE to the file of its certificates"
_UNTRUSTED = frozenset({18, 19, 20, 21})

_REFUSED_CERTIFICATES = ("BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE")
"""How servers say that a certificate of ours is missing, before TLS 1.3 has a word for it."""

HANDSHAKES: Mapping[str, str] = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS at this port; check scheme and port of the URL or of the proxy",
    "HTTP_REQUEST": "it does not speak TLS at this port; check scheme and port of the URL or of the proxy",
    "RECORD_LAYER_FAILURE": "it does not speak TLS at this port; check scheme and port of the URL or of the proxy",
    "UNSUPPORTED_PROTOCOL": "it speaks only versions of TLS that are not safe any more",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it accepts none of the versions of TLS that this machine speaks",
    "NO_PROTOCOLS_AVAILABLE": "it accepts none of the versions of TLS that this machine speaks",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it accepts none of the ciphers that this machine offers",
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE": "it accepts none of the ciphers that this machine offers",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "it accepts none of the ciphers that this machine offers",
    "DH_KEY_TOO_SMALL": "it offers only keys that are not safe any more",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "it knows no safe renegotiation, as old proxies do not",
    **dict.fromkeys(
        (
            "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            *(f"{family}_ALERT_{why}" for family in ("SSLV3", "SSL/TLS") for why in _REFUSED_CERTIFICATES),
        ),
        "it asks for a certificate of ours, as no host of the platform does",
    ),
    "TLSV1_ALERT_ACCESS_DENIED": "it refuses this machine; ask who runs the host or the proxy before it",
    "TLSV1_UNRECOGNIZED_NAME": "it does not know this host name; check the host name",
}
"""By OpenSSL's reason: none of these passes by itself, and nothing was carried out."""


def fault_of(  # noqa: PLR0911 - one line for each kind
    error: BaseException, host: str, proxy: Proxy | None, timeout: float
) -> NetworkError | AuthenticationError:
    """Return what `error`, of an exchange with `host` through `proxy`, means; `timeout` is that of a read."""
    target = host if proxy is None else f"{host} through the proxy {proxy.name}"
    if isinstance(error, exceptions.ProxyError):
        return _proxy_fault(error, target, proxy)
    if isinstance(error, exceptions.ConnectTimeoutError):  # NewConnectionError is one, too
        return NetworkError(
            f"{target} cannot be reached ({_connecting(error)});"
            " check the region or api_url/auth_url/history_url, and the network",
            sent=False,
        )
    if isinstance(error, (exceptions.SSLError, ssl.SSLError)):
        return _tls_fault(error, target)
    if isinstance(error, OverdueError):
        return NetworkError(f"an answer of {target} did not end within {error.seconds:g} s", timed_out=True)
    if isinstance(error, (exceptions.ReadTimeoutError, TimeoutError)):
        return NetworkError(f"{target} sent nothing for {timeout:g} s", timed_out=True)
    if isinstance(error, (exceptions.LocationValueError, UnicodeError)):
        return NetworkError(
            f"{target} is no host that can be asked ({_words(error)}); check api_url, auth_url or history_url",
            sent=False,
            lasting=True,
        )
    return NetworkError(f"the connection to {target} broke ({_words(error)})")


def cause_of(error: BaseException) -> str:
    """Return why an exchange ended without an answer, in words that have neither its URL nor its host."""
    if isinstance(error, exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, exceptions.ProxyError):
        return f"the proxy on the way fails: {cause_of(error.original_error)}"
    if isinstance(error, (exceptions.ReadTimeoutError, TimeoutError, OverdueError)):
        return "it does not answer"
    tls = _tls_reason(error) if isinstance(error, (exceptions.SSLError, ssl.SSLError)) else None
    return tls or _connecting(error)


def oversized(
    error: OversizedError | MemoryError | RecursionError, status: int, method: str, path: str
) -> PageTooLargeError:
    """Return the error for a page that cannot be taken in whole; fewer records may fit."""
    if isinstance(error, OversizedError):
        detail = f"the answer is larger than {error.bound >> 20} MB, the most that is read at once"
    elif isinstance(error, MemoryError):
        detail = "there is not enough memory for the answer"
    else:
        detail = "a value in the answer is nested too deep to be read"
    return PageTooLargeError(Problem(status, detail, method=method, path=path))


def unreadable(status: int, headers: Mapping[str, str], body: bytes, host: str, request: str) -> NetworkError:
    """Return the error for a whole 2xx body that is not what was asked for; `request` is its method and path."""
    coding = (headers.get("Content-Encoding") or "").strip()
    if coding and coding.lower() not in _READ_CODINGS:
        return NetworkError(
            f"{host} answered {request} with {status}, packed as {printable(coding, 40)}, which was not asked for;"
            " look for a proxy or gateway that packs answers anew"
        )
    media_type = headers.get("Content-Type") or "no content type"
    # Cut JSON may be half of a page that was too large, so it is halved; a login page stays one at any size.
    is_json = "json" in media_type.lower() or body.lstrip()[:1] in {b"{", b"["}
    if is_json:
        return NetworkError(
            f"{request} of {host}: an answer was cut off, or is not what the platform sends;"
            " look for a proxy or gateway that cuts or changes answers",
            damaged=True,
        )
    return NetworkError(
        f"{host} answered {request} with {status} and {printable(media_type, 60)}, which is no JSON;"
        " check api_url, auth_url or history_url, or whether a proxy or login page answers in place of the platform"
    )


def incomplete(status: int, headers: Mapping[str, str], host: str, request: str) -> NetworkError:
    """Return the error for a 2xx that is not the whole answer to a read, however much its body looks like one."""
    part = headers.get("Content-Range")
    named = f" ({printable(part, 60)})" if part else ""
    return NetworkError(
        f"{host} answered {request} with {status}{named}, which is not the whole answer as the platform sends it;"
        " look for a proxy or gateway that cuts or changes answers",
        # Fewer records may pass as a whole where only large answers are cut.
        damaged=True,
    )


def proxy_refusal(proxy: Proxy) -> AuthenticationError:
    """Return the error for a proxy that wants another user or password (407)."""
    given = "refused the user and password" if proxy.user is not None else "asks for a user and a password"
    return AuthenticationError(
        f"the proxy {proxy.name} {given} (407); set them in {proxy.variable}, as http://user:password@{proxy.name}"
    )


def _proxy_fault(error: exceptions.ProxyError, target: str, proxy: Proxy | None) -> NetworkError | AuthenticationError:
    """Return what an exchange that ended at the proxy means; nothing was sent to the host behind it."""
    # http.client tells the status of a refused CONNECT in this text only.
    refused = re.search(r"Tunnel connection failed: (\d{3})", str(error.original_error))
    status = int(refused[1]) if refused else None
    # A person has to act, so it ends at once and is not repeated like a network fault.
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED and proxy is not None:
        return proxy_refusal(proxy)
    cause = error.original_error
    tls = _tls_reason(cause) if isinstance(cause, (exceptions.SSLError, ssl.SSLError)) else None
    reason = f"the proxy answered with {status}" if status else tls or _connecting(cause)
    # A proxy's 4xx refuses this host by a rule; its 5xx may be a host that is just starting.
    lasting = tls is not None or (status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR)
    named = "" if proxy is None else f"{proxy.variable}, "
    return NetworkError(
        f"{target} cannot be reached ({reason}); check {named}no_proxy and the proxy",
        sent=False,
        lasting=lasting,
    )


def _connecting(error: BaseException) -> str:
    """Return why no connection came about, in words."""
    if isinstance(error, exceptions.NameResolutionError):
        return "its name cannot be resolved"
    number = next((cause.errno for cause in _causes(error) if isinstance(cause, OSError) and cause.errno), None)
    reasons = {
        errno.ECONNREFUSED: "it refuses the connection",
        errno.ENETUNREACH: "there is no network to it",
        errno.EHOSTUNREACH: "there is no route to it",
        errno.EMFILE: "this process may open no more files; raise its limit, ulimit -n",
    }
    if number in reasons:
        return reasons[number]
    if isinstance(error, exceptions.ConnectTimeoutError) and not isinstance(error, exceptions.NewConnectionError):
        return "it does not answer"
    return _words(error)


def _causes(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    # Two errors can name each other as cause and context; the chain would have no end.
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


def _tls_fault(error: BaseException, target: str) -> NetworkError:
    reason = _tls_reason(error)
    if reason is not None:
        return NetworkError(f"no secure connection to {target}: {reason}", sent=False, lasting=True)
    # It may have broken off after the request, so a write is not repeated.
    return NetworkError(f"the secure connection to {target} broke ({_words(error)}); check the network")


def _tls_reason(error: BaseException) -> str | None:
    """Return what is wrong in a way that does not pass, None for a connection that only broke."""
    inner = next((item for item in (error, *error.args) if isinstance(item, ssl.SSLError)), None)
    if isinstance(inner, ssl.SSLCertVerificationError):
        code = inner.verify_code
        reason = CERTIFICATES.get(code, f"its certificate was refused: {inner.verify_message}")
        return reason + (_TRUST if code in _UNTRUSTED else "")
    # What is not in the table may pass: a connection that was cut in the handshake looks like any other.
    return None if inner is None else HANDSHAKES.get(inner.reason or "")


def _words(error: BaseException) -> str:
    """Return the reason in a library's exception: the system's text, else the name of its type."""
    for cause in (error, *error.args):
        if isinstance(cause, ssl.SSLError):
            return printable(cause.reason or type(cause).__name__, 80)
        if isinstance(cause, OSError) and cause.strerror:
            return printable(cause.strerror, 80)
        if type(cause) is HTTPException:
            return printable(str(cause), 80)
    inner = next((cause for cause in error.args if isinstance(cause, BaseException)), error)
    return type(inner).__name__
