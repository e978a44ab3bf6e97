"""What the journal of the stand-in for DiDi Enterprise says of a call: operation and key, and no phone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connecthub.integrations.sandbox.messages import Request, parse_json

OPERATIONS = {
    "Auth/authorize": "sign in",
    "Member/single": "add member",
    "Member/edit": "edit member",
    "Member/del": "remove members",
    "Member/get": "list members",
    "Member/detail": "read member",
    "Member/getQuota": "read quota",
    "BudgetCenter/add": "add department",
    "BudgetCenter/edit": "edit department",
    "BudgetCenter/del": "close department",
    "BudgetCenter/get": "list departments",
    "Order/get": "list rides",
    "/open-apis/v1/order/list": "list ride numbers",
    "Role/get": "list roles",
    "Regulation/get": "list regulations",
    "LegalEntity/get": "list legal entities",
}


def facts_of(request: Request, *, writes: bool) -> dict[str, Any]:
    """Return `operation`, `key` (a number, an id, a department's key; may be empty) and `write`."""
    name = request.path.removeprefix("/river/")
    body = request.json() if request.method == "POST" else request.query
    return {"operation": OPERATIONS.get(name, ""), "key": _key(body, name), "write": writes}


def _key(params: Any, name: str) -> str:
    if not isinstance(params, Mapping):
        return ""
    if name == "Member/single":
        return _text(_member(params).get("employee_number"))
    if name == "Order/get":
        return ""  # `name` there is a person's
    keys = ("employee_number", "member_id") if name.startswith("Member/") else ("out_budget_id", "id", "name")
    return next((text for key in keys if (text := _text(params.get(key)))), "")


def _member(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object in `data`; empty where there is none."""
    data = parse_json(str(params.get("data")))
    return data if isinstance(data, dict) else {}


def _text(value: Any) -> str:
    return str(value)[:200] if isinstance(value, str | int) else ""
