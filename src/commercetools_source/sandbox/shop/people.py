"""Customers and companies of the generated shop. A person is a function of their number, so orders can name them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from commercetools_source.sandbox.shop.basics import row, store_key
from commercetools_source.sandbox.shop.words import COMPANIES, FIRST_NAMES, LAST_NAMES, Market
from commercetools_source.sandbox.shop.world import Dice, Json, Rows, World, js, stamp

if TYPE_CHECKING:
    from commercetools_source.sandbox.shop.messages import Journal
    from commercetools_source.sandbox.shop.types import Customs

PERMISSIONS = ("ViewMyOrders", "ViewOthersOrders", "CreateMyCarts", "UpdateMyCarts", "ViewMyQuotes", "AcceptMyQuotes")


class Person(NamedTuple):
    """What a customer and their orders have in common; `group` is a customer group's number."""

    number: int
    first: str
    last: str
    email: str
    market: Market
    group: int | None


@lru_cache(maxsize=2048)
def quoted(text: str) -> str:
    """Return `text` as a JSON string; for the few texts that repeat."""
    return js(text)


def person(world: World, number: int) -> Person:
    """Return who customer `number` is."""
    number %= world.counts["customer"]
    # Knuth's multiplicative hash: neighbours get unrelated names.
    mixed = (number * 2_654_435_761 + world.seed * 97) & 0xFFFF_FFFF
    first = FIRST_NAMES[mixed % len(FIRST_NAMES)]
    last = LAST_NAMES[(mixed >> 9) % len(LAST_NAMES)]
    group = (mixed >> 20) % world.counts["customer-group"] if mixed % 3 == 0 else None
    return Person(number, first, last, f"customer-{number}@example.com", world.market(mixed >> 17), group)


def address(dice: Dice, who: Person, uid: str, key: str = "", custom: str = "") -> str:
    """Return an address of `who` as JSON text; some have every field, most have the usual ones."""
    market = who.market
    city = dice.one(market.cities)
    fields = [
        (
            f'{{"id":"{uid}","firstName":{quoted(who.first)},"lastName":{quoted(who.last)},'
            f'"streetName":{quoted(dice.one(market.streets))},"streetNumber":"{dice.between(1, 140)}",'
            f'"postalCode":"{city.postal_code}","city":{quoted(city.name)},"region":{quoted(city.region)},'
            f'"country":"{market.country}"'
        )
    ]
    if key:
        fields.append(f'"key":"{key}"')
    if city.state:
        fields.append(f'"state":{quoted(city.state)}')
    if dice.chance(40):
        fields.append(f'"phone":"{market.phone}{dice.below(10)}","email":"{who.email}"')
    if dice.chance(4):
        fields.append(
            f'"title":"Dr.","salutation":"Hello","additionalStreetInfo":"2nd floor","company":{quoted(COMPANIES[0])},'
            f'"department":"Books","building":"B","apartment":"7","pOBox":"77","mobile":"{market.phone}9",'
            f'"fax":"{market.phone}8","additionalAddressInfo":"Ring\\ntwice","externalId":"crm-{who.number}"'
        )
    if custom:
        fields.append(f'"custom":{custom}')
    return f"{','.join(fields)}}}"


# https://docs.commercetools.com/api/projects/customers
def customers(world: World, customs: Customs, journal: Journal) -> Rows:
    """Yield the customers."""
    dice = world.dice("customers")
    total = world.counts["customer"]
    times = world.times("customer", total)
    for number in range(total):
        who = person(world, number)
        uid = world.uid("customer", number)
        head, created, _ = times.head(uid, number)
        count = dice.one((0, 1, 1, 1, 1, 2, 2, 3))
        ids = [f"{uid[24:31]}{step}" for step in range(count)]
        addresses = [
            address(
                dice,
                who,
                ids[step],
                f"home-{step}" if step else "",
                customs.text("address", dice) if dice.chance(5) else "",
            )
            for step in range(count)
        ]
        fields = [
            (
                f'{head},"email":"{who.email}","firstName":{quoted(who.first)},"lastName":{quoted(who.last)},'
                f'"customerNumber":"C-{number:07}","isEmailVerified":{"true" if dice.chance(70) else "false"},'
                f'"addresses":[{",".join(addresses)}]'
            )
        ]
        if ids:
            fields.append(
                f'"defaultShippingAddressId":"{ids[0]}","defaultBillingAddressId":"{ids[-1]}",'
                f'"shippingAddressIds":["{ids[0]}"],"billingAddressIds":["{ids[-1]}"]'
            )
        else:
            fields.append('"shippingAddressIds":[],"billingAddressIds":[]')
        fields.append(_optional_fields(world, customs, dice, who))
        text = f"{','.join(fields)}}}"
        yield "/customers", "", text.encode()
        yield from journal.of_customer(number, created, text)


