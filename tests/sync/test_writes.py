"""Whether a step took effect, looked up at DiDi."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connecthub.core.clock import FixedClock
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.hooks import NoHooks
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.faults import MutateJson
from connecthub.integrations.sandbox.match import Match
from extensions.sync_oa_to_didi.reading import ROOT, read_didi
from extensions.sync_oa_to_didi.steps import AddDepartment, ClearSuperior, SetSuperior
from extensions.sync_oa_to_didi.writes import took_effect, write
from tests.sync.pair import COMPANY, MONDAY, SECRETS


@pytest.fixture
def sandbox() -> Iterator[DidiSandbox]:
    with DidiSandbox(clock=FixedClock(MONDAY)) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: DidiSandbox) -> Iterator[DidiClient]:
    with DidiClient(
        client_id=SECRETS["client_id"],
        client_secret=SECRETS["client_secret"],
        sign_key=SECRETS["sign_key"],
        company_id=COMPANY,
        base_url=sandbox.base_url,
        hooks=NoHooks(clock=sandbox.clock),
    ) as client:
        yield client


@pytest.mark.parametrize("parent", ["0", "", "1", 1])
def test_a_department_at_the_top_is_there_however_didi_writes_the_top(
    sandbox: DidiSandbox, client: DidiClient, parent: str | int
) -> None:
    sandbox.plant_department("d", "K1")
    sandbox.fault(Match(path_glob="/river/BudgetCenter/get"), MutateJson("data.records.0.parent_id", parent))
    assert took_effect(client, AddDepartment("K1", "d", "", ""))


def test_the_company_itself_is_no_department(sandbox: DidiSandbox, client: DidiClient) -> None:
    sandbox.plant_department("d", "K1")
    sandbox.plant_department("company", "")
    sandbox.fault(Match(path_glob="/river/BudgetCenter/get"), MutateJson("data.records.1.id", ROOT))
    assert [each.name for each in read_didi(client, lambda *_: None).departments] == ["d"]


def test_a_superior_is_set_and_cleared(sandbox: DidiSandbox, client: DidiClient) -> None:
    sandbox.plant_member(realname="one", employee_number="E1", phone="19900000001")
    sandbox.plant_member(realname="two", employee_number="E2", phone="19900000002")
    one, none = SetSuperior("E2", "two", "E1", "one", "19900000001"), ClearSuperior("E2", "two", "E1", "one")
    write(client, one)
    assert (took_effect(client, one), took_effect(client, none)) == (True, False)
    write(client, none)
    assert (took_effect(client, one), took_effect(client, none)) == (False, True)
