"""One person forgotten in a destination: every row that is theirs emptied or taken out, and kept so by later runs."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import msgspec

from commercetools_source.catalog.streams import STREAMS
from commercetools_source.catalog.timestamps import instant
from commercetools_source.config.values import Secret
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, choice, having
from commercetools_source.errors import ConfigError, printable
from commercetools_source.extract import forgotten as persons
from commercetools_source.extract.abilities import Erasable, RunStore, Shared, open_to_read
from commercetools_source.extract.addresses import addresses_in, is_whole, unescaped
from commercetools_source.extract.disguise import hashed
from commercetools_source.extract.forgotten import Erasure, Forgotten, Person
from commercetools_source.extract.privacy import mark_of, marks_in
from commercetools_source.extract.run_record import NEWEST_RUNS, decode_run
from commercetools_source.sync.erasure import erase, left_elsewhere, search
from commercetools_source.sync.transfer import destination_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from commercetools_source.extract.checkpoint import StreamState
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.sync.erasure import Owners

__all__ = ["Forgetting", "forget"]


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What became of a person: by stream the `rows` that are theirs, and those that were `erased` now.

    Rows are counted with each version that is stored, those of a full read under way too. `left`: where something
    stays, and what must be done there.
    """

    customer: str
    rows: Mapping[str, int]
    erased: Mapping[str, int] = field(default_factory=dict)
    left: tuple[str, ...] = ()


def forget(
    destination: Destination | str | PathLike[str],
    customer: str,
    *,
    emails: Sequence[str] = (),
    rows: bool = False,
    dry_run: bool = False,
    hash_key: Secret | str = "",
) -> Forgetting:
    """Erase in `destination` all that is personal of the customer with this id, and let later runs not load it again.

    Found by the customer, by `emails` and those of the customer's records, by anonymous sessions and by references
    between records. Rows stay, without their personal values; with `rows` they are taken out. With `dry_run` nothing
    is changed. Killed at any time and repeated, it ends the same. Where personal data are hashes, `emails` are found by
    theirs, with the `hash_key` that they were made with; `left` names streams that have those of another key.
    Raises ConfigError for a destination that cannot erase, for a customer or e-mail address that can be none, and
    where hashes need another key; DestinationError; StateError.
    """
    _check(customer, emails)
    destination = destination_of(destination, stored=True)
    key = hash_key if isinstance(hash_key, Secret) else Secret(hash_key)
    if not isinstance(destination, Erasable):
        erasing = choice(having(DESTINATIONS, Ability.ERASE))
        raise ConfigError(f"{destination.name} cannot forget a person; {erasing} can")
    try:
        # Counting needs no right to write, makes no file where a name is mistyped, and keeps no run waiting.
        states = open_to_read(destination) if dry_run else destination.open()
        forgotten = persons.decode(destination.forgotten())
        if not forgotten.salt:
            forgotten = msgspec.structs.replace(forgotten, salt=secrets.token_hex(16))
        digests = tuple(map(forgotten.digest, (*emails, *_hashes(emails, states, key))))
        now = instant(datetime.now(timezone.utc))
        is_new = all(person.customer != customer for person in forgotten.persons)
        forgotten = forgotten.with_person(Person(customer=customer, time=now, rows=rows, emails=digests))
        erasure = Erasure(forgotten, customer if is_new else "")
        owners = search(destination, erasure)
        found = {each.stream.name: each.rows[customer] for each in owners if each.rows.get(customer)}
        unseen = _left_in_hashes(states, emails, forgotten)
        if dry_run:
            return Forgetting(customer, found, left=unseen)
        runs = _runs(destination)
        names = _names(destination, owners, (*emails, *_addresses(runs, states, erasure.forgotten())))
        erased = erase(destination, erasure, owners)
        _clean_runs(destination, runs, names)
        others = _left_with_others(destination)
        left = (*unseen, *_left_in_states(states, names), *others, *left_elsewhere(destination))
        destination.scrub()
        return Forgetting(customer, found, {name: count for name, count in erased.items() if count}, left)
    finally:
        destination.close()


def _check(customer: str, emails: Sequence[str]) -> None:
    if not re.fullmatch(r"[\w-]{1,256}", customer, re.ASCII):
        raise ConfigError("the customer must be named by its id, as in the column customers.id")
    if any(not re.fullmatch(r"[^@\s<>,;:]+@[^@\s<>,;:]+", email.strip()) for email in emails):
        raise ConfigError("emails (--email) must be e-mail addresses, such as ann@example.com")


