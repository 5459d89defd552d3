"""`llms.txt`: what each page of the site is about, for programs (https://llmstxt.org). Part of `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["llms_text", "site_pages"]

_ROOT = Path(__file__).parent.parent
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


def site_pages() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the chapters of the site with the title and path of each page, as zensical.toml has them."""
    project: Any = tomllib.loads((_ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    chapters = []
    for entry in project["nav"]:
        ((title, below),) = entry.items()
        pages = [next(iter(page.items())) for page in below] if isinstance(below, list) else [(title, below)]
        chapters.append((title, pages))
    return chapters


def llms_text(texts: dict[str, str]) -> str:
    """Return the file; `texts` has the pages that are generated, the others are read from docs/."""
    project: Any = tomllib.loads((_ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    lines = [f"# {project['site_name']}\n", f"> {project['site_description']}"]
    for chapter, pages in site_pages():
        lines.append(f"\n## {chapter}\n")
        for title, path in pages:
            text = texts[path] if path in texts else (_ROOT / "docs" / path).read_text(encoding="utf-8")
            lines.append(f"- [{title}]({path.replace('.md', '.html')}): {_beginning(text)}")
    return "\n".join(lines) + "\n"


def _beginning(text: str) -> str:
    """Return the first sentence of a page's first paragraph."""
    paragraphs = [
        part for part in re.split(r"\n\s*\n", text) if not part.startswith(("#", "<!--", "!", "|", "[", " ", "All"))
    ]
    words = " ".join(_LINK.sub(r"\1", paragraphs[0]).split())
    return re.split(r"(?<=[.:])\s", words)[0].rstrip(":")
