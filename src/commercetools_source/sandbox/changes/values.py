"""Refuses values that have the right JSON type and that the platform does not take: forms, limits, periods, ids."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from commercetools_source.errors import ApiError
from commercetools_source.sandbox.contract import facets
from commercetools_source.sandbox.platform.clock import parse_time
from commercetools_source.sandbox.platform.ids import NAME_OF_OBJECTS
from commercetools_source.sandbox.platform.refusals import invalid_field, lost_reference, refuse
from commercetools_source.sandbox.query.discounts import refuse_unreadable
from commercetools_source.sandbox.query.predicate import parse

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["below", "refuse_field", "refuse_languages", "refuse_object", "refuse_period"]

# https://docs.commercetools.com/api/general-concepts: keys of resources
_KEY = re.compile(r"[A-Za-z0-9_-]{2,256}")
# https://docs.commercetools.com/api/projects/cartDiscounts#cartdiscountdraft: a decimal between 0 and 1
_SORT_ORDER = re.compile(r"0\.\d*[1-9]")
# https://docs.commercetools.com/api/projects/categories#categorydraft: a decimal value between 0 and 1
_ORDER_HINT = re.compile(r"0?\.\d+|[01](\.0*)?")
# Texts of a type's field that must have a form; in all other drafts and actions that is so for `key`.
_FORMS: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("CustomObjectDraft", "container"): NAME_OF_OBJECTS,
    ("CustomObjectDraft", "key"): NAME_OF_OBJECTS,
    # https://docs.commercetools.com/api/projects/productTypes
    ("AttributeDefinitionDraft", "name"): _KEY,
    # https://docs.commercetools.com/api/projects/types
    ("FieldDefinition", "name"): re.compile(r"[A-Za-z0-9_-]{2,36}"),
    ("CategoryDraft", "orderHint"): _ORDER_HINT,
    ("CategoryChangeOrderHintAction", "orderHint"): _ORDER_HINT,
    **dict.fromkeys(
        (
            ("CartDiscountDraft", "sortOrder"),
            ("CartDiscountChangeSortOrderAction", "sortOrder"),
            ("DiscountGroupDraft", "sortOrder"),
            ("DiscountGroupSetSortOrderAction", "sortOrder"),
            ("ProductDiscountDraft", "sortOrder"),
            ("ProductDiscountChangeSortOrderAction", "sortOrder"),
        ),
        _SORT_ORDER,
    ),
}
# Maps of which each text must have a form, in what these resources take:
# https://docs.commercetools.com/api/projects/products#productdraft and #categoryorderhints, which do not end in 0
_MAPS: Mapping[str, re.Pattern[str]] = {"categoryOrderHints": _SORT_ORDER, "slug": _KEY}
_WITH_MAPS = ("Product", "Category", "ShoppingList")
# https://docs.commercetools.com/api/types#countrycode and #currencycode: both of ISO, in capitals
_CODES: Mapping[str, re.Pattern[str]] = {
    "country": re.compile(r"[A-Z]{2}"),
    "currency": re.compile(r"[A-Z]{3}"),
    "currencyCode": re.compile(r"[A-Z]{3}"),
}
# https://docs.commercetools.com/api/types#locale: a language tag of BCP 47
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
# The platform tells nobody which addresses it takes: what has no "@" between two texts is none anywhere.
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAILS = frozenset({"contactEmail", "customerEmail"})
_OF_CUSTOMERS = frozenset(
    {"CustomerDraft", "CustomerChangeEmailAction", "CartSetCustomerEmailAction", "OrderSetCustomerEmailAction"}
)
# Drafts and actions whose language must be one of the project's: https://docs.commercetools.com/api/projects/carts#cartdraft
_OF_PROJECT = frozenset(
    {"CartDraft", "CartSetLocaleAction", "CustomerDraft", "CustomerSetLocaleAction", "OrderSetLocaleAction"}
)
# Ids that are plain texts and must lead to a record: https://docs.commercetools.com/api/projects/carts#set-customerid,
# https://docs.commercetools.com/api/projects/orders-import#orderimportdraft
_IDS: Mapping[str, str] = {"customerId": "customer"}
# https://docs.commercetools.com/api/predicates/predicate-operators; approval rules have predicates of orders
_PREDICATES = frozenset({"cartPredicate", "predicate"})
# https://docs.commercetools.com/api/projects/standalone-prices#standalonepricedraft,
# https://docs.commercetools.com/api/projects/discountCodes#discountcodedraft
_PERIODS = frozenset({"DiscountCodeDraft", "PriceDraft", "StandalonePriceDraft"})
# https://docs.commercetools.com/api/types#pricetierdraft
_LEAST_OF_TIER = 2


def refuse_field(
    name: str,
    field: str,
    value: Any,
    path: str,
    *,
    exists: Callable[[str, str, str], bool],
    languages: Callable[[], Sequence[str]],
) -> None:
    """Raise a 400 for the value at `path`, of the `field` of a type called `name`, if it cannot be one.

    `exists`: whether there is a record, by type id, "id" and its value. `languages`: gives those of the project.
    """
    _limit(name, field, value, path)
    if isinstance(value, Mapping) and field in _MAPS and name.startswith(_WITH_MAPS):
        for key, text in value.items():
            _match(_MAPS[field], text, f"{path}.{key}")
    if not isinstance(value, str):
        return
    _refuse_predicate(name, field, value, path)
    form = _FORMS.get((name, field)) or _CODES.get(field)
    if form is None and field == "key" and name.endswith(("Draft", "SetKeyAction")):
        form = _KEY
    if form is not None:
        _match(form, value, path)
    if (field in _EMAILS or (name in _OF_CUSTOMERS and field == "email")) and _EMAIL.fullmatch(value) is None:
        raise invalid_field(path, value, "an e-mail address")
    if field == "locale" and name in _OF_PROJECT and (spoken := languages()) and value not in spoken:
        raise invalid_field(path, value, f"one of the project's languages, {', '.join(spoken)}", spoken)
    if field in _IDS and not exists(_IDS[field], "id", value):
        raise lost_reference(_IDS[field], "id", value)


def _refuse_predicate(name: str, field: str, text: str, path: str) -> None:
    if field in _PREDICATES:
        refuse_unreadable(text, path)
    elif (name, field) == ("ExtensionTrigger", "condition"):
        # https://docs.commercetools.com/api/projects/api-extensions#extensiontrigger: the language of `where`
        try:
            parse(text, path)
        except ApiError as error:
            message = error.problem.detail.removeprefix(f"Malformed parameter: {path}: ")
            raise refuse(400, "SyntaxError", message) from None


def refuse_object(name: str, value: Mapping[str, Any], path: str) -> None:
    """Raise a 400 for an object of a type called `name` whose fields contradict each other."""
    if name in _PERIODS:
        refuse_period(value, path)
    if name in {"PriceDraft", "StandalonePriceDraft"}:
        quantities = [tier["minimumQuantity"] for tier in value.get("tiers") or ()]
        for number, quantity in enumerate(quantities):
            field_path = below(path, f"tiers[{number}].minimumQuantity")
            if quantity < _LEAST_OF_TIER:
                raise invalid_field(field_path, quantity, f"at least {_LEAST_OF_TIER}")
            if quantity in quantities[:number]:
                raise invalid_field(field_path, quantity, "another one than that of each tier before")


def refuse_period(value: Mapping[str, Any], path: str = "") -> None:
    """Raise a 400 where a period ends before it begins, or as it does."""
    first, last = (parse_time(str(value.get(name))) for name in ("validFrom", "validUntil"))
    if first and last and first >= last:
        raise invalid_field(below(path, "validUntil"), value["validUntil"], f"later than validFrom, {first}")


def refuse_languages(locales: Sequence[str], path: str) -> None:
    """Raise a 400 for what is no language tag."""
    for locale in locales:
        if _LANGUAGE.fullmatch(locale) is None:
            raise invalid_field(path, locale, "a language tag such as en or en-US")


def _limit(name: str, field: str, value: Any, path: str) -> None:
    limits = facets().get(name, {}).get(field)
    if limits is None:
        return
    size, least, most, noun = value, limits.get("minimum"), limits.get("maximum"), ""
    if isinstance(value, Sequence):
        size, least, most, noun = len(value), limits.get("minItems"), limits.get("maxItems"), "a list of "
    if least is not None and size < least:
        raise invalid_field(path, value, f"{noun}at least {least:g}")
    if most is not None and size > most:
        raise invalid_field(path, value, f"{noun}at most {most:g}")


def _match(form: re.Pattern[str], value: str, path: str) -> None:
    if form.fullmatch(value) is None:
        raise invalid_field(path, value, f"a text of the form {form.pattern}")


def below(path: str, field: str) -> str:
    """Return the path of a field of the object at `path`, "" for the body of a request."""
    return f"{path}.{field}" if path else field
