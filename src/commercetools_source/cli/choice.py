"""Which streams a command is about, when that may depend on what the API client may read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.cli.values import names_of
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commercetools_source.client import Client

__all__ = ["READABLE", "Choice", "choice_of"]

READABLE = "readable"
"""What --streams says for all streams that the API client may read."""


class Choice(NamedTuple):
    """`names` of streams (None: all, or all that are `readable`), without those that are `excluded`."""

    names: tuple[str, ...] | None
    excluded: tuple[str, ...] = ()
    readable: bool = False

    def resolve(self, client: Client) -> list[str] | None:
        """Return the names, None for all; raises ConfigError when none is left, and as `inspect`."""
        from commercetools_source.catalog.streams import streams_of
        from commercetools_source.sync.access import inspect

        if self.readable:
            chosen = [access.stream for access in inspect(client).streams if access.readable]
        elif self.names is None and not self.excluded:
            return None
        else:
            chosen = [stream.name for stream in streams_of(self.names)]
        names = [name for name in chosen if name not in self.excluded]
        if not names:
            other = "other " * bool(self.excluded)
            reason = f"the API client may read no {other}stream" if self.readable else "--exclude leaves no stream"
            raise ConfigError(f"{reason}; see `commercetools-source check`")
        return names


def choice_of(streams: Sequence[str] | None, exclude: Sequence[str] | None) -> Choice:
    """Return what --streams and --exclude choose; raises ConfigError for what is no stream, or excluded in vain."""
    words = [word.strip() for text in streams or () for word in text.split(",")]
    # Together they could mean "these, if readable" as well as "all readable, and these": nobody should have to guess.
    if READABLE in words and [word for word in words if word] != [READABLE]:
        raise ConfigError("--streams readable means all that can be read; leave the other names out")
    excluded = tuple(names_of(exclude, "--exclude") or ())
    if READABLE in words:
        return Choice(None, excluded, readable=True)
    names = names_of(streams)
    # An exclusion without effect is mostly a typing mistake; passed over, it would copy what must not be copied.
    if names is not None and (vain := [name for name in excluded if name not in names]):
        raise ConfigError(f"--exclude names {', '.join(vain)}, which --streams does not; leave it out of one of them")
    return Choice(None if names is None else tuple(names), excluded)
