"""Update actions by their names: `setX` and `changeX` put a value into the field `x`.

https://docs.commercetools.com/api/general-concepts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.changes.defaults import refuse_lost, refuse_underived
from commercetools_source.sandbox.changes.derived import concealed
from commercetools_source.sandbox.changes.enumerations import REMOVALS
from commercetools_source.sandbox.contract import is_array
from commercetools_source.sandbox.platform.refusals import invalid_field, invalid_input

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.sandbox.changes.drafts import Drafts

__all__ = ["apply_actions"]

_VERBS = ("set", "change", "transition")
# Fields whose name is not what the action's name says.
_RENAMED = {
    ("Project", "messagesConfiguration"): "messages",
    ("Project", "cartsConfiguration"): "carts",
    ("Project", "shoppingListsConfiguration"): "shoppingLists",
    ("InventoryEntry", "quantity"): "quantityOnStock",
}

# Actions called like a field that do not say its value.
_OTHER = frozenset({("Product", "changeMasterVariant")})


def apply_actions(drafts: Drafts, record: Mapping[str, Any], item: str, actions: Sequence[Any]) -> dict[str, Any]:
    """Return the record with all actions done, in their order; raises a 400 for one that it does not know."""
    # A copy of all levels: where one action is refused, those before it must not have changed the record.
    done: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    for action in actions:
        name = action.get("action") if isinstance(action, dict) else None
        if not isinstance(name, str):
            raise invalid_input("Malformed parameter: actions: Every action needs the field 'action'.")
        if not _apply(drafts, done, item, name, action):
            raise invalid_input(f"Malformed parameter: actions: The sandbox has no action '{name}' for {item}.")
    return done


def _apply(drafts: Drafts, record: dict[str, Any], item: str, name: str, action: dict[str, Any]) -> bool:
    if name == "setCustomType":
        _set(record, "custom", _custom(drafts, action))
        return True
    if name == "setCustomField":
        custom = record.get("custom")
        if not isinstance(custom, dict):
            raise invalid_input("The resource has no custom type; set one with 'setCustomType' first.")
        _set(custom.setdefault("fields", {}), str(action.get("name")), action.get("value"))
        return True
    if (item, name) in _WITHOUT_FIELD:
        _WITHOUT_FIELD[item, name](drafts, record, action)
        return True
    field = _field(item, name)
    if field is None:
        return False
    fields = drafts.spec.fields(item) or {}
    # Both are the platform's to set: https://docs.commercetools.com/api/general-concepts#optimistic-concurrency-control
    if field in fields and field not in {"id", "version"}:
        if item != "Product":
            # Of a price it says that the change waits for its publication.
            refuse_lost({"staged": action.get("staged") or None}, {})
        _set(record, field, _value(drafts, action, field, name, fields[field]))
        return True
    # Product data are one level deeper, current and staged:
    # https://docs.commercetools.com/api/projects/products#update-actions
    return item == "Product" and _data(drafts, record, field, name, action)


def _field(item: str, name: str) -> str | None:
    if (item, name) in _OTHER:
        return None
    for verb in _VERBS:
        subject = name.removeprefix(verb)
        if subject != name and subject[:1].isupper():
            field = subject[0].lower() + subject[1:]
            return _RENAMED.get((item, field), field)
    return None


def _value(drafts: Drafts, action: Mapping[str, Any], field: str, name: str, field_type: str) -> Any:
    """Return the new value: the action's entry of the field's name, or its only entry, or nothing."""
    # `staged` says where a change goes; it is no value.
    given = {key: value for key, value in action.items() if key not in {"action", "staged"}}
    if field in given:
        value = given[field]
    elif len(given) == 1:
        value = next(iter(given.values()))
    else:
        value = given or None
    if value is None:
        if field_type.endswith("!") and is_array(field_type):
            return []
        if field_type.endswith("!"):
            raise invalid_input(f"Malformed parameter: actions: The action '{name}' needs a value for '{field}'.")
        return None
    if field in given:
        refuse_lost({name: item for name, item in given.items() if name != field}, {}, "")
    # The contract has a text in some actions whose field has an enumeration: the status of a business unit.
    allowed = drafts.spec.types.get(field_type.rstrip("!"), {}).get("enum")
    if allowed is not None and isinstance(value, str) and value not in allowed:
        raise invalid_field(field, value, f"one of {', '.join(allowed)}", allowed)
    return _completed(drafts, value, field_type, field)


def _completed(drafts: Drafts, value: Any, field_type: str, path: str) -> Any:
    stored = drafts.complete(value, field_type)
    refuse_lost(value, stored, path)
    refuse_underived(stored, path)
    return stored


def _set(value: dict[str, Any], field: str, new: Any) -> None:
    # Without a value an action removes the field, as `setDescription` does without `description`.
    if new is None:
        value.pop(field, None)
    else:
        value[field] = new


def _custom(drafts: Drafts, action: Mapping[str, Any]) -> Any:
    if action.get("type") is None:
        # Without a type the custom fields are removed: https://docs.commercetools.com/api/projects/custom-fields
        refuse_lost({"fields": action.get("fields")}, {})
        return None
    custom = {"type": action["type"], "fields": action.get("fields") or {}}
    return _completed(drafts, custom, "CustomFields", "custom")


def _publish(_: Drafts, record: dict[str, Any], action: Mapping[str, Any]) -> None:
    if action.get("scope") == "Prices":
        refuse_lost({"scope": action["scope"]}, {})
    master = record["masterData"]
    # A copy: current and staged go on apart from here.
    current = msgspec.json.decode(msgspec.json.encode(master["staged"]))
    master |= {"published": True, "current": current, "hasStagedChanges": False}


def _unpublish(_: Drafts, record: dict[str, Any], __: Mapping[str, Any]) -> None:
    record["masterData"]["published"] = False


def _add_variant(drafts: Drafts, record: dict[str, Any], action: Mapping[str, Any]) -> None:
    for data in _changed(record, action):
        # Ids of variants are never used again while the product has a larger one.
        number = 1 + max([1, *(variant["id"] for variant in data["variants"])])
        given = {name: value for name, value in action.items() if name not in {"action", "staged"}}
        data["variants"].append(_completed(drafts, {**given, "id": number}, "ProductVariant", ""))
    _compare(record)


def _remove_variant(_: Drafts, record: dict[str, Any], action: Mapping[str, Any]) -> None:
    """Remove the variant that `id` or `sku` names, or both."""
    named = {field: action[field] for field in ("id", "sku") if action.get(field) is not None}
    if not named:
        raise invalid_input("The action 'removeVariant' needs a value for 'id' or 'sku'.")
    for data in _changed(record, action):
        kept = [row for row in data["variants"] if any(row.get(field) != named[field] for field in named)]
        if len(kept) == len(data["variants"]):
            text = " and ".join(f"{field} '{value}'" for field, value in named.items())
            raise invalid_input(f"The product has no variant with {text} that can be removed.")
        data["variants"] = kept
    _compare(record)


def _changed(record: dict[str, Any], action: Mapping[str, Any]) -> list[Any]:
    """Return the data of a product that an action changes: staged only, or current too when it says so."""
    master = record["masterData"]
    # `staged` is true where an action does not say so:
    # https://docs.commercetools.com/api/projects/products#add-productvariant
    return [master["staged"], master["current"]] if action.get("staged") is False else [master["staged"]]


def _compare(record: dict[str, Any]) -> None:
    master = record["masterData"]
    master["hasStagedChanges"] = master["staged"] != master["current"]


def _set_authentication(_: Drafts, record: dict[str, Any], action: Mapping[str, Any]) -> None:
    """Set how a customer logs in: https://docs.commercetools.com/api/projects/customers#set-authenticationmode."""
    given = {"authenticationMode": action["authMode"], "password": action.get("password")}
    customer = concealed({**record, **given})
    record.pop("password", None)
    record |= customer


_WITHOUT_FIELD: Mapping[tuple[str, str], Callable[[Drafts, dict[str, Any], Mapping[str, Any]], None]] = {
    ("Customer", "setAuthenticationMode"): _set_authentication,
    ("Product", "publish"): _publish,
    ("Product", "unpublish"): _unpublish,
    ("Product", "addVariant"): _add_variant,
    ("Product", "removeVariant"): _remove_variant,
    **REMOVALS,
}
"""Actions that do more than to give a field its value."""


def _data(drafts: Drafts, record: dict[str, Any], field: str, name: str, action: Mapping[str, Any]) -> bool:
    fields = drafts.spec.fields("ProductData") or {}
    if field not in fields:
        return False
    value = _value(drafts, action, field, name, fields[field])
    for data in _changed(record, action):
        _set(data, field, value)
    _compare(record)
    return True
