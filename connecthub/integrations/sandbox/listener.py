"""The socket side of a sandbox: reads requests, sends what the sandbox makes of them."""

from __future__ import annotations

import errno
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.messages import Outcome, Reply, Request, Silence

Handle = Callable[[Request], Outcome]
LARGEST_BODY = 64 * 1024 * 1024
"""Bytes of a request that are taken; a batch of 8,000 people has a tenth of them."""


class _Unreadable(Exception):
    """A request that is answered with an error, and its connection closed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.reply = Reply(status, f"{why}\n".encode())


def listen(address: tuple[str, int], handle: Handle) -> Listener:
    """Open a server's socket. Raises ConnectHubError where the port cannot be used."""
    host, port = address
    try:
        return Listener(address, handle)
    except OverflowError:
        raise ConnectHubError(f"port {port} is not between 0 and 65535; choose another one") from None
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConnectHubError(f"port {port} on {host} {reason}; choose another one") from None


class Listener(ThreadingHTTPServer):
    """Remembers its connections, so that none outlives it: a client may keep one open for ever."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], handle: Handle) -> None:
        self.handle = handle
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for the host's name."""
        TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away: that is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def drop_connections(self) -> None:
        """Wake the threads that wait for a next request, or hold a connection that hangs."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and writes replies; keeps the connection open in between."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def _serve(self) -> None:
        outcome = self._outcome()
        if isinstance(outcome, Reply):
            self._send(outcome)
            return
        if outcome is Silence.HANG:
            self._hold()
        self.close_connection = True

    def _outcome(self) -> Outcome:
        """Let the sandbox handle the request; where it fails itself, tell whoever waits, and its operator."""
        listener = cast(Listener, self.server)
        try:
            return listener.handle(self._request())
        except _Unreadable as error:
            self.close_connection = True
            return error.reply
        except ConnectionError:
            raise
        except Exception as error:
            listener.handle_error(self.request, self.client_address)
            return Reply(500, f"the stand-in itself failed: {type(error).__name__}: {error}\n".encode(errors="replace"))

    def _request(self) -> Request:
        try:
            parts = urlsplit(self.path)
        except ValueError:
            raise _Unreadable(400, "the request's address makes no sense") from None
        return Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )

    def _body(self) -> bytes:
        """Read the request's body, of a length that was said or in chunks. Raises _Unreadable, ConnectionError."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        return self._bytes(self.headers.get("Content-Length", "0"), 10)

    def _chunks(self) -> bytes:
        body = bytearray()
        while chunk := self._bytes(self.rfile.readline(100).decode("latin-1").partition(";")[0], 16):
            body += chunk
            self.rfile.readline(100)
            if len(body) > LARGEST_BODY:
                raise _Unreadable(413, f"more than {LARGEST_BODY} bytes")
        while self.rfile.readline(1000).strip():
            pass
        return bytes(body)

    def _bytes(self, length: str, base: int) -> bytes:
        """Read so many bytes; a request of which less comes is none."""
        try:
            count = int(length, base)
        except ValueError:
            count = -1
        if not 0 <= count <= LARGEST_BODY:
            raise _Unreadable(413 if count > 0 else 400, f"the length {length.strip()[:20]!r} of a body is not taken")
        body = self.rfile.read(count)
        if len(body) < count:
            raise ConnectionAbortedError("the client went away in the middle of a body")
        return body

    def _send(self, reply: Reply) -> None:
        """Write an answer; after one whose length is a lie the connection is of no more use."""
        self.send_response_only(reply.status)
        headers = {"Date": self.date_time_string(), "Content-Type": reply.content_type}
        headers |= {name.title(): value for name, value in reply.headers.items()}
        has_body = self.command != "HEAD" and reply.status not in (204, 304)
        length = len(reply.body) if reply.claimed_length is None else reply.claimed_length
        headers.pop("Content-Length", None)
        if reply.status != 204:
            headers["Content-Length"] = str(length)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body:
            for piece in reply.pieces() if reply.pieces else (reply.body,):
                self.wfile.write(piece)
                self.wfile.flush()
        self.close_connection = self.close_connection or length != len(reply.body)

    def _hold(self) -> None:
        """Keep the connection until the client or the server closes it."""
        while self.rfile.read1(65536):
            pass

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the journal has it."""
