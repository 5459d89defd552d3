from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
import re
import traceback
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, get_type_hints
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.config import Config
from commercetools_source.config.project import setting_of
from commercetools_source.config.settings import REGIONS, SETTINGS
from commercetools_source.config.values import Secret
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE: dict[str, Any] = {
    "region": "us-central1",
    "host": "gcp",
    "project_key": "my-project",
    "client_id": "abcDEF_123-x",
    "client_secret": "s3cr3t-s3cr3t-s3cr3t",
}
SANDBOX = {"region": None, "host": None, "api_url": "http://127.0.0.1:8080", "auth_url": "http://localhost:8080"}


def config(**changes: Any) -> Config:
    return Config.from_mapping({**WHOLE, **changes})


def problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        config(**changes)
    return caught.value.problems


def test_what_is_left_out_is_the_same_however_a_config_is_made() -> None:
    given = {
        "project_key": "shop",
        "client_id": "reader",
        "client_secret": Secret("s3cr3t"),
        "region": "us-central1.gcp",
    }
    assert Config(**given) == Config.from_mapping(given)


def test_the_five_settings_of_mage_are_enough() -> None:
    found = config()
    assert found.api_base == "https://api.us-central1.gcp.commercetools.com/my-project"
    assert found.token_url == "https://auth.us-central1.gcp.commercetools.com/oauth/token"
    assert found.client_secret.reveal() == "s3cr3t-s3cr3t-s3cr3t"
    assert (found.page_size, found.concurrency, found.request_timeout) == (500, 20, 60.0)
    assert (found.settle_seconds, found.lookback_seconds, found.retry_seconds) == (300.0, 600.0, 300.0)
    assert found.scopes == ()
    assert found.start_date is None


def test_the_defaults_are_those_of_the_table() -> None:
    found = config()
    for name, setting in SETTINGS.items():
        if name not in {*WHOLE, "api_url", "auth_url", "history_url"}:
            assert getattr(found, name) == setting.default, name
    assert sorted(field.name for field in dataclasses.fields(Config)) == sorted(SETTINGS)


