"""Where a project is reached: a region, or the URLs of the API and of the authorization server."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from commercetools_source.config.settings import REGIONS
from commercetools_source.config.values import is_blank, shown
from commercetools_source.errors.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["region_of", "resolve_endpoint"]

# Regions and their hosts: https://docs.commercetools.com/api/general-concepts#regions
# Hosts in China end in .cn; they are reached by api_url and auth_url, because no region of the enum has them.
_HOSTS = {"api_url": "api", "auth_url": "auth", "history_url": "history"}
_OFFICIAL = re.compile(rf"({'|'.join(_HOSTS.values())})\.(?P<region>[a-z0-9.-]+)\.commercetools\.(com|cn)")


def region_of(api_url: str) -> str:
    """Return the region of a host of the platform's, "" for any other."""
    official = _OFFICIAL.fullmatch(urlsplit(api_url).hostname or "")
    return official["region"] if official else ""


def resolve_endpoint(values: dict[str, Any], secret: str) -> list[str]:
    """Fill region, host and the URLs in `values` from each other; return what is wrong with them."""
    region, host, problem = _region(values["region"], values["host"], secret)
    if problem:
        return [problem]
    values["region"], values["host"] = region, host
    problems = []
    for name, service in _HOSTS.items():
        url = values[name]
        official = f"https://{service}.{region}.{host}.commercetools.com" if region else ""
        if is_blank(url):
            # The Merchant Center offers both; whoever gives one means the others of the same region.
            url = official or (_beside(values["api_url"], service) if name != "api_url" else "")
            if not url:
                continue
        text, reason = _url(url, values.get("project_key") or "")
        # A token of one region is worth nothing in another, and the error of the platform would name neither.
        if not reason and official and text != official and text.endswith(".commercetools.com"):
            reason = f"it is not the one of region {region}.{host}; leave one of the two out"
        values[name] = text
        if reason:
            problems.append(f"{name} is {shown(_without_query(url), secret)}; {reason}")
    if not problems and not (values["api_url"] and values["auth_url"]):
        problems.append(f"region is missing; it must be one of {', '.join(REGIONS)}; or set api_url and auth_url")
    return problems


def _region(region: str | None, host: str | None, secret: str) -> tuple[str | None, str | None, str]:
    """Return the two parts of a known region, or the sentence that says why not."""
    if region is None:
        lone = f"host is {shown(host, secret)} but region is missing; region must be one of {', '.join(REGIONS)}"
        return None, None, lone if host else ""
    first, _, second = region.partition(".")
    if second and host and second != host:
        return None, None, f"region is {shown(region, secret)} but host is {shown(host, secret)}; leave host out"
    whole = f"{first}.{second or host or ''}".rstrip(".")
    if whole in REGIONS:
        return first, second or host, ""
    right = next((legal for legal in REGIONS if legal.startswith(f"{first}.")), None)
    # Some pages show `us-central1` alone: then the cloud is missing, and nothing is wrong.
    if right and not second and not host:
        cloud = right.partition(".")[2]
        return None, None, f"host is missing; for region {first} it must be {cloud} (or write region as {right})"
    legal = f"it must be one of {_nearest_first(whole, REGIONS)}; for any other region set api_url and auth_url"
    if right and not second:
        return None, None, f"host is {shown(host, secret)} but region is {shown(first, secret)}; {legal}"
    return None, None, f"region is {shown(whole, secret)}; {legal}"


def _url(text: str, project_key: str) -> tuple[str, str]:
    """Return the URL without a slash at its end, and why it cannot be used ("" if it can)."""
    # A slash at the end would stand twice in each path.
    text = text.rstrip("/")
    try:
        split_url = urlsplit(text)
        host, port = split_url.hostname or "", split_url.port
    except ValueError:
        return text, "it must be a URL such as https://api.us-central1.gcp.commercetools.com"
    pattern = r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?"
    if not re.fullmatch(pattern, text, re.ASCII) or not host or port == 0 or "/.." in split_url.path:
        return text, "it must be https:// and a host, without user, query or fragment"
    if split_url.scheme != "https" and not _is_loopback(host):
        # Each request for a token has the secret in it; only on this machine does nobody listen in between.
        return text, "it must be https://, because the secret would travel readable (http:// is for this machine only)"
    # Mostly copied from an example of a request; every path would have it twice.
    if project_key and split_url.path.endswith(f"/{project_key}"):
        return text, "it must not end with the project key"
    if split_url.path and _OFFICIAL.fullmatch(host):
        # Behind a proxy's host there may be a path, behind the platform's own there is none but the project's.
        return text, "it must end after the host; the project is named by project_key alone"
    return text, "it must not end with /oauth/token" if split_url.path.endswith("/oauth/token") else ""


def _without_query(url: str) -> str:
    """Return the URL as an error may show it: a query may have the key of a gateway in it."""
    # A password may have a "?" or "#" of its own, before the "@" by which it is hidden as a whole.
    return url if "@" in url else re.sub(r"(?s)(?<=[?#]).+", "***", url)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _beside(api_url: str | None, service: str) -> str:
    """Return the host of a service beside a platform's own API host, or "" for any other host."""
    match = re.fullmatch(r"https://api\.([a-z0-9.-]+\.commercetools\.(?:com|cn))/*", api_url or "")
    return f"https://{service}.{match[1]}" if match else ""


def _nearest_first(word: str, legal: Iterable[str]) -> str:
    options = list(legal)
    near = nearest(word, options)
    return ", ".join(sorted(options, key=lambda option: option != near))
