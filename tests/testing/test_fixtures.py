"""The fixtures that pytest finds by itself: stand-ins, a run, and the one clock that they go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, HttpUrl, SecretStr

from connecthub.core.clock import FixedClock
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.integrations.seeyon import SeeyonClient
from connecthub.jobs import BaseJob
from connecthub.testing import JobRun

RunJob = Callable[..., JobRun]
DIDI = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-client-secret",
    "sign_key": "sandbox-sign-key",
    "company_id": "1125900000000001",
}


class CountMembers(BaseJob):
    """Count the members of the OA, and again after a quiet hour."""

    class Params(BaseModel):
        base_url: HttpUrl

    class Secrets(BaseModel):
        user_name: str
        password: SecretStr

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any]:
        with self.client(SeeyonClient, base_url=params.base_url, **dict(secrets)) as oa:
            before = [len(oa.members(unit.id)) for unit in oa.units()]
            self.context.clock.sleep(3000)
            return {"before": before, "after": [len(oa.members(unit.id)) for unit in oa.units()]}


class AddDepartments(BaseJob):
    """Add two departments to DiDi."""

    class Params(BaseModel):
        base_url: HttpUrl

    class Secrets(BaseModel):
        client_id: str
        client_secret: SecretStr
        sign_key: SecretStr
        company_id: str

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any]:
        with self.client(DidiClient, base_url=params.base_url, **dict(secrets)) as didi:
            before = len(didi.departments())
            for number in (1, 2):
                didi.add_department(
                    {
                        "name": f"部门 {number}",
                        "out_budget_id": f"D{number}",
                        "type": 1,
                        "budget_cycle": 0,
                        "total_quota": 0,
                    }
                )
            return {"added": len(didi.departments()) - before}


def test_seeyon_a_run_and_the_clock_go_together(run_job: RunJob, seeyon: SeeyonSandbox, fixed_clock: FixedClock):
    secrets = {"user_name": "sandbox-user", "password": "sandbox-password"}
    run = run_job(CountMembers, {"base_url": seeyon.base_url}, secrets).check()
    assert run.result["before"] == run.result["after"] != []
    assert [(call.method, call.path) for call in run.calls].count(("POST", "/seeyon/rest/token")) == 2
    assert fixed_clock.monotonic() == 3000


def test_didi_paces_writes_on_the_same_clock(run_job: RunJob, didi: DidiSandbox):
    run = run_job(AddDepartments, {"base_url": didi.base_url}, DIDI).check()
    assert run.result == {"added": 2}
    first, second = [entry["at"] for entry in didi.journal if entry["path"].endswith("/BudgetCenter/add")]
    assert second - first >= 0.15


def test_a_dry_run_adds_nothing_to_didi(run_job: RunJob, didi: DidiSandbox):
    run = run_job(AddDepartments, {"base_url": didi.base_url}, DIDI, dry_run=True).check()
    assert run.result == {"added": 0}
    assert len(run.held_back) == 2
