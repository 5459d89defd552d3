"""The project as a source of dlt: `from commercetools_source.dlt import commercetools`; needs the extra `dlt`."""

from __future__ import annotations

from commercetools_source.errors.extras import install_hint, lacking

if missing := lacking("dlt"):
    raise ModuleNotFoundError(f"the dlt source needs {' and '.join(missing)}: {install_hint('dlt')}", name=missing[0])

from commercetools_source.frontends.dlt.credentials import CommercetoolsCredentials
from commercetools_source.frontends.dlt.source import commercetools

__all__ = ["CommercetoolsCredentials", "commercetools"]
