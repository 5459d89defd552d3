"""What `forget` answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import printable
from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from commercetools_source.sync.forget import Forgetting

__all__ = ["ForgetReport"]

# Said each time: who has to erase a person must not believe that this command reaches a backup.
_COPIES = "copies of it (backups, --publish, --report, what was loaded elsewhere) are not known here: erase them too"


@dataclass(frozen=True, slots=True)
class ForgetReport(Report):
    """What of a person is in `destination`, and what was erased; `dry_run`: nothing was."""

    forgetting: Forgetting
    destination: str
    dry_run: bool = False

    def text(self) -> str:
        """Return a line for each stream with rows of the person, then what stays to be done."""
        forgetting, name = self.forgetting, printable(self.destination)
        if not forgetting.rows:
            lines = [f"{name} has no rows of customer {forgetting.customer}"]
            if self.dry_run:
                lines = [f"{lines[0]}; compare the id with customers.id, or add --email for a guest"]
                return "\n".join([*lines, *self._left()])
        elif self.dry_run:
            # What it would change is not counted: rows that were emptied before are the person's still.
            lines = [table(list(forgetting.rows.items()), header=("stream", "rows of the customer"))]
            lines.append("nothing was changed; leave out --dry-run to erase what is personal in them")
            return "\n".join([*lines, *self._left()])
        else:
            figures = [[stream, rows, forgetting.erased.get(stream, 0)] for stream, rows in forgetting.rows.items()]
            lines = [table(figures, header=("stream", "rows of the customer", "erased now"))]
        lines.append(f"customer {forgetting.customer} is forgotten in {name}: later runs load nothing of it again")
        return "\n".join([*lines, *self._left(), _COPIES])

    def _left(self) -> list[str]:
        return [f"left: {printable(place)}" for place in self.forgetting.left]

    def value(self) -> dict[str, Any]:
        """Return rows and erased rows by stream, and where something stays."""
        forgetting = self.forgetting
        return {
            "customer": forgetting.customer,
            "destination": self.destination,
            "dry_run": self.dry_run,
            "rows": dict(forgetting.rows),
            "erased": dict(forgetting.erased),
            "left": list(forgetting.left),
        }
