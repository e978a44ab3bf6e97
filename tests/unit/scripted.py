"""A service that answers by script, and the hooks of a run that remembers: what the tests of the client core share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from connecthub.core.clock import FixedClock
from connecthub.core.turns import Turns
from connecthub.integrations.base import BaseClient

NOW = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
Step = httpx.Response | type[httpx.TransportError] | Callable[[httpx.Request], httpx.Response]


@dataclass
class Run:
    """The hooks of a run on a clock that stands unless somebody waits."""

    dry_run: bool = False
    seconds: float | None = None
    """How long the run may take, from the start."""
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)

    def deadline(self) -> float | None:
        return None if self.seconds is None else self.seconds - self.clock.monotonic()

    def turn(self, key: str, interval: float) -> float:
        return self.turns.take(key, interval)


class Script(httpx.BaseTransport):
    """Answers with the steps in turn, the last one for ever, and remembers when it was asked, by the run's clock."""

    def __init__(self, *steps: Step, run: Run | None = None) -> None:
        self.steps = list(steps)
        self.run = run or Run()
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []

    @property
    def waits(self) -> list[float]:
        """Seconds between the requests."""
        return [after - before for before, after in zip(self.times, self.times[1:], strict=False)]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.run.clock.monotonic())
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, type):
            raise step("secret in httpx's words", request=request)
        if isinstance(step, httpx.Response):
            return httpx.Response(step.status_code, headers=step.headers, content=b"{}")
        return step(request)

    def client(self, **options: Any) -> BaseClient:
        return BaseClient("http://oa.example.com", hooks=self.run, transport=self, **options)


def status(code: int, **headers: str) -> httpx.Response:
    """An answer with a status and headers, written with underscores."""
    return httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})