def test_the_types_of_the_fields_are_those_of_the_table() -> None:
    types = {"string": {str, str | None, Secret, tuple[str, ...]}, "time": {str | None}}
    for name, hint in get_type_hints(Config).items():
        assert hint in {**types, "integer": {int}, "number": {float}}[SETTINGS[name].type], name
        assert (hint is Secret) == SETTINGS[name].secret


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_may_be_one_word_or_two(region: str) -> None:
    first, second = region.split(".")
    assert config(region=region, host=None) == config(region=first, host=second)
    assert config(region=region, host=second) == config(region=first, host=second)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"page_size": "100"}, "page_size", 100),
        ({"page_size": 1}, "page_size", 1),
        ({"page_size": 500.0}, "page_size", 500),
        ({"page_size": ""}, "page_size", 500),
        ({"concurrency": "20"}, "concurrency", 20),
        ({"request_timeout": 0}, "request_timeout", 60.0),
        ({"request_timeout": "0"}, "request_timeout", 60.0),
        ({"request_timeout": ""}, "request_timeout", 60.0),
        ({"request_timeout": "12.5"}, "request_timeout", 12.5),
        ({"settle_seconds": 0}, "settle_seconds", 0.0),
        ({"retry_seconds": 0}, "retry_seconds", 0.0),
        ({"lookback_seconds": "0"}, "lookback_seconds", 0.0),
        ({"scopes": "view_orders:my-project view_products:my-project:berlin"}, "scopes",
         ("view_orders:my-project", "view_products:my-project:berlin")),
        ({"scopes": ["view_orders:my-project"]}, "scopes", ("view_orders:my-project",)),
        ({"scopes": []}, "scopes", ()),
        ({"project_key": "  my-project \n"}, "project_key", "my-project"),
        ({"start_date": "2026-01-31"}, "start_date", "2026-01-31T00:00:00.000Z"),
        ({"start_date": "2026-01-31T12:30:00Z"}, "start_date", "2026-01-31T12:30:00.000Z"),
        ({"start_date": "2026-01-31 12:30"}, "start_date", "2026-01-31T12:30:00.000Z"),
        ({"start_date": "2026-01-31T12:30:00.1239+02:00"}, "start_date", "2026-01-31T10:30:00.123Z"),
        ({"start_date": "2026-01-31T00:30:00-0130"}, "start_date", "2026-01-31T02:00:00.000Z"),
        ({"start_date": date(2026, 1, 31)}, "start_date", "2026-01-31T00:00:00.000Z"),
        ({"start_date": datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=1)))}, "start_date",
         "2026-01-30T23:00:00.000Z"),
    ],
)  # fmt: skip
def test_a_value_is_typed(changes: dict[str, Any], field: str, value: Any) -> None:
    found = getattr(config(**changes), field)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"region": "moon-1"}, "region is 'moon-1.gcp'; it must be one of us-central1.gcp, us-east-2.aws"),
        ({"region": "europe-west1", "host": "aws"}, "it must be one of europe-west1.gcp, us-central1.gcp"),
        ({"region": "europe-west1.gcp", "host": "aws"}, "but host is 'aws'; leave host out"),
        ({"region": "us-central1", "host": None}, "host is missing; for region us-central1 it must be gcp (or write"),
        ({"region": "us-east-2", "host": " "}, "host is missing; for region us-east-2 it must be aws (or write"),
        ({"region": "us-east-2", "host": "gpc"}, "host is 'gpc' but region is 'us-east-2'; it must be one of"),
        ({"region": "moon-1", "host": None}, "region is 'moon-1'; it must be one of us-central1.gcp"),
        ({"request_timeout": 10**5000}, "request_timeout is a number of thousands of digits; it must be seconds"),
        ({"client_secret": 10**5000}, "client_secret is ***; it must be the API client's secret"),
        ({"api_url": {"url": "x"}}, "api_url is ***; it must be a URL such as"),
        ({"region": None, "host": None, "api_url": "https://api.us-central1.gcp.commercetools.com/other-shop"},
         "it must end after the host; the project is named by project_key alone"),
        ({"region": None}, "host is 'gcp' but region is missing"),
        ({"region": None, "host": None}, "region is missing; it must be one of us-central1.gcp"),
        ({"region": "us-central1.gcp/../x"}, "region is 'us-central1.gcp/../x'; it must be one of"),
        ({"host": "gcp.evil.example"}, "host is 'gcp.evil.example'; it must be gcp or aws"),
        ({"project_key": "my/project"}, "project_key is 'my/project'; it must be the project's key: 2 to 36"),
        ({"project_key": "x"}, "2 to 36"),
        ({"project_key": 17}, "project_key is 17;"),
        ({"project_key": " "}, "project_key is missing; set it in the settings file or as CTP_PROJECT_KEY"),
        ({"client_id": "a:b"}, "client_id is 'a:b'; it must be the API client's id"),
        ({"client_secret": None}, "client_secret is missing; set it in the settings file or as CTP_CLIENT_SECRET"),
        ({"client_secret": "two words"}, "client_secret is ***; it must be the API client's secret: one word"),
        ({"client_secret": 12345678}, "client_secret is ***; it must be"),
        ({"page_size": 501}, "page_size is 501; it must be a whole number from 1 to 500"),
        ({"page_size": 0}, "page_size is 0; it must be a whole number from 1 to 500"),
        ({"page_size": 1.5}, "page_size is 1.5; it must be a whole number from 1 to 500"),
        ({"page_size": True}, "page_size is True; it must be a whole number from 1 to 500"),
        ({"page_size": "many"}, "page_size is 'many'; it must be a whole number from 1 to 500"),
        ({"concurrency": 21}, "concurrency is 21; it must be a whole number from 1 to 20"),
        ({"request_timeout": -1}, "request_timeout is -1; it must be seconds, up to 3600; 0 means the default"),
        ({"settle_seconds": "nan"}, "settle_seconds is 'nan'; it must be seconds from 0 to 86400"),
        ({"lookback_seconds": "inf"}, "lookback_seconds is 'inf'; it must be seconds from 0 to 604800"),
        ({"retry_seconds": 10**400}, "retry_seconds is 1000"),
        ({"scopes": "view_orders"}, "scopes is 'view_orders'; it must be scopes such as 'view_orders:my-project'"),
        ({"scopes": 5}, "scopes is 5; it must be scopes"),
        ({"start_date": "yesterday"}, "start_date is 'yesterday'; it must be a date or time such as '2026-01-31'"),
        ({"start_date": "2026-02-30"}, "start_date is '2026-02-30'; it must be a date or time"),
        ({"start_date": "0001-01-01T00:00+23:00"}, "it must be a date or time"),
        ({"start_date": "2026-01-01T00:00+99:00"}, "it must be a date or time"),
        ({**SANDBOX, "auth_url": None}, "set api_url and auth_url"),
        ({**SANDBOX, "api_url": "http://sandbox:8080"}, "'http://sandbox:8080'; it must be https://, because"),
        ({**SANDBOX, "api_url": "ftp://127.0.0.1"}, "it must be https:// and a host"),
        ({**SANDBOX, "api_url": "https://a.example?x=1"}, "it must be https:// and a host, without user, query"),
        ({**SANDBOX, "api_url": "https://me:pw@a.example"}, "api_url is ***; it must be https:// and a host"),
        ({**SANDBOX, "api_url": "https://a.example:99999"}, "api_url is 'https://a.example:99999'; it must be a URL"),
        ({**SANDBOX, "api_url": "https://[::1"}, "api_url is 'https://[::1'; it must be a URL"),
        ({**SANDBOX, "api_url": "https://a.example/my-project/"}, "it must not end with the project key"),
        ({**SANDBOX, "auth_url": "https://a.example/oauth/token"}, "it must not end with /oauth/token"),
        ({"api_url": "https://api.eu-central-1.aws.commercetools.com"}, "it is not the one of region us-central1.gcp"),
        ({"colour": "blue"}, "'colour' is not a setting; the settings are project_key, client_id"),
        ({"client_secert": "x"}, "'client_secert' is not a setting; did you mean client_secret?"),
        ({"CLIENT_SECRET": "x"}, "'CLIENT_SECRET' is not a setting; did you mean client_secret?"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_answered_with_the_legal_ones(changes: dict[str, Any], sentence: str) -> None:
    found = problems(**changes)
    assert len(found) == 1, found
    assert sentence in found[0]


def test_all_problems_arrive_in_one_error() -> None:
    found = problems(region="moon.gcp", project_key="", client_id=None, page_size=0, scopes="x", colour="blue")
    assert [re.split(r"[ ']", sentence.lstrip("'"))[0] for sentence in found] == [
        "colour", "project_key", "client_id", "scopes", "page_size", "region"
    ]  # fmt: skip


def test_keys_of_the_host_program_are_ignored_only_on_request() -> None:
    assert Config.from_mapping({**WHOLE, "database": "x"}, ignore_unknown=True) == config()


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/my-project"),
        ("http://127.8.8.8:1", "http://127.8.8.8:1/my-project"),
        ("http://[::1]:8080", "http://[::1]:8080/my-project"),
        ("http://localhost", "http://localhost/my-project"),
        ("https://proxy.example/commercetools/", "https://proxy.example/commercetools/my-project"),
    ],
)
def test_a_url_replaces_the_region(url: str, base: str) -> None:
    assert config(**{**SANDBOX, "api_url": url}).api_base == base


