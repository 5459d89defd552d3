"""Run by the pytest of an environment that has airbyte-cdk: its standard tests over the command."""

from __future__ import annotations

from adapter import SourceCommercetools
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


class TestCommercetools(SourceTestSuiteBase):
    connector = SourceCommercetools
