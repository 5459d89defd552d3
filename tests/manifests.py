"""The manifest of a folder destination, for tests that look at its files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commercetools_source.destinations.manifest import MANIFEST, Manifest, load_manifest
from commercetools_source.destinations.store.local import Local

if TYPE_CHECKING:
    from pathlib import Path


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of `folder`, which must have one."""
    suffix = json.loads((folder / MANIFEST).read_bytes())["suffix"]
    return load_manifest(Local(folder), suffix)
