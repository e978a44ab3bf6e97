"""Both stand-ins on one virtual clock, and runs of the sync between them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connecthub.core.clock import FixedClock
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.organisation import Organisation, generate
from connecthub.integrations.sandbox.organisation.records import department
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.testing import JobRun, run_job
from extensions.sync_oa_to_didi.members_job import SyncOAToDidiMembersJob

MONDAY = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SECRETS = {
    "oa_user_name": "sandbox-user",
    "oa_password": "sandbox-password",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-client-secret",
    "sign_key": "sandbox-sign-key",
}
COMPANY = "1125900000000001"
LEFT = 4
LATER = 60.0
"""Seconds from one run to the next."""


@dataclass
class Pair:
    """An OA and a DiDi, and what the sync is set up with."""

    oa: SeeyonSandbox
    didi: DidiSandbox
    clock: FixedClock
    params: dict[str, Any] = field(default_factory=dict)

    def sync(self, *, dry_run: bool = False, timeout: float = 36_000, **params: Any) -> JobRun:
        """Run the sync once, a minute later."""
        self.clock.advance(LATER)
        where = {"oa_base_url": self.oa.base_url, "didi_base_url": self.didi.base_url, "company_id": COMPANY}
        settings = {**where, **self.params, **params}
        return run_job(SyncOAToDidiMembersJob, settings, SECRETS, dry_run=dry_run, clock=self.clock, timeout=timeout)

    def settled(self, **params: Any) -> JobRun:
        """Run the sync, and see that it went well."""
        return self.sync(**params).check()

    @property
    def organisation(self) -> Organisation:
        """The OA's organisation, live: a test may change its records."""
        return self.oa.organisation

    def person(self, number: str) -> dict[str, Any]:
        """Return the OA's member with this number, to be changed."""
        return next(each for each in self.organisation.members if each["code"] == number)

    def new_department(self, name: str) -> dict[str, Any]:
        """Add a department to the OA at the top of its first unit, and return it, to be changed."""
        made = self.organisation
        number = len(made.departments) + 1
        record = department(number, name, f"N{number}", made.units[0], f"{made.units[0]['path']}9{number:03d}", number)
        made.departments.append(record)
        return record

    def member(self, number: str) -> dict[str, Any]:
        """Return DiDi's member with this number."""
        return next(each for each in self.didi.members_now() if each["employee_number"] == number)

    def writes(self) -> list[dict[str, Any]]:
        """Return the journal's writes to DiDi."""
        return [each for each in self.didi.journal if each["write"]]

    def everyday(self) -> list[str]:
        """Return the numbers of active people with nothing odd about them, who head nothing."""
        planted = self.organisation.planted
        odd = {each for ids in (*planted.values(), *self.organisation.heads.values()) for each in ids}
        people = [each for each in self.organisation.members if each["orgDepartmentId"] not in odd]
        return [each["code"] for each in people if each["id"] not in odd]

    def addable(self) -> list[str]:
        """Return the numbers of the people who have to become members."""
        planted = self.organisation.planted
        kinds = ("member_deleted", "member_disabled", "member_left_but_enabled", "code_missing", "code_shared")
        kinds += ("virtual_account", "admin_account")
        out = {each for kind in kinds for each in planted[kind]}
        homeless = {
            each for kind in ("disabled_with_members", "orphan", "cycle") for each in planted[f"department_{kind}"]
        }
        people = [each for each in self.organisation.members if each["id"] not in out]
        return [each["code"] for each in people if each["orgDepartmentId"] not in homeless]


@contextmanager
def pair(profile: str = "small", seed: int = 1, **didi: Any) -> Iterator[Pair]:
    """Run both stand-ins; `didi`: options of DiDi's."""
    clock = FixedClock(MONDAY)
    organisation = generate(profile, seed)
    with SeeyonSandbox(organisation=organisation, clock=clock) as oa, DidiSandbox(clock=clock, **didi) as there:
        yield Pair(oa, there, clock)
