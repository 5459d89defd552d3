"""One destination holds one project: the key that is stored with the states says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.config.values import shown
from commercetools_source.errors import ConfigError
from commercetools_source.extract.selection import project_conflict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["refuse_another_project"]


def refuse_another_project(states: Iterable[StreamState], project: str, name: str) -> None:
    """Raise ConfigError where what the destination `name` holds was read of another project than `project`.

    Each stream refuses a state of another project (`conflict_with`); a destination with rows of one takes no stream of
    another, and no full read of one either: rows of two shops would be mixed.
    """
    stored = {part.project for state in states for part in (state, *state.others)}
    others = {name for name in stored if project_conflict(name, project) is not None}
    if others:
        names = ", ".join(map(shown, sorted(others)))
        raise ConfigError(
            f"{name} holds the project {names}, and the settings name {project!r}; name another destination for it"
        )
