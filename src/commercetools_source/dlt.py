"""The project as a source of dlt: `from commercetools_source.dlt import commercetools`; needs the extra `dlt`."""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("dlt") is None:
    raise ModuleNotFoundError("the dlt source needs dlt: pip install 'commercetools-source[dlt]'", name="dlt")

from commercetools_source.frontends.dlt.credentials import CommercetoolsCredentials
from commercetools_source.frontends.dlt.source import commercetools

__all__ = ["CommercetoolsCredentials", "commercetools"]
