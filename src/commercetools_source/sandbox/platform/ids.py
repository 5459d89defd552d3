"""The order of ids: the platform sorts them by the bytes it stores, which is not the order of their text.

A UUID is kept as two 64-bit halves, each with its bytes reversed (the layout of old Java drivers).
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["NAME_OF_OBJECTS", "new_id", "order_key"]

NAME_OF_OBJECTS = re.compile(r"[-_~.a-zA-Z0-9]{1,256}")
"""What containers and keys of custom objects may be: https://docs.commercetools.com/api/projects/custom-objects."""

_UUID_LENGTH = 36
# A first byte that keeps both kinds apart, whatever bytes follow.
_TEXT, _UUID = b"\0", b"\1"


def order_key(identifier: str) -> bytes:
    """Return bytes that sort as the platform sorts ids; texts that are no UUID come before all UUIDs."""
    if len(identifier) == _UUID_LENGTH:
        try:
            stored = bytes.fromhex(identifier.replace("-", ""))
        except ValueError:
            stored = b""
        if len(stored) == 16:  # noqa: PLR2004 - the size of a UUID
            return _UUID + stored[7::-1] + stored[:7:-1]
    return _TEXT + identifier.encode("utf-8", "surrogatepass")


def new_id(random: Random) -> str:
    """Return a fresh random UUID (version 4)."""
    # From the seed and not from the system: the same shop has the same ids.
    return str(uuid.UUID(int=random.getrandbits(128), version=4))
