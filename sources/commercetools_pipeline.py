"""Load a commercetools project: everything at first, then what changed since the last run."""

import dlt

from commercetools import commercetools


def load() -> None:
    """Load all streams; name some of them with `commercetools(["orders", "customers"])`."""
    pipeline = dlt.pipeline("commercetools", destination="duckdb", dataset_name="shop")
    print(pipeline.run(commercetools()))


if __name__ == "__main__":
    load()
