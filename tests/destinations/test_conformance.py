"""What every destination must do, whatever it is: one table of cases over all of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from commercetools_source.catalog.timestamps import shift
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, parse
from commercetools_source.errors import CommercetoolsError, ConfigError, DestinationError, InUseError
from commercetools_source.errors.extras import install_hint
from commercetools_source.extract.abilities import (
    Comparable,
    Declarable,
    Deletable,
    Difference,
    Listed,
    Merging,
    Publishable,
    RunStore,
    StateStore,
    open_to_read,
)
from commercetools_source.extract.checkpoint import StreamState
from commercetools_source.extract.delivery import Phase
from commercetools_source.extract.keyset import KeyRange, Position
from commercetools_source.extract.run_record import RunRecord, StreamRecord
from destinations.conformance import CASES, STREAM, Case, deliver
from destinations.deliveries import BOUND, CURSOR
from destinations.trees import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from commercetools_source.extract.delivery import Destination

READ = StreamState(cursor=CURSOR)
OLD = [{"id": "1", "version": 1, "name": "old"}, {"id": "2", "version": 2, "name": "old"}]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def new(case: Case, path: Path) -> Callable[[], Destination]:
    """Return what makes the destination at `path`, as the command line would."""
    return lambda: parse(f"{case.row.name}:{path}", [case.row]).make()


@pytest.fixture
def _possible(case: Case) -> None:
    if case.lacks:
        pytest.skip(case.lacks)


@pytest.fixture
def destination(new: Callable[[], Destination], _possible: None) -> Iterator[Destination]:
    """An open destination with nothing in it."""
    opened = new()
    assert opened.open() == {}
    yield opened
    opened.close()


def stored(destination: Destination, case: Case, path: Path) -> dict[str, dict[str, Any]]:
    """Return what the destination holds, which is open again afterwards."""
    destination.close()
    table = case.read(path) or {}
    destination.open()
    return table


def by_id(*records: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in records}


# --- rows ---


def test_every_destination_has_a_case() -> None:
    assert {row.name for row in DESTINATIONS} <= set(CASES)
    assert all(case.row.name == name for name, case in CASES.items())


def test_a_row_says_what_its_destination_can(case: Case, new: Callable[[], Destination], path: Path) -> None:
    destination = new()
    assert isinstance(destination, Comparable) == (Ability.COMPARE in case.row.abilities)
    assert isinstance(destination, Deletable) == (Ability.REMOVE in case.row.abilities)
    assert isinstance(destination, Publishable) == (Ability.PUBLISH in case.row.abilities)
    assert isinstance(destination, Declarable) == (Ability.EXTERNAL in case.row.abilities)
    assert (isinstance(destination, Merging) and destination.merges) == (Ability.MERGE in case.row.abilities)
    assert isinstance(destination, RunStore) == (Ability.RUNS in case.row.abilities)
    assert destination.name == str(path)
    assert destination.batch_bytes > 0
    for materialize, ability in ((True, Ability.TABLES), (False, Ability.VIEWS)):
        target = parse(f"{case.row.name}:{path}", [case.row])
        if ability in case.row.abilities:
            assert type(target.make(materialize=materialize)) is type(destination)
        else:
            with pytest.raises(ConfigError, match=f"{case.row.name}:.*of relations; leave out"):
                target.make(materialize=materialize)
    assert not path.exists(), "it was made before it was opened"


@pytest.mark.parametrize("case", [row.name for row in DESTINATIONS if row.extra], indirect=True)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(case: Case, path: Path) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['duckdb', 'pyarrow']))\n"
        "from commercetools_source.destinations import open_destination\n"
        f"open_destination({f'{case.row.name}:{path}'!r}).open()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.stderr.splitlines()[-1].endswith(install_hint(case.row.extra))
    assert not path.exists()


# --- reads ---


def test_a_full_read_counts_when_it_is_complete(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST))
    assert stored(destination, case, path) == by_id(*OLD)
    destination.write(deliver([{"id": "4", "version": 1}], Phase.FULL_NEXT))
    assert stored(destination, case, path) == by_id(*OLD)
    destination.write(deliver([], Phase.FULL_LAST))
    assert stored(destination, case, path) == by_id({"id": "3", "version": 1}, {"id": "4", "version": 1})


def test_a_full_read_begun_again_forgets_the_one_before(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST))
    destination.write(deliver([{"id": "4", "version": 1}], Phase.FULL_FIRST))
    destination.write(deliver([{"id": "5", "version": 1}], Phase.FULL_LAST))
    assert stored(destination, case, path).keys() == {"4", "5"}


def test_a_full_read_that_had_to_leave_a_record_out_takes_no_row_away(
    destination: Destination, case: Case, path: Path
) -> None:
    destination.write(deliver(OLD))
    state = StreamState(cursor=CURSOR, quarantined=(KeyRange("id", after=Position("1", "1"), upper="3"),))
    destination.write(deliver([{"id": "1", "version": 3, "name": "new"}], Phase.FULL_FIRST))
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_LAST, state=state))
    new = {"id": "1", "version": 3, "name": "new"}
    assert stored(destination, case, path) == by_id(new, OLD[1], {"id": "3", "version": 1})
    destination.write(deliver([new]))
    assert stored(destination, case, path) == by_id(new)


def test_a_full_read_without_records_empties_the_stream(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver(OLD))
    destination.write(deliver())
    assert stored(destination, case, path) == {}
    destination.close()
    assert destination.open() == {STREAM.name: READ}


def test_the_higher_version_counts_and_then_the_later_one(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver([{"id": "1", "version": 3, "name": "3"}]))
    for version, name in [(2, "2"), (4, "4"), (4, "later"), (1, "1")]:
        destination.write(deliver([{"id": "1", "version": version, "name": name}], Phase.MERGE))
    assert stored(destination, case, path) == by_id({"id": "1", "version": 4, "name": "later"})


def test_a_record_that_comes_twice_in_a_full_read_is_there_once(
    destination: Destination, case: Case, path: Path
) -> None:
    destination.write(deliver([{"id": "1", "version": 2}, {"id": "2", "version": 1}], Phase.FULL_FIRST))
    destination.write(deliver([{"id": "1", "version": 1}, {"id": "2", "version": 1, "name": "b"}], Phase.FULL_LAST))
    assert stored(destination, case, path) == by_id({"id": "1", "version": 2}, {"id": "2", "version": 1, "name": "b"})


@pytest.mark.parametrize("phase", [Phase.FULL_ONLY, Phase.MERGE, Phase.MERGE_LAST])
def test_a_delivery_that_comes_again_changes_nothing(
    phase: Phase, destination: Destination, case: Case, path: Path
) -> None:
    destination.write(deliver(OLD))
    again = deliver([{"id": "1", "version": 5, "name": "new"}, {"id": "9", "version": 1}], phase, state=READ)
    destination.write(again)
    once = stored(destination, case, path)
    destination.write(again)
    assert stored(destination, case, path) == once
    assert once["1"]["name"] == "new"


def test_a_merge_without_anything_before_makes_the_stream(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver([{"id": "1", "version": 1}], Phase.MERGE_LAST))
    assert stored(destination, case, path) == by_id({"id": "1", "version": 1})


def test_streams_do_not_meet(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "1", "version": 7}], stream="zones"))
    destination.write(deliver([], stream="zones"))
    assert stored(destination, case, path) == by_id(*OLD)


# --- values ---

ODD = ["", " ", "Müller", '"', "'", "\\", "a\nb\r\nc\td", "🛒", "\u2028", "%s", "{}", "--; DROP TABLE x", "null"]


def test_odd_texts_come_back_as_they_were(destination: Destination, case: Case, path: Path) -> None:
    records = [
        {"id": text or "empty", "version": 1, "name": text, "rates": [{"name": text}]} for text in [*ODD, "x" * 50_000]
    ]
    destination.write(deliver(records))
    assert stored(destination, case, path) == by_id(*records)


def test_fields_that_no_schema_knows_are_kept_whatever_they_are_called(
    destination: Destination, case: Case, path: Path
) -> None:
    odd = {"select": [True], "Ünï 🛒": {"x": None}, "it's": "b", "a.b/c": 0.5, "%": "", "later": False}
    destination.write(deliver([{"id": "1", "version": 1}]))
    destination.write(deliver([{"id": "2", "version": 1, **odd}], Phase.MERGE))
    assert stored(destination, case, path) == by_id({"id": "1", "version": 1}, {"id": "2", "version": 1, **odd})
    destination.write(deliver([{"id": "3", "version": 1, **odd}]))
    assert stored(destination, case, path) == by_id({"id": "3", "version": 1, **odd})


def test_a_field_that_can_be_no_column_spoils_no_other(destination: Destination, case: Case, path: Path) -> None:
    odd = {'a"b': 1, "a\\b": 2, "": 3, "\n": 4, "ID": 5}
    destination.write(deliver([{"id": "1", "version": 1, **odd, "name": "n"}, {"id": "2", "version": 1}]))
    table = stored(destination, case, path)
    assert {name: value for name, value in table["1"].items() if name not in odd} == {
        "id": "1",
        "version": 1,
        "name": "n",
    }
    assert table["2"] == {"id": "2", "version": 1}


@pytest.mark.few(14)
@pytest.mark.parametrize("name", ["rowid", "ROWID", "_file", "file_row_number", "filename", "row_id", "End_Snapshot"])
def test_a_field_called_like_what_finds_a_row_costs_no_row(
    destination: Destination, case: Case, path: Path, name: str
) -> None:
    destination.write(deliver([{**record, name: 0} for record in OLD]))
    destination.write(deliver([{"id": "1", "version": 2, "name": "new", name: 0}], Phase.MERGE))
    table = stored(destination, case, path)
    assert {key: record["name"] for key, record in table.items()} == {"1": "new", "2": "old"}
    if isinstance(destination, Comparable):
        assert destination.mark_deleted(STREAM, {"1": CURSOR}) == 1
        assert stored(destination, case, path).keys() == {"1", "2"}


def test_a_value_of_another_type_spoils_no_other(destination: Destination, case: Case, path: Path) -> None:
    wrong = {"id": "1", "version": 1, "name": {"en": "x"}, "rates": "none", "description": "kept"}
    destination.write(deliver([wrong, {"id": "2", "version": 1, "name": "n"}]))
    table = stored(destination, case, path)
    assert table["1"]["description"] == "kept"
    assert table["2"] == {"id": "2", "version": 1, "name": "n"}


# --- states ---


def test_the_state_of_every_stream_comes_back_as_it_was(
    destination: Destination, new: Callable[[], Destination]
) -> None:
    key_range = KeyRange("id", lower="a", upper='"', after=Position("é", "1"), parent=("x",))
    half = StreamState(CURSOR, "full", BOUND, (key_range,))
    part = StreamState(BOUND, since=CURSOR, where=("key = 'x'",), deletions_from=CURSOR, quarantined=(key_range,))
    destination.write(deliver([], Phase.FULL_FIRST, state=half))
    destination.write(deliver(OLD, stream="zones", state=part))
    destination.write(deliver([], Phase.MERGE, stream="zones", state=part))
    destination.close()
    again = new()
    assert again.open() == {STREAM.name: half, "zones": part}
    again.close()
    assert open_to_read(again) == {STREAM.name: half, "zones": part}
    again.close()


def test_a_read_that_was_cut_off_goes_on_after_opening_again(destination: Destination, case: Case, path: Path) -> None:
    destination.write(deliver(OLD))
    half = StreamState(CURSOR, "full", BOUND, (KeyRange("id", lower="a"),))
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST, state=half))
    destination.close()
    assert destination.open() == {STREAM.name: half}
    destination.write(deliver([{"id": "4", "version": 1}], Phase.FULL_LAST))
    assert stored(destination, case, path).keys() == {"3", "4"}


def test_a_state_that_is_reset_is_gone_and_its_rows_stay(destination: Destination, case: Case, path: Path) -> None:
    assert isinstance(destination, StateStore)
    assert not destination.reset(STREAM)
    destination.write(deliver(OLD))
    destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST))
    destination.write(deliver(OLD, stream="zones"))
    assert destination.reset(STREAM)
    assert not destination.reset(STREAM)
    destination.close()
    assert destination.open() == {"zones": READ}
    assert stored(destination, case, path) == by_id(*OLD)
    destination.write(deliver([{"id": "4", "version": 1}]))
    assert stored(destination, case, path).keys() == {"4"}


def test_a_state_that_came_without_rows_is_reset_as_any_other(destination: Destination) -> None:
    assert isinstance(destination, StateStore)
    destination.write(deliver(OLD))
    destination.write(deliver(OLD, stream="zones"))
    later = StreamState(cursor=BOUND)
    for stream in (STREAM.name, "zones"):
        destination.write(deliver(phase=Phase.MERGE_LAST, state=later, stream=stream))
    assert destination.reset(STREAM)
    assert not destination.reset(STREAM)
    destination.write(deliver([{"id": "z", "version": 9}], Phase.MERGE_LAST, stream="zones", state=later))
    destination.close()
    assert destination.open() == {"zones": later}


# --- failures ---


class Interrupted(Sequence[msgspec.Raw]):
    """Records of which all but the first cannot be had: Ctrl-C while they are written."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        if index == 0:
            return msgspec.Raw(b'{"id":"9","version":9}')
        raise KeyboardInterrupt


