"""Everything in a commercetools project, extracted completely, exactly and fast.

    from commercetools_source import Client, Config, sync

    with Client(Config.from_file(".env")) as client:
        for order in client.records("orders"):
            ...
        sync(client, "shop.duckdb")

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# For type checkers and editors alone: `__getattr__` makes the same imports, each when its name is used.
if TYPE_CHECKING:
    from commercetools_source.catalog.stream import Stream
    from commercetools_source.catalog.streams import STREAMS
    from commercetools_source.client import Client
    from commercetools_source.config import Config, Secret
    from commercetools_source.destinations import open_destination
    from commercetools_source.errors import (
        ApiError,
        AuthenticationError,
        CommercetoolsError,
        ConfigError,
        ConflictError,
        DestinationError,
        ForbiddenError,
        InUseError,
        InvalidRequestError,
        NetworkError,
        NotFoundError,
        PageTooLargeError,
        Problem,
        RateLimitError,
        RecordError,
        ServerError,
        StateError,
        UndecodableError,
    )
    from commercetools_source.events import (
        DeletesMarked,
        DeletesUnseen,
        Event,
        Hook,
        Notice,
        PageRead,
        PhaseBegan,
        RecordQuarantined,
        RequestDone,
        RetryScheduled,
        RowsWritten,
        StreamFailed,
        StreamFinished,
        StreamStarted,
        TokenFetched,
    )
    from commercetools_source.extract.abilities import Changes, Difference
    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery, Destination, Phase
    from commercetools_source.extract.engine import Outcome
    from commercetools_source.extract.request import Page
    from commercetools_source.frontends.spark.partitions import Partition, partitions
    from commercetools_source.frontends.spark.reading import read_partition
    from commercetools_source.http.exchange import Response, Timing
    from commercetools_source.http.traffic import Traffic
    from commercetools_source.sync.backfill import backfill
    from commercetools_source.sync.compare import Verdict, sweep, verify
    from commercetools_source.sync.run import Summary, sync
    from commercetools_source.sync.sweeping import Guard

__all__ = [
    "STREAMS",
    "ApiError",
    "AuthenticationError",
    "Changes",
    "Client",
    "CommercetoolsError",
    "Config",
    "ConfigError",
    "ConflictError",
    "DeletesMarked",
    "DeletesUnseen",
    "Delivery",
    "Destination",
    "DestinationError",
    "Difference",
    "Event",
    "ForbiddenError",
    "Guard",
    "Hook",
    "InUseError",
    "InvalidRequestError",
    "NetworkError",
    "NotFoundError",
    "Notice",
    "Outcome",
    "Page",
    "PageRead",
    "PageTooLargeError",
    "Partition",
    "Phase",
    "PhaseBegan",
    "Problem",
    "RateLimitError",
    "RecordError",
    "RecordQuarantined",
    "RequestDone",
    "Response",
    "RetryScheduled",
    "RowsWritten",
    "Secret",
    "ServerError",
    "StateError",
    "Stream",
    "StreamFailed",
    "StreamFinished",
    "StreamStarted",
    "StreamState",
    "Summary",
    "Timing",
    "TokenFetched",
    "Traffic",
    "UndecodableError",
    "Verdict",
    "__version__",
    "backfill",
    "open_destination",
    "partitions",
    "read_partition",
    "sweep",
    "sync",
    "verify",
]

# Written out and not taken from the imports above, which are not there when the program runs.
_HOMES = {
    "Changes": "extract.abilities",
    "Client": "client",
    "Config": "config",
    "Delivery": "extract.delivery",
    "Destination": "extract.delivery",
    "Difference": "extract.abilities",
    "Guard": "sync.sweeping",
    "Outcome": "extract.engine",
    "Page": "extract.request",
    "Phase": "extract.delivery",
    "Problem": "errors",
    "Response": "http.exchange",
    "STREAMS": "catalog.streams",
    "Secret": "config",
    "Stream": "catalog.stream",
    "StreamState": "extract.checkpoint",
    "Summary": "sync.transfer",
    "Timing": "http.exchange",
    "Traffic": "http.traffic",
    "Verdict": "sync.compare",
    "backfill": "sync.backfill",
    "open_destination": "destinations",
    "Partition": "frontends.spark.partitions",
    "partitions": "frontends.spark.partitions",
    "read_partition": "frontends.spark.reading",
    "sweep": "sync.compare",
    "verify": "sync.compare",
}
"""Where a name lies that is no error and no event."""


def __getattr__(name: str) -> Any:
    # The version stands in the metadata alone, so that a release changes it in one file, pyproject.toml.
    if name == "__version__":
        from importlib.metadata import version

        return version("commercetools-source")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "sync":  # the folder of this name: it can be called, as the function in it
        return import_module(f"{__name__}.sync")
    home = _HOMES.get(name) or ("errors" if name.endswith("Error") else "events")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    # The next look-up of the name ends in the module's own names (https://peps.python.org/pep-0562/).
    globals()[name] = value
    return value


# Completion in a notebook must show names that are not loaded yet.
def __dir__() -> list[str]:
    return __all__
