"""One project's data: every collection, what is derived from them, and how paths reach them."""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.data.projections import product_projection, variant_projection
from commercetools_source.sandbox.data.store import Collection, Prober, Record, View
from commercetools_source.sandbox.platform.endpoints import (
    ASSIGNMENTS,
    CHILDREN,
    CONTAINER,
    HISTORY,
    PRODUCTS_IN_SELECTION,
    SELECTIONS_OF_PRODUCT,
    Route,
    collection_of,
)
from commercetools_source.sandbox.platform.ids import NAME_OF_OBJECTS
from commercetools_source.sandbox.platform.refusals import not_found
from commercetools_source.sandbox.query.nodes import Compare, Nested, Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.sandbox.platform.spec import Spec

__all__ = ["Project", "refuse_illegal"]

_IN_CONTAINER = ("key",)
_NAMES_OF_OBJECTS = ("container", "key")
_SHOWN = 60
"""Characters of a refused name: it may be megabytes."""


class Project:
    """The data of one project. `lock` guards it; the server and the code of a test may both change it."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        # Reentrant: a hook that runs within a request may change data.
        self.lock = RLock()
        self.prober = Prober()
        self._collections: dict[tuple[str, str], Collection] = {}
        self._views: dict[tuple[str, str], View] = {}
        self._products_seen: dict[str, int] = {}

    def load(self, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Take over records: (collection, parent, JSON); nothing may have been read before.

        Raises ConfigError for a custom object that the platform cannot have.
        """
        address: tuple[str, str] | None = None
        collection = self.collection("/")
        names = self.prober.probe(frozenset(_NAMES_OF_OBJECTS))
        for path, parent, body in rows:
            # Rows come collection by collection, so the same one is mostly asked for again.
            if (path, parent) != address:
                address = (path, parent)
                collection = self.collection(path, parent)
            record = self.record(path, body)
            if path == "/custom-objects":
                refuse_illegal(names(record))
            collection.load(record)

    def collection(self, path: str, parent: str = "") -> Collection:
        """Return the collection at a path of the contract, empty when nothing was put there yet."""
        collection = self._collections.get((path, parent))
        if collection is None:
            # Custom objects are read container by container, so there is an index on it.
            texts = ("container",) if path == "/custom-objects" else ()
            collection = self._collections[path, parent] = Collection(self.prober, texts=texts)
        return collection

    def parents(self, path: str) -> list[str]:
        """Return the parents that have records at a path with placeholders."""
        return [parent for collection_path, parent in self._collections if collection_path == path]

    def everything(self) -> Iterator[tuple[str, Record]]:
        """Yield every stored record with the path of its collection."""
        for (path, _), collection in list(self._collections.items()):
            yield from ((path, record) for record in collection)

    def record(self, path: str, body: bytes) -> Record:
        """Return the record of these bytes; those without an id get one of what makes them unique."""
        if path not in CHILDREN and path not in {"/", HISTORY}:
            return Record(body)
        value = msgspec.json.decode(body)
        if path == HISTORY:
            resource = value["resource"]
            return Record(body, fallback_id=f"{resource['typeId']}/{resource['id']}/{value['version']}")
        owner = value.get("productSelection", {}).get("id", "")
        return Record(body, fallback_id=value.get("key") or f"{owner}{value.get('product', {}).get('id', '')}")

    def view(self, path: str, parent: str = "") -> View:
        """Return a derived collection: projections ("staged" or "current") or the objects of one container."""
        # By revision and not by time: two changes within a millisecond are two revisions.
        if path == "/variant-projections" and self._products_seen.get(parent) != self.collection("/products").revision:
            # They carry name, slug and categories of their products.
            self._products_seen[parent] = self.collection("/products").revision
            old = self._views.pop((path, parent), None)
            if old is not None:
                self.collection("/variants").forget(old)
        if (path, parent) not in self._views:
            self._views[path, parent] = self._derive(path, parent)
        return self._views[path, parent]

    def _derive(self, path: str, parent: str) -> View:
        if path == CONTAINER:
            container = self.prober.probe(frozenset({"container"}))
            view = View(
                self.prober,
                lambda record: record if container(record).get("container") == parent else None,
                tie="key",
                texts=_IN_CONTAINER,
            )
            return self.collection("/custom-objects").view(view)
        staged = parent == "staged"
        if path == "/product-projections":
            view = View(self.prober, product_projection(self.spec, staged=staged))
            return self.collection("/products").view(view)
        products = self.view("/product-projections", parent)
        return self.collection("/variants").view(View(self.prober, variant_projection(products.get, staged=staged)))

    def of_route(self, route: Route, *, staged: bool = False) -> tuple[Collection, tuple[Node, ...]]:
        """Return the collection that a route reads, and the conditions that the route itself sets.

        Raises a 404 when the selection, store or business unit of the path does not exist.
        """
        path, values = route.endpoint.collection, route.values
        conditions: tuple[Node, ...] = ()
        if route.store is not None:
            if self.collection("/stores").find("key", route.store) is None:
                raise not_found(route.store, "key")
            conditions = self._in_store(route)
        if path in {"/product-projections", "/variant-projections"}:
            return self.view(path, "staged" if staged else "current"), conditions
        if path == CONTAINER:
            return self.view(path, values["container"]), ()
        if "{" in path:
            return self._child(path, values), ()
        return self.collection(path), conditions

    def _child(self, path: str, values: Mapping[str, str]) -> Collection:
        """Return the collection that belongs to the parent which a path names."""
        # Each parent has a collection of its own, because its list is paged and sorted by itself.
        if path == PRODUCTS_IN_SELECTION:
            return self.collection(path, self._owner("/product-selections", values).id)
        if path == SELECTIONS_OF_PRODUCT:
            return self._selections_of(self._owner("/products", values))
        if path == ASSIGNMENTS:
            return self.collection(path, values["storeKey"])
        if self.collection("/business-units").find("key", values["businessUnitKey"]) is None:
            raise not_found(values["businessUnitKey"], "key")
        return self.collection(path, f"{values['associateId']}/{values['businessUnitKey']}")

    def _owner(self, path: str, values: Mapping[str, str]) -> Record:
        identifier, key = values.get("ID"), values.get("key", "")
        owners = self.collection(path)
        owner = owners.get(identifier) if identifier is not None else owners.find("key", key)
        if owner is None:
            raise not_found(identifier or key, "ID" if identifier is not None else "key")
        return owner

    def _selections_of(self, product: Record) -> Collection:
        """Return the selections that have the product: the inverse of their own lists."""
        selections = Collection(self.prober)
        # Derived on each request: a product is in few selections, and nothing has to be kept in step.
        for selection in self.collection("/product-selections"):
            assigned = self.collection(PRODUCTS_IN_SELECTION, selection.id).get(product.id)
            if assigned is not None:
                row = {"productSelection": {"typeId": "product-selection", "id": selection.id}}
                row |= {name: value for name, value in assigned.decoded().items() if name != "product"}
                body = msgspec.json.encode(row | {"createdAt": selection.created})
                selections.load(Record(body, fallback_id=selection.id))
        return selections

    def _in_store(self, route: Route) -> tuple[Node, ...]:
        fields = self.spec.fields(route.endpoint.item) or {}
        key = Compare("key", "=", str(route.store))
        # One of both: a resource belongs to one store or lists several.
        return tuple(Nested(name, key) for name in ("store", "stores") if name in fields)[:1]

    def of_stream(self, stream: str, parent: str | None = None) -> list[Collection]:
        """Return the collections of a stream: one, or one per parent; raises ConfigError for an unknown name."""
        path, staged = collection_of(stream)
        if staged is not None:
            return [self.view(path, "staged" if staged else "current")]
        if path not in CHILDREN:
            return [self.collection(path)]
        parents = self.parents(path) if parent is None else [parent]
        return [self.collection(path, owner) for owner in parents]

    def settings(self) -> dict[str, Any]:
        """Return the project's own record, empty when none was loaded."""
        record = next(iter(self.collection("/")), None)
        return {} if record is None else record.decoded()


def refuse_illegal(custom_object: Mapping[str, Any]) -> None:
    """Raise ConfigError for a custom object with a container or key that the platform refuses."""
    # Nobody could read such a container by its path.
    for name in _NAMES_OF_OBJECTS:
        value = custom_object.get(name)
        if value is not None and NAME_OF_OBJECTS.fullmatch(str(value)) is None:
            raise ConfigError(
                f"A custom object cannot have the {name} {str(value)[:_SHOWN]!r}: it must be a text of the form"
                f" {NAME_OF_OBJECTS.pattern}."
            )
