"""The platform's services: each has a host of its own in every region, and paths below the project key.

https://docs.commercetools.com/api/general-concepts#hosts
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["API", "SERVICES", "service_of"]

API = "api"

SERVICES: Mapping[str, str] = MappingProxyType({API: "api_url", "history": "history_url"})
"""The setting that has the URL of a service, by the service's name, which is the first part of its hosts' names too."""


def service_of(path: str) -> tuple[str, str]:
    """Return the service that a path is of, and the path below the project key: `history:/` is the history's own."""
    name, colon, below = path.partition(":")
    # A path of the API begins with "/", and whatever stands behind that is no name of a service.
    return (name, below) if colon and name in SERVICES else (API, path)
