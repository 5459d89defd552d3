"""Parts of the generated shop, made once in a process: a sandbox with a few collections starts in a blink."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache

from commercetools_source.sandbox.shop.generate import generate

__all__ = ["rows_of"]


@cache
def rows_of(*paths: str) -> tuple[tuple[str, str, bytes], ...]:
    """Return the rows of the tiny shop's collections at these paths, and the project itself."""
    # The hour is that of a sandbox's own shop: `generate` remembers that one, whatever the paths are.
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    return tuple(row for row in generate("tiny", 1, hour) if row[0] in {"/", *paths})
