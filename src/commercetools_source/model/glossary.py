"""The words of the descriptions of columns: rows for the names that their own words do not explain."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTEXTS", "LEAVES", "OWN_COLUMNS"]

OWN_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "_synced_at": "When this row was stored, by the clock of the machine. UTC.",
        "_deleted_at": "When the record was deleted on the platform, as far as a Message or a sweep tells it; NULL for"
        " a live record. UTC.",
        "_valid_from": "When this version of the record began, by the platform's clock. UTC.",
        "_valid_to": "When the next version that a run stored began, or the record was deleted or found to be gone."
        " UTC.",
        "_unfit": "Values that do not have the type of their column, as a JSON object by field; NULL where all fit.",
    }
)
"""What this package adds to records."""

CONTEXTS: Mapping[str, str] = MappingProxyType(
    {
        "createdBy": "whoever created the record",
        "lastModifiedBy": "whoever changed the record last",
        "attributedTo": "the attribution",
        "custom": "the custom fields",
        "masterData": "the product's current and staged data",
        "taxedPrice": "the price with its taxes",
        "totalNet": "the total without taxes",
        "totalGross": "the total with taxes",
        "totalTax": "the sum of taxes",
        "discounted": "the discounted price",
        "variant": "the variant",
        "dimensions": "the picture's size",
    }
)
"""What a part of a name stands for behind "of", where its own words say too little."""

LEAVES: Mapping[str, str] = MappingProxyType(
    {
        # Money
        "centAmount": "Amount in minor units, the smallest of the currency",
        "currency": "Currency, ISO 4217",
        "currencyCode": "Currency, ISO 4217",
        "currencies": "Currencies, ISO 4217",
        "fractionDigits": "Fraction digits, 2 where the smallest unit is a cent",
        "preciseAmount": "Amount with the fraction digits given, of high-precision money only",
        # Identity
        "version": "Number of the record's version; it grows with every change",
        "createdAt": "When it was created",
        "lastModifiedAt": "When it was changed last; incremental runs go by it",
        "key": "Key, an identifier that the project gives",
        "billingAddressIds": "Ids of the billing addresses",
        "shippingAddressIds": "Ids of the shipping addresses",
        "resourceTypeIds": "Types of resources that may have these fields",
        "externalId": "Id, in another system",
        "externalUserId": "Id of the user, in another system",
        "anonymousId": "Id of the anonymous session, where nobody is logged in",
        "clientId": "Id of the API client",
        "source": "Place of origin",
        "typeId": "Resource type",
        "position": "Place in its list, counted from 1",
        "staged": "Whether this is the staged state, and not the published one",
        "isMaster": "Whether this is the product's first variant",
        "sku": "SKU, the stock keeping unit",
        "skus": "Stock keeping units",
        "variantId": "Number of the variant inside its product",
        "slug": "Part of the address of its page",
        "orderNumber": "Number of the order, given by the project",
        "customerNumber": "Number of the customer, given by the project",
        "purchaseOrderNumber": "Number of the purchase order, given by the buyer",
        "customerEmail": "E-mail address of the customer at the time",
        "lastMessageSequenceNumber": "Number of the record's newest Message",
        "sequenceNumber": "Number of the Message among those of its resource",
        "resourceVersion": "Version of the resource after the change",
        # Texts
        "name": "Name",
        "label": "Text that people see",
        "email": "E-mail address",
        "country": "Country, ISO 3166-1 alpha-2",
        "countries": "Countries, ISO 3166-1 alpha-2",
        "locale": "Language, IETF tag",
        "languages": "Languages, IETF tags",
        "pOBox": "Post office box",
        "vatId": "Number for value-added tax",
        "region": "Region, such as a federal state",
        "uri": "Address of the file",
        "url": "Address",
        "predicate": "Condition in the platform's predicate language",
        "cartPredicate": "Condition that a cart must meet, in the platform's predicate language",
        "targetPattern": "Patterns of what is discounted",
        "sortOrder": "Rank among others, a decimal between 0 and 1 as text",
        "orderHint": "Rank among its siblings, a decimal between 0 and 1 as text",
        # Quantities
        "quantity": "Number of pieces",
        "totalLineItemQuantity": "Number of pieces of all line items",
        "minimumQuantity": "Number of pieces from which on the price holds",
        "availableQuantity": "Pieces that can be sold",
        "quantityOnStock": "Pieces in stock, reserved ones included",
        "restockableInDays": "Days until there is stock again",
        "permyriad": "Share in ten-thousandths: 1000 is 10 %",
        "rate": "Rate as a fraction: 0.19 is 19 %",
        "includedInPrice": "Whether the price contains this tax",
        "score": "Score of the match",
        "rating": "Rating, from -100 to 100",
        "averageRating": "Average of the ratings",
        "count": "Number",
        "h": "Height in pixels",
        "w": "Width in pixels",
        "weightInGram": "Weight in grams",
        "heightInMillimeter": "Height in millimetres",
        "lengthInMillimeter": "Length in millimetres",
        "widthInMillimeter": "Width in millimetres",
        "timeoutInMs": "Longest wait in milliseconds",
        "accessTokenValiditySeconds": "Seconds for which an access token is valid",
        "refreshTokenValiditySeconds": "Seconds for which a refresh token is valid",
        "deleteDaysAfterLastModification": "Days after the last change until the platform deletes it",
        "deleteDaysAfterCreation": "Days after the creation until the platform deletes it",
        "reservationExpirationInMinutes": "Minutes until a reservation ends",
        # States
        "orderState": "State of the order",
        "paymentState": "State of the payment",
        "shipmentState": "State of the shipment",
        "cartState": "State of the cart",
        "priceMode": "Where prices come from",
        "lineItemMode": "Whether the line was bought or is a gift",
        "shippingMode": "Whether there is one shipping method or several",
        "stackingMode": "Whether discounts of a lower rank still apply",
        "taxCalculationMode": "Whether taxes are calculated for a line or for each piece",
        "authenticationMode": "How a client proves who it is",
        "taxMode": "Who calculates the taxes",
        "taxRoundingMode": "How taxes are rounded",
        "priceRoundingMode": "How prices are rounded",
        "inventoryMode": "Whether stock is tracked or reserved",
        "validFrom": "From when on it holds",
        "validUntil": "Until when it holds",
        "validTo": "Until when it holds",
        "startsAt": "From when on it is in force",
        "expiresAt": "When it expires",
        "resumesAt": "When it resumes",
        "deleteAt": "When the platform will delete it",
        "lastUsedAt": "When it was last used",
        "lastOrderAt": "When the last order was created",
        "nextOrderAt": "When the next order will be created",
        "expectedDelivery": "When there will be stock again",
        "authorizedUntil": "Until when the authorization holds",
        "timestamp": "When it happened",
        "returnDate": "When it came back",
        "active": "Whether it is in force",
        "isActive": "Whether it is in force",
        "published": "Whether it is published",
        "hasStagedChanges": "Whether the staged data differ from the current ones",
        "isEmailVerified": "Whether the e-mail address was confirmed",
        "isReturn": "Whether it goes back to the shop",
        "isOnStock": "Whether there is stock",
        "valid": "Whether it is valid",
        "scopedPriceDiscounted": "Whether the scoped price is discounted",
        "default": "Whether it is the default",
        "includedInStatistics": "Whether the review counts in the statistics of its target",
        "requiresDiscountCode": "Whether a discount code is needed",
        "participateInBestDealSelection": "Whether it takes part in the choice of the best deal",
        "directDiscountsIgnoreCartDiscounts": "Whether direct discounts leave cart discounts out",
        "buyerAssignable": "Whether buyers may assign this role",
        "enabled": "Whether it is switched on",
        "builtIn": "Whether the platform has it from the start",
        "initial": "Whether a resource may begin in this state",
        "required": "Whether it must have a value",
        "fields": "All values by field, as JSON",
    }
)
"""What a column is whose name ends with this, as a phrase."""
