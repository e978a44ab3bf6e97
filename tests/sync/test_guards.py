"""Guards: what is not to be believed stops a run before its first write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from extensions.sync_oa_to_didi.guards import leavers_allowed, trips
from extensions.sync_oa_to_didi.reading import OaReading
from tests.sync.facts import (
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
    return trips(oa or oa_reading([oa_person("E9999")]), people, there, plan, params(**settings))


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


def test_leavers_who_are_gone_already_do_not_count() -> None:
    people = wanted(person("E1"), left=[f"L{number}" for number in range(90)])
    there = didi_side([*(didi_member(f"L{number}", status=4) for number in range(90)), didi_member("E1")])
    assert trips(oa_reading([oa_person("E1")]), people, there, planned(people, there), params()) == []


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


def test_more_departments_than_didi_takes_are_not_begun() -> None:
    there = didi_side([], [didi_department(str(number)) for number in range(2000)])
    new = tree(oa_department("7777"))
    people = wanted(person("E1"))
    plan = planned(people, there, tree_=new)
    (text,) = trips(oa_reading([oa_person("E1")]), people, there, plan, params())
    assert "2001 departments, 1 of them new" in text
