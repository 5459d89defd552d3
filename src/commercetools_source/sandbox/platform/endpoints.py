"""Which paths there are: the contract's list endpoints, and what the platform offers beside each of them.

Pure: a path becomes a frozen Route or nothing. Stream names are those that users see.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commercetools_source.sandbox.platform.spec import Spec

__all__ = [
    "ASSIGNMENTS",
    "CHILDREN",
    "CONTAINER",
    "HISTORY",
    "IMPORT",
    "NOT_IMITATED",
    "PRODUCTS_IN_SELECTION",
    "SELECTIONS_OF_PRODUCT",
    "SOURCES",
    "STREAMS",
    "Endpoint",
    "Route",
    "Router",
    "accepted_scopes",
    "collection_of",
]

PRODUCTS_IN_SELECTION = "/product-selections/{ID}/products"
SELECTIONS_OF_PRODUCT = "/products/{ID}/product-selections"
ASSIGNMENTS = "/in-store/key={storeKey}/product-selection-assignments"
CONTAINER = "/custom-objects/{container}"
IMPORT = "/orders/import"
"""Takes orders that were made elsewhere; nothing is read there."""
NOT_IMITATED = frozenset(
    {
        "business-units/search",
        "carts/replicate",
        "customers/email-token",
        "customers/password",
        "customers/password-token",
        "customers/search",
        "mcp-servers/types",
        "orders/quotes",
        "orders/search",
        "product-discounts/matching",
        "product-projections/search",
        "product-projections/suggest",
        "products/search",
        "shipping-methods/matching-cart",
        "shipping-methods/matching-cart-location",
        "shipping-methods/matching-location",
        "shipping-methods/matching-orderedit",
        "variants/bulk",
    }
)
"""Paths in the project or a store that look like a record by its id, and are refused as what they are."""
HISTORY = "history:/"
"""The records of the Change History API, which has a host of its own; here it answers below `/history`."""
_UNIT = "/as-associate/{associateId}/in-business-unit/key={businessUnitKey}"
CHILDREN = (PRODUCTS_IN_SELECTION, ASSIGNMENTS, f"{_UNIT}/approval-rules", f"{_UNIT}/approval-flows")

SOURCES: Mapping[str, str] = MappingProxyType(
    {"/product-projections": "/products", "/variant-projections": "/variants", CONTAINER: "/custom-objects"}
)
"""Where the records of derived collections come from."""
_NAMED: Mapping[str, tuple[str, bool | None]] = {
    "project": ("/", None),
    "order_edits": ("/orders/edits", None),
    "product_projections_current": ("/product-projections", False),
    "product_projections_staged": ("/product-projections", True),
    "variant_projections_current": ("/variant-projections", False),
    "product_selection_products": (PRODUCTS_IN_SELECTION, None),
    "store_product_selection_assignments": (ASSIGNMENTS, None),
    "approval_rules": (f"{_UNIT}/approval-rules", None),
    "approval_flows": (f"{_UNIT}/approval-flows", None),
}
_PLAIN = (  # noqa: SIM905 - a table of words
    "api-clients associate-roles attribute-groups business-units cart-discounts carts categories channels"
    " custom-objects customer-groups customers discount-codes discount-groups extensions inventory mcp-servers"
    " messages orders payment-methods payments product-discounts product-selections product-tailoring product-types"
    " products quote-requests quotes recurrence-policies recurring-orders reviews shipping-methods shopping-lists"
    " staged-quotes standalone-prices states stores subscriptions tax-categories types variants zones"
).split()
STREAMS: Mapping[str, tuple[str, bool | None]] = MappingProxyType(
    {**{name.replace("-", "_"): (f"/{name}", None) for name in _PLAIN}, **_NAMED}
)
"""Stream name to the path of its list endpoint and, for projections, whether it is the staged ones."""
_COLLECTIONS: Mapping[str, tuple[str, bool | None]] = MappingProxyType({**STREAMS, "change_history": (HISTORY, None)})
"""The same, and what is no list of the API but held all the same."""

# withTotal defaults to false here, unlike on other lists: the specification's trait of these endpoints says so.
_NO_TOTAL = frozenset({"/product-tailoring", PRODUCTS_IN_SELECTION, SELECTIONS_OF_PRODUCT, ASSIGNMENTS})
# manage_project does not include these: https://docs.commercetools.com/api/scopes
_APART = ("api_clients", "audit_log", "mcp_servers")
_IN_STORE = "/in-store/key={storeKey}"


def collection_of(stream: str) -> tuple[str, bool | None]:
    """Return what `STREAMS` has of a stream, the change history among them; raises ConfigError that names them all."""
    if stream not in _COLLECTIONS:
        raise ConfigError(f"There is no stream {stream!r}; the streams are {', '.join(sorted(_COLLECTIONS))}.")
    return _COLLECTIONS[stream]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A list endpoint: `collection` is where its records are kept."""

    template: str
    collection: str
    item: str
    params: frozenset[str]
    scopes: tuple[str, ...]
    methods: frozenset[str]
    with_total: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: an endpoint, the values of its placeholders, and perhaps one record by `selector`.

    `selector` is a field and its value; "id" is the id.
    """

    endpoint: Endpoint
    values: Mapping[str, str] = field(default_factory=dict)
    selector: tuple[str, str] | None = None

    @property
    def store(self) -> str | None:
        """The key of the store whose records are asked for."""
        return self.values.get("storeKey") if self.endpoint.template.startswith(_IN_STORE) else None


def accepted_scopes(scopes: Sequence[str], *, write: bool) -> tuple[str, ...]:
    """Return the scopes of which any one suffices: manage_x includes view_x, manage_project nearly all."""
    # A scope to manage includes the one to view: https://docs.commercetools.com/api/scopes
    manage = tuple(dict.fromkeys(scope.replace("view_", "manage_", 1) for scope in scopes))
    # There is view_published_products, but no scope manages published products only.
    manage = tuple(scope for scope in manage if scope != "manage_published_products")
    whole = () if any(scope.endswith(_APART) for scope in scopes) else ("manage_project",)
    return (*manage, *whole) if write else tuple(dict.fromkeys((*scopes, *manage, *whole)))


class Router:
    """Finds the route of a path; made from the contract once."""

    def __init__(self, spec: Spec) -> None:
        self.endpoints = {
            template: _endpoint(template, row)
            for template, row in spec.endpoints.items()
            if (collection := _collection(template)) is not None and (collection == "/" or collection)
        }
        self._patterns = [
            (tuple(template.strip("/").split("/")) if template != "/" else (), endpoint)
            for template, endpoint in self.endpoints.items()
        ]
        orders = self.endpoints["/orders"]
        importing = replace(orders, template=IMPORT, params=frozenset(), methods=frozenset({"POST"}))
        self._patterns.append((tuple(IMPORT.strip("/").split("/")), importing))
        # The sort is stable, so among equal patterns the order of the contract decides.
        # Literal segments win over placeholders: /orders/edits is no order called "edits".
        self._patterns.sort(key=lambda pattern: [segment.count("{") for segment in pattern[0]])

    def find(self, segments: Sequence[str]) -> Route | None:
        """Return the route of the decoded path segments after the project key."""
        route = self._list(segments)
        if route is not None:
            return route
        # No list endpoint: the last segment may name one record of the list before it.
        # Only where no list is meant: `/products/key=x` is a record, `/orders/edits` a list.
        owner = self._list(segments[:-1]) if segments else None
        if owner is None or owner.endpoint.collection == "/":
            return None
        selector = _selector(segments[-1], owner.endpoint)
        return None if selector is None else Route(owner.endpoint, owner.values, selector)

    def _list(self, segments: Sequence[str]) -> Route | None:
        for pattern, endpoint in self._patterns:
            if len(pattern) == len(segments):
                values = _match(pattern, segments)
                if values is not None:
                    return Route(endpoint, values)
        return None


def _collection(template: str) -> str | None:
    """Return where the records of a list endpoint are kept, None for endpoints that the sandbox does not have."""
    if template in CHILDREN or template in {CONTAINER, SELECTIONS_OF_PRODUCT}:
        return template
    if template == "/product-selections/key={key}/products":
        return PRODUCTS_IN_SELECTION
    if template == "/products/key={key}/product-selections":
        return SELECTIONS_OF_PRODUCT
    path = template.removeprefix(_IN_STORE)
    collections = {collection for collection, _ in STREAMS.values()}
    return path if path in collections and "{" not in path else None


def _endpoint(template: str, row: Mapping[str, list[str]]) -> Endpoint:
    collection = _collection(template) or ""
    return Endpoint(
        template,
        collection,
        str(row["item"]),
        frozenset(row["params"]),
        tuple(row["scopes"]),
        frozenset(row["methods"]),
        with_total=collection not in _NO_TOTAL,
    )


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for expected, got in zip(pattern, segments, strict=True):
        prefix, placeholder, name = expected.partition("{")
        if not placeholder:
            if expected != got:
                return None
            continue
        # `key={key}` has a text in front of the placeholder, and a bare placeholder takes no segment of this form.
        if not got.startswith(prefix) or len(got) == len(prefix) or (not prefix and "=" in got):
            return None
        values[name.rstrip("}")] = got[len(prefix) :]
    return values


def _selector(segment: str, endpoint: Endpoint) -> tuple[str, str] | None:
    if endpoint.collection == CONTAINER:
        return ("key", segment)
    if endpoint.collection in {PRODUCTS_IN_SELECTION, SELECTIONS_OF_PRODUCT, ASSIGNMENTS} or not segment:
        return None
    name, equals, value = segment.partition("=")
    if not equals:
        return ("id", segment)
    # https://docs.commercetools.com/api/projects/orders
    if name == "order-number" and endpoint.item == "Order":
        return ("orderNumber", value)
    # https://docs.commercetools.com/api/projects/carts
    if name == "customer-id" and endpoint.item == "Cart":
        return ("customerId", value)
    return ("key", value) if name == "key" and value else None
