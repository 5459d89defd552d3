"""Changes of data: create, update, delete for every collection, with versions, times and Messages.

The HTTP side takes drafts and update actions; the in-process side takes plain records and changed fields.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.sandbox.changes import catalog, derived
from commercetools_source.sandbox.changes.actions import apply_actions
from commercetools_source.sandbox.changes.assembly import FIXED, Assembly, check_version
from commercetools_source.sandbox.changes.checks import Checks
from commercetools_source.sandbox.changes.defaults import refuse_lost, refuse_underived
from commercetools_source.sandbox.changes.drafts import Drafts
from commercetools_source.sandbox.changes.history import History
from commercetools_source.sandbox.changes.journal import Journal
from commercetools_source.sandbox.changes.published import accepted
from commercetools_source.sandbox.changes.unique import exists, refuse_referenced
from commercetools_source.sandbox.changes.validation import Rules, validate
from commercetools_source.sandbox.data.project import refuse_illegal
from commercetools_source.sandbox.platform.clock import parse_time, write_time
from commercetools_source.sandbox.platform.endpoints import CHILDREN, CONTAINER, IMPORT
from commercetools_source.sandbox.platform.ids import new_id
from commercetools_source.sandbox.platform.refusals import invalid_input, not_found, refuse
from commercetools_source.sandbox.platform.request import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    from commercetools_source.sandbox.data.project import Project
    from commercetools_source.sandbox.platform.clock import Clock
    from commercetools_source.sandbox.platform.endpoints import Route
    from commercetools_source.sandbox.platform.oauth import Authorization
    from commercetools_source.sandbox.platform.request import Request

__all__ = ["Writer", "item_of"]

_TIMES = ("createdAt", "lastModifiedAt")
# https://docs.commercetools.com/api/general-concepts: data erasure, which is what a deletion is here in any case
_OF_DELETE = frozenset({"version", "dataErasure"})
_AUTHORS = ("createdBy", "lastModifiedBy")
_TYPE_IDS = {
    "/inventory": "inventory-entry",
    "/custom-objects": "key-value-document",
    "/categories": "category",
    "/orders/edits": "order-edit",
    "/product-tailoring": "product-tailoring",
    "/tax-categories": "tax-category",
    "/recurrence-policies": "recurrence-policy",
}


def item_of(project: Project, path: str) -> str:
    """Return the type of the records at a path."""
    return str(project.spec.endpoints[path]["item"])


def _type_id(path: str) -> str:
    # Most type ids are the collection in the singular; the others are in the table above.
    return _TYPE_IDS.get(path) or path.rpartition("/")[2].removesuffix("s")


class Writer:
    """Changes one project."""

    def __init__(self, project: Project, clock: Clock, random: Random, authorization: Authorization) -> None:
        self.project = project
        self.clock = clock
        self.random = random
        self.authorization = authorization
        self.accepted = accepted()
        self.rules = Rules(self.accepted.types, partial(exists, project), self._languages)
        self.drafts = Drafts(project, clock, random)
        self.exact = Drafts(project, clock, random, exact=True)
        self.assembly = Assembly(project, clock, random)
        self.checks = Checks(project, self.rules, self.exact, self.assembly)
        self.journal = Journal(project, self.drafts)
        self.history = History(project, clock)

    def write(self, request: Request, route: Route, client_id: str) -> Response:
        """Return the response to a POST or DELETE; raises the platform's errors."""
        path, parent = self._place(route)
        unknown = request.parameters.keys() - (_OF_DELETE if request.method == "DELETE" else frozenset())
        if unknown:
            raise invalid_input(f"The sandbox has no parameter '{min(unknown)}' for {request.method}; leave it out.")
        if request.method == "DELETE":
            record = self._record_of(route)
            # Before it looks at references: who has an old version must read again in any case.
            check_version(str(record["id"]), request.version(), record)
            refuse_referenced(self.project, _type_id(path), str(record["id"]))
            return _response(200, self.delete(path, str(record["id"]), parent))
        draft = request.object()
        if route.selector is not None or path == "/":
            return _response(200, self._act(path, parent, self._record_of(route), draft, client_id))
        # https://docs.commercetools.com/api/projects/customers: a sign-up answers with the customer inside an object.
        if path == "/customers":
            return _response(201, {"customer": self._create(path, parent, draft, client_id, route)})
        return _response(201, self._create(path, parent, draft, client_id, route))

    def _place(self, route: Route) -> tuple[str, str]:
        """Return collection and parent of a route; raises a 404 when the parent does not exist."""
        # A parent that does not exist is a 404 of the parent, not an empty list.
        self.project.of_route(route)
        path = "/custom-objects" if route.endpoint.collection == CONTAINER else route.endpoint.collection
        values = route.values
        return path, f"{values['associateId']}/{values['businessUnitKey']}" if path in CHILDREN else ""

    def _record_of(self, route: Route) -> dict[str, Any]:
        collection, _ = self.project.of_route(route)
        if route.selector is None:
            return next(iter(collection)).decoded()
        field, value = route.selector
        record = collection.get(value) if field == "id" else collection.find(field, value)
        fields = None if record is None else record.decoded()
        # In a store only its own records are there, whatever id is asked for.
        if fields is None or (route.store is not None and not derived.within(fields, route.store)):
            raise not_found(value, "ID" if field == "id" else "key")
        return fields

    def _act(
        self, path: str, parent: str, record: dict[str, Any], body: Mapping[str, Any], client_id: str
    ) -> dict[str, Any]:
        version, actions = body.get("version"), body.get("actions")
        # Of more than these two, such as the dry run of an order edit, a client has to hear that nothing comes.
        refuse_lost(body, {"version": version, "actions": actions})
        # In Python true is a number.
        if not isinstance(version, int) or isinstance(version, bool) or not isinstance(actions, list):
            raise refuse(400, "InvalidJsonInput", "Request body does not contain valid JSON.")
        check_version(str(record.get("id", record.get("key"))), version, record)
        # An update without actions changes nothing, and the version stays.
        if not actions:
            return record
        self._validate_actions(path, actions)
        if path == "/carts":
            derived.refuse_closed(record)
        changed = apply_actions(self.exact, record, item_of(self.project, path), actions)
        changed = self.checks.fitted(path, changed, record)
        if path == "/tax-categories":
            changed = catalog.rated(changed, lambda: new_id(self.random))
        if path == "/reviews" and changed.get("state") != record.get("state"):
            changed = derived.counted(changed, self.assembly.found("/states", changed["state"]))
        self.checks.refuse(path, parent, changed, record)
        if path == "/inventory":
            changed = derived.stocked(changed, record)
        if path == "/categories" and changed.get("parent") != record.get("parent"):
            changed = self._moved(record, changed)
        if path == "/business-units" and changed.get("parentUnit") != record.get("parentUnit"):
            changed = self._regrouped(changed)
        changed |= self._by(("lastModifiedBy",), path, client_id)
        return self._store(path, parent, record, changed)

    def _moved(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        """Return a category below its new parent, and move all that are below it."""
        moved = derived.below_parent(new, self._parent_of(new))
        length = len(old.get("ancestors", ()))
        for record in self.project.collection("/categories"):
            below = record.decoded()
            if any(ancestor["id"] == old["id"] for ancestor in below.get("ancestors", ())):
                # Their own ancestors below the one that was moved stay; what is above it is replaced.
                ancestors = [*moved["ancestors"], *below["ancestors"][length:]]
                self._store("/categories", "", below, {**below, "ancestors": ancestors})
        return moved

    def _regrouped(self, unit: Mapping[str, Any]) -> dict[str, Any]:
        """Return a business unit with the unit that is now at its top, and give it to all that are below it."""
        if unit["unitType"] == "Company":
            raise invalid_input(f"The business unit '{unit['key']}' is a Company, which has no parent unit.")
        units = [record.decoded() for record in self.project.collection("/business-units")]
        below = derived.units_below(units, unit["key"])
        if unit["parentUnit"]["key"] in {unit["key"], *(other["key"] for other in below)}:
            raise invalid_input(f"The business unit '{unit['key']}' cannot be below itself.")
        moved = derived.below_unit(unit, self.assembly.found("/business-units", unit["parentUnit"]))
        for other in below:
            self._store("/business-units", "", other, {**other, "topLevelUnit": moved["topLevelUnit"]})
        return moved

    def _parent_of(self, category: Mapping[str, Any]) -> dict[str, Any] | None:
        reference = category.get("parent") or {}
        parent = self.project.collection("/categories").get(str(reference.get("id")))
        return None if parent is None else parent.decoded()

    def _validate_actions(self, path: str, actions: list[Any]) -> None:
        """Raise a 400 for an action that records of the path do not have, or that is not as the contract says."""
        known = self.accepted.actions(path)
        for number, action in enumerate(actions):
            name = action.get("action") if isinstance(action, dict) else None
            if not isinstance(name, str):
                raise invalid_input("Malformed parameter: actions: Every action needs the field 'action'.")
            if name not in known:
                raise invalid_input(f"Malformed parameter: actions: There is no action '{name}' for records of {path}.")
            validate(self.rules, action, known[name], f"actions[{number}]")

    def _create(self, path: str, parent: str, draft: dict[str, Any], client_id: str, route: Route) -> dict[str, Any]:
        template, store = route.endpoint.template, route.store
        # In a store drafts are those of the project; an import has one of its own.
        expected = self.accepted.draft(template if template == IMPORT else path)
        if expected is None:
            raise invalid_input(f"The platform creates nothing at {path}.")
        validate(self.rules, draft, expected)
        if path == "/custom-objects":
            return self._custom_object(draft, client_id)
        asked = self.assembly.assemble(path, template, self.checks.custom(draft), store)
        done = self.exact.complete(_free(asked.fields), item_of(self.project, path))
        refuse_lost(_free(asked.sent), done)
        done = self._finished(path, _free(done))
        refuse_underived(done)
        self.checks.refuse(path, parent, done)
        if path == "/api-clients":
            self._register(done)
        created = self.create(path, done | self._by(_AUTHORS, path, client_id), parent, imported=template == IMPORT)
        # In one step with the record: nobody may order the same cart twice, or ask for what it refers to in vain.
        for other, fields in asked.beside:
            self.create(other, fields | self._by(_AUTHORS, other, client_id))
        if asked.cart is not None:
            self._store("/carts", "", asked.cart, derived.ordered(asked.cart))
        return created

    def _finished(self, path: str, record: dict[str, Any]) -> dict[str, Any]:
        """Return a new record with what is worked out of all its fields."""
        record = self.checks.fitted(path, record)
        if path == "/inventory":
            return derived.stocked(record)
        return derived.below_parent(record, self._parent_of(record)) if path == "/categories" else record

    def _register(self, client: dict[str, Any]) -> None:
        """Let a client made over the API in; only this once its secret is told."""
        from commercetools_source.sandbox.platform.oauth import DEFAULT_LIFETIME, ApiClient

        client |= {"id": f"{self.random.getrandbits(96):024x}", "secret": f"{self.random.getrandbits(128):032x}"}
        lifetime = int(client.get("accessTokenValiditySeconds") or DEFAULT_LIFETIME)
        scopes = tuple(str(client.get("scope", "")).split())
        self.authorization.add(ApiClient(client["id"], client["secret"], scopes, lifetime))

    def _custom_object(self, draft: dict[str, Any], client_id: str) -> dict[str, Any]:
        container, key = draft["container"], draft["key"]
        # A POST creates or replaces: https://docs.commercetools.com/api/projects/custom-objects
        old = self.project.view(CONTAINER, container).find("key", key)
        value = derived.without_nulls(draft["value"])
        if old is None:
            fields = {"container": container, "key": key, "value": value}
            return self.create("/custom-objects", fields | self._by(_AUTHORS, "/custom-objects", client_id))
        record = old.decoded()
        if "version" in draft:
            check_version(record["id"], draft["version"], record)
        changed = {**record, "value": value, **self._by(("lastModifiedBy",), "/custom-objects", client_id)}
        return self._store("/custom-objects", "", record, changed)

    def _languages(self) -> Sequence[str]:
        languages: Sequence[str] = next(iter(self.project.collection("/"))).decoded().get("languages", ())
        return languages

    def _by(self, names: tuple[str, ...], path: str, client_id: str) -> dict[str, Any]:
        fields = self.project.spec.fields(item_of(self.project, path)) or {}
        return {name: {"clientId": client_id, "isPlatformClient": False} for name in names if name in fields}

    def create(
        self, path: str, value: Mapping[str, Any], parent: str = "", *, imported: bool = False
    ) -> dict[str, Any]:
        """Store a new record and return it: what its type requires and `value` lacks is filled, the rest kept.

        Raises ConfigError for a custom object that the platform cannot have.
        """
        if path == "/custom-objects":
            # A key of its own, because two objects of a container cannot have the same one.
            value = {"container": "container", "key": new_id(self.random), **value}
            refuse_illegal(value)
        item = item_of(self.project, path)
        fields = self.project.spec.fields(item) or {}
        now = write_time(self.clock.now())
        record: dict[str, Any] = {}
        if "id" in fields:
            record["id"] = value.get("id") or new_id(self.random)
        if "version" in fields:
            record["version"] = value.get("version", 1)
        created = _time(value.get("createdAt")) or now
        # Never before the creation, even where a test gives that in the future.
        times = {"createdAt": created, "lastModifiedAt": _time(value.get("lastModifiedAt")) or max(now, created)}
        record |= {name: time for name, time in times.items() if name in fields}
        record |= {name: field for name, field in value.items() if name not in record}
        done = self.drafts.complete(record, item)
        # `value` wins over what was completed: a test may store what the platform would refuse.
        record |= {name: field for name, field in done.items() if name not in record}
        self.project.collection(path, parent).put(self.project.record(path, msgspec.json.encode(record)))
        if "id" in record and path not in {"/messages", "/"}:
            self.journal.created(item, _type_id(path), record, imported=imported)
            self.history.created(_type_id(path), record)
        return record

    def update(
        self, path: str, identifier: str, changes: Mapping[str, Any] | None = None, parent: str = ""
    ) -> dict[str, Any]:
        """Set fields (dotted paths; None removes) and return the record; version and lastModifiedAt move.

        Raises ConfigError when there is no such record.
        """
        old = self._existing(path, identifier, parent)
        # A deep copy: `old` is needed to find what changed.
        new: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(old))
        changes = changes or {}
        if changes.get("id", identifier) != identifier:
            raise ConfigError(f"The id of record {identifier!r} cannot be changed; create another record.")
        for dotted, value in changes.items():
            _set(new, dotted.split("."), value)
        # Which fields were given: one that a test sets itself, such as lastModifiedAt, must not be moved on.
        return self._store(path, parent, old, new, given=changes)

    def delete(self, path: str, identifier: str, parent: str = "") -> dict[str, Any]:
        """Remove a record and return it as it was; raises ConfigError when there is none."""
        old = self._existing(path, identifier, parent)
        if "id" in old and path != "/messages":
            self.journal.deleted(item_of(self.project, path), _type_id(path), old)
            self.history.deleted(_type_id(path), old)
        self.project.collection(path, parent).remove(identifier)
        return old

    def _existing(self, path: str, identifier: str, parent: str) -> dict[str, Any]:
        record = self.project.collection(path, parent).get(identifier)
        if record is None:
            raise ConfigError(f"The sandbox has no record {identifier!r} at {path}.")
        return record.decoded()

    def _store(
        self,
        path: str,
        parent: str,
        old: Mapping[str, Any],
        new: dict[str, Any],
        *,
        given: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        given = given or {}
        if path == "/custom-objects":
            refuse_illegal(new)
        if "version" in old and "version" not in given:
            # By one; the platform may take larger steps, so no client may count on this.
            new["version"] = old["version"] + 1
        if "lastModifiedAt" in old and "lastModifiedAt" not in given:
            new["lastModifiedAt"] = write_time(self.clock.now())
        for name in _TIMES:
            if name in new:
                new[name] = _time(new[name]) or old.get(name)
        self.project.collection(path, parent).put(self.project.record(path, msgspec.json.encode(new)))
        if "id" in new and path != "/messages":
            self.journal.updated(item_of(self.project, path), _type_id(path), old, new)
            self.history.updated(_type_id(path), old, new)
        return new


def _free(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without those that a record gets where it is stored."""
    return {name: value for name, value in fields.items() if name not in FIXED}


def _response(status: int, value: Mapping[str, Any]) -> Response:
    return Response(status, msgspec.json.encode(value))


def _time(value: Any) -> str | None:
    if hasattr(value, "astimezone"):
        return write_time(value)
    return parse_time(value) if isinstance(value, str) else None


def _set(value: dict[str, Any], path: list[str], new: Any) -> None:
    if not all(path):
        raise ConfigError(f"{'.'.join(path)!r} names no field; separate the names of fields by single dots.")
    *parents, last = path
    for name in parents:
        value = value.setdefault(name, {})
        if not isinstance(value, dict):
            raise ConfigError(f"The field {'.'.join(path)!r} cannot be set: {name!r} is no object.")
    if new is None:
        value.pop(last, None)
    else:
        value[last] = new
