"""What `forget` says: whose rows there are, what became of them, and what to do next."""

from __future__ import annotations

import pytest

from commercetools_source.report.forget import ForgetReport
from commercetools_source.sync.forget import Forgetting

ROWS = {"customers": 1, "orders": 12}
CASES = [
    (
        Forgetting("c1", ROWS),
        True,
        ["rows of the customer", "orders", "12", "nothing was changed; leave out --dry-run"],
    ),
    (Forgetting("c1", {}), True, ["has no rows of customer c1; compare the id with customers.id, or add --email"]),
    (Forgetting("c1", ROWS, {"orders": 12}), False, ["erased now", "is forgotten in shop", "copies of it"]),
    (Forgetting("c1", ROWS, {}, ("bucket: remove older versions",)), False, ["left: bucket: remove older versions"]),
    (Forgetting("c1", {}), False, ["has no rows of customer c1", "later runs load nothing of it again"]),
]


@pytest.mark.parametrize(("forgetting", "dry_run", "texts"), CASES)
def test_each_end_of_forgetting_is_told_with_what_to_do_next(
    forgetting: Forgetting,
    dry_run: bool,  # noqa: FBT001 - a column of the table
    texts: list[str],
) -> None:
    text = ForgetReport(forgetting, "shop", dry_run).text()
    assert [each for each in texts if each not in text] == []
    assert ("leave out --dry-run" in text) == (dry_run and bool(forgetting.rows))
    assert ("erased now" in text) == (not dry_run and bool(forgetting.rows))
