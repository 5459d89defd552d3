"""Lines as wide as a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.report.width import fitted

SENTENCE = "zones: failed: create an API client that also has the scope view_zones:shop, or leave the stream out"


def test_a_sentence_goes_on_below_itself_between_words() -> None:
    assert fitted(SENTENCE, 40) == (
        "zones: failed: create an API client that\n  also has the scope view_zones:shop, or\n  leave the stream out"
    )
    assert fitted(SENTENCE, 200) == fitted(SENTENCE, None) == SENTENCE


def test_the_last_cell_of_a_row_stays_in_its_column() -> None:
    row = "zones     0  the API client may not read it; ask for another one"
    assert fitted(row, 40) == ("zones     0  the API client may not read\n             it; ask for another one")
    narrow = f"{'a' * 70}  a cell without room"
    assert fitted(narrow, 80) == narrow


def test_what_is_to_be_pasted_is_not_broken() -> None:
    for line in ("next: commercetools-source sync --streams readable", "view_orders:shop view_zones:shop"):
        assert fitted(line, 20) == line
    assert fitted("run `commercetools-source sync --full` first", 24) == (
        "run\n  `commercetools-source sync --full`\n  first"
    )


@given(st.text(st.characters(categories=["L", "P", "Zs"])), st.integers(30, 120))
def test_no_word_is_lost(text: str, width: int) -> None:
    assert "".join(fitted(text, width).split()) == "".join(text.split())
