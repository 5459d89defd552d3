"""Whom a destination has forgotten: which records are a person's, and what of them is erased. Pure functions.

What is stored of a person are ids of the platform, which name nobody, and digests. What the platform creates after a
person was forgotten is new data of somebody who came back: it is loaded as any other.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.catalog.contract import published
from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.errors import StateError
from commercetools_source.extract import change_owners
from commercetools_source.extract.addresses import addresses_in, is_whole, unescaped
from commercetools_source.extract.disguise import digest, watch
from commercetools_source.extract.fields import decode_fields
from commercetools_source.extract.privacy import Privacy, is_by_name
from commercetools_source.extract.redaction import redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.extract.delivery import Delivery

__all__ = ["PERSON_STREAMS", "Erasure", "Forgotten", "Person", "decode", "encode", "eraser", "fields_of"]

_QUOTING = ("messages", "change_history", "order_edits", "payment_methods")
"""Streams besides those with `data_erasure` whose records have or repeat what is in theirs."""
PERSON_STREAMS = tuple(stream for name, stream in STREAMS.items() if stream.data_erasure or name in _QUOTING)
"""The streams in which a person's records are looked for."""
_CHANGES = STREAMS["change_history"]

_LEADING = ("cart", "quotationCart", "order", "originOrder", "quote", "quoteRequest", "stagedQuote", "recurringOrder")
"""Fields of a person's record that refer to other records of the same person."""
_REPEATED = (*_LEADING, "customer", "payment", "paymentMethod", "review", "shoppingList", "businessUnit")
"""Fields in which a Message repeats a whole record (https://docs.commercetools.com/api/projects/messages)."""
_TELLING = (
    *("id", "createdAt", "resource", "customerId", "customerEmail", "email", "oldEmail", "contactEmail"),
    *("anonymousId", "paymentInfo", *_REPEATED),
)
_TEXTS = MappingProxyType(
    {
        "custom_objects": ("container", "key", "value"),
        # A code that is meant for one customer says so in its predicate
        # (https://docs.commercetools.com/api/predicates/predicate-operators).
        "discount_codes": ("key", "name", "description", "cartPredicate", "custom"),
    }
)
"""The fields of streams without a customer in which the id or an e-mail address of one may stand anywhere."""

_LENGTH_OF_ID = len("00000000-0000-0000-0000-000000000000")
_UNIT = "business-unit"
_ACCOUNTS = frozenset({"customer", _UNIT})
"""Types of resources that are somebody's by themselves."""
_ADDRESSES = MappingProxyType(
    {
        "customers": ("email",),
        "business_units": ("contactEmail",),
        "messages": ("customerEmail", "email", "oldEmail", "contactEmail"),
    }
)
"""The fields with the e-mail address of whose a record is, where not `customerEmail` alone."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A person forgotten at `time`, an API timestamp, by the id of a `customer`.

    `rows`: whether rows are removed, and not only emptied. `emails` and `visitors` (anonymous ids) are digests,
    `records` the ids of records that are the person's. `mentioned` are digests of addresses that only such records
    have: an order may have the address of somebody else, whose account and orders are not the person's. `former` are
    ids of orders and the like that only a Message or a change says were the person's: whose one is now, it says itself.
    """

    customer: str
    time: str
    rows: bool = False
    emails: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    former: tuple[str, ...] = ()


class Forgotten(msgspec.Struct, frozen=True):
    """All whom a destination has forgotten; `salt` is the key of the digests, a new one for each destination.

    `pending`: rows were not looked through yet by all that is known, because a run or a `forget` was cut off.
    """

    salt: str = ""
    persons: tuple[Person, ...] = ()
    pending: bool = False

    def emails(self) -> frozenset[str]:
        """Return the digests of all persons' own e-mail addresses."""
        return frozenset(name for person in self.persons for name in person.emails)

    def digest(self, text: str) -> str:
        """Return what stands for an e-mail address or anonymous id."""
        return digest(text, self.salt)

    def with_person(self, person: Person) -> Forgotten:
        """Return it with a person more; one who is there already keeps what was known of them."""
        for index, earlier in enumerate(self.persons):
            if earlier.customer == person.customer:
                merged = msgspec.structs.replace(
                    earlier,
                    time=max(earlier.time, person.time),
                    rows=earlier.rows or person.rows,
                    emails=tuple(dict.fromkeys((*earlier.emails, *person.emails))),
                )
                return msgspec.structs.replace(
                    self, persons=(*self.persons[:index], merged, *self.persons[index + 1 :])
                )
        return msgspec.structs.replace(self, persons=(*self.persons, person))


