"""The table of personal data: fields of the contract whose values are of a person, and of what kind.

Secrets have a table of their own (`secrets`): they never leave, whatever is chosen. A test walks the contract from
every stream and fails for a field with a telling name that no row decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PERSONAL", "KindOfData", "PersonalField"]

_FREE = "Free text: what people write there is not known; name the field to leave it out."
_PSEUDONYM = "An identifier that tables are joined by; it names nobody without another system."
_WARES = "Says something of goods or of the shop."
_COMPANY = "The name of a company or a unit of it, which is no person; reports need it."
_SHOPS = "The shop's own text, which may name a customer that it is meant for; name the field to leave it out."

KindOfData = Literal["name", "contact", "birth", "tax", "place", ""]


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One decision: the contract's `type` and `field`, the kind of its personal data, or "" and why it has none."""

    type: str
    field: str
    kind: KindOfData
    reason: str = ""

    @property
    def is_free_text(self) -> bool:
        """Whether people write there what they like."""
        return self.reason == _FREE


_KEPT = "An area with many people in it; reports need it."

_BUSINESS = ("BusinessUnit", "Company", "Division")
_OF_ADDRESS: Mapping[KindOfData, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("title", "salutation", "firstName", "lastName", "company", "department"),
        "contact": ("email", "phone", "mobile", "fax"),
        "place": (
            "streetName",
            "streetNumber",
            "additionalStreetInfo",
            "additionalAddressInfo",
            "apartment",
            "building",
            "pOBox",
            "postalCode",
            "city",
        ),
    }
)


def _messages(name: str) -> tuple[str, str]:
    """Return the types of a Message and of its payload, which has the same fields."""
    return f"{name}Message", f"{name}MessagePayload"


