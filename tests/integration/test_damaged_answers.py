"""Whatever is cut off, garbled or reordered in a reply, no client returns an empty or partial list silently.

A list is the true one (in any order), or an error. What cannot be told from a true answer, in principle, is allowed
and no more:

- a byte that becomes another one inside a value, or a piece that is lost and leaves good JSON behind: as many entries,
  all but one of them untouched;
- rows that are taken out of a list for which the system has no count (Seeyon's units, posts, levels, disabled
  departments and the members of one department; DiDi's roles and regulations): guards of a sync are for that;
- a system that says each time that there is nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connecthub.core.clock import FixedClock
from connecthub.errors import IntegrationError
from connecthub.integrations.didi import DidiClient
from connecthub.integrations.errors import ProtocolError
from connecthub.integrations.hooks import NoHooks
from connecthub.integrations.sandbox.didi import DidiSandbox
from connecthub.integrations.sandbox.organisation import generate
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.integrations.sandbox.server import Sandbox
from connecthub.integrations.seeyon import SeeyonClient
from tests.integration import damage
from tests.integration.catalogue import DIDI, NOW, SEEYON, UNIT
from tests.integration.damage import Damage, Damaging, Repeating, on_rows

List = Callable[[Any], list[Any]]

ORGANISATION = generate("small", seed=1)
HOMES = Counter(member["orgDepartmentId"] for member in ORGANISATION.members)
FULLEST = str(HOMES.most_common(1)[0][0])

COUNTED: dict[str, List] = {
    "departments of Seeyon": lambda client: client.departments(UNIT),
    "members of Seeyon": lambda client: client.members(UNIT),
    "members of Seeyon, disabled ones too": lambda client: client.members(UNIT, disabled=True),
    "members of Seeyon, by department": lambda client: [
        member for member in client.members_by_department(UNIT) if member.enabled and not member.deleted
    ],
    "members of DiDi": lambda client: client.members(),
    "members of DiDi, found": lambda client: client.find_members(phone="13900020007"),
    "departments of DiDi": lambda client: client.departments(),
    "departments of DiDi, found": lambda client: client.find_departments(out_budget_id="K3"),
    "projects of DiDi": lambda client: client.projects(),
    "legal entities of DiDi": lambda client: client.legal_entities(),
}
UNCOUNTED: dict[str, List] = {
    "units of Seeyon": lambda client: client.units(),
    "departments of Seeyon, disabled ones too": lambda client: client.departments(UNIT, disabled=True),
    "members of a department of Seeyon": lambda client: client.members_of_department(FULLEST),
    "posts of Seeyon": lambda client: client.posts(UNIT),
    "levels of Seeyon": lambda client: client.levels(UNIT),
    "roles of DiDi": lambda client: client.roles(),
    "regulations of DiDi": lambda client: client.regulations(),
}
LISTS = {**COUNTED, **UNCOUNTED}

SPOILT: list[Damage] = [
    damage.cut_off,
    damage.total_changed,
    *map(on_rows, [damage.double, damage.shuffle, damage.spoil_a_row, damage.spoil_an_id]),
]
"""Noticed in every list, or without harm."""
LOST: list[Damage] = [on_rows(change) for change in (damage.lose, damage.lose_the_end, damage.write_over)]
"""Noticed where the system has a count."""
EMPTIED: list[Damage] = [damage.nothing_left, damage.data_replaced]
GARBLED: list[Damage] = [damage.byte_replaced, damage.digit_replaced, damage.piece_lost]


@pytest.fixture(scope="module")
def sandboxes() -> dict[str, Sandbox]:
    """Return stand-ins that are asked without a socket; DiDi's has two pages of members."""
    clock = FixedClock(NOW)
    oa, didi = SeeyonSandbox(clock=clock, organisation=ORGANISATION), DidiSandbox(clock=clock)
    for number in range(103):
        phone, code = f"1390002{number:04d}", f"C{number}"
        didi.plant_member(realname=f"员工{number}", phone=phone, employee_number=code, regulation_id=["7"])
    made = {"Seeyon": oa, "DiDi": didi}
    client = client_on(way_to("DiDi", made, damage.untouched))
    for number in range(5):
        plain = {"name": f"部门{number}", "budget_cycle": 0, "total_quota": "0"}
        client.add_department({**plain, "out_budget_id": f"K{number}"})
        client.add_department({**plain, "type": 2, "out_budget_id": f"P{number}"})
    return made


def way_to(
    name: str, sandboxes: dict[str, Sandbox], kind: Damage, nth: int = 0, seed: int = 0, *, for_ever: bool = False
) -> Damaging:
    """A way to the service that a list's name tells."""
    sandbox = sandboxes["DiDi" if "DiDi" in name else "Seeyon"]
    return Damaging(sandbox, kind, nth, Random(seed), for_ever=for_ever)


def client_on(way: Damaging) -> Any:
    made, login = (DidiClient, DIDI) if isinstance(way.sandbox, DidiSandbox) else (SeeyonClient, SEEYON)
    options: dict[str, Any] = {"hooks": NoHooks(clock=way.sandbox.clock), "transport": way, **login}
    return made(base_url="http://service.example.com", **options)