_decode_forgotten = msgspec.json.Decoder(Forgotten).decode


def encode(forgotten: Forgotten) -> bytes:
    """Return the text to store."""
    return msgspec.json.encode(forgotten)


def decode(text: bytes | None) -> Forgotten:
    """Return what `encode` wrote, nobody for None; raises StateError, because to load a person again is worse."""
    if text is None:
        return Forgotten()
    try:
        return _decode_forgotten(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise StateError(
            f"the list of persons who were forgotten cannot be read ({error}); put it back from a backup"
        ) from error


def fields_of(stream: Stream) -> tuple[str, ...]:
    """Return the fields of a record of the stream that can tell whose it is."""
    return (*_telling(stream), *_TEXTS.get(stream.name, ()))


def eraser(stream: Stream) -> Callable[[msgspec.Raw], msgspec.Raw]:
    """Return what leaves all that is personal out of a record of the stream; free texts and custom fields too."""
    return redactor(stream.item, _erased()) or (lambda record: record)


@cache
def _erased() -> Privacy:
    """Return the choice for one person: nobody has to know what a free text or a field of the project's own says."""
    free = [(row.type, row.field) for row in PERSONAL.values() if row.is_free_text]
    meant_for = [("DiscountCode", field) for field in ("name", "description", "cartPredicate")]
    return Privacy("drop", tuple((pair, "drop") for pair in (*free, *meant_for, ("CustomObject", "value"), *_own())))


def _own() -> Iterator[tuple[str, str]]:
    """Yield where values of custom fields stand: in records, in Messages of their changes, and in edits of orders."""
    for name, row in published().types.items():
        for field, value in row.fields.items():
            beside_name = value.name == "any" and is_by_name(name) and not name.endswith("Attribute")
            if value.name == "FieldContainer" or beside_name:
                yield name, field


class Erasure:
    """Finds the records of forgotten persons, and learns by them of others; `has_grown` says whether it did.

    `is_stored`: whether the destination knows what was learnt.
    `first_time`: the customer who is forgotten now and was not before, so that all that is there was there before,
    whatever the clock of this machine says; "" in later runs.
    """

    def __init__(self, forgotten: Forgotten, first_time: str = "") -> None:
        self._first_time = first_time
        self.has_grown = forgotten.pending
        self.is_stored = True
        self._forgotten = forgotten
        self._persons = forgotten.persons
        self._records: dict[str, int] = {}
        self._former: dict[str, int] = {}
        self._emails: dict[str, int] = {}
        self._mentioned: dict[str, int] = {}
        self._visitors: dict[str, int] = {}
        for index, person in enumerate(forgotten.persons):
            self._records |= dict.fromkeys((*person.records, person.customer), index)
            self._former |= dict.fromkeys(person.former, index)
            self._emails |= dict.fromkeys(person.emails, index)
            self._mentioned |= dict.fromkeys(person.mentioned, index)
            self._visitors |= dict.fromkeys(person.visitors, index)
        addresses = frozenset({*self._emails, *self._mentioned})
        self._watching = watch(forgotten.salt, addresses) if addresses else None

    def watching(self, privacy: Privacy) -> Privacy:
        """Return the choice of a run by which it knows the forgotten persons' addresses in hashes of any key."""
        return replace(privacy, watching=self._watching) if privacy.key else privacy

    def removed(self, stream: Stream) -> frozenset[str]:
        """Return the ids of known resources whose rows in the stream must not be there, and are not only emptied."""
        known = self._former | self._records if stream == _CHANGES else self._records
        return frozenset(name for name, index in known.items() if self._persons[index].rows)

    def forgotten(self, *, pending: bool = False) -> Forgotten:
        """Return all persons with what was learnt of them; `pending`: rows are still to be looked through by it."""
        persons = tuple(
            msgspec.structs.replace(
                person,
                emails=_of(index, self._emails),
                mentioned=_of(index, self._mentioned),
                visitors=_of(index, self._visitors),
                records=_of(index, self._records),
                former=_of(index, self._former),
            )
            for index, person in enumerate(self._persons)
        )
        return msgspec.structs.replace(self._forgotten, persons=persons, pending=pending)

    def delivery(self, delivery: Delivery) -> Delivery:
        """Return a delivery in which the records of forgotten persons are empty, or left out."""
        stream = delivery.stream
        if not self._persons or stream not in PERSON_STREAMS:
            return delivery
        erase = eraser(stream)
        owners = [self.owner(stream, record) for record in delivery.records]
        records = [
            record if owner is None else erase(record)
            for record, owner in zip(delivery.records, owners, strict=True)
            if owner is None or not owner.rows
        ]
        return replace(delivery, records=records)

    def owner(self, stream: Stream, record: msgspec.Raw) -> Person | None:
        """Return whose record it is, None if nobody's who was forgotten; what it refers to is known from then on."""
        fields, text = _decode(stream, record)
        index = self._index(stream, fields, text)
        if index is None:
            return None
        # Messages are many, and found by what they are about; only where they must not be there, they are listed.
        if stream.name != "messages" or self._persons[index].rows:
            self._learn(self._records, fields.get("id"), index)
        # Who was once the contact of a business unit takes no other's unit along, nor an order that was corrected.
        resource = fields.get("resource")
        if _type(resource) != _UNIT and _id(resource) not in self._records:
            table = self._former if _type(resource) in change_owners.OWNED else self._records
            self._learn(table, _id(resource), index)
        for reference in _references(fields) if stream.name != "messages" else ():
            self._learn(self._records, reference, index)
        return self._persons[index]

    def _index(self, stream: Stream, fields: Mapping[str, Any], text: str) -> int | None:
        for name in (fields.get("id"), _id(fields.get("resource"))):
            if isinstance(name, str) and name in self._records:
                # What is about the customer tells of their addresses, earlier ones too.
                for telling in (fields, *_repeated(stream, fields)) if _is_of_customer(stream, fields) else ():
                    self._learn_names(telling, self._records[name], self._emails)
                self._learn(self._visitors, self._digest(fields.get("anonymousId")), self._records[name])
                return self._records[name]
        if (index := self._former.get(_id(fields.get("resource")) or "")) is not None:
            return index
        is_account, tellings = _is_account(stream, fields), (fields, *_repeated(stream, fields))
        for telling in tellings:
            # What is only about a record does not say whose else it is.
            is_record = not is_account and stream != _CHANGES and (telling is not fields or stream.name != "messages")
            if (index := self._by_person(stream, telling, is_record=is_record)) is not None:
                return index
        if text:
            return self._by_text(fields, text)
        if any(_customer(telling) or _emails(stream, telling) for telling in tellings):
            return None  # somebody else's, although both may have used one device
        owners = ((self._visitors.get(self._digest(telling.get("anonymousId")) or ""), telling) for telling in tellings)
        visitor = next((self._before(index, telling) for index, telling in owners if index is not None), None)
        return self._former.get(str(fields.get("id")), visitor)

    def _by_person(self, stream: Stream, fields: Mapping[str, Any], *, is_record: bool) -> int | None:
        """Return whose record it is by the customer or e-mail address; `is_record`: one of a customer names them."""
        customer = _customer(fields)
        index = self._before(self._records.get(customer) if isinstance(customer, str) else None, fields)
        if index is not None:
            self._learn_names(fields, index, self._mentioned)
            return index
        tables = (self._emails, self._mentioned) if is_record and not customer else (self._emails,)
        for email in _emails(stream, fields):
            index = self._before(self._owner_of_mail(email, tables), fields)
            if index is not None:
                self._learn(self._visitors, self._digest(fields.get("anonymousId")), index)
                return index
        return None

    def _owner_of_mail(self, email: str, tables: Iterable[dict[str, int]]) -> int | None:
        """Return whose an e-mail address is, or a hash of one, by tables of addresses."""
        name = self._forgotten.digest(email)
        address = self._watching.met.get(email) if self._watching is not None else None
        for table in tables:
            if address in table:  # known from then on, also to a `forget`, which makes no hashes of records
                self._learn(table, name, table[address])
            if name in table:
                return table[name]
        return None

    def _by_text(self, fields: Mapping[str, Any], text: str) -> int | None:
        """Return whose record it is: one with the id of a customer, or an e-mail address, anywhere in its texts."""
        for index, person in enumerate(self._persons):
            if _names(text, person.customer):
                return self._before(index, fields)
        owners = (self._owner_of_mail(address, (self._emails, self._mentioned)) for address in addresses_in(text))
        return next((self._before(index, fields) for index in owners if index is not None), None)

    def _before(self, index: int | None, fields: Mapping[str, Any]) -> int | None:
        """Return `index` for a record that the platform had when the person was forgotten."""
        created = fields.get("createdAt") or fields.get("modifiedAt")
        if index is None or self._persons[index].customer == self._first_time:
            return index
        return None if isinstance(created, str) and created > self._persons[index].time else index

    def _learn_names(self, fields: Mapping[str, Any], index: int, addresses: dict[str, int]) -> None:
        for name in ("email", "oldEmail", "customerEmail"):
            if is_whole(fields.get(name)):
                self._learn(addresses, self._digest(fields[name]), index)
        self._learn(self._visitors, self._digest(fields.get("anonymousId")), index)

    def _digest(self, text: object) -> str | None:
        return self._forgotten.digest(text) if isinstance(text, str) and text.strip() else None

    def _learn(self, table: dict[str, int], name: object, index: int) -> None:
        if isinstance(name, str) and name and name not in table:
            table[name] = index
            self.has_grown, self.is_stored = True, False


def _repeated(stream: Stream, fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a Message or a change that name the person whose record it is about, as records do."""
    if stream == _CHANGES:
        yield from change_owners.owners_of(fields)
    elif stream.name == "messages":
        yield from (value for value in map(fields.get, _REPEATED) if isinstance(value, dict))


def _of(index: int, table: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(name for name, owner in table.items() if owner == index))


def _telling(stream: Stream) -> tuple[str, ...]:
    return (*_TELLING, *change_owners.TELLING) if stream == _CHANGES else _TELLING


def _decode(stream: Stream, record: msgspec.Raw) -> tuple[dict[str, Any], str]:
    """Return the fields of a record that can tell whose it is, and those whose text can; none of what is no object."""
    try:
        fields = decode_fields(record)
    except msgspec.DecodeError:
        return {}, ""
    telling = {name: msgspec.json.decode(fields[name]) for name in _telling(stream) if name in fields}
    texts = _TEXTS.get(stream.name, ())
    if telling.get("resourceType") in change_owners.SEARCHED:
        texts = ("label", "previousLabel", "changes")
    return telling, unescaped(
        b" ".join(bytes(fields[name]) for name in texts if name in fields).decode(errors="replace")
    )


def _id(value: object) -> str | None:
    """Return the id in a reference, or in a record."""
    name = value.get("id") if isinstance(value, dict) else None
    return name if isinstance(name, str) else None


def _is_of_customer(stream: Stream, fields: Mapping[str, Any]) -> bool:
    return stream.name == "customers" or _type(fields.get("resource")) == "customer"


def _is_account(stream: Stream, fields: Mapping[str, Any]) -> bool:
    return stream.name in {"customers", "business_units"} or _type(fields.get("resource")) in _ACCOUNTS


def _names(text: str, customer: str) -> bool:
    """Return whether a text has the id of a customer in it; one that is no UUID only as a word of its own."""
    # Half an id, or a word in its place, stands in texts about everybody. Around a whole one there may be anything.
    return customer in text and (
        len(customer) >= _LENGTH_OF_ID
        or re.search(rf"(?<![a-z\d]){re.escape(customer)}(?![a-z\d])", text, re.IGNORECASE) is not None
    )


def _type(reference: object) -> str:
    """Return of what type of resource a reference is, "" for what is none."""
    return str(reference.get("typeId")) if isinstance(reference, dict) else ""


def _customer(fields: Mapping[str, Any]) -> object:
    return fields.get("customerId") or _id(fields.get("customer"))


def _emails(stream: Stream, fields: Mapping[str, Any]) -> list[str]:
    """Return the e-mail addresses that say whose a record is, and not whom it mentions."""
    values = map(fields.get, _ADDRESSES.get(stream.name, ("customerEmail",)))
    return [value for value in values if isinstance(value, str) and value.strip()]


def _references(fields: Mapping[str, Any]) -> Iterator[str | None]:
    """Yield the ids of other records that a person's record refers to, which are the person's too."""
    yield from (_id(fields.get(name)) for name in _LEADING)
    info = fields.get("paymentInfo")
    payments = info.get("payments") if isinstance(info, dict) else None
    yield from map(_id, payments if isinstance(payments, list) else ())
