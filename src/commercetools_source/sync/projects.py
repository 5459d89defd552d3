"""One destination holds one project: the key that is stored with the states says which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Delivery

__all__ = ["marked_as_of", "refuse_another_project"]


def refuse_another_project(states: Iterable[StreamState], project: str, name: str) -> None:
    """Raise ConfigError where what the destination `name` holds was read of another project than `project`.

    Its cursors say nothing of this one: what changed before them would never be read, and rows would be mixed.
    """
    others = {part.project for state in states for part in (state, *state.others)} - {"", project}
    if others:
        held = ", ".join(map(repr, sorted(others)))
        raise ConfigError(
            f"{name} holds the project {held}, and the settings name {project!r}; name another destination for it"
        )


def marked_as_of(project: str, delivery: Delivery) -> Delivery:
    """Return `delivery` with a state that names the project it was read of."""
    return replace(delivery, state=replace(delivery.state, project=project))