def test_a_private_url_wins_over_the_region_that_mage_always_sends() -> None:
    found = config(api_url="http://127.0.0.1:1", auth_url="http://127.0.0.1:2")
    assert (found.api_url, found.auth_url) == ("http://127.0.0.1:1", "http://127.0.0.1:2")


@pytest.mark.parametrize("tail", ["eu-central-1.aws.commercetools.com", "cn-northwest-1.aws.commercetools.cn"])
def test_the_authorization_server_is_found_beside_the_platforms_api(tail: str) -> None:
    found = config(region=None, host=None, api_url=f"https://api.{tail}")
    assert found.auth_url == f"https://auth.{tail}"


def test_a_changed_copy_is_checked_too() -> None:
    assert dataclasses.replace(config(), page_size=10).page_size == 10
    with pytest.raises(ConfigError, match="page_size is 0"):
        dataclasses.replace(config(), page_size=0)
    with pytest.raises(ConfigError, match="not the one of region"):
        dataclasses.replace(config(), region="eu-central-1", host="aws")


ENVIRON = {
    "CTP_PROJECT_KEY": "my-project",
    "CTP_CLIENT_ID": "abcDEF_123-x",
    "CTP_CLIENT_SECRET": "s3cr3t-s3cr3t-s3cr3t",
    "CTP_API_URL": "https://api.us-central1.gcp.commercetools.com",
    "CTP_AUTH_URL": "https://auth.us-central1.gcp.commercetools.com",
    "CTP_SCOPES": "view_orders:my-project view_products:my-project",
}


