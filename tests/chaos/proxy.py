"""A server between a client and the sandbox that changes answers at random, and the table of what it can do to them.

A row of MUTATIONS takes the right answer and returns what the client gets instead. None of them gives a record
another value: nobody could notice that. What they break is everything around the records.
"""

from __future__ import annotations

import gzip
import json
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

import urllib3

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MUTATIONS", "Answer", "Chaos", "serving"]


@dataclass(frozen=True)
class Answer:
    """What is sent: `head` bytes before the status line, `cut` how many bytes of the body are kept back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    before: bytes = b""
    cut: int = 0
    silent: bool = False

    def with_header(self, name: str, value: str | None) -> Answer:
        """Return it with one header in place of another of its name, or without it."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def raw(self) -> bytes:
        """Return the bytes on the wire."""
        if self.silent:
            return b""
        given = {name.lower() for name, _ in self.headers}
        headers = (
            self.headers if "content-length" in given else (*self.headers, ("Content-Length", str(len(self.body))))
        )
        head = f"HTTP/1.1 {self.status} Chaos\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers)
        return self.before + head.encode("latin-1") + b"\r\n" + self.body[: max(0, len(self.body) - self.cut)]


Mutation = "Callable[[Answer, Random], Answer]"


def _status(status: int, body: bytes = b"", **headers: str) -> Callable[[Answer, Random], Answer]:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return lambda _answer, _random: Answer(status, pairs, body)


def _error(status: int, code: str) -> Callable[[Answer, Random], Answer]:
    problem = {"statusCode": status, "message": "chaos", "errors": [{"code": code, "message": "chaos"}]}
    return _status(status, json.dumps(problem).encode(), Content_Type="application/json")


def _body(body: bytes, kind: str = "application/json") -> Callable[[Answer, Random], Answer]:
    return lambda answer, _random: replace(answer.with_header("Content-Type", kind), body=body)


def _header(name: str, value: str | None) -> Callable[[Answer, Random], Answer]:
    return lambda answer, _random: answer.with_header(name, value)


def _results(change: Callable[[list[Any], Random], Any]) -> Callable[[Answer, Random], Answer]:
    """Return a mutation of the list of records; an answer without such a list stays as it is."""

    def mutate(answer: Answer, random: Random) -> Answer:
        try:
            page = json.loads(answer.body)
        except ValueError:
            return answer
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            return answer
        return replace(answer, body=json.dumps({**page, "results": change(page["results"], random)}).encode())

    return mutate


def _shorter(answer: Answer, random: Random) -> Answer:
    """Send the first records only, as a gateway does that lowers `limit` untold."""
    return _results(lambda records, _: records[: random.randint(1, max(1, len(records)))])(answer, random)


def _shuffled(records: list[Any], random: Random) -> list[Any]:
    return random.sample(records, len(records))


def _half(answer: Answer, random: Random) -> Answer:
    return replace(
        answer.with_header("Content-Length", str(len(answer.body))), cut=random.randint(1, max(1, len(answer.body)))
    )


