"""Scripted faults, as a client on a socket meets them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Any, NoReturn

import pytest
import urllib3

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox import Fault, Faults, Sandbox
from commercetools_source.sandbox.server.thread import listen


def script(api: Any, *faults: Fault) -> None:
    """Add faults over HTTP where the admin endpoint is open, else by code."""
    for fault in faults:
        if api.sandbox._admin:
            assert api.send("POST", "/_sandbox/faults", body=json.dumps(asdict(fault))).status == 200
        else:
            api.sandbox.faults.add(fault)


def assert_late(api: Any, method: str, path: str) -> None:
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        api.send(method, path, headers={"Authorization": api.authorization}, timeout=0.05)


@pytest.fixture(params=["code", "admin"])
def faulty(start: Any, request: pytest.FixtureRequest) -> Any:
    api = start(rows=[], admin=request.param == "admin")
    for number in range(5):
        api.sandbox.create("zones", {"key": f"zone-{number}", "name": "x" * 500})
    api.get("/zones")
    return api


@pytest.mark.parametrize(
    ("fault", "status", "code", "header"),
    [
        (Fault("throttle", seconds=2), 429, "TooManyRequests", ("Retry-After", "2")),
        (Fault("throttle", seconds=1.5, header="X-RateLimit-Reset"), 429, "TooManyRequests",
         ("X-RateLimit-Reset", "1.5")),
        (Fault("throttle", header=""), 429, "TooManyRequests", None),
        (Fault("status", status=500), 500, "General", None),
        (Fault("status", status=502), 502, "BadGateway", None),
        (Fault("status"), 503, "OverCapacity", None),
        (Fault("status", status=504), 504, "GatewayTimeout", None),
        (Fault("query_timeout", above=10), 400, "QueryTimedOut", None),
        (Fault("too_large", above=10), 413, "ContentTooLarge", None),
    ],
)  # fmt: skip
def test_an_error_is_answered_once_and_then_no_more(
    faulty: Any, fault: Fault, status: int, code: str, header: tuple[str, str] | None
) -> None:
    script(faulty, fault)
    reply = faulty.get("/zones")
    assert reply.status == reply.body["statusCode"] == status
    assert reply.body["errors"][0]["code"] == code
    if header:
        assert reply.headers[header[0]] == header[1]
    if status == 429:
        told = {"Retry-After", "X-RateLimit-Reset"} - {name for name, _ in [header or ("", "")]}
        assert not told & set(reply.headers)
    assert faulty.get("/zones").status == 200
    assert faulty.sandbox.faults.hits() == [(fault, 1)]


def test_a_load_balancer_answers_in_html(faulty: Any) -> None:
    script(faulty, Fault("html", status=502))
    reply = faulty.get("/zones")
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    assert reply.body.startswith(b"<html>")


def test_a_fault_chooses_its_requests(faulty: Any) -> None:
    script(
        faulty,
        Fault("status", path="/zones", after=1, times=2),
        Fault("status", path="/orders*", method="GET", times=None),
    )
    assert [faulty.get("/zones").status for _ in range(5)] == [200, 503, 503, 200, 200]
    assert [faulty.get(path).status for path in ("/orders", "/orders/edits", "/orders", "/stores")] == [
        503,
        503,
        503,
        200,
    ]
    assert faulty.call("HEAD", "/orders").status != 503
    faulty.sandbox.faults.clear()
    assert faulty.get("/orders").status == 200


def test_page_faults_pass_smaller_pages(faulty: Any) -> None:
    script(faulty, Fault("query_timeout", above=100, times=None))
    assert [faulty.get("/zones", limit=limit).status for limit in (500, 101, 100, 20)] == [400, 400, 200, 200]


@pytest.mark.parametrize(("status", "code"), [(500, "General"), (400, "QueryTimedOut"), (413, "ContentTooLarge")])
def test_a_record_may_be_unservable(faulty: Any, status: int, code: str) -> None:
    ids = faulty.get("/zones", sort="id asc").ids
    script(faulty, Fault("unservable", records=(ids[2],), status=status, times=None))
    reply = faulty.get("/zones", sort="id asc")
    assert (reply.status, reply.body["errors"][0]["code"]) == (status, code)
    assert faulty.get("/zones", sort="id asc", limit=2).ids == ids[:2]
    assert faulty.get("/zones", sort="id asc", limit=1, offset=2).status == status
    assert faulty.get("/zones", sort="id asc", offset=3).ids == ids[3:]
    assert faulty.get(f"/zones/{ids[2]}").status == status
    assert faulty.get(f"/zones/{ids[1]}").status == 200


def test_a_token_expires_in_the_middle(faulty: Any) -> None:
    script(faulty, Fault("expire", path="/zones", after=1))
    assert [faulty.get("/zones").status for _ in range(3)] == [200, 401, 401]
    faulty.authorization = ""
    assert faulty.get("/zones").status == 200


def test_the_token_endpoint_can_fail_too(faulty: Any) -> None:
    script(faulty, Fault("status", path="/oauth/token", status=500))
    assert [faulty.token().status for _ in range(2)] == [500, 200]


def test_a_slow_answer_is_the_right_one(faulty: Any) -> None:
    script(faulty, Fault("slow", seconds=3600))
    assert_late(faulty, "GET", "/sample-shop/zones")
    script(faulty, Fault("slow", seconds=0.01))
    assert faulty.get("/zones").body["count"] == 5
    assert [hits for _, hits in faulty.sandbox.faults.hits()] == [1, 1]


def test_slowness_comes_on_top_of_everything_else(faulty: Any) -> None:
    script(faulty, Fault("slow", seconds=0.01, times=2), Fault("slow", seconds=0.01, path="/zo*"), Fault("status"))
    assert faulty.get("/zones").status == 503
    assert faulty.get("/zones").status == 200
    assert [hits for _, hits in faulty.sandbox.faults.hits()] == [2, 1, 1]


def test_delays_that_are_due_add_up() -> None:
    faults = Faults(latency=1)
    faults.add(Fault("slow", seconds=0.5, times=2), Fault("slow", seconds=0.25, path="/zo*"), Fault("status"))
    assert [faults.delay("GET", path) for path in ("/stores", "/zones", "/zones")] == [1.5, 1.75, 1]


def test_every_answer_may_be_late(start: Any) -> None:
    api = start(rows=[], admin=True)
    api.get("/zones")
    assert api.send("POST", "/_sandbox/latency", body='{"seconds": 3600}').body == {"seconds": 3600}
    for method, path in (("GET", "/sample-shop/zones"), ("GET", "/sample-shop/stores"), ("POST", "/oauth/token")):
        assert_late(api, method, path)
    assert api.send("POST", "/_sandbox/latency", body='{"seconds": 0}').body == {"seconds": 0}
    assert api.get("/zones").status == 200
    late = start(rows=[], latency=3600)
    assert_late(late, "POST", "/oauth/token")
    for wrong in ("{}", '{"seconds": -1}', '{"seconds": true}', '{"seconds": 1e300}'):
        assert api.send("POST", "/_sandbox/latency", body=wrong).status == 400


def test_records_change_while_they_are_read(faulty: Any) -> None:
    ids = faulty.get("/zones", sort="id asc").ids
    script(faulty, Fault("change", path="/zones", after=1, records=(ids[3], "nobody")))
    first, second = (faulty.get("/zones", sort="lastModifiedAt asc").body["results"] for _ in range(2))
    assert {zone["version"] for zone in first} == {1}
    assert [(zone["id"], zone["version"]) for zone in second][-1] == (ids[3], 2)
    assert second[-1]["lastModifiedAt"] > second[-2]["lastModifiedAt"]


def test_records_vanish_while_they_are_read(faulty: Any) -> None:
    ids = faulty.get("/zones", sort="id asc").ids
    script(faulty, Fault("vanish", path="/zones", after=1, records=(ids[0],)))
    pages = [faulty.get("/zones", sort="id asc", limit=2, offset=offset).ids for offset in (0, 2)]
    assert pages == [ids[:2], ids[3:5]]


def test_derived_records_vanish_with_their_source(start: Any) -> None:
    api = start()
    projection = api.get("/product-projections", limit=1).ids[0]
    script(api, Fault("vanish", path="/product-projections", records=(projection,)))
    assert projection not in api.get("/product-projections", limit=500).ids
    assert api.get(f"/products/{projection}").status == 404
    script(api, Fault("change", records=(projection,)))
    path = f"/products/{api.get('/products', limit=1).ids[0]}/product-selections"
    script(api, Fault("change", path=path, records=("x",)))
    refused = api.get(path)
    assert (refused.status, refused.message[:52]) == (400, "The sandbox cannot script 'change' for records of /p")


def test_a_stalled_request_never_answers(faulty: Any) -> None:
    script(faulty, Fault("stall"))
    faulty.http = urllib3.PoolManager(retries=False, timeout=0.1)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        faulty.get("/zones")
    assert faulty.get("/zones").status == 200
    assert 0 in [seen.status for seen in faulty.sandbox.requests]


def test_a_sandbox_ends_though_a_request_is_stalled(start: Any) -> None:
    api = start(rows=[])
    api.get("/zones")
    api.sandbox.faults.add(Fault("stall", times=None))
    connection = urllib3.HTTPConnectionPool("127.0.0.1", api.sandbox.port, retries=False, timeout=0.05)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        connection.request("GET", "/sample-shop/zones")
    api.sandbox.stop()
    connection.close()


def test_a_stop_lets_stalled_requests_go_at_once() -> None:
    """The server would cut them too, but only after a grace of seconds."""
    sandbox = Sandbox(rows=[])
    with listen("127.0.0.1", 0) as bound:
        app = sandbox.prepare(bound)
    sandbox.faults.add(Fault("stall", times=None))

    async def scenario() -> None:
        stalled, closed = asyncio.Event(), asyncio.Event()
        messages = [{"type": "http.request"}]

        async def receive() -> Any:
            if not messages:
                stalled.set()
                await closed.wait()
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> NoReturn:
            raise AssertionError(message)

        class Transport:
            def close(self) -> None:
                closed.set()

        target = {"method": "GET", "raw_path": b"/sample-shop/zones", "query_string": b"", "headers": []}
        scope = {"type": "http", "state": {"transport": Transport()}, **target}
        request = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.wait_for(stalled.wait(), 60)
        assert not request.done()
        app.stop()
        await asyncio.wait_for(request, 60)
        assert closed.is_set()

    asyncio.run(scenario())


def test_a_connection_is_reset(faulty: Any) -> None:
    script(faulty, Fault("reset"))
    with pytest.raises(urllib3.exceptions.ProtocolError, match="reset"):
        faulty.get("/zones")
    assert faulty.get("/zones").status == 200


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_body_is_cut_off(faulty: Any, encoding: str) -> None:
    script(faulty, Fault("truncate"))
    with pytest.raises(urllib3.exceptions.ProtocolError, match="IncompleteRead"):
        faulty.call("GET", "/zones", headers={"Accept-Encoding": encoding})
    assert faulty.get("/zones").status == 200


def test_a_body_arrives_corrupt(faulty: Any) -> None:
    script(faulty, Fault("corrupt", times=2))
    with pytest.raises(ValueError, match=r"decode|control character"):
        faulty.get("/zones")
    with pytest.raises((urllib3.exceptions.DecodeError, ValueError)):
        faulty.call("GET", "/zones", headers={"Accept-Encoding": "gzip"})
    assert faulty.get("/zones").status == 200


def test_a_fault_without_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="no fault of the kind 'nonsense'; the kinds are status, html, "):
        Fault("nonsense")  # type: ignore[arg-type]
    for kind in ("unservable", "change", "vanish"):
        with pytest.raises(ConfigError, match=f"kind '{kind}' needs the ids"):
            Fault(kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"status": 99}, "HTTP error from 400 to 599, not 99"),
        ({"header": "X: y\r\nZ"}, "name of one, or empty"),
        ({"seconds": -1}, "start at 0"),
        ({"seconds": float("nan")}, "start at 0"),
        ({"after": -1}, "start at 0"),
        ({"times": -2}, "start at 0"),
    ],
)
def test_a_fault_that_no_server_could_answer_with_is_refused(start: Any, settings: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        Fault("status", **settings)
    body = json.dumps({"kind": "status", **settings})
    if "NaN" not in body:
        refused = start(rows=[], admin=True).send("POST", "/_sandbox/faults", body=body)
        assert (refused.status, reason in refused.message) == (400, True)
