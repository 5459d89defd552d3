"""How much is read at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from commercetools_source.errors import ConfigError

__all__ = ["Limits"]


# One page near the limit of 16 MB, and half of another: less would let a single page of large records stop all.
_AHEAD = 24 << 20


_HELD = 8 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once: `workers` threads, pages of `page_size` records, `ahead_bytes` read but not looked at yet.

    A delivery is handed over when it takes `batch_bytes` of memory, or after `batch_seconds`, whichever is first.
    After `seconds` the run is stopped as `stop` does.
    `of` allows half a batch of read-ahead, so that reading goes on while a batch is written.
    """

    workers: int = 20
    page_size: int = 500
    batch_bytes: int = 32 << 20
    batch_seconds: float = 15.0
    ahead_bytes: int = _AHEAD
    seconds: float = math.inf

    def __post_init__(self) -> None:
        """Raise ConfigError for an end that is no number: no time is before it and none behind it."""
        if math.isnan(self.seconds):
            raise ConfigError("the time after which the run ends is NaN; it must be a number, or not given")

    @classmethod
    def of(cls, workers: int, page_size: int, batch_bytes: int) -> Limits:
        """Return limits that suit a destination which takes batches of `batch_bytes`."""
        return cls(workers, page_size, batch_bytes, ahead_bytes=max(_AHEAD, batch_bytes // 2))

    @property
    def most_held(self) -> int:
        """Bytes that may be held back for batches, of all streams together."""
        return max(_HELD, self.batch_bytes)

    def working(self, ahead: int) -> int:
        """Return how many workers may have a request under way while `ahead` bytes wait to be looked at.

        All of them up to half of `ahead_bytes`, from there on fewer and fewer, down to none: what is under way still
        arrives, and whoever takes it competes with the workers for the interpreter.
        """
        free = 2.0 * (1.0 - ahead / self.ahead_bytes)
        # Rounded up, so that the last free byte still lets one worker go: at none, a single stream would stand still.
        return math.ceil(self.workers * min(1.0, max(0.0, free)))
