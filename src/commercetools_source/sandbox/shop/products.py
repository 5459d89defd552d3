"""Categories and products of the generated shop."""

from __future__ import annotations

from commercetools_source.sandbox.shop.basics import row, state_id
from commercetools_source.sandbox.shop.catalog import (
    MANY_VARIANTS,
    Catalog,
    has_standalone_prices,
    product_names,
    product_slugs,
    variant_count,
)
from commercetools_source.sandbox.shop.types import Customs, localized
from commercetools_source.sandbox.shop.words import CATEGORIES
from commercetools_source.sandbox.shop.world import Json, Rows, World, js


# https://docs.commercetools.com/api/projects/categories
def categories(world: World, customs: Customs) -> Rows:
    """Yield a tree of categories, each with the path to its root in `ancestors`."""
    dice = world.dice("categories")
    total = world.counts["category"]
    times = world.times("category", total)
    roots = len(CATEGORIES)
    for number in range(total):
        path: list[int] = []
        above = number
        while above >= roots:
            above = (above - roots) // 3
            path.insert(0, above)
        key, names, children = CATEGORIES[number % roots]
        if number >= roots:
            names = {locale: f"{children[number % len(children)]} {number}" for locale in names}
        record = {
            **times.base(world.uid("category", number), number),
            "key": f"category-{number}",
            "externalId": f"ext-{key}-{number}",
            "name": names,
            "slug": {locale: f"{key}-{number}-{locale}" for locale in names},
            "description": localized(dice, 3),
            "metaTitle": names,
            "metaDescription": localized(dice),
            "metaKeywords": {"en": f"{key}, shop"},
            "orderHint": f"0.{number + 1:06}",
            "ancestors": [{"typeId": "category", "id": world.uid("category", step)} for step in path],
            "assets": [],
        }
        if path:
            record["parent"] = {"typeId": "category", "id": world.uid("category", path[-1])}
        if dice.chance(30):
            record["custom"] = customs.value("category", dice)
        yield row("/categories", record)


def _data(catalog: Catalog, product: int, *, staged: bool) -> str:
    world = catalog.world
    names = product_names(product)
    count = variant_count(product)
    if staged:
        names = {locale: f"{name} *new*" for locale, name in names.items()}
        count = min(count + 1, MANY_VARIANTS)
    ids = sorted({world.known("category", product), world.known("category", product * 7 + 3)})
    variants = [catalog.variant(product, step, catalog.prices(product, step)) for step in range(1, count + 1)]
    text = {
        "name": names,
        "slug": product_slugs(product),
        "categories": [{"typeId": "category", "id": uid} for uid in ids],
        # It must not end in 0: https://docs.commercetools.com/api/projects/products#categoryorderhints
        "categoryOrderHints": {ids[0]: f"0.{product % 1000 + 1:04}".rstrip("0")},
        "searchKeywords": {
            "en": [{"text": names["en"]}, {"text": "gift", "suggestTokenizer": {"type": "whitespace"}}],
            "de": [
                {
                    "text": names["de"],
                    "suggestTokenizer": {"type": "custom", "inputs": [names["de"].lower(), "geschenk"]},
                }
            ],
        }
        if product % 5 == 0
        else {},
    }
    if product % 4:
        text |= {
            "description": localized(world.dice(f"product/{product}"), 3),
            "metaTitle": names,
            "metaDescription": {"en": names["en"]},
            "metaKeywords": {"en": "shop, sample"},
        }
    return (
        f'{js(text)[:-1]},"attributes":{catalog.attributes(product, 0)},'
        f'"masterVariant":{variants[0]},"variants":[{",".join(variants[1:])}]}}'
    )


# https://docs.commercetools.com/api/projects/products
def products(catalog: Catalog) -> Rows:
    """Yield the products: most published, some with staged changes, a few with a hundred variants."""
    world = catalog.world
    dice = world.dice("products")
    total = world.counts["product"]
    times = world.times("product", total)
    reviewed = {"averageRating": 4.25, "highestRating": 5, "lowestRating": 3, "count": 4}
    for product in range(total):
        head, _, _ = times.head(world.uid("product", product), product)
        changed = dice.chance(15)
        current = _data(catalog, product, staged=False)
        fields: Json = {
            "key": f"product-{product}",
            "productType": {"typeId": "product-type", "id": catalog.type_id(product)},
            "taxCategory": {"typeId": "tax-category", "id": world.uid("tax-category", 0)},
            "priceMode": "Standalone" if has_standalone_prices(product) else "Embedded",
            "createdBy": {"clientId": world.client(product)},
            "lastModifiedBy": {"clientId": world.client(product), "externalUserId": "merchandiser"},
        }
        if dice.chance(60):
            fields["state"] = {"typeId": "state", "id": state_id(world, "ProductState", product)}
        if dice.chance(25):
            fields["reviewRatingStatistics"] = {**reviewed, "ratingsDistribution": {"3": 1, "4": 1, "5": 2}}
        staged = _data(catalog, product, staged=True) if changed else current
        text = (
            f'{head},{js(fields)[1:-1]},"masterData":{{"published":{"false" if dice.chance(8) else "true"},'
            f'"hasStagedChanges":{"true" if changed else "false"},"current":{current},"staged":{staged}}}}}'
        )
        yield "/products", "", text.encode()
