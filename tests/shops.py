"""Parts of the generated shop, made once in a process: a sandbox with a few collections starts in a blink."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.shop.generate import generate

if TYPE_CHECKING:
    from collections.abc import Iterator

    Row = tuple[str, str, bytes]

__all__ = ["embedded", "modular", "rows_of"]

SIDES = ("current", "staged")


@cache
def rows_of(*paths: str) -> tuple[tuple[str, str, bytes], ...]:
    """Return the rows of the tiny shop's collections at these paths, and the project itself."""
    # The hour is that of a sandbox's own shop: `generate` remembers that one, whatever the paths are.
    hour = datetime.now(timezone.utc).replace(minute=0, second=0, microsecond=0)
    return tuple(row for row in generate("tiny", 1, hour) if row[0] in {"/", *paths})


@cache
def embedded() -> tuple[Row, ...]:
    """Return the shop's catalogue without variants that only one side has: a resource has both."""
    return tuple(
        (path, parent, text if path != "/products" else json.dumps(_on_both_sides(json.loads(text))).encode())
        for path, parent, text in rows_of("/product-types", "/products")
    )


def _on_both_sides(product: dict[str, Any]) -> dict[str, Any]:
    sides = [product["masterData"][side] for side in SIDES]
    numbers = set.intersection(*({one["id"] for one in (side["masterVariant"], *side["variants"])} for side in sides))
    for side in sides:
        assert side["masterVariant"]["id"] in numbers
        side["variants"] = [one for one in side["variants"] if one["id"] in numbers]
    return product


def modular(kept: int = 0) -> Iterator[Row]:
    """Yield the same catalogue with variants as resources; the first `kept` products embed theirs, too."""
    products = 0
    for path, parent, text in embedded():
        if path != "/products":
            yield path, parent, text
            continue
        product = json.loads(text)
        yield from (("/variants", "", json.dumps(variant).encode()) for variant in _variants_of(product))
        products += 1
        for side in SIDES if products > kept else ():
            for name in ("masterVariant", "variants"):
                product["masterData"][side].pop(name, None)
        yield path, parent, json.dumps(product).encode()


def _variants_of(product: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sides = {side: product["masterData"][side] for side in SIDES}
    data = {
        side: {one["id"]: one for one in (sides[side]["masterVariant"], *sides[side]["variants"])} for side in SIDES
    }
    for number in data["current"]:
        current, staged = (
            {name: data[side][number].get(name, []) for name in ("sku", "attributes", "images", "assets")}
            for side in SIDES
        )
        yield {
            "id": f"{product['id'][:-6]}{number:06}",
            "version": 1,
            "createdAt": product["createdAt"],
            "lastModifiedAt": product["lastModifiedAt"],
            "product": {"typeId": "product", "id": product["id"]},
            "variantId": number,
            "published": product["masterData"]["published"],
            "current": current,
            # The platform has staged data only where they differ.
            **({"staged": staged} if staged != current else {}),
        }
