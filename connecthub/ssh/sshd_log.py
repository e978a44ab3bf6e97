"""What sshd says of its connections: whose they are, and what it refused them by itself.

The lines are those of OpenSSH 9.2, with the `LogVerbose` of `sshd_config.py`, which puts the number of the process in
front. From an sshd without it come fewer of them, and then everybody who is connected may have asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT_MAX = 10_000
"""Connections and processes that are remembered; the oldest go first."""

_LINE = re.compile(r"(?:debug\d: )?(?:\S+\(\):\d+ \([^)]*?\bpid=(?P<process>\d+)\): )?(?P<text>.*)", re.DOTALL)
_ACCEPTED = re.compile(r"Accepted publickey for \S+ from (\S+) port (\d+) ssh2: \S+ (SHA256:\S+)")
_CHILD = re.compile(r"User child is on pid (\d+)$")
_ENDED = re.compile(
    r"(?:Disconnected from|Connection closed by|Connection reset by|Closing connection to|"
    r"Timeout, client not responding from|ssh_dispatch_run_fatal: Connection from)(?: user \S+)? (\S+) port (\d+)"
)
_REQUESTS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"refused local port forward: originator .*, target (.*) port (\d+)$"),
        lambda found: f"tunnel to {found[1]} port {found[2]}",
    ),
    (
        re.compile(r"refused streamlocal port forward: originator .*, target (.*)$"),
        lambda found: f"tunnel to the socket {found[1]}",
    ),
    (
        re.compile(r"tcpip-forward listen (.*) port (\d+)$"),
        lambda found: f"tunnel back from {found[1] or 'any address'} port {found[2]}",
    ),
    (
        re.compile(r"streamlocal-forward listen path (.*)$"),
        lambda found: f"tunnel back from the socket {found[1]}",
    ),
    (re.compile(r"agent forwarding disabled$"), lambda _: "agent forwarding"),
    (re.compile(r"(?:session_input_channel_req: )?session \d+ req x11-req$"), lambda _: "X11 forwarding"),
    (re.compile(r"ctype tun@openssh\.com "), lambda _: "tunnel device"),
)


@dataclass(frozen=True)
class Asker:
    """Somebody who is connected: where from, and the fingerprint of their key."""

    address: str
    port: str
    fingerprint: str


@dataclass(frozen=True)
class Request:
    """Something that sshd refused."""

    kind: int
    what: str
    """In words of ours; text of the client's stands in it as it came."""
    process: int | None
    """Of sshd, as the line names it."""
    connected: tuple[Asker, ...]
    """Who was connected then, where the line names no process."""


class Connections:
    """Who is connected, of the lines of a log in their order."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Asker] = {}
        self._by_process: dict[int, Asker] = {}

    def take(self, line: str) -> Request | None:
        """Take in a line; returns what it says was refused."""
        found = _LINE.match(line.rstrip("\r\n"))
        assert found is not None
        text, process = found["text"], int(found["process"]) if found["process"] else None
        if accepted := _ACCEPTED.match(text):
            asker = Asker(*accepted.groups())
            _keep(self._open, (asker.address, asker.port), asker)
            if process is not None:
                _keep(self._by_process, process, asker)
        elif child := _CHILD.match(text):
            if process in self._by_process:
                _keep(self._by_process, int(child[1]), self._by_process[process])
        elif ended := _ENDED.match(text):
            self._open.pop((ended[1], ended[2]), None)
        else:
            return self._request(text, process)
        return None

    def askers(self, request: Request) -> tuple[Asker, ...]:
        """Who may have asked for it: one, where the line named the process; nobody, where that is not known yet."""
        if request.process is None:
            return request.connected
        asker = self._by_process.get(request.process)
        return () if asker is None else (asker,)

    def _request(self, text: str, process: int | None) -> Request | None:
        for kind, (form, words) in enumerate(_REQUESTS):
            if found := form.match(text):
                return Request(kind, words(found), process, () if process else tuple(self._open.values()))
        return None


def _keep(kept: dict[Any, Asker], key: object, value: Asker) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > KEPT_MAX:
        del kept[next(iter(kept))]
