"""What `doctor` answers."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from commercetools_source.report.answer import Report
from commercetools_source.report.table import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commercetools_source.sync.doctor import Diagnosis, Finding

__all__ = ["DoctorReport"]


@dataclass(frozen=True, slots=True)
class DoctorReport(Report):
    """A diagnosis, with the `version` that made it."""

    diagnosis: Diagnosis
    version: str

    def text(self) -> str:
        """Return a line for each thing that was looked at, and whether all of it is as expected."""
        diagnosis = self.diagnosis
        # That it can be pasted is said in both cases: people hesitate to post what came from their own shop.
        verdict = (
            "all is as extraction expects it; this report holds no data and no secrets"
            if diagnosis.expected
            else "lines with ! are not as extraction expects; please report them:"
            " this report holds no data and no secrets"
        )
        return "\n".join(
            [
                f"commercetools-source {self.version}, Python {platform.python_version()}, {platform.system()}",
                "",
                table(_rows(diagnosis.platform)),
                "",
                table(_rows(diagnosis.streams), header=("", "stream", "what was seen")),
                "",
                verdict,
            ]
        )

    def value(self) -> object:
        """Return the findings; `expected` is null where extraction does not rely on what was seen."""
        return {"version": self.version, "expected": self.diagnosis.expected, **asdict(self.diagnosis)}


def _rows(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    # None is no mark: extraction does not rely on it, and `!` would make people report it.
    return [("!" if finding.expected is False else "", finding.about, finding.text) for finding in findings]