def test_the_merchant_centers_variables_are_understood() -> None:
    found = Config.from_env({**ENVIRON, "PATH": "/bin", "CTP_STORE": "berlin", "CTP_PAGE_SIZE": "50"})
    assert found.api_base == "https://api.us-central1.gcp.commercetools.com/my-project"
    assert found.scopes == ("view_orders:my-project", "view_products:my-project")
    assert found.page_size == 50


def test_a_misspelt_variable_is_named_with_the_right_one() -> None:
    environ = {**ENVIRON, "CTP_CLIENT_SECERT": ENVIRON["CTP_CLIENT_SECRET"]}
    del environ["CTP_CLIENT_SECRET"]
    with pytest.raises(ConfigError) as caught:
        Config.from_env(environ)
    assert caught.value.problems == (
        "'CTP_CLIENT_SECERT' is not a setting; did you mean CTP_CLIENT_SECRET?",
        "client_secret is missing; set it in the settings file or as CTP_CLIENT_SECRET",
    )


DOTENV = """
# written by the Merchant Center
export CTP_PROJECT_KEY=my-project
CTP_CLIENT_ID="abcDEF_123-x"
CTP_CLIENT_SECRET='s3cr3t-s3cr3t-s3cr3t'
CTP_API_URL=https://api.us-central1.gcp.commercetools.com  # Iowa
CTP_AUTH_URL = https://auth.us-central1.gcp.commercetools.com
CTP_SCOPES="view_orders:my-project view_products:my-project"
OTHER=
"""
TOML = """
project_key = "my-project"
client_id = "abcDEF_123-x"
client_secret = "s3cr3t-s3cr3t-s3cr3t"
api_url = "https://api.us-central1.gcp.commercetools.com"
scopes = ["view_orders:my-project", "view_products:my-project"]
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", DOTENV),
        (".env.shop", DOTENV),
        ("shop.env", "\ufeff" + DOTENV.replace("\n", "\r\n")),
        ("shop.json", json.dumps(ENVIRON)),
        ("shop.json", json.dumps({key.removeprefix("CTP_").lower(): value for key, value in ENVIRON.items()})),
        ("shop.toml", TOML),
    ],
)
def test_a_file_gives_the_same_settings_as_the_environment(tmp_path: Path, name: str, text: str) -> None:
    if name.endswith(".toml"):
        pytest.importorskip("tomllib")
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert Config.from_file(tmp_path / name) == Config.from_env(ENVIRON)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("shop.yaml", b"{}", "its name must end in .env, .json or .toml"),
        ("shop.json", None, "cannot be read: No such file or directory"),
        ("shop.json", b'{"client_secret": "s3cr3t-s3cr3t-s3cr3t"', "is not valid JSON: "),
        ("shop.json", b'["s3cr3t-s3cr3t-s3cr3t"]', "must hold one object of settings, not list"),
        ("shop.json", b'{"client_secret": "s3cr3t-s3cr3t-s3cr3t\xff"}', "is not UTF-8 text"),
        (".env", b"s3cr3t-s3cr3t-s3cr3t", "line 1 of the settings file"),
    ],
)
def test_a_broken_file_is_explained_without_its_content(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        Config.from_file(tmp_path / name)
    assert sentence in str(caught.value)
    assert "s3cr3t" not in everything_about(caught.value)


def test_flags_win_over_the_environment_and_the_environment_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps({**ENVIRON, "page_size": 1, "concurrency": 1, "settle_seconds": 1}))
    found = Config.load(file, {"CTP_PAGE_SIZE": "2", "CTP_CONCURRENCY": "2"}, {"page_size": 3, "client_id": None})
    assert (found.page_size, found.concurrency, found.settle_seconds) == (3, 2, 1)
    assert found.client_id == ENVIRON["CTP_CLIENT_ID"]


def test_a_region_given_later_replaces_urls_given_earlier() -> None:
    found = Config.load(None, ENVIRON, {"region": "eu-central-1.aws"})
    assert found.api_url == "https://api.eu-central-1.aws.commercetools.com"
    assert found.auth_url == "https://auth.eu-central-1.aws.commercetools.com"


def everything_about(error: BaseException) -> str:
    seen: list[str] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None:
            seen += [repr(one), str(one), repr(one.args), repr(getattr(one, "__dict__", {}))]
            # UnicodeDecodeError and JSONDecodeError keep the text they failed on.
            seen += [repr(getattr(one, "object", "")), repr(getattr(one, "doc", ""))]
            todo += [one.__cause__, one.__context__]
    return "\n".join([*seen, *traceback.format_exception(error)])


def everything_shown_by(found: Config) -> list[str]:
    shows = [repr(found), str(found), f"{found}", repr(dataclasses.asdict(found)), str(dataclasses.astuple(found))]
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    assert again == found
    with pytest.raises(TypeError):
        json.dumps(found.client_secret)
    shows += [repr(again), repr(copy.deepcopy(found))]
    return [*shows, f"{found.client_secret!s} {found.client_secret!r} {found.client_secret:>5}"]


SECRETS = st.text(st.characters(codec="utf-8"), min_size=8).filter(lambda text: len(text.strip()) >= 8)


@given(secret=SECRETS, changes=st.dictionaries(st.sampled_from([*SETTINGS, "colour"]), st.text() | st.integers()))
def test_the_secret_never_shows(secret: str, changes: dict[str, Any]) -> None:
    # A marker, so that a secret such as "settings" is not found in our own sentences.
    marked = f"~§~{secret}"
    # The secret may have been pasted into the wrong place as well.
    wrong = {key: marked if value == "" else value for key, value in changes.items()}
    try:
        found = Config.from_mapping({**WHOLE, **wrong, "client_secret": marked})
    except ConfigError as error:
        shows = [everything_about(error)]
    else:
        shows = everything_shown_by(found)
        assert found.client_secret.reveal() == marked.strip()
    assert "~§~" not in "\n".join(shows)


HOSTILE = st.text(st.sampled_from("abgcp19-._/\\@:?#%&= \n\r\t[]é"), max_size=40)


@given(region=HOSTILE | st.just("us-central1"), host=HOSTILE | st.just("gcp"), key=HOSTILE)
def test_region_host_and_project_key_cannot_inject_into_a_url(region: str, host: str, key: str) -> None:
    try:
        found = config(region=region, host=host, project_key=key)
    except ConfigError:
        return
    api, token = urlsplit(found.api_base), urlsplit(found.token_url)
    assert re.fullmatch(r"api\.[a-z0-9-]+\.(gcp|aws)\.commercetools\.com", api.netloc)
    assert re.fullmatch(r"auth\.[a-z0-9-]+\.(gcp|aws)\.commercetools\.com", token.netloc)
    assert (api.path, token.path) == (f"/{key.strip()}", "/oauth/token")
    assert api.path.count("/") == 1
    assert not any((api.query, api.fragment, token.query, token.fragment))


@given(url=st.from_regex(r"\Ahttps?://[a-z0-9.@:?#/%\\ -]{0,30}\Z") | HOSTILE)
def test_a_url_that_is_accepted_is_only_scheme_host_and_path(url: str) -> None:
    try:
        found = config(region=None, host=None, api_url=url, auth_url="https://auth.example")
    except ConfigError:
        return
    parts = urlsplit(found.api_url)
    assert parts.scheme == "https" or parts.hostname == "localhost" or str(parts.hostname).startswith("127.")
    assert parts.username is None
    assert not any((parts.query, parts.fragment))
    assert found.api_base == f"{found.api_url}/my-project"


@given(moment=st.datetimes(timezones=st.just(timezone.utc)))
def test_a_start_date_keeps_its_moment(moment: datetime) -> None:
    written = config(start_date=moment.isoformat()).start_date
    assert written is not None
    assert datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%f%z") == moment.replace(
        microsecond=moment.microsecond // 1000 * 1000
    )


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def deep(levels: int) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = [value]
    return value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
) | st.binary() | st.dates() | st.datetimes() | st.times()  # fmt: skip


@given(st.dictionaries(st.sampled_from([*SETTINGS]) | st.text() | st.integers(), JSON, max_size=6))
def test_any_mapping_is_settings_or_a_mistake(changes: dict[Any, Any]) -> None:
    try:
        found = Config.from_mapping({**WHOLE, **changes})
    except ConfigError:
        return
    assert found == dataclasses.replace(found)


@pytest.mark.parametrize("name", [*SETTINGS, "colour"])
def test_a_value_that_python_cannot_print_is_a_mistake(name: str) -> None:
    for value in (10**5000, deep(5000), [10**5000], {"": deep(5000)}):
        sentences = problems(**{name: value})
        assert all(len(sentence) < 1000 for sentence in sentences)


@pytest.mark.parametrize("suffix", [".env", ".json", ".toml"])
@given(content=st.binary() | st.text().map(str.encode) | st.sampled_from([b"[" * 9999, b"a=" + b"[" * 9999, b"{" * 9]))
def test_any_file_is_settings_or_a_mistake(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    if suffix == ".toml":
        pytest.importorskip("tomllib")
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        Config.from_file(path)


@pytest.mark.parametrize("name", [".env", "a\0.env", "", "folder.json"])
def test_any_name_of_a_file_is_a_mistake_or_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.from_file(tmp_path / name if name else "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize(("name", "text"), [(".env", DOTENV), ("shop.json", json.dumps(ENVIRON))])
def test_a_file_of_a_windows_shell_is_understood(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert Config.from_file(tmp_path / name) == Config.from_env(ENVIRON)
    (tmp_path / name).write_bytes(text.encode("utf-16-le"))
    with pytest.raises(ConfigError, match="is not UTF-8 text, nor UTF-16 with its mark"):
        Config.from_file(tmp_path / name)


def test_the_singular_of_scopes_is_understood_and_the_plural_wins() -> None:
    singular = {**ENVIRON, "CTP_SCOPE": ENVIRON["CTP_SCOPES"], "CTP_SCOPES": ""}
    assert Config.from_env(singular) == Config.from_env(ENVIRON)
    assert Config.from_env({**ENVIRON, "CTP_SCOPE": "manage_project:x"}) == Config.from_env(ENVIRON)


FOREIGN = "CERTIFICATE='-----BEGIN\nMIIB\n-----END'\nif true; then\n"


def test_foreign_lines_are_no_mistake_where_nothing_is_missing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(DOTENV + FOREIGN)
    assert Config.from_file(file) == Config.discover(file, {}) == Config.from_env(ENVIRON)
    file.write_text("CTP_PAGE_SIZE=5\n" + FOREIGN)
    assert Config.discover(file, ENVIRON).page_size == 5
    with pytest.raises(ConfigError, match=r"line 3 of the settings file .* is not NAME=value.*client_id is missing"):
        Config.discover(file, {})
    file.write_text(DOTENV + "CTP_PAGE_SIZE: 5\n")
    with pytest.raises(ConfigError, match=r"line 10 of the settings file .* is not NAME=value"):
        Config.from_file(file)


@pytest.mark.parametrize("content", [b"\xff\xfe\xff", b"\x80", b"OTHER=1", None])
def test_a_file_that_is_no_use_is_told_only_where_settings_are_missing(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / ".env"
    if content is not None:
        file.write_bytes(content)
    assert Config.discover(file, ENVIRON) == Config.from_env(ENVIRON)
    expected = "is not UTF-8" if content and content != b"OTHER=1" else f"no .env with CTP_ variables is in {tmp_path}"
    partial = {name: value for name, value in ENVIRON.items() if name != "CTP_CLIENT_ID"}
    for environ in (partial, {}):
        with pytest.raises(ConfigError) as missing:
            Config.discover(file, environ)
        assert expected in str(missing.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_no_mistake_where_nothing_is_missing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(DOTENV)
    file.chmod(0)
    assert Config.discover(file, ENVIRON) == Config.from_env(ENVIRON)
    with pytest.raises(ConfigError, match="Permission denied"):
        Config.discover(file, {})


def test_one_setting_comes_from_where_all_of_them_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    key, name = Secret("0123456789abcdef"), "CTP_HASH_KEY"
    assert setting_of("hash_key", None, {}) == Secret("")
    (tmp_path / ".env").write_bytes(f"{name}={key.reveal()}".encode("utf-16"))
    assert setting_of("hash_key", None, {name: " "}) == key
    assert setting_of("hash_key", None, {name: "of the environment"}) == Secret("of the environment")
    (tmp_path / "other.json").write_text('{"hash_key": "of the named file"}')
    assert setting_of("hash_key", tmp_path / "other.json", {}) == Secret("of the named file")
    for content, reason in ((b"\x80", "is not UTF-8"), (f"{name}=short".encode(), r"hash_key is \*\*\*")):
        (tmp_path / ".env").write_bytes(content)
        with pytest.raises(ConfigError, match=reason):
            setting_of("hash_key", None, {})
    assert setting_of("hash_key", None, {name: key.reveal()}) == key  # the file is not needed


def test_no_settings_at_all_are_told_what_to_do_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as nothing:
        Config.discover(tmp_path / ".env", {"PATH": "/bin", "CTP_REGION": " "}, {"concurrency": None})
    first, *missing = nothing.value.problems
    assert first.startswith(
        f"no settings: no .env with CTP_ variables is in {tmp_path}. Run `commercetools-source init`, which"
    )
    assert "`commercetools-source demo` needs none" in first
    assert [sentence.split()[0] for sentence in missing] == ["project_key", "client_id", "client_secret", "region"]


@pytest.mark.parametrize("name", ["api_url", "auth_url", "history_url"])
@pytest.mark.parametrize("end", ["?key=opensesame", "#opensesame", "/history?\nopensesame"])
def test_the_query_of_a_url_is_refused_and_not_shown(name: str, end: str) -> None:
    (problem,) = problems(**{**SANDBOX, name: f"https://proxy.example{end}"})
    assert re.match(rf"{name} is 'https://proxy.example.*\*\*\*'; it must be", problem)
    assert "opensesame" not in problem


@pytest.mark.parametrize("mark", "?#")
def test_a_password_with_the_mark_of_a_query_is_not_shown(mark: str) -> None:
    (problem,) = problems(**{**SANDBOX, "history_url": f"https://me:open{mark}sesame@proxy.example"})
    assert problem.startswith("history_url is ***; it must be")
