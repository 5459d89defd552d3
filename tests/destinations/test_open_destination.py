"""How a destination is named: every form that a row has, and what is said of anything else."""

from __future__ import annotations

import re
import subprocess
import sys
import traceback
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commercetools_source
from commercetools_source.destinations import (
    DESTINATIONS,
    DuckDB,
    Jsonl,
    Parquet,
    is_stored,
    open_destination,
    open_stored,
)
from commercetools_source.destinations.row import Ability, DestinationType, Location, choice, described, having, parse
from commercetools_source.errors import ConfigError, DestinationError


@pytest.mark.parametrize(
    ("spec", "kind", "name"),
    [
        ("duckdb", DuckDB, "commercetools.duckdb"),
        ("duckdb:data/shop.x", DuckDB, "data/shop.x"),
        ("shop.duckdb", DuckDB, "shop.duckdb"),
        ("SHOP.DUCKDB", DuckDB, "SHOP.DUCKDB"),
        ("/data/shop.db", DuckDB, "/data/shop.db"),
        ("C:\\data\\shop.db", DuckDB, "C:\\data\\shop.db"),
        ("c:shop.duckdb", DuckDB, "c:shop.duckdb"),
        ("./md:shop.db", DuckDB, "md:shop.db"),
        ("duckdb:./s3:shop", DuckDB, "s3:shop"),
        ("what?.db", DuckDB, "what?.db"),
        ("parquet", Parquet, "commercetools-parquet"),
        ("parquet:data/shop.db", Parquet, "data/shop.db"),
        ("parquet:D:\\data", Parquet, "D:\\data"),
        ("jsonl", Jsonl, "commercetools-jsonl"),
        ("jsonl:data.db", Jsonl, "data.db"),
        ("jsonl:~/shop", Jsonl, str(Path("~/shop").expanduser())),
    ],
)
def test_a_spec_names_its_destination(spec: str, kind: type, name: str) -> None:
    destination = open_destination(spec)
    assert type(destination) is kind
    assert destination.name == name
    assert not Path(name).exists()


@pytest.mark.parametrize(
    "spec", ["", "avro:data", "shop", "mx:shop", "s3://bucket/shop.db", "DuckDB", "duckdb:", "jsonl: ", "parquet:"]
)
def test_any_other_spec_is_answered_with_the_legal_ones(spec: str) -> None:
    forms = [form for row in DESTINATIONS for form in row.forms()]
    assert {"duckdb", "duckdb:FILE", "FILE.duckdb", "FILE.db", "parquet:FOLDER", "jsonl", "jsonl:FOLDER"} <= {*forms}
    with pytest.raises(ConfigError, match=f"legal are {', '.join(forms[:-1])} or {forms[-1]}"):
        open_destination(spec)


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("sqlite:shop.db", "'sqlite:shop.db' is not known;.*did you mean duckdb"),
        ("sqlite:///shop.db", "'sqlite:…' is not known;.*did you mean duckdb"),
        ("mx:shop.duckdb", "'mx:shop.duckdb' is not known"),
        ("motherduck:shop.db", "'motherduck:shop.db' is not known"),
        ("s3://bucket/shop.duckdb", "'s3:…' is not known;.*a URL needs the name .*: parquet:s3:… or jsonl:s3:…"),
        ("gs://u:SECRET@bucket", "'gs:…' is not known;.*: parquet:gs:… or jsonl:gs:…$"),
        ("postgresql://u:SECRET@host/db", "'postgresql:…' is not known;.*: ducklake:postgresql:…$"),
        ("file:///data/shop.duckdb", "'file:…' is not known"),
        ("Parquet:data", "'Parquet:data' is not known;.*did you mean parquet"),
        ("parqet:shop.db", "did you mean parquet"),
        ("json:data", "did you mean jsonl"),
        ("duckdb://shop.db", r"'duckdb://…' is no DuckDB file; legal are duckdb, duckdb:FILE, .*with \./ before"),
        ("duckdb:md:shop", "'duckdb:md:…' is no DuckDB file"),
        ("parquet:ftp://bucket/prefix", "'parquet:ftp:…' is no Parquet folder"),
        ("jsonl:https://host/lines", "'jsonl:https:…' is no folder of JSON lines"),
        ("duckdb:data/", "'duckdb:data/' ends as a folder does; name a file in it, such as commercetools.duckdb"),
        ("ducklake:data/.", "'ducklake:data/.' ends as a folder does"),
        ("~nobody-of-this-name/shop.db", "home folder of somebody unknown"),
        ("parquet:~nobody-of-this-name", "home folder of somebody unknown"),
        ("shop\0.db", r"characters that no file name should have"),
        ("jsonl:two\nlines", r"characters that no file name should have"),
        ("shop\udc80.db", r"characters that no file name should have"),
    ],
)
def test_a_mistyped_destination_makes_no_file_of_that_name(
    spec: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=shown):
        open_destination(spec)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["h/db", "h:5432/db?sslmode=require", "h/shop.db", ""])
