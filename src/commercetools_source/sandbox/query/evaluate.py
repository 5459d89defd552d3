"""A predicate's meaning: tree and type to a function that says whether a record matches.

Records are plain decoded JSON. Field names are checked against the published types, times are compared as
times, and ids in the platform's order.
"""

from __future__ import annotations

import operator
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from commercetools_source.sandbox.contract import element, is_array
from commercetools_source.sandbox.platform.clock import parse_time
from commercetools_source.sandbox.platform.ids import order_key
from commercetools_source.sandbox.platform.refusals import malformed
from commercetools_source.sandbox.query.nodes import (
    And,
    Compare,
    Contains,
    Defined,
    Empty,
    In,
    Loose,
    Matches,
    Nested,
    Node,
    Not,
    Or,
    Within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from commercetools_source.sandbox.platform.spec import Spec

    Matcher = Callable[[Any], bool]

__all__ = ["Evaluator", "top_fields"]

_Leaf = Nested | Compare | In | Contains | Empty | Defined | Within | Matches

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERING = frozenset({"<", "<=", ">", ">="})
_NUMBERS = frozenset({"int", "number"})
_TEXTS = frozenset({"string", "date", "time"})
_PLACES = frozenset({"GeoJson", "GeoJsonPoint"})
# metres
_EARTH_RADIUS = 6_371_000
_PAIR = 2
_CANONICAL_LENGTH = 24


def top_fields(node: Node) -> frozenset[str]:
    """Return the fields of the record itself that the predicate looks at."""
    if isinstance(node, (And, Or)):
        return frozenset().union(*map(top_fields, node.conditions))
    if isinstance(node, Not):
        return top_fields(node.condition)
    return frozenset({node.field})


class Evaluator:
    """Makes matchers for records of one type; `parameter` is named in refusals."""

    def __init__(self, spec: Spec, parameter: str = "where") -> None:
        self.spec = spec
        self.parameter = parameter

    def matcher(self, node: Node, expression: str) -> Matcher:
        """Return the function that says whether an object of the type matches.

        `node` has no variables left. Raises a 400 for unknown fields, for values that cannot be of the field's
        type, and for attributes without name and value.
        """
        if isinstance(node, And):
            # Made once for all records: names and types are looked up here, and not for each of them.
            matchers = [self.matcher(condition, expression) for condition in node.conditions]
            return lambda item: all(matches(item) for matches in matchers)
        if isinstance(node, Or):
            matchers = [self.matcher(condition, expression) for condition in node.conditions]
            return lambda item: any(matches(item) for matches in matchers)
        if isinstance(node, Not):
            inner = self.matcher(node.condition, expression)
            return lambda item: not inner(item)
        field_type = self.spec.field(expression, node.field)
        if field_type is None:
            raise malformed(self.parameter, f"The field '{node.field}' does not exist.")
        name, test = node.field, self._test(node, field_type)
        # Of an item that is no object a field is missing, and `is not defined` holds.
        return lambda item: test(item.get(name) if isinstance(item, dict) else None)

    def _test(self, node: _Leaf, field_type: str) -> Matcher:
        """Return the function that says whether the field's value, None when it has none, passes."""
        self._check_form(node, field_type)
        if isinstance(node, Nested):
            return self._nested(node, field_type)
        if isinstance(node, Compare):
            return self._compare(node.field, node.op, node.value, field_type)
        if isinstance(node, In | Contains):
            equal = [self._compare(node.field, "=", value, field_type) for value in node.values]
            return self._in(node, field_type, equal) if isinstance(node, In) else _contains(node, equal)
        return _of_value(node)

    def _check_form(self, node: Node, field_type: str) -> None:
        """Raise a 400 for a test that no value of the type can pass: it would match nothing, unnoticed."""
        scalar = self.spec.scalar(field_type)
        if isinstance(node, Contains | Empty) and not is_array(field_type) and scalar != "any":
            form = "list"
        elif isinstance(node, Within) and element(field_type) not in _PLACES and scalar != "any":
            form = "place"
        elif isinstance(node, Matches) and scalar not in {"string", "any"}:
            form = "text"
        else:
            return
        raise malformed(self.parameter, f"The field '{node.field}' is no {form} ({scalar}).")

    def _in(self, node: In, field_type: str, equal: Sequence[Matcher]) -> Matcher:
        if self.spec.scalar(field_type) in _TEXTS and not is_array(field_type):
            # Clients send hundreds of ids in one `in`: a set is looked up once, not compared one by one.
            texts = frozenset(map(str, node.values))
            if node.negated:
                return lambda value: not isinstance(value, str) or value not in texts
            return lambda value: isinstance(value, str) and value in texts
        if node.negated:
            return lambda value: not any(test(value) for test in equal)
        return lambda value: any(test(value) for test in equal)

    def _nested(self, node: Nested, field_type: str) -> Matcher:
        # https://docs.commercetools.com/api/predicates/query: attributes are matched by name and value together.
        if element(field_type) == "Attribute" and not top_fields(node.condition) >= {"name", "value"}:
            raise malformed(self.parameter, "A predicate on Attributes must name both 'name' and 'value'.")
        inner, array = self.matcher(node.condition, field_type), is_array(field_type)

        def test(value: Any) -> bool:
            if isinstance(value, list):
                return any(inner(item) for item in value)
            # An absent object may match by `is not defined` of a field inside; an absent array has no item to match.
            return inner(value) if value is not None or not array else False

        return test

    def _compare(self, field: str, op: str, value: Any, field_type: str) -> Matcher:
        enum_values = self.spec.values(field_type)
        if enum_values and isinstance(value, str) and value not in enum_values:
            # Enumerations are checked by the platform too: a misspelt state would match nothing, unnoticed.
            raise malformed(self.parameter, f"Invalid enum value for {element(field_type)}: {value}")
        operand = self._operand(field, value, self.spec.scalar(field_type))
        test = _comparison(op, operand, self.spec.scalar(field_type), by_id=field == "id" and op in _ORDERING)
        if op == "!=":
            # Of an array no item may be equal, so the items are tested by `=` and the result is negated.
            equal = _any_item(_comparison("=", operand, self.spec.scalar(field_type), by_id=False))
            return lambda stored: not equal(stored)
        return _any_item(test)

    def _operand(self, field: str, value: Any, scalar: str) -> Any:
        """Return the value in the form of the field's; raises a 400 when it cannot be one."""
        if scalar == "datetime":
            time = parse_time(value) if isinstance(value, str) else None
            if time is not None:
                return time
        elif scalar in _NUMBERS:
            number = _as_number(value) if isinstance(value, Loose) else value
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                return number
        elif scalar == "bool":
            if isinstance(value, bool) or (isinstance(value, Loose) and value in {"true", "false"}):
                return value is True or value == "true"
        elif scalar != "object" and (scalar not in _TEXTS or isinstance(value, str)):
            return value
        raise malformed(self.parameter, f"The value {_quoted(value)} does not fit the field '{field}' ({scalar}).")


def _contains(node: Contains, equal: Sequence[Matcher]) -> Matcher:
    chosen = all if node.every else any
    return lambda value: chosen(test(value) for test in equal)


def _of_value(node: Empty | Defined | Within | Matches) -> Matcher:
    """Return the test of what does not depend on the field's type."""
    if isinstance(node, Within):
        return lambda value: _within(value, node)
    if isinstance(node, Matches):
        folded = str(node.text).casefold()
        return _any_item(lambda value: isinstance(value, str) and value.casefold() == folded)
    if isinstance(node, Empty):
        return _is_filled if node.negated else _is_empty
    return _is_missing if node.negated else _is_there


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {})


