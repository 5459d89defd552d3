"""The streams that Airbyte selects of itself, inside the metadata of the connector."""

from __future__ import annotations

import re
from pathlib import Path

from commercetools_source.catalog.streams import streams_of

METADATA = "airbyte/metadata.yaml"


def metadata_file() -> dict[str, str]:
    """Return the text of the connector's metadata by its path, with the streams that need not be named."""
    text = (Path(__file__).parent.parent / METADATA).read_text(encoding="utf-8")
    items = "".join(f"      - {stream.name}\n" for stream in streams_of(None))
    pattern = r"(?<=  suggestedStreams:\n    streams:\n)(      - \w+\n)*"
    return {METADATA: re.sub(pattern, items, text, count=1)}
