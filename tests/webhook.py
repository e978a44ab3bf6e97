"""A web server that takes what alert channels send: it can refuse, and it can let them wait."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Webhook:
    """What it got, in order, and what it answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.got: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.answer: dict[str, Any] = {}
        self.open = threading.Event()
        """Cleared, it takes requests and does not answer."""
        self.open.set()
        self.asked = threading.Event()
        """Set when a request has come."""

    @property
    def url(self) -> str:
        """As apprise writes it, with a token."""
        return f"json://127.0.0.1:{self.port}/c4nary-token/"

    @property
    def titles(self) -> list[str]:
        """Titles of the messages, without the name of the installation."""
        return [message["title"].partition("] ")[2] for message in self.got]

    def forget(self) -> None:
        """Begin anew."""
        self.got.clear()


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A server on a port of its own while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.asked.set()
            hook.open.wait(30)
            hook.paths.append(self.path)
            if hook.status == 200:
                hook.got.append(body)
            self.send_response(hook.status)
            self.end_headers()
            self.wfile.write(json.dumps(hook.answer).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Webhook(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        hook.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
