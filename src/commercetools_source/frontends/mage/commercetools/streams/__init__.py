"""One class for each stream of the catalogue, each in a module of the documented name: `streams.orders.OrdersStream`.

The modules have no files: they are made here, from the catalogue's rows.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from typing import TYPE_CHECKING

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.frontends.mage.commercetools.streams.base import BaseStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.catalog.stream import Stream

__all__ = ["CLASSES"]


def _class_of(row: Stream) -> type[BaseStream]:
    """Return the class that reads `row`, at home in a module of the row's name."""
    name = "".join(word.capitalize() for word in row.name.split("_")) + "Stream"
    home = module_from_spec(ModuleSpec(f"{__name__}.{row.name}", None, origin=__file__))
    doc = f"Reads {row.path}."
    members = {"KEY_PROPERTIES": list(row.key), "URL_PATH": row.path, "ROW": row}
    stream_class = type(name, (BaseStream,), {**members, "__module__": home.__name__, "__doc__": doc})
    home.__file__ = __file__
    setattr(home, name, stream_class)
    # `import ...streams.orders` finds it there, as if the module had a file.
    sys.modules[home.__name__] = home
    return stream_class


CLASSES: Mapping[str, type[BaseStream]] = {name: _class_of(row) for name, row in STREAMS.items()}
