"""A stand-in of no system in particular, and a plain client, for tests of what all stand-ins can."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx

from connecthub.integrations.sandbox.messages import Reply, Request, json_reply
from connecthub.integrations.sandbox.server import Sandbox


class Counter(Sandbox):
    """Counts what takes effect, and has a token or two to forget."""

    service: ClassVar[str] = "counter"
    handled = 0
    tokens = 2

    def answer(self, request: Request) -> Reply:
        self.handled += 1
        return json_reply({"handled": self.handled, "records": [{"id": 1, "name": "张三"}, {"id": 2}]})

    def journal_facts(self, request: Request) -> dict[str, Any]:
        return {"operation": request.path.strip("/")}

    def expire_tokens(self) -> None:
        self.tokens = 0

    def state(self) -> dict[str, Any]:
        return {"handled": [self.handled], "tokens": ["t"] * self.tokens}

    def start_over(self, profile: str, seed: int) -> None:
        self.handled = 0
        self.expire_tokens()


def plain_client(sandbox: Sandbox, timeout: float = 10) -> httpx.Client:
    """A client that knows nothing of the stand-in but its address."""
    return httpx.Client(base_url=sandbox.base_url, timeout=timeout, trust_env=False, verify=False)  # authorities: slow
