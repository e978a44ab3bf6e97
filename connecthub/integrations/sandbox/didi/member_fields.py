"""A member's fields in the stand-in for DiDi Enterprise: which values are taken, and what an empty one means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from connecthub.integrations.sandbox.didi.refusals import Refused, bad_parameter
from connecthub.integrations.sandbox.didi.values import amount_of, choice_of, limited, text_of

PHONE = re.compile(r"1[0-9]{10}|\+(?!86)[0-9]{1,4} [0-9]{5,14}")
"""Eleven digits without +86; overseas `+<country code> <number>`."""
LENGTHS = {
    "realname": 50,
    "employee_number": 32,
    "email": 64,
    "english_surname": 64,
    "english_name": 64,
    "nickname": 64,
    "residentsname": 64,
}
PROJECTS_AT_MOST = 500
CLEARED = ("employee_number", "email", "role_ids", "total_quota", "set_dismiss_time")
CLEARED += ("english_surname", "english_name", "nickname")
"""What an empty text clears in an edit; all else it leaves as it is."""
NUMBERS = {"system_role": "012", "use_company_money": "01", "sex": "012"}
ROLES = [
    {"id": "1125915646090887", "name": "管理员", "alias": "admin"},
    {"id": "1125915646107623", "name": "财务", "alias": "finance"},
]
REGULATIONS = [
    {"regulation_id": "1125920826148759", "regulation_name": "日常用车", "regulation_status": "1"},
    {"regulation_id": "1125920865383421", "regulation_name": "加班用车", "regulation_status": "1"},
    {"regulation_id": "1125920865383422", "regulation_name": "旧制度", "regulation_status": "0"},
]
LEGAL_ENTITIES = [
    {"legal_entity_id": 1125922289295001, "name": "示例科技有限公司", "out_legal_entity_id": "LE001", "parent_id": 0}
]
BLANK: dict[str, Any] = {
    "phone": "",
    "realname": "",
    "employee_number": "",
    "email": "",
    "system_role": 0,
    "role_ids": "",
    "residentsname": "",
    "use_company_money": 0,
    "total_quota": "0.00",
    "is_remark": "0",
    "budget_center_id": "1",
    "con_department_ids": [],
    "project_ids": "",
    "regulation_id": [],
    "legal_entity_id": "",
    "rank_id": "",
    "english_surname": "",
    "english_name": "",
    "nickname": "",
    "sex": 0,
    "set_dismiss_time": "",
    "dismiss_time": "",
}


def given_fields(data: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return the plain fields that `data` sets, as they are kept; raises Refused for a value that is not taken."""
    data = _with_legal_entity(data)
    fields: dict[str, Any] = {name: limited(data, name, longest) for name, longest in LENGTHS.items()}
    fields |= {name: choice_of(data, name, choices) for name, choices in NUMBERS.items()}
    fields |= {name: text_of(data, name) for name in ("phone", "project_ids", "legal_entity_id", "rank_id")}
    fields["is_remark"] = choice_of(data, "is_remark", "012")
    fields["total_quota"] = amount_of(data, "total_quota")
    fields["role_ids"] = _known_ids(data, "role_ids", [role["id"] for role in ROLES])
    fields["set_dismiss_time"] = _dismissal(text_of(data, "set_dismiss_time"), today)
    _check(fields)
    kept = {name: value for name, value in fields.items() if name in data and (value != "" or name in CLEARED)}
    kept |= {name: int(kept[name]) for name in NUMBERS if name in kept}
    if kept.get("total_quota") == "":
        kept["total_quota"] = BLANK["total_quota"]
    return kept


def given_regulations(data: Mapping[str, Any], pays: bool) -> list[str] | None:
    """Return the regulations that `data` sets, `0` for none; None where it leaves them, or where the company does
    not pay, which makes the service ignore them."""
    text = text_of(data, "regulation_id")
    if text == "0":
        return []
    if not text or not pays:
        return None
    return _known_ids(data, "regulation_id", [each["regulation_id"] for each in REGULATIONS]).split("_")


def _check(fields: Mapping[str, Any]) -> None:
    if fields["phone"] and not PHONE.fullmatch(fields["phone"]):
        raise Refused(402, "手机号格式错误")
    if fields["email"] and not re.fullmatch(r"[^@\s]+@[^@\s]+", fields["email"]):
        raise bad_parameter("email")
    known = [str(each["legal_entity_id"]) for each in LEGAL_ENTITIES]
    if fields["legal_entity_id"] and fields["legal_entity_id"] not in known:
        raise Refused(10001, "legal_entity_id不存在")
    if len(fields["project_ids"].split("_")) > PROJECTS_AT_MOST:
        raise bad_parameter("project_ids", f"最多{PROJECTS_AT_MOST}个")


def _with_legal_entity(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields with the entity that `out_legal_entity_id` names; `legal_entity_id` wins (assumed)."""
    key = text_of(data, "out_legal_entity_id")
    if not key or text_of(data, "legal_entity_id"):
        return data
    found = [each["legal_entity_id"] for each in LEGAL_ENTITIES if each["out_legal_entity_id"] == key]
    if not found:
        raise Refused(10001, "out_legal_entity_id不存在")
    return {**data, "legal_entity_id": found[0]}


def _known_ids(data: Mapping[str, Any], name: str, known: list[str]) -> str:
    """Return ids joined by `_`; raises Refused for one that is not known."""
    text = text_of(data, name)
    if text and not set(text.split("_")) <= set(known):
        raise bad_parameter(name, "不存在")
    return text


def _dismissal(text: str, today: date) -> str:
    """Return a day after today, yyyy-MM-dd, or nothing; raises Refused."""
    if not text:
        return ""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        day = None
    if day is None or day <= today:
        raise bad_parameter("set_dismiss_time", "必须晚于今天")
    return text
