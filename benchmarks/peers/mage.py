"""The loop that Mage's documentation and behaviour describe, in our words: offset, 20 a page, 100 requests a minute.

Each request is one of `requests` without a session; each record is cut to the stream's columns, missing ones
null, and written as a line of its own, flushed. `free` lifts the limit of requests.
"""

from __future__ import annotations

import sys
import time
from collections import deque

import requests
import simplejson

from benchmarks.stopwatch import Place, measure

_CALLS, _SECONDS = 100, 60


class Limit:
    """At most so many calls in any such time."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=_CALLS)

    def wait(self) -> None:
        """Return when the next call is allowed."""
        if len(self._times) == _CALLS:
            time.sleep(max(0.0, self._times[0] + _SECONDS - time.monotonic()))
        self._times.append(time.monotonic())


def main() -> None:
    """Read page after page until an empty one."""
    place = Place()
    limit = None if place.rest == ["free"] else Limit()
    headers = {"Authorization": "Bearer prepared", "Content-Type": "application/json"}
    url = f"{place.url}/bench/{place.resource}"
    first = requests.get(url, params={"limit": 500}, headers=headers, timeout=300).json()["results"]
    columns = list(dict.fromkeys(name for record in first for name in record))

    def work() -> int:
        offset = 0
        while True:
            if limit is not None:
                limit.wait()
            answer = requests.request("get", url, headers=headers, params={"offset": offset}, json=None, timeout=300)
            page = answer.json()
            if not page["results"]:
                return offset
            for record in page["results"]:
                cut = {name: record.get(name) for name in columns}
                message = {"type": "RECORD", "stream": place.resource, "record": cut}
                sys.stdout.write(simplejson.dumps(message, ignore_nan=True, use_decimal=True) + "\n")
                sys.stdout.flush()
            offset += page["count"]

    measure(work)


if __name__ == "__main__":
    main()
