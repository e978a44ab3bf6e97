"""Days of a company, drawn at random: whatever happens in the OA, and wherever a run is cut off, DiDi follows."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from extensions.sync_oa_to_didi.normalise import usable_name, usable_phone
from tests.sync.pair import LEFT, Pair, pair

ACTS = ("join", "leave", "come_back", "move", "rename", "new_phone", "pass_phones_on", "want_anothers_phone", "vanish")
ACTS += ("open", "rename_department", "move_department", "close", "appoint", "next_day")
PARAMS = {"max_leavers": 1000, "max_leavers_share": 1, "min_oa_share": 0, "spare_phone": "19900099999"}


class Company:
    """What may happen in an OA, one method each."""

    def __init__(self, both: Pair, rng: random.Random) -> None:
        self._both = both
        self._made = both.organisation
        self._rng = rng
        self._number = 0

    def staff(self) -> list[dict[str, Any]]:
        """Return the people who work here."""
        people = [each for each in self._made.members if not each["isVirtual"] and not each["isAdmin"]]
        return [each for each in people if each["enabled"] and not each["isDeleted"] and each["state"] == 1]

    def _one(self) -> dict[str, Any]:
        return self._rng.choice(self.staff())

    def _open(self) -> list[dict[str, Any]]:
        return [each for each in self._made.departments if each["enabled"]]

    def _phone(self) -> str:
        self._number += 1
        return f"1990002{self._number:04d}"

    def join(self) -> None:
        phone = self._phone()
        fields = {"id": self._number, "code": f"N{self._number}", "name": f"新人{self._number}", "telNumber": phone}
        self._made.members.append({**self._one(), **fields, "emailAddress": f"{phone}@example.com", "properties": {}})

    def leave(self) -> None:
        self._one()["enabled"] = False

    def come_back(self) -> None:
        self._rng.choice(self._made.members).update(enabled=True, isDeleted=False, state=1)

    def move(self) -> None:
        self._one()["orgDepartmentId"] = self._rng.choice(self._open())["id"]

    def rename(self) -> None:
        self._one()["name"] = f" 改{self._rng.randrange(1000)} "

    def new_phone(self) -> None:
        self._one()["telNumber"] = self._phone()

    def pass_phones_on(self) -> None:
        people = self._rng.sample(self.staff(), self._rng.randrange(2, 5))
        phones = [each["telNumber"] for each in people]
        for each, phone in zip(people, [*phones[1:], phones[0]], strict=True):
            each["telNumber"] = phone

    def want_anothers_phone(self) -> None:
        self._one()["telNumber"] = self._one()["telNumber"]

    def vanish(self) -> None:
        self._made.members.remove(self._one())

    def open(self) -> None:
        above = self._rng.choice(self._open())["id"]
        self._both.new_department(f"部门{len(self._made.departments)}")["superior"] = above

    def rename_department(self) -> None:
        self._rng.choice(self._open())["name"] = f"新名{self._rng.randrange(1000)}"

    def move_department(self) -> None:
        one, other = self._rng.sample(self._open(), 2)
        one["superior"] = self._rng.choice([other["id"], one["orgAccountId"]])

    def close(self) -> None:
        closing, *others = self._rng.sample(self._open(), 3)
        closing["enabled"] = False
        for each in self._made.members:
            if each["orgDepartmentId"] == closing["id"]:
                each["orgDepartmentId"] = self._rng.choice(others)["id"]

    def appoint(self) -> None:
        self._made.heads[self._rng.choice(self._open())["id"]] = [self._one()["id"]]

    def next_day(self) -> None:
        self._both.clock.advance(86_400)


def follows(both: Pair, company: Company) -> None:
    """Sync, see that a second run plans nothing, and that DiDi has whom the OA has, but for conflicts."""
    assert both.settled().result["not_done"] == 0
    second = both.settled()
    assert second.result["planned"] == {}
    conflicts = set(re.findall(r"conflict: (\S+) ", second.log))
    members = [each for each in both.didi.members_now() if each["employee_number"]]
    for field in ("employee_number", "phone"):
        values = [each[field] for each in members if each[field]]
        assert len(values) == len(set(values))
    there = {each["employee_number"]: each for each in members if each["status"] != LEFT}
    keys = {each["id"]: each["out_budget_id"] for each in both.didi.departments_now()}
    staff = {each["code"]: each for each in company.staff() if each["code"]}
    gone = {each["code"] for each in both.organisation.members} - staff.keys()
    assert all(there[number]["set_dismiss_time"] for number in there.keys() & gone)
    for number in staff.keys() - conflicts:
        person, member = staff[number], there[number]
        assert member["set_dismiss_time"] == ""
        assert member["realname"] == usable_name(person["name"])
        assert keys[member["budget_center_id"]] == str(person["orgDepartmentId"])
        phone = person["telNumber"] or person["properties"].get("telnumber") or ""
        assert member["phone"] == usable_phone(phone) or not phone


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_didi_follows_whatever_happens(seed: int) -> None:
    rng = random.Random(seed)
    with pair(seed=seed) as both:
        both.params |= PARAMS
        company = Company(both, rng)
        both.settled()
        for _ in range(8):
            for act in rng.choices(ACTS, k=6):
                getattr(company, act)()
            if rng.random() < 0.5:
                both.sync(timeout=2 * rng.random())
            follows(both, company)
