"""How a host is reached: through which proxy and with which certificates, as `requests` and curl find them.

The rules are those of `requests` (https://requests.readthedocs.io/en/latest/user/advanced/#proxies), because
people come from tools that use it: proxies from the environment or the system, exceptions in `no_proxy`, and
certificates in `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`.
"""

from __future__ import annotations

import base64
import ipaddress
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass, proxy_bypass_environment  # type: ignore[attr-defined]

import urllib3
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

__all__ = [
    "Proxy",
    "bundle",
    "certificates",
    "environment_variable",
    "parse_proxy",
    "pool_through",
    "proxy_to",
    "select_proxy",
]

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# Both lead to an https host by CONNECT; an https proxy is itself spoken to over TLS.
_TUNNELS = frozenset({"http", "https"})
_SOCKS = frozenset({"socks4", "socks4a", "socks5", "socks5h"})
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy server. `name` (`proxy.example:3128`) is what errors show; user and password are in no text.

    `variable` is where it is named: https_proxy, http_proxy or all_proxy, in either case.
    """

    scheme: str
    name: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    variable: str = field(default="https_proxy", compare=False)

    @property
    def url(self) -> str:
        """The URL without user and password."""
        return f"{self.scheme}://{self.name}"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS and not HTTP."""
        return self.scheme in _SOCKS

    @property
    def headers(self) -> dict[str, str]:
        """The header that authorizes us at the proxy, where its URL has a user."""
        if self.user is None:
            return {}
        pair = f"{self.user}:{self.password or ''}".encode()
        return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode()}


def proxy_to(url: str) -> Proxy | None:
    """Return the proxy through which the environment or the system wants `url` to be reached, None for none.

    Exceptions in `no_proxy` are names (with or without a port), addresses (likewise, of version 6 with or without
    brackets) and networks. Every exception of `requests` is one here; `requests` overlooks an address with a port,
    brackets, and networks of version 6 or of all addresses.

    Raises ConfigError for a proxy that cannot be used.
    """
    proxies, netloc = getproxies(), urlsplit(url).netloc
    # An empty no_proxy hides NO_PROXY from urllib; for requests and curl it is as if it were not set.
    proxies["no"] = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if proxy_bypass_environment(netloc, proxies) or proxy_bypass(netloc):
        return None
    return select_proxy(url, proxies)


def select_proxy(url: str, proxies: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for `url` among `proxies`: those by scheme, `all` for every scheme, exceptions under `no`.

    Raises ConfigError for a proxy that cannot be used.
    """
    url_parts = urlsplit(url)
    if _is_excepted(url_parts.hostname or "", proxies.get("no", "")):
        return None
    for scheme in (url_parts.scheme, "all"):
        if proxies.get(scheme, "").strip():
            return parse_proxy(proxies[scheme], f"{scheme}_proxy")
    return None


def parse_proxy(text: str, variable: str) -> Proxy:
    """Return the proxy that `text` names; without a scheme it is an HTTP proxy.

    Raises ConfigError, without user and password, when it cannot be used; `variable` says where it came from.
    """
    text = text.strip()
    # curl and requests take `proxy.example:3128` so; urlsplit would take `proxy.example` for the scheme.
    text = text if "://" in text else f"http://{text.lstrip('/')}"
    try:
        url = parse_url(text)
    except LocationParseError:
        url = None  # raised below: the parser's exception holds the password
    # An "@" behind the host means that a "/", "?" or "#" of the password was taken for the end of the host.
    if url is None or not url.host or "@" in f"{url.path}{url.query}{url.fragment}":
        raise ConfigError(
            f"the proxy in {variable} is not a URL such as http://proxy.example:3128 or"
            " http://user:password@proxy.example:3128; in user and password, write '/' as %2F, '?' as %3F, '#' as %23,"
            " '@' as %40 and ':' as %3A"
        )
    scheme = (url.scheme or "http").lower()
    if scheme not in _TUNNELS | _SOCKS:
        raise ConfigError(
            f"the proxy in {variable} begins with {scheme}://; it must be http://, https:// or socks5h://"
        )
    # 1080 is the port of SOCKS (RFC 1928).
    name = f"{url.host}:{url.port or _PORTS.get(scheme, 1080)}"
    if not url.auth:
        return Proxy(scheme, name, variable=variable)
    user, _, password = url.auth.partition(":")
    # Percent-encoded in the URL, plain in the header.
    return Proxy(scheme, name, unquote(user), unquote(password), variable)


def pool_through(proxy: Proxy | None, **options: Any) -> urllib3.PoolManager:
    """Return pooled connections that go through `proxy`, or straight to the host without one.

    Raises ConfigError for a SOCKS proxy where PySocks is not installed.
    """
    if proxy is None:
        return urllib3.PoolManager(**options)
    if not proxy.is_socks:
        context = options.get("ssl_context")
        return urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, proxy_ssl_context=context, **options)
    if find_spec("socks") is None:
        raise ConfigError(
            f"the proxy {proxy.url} speaks SOCKS, for which the package PySocks is missing;"
            " `pip install pysocks`, or set an HTTP proxy"
        )
    from urllib3.contrib.socks import SOCKSProxyManager

    return SOCKSProxyManager(proxy.url, username=proxy.user, password=proxy.password, **options)


@contextmanager
def environment_variable(name: str, value: str) -> Iterator[None]:
    """Have the environment variable `name` inside the block, for what looks for its way out there and nowhere else."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def bundle(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return the variable that names the bundle of certificates, and its path; "" twice where none is named."""
    return next(((name, environ[name]) for name in _BUNDLES if environ.get(name)), ("", ""))


def certificates(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return what TLS connections trust: the bundle that `environ` names as requests has it, else the machine's.

    Raises ConfigError, with the variable's name, for a bundle that cannot be read.
    """
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    variable, path = bundle(environ)
    if not variable:
        context.load_default_certs()
        return context
    try:
        if os.path.isdir(path):  # noqa: PTH112 - a Path would change the text that the error shows
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        reason = (error.strerror or str(error)).partition(" (_ssl")[0]
        raise ConfigError(
            f"{variable} is {path!r}, which is no bundle of certificates ({reason});"
            " it must be a file in PEM format or a folder prepared by `openssl rehash`"
        ) from None
    return context


def _is_excepted(host: str, exceptions: str) -> bool:
    """Tell whether `host`, an IP address, lies in a network of `exceptions` (`10.0.0.0/8, 192.168.1.7`).

    `urllib.request.proxy_bypass` compares names only, so `requests` adds this.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in map(_network, exceptions.split(",")) if network is not None)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        # People write 10.1.2.3/8 and mean the network, which is an error when strict.
        return ipaddress.ip_network(text.strip().replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None  # a name, which proxy_bypass has compared
