"""Plugins that take turns, by themselves and by a client, and one that asks for them in every wrong way."""

from __future__ import annotations

import os
import time
from typing import Any

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.errors import RateLimited
from connecthub.jobs import BaseJob


class Paced(BaseJob):
    """Takes `turns` turns of `key` and returns when each came, on the monotonic clock that processes share."""

    def run(self, params: dict[str, Any], secrets: Any) -> dict[str, Any]:
        interval = params.get("interval", 0.16)
        came: list[float] = []
        for _ in range(params.get("turns", 1)):
            wait = self.context.reporter.turn(params["key"], interval)
            came.append(time.monotonic() + wait)
        return {"came": came}


class Hires(BaseJob):
    """Adds `people` members to the company of a DiDi stand-in, whose numbers begin with `letter`; returns how many
    writes it refused as too many."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        letter, refused = params["letter"], 0
        with self.client(DidiClient, base_url=params["base_url"], **secrets) as didi:
            for number in range(params["people"]):
                phone = f"199000{ord(letter):03d}{number:02d}"
                try:
                    didi.add_member({"realname": "张三", "phone": phone, "employee_number": f"{letter}{number}"})
                except RateLimited:
                    refused += 1
        return {"refused": refused}


class Greedy(BaseJob):
    """Does what `do` says to the way on which turns are asked for."""

    def run(self, params: dict[str, Any], secrets: Any) -> dict[str, Any]:
        return getattr(self, params["do"])()

    def asks_oddly(self) -> dict[str, Any]:
        """By the honest way: each is answered, and by this process alone."""
        turn = self.context.reporter.turn
        odd: list[tuple[Any, Any]] = [("", 1), ("k" * 201, 1), ("\0", 1), ("\ud800", 1), (7, 1), (None, 1)]
        odd += [("key", interval) for interval in (0, -1, 61, 1e300, float("inf"), float("nan"), True)]
        return {"asked": len([turn(*each) for each in odd])}

    def forges(self) -> dict[str, Any]:
        """By frames of its own."""
        from connecthub.runner.protocol import Frame

        send = self.context.reporter.send  # pyright: ignore[reportAttributeAccessIssue]
        for payload in ({}, {"n": "x"}, {"n": True}, {"n": [1], "key": "key", "interval": 1}, {"n": 10**400}):
            send(Frame.PACE, payload)
        for frame in (Frame.TURN, Frame.REQUEST):
            send(frame, {"n": 1, "at": 0})
        return {"wait": self.context.reporter.turn("key", 0.1)}

    def floods(self) -> dict[str, Any]:
        """With more questions than anybody answers, of more keys than anybody has, and reads no answer."""
        from connecthub.runner.protocol import Frame

        send = self.context.reporter.send  # pyright: ignore[reportAttributeAccessIssue]
        for number in range(1, 20_000):
            send(Frame.PACE, {"n": number, "key": f"key {number}", "interval": 60})
        return {}

    def closes_the_channel(self) -> dict[str, Any]:
        """As a plugin does that closes whatever it finds; its run crashes, but ends."""
        os.close(3)
        return {"wait": self.context.reporter.turn("key", 0.1)}

    def forks(self) -> dict[str, Any]:
        """A process of the plugin's own decides by itself."""
        self.context.reporter.turn("key", 30.0)
        pid = os.fork()
        if pid == 0:
            waits = [self.context.reporter.turn("key", 30.0) for _ in range(2)]
            os._exit(0 if waits[0] <= 0 and waits[1] > 20 else 1)
        return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}