HTML = b"<html><body>Bad gateway \x1b[31m</body></html>"
DEEP = b'{"results":[' + b"[" * 5000 + b"]" * 5000 + b"]}"
MUTATIONS: dict[str, Callable[[Answer, Random], Answer]] = {
    "400": _error(400, "InvalidInput"),
    "400 query timed out": _error(400, "QueryTimedOut"),
    "401": _error(401, "invalid_token"),
    "403": _error(403, "insufficient_scope"),
    "403 of a firewall": _status(403, HTML, Content_Type="text/html"),
    "404": _error(404, "ResourceNotFound"),
    "404 of a proxy": _status(404, HTML, Content_Type="text/html"),
    "404 empty": _status(404),
    "408": _status(408),
    "409": _error(409, "ConcurrentModification"),
    "413": _status(413),
    "425": _status(425),
    "429": _status(429, Retry_After="0"),
    "429 for ever": _status(429, Retry_After="99999999999"),
    "429 in the past": _status(429, Retry_After="Thu, 01 Jan 1970 00:00:00 GMT"),
    "429 nonsense": _status(429, Retry_After="soon"),
    "500": _error(500, "General"),
    "502": _status(502, HTML, Content_Type="text/html"),
    "503": _status(503, HTML),
    "504": _status(504),
    "520": _status(520),
    "599": _status(599),
    "204": _status(204),
    "302": _status(302, Location="http://127.0.0.1:1/elsewhere"),
    "empty body": _body(b""),
    "html with status 200": _body(HTML, "text/html"),
    "null": _body(b"null"),
    "a list": _body(b"[]"),
    "an empty object": _body(b"{}"),
    "errors in place of data": _body(b'{"errors":5}'),
    "no UTF-8": _body(b'{"results":[{"id":"\xff\xfe"}]}'),
    "half a surrogate": _body(b'{"results":[{"id":"\\ud800"}]}'),
    "too deep": _body(DEEP),
    "results are null": _results(lambda _records, _random: None),
    "results are an object": _results(lambda _records, _random: {}),
    "null among the records": _results(lambda records, _random: [*records, None]),
    "a number among the records": _results(lambda records, _random: [1, *records]),
    "a record without its key": _results(lambda records, _random: [{"version": 1}, *records[1:]]),
    "records twice": _results(lambda records, _random: [record for record in records for _ in range(2)]),
    "records in another order": _results(_shuffled),
    "records backwards": _results(lambda records, _random: records[::-1]),
    "a shorter page": _shorter,
    "a byte order mark": lambda answer, _random: replace(answer, body=b"\xef\xbb\xbf" + answer.body),
    "gzip in capitals": lambda answer, _random: replace(
        answer.with_header("Content-Encoding", "GZIP"), body=gzip.compress(answer.body)
    ),
    "gzip that is none": _header("Content-Encoding", "gzip"),
    "a date far ahead": _header("Date", "Thu, 01 Jan 2099 00:00:00 GMT"),
    "a date long ago": _header("Date", "Thu, 01 Jan 1970 00:00:00 GMT"),
    "a date that is none": _header("Date", "yesterday \x1b[2J"),
    "no date": _header("Date", None),
    "another content type": _header("Content-Type", "text/plain; charset=utf-16"),
    "a length that is none": _header("Content-Length", "many"),
    "a body that is cut": _half,
    "nothing at all": lambda answer, _random: replace(answer, silent=True),
    "early hints": lambda answer, _random: replace(
        answer, before=b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
    ),
    "garbage": lambda answer, _random: replace(answer, before=b"\x00\x01 this is no HTTP\r\n"),
}


@dataclass
class Chaos:
    """A seeded hand: which answers are changed, and how. `changed` tells what was done, in order.

    `share` of the answers are changed, each by up to three mutations one after the other, at most `most` answers in
    all (None: no end). Only paths that contain one of `paths` are touched, if there are any.
    """

    seed: int
    share: float
    most: int | None
    names: tuple[str, ...]
    paths: tuple[str, ...] = ()
    changed: list[tuple[str, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _asked: int = 0

    def change(self, path: str, answer: Answer) -> Answer:
        """Return the answer, changed or not."""
        with self._lock:
            self._asked += 1
            random = Random(f"{self.seed} {path.partition('?')[0]} {self._asked}")  # noqa: S311 - a schedule
            touched = not self.paths or any(part in path for part in self.paths)
            over = self.most is not None and len(self.changed) >= self.most
            if not touched or over or random.random() >= self.share:
                return answer
            for name in random.sample(self.names, min(len(self.names), random.choice((1, 1, 1, 2, 3)))):
                with suppress(ValueError, TypeError, AttributeError, RecursionError):  # of what another one broke
                    answer = MUTATIONS[name](answer, random)
                self.changed.append((path.partition("?")[0], name))
            return answer


class Changing(Protocol):
    """Whoever decides what a client gets in place of an answer."""

    def change(self, path: str, answer: Answer) -> Answer:
        """Return the answer to a request of `path`, changed or not."""
        ...


@contextmanager
def serving(upstream: str, chaos: Changing) -> Iterator[str]:
    """Serve what `upstream` answers, as `chaos` changes it; yield the address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    pool = urllib3.PoolManager(maxsize=32, retries=False)
    threads: list[threading.Thread] = []
    running = True

    def accept() -> None:
        while running:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=_converse, args=(connection, upstream, pool, chaos), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        running = False
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)
        pool.clear()


def _converse(connection: socket.socket, upstream: str, pool: urllib3.PoolManager, chaos: Changing) -> None:
    """Answer one request on a connection, and close it."""
    with connection, suppress(OSError, ValueError, urllib3.exceptions.HTTPError):
        connection.settimeout(10)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return
            head += piece
        top, _, body = head.partition(b"\r\n\r\n")
        line, *rows = top.decode("latin-1").split("\r\n")
        method, path, _ = line.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (row.partition(":") for row in rows)}
        while len(body) < int(headers.get("content-length", 0)):
            body += connection.recv(65536)
        kept = {name: value for name, value in headers.items() if name not in {"host", "accept-encoding", "connection"}}
        response = pool.request(method, upstream + path, body=body or None, headers=kept, redirect=False)
        dropped = {"content-length", "connection", "transfer-encoding", "keep-alive"}
        pairs = tuple((name, value) for name, value in response.headers.items() if name.lower() not in dropped)
        answer = chaos.change(path, Answer(response.status, (*pairs, ("Connection", "close")), response.data))
        connection.sendall(answer.raw())
