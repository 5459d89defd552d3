"""The SDK's own suite for taps, over every stream, against the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("singer_sdk")

from singer_sdk.testing import SuiteConfig, get_tap_test_class

from commercetools_source.frontends.singer.tap import TapCommercetools

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox

# Where the sandbox listens is known only when it runs, but the class is made when this file is collected.
SETTINGS: dict[str, Any] = {
    "project_key": "later",
    "client_id": "later",
    "client_secret": "later",
    "api_url": "http://127.0.0.1:1",
    "auth_url": "http://127.0.0.1:1",
}

# Optional fields that no record of a small shop has.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Fields in transformed catalog but not in records:UserWarning"),
    pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def _sandbox_settings(sandbox: Sandbox) -> None:
    SETTINGS.update(sandbox.settings())


SUITE: Any = get_tap_test_class(
    TapCommercetools, config=SETTINGS, parse_env_config=False, suite_config=SuiteConfig(max_records_limit=20)
)
KINDS = ("test_tap_stream_attribute_is_numeric", "test_tap_stream_attribute_is_object")


def is_any_json(values: Any) -> bool:
    """Return whether a column may hold more than one kind of JSON."""
    kinds = values.stream.schema["properties"][values.attribute_name]["type"]
    return len({*kinds} - {"null"}) > 1 if isinstance(kinds, list) else False


# The suite takes a column for a number or an object if it may be one among other kinds, such as a custom object's value
# or the name in a Message, which is a text or one for each language.
for kind in KINDS:
    SUITE.params[kind] = [param for param in SUITE.params[kind] if not is_any_json(param.values)]


class TestTap(SUITE):
    """Made by the SDK."""
