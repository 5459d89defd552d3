"""Times: as the API writes them, and as people type them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any, TypeAlias, overload

from commercetools_source.errors import ConfigError

__all__ = ["Time", "instant", "moment", "parse_time", "shift", "time_of"]

Time: TypeAlias = "str | date"
"""A time as a caller gives it: an API timestamp or another text as in the settings, a `datetime`, a `date`."""


def moment(text: str) -> datetime:
    """Return the UTC time that an API timestamp (`2026-01-02T03:04:05.678Z`) names.

    Raises ValueError when `text` is no timestamp.
    """
    # Before Python 3.11 fromisoformat knows no Z.
    normal = text[:-1] + "+00:00" if text.endswith("Z") else text
    parsed = datetime.fromisoformat(normal)
    return parsed.replace(tzinfo=timezone.utc) if parsed.tzinfo is None else parsed.astimezone(timezone.utc)


def instant(time: datetime) -> str:
    """Return `time` as the API writes it: UTC, milliseconds (rounded down), `Z`."""
    utc = time.astimezone(timezone.utc)
    # Not strftime, which on some systems writes the year 900 with three digits.
    return utc.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def shift(text: str, seconds: float) -> str:
    """Return the API timestamp `seconds` after `text` (before it, when negative)."""
    return instant(moment(text) + timedelta(seconds=seconds))


_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII
)


@overload
def time_of(value: Time, name: str) -> str: ...
@overload
def time_of(value: Time | None, name: str) -> str | None: ...
def time_of(value: Time | None, name: str) -> str | None:
    """Return the API timestamp that the argument `name` stands for, None for None.

    A `date` begins at midnight UTC, and a time without a zone is UTC too, on whatever machine. Times are cut to
    milliseconds, so that of two windows that meet neither loses a record. Raises ConfigError for what is no time.
    """
    if value is None:
        return None
    try:
        return parse_time(value)
    except ValueError as problem:
        raise ConfigError(f"{name} is {value!r}; {problem}") from None


def parse_time(value: Any) -> str:
    """Return the time that a person, a file or an orchestrator gave, as the platform writes it; no zone means UTC.

    `value` is a date or time, or its text; the result has milliseconds (`2026-01-31T00:00:00.000Z`). Raises
    `ValueError("it must be …")`.
    """
    legal = "it must be a date or time such as '2026-01-31' or '2026-01-31T12:00:00Z'"
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    else:
        match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(legal)
        try:
            moment = _moment(match)
        except ValueError:
            raise ValueError(legal) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    try:
        utc = moment.astimezone(timezone.utc)
    # The first or last day of the calendar has no time in UTC in every zone.
    except OverflowError:
        raise ValueError(legal) from None
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(digits or 0) for digits in match.groups()[:6])
    # Further digits are cut off, as the platform does.
    micro = int((match[7] or "").ljust(6, "0")[:6])
    zone = timezone.utc
    if match[8] and match[8] not in "Zz":
        sign = -1 if match[8][0] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(match[8][1:3]), minutes=int(match[8][-2:])))
    return datetime(year, month, day, hour, minute, second, micro, zone)
