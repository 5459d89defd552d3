"""The command `source-commercetools`: a connector of Airbyte's protocol, without Airbyte's CDK at run time.

    source-commercetools spec
    source-commercetools check --config FILE
    source-commercetools discover --config FILE
    source-commercetools read --config FILE --catalog FILE [--state FILE]

This file loads neither the client nor the engine; `connector` does. https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the connector with `arguments` (by default the process's own); always ends in SystemExit."""
    from commercetools_source.frontends.airbyte.connector import run
    from commercetools_source.frontends.process import run_command

    raise SystemExit(run_command(lambda: run(arguments)))
