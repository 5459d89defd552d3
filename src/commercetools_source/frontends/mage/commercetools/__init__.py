"""Mage's source for commercetools: the module that Mage imports, and the file that Mage runs as a script."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # The first entry is this folder, where `client` and `schemas` would hide other packages' modules.
    sys.path[:] = [place for place in sys.path if place != __file__.rpartition("/")[0]]

from commercetools_source.frontends.process import run_command
from commercetools_source.frontends.stdio import prepare

if __name__ == "__main__":
    prepare()

from commercetools_source.frontends.mage.bases import of_mage, stand_alone

if __name__ == "__main__" and "--test_connection" in sys.argv:
    stand_alone()

from commercetools_source.frontends.mage.commercetools.client import Client
from commercetools_source.frontends.mage.commercetools.schemas import STREAMS
from commercetools_source.frontends.mage.commercetools.source import Commercetools

__all__ = ["STREAMS", "Client", "Commercetools"]

if __name__ == "__main__":
    # `main` of Mage's base and not our own: whatever flags this version of Mage has are then understood.
    sys.exit(run_command(lambda: of_mage("sources.base").main(Commercetools, args=sys.argv[1:])))
