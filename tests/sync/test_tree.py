"""Departments: parents first, and none without a place."""

from __future__ import annotations

from extensions.sync_oa_to_didi.remarks import Remarks
from tests.sync.facts import oa_department, told, tree


def test_parents_come_first_whatever_the_order_of_the_list() -> None:
    built = tree(oa_department("3", parent="2"), oa_department("2", parent="1"), oa_department("1"))
    assert [(each.key, each.parent) for each in built.departments.values()] == [("1", ""), ("2", "1"), ("3", "2")]


def test_two_departments_may_have_one_name() -> None:
    built = tree(oa_department("1", "sales"), oa_department("2", "sales", parent="1"))
    assert [each.name for each in built.departments.values()] == ["sales", "sales"]


def test_an_orphan_and_what_is_beneath_it_have_no_place() -> None:
    remarks = Remarks()
    built = tree(oa_department("1"), oa_department("2", parent="77"), oa_department("3", parent="2"), remarks=remarks)
    assert list(built.departments) == ["1"]
    assert told(remarks.conflicts).keys() == {"2", "3"}
    assert "(77) is closed or unknown" in told(remarks.conflicts)["2"]


def test_a_loop_has_no_place() -> None:
    remarks = Remarks()
    built = tree(oa_department("1", parent="2"), oa_department("2", parent="1"), remarks=remarks)
    assert not built.departments
    assert told(remarks.conflicts).keys() == {"1", "2"}


def test_a_department_beneath_a_closed_one_has_no_place_and_only_the_closed_one_is_closed() -> None:
    remarks = Remarks()
    built = tree(oa_department("1", enabled=False), oa_department("2", parent="1"), remarks=remarks)
    assert built.closed == {"1"}
    assert told(remarks.conflicts).keys() == {"2"}


def test_codes_as_keys_must_be_there_and_differ() -> None:
    remarks = Remarks()
    departments = [
        oa_department("1", code="A"),
        oa_department("2", code="A"),
        oa_department("3"),
        oa_department("4", code="B"),
        oa_department("5", code="C", enabled=False),
        oa_department("6", code="B", enabled=False),
    ]
    built = tree(*departments, key="code", remarks=remarks)
    assert [each.key for each in built.departments.values()] == ["B"]
    assert built.closed == {"C"}
    assert len(remarks.conflicts) == 3


def test_a_long_name_is_cut_and_told() -> None:
    remarks = Remarks()
    built = tree(oa_department("1", "长" * 201), remarks=remarks)
    assert built.departments["1"].name == "长" * 200
    assert told(remarks.notes).keys() == {"1"}


def test_a_tree_of_a_thousand_levels_is_built() -> None:
    chain = [oa_department("1001"), *(oa_department(str(level), parent=str(level - 1)) for level in range(1002, 2001))]
    assert len(tree(*chain).departments) == 1000
