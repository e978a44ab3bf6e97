"""A Seeyon stand-in and a client signed in to it, on one clock that nobody waits on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from connecthub.core.clock import FixedClock, WaitingClock
from connecthub.integrations.hooks import NoHooks
from connecthub.integrations.sandbox.organisation import generate
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.integrations.seeyon import SeeyonClient

USER = "sandbox-user"
PASSWORD = "sandbox-password"
UUID = "5f0e2f6a-3a8e-4a54-9a7e-0c1f5d1f7a11"
UNIT = "670869647114347"
INVALID_TOKEN = "Invalid token,please authenticate again"


@dataclass
class Run(NoHooks):
    """The hooks of a run that remembers what it was told."""

    clock: WaitingClock = field(default_factory=lambda: FixedClock(datetime(2026, 1, 5, tzinfo=UTC)))
    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list, repr=False)

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)


@dataclass(frozen=True)
class Office:
    """The stand-in, a client of it, and the run that the client tells."""

    oa: SeeyonSandbox
    client: SeeyonClient
    run: Run

    @property
    def asked(self) -> list[str]:
        """What the stand-in was asked so far: `GET orgAccounts`."""
        return [f"{entry['method']} {entry['path'].removeprefix('/seeyon/rest/')}" for entry in self.oa.journal]

    def planted(self, kind: str) -> list[str]:
        """The ids of the entries that have an anomaly."""
        return [str(number) for number in self.oa.organisation.planted[kind]]

    def unit_of(self, department: str) -> str:
        """The unit of a department."""
        return next(
            str(row["orgAccountId"]) for row in self.oa.organisation.departments if str(row["id"]) == department
        )

    @contextmanager
    def plain(self) -> Iterator[httpx.Client]:
        """Yield what asks the stand-in without our client, with a token of it."""
        headers = {"token": self.client.authenticate().get_secret_value()}
        with httpx.Client(base_url=f"{self.oa.base_url}/seeyon/rest/", headers=headers, trust_env=False) as plain:
            yield plain


@contextmanager
def office(
    *, dry_run: bool = False, profile: str = "small", oa: dict[str, Any] | None = None, **options: Any
) -> Iterator[Office]:
    """Open an office; `oa` has options of the stand-in, `options` those of the client."""
    run = Run(dry_run=dry_run)
    given = {"organisation": generate(profile), "clock": run.clock, **(oa or {})}
    options = {"user_name": USER, "password": PASSWORD, "hooks": run, **options}
    with SeeyonSandbox(**given) as sandbox, SeeyonClient(sandbox.base_url, **options) as client:
        yield Office(sandbox, client, run)
