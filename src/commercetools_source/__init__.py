"""Everything in a commercetools project, extracted completely, exactly and fast.

    from commercetools_source import Client, Config

    with Client(Config.from_file(".env")) as client:
        for order in client.records("orders"):
            ...

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commercetools_source.catalog.streams import STREAMS, Stream
    from commercetools_source.client import Client
    from commercetools_source.config import Config
    from commercetools_source.errors import (
        ApiError,
        AuthenticationError,
        CommercetoolsError,
        ConfigError,
        ConflictError,
        DestinationError,
        ForbiddenError,
        InvalidRequestError,
        NetworkError,
        NotFoundError,
        PageTooLargeError,
        RateLimitError,
        ServerError,
        StateError,
    )

__all__ = [
    "STREAMS",
    "ApiError",
    "AuthenticationError",
    "Client",
    "CommercetoolsError",
    "Config",
    "ConfigError",
    "ConflictError",
    "DestinationError",
    "ForbiddenError",
    "InvalidRequestError",
    "NetworkError",
    "NotFoundError",
    "PageTooLargeError",
    "RateLimitError",
    "ServerError",
    "StateError",
    "Stream",
    "__version__",
]

_HOMES = {"Client": "client", "Config": "config", "STREAMS": "catalog.streams", "Stream": "catalog.stream"}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("commercetools-source")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
