"""Sandbox: an HTTP server that imitates a system, keeps a journal and fails when told to."""

from __future__ import annotations

import errno
import signal
import socket
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlsplit

from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.messages import Reply, Request, html_reply


class Sandbox(ABC):
    """A context manager: the server runs in threads of this process while it is open; port 0 takes any free port."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._lock = threading.RLock()
        self._journal: list[dict[str, Any]] = []
        self._faults: deque[Reply | None] = deque()
        self._server: _Server | None = None

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Answer as the imitated system does; called by one thread at a time."""

    def public_path(self, request: Request) -> str:
        """Return the path for the journal, secrets taken out."""
        return request.path

    @property
    def base_url(self) -> str:
        """The address of the running server."""
        if not self._server:
            raise ConnectHubError("the sandbox is not running; use it in a with statement")
        return f"http://{self._address[0]}:{self._server.server_address[1]}"

    @property
    def journal(self) -> list[dict[str, Any]]:
        """What was asked so far: method, path, names of the query's parts, status (None: connection dropped)."""
        with self._lock:
            return list(self._journal)

    def reply_next(self, reply: Reply, times: int = 1) -> None:
        """Answer the next requests with `reply`, whatever they ask."""
        with self._lock:
            self._faults.extend([reply] * times)

    def fail_next(self, status: int = 502, times: int = 1, headers: Mapping[str, str] | None = None) -> None:
        """Answer the next requests with a status."""
        self.reply_next(Reply(status, b"failed on purpose", headers=headers or {}), times)

    def html_next(self, times: int = 1) -> None:
        """Answer the next requests with 200 and an HTML page."""
        self.reply_next(html_reply(), times)

    def drop_next(self, times: int = 1) -> None:
        """Close the connection of the next requests without an answer."""
        with self._lock:
            self._faults.extend([None] * times)

    def handle(self, request: Request) -> Reply | None:
        """Answer or fail as told, and journal it; None drops the connection."""
        with self._lock:
            reply = self._faults.popleft() if self._faults else self.answer(request)
            self._journal.append(
                {
                    "method": request.method,
                    "path": self.public_path(request),
                    "query": sorted(request.query),
                    "status": reply.status if reply else None,
                }
            )
            return reply

    def __enter__(self) -> Self:
        """Start the server. Raises ConnectHubError where the port cannot be used."""
        self._server = _listen(self._address, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox")
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        server, self._server = self._server, None
        if server:
            server.shutdown()
            self._thread.join()
            server.drop_connections()
            server.server_close()


def serve_until_signal(sandbox: Sandbox, on_ready: Callable[[str], None]) -> None:
    """Run `sandbox`, tell `on_ready` its address, and return at SIGINT or SIGTERM; for a process's only thread."""
    signals = {signal.SIGINT, signal.SIGTERM}
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with sandbox:
            on_ready(sandbox.base_url)
            signal.sigwait(signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _listen(address: tuple[str, int], sandbox: Sandbox) -> _Server:
    """Open the server's socket."""
    host, port = address
    try:
        return _Server(address, sandbox)
    except OverflowError:
        raise ConnectHubError(f"port {port} is not between 0 and 65535; choose another one") from None
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConnectHubError(f"port {port} on {host} {reason}; choose another one") from None


class _Server(ThreadingHTTPServer):
    """Remembers its connections, so that none outlives it: a client may keep one open for ever."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
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
        """Wake the threads that wait for a next request."""
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
        reply = cast(_Server, self.server).sandbox.handle(request)
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet: the journal has it."""
