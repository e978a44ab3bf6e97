"""The members (员工) of the stand-in for DiDi Enterprise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from connecthub.integrations.sandbox.didi.departments import Departments, leader_numbers
from connecthub.integrations.sandbox.didi.member_fields import BLANK, given_fields, given_regulations
from connecthub.integrations.sandbox.didi.refusals import Refused, bad_parameter
from connecthub.integrations.sandbox.didi.values import choice_of, json_parameter, page, text_of

FIRST_ID = 1125922000000001
NORMAL, LEFT, NO_PHONE = 1, 4, 6
UNIQUE = ("phone", "employee_number", "email")
BY_TYPE = {"": "phone", "0": "phone", "1": "employee_number", "2": "email"}
SUPERIOR = "superior_id"
"""Kept here only: answers show the superior's phone, and a detail the number too."""
REMOVED_AT_ONCE = 100


class Members:
    """All that ever were members, by id; `now` is the time in Shanghai."""

    def __init__(self, departments: Departments, now: Callable[[], datetime]) -> None:
        self._departments = departments
        self._now = now
        self._rows: dict[str, dict[str, Any]] = {}
        self._index: dict[str, dict[str, str]] = {name: {} for name in UNIQUE}
        self._leaving: dict[str, date] = {}

    def settle(self) -> None:
        """Let those have left whose day has come."""
        today = self._now().date()
        for member_id in [each for each, day in self._leaving.items() if day <= today]:
            day = self._leaving[member_id]
            self._leave(member_id, f"{day} 00:00:00")

    def rows(self) -> list[dict[str, Any]]:
        """Return all of them as the list shows them, with `immediate_superior_eid` beside."""
        return [
            self._shown(row) | {"immediate_superior_eid": self._superior_number(row)} for row in self._rows.values()
        ]

    def row(self, member_id: str) -> dict[str, Any]:
        """Return one as it is kept. Raises KeyError for an unknown id."""
        return self._rows[member_id]

    def name_of(self, member_id: str) -> str:
        """Return the name of one; empty for an unknown id."""
        return self._rows.get(member_id, {}).get("realname", "")

    def occupied(self) -> set[str]:
        """Return the ids of the departments that members are in."""
        return {row["budget_center_id"] for row in self._rows.values() if row["status"] != LEFT}

    def count_by_department(self) -> dict[str, int]:
        """Return how many are in each department."""
        counts: dict[str, int] = {}
        for row in self._rows.values():
            if row["status"] != LEFT:
                counts[row["budget_center_id"]] = counts.get(row["budget_center_id"], 0) + 1
        return counts

    def plant(self, **fields: Any) -> str:
        """Add a member as a person does in the console: no field is due."""
        return self._insert(fields)

    def add(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Add one and return id and phone. Raises Refused."""
        data = json_parameter(params, "data", dict)
        key = BY_TYPE[choice_of(data, "member_type", "012")]
        fields = given_fields(data, self._now().date())
        if not fields.get(key):
            raise Refused(402, "手机号缺失") if key == "phone" else bad_parameter(key, "必填")
        if not fields.get("realname"):
            raise bad_parameter("realname", "必填")
        self._check_unique(fields)
        fields |= self._references(data, BLANK | fields, None)
        return {"id": self._insert(fields), "phone": fields.get("phone", "")}

    def edit(self, params: Mapping[str, Any]) -> None:
        """Change one, found by `member_id`, else by `employee_number`. Raises Refused."""
        row = self._row(params, ("member_id", "employee_number"))
        data = json_parameter(params, "data", dict)
        fields = given_fields(data, self._now().date())
        self._check_unique(fields, row["id"])
        fields |= self._references(data, row | fields, row["id"])
        self._unlist(row)
        row.update(fields)
        if row["status"] == NO_PHONE and row["phone"]:
            row["status"] = NORMAL
        self._list(row)

    def remove(self, params: Mapping[str, Any]) -> list[str]:
        """Let members have left, and return their ids: by id, else phone, else number, else e-mail. Raises Refused."""
        if text_of(params, "member_id"):
            ids = text_of(params, "member_id").split("_")
        elif text_of(params, "phone"):
            ids = [self._index["phone"].get(text_of(params, "phone"), "")]
        elif params.get("employee_number"):
            ids = [
                self._index["employee_number"].get(str(n), "") for n in json_parameter(params, "employee_number", list)
            ]
        else:
            ids = [self._index["email"].get(text_of(params, "email"), "")]
        if len(ids) > REMOVED_AT_ONCE:
            raise bad_parameter("member_id", f"一次最多{REMOVED_AT_ONCE}个")
        if not all(each in self._rows for each in ids):
            raise Refused(406, "用户不存在")
        for each in ids:
            if self._rows[each]["status"] != LEFT:
                self._leave(each, self._now().strftime("%Y-%m-%d %H:%M:%S"))
        return ids

    def listed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of those whom the filters find, or, with `last_id`, the next ones by id. Raises Refused."""
        wanted = set((text_of(params, "status") or "1,4,6").split(","))
        rows = [row for row in self._rows.values() if str(row["status"]) in wanted]
        last = text_of(params, "last_id")
        if last:
            rest = [row for row in rows if row["id"] > last]
            shown = page(rest, {**params, "offset": "0"})
        else:
            filters = {name: text for name in UNIQUE if (text := text_of(params, name))}
            rows = [row for row in rows if all(row[name] == text for name, text in filters.items())]
            rows = [row for row in rows if text_of(params, "realname") in row["realname"]]
            shown = page(rows, params)
        ending = {"last_id": shown[-1]["id"]} if shown else {}
        return {"total": len(rows), "records": [self._shown(row) for row in shown], **ending}

    def detail(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return one as a detail shows it: `member_id` for `id`, and no status. Raises Refused."""
        row = self._row(params, ("member_id", "phone", "employee_number"))
        shown = self._shown(row) | {"is_remark": int(row["is_remark"])}
        hidden = ("id", "status")
        plain = {name: value for name, value in shown.items() if name not in hidden}
        return {"member_id": row["id"], **plain, "immediate_superior_eid": self._superior_number(row)}

    def quota(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return what one may spend. Raises Refused."""
        row = self._row(params, ("member_id", "phone", "employee_number"))
        return {"member_id": row["id"], "total_quota": row["total_quota"], "available_quota": row["total_quota"]}

    def leaders(self, params: Mapping[str, Any]) -> list[str] | None:
        """Return the ids of the leaders that a department's parameters name; None where they name none."""
        ids = text_of(params, "leader_id").split(",") if text_of(params, "leader_id") else None
        if ids is None and (numbers := leader_numbers(params)) is not None:
            ids = [self._index["employee_number"].get(number, "") for number in numbers]
        if ids and (len(ids) > 30 or not all(each in self._rows for each in ids)):
            raise bad_parameter("leader_id", "负责人不存在")
        return ids

    def _references(self, data: Mapping[str, Any], fields: Mapping[str, Any], member_id: str | None) -> dict[str, Any]:
        """Return the department, the superior and the regulations that `data` sets. Raises Refused."""
        found: dict[str, Any] = {}
        department, key = text_of(data, "budget_center_id"), text_of(data, "out_budget_id")
        if not department and key:
            department = self._departments.by_key(key) or "?"
        if department:
            if not self._departments.known(department):
                raise bad_parameter("budget_center_id", "部门不存在")
            found["budget_center_id"] = department
        if others := self._other_departments(data):
            found["con_department_ids"] = others
        if superior := self._superior(data):
            if superior == member_id:
                raise bad_parameter("immediate_superior", "不能是自己")
            found[SUPERIOR] = superior
        elif text_of(data, "clear_immediate_superior") == "1":
            found[SUPERIOR] = ""
        regulations = given_regulations(data, fields["use_company_money"] == 1)
        return found if regulations is None else {**found, "regulation_id": regulations}

    def _other_departments(self, data: Mapping[str, Any]) -> list[str]:
        """Return the ids of the departments that a member is in beside, empty for none named. Raises Refused."""
        ids, keys = text_of(data, "con_department_ids"), text_of(data, "con_department_codes")
        found = ids.split("_") if ids else [self._departments.by_key(key) or "?" for key in keys.split("_") if key]
        if not all(map(self._departments.known, found)):
            raise bad_parameter("con_department_ids", "部门不存在")
        return found

    def _superior(self, data: Mapping[str, Any]) -> str:
        """Return the id of the superior that `data` names, empty for none; raises Refused for one who is no member."""
        named = text_of(data, "immediate_superior_memberID")
        for name in UNIQUE:
            if not named and (text := text_of(data, f"immediate_superior_{name}")):
                named = self._index[name].get(text, "?")
        if named and self._rows.get(named, {"status": LEFT})["status"] == LEFT:
            raise bad_parameter("immediate_superior", "上级不存在")
        return named

    def _check_unique(self, fields: Mapping[str, Any], member_id: str = "") -> None:
        """Refuse a phone, number or e-mail that somebody has, those who have left included."""
        for name in UNIQUE:
            holder = self._index[name].get(fields.get(name, ""))
            if holder and holder != member_id:
                row = self._rows[holder]
                facts = {"member_id": holder, "phone": row["phone"], "status": row["status"]}
                raise Refused(50202, "员工已存在", facts)

    def _insert(self, fields: Mapping[str, Any]) -> str:
        member_id = str(FIRST_ID + len(self._rows))
        status = NORMAL if fields.get("phone") else NO_PHONE
        row = {**BLANK, SUPERIOR: "", "status": status, **fields, "id": member_id}
        self._rows[member_id] = row
        self._list(row)
        return member_id

    def _row(self, params: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        """Return the member that the first of `keys` names. Raises Refused."""
        name = next((name for name in keys if text_of(params, name)), keys[0])
        text = text_of(params, name)
        member_id = text if name == "member_id" else self._index[name].get(text, "")
        if member_id not in self._rows:
            raise Refused(406, "用户不存在")
        return self._rows[member_id]

    def _leave(self, member_id: str, when: str) -> None:
        self._rows[member_id].update({"status": LEFT, "dismiss_time": when})
        self._leaving.pop(member_id, None)

    def _list(self, row: Mapping[str, Any]) -> None:
        for name in UNIQUE:
            if row[name]:
                self._index[name][row[name]] = row["id"]
        if row["set_dismiss_time"] and row["status"] != LEFT:
            self._leaving[row["id"]] = date.fromisoformat(row["set_dismiss_time"])

    def _unlist(self, row: Mapping[str, Any]) -> None:
        for name in UNIQUE:
            if self._index[name].get(row[name]) == row["id"]:
                del self._index[name][row[name]]
        self._leaving.pop(row["id"], None)

    def _shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record as the list has it."""
        superior = self._rows.get(row[SUPERIOR], {})
        shown = {name: value for name, value in row.items() if name != SUPERIOR}
        extra = {"available_quota": row["total_quota"], "use_car_config": [], "card_list": [], "residents_list": []}
        return {**shown, **extra, "immediate_superior_phone": superior.get("phone", "")}

    def _superior_number(self, row: Mapping[str, Any]) -> str:
        return self._rows.get(row[SUPERIOR], {}).get("employee_number", "")
