"""Update actions, by what their names say: `setX` and `changeX` put a value into the field `x`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.sandbox.refusals import invalid_input

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from commercetools_source.sandbox.drafts import Drafts

__all__ = ["apply_actions"]

_VERBS = ("set", "change", "transition")
# Fields whose name is not what the action's name says.
_RENAMED = {
    ("Project", "messagesConfiguration"): "messages",
    ("Project", "cartsConfiguration"): "carts",
    ("Project", "shoppingListsConfiguration"): "shoppingLists",
    ("InventoryEntry", "quantity"): "quantityOnStock",
}


def apply_actions(drafts: Drafts, record: Mapping[str, Any], item: str, actions: Sequence[Any]) -> dict[str, Any]:
    """Return the record with all actions done, in their order; raises a 400 for one that it does not know."""
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
    if item == "Product" and name in {"publish", "unpublish"}:
        return _publish(record, published=name == "publish")
    field = _field(item, name)
    if field is None:
        return False
    fields = drafts.spec.fields(item) or {}
    if field in fields and field not in {"id", "version"}:
        _set(record, field, _value(drafts, action, field, name, fields[field]))
        return True
    return item == "Product" and _data(drafts, record, field, name, action)


def _field(item: str, name: str) -> str | None:
    for verb in _VERBS:
        rest = name.removeprefix(verb)
        if rest != name and rest[:1].isupper():
            field = rest[0].lower() + rest[1:]
            return _RENAMED.get((item, field), field)
    return None


def _value(drafts: Drafts, action: Mapping[str, Any], field: str, name: str, kind: str) -> Any:
    """Return the new value: the action's entry of the field's name, or its only entry, or nothing."""
    given = {key: value for key, value in action.items() if key not in {"action", "staged"}}
    if field in given:
        value = given[field]
    elif len(given) == 1:
        value = next(iter(given.values()))
    else:
        value = given or None
    if value is None:
        if kind.endswith("!"):
            raise invalid_input(f"Malformed parameter: actions: The action '{name}' needs a value for '{field}'.")
        return None
    return drafts.complete(value, kind)


def _set(value: dict[str, Any], field: str, new: Any) -> None:
    if new is None:
        value.pop(field, None)
    else:
        value[field] = new


def _custom(drafts: Drafts, action: Mapping[str, Any]) -> Any:
    if action.get("type") is None:
        return None
    return drafts.complete({"type": action["type"], "fields": action.get("fields") or {}}, "CustomFields")


def _publish(record: dict[str, Any], *, published: bool) -> bool:
    master = record["masterData"]
    master["published"] = published
    if published:
        master["current"] = master["staged"]
        master["hasStagedChanges"] = False
    return True


def _data(drafts: Drafts, record: dict[str, Any], field: str, name: str, action: Mapping[str, Any]) -> bool:
    """Set a field of a product's data: staged only, or current too when the action says so."""
    fields = drafts.spec.fields("ProductData") or {}
    if field not in fields:
        return False
    master = record["masterData"]
    value = _value(drafts, action, field, name, fields[field])
    _set(master["staged"], field, value)
    if action.get("staged") is False:
        _set(master["current"], field, value)
    master["hasStagedChanges"] = master["staged"] != master["current"]
    return True
