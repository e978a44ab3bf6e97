"""A DiDi client and its stand-in, on one clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from connecthub.core.clock import FixedClock, WaitingClock
from connecthub.core.turns import Turns
from connecthub.integrations.base import preload_ssl_context
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.didi.signature import json_text, signature
from connecthub.integrations.sandbox.didi import COMPANY, DidiSandbox

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""Nine o'clock in Shanghai."""
FORM = "application/x-www-form-urlencoded"
SINGLE = "Member/single"
SIGN_KEY = "sandbox-sign-key"
ZHANG = {"realname": "张三", "phone": "19900005001", "employee_number": "D1001"}
DEPARTMENT = {"name": "研发中心", "out_budget_id": "-5476327415902942726", "budget_cycle": 0, "total_quota": "0"}


@dataclass
class Run:
    """The hooks of a run that remembers what it was told."""

    clock: WaitingClock
    dry_run: bool = False
    seconds_left: float | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turns = Turns(self.clock)

    def on_call(self, record: dict[str, Any]) -> None:
        self.calls.append(record)

    def on_secret(self, value: str) -> None:
        self.secrets.append(value)

    def deadline(self) -> float | None:
        return self.seconds_left

    def turn(self, key: str, interval: float) -> float:
        return self.turns.take(key, interval)


def client_of(sandbox: DidiSandbox, run: Run, *, sign_key: str = "sandbox-sign-key", **more: Any) -> DidiClient:
    """A client of `sandbox`, with the right credentials but for what is given."""
    return DidiClient(
        "sandbox-client", "sandbox-client-secret", sign_key, COMPANY, base_url=sandbox.base_url, hooks=run, **more
    )


@dataclass
class World:
    """A stand-in, a client and the run that uses it."""

    sandbox: DidiSandbox
    client: DidiClient
    run: Run
    clock: FixedClock

    def operations(self, *names: str) -> list[dict[str, Any]]:
        """The journal's entries of these operations; of all but signing in, if none is named."""
        journal = self.sandbox.journal
        return [each for each in journal if (each["operation"] in names if names else each["operation"] != "sign in")]


@contextmanager
def world(*, dry_run: bool = False, sign_key: str = "sandbox-sign-key", **options: Any) -> Iterator[World]:
    """Open a stand-in with `options` and a client that signs as it wants."""
    clock = FixedClock(MONDAY)
    run = Run(clock, dry_run)
    way = options.get("signature", "md5")
    with (
        DidiSandbox(clock=clock, **options) as sandbox,
        client_of(sandbox, run, sign_key=sign_key, signature=way) as client,
    ):
        yield World(sandbox, client, run, clock)


class Caller:
    """Calls a stand-in by hand, rightly signed; each call comes `pause` seconds after the last one."""

    pause = 1.0

    def __init__(self, sandbox: DidiSandbox, clock: FixedClock) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.http = httpx.Client(base_url=f"{sandbox.base_url}/river/", verify=preload_ssl_context())
        self.token = sandbox.issue_token("sandbox-client")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.http.close()

    def fields(self, **more: Any) -> dict[str, Any]:
        """Who calls, when and what for, signed; None leaves a field out."""
        who = {"client_id": "sandbox-client", "company_id": COMPANY, "access_token": self.token}
        fields = {**who, "timestamp": int(self.clock.now().timestamp()), **more}
        sent = {name: value for name, value in fields.items() if value is not None}
        texts = {name: value if isinstance(value, str | int) else json_text(value) for name, value in sent.items()}
        return {"sign": signature(texts, SIGN_KEY), **sent}

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        self.clock.advance(self.pause)
        return self.http.post(path, json=self.fields(**fields)).json()

    def get(self, path: str, **fields: Any) -> dict[str, Any]:
        self.clock.advance(self.pause)
        return self.http.get(path, params=self.fields(**fields), headers={"Content-Type": FORM}).json()

    def add(self, **data: Any) -> dict[str, Any]:
        return self.post(SINGLE, data=json_text({**ZHANG, **data}))

    def edit(self, member_id: str, **data: Any) -> dict[str, Any]:
        return self.post("Member/edit", member_id=member_id, data=json_text(data))

    def the_member(self) -> dict[str, Any]:
        return next(row for row in self.sandbox.members_now() if row["employee_number"] == ZHANG["employee_number"])


@contextmanager
def calling(clock: FixedClock | None = None, **options: Any) -> Iterator[Caller]:
    """Open a stand-in with `options` and a caller of it."""
    clock = clock or FixedClock(MONDAY)
    with DidiSandbox(clock=clock, **options) as sandbox, Caller(sandbox, clock) as caller:
        yield caller
