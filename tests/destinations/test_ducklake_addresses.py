"""Addresses of lakes, and what is said of them, also where DuckLake is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.destinations import open_destination
from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.destinations.ducklake.motherduck import MotherDuck
from commercetools_source.destinations.ducklake.postgres import PostgresAddress
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.errors.extras import install_hint
from commercetools_source.extract.abilities import Versioned
from destinations.conformance import lacking_extension

if TYPE_CHECKING:
    from pathlib import Path

LACKS = lacking_extension("ducklake")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://ann:SECRET@db:5433/lake", "postgresql://db:5433/lake"),
        ("postgres://ann:SECRET%40x@db/lake", "postgresql://db/lake"),
        ("postgres:dbname=lake host=db port=5433 user=ann password=SECRET", "postgresql://db:5433/lake"),
        (r"postgres:dbname='my lake' password='SEC\'RET x'", "postgresql:///my lake"),
        ("postgres:host=/run/pg dbname=lake sslpassword = SECRET", "postgresql:///run/pg/lake"),
    ],
)
def test_an_address_of_postgresql_is_shown_without_its_secrets(text: str, shown: str) -> None:
    address = PostgresAddress.parse(text, {"sslmode": "require"})
    assert address.shown == shown
    assert "require" in address.connection
    message = f'cannot connect to "{address.connection}" with {", ".join(address.secrets)}'
    assert not re.search("SEC|RET|%40x", address.without_secrets(message))
    assert open_destination(f"ducklake:{text}").name == shown


@pytest.mark.parametrize(
    "spec",
    [
        "ducklake:postgres:host=db password=SECRET",
        "ducklake:postgres:lake SECRET",
        "ducklake:postgresql://ann:SECRET@db",
        "ducklake:mysql://ann:SECRET@db/lake",
        "ducklake:postgresql://ann:SECRET@db/lake?password=SECRET",
        "ducklake:shop.ducklake?data_path=",
        "ducklake:shop.ducklake?data_path=ftp://ann:SECRET@db",
        "ducklake:shop.ducklake?sslmode=require",
        "ducklake:md:shop",
        "md:",
    ],
)
def test_what_can_be_no_lake_is_refused_in_a_line_without_secrets(spec: str) -> None:
    with pytest.raises(ConfigError) as error:
        open_destination(spec)
    assert str(error.value).isprintable()
    assert "SECRET" not in str(error.value)


def test_comments_and_copies_are_not_offered() -> None:
    with pytest.raises(ConfigError, match="keeps no comments") as error:
        open_destination("ducklake:postgres:dbname=lake password=SECRET", comments=True)
    assert "SECRET" not in str(error.value)


def test_motherduck_needs_a_token_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("motherduck_token", "MOTHERDUCK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DestinationError, match="cannot open md:shop: set MOTHERDUCK_TOKEN"):
        open_destination("md:shop").open()


def test_motherduck_is_cleared_by_no_function_of_ducklake_and_says_itself_how_long_it_keeps_the_past() -> None:
    with duckdb.connect() as connection:
        MotherDuck("shop").rewrite(connection)
    destinations = [open_destination(spec) for spec in ("md:shop", "ducklake:shop.ducklake")]
    told = [destination.older_versions() for destination in destinations if isinstance(destination, Versioned)]
    assert ["ducklake_" in text for text in told] == [False, True]
    assert "SNAPSHOT_RETENTION_DAYS" in told[0]


def test_a_missing_extension_is_named_and_not_fetched(tmp_path: Path) -> None:
    with (
        duckdb.connect(config={"extension_directory": str(tmp_path)}) as connection,
        pytest.raises(DestinationError, match=r"has no extension spatial on this machine.*INSTALL spatial") as error,
    ):
        load(connection, "spatial", "a lake")
    assert str(error.value).endswith(install_hint("ducklake"))
    assert not list(tmp_path.rglob("*spatial*"))


@pytest.mark.skipif(not LACKS, reason="the extension is here")
def test_a_lake_without_its_extension_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="has no extension ducklake"):
        open_destination(f"ducklake:{tmp_path}/shop.ducklake").open()
    assert not list(tmp_path.iterdir())
