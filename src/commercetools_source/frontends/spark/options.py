"""The options of a read, which Spark hands over as texts: checked as a whole, each mistake in one sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from commercetools_source.catalog.streams import find
from commercetools_source.config.settings import SETTINGS
from commercetools_source.config.values import is_blank, shown
from commercetools_source.errors import ConfigError
from commercetools_source.errors.suggestion import suggestion
from commercetools_source.frontends.spark.partitions import Cluster
from commercetools_source.frontends.spark.reading import relation_of
from commercetools_source.frontends.spark.schema import chosen, column_types
from commercetools_source.frontends.words import SPARK
from commercetools_source.model.relations import all_relations
from commercetools_source.sync.transfer import predicates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config

__all__ = ["OPTIONS", "Options", "read_options"]

OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "stream": "The stream to read, such as `orders`. Needed, unless `relation` is given.",
        "relation": "A relation of the model, such as `order_line_items`, not the records. Needs DuckDB.",
        "columns": "Columns to read, separated by commas; by default all.",
        "nested": "`json`: nested values are JSON text; `variant`: they are VARIANT. By default `json`.",
        "where": "A predicate of the API's query language that the records must fulfil.",
        "slots": "Partitions that are read at once, among which `concurrency` is shared out.",
        "partitions": "How many partitions there shall be.",
        "pushdown": "`true`: filters on the key and on times are sent to the platform. Spark must allow it.",
        "deletions": "`false`: a streaming read looks for no deletions. By default `true`.",
        "max_rows": "Records that one batch of a streaming read has at most.",
    }
)
"""What each option besides the settings means; Spark ignores case in their names."""

T = TypeVar("T")
_MOST_DIGITS = 18
_SWITCHES = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Options:
    """What a read asks for. `types`: the DuckDB types of its columns by name, in their order."""

    stream: Stream
    config: Config
    types: Mapping[str, str]
    relation: str | None
    variant: bool
    where: tuple[str, ...]
    cluster: Cluster
    pushdown: bool
    deletions: bool
    max_rows: int | None


def read_options(
    options: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    slots: int | None = None,
    pushdown: bool = False,
    ignore_unknown: bool = False,
) -> Options:
    """Return checked options; settings that are not among them come from the `CTP_*` variables of `environ`.

    `slots`, `pushdown`: what counts where the options do not say. Raises ConfigError that names every mistake.
    """
    # Blank options count as not given: a notebook's widgets hand over empty texts.
    given = {name.lower(): value for name, value in options.items() if not is_blank(value)}
    checks = _Checks(given)
    if not ignore_unknown:
        checks.problems += [_unknown(name) for name in given if name not in OPTIONS and name not in SETTINGS]
    config = checks.attempt(
        lambda: SPARK.config_over(environ, {name: value for name, value in given.items() if name in SETTINGS})
    )
    stream = checks.attempt(lambda: _stream(given))
    types = None if stream is None else checks.attempt(lambda: _types(stream, given))
    where = None if stream is None else checks.attempt(lambda: _where(stream, given))
    slots, count, max_rows = checks.whole("slots", slots), checks.whole("partitions"), checks.whole("max_rows")
    variant = checks.one_of("nested", {"json": False, "variant": True}, default=False)
    pushdown = checks.one_of("pushdown", _SWITCHES, default=pushdown)
    deletions = checks.one_of("deletions", _SWITCHES, default=True)
    # All mistakes in one error: a cluster takes minutes to come back with the next one.
    if checks.problems or config is None or stream is None or types is None or where is None:
        raise ConfigError(checks.problems)
    return Options(
        stream=stream,
        config=config,
        types=types,
        relation=given.get("relation"),
        variant=variant,
        where=where,
        cluster=Cluster(slots, count),
        pushdown=pushdown,
        deletions=deletions,
        max_rows=max_rows,
    )


class _Checks:
    """Collects what is wrong with the options."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.problems: list[str] = []
        self._given = given

    def attempt(self, check: Callable[[], T]) -> T | None:
        """Return what `check` returns, None if it raises ConfigError."""
        try:
            return check()
        except ConfigError as error:
            self.problems += error.problems
            return None

    def whole(self, name: str, default: int | None = None) -> int | None:
        """Return a number from 1 on."""
        text = self._given.get(name)
        if text is None:
            return default
        # Of more digits Python makes no number, and none can be meant.
        if text.strip().isdecimal() and len(text) <= _MOST_DIGITS and int(text) > 0:
            return int(text)
        self.problems.append(f"{name} is {shown(text)}; it must be a whole number from 1 on")
        return None

    def one_of(self, name: str, values: Mapping[str, bool], *, default: bool) -> bool:
        """Return what a word of `values` means."""
        text = self._given.get(name)
        if text is None:
            return default
        if (word := text.strip().lower()) in values:
            return values[word]
        self.problems.append(f"{name} is {shown(text)}; it must be {' or '.join(values)}")
        return default


def _stream(given: Mapping[str, str]) -> Stream:
    name = given.get("stream")
    if name is not None:
        return find(name)
    relation = all_relations().get(given.get("relation", ""))
    if relation is not None:
        return find(relation.stream)
    if "relation" in given:
        hint = suggestion(given["relation"], all_relations(), "`commercetools-source schema` lists all")
        raise ConfigError(f"there is no relation {given['relation']!r}; {hint}")
    raise ConfigError("stream is missing; name one, for example .option('stream', 'orders')")


def _types(stream: Stream, given: Mapping[str, str]) -> dict[str, str]:
    relation = relation_of(given["relation"], stream) if "relation" in given else None
    types = column_types(stream, relation)
    if "columns" not in given:
        return types
    names = [name.strip() for name in given["columns"].split(",") if name.strip()]
    if not names:
        raise ConfigError(f"columns is {shown(given['columns'])}, which names none; name some, or leave it out for all")
    return chosen(types, names)


def _where(stream: Stream, given: Mapping[str, str]) -> tuple[str, ...]:
    pairs = {stream.name: given["where"]} if "where" in given else {}
    return tuple(text for _, text in predicates(pairs, [stream]))


def _unknown(name: str) -> str:
    legal = [*OPTIONS, *SETTINGS]
    hint = suggestion(name, legal, f"the options are {', '.join(legal)}")
    return f"{shown(name)} is no option; {hint}"
