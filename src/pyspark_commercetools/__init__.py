"""The door through which Spark finds the format `commercetools` by itself.

Spark imports every module called `pyspark_*` and registers its `DefaultSource`
(https://spark.apache.org/docs/latest/api/python/tutorial/sql/python_data_source.html).
"""

from commercetools_source.frontends.spark.lakeflow import register_lakeflow_source
from commercetools_source.frontends.spark.source import CommercetoolsSource as DefaultSource
from commercetools_source.frontends.spark.source import register

__all__ = ["DefaultSource", "register", "register_lakeflow_source"]
