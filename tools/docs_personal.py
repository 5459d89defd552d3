"""Write the page about personal data, from the table of what is personal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.secrets import SECRETS
from commercetools_source.extract.forgotten import PERSON_STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["personal_page"]


def personal_page() -> str:
    """Return the page docs/personal-data.md."""
    page = (Path(__file__).parent / "personal-data.md").read_text(encoding="utf-8")
    streams = ", ".join(f"`{stream.name}`" for stream in PERSON_STREAMS)
    tables = {"PERSONAL_ROWS": _personal(), "OTHER_ROWS": _others(), "SECRET_ROWS": _secrets()}
    for mark, text in {**tables, "FORGET_STREAMS": streams}.items():
        page = page.replace(mark, text)
    return page


def _personal() -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    for row in PERSONAL.values():
        if row.kind and not row.type.endswith("Payload"):
            rows.setdefault((row.type, row.kind), []).append(row.field)
    return _table((name, kind, fields) for (name, kind), fields in rows.items())


def _others() -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    for row in PERSONAL.values():
        if not row.kind and not row.type.endswith("Payload"):
            rows.setdefault((row.type, row.reason), []).append(row.field)
    return _table((name, reason, fields) for (name, reason), fields in rows.items())


def _secrets() -> str:
    hidden = [secret for secret in SECRETS.values() if not secret.leaves and not secret.type.endswith("Payload")]
    return _table((secret.type, secret.reason, [secret.field]) for secret in hidden)


def _table(rows: Iterable[tuple[str, str, list[str]]]) -> str:
    return "\n".join(
        f"| `{name}` | {', '.join(f'`{field}`' for field in fields)} | {label} |" for name, label, fields in rows
    )
