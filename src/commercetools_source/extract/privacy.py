"""What becomes of personal data: the choice of a run, from its settings, by the contract's types and fields.

Pure. A setting names a field by its path in a stream; the choice holds for that type and field in whatever record it
lies, a Message included.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.contract import published
from commercetools_source.catalog.lazy import lazy
from commercetools_source.catalog.personal import PERSONAL
from commercetools_source.catalog.secrets import never_leaves
from commercetools_source.catalog.streams import STREAMS
from commercetools_source.config.values import Secret
from commercetools_source.errors import ConfigError
from commercetools_source.errors.suggestion import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from commercetools_source.config import Config
    from commercetools_source.extract.disguise import Watch

__all__ = [
    "CHANGE",
    "KEEP",
    "Privacy",
    "by_name",
    "is_by_name",
    "mark_of",
    "marks_in",
    "masking",
    "may_name",
    "privacy_of",
]

_SCALARS_WITHOUT_TEXT = frozenset({"bool", "int", "number", "date", "datetime", "time"})
_IDENTIFYING = frozenset({"id", "typeId", "version", "createdAt", "lastModifiedAt"})
"""Fields that tables are joined, merged and read on by, wherever they lie."""
CHANGE = "HistoryChange"
"""The type whose values may be of any field, the project's own too (https://docs.commercetools.com/api/history)."""


