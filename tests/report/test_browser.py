"""Pages of runs that ended in four ways, as a browser shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from browser import Browser, chromium
from commercetools_source import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("customers", "orders", "product_projections_current", "project", "stores", "zones")
ATTACK = "</td></script><script>document.title = 'attacked'; console.log('attacked')</script><img src=x:>"
PAGES = ("complete", "failed", "quarantined", "empty")

pytestmark = pytest.mark.skipif(chromium() is None, reason="needs chromium")


@pytest.fixture(scope="module", name="browser")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(chromium() or "", tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module", name="pages")
def _pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page of each run."""
    folder = tmp_path_factory.mktemp("pages")
    with Sandbox("tiny", seed=4) as shop:
        for product in shop.records("products"):
            shop.update("products", product["id"], {"masterData.current.name": {"en": ATTACK}})
        zone = shop.records("zones")[0]["id"]
        assert sync(shop, folder, "complete") == 0
        shop.delete("stores", shop.records("stores")[0]["id"])
        assert sync(shop, folder, "complete") == 0
        unmasked = ["report", "-d", str(folder / "complete.duckdb"), "-o", str(folder / "complete.html"), "--unmasked"]
        assert run(unmasked) == 0
        shop.faults.add(Fault("status", "/zones", times=None, status=403))
        assert sync(shop, folder, "failed") == 1
        shop.faults.clear()
        shop.faults.add(Fault("unservable", STREAMS["zones"].path, records=(zone,), status=500, times=None))
        assert sync(shop, folder, "quarantined") == 1
    with Sandbox(rows=[]) as bare:
        assert sync(bare, folder, "empty") == 0
    return folder


def sync(shop: Sandbox, folder: Path, name: str) -> int:
    settings = folder / "settings.json"
    settings.write_text(json.dumps({**shop.settings(), "settle_seconds": 0, "retry_seconds": 0}))
    paths = ["-d", str(folder / f"{name}.duckdb"), "--report", str(folder / f"{name}.html")]
    return run(["sync", "--config", str(settings), "--streams", ",".join(NAMES), *paths, "-q"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_window_and_asks_for_nothing(
    browser: Browser, pages: Path, name: str, width: int, scheme: str
) -> None:
    page = pages / f"{name}.html"
    browser.show(page, width, scheme)
    browser.ask("document.querySelectorAll('details').forEach(details => { details.open = true })")
    assert browser.ask("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide') && e.getBoundingClientRect().right"
    assert browser.ask(f"{wide} > innerWidth).map(e => e.outerHTML.slice(0, 80))") == []
    small = "[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && e.firstChild?.nodeType === 3"
    assert browser.ask(f"{small} && parseFloat(getComputedStyle(e).fontSize) < 11).map(e => e.outerHTML)") == []
    assert browser.ask("document.title") != "attacked"
    assert browser.ask("[...document.querySelectorAll('tbody tr > td:first-child')].map(e => e.innerText).sort()[0]")
    assert browser.requests == [page.as_uri()]
    assert browser.messages == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("complete", "✓ Complete up to "),
        ("failed", "Not complete."),
        ("quarantined", "Not complete."),
        ("empty", "✓ Complete up to "),
    ],
)
def test_a_page_shows_the_verdict_and_the_row_of_every_stream(
    browser: Browser, pages: Path, name: str, sentence: str
) -> None:
    browser.show(pages / f"{name}.html", 1200, "light")
    assert browser.ask("document.querySelector('.verdict strong').innerText").startswith(sentence)
    rows = browser.ask("[...document.querySelectorAll('table')[0].tBodies[0].rows].map(row => row.cells[0].innerText)")
    assert sorted(rows) == sorted(NAMES)
    visible = "[...document.querySelectorAll('table')[0].tBodies[0].rows].filter(row => row.checkVisibility()).length"
    before = browser.ask(visible)
    browser.ask("document.querySelector('#only').click()")
    assert browser.ask(visible) <= before
    if name == "complete":  # its second run found one store gone
        assert browser.ask(visible) < before
        assert f"en: {ATTACK[:40]}" in browser.ask("document.body.textContent")


@pytest.mark.parametrize("width", [400, 1200])
def test_the_newest_orders_are_in_sight(browser: Browser, pages: Path, width: int) -> None:
    browser.show(pages / "complete.html", width, "light")
    ends = browser.ask("[...document.querySelectorAll('.plot .name')].map(e => e.getBoundingClientRect().right)")
    assert ends
    assert max(ends) <= width
