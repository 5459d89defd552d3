"""What the platform takes: the draft and the update actions of each path, and the types of which they are made.

drafts.json beside this module is made of the platform's OpenAPI file by tools/drafts.py.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.contract import published, with_choices

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Accepted", "accepted"]


class Accepted(msgspec.Struct, frozen=True):
    """Drafts and unions of update actions by path, and every type of the contract by its name."""

    paths: dict[str, dict[str, str]]
    types: dict[str, Any]

    def draft(self, path: str) -> str | None:
        """Return the type of the draft that a path takes, None where nothing is created."""
        return self.paths.get(path, {}).get("create")

    def actions(self, path: str) -> Mapping[str, str]:
        """Return the types of the update actions that records of a path take, by the actions' names."""
        union = self.paths.get(path, {}).get("update")
        variants: Mapping[str, str] = self.types[union]["variants"] if union is not None else {}
        return variants


_decode = msgspec.json.Decoder(Accepted).decode


@cache
def accepted() -> Accepted:
    """Return the data that ships with the package."""
    body = files("commercetools_source").joinpath("sandbox", "changes", "drafts.json").read_bytes()
    # Drafts over the contract: where both have a type, the one with all that can be written counts.
    taken = _decode(body)
    return Accepted(taken.paths, {**published()["types"], **with_choices(taken.types)})
