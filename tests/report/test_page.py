"""The page about a destination: whole, harmless whatever a project holds, and true of good and bad runs."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.cli.app import run
from commercetools_source.extract.checkpoint import StreamState, encode
from commercetools_source.extract.keyset import KeyRange
from commercetools_source.extract.run_record import RunRecord, StreamRecord
from commercetools_source.report.diagram import draw
from commercetools_source.report.html import plots
from commercetools_source.report.html.hidden import without_values
from commercetools_source.report.html.history import points, with_outcomes
from commercetools_source.report.html.page import page_text
from commercetools_source.report.html.values import (
    FieldNote,
    LeftOut,
    MonthlyCounts,
    Orphans,
    Page,
    RunFigures,
    Sample,
    StreamFigures,
)
from commercetools_source.report.svg import svg
from commercetools_source.sandbox import Fault
from destinations.conformance import lacking_extension

if TYPE_CHECKING:
    from collections.abc import Callable

    from commercetools_source.sandbox import Sandbox

LACKS = lacking_extension("ducklake")
IN_A_LAKE = pytest.param("shop.ducklake", marks=pytest.mark.skipif(bool(LACKS), reason=LACKS))
HOSTILE = "</script><script>alert(1)</script><img src=x onerror='alert(1)'>\"&\ud800"
VOID = {"meta", "link", "input"}
GOOD = StreamFigures(name="orders", rows=3, read=3, new=2, changed=1, read_up_to="2026-01-01T00:00:00.000Z")
PAGE = Page(
    title="shop", destination="shop.duckdb", command="c", version="v", written="w", streams=(GOOD,), run=RunFigures()
)


class Parsed(HTMLParser):
    """Elements of a document, whose tags must be balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))


def checked(text: str) -> Parsed:
    """Parse a page, in which nothing may be loaded and no script may be."""
    page = Parsed(text)
    for tag, attributes in page.elements:
        assert tag not in {"img", "iframe", "object", "base", "form"}
        assert tag != "script" or attributes["type"] == "application/json"
        assert not any(name.startswith("on") for name in attributes)
        assert all(attributes.get(name) in {None, "data:,"} for name in ("src", "href"))
    assert "url(" not in text
    assert "@import" not in text
    return page


def words(page: Parsed, tag: str) -> str:
    return " ".join(text for name, text in page.texts if name == tag)


def test_whatever_names_and_values_hold_is_text() -> None:
    page = replace(
        PAGE,
        title=HOSTILE,
        destination=HOSTILE,
        streams=(replace(GOOD, name=HOSTILE, error=HOSTILE),),
        orders=MonthlyCounts(("2026-01", "2026-02"), {HOSTILE: (1, 2)}, open_month=True),
        orphans=(Orphans(HOSTILE, HOSTILE, HOSTILE, 1),),
        notes=(FieldNote(HOSTILE, HOSTILE),),
        left_out=(LeftOut(HOSTILE, HOSTILE, HOSTILE),),
        samples=(Sample(HOSTILE, (HOSTILE,), ((HOSTILE,),)),),
        summary={HOSTILE: HOSTILE},
    )
    text = page_text(page)
    text.encode()
    parsed = checked(text)
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    assert json.loads(words(parsed, "script")) == {HOSTILE: HOSTILE}


def test_no_text_of_others_makes_a_page_too_large_to_be_mailed() -> None:
    long = HOSTILE * 10_000
    months = tuple(range(18))
    page = replace(
        PAGE,
        title=long,
        destination=long,
        command=long,
        streams=[replace(GOOD, name=name, error=long, months=months) for name in STREAMS],
        run=RunFigures(error=long, deletions_unseen=long),
        orders=MonthlyCounts(("2026-01", "2026-02"), {long: (1, 2)}, open_month=True),
        notes=[FieldNote(long, long)] * 200,
        left_out=[LeftOut("orders", long, long)] * 200,
        samples=[Sample("orders", ("a",) * 20, (("W" * 61,) * 20,) * 3)] * 6,
        diagram=svg(draw()),
        summary={"states": {"orders": long}},
    )
    text = page_text(page)
    assert len(text.encode()) < 300_000
    parsed = checked(text)
    assert "and 19" in words(parsed, "p")
    assert "`state show --json`" in json.loads(words(parsed, "script"))["too_long"]


