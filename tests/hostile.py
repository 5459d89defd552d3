"""A server that answers with the very bytes of a script, for what no honest server sends."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence

    from typing_extensions import Self

    Answer = bytes | Callable[[], Iterator[bytes]]

TOKEN = b'{"access_token":"t0ken-of-the-shop","expires_in":172800,"scope":"manage_project:shop"}'


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Return a whole answer with `body` and further `headers`."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


PLAIN, GRANTED = answer(), answer(TOKEN)


class Script:
    """Answers requests for a token with `token`, the others with `answers` in turn; the last one stays.

    Connections are kept open, as servers do; `greeting` is sent before anything was asked, and `context` makes it
    speak TLS. An iterator is sent piece by piece until the client hangs up.
    """

    def __init__(
        self,
        answers: Sequence[Answer] = (PLAIN,),
        token: Answer = GRANTED,
        *,
        greeting: bytes = b"",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._answers = list(answers)
        self._token = token
        self._greeting = greeting
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self.requests: list[str] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def settings(self) -> dict[str, object]:
        """Return settings that lead here."""
        urls = {"api_url": self.url, "auth_url": self.url}
        return {"project_key": "shop", "client_id": "me", "client_secret": "s3cret-of-the-client", **urls}

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            connection.close()

    def _listen(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()
        except OSError:
            pass  # closed

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self._greeting)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._connections.append(connection)
            with connection.makefile("rb") as stream:
                while line := stream.readline().decode():
                    self.requests.append(line.strip())
                    length = 0
                    while (header := stream.readline()) not in {b"\r\n", b""}:
                        name, _, value = header.decode().partition(":")
                        length = int(value) if name.lower() == "content-length" else length
                    stream.read(length)
                    self._reply(connection, is_token="/oauth/token" in line)
        except (OSError, ValueError):
            pass  # the client has hung up

    def _reply(self, connection: socket.socket, *, is_token: bool) -> None:
        reply = self._token if is_token else self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(reply, bytes):
            connection.sendall(reply)
            return
        for piece in reply():
            connection.sendall(piece)