@pytest.mark.few(18)
@pytest.mark.parametrize("phase", list(Phase))
def test_a_write_that_is_interrupted_changes_nothing(
    phase: Phase, destination: Destination, case: Case, path: Path
) -> None:
    destination.write(deliver(OLD))
    if phase in {Phase.FULL_NEXT, Phase.FULL_LAST}:
        destination.write(deliver([{"id": "3", "version": 1}], Phase.FULL_FIRST))
    destination.close()
    before = destination.open()
    whole = deliver([{"id": "1", "version": 8}], phase, state=StreamState(BOUND, since=CURSOR))
    torn = type(whole)(whole.stream, Interrupted(), whole.size, whole.state, phase)
    with pytest.raises(KeyboardInterrupt):
        destination.write(torn)
    destination.close()
    assert destination.open() == before
    assert stored(destination, case, path) == by_id(*OLD)
    if phase not in {Phase.FULL_NEXT, Phase.FULL_LAST}:
        destination.write(deliver([{"id": "1", "version": 8}], Phase.MERGE_LAST))
        assert stored(destination, case, path)["1"]["version"] == 8


def test_writing_needs_an_open_destination(new: Callable[[], Destination], path: Path) -> None:
    with pytest.raises(DestinationError, match="is not open"):
        new().write(deliver(OLD))
    assert not path.exists()


