"""Every event is a sentence for people, with a weight, in one place."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from commercetools_source import events
from commercetools_source.events import Event, counted, seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS: list[tuple[Event, int, str]] = [
    (events.TokenFetched(172_800), logging.DEBUG, "a new access token is in force for 48 h 0 min"),
    (events.TokenFetched(None), logging.DEBUG, "a new access token is in force"),
    (
        events.RequestDone("GET", "/shop/orders", 200, 0.26, 1_000_000),
        logging.DEBUG,
        "GET /shop/orders: 200, 1,000,000 bytes in 0.3 s",
    ),
    (events.RequestDone("HEAD", "/shop", 200, 12, 1), logging.DEBUG, "HEAD /shop: 200, 1 byte in 12 s"),
    (
        events.RetryScheduled("GET", "/shop/orders", "503", 4.9, 1),
        logging.INFO,
        "GET /shop/orders is repeated in 4.9 s: 503 (attempt 1)",
    ),
    (
        events.RetryScheduled("GET", "/shop/orders", "429", 65, 2),
        logging.WARNING,
        "GET /shop/orders is repeated in 1 min 5 s: 429 (attempt 2)",
    ),
    (events.PhaseBegan("deletions"), logging.DEBUG, "looking for deletions"),
    (events.PhaseBegan("storing", "orders"), logging.DEBUG, "storing orders"),
    (events.StreamStarted("orders", "resumed"), logging.INFO, "orders: resumed read begins"),
    (events.PageRead("orders", 1, 2000), logging.DEBUG, "orders: a page of 1 record, 2,000 bytes"),
    (events.RowsWritten("orders", 1), logging.DEBUG, "orders: 1 record stored"),
    (
        events.RecordQuarantined("orders", "2026-01-01T00:00:00.000Z", "500"),
        logging.ERROR,
        "orders: the record after 2026-01-01T00:00:00.000Z cannot be read: 500",
    ),
    (events.StreamFinished("orders", 1, 0.1), logging.INFO, "orders: 1 record in 0.1 s"),
    (events.StreamFinished("orders", 0, 0.1), logging.INFO, "orders: 0 records in 0.1 s"),
    (events.StreamFailed("orders", "it is gone"), logging.ERROR, "orders: failed: it is gone"),
    (events.DeletesMarked("orders", 1), logging.INFO, "orders: 1 record deleted on the platform"),
    (events.DeletesMarked("orders", 1200), logging.INFO, "orders: 1,200 records deleted on the platform"),
    (events.DeletesUnseen("deletions were not looked for"), logging.WARNING, "deletions were not looked for"),
    (events.Notice("orders", "a new field"), logging.WARNING, "orders: a new field"),
]


@pytest.mark.parametrize(("event", "level", "message"), EVENTS)
def test_an_event_says_in_a_sentence_what_happened(event: Event, level: int, message: str) -> None:
    assert (event.level, event.message()) == (level, message)


def test_no_kind_of_event_is_forgotten_here() -> None:
    assert {type(event) for event, _, _ in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize(
    "event",
    [
        events.RetryScheduled("GET", "/a\x1b[2J", "5\n03", 1, 1),
        events.RequestDone("GET", "/a\r\nb", 200, 1, 1),
        events.RecordQuarantined("orders", "\u202e", "a\nb"),
        events.StreamFailed("orders", "a\nERROR all is lost\x1b[31m"),
        events.DeletesUnseen("a\nb"),
        events.Notice("a\nb", "c\x00d" * 9000),
    ],
)
def test_the_words_of_a_server_cannot_forge_a_line(event: Event) -> None:
    message = event.message()
    assert message.isprintable()
    assert len(message) < 20_000


PLURALS = {
    "answer": "answers",
    "byte": "bytes",
    "column": "columns",
    "foreign key": "foreign keys",
    "id": "ids",
    "line": "lines",
    "month": "months",
    "more column": "more columns",
    "more field": "more fields",
    "other stream": "other streams",
    "record": "records",
    "request": "requests",
    "retry": "retries",
    "row": "rows",
    "stream": "streams",
    "table": "tables",
    "value": "values",
    "window": "windows",
}
"""Each noun that the package counts, and some more."""


@pytest.mark.parametrize(
    ("noun", "plural"), [*PLURALS.items(), ("key", "keys"), ("day", "days"), ("inventory entry", "inventory entries")]
)
def test_a_noun_has_the_form_of_its_number(noun: str, plural: str) -> None:
    assert [counted(number, noun) for number in (0, 1, 2, 1234)] == [
        f"0 {plural}",
        f"1 {noun}",
        f"2 {plural}",
        f"1,234 {plural}",
    ]


def trees() -> Iterator[tuple[Path, ast.Module]]:
    folder = Path(events.__file__).parent
    for path in folder.rglob("*.py"):
        if "sandbox" not in path.parts:  # it says what the platform says
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_every_noun_that_is_counted_is_tested() -> None:
    nouns = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "counted":
                assert isinstance(node.args[1], ast.Constant)
                nouns.add(node.args[1].value)
    assert nouns <= PLURALS.keys()
    assert len(nouns) > 8


def test_no_text_has_a_number_before_a_plural_that_would_be_wrong_for_a_single_thing() -> None:
    plural = re.compile(rf" ((?:more|other|new) )?({'|'.join(PLURALS.values())})\b")
    wrong = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                for value, text in zip(node.values, node.values[1:], strict=False):
                    follows = isinstance(text, ast.Constant) and plural.match(str(text.value))
                    # The name of a constant is in capitals: its number is known, and not 1.
                    if isinstance(value, ast.FormattedValue) and follows and not ast.unparse(value.value).isupper():
                        wrong.append(f"{path.name}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (12.4, "12 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text
