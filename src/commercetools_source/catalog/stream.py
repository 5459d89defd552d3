"""What a row of the catalogue says about one stream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

__all__ = ["LARGEST_OFFSET", "Paging", "Parents", "Retention", "Stream"]


LARGEST_OFFSET = 10_000
"""The API refuses larger offsets (https://docs.commercetools.com/api/general-concepts#offset)."""


class Paging(Enum):
    """How a collection is read to its end."""

    KEYSET = "keyset"
    """In the order of a field, each page from behind the last record of the one before."""

    OFFSET = "offset"
    """By counting records; the API counts to 10,000 only, so this is for collections that offer nothing else."""

    DATED = "dated"
    """By counting records inside spans of time, each of so few records that the API counts to its end."""

    SINGLE = "single"
    """One request, one record."""


@dataclass(frozen=True, slots=True)
class Parents:
    """Where the values come from that fill a path's placeholders.

    `records`: from each record of the stream `source`. `distinct`: each value that a field has in the
    collection at path `source`. `fields` pairs a placeholder with a dotted path in the record, where a
    list on the way gives one value per item; `columns` are the names under which the values are put
    into the child records ("" for those that are not).
    """

    kind: Literal["records", "distinct"]
    source: str
    fields: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days the platform keeps records, by the smallest and by the largest of its offers.

    `begin`: the API timestamp since when it keeps any.
    """

    least: int
    most: int
    begin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One collection of the API and how it is extracted.

    `path`: below the project key; of another service than the API, the service's name stands before it (`services`).
    `item`: the contract's type of a record. `key`: top-level columns that identify a row. `resource_id`: the column
    with the id of the resource that a row is, or of which it is a version.
    `order`: fields of a full read, the first one immutable, the last one unique. `cursor`: field of
    incremental reads, None if each run reads everything. `tie`: unique field that breaks ties of the
    cursor. `sort`: order asked for where paging is by offset. `partition`: field whose values divide a
    collection that is longer than offsets reach. `params`: always sent. `scopes`: of
    which any one suffices. `resource_type`: its name in references and Messages. `derived`: columns
    copied from a dotted path. `reach`: the largest offset that is taken. `retention`: None where records stay until
    somebody deletes them. `by_name`: read only where it is chosen by its name, because it asks another service.
    `data_erasure`: whether to delete a record can be asked to erase personal data with it
    (https://docs.commercetools.com/api/gdpr).
    """

    name: str
    path: str
    item: str
    scopes: tuple[str, ...]
    paging: Paging = Paging.KEYSET
    key: tuple[str, ...] = ("id",)
    resource_id: str = "id"
    order: tuple[str, ...] = ("createdAt", "id")
    cursor: str | None = "lastModifiedAt"
    tie: str = "id"
    sort: tuple[str, ...] = ()
    partition: str = ""
    params: tuple[tuple[str, str], ...] = ()
    parents: Parents | None = None
    derived: tuple[tuple[str, str], ...] = ()
    reach: int = LARGEST_OFFSET
    resource_type: str | None = None
    deleted_messages: tuple[str, ...] = ()
    retention: Retention | None = None
    by_name: bool = False
    data_erasure: bool = False
    caveat: str = ""

    @property
    def ordering(self) -> tuple[str, str]:
        """The field that a full read goes by (or is divided by) and its tie-break; "" for what there is none of."""
        if self.paging is Paging.DATED:
            return self.cursor or "", ""
        field, tie = (*(self.order or (self.partition,)), "", "")[:2]
        return field, tie
