"""The rides (用车订单) of the stand-in for DiDi Enterprise: those that were added by hand; nobody can order one.

Of other kinds, flights, hotels and trains, there are none. Conditions that are not imitated are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connecthub.integrations.sandbox.didi.refusals import bad_parameter
from connecthub.integrations.sandbox.didi.values import json_parameter, page, text_of, whole_of

FIRST_ID = 1125930000000001
SECONDS = "%Y-%m-%d %H:%M:%S"
DAYS_OF_RIDES, DAYS_OF_NUMBERS = timedelta(days=7), timedelta(days=30)
SETTLED = timedelta(seconds=300)
"""A list of numbers ends at least so long ago."""
NUMBERS_AT_MOST = 10_000
KINDS = ("all", "domesticflight", "internationalflight", "domestichotel", "internationalhotel", "train", "car")
TIMES = {"": ("pay_time", "refund_time"), "all": ("pay_time", "refund_time")}
TIMES |= {name: (name,) for name in ("pay_time", "refund_time")}
FILTERS = {"phone": "passenger_phone"}
FILTERS |= {name: name for name in ("call_phone", "use_car_type", "pay_type", "is_invoice", "budget_center_id")}
"""The parameters that choose rides, with the fields that they are compared with."""
LEFT_OUT = ("out_budget_id", "name")
BLANK: dict[str, Any] = {
    "city": "4",
    "city_name": "上海市",
    "start_name": "示例大厦",
    "end_name": "示例火车站",
    "use_car_type": "3",
    "require_level": "600",
    "status": "2",
    "pay_type": "0",
    "is_invoice": 0,
    "total_price": "35.20",
    "actual_price": "35.20",
    "company_pay": "35.20",
    "personal_pay": "0.00",
    "refund_price": "0.00",
    "refund_time": "",
}
"""A ride with 快车 that the company has paid."""


class Orders:
    """All rides, by the time of the order; `now` is the time in Shanghai."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._rows: list[dict[str, Any]] = []

    def plant(self, member: Mapping[str, Any], created: datetime, **fields: Any) -> str:
        """Add a ride of half an hour that a member has ordered at `created`, aware; returns the id."""
        start = created.astimezone(self._now().tzinfo)
        end = (start + timedelta(minutes=30)).strftime(SECONDS)
        row = {
            **BLANK,
            "order_id": str(FIRST_ID + len(self._rows)),
            "member_id": member["id"],
            "call_phone": member["phone"],
            "passenger_phone": member["phone"],
            "passenger_name": member["realname"],
            "budget_center_id": member["budget_center_id"],
            **dict.fromkeys(("create_time", "departure_time"), start.strftime(SECONDS)),
            **dict.fromkeys(("finish_time", "pay_time"), end),
            **fields,
        }
        self._rows.append(row)
        self._rows.sort(key=lambda each: each["create_time"])
        return row["order_id"]

    def rows(self) -> list[dict[str, Any]]:
        """Return all of them."""
        return [dict(row) for row in self._rows]

    def listed(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of the rides that were ordered in a window (which time counts is assumed). Raises Refused."""
        days = {"start_time": f"{text_of(params, 'start_date')} 00:00:00"}
        days |= {"end_time": f"{text_of(params, 'end_date')} 23:59:59"}
        has_times = text_of(params, "start_time") or text_of(params, "end_time")
        start, end = _window(params if has_times else days, DAYS_OF_RIDES)
        if given := [name for name in LEFT_OUT if text_of(params, name)]:
            raise bad_parameter(given[0], "不支持")
        wanted = {field: text for name, field in FILTERS.items() if (text := text_of(params, name))}
        rows = [row for row in self._rows if start <= row["create_time"] <= end]
        rows = [row for row in rows if all(str(row[field]) == text for field, text in wanted.items())]
        return {"total": len(rows), "records": page(rows, params)}

    def numbers(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of the ids of the rides that were paid or refunded in a window. Raises Refused."""
        asked = json_parameter(params, "param_json", dict)
        kind = text_of(asked, "order_type") or "all"
        search = asked.get("search_time")
        if kind not in KINDS:
            raise bad_parameter("order_type")
        if not isinstance(search, dict) or text_of(search, "type") not in TIMES:
            raise bad_parameter("search_time")
        if more := asked.keys() - {"order_type", "search_time", "cur_page", "limit"}:
            raise bad_parameter(min(more), "不支持")
        start, end = _window(search, DAYS_OF_NUMBERS)
        if end > (self._now() - SETTLED).strftime(SECONDS):
            raise bad_parameter("end_time", "必须早于当前时间300秒")
        fields = TIMES[text_of(search, "type")]
        rows = [row for row in self._rows if any(start <= row[field] <= end for field in fields)]
        return _numbered([row["order_id"] for row in rows], asked) if kind in ("all", "car") else {}


def _numbered(ids: list[str], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a page of ids, the first one is 1; what is beyond the most that there may be does not come."""
    number, limit = whole_of(asked, "cur_page", 1), whole_of(asked, "limit", 20)
    if number < 1:
        raise bad_parameter("cur_page", "从1开始")
    if not 1 <= limit <= 100:
        raise bad_parameter("limit", "最大100")
    shown = ids[:NUMBERS_AT_MOST][(number - 1) * limit : number * limit]
    return {"car_data": {"order_ids": ",".join(shown), "page": {"cur_page": number, "limit": limit, "total": len(ids)}}}


def _window(params: Mapping[str, Any], longest: timedelta) -> tuple[str, str]:
    """Return both ends of a window, which belong to it. Raises Refused for one that is none, or too long."""
    start, end = _time_of(params, "start_time"), _time_of(params, "end_time")
    if not timedelta() <= end - start <= longest:
        raise bad_parameter("end_time", f"时间范围最大{longest.days}天")
    return start.strftime(SECONDS), end.strftime(SECONDS)


def _time_of(params: Mapping[str, Any], name: str) -> datetime:
    text = text_of(params, name)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise bad_parameter(name, "格式错误")
