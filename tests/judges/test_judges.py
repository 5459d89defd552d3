"""Judges that nobody here wrote: schemathesis, the official TypeScript SDK, the Python SDK. `make judges` runs them.

They live in environments of their own, whose folder the variable JUDGES names; without it they are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox import Sandbox
from judges.specification import FILE, load, with_news

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
JUDGES = Path(os.environ.get("JUDGES", "nowhere"))
pytestmark = pytest.mark.skipif("JUDGES" not in os.environ, reason="`make judges` installs and asks them")


@pytest.fixture
def shop() -> Iterator[Sandbox]:
    with Sandbox("tiny") as sandbox:
        yield sandbox


def judged(shop: Sandbox, *command: str | Path, **more: Any) -> str:
    environment = {**os.environ, **shop.environment(), "SHOP": str(HERE / "shop.json")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("npm") is None, reason="the TypeScript SDK needs node and npm")
def test_the_official_typescript_sdk_reads_it_unchanged(shop: Sandbox) -> None:
    told = judged(shop, "node", "read.mjs", cwd=JUDGES / "typescript")
    print(told)
    assert "creates: 8 records as sent\n" in told
    assert told.endswith("errors: as expected\n")


def test_the_python_sdk_reads_it_unchanged(shop: Sandbox) -> None:
    told = judged(shop, JUDGES / "bin" / "python", HERE / "python_sdk.py")
    print(told)
    assert "creates: 8 records as sent\n" in told
    assert told.endswith("writes: as expected\n")


CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.skipif(not FILE.exists(), reason="the platform's OpenAPI file is not in this repository")
def test_schemathesis_finds_no_server_error_and_no_schema_violation(shop: Sandbox, tmp_path: Path) -> None:
    """Positive mode over the list endpoints; a random `where` or `sort` may be refused with a 400."""
    whole = with_news(load())
    lists = {f"/{{projectKey}}{template}".rstrip("/") for template in shop._running.router.endpoints}
    whole["paths"] = {path: only_get(row) for path, row in whole["paths"].items() if path in lists}
    (tmp_path / "openapi.json").write_text(json.dumps(whole))
    (tmp_path / "schemathesis.toml").write_text(values(shop))
    told = judged(
        shop, JUDGES / "bin" / "schemathesis", "run", "openapi.json", "--url", shop.url, "--mode", "positive",
        "--phases", "fuzzing", "--max-examples", os.environ.get("EXAMPLES", "20"), "--checks", CHECKS,
        "--suppress-health-check", "too_slow",  # how fast the judge makes its requests says nothing of the sandbox
        "-H", f"Authorization: Bearer {token(shop)}", cwd=tmp_path,
    )  # fmt: skip
    print(told[told.rindex("= SUMMARY") :])
    statuses = {status: sum(seen.status == status for seen in shop.requests) for status in (200, 400)}
    print(statuses)
    assert min(statuses.values()) > len(lists)


def only_get(row: dict[str, Any]) -> dict[str, Any]:
    """Return a path of the contract that can only be read, with the ranges that its conversion has lost."""
    get = {name: value for name, value in row["get"].items() if name != "security"}
    for parameter in get.get("parameters", ()):
        if parameter["name"] in {"limit", "offset"}:
            most = {"limit": 500, "offset": 10_000}[parameter["name"]]
            parameter["schema"] = {"type": "integer", "minimum": 0, "maximum": most}
    return {"parameters": row["parameters"], "get": get}


def values(shop: Sandbox) -> str:
    """Return schemathesis' settings: values for the placeholders that lead to something."""
    parent = shop._running.project.parents(
        "/as-associate/{associateId}/in-business-unit/key={businessUnitKey}/approval-rules"
    )
    associate, unit = parent[0].split("/")
    selection = shop.records("product_selections")[0]
    return f"""
[parameters]
"path.projectKey" = "{shop.project_key}"
"path.storeKey" = "{shop.records("stores")[0]["key"]}"
"path.container" = "{shop.records("custom_objects")[0]["container"]}"
"path.associateId" = "{associate}"
"path.businessUnitKey" = "{unit}"
[[operations]]
include-path-regex = "product-selections/"
[operations.parameters]
"path.ID" = "{selection["id"]}"
"path.key" = "{selection["key"]}"
"""


def token(shop: Sandbox) -> str:
    authorization = shop._running.authorization
    client = authorization.clients["sandbox-client"]
    form = {"grant_type": "client_credentials", "client_id": client.client_id, "client_secret": client.client_secret}
    return str(authorization.issue(form, "")["access_token"])
