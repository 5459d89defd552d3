"""Every field of every draft, and every update action: stored, worked out or refused by name, and never dropped.

What is refused stands in docs/sandbox.md, from where it is compared; `make texts` writes that table anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes.published import accepted
from tests.sandbox.every_field import (
    PATHS,
    REFUSED,
    STREAM_OF,
    WORKED_OUT,
    actions,
    answered,
    differences,
    drafts,
    existing,
    parts,
    place,
    smallest,
    without,
)

if TYPE_CHECKING:
    from tests.sandbox.conftest import Api, Reply

# Actions whose fields say what is removed or how (test_writes, test_types), that a company does not take, or of which a
# password is never told (test_derived).
PREPARED = {
    ("/business-units", "changeParentUnit"), ("/customers", "setAuthenticationMode"),
    ("/products", "publish"), ("/products", "removeVariant"),
    ("/products", "unpublish"), ("/types", "removeEnumValues"), ("/types", "removeLocalizedEnumValues"),
}  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def refused_fields(api: Api, path: str) -> tuple[set[str], list[str]]:
    """Return the fields that a draft cannot have, and what was dropped or answered wrongly."""
    refused, faults = set[str](), list[str]()
    for field, draft in drafts(api, path):
        if (path, field) not in WORKED_OUT:
            reply, sent = taken(api, path, field, draft, refused)
            faults += [] if reply is None else wrong(reply, path, field, sent)
    return {field for field in refused if field.split(".")[0] == field or field.split(".")[0] not in refused}, faults


def taken(api: Api, path: str, field: str, draft: dict[str, Any], refused: set[str]) -> tuple[Reply | None, Any]:
    """Return the answer to a draft without what the sandbox refuses by name, and that draft; None without its field."""
    sent, reply = draft, api.call("POST", path, draft)
    while reply.status == 400 and (at := REFUSED.search(reply.message)) is not None:
        gone = existing(draft, at[1])
        assert gone.startswith(field), (draft, reply.message)
        draft = without(draft, gone)
        refused.add(re.sub(r"\[\d+\]", "", gone))
        if field not in draft:
            return None, draft
        reply = api.call("POST", path, draft)
    missing = reply.body["errors"][0] if reply.status == 400 else {}
    # What is refused is required there, so that a draft has both or neither.
    is_without = sent != draft and missing.get("code") == "RequiredField" and missing["field"].startswith(field)
    return None if is_without else reply, draft


def wrong(reply: Reply, path: str, field: str, draft: dict[str, Any]) -> list[str]:
    """Return where the value of a field is not in the answer."""
    if reply.status != 201:
        return [f"{path} {field}: {reply.status} {reply.body['errors']}"]
    stored = answered(reply, path)
    for name in place(path, field):
        stored = stored.get(name, {})
    return [f"{path} {line}" for line in differences(draft[field], stored, field)]


def refused_actions(api: Api, path: str) -> tuple[set[str], list[str]]:
    """Return the update actions that the sandbox does not have, and those of which something was dropped."""
    refused, faults = set[str](), list[str]()
    if not accepted().actions(path):
        return refused, faults
    shared = record_of(api, path)
    for name, action in actions(api, path):
        if name in refused or (path, name) in PREPARED:
            continue
        record = shared if shared["version"] == 1 else record_of(api, path)
        url = path if path == "/" else f"{path}/{record['id']}"
        reply = api.call("POST", url, {"version": record["version"], "actions": [action]})
        shared = reply.body if reply.status == 200 else record
        if reply.status == 200 and (name != "setCustomField" or "value" in action):
            whole = list(parts(reply.body))
            entries = {field: value for field, value in action.items() if field not in {"action", "staged"}}
            faults += [
                f"{path} {name} {field}: {value}"
                for field, value in entries.items()
                if not any(not differences(value, part) for part in whole)
            ]
        elif reply.status == 400 and f"has no action '{name}'" in reply.message:
            refused.add(name)
        elif reply.status != 200 and not (REFUSED.search(reply.message) or "needs a value" in reply.message):
            faults.append(f"{path} {action}: {reply.status} {reply.body['errors']}")
    return refused, faults


def record_of(api: Api, path: str) -> dict[str, Any]:
    """Return a record to change; it has custom fields, where its type has."""
    if path == "/":
        return api.sandbox.records("project")[0]
    # No two prices are for the same buyers.
    sku = {"sku": smallest(api, path)["sku"]} if path == "/standalone-prices" else {}
    return api.sandbox.create(STREAM_OF[path], {"custom": {"type": {"typeId": "type", "id": "t"}, "fields": {}}, **sku})


def compared(title: str, refused: dict[str, set[str]]) -> None:
    """Compare the table of the page below a title with what was refused, or write it."""
    rows = [f"| `{path}` | {', '.join(f'`{name}`' for name in sorted(refused[path]))} |" for path in sorted(refused)]
    table = "\n".join([f"| endpoint | {title} |", "|---|---|", *rows, ""])
    page = PAGE.read_text(encoding="utf-8")
    before, heading, rest = page.partition(f"| endpoint | {title} |")
    assert heading
    written = before + table + re.sub(r"\A.*?\n(?!\|)", "", rest, count=1, flags=re.DOTALL)
    if os.environ.get("WRITE_TEXTS"):
        PAGE.write_text(written, encoding="utf-8")
    assert written == page


def test_every_field_of_every_draft_is_stored_or_refused_by_name(empty: Api) -> None:
    refused, faults = dict[str, set[str]](), list[str]()
    for path in PATHS:
        if accepted().draft(path) is not None:
            refused[path], wrongs = refused_fields(empty, path)
            faults += wrongs
    assert faults == []
    compared("fields of drafts that are refused", {path: names for path, names in refused.items() if names})


def test_every_update_action_is_done_or_refused_by_name(empty: Api) -> None:
    refused, faults = dict[str, set[str]](), list[str]()
    for path in PATHS:
        refused[path], wrongs = refused_actions(empty, path)
        faults += wrongs
    assert faults == []
    compared("update actions that are refused", {path: names for path, names in refused.items() if names})