def test_a_destination_with_many_states_has_a_page_as_small_as_any(shop: Sandbox) -> None:
    assert run(["sync", "-d", "shop.duckdb", "--streams", "zones", "-q"]) == 0
    ranges = [
        KeyRange("createdAt", lower="2026-01-01T00:00:00.000Z", parent=(f"{shop.project_key}-{number}",))
        for number in range(3_000)
    ]
    with duckdb.connect("shop.duckdb") as file:
        states = [json.dumps(encode(StreamState(cursor="2026-11-01T00:00:00.000Z", quarantined=tuple(ranges))))]
        file.execute("UPDATE sync.state SET state = ?", states)
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    text = Path("run.html").read_text()
    assert len(text) < 300_000
    assert "the platform cannot serve 3,000 records" in words(checked(text), "li")
    shown = [words for tag, words in checked(text).texts if tag == "td"].count("2026-01-01T00:00:00.000Z")
    assert shown > 0
    assert f"and {3_000 - shown:,} more" in words(checked(text), "p")


@pytest.mark.parametrize(
    ("page", "kind", "sentence"),
    [
        (PAGE, "verdict", "Complete up to"),
        (replace(PAGE, streams=()), "verdict warn", "Nothing was read yet"),
        (replace(PAGE, streams=(replace(GOOD, error="no scope"),)), "verdict bad", "Not complete."),
        (replace(PAGE, streams=(replace(GOOD, error="ended", stopped=True),)), "verdict warn", "Not complete yet."),
        (replace(PAGE, streams=(replace(GOOD, left_out=2),)), "verdict bad", "Not complete."),
        (replace(PAGE, run=RunFigures(under_way=True)), "verdict warn", "Not complete yet."),
        (replace(PAGE, run=RunFigures(error="no such project")), "verdict bad", "Not complete."),
    ],
    ids=["complete", "empty", "failed", "stopped", "quarantined", "never ended", "failed as a whole"],
)
def test_the_first_sentence_says_whether_all_is_there(page: Page, kind: str, sentence: str) -> None:
    parsed = checked(page_text(page))
    assert ("section", {"class": kind}) in parsed.elements
    assert sentence in words(parsed, "strong")


@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:shop", IN_A_LAKE])
def test_sync_and_report_write_a_page_with_every_stream(destination: str, shop: Sandbox) -> None:
    names = ["customers", "orders", "project", "zones"]
    shop.faults.add(Fault("status", "/zones", times=None, status=403))
    assert run(["sync", "-d", destination, "--streams", ",".join(names), "--report", "run.html", "-q"]) == 1
    text = Path("run.html").read_text()
    parsed = checked(text)
    assert len(text) < 300_000
    assert {"class": "verdict bad"} in [attributes for _, attributes in parsed.elements]
    assert set(names) <= {words for tag, words in parsed.texts if tag == "td"}
    assert not json.loads(words(parsed, "script"))["complete"]
    shop.faults.clear()
    assert run(["sync", "-d", destination, "--streams", ",".join(names), "-q"]) == 0
    assert run(["report", "-d", destination, "-o", "run.html"]) == 0
    stored = checked(Path("run.html").read_text())
    assert {"class": "verdict"} in [attributes for _, attributes in stored.elements]
    assert words(stored, "h1").startswith(shop.project_key)


@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:shop"])
def test_fields_inside_objects_that_nobody_knew_are_named_without_their_values(destination: str, shop: Sandbox) -> None:
    zone = shop.create("zones", {"locations": [{"country": "DE", "height": "Feldberg"}]})
    try:
        assert run(["sync", "-d", destination, "--streams", "zones,project", "-q"]) == 0
        assert run(["report", "-d", destination, "-o", "run.html"]) == 0
    finally:
        shop.delete("zones", zone["id"])
    text = Path("run.html").read_text()
    cells = [words for tag, words in checked(text).texts if tag == "td"]
    assert "fields inside objects or lists that this version does not know: locations[].height" in cells
    assert "Feldberg" not in text


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("rows", ["true", "id = (SELECT min(id) FROM raw.zones)"])
def test_times_that_no_calendar_of_python_has_stop_no_page(rows: str) -> None:
    assert run(["sync", "-d", "shop.duckdb", "--streams", "zones,project", "-q"]) == 0
    with duckdb.connect("shop.duckdb") as file:
        file.execute(
            "UPDATE raw.zones SET createdAt = '0001-06-01 (BC)'::TIMESTAMP, lastModifiedAt = '0001-06-01 (BC)'"
            f" WHERE {rows}"
        )
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    cells = [words for tag, words in checked(Path("run.html").read_text()).texts if tag == "td"]
    newest = cells[cells.index("zones") + 6]
    assert newest == "-" if rows == "true" else newest.startswith("20")