@dataclass(frozen=True, slots=False)
class Privacy:
    """What becomes of personal data: `mode` for the fields of the table, others for `fields` and `names`.

    `fields`: by type and field. `names`: by the name of a custom field or attribute, whoever has it. A choice is
    "keep", "drop", "hash" (HMAC-SHA256 with `key`, in hexadecimal digits), "first" and how many characters stay, or
    "mask" (another value of the same form, by `key`): no choice of a run, `masking` makes it for copies. `watching`
    sees the hashes of e-mail addresses.
    """

    mode: str = "keep"
    fields: tuple[tuple[tuple[str, str], str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    key: Secret = field(default=Secret(""))
    watching: Watch | None = None

    @property
    def keeps_all(self) -> bool:
        """Whether records stay as they are, but for secrets."""
        return self == KEEP

    @lazy
    def choices(self) -> Mapping[tuple[str, str], str]:
        """What becomes of each field that does not stay as it is, and of those that are to be kept."""
        if self.mode == "keep":
            return dict(self.fields)
        types = published().types
        # A masked text is still one to show and to search in, so free texts cost nothing.
        free = self.mode == "mask"
        usual = {pair: self.mode for pair, row in PERSONAL.items() if row.kind or (free and row.is_free_text)}
        if self.mode == "hash":  # the hash of a date fits no column of dates
            usual.update({pair: "drop" for pair in usual if types[pair[0]].fields[pair[1]].name != "string"})
        return {**usual, **dict(self.fields)}

    @lazy
    def text(self) -> str:
        """The choice as it is stored with a state, and told: the key itself only by a fingerprint."""
        named = [f"{name}.{field}={choice}" for (name, field), choice in self.fields]
        named += [f"{name}={choice}" for name, choice in self.names]
        mark = mark_of(self.key) if self.key else ""
        used = mark and "hash" in {self.mode, *(choice for _, choice in (*self.fields, *self.names))}
        return " ".join([f"{self.mode} (key {mark})" if used else self.mode, *sorted(named)])


KEEP = Privacy()
"""Everything stays as it is, but for secrets."""


def mark_of(key: Secret) -> str:
    """Return what tells a key apart from others, and is too short to try keys against."""
    return hmac.digest(key.reveal().encode(), b"commercetools-source", "sha256").hex()[:8]


def marks_in(text: str) -> frozenset[str]:
    """Return the marks of the keys of hashes in a choice as it is stored."""
    return frozenset(re.findall(r"\(key ([0-9a-f]{8})\)", text))


def privacy_of(config: Config) -> Privacy:
    """Return what the settings choose; raises ConfigError that names every field which cannot be treated so."""
    fields, names = _named(config.personal_fields)
    # An unused key leaves no trace: states with and without one are equal then.
    key = config.hash_key if "hash" in {config.personal, *fields.values(), *names.values()} else Secret("")
    return Privacy(config.personal, tuple(sorted(fields.items())), tuple(sorted(names.items())), key)


def masking(personal_fields: Iterable[str], key: Secret) -> Privacy:
    """Return the choice that masks personal data and free texts; of `personal_fields`, what a run would hash too.

    Raises ConfigError as `privacy_of`.
    """
    fields, names = _named(personal_fields)
    return Privacy("mask", _masked(fields), _masked(names), key)


def _masked(choices: Mapping[Any, str]) -> tuple[tuple[Any, str], ...]:
    return tuple(sorted((name, "mask" if choice == "hash" else choice) for name, choice in choices.items()))


def _named(personal_fields: Iterable[str]) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
    """Return the choices of the setting: by type and field, and by the name of a custom field or attribute."""
    fields: dict[tuple[str, str], str] = {}
    names: dict[str, str] = {}
    problems = []
    for path, choice in (text.split("=") for text in personal_fields):
        try:
            pairs, name = _resolved(path, choice)
        except ValueError as problem:
            # All of them in one error: a person mends the list once.
            problems.append(f"personal_fields has {path}={choice}; {problem}")
            continue
        chosen: list[tuple[dict[Any, str], Any]] = [(fields, pair) for pair in pairs]
        chosen += [(names, name)] if name else []
        for table, key in chosen:
            if table.setdefault(key, choice) != choice:
                label = key if isinstance(key, str) else ".".join(key)
                problems.append(f"personal_fields has both {label}={table[key]} and ={choice}; leave one out")
    if problems:
        raise ConfigError(problems)
    return fields, names


def is_by_name(name: str) -> bool:
    """Return whether a type has the name of a custom field or attribute in one field, and its value in another."""
    fields = published().types[name].fields
    return "name" in fields and "value" in fields and fields["value"].name == "any"


def may_name(name: str) -> bool:
    """Return whether values of the type `name` may be those of a custom field or attribute that stands beside them."""
    return name == CHANGE or is_by_name(name)


def by_name() -> Iterator[str]:
    """Yield the types in which custom fields and attributes stand under their names, or beside them."""
    for name, row in published().types.items():
        if (row.values is not None and row.values.name == "any") or is_by_name(name):
            yield name


def _resolved(path: str, choice: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return the types and fields that a path names, or the name of the custom field or attribute.

    Raises ValueError that says what is wrong.
    """
    first, *steps = path.split(".")
    types = published().types
    if first not in STREAMS and first not in types:
        raise ValueError(f"{first} is no stream{_near(first, STREAMS)}; see `commercetools-source streams`")
    name = STREAMS[first].item if first in STREAMS else first
    for position, step in enumerate(steps):
        is_last = position == len(steps) - 1
        fields = published().fields(name)
        # The contract cannot know the names of custom fields, so any is legal where one may stand.
        if (name in by_name() and step not in fields) and is_last:
            return (), step
        if step not in fields:
            within = ".".join([first, *steps[:position]])
            raise ValueError(f"{within} has no field {step}{_near(step, fields)}")
        value = fields[step]
        if is_last:
            return _checked(tuple((owner, step) for owner in _owners(name, step)), choice), ""
        name = (value.items or value.values or value).name
        if name not in types:
            raise ValueError(f"{step} has no fields")
    raise ValueError("it names no field")


def _checked(pairs: tuple[tuple[str, str], ...], choice: str) -> tuple[tuple[str, str], ...]:
    contract = published()
    for pair in pairs:
        if never_leaves(*pair):
            raise ValueError("it is a secret, which never leaves")
        if pair[1] in _IDENTIFYING or pair in set(_keys()):
            raise ValueError("it is a key: tables are joined or read on by it, so it stays as it is")
        value = contract.types[pair[0]].fields[pair[1]]
        is_text = contract.scalar(value) not in _SCALARS_WITHOUT_TEXT
        if choice not in {"keep", "drop"} and not is_text:
            raise ValueError("it is no text, so it can only be kept or dropped")
    return pairs


def _owners(name: str, step: str) -> Iterator[str]:
    """Yield the type, if it has the field itself, and those of its variants that have it."""
    row = published().types[name]
    if step in row.fields:
        yield name
    # Each type once: several tags may stand for one variant.
    for variant in dict.fromkeys(row.variants.values()):
        yield from _owners(variant, step)


def _keys() -> Iterator[tuple[str, str]]:
    """Yield the types and fields that identify rows, or that reads go by."""
    for stream in STREAMS.values():
        paths = [*stream.key, *stream.order, stream.tie, stream.partition, *(path for _, path in stream.derived)]
        paths += [stream.cursor] if stream.cursor else []
        yield from (pair for path in paths if path for pair in _last(stream.item, path))
        if stream.parents is not None and stream.parents.source in STREAMS:
            source = STREAMS[stream.parents.source].item
            yield from (pair for _, path in stream.parents.fields for pair in _last(source, path))


def _last(name: str, path: str) -> Iterator[tuple[str, str]]:
    *steps, last = path.split(".")
    for step in steps:
        value = published().fields(name).get(step)
        if value is None:
            return
        name = (value.items or value.values or value).name
    if name in published().types:
        yield from ((owner, last) for owner in _owners(name, last))


def _near(word: str, legal: Iterable[str]) -> str:
    meant = suggestion(word, legal)
    return meant and f"; {meant}"