@pytest.mark.parametrize(
    "begin", ["postgres://u:SECRET@", "pg:u:SECRET@", "duckdb:postgres://u:SECRET@", "jsonl://u:SECRET@"]
)
def test_a_password_in_a_destination_is_not_shown(begin: str, host: str) -> None:
    for materialize in (None, True):
        with pytest.raises(ConfigError) as error:
            open_destination(begin + host, materialize=materialize)
        assert "SECRET" not in str(error.value)
    with pytest.raises(ConfigError) as error:
        open_destination("u:SECRET@host/db")  # one letter before the colon is a drive
    assert "SECRET" not in str(error.value)


def test_a_parameter_with_a_password_is_not_shown() -> None:
    with pytest.raises(ConfigError) as error:
        open_destination("snowflake:account?password=SECRET")
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    "form",
    [
        "ducklake:postgresql://ann:{}@db/lake",
        "ducklake:postgresql://ann:{}@db:5432/lake?data_path=files",
        "ducklake:postgres:dbname=lake host=db password={}",
        "ducklake:shop.ducklake?data_path=s3://KEY:{}@bucket/shop",
        "ducklake:shop.ducklake?data_path=az:{}@bucket/shop",
        "ducklake:shop.ducklake?endpoint=http://KEY:{}@localhost:9000",
        "md:shop?motherduck_token={}",
        "parquet:s3://KEY:{}@bucket/shop",
        "jsonl:gs://KEY:{}@bucket",
        "jsonl:s3://bucket/shop?endpoint=http://KEY:{}@localhost:9000",
    ],
)
def test_no_character_of_a_password_makes_a_destination_show_it(form: str) -> None:
    for char, before in product("/?#[]@: %=&;,'\\+!$\u2100", ("", "x", "x:")):
        for password in (f"{before}{char}SECRET", f"SECRET{char}{before}"):
            try:
                shown = open_destination(form.format(password)).name
            except ConfigError as error:
                # With the errors that led to it, and without lines of code.
                shown = re.sub(r"(?m)^  .*$", "", "\n".join(traceback.format_exception(error)))
            assert "SECRET" not in shown, password


def test_a_row_may_have_urls_and_parameters() -> None:
    """Room for what lies in a bucket or catalogue: nothing else has to change."""

    def make(location: Location) -> Jsonl:
        return Jsonl(Path(f"{location.text}-{dict(location.parameters)}-{location.materialize}"))

    lake = DestinationType(
        name="lake",
        label="lake",
        metavar="CATALOG",
        make=make,
        schemes=("s3", "postgres"),
        parameters=("data", "schema"),
        abilities=frozenset({Ability.TABLES}),
    )
    rows = (*DESTINATIONS, lake)
    named = parse("lake:postgres://u:SECRET@h/db?data=s3://bucket/x&schema=", rows)
    assert named.location == Location("postgres://u:SECRET@h/db", {"data": "s3://bucket/x", "schema": ""})
    assert not named.location.is_local()
    assert "True" in named.make(materialize=True).name
    assert parse("lake:some/file?data=x", rows).location.is_local()
    for spec, message in {
        "lake": "legal are .*or lake:CATALOG",
        "lake:gs://bucket": "'lake:gs:…' is no lake",
        "lake:x?data=1&password=SECRET": r"a lake has no parameter 'password'; it has data, schema",
    }.items():
        with pytest.raises(ConfigError, match=message) as error:
            parse(spec, rows)
        assert "SECRET" not in str(error.value)
    with pytest.raises(ConfigError, match="keeps no views") as error:
        named.make(materialize=False)
    assert "SECRET" not in str(error.value)


