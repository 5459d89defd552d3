"""Files that a person names: read as a whole, from a pipe too, and JSON in which no name comes twice."""

from __future__ import annotations

import errno
import json
import os
import select
import stat
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["decode_json", "is_pipe", "read_given", "repeated"]

PATIENCE = 60.0
"""Seconds for which a pipe may be silent: `--config <(vault kv get ...)` waits for another program."""
_CHUNK = 1 << 16


def is_pipe(path: Path) -> bool:
    """Return whether a path leads to a pipe, with a name or without."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):  # there is none, or it holds a NUL
        return False


def read_given(path: Path, patience: float = PATIENCE) -> bytes:
    """Return the bytes of a file; raises OSError, also for a pipe into which nobody writes for `patience` seconds."""
    if sys.platform == "win32" or not is_pipe(path):
        return path.read_bytes()
    # Otherwise to open one that no program writes to would wait for ever: https://man7.org/linux/man-pages/man7/fifo.7.html
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    chunks: list[bytes] = []
    try:
        ready = select.poll()
        ready.register(handle, select.POLLIN)
        while ready.poll(patience * 1000):
            chunks.append(os.read(handle, _CHUNK))
            if not chunks[-1]:
                return b"".join(chunks)
    finally:
        os.close(handle)
    raise TimeoutError(
        errno.ETIMEDOUT,
        f"it is a pipe, and nobody wrote into it for {patience:g} seconds; start what writes there, or name a file",
    )


def repeated(name: str) -> str:
    """Return what is told of a name that comes twice, behind that of its file: not its values, which may be secret."""
    return f"has {shown(name)} twice, and only one value can hold; leave one of them out"


def decode_json(text: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises ValueError and RecursionError, and ConfigError for an object that has a name twice with two values; its text
    is the end of a sentence that begins with the name of the file.
    """
    value = msgspec.json.decode(text)
    # Of two values a decoder takes the last one without a word.
    json.loads(text, object_pairs_hook=_refuse_two_values, parse_float=str, parse_int=str)
    return value


def _refuse_two_values(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        # PyAirbyte writes one value twice into each state.
        if values.setdefault(name, value) != value:
            raise ConfigError(repeated(name))
    return values