_GROUPS: tuple[tuple[tuple[str, ...], tuple[str, ...], KindOfData, str], ...] = (
    # https://docs.commercetools.com/api/types#baseaddress; all that is an address, in whatever record
    *((("Address", "BaseAddress"), fields, kind, "") for kind, fields in _OF_ADDRESS.items()),
    (("Address", "BaseAddress"), ("region", "state"), "", _KEPT),
    (("Address", "BaseAddress"), ("externalId",), "", _PSEUDONYM),
    # https://docs.commercetools.com/api/projects/customers#customer
    (("Customer",), ("title", "salutation", "firstName", "middleName", "lastName", "companyName"), "name", ""),
    (("Customer",), ("email",), "contact", ""),
    (("Customer",), ("dateOfBirth",), "birth", ""),
    (("Customer",), ("vatId",), "tax", ""),
    (("Customer", *_messages("CustomerExternalIdSet"), "UserProvidedIdentifiers"), ("externalId",), "", _PSEUDONYM),
    (("Customer", "UserProvidedIdentifiers"), ("customerNumber",), "", _PSEUDONYM),
    # https://docs.commercetools.com/api/projects/messages/customer-messages
    (_messages("CustomerFirstNameSet"), ("firstName",), "name", ""),
    (_messages("CustomerLastNameSet"), ("lastName",), "name", ""),
    (_messages("CustomerTitleSet"), ("title",), "name", ""),
    (_messages("CustomerCompanyNameSet"), ("companyName",), "name", ""),
    (_messages("CustomerDateOfBirthSet"), ("dateOfBirth",), "birth", ""),
    (_messages("CustomerEmailChanged"), ("email", "oldEmail"), "contact", ""),
    (_messages("CustomerDeleted"), ("email",), "contact", ""),
    # https://docs.commercetools.com/api/projects/orders, carts, recurring orders and previews of order edits
    (("Cart", "Order", "StagedOrder", "RecurringOrder"), ("customerEmail",), "contact", ""),
    (("OrderCustomerEmailSetMessage",), ("email", "oldEmail"), "contact", ""),
    (("StagedOrderSetCustomerEmailAction",), ("email",), "contact", ""),
    # https://docs.commercetools.com/api/errors: the result of an order edit repeats the value that could not be set
    (("InvalidFieldError",), ("invalidValue",), "contact", ""),
    (("DuplicateFieldError", "DuplicateFieldWithConflictingResourceError"), ("duplicateValue",), "contact", ""),
    # "A duplicate value '$duplicateValue' exists for field '$field'": the sentence has the value once more.
    (
        ("InvalidFieldError", "DuplicateFieldError", "DuplicateFieldWithConflictingResourceError"),
        ("message",),
        "contact",
        "",
    ),
    (
        (
            "InvalidInputError",
            "InvalidOperationError",
            "InvalidJsonInputError",
            "ExtensionBadResponseError",
            "ExtensionUpdateActionsFailedError",
            "RecurringOrderFailureError",
        ),
        ("message",),
        "",
        _FREE,
    ),
    (("InvalidJsonInputError",), ("detailedErrorMessage",), "", _FREE),
    (("ExtensionBadResponseError",), ("extensionBody",), "", _FREE),
    (
        ("ExtensionBadResponseError", "ExtensionUpdateActionsFailedError"),
        ("localizedMessage", "extensionExtraInfo"),
        "",
        _FREE,
    ),
    (("RecurringOrderFailureError",), ("details",), "", _FREE),
    (("Cart", "Order", "StagedOrder", "Payment", "ShoppingList"), ("anonymousId",), "", _PSEUDONYM),
    # https://docs.commercetools.com/api/general-concepts: who made or changed a record
    (("CreatedBy", "LastModifiedBy"), ("anonymousId",), "", _PSEUDONYM),
    (("CreatedBy", "LastModifiedBy"), ("externalUserId",), "contact", ""),
    # https://docs.commercetools.com/api/projects/business-units#businessunit
    (_BUSINESS, ("contactEmail",), "contact", ""),
    (_messages("BusinessUnitContactEmailSet"), ("contactEmail",), "contact", ""),
    ((*_BUSINESS, *_messages("BusinessUnitNameChanged"), "HistoryBusinessUnitLabel"), ("name",), "", _COMPANY),
    # https://docs.commercetools.com/api/projects/reviews#review
    (("Review",), ("authorName",), "name", ""),
    (("Review",), ("title", "text", "uniquenessValue"), "", _FREE),
    (("Quote", *_messages("QuoteRenegotiationRequested")), ("buyerComment",), "", _FREE),
    (("Quote", "StagedQuote", *_messages("StagedQuoteSellerCommentSet")), ("sellerComment",), "", _FREE),
    (
        (
            "LineItemReturnItem",
            "CustomLineItemReturnItem",
            "ReturnItem",
            "ReturnItemDraft",
            "OrderEdit",
            "QuoteRequest",
        ),
        ("comment",),
        "",
        _FREE,
    ),
    (("PaymentStatus",), ("interfaceText",), "", _FREE),
    # https://docs.commercetools.com/api/projects/approval-flows: why an approver refused an order
    (("ApprovalFlowRejection",), ("reason",), "", _FREE),
    (_messages("ApprovalFlowRejected"), ("rejectionReason",), "", _FREE),
    (_messages("RecurringOrderFailed"), ("failureReason",), "", _FREE),
    # https://docs.commercetools.com/api/projects/shoppingLists: buyers name their lists and write their notes there
    (("ShoppingList", "TextLineItem"), ("name", "description"), "", _FREE),
    # A slug is made of the name, and unlike a key it is a text to show.
    (("ShoppingList",), ("slug",), "", _FREE),
    # https://docs.commercetools.com/api/projects/payment-methods: what a buyer calls a card or an account
    (("PaymentMethod", "PaymentMethodInfo"), ("name",), "", _FREE),
    ((*_messages("PaymentMethodNameSet"), *_messages("PaymentMethodInfoNameSet")), ("name", "oldName"), "", _FREE),
    # https://docs.commercetools.com/api/projects/payments: the shop's account at the provider, not the buyer's
    (("PaymentMethod", "PaymentMethodInfo"), ("interfaceAccount",), "", _PSEUDONYM),
    (
        (*_messages("PaymentMethodInfoInterfaceAccountSet"), *_messages("PaymentMethodInterfaceAccountSet")),
        ("interfaceAccount", "oldInterfaceAccount"),
        "",
        _PSEUDONYM,
    ),
    (("Payment", *_messages("PaymentInterfaceIdSet"), "Transaction"), ("interfaceId",), "", _PSEUDONYM),
    (_messages("PaymentInterfaceIdSet"), ("oldInterfaceId",), "", _PSEUDONYM),
    (_messages("PaymentTransactionInterfaceIdSet"), ("newInterfaceId", "oldInterfaceId"), "", _PSEUDONYM),
    (("Transaction",), ("interactionId",), "", _PSEUDONYM),
    # https://docs.commercetools.com/api/predicates/predicate-operators: a code may be meant for one customer
    (("DiscountCode", "CartDiscount"), ("cartPredicate",), "", _SHOPS),
    (("DiscountCode",), ("name", "description"), "", _SHOPS),
    (("ShippingMethod", "ApprovalRule", *_messages("ApprovalRulePredicateSet")), ("predicate",), "", _SHOPS),
    (_messages("ApprovalRulePredicateSet"), ("oldPredicate",), "", _SHOPS),
    # https://docs.commercetools.com/api/projects/orders: what a carrier, or the buyer's own books, number a delivery by
    (("TrackingData",), ("trackingId",), "", _PSEUDONYM),
    (("ReturnInfo", "ReturnInfoDraft", "StagedOrderAddReturnInfoAction"), ("returnTrackingId",), "", _PSEUDONYM),
    (
        (
            *("Cart", "Order", "StagedOrder", "StagedOrderSetPurchaseOrderNumberAction"),
            *("QuoteRequest", "Quote", "StagedQuote"),
        ),
        ("purchaseOrderNumber",),
        "",
        _PSEUDONYM,
    ),
    (_messages("CartPurchaseOrderNumberSet"), ("purchaseOrderNumber", "oldPurchaseOrderNumber"), "", _PSEUDONYM),
    (("OrderPurchaseOrderNumberSetMessage",), ("purchaseOrderNumber", "oldPurchaseOrderNumber"), "", _PSEUDONYM),
    # https://docs.commercetools.com/api/history/change-history: the values before and after may be of anything, so of a
    # person, too; what a change is about is in them as well
    (
        ("HistoryChange",),
        (
            *("previousValue", "nextValue", "addedItems", "removedItems", "address", "transaction", "parcel"),
            *("asset", "price", "lineItem", "customLineItem", "textLineItem"),
        ),
        "contact",
        "",
    ),
    (("HistoryChange",), ("buyerComment",), "", _FREE),
    (("HistoryChange",), ("addressId", "name", "fieldName", "attributeName"), "", _WARES),
    (("HistoryCustomerLabel",), ("firstName", "lastName"), "name", ""),
    (("HistoryCustomerLabel",), ("customerNumber",), "", _PSEUDONYM),
    (("HistoryOrderLabel",), ("customerEmail",), "contact", ""),
    (("HistoryModifiedBy",), ("anonymousId",), "", _PSEUDONYM),
    # What a record was called, a shopping list and a review too.
    (("HistoryLocalizedLabel", "HistoryStringLabel"), ("value",), "", _FREE),
    (("HistoryReviewLabel",), ("title",), "", _FREE),
    (("EventBridgeDestination",), ("accountId", "region"), "", _WARES),
    (("SqsDestination",), ("region",), "", _WARES),
    (("Category", "Payment", "SyncInfo", "StagedOrderUpdateSyncInfoAction"), ("externalId",), "", _PSEUDONYM),
    (("Location", "TaxRate", "ExternalTaxRateDraft"), ("state",), "", _KEPT),
    # https://docs.commercetools.com/api/projects/channels: where a shop or a store room is
    (("GeoJsonPoint",), ("coordinates",), "", _WARES),
    (("ApiClient",), ("name",), "", _WARES),
    (("SearchKeyword",), ("text",), "", _WARES),
    (("ItemShippingTarget",), ("addressKey",), "", _PSEUDONYM),
)


def _rows() -> Iterator[PersonalField]:
    for types, fields, kind, reason in _GROUPS:
        yield from (PersonalField(name, field, kind, reason) for name in types for field in fields)


PERSONAL: Mapping[tuple[str, str], PersonalField] = MappingProxyType({(row.type, row.field): row for row in _rows()})
"""Every decision, by type and field."""
