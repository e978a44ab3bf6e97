"""A TCP door to a PostgreSQL that can lose a reply: the statement was done, and its client never hears of it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from sqlalchemy import URL, make_url

READY = b"Z\x00\x00\x00\x05I"
"""The end of a reply, once nothing is open: ReadyForQuery, idle."""
PIECE = 1 << 16


class Loss:
    """One reply that is to be lost, once: that to the last of `marks`, all sent in this order over one connection."""

    def __init__(self, marks: Sequence[bytes]) -> None:
        self.marks = marks
        self.happened = threading.Event()


class PostgresProxy:
    """Passes on what clients say to the PostgreSQL at `server` (a URL) and what it answers, from threads of its own."""

    def __init__(self, server: str) -> None:
        self._server = make_url(server)
        self._loss: Loss | None = None
        self._door = socket.create_server(("127.0.0.1", 0))
        self._connections: list[tuple[socket.socket, threading.Thread]] = []
        self._admitting = threading.Thread(target=self._admit)
        self._admitting.start()

    @property
    def url(self) -> str:
        """The URL of the same database by way of this proxy."""
        options = {name: value for name, value in self._server.query.items() if name not in ("host", "port")}
        plain = {**options, "sslmode": "disable", "gssencmode": "disable"}
        by_way = self._server.set(host="127.0.0.1", port=self._door.getsockname()[1], query=plain)
        return by_way.render_as_string(hide_password=False)

    def lose_reply(self, *marks: bytes) -> Loss:
        """Cut a connection once its client has sent all `marks` and the server has done the last, before the reply."""
        self._loss = Loss(marks)
        return self._loss

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._admitting.join()
        self._door.close()
        for client, _thread in self._connections:
            with contextlib.suppress(OSError):  # it has ended
                client.shutdown(socket.SHUT_RDWR)
        for _client, thread in self._connections:
            thread.join()

    def _admit(self) -> None:
        with contextlib.suppress(OSError):  # the door was shut
            while True:
                client, _ = self._door.accept()
                thread = threading.Thread(target=self._serve, args=(client,))
                self._connections.append((client, thread))
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), _connect(self._server) as server:
            self._pass_on(client, server)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        said: dict[Loss, bytes] = {}
        while True:
            for end in select.select([client, server], [], [])[0]:
                data = end.recv(PIECE)
                if not data:
                    return
                (server if end is client else client).sendall(data)
                loss = self._loss
                if loss is None or end is server:
                    continue
                said[loss] = said.get(loss, b"") + data
                if _all_in_order(loss.marks, said[loss]):
                    self._loss = None
                    _read_reply(server)
                    loss.happened.set()
                    return


def _connect(url: URL) -> socket.socket:
    host = url.host or str(url.query.get("host", "localhost"))
    port = url.port or int(str(url.query.get("port", "5432")))
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    server = socket.socket(socket.AF_UNIX)
    server.connect(str(Path(host) / f".s.PGSQL.{port}"))
    return server


def _all_in_order(marks: Sequence[bytes], said: bytes) -> bool:
    at = 0
    for mark in marks:
        found = said.find(mark, at)
        if found < 0:
            return False
        at = found + len(mark)
    return True


def _read_reply(server: socket.socket) -> None:
    reply = b""
    while not reply.endswith(READY):
        piece = server.recv(PIECE)
        if not piece:
            return
        reply += piece