def _optional_fields(world: World, customs: Customs, dice: Dice, who: Person) -> str:
    number = who.number
    fields = []
    if who.group is None:
        fields.append('"customerGroupAssignments":[]')
    else:
        group = f'{{"typeId":"customer-group","id":"{world.uid("customer-group", who.group)}"}}'
        fields.append(f'"customerGroup":{group},"customerGroupAssignments":[{{"customerGroup":{group}}}]')
    if dice.chance(90):
        # Recognisably not a hash of anything.
        fields.append('"authenticationMode":"Password","password":"****not-a-password****="')
    else:
        fields.append('"authenticationMode":"ExternalAuth"')
    if dice.chance(30):
        key = store_key(world, number)
        fields.append(f'"stores":[{{"typeId":"store","key":"{key}"}}]')
    else:
        fields.append('"stores":[]')
    if dice.chance(50):
        fields.append(f'"locale":"{who.market.locale}","salutation":"{dice.one(("Mx", "Ms", "Mr", "こんにちは"))}"')
    if dice.chance(25):
        birthday = stamp(631_152_000_000 + dice.below(400_000_000_000))[:10]
        fields.append(f'"dateOfBirth":"{birthday}","middleName":{quoted(dice.one(FIRST_NAMES))}')
    if dice.chance(15):
        company = quoted(dice.one(COMPANIES))
        fields.append(f'"companyName":{company},"vatId":"{who.market.country}{dice.below(10**9):09}","title":"Dr."')
    if dice.chance(40):
        fields.append(f'"key":"customer-{number}","externalId":"crm-{number}"')
    if dice.chance(15):
        fields.append(f'"custom":{customs.text("customer", dice)}')
    if dice.chance(50):
        client = world.client(number)
        fields.append(f'"createdBy":{{"clientId":"{client}"}},"lastModifiedBy":{{"clientId":"{client}"}}')
    return ",".join(fields)


def unit_key(world: World, number: int) -> str:
    """Return the key of a business unit that the shop has."""
    return f"unit-{number % world.counts['business-unit']}"


def unit_associates(world: World, number: int) -> tuple[int, ...]:
    """Return the customers that are associates of business unit `number`."""
    return tuple((number * 3 + step) % world.counts["customer"] for step in range(1 + number % 3))


def _associates(world: World, number: int) -> list[Json]:
    return [
        {
            "associateRoleAssignments": [
                {
                    "associateRole": {"typeId": "associate-role", "key": f"role-{(number + customer) % 5}"},
                    "inheritance": "Enabled" if customer % 2 else "Disabled",
                }
            ],
            "roles": ["Admin"] if customer % 2 else ["Buyer"],
            "customer": {"typeId": "customer", "id": world.uid("customer", customer)},
        }
        for customer in unit_associates(world, number)
    ]


# https://docs.commercetools.com/api/projects/business-units
def business_units(world: World, customs: Customs) -> Rows:
    """Yield companies, and divisions below them up to three levels deep."""
    dice = world.dice("business-units")
    total = world.counts["business-unit"]
    times = world.times("business-unit", total)
    for number in range(total):
        company = number % 3 == 0
        top = number - number % 3
        key = unit_key(world, number)
        who = person(world, number)
        record: Json = {
            **times.base(world.uid("business-unit", number), number),
            "key": key,
            "status": "Inactive" if number % 7 == 6 else "Active",  # noqa: PLR2004 - every seventh
            "stores": [{"typeId": "store", "key": store_key(world, number)}],
            "storeMode": "Explicit" if company or number % 2 else "FromParent",
            "unitType": "Company" if company else "Division",
            "name": f"{COMPANIES[number // 3 % len(COMPANIES)]}{'' if company else f' / Division {number % 3}'}",
            "contactEmail": f"unit-{number}@example.com",
            "addresses": [
                {"id": f"{number:08x}", "country": who.market.country, "city": who.market.cities[0].name, "key": "hq"}
            ],
            "shippingAddressIds": [f"{number:08x}"],
            "billingAddressIds": [f"{number:08x}"],
            "defaultShippingAddressId": f"{number:08x}",
            "defaultBillingAddressId": f"{number:08x}",
            "associateMode": "Explicit" if company else "ExplicitAndFromParent",
            "approvalRuleMode": "Explicit" if company else "ExplicitAndFromParent",
            "associates": _associates(world, number),
            "topLevelUnit": {"typeId": "business-unit", "key": unit_key(world, top)},
            "customerGroupAssignments": [{"customerGroup": world.ref("customer-group", number)}],
        }
        if not company:
            record |= _inherited(world, number, top)
        if number % 2:
            record["custom"] = customs.value("business-unit", dice)
        yield row("/business-units", record)


def _inherited(world: World, number: int, top: int) -> Json:
    above = number - 1
    return {
        "parentUnit": {"typeId": "business-unit", "key": unit_key(world, above)},
        "inheritedStores": [{"typeId": "store", "key": store_key(world, top)}],
        "inheritedAssociates": [
            {
                "associateRoleAssignments": [
                    {
                        "associateRole": {"typeId": "associate-role", "key": f"role-{customer % 5}"},
                        "source": {"typeId": "business-unit", "key": unit_key(world, above)},
                    }
                ],
                "customer": {"typeId": "customer", "id": world.uid("customer", customer)},
            }
            for customer in unit_associates(world, above)
        ],
    }


# https://docs.commercetools.com/api/projects/associate-roles
def associate_roles(world: World, customs: Customs) -> Rows:
    """Yield the roles that associates can have."""
    dice = world.dice("associate-roles")
    total = world.counts["associate-role"]
    times = world.times("associate-role", total)
    for number in range(total):
        record = {
            **times.base(world.uid("associate-role", number), number),
            "key": f"role-{number}",
            "name": ("Buyer", "Approver", "Admin", "Viewer", "Supérieur")[number],
            "buyerAssignable": number % 2 == 0,
            "permissions": list(PERMISSIONS[: number + 2]),
        }
        if number % 2:
            record["custom"] = customs.value("associate-role", dice)
        yield row("/associate-roles", record)
