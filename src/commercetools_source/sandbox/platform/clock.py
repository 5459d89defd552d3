"""The sandbox's clock, which tests move without sleeping, and the platform's way to write times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from commercetools_source.errors import ConfigError

__all__ = ["Clock", "http_date", "parse_time", "write_time"]

# strftime would name days and months in the locale of the process; HTTP dates are English (RFC 9110, 5.6.7).
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Times may lack seconds, fraction or zone, as ISO 8601 allows: https://docs.commercetools.com/api/types#datetime
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
# Tokens and records of a moment have later times, and all years have four digits.
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
# 2026-01-02T03:04:05.678Z
_CANONICAL_LENGTH = 24


class Clock:
    """The server's clock: real time plus `offset`, or standing still once frozen."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """Return the time on the server, in UTC."""
        return self._frozen if self._frozen is not None else datetime.now(timezone.utc) + self.offset

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`, back when negative; raises ConfigError for a time that it cannot show."""
        try:
            year = (self.now() + timedelta(seconds=seconds)).year
        except OverflowError:
            year = 0
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise ConfigError(f"The clock goes from {_FIRST_YEAR} to {_LAST_YEAR}; {seconds} seconds lead out of that.")
        if self._frozen is not None:
            self._frozen += timedelta(seconds=seconds)
        else:
            self.offset += timedelta(seconds=seconds)

    def set(self, time: datetime) -> None:
        """Let it be `at` (with a time zone) now; the clock goes on from there, or stands there when frozen."""
        if self._frozen is not None:
            self._frozen = time.astimezone(timezone.utc)
        else:
            self.offset = time - datetime.now(timezone.utc)

    def freeze(self, time: datetime | None = None) -> None:
        """Stop the clock, at `at` or at its present time."""
        self._frozen = self.now() if time is None else time.astimezone(timezone.utc)

    def thaw(self) -> None:
        """Let a frozen clock go on from where it stands."""
        if self._frozen is not None:
            self.offset = self._frozen - datetime.now(timezone.utc)
            self._frozen = None


def write_time(time: datetime) -> str:
    """Return `at` as the platform writes it: UTC, milliseconds, Z."""
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def http_date(time: datetime) -> str:
    """Return `at` for a `Date` header, whatever the locale."""
    # Whole seconds, as the header has them; clients must live with a clock that is up to a second behind.
    utc = time.astimezone(timezone.utc)
    return f"{_DAYS[utc.weekday()]}, {utc.day:02d} {_MONTHS[utc.month - 1]} {utc:%Y %H:%M:%S} GMT"


def parse_time(text: str) -> str | None:
    """Return an ISO 8601 date or date-time in the form of `write_time`, which sorts as text; None when it is none."""
    # Most times are in this form already: they are checked all the same, and given back as they are.
    if len(text) == _CANONICAL_LENGTH and text[-1] == "Z" and text[19] == "." and text[:4].isascii():
        candidate = text
    else:
        candidate = ""
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        time = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=timezone.utc
        )
        time -= _zone(zone)
    except (ValueError, OverflowError):
        return None
    # The platform keeps milliseconds; further digits are cut off, not rounded.
    milliseconds = (fraction or "0").ljust(3, "0")[:3]
    return candidate or f"{time.year:04d}-{time:%m-%dT%H:%M:%S}.{milliseconds}Z"


def _zone(zone: str | None) -> timedelta:
    if zone is None or zone == "Z":
        return timedelta(0)
    minutes = int(zone[1:3]) * 60 + int(zone[3:].lstrip(":") or 0)
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)
