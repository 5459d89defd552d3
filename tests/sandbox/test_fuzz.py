"""Predicates on any field of any list of the contract: whatever is asked, the answer is a page or a 400."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.sandbox.platform.endpoints import STREAMS
from commercetools_source.sandbox.platform.spec import Spec

SPEC = Spec.load()
LISTS = sorted({path for path, _ in STREAMS.values() if "{" not in path} - {"/", "/mcp-servers"})
LITERALS = ['"x"', '"2026-01-01T10:00:00.000Z"', '"9999-12-31T23:59:59-14:00"', "1", "-0", "1e400", "0.1", "true", ":v",
            r'"\u0000"', r'"\ud800"', r'"\""', '""', "9223372036854775808"]  # fmt: skip
TESTS = ["= {}", "!= {}", "<> {}", "< {}", ">= {}", "in ({}, {})", "not in ({})", "in :v", "contains all ({}, {})",
         "contains any ({})", "is empty", "is not empty", "is defined", "is not defined", "matches ignore case {}",
         "within circle(1, 2, 3)", "within circle(-999, 1e308, 1e999)"]  # fmt: skip


@st.composite
def predicates(draw: Any, kind: str, depth: int = 0) -> str:
    """Return a predicate that the type allows, with values that may not fit."""
    fields = SPEC.fields(kind)
    name = draw(st.sampled_from(sorted(fields) if fields else ["en", "`a-b`", "value"]))
    inner = "any" if fields is None else fields.get(name, "any")
    if depth < 4 and SPEC.fields(inner) != {} and draw(st.booleans()):
        text = f"{name}({draw(predicates(inner, depth + 1))})"
    else:
        values = draw(st.tuples(st.sampled_from(LITERALS), st.sampled_from(LITERALS)))
        text = f"{name} {draw(st.sampled_from(TESTS)).format(*values)}"
    if depth < 3 and draw(st.integers(0, 4)) == 0:
        text = f"{draw(st.sampled_from(['not (', '(']))}{text}) {draw(st.sampled_from(['and', 'or']))} {text}"
    return text


@given(
    data=st.data(), path=st.sampled_from(LISTS), sort=st.booleans(), variable=st.sampled_from(["1", "x", "٣", "NaN"])
)
def test_no_predicate_that_the_contract_allows_is_a_server_error(
    api: Any,
    data: Any,
    path: str,
    sort: bool,  # noqa: FBT001 - hypothesis
    variable: str,
) -> None:
    item = str(SPEC.endpoints[path]["item"])
    where = data.draw(predicates(item))
    query = {"sort": data.draw(st.sampled_from(sorted(SPEC.fields(item) or ())))} if sort else {}
    reply = api.get(path, where=where, **query, **{"var.v": variable})
    assert reply.status in {200, 400}
    assert reply.status == 200 or reply.message.startswith(("Malformed parameter: ", "/"))
