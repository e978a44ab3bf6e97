"""The departments and projects (成本中心) of the stand-in for DiDi Enterprise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connecthub.integrations.sandbox.didi.refusals import Refused, bad_parameter
from connecthub.integrations.sandbox.didi.values import amount_of, choice_of, json_parameter, limited, text_of

FIRST_ID = 1125910000000001
ROOT = "1"
"""The company itself, where members are who have no department."""
TOP = "0"


class Departments:
    """Those in use, by id; what is closed is gone, and its key is free again (assumed)."""

    def __init__(self, limit: int = 2000) -> None:
        self._limit = limit
        self._rows: dict[str, dict[str, Any]] = {}
        self._closed = 0
        self._keys: dict[tuple[int, str], str] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Return those in use, in the order they were added."""
        return list(self._rows.values())

    def known(self, department_id: str) -> bool:
        """Tell whether a member may be in it."""
        return department_id == ROOT or department_id in self._rows

    def by_key(self, out_budget_id: str, kind: int = 1) -> str | None:
        """Return the id of the department with this key of the company's own."""
        return self._keys.get((kind, out_budget_id))

    def plant(self, name: str, out_budget_id: str = "") -> str:
        """Add a department as a person does in the console, where no key is due."""
        return self._insert({"type": 1, "name": name, "out_budget_id": out_budget_id, "parent_id": TOP})

    def add(self, params: Mapping[str, Any], leaders: list[str] | None) -> dict[str, Any]:
        """Add one and return its id; `leaders` are its leaders' ids. Raises Refused."""
        kind = _kind(params)
        fields = {"type": kind, **_fields(params)}
        if not fields.get("name"):
            raise bad_parameter("name")
        if "budget_cycle" not in fields or "total_quota" not in fields:
            raise bad_parameter("budget_cycle, total_quota", "必填")
        if not fields["total_quota"].endswith(".00"):
            raise bad_parameter("total_quota", "必须是整数")
        key = fields.get("out_budget_id", "")
        if kind == 1 and not key:
            raise bad_parameter("out_budget_id", "必填")
        if key and self.by_key(key, kind):
            raise bad_parameter("out_budget_id", "已存在")
        if kind == 1 and sum(row["type"] == 1 for row in self._rows.values()) >= self._limit:
            raise Refused(10003, f"部门数量超过上限{self._limit}")
        parent = self._parent(params, kind)
        return {"id": self._insert({**fields, "parent_id": parent or TOP, **_leaders(leaders)})}

    def edit(self, params: Mapping[str, Any], leaders: list[str] | None) -> None:
        """Change one, found by `id`, or `type` and `out_budget_id`. Raises Refused."""
        row = self._find(params)
        fields = _fields(params)
        for name in ("parent_id", "out_parent_id"):
            if name in params and not text_of(params, name):
                raise bad_parameter(name, "不能为空")
        key = fields.get("out_budget_id", "")
        if key and self.by_key(key, row["type"]) not in (None, row["id"]):
            raise bad_parameter("out_budget_id", "已存在")
        parent = self._parent(params, row["type"])
        if parent and parent != TOP and row["id"] in self._line(parent):
            raise bad_parameter("parent_id", "不能是自己或下级")
        self._keys.pop((row["type"], row["out_budget_id"]), None)
        row.update({name: value for name, value in fields.items() if value})
        row.update({"parent_id": parent} if parent else {}, **_leaders(leaders))
        if row["out_budget_id"]:
            self._keys[row["type"], row["out_budget_id"]] = row["id"]

    def close(self, params: Mapping[str, Any], occupied: set[str]) -> None:
        """Take one out of use; refused while it has departments below it or members (assumed). Raises Refused."""
        row = self._find(params)
        if row["id"] in occupied or any(other["parent_id"] == row["id"] for other in self._rows.values()):
            raise Refused(10003, "部门下存在员工或下级部门")
        del self._rows[row["id"]]
        self._closed += 1
        self._keys.pop((row["type"], row["out_budget_id"]), None)

    def _insert(self, fields: Mapping[str, Any]) -> str:
        department_id = str(FIRST_ID + len(self._rows) + self._closed)
        row = {**BLANK, **fields, "id": department_id}
        self._rows[department_id] = row
        if row["out_budget_id"]:
            self._keys[row["type"], row["out_budget_id"]] = department_id
        return department_id

    def _find(self, params: Mapping[str, Any]) -> dict[str, Any]:
        department_id = text_of(params, "id") or self.by_key(text_of(params, "out_budget_id"), _kind(params)) or ""
        if department_id not in self._rows:
            raise Refused(10003, "部门或项目不存在")
        return self._rows[department_id]

    def _parent(self, params: Mapping[str, Any], kind: int) -> str:
        """Return the parent's id: `parent_id` wins over `out_parent_id`; empty where none is named."""
        parent, key = text_of(params, "parent_id"), text_of(params, "out_parent_id")
        if not parent and key:
            parent = self.by_key(key, kind) or "?"
        if parent and parent != TOP and parent not in self._rows:
            raise bad_parameter("parent_id", "上级不存在")
        return parent

    def _line(self, department_id: str) -> list[str]:
        """Return a department and all those above it."""
        line: list[str] = []
        while department_id in self._rows and department_id not in line:
            line.append(department_id)
            department_id = self._rows[department_id]["parent_id"]
        return line


BLANK = {
    "name": "",
    "type": 1,
    "budget_cycle": 0,
    "out_budget_id": "",
    "total_quota": "0.00",
    "leader_id": "",
    "parent_id": TOP,
    "member_used": 0,
    "start_date": "",
    "expiry_date": "",
    "legal_entity_id": "",
    "budget_extra_info": "",
}


def shown_department(row: Mapping[str, Any], member_num: int, name_of: Callable[[str], str]) -> dict[str, Any]:
    """Return a record as the list has it; its quota is a limit unless it is 0, and nothing of it is spent (assumed)."""
    total = row["total_quota"]
    leaders = [
        {"leader_id": each, "leader_name": name_of(each), "leader_type": "other" if place else "major"}
        for place, each in enumerate(filter(None, row["leader_id"].split(",")))
    ]
    quota = {"is_limit_quota": int(float(total) > 0), "available_quota": total, "freeze_quota": "0.00"}
    return {**row, **quota, "member_num": member_num, "leader_item_list": leaders}


def leader_numbers(params: Mapping[str, Any]) -> list[str] | None:
    """Return the numbers in `leader_employee_id`, a list as JSON text; None where there is none. Raises Refused."""
    if not text_of(params, "leader_employee_id"):
        return None
    return [str(number) for number in json_parameter(params, "leader_employee_id", list)]


def _kind(params: Mapping[str, Any]) -> int:
    kind = choice_of(params, "type", "12")
    if not kind:
        raise bad_parameter("type")
    return int(kind)


def _fields(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are given, checked."""
    fields: dict[str, Any] = {
        "name": limited(params, "name", 200),
        "out_budget_id": limited(params, "out_budget_id", 64),
        "budget_extra_info": limited(params, "budget_extra_info", 500),
        "total_quota": amount_of(params, "total_quota"),
    }
    fields |= {name: text_of(params, name) for name in ("start_date", "expiry_date", "legal_entity_id")}
    for name, choices in {"budget_cycle": "01234567", "member_used": "012"}.items():
        if choice := choice_of(params, name, choices):
            fields[name] = int(choice)
    return {name: value for name, value in fields.items() if value != "" and name in params}


def _leaders(leaders: list[str] | None) -> dict[str, str]:
    return {} if leaders is None else {"leader_id": ",".join(leaders)}
