"""A tap as one writes it with Meltano's SDK: a `RESTStream` with keyset paging, RECORD lines on standard output."""

from __future__ import annotations

import logging
from typing import Any

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BaseAPIPaginator

from benchmarks.stopwatch import Place, measure

PLACE = Place()
_PAGE = 500
_TYPES = {str: th.StringType, bool: th.BooleanType, int: th.IntegerType, float: th.NumberType}


class Keyset(BaseAPIPaginator[Any]):
    """Goes on behind the last record of a page."""

    def __init__(self) -> None:
        super().__init__(None)

    def has_more(self, response: requests.Response) -> bool:
        """Return whether the page was full."""
        return bool(response.json()["count"] == _PAGE)

    def get_next(self, response: requests.Response) -> Any:
        """Return the place of the last record in the order."""
        last = response.json()["results"][-1]
        return last["createdAt"], last["id"]


class Records(RESTStream[Any]):
    """One collection of the API."""

    name = PLACE.resource
    path = f"/bench/{PLACE.resource}"
    primary_keys = ("id",)
    records_jsonpath = "$.results[*]"
    url_base = PLACE.url

    @property
    def authenticator(self) -> Any:
        """Return a token that was fetched beforehand."""
        return BearerTokenAuthenticator(token="prepared")  # noqa: S106 - it opens nothing

    def get_new_paginator(self) -> Any:
        """Go by keyset."""
        return Keyset()

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:  # noqa: ARG002
        """Return the query of a page."""
        params: dict[str, Any] = {"limit": _PAGE, "withTotal": "false", "sort": ["createdAt asc", "id asc"]}
        if next_page_token:
            at, key = next_page_token
            params["where"] = f'createdAt > "{at}" or (createdAt = "{at}" and id > "{key}")'
        return params


class TapRecords(Tap):
    """A tap with one stream, whose schema names the top-level fields."""

    name = "tap-records"

    def discover_streams(self) -> list[Any]:
        """Describe the fields by those of a first page."""
        page = requests.get(f"{PLACE.url}/bench/{PLACE.resource}?limit=500", timeout=60).json()
        fields = {name: value for record in page["results"] for name, value in record.items()}
        schema = th.PropertiesList(*(th.Property(name, _described(value)) for name, value in fields.items()))
        return [Records(self, schema=schema.to_dict())]


def _described(value: Any) -> Any:
    if isinstance(value, list):
        return th.ArrayType(th.AnyType())
    return th.ObjectType(additional_properties=True) if isinstance(value, dict) else _TYPES[type(value)]()


def main() -> None:
    """Sync the only stream."""
    logging.disable(logging.INFO)
    tap = TapRecords(config={})
    tap.streams  # noqa: B018 - discovery is not what is measured

    def work() -> int:
        tap.sync_all()
        return PLACE.records

    measure(work)


if __name__ == "__main__":
    main()