def _hashes(emails: Iterable[str], states: Mapping[str, StreamState], key: Secret) -> list[str]:
    """Return what stands for e-mail addresses in streams whose personal data are hashes; [] where none are."""
    marks = frozenset[str]().union(*map(_marks, states.values()))
    if not emails or not marks:
        return []
    if not key or mark_of(key) not in marks:
        raise ConfigError(
            "personal data are hashes here, so one of emails (--email) is found by its hash only; set hash_key"
            " (CTP_HASH_KEY) to the key that they were made with"
        )
    return [text for email in emails for text in (hashed(email, key, mail=True), _looked_for(email, mark_of(key)))]


def _marks(state: StreamState) -> frozenset[str]:
    return marks_in(" ".join(part.privacy for part in (state, *state.others)))


def _filters(state: StreamState) -> str:
    """Return the predicates with which a stream was read, in each store that is held of it."""
    return unescaped(" ".join(predicate for part in (state, *state.others) for predicate in part.where))


def _looked_for(email: str, mark: str) -> str:
    """Return the entry in a person's addresses that says: hashes of `email` by the key of `mark` were searched."""
    return f"{email.strip().lower()} {mark}"


def _left_in_hashes(states: Mapping[str, StreamState], emails: Sequence[str], forgotten: Forgotten) -> tuple[str, ...]:
    """Return where an address was never looked for: streams that were read later may have hashes of a newer key."""
    done = forgotten.emails()
    others = [
        stream
        for stream, state in states.items()
        if any(forgotten.digest(_looked_for(email, mark)) not in done for email in emails for mark in _marks(state))
    ]
    if not others:
        return ()
    reason = "hashes of another key, in which no e-mail address was looked for"
    what = "forget the person again with the hash_key (CTP_HASH_KEY) that these were made with"
    return (f"{', '.join(others)}: {reason}; {what}",)


def _runs(destination: Destination) -> list[str]:
    """Return the records of runs as text, the newest last."""
    records = destination.runs(NEWEST_RUNS) if isinstance(destination, RunStore) else []
    return [msgspec.json.encode(record).decode() for record in reversed(records)]


def _addresses(runs: Sequence[str], states: Mapping[str, StreamState], forgotten: Forgotten) -> set[str]:
    """Return the forgotten persons' addresses in filters and records of runs, also once no row has them any more."""
    digests = forgotten.emails()
    texts = (*map(unescaped, runs), *map(_filters, states.values()))
    return {name for text in texts for name in addresses_in(text) if forgotten.digest(name) in digests}


def _names(destination: Erasable, owners: Iterable[Owners], emails: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds the person's e-mail addresses in a text, None if there are none."""
    customers = STREAMS["customers"]
    ids = {name for each in owners if each.stream == customers for name in each.emptied | each.removed}
    stored = (msgspec.json.decode(record) for record in destination.scan(customers, ("id", "email")))
    texts = {*emails, *(row["email"] for row in stored if row["id"] in ids and is_whole(row.get("email")))}
    found = [re.escape(text.strip()) for text in texts if text.strip()]
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _clean_runs(destination: Erasable, runs: Sequence[str], names: re.Pattern[str] | None) -> None:
    """Take e-mail addresses out of the records of runs: the error of a run may repeat a predicate."""
    if names is None or not isinstance(destination, RunStore):
        return
    for text in runs:
        if names.search(text):
            destination.write_run(decode_run(names.sub("…", text)))


def _left_in_states(states: Mapping[str, StreamState], names: re.Pattern[str] | None) -> list[str]:
    return [
        f"the filter with which {stream} was read names the person;"
        " read it anew with another one and --full (full=True)"
        for stream, state in states.items()
        if names is not None and names.search(_filters(state))
    ]


def _left_with_others(destination: Destination) -> list[str]:
    """Return which tables may have values of the person that nothing here can tell apart from others."""
    tables = destination.tables_of_others() if isinstance(destination, Shared) else ()
    if not tables:
        return []
    names, they = printable(", ".join(tables)), "them" if len(tables) > 1 else "it"
    what = f"make {they} anew, or drop {they}, and forget the person again, which clears the space that this frees"
    return [f"{names}: made by others, so nothing was erased there; {what}"]