def test_closing_twice_or_unopened_does_nothing(new: Callable[[], Destination], destination: Destination) -> None:
    destination.close()
    destination.close()
    new().close()
    assert destination.open() == {}


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case.is_local], indirect=True)
def test_a_folder_that_does_not_exist_is_not_made(case: Case, tmp_path: Path) -> None:
    missing = parse(f"{case.row.name}:{tmp_path}/missing/store", [case.row]).make()
    with pytest.raises(DestinationError, match="missing"):
        missing.open()
    missing.close()
    assert not list(tmp_path.iterdir())


def test_two_runs_exclude_each_other(destination: Destination, new: Callable[[], Destination]) -> None:
    second = new()
    with pytest.raises(InUseError, match="in use"):
        second.open()
    second.close()
    destination.write(deliver(OLD))
    destination.close()
    assert second.open() == {STREAM.name: READ}
    second.close()


# --- reading only ---


def test_reading_changes_nothing_and_many_may_read(
    destination: Destination, new: Callable[[], Destination], tmp_path: Path
) -> None:
    destination.write(deliver(OLD))
    destination.close()
    before = snapshot(tmp_path)
    first, second = new(), new()
    assert open_to_read(first) == open_to_read(second) == {STREAM.name: READ}
    assert snapshot(tmp_path) == before
    first.close()
    second.close()
    assert snapshot(tmp_path) == before


