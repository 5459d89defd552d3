"""The files of a dbt project over a DuckDB database that `sync` wrote. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commercetools_source.report.dbt.marts import MARTS, MODULAR
from commercetools_source.report.dbt.sources import DATABASE, sources_file, text, unique_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from commercetools_source.model.relation import Relation
    from commercetools_source.report.dbt.marts import Mart

__all__ = ["SIGN", "project_files"]

SIGN = "written by commercetools-source schema --dbt"
"""What the first line of each file says: files without it are not ours to replace."""

_PROJECT = """\
name: commercetools
version: "1.0"
profile: commercetools
require-dbt-version: ">=1.10.6"  # the first whose tests take `arguments`
models:
  commercetools:
    marts:
      +materialized: table
vars:
  language: en  # of names, where a text has several
  modular: IS_MODULAR  # whether the stream variants is read: those of the Modular catalog model
"""

# Models go to a file of their own, so that nothing of dbt's is ever in the file that `sync` writes.
_PROFILES = f"""\
# The shop's file is only read. While dbt has it open no `sync` can write it: let `sync --publish` make a copy after
# each run, and name that one in the variable SHOP.
commercetools:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{{{ env_var('MARTS', 'marts.duckdb') }}}}"
      # As the shop's file: DuckDB 2 else makes a file that earlier versions, and their command, cannot open.
      config_options:
        storage_compatibility_version: v1.4.0
      attach:
        - path: SHOP_PATH
          alias: {DATABASE}
          read_only: true
"""

_UNIQUE_ROWS = """\
-- A test of a key of several columns: the rows that it finds are values that occur more than once.
{% test unique_rows(model, columns) %}

select {{ columns | join(', ') }}, count(*) as occurrences
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
"""


def project_files(relations: Mapping[str, Relation], shop: str) -> dict[str, str]:
    """Return the text of each file of the project by its path, slashes between folders.

    It has the marts that can be computed from `relations` alone. `shop` is the DuckDB database, unless the
    variable SHOP of the environment names another.
    """
    marts = _computable(relations)
    files = {
        "dbt_project.yml": _PROJECT.replace("IS_MODULAR", "true" if set(relations) >= MODULAR else "false"),
        "profiles.yml": _PROFILES.replace("SHOP_PATH", _shop_path(shop)),
        "macros/unique_rows.sql": _UNIQUE_ROWS,
        "models/sources.yml": sources_file(relations),
    }
    if marts:
        files["models/marts/marts.yml"] = _marts_file(marts)
        files |= {f"models/marts/{mart.name}.sql": mart.sql for mart in marts}
    return {path: f"{'--' if path.endswith('.sql') else '#'} {SIGN}\n{body}" for path, body in files.items()}


def _shop_path(shop: str) -> str:
    """Return what stands for the shop's file: an expression of Jinja, as a text of YAML."""
    escaped = shop.replace("\\", "\\\\").replace("'", "\\'")
    return text(f"{{{{ env_var('SHOP', '{escaped}') }}}}")


def _computable(relations: Collection[str]) -> list[Mart]:
    """Return the marts whose relations, and those of the marts that they read, are all there."""
    chosen: dict[str, Mart] = {}
    for mart in MARTS:
        if mart.sources() <= set(relations) and mart.marts() <= chosen.keys():
            chosen[mart.name] = mart
    return list(chosen.values())


def _marts_file(marts: Collection[Mart]) -> str:
    return "\n".join(["version: 2", "models:", *(line for mart in marts for line in _model(mart))]) + "\n"


def _model(mart: Mart) -> Iterator[str]:
    yield f"  - name: {mart.name}"
    yield f"    description: {text(mart.description)}"
    yield from unique_rows(mart.key, "    ")
    yield "    columns:"
    for name, description in mart.columns.items():
        yield f"      - name: {name}"
        yield f"        description: {text(description)}"
        if name in mart.required:
            yield "        data_tests: [not_null]"
