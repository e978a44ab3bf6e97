"""The clock of this host against the database's, and the zones that jobs are in."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from connecthub.db import overview
from connecthub.errors import ScheduleError
from connecthub.schedule.cron import validate_timezone
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, ok, problems_or, some, warning, wrong

NOTED_SECONDS = 1.0
WRONG_SECONDS = 5.0
TIME_ERROR = 5
"""What adjtimex(2) returns where nothing keeps the clock."""
COMPARED_DAYS = 2 * 366
COMPARED_EVERY = timedelta(hours=6)
MEND_CLOCK = "run `timedatectl set-ntp true` on this host and on the database's"


def look_at_clock(context: Context) -> list[Finding]:
    """Ask the database what time it is, between two looks at this host's clock."""
    with context.database.read() as connection:
        overview.now(connection)  # the way there is open now
        before = context.clock.now()
        theirs = overview.now(connection)
        after = context.clock.now()
    ours = before + (after - before) / 2
    doubt = (after - before).total_seconds() / 2
    return judge_clock((ours - theirs).total_seconds(), doubt, kept=_is_kept())


def judge_clock(ahead: float, doubt: float, *, kept: bool) -> list[Finding]:
    """`ahead` is by how many seconds this host's clock is before the database's, give or take `doubt`."""
    off = max(0.0, abs(ahead) - doubt)
    way = "ahead of" if ahead > 0 else "behind"
    found = f"this host's clock is {abs(ahead):.1f} s {way} the database's"
    if off > WRONG_SECONDS:
        return [wrong(f"{found}: jobs start at the wrong time", MEND_CLOCK)]
    if off > NOTED_SECONDS:
        return [warning(found, MEND_CLOCK)]
    beside = "" if kept else "; the kernel knows of no time service that keeps it (`timedatectl` shows)"
    return [ok(f"this host's clock and the database's are {abs(ahead):.2f} s apart{beside}")]


def _is_kept() -> bool:
    """Whether the kernel knows of a time service that sets its clock; asking changes nothing."""
    question = ctypes.create_string_buffer(512)  # struct timex with `modes` 0, and room to spare
    return ctypes.CDLL(None, use_errno=True).adjtimex(question) != TIME_ERROR


def look_at_zones(context: Context) -> list[Finding]:
    """Find the zone of each job, and compare the system's rules with those of the package for the time to come."""
    import tzdata

    zones: dict[str, list[str]] = {context.settings.timezone: []}
    for job in context.jobs:
        zones.setdefault(job.timezone, []).append(job.name)
    unknown = {zone: jobs for zone, jobs in zones.items() if not _is_known(zone)}
    now = context.clock.now()
    differ = [zone for zone in zones if zone not in unknown and differs(zone, now)]
    found = judge_zones(unknown, differ, context.settings.timezone)
    system = _system_version()
    return problems_or(found, f"{len(zones)} zones in use are known; system {system}, package {tzdata.IANA_VERSION}")


def judge_zones(unknown: Mapping[str, Sequence[str]], differ: Sequence[str], other: str) -> list[Finding]:
    """Jobs in zones that are not known, and zones whose rules here are old; `other` is a zone that is known."""
    found: list[Finding] = []
    for zone, jobs in unknown.items():
        for job in jobs:
            edit = command("connecthub", "job", "edit", job, "--timezone", other)
            newer = "`apt-get install --only-upgrade tzdata` where it is a new one"
            found.append(wrong(f"zone {zone} of job {job} is not known here", f"run {edit}, or {newer}"))
    if differ:
        old = f"this system's rules of {some(differ)} differ from those of the package tzdata"
        upgrade = "`apt-get install --only-upgrade tzdata`"
        found.append(warning(f"{old}: jobs may run at another hour than elsewhere", f"run {upgrade}"))
    return found


def differs(zone: str, now: datetime) -> bool:
    """Whether the zone in use and the package's tell other times in the two years from now."""
    packaged = resources.files("tzdata").joinpath("zoneinfo", *zone.split("/"))
    if not packaged.is_file():
        return False
    with packaged.open("rb") as file:
        theirs = ZoneInfo.from_file(file)
    ours = ZoneInfo(zone)
    start = now.astimezone(UTC)
    instants = (start + number * COMPARED_EVERY for number in range(COMPARED_DAYS * 4))
    return any(at.astimezone(ours).utcoffset() != at.astimezone(theirs).utcoffset() for at in instants)


def _is_known(zone: str) -> bool:
    try:
        validate_timezone(zone)
    except ScheduleError:
        return False
    return True


def _system_version() -> str:
    from zoneinfo import TZPATH

    for folder in TZPATH:
        try:
            with open(os.path.join(folder, "tzdata.zi"), encoding="utf-8") as file:
                return file.readline().removeprefix("# version").strip()
        except OSError:
            continue
    return "of unknown version" if any(map(os.path.isdir, TZPATH)) else "none"
