"""What a record must keep beside the contract: what other records of the project have, or say of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.changes import catalog
from commercetools_source.sandbox.changes.attributes import Fitter, rows_of
from commercetools_source.sandbox.changes.definitions import refuse_definitions
from commercetools_source.sandbox.changes.prices import refuse_conflicting_prices, refuse_conflicting_standalone_prices
from commercetools_source.sandbox.changes.unique import refuse_duplicates
from commercetools_source.sandbox.changes.values import refuse_period
from commercetools_source.sandbox.changes.variants import refuse_missing, refuse_variants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commercetools_source.sandbox.changes.assembly import Assembly
    from commercetools_source.sandbox.changes.drafts import Drafts
    from commercetools_source.sandbox.changes.validation import Rules
    from commercetools_source.sandbox.data.project import Project

__all__ = ["Checks"]

# Records whose periods must not end before they begin, whichever action moves them
# (https://docs.commercetools.com/api/projects/discountCodes#set-validfrom).
_WITH_PERIOD = frozenset({"/discount-codes", "/standalone-prices"})


class Checks:
    """Holds new and changed records against the others of one project."""

    def __init__(self, project: Project, rules: Rules, drafts: Drafts, assembly: Assembly) -> None:
        self.project = project
        self.rules = rules
        self.drafts = drafts
        self.assembly = assembly

    def custom(self, draft: dict[str, Any]) -> dict[str, Any]:
        """Return a draft with its custom fields as they are stored; raises a 400 for one that its type has not."""
        fitted: dict[str, Any] = self._fitter({}).custom(draft)
        return fitted

    def fitted(self, path: str, record: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return a record with its attributes, and those custom fields that `old` had not, as they are answered.

        Raises a 400 for one that does not fit its type. Of a new record the draft's custom fields were fitted.
        """
        product_type = self.assembly.product_type_of(path, record)
        rows = self.project.collection("/product-types") if product_type is not None else ()
        fitter = self._fitter({row.id: row.decoded() for row in rows})
        if old is not None:
            fitter = fitter.keeping(old)
            record = fitter.custom(record)
        if product_type is not None:
            record = fitter.attributes(record, product_type, embedded=path != "/variants")
        return record

    def _fitter(self, product_types: Mapping[str, Mapping[str, Any]]) -> Fitter:
        def type_of(reference: Mapping[str, Any]) -> dict[str, Any]:
            # Of a record that a test has given it may lead nowhere.
            named = reference.get("id") is not None or reference.get("key") is not None
            return self.assembly.found("/types", reference) if named else {}

        return Fitter(self.rules, self.drafts.complete, product_types, type_of)

    def refuse(self, path: str, parent: str, new: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> None:
        """Raise a 400 for a record that the platform does not have beside the others, or beside itself.

        What it had as `old` may stay.
        """
        collection = self.project.collection(path, parent)
        refuse_duplicates(path, collection, new, old)
        if path == "/standalone-prices":
            refuse_conflicting_standalone_prices(collection, new, old)
        if path in _WITH_PERIOD and old is not None:
            refuse_period(new)
        if old is None:
            refuse_definitions(path, new, (record.decoded() for record in collection))
        if path == "/products":
            self._refuse_product(new, old)
        elif path == "/variants":
            siblings = self.assembly.siblings_of(new)
            before = siblings if old is None else [*siblings, old.get("current", {})]
            refuse_variants([new["current"], *siblings], before, self._definitions(path, new))

    def _refuse_product(self, new: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
        definitions = self._definitions("/products", new)
        before = (
            [] if old is None else [variant for data in catalog.data_of(old) for variant in catalog.variants_in(data)]
        )
        for data in catalog.data_of(new):
            if old is None:
                refuse_missing(data, definitions, "Product")
            variants = catalog.variants_in(data)
            refuse_variants(variants, before, definitions)
            refuse_conflicting_prices(variants, before)

    def _definitions(self, path: str, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        product_type = self.assembly.product_type_of(path, record)
        row = self.project.collection("/product-types").get(str(product_type))
        return [] if row is None else rows_of(row.decoded().get("attributes"))