def test_texts_are_made_of_rows() -> None:
    assert choice(having(DESTINATIONS, Ability.REMOVE)) == "a DuckDB file or a DuckLake"
    assert choice(having(DESTINATIONS, Ability.COMPARE)) == "a DuckDB file, a DuckLake or a Parquet folder"
    assert described(DESTINATIONS) == (
        "DuckDB file (FILE.duckdb), DuckLake (CATALOG.ducklake), Parquet folder (parquet:FOLDER)"
        " or folder of JSON lines (jsonl:FOLDER)"
    )


def test_what_was_never_written_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    for spec in ("{}/shop.db", "duckdb:{}/x", "parquet:{}/missing", "jsonl:{}/a b"):
        assert not is_stored(spec.format(tmp_path))
        with pytest.raises(DestinationError, match="does not exist; run `commercetools-source sync` first"):
            open_stored(spec.format(tmp_path))
    assert is_stored(f"jsonl:{tmp_path}/here")
    with pytest.raises(DestinationError, match=r"cannot look for .*choose another name"):
        is_stored(f"{tmp_path}/{'x' * 300}.db")
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@given(st.text(max_size=30), st.sampled_from(["", *(f"{row.name}:" for row in DESTINATIONS), "postgres://u:p@"]))
def test_any_text_names_a_destination_or_is_refused_in_a_line(text: str, begin: str) -> None:
    try:
        target = parse(begin + text, DESTINATIONS)
    except ConfigError as error:
        assert str(error).isprintable()  # noqa: PT017 - either is right
    else:
        assert target.row in DESTINATIONS
        assert target.location.text


def test_tables_and_views_of_relations_are_refused_where_there_can_be_none() -> None:
    assert isinstance(open_destination("shop.duckdb", materialize=False), DuckDB)
    assert isinstance(open_destination("parquet", materialize=True), Parquet)
    for spec, materialize, what in [
        ("jsonl:shop", True, "tables"),
        ("jsonl", False, "views"),
        ("parquet", False, "views"),
    ]:
        with pytest.raises(ConfigError, match=f"'{spec}' keeps no {what} of relations; leave out --(no-)?materialize"):
            open_destination(spec, materialize=materialize)


def test_a_missing_extra_is_named_before_anything_is_read(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['duckdb'] = None\n"
        "from commercetools_source.destinations import open_destination\n"
        f"open_destination({str(tmp_path / 'shop.db')!r}).open()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "DestinationError: cannot open" in answer.stderr
    assert "run pip install '.[duckdb]' in the folder of its source code" in answer.stderr
    assert not list(tmp_path.iterdir())


def test_no_destination_is_loaded_for_the_texts_of_rows() -> None:
    code = "import sys, commercetools_source.sync; print(*(name for name in sys.modules if 'destinations.' in name))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["commercetools_source.destinations.row"]


def test_only_the_rows_say_what_a_destination_is_called() -> None:
    """A text elsewhere would have to be changed with each new one. Only the demo is about a DuckDB file."""
    package = Path(commercetools_source.__file__).parent
    labels = [row.label for row in DESTINATIONS]
    texts = {
        path.relative_to(package).as_posix(): path.read_text("utf-8")
        for folder in ("sync", "cli", "report", "extract")
        for path in (package / folder).rglob("*.py")
        if path.stem != "demo"
    }
    assert len(texts) > 20
    assert not [name for name, text in texts.items() if any(label in text for label in labels)]


@pytest.mark.parametrize(
    ("spec", "command"),
    [
        ("duckdb:./-x.duckdb", "duckdb ./-x.duckdb"),
        ("it's.duckdb", "duckdb 'it'\"'\"'s.duckdb'"),
        ("parquet:~/shop", f"duckdb -init {Path('~/shop').expanduser()}/latest.sql"),
        ("parquet:s3://bucket/shop", ""),
    ],
)
def test_the_command_that_shows_what_is_there_can_be_pasted(spec: str, command: str) -> None:
    assert parse(spec, DESTINATIONS).look() == command