@pytest.mark.few(1)
@pytest.mark.parametrize("copies", [0, 1_000])
def test_a_reference_that_leads_nowhere_is_shown_also_in_lists(shop: Sandbox, copies: int) -> None:
    names = ["categories", "channels", "customers", "orders", "products", "stores"]
    assert run(["sync", "-d", "shop.duckdb", "--streams", ",".join(names), "-q"]) == 0
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    assert "All references hold" in words(checked(Path("run.html").read_text()), "h2")
    items = [item for order in shop.records("orders") for item in order["lineItems"]]
    product = items[0]["productId"]
    with duckdb.connect("shop.duckdb") as file:
        file.execute("UPDATE raw.products SET _deleted_at = now()::TIMESTAMP WHERE id = ?", [product])
        file.execute("DELETE FROM raw.stores")
        above = "SELECT category_id FROM main.category_ancestors LIMIT 1"
        (below,) = file.execute(
            f"SELECT count(*) FROM main.category_ancestors WHERE category_id = ({above})"
        ).fetchall()
        file.execute(f"UPDATE raw.categories SET _deleted_at = now()::TIMESTAMP WHERE id = ({above})")
        file.execute(
            "INSERT INTO raw.orders SELECT orders.* REPLACE (concat(id, '-', copy) AS id, NULL AS lineItems)"
            " FROM raw.orders, range(?) AS copies(copy)",
            [copies],
        )
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    page = checked(Path("run.html").read_text())
    cells = [text for tag, text in page.texts if tag == "td"]
    at = cells.index("order_line_items.productId")
    lacking = sum(item["productId"] == product for item in items)
    assert cells[at : at + 4] == ["order_line_items.productId", "products", str(lacking), "the newest records"]
    at = cells.index("category_ancestors.category_id")
    assert cells[at : at + 3] == ["category_ancestors.category_id", "categories", str(below[0])]
    in_stores = sum("store" in order for order in shop.records("orders"))
    at = cells.index("orders.store_key")
    assert cells[at : at + 4] == ["orders.store_key", "stores", f"{in_stores * (copies + 1):,}", "all records"]


@pytest.mark.usefixtures("shop")
def test_an_author_whom_no_stream_has_is_no_reference_that_leads_nowhere() -> None:
    assert run(["sync", "-d", "shop.duckdb", "--streams", "project,customers", "-q"]) == 0
    author = '{"orders": {"lastModifiedBy": {"customer": {"id": "of the Merchant Center"}}}}'
    with duckdb.connect("shop.duckdb") as file:
        file.execute("UPDATE raw.project SET searchIndexing = ?", [author])
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    assert "References that do not hold" not in words(checked(Path("run.html").read_text()), "h2")


@pytest.mark.parametrize("destination", ["shop.duckdb", "parquet:shop"])
def test_what_a_run_could_not_read_is_still_missing_after_a_run_of_other_streams(
    destination: str, shop: Sandbox
) -> None:
    shop.faults.add(Fault("status", "/zones", times=None, status=403))
    assert run(["sync", "-d", destination, "--streams", "zones,stores", "-q"]) == 1
    shop.faults.clear()
    assert run(["sync", "-d", destination, "--streams", "stores", "-q"]) == 0
    assert run(["report", "-d", destination, "-o", "run.html"]) == 0
    page = checked(Path("run.html").read_text())
    assert ("section", {"class": "verdict bad"}) in page.elements
    assert "zones: in the run of " in words(page, "li")
    assert words(page, "h3") == "Records read Time taken Age of the data at the end"
    assert ("path", "bar failed") in [(tag, attributes.get("class")) for tag, attributes in page.elements]
    assert run(["sync", "-d", destination, "--streams", "zones", "-q"]) == 0
    assert run(["report", "-d", destination, "-o", "run.html"]) == 0
    assert ("section", {"class": "verdict"}) in checked(Path("run.html").read_text()).elements


