"""A run that is killed at any of its writes: the next one leads to the same end, as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connecthub.integrations.sandbox.faults import ApplyThenFail, Effect, Errno
from connecthub.integrations.sandbox.match import Match
from tests.sync.pair import Pair, pair

SPARE = "19900019998"
WRITES = 15
"""So many writes bring the company from one day to the next."""
KILL = Errno(403, "the run ends here")
"""No run goes on after this answer."""


@contextmanager
def changed_company() -> Iterator[Pair]:
    """A company of a dozen after its first sync, in which everything that a sync does has to be done."""
    with pair() as both:
        people = few(both)
        old, below = both.new_department("旧部门"), both.new_department("下级部门")
        below["superior"] = people[0]["orgDepartmentId"] = old["id"]
        made = both.organisation
        made.heads[below["id"]] = [people[1]["id"]]
        people[2]["orgDepartmentId"] = below["id"]
        both.params["spare_phone"] = SPARE
        both.settled()
        below.update(name="新名字", superior=below["orgAccountId"])
        people[0]["orgDepartmentId"] = both.new_department("新部门")["id"]
        old["enabled"] = False
        phones = [each["telNumber"] for each in people[2:5]]
        for each, phone in zip(people[2:5], [*phones[1:], phones[0]], strict=True):
            each["telNumber"] = phone
        people[5].update(telNumber="19900019997", name="改名")
        people[6]["enabled"] = False
        made.heads[below["id"]] = [people[3]["id"]]
        joins = [{**people[7], "id": number, "code": f"N{number}", "telNumber": None} for number in (71, 72)]
        for each in joins:
            each.update(emailAddress=None, properties={}, orgDepartmentId=below["id"])
        made.members.extend(joins)
        yield both


def few(both: Pair) -> list[dict[str, Any]]:
    """Keep a dozen everyday people with the departments above them, and return the people."""
    made = both.organisation
    people = [both.person(number) for number in both.everyday()[:12]]
    of = {each["id"]: each for each in made.departments}
    kept: set[int] = set()
    for person in people:
        above = person["orgDepartmentId"]
        while above in of and above not in kept:
            kept.add(above)
            above = of[above]["superior"]
    made.members[:] = people
    made.departments[:] = [of[each] for each in sorted(kept)]
    made.heads.clear()
    return people


def shape(both: Pair) -> tuple[Any, ...]:
    """Return what DiDi has, without DiDi's ids."""
    keys = {each["id"]: each["out_budget_id"] for each in both.didi.departments_now()}
    told = ("employee_number", "realname", "phone", "email", "status", "immediate_superior_eid", "set_dismiss_time")
    return (
        sorted((*(each[field] for field in told), keys[each["budget_center_id"]]) for each in both.didi.members_now()),
        sorted((keys[each["id"]], each["name"], keys.get(each["parent_id"])) for each in both.didi.departments_now()),
    )


def end(number: int, effect: Effect) -> tuple[Any, ...]:
    """Sync a changed company; write `number` meets the effect. Returns what DiDi has after the next sync."""
    with changed_company() as both:
        before = len(both.writes())
        both.didi.fault(Match(method="POST", path_glob="/river/[BM]*", nth=number), effect)
        run = both.sync()
        assert (run.status == "failed") == (number <= WRITES)
        assert len(both.writes()) - before == min(number, WRITES)
        both.didi.clear_faults()
        both.settled()
        assert both.settled().result["planned"] == {}
        return shape(both)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [KILL, ApplyThenFail(KILL)], ids=["before", "after"])
def test_a_run_that_is_killed_at_any_write_is_finished_by_the_next_one(effect: Effect) -> None:
    whole = end(WRITES + 1, effect)
    for number in range(1, WRITES + 1):
        assert end(number, effect) == whole, number
