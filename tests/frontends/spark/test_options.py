"""Options: each mistake in one sentence, and no secret in any of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from commercetools_source import STREAMS
from commercetools_source.errors import ConfigError
from commercetools_source.frontends.spark.options import OPTIONS, read_options
from commercetools_source.frontends.spark.partitions import is_divisible

SETTINGS = {
    "project_key": "my-shop",
    "client_id": "id",
    "client_secret": "hidden-secret",
    "region": "europe-west1.gcp",
}


def options(**given: str) -> Any:
    return read_options({**SETTINGS, **given}, {})


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "stream is missing; name one, for example .option('stream', 'orders')"),
        ({"stream": "oders"}, "there is no stream 'oders'. Did you mean orders?"),
        ({"stream": "orders", "colums": "id"}, "'colums' is no option; did you mean columns?"),
        ({"stream": "orders", "columns": "id, totl"}, "there is no column 'totl'; the columns are id, version"),
        ({"stream": "orders", "columns": "id, Version"}, "there is no column 'Version'; did you mean version?"),
        ({"stream": "orders", "columns": " , ,"}, "columns is ' , ,', which names none; name some, or leave it out"),
        ({"stream": "orders", "columns": "id,id"}, "the column id is named twice; name each once"),
        ({"stream": "orders", "page_size": "900"}, "page_size is '900'; it must be a whole number from 1 to 500"),
        ({"stream": "orders", "slots": "0"}, "slots is '0'; it must be a whole number from 1 on"),
        ({"stream": "orders", "max_rows": "9" * 5000}, "max_rows is '9999"),
        ({"stream": "orders", "partitions": "many"}, "partitions is 'many'; it must be a whole number"),
        ({"stream": "orders", "nested": "struct"}, "nested is 'struct'; it must be json or variant"),
        ({"stream": "orders", "pushdown": "yes"}, "pushdown is 'yes'; it must be true or false"),
        ({"stream": "orders", "relation": "order_lines"}, "orders has no relation 'order_lines'; it has orders, order"),
        ({"relation": "order_lineitems"}, "there is no relation 'order_lineitems'; did you mean order_line_items?"),
        ({"stream": "mcp_servers", "where": "id = 1"}, "mcp_servers cannot be filtered"),
    ],
)
def test_a_wrong_option_is_named_in_one_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options(**given)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith(sentence)


def test_all_mistakes_are_named_at_once_and_no_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        read_options({"stream": "orders", "client_secret": "hidden secret", "nested": "x", "slots": "-1"}, {})
    assert {problem.split()[0] for problem in caught.value.problems} >= {"project_key", "client_id", "nested", "slots"}
    assert "hidden" not in str(caught.value)


def test_a_missing_setting_is_asked_for_where_spark_has_it() -> None:
    with pytest.raises(ConfigError) as caught:
        options(stream="orders", client_id="")
    (problem,) = caught.value.problems
    where = "give it as .option('client_id', ...), or as CTP_CLIENT_ID in the environment of Spark's driver"
    assert problem == f"client_id is missing; {where}"
    with pytest.raises(ConfigError, match=r"hash_key is missing; give it as \.option\('hash_key', \.\.\.\)"):
        options(stream="orders", personal="hash")


def test_settings_come_from_the_environment_and_options_win() -> None:
    environ = {
        "CTP_PROJECT_KEY": "their-shop",
        "CTP_CLIENT_ID": "id",
        "CTP_CLIENT_SECRET": "hidden-secret",
        "CTP_REGION": "europe-west1.gcp",
    }
    read = read_options({"STREAM": "orders", "project_key": "my-shop"}, environ)
    assert read.config.project_key == "my-shop"
    assert read.config.client_secret.reveal() == "hidden-secret"
    assert "hidden" not in repr(read)


def test_a_relation_names_its_stream() -> None:
    read = options(relation="order_line_items", columns="orderId,quantity,totalPrice_amount")
    assert read.stream.name == "orders"
    assert read.types == {"orderId": "VARCHAR", "quantity": "BIGINT", "totalPrice_amount": "DECIMAL(23, 4)"}


def test_no_option_hides_a_setting() -> None:
    from commercetools_source.config.settings import SETTINGS as TABLE

    assert not set(OPTIONS) & set(TABLE)


def test_the_options_of_the_page_are_those_of_the_source() -> None:
    page = (Path(__file__).parents[3] / "docs" / "spark.md").read_text(encoding="utf-8")
    single = [stream for stream in STREAMS.values() if not is_divisible(stream)]
    assert len(single) == 10
    assert "Ten streams cannot be cut by time" in page
    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE)) == dict(OPTIONS)
