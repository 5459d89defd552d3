"""The verbs: copy a project into a destination, plan, backfill, compare, mark deletions."""

from commercetools_source.sync.run import Summary, sync

__all__ = ["Summary", "sync"]
