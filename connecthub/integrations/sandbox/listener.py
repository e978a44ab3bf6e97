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
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        outcome = cast(Listener, self.server).handle(request)
        if isinstance(outcome, Reply):
            self._send(outcome)
            return
        if outcome is Silence.HANG:
            self._hold()
        self.close_connection = True

    def _send(self, reply: Reply) -> None:
        """Write an answer; after one whose length is a lie the connection is of no more use."""
        self.send_response_only(reply.status)
        headers = {"Date": self.date_time_string(), "Content-Type": reply.content_type, **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        length = len(reply.body) if reply.claimed_length is None else reply.claimed_length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = self.close_connection or length != len(reply.body)

    def _hold(self) -> None:
        """Keep the connection until the client or the server closes it."""
        while self.rfile.read1(65536):
            pass

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the journal has it."""