def _drop_table() -> None:
    with duckdb.connect("shop.duckdb") as file:
        file.execute("DROP TABLE raw.zones CASCADE")


def _remove_files() -> None:
    for file in Path("shop/zones").glob("part-*.parquet"):
        file.unlink()


def _cut_files() -> None:
    for file in Path("shop/zones").glob("part-*.parquet"):
        file.write_bytes(file.read_bytes()[:100])


@pytest.mark.parametrize(
    ("destination", "damage", "reason"),
    [
        ("shop.duckdb", _drop_table, "nothing of it is stored any more"),
        ("parquet:shop", _remove_files, ".parquet is missing"),
        ("parquet:shop", _cut_files, "has 100 bytes where the manifest says"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_a_stream_whose_rows_were_taken_away_is_not_complete(
    destination: str, damage: Callable[[], None], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "-d", destination, "--streams", "zones,stores", "-q"]) == 0
    damage()
    assert run(["report", "-d", destination, "-o", "run.html"]) == 0, capsys.readouterr().err
    page = checked(Path("run.html").read_text())
    assert ("section", {"class": "verdict bad"}) in page.elements
    (told,) = [text for tag, text in page.texts if tag == "li"]
    assert told.startswith("zones: ")
    assert reason in told
    assert "stores" in [text for tag, text in page.texts if tag == "td"]


def test_the_age_of_the_data_grows_until_a_run_is_complete() -> None:
    def at(hour: int, status: str, *, ended: bool = True) -> RunRecord:
        time = f"2026-01-01T{hour:02d}"
        return RunRecord(
            run=time,
            command="sync",
            status=status,
            started=f"{time}:00:00.000Z",
            ended=f"{time}:10:00.000Z" if ended else None,
            bound=f"{time}:00:00.000Z",
            records=hour,
        )

    runs = [at(5, "begun", ended=False), at(4, "complete"), at(3, "incomplete"), at(2, "complete"), at(1, "failed")]
    drawn = points(runs)
    assert [point.age for point in drawn] == [None, 600, 4200, 600, None]
    assert [point.seconds for point in drawn] == [600, 600, 600, 600, None]
    assert [point.complete for point in drawn] == [False, True, False, True, False]


@given(st.lists(st.floats(-50, 400), max_size=30))
def test_labels_of_lines_never_cover_each_other(heights: list[float]) -> None:
    moved = plots._apart(heights, lowest=200.0)
    assert sorted(range(len(heights)), key=moved.__getitem__) == sorted(range(len(heights)), key=heights.__getitem__)
    assert all(second - first >= 12.99 for first, second in pairwise(sorted(moved)))
    assert not moved or max(moved) <= 200


def test_no_personal_data_is_in_a_page_unless_asked_for(shop: Sandbox) -> None:
    assert run(["sync", "-d", "shop.duckdb", "--streams", "customers,orders", "--report", "run.html", "-q"]) == 0
    emails = [customer["email"] for customer in shop.records("customers")]
    assert not [email for email in emails if email in Path("run.html").read_text()]
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html", "--unmasked"]) == 0
    assert [email for email in emails if email in Path("run.html").read_text()]


def test_a_page_says_of_what_only_a_part_is_stored_and_not_who_was_asked_for(shop: Sandbox) -> None:
    email = shop.records("customers")[0]["email"]
    selection = ["--streams", "customers,project", "--where", f'customers=email = "{email}"']
    assert run(["sync", "-d", "shop.duckdb", *selection, "--report", "run.html", "-q"]) == 0
    after_run = Path("run.html").read_text()
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    for text in (after_run, Path("run.html").read_text()):
        assert "Of customers only a part is stored" in words(checked(text), "p")
        assert email not in text
    # The reason why another filter is refused names both.
    assert run(["sync", "-d", "shop.duckdb", "--streams", "customers", "--report", "run.html", "-q"]) == 1
    assert "read where email = •••, and now" in words(checked(Path("run.html").read_text()), "li")
    assert email not in Path("run.html").read_text()
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html", "--unmasked"]) == 0
    assert (
        email in json.loads(words(checked(Path("run.html").read_text()), "script"))["states"]["customers"]["where"][0]
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'read where a = "ann \\"b" and b(c > 5), and now where d="e"; x',
            "read where a = ••• and b(c > •••), and now where d=•••; x",
        ),
        ('read where a = "ann', "read where a = •••"),
        ("read where a = ann@example.org; x", "read where a = •••; x"),
        ("expected x (line 1, column 12):\\n(ann is here", "expected x (line 1, column 12): •••"),
        ("the answer to GET /shop/orders was 503, 2 records", "the answer to GET /shop/orders was 503, 2 records"),
    ],
)
def test_no_text_of_a_masked_page_has_the_values_of_a_predicate(text: str, shown: str) -> None:
    page = replace(
        PAGE,
        streams=[replace(GOOD, error=text)],
        run=RunFigures(error=text, deletions_unseen=text),
        notes=[FieldNote("orders", text)],
        left_out=[LeftOut("orders", "the start", text)],
        summary={"streams": [{"error": text, "records": 5}], "error": None},
    )
    hidden = without_values(page)
    assert hidden.run == RunFigures(error=shown, deletions_unseen=shown)
    assert [hidden.streams[0].error, hidden.notes[0].text, hidden.left_out[0].reason] == [shown] * 3
    assert hidden.summary == {"streams": [{"error": shown, "records": 5}], "error": None}


