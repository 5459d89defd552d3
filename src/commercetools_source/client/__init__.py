"""One project for programs: any request, and whole collections as pages, records and columns."""

from commercetools_source.client.collections import Client
from commercetools_source.client.requests import Params

__all__ = ["Client", "Params"]
