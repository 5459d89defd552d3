"""The door through which Spark finds the format `commercetools` by itself.

Spark imports every module called `pyspark_*` and registers its `DefaultSource`
(https://spark.apache.org/docs/latest/api/python/tutorial/sql/python_data_source.html).
"""

from commercetools_source.errors.extras import install_hint

try:
    from commercetools_source.frontends.spark.lakeflow import register_lakeflow_source
    from commercetools_source.frontends.spark.source import CommercetoolsSource as DefaultSource
    from commercetools_source.frontends.spark.source import register
except ImportError as error:  # none, or an older one that lacks some of its names
    if not str(error.name).startswith("pyspark"):
        raise
    sentence = f"the Spark data source needs pyspark 4.2 or newer: {install_hint('spark')}"
    raise ModuleNotFoundError(sentence, name=error.name) from error

__all__ = ["DefaultSource", "register", "register_lakeflow_source"]
