"""The platform's OpenAPI file judges both sides: every answer of the sandbox, and every request of the client."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.finders import APICallPathFinder
from openapi_core.testing import MockResponse
from werkzeug.datastructures import Headers, ImmutableMultiDict

from commercetools_source import Client
from commercetools_source.cli.app import run
from commercetools_source.destinations import open_destination
from commercetools_source.sandbox import Fault, Sandbox
from commercetools_source.sandbox.platform.endpoints import CONTAINER, STREAMS
from commercetools_source.sync.compare import sweep, verify
from commercetools_source.sync.run import sync
from judges.specification import FILE, load, with_news
from thorough import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not FILE.exists(), reason="the platform's OpenAPI file is not in this repository"),
    # openapi-core knows no OAuth2; that a token is needed is tested in test_oauth.py.
    pytest.mark.filterwarnings("ignore:Unsupported scheme type"),
]
HOST = "https://api.europe-west1.gcp.commercetools.com"
MOST = None if "JUDGES" in os.environ else 30 if ALL else 10
"""Records of an answer to judge: all of them in `make judges`."""


class Asked:
    """A request in the form that openapi-core reads."""

    content_type = "application/json"

    def __init__(self, method: str, path: str, query: str = "", body: bytes = b"") -> None:
        self.method = method.lower()
        self.path = path
        self.query = parse_qsl(query, keep_blank_values=True)
        self.host_url = HOST
        self.body = body or None
        self.parameters = RequestParameters(query=ImmutableMultiDict(self.query), header=Headers())


class Judge:
    """Says what the platform's contract finds wrong."""

    def __init__(self) -> None:
        self.whole = with_news(load())
        self.api = OpenAPI.from_dict(self.whole, config=Config(spec_validator_cls=None))
        self.right = set[tuple[str, str]]()

    def template(self, asked: Asked) -> str:
        """Return the path of the contract that a request is for."""
        found = APICallPathFinder(self.api.spec).find(asked.method, HOST + asked.path)
        return str(found.path.parts[-1])

    def of_request(self, asked: Asked) -> list[str]:
        """Return the problems of a request; a parameter that the contract does not know is one."""
        template = self.template(asked)
        operation = self.whole["paths"][template][asked.method]
        known = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        names = {re.sub(r"^var\.[a-zA-Z0-9]+$", "where", name) for name, _ in asked.query}
        unknown = [f"{asked.method} {template} has no parameter {name!r}" for name in sorted(names - known)]
        return unknown + _told(lambda: self.api.validate_request(asked))

    def of_answer(self, asked: Asked, status: int, body: bytes) -> list[str]:
        """Return the problems of an answer; a record that was right is not looked at again under the same schema."""
        page = json.loads(body)
        if status == 200 and isinstance(results := page.get("results"), list):
            contents = self.whole["paths"][self.template(asked)][asked.method]["responses"]["200"]["content"]
            schema = json.dumps(contents)
            new = {(schema, json.dumps(record)): record for record in results}
            judged = [key for key in new if key not in self.right][:MOST]
            page["results"] = [new[key] for key in judged]
            if not (problems := self._of_answer(asked, status, json.dumps(page).encode())):
                self.right.update(judged)
            return problems
        return self._of_answer(asked, status, body)

    def _of_answer(self, asked: Asked, status: int, body: bytes) -> list[str]:
        answer = MockResponse(data=body, status_code=status, content_type="application/json")
        return _told(lambda: self.api.validate_response(asked, answer))


