"""Invented names for an organisation: of departments, posts, levels and people."""

from __future__ import annotations

import random

FIELDS = [
    "研发",
    "市场",
    "销售",
    "财务",
    "人力",
    "行政",
    "采购",
    "法务",
    "质量",
    "物流",
    "生产",
    "客服",
    "审计",
    "信息",
    "品牌",
    "运营",
    "投资",
    "培训",
    "安全",
    "设备",
]
KINDS = ("中心", "部", "处", "组", "班", "小队")
"""By level, from the first."""
REGIONS = [
    "华东",
    "华南",
    "华北",
    "华中",
    "西南",
    "西北",
    "东北",
    "沿海",
    "北方",
    "南方",
    "东区",
    "西区",
    "新区",
    "老区",
    "河东",
    "河西",
    "山前",
    "山后",
]
POSTS = ["工程师", "设计师", "会计", "专员", "主管", "经理", "司机", "助理"]
LEVELS = ["普通员工", "骨干", "中层", "高层"]
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = "安宁晓明文静思远子涵雨桐若溪嘉禾一诺景行云舒知秋北辰南乔清和"

LONG_NAME = "名字很长的人" * 9
LONG_DEPARTMENT = "名称很长的部门" * 8


def department_name(number: int, level: int) -> str:
    """Return the name of department `number` of a unit, unlike that of every other number."""
    field = FIELDS[number % len(FIELDS)]
    lap = number // len(FIELDS)
    region = REGIONS[lap % len(REGIONS)]
    more = lap // len(REGIONS)
    return f"{region}{field}{KINDS[level - 1]}{more + 1 if more else ''}"


def person_name(rng: random.Random) -> str:
    """Return a name of two or three characters; others may have it too."""
    return rng.choice(SURNAMES) + "".join(rng.sample(GIVEN, rng.choice((1, 2, 2))))


def full_width(text: str) -> str:
    """Return ASCII letters and digits as their full-width forms, with a full-width space before them."""
    return chr(0x3000) + "".join(chr(ord(character) + 0xFEE0) for character in text)
