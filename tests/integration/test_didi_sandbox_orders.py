"""DidiSandbox's rides: which windows and pages are taken, and which rides are found in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connecthub.integrations.didi.signature import json_text
from tests.integration.didi import MONDAY, Caller, calling

WEEK = {"start_date": "2026-11-17", "end_date": "2026-11-23"}
MONTH = {"start_time": "2026-10-24 08:50:00", "end_time": "2026-11-23 08:50:00"}


@pytest.fixture
def didi() -> Iterator[Caller]:
    with calling(existing="some") as caller:
        yield caller


def numbers(didi: Caller, **asked: Any) -> dict[str, Any]:
    asked = {"order_type": "car", "search_time": MONTH, "cur_page": 1, "limit": 100, **asked}
    return didi.post(f"{didi.sandbox.base_url}/open-apis/v1/order/list", param_json=json_text(asked))


@pytest.mark.parametrize(
    ("fields", "errno"),
    [
        (WEEK, 0),
        ({**WEEK, "start_date": "2026-11-16"}, 10003),
        ({**WEEK, "start_date": "2026-11-24"}, 10003),
        ({**WEEK, "end_date": ""}, 10003),
        ({}, 10003),
        ({"start_date": "17.11.2026", "end_date": "23.11.2026"}, 10003),
        ({"start_date": "2026-11-31", "end_date": "2026-12-01"}, 10003),
        ({"start_time": "2026-11-16 09:00:00", "end_time": "2026-11-23 09:00:00"}, 0),
        ({"start_time": "2026-11-16 09:00:00", "end_time": "2026-11-23 09:00:01"}, 10003),
        ({**WEEK, "length": 101}, 10003),
        ({**WEEK, "offset": 50, "length": 100}, 10003),
        ({**WEEK, "name": "张三"}, 10003),
    ],
    ids=str,
)
def test_rides_are_asked_for_a_week_at_a_time_and_by_whole_pages(
    didi: Caller, fields: dict[str, Any], errno: int
) -> None:
    assert didi.get("Order/get", **fields)["errno"] == errno


def test_members_have_ridden_before_and_their_rides_are_found_by_page_and_phone(didi: Caller) -> None:
    whole = didi.get("Order/get", **WEEK)["data"]
    assert 0 < whole["total"] < len(didi.sandbox.planted["order"])
    assert [row["order_id"] for row in whole["records"]] == [
        didi.get("Order/get", **WEEK, offset=place, length=1)["data"]["records"][0]["order_id"]
        for place in range(whole["total"])
    ]
    first = whole["records"][0]
    member = didi.get("Member/detail", member_id=first["member_id"])["data"]
    assert (first["passenger_name"], first["call_phone"]) == (member["realname"], member["phone"])
    found = didi.get("Order/get", **WEEK, phone=member["phone"])["data"]["records"]
    assert {row["member_id"] for row in found} == {member["member_id"]}
    assert member["phone"] not in str(didi.sandbox.journal)


@pytest.mark.parametrize(
    ("asked", "errno"),
    [
        ({"limit": 101}, 10003),
        ({"limit": 0}, 10003),
        ({"cur_page": 0}, 10003),
        ({"order_type": "bus"}, 10003),
        ({"search_time": None}, 10003),
        ({"search_time": {**MONTH, "start_time": "2026-10-24 08:49:59"}}, 10003),
        ({"search_time": {**MONTH, "end_time": "2026-11-23 08:55:02", "start_time": "2026-11-23 00:00:00"}}, 10003),
        ({"search_time": {**MONTH, "end_time": "2026-11-23 08:55:01", "start_time": "2026-11-23 00:00:00"}}, 0),
        ({"search_time": {**MONTH, "type": "book_time"}}, 10003),
        ({"booker": {"phone": "19900005001"}}, 10003),
    ],
    ids=str,
)
def test_numbers_are_asked_for_a_month_at_a_time_that_has_settled(
    didi: Caller, asked: dict[str, Any], errno: int
) -> None:
    assert numbers(didi, **asked)["errno"] == errno


def test_parameters_of_the_numbers_are_text(didi: Caller) -> None:
    path = f"{didi.sandbox.base_url}/open-apis/v1/order/list"
    assert didi.post(path, param_json={"search_time": MONTH})["errno"] == 10003


def test_numbers_come_by_page_joined_by_commas_and_of_rides_only(didi: Caller) -> None:
    planted = didi.sandbox.planted["order"]
    whole = numbers(didi)["data"]["car_data"]
    assert sorted(whole["order_ids"].split(",")) == planted
    assert whole["page"] == {"cur_page": 1, "limit": 100, "total": len(planted)}
    assert numbers(didi, cur_page=2, limit=1)["data"]["car_data"]["order_ids"] == whole["order_ids"].split(",")[1]
    assert numbers(didi, order_type="train")["data"] == {}


@pytest.mark.slow
def test_of_numbers_there_are_ten_thousand_at_most(didi: Caller) -> None:
    member = didi.sandbox.planted["super_administrator"][0]
    day = MONDAY - timedelta(days=2)
    for second in range(10_001):
        didi.sandbox.plant_order(member, day + timedelta(seconds=second))
    assert numbers(didi, cur_page=100)["data"]["car_data"]["order_ids"]
    beyond = numbers(didi, cur_page=101)["data"]["car_data"]
    assert (beyond["order_ids"], beyond["page"]["total"] > 10_000) == ("", True)


def test_a_refunded_ride_is_found_by_the_time_of_the_refund(didi: Caller) -> None:
    member = didi.sandbox.planted["super_administrator"][0]
    refund = {"status": "3", "refund_time": "2026-11-20 12:00:00"}
    ride = didi.sandbox.plant_order(member, MONDAY - timedelta(days=60), **refund)
    assert numbers(didi, search_time={**MONTH, "type": "refund_time"})["data"]["car_data"]["order_ids"] == ride
    assert ride in numbers(didi, search_time={**MONTH, "type": "all"})["data"]["car_data"]["order_ids"]
    assert ride not in numbers(didi, search_time={**MONTH, "type": "pay_time"})["data"]["car_data"]["order_ids"]