@dataclass(frozen=True)
class Truth:
    """A list as it is, by id, and how many replies it takes to read."""

    entries: dict[str, Any]
    replies: int


@pytest.fixture(scope="module")
def truths(sandboxes: dict[str, Sandbox]) -> dict[str, Truth]:
    """Return what each list is, read over an undamaged way."""
    read: dict[str, Truth] = {}
    for name, listed in LISTS.items():
        way = way_to(name, sandboxes, damage.untouched)
        read[name] = Truth({entry.id: entry for entry in listed(client_on(way))}, way.replies)
        assert read[name].entries
    return read


@dataclass(frozen=True)
class Struck:
    """What a client made of a damaged way: a list, or None for an error."""

    found: list[Any] | None
    truth: dict[str, Any]

    @property
    def is_the_truth(self) -> bool:
        """An error or the true list, whatever its order."""
        return self.found is None or {entry.id: entry for entry in self.found} == self.truth

    @property
    def is_all_but_one_entry_true(self) -> bool:
        """An error or as many entries as in the true list, one of them another at most."""
        others = [entry for entry in self.found or () if entry != self.truth.get(entry.id)]
        return self.found is None or (len(self.found) == len(self.truth) and len(others) <= 1)


Strike = Callable[[str, Damage, bool, st.DataObject], Struck]


@pytest.fixture(scope="module")
def strike(sandboxes: dict[str, Sandbox], truths: dict[str, Truth]) -> Strike:
    """Return what reads a list while a reply, or with True all from one on, are damaged."""

    def read(name: str, kind: Damage, for_ever: bool, data: st.DataObject) -> Struck:
        truth = truths[name]
        nth, seed = data.draw(st.integers(0, truth.replies - 1), "reply"), data.draw(st.integers(0, 2**32), "seed")
        client = client_on(way_to(name, sandboxes, kind, nth, seed, for_ever=for_ever))
        try:
            return Struck(LISTS[name](client), truth.entries)
        except IntegrationError:
            return Struck(None, truth.entries)

    return read


TRIES = settings(max_examples=10, deadline=None)


@pytest.mark.parametrize("name", LISTS)
@TRIES
@given(st.sampled_from(SPOILT), st.booleans(), st.data())
def test_a_spoilt_reply_is_noticed(
    name: str, strike: Strike, kind: Damage, for_ever: bool, data: st.DataObject
) -> None:
    assert strike(name, kind, for_ever, data).is_the_truth


@pytest.mark.parametrize("name", COUNTED)
@TRIES
@given(st.sampled_from(LOST), st.booleans(), st.data())
def test_lost_rows_are_noticed(name: str, strike: Strike, kind: Damage, for_ever: bool, data: st.DataObject) -> None:
    assert strike(name, kind, for_ever, data).is_the_truth


@pytest.mark.parametrize("name", LISTS)
@TRIES
@given(st.sampled_from(EMPTIED), st.booleans(), st.data())
def test_nothing_is_believed_only_where_it_is_said_each_time(
    name: str, strike: Strike, kind: Damage, for_ever: bool, data: st.DataObject
) -> None:
    struck = strike(name, kind, for_ever, data)
    has_its_own_count = name in COUNTED and "Seeyon" in name
    said_each_time = for_ever and struck.found == [] and not has_its_own_count
    assert said_each_time or struck.is_the_truth


@pytest.mark.parametrize("name", LISTS)
@TRIES
@given(st.sampled_from(GARBLED), st.data())
def test_a_garbled_reply_harms_one_entry_at_most(name: str, strike: Strike, kind: Damage, data: st.DataObject) -> None:
    struck = strike(name, kind, False, data)
    assert struck.is_all_but_one_entry_true or (kind is damage.piece_lost and name in UNCOUNTED)


def refused_by_seeyon(client: Any) -> Any:
    return client.add_member({"name": "新人", "code": "N1", "orgDepartmentId": "7"})


def refused_by_didi(client: Any) -> Any:
    return client.add_member({"realname": "新人", "phone": "13900020007", "employee_number": "N1"})


@pytest.mark.parametrize(("name", "act"), [("Seeyon", refused_by_seeyon), ("DiDi", refused_by_didi)])
@settings(max_examples=60, deadline=None)
@given(st.sampled_from([damage.cut_off, damage.bom_before, *EMPTIED, *GARBLED]), st.integers(0, 2**32))
def test_a_refused_write_is_never_taken_for_one_that_was_done(
    name: str, act: List, sandboxes: dict[str, Sandbox], kind: Damage, seed: int
) -> None:
    after_the_sign_in = 1
    with pytest.raises(IntegrationError):
        act(client_on(way_to(name, sandboxes, kind, after_the_sign_in, seed)))


def test_a_page_that_comes_twice_in_place_of_another_is_noticed(
    sandboxes: dict[str, Sandbox], truths: dict[str, Truth]
) -> None:
    second_page = 2  # after the sign-in and the first one
    once, for_ever = (
        client_on(Repeating(sandboxes["DiDi"], damage.untouched, second_page, Random(0), for_ever=each))
        for each in (False, True)
    )
    assert {member.id: member for member in once.members()} == truths["members of DiDi"].entries
    with pytest.raises(ProtocolError, match="or is not sent whole"):
        for_ever.members()
