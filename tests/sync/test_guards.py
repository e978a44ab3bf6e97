"""Guards: what is not to be believed stops a run before its first write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from extensions.sync_oa_to_didi.guards import leavers_allowed, trips
from extensions.sync_oa_to_didi.reading import OaReading
from tests.sync.facts import (
    HOME,
    UNIT,
    didi_department,
    didi_member,
    didi_side,
    oa_department,
    oa_person,
    oa_reading,
    params,
    person,
    planned,
    tree,
    wanted,
)


@pytest.mark.parametrize(
    ("numbered", "settings", "allowed"),
    [
        (1, {}, 1),
        (2, {}, 1),
        (5, {}, 2),
        (10, {}, 5),
        (50, {}, 5),
        (60, {}, 6),
        (400, {}, 40),
        (500, {}, 50),
        (8000, {}, 50),
        (8000, {"max_leavers": 500}, 500),
        (8000, {"max_leavers": 5000}, 800),
        (100, {"max_leavers": 0}, 0),
        (100, {"max_leavers_share": 0}, 5),
    ],
)
def test_how_many_may_leave_at_once(numbered: int, settings: dict[str, Any], allowed: int) -> None:
    assert leavers_allowed(numbered, params(**settings)) == allowed


def stops(active: int, numbered: int, leaving: int, oa: OaReading | None = None, **settings: Any) -> list[str]:
    """Return the guards' words for so many active people, numbered members and leavers."""
    left = [f"E{number}" for number in range(leaving)]
    people = replace(wanted(person("E9999"), left=left), active=active)
    there = didi_side([didi_member(f"E{number}") for number in range(numbered)])
    plan = planned(people, there, **settings)
    return trips(oa or oa_reading([oa_person("E9999")]), tree(), people, there, plan, params(**settings))


def test_a_usual_day_passes() -> None:
    assert stops(active=100, numbered=100, leaving=5) == []
    assert stops(active=1, numbered=0, leaving=0) == []
    assert stops(active=4, numbered=5, leaving=1) == []


def test_a_mass_leave_is_stopped_with_its_numbers_and_the_names_of_the_params() -> None:
    (text,) = stops(active=100, numbered=100, leaving=11)
    assert "11 of 100" in text
    assert "11%" in text
    assert "max_leavers 50, max_leavers_share 10%" in text
    assert stops(active=100, numbered=100, leaving=11, max_leavers_share=0.2) == []
    assert stops(active=100, numbered=100, leaving=11, leavers="keep") == []


def test_many_small_leaves_before_one_midnight_are_a_mass_leave() -> None:
    waiting = [didi_member(f"L{number}", set_dismiss_time="2026-01-06") for number in range(8)]
    there = didi_side([*waiting, *(didi_member(f"E{number}") for number in range(92))])
    left = [f"L{number}" for number in range(8)]

    def words(*new: str) -> list[str]:
        people = replace(wanted(left=[*left, *new]), active=90)
        return trips(oa_reading([oa_person("E1")]), tree(), people, there, planned(people, there), params())

    assert words() == []
    assert words("E1", "E2") == []
    assert "11 of 100 DiDi members with a number would leave (8 are dismissed already)" in words("E1", "E2", "E3")[0]


def test_many_closings_are_stopped_for_nothing_opens_a_department_again() -> None:
    there = didi_side([], [didi_department(str(number)) for number in range(1, 23)])
    departments = tree(oa_department("1"), *(oa_department(str(number), enabled=False) for number in range(2, 23)))
    people = wanted(person("E1"))
    plan = planned(people, there, tree_=departments)
    (text,) = trips(oa_reading([oa_person("E1")]), tree(), people, there, plan, params())
    assert text.startswith("21 departments would be closed, which DiDi cannot undo; max_closings is 20")
    assert trips(oa_reading([oa_person("E1")]), tree(), people, there, plan, params(max_closings=21)) == []


def test_leavers_who_are_gone_already_do_not_count() -> None:
    people = wanted(person("E1"), left=[f"L{number}" for number in range(90)])
    there = didi_side([*(didi_member(f"L{number}", status=4) for number in range(90)), didi_member("E1")])
    assert trips(oa_reading([oa_person("E1")]), tree(), people, there, planned(people, there), params()) == []


def test_an_empty_oa_is_not_believed() -> None:
    assert "0 active people" in stops(active=0, numbered=0, leaving=0)[0]
    no_departments = oa_reading([oa_person("E1")], [oa_department("1", enabled=False)])
    assert "0 active departments" in stops(active=1, numbered=1, leaving=0, oa=no_departments)[0]


def test_a_shrunken_oa_is_not_believed() -> None:
    (text,) = stops(active=79, numbered=100, leaving=0)
    assert "79 active people" in text
    assert "min_oa_share 80%" in text
    assert stops(active=79, numbered=100, leaving=0, min_oa_share=0.5) == []
    assert stops(active=2, numbered=6, leaving=0) == []


def test_a_job_of_one_unit_is_measured_by_that_units_members() -> None:
    units = [didi_department(HOME), didi_department("77")]

    def words(known: int, **settings: Any) -> list[str]:
        """Of 100 members 30 are in the unit's department, 20 of them and 10 others have a number of its people."""
        there = didi_side(
            [didi_member(f"E{number}", budget_center_id="b1" if number < 30 else "b77") for number in range(100)], units
        )
        people = replace(wanted(person("E9999"), known=[f"E{number}" for number in range(10, 40)]), active=known)
        return trips(oa_reading(), tree(), people, there, planned(people, there), params(**settings))

    assert words(32, unit_ids=[UNIT]) == []
    assert "DiDi 40 members with a number in these units: less than min_oa_share 80%" in words(31, unit_ids=[UNIT])[0]
    assert "DiDi 100 members with a number: less" in words(32)[0]


def test_half_of_one_unit_may_not_leave_because_the_company_is_large() -> None:
    staff = [didi_member(f"E{number}", budget_center_id="b1" if number < 20 else "b77") for number in range(200)]
    there = didi_side(staff, [didi_department(HOME), didi_department("77")])
    left = [f"E{number}" for number in range(10)]
    people = replace(wanted(person("E19"), left=left, known=[f"E{number}" for number in range(20)]), active=190)
    plan = planned(people, there)
    (text,) = trips(oa_reading(), tree(), people, there, plan, params(unit_ids=[UNIT]))
    assert text.startswith("10 of 20 DiDi members with a number in these units would leave, 50%; 5 may")
    assert trips(oa_reading(), tree(), people, there, plan, params()) == []


def test_more_departments_than_didi_takes_are_not_begun() -> None:
    there = didi_side([], [didi_department(str(number)) for number in range(2000)])
    new = tree(oa_department("7777"))
    people = wanted(person("E1"))
    plan = planned(people, there, tree_=new)
    (text,) = trips(oa_reading([oa_person("E1")]), tree(), people, there, plan, params())
    assert "2001 departments, 1 of them new" in text
