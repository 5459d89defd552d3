"""A server that is never the bottleneck: pages that were prepared beforehand, sent from a mapped file.

It speaks as much of the platform's API as the readers measured here ask for, and refuses everything else.
`python -m benchmarks.server` serves until its standard input ends; each of its ports has settings of its own.
"""

from __future__ import annotations

import json
import mmap
import re
import socket
import ssl
import sys
import threading
import time
import zlib
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from benchmarks.checksum import combine, shifter
from benchmarks.prepare import CHANGES, DAYS, PIECE, Set, squeeze

__all__ = ["Collection", "Door", "Refused", "serve"]

_COMPARISON = re.compile(r"(\w+) (>=|<=|>|<|=) (\"[^\"]*\"|:[\w.]+)")
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_TOKEN = json.dumps(
    {"access_token": "prepared", "expires_in": 172_800, "scope": "manage_project:bench", "token_type": "Bearer"}
).encode()


Part = tuple["bytes | memoryview", int, int, int]
"""Deflated text; of the text the CRC and the size, and the shift by that size."""


class Refused(Exception):  # noqa: N818 - it becomes an answer
    """A request that this server does not understand."""


@dataclass(frozen=True, slots=True)
class Door:
    """Settings of one port.

    `latency`: seconds before each answer. `records`: how many of a collection there are, 0: all. `changes`: which
    changes have happened. `certificate`: a file; then the port is that of a proxy, behind which is TLS.
    """

    latency: float = 0.0
    gzip: bool = True
    records: int = 0
    changes: str = ""
    certificate: str = ""


