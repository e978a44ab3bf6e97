"""Attempts: how often one call is sent, in how much time, and whether it may have taken effect."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from connecthub.errors import IntegrationError
from connecthub.integrations.call import Call, Outgoing, Response
from connecthub.integrations.errors import CertificateRefused, ConnectFailed, OutOfTime, RateLimited
from connecthub.integrations.hooks import ClientHooks
from connecthub.integrations.retry import retrying

Sign = Callable[[], Outgoing]
Send = Callable[[Call, int, Sign, Callable[[], float]], Response]
"""Sends a call once: its number, what it sends, and the seconds that are left for it."""


class Attempts:
    """The attempts at one call, those of its replay included."""

    def __init__(self, call: Call, send: Send, hooks: ClientHooks, call_timeout: float) -> None:
        self.in_doubt = False
        """The call writes, and an attempt ended so that it may have taken effect."""
        self._call = call
        self._send = send
        self._hooks = hooks
        self._ends_at = hooks.clock.monotonic() + call_timeout
        self._numbers = itertools.count(1)

    def seconds_left(self) -> float:
        """Seconds until the call's time or the run's is over, whichever is first; below zero after that."""
        left = self._ends_at - self._hooks.clock.monotonic()
        of_run = self._hooks.deadline()
        return left if of_run is None else min(left, of_run)

    def run(self, sign: Sign) -> Response:
        """Attempt the call until it has an answer that is not temporary, as often as its retries allow."""
        return retrying(self._call, self.seconds_left, self._hooks.clock.sleep)(self._attempt, sign)

    def _attempt(self, sign: Sign) -> Response:
        if self.seconds_left() <= 0:
            raise OutOfTime(f"{self._call}: not sent, for its time or the run's is over; give the job a longer timeout")
        try:
            return self._send(self._call, next(self._numbers), sign, self.seconds_left)
        except (ConnectFailed, CertificateRefused, OutOfTime, RateLimited):
            raise
        except IntegrationError:
            self.in_doubt = self._call.writes
            raise
