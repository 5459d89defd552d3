"""The table of secrets: fields of the contract that would let their reader act as somebody else.

A secret with `leaves` False is in no column, schema or record that this package hands out, wherever in a
record its type occurs. A test walks the contract from every stream and fails for a field with a telling
name that no row decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SECRETS", "Secret", "never_leaves"]


@dataclass(frozen=True, slots=True)
class Secret:
    """One field with a telling name: the contract's `type` and `field`, whether its values leave, and why."""

    type: str
    field: str
    leaves: bool
    reason: str


_MASKED = "The platform masks it, but only in part; what it opens belongs to somebody else."
_LOGIN = "With it a customer's account can be taken over until it expires."
_PAYMENT = "The payment provider charges whoever it stands for."
_IDENTIFIER = "Says whose credentials are used; opens nothing without the secret beside it."
_HARMLESS = "A setting or a name; opens nothing."

_ROWS = (
    # https://docs.commercetools.com/api/projects/customers#customer: the hash of the password
    Secret("Customer", "password", leaves=False, reason="The hash of a customer's password."),
    Secret("Customer", "authenticationMode", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/messages/customer-messages
    Secret("CustomerEmailTokenCreatedMessage", "value", leaves=False, reason=_LOGIN),
    Secret("CustomerEmailTokenCreatedMessagePayload", "value", leaves=False, reason=_LOGIN),
    Secret("CustomerEmailTokenCreatedMessage", "invalidateOlderTokens", leaves=True, reason=_HARMLESS),
    Secret("CustomerEmailTokenCreatedMessagePayload", "invalidateOlderTokens", leaves=True, reason=_HARMLESS),
    Secret("CustomerPasswordTokenCreatedMessage", "value", leaves=False, reason=_LOGIN),
    Secret("CustomerPasswordTokenCreatedMessagePayload", "value", leaves=False, reason=_LOGIN),
    Secret("CustomerPasswordTokenCreatedMessage", "invalidateOlderTokens", leaves=True, reason=_HARMLESS),
    Secret("CustomerPasswordTokenCreatedMessagePayload", "invalidateOlderTokens", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/api-clients#apiclient: sent once, when the client is made
    Secret("ApiClient", "secret", leaves=False, reason="With it anybody is this API client."),
    Secret("ApiClient", "accessTokenValiditySeconds", leaves=True, reason=_HARMLESS),
    Secret("ApiClient", "refreshTokenValiditySeconds", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/payment-methods#paymentmethodtoken
    Secret("PaymentMethodToken", "value", leaves=False, reason=_PAYMENT),
    # `token` and `oldToken` are objects: that there is a token may be known, and what it is may not.
    Secret("PaymentMethod", "token", leaves=True, reason=_HARMLESS),
    Secret("PaymentMethodInfo", "token", leaves=True, reason=_HARMLESS),
    Secret("PaymentMethodInfoTokenSetMessage", "token", leaves=True, reason=_HARMLESS),
    Secret("PaymentMethodInfoTokenSetMessage", "oldToken", leaves=True, reason=_HARMLESS),
    Secret("PaymentMethodInfoTokenSetMessagePayload", "token", leaves=True, reason=_HARMLESS),
    Secret("PaymentMethodInfoTokenSetMessagePayload", "oldToken", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/subscriptions#destination
    Secret("AzureEventGridDestination", "accessKey", leaves=False, reason=_MASKED),
    Secret("AzureServiceBusDestination", "connectionString", leaves=False, reason=_MASKED),
    Secret("ConfluentCloudDestination", "apiKey", leaves=True, reason=_IDENTIFIER),
    Secret("ConfluentCloudDestination", "apiSecret", leaves=False, reason=_MASKED),
    # https://dev.iron.io/mq/3/reference/api/#post-messages-via-webhook: the address of a webhook has the token in it
    Secret("IronMqDestination", "uri", leaves=False, reason="Whoever knows this address can write to the queue."),
    Secret("SnsDestination", "accessKey", leaves=True, reason=_IDENTIFIER),
    Secret("SnsDestination", "accessSecret", leaves=False, reason=_MASKED),
    Secret("SnsDestination", "authenticationMode", leaves=True, reason=_HARMLESS),
    Secret("SqsDestination", "accessKey", leaves=True, reason=_IDENTIFIER),
    Secret("SqsDestination", "accessSecret", leaves=False, reason=_MASKED),
    Secret("SqsDestination", "authenticationMode", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/api-extensions#extensiondestination
    Secret("AWSLambdaDestination", "accessKey", leaves=True, reason=_IDENTIFIER),
    Secret("AWSLambdaDestination", "accessSecret", leaves=False, reason=_MASKED),
    Secret("AuthorizationHeaderAuthentication", "headerValue", leaves=False, reason=_MASKED),
    Secret("AzureFunctionsAuthentication", "key", leaves=False, reason=_MASKED),
    Secret("HttpDestination", "authentication", leaves=True, reason="An object; its secret fields have rows."),
    # https://docs.commercetools.com/api/projects/project#externaloauth
    Secret("ExternalOAuth", "authorizationHeader", leaves=False, reason=_MASKED),
    Secret("Project", "externalOAuth", leaves=True, reason="An object; its secret field has a row."),
    Secret("McpServer", "authenticationMode", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/products#suggesttokenizer: how texts are split for suggestions
    Secret("SearchKeyword", "suggestTokenizer", leaves=True, reason=_HARMLESS),
    # https://docs.commercetools.com/api/projects/payments#payment
    Secret("Payment", "amountAuthorized", leaves=True, reason="An amount of money."),
    Secret("Payment", "authorizedUntil", leaves=True, reason="A date."),
)

SECRETS: Mapping[tuple[str, str], Secret] = MappingProxyType({(row.type, row.field): row for row in _ROWS})
"""Every decision, by type and field."""


def never_leaves(type_name: str, field: str) -> bool:
    """Return whether the field of a type of the contract is a secret whose values are handed out nowhere."""
    secret = SECRETS.get((type_name, field))
    return secret is not None and not secret.leaves