def _told(check: Any) -> list[str]:
    try:
        check()
    except OpenAPIError as error:
        causes = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
        places = [".".join(map(str, getattr(cause, "absolute_path", ()))) for cause in causes]
        return [f"{type(error).__name__} {place}: {cause!s:.300}" for place, cause in zip(places, causes, strict=True)]
    return []


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def places(shop: Sandbox, templates: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each path of the list endpoints with its template; those with parents once for some parents."""
    keys = {
        "storeKey": [store["key"] for store in shop.records("stores")],
        "container": sorted({record["container"] for record in shop.records("custom_objects")})[:2],
    }
    owners = {"/product-selections": shop.records("product_selections"), "/products": shop.records("products")}
    units = shop._running.project.parents(STREAMS["approval_rules"][0])
    for template in templates:
        if "{associateId}" in template:
            for associate, unit in (parent.split("/") for parent in units[:2]):
                yield template, template.replace("{associateId}", associate).replace("{businessUnitKey}", unit)
        elif name := re.search(r"\{(storeKey|container)\}", template):
            yield from ((template, template.replace(name[0], quote(key))) for key in keys[name[1]])
        elif name := re.search(r"^(/[a-z-]+)/(key=)?\{", template):
            field = "key" if name[2] else "id"
            found = [owner[field] for owner in owners[name[1]] if field in owner][:2]
            yield from ((template, re.sub(r"\{[^}]*\}", quote(value), template)) for value in found)
        else:
            yield template, template


def key_range(api: Any, path: str, query: str) -> Iterator[tuple[Asked, int, bytes]]:
    """Yield the pages of a list with the requests that they answer."""
    project = f"/{api.sandbox.project_key}"
    for offset in range(0, 10_001, 500):
        sent = f"{query}&limit=500&offset={offset}".lstrip("&") if path != "/" else query
        asked = Asked("GET", f"{project}{path}".rstrip("/"), sent)
        headers = {"Authorization": api.authorization}
        answer = api.http.request("GET", f"{api.sandbox.url}{asked.path}?{sent}", headers=headers)
        yield asked, answer.status, answer.data
        if json.loads(answer.data).get("count", 0) < 500:
            break


def test_every_answer_of_every_list_endpoint_is_as_the_platform_promises(judge: Judge, api: Any, shop: Sandbox) -> None:
    api.get("")
    endpoints = shop._running.router.endpoints
    problems: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for template, path in places(shop, endpoints):
        params = endpoints[template].params
        queries = ["staged=false", "staged=true"] if "staged" in params else [""]
        for query in [*queries, *(["withTotal=perhaps"] if template != "/" else [])]:
            for asked, status, body in key_range(api, path, query):
                found = judge.of_answer(asked, status, body)
                if "perhaps" not in query:
                    assert status == 200
                    found += judge.of_request(asked)
                    counts[template] += json.loads(body).get("count", 1)
                if found:
                    problems[f"{path}?{asked.query}"] = found
    assert problems == {}
    assert [template for template in endpoints if not counts[template]] == []
    of_streams = {path: name for name, (path, staged) in STREAMS.items() if not staged and "{" not in path}
    assert {path for path, name in of_streams.items() if counts[path] < len(shop.records(name))} == set()


# Not 404: the contract gives it no body.
def test_errors_and_expanded_answers_are_as_the_platform_promises(judge: Judge, api: Any, shop: Sandbox) -> None:
    api.get("")
    shop.add_client("zones-only", "pass", ["view_zones"])
    token = type(api)(shop, "zones-only", "pass").token().body["access_token"]
    good, limited = {"Authorization": api.authorization}, {"Authorization": f"Bearer {token}"}
    cases = [
        ("GET", "/orders", "where=nope%3D1", good, 400),
        ("GET", "/orders", "where=(", good, 400),
        ("GET", "/orders", "", {}, 401),
        ("GET", "/orders", "", limited, 403),
        ("DELETE", f"/orders/{shop.records('orders')[0]['id']}", "version=99", good, 409),
        ("GET", "/orders", "expand=lineItems[*].productType&expand=customerGroup", good, 200),
        ("GET", "/categories", "expand=parent&expand=ancestors[*]", good, 200),
    ]
    for method, path, query, headers, status in cases:
        asked = Asked(method, f"/{shop.project_key}{path}", query)
        answer = api.http.request(method, f"{shop.url}{asked.path}?{query}", headers=headers)
        assert answer.status == status
        assert judge.of_answer(asked, status, answer.data) == []


@pytest.mark.few(0)
def test_every_request_of_the_client_is_one_that_the_platform_knows(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, incremental and interrupted reads, deletions, proofs and the commands, of all streams."""
    monkeypatch.chdir(tmp_path)
    with Sandbox() as shop:
        for name, value in shop.environment().items():
            monkeypatch.setenv(name, value)
        with Client({**shop.settings(), "page_size": 100}) as client:
            destination = open_destination("shop.duckdb")
            assert sync(client, destination).complete
            for stream in ("orders", "products", "customers"):
                first, second, *_ = shop.records(stream)
                shop.update(stream, first["id"], {"lastModifiedAt": "2026-01-01T00:00:00.000Z"})
                shop.delete(stream, second["id"])
            shop.faults.add(Fault("query_timeout", "/orders", above=20, times=3))
            assert sync(client, destination).complete
            assert verify(client, destination)
            assert sweep(client, destination)
            list(client.pages("orders", since="2026-01-01T00:00:00.000Z", until="2026-06-01T00:00:00.000Z"))
        assert run(["check", "--json"]) == 0
        requests = {(seen.method, seen.path, seen.query, seen.body) for seen in shop.requests}
    problems = {}
    templates = Counter[str]()
    judged = set[tuple[str, str, str]]()
    for method, path, query, body in requests:
        if path.startswith(("/oauth/", "history:")):  # neither is of this specification
            continue
        asked = Asked(method, f"/{shop.project_key}{path}".rstrip("/"), query, body)
        template = judge.template(asked)
        templates[template] += 1
        # To the contract a predicate and the value of a variable are any text.
        names = [(name, "" if name == "where" or name.startswith("var.") else value) for name, value in asked.query]
        if (shape := (method, template, f"{names}{body!r}")) in judged:
            continue
        judged.add(shape)
        found = judge.of_request(asked)
        if found:
            problems[f"{method} {path}?{query}"] = found
    assert problems == {}
    read = {f"/{{projectKey}}{path}".rstrip("/") for path, _ in STREAMS.values()}
    # Custom objects are read container by container where the API client cannot list them all.
    assert read - set(templates) <= {f"/{{projectKey}}{CONTAINER}"}
