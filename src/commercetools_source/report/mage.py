"""What `mage status` answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.report.answer import Report

if TYPE_CHECKING:
    from commercetools_source.frontends.mage import Status

__all__ = ["MageReport"]


@dataclass(frozen=True, slots=True)
class MageReport(Report):
    """Which commercetools source Mage finds."""

    status: Status

    def text(self) -> str:
        """Return four lines."""
        return "\n".join(self.status.lines())

    def value(self) -> object:
        """Return the fields of the status."""
        return asdict(self.status)
