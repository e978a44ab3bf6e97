"""Faults for a sync: a share of all calls goes wrong, in every way that the services know."""

from __future__ import annotations

from dataclasses import dataclass

from connecthub.integrations.sandbox.faults import ApplyThenFail, Drop, Effect, Stage, Status
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Outcome
from connecthub.integrations.sandbox.server import Sandbox

PAUSE = 1.0
"""Seconds: no token is outdated so soon after the last ones were."""


@dataclass
class TokensExpire(Effect):
    """All tokens are outdated when the request arrives, but for one that was fetched just for it."""

    sandbox: Sandbox
    last: float = float("-inf")

    def play(self, stage: Stage) -> Outcome:
        """Forget the tokens, then answer."""
        now = self.sandbox.clock.monotonic()
        if now > self.last + PAUSE:
            self.sandbox.expire_tokens()
        self.last = now
        return stage.answer


def make_trouble(sandbox: Sandbox, share: float = 0.05, seed: int = 1) -> None:
    """Let a `share` of all calls fail: 503, a reset, a timeout of a gateway, an expired token, a lost answer.

    A lost answer (504 or a reset) comes after the call took effect.
    """
    effects: list[Effect] = [
        Status(503),
        Drop("before"),
        ApplyThenFail(Status(504)),
        ApplyThenFail(Drop()),
        TokensExpire(sandbox),
    ]
    for number, effect in enumerate(effects):
        match = Match(probability=share / len(effects), seed=seed * 1000 + number)
        sandbox.fault(match, effect, f"trouble-{number}")