def test_nothing_is_made_where_there_is_nothing_to_read(new: Callable[[], Destination], tmp_path: Path) -> None:
    absent = new()
    with pytest.raises(DestinationError, match="does not exist"):
        open_to_read(absent)
    absent.close()
    assert not list(tmp_path.iterdir())


# --- records of runs ---

RECORDING = pytest.mark.parametrize(
    "case", [name for name, case in CASES.items() if Ability.RUNS in case.row.abilities], indirect=True
)
COUNTS = StreamRecord(
    stream=STREAM.name,
    started=CURSOR,
    ended=None,
    mode="full",
    records=3,
    new=None,
    changed=2,
    deleted=1,
    left_out=0,
    unfit=4,
    pages=1,
    bytes=5_000_000_000,
    error='it\'s "broken"? Müller 🛒',
)


def begun(number: int) -> RunRecord:
    return RunRecord(run=f"run-{number:05}", command="sync", status="begun", started=shift(CURSOR, number), bound=BOUND)


def ended(number: int, *streams: StreamRecord) -> RunRecord:
    fields = {"status": "incomplete", "ended": BOUND, "requests": 7, "waited": 0.25, "error": "why", "streams": streams}
    return msgspec.structs.replace(begun(number), **fields)


@RECORDING
def test_records_of_runs_come_back_as_they_were_the_newest_first(
    destination: Destination, new: Callable[[], Destination], tmp_path: Path
) -> None:
    assert isinstance(destination, RunStore)
    assert list(destination.runs(9)) == []
    destination.write_run(begun(1))
    destination.write_run(ended(1, COUNTS, msgspec.structs.replace(COUNTS, stream="zones", error=None)))
    destination.write(deliver(OLD))
    destination.write_run(begun(2))
    destination.close()
    before = snapshot(tmp_path)
    again = new()
    assert open_to_read(again) == {STREAM.name: READ}
    assert isinstance(again, RunStore)
    expected = [begun(2), ended(1, COUNTS, msgspec.structs.replace(COUNTS, stream="zones", error=None))]
    assert list(again.runs(9)) == expected
    assert list(again.runs(1)) == expected[:1]
    again.close()
    assert snapshot(tmp_path) == before