class Collection:
    """One set of records, mapped into memory; hands out any range of them as the buffers of a body."""

    def __init__(self, place: Set) -> None:
        self.keys = _numbers(place.folder / "keys")
        self._ends = _numbers(place.folder / "ends")
        self._text = _mapped(place.folder / "text")
        self._deflated = _mapped(place.folder / "deflated")
        pieces = _numbers(place.folder / "pieces")
        self._piece_ends, self._sums, self._sizes, self._shifts = (pieces[place::4] for place in range(4))
        self._step = PIECE[place.resource]
        self._packed = lru_cache(4096)(self._pack)

    def text(self, start: int, stop: int) -> memoryview:
        """Return records as JSON text, commas between them."""
        return self._text[self._ends[start] : max(self._ends[stop] - 1, self._ends[start])]

    def packed(self, start: int, stop: int) -> tuple[list[bytes | memoryview], int, int]:
        """Return records deflated, with the CRC and size of their text."""
        found: tuple[list[bytes | memoryview], int, int] = self._packed(start, stop)
        return found

    def _pack(self, start: int, stop: int) -> tuple[list[bytes | memoryview], int, int]:
        first, last = -(-start // self._step), stop // self._step
        if last <= first:
            return _strung([self._loose(start, stop)])
        parts = [self._piece(number) for number in range(first, last)]
        head, tail = first * self._step, last * self._step
        if start < head:
            parts.insert(0, self._loose(start, head))
        if tail < stop:
            parts.append(self._loose(tail, stop))
        return _strung(parts)

    def _piece(self, number: int) -> Part:
        packed = self._deflated[self._piece_ends[number] : self._piece_ends[number + 1]]
        return packed, self._sums[number + 1], self._sizes[number + 1], self._shifts[number + 1]

    def _loose(self, start: int, stop: int) -> Part:
        text = self.text(start, stop)
        return squeeze(text, 1), zlib.crc32(text), len(text), shifter(len(text))


def _strung(parts: list[Part]) -> tuple[list[bytes | memoryview], int, int]:
    """Return deflated parts in one row, commas between them."""
    buffers: list[bytes | memoryview] = []
    crc = size = 0
    for packed, part_sum, part_size, shift in parts:
        if buffers:
            buffers.append(_stored(b","))
            crc, size = zlib.crc32(b",", crc), size + 1
        buffers.append(packed)
        crc, size = combine(crc, part_sum, shift), size + part_size
    return buffers, crc, size


def _stored(text: bytes) -> bytes:
    """Return a short text as a deflate block that is not compressed."""
    return b"\x00" + len(text).to_bytes(2, "little") + (len(text) ^ 0xFFFF).to_bytes(2, "little") + text


def _numbers(path: Path) -> array[int]:
    numbers = array("Q")
    numbers.frombytes(path.read_bytes())
    return numbers


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class Shop:
    """The prepared collections, and what a query selects of them."""

    def __init__(self, root: Path, sets: list[tuple[str, int]]) -> None:
        self._sets = sets
        self._collections = {
            (resource, count, kind): Collection(Set.at(root, resource, count, kind))
            for resource, count in sets
            for kind in ("all", *CHANGES)
        }

    def page(
        self, door: Door, resource: str, query: list[tuple[str, str]]
    ) -> tuple[bytes, Collection | None, int, int]:
        """Return the start of a page's body, and which records follow; raises Refused."""
        values = dict(query)
        where = [value for name, value in query if name == "where"]
        limit, offset = int(values.get("limit", "20")), int(values.get("offset", "0"))
        counts = [count for name, count in self._sets if name == resource and count >= door.records]
        if not counts:
            return _head(limit, offset, 0, 0, values), None, 0, 0
        kind = door.changes if door.changes and "lastModifiedAt" in "".join(where) else "all"
        collection = self._collections[resource, min(counts) if door.records else max(counts), kind]
        low, high = span(collection.keys, where, values)
        if door.records:  # sets are in the order in which records were made, so those of the first ones come first
            high = min(high, -(-door.records // CHANGES.get(kind, 1)))
        start = min(low + offset, high)
        stop = min(start + limit, high)
        return _head(limit, offset, stop - start, high - low, values), collection, start, stop


def _head(limit: int, offset: int, count: int, total: int, values: dict[str, str]) -> bytes:
    counted = b"" if values.get("withTotal") == "false" else b'"total":%d,' % total
    return b'{"limit":%d,"offset":%d,"count":%d,%b"results":[' % (limit, offset, count, counted)


def span(keys: array[int], where: list[str], values: dict[str, str]) -> tuple[int, int]:
    """Return the range that predicates on the time select; every record has a time of its own."""
    low, high = 0, len(keys)
    for predicate in where:
        for field, sign, given in _COMPARISON.findall(predicate):
            if field not in {"createdAt", "lastModifiedAt", "id"}:
                raise Refused(f"no prepared answer to {predicate}")
            if field == "id" or sign == "=":
                continue  # the tie-break: times are unique, so nothing lies between
            at = _milliseconds(values[f"var.{given[1:]}"] if given.startswith(":") else given.strip('"'))
            place = (bisect_right if sign in {">", "<="} else bisect_left)(keys, at)
            low, high = (max(low, place), high) if sign.startswith(">") else (low, min(high, place))
        if not _COMPARISON.search(predicate):
            raise Refused(f"no prepared answer to {predicate}")
    return low, max(low, high)


def _milliseconds(text: str) -> int:
    normal = text.replace("Z", "+00:00")
    normal = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", normal)
    normal = re.sub(r"\.(\d+)", lambda found: "." + found[1][:6].ljust(6, "0"), normal)
    return round(datetime.fromisoformat(normal).replace(tzinfo=timezone.utc).timestamp() * 1000)


class Conversation:
    """One connection: requests in, answers out."""

    def __init__(self, shop: Shop, door: Door, connection: socket.socket) -> None:
        self._shop = shop
        self._door = door
        self._connection = connection
        self._buffer = b""
        day = DAYS[bool(door.changes)]
        self._date = b"Date: " + format_datetime(day, usegmt=True).encode()

    def run(self) -> None:
        """Answer until the other side closes."""
        with self._connection:
            while (head := self._head()) is not None:
                request, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                self._take(int(headers.get("content-length", "0")))
                if self._door.latency:
                    time.sleep(self._door.latency)
                method, target, _ = request.split(" ", 2)
                self._answer(method, target, gzip="gzip" in headers.get("accept-encoding", ""))

    def _head(self) -> bytes | None:
        while b"\r\n\r\n" not in self._buffer:
            got = self._connection.recv(65_536)
            if not got:
                return None
            self._buffer += got
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    def _take(self, size: int) -> None:
        while len(self._buffer) < size:
            got = self._connection.recv(65_536)
            if not got:
                return
            self._buffer += got
        self._buffer = self._buffer[size:]

    def _answer(self, method: str, target: str, *, gzip: bool) -> None:
        parts = urlsplit(target)
        steps = [unquote(step) for step in parts.path.split("/") if step]
        if steps and steps[0] == "oauth":
            self._send(200, [_TOKEN])
        elif method != "GET":
            self._send(405, [b'{"statusCode":405,"message":"only GET is prepared","errors":[]}'])
        elif len(steps) == 1:
            self._send(200, [json.dumps({"key": steps[0], "version": 1}).encode()])
        else:
            self._page(steps[-1], parse_qsl(parts.query, keep_blank_values=True), gzip=gzip and self._door.gzip)

    def _page(self, resource: str, query: list[tuple[str, str]], *, gzip: bool) -> None:
        try:
            head, collection, start, stop = self._shop.page(self._door, resource, query)
        except Refused as refusal:
            said = {"statusCode": 400, "message": str(refusal), "errors": [{"code": "InvalidInput"}]}
            self._send(400, [json.dumps(said).encode()])
            return
        if collection is None or not gzip:
            text: list[bytes | memoryview] = [] if collection is None else [collection.text(start, stop)]
            self._send(200, [head, *text, b"]}"])
            return
        packed, crc, size = collection.packed(start, stop)
        crc = combine(zlib.crc32(head), crc, shifter(size))
        trailer = zlib.crc32(b"]}", crc).to_bytes(4, "little") + (len(head) + size + 2).to_bytes(4, "little")
        body = [_GZIP, _stored(head), *packed, b"\x01" + _stored(b"]}")[1:], trailer]
        self._send(200, body, b"Content-Encoding: gzip\r\n")

    def _send(self, status: int, body: list[Any], header: bytes = b"") -> None:
        size = sum(map(len, body))
        head = b"HTTP/1.1 %d -\r\n%b\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        buffers = [memoryview(head % (status, self._date, header, size)), *(memoryview(part) for part in body)]
        if isinstance(self._connection, ssl.SSLSocket):
            for buffer in buffers:
                self._connection.sendall(buffer)
            return
        while buffers:
            sent = self._connection.sendmsg(buffers[:1000])
            while buffers and sent >= len(buffers[0]):
                sent -= len(buffers.pop(0))
            if buffers and sent:
                buffers[0] = buffers[0][sent:]


def serve(root: Path, sets: list[tuple[str, int]], doors: dict[str, Door]) -> dict[str, int]:
    """Answer in threads of their own, one a connection; return the port of each door."""
    shop = Shop(root, sets)
    ports = {}
    for name, door in doors.items():
        bound = socket.create_server(("127.0.0.1", 0), backlog=128)
        ports[name] = bound.getsockname()[1]
        threading.Thread(target=_accept, args=(shop, door, bound), daemon=True).start()
    return ports


def _accept(shop: Shop, door: Door, bound: socket.socket) -> None:
    context = None
    if door.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(door.certificate)
    while True:
        connection, _ = bound.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_converse, args=(shop, door, connection, context), daemon=True).start()


def _converse(shop: Shop, door: Door, connection: socket.socket, context: ssl.SSLContext | None) -> None:
    try:
        if context is not None:
            connection = _unveil(connection, context)
        Conversation(shop, door, connection).run()
    except OSError:
        connection.close()  # the other side left in the middle


def _unveil(connection: socket.socket, context: ssl.SSLContext) -> socket.socket:
    """Be the proxy that was asked to connect to some host, and that host as well."""
    asked = b""
    while b"\r\n\r\n" not in asked:
        asked += connection.recv(4096) or b"\r\n\r\n"
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return context.wrap_socket(connection, server_side=True)


def main() -> None:
    """Serve what the arguments name (folder, sets and doors as JSON); print the ports; end with standard input."""
    folder, sets, doors = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    pairs = [(resource, count) for resource, count in sets]
    ports = serve(Path(folder), pairs, {name: Door(**given) for name, given in doors.items()})
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
