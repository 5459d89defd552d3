"""The query language: what it reads, and the platform's words for what it cannot read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercetools_source.errors import ApiError
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
    Variable,
    Within,
    bind,
)
from commercetools_source.sandbox.query.predicate import parse

A, B = Compare("a", "=", 1), Compare("b", "=", 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('id = "x"', Compare("id", "=", "x")),
        ("a<>1", Compare("a", "!=", 1)),
        ("a != -1.5", Compare("a", "!=", -1.5)),
        ("a >= 1e3", Compare("a", ">=", 1000.0)),
        ("a = true", Compare("a", "=", value=True)),
        (r'a = "say \"hi\" \\ \u00e9"', Compare("a", "=", 'say "hi" \\ é')),
        (r'a = "\ud83d\ude00 \ud83d"', Compare("a", "=", "😀 �")),
        ("a = :v", Compare("a", "=", Variable("v"))),
        ('a in ("x", 1, :v)', In("a", ("x", 1, Variable("v")))),
        ("a in :v", In("a", (Variable("v"),))),
        ('a not in ("x")', In("a", ("x",), negated=True)),
        ('a contains any ("x", "y")', Contains("a", ("x", "y"), every=False)),
        ("a contains all (1)", Contains("a", (1,), every=True)),
        ("a is empty", Empty("a")),
        ("a is not empty", Empty("a", negated=True)),
        ("a is defined", Defined("a")),
        ("a is not defined", Defined("a", negated=True)),
        ("a within circle(13.37, -52.5, 1000)", Within("a", 13.37, -52.5, 1000)),
        ('a matches ignore case "X"', Matches("a", "X")),
        ("a = 1 and b = 2", And((A, B))),
        ("a = 1 or b = 2 and a = 1", Or((A, And((B, A))))),
        ("(a = 1 or b = 2) and a = 1", And((Or((A, B)), A))),
        ("not(a = 1)", Not(A)),
        ("NOT (a = 1) AND b = 2", And((Not(A), B))),
        ("x(y(a = 1))", Nested("x", Nested("y", A))),
        ('slug(en-US = "x")', Nested("slug", Compare("en-US", "=", "x"))),
        ('`my field` = "x"', Compare("my field", "=", "x")),
        ("notes = 1 and inner is defined", And((Compare("notes", "=", 1), Defined("inner")))),
        ("in is empty and is = 1", And((Empty("in"), Compare("is", "=", 1)))),
        ("123-456 = 1", Compare("123-456", "=", 1)),
        ("\n a =\t1 \n", A),
    ],
)
def test_a_predicate_becomes_its_tree(text: str, expected: Node) -> None:
    assert parse(text) == expected


AFTER_NAME = "SphereIdentifierChar, comparison operator, not, in, contains, is, within or matches"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("invalid", f"Unexpected end of input, expected {AFTER_NAME} (line 1, column 8):\ninvalid\n       ^"),
        ('name ilike "x"', "Invalid input 'l', expected 'n' or 's' (line 1, column 7):\nname ilike \"x\"\n      ^"),
        ("a = 1 and\nb ? 1", f"Invalid input '?', expected {AFTER_NAME[22:]} (line 2, column 3):\nb ? 1\n  ^"),
        ("a = ", "Unexpected end of input, expected '\"', number, boolean or ':' (line 1, column 5):\na = \n    ^"),
        ('a = "x', "Unexpected end of input, expected '\"' (line 1, column 7):\na = \"x\n      ^"),
        ('a in ("x" 1)', "Invalid input '1', expected comma or ')' (line 1, column 11):\na in (\"x\" 1)\n          ^"),
        ("(a = 1", "Unexpected end of input, expected ')' (line 1, column 7):\n(a = 1\n      ^"),
        ("a = 1)", "Invalid input ')', expected end of input (line 1, column 6):\na = 1)\n     ^"),
        ("", "Unexpected end of input, expected SphereIdentifierChar or not (line 1, column 1):\n\n^"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_place(text: str, problem: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse(text)
    assert caught.value.status == 400
    assert caught.value.codes == ("InvalidInput",)
    assert caught.value.problem.detail == f"Malformed parameter: where: Syntax error while parsing 'where'. {problem}"


def test_a_thousand_parentheses_are_refused_and_not_a_crash() -> None:
    with pytest.raises(ApiError, match="nested more than 100 levels"):
        parse("(" * 1000 + "a=1" + ")" * 1000)
    with pytest.raises(ApiError, match="nested more than 100 levels"):
        parse("a(" * 5000)
    assert parse("(" * 90 + "a=1" + ")" * 90) == A


def test_a_long_chain_is_no_deep_tree() -> None:
    tree = parse(" or ".join(["a = 1"] * 5000))
    assert isinstance(tree, Or)
    assert len(tree.conditions) == 5000


def test_variables_are_filled_by_name_and_lists_spread() -> None:
    node = parse("a = :one and b in :many and c in (:one, 2) and x(y > :one)")
    bound = bind(node, {"one": ["5"], "many": ["p", "q"]})
    assert bound == parse('a = "5" and b in ("p", "q") and c in ("5", 2) and x(y > "5")')
    assert isinstance(bound, And)
    assert isinstance(bound.conditions[0], Compare)
    assert isinstance(bound.conditions[0].value, Loose)


def test_a_variable_without_a_value_is_named() -> None:
    with pytest.raises(ApiError, match="variable 'missing'"):
        bind(parse("a = :missing"), {"other": ["1"]})


def outcome(text: str) -> int | None:
    try:
        parse(text)
    except ApiError as error:
        return error.status
    return None


@given(st.text(max_size=60))
def test_no_text_crashes_the_reader(text: str) -> None:
    assert outcome(text) in {None, 400}


WORDS = ["a", "id", "and", "or", "not", "in", "is", "(", ")", ",", "=", "<>", '"x"', "1", "true", ":v", "contains",
         "any", "all", "empty", "defined", "within", "circle", "matches", "ignore", "case", '"', "\\", "`"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS), max_size=20))
def test_no_sequence_of_words_crashes_the_reader(words: list[str]) -> None:
    assert outcome(" ".join(words)) in {None, 400}


names = st.from_regex(r"[A-Za-z][-_A-Za-z0-9]{0,8}", fullmatch=True)
values = st.one_of(
    st.text(max_size=8),
    st.integers(-(10**9), 10**9),
    st.booleans(),
    names.map(Variable).filter(lambda v: v.name.isalnum()),
)
many = st.lists(values, min_size=1, max_size=3).map(tuple)
leaves = st.one_of(
    st.builds(Compare, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values),
    st.builds(In, names, many, negated=st.booleans()),
    st.builds(Contains, names, many, every=st.booleans()),
    st.builds(Empty, names, negated=st.booleans()),
    st.builds(Defined, names, negated=st.booleans()),
    st.builds(Matches, names, st.text(max_size=8)),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(Nested, names, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=8,
)


def written(node: object) -> str:  # noqa: C901, PLR0911 - one line for each kind
    if isinstance(node, And | Or):
        return f" {type(node).__name__.lower()} ".join(f"({written(condition)})" for condition in node.conditions)
    if isinstance(node, Not):
        return f"not ({written(node.condition)})"
    if isinstance(node, Nested):
        return f"{node.field}({written(node.condition)})"
    if isinstance(node, Compare):
        return f"{node.field} {node.op} {written(node.value)}"
    if isinstance(node, In):
        return f"{node.field} {'not ' * node.negated}in ({', '.join(map(written, node.values))})"
    if isinstance(node, Contains):
        return f"{node.field} contains {'all' if node.every else 'any'} ({', '.join(map(written, node.values))})"
    if isinstance(node, Empty | Defined):
        return f"{node.field} is {'not ' * node.negated}{type(node).__name__.lower()}"
    if isinstance(node, Matches):
        return f"{node.field} matches ignore case {written(node.text)}"
    if isinstance(node, Variable):
        return f":{node.name}"
    if isinstance(node, str):
        return '"' + node.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(node).lower()


@given(trees)
def test_a_tree_written_down_and_read_again_is_the_same(tree: Node) -> None:
    assert parse(written(tree)) == tree