@RECORDING
def test_the_newest_run_is_the_last_one_also_where_the_clock_was_set_back(destination: Destination) -> None:
    assert isinstance(destination, RunStore)
    for number in (3, 1, 2):
        destination.write_run(begun(number))
        destination.write_run(ended(number))
    assert [record.run for record in destination.runs(2)] == [begun(2).run, begun(1).run]


@RECORDING
def test_a_record_of_a_run_needs_an_open_destination(new: Callable[[], Destination], path: Path) -> None:
    closed = new()
    assert isinstance(closed, RunStore)
    with pytest.raises(DestinationError, match="is not open"):
        closed.write_run(begun(1))
    assert not path.exists()


# --- deletions ---

COMPARING = pytest.mark.parametrize(
    "case", [name for name, case in CASES.items() if Ability.COMPARE in case.row.abilities], indirect=True
)


@COMPARING
def test_deletions_are_marked_once_and_a_record_that_comes_again_is_there(
    destination: Destination, case: Case, path: Path
) -> None:
    assert isinstance(destination, Comparable)
    assert case.deleted is not None
    destination.write(deliver(OLD))
    assert destination.mark_deleted(STREAM, {"1": CURSOR, "unknown": CURSOR}) == 1
    assert destination.mark_deleted(STREAM, {"1": BOUND}) == 0
    assert stored(destination, case, path) == by_id(*OLD)
    destination.close()
    assert case.deleted(path) == {"1"}
    destination.open()
    destination.write(deliver([{"id": "1", "version": 2}], Phase.MERGE_LAST))
    destination.close()
    assert case.deleted(path) == set()
    if isinstance(destination, Deletable):
        destination.open()
        assert destination.remove(STREAM, {"1": CURSOR, "unknown": CURSOR}) == 1
        assert stored(destination, case, path).keys() == {"2"}


@COMPARING
def test_a_comparison_names_what_is_missing_stale_and_gone(destination: Destination) -> None:
    assert isinstance(destination, Comparable)
    early, late = "2024-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z"
    destination.write(deliver())
    assert destination.compare(STREAM, [], CURSOR) == Difference((), (), (), 0, 0)
    destination.write(deliver([{"id": name, "version": 1, "createdAt": early} for name in "abcd"]))
    destination.write(deliver([{"id": "a", "version": 2, "createdAt": early}], Phase.MERGE_LAST))
    destination.mark_deleted(STREAM, {"d": early})
    listed = [[Listed("a", 2, early), Listed("b", 2, early)], [Listed("e", 1, early), Listed("f", 1, late)]]
    destination.close()
    open_to_read(destination)
    expected = Difference(missing=("e",), stale=("b",), gone=("c",), held=3, listed=4)
    assert destination.compare(STREAM, listed, CURSOR) == expected


# --- names and paths ---

PIECES = ["a b", "Ünï", "🛒", "100%", "%20", "..", ".", "a'b", 'a"b', "[x]", "*", "$HOME", "~", "-v", "a:b", "?", "#"]
NAMES = st.lists(st.sampled_from(PIECES) | st.text(min_size=1, max_size=12), min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=NAMES, end=st.sampled_from(["", "", "/", "//", "/.", "/.."]))
@example(text="x" * 300, end="")
@example(text="inner/../plain", end="/")
@example(text="linked", end="")
@example(text="dangling", end="")
def test_any_name_is_a_destination_or_a_sentence(
    name: str, text: str, end: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("names")
    (root / "home" / "inner").mkdir(parents=True)
    (root / "home" / "real").mkdir()
    (root / "home" / "linked").symlink_to("real" if CASES[name].row.metavar == "FOLDER" else "real/file")
    (root / "home" / "dangling").symlink_to("nowhere/at/all")
    before = set(root.rglob("*"))
    target = refusal = None
    try:
        target = parse(f"{name}:{root}/home/{text}{end}", [CASES[name].row])
        use(target.make())
    except CommercetoolsError as error:
        refusal = str(error)
    made = set(root.rglob("*")) - before
    if target is None or refusal is not None:
        assert refusal
        assert not made
    else:
        home = str(target.location.path().resolve())
        assert all(str(path).startswith(home) for path in made)


def use(destination: Destination) -> None:
    try:
        assert destination.open() == {}
        destination.write(deliver(OLD))
        destination.close()
        assert destination.open() == {STREAM.name: READ}
    finally:
        destination.close()