def test_a_page_says_that_rows_were_taken_out_because_of_their_age() -> None:
    time = "2026-01-01T00:00:00.000Z"
    outcome = StreamRecord(
        stream="orders", started=time, ended=time, mode="incremental", records=0, new=0, changed=0, deleted=0,
        left_out=0, unfit=0, pages=1, bytes=2, error=None, expired=1_200,
    )  # fmt: skip
    newest = RunRecord(run="1", command="sync", status="complete", started=time, ended=time, streams=(outcome,))
    rows = with_outcomes({"orders": StreamFigures(name="orders", rows=3)}, [newest])
    page = checked(page_text(replace(PAGE, streams=list(rows.values()))))
    sentence = "In the newest run no row changed, 1,200 taken out because of their age, nothing left out."
    assert sentence in words(page, "section")
    assert rows["orders"].has_news()


def test_a_page_says_what_is_of_one_store(shop: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTP_STORE_KEY", shop.records("stores")[0]["key"])
    assert run(["sync", "-d", "shop.duckdb", "--streams", "orders,project", "-q"]) == 0
    assert run(["report", "-d", "shop.duckdb", "-o", "run.html"]) == 0
    assert "Of orders only a part is stored" in words(checked(Path("run.html").read_text()), "p")


def test_a_page_that_cannot_be_written_fails_no_run(
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The run makes a file of its destination where the page is to be.
    Path("shop").mkdir()
    command = ["sync", "-d", "parquet:shop", "--streams", "zones", "--report", "shop/latest.sql", "-q"]
    assert run(command) == 0
    assert "no page was written to shop/latest.sql" in capsys.readouterr().err
    with duckdb.connect() as connection:
        connection.execute(Path("shop/latest.sql").read_text(encoding="utf-8"))
        assert connection.execute("SELECT count(*) > 0 FROM raw.zones").fetchone() == (True,)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["sync", "-d", "jsonl:lines", "--report", "run.html"], "cannot be asked with SQL"),
        (["sync", "-d", "a.duckdb", "--report", "no/run.html"], "create it first"),
        (["report", "-d", "a.duckdb", "-o", "run.html"], "does not exist"),
        (["sync", "-d", "a.duckdb", "--report", "."], "is a folder"),
        (["sync", "-d", "a.duckdb", "--report", "-"], "standard output"),
        (["sync", "-d", "a.duckdb", "--report", "x" * 300], "cannot be read: File name too long"),
        (["sync", "-d", "a.duckdb", "--report", f"{'x' * 300}/run.html"], "create it first"),
        (["sync", "-d", "a.duckdb", "--metrics", "x" * 300], "cannot be read: File name too long"),
    ],
)
def test_where_there_can_be_no_page_nothing_is_begun(
    arguments: list[str],
    reason: str,
    shop: Sandbox,  # noqa: ARG001 - its settings are in the environment
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(arguments) != 0
    assert reason in capsys.readouterr().err
    assert not list(Path().iterdir())
