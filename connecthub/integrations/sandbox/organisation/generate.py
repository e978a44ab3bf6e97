"""An invented organisation as Seeyon shows it: the same for the same profile and seed, with anomalies planted."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from connecthub.errors import ConfigError
from connecthub.integrations.sandbox.organisation import anomalies, names, records
from connecthub.integrations.sandbox.organisation.departments import BROKEN_KINDS, Forest
from connecthub.integrations.sandbox.organisation.records import Record

SINGLE_UNIT = 670869647114347
"""The id of the unit of an installation for one company."""
GROUP_UNIT = -5476327415902942726
COMPANY = records.unit(SINGLE_UNIT, "示例科技有限公司", "C001", -1, "00000001")
GROUP = (
    records.unit(GROUP_UNIT, "示例集团", "G001", -1, "00000001", group=True),
    records.unit(SINGLE_UNIT, "示例科技有限公司", "C001", GROUP_UNIT, "000000010001"),
    records.unit(-1730833917365171641, "Example (Shanghai) Ltd.", "C002", GROUP_UNIT, "000000010002"),
)


@dataclass(frozen=True)
class Profile:
    """A size; the counts include what is disabled, deleted or broken."""

    units: tuple[Record, ...]
    departments: int
    depth: int
    members: int


PROFILES = {
    "small": Profile((COMPANY,), 14, 4, 60),
    "branch": Profile((COMPANY,), 60, 4, 500),
    "medium": Profile(GROUP, 120, 5, 2000),
    "large": Profile((COMPANY,), 920, 5, 8000),
}


@dataclass(frozen=True)
class Organisation:
    """Lists of records in Seeyon's field names, ids as numbers."""

    profile: str
    seed: int
    units: list[Record] = field(default_factory=list)
    departments: list[Record] = field(default_factory=list)
    """In no order: children may come before their parents."""
    members: list[Record] = field(default_factory=list)
    posts: list[Record] = field(default_factory=list)
    levels: list[Record] = field(default_factory=list)
    heads: dict[int, list[int]] = field(default_factory=dict)
    """The heads of a department, by its id, the first one first; a department without one is not in it."""
    planted: dict[str, list[int]] = field(default_factory=dict)
    """The ids of the records that have an anomaly, by the anomaly's name."""

    def copy(self) -> Self:
        """Return one that may be changed without changing this one."""
        return copy.deepcopy(self)


def generate(profile: str, seed: int = 1) -> Organisation:
    """Make the organisation of a profile (small, branch, medium, large). Raises ConfigError for another one."""
    if profile not in PROFILES:
        raise ConfigError(f"profile {profile!r} is none; choose one of {', '.join(PROFILES)}")
    size = PROFILES[profile]
    rng = random.Random(f"{profile}/{seed}")
    ids = _ids(rng)
    made = Organisation(profile, seed, [dict(unit) for unit in size.units])
    share = max(1, size.departments // 100)
    forest = Forest(made.units, size.depth, rng, ids)
    healthy = forest.grow(size.departments - BROKEN_KINDS * share)
    broken = forest.add_leaves(BROKEN_KINDS * share)
    made.departments.extend(healthy + broken)
    made.planted.update(anomalies.plant_in_departments(healthy, broken, share, rng, ids))
    _set_up_posts(made, ids)
    hires = broken + [rng.choice(healthy) for _ in range(size.members - len(broken))]
    _hire(made, hires, rng, ids)
    at_large = made.members[len(broken) :]
    planted = anomalies.plant_in_members(at_large, made.departments, made.posts, max(1, size.members // 1000), rng)
    _note_negative_ids(made, planted)
    _appoint_heads(made, healthy, rng)
    rng.shuffle(made.departments)
    return made


def _ids(rng: random.Random) -> Iterator[int]:
    """Yield signed 64-bit numbers, none twice, half of them negative."""
    given = {unit["id"] for unit in GROUP}
    while True:
        number = rng.getrandbits(64) - 2**63
        if number not in given:
            given.add(number)
            yield number


def _set_up_posts(made: Organisation, ids: Iterator[int]) -> None:
    """Give each unit its posts and levels."""
    for unit in made.units:
        for sort, name in enumerate(names.POSTS, 1):
            made.posts.append(records.post(next(ids), name, f"P{sort:02d}", unit["id"], sort))
        for rank, name in enumerate(names.LEVELS, 1):
            made.levels.append(records.level(next(ids), name, f"L{rank:02d}", unit["id"], rank))


def _hire(made: Organisation, homes: list[Record], rng: random.Random, ids: Iterator[int]) -> None:
    """Add a member to each department of `homes`."""
    posts = {unit["id"]: [post for post in made.posts if post["orgAccountId"] == unit["id"]] for unit in made.units}
    levels = {unit["id"]: [row for row in made.levels if row["orgAccountId"] == unit["id"]] for unit in made.units}
    for number, home in enumerate(homes, 1):
        post, level = rng.choice(posts[home["orgAccountId"]]), rng.choice(levels[home["orgAccountId"]])
        name, gender = names.person_name(rng), rng.choice((1, 2))
        made.members.append(records.member(next(ids), number, name, home, post, level, gender))


def _note_negative_ids(made: Organisation, planted: dict[str, list[int]]) -> None:
    """Name a department and a member whose ids are beyond what JavaScript can count to."""
    made.planted.update(planted)
    made.planted["negative_id"] = [
        next(record["id"] for record in listed if record["id"] < -(2**53))
        for listed in (made.departments, made.members)
    ]


def _appoint_heads(made: Organisation, departments: list[Record], rng: random.Random) -> None:
    """Give most departments a head, some two, of members without an anomaly."""
    odd = {number for listed in made.planted.values() for number in listed}
    staff: dict[int, list[int]] = {}
    for member in made.members:
        if member["id"] not in odd:
            staff.setdefault(member["orgDepartmentId"], []).append(member["id"])
    for department in departments:
        candidates = staff.get(department["id"], [])
        if candidates and rng.random() < 0.9:
            made.heads[department["id"]] = candidates[: rng.choice((1, 1, 1, 2))]
