"""The site of the documentation: built without a network, its links lead somewhere, it asks no other host."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Environment

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    """The ids of a page, what it links to, and what a browser loads for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids.add(values.get("id") or "")
        if tag == "a" and (link := values.get("href")):
            self.links.add(link)
        if tag in {"script", "img", "iframe"} and (source := values.get("src")):
            self.loads.add(source)
        if tag == "link" and values.get("rel") in {"stylesheet", "icon", "preconnect"}:
            self.loads.add(values.get("href") or "")


@pytest.fixture(scope="module")
def site(environment: Callable[..., Environment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    zensical = environment("zensical", ["zensical>=0.0.70"])
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    # No program reaches a host through a proxy that is not there.
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    built = zensical.good("zensical", "build", "--clean", "--strict", environ=nowhere, cwd=folder)
    assert "No issues found" in built.err
    return folder / ".build" / "site"


def test_every_page_is_built_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    written = {
        path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")
    }
    assert written <= set(pages)
    broken = []
    for name in written:
        for link in pages[name].links | pages[name].loads:
            url = urlsplit(link)
            if url.scheme or url.netloc:
                continue
            target = (site / name).parent / unquote(url.path) if url.path else site / name
            target = target / "index.html" if target.is_dir() else target
            place = target.resolve().relative_to(site.resolve()).as_posix()
            if not target.exists() or (url.fragment and unquote(url.fragment) not in pages[place].ids):
                broken.append((name, link))
    assert broken == []
    assert not [load for page in pages.values() for load in page.loads if urlsplit(load).netloc]


def test_the_search_knows_the_words_of_every_page(site: Path) -> None:
    text = json.dumps(json.loads((site / "search.json").read_text(encoding="utf-8")), ensure_ascii=False)
    for word in ("order_line_items", "--publish", "InUseError", "revenue_by_month"):
        assert word in text
    assert (site / "llms.txt").read_text(encoding="utf-8").startswith("# commercetools-source")
