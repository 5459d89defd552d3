"""`sources.yml`: the relations of the model as dbt's sources, with their tests. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commercetools_source.model.descriptions import describe_relation, descriptions
from commercetools_source.model.quoting import string
from commercetools_source.report.diagram import AUTHORS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from commercetools_source.model.relation import Field, Relation

__all__ = ["DATABASE", "SOURCE", "sources_file", "text", "unique_rows"]

SOURCE = "commercetools"
"""What models call the source: `source('commercetools', 'orders')`."""
DATABASE = "shop"
"""What the DuckDB database is called in dbt's connection, whatever its own name."""


def sources_file(relations: Mapping[str, Relation]) -> str:
    """Return the file of a source that has these relations: descriptions, keys, references, freshness."""
    lines = [
        "version: 2",
        "sources:",
        f"  - name: {SOURCE}",
        "    description: Live records of a commercetools project, one table for each stream and for each list inside.",
        f"    database: {DATABASE}",
        "    schema: main",
        "    config:",
        "      freshness:",
        "        warn_after: {count: 1, period: day}",
        "        error_after: {count: 3, period: day}",
        "    tables:",
    ]
    for relation in relations.values():
        lines += _table(relation, relations)
    return "\n".join(lines) + "\n"


def text(value: str) -> str:
    """Return a text as YAML: JSON's strings are double-quoted scalars (https://yaml.org/spec/1.2.2/#chapter-1)."""
    return json.dumps(value, ensure_ascii=False)


def unique_rows(columns: Collection[str], indent: str) -> list[str]:
    """Return the test of a key of several columns, for a table's `data_tests`."""
    return [
        f"{indent}data_tests:",
        f"{indent}  - unique_rows:",
        f"{indent}      arguments: {{columns: [{', '.join(columns)}]}}",
    ]


def _table(relation: Relation, relations: Mapping[str, Relation]) -> Iterator[str]:
    yield f"      - name: {relation.name}"
    yield f"        description: {text(describe_relation(relation))}"
    if relation.parent:
        # Its rows come from the records of the stream's own table, whose freshness is theirs.
        yield "        config: {freshness: null}"
    else:
        ended = f"select max(ended) from {DATABASE}.sync.run_streams where stream = {string(relation.stream)}"  # noqa: S608
        yield "        config:"
        yield f"          loaded_at_query: {text(f'{ended} and error is null')}"
    if len(relation.key) > 1:
        yield from unique_rows(relation.key, "        ")
    yield "        columns:"
    for field in relation.columns:
        yield f"          - name: {field.name}"
        yield f"            description: {text(descriptions(relation)[field.name])}"
        if tests := list(_tests(field, relation, relations)):
            yield "            data_tests:"
            yield from tests


def _tests(field: Field, relation: Relation, relations: Mapping[str, Relation]) -> Iterator[str]:
    if field.name in relation.key:
        yield "              - not_null"
        if len(relation.key) == 1:
            yield "              - unique"
    for key in relation.foreign_keys:
        # A key of several columns leads to the list above it in the same record, and holds by construction.
        if key.columns != (field.name,) or key.relation not in relations or field.name.startswith(AUTHORS):
            continue
        yield "              - relationships:"
        target = f"source('{SOURCE}', '{key.relation}')"
        yield f"                  arguments: {{to: {text(target)}, field: {key.to[0]}}}"
        if not relation.leads_up(key):
            # The platform lets a record be deleted that others still refer to.
            yield "                  config: {severity: warn}"
