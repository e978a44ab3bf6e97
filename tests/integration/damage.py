"""Damage to replies on their way: what a transport, a gateway or a hasty version may do to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import httpx

from connecthub.integrations.sandbox.messages import Reply, Request
from connecthub.integrations.sandbox.server import Sandbox

Damage = Callable[[bytes, Random], bytes]
"""Returns another body, or the same where there is nothing of the kind to damage."""


class Damaging(httpx.BaseTransport):
    """Leads to a stand-in without a socket in between; strikes the reply number `nth`, or, with `for_ever`, that one
    and all later ones to the same path."""

    def __init__(self, sandbox: Sandbox, damage: Damage, nth: int, random: Random, *, for_ever: bool) -> None:
        self.sandbox = sandbox
        self._damage = damage
        self._nth = nth
        self._random = random
        self._for_ever = for_ever
        self._struck_path = ""
        self._last: dict[str, bytes] = {}
        self.replies = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.partition(b"?")[0].decode()
        asked = Request(request.method, path, dict(request.url.params), dict(request.headers), request.read())
        reply = self.sandbox.handle(asked)
        assert isinstance(reply, Reply)
        body = reply.body
        if self.replies == self._nth or (self._for_ever and path == self._struck_path):
            self._struck_path = path
            body = self.struck(body, self._last.get(path, body))
        self._last[path] = reply.body
        self.replies += 1
        return httpx.Response(reply.status, headers={"Content-Type": reply.content_type, **reply.headers}, content=body)

    def struck(self, body: bytes, last: bytes) -> bytes:
        """Return what comes instead of `body`; `last` is the last true one of the same path."""
        return self._damage(body, self._random)


class Repeating(Damaging):
    """Sends a page twice, in place of another."""

    def struck(self, body: bytes, last: bytes) -> bytes:
        return last


def untouched(body: bytes, random: Random) -> bytes:
    return body


def cut_off(body: bytes, random: Random) -> bytes:
    return body[: random.randrange(len(body) or 1)]


def bom_before(body: bytes, random: Random) -> bytes:
    return b"\xef\xbb\xbf" + body


def byte_replaced(body: bytes, random: Random) -> bytes:
    place = random.randrange(len(body) or 1)
    return body[:place] + bytes([random.randrange(256)]) + body[place + 1 :]


def digit_replaced(body: bytes, random: Random) -> bytes:
    places = [place for place, byte in enumerate(body) if byte in b"0123456789"]
    place = random.choice(places or [0])
    return body[:place] + random.choice(b"0123456789").to_bytes() + body[place + 1 :]


def piece_lost(body: bytes, random: Random) -> bytes:
    first, last = sorted(random.randrange(len(body) + 1) for _ in range(2))
    return body[:first] + body[last:]


def nothing_left(body: bytes, random: Random) -> bytes:
    return random.choice(
        [b"", b"\r\n", b"null", b"[]", b"{}", b"0", b'""', b"true", b"<html><p>Please wait</p></html>"]
    )


def data_replaced(body: bytes, random: Random) -> bytes:
    """The list, what it lies in or a part of the envelope becomes something else."""
    answer = _json(body)
    other = random.choice([None, [], {}, "", 0, 1.5, True, [None], [[]], [{}], {"records": []}, {"records": None}])
    if not isinstance(answer, dict):
        return _text(other)
    part, name = answer, random.choice(list(answer))
    if isinstance(answer.get("data"), dict) and random.random() < 0.7:
        part, name = answer["data"], random.choice(list(answer["data"]))
    if random.random() < 0.3:
        del part[name]
    else:
        part[name] = other
    return _text(answer)


def total_changed(body: bytes, random: Random) -> bytes:
    answer = _json(body)
    if not isinstance(answer, dict) or not isinstance(data := answer.get("data"), dict) or "total" not in data:
        return body
    total = data["total"]
    data["total"] = random.choice([None, 0, "0", total - 1, total + 1, str(total + 1), 10 * total, -total, "many", 1.5])
    return _text(answer)


def on_rows(change: Callable[[list[Any], Random], None]) -> Damage:
    """A damage to the rows of a list, where there are any."""

    def damage(body: bytes, random: Random) -> bytes:
        answer = _json(body)
        rows = answer["data"] if isinstance(answer, dict) and "data" in answer else answer
        rows = rows.get("records") if isinstance(rows, dict) else rows
        if not isinstance(rows, list) or not rows:
            return body
        change(rows, random)
        return _text(answer)

    return damage


def lose(rows: list[Any], random: Random) -> None:
    del rows[random.randrange(len(rows))]


def lose_the_end(rows: list[Any], random: Random) -> None:
    del rows[random.randrange(len(rows)) :]


def write_over(rows: list[Any], random: Random) -> None:
    """One row is lost, and another one stands in its place once more."""
    rows[random.randrange(len(rows))] = random.choice(rows)


def double(rows: list[Any], random: Random) -> None:
    rows.insert(random.randrange(len(rows)), random.choice(rows))


def shuffle(rows: list[Any], random: Random) -> None:
    random.shuffle(rows)


def spoil_a_row(rows: list[Any], random: Random) -> None:
    rows[random.randrange(len(rows))] = random.choice([None, [], {}, "", 7, True])


def spoil_an_id(rows: list[Any], random: Random) -> None:
    row = random.choice(rows)
    name = next(name for name in ("id", "regulation_id", "legal_entity_id") if name in row)
    row[name] = random.choice([None, "", 1.5, True, [], {}])


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
