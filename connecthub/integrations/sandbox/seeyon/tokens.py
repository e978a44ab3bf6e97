"""The desk of a Seeyon stand-in that hands out tokens and tickets."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from connecthub.core.clock import Clock
from connecthub.integrations.sandbox.organisation.records import Record

REFUSED = "-1"
"""The token of who is not accepted."""


@dataclass
class TokenDesk:
    """Knows one REST user; a token lives as long as its last use is at most `idle_seconds` ago by the clock."""

    user_name: str
    password: str
    idle_seconds: float
    clock: Clock
    find_login: Callable[[str], Record | None]
    """Returns the member with a login name."""
    _used: dict[str, float] = field(default_factory=dict)
    _tickets: dict[str, str] = field(default_factory=dict)

    def hand_out(self, user_name: object, password: object) -> str:
        """Return a token, -1 where the user is not accepted."""
        if (user_name, password) != (self.user_name, self.password):
            return REFUSED
        token = str(uuid.uuid4())
        self._used[token] = self.clock.monotonic()
        return token

    def lives(self, token: str) -> bool:
        """Tell whether a token is known and was used lately; this use counts."""
        last_use = self._used.pop(token, None)
        now = self.clock.monotonic()
        if last_use is None or now - last_use > self.idle_seconds:
            return False
        self._used[token] = now
        return True

    def forget_all(self) -> None:
        """End all tokens, as if they had idled out."""
        self._used.clear()

    def bound_user(self, login_name: object) -> Record | None:
        """Return what the token says of the login that it acts for; None for an unknown login."""
        member = self.find_login(login_name) if isinstance(login_name, str) and login_name else None
        if member is None:
            return None
        return {
            "loginState": "ok",
            "sessionId": uuid.uuid4().hex,
            "id": member["id"],
            "loginName": member["loginName"],
            "name": member["name"],
            "loginAccount": member["orgAccountId"],
        }

    def issue_ticket(self, login_name: str) -> str:
        """Return a ticket, as the OA gives one to a page that it opens for somebody."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = login_name
        return ticket

    def check_ticket(self, ticket: str) -> Record:
        """Say whom a ticket was issued to."""
        member = self.find_login(self._tickets.get(ticket, ""))
        if member is None:
            return {"code": 1, "message": "无效的ticket\uff01"}
        told = {
            "code": member["code"],
            "telNumber": member["telNumber"],
            "loginName": member["loginName"],
            "name": member["name"],
            "email": member["emailAddress"],
        }
        return {"code": 0, "message": "", "data": told}
