"""Makes `mage_integrations` importable in the test process, as the installed wheel does in any process."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if not any(type(finder).__module__ == "commercetools_source_mage" for finder in sys.meta_path):
    sys.path.append(str(Path(__file__).parents[3] / "hook"))
    importlib.import_module("commercetools_source_mage").install({})
