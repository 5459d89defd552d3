"""The fields of one record, each as the bytes that were sent: a value is decoded where somebody asks for it."""

from __future__ import annotations

import msgspec

__all__ = ["decode_fields"]

# Made once: a decoder analyses its type when it is made (https://jcristharif.com/msgspec/perf-tips.html).
decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Return the fields of a JSON object; raises msgspec.DecodeError for what is none."""