def _is_filled(value: Any) -> bool:
    return not _is_empty(value)


def _is_there(value: Any) -> bool:
    return value is not None


def _is_missing(value: Any) -> bool:
    return value is None


def _quoted(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _as_number(text: str) -> float | None:
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return None


def _any_item(test: Matcher) -> Matcher:
    """Return `test`, passed by an array when one of its items passes."""

    def check(value: Any) -> bool:
        return any(map(test, value)) if isinstance(value, list) else test(value)

    return check


def _comparison(op: str, operand: Any, scalar: str, *, by_id: bool) -> Matcher:
    compare = _OPERATORS[op]
    if scalar == "datetime" or (
        scalar == "any" and isinstance(operand, str) and (parsed := parse_time(operand)) is not None
    ):
        time = operand if scalar == "datetime" else parsed
        # As times: with and without milliseconds, and in any zone, one moment is equal to itself.
        return lambda value: isinstance(value, str) and compare(_stored_time(value), time)
    if isinstance(operand, Loose) and scalar == "any":
        return lambda value: _loosely(compare, value, operand)
    if by_id and isinstance(operand, str):
        key = order_key(operand)
        return lambda value: isinstance(value, str) and compare(order_key(value), key)
    if isinstance(operand, str):
        return lambda value: isinstance(value, str) and compare(value, operand)
    if isinstance(operand, bool):
        return lambda value: isinstance(value, bool) and compare(value, operand)
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and compare(value, operand)


def _stored_time(value: str) -> str:
    return value if len(value) == _CANONICAL_LENGTH and value[-1] == "Z" else parse_time(value) or value


def _loosely(compare: Callable[[Any, Any], bool], value: Any, text: str) -> bool:
    """Compare with a variable's text what may be of any type."""
    if isinstance(value, bool):
        return text in {"true", "false"} and compare(value, text == "true")
    if isinstance(value, (int, float)):
        number = _as_number(text)
        return number is not None and compare(value, number)
    return isinstance(value, str) and compare(value, str(text))


def _within(value: Any, circle: Within) -> bool:
    point = value.get("coordinates") if isinstance(value, dict) else None
    if (
        not isinstance(point, list)
        or len(point) < _PAIR
        or not all(isinstance(coordinate, (int, float)) for coordinate in point)
    ):
        return False
    east, north = radians(point[0] - circle.longitude), radians(point[1] - circle.latitude)
    # The haversine formula, which stays exact for short distances.
    share = sin(north / 2) ** 2 + cos(radians(point[1])) * cos(radians(circle.latitude)) * sin(east / 2) ** 2
    # Rounding may bring a share above 1, of which there is no root.
    return 2 * _EARTH_RADIUS * asin(min(1.0, sqrt(share))) <= circle.metres
