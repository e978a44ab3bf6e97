"""What a company has in DiDi before the first sync: people and departments added by hand, and their rides."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from connecthub.integrations.sandbox.didi.departments import Departments
from connecthub.integrations.sandbox.didi.members import LEFT, Members
from connecthub.integrations.sandbox.didi.orders import Orders
from connecthub.integrations.sandbox.organisation import Organisation

OWN_PHONES = "1990001"
"""With four digits more the phones that the organisation has not; a range that we made up."""
DAYS_AGO = (14, 5, 1)


def plant(members: Members, departments: Departments, organisation: Organisation) -> dict[str, list[str]]:
    """Add by hand what a sync has to get along with; returns the ids by what they are."""
    same, other_number, no_number, left = _everyday_people(organisation)[:4]
    home = departments.plant("手工部门")
    made = {
        "department_without_key": [home],
        "super_administrator": [members.plant(realname="企业管理员", phone=f"{OWN_PHONES}0001", system_role=2)],
        "same_number": [
            members.plant(
                realname="手工录入", phone=same["telNumber"], employee_number=same["code"], budget_center_id=home
            )
        ],
        "phone_with_other_number": [
            members.plant(
                realname=other_number["name"],
                phone=other_number["telNumber"],
                employee_number=f"OLD{other_number['code']}",
                budget_center_id=home,
            )
        ],
        "phone_without_number": [members.plant(realname=no_number["name"], phone=no_number["telNumber"])],
        "left_with_phone": [
            members.plant(
                realname=left["name"], phone=left["telNumber"], status=LEFT, dismiss_time="2024-01-31 00:00:00"
            )
        ],
        "unknown_number": [
            members.plant(
                realname="外部司机", phone=f"{OWN_PHONES}0002", employee_number="X9001", budget_center_id=home
            )
        ],
    }
    return made


def plant_orders(orders: Orders, members: Members, now: datetime) -> list[str]:
    """Add rides of each member who has a phone, from yesterday to a fortnight ago; returns their ids."""
    riders = [row for row in members.rows() if row["phone"]]
    rides = [(row, now - timedelta(days=days, hours=place)) for place, row in enumerate(riders) for days in DAYS_AGO]
    return [orders.plant(row, created) for row, created in rides]


def _everyday_people(organisation: Organisation) -> list[dict[str, Any]]:
    """Return the members with nothing odd about them, the last ones first: heads are among the first."""
    odd = {each for ids in organisation.planted.values() for each in ids}
    odd |= {each for ids in organisation.heads.values() for each in ids}
    people = [
        member
        for member in organisation.members
        if member["id"] not in odd
        and member["orgDepartmentId"] not in odd
        and member["enabled"]
        and member["state"] == 1
        and re.fullmatch("1[0-9]{10}", member["telNumber"] or "")
    ]
    return sorted(people, key=lambda member: -member["sortId"])
