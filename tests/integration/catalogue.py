"""The failure catalogue's rows and the world that each is played in: a client and a stand-in on one clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from connecthub.core.clock import FixedClock
from connecthub.core.turns import Turns
from connecthub.errors import IntegrationError
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.faults import Effect
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.organisation import SINGLE_UNIT
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.integrations.seeyon import SeeyonClient

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
UNIT = str(SINGLE_UNIT)
SIGN_INS = ("/seeyon/rest/token", "/seeyon/rest/token/...", "/river/Auth/authorize")
JITTER = 0.25
"""Seconds that are added to a back-off at most."""

SEEYON: dict[str, Any] = {"user_name": "sandbox-user", "password": "sandbox-password"}
DIDI: dict[str, Any] = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-client-secret",
    "sign_key": "sandbox-sign-key",
    "company_id": "1125900000000001",
}
SECRETS = ("sandbox-password", "sandbox-client-secret", "sandbox-sign-key", "ticket=secret", "13900001001")


@dataclass
class Run:
    """The hooks of a run without a limit; `heard` is told of each call."""

    clock: FixedClock
    dry_run: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    heard: Callable[[dict[str, Any]], None] = lambda record: None

    def __post_init__(self) -> None:
        self._turns = Turns(self.clock)

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)
        self.heard(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)

    def deadline(self) -> float | None:
        return None

    def turn(self, key: str, interval: float) -> float:
        return self._turns.take(key, interval)


@dataclass
class World:
    """What a row is played with."""

    clock: FixedClock
    run: Run
    sandbox: Any
    client: Any
    since: int = 0
    """How much of the journal was there before the row's call."""

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The journal of the row's call, without sign-ins."""
        return [entry for entry in self.sandbox.journal[self.since :] if entry["path"] not in SIGN_INS]

    @property
    def sign_ins(self) -> int:
        """How often the row's call signed in."""
        return len(self.sandbox.journal) - self.since - len(self.asked)


Faults = Sequence[tuple[Match, Effect]]


@dataclass(frozen=True)
class Row:
    """A failure of the catalogue, how it is brought about, and what is due."""

    id: str
    failure: str
    system: Literal["seeyon", "didi"]
    call: Callable[[World], Any]
    requests: int | range
    """That reach the service for the call, sign-ins aside; a range where that depends on which thread is first."""
    sign_ins: int
    error: type[IntegrationError] | None = None
    says: str = ""
    code: str = ""
    """The system's own, of a BusinessError."""
    waits: tuple[float, ...] = ()
    """Seconds of each back-off, without jitter, and of each turn that is waited for."""
    result: Callable[[World, Any], bool] = lambda world, result: True
    faults: Faults = ()
    before: Callable[[World], Any] = lambda world: None
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    client: Mapping[str, Any] = field(default_factory=dict)
    the_sync: str = ""
    """What is left for a sync to do."""

    def __str__(self) -> str:
        return f"{self.id} {self.failure}"


@contextmanager
def played(row: Row) -> Iterator[World]:
    """Set up the world of a row, up to its call."""
    clock = FixedClock(NOW)
    run = Run(clock)
    stand_in = SeeyonSandbox if row.system == "seeyon" else DidiSandbox
    with stand_in(clock=clock, **row.sandbox) as sandbox:
        kind, login = (SeeyonClient, SEEYON) if row.system == "seeyon" else (DidiClient, DIDI)
        options: dict[str, Any] = {"hooks": run, "base_url": sandbox.base_url, **login, **row.client}
        client = kind(**options)
        with client:
            world = World(clock, run, sandbox, client)
            row.before(world)
            for match, effect in row.faults:
                sandbox.fault(match, effect)
            world.since = len(sandbox.journal)
            yield world
