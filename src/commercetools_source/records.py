# Written by `make docs` from the contract and the catalogue.
# fmt: off
# mypy: disable-error-code="overload-overlap"
"""What the records look like, for type checkers and editors: a TypedDict for each stream's records and what is in them.

    from commercetools_source.records import Order

A field that may be missing is NotRequired. Values of enumerations, dates and times are texts, as the API sends them.
An object that has variants, such as a Message, has the fields of all of them here. Nothing is checked at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, overload

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import NotRequired

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.catalog.timestamps import Time


class Address(TypedDict):
    additionalAddressInfo: NotRequired[str]
    additionalStreetInfo: NotRequired[str]
    apartment: NotRequired[str]
    building: NotRequired[str]
    city: NotRequired[str]
    company: NotRequired[str]
    country: str
    custom: NotRequired[CustomFields]
    department: NotRequired[str]
    email: NotRequired[str]
    externalId: NotRequired[str]
    fax: NotRequired[str]
    firstName: NotRequired[str]
    id: NotRequired[str]
    key: NotRequired[str]
    lastName: NotRequired[str]
    mobile: NotRequired[str]
    pOBox: NotRequired[str]
    phone: NotRequired[str]
    postalCode: NotRequired[str]
    region: NotRequired[str]
    salutation: NotRequired[str]
    state: NotRequired[str]
    streetName: NotRequired[str]
    streetNumber: NotRequired[str]
    title: NotRequired[str]


class ApiClient(TypedDict):
    accessTokenValiditySeconds: NotRequired[int]
    createdAt: NotRequired[str]
    deleteAt: NotRequired[str]
    id: str
    lastUsedAt: NotRequired[str]
    name: str
    refreshTokenValiditySeconds: NotRequired[int]
    scope: str


class ApprovalFlow(TypedDict):
    approvals: list[ApprovalFlowApproval]
    businessUnit: BusinessUnitKeyReference
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    currentTierPendingApprovers: list[RuleApprover]
    custom: NotRequired[CustomFields]
    eligibleApprovers: list[RuleApprover]
    id: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    order: OrderReference
    pendingApprovers: list[RuleApprover]
    rejection: NotRequired[ApprovalFlowRejection]
    rules: list[ApprovalRule]
    status: str
    version: int


class ApprovalFlowApproval(TypedDict):
    approvedAt: str
    approver: Associate


class ApprovalFlowRejection(TypedDict):
    reason: NotRequired[str]
    rejectedAt: str
    rejecter: Associate


class ApprovalRule(TypedDict):
    approvers: ApproverHierarchy
    businessUnit: BusinessUnitKeyReference
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: str
    predicate: str
    requesters: list[RuleRequester]
    status: str
    version: int


ApproverConjunction = TypedDict("ApproverConjunction", {"and": "list[ApproverDisjunction]"})


ApproverDisjunction = TypedDict("ApproverDisjunction", {"or": "list[RuleApprover]"})


class ApproverHierarchy(TypedDict):
    tiers: list[ApproverConjunction]


class Asset(TypedDict):
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    id: str
    key: NotRequired[str]
    name: dict[str, str]
    sources: list[AssetSource]
    tags: NotRequired[list[str]]


class AssetDimensions(TypedDict):
    h: int
    w: int


class AssetSource(TypedDict):
    contentType: NotRequired[str]
    dimensions: NotRequired[AssetDimensions]
    key: NotRequired[str]
    uri: str


class AssignedProductReference(TypedDict):
    product: ProductReference
    variantExclusion: NotRequired[ProductVariantExclusion]
    variantSelection: NotRequired[ProductVariantSelection]


class Associate(TypedDict):
    associateRoleAssignments: list[AssociateRoleAssignment]
    customer: CustomerReference
    roles: NotRequired[list[str]]


class AssociateRole(TypedDict):
    buyerAssignable: bool
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[str]
    permissions: list[str]
    version: int


class AssociateRoleAssignment(TypedDict):
    associateRole: AssociateRoleKeyReference
    inheritance: str


class AssociateRoleKeyReference(TypedDict):
    key: str
    typeId: str


class Attribute(TypedDict):
    name: str
    value: Any


class AttributeDefinition(TypedDict):
    attributeConstraint: str
    inputHint: str
    inputTip: NotRequired[dict[str, str]]
    isRequired: bool
    isSearchable: bool
    label: dict[str, str]
    level: str
    name: str
    savedToLineItem: NotRequired[bool]
    type: AttributeType


class AttributeGroup(TypedDict):
    attributes: list[AttributeReference]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: dict[str, str]
    version: int


class AttributeReference(TypedDict):
    key: str


class AttributeType(TypedDict):
    elementType: NotRequired[AttributeType]
    name: str
    referenceTypeId: NotRequired[str]
    typeReference: NotRequired[ProductTypeReference]
    values: NotRequired[list[dict[str, Any]]]


class Attribution(TypedDict):
    clientId: NotRequired[str]
    source: str


class BaseAddress(TypedDict):
    additionalAddressInfo: NotRequired[str]
    additionalStreetInfo: NotRequired[str]
    apartment: NotRequired[str]
    building: NotRequired[str]
    city: NotRequired[str]
    company: NotRequired[str]
    country: str
    department: NotRequired[str]
    email: NotRequired[str]
    externalId: NotRequired[str]
    fax: NotRequired[str]
    firstName: NotRequired[str]
    id: NotRequired[str]
    key: NotRequired[str]
    lastName: NotRequired[str]
    mobile: NotRequired[str]
    pOBox: NotRequired[str]
    phone: NotRequired[str]
    postalCode: NotRequired[str]
    region: NotRequired[str]
    salutation: NotRequired[str]
    state: NotRequired[str]
    streetName: NotRequired[str]
    streetNumber: NotRequired[str]
    title: NotRequired[str]


class BusinessUnit(TypedDict):
    addresses: list[Address]
    approvalRuleMode: str
    associateMode: str
    associates: list[Associate]
    billingAddressIds: list[str]
    contactEmail: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customerGroupAssignments: NotRequired[list[CustomerGroupAssignment]]
    defaultBillingAddressId: NotRequired[str]
    defaultShippingAddressId: NotRequired[str]
    id: str
    inheritedAssociates: NotRequired[list[InheritedAssociate]]
    inheritedStores: NotRequired[list[StoreKeyReference]]
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: str
    parentUnit: NotRequired[BusinessUnitKeyReference]
    shippingAddressIds: list[str]
    status: str
    storeMode: str
    stores: NotRequired[list[StoreKeyReference]]
    topLevelUnit: BusinessUnitKeyReference
    unitType: str
    version: int


class BusinessUnitConfiguration(TypedDict):
    myBusinessUnitAssociateRoleOnCreation: NotRequired[AssociateRoleKeyReference]
    myBusinessUnitStatusOnCreation: str


class BusinessUnitKeyReference(TypedDict):
    key: str
    typeId: str


class BusinessUnitResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class Cart(TypedDict):
    anonymousId: NotRequired[str]
    billingAddress: NotRequired[Address]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    cartState: str
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customLineItems: list[CustomLineItem]
    customerEmail: NotRequired[str]
    customerGroup: NotRequired[CustomerGroupReference]
    customerId: NotRequired[str]
    deleteDaysAfterLastModification: NotRequired[int]
    directDiscounts: list[DirectDiscount]
    directDiscountsIgnoreCartDiscounts: NotRequired[bool]
    discountCodes: list[DiscountCodeInfo]
    discountOnTotalPrice: NotRequired[DiscountOnTotalPrice]
    discountTypeCombination: NotRequired[DiscountTypeCombination]
    freezeStrategy: NotRequired[str]
    id: str
    inventoryMode: str
    itemShippingAddresses: list[Address]
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[LineItem]
    locale: NotRequired[str]
    lock: NotRequired[CartLock]
    origin: str
    paymentInfo: NotRequired[PaymentInfo]
    priceRoundingMode: str
    purchaseOrderNumber: NotRequired[str]
    refusedGifts: list[CartDiscountReference]
    shipping: list[Shipping]
    shippingAddress: NotRequired[Address]
    shippingCustomFields: NotRequired[CustomFields]
    shippingInfo: NotRequired[ShippingInfo]
    shippingKey: NotRequired[str]
    shippingMode: str
    shippingRateInput: NotRequired[ShippingRateInput]
    store: NotRequired[StoreKeyReference]
    taxCalculationMode: str
    taxMode: str
    taxRoundingMode: str
    taxedPrice: NotRequired[TaxedPrice]
    taxedShippingPrice: NotRequired[TaxedPrice]
    totalLineItemQuantity: NotRequired[int]
    totalPrice: CentPrecisionMoney
    version: int
    warnings: NotRequired[list[WarningObject]]


class CartDiscount(TypedDict):
    cartPredicate: str
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    discountGroup: NotRequired[DiscountGroupReference]
    id: str
    isActive: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: dict[str, str]
    recurringOrderScope: RecurringOrderScope
    references: list[Reference]
    requiresDiscountCode: bool
    sortOrder: str
    stackingMode: str
    stores: list[StoreKeyReference]
    target: NotRequired[CartDiscountTarget]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: CartDiscountValue
    version: int


class CartDiscountReference(TypedDict):
    id: str
    typeId: str


class CartDiscountTarget(TypedDict):
    discountedQuantity: NotRequired[int]
    maxOccurrence: NotRequired[int]
    predicate: NotRequired[str]
    selectionMode: NotRequired[str]
    targetPattern: NotRequired[list[PatternComponent]]
    triggerPattern: NotRequired[list[PatternComponent]]
    triggerQuantity: NotRequired[int]
    type: str


class CartDiscountValue(TypedDict):
    applicationMode: NotRequired[str]
    distributionChannel: NotRequired[ChannelReference]
    money: NotRequired[list[dict[str, Any]]]
    permyriad: NotRequired[int]
    product: NotRequired[ProductReference]
    supplyChannel: NotRequired[ChannelReference]
    type: str
    variantId: NotRequired[int]


class CartDiscountValueDraft(TypedDict):
    applicationMode: NotRequired[str]
    distributionChannel: NotRequired[ChannelResourceIdentifier]
    money: NotRequired[list[dict[str, Any]]]
    permyriad: NotRequired[int]
    product: NotRequired[ProductResourceIdentifier]
    supplyChannel: NotRequired[ChannelResourceIdentifier]
    type: str
    variantId: NotRequired[int]


class CartLock(TypedDict):
    clientId: str
    createdAt: str


class CartReference(TypedDict):
    id: str
    typeId: str


class CartsConfiguration(TypedDict):
    countryTaxRateFallbackEnabled: NotRequired[bool]
    deleteDaysAfterLastModification: int
    priceRoundingMode: NotRequired[str]
    taxRoundingMode: NotRequired[str]


class Category(TypedDict):
    ancestors: list[CategoryReference]
    assets: NotRequired[list[Asset]]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    externalId: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    name: dict[str, str]
    orderHint: str
    parent: NotRequired[CategoryReference]
    slug: dict[str, str]
    stores: NotRequired[list[StoreKeyReference]]
    version: int


class CategoryReference(TypedDict):
    id: str
    typeId: str


class CentPrecisionMoney(TypedDict):
    centAmount: int
    currencyCode: str
    fractionDigits: int
    type: str


class ChangeSubscription(TypedDict):
    resourceTypeId: str


class Channel(TypedDict):
    address: NotRequired[Address]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    geoLocation: NotRequired[GeoJson]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[dict[str, str]]
    reviewRatingStatistics: NotRequired[ReviewRatingStatistics]
    roles: list[str]
    version: int


class ChannelReference(TypedDict):
    id: str
    typeId: str


class ChannelResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class ContainerAndKey(TypedDict):
    container: str
    key: str


class CreatedBy(TypedDict):
    anonymousId: NotRequired[str]
    associate: NotRequired[CustomerReference]
    attributedTo: NotRequired[Attribution]
    clientId: NotRequired[str]
    customer: NotRequired[CustomerReference]
    externalUserId: NotRequired[str]
    isPlatformClient: NotRequired[bool]
    user: NotRequired[UserReference]


class CustomFieldLocalizedEnumValue(TypedDict):
    key: str
    label: dict[str, str]


class CustomFields(TypedDict):
    fields: dict[str, Any]
    type: TypeReference


class CustomFieldsDraft(TypedDict):
    fields: NotRequired[dict[str, Any]]
    type: TypeResourceIdentifier


class CustomLineItem(TypedDict):
    custom: NotRequired[CustomFields]
    discountedPricePerQuantity: list[DiscountedLineItemPriceForQuantity]
    id: str
    key: NotRequired[str]
    money: TypedMoney
    name: dict[str, str]
    perMethodTaxRate: list[MethodTaxRate]
    priceMode: str
    quantity: int
    recurrenceInfo: NotRequired[CustomLineItemRecurrenceInfo]
    shippingDetails: NotRequired[ItemShippingDetails]
    slug: str
    state: list[ItemState]
    taxCategory: NotRequired[TaxCategoryReference]
    taxRate: NotRequired[TaxRate]
    taxedPrice: NotRequired[TaxedItemPrice]
    taxedPricePortions: list[MethodTaxedPrice]
    totalPrice: CentPrecisionMoney


class CustomLineItemRecurrenceInfo(TypedDict):
    recurrencePolicy: RecurrencePolicyReference


class CustomObject(TypedDict):
    container: str
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    value: Any
    version: int


class Customer(TypedDict):
    addresses: list[Address]
    authenticationMode: str
    billingAddressIds: list[str]
    companyName: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customerGroup: NotRequired[CustomerGroupReference]
    customerGroupAssignments: list[CustomerGroupAssignment]
    customerNumber: NotRequired[str]
    dateOfBirth: NotRequired[str]
    defaultBillingAddressId: NotRequired[str]
    defaultShippingAddressId: NotRequired[str]
    email: str
    externalId: NotRequired[str]
    firstName: NotRequired[str]
    id: str
    isEmailVerified: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lastName: NotRequired[str]
    locale: NotRequired[str]
    middleName: NotRequired[str]
    salutation: NotRequired[str]
    shippingAddressIds: list[str]
    stores: list[StoreKeyReference]
    title: NotRequired[str]
    vatId: NotRequired[str]
    version: int


class CustomerGroup(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: str
    version: int


class CustomerGroupAssignment(TypedDict):
    customerGroup: CustomerGroupReference


class CustomerGroupReference(TypedDict):
    id: str
    typeId: str


class CustomerGroupResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class CustomerReference(TypedDict):
    id: str
    typeId: str


class CustomerResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class Delivery(TypedDict):
    address: NotRequired[Address]
    createdAt: str
    custom: NotRequired[CustomFields]
    id: str
    items: list[DeliveryItem]
    key: NotRequired[str]
    parcels: list[Parcel]


class DeliveryFormat(TypedDict):
    cloudEventsVersion: NotRequired[str]
    type: str


class DeliveryItem(TypedDict):
    id: str
    quantity: int


class Destination(TypedDict):
    accessKey: NotRequired[str]
    accountId: NotRequired[str]
    acks: NotRequired[str]
    apiKey: NotRequired[str]
    authenticationMode: NotRequired[str]
    bootstrapServer: NotRequired[str]
    key: NotRequired[str]
    projectId: NotRequired[str]
    queueUrl: NotRequired[str]
    region: NotRequired[str]
    source: NotRequired[str]
    topic: NotRequired[str]
    topicArn: NotRequired[str]
    type: str
    uri: NotRequired[str]


class DirectDiscount(TypedDict):
    id: str
    participateInBestDealSelection: NotRequired[bool]
    target: NotRequired[CartDiscountTarget]
    value: CartDiscountValue


class DirectDiscountDraft(TypedDict):
    participateInBestDealSelection: NotRequired[bool]
    target: NotRequired[CartDiscountTarget]
    value: CartDiscountValueDraft


class DiscountCode(TypedDict):
    applicationVersion: NotRequired[int]
    cartDiscounts: list[CartDiscountReference]
    cartPredicate: NotRequired[str]
    code: str
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    groups: list[str]
    id: str
    isActive: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    maxApplications: NotRequired[int]
    maxApplicationsPerCustomer: NotRequired[int]
    name: NotRequired[dict[str, str]]
    references: list[Reference]
    stores: list[StoreKeyReference]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    version: int


class DiscountCodeInfo(TypedDict):
    discountCode: DiscountCodeReference
    state: str


class DiscountCodeReference(TypedDict):
    id: str
    typeId: str


class DiscountGroup(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    isActive: bool
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[dict[str, str]]
    sortOrder: str
    version: int


class DiscountGroupReference(TypedDict):
    id: str
    typeId: str


class DiscountOnTotalPrice(TypedDict):
    discountedAmount: TypedMoney
    discountedGrossAmount: NotRequired[TypedMoney]
    discountedNetAmount: NotRequired[TypedMoney]
    includedDiscounts: list[DiscountedTotalPricePortion]


class DiscountTypeCombination(TypedDict):
    chosenDiscountType: NotRequired[str]
    type: str


class DiscountedLineItemPortion(TypedDict):
    discount: Reference
    discountedAmount: TypedMoney


class DiscountedLineItemPrice(TypedDict):
    includedDiscounts: list[DiscountedLineItemPortion]
    value: TypedMoney


class DiscountedLineItemPriceForQuantity(TypedDict):
    discountedPrice: DiscountedLineItemPrice
    quantity: int


class DiscountedPrice(TypedDict):
    discount: ProductDiscountReference
    value: TypedMoney


class DiscountedPriceDraft(TypedDict):
    discount: ProductDiscountReference
    value: Money


class DiscountedTotalPricePortion(TypedDict):
    discount: Reference
    discountedAmount: TypedMoney


class DiscountsConfiguration(TypedDict):
    discountCombinationMode: str


class ErrorByExtension(TypedDict):
    id: str
    key: NotRequired[str]


class ErrorObject(TypedDict):
    allowedValues: NotRequired[list[Any]]
    associate: NotRequired[CustomerResourceIdentifier]
    associateOnBehalf: NotRequired[CustomerResourceIdentifier]
    attribute: NotRequired[Attribute]
    attributes: NotRequired[list[Attribute]]
    businessUnit: NotRequired[BusinessUnitResourceIdentifier]
    channel: NotRequired[dict[str, Any]]
    code: str
    conflictingAttributeName: NotRequired[str]
    conflictingEnumKey: NotRequired[str]
    conflictingPrice: NotRequired[Price | str]
    conflictingProductTypeId: NotRequired[str]
    conflictingProductTypeName: NotRequired[str]
    conflictingResource: NotRequired[Reference]
    conflictingStandalonePrice: NotRequired[StandalonePriceReference]
    conflictingValidFrom: NotRequired[str]
    conflictingValidUntil: NotRequired[str]
    country: NotRequired[str]
    currency: NotRequired[str]
    currentVersion: NotRequired[int]
    customerGroup: NotRequired[dict[str, Any]]
    detailedErrorMessage: NotRequired[str]
    details: NotRequired[Any]
    discountCode: NotRequired[str]
    discountCodeId: NotRequired[str]
    duplicateValue: NotRequired[Any]
    duplicates: NotRequired[list[str]]
    errorByExtension: NotRequired[ErrorByExtension]
    exceededResource: NotRequired[str]
    existingVariantSelection: NotRequired[ProductVariantSelection]
    extensionBody: NotRequired[str]
    extensionErrors: NotRequired[list[ExtensionError]]
    extensionExtraInfo: NotRequired[dict[str, Any]]
    extensionId: NotRequired[str]
    extensionKey: NotRequired[str]
    extensionStatusCode: NotRequired[int]
    field: NotRequired[str]
    id: NotRequired[str]
    invalidAttributeName: NotRequired[str]
    invalidValue: NotRequired[Any]
    itemId: NotRequired[str]
    key: NotRequired[str]
    languages: NotRequired[list[str]]
    limit: NotRequired[int]
    lineItem: NotRequired[str]
    lineItems: NotRequired[list[str]]
    localizedMessage: NotRequired[dict[str, str]]
    maxCartQuantity: NotRequired[int]
    message: str
    minCartQuantity: NotRequired[int]
    missingRole: NotRequired[str]
    permissions: NotRequired[list[str]]
    product: NotRequired[ProductReference]
    productId: NotRequired[str]
    provided: NotRequired[int]
    quantity: NotRequired[int]
    reason: NotRequired[str]
    recurrencePolicy: NotRequired[dict[str, Any]]
    referencedBy: NotRequired[str]
    result: NotRequired[OrderEditPreviewFailure]
    shipping: NotRequired[bool]
    sku: NotRequired[str]
    skus: NotRequired[list[str]]
    state: NotRequired[str]
    storeCountries: NotRequired[list[str]]
    stores: NotRequired[list[StoreKeyReference]]
    storesWithoutPermission: NotRequired[list[str]]
    subject: NotRequired[str]
    taxCategoryId: NotRequired[str]
    typeId: NotRequired[str]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    validityCheckTime: NotRequired[str]
    variantId: NotRequired[int]
    variantValues: NotRequired[VariantValues]


EstimatedDelivery = TypedDict("EstimatedDelivery", {"from": "NotRequired[str]", "until": "NotRequired[str]"})


class EventSubscription(TypedDict):
    resourceTypeId: str
    types: NotRequired[list[str]]


class Extension(TypedDict):
    additionalContext: NotRequired[ExtensionAdditionalContext]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    dependencies: NotRequired[list[ExtensionReference]]
    destination: ExtensionDestination
    expansionPaths: NotRequired[list[str]]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    timeoutInMs: NotRequired[int]
    triggers: list[ExtensionTrigger]
    version: int


class ExtensionAdditionalContext(TypedDict):
    includeOldResource: bool


class ExtensionDestination(TypedDict):
    accessKey: NotRequired[str]
    arn: NotRequired[str]
    authentication: NotRequired[HttpDestinationAuthentication]
    type: str
    url: NotRequired[str]


class ExtensionError(TypedDict):
    code: str
    extensionId: str
    extensionKey: NotRequired[str]
    message: str


class ExtensionReference(TypedDict):
    id: str
    typeId: str


class ExtensionTrigger(TypedDict):
    actions: list[str]
    condition: NotRequired[str]
    resourceTypeId: str


class ExternalLineItemTotalPrice(TypedDict):
    price: Money
    totalPrice: Money


class ExternalOAuth(TypedDict):
    url: str


class ExternalTaxAmountDraft(TypedDict):
    taxRate: ExternalTaxRateDraft
    totalGross: Money


class ExternalTaxRateDraft(TypedDict):
    amount: NotRequired[float]
    country: str
    includedInPrice: NotRequired[bool]
    name: str
    state: NotRequired[str]
    subRates: NotRequired[list[SubRate]]


class FieldDefinition(TypedDict):
    inputHint: NotRequired[str]
    label: dict[str, str]
    name: str
    required: bool
    type: FieldType


class FieldType(TypedDict):
    elementType: NotRequired[FieldType]
    name: str
    referenceTypeId: NotRequired[str]
    values: NotRequired[list[dict[str, Any]]]


class GeoJson(TypedDict):
    coordinates: NotRequired[list[float]]
    type: str


class HistoryChange(TypedDict):
    addedItems: NotRequired[Any]
    address: NotRequired[Any]
    addressId: NotRequired[str]
    asset: NotRequired[Any]
    attributeName: NotRequired[str]
    buyerComment: NotRequired[str]
    catalogData: NotRequired[str]
    category: NotRequired[Any]
    categoryId: NotRequired[str]
    change: str
    channelId: NotRequired[str]
    customLineItem: NotRequired[Any]
    customLineItemId: NotRequired[str]
    customTypeId: NotRequired[str]
    deliveryId: NotRequired[str]
    fieldName: NotRequired[str]
    lineItem: NotRequired[Any]
    lineItemId: NotRequired[str]
    name: NotRequired[str]
    nextValue: NotRequired[Any]
    parcel: NotRequired[Any]
    parentUnit: NotRequired[Any]
    path: NotRequired[str]
    previousValue: NotRequired[Any]
    price: NotRequired[Any]
    priceId: NotRequired[str]
    product: NotRequired[Any]
    productSelection: NotRequired[Any]
    removedItems: NotRequired[Any]
    shippingKey: NotRequired[str]
    staged: NotRequired[bool]
    stateId: NotRequired[str]
    taxMode: NotRequired[Any]
    textLineItem: NotRequired[Any]
    transaction: NotRequired[Any]
    type: str
    valueKey: NotRequired[str]
    variant: NotRequired[str]
    variantExclusion: NotRequired[Any]
    variantSelection: NotRequired[Any]
    zone: NotRequired[Any]


class HistoryLabel(TypedDict):
    amountPlanned: NotRequired[Money]
    container: NotRequired[str]
    customer: NotRequired[Reference]
    customerEmail: NotRequired[str]
    customerNumber: NotRequired[str]
    firstName: NotRequired[str]
    key: NotRequired[str]
    lastName: NotRequired[str]
    name: NotRequired[str | dict[str, str]]
    orderNumber: NotRequired[str]
    quoteRequest: NotRequired[Reference]
    sku: NotRequired[str]
    slug: NotRequired[dict[str, str]]
    stagedQuote: NotRequired[Reference]
    title: NotRequired[str]
    type: str
    value: NotRequired[dict[str, str] | str]


class HistoryModifiedBy(TypedDict):
    anonymousId: NotRequired[str]
    associate: NotRequired[Reference]
    clientId: NotRequired[str]
    customer: NotRequired[Reference]
    id: NotRequired[str]
    isPlatformClient: bool
    type: str


class HistoryRecord(TypedDict):
    businessUnit: NotRequired[KeyReference]
    changes: list[HistoryChange]
    label: HistoryLabel
    modifiedAt: str
    modifiedBy: HistoryModifiedBy
    previousLabel: HistoryLabel
    previousVersion: int
    resource: HistoryResourceIdentifier
    stores: list[KeyReference]
    type: str
    version: int
    withoutChanges: bool


class HistoryResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class HttpDestinationAuthentication(TypedDict):
    type: str


class Image(TypedDict):
    dimensions: ImageDimensions
    label: NotRequired[str]
    url: str


class ImageDimensions(TypedDict):
    h: int
    w: int


class InheritedAssociate(TypedDict):
    associateRoleAssignments: list[InheritedAssociateRoleAssignment]
    customer: CustomerReference


class InheritedAssociateRoleAssignment(TypedDict):
    associateRole: AssociateRoleKeyReference
    source: BusinessUnitKeyReference


class InventoryConfiguration(TypedDict):
    releaseExpiredReservations: bool
    reservationExpirationInMinutes: NotRequired[int]


class InventoryEntry(TypedDict):
    availableQuantity: int
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    expectedDelivery: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    maxCartQuantity: NotRequired[int]
    minCartQuantity: NotRequired[int]
    quantityOnStock: int
    reservationExpirationInMinutes: NotRequired[int]
    restockableInDays: NotRequired[int]
    sku: str
    stockLevels: NotRequired[InventoryEntryStockLevels]
    supplyChannel: NotRequired[ChannelReference]
    version: int


class InventoryEntryStockLevels(TypedDict):
    reorderPoint: NotRequired[int]
    safetyStock: NotRequired[int]


class ItemShippingDetails(TypedDict):
    targets: list[ItemShippingTarget]
    valid: bool


class ItemShippingDetailsDraft(TypedDict):
    targets: list[ItemShippingTarget]


class ItemShippingTarget(TypedDict):
    addressKey: str
    quantity: int
    shippingMethodKey: NotRequired[str]


class ItemState(TypedDict):
    quantity: int
    state: StateReference


class KeyReference(TypedDict):
    key: str
    typeId: str


class LastModifiedBy(TypedDict):
    anonymousId: NotRequired[str]
    associate: NotRequired[CustomerReference]
    attributedTo: NotRequired[Attribution]
    clientId: NotRequired[str]
    customer: NotRequired[CustomerReference]
    externalUserId: NotRequired[str]
    isPlatformClient: NotRequired[bool]
    user: NotRequired[UserReference]


class LineItem(TypedDict):
    addedAt: NotRequired[str]
    custom: NotRequired[CustomFields]
    discountedPricePerQuantity: list[DiscountedLineItemPriceForQuantity]
    distributionChannel: NotRequired[ChannelReference]
    id: str
    inventoryMode: NotRequired[str]
    key: NotRequired[str]
    lastModifiedAt: NotRequired[str]
    lineItemMode: str
    name: dict[str, str]
    perMethodTaxRate: list[MethodTaxRate]
    price: Price
    priceMode: str
    productId: str
    productKey: NotRequired[str]
    productSlug: NotRequired[dict[str, str]]
    productType: ProductTypeReference
    quantity: int
    recurrenceInfo: NotRequired[LineItemRecurrenceInfo]
    reservation: NotRequired[ReservationReference]
    shippingDetails: NotRequired[ItemShippingDetails]
    state: list[ItemState]
    supplyChannel: NotRequired[ChannelReference]
    taxRate: NotRequired[TaxRate]
    taxedPrice: NotRequired[TaxedItemPrice]
    taxedPricePortions: list[MethodTaxedPrice]
    totalPrice: CentPrecisionMoney
    variant: ProductVariant


class LineItemRecurrenceInfo(TypedDict):
    priceSelectionMode: str
    recurrencePolicy: RecurrencePolicyReference


class Location(TypedDict):
    country: str
    state: NotRequired[str]


class McpServer(TypedDict):
    authenticationMode: str
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    mcpServer: McpServerConfig
    name: NotRequired[dict[str, str]]
    state: str
    version: int


class McpServerConfig(TypedDict):
    jsonOutputFiltering: NotRequired[McpServerJsonOutputFiltering]
    majorVersion: NotRequired[str]
    toolCustomizations: NotRequired[list[ToolCustomization]]
    toolOutputFormatting: NotRequired[str]
    tools: NotRequired[list[str]]
    type: str
    url: NotRequired[str]


class McpServerJsonOutputFiltering(TypedDict):
    drop: NotRequired[McpServerJsonOutputFilteringMatcher]
    fieldPathsToKeep: NotRequired[list[str]]
    redact: NotRequired[McpServerJsonOutputFilteringMatcher]
    redactedWith: NotRequired[str]


class McpServerJsonOutputFilteringMatcher(TypedDict):
    fieldNameContains: NotRequired[list[str]]
    fieldNames: NotRequired[list[str]]
    fieldPaths: NotRequired[list[str]]


class Message(TypedDict):
    active: NotRequired[str | bool]
    addedCountries: NotRequired[list[StoreCountry]]
    addedDistributionChannels: NotRequired[list[ChannelReference]]
    addedLanguages: NotRequired[list[str]]
    addedProductSelections: NotRequired[list[ProductSelectionSetting]]
    addedQuantity: NotRequired[int]
    addedSupplyChannels: NotRequired[list[ChannelReference]]
    address: NotRequired[Address]
    addressId: NotRequired[str]
    addressRoles: NotRequired[list[str]]
    approvalFlow: NotRequired[ApprovalFlow]
    approvalRule: NotRequired[ApprovalRule]
    approvalRuleMode: NotRequired[str]
    approvers: NotRequired[ApproverHierarchy]
    assets: NotRequired[list[Asset]]
    associate: NotRequired[dict[str, Any]]
    associateMode: NotRequired[str]
    associateRole: NotRequired[AssociateRole]
    associates: NotRequired[list[Associate]]
    attributes: NotRequired[list[dict[str, Any]]]
    businessUnit: NotRequired[dict[str, Any]]
    buyerAssignable: NotRequired[bool]
    buyerComment: NotRequired[str]
    cartDiscount: NotRequired[CartDiscount]
    cartId: NotRequired[str]
    category: NotRequired[dict[str, Any]]
    checkoutUrlTemplate: NotRequired[str]
    companyName: NotRequired[str]
    contactEmail: NotRequired[str]
    contactUrl: NotRequired[str]
    cookiePolicyUrl: NotRequired[str]
    countries: NotRequired[list[StoreCountry]]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    currentProjection: NotRequired[ProductProjection]
    custom: NotRequired[CustomFields]
    customField: NotRequired[CustomFields]
    customFields: NotRequired[CustomFields]
    customLineItem: NotRequired[CustomLineItem]
    customLineItemId: NotRequired[str]
    customLineItemKey: NotRequired[str]
    customer: NotRequired[dict[str, Any]]
    customerGroup: NotRequired[CustomerGroupReference]
    customerGroupAssignment: NotRequired[CustomerGroupAssignment]
    customerGroupAssignments: NotRequired[list[CustomerGroupAssignment]]
    customerId: NotRequired[str]
    dateOfBirth: NotRequired[str]
    default: NotRequired[bool]
    delivery: NotRequired[Delivery]
    deliveryId: NotRequired[str]
    description: NotRequired[str | dict[str, str]]
    discountCode: NotRequired[dict[str, Any]]
    discountGroup: NotRequired[DiscountGroup]
    discounted: NotRequired[DiscountedPrice]
    discountedPricePerQuantity: NotRequired[list[DiscountedLineItemPriceForQuantity]]
    distributionChannel: NotRequired[ChannelReference]
    distributionChannels: NotRequired[list[ChannelReference]]
    edit: NotRequired[OrderEdit]
    email: NotRequired[str]
    errors: NotRequired[list[RecurringOrderFailureError]]
    estimatedDelivery: NotRequired[EstimatedDelivery]
    expiresAt: NotRequired[str]
    externalId: NotRequired[str]
    failedAt: NotRequired[str]
    failureReason: NotRequired[str]
    faqUrl: NotRequired[str]
    firstName: NotRequired[str]
    force: NotRequired[bool]
    fromState: NotRequired[StateReference]
    id: str
    image: NotRequired[Image]
    images: NotRequired[list[Image]]
    imprintUrl: NotRequired[str]
    includedInStatistics: NotRequired[bool]
    interaction: NotRequired[CustomFields]
    interface: NotRequired[str]
    interfaceAccount: NotRequired[str]
    interfaceCode: NotRequired[str]
    interfaceId: NotRequired[str]
    invalidateOlderTokens: NotRequired[bool]
    inventoryEntry: NotRequired[InventoryEntry]
    isActive: NotRequired[bool]
    items: NotRequired[list[DeliveryItem]]
    key: NotRequired[str]
    languages: NotRequired[list[str]]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lastName: NotRequired[str]
    lineItem: NotRequired[dict[str, Any]]
    lineItemId: NotRequired[str]
    lineItemKey: NotRequired[str]
    measurements: NotRequired[ParcelMeasurements]
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    method: NotRequired[str]
    name: NotRequired[str | dict[str, str]]
    nameAllLocales: NotRequired[list[dict[str, str]]]
    newAvailableQuantity: NotRequired[int]
    newExpiresAt: NotRequired[str]
    newIncludedInStatistics: NotRequired[bool]
    newInterfaceId: NotRequired[str]
    newParentUnit: NotRequired[BusinessUnitKeyReference]
    newPrice: NotRequired[Price]
    newQuantity: NotRequired[int]
    newQuantityOnStock: NotRequired[int]
    newRating: NotRequired[float]
    newReservationExpirationInMinutes: NotRequired[int]
    newShippingDetail: NotRequired[ItemShippingDetails]
    newState: NotRequired[list[ItemState] | StateReference]
    newTaxedPrice: NotRequired[TaxedItemPrice]
    newTotalPrice: NotRequired[CentPrecisionMoney]
    newVariantExclusion: NotRequired[ProductVariantExclusion]
    newVariantSelection: NotRequired[ProductVariantSelection]
    oldActive: NotRequired[bool]
    oldAddress: NotRequired[Address]
    oldApprovalRuleMode: NotRequired[str]
    oldApprovers: NotRequired[ApproverHierarchy]
    oldAssociateMode: NotRequired[str]
    oldAvailableQuantity: NotRequired[int]
    oldCustomer: NotRequired[CustomerReference]
    oldCustomerGroup: NotRequired[CustomerGroupReference]
    oldCustomerGroupAssignments: NotRequired[list[CustomerGroupAssignment]]
    oldDefault: NotRequired[bool]
    oldDescription: NotRequired[str | dict[str, str]]
    oldEmail: NotRequired[str]
    oldExpiresAt: NotRequired[str]
    oldImages: NotRequired[list[Image]]
    oldIncludedInStatistics: NotRequired[bool]
    oldInterface: NotRequired[str]
    oldInterfaceAccount: NotRequired[str]
    oldInterfaceId: NotRequired[str]
    oldIsActive: NotRequired[bool]
    oldItems: NotRequired[list[DeliveryItem]]
    oldKey: NotRequired[str]
    oldMethod: NotRequired[str]
    oldName: NotRequired[str | dict[str, str]]
    oldOrderState: NotRequired[str]
    oldParentUnit: NotRequired[BusinessUnitKeyReference]
    oldPaymentInterface: NotRequired[str]
    oldPaymentState: NotRequired[str]
    oldPredicate: NotRequired[str]
    oldPrice: NotRequired[Price]
    oldPurchaseOrderNumber: NotRequired[str]
    oldQuantity: NotRequired[int]
    oldQuantityOnStock: NotRequired[int]
    oldQuoteRequestState: NotRequired[str]
    oldQuoteState: NotRequired[str]
    oldRating: NotRequired[float]
    oldRecurrencePolicySchedule: NotRequired[RecurrencePolicySchedule]
    oldRequesters: NotRequired[list[RuleRequester]]
    oldReservationExpirationInMinutes: NotRequired[int]
    oldShipmentState: NotRequired[str]
    oldShippingInfo: NotRequired[ShippingInfo]
    oldShippingRateInput: NotRequired[ShippingRateInput]
    oldSku: NotRequired[str]
    oldSlug: NotRequired[dict[str, str]]
    oldSortOrder: NotRequired[str]
    oldStagedPrice: NotRequired[Price]
    oldStagedQuoteState: NotRequired[str]
    oldStartsAt: NotRequired[str]
    oldState: NotRequired[str | StateReference]
    oldStatus: NotRequired[str]
    oldStoreMode: NotRequired[str]
    oldStores: NotRequired[list[StoreKeyReference]]
    oldToken: NotRequired[dict[str, Any]]
    oldTopLevelUnit: NotRequired[BusinessUnitKeyReference]
    oldTypeId: NotRequired[str]
    oldUnitType: NotRequired[str]
    oldValue: NotRequired[Any]
    oldVariantExclusion: NotRequired[ProductVariantExclusion]
    oldVariantSelection: NotRequired[ProductVariantSelection]
    oldbusinessUnit: NotRequired[BusinessUnitKeyReference]
    order: NotRequired[dict[str, Any]]
    orderScheduledAt: NotRequired[str]
    orderState: NotRequired[str]
    orderUrlTemplate: NotRequired[str]
    parcel: NotRequired[Parcel]
    parcelId: NotRequired[str]
    parentUnit: NotRequired[BusinessUnitKeyReference]
    payment: NotRequired[Payment]
    paymentId: NotRequired[str]
    paymentInterface: NotRequired[str]
    paymentMethod: NotRequired[PaymentMethod]
    paymentRef: NotRequired[PaymentReference]
    paymentState: NotRequired[str]
    permission: NotRequired[str]
    permissions: NotRequired[list[str]]
    predicate: NotRequired[str]
    previousCustomer: NotRequired[CustomerReference]
    previousTiers: NotRequired[list[PriceTier]]
    previousTypeId: NotRequired[str]
    previousValidFrom: NotRequired[str]
    previousValidUntil: NotRequired[str]
    previousValue: NotRequired[Any]
    price: NotRequired[Price]
    priceId: NotRequired[str]
    prices: NotRequired[list[Price]]
    privacyPolicyUrl: NotRequired[str]
    product: NotRequired[ProductReference]
    productId: NotRequired[str]
    productKey: NotRequired[str]
    productProjection: NotRequired[ProductProjection]
    productSelection: NotRequired[ProductSelection]
    productSelections: NotRequired[list[ProductSelectionSetting]]
    publish: NotRequired[bool]
    published: NotRequired[bool]
    purchaseOrderNumber: NotRequired[str]
    quantity: NotRequired[int]
    quantityOnStock: NotRequired[int]
    quote: NotRequired[Quote]
    quoteRequest: NotRequired[QuoteRequest]
    quoteRequestState: NotRequired[str]
    quoteState: NotRequired[str]
    recurrencePolicySchedule: NotRequired[RecurrencePolicySchedule]
    recurringOrder: NotRequired[RecurringOrder]
    recurringOrderRef: NotRequired[RecurringOrderReference]
    refundPolicyUrl: NotRequired[str]
    rejectionReason: NotRequired[str]
    removedCountries: NotRequired[list[StoreCountry]]
    removedDistributionChannels: NotRequired[list[ChannelReference]]
    removedImageUrls: NotRequired[list[str]]
    removedLanguages: NotRequired[list[str]]
    removedPaymentInfo: NotRequired[bool]
    removedProductSelections: NotRequired[list[ProductSelectionSetting]]
    removedQuantity: NotRequired[int]
    removedSupplyChannels: NotRequired[list[ChannelReference]]
    removedTier: NotRequired[PriceTier]
    requesters: NotRequired[list[RuleRequester]]
    reset: NotRequired[bool]
    resource: Reference
    resourceUserProvidedIdentifiers: NotRequired[UserProvidedIdentifiers]
    resourceVersion: int
    result: NotRequired[OrderEditApplied]
    returnInfo: NotRequired[ReturnInfo | list[ReturnInfo]]
    returnItemId: NotRequired[str]
    returnShipmentState: NotRequired[str]
    review: NotRequired[Review]
    scope: NotRequired[str]
    sellerComment: NotRequired[str]
    sequenceNumber: int
    shipmentState: NotRequired[str]
    shippingInfo: NotRequired[ShippingInfo]
    shippingKey: NotRequired[str]
    shippingPolicyUrl: NotRequired[str]
    shippingRateInput: NotRequired[ShippingRateInput]
    sku: NotRequired[str]
    slug: NotRequired[dict[str, str]]
    sortOrder: NotRequired[str]
    staged: NotRequired[bool]
    stagedChanges: NotRequired[StagedStandalonePrice]
    stagedQuote: NotRequired[StagedQuote]
    stagedQuoteState: NotRequired[str]
    standalonePrice: NotRequired[StandalonePrice]
    startsAt: NotRequired[str]
    state: NotRequired[str | StateReference]
    status: NotRequired[str]
    store: NotRequired[StoreKeyReference]
    storeMode: NotRequired[str]
    stores: NotRequired[list[StoreKeyReference]]
    supplyChannel: NotRequired[ChannelReference]
    supplyChannels: NotRequired[list[ChannelReference]]
    target: NotRequired[Reference]
    taxedPrice: NotRequired[TaxedItemPrice]
    taxedPricePortions: NotRequired[list[MethodTaxedPrice]]
    termsOfServiceUrl: NotRequired[str]
    tier: NotRequired[PriceTier]
    tiers: NotRequired[list[PriceTier]]
    title: NotRequired[str]
    to: NotRequired[str]
    toState: NotRequired[StateReference]
    token: NotRequired[dict[str, Any]]
    topLevelUnit: NotRequired[BusinessUnitKeyReference]
    totalPrice: NotRequired[CentPrecisionMoney]
    trackingData: NotRequired[TrackingData]
    transaction: NotRequired[Transaction]
    transactionId: NotRequired[str]
    transitionDate: NotRequired[str]
    type: str
    unitType: NotRequired[str]
    updatedPrices: NotRequired[list[ProductPriceDiscountsSetUpdatedPrice]]
    updatedProductSelections: NotRequired[list[ProductSelectionSetting]]
    validFrom: NotRequired[str]
    validTo: NotRequired[str]
    validUntil: NotRequired[str]
    value: NotRequired[Any]
    variant: NotRequired[dict[str, Any]]
    variantExclusion: NotRequired[ProductVariantExclusion]
    variantId: NotRequired[int]
    variantKey: NotRequired[str]
    variantSelection: NotRequired[ProductVariantSelection]
    variants: NotRequired[list[ProductVariantTailoring]]
    version: int


class MessagePayload(TypedDict):
    active: NotRequired[str | bool]
    addedCountries: NotRequired[list[StoreCountry]]
    addedDistributionChannels: NotRequired[list[ChannelReference]]
    addedLanguages: NotRequired[list[str]]
    addedProductSelections: NotRequired[list[ProductSelectionSetting]]
    addedSupplyChannels: NotRequired[list[ChannelReference]]
    address: NotRequired[Address]
    addressId: NotRequired[str]
    addressRoles: NotRequired[list[str]]
    approvalFlow: NotRequired[ApprovalFlow]
    approvalRule: NotRequired[ApprovalRule]
    approvalRuleMode: NotRequired[str]
    approvers: NotRequired[ApproverHierarchy]
    assets: NotRequired[list[Asset]]
    associate: NotRequired[dict[str, Any]]
    associateMode: NotRequired[str]
    associateRole: NotRequired[AssociateRole]
    associates: NotRequired[list[Associate]]
    attributes: NotRequired[list[dict[str, Any]]]
    businessUnit: NotRequired[BusinessUnit]
    buyerAssignable: NotRequired[bool]
    buyerComment: NotRequired[str]
    cartDiscount: NotRequired[CartDiscount]
    cartId: NotRequired[str]
    category: NotRequired[dict[str, Any]]
    checkoutUrlTemplate: NotRequired[str]
    companyName: NotRequired[str]
    contactEmail: NotRequired[str]
    contactUrl: NotRequired[str]
    cookiePolicyUrl: NotRequired[str]
    countries: NotRequired[list[StoreCountry]]
    currentProjection: NotRequired[ProductProjection]
    custom: NotRequired[CustomFields]
    customField: NotRequired[CustomFields]
    customFields: NotRequired[CustomFields]
    customer: NotRequired[dict[str, Any]]
    customerGroup: NotRequired[CustomerGroupReference]
    customerGroupAssignment: NotRequired[CustomerGroupAssignment]
    customerGroupAssignments: NotRequired[list[CustomerGroupAssignment]]
    customerId: NotRequired[str]
    dateOfBirth: NotRequired[str]
    default: NotRequired[bool]
    description: NotRequired[str | dict[str, str]]
    discountCode: NotRequired[DiscountCode]
    discountGroup: NotRequired[DiscountGroup]
    discounted: NotRequired[DiscountedPrice]
    distributionChannels: NotRequired[list[ChannelReference]]
    email: NotRequired[str]
    errors: NotRequired[list[RecurringOrderFailureError]]
    estimatedDelivery: NotRequired[EstimatedDelivery]
    expiresAt: NotRequired[str]
    externalId: NotRequired[str]
    failedAt: NotRequired[str]
    failureReason: NotRequired[str]
    faqUrl: NotRequired[str]
    firstName: NotRequired[str]
    force: NotRequired[bool]
    id: NotRequired[str]
    image: NotRequired[Image]
    images: NotRequired[list[Image]]
    imprintUrl: NotRequired[str]
    includedInStatistics: NotRequired[bool]
    interaction: NotRequired[CustomFields]
    interface: NotRequired[str]
    interfaceAccount: NotRequired[str]
    interfaceCode: NotRequired[str]
    interfaceId: NotRequired[str]
    invalidateOlderTokens: NotRequired[bool]
    inventoryEntry: NotRequired[InventoryEntry]
    isActive: NotRequired[bool]
    key: NotRequired[str]
    languages: NotRequired[list[str]]
    lastName: NotRequired[str]
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    method: NotRequired[str]
    name: NotRequired[str | dict[str, str]]
    nameAllLocales: NotRequired[list[dict[str, str]]]
    newAvailableQuantity: NotRequired[int]
    newExpiresAt: NotRequired[str]
    newIncludedInStatistics: NotRequired[bool]
    newInterfaceId: NotRequired[str]
    newParentUnit: NotRequired[BusinessUnitKeyReference]
    newPrice: NotRequired[Price]
    newQuantityOnStock: NotRequired[int]
    newRating: NotRequired[float]
    newReservationExpirationInMinutes: NotRequired[int]
    newState: NotRequired[StateReference]
    newVariantExclusion: NotRequired[ProductVariantExclusion]
    newVariantSelection: NotRequired[ProductVariantSelection]
    oldActive: NotRequired[bool]
    oldApprovalRuleMode: NotRequired[str]
    oldApprovers: NotRequired[ApproverHierarchy]
    oldAssociateMode: NotRequired[str]
    oldAvailableQuantity: NotRequired[int]
    oldCustomerGroupAssignments: NotRequired[list[CustomerGroupAssignment]]
    oldDefault: NotRequired[bool]
    oldDescription: NotRequired[str | dict[str, str]]
    oldEmail: NotRequired[str]
    oldExpiresAt: NotRequired[str]
    oldImages: NotRequired[list[Image]]
    oldIncludedInStatistics: NotRequired[bool]
    oldInterface: NotRequired[str]
    oldInterfaceAccount: NotRequired[str]
    oldInterfaceId: NotRequired[str]
    oldIsActive: NotRequired[bool]
    oldKey: NotRequired[str]
    oldMethod: NotRequired[str]
    oldName: NotRequired[str | dict[str, str]]
    oldParentUnit: NotRequired[BusinessUnitKeyReference]
    oldPaymentInterface: NotRequired[str]
    oldPredicate: NotRequired[str]
    oldPrice: NotRequired[Price]
    oldPurchaseOrderNumber: NotRequired[str]
    oldQuantityOnStock: NotRequired[int]
    oldQuoteRequestState: NotRequired[str]
    oldQuoteState: NotRequired[str]
    oldRating: NotRequired[float]
    oldRecurrencePolicySchedule: NotRequired[RecurrencePolicySchedule]
    oldRequesters: NotRequired[list[RuleRequester]]
    oldReservationExpirationInMinutes: NotRequired[int]
    oldSku: NotRequired[str]
    oldSlug: NotRequired[dict[str, str]]
    oldSortOrder: NotRequired[str]
    oldStagedPrice: NotRequired[Price]
    oldStagedQuoteState: NotRequired[str]
    oldStartsAt: NotRequired[str]
    oldState: NotRequired[StateReference | str]
    oldStatus: NotRequired[str]
    oldStoreMode: NotRequired[str]
    oldStores: NotRequired[list[StoreKeyReference]]
    oldToken: NotRequired[dict[str, Any]]
    oldTopLevelUnit: NotRequired[BusinessUnitKeyReference]
    oldTypeId: NotRequired[str]
    oldUnitType: NotRequired[str]
    oldValue: NotRequired[Any]
    oldVariantExclusion: NotRequired[ProductVariantExclusion]
    oldVariantSelection: NotRequired[ProductVariantSelection]
    order: NotRequired[OrderReference]
    orderScheduledAt: NotRequired[str]
    orderUrlTemplate: NotRequired[str]
    parentUnit: NotRequired[BusinessUnitKeyReference]
    payment: NotRequired[Payment]
    paymentId: NotRequired[str]
    paymentInterface: NotRequired[str]
    paymentMethod: NotRequired[PaymentMethod]
    paymentRef: NotRequired[PaymentReference]
    permission: NotRequired[str]
    permissions: NotRequired[list[str]]
    predicate: NotRequired[str]
    previousCustomer: NotRequired[CustomerReference]
    previousTiers: NotRequired[list[PriceTier]]
    previousTypeId: NotRequired[str]
    previousValidFrom: NotRequired[str]
    previousValidUntil: NotRequired[str]
    previousValue: NotRequired[Any]
    price: NotRequired[Price]
    priceId: NotRequired[str]
    prices: NotRequired[list[Price]]
    privacyPolicyUrl: NotRequired[str]
    product: NotRequired[ProductReference]
    productId: NotRequired[str]
    productKey: NotRequired[str]
    productProjection: NotRequired[ProductProjection]
    productSelection: NotRequired[ProductSelection]
    productSelections: NotRequired[list[ProductSelectionSetting]]
    publish: NotRequired[bool]
    published: NotRequired[bool]
    purchaseOrderNumber: NotRequired[str]
    quantityOnStock: NotRequired[int]
    quote: NotRequired[Quote]
    quoteRequest: NotRequired[QuoteRequest]
    quoteRequestState: NotRequired[str]
    quoteState: NotRequired[str]
    recurrencePolicySchedule: NotRequired[RecurrencePolicySchedule]
    recurringOrder: NotRequired[RecurringOrder]
    refundPolicyUrl: NotRequired[str]
    rejectionReason: NotRequired[str]
    removedCountries: NotRequired[list[StoreCountry]]
    removedDistributionChannels: NotRequired[list[ChannelReference]]
    removedImageUrls: NotRequired[list[str]]
    removedLanguages: NotRequired[list[str]]
    removedPaymentInfo: NotRequired[bool]
    removedProductSelections: NotRequired[list[ProductSelectionSetting]]
    removedSupplyChannels: NotRequired[list[ChannelReference]]
    removedTier: NotRequired[PriceTier]
    requesters: NotRequired[list[RuleRequester]]
    reset: NotRequired[bool]
    review: NotRequired[Review]
    scope: NotRequired[str]
    sellerComment: NotRequired[str]
    shippingKey: NotRequired[str]
    shippingPolicyUrl: NotRequired[str]
    sku: NotRequired[str]
    slug: NotRequired[dict[str, str]]
    sortOrder: NotRequired[str]
    staged: NotRequired[bool]
    stagedChanges: NotRequired[StagedStandalonePrice]
    stagedQuote: NotRequired[StagedQuote]
    stagedQuoteState: NotRequired[str]
    standalonePrice: NotRequired[StandalonePrice]
    startsAt: NotRequired[str]
    state: NotRequired[StateReference | str]
    status: NotRequired[str]
    store: NotRequired[StoreKeyReference]
    storeMode: NotRequired[str]
    stores: NotRequired[list[StoreKeyReference]]
    supplyChannel: NotRequired[ChannelReference]
    supplyChannels: NotRequired[list[ChannelReference]]
    target: NotRequired[Reference]
    termsOfServiceUrl: NotRequired[str]
    tier: NotRequired[PriceTier]
    tiers: NotRequired[list[PriceTier]]
    title: NotRequired[str]
    to: NotRequired[str]
    token: NotRequired[dict[str, Any]]
    topLevelUnit: NotRequired[BusinessUnitKeyReference]
    transaction: NotRequired[Transaction]
    transactionId: NotRequired[str]
    type: str
    unitType: NotRequired[str]
    updatedPrices: NotRequired[list[ProductPriceDiscountsSetUpdatedPrice]]
    updatedProductSelections: NotRequired[list[ProductSelectionSetting]]
    validFrom: NotRequired[str]
    validTo: NotRequired[str]
    validUntil: NotRequired[str]
    value: NotRequired[Any]
    variant: NotRequired[dict[str, Any]]
    variantExclusion: NotRequired[ProductVariantExclusion]
    variantId: NotRequired[int]
    variantKey: NotRequired[str]
    variantSelection: NotRequired[ProductVariantSelection]
    variants: NotRequired[list[ProductVariantTailoring]]


class MessageSubscription(TypedDict):
    resourceTypeId: str
    types: NotRequired[list[str]]


class MessagesConfiguration(TypedDict):
    deleteDaysAfterCreation: NotRequired[int]
    enabled: bool


class MethodTaxRate(TypedDict):
    shippingMethodKey: str
    taxRate: NotRequired[TaxRate]


class MethodTaxedPrice(TypedDict):
    shippingMethodKey: str
    taxedPrice: NotRequired[TaxedItemPrice]


class Money(TypedDict):
    centAmount: int
    currencyCode: str


class Order(TypedDict):
    anonymousId: NotRequired[str]
    billingAddress: NotRequired[Address]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    cart: NotRequired[CartReference]
    completedAt: NotRequired[str]
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customLineItems: list[CustomLineItem]
    customerEmail: NotRequired[str]
    customerGroup: NotRequired[CustomerGroupReference]
    customerId: NotRequired[str]
    directDiscounts: NotRequired[list[DirectDiscount]]
    directDiscountsIgnoreCartDiscounts: NotRequired[bool]
    discountCodes: NotRequired[list[DiscountCodeInfo]]
    discountOnTotalPrice: NotRequired[DiscountOnTotalPrice]
    discountTypeCombination: NotRequired[DiscountTypeCombination]
    id: str
    inventoryMode: NotRequired[str]
    itemShippingAddresses: NotRequired[list[Address]]
    lastMessageSequenceNumber: NotRequired[int]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[LineItem]
    locale: NotRequired[str]
    orderNumber: NotRequired[str]
    orderState: str
    origin: str
    paymentInfo: NotRequired[PaymentInfo]
    paymentState: NotRequired[str]
    priceRoundingMode: NotRequired[str]
    purchaseOrderNumber: NotRequired[str]
    quote: NotRequired[QuoteReference]
    recurringOrder: NotRequired[RecurringOrderReference]
    refusedGifts: list[CartDiscountReference]
    returnInfo: NotRequired[list[ReturnInfo]]
    shipmentState: NotRequired[str]
    shipping: list[Shipping]
    shippingAddress: NotRequired[Address]
    shippingCustomFields: NotRequired[CustomFields]
    shippingInfo: NotRequired[ShippingInfo]
    shippingKey: NotRequired[str]
    shippingMode: str
    shippingRateInput: NotRequired[ShippingRateInput]
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    syncInfo: list[SyncInfo]
    taxCalculationMode: NotRequired[str]
    taxMode: NotRequired[str]
    taxRoundingMode: NotRequired[str]
    taxedPrice: NotRequired[TaxedPrice]
    taxedShippingPrice: NotRequired[TaxedPrice]
    totalPrice: CentPrecisionMoney
    version: int


class OrderEdit(TypedDict):
    comment: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    resource: OrderReference
    result: OrderEditResult
    stagedActions: list[StagedOrderUpdateAction]
    version: int


class OrderEditApplied(TypedDict):
    appliedAt: str
    excerptAfterEdit: OrderExcerpt
    excerptBeforeEdit: OrderExcerpt
    type: str


class OrderEditPreviewFailure(TypedDict):
    errors: list[ErrorObject]
    type: str


class OrderEditResult(TypedDict):
    appliedAt: NotRequired[str]
    errors: NotRequired[list[ErrorObject]]
    excerptAfterEdit: NotRequired[OrderExcerpt]
    excerptBeforeEdit: NotRequired[OrderExcerpt]
    messagePayloads: NotRequired[list[MessagePayload]]
    preview: NotRequired[StagedOrder]
    type: str


class OrderExcerpt(TypedDict):
    taxedPrice: NotRequired[TaxedPrice]
    totalPrice: TypedMoney
    version: int


class OrderReference(TypedDict):
    id: str
    typeId: str


class ParameterOverride(TypedDict):
    allowedTypes: NotRequired[list[Any]]
    const: NotRequired[Any]
    default: NotRequired[Any]
    description: NotRequired[str]
    name: str


class Parcel(TypedDict):
    createdAt: str
    custom: NotRequired[CustomFields]
    id: str
    items: NotRequired[list[DeliveryItem]]
    key: NotRequired[str]
    measurements: NotRequired[ParcelMeasurements]
    trackingData: NotRequired[TrackingData]


class ParcelDraft(TypedDict):
    custom: NotRequired[CustomFieldsDraft]
    items: NotRequired[list[DeliveryItem]]
    key: NotRequired[str]
    measurements: NotRequired[ParcelMeasurements]
    trackingData: NotRequired[TrackingData]


class ParcelMeasurements(TypedDict):
    heightInMillimeter: NotRequired[int]
    lengthInMillimeter: NotRequired[int]
    weightInGram: NotRequired[int]
    widthInMillimeter: NotRequired[int]


class PatternComponent(TypedDict):
    excludeCount: NotRequired[int]
    maxCount: NotRequired[int]
    minCount: NotRequired[int]
    predicate: NotRequired[str]
    type: str


class Payment(TypedDict):
    amountAuthorized: NotRequired[TypedMoney]
    amountPaid: NotRequired[TypedMoney]
    amountPlanned: CentPrecisionMoney
    amountRefunded: NotRequired[TypedMoney]
    anonymousId: NotRequired[str]
    authorizedUntil: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    externalId: NotRequired[str]
    id: str
    interfaceId: NotRequired[str]
    interfaceInteractions: list[CustomFields]
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    paymentMethodInfo: PaymentMethodInfo
    paymentStatus: PaymentStatus
    transactions: list[Transaction]
    version: int


class PaymentInfo(TypedDict):
    payments: list[PaymentReference]


class PaymentMethod(TypedDict):
    businessUnit: NotRequired[BusinessUnitKeyReference]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    default: bool
    id: str
    interfaceAccount: NotRequired[str]
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    method: NotRequired[str]
    name: NotRequired[dict[str, str]]
    paymentInterface: NotRequired[str]
    paymentMethodStatus: str
    token: NotRequired[dict[str, Any]]
    version: int


class PaymentMethodInfo(TypedDict):
    custom: NotRequired[CustomFields]
    interfaceAccount: NotRequired[str]
    method: NotRequired[str]
    name: NotRequired[dict[str, str]]
    paymentInterface: NotRequired[str]
    token: NotRequired[dict[str, Any]]


class PaymentReference(TypedDict):
    id: str
    typeId: str


class PaymentResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class PaymentStatus(TypedDict):
    interfaceCode: NotRequired[str]
    interfaceText: NotRequired[str]
    state: NotRequired[StateReference]


class Price(TypedDict):
    channel: NotRequired[ChannelReference]
    country: NotRequired[str]
    custom: NotRequired[CustomFields]
    customerGroup: NotRequired[CustomerGroupReference]
    discounted: NotRequired[DiscountedPrice]
    id: str
    key: NotRequired[str]
    recurrencePolicy: NotRequired[RecurrencePolicyReference]
    tiers: NotRequired[list[PriceTier]]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: TypedMoney


class PriceDraft(TypedDict):
    channel: NotRequired[ChannelResourceIdentifier]
    country: NotRequired[str]
    custom: NotRequired[CustomFieldsDraft]
    customerGroup: NotRequired[CustomerGroupResourceIdentifier]
    discounted: NotRequired[DiscountedPriceDraft]
    key: NotRequired[str]
    recurrencePolicy: NotRequired[RecurrencePolicyResourceIdentifier]
    tiers: NotRequired[list[PriceTierDraft]]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: Money


class PriceFunction(TypedDict):
    currencyCode: str
    function: str


class PriceTier(TypedDict):
    minimumQuantity: int
    value: TypedMoney


class PriceTierDraft(TypedDict):
    minimumQuantity: int
    value: Money


class Product(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    masterData: ProductCatalogData
    priceMode: NotRequired[str]
    productType: ProductTypeReference
    reviewRatingStatistics: NotRequired[ReviewRatingStatistics]
    state: NotRequired[StateReference]
    taxCategory: NotRequired[TaxCategoryReference]
    version: int
    warnings: NotRequired[list[WarningObject]]


class ProductCatalogData(TypedDict):
    current: ProductData
    hasStagedChanges: bool
    published: bool
    staged: ProductData


class ProductData(TypedDict):
    attributes: list[Attribute]
    categories: list[CategoryReference]
    categoryOrderHints: NotRequired[dict[str, str]]
    defaultVariant: NotRequired[VariantReference]
    description: NotRequired[dict[str, str]]
    masterVariant: ProductVariant
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    name: dict[str, str]
    searchKeywords: dict[str, list[SearchKeyword]]
    slug: dict[str, str]
    variants: list[ProductVariant]


class ProductDiscount(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    isActive: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: dict[str, str]
    predicate: str
    references: list[Reference]
    sortOrder: str
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: ProductDiscountValue
    version: int


class ProductDiscountReference(TypedDict):
    id: str
    typeId: str


class ProductDiscountValue(TypedDict):
    money: NotRequired[list[CentPrecisionMoney]]
    permyriad: NotRequired[int]
    type: str


class ProductPriceDiscountsSetUpdatedPrice(TypedDict):
    discounted: NotRequired[DiscountedPrice]
    priceId: str
    sku: NotRequired[str]
    staged: bool
    variantId: int
    variantKey: NotRequired[str]


class ProductProjection(TypedDict):
    attributes: list[Attribute]
    categories: list[CategoryReference]
    categoryOrderHints: NotRequired[dict[str, str]]
    createdAt: str
    description: NotRequired[dict[str, str]]
    hasStagedChanges: NotRequired[bool]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    masterVariant: ProductVariant
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    name: dict[str, str]
    priceMode: NotRequired[str]
    productType: ProductTypeReference
    published: NotRequired[bool]
    reviewRatingStatistics: NotRequired[ReviewRatingStatistics]
    searchKeywords: NotRequired[dict[str, list[SearchKeyword]]]
    slug: dict[str, str]
    state: NotRequired[StateReference]
    taxCategory: NotRequired[TaxCategoryReference]
    variants: list[ProductVariant]
    version: int


class ProductReference(TypedDict):
    id: str
    typeId: str


class ProductResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class ProductSelection(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    mode: str
    name: dict[str, str]
    productCount: int
    type: NotRequired[str]
    version: int


class ProductSelectionAssignment(TypedDict):
    product: ProductReference
    productSelection: ProductSelectionReference
    variantExclusion: NotRequired[ProductVariantExclusion]
    variantSelection: NotRequired[ProductVariantSelection]


class ProductSelectionReference(TypedDict):
    id: str
    typeId: str


class ProductSelectionSetting(TypedDict):
    active: bool
    productSelection: ProductSelectionReference


class ProductTailoring(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    current: ProductTailoringData
    hasStagedChanges: bool
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    product: ProductReference
    published: bool
    staged: ProductTailoringData
    store: StoreKeyReference
    version: int
    warnings: NotRequired[list[WarningObject]]


class ProductTailoringAttribute(TypedDict):
    name: str
    value: Any


class ProductTailoringData(TypedDict):
    attributes: NotRequired[list[ProductTailoringAttribute]]
    description: NotRequired[dict[str, str]]
    metaDescription: NotRequired[dict[str, str]]
    metaKeywords: NotRequired[dict[str, str]]
    metaTitle: NotRequired[dict[str, str]]
    name: NotRequired[dict[str, str]]
    slug: NotRequired[dict[str, str]]
    variants: NotRequired[list[ProductVariantTailoring]]


class ProductType(TypedDict):
    attributes: NotRequired[list[AttributeDefinition]]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: str
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: str
    version: int


class ProductTypeReference(TypedDict):
    id: str
    typeId: str


class ProductVariant(TypedDict):
    assets: NotRequired[list[Asset]]
    attributes: NotRequired[list[Attribute]]
    availability: NotRequired[ProductVariantAvailability]
    id: int
    images: NotRequired[list[Image]]
    isMatchingVariant: NotRequired[bool]
    key: NotRequired[str]
    price: NotRequired[Price]
    prices: NotRequired[list[Price]]
    recurrencePrices: NotRequired[list[Price]]
    scopedPrice: NotRequired[ScopedPrice]
    scopedPriceDiscounted: NotRequired[bool]
    sku: NotRequired[str]


class ProductVariantAvailability(TypedDict):
    availableQuantity: NotRequired[int]
    channels: NotRequired[dict[str, ProductVariantChannelAvailability]]
    id: NotRequired[str]
    isOnStock: NotRequired[bool]
    restockableInDays: NotRequired[int]
    version: NotRequired[int]


class ProductVariantChannelAvailability(TypedDict):
    availableQuantity: NotRequired[int]
    id: str
    isOnStock: NotRequired[bool]
    restockableInDays: NotRequired[int]
    version: int


class ProductVariantExclusion(TypedDict):
    skus: list[str]


class ProductVariantSelection(TypedDict):
    skus: NotRequired[list[str]]
    type: str


class ProductVariantTailoring(TypedDict):
    assets: NotRequired[list[Asset]]
    attributes: NotRequired[list[ProductTailoringAttribute]]
    id: int
    images: NotRequired[list[Image]]


class Project(TypedDict):
    businessUnits: NotRequired[BusinessUnitConfiguration]
    carts: CartsConfiguration
    countries: list[str]
    createdAt: str
    currencies: list[str]
    discounts: DiscountsConfiguration
    externalOAuth: NotRequired[ExternalOAuth]
    inventory: InventoryConfiguration
    key: str
    languages: list[str]
    messages: MessagesConfiguration
    name: str
    productCatalogModel: NotRequired[str]
    searchIndexing: NotRequired[SearchIndexingConfiguration]
    shippingRateInputType: NotRequired[ShippingRateInputType]
    shoppingLists: NotRequired[ShoppingListsConfiguration]
    trialUntil: NotRequired[str]
    version: int


class Quote(TypedDict):
    billingAddress: NotRequired[Address]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    buyerComment: NotRequired[str]
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customLineItems: list[CustomLineItem]
    customer: NotRequired[CustomerReference]
    customerGroup: NotRequired[CustomerGroupReference]
    directDiscounts: NotRequired[list[DirectDiscount]]
    directDiscountsIgnoreCartDiscounts: NotRequired[bool]
    id: str
    inventoryMode: NotRequired[str]
    itemShippingAddresses: NotRequired[list[Address]]
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[LineItem]
    paymentInfo: NotRequired[PaymentInfo]
    priceRoundingMode: str
    purchaseOrderNumber: NotRequired[str]
    quoteRequest: QuoteRequestReference
    quoteState: str
    sellerComment: NotRequired[str]
    shippingAddress: NotRequired[Address]
    shippingInfo: NotRequired[ShippingInfo]
    shippingRateInput: NotRequired[ShippingRateInput]
    stagedQuote: StagedQuoteReference
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    taxCalculationMode: str
    taxMode: str
    taxRoundingMode: str
    taxedPrice: NotRequired[TaxedPrice]
    totalPrice: TypedMoney
    validTo: NotRequired[str]
    version: int


class QuoteReference(TypedDict):
    id: str
    typeId: str


class QuoteRequest(TypedDict):
    billingAddress: NotRequired[Address]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    cart: NotRequired[CartReference]
    comment: NotRequired[str]
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customLineItems: list[CustomLineItem]
    customer: CustomerReference
    customerGroup: NotRequired[CustomerGroupReference]
    directDiscounts: NotRequired[list[DirectDiscount]]
    directDiscountsIgnoreCartDiscounts: NotRequired[bool]
    id: str
    inventoryMode: NotRequired[str]
    itemShippingAddresses: NotRequired[list[Address]]
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[LineItem]
    paymentInfo: NotRequired[PaymentInfo]
    priceRoundingMode: str
    purchaseOrderNumber: NotRequired[str]
    quoteRequestState: str
    shippingAddress: NotRequired[Address]
    shippingInfo: NotRequired[ShippingInfo]
    shippingRateInput: NotRequired[ShippingRateInput]
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    taxCalculationMode: str
    taxMode: str
    taxRoundingMode: str
    taxedPrice: NotRequired[TaxedPrice]
    totalPrice: TypedMoney
    version: int


class QuoteRequestReference(TypedDict):
    id: str
    typeId: str


class RecurrencePolicy(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[dict[str, str]]
    schedule: RecurrencePolicySchedule
    version: int


class RecurrencePolicyReference(TypedDict):
    id: str
    typeId: str


class RecurrencePolicyResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class RecurrencePolicySchedule(TypedDict):
    day: NotRequired[int]
    intervalUnit: NotRequired[str]
    type: str
    value: NotRequired[int]


class RecurringOrder(TypedDict):
    businessUnit: NotRequired[BusinessUnitKeyReference]
    cart: CartReference
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    customerEmail: NotRequired[str]
    expiresAt: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lastOrderAt: NotRequired[str]
    nextOrderAt: NotRequired[str]
    originOrder: OrderReference
    recurringOrderState: str
    resumesAt: NotRequired[str]
    schedule: RecurrencePolicySchedule
    skipConfiguration: NotRequired[SkipConfiguration]
    startsAt: str
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    version: int


class RecurringOrderFailureError(TypedDict):
    code: str
    details: Any
    message: str


class RecurringOrderReference(TypedDict):
    id: str
    typeId: str


class RecurringOrderScope(TypedDict):
    recurrencePolicies: NotRequired[list[RecurrencePolicyReference]]
    type: str


class Reference(TypedDict):
    id: str
    typeId: str


class ReservationReference(TypedDict):
    id: str
    typeId: str


class ReturnInfo(TypedDict):
    items: list[ReturnItem]
    returnDate: NotRequired[str]
    returnTrackingId: NotRequired[str]


class ReturnItem(TypedDict):
    comment: NotRequired[str]
    createdAt: str
    custom: NotRequired[CustomFields]
    customLineItemId: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lineItemId: NotRequired[str]
    paymentState: str
    quantity: int
    shipmentState: str
    type: str


class Review(TypedDict):
    authorName: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    id: str
    includedInStatistics: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    locale: NotRequired[str]
    rating: NotRequired[int]
    state: NotRequired[StateReference]
    target: NotRequired[Any]
    text: NotRequired[str]
    title: NotRequired[str]
    uniquenessValue: NotRequired[str]
    version: int


class ReviewRatingStatistics(TypedDict):
    averageRating: float
    count: int
    highestRating: float
    lowestRating: float
    ratingsDistribution: dict[str, Any]


class RuleApprover(TypedDict):
    associateRole: AssociateRoleKeyReference


class RuleRequester(TypedDict):
    associateRole: AssociateRoleKeyReference


class ScopedPrice(TypedDict):
    channel: NotRequired[ChannelReference]
    country: NotRequired[str]
    currentValue: TypedMoney
    custom: NotRequired[CustomFields]
    customerGroup: NotRequired[CustomerGroupReference]
    discounted: NotRequired[DiscountedPrice]
    id: str
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: TypedMoney


class SearchIndexingConfiguration(TypedDict):
    businessUnits: NotRequired[SearchIndexingConfigurationValues]
    customers: NotRequired[SearchIndexingConfigurationValues]
    orders: NotRequired[SearchIndexingConfigurationValues]
    products: NotRequired[SearchIndexingConfigurationValues]
    productsSearch: NotRequired[SearchIndexingConfigurationValues]


class SearchIndexingConfigurationValues(TypedDict):
    lastModifiedAt: NotRequired[str]
    lastModifiedBy: NotRequired[LastModifiedBy]
    status: NotRequired[str]


class SearchKeyword(TypedDict):
    suggestTokenizer: NotRequired[SuggestTokenizer]
    text: str


class Shipping(TypedDict):
    shippingAddress: Address
    shippingCustomFields: NotRequired[CustomFields]
    shippingInfo: ShippingInfo
    shippingKey: str
    shippingRateInput: NotRequired[ShippingRateInput]


class ShippingInfo(TypedDict):
    deliveries: NotRequired[list[Delivery]]
    discountedPrice: NotRequired[DiscountedLineItemPrice]
    estimatedDelivery: NotRequired[EstimatedDelivery]
    price: CentPrecisionMoney
    shippingMethod: NotRequired[ShippingMethodReference]
    shippingMethodName: str
    shippingMethodState: str
    shippingRate: ShippingRate
    taxCategory: NotRequired[TaxCategoryReference]
    taxRate: NotRequired[TaxRate]
    taxedPrice: NotRequired[TaxedItemPrice]


class ShippingMethod(TypedDict):
    active: bool
    carrier: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    description: NotRequired[str]
    id: str
    isDefault: bool
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    localizedDescription: NotRequired[dict[str, str]]
    localizedName: NotRequired[dict[str, str]]
    name: str
    predicate: NotRequired[str]
    stores: list[StoreKeyReference]
    taxCategory: TaxCategoryReference
    version: int
    zoneRates: list[ZoneRate]


class ShippingMethodReference(TypedDict):
    id: str
    typeId: str


class ShippingMethodResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class ShippingRate(TypedDict):
    freeAbove: NotRequired[CentPrecisionMoney]
    isMatching: NotRequired[bool]
    price: CentPrecisionMoney
    tiers: list[ShippingRatePriceTier]


class ShippingRateDraft(TypedDict):
    freeAbove: NotRequired[Money]
    price: Money
    tiers: NotRequired[list[ShippingRatePriceTier]]


class ShippingRateInput(TypedDict):
    key: NotRequired[str]
    label: NotRequired[dict[str, str]]
    score: NotRequired[int]
    type: str


class ShippingRateInputDraft(TypedDict):
    key: NotRequired[str]
    score: NotRequired[int]
    type: str


class ShippingRateInputType(TypedDict):
    type: str
    values: NotRequired[list[CustomFieldLocalizedEnumValue]]


class ShippingRatePriceTier(TypedDict):
    isMatching: NotRequired[bool]
    minimumCentAmount: NotRequired[int]
    price: NotRequired[Money]
    priceFunction: NotRequired[PriceFunction]
    score: NotRequired[int]
    type: str
    value: NotRequired[str]


class ShoppingList(TypedDict):
    anonymousId: NotRequired[str]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    deleteDaysAfterLastModification: NotRequired[int]
    description: NotRequired[dict[str, str]]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[ShoppingListLineItem]
    name: dict[str, str]
    slug: NotRequired[dict[str, str]]
    store: NotRequired[StoreKeyReference]
    textLineItems: list[TextLineItem]
    version: int


class ShoppingListLineItem(TypedDict):
    addedAt: str
    custom: NotRequired[CustomFields]
    deactivatedAt: NotRequired[str]
    id: str
    key: NotRequired[str]
    name: dict[str, str]
    productId: str
    productSlug: NotRequired[dict[str, str]]
    productType: ProductTypeReference
    published: bool
    quantity: int
    variant: NotRequired[ProductVariant]
    variantId: NotRequired[int]


class ShoppingListResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class ShoppingListsConfiguration(TypedDict):
    deleteDaysAfterLastModification: int


class SkipConfiguration(TypedDict):
    lastSkippedAt: NotRequired[str]
    skipped: NotRequired[int]
    totalToSkip: NotRequired[int]
    type: str


class StagedOrder(TypedDict):
    anonymousId: NotRequired[str]
    billingAddress: NotRequired[Address]
    businessUnit: NotRequired[BusinessUnitKeyReference]
    cart: NotRequired[CartReference]
    completedAt: NotRequired[str]
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customLineItems: list[CustomLineItem]
    customerEmail: NotRequired[str]
    customerGroup: NotRequired[CustomerGroupReference]
    customerId: NotRequired[str]
    directDiscounts: NotRequired[list[DirectDiscount]]
    discountCodes: NotRequired[list[DiscountCodeInfo]]
    discountOnTotalPrice: NotRequired[DiscountOnTotalPrice]
    discountTypeCombination: NotRequired[DiscountTypeCombination]
    id: str
    inventoryMode: NotRequired[str]
    itemShippingAddresses: NotRequired[list[Address]]
    lastMessageSequenceNumber: NotRequired[int]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    lineItems: list[LineItem]
    locale: NotRequired[str]
    orderNumber: NotRequired[str]
    orderState: str
    origin: str
    paymentInfo: NotRequired[PaymentInfo]
    paymentState: NotRequired[str]
    priceRoundingMode: NotRequired[str]
    purchaseOrderNumber: NotRequired[str]
    quote: NotRequired[QuoteReference]
    recurringOrder: NotRequired[RecurringOrderReference]
    refusedGifts: list[CartDiscountReference]
    returnInfo: NotRequired[list[ReturnInfo]]
    shipmentState: NotRequired[str]
    shipping: list[Shipping]
    shippingAddress: NotRequired[Address]
    shippingCustomFields: NotRequired[CustomFields]
    shippingInfo: NotRequired[ShippingInfo]
    shippingKey: NotRequired[str]
    shippingMode: str
    shippingRateInput: NotRequired[ShippingRateInput]
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    syncInfo: list[SyncInfo]
    taxCalculationMode: NotRequired[str]
    taxMode: NotRequired[str]
    taxRoundingMode: NotRequired[str]
    taxedPrice: NotRequired[TaxedPrice]
    taxedShippingPrice: NotRequired[TaxedPrice]
    totalPrice: CentPrecisionMoney
    version: int


class StagedOrderUpdateAction(TypedDict):
    action: str
    actualTransitionDate: NotRequired[str]
    addedAt: NotRequired[str]
    address: NotRequired[BaseAddress]
    addressKey: NotRequired[str]
    businessUnit: NotRequired[BusinessUnitResourceIdentifier]
    channel: NotRequired[ChannelResourceIdentifier]
    code: NotRequired[str]
    country: NotRequired[str]
    custom: NotRequired[CustomFieldsDraft]
    customLineItemId: NotRequired[str]
    customLineItemKey: NotRequired[str]
    customerGroup: NotRequired[CustomerGroupResourceIdentifier]
    customerId: NotRequired[str]
    deliveryId: NotRequired[str]
    deliveryKey: NotRequired[str]
    discountCode: NotRequired[DiscountCodeReference]
    discounts: NotRequired[list[DirectDiscountDraft]]
    distributionChannel: NotRequired[ChannelResourceIdentifier]
    email: NotRequired[str]
    externalId: NotRequired[str]
    externalPrice: NotRequired[Money]
    externalTaxAmount: NotRequired[ExternalTaxAmountDraft]
    externalTaxPortions: NotRequired[list[TaxPortionDraft]]
    externalTaxRate: NotRequired[ExternalTaxRateDraft]
    externalTotalGross: NotRequired[Money]
    externalTotalPrice: NotRequired[ExternalLineItemTotalPrice]
    fields: NotRequired[dict[str, Any]]
    force: NotRequired[bool]
    fromState: NotRequired[StateResourceIdentifier]
    inventoryMode: NotRequired[str]
    items: NotRequired[list[dict[str, Any]]]
    key: NotRequired[str]
    lineItemId: NotRequired[str]
    lineItemKey: NotRequired[str]
    locale: NotRequired[str]
    measurements: NotRequired[ParcelMeasurements]
    money: NotRequired[Money]
    name: NotRequired[dict[str, str] | str]
    orderNumber: NotRequired[str]
    orderState: NotRequired[str]
    parcelId: NotRequired[str]
    parcelKey: NotRequired[str]
    parcels: NotRequired[list[ParcelDraft]]
    payment: NotRequired[PaymentResourceIdentifier]
    paymentState: NotRequired[str]
    priceMode: NotRequired[str]
    priceRoundingMode: NotRequired[str]
    productId: NotRequired[str]
    purchaseOrderNumber: NotRequired[str]
    quantity: NotRequired[int]
    recurrenceInfo: NotRequired[dict[str, Any]]
    returnDate: NotRequired[str]
    returnItemId: NotRequired[str]
    returnItemKey: NotRequired[str]
    returnTrackingId: NotRequired[str]
    shipmentState: NotRequired[str]
    shippingDetails: NotRequired[ItemShippingDetailsDraft]
    shippingDetailsToRemove: NotRequired[ItemShippingDetailsDraft]
    shippingKey: NotRequired[str]
    shippingMethod: NotRequired[ShippingMethodResourceIdentifier]
    shippingMethodName: NotRequired[str]
    shippingRate: NotRequired[ShippingRateDraft]
    shippingRateInput: NotRequired[ShippingRateInputDraft]
    shoppingList: NotRequired[ShoppingListResourceIdentifier]
    sku: NotRequired[str]
    slug: NotRequired[str]
    state: NotRequired[list[ItemState] | StateResourceIdentifier]
    store: NotRequired[StoreResourceIdentifier]
    supplyChannel: NotRequired[ChannelResourceIdentifier]
    syncedAt: NotRequired[str]
    taxCalculationMode: NotRequired[str]
    taxCategory: NotRequired[TaxCategoryResourceIdentifier]
    taxMode: NotRequired[str]
    taxRoundingMode: NotRequired[str]
    toState: NotRequired[StateResourceIdentifier]
    trackingData: NotRequired[TrackingData]
    type: NotRequired[TypeResourceIdentifier]
    value: NotRequired[Any]
    variantId: NotRequired[int]


class StagedQuote(TypedDict):
    businessUnit: NotRequired[BusinessUnitKeyReference]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customer: NotRequired[CustomerReference]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    purchaseOrderNumber: NotRequired[str]
    quotationCart: CartReference
    quoteRequest: QuoteRequestReference
    sellerComment: NotRequired[str]
    stagedQuoteState: str
    state: NotRequired[StateReference]
    store: NotRequired[StoreKeyReference]
    validTo: NotRequired[str]
    version: int


class StagedQuoteReference(TypedDict):
    id: str
    typeId: str


class StagedStandalonePrice(TypedDict):
    discounted: NotRequired[DiscountedPrice]
    value: TypedMoney


class StandalonePrice(TypedDict):
    active: bool
    channel: NotRequired[ChannelReference]
    country: NotRequired[str]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    customerGroup: NotRequired[CustomerGroupReference]
    discounted: NotRequired[DiscountedPrice]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    recurrencePolicy: NotRequired[RecurrencePolicyReference]
    sku: str
    staged: NotRequired[StagedStandalonePrice]
    tiers: NotRequired[list[PriceTier]]
    validFrom: NotRequired[str]
    validUntil: NotRequired[str]
    value: TypedMoney
    version: int


class StandalonePriceReference(TypedDict):
    id: str
    typeId: str


class State(TypedDict):
    builtIn: bool
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    id: str
    initial: bool
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[dict[str, str]]
    roles: NotRequired[list[str]]
    transitions: NotRequired[list[StateReference]]
    type: str
    version: int


class StateReference(TypedDict):
    id: str
    typeId: str


class StateResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class Store(TypedDict):
    countries: list[StoreCountry]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    custom: NotRequired[CustomFields]
    distributionChannels: list[ChannelReference]
    id: str
    key: str
    languages: list[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: NotRequired[dict[str, str]]
    productSelections: list[ProductSelectionSetting]
    storefront: NotRequired[Storefront]
    supplyChannels: list[ChannelReference]
    version: int


class StoreCountry(TypedDict):
    code: str


class StoreKeyReference(TypedDict):
    key: str
    typeId: str


class StoreResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class Storefront(TypedDict):
    checkoutUrlTemplate: NotRequired[str]
    contactUrl: NotRequired[str]
    cookiePolicyUrl: NotRequired[str]
    faqUrl: NotRequired[str]
    imprintUrl: NotRequired[str]
    orderUrlTemplate: NotRequired[str]
    privacyPolicyUrl: NotRequired[str]
    refundPolicyUrl: NotRequired[str]
    shippingPolicyUrl: NotRequired[str]
    termsOfServiceUrl: NotRequired[str]


class SubRate(TypedDict):
    amount: float
    name: str


class Subscription(TypedDict):
    changes: list[ChangeSubscription]
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    destination: Destination
    events: list[EventSubscription]
    format: DeliveryFormat
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    messages: list[MessageSubscription]
    status: str
    version: int


class SuggestTokenizer(TypedDict):
    inputs: NotRequired[list[str]]
    type: str


class SyncInfo(TypedDict):
    channel: ChannelReference
    externalId: NotRequired[str]
    syncedAt: str


class TaxCategory(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: str
    rates: list[TaxRate]
    version: int


class TaxCategoryReference(TypedDict):
    id: str
    typeId: str


class TaxCategoryResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class TaxPortion(TypedDict):
    amount: CentPrecisionMoney
    name: NotRequired[str]
    rate: float


class TaxPortionDraft(TypedDict):
    amount: Money
    name: NotRequired[str]
    rate: float


class TaxRate(TypedDict):
    amount: float
    country: str
    id: NotRequired[str]
    includedInPrice: bool
    key: NotRequired[str]
    name: str
    state: NotRequired[str]
    subRates: NotRequired[list[SubRate]]


class TaxedItemPrice(TypedDict):
    taxPortions: list[TaxPortion]
    totalGross: CentPrecisionMoney
    totalNet: CentPrecisionMoney
    totalTax: NotRequired[CentPrecisionMoney]


class TaxedPrice(TypedDict):
    taxPortions: list[TaxPortion]
    totalGross: CentPrecisionMoney
    totalNet: CentPrecisionMoney
    totalTax: NotRequired[CentPrecisionMoney]


class TextLineItem(TypedDict):
    addedAt: str
    custom: NotRequired[CustomFields]
    description: NotRequired[dict[str, str]]
    id: str
    key: NotRequired[str]
    name: dict[str, str]
    quantity: int


class ToolCustomization(TypedDict):
    description: NotRequired[str]
    parameters: NotRequired[list[ParameterOverride]]
    tool: str


class TrackingData(TypedDict):
    carrier: NotRequired[str]
    isReturn: NotRequired[bool]
    provider: NotRequired[str]
    providerTransaction: NotRequired[str]
    trackingId: NotRequired[str]


class Transaction(TypedDict):
    amount: CentPrecisionMoney
    custom: NotRequired[CustomFields]
    id: str
    interactionId: NotRequired[str]
    interfaceId: NotRequired[str]
    state: str
    timestamp: NotRequired[str]
    type: str


class Type(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[dict[str, str]]
    fieldDefinitions: list[FieldDefinition]
    id: str
    key: str
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    name: dict[str, str]
    resourceTypeIds: list[str]
    version: int


class TypeReference(TypedDict):
    id: str
    typeId: str


class TypeResourceIdentifier(TypedDict):
    id: NotRequired[str]
    key: NotRequired[str]
    typeId: str


class TypedMoney(TypedDict):
    centAmount: int
    currencyCode: str
    fractionDigits: int
    preciseAmount: NotRequired[int]
    type: str


class UserProvidedIdentifiers(TypedDict):
    containerAndKey: NotRequired[ContainerAndKey]
    customerNumber: NotRequired[str]
    externalId: NotRequired[str]
    key: NotRequired[str]
    orderNumber: NotRequired[str]
    sku: NotRequired[str]
    slug: NotRequired[dict[str, str]]


class UserReference(TypedDict):
    id: str
    typeId: str


class Variant(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    current: VariantData
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    product: ProductReference
    published: bool
    staged: NotRequired[VariantData]
    variantId: int
    version: int
    warnings: NotRequired[list[WarningObject]]


class VariantData(TypedDict):
    assets: NotRequired[list[Asset]]
    attributes: NotRequired[list[Attribute]]
    images: NotRequired[list[Image]]
    sku: NotRequired[str]


class VariantProjection(TypedDict):
    assets: list[Asset]
    attributes: list[Attribute]
    categories: list[CategoryReference]
    categoryOrderHints: NotRequired[dict[str, str]]
    createdAt: str
    default: bool
    description: NotRequired[dict[str, str]]
    id: str
    images: list[Image]
    key: NotRequired[str]
    name: dict[str, str]
    price: NotRequired[Price]
    product: ProductReference
    sku: NotRequired[str]
    slug: dict[str, str]
    staged: bool
    variantId: int
    version: int


class VariantReference(TypedDict):
    id: str
    typeId: str


class VariantValues(TypedDict):
    attributes: list[Attribute]
    prices: list[PriceDraft]
    sku: NotRequired[str]


class WarningObject(TypedDict):
    code: str
    lineItemId: NotRequired[str]
    message: str
    productId: NotRequired[str]
    quantity: NotRequired[float]
    requestedQuantity: NotRequired[float]
    reservedQuantity: NotRequired[float]
    sku: NotRequired[str]
    supplyChannel: NotRequired[str]


class Zone(TypedDict):
    createdAt: str
    createdBy: NotRequired[CreatedBy]
    description: NotRequired[str]
    id: str
    key: NotRequired[str]
    lastModifiedAt: str
    lastModifiedBy: NotRequired[LastModifiedBy]
    locations: list[Location]
    name: str
    version: int


class ZoneRate(TypedDict):
    shippingRates: list[ShippingRate]
    zone: ZoneReference


class ZoneReference(TypedDict):
    id: str
    typeId: str


class ApprovalFlowRecord(ApprovalFlow):
    businessUnitKey: str


class ApprovalRuleRecord(ApprovalRule):
    businessUnitKey: str


class HistoryRecordRecord(HistoryRecord):
    resourceType: str
    resourceId: str


class AssignedProductReferenceRecord(AssignedProductReference):
    productSelectionId: str
    productId: str


class ProductSelectionAssignmentRecord(ProductSelectionAssignment):
    storeKey: str
    productSelectionId: str
    productId: str


class ReadRecords(Protocol):
    """`Client.records`: the records of each stream have a type of their own."""

    @overload
    def __call__(self, stream: Literal["api_clients"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ApiClient]: ...
    @overload
    def __call__(self, stream: Literal["approval_flows"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ApprovalFlowRecord]: ...
    @overload
    def __call__(self, stream: Literal["approval_rules"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ApprovalRuleRecord]: ...
    @overload
    def __call__(self, stream: Literal["associate_roles"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[AssociateRole]: ...
    @overload
    def __call__(self, stream: Literal["attribute_groups"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[AttributeGroup]: ...
    @overload
    def __call__(self, stream: Literal["business_units"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[BusinessUnit]: ...
    @overload
    def __call__(self, stream: Literal["cart_discounts"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[CartDiscount]: ...
    @overload
    def __call__(self, stream: Literal["carts"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Cart]: ...
    @overload
    def __call__(self, stream: Literal["categories"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Category]: ...
    @overload
    def __call__(self, stream: Literal["change_history"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[HistoryRecordRecord]: ...
    @overload
    def __call__(self, stream: Literal["channels"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Channel]: ...
    @overload
    def __call__(self, stream: Literal["custom_objects"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[CustomObject]: ...
    @overload
    def __call__(self, stream: Literal["customer_groups"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[CustomerGroup]: ...
    @overload
    def __call__(self, stream: Literal["customers"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Customer]: ...
    @overload
    def __call__(self, stream: Literal["discount_codes"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[DiscountCode]: ...
    @overload
    def __call__(self, stream: Literal["discount_groups"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[DiscountGroup]: ...
    @overload
    def __call__(self, stream: Literal["extensions"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Extension]: ...
    @overload
    def __call__(self, stream: Literal["inventory"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[InventoryEntry]: ...
    @overload
    def __call__(self, stream: Literal["mcp_servers"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[McpServer]: ...
    @overload
    def __call__(self, stream: Literal["messages"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Message]: ...
    @overload
    def __call__(self, stream: Literal["order_edits"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[OrderEdit]: ...
    @overload
    def __call__(self, stream: Literal["orders"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Order]: ...
    @overload
    def __call__(self, stream: Literal["payment_methods"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[PaymentMethod]: ...
    @overload
    def __call__(self, stream: Literal["payments"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Payment]: ...
    @overload
    def __call__(self, stream: Literal["product_discounts"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductDiscount]: ...
    @overload
    def __call__(self, stream: Literal["product_projections_current"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductProjection]: ...
    @overload
    def __call__(self, stream: Literal["product_projections_staged"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductProjection]: ...
    @overload
    def __call__(self, stream: Literal["product_selection_products"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[AssignedProductReferenceRecord]: ...
    @overload
    def __call__(self, stream: Literal["product_selections"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductSelection]: ...
    @overload
    def __call__(self, stream: Literal["product_tailoring"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductTailoring]: ...
    @overload
    def __call__(self, stream: Literal["product_types"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductType]: ...
    @overload
    def __call__(self, stream: Literal["products"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Product]: ...
    @overload
    def __call__(self, stream: Literal["project"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Project]: ...
    @overload
    def __call__(self, stream: Literal["quote_requests"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[QuoteRequest]: ...
    @overload
    def __call__(self, stream: Literal["quotes"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Quote]: ...
    @overload
    def __call__(self, stream: Literal["recurrence_policies"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[RecurrencePolicy]: ...
    @overload
    def __call__(self, stream: Literal["recurring_orders"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[RecurringOrder]: ...
    @overload
    def __call__(self, stream: Literal["reviews"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Review]: ...
    @overload
    def __call__(self, stream: Literal["shipping_methods"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ShippingMethod]: ...
    @overload
    def __call__(self, stream: Literal["shopping_lists"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ShoppingList]: ...
    @overload
    def __call__(self, stream: Literal["staged_quotes"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[StagedQuote]: ...
    @overload
    def __call__(self, stream: Literal["standalone_prices"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[StandalonePrice]: ...
    @overload
    def __call__(self, stream: Literal["states"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[State]: ...
    @overload
    def __call__(self, stream: Literal["store_product_selection_assignments"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[ProductSelectionAssignmentRecord]: ...
    @overload
    def __call__(self, stream: Literal["stores"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Store]: ...
    @overload
    def __call__(self, stream: Literal["subscriptions"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Subscription]: ...
    @overload
    def __call__(self, stream: Literal["tax_categories"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[TaxCategory]: ...
    @overload
    def __call__(self, stream: Literal["types"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Type]: ...
    @overload
    def __call__(self, stream: Literal["variant_projections_current"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[VariantProjection]: ...
    @overload
    def __call__(self, stream: Literal["variants"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Variant]: ...
    @overload
    def __call__(self, stream: Literal["zones"], *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[Zone]: ...
    @overload
    def __call__(self, stream: str | Stream, *, where: str | Sequence[str] = ..., since: Time | None = ..., until: Time | None = ..., page_size: int | None = ...) -> Iterator[dict[str, Any]]: ...
