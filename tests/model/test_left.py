"""Every list inside a record has a table, or a reason why it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from commercetools_source.client import Client
from commercetools_source.destinations import DuckDB
from commercetools_source.model.left import COPIES, LEFT_LISTS
from commercetools_source.model.relations import all_relations
from commercetools_source.sandbox import Sandbox
from commercetools_source.sync.run import sync
from shops import rows_of

if TYPE_CHECKING:
    from pathlib import Path

# What is no list: maps by name or channel, values of any form, an object that has secrets in it.
NO_LISTS = {"", "any", "object", "FieldContainer", "ProductVariantChannelAvailabilityMap", "SearchKeywords"} | {
    "PaymentMethodToken"
}


def test_every_list_has_a_table_or_a_reason_why_it_has_none() -> None:
    left = {
        field.type_name
        for relation in all_relations().values()
        for field in relation.columns
        if field.kind == "json" and field.source == "value" and relation.stream not in COPIES
    }
    assert left - NO_LISTS == LEFT_LISTS.keys()


def test_the_approvers_of_a_rule_are_rows(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    paths = "/as-associate/{associateId}/in-business-unit/key={businessUnitKey}/approval-rules"
    with Sandbox(rows=rows_of("/business-units", paths)) as sandbox:
        with Client(sandbox.settings()) as client:
            assert sync(client, DuckDB(path), streams=["approval_rules"]).complete
        rules = sandbox.records("approval_rules")
    expected = {
        (rule["id"], tier + 1, group + 1, place + 1, role["associateRole"]["key"])
        for rule in rules
        for tier, of_tier in enumerate(rule["approvers"]["tiers"])
        for group, of_group in enumerate(of_tier["and"])
        for place, role in enumerate(of_group["or"])
    }
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT approvalRuleId, tierPosition, groupPosition, position, associateRole_key"
            " FROM main.approval_rule_approver_roles"
        ).fetchall()
    assert expected
    assert set(rows) == expected
