"""CPU time of a run by the processes that spend it: with all cores busy, this is what bounds the runs per second."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from tests.bench.harness import Plan, Servers, print_table, say
from tests.bench.installation import POSTGRES, TWENTY, Installation
from tests.servers.process import children_of

TICK = os.sysconf("SC_CLK_TCK")
WARM_UP = 50
OWN, REAPED = (11, 12, 7), (13, 14, 8)
"""Where /proc/PID/stat has ticks in user mode, in the kernel, and page faults; of those waited for, the same."""
Used = tuple[float, float, float]
"""Milliseconds in user mode, milliseconds in the kernel, page faults."""


def measure(servers: Servers, stack: str, plan: Plan) -> None:
    """Print what each process spends on a run."""
    count = plan.choose(full=1000, quick=150)
    with (
        Installation(servers, stack, TWENTY) as installation,
        installation.process("worker", "-w", "4") as worker,
    ):
        _burst(installation, WARM_UP)
        launchers = children_of(worker.pid)
        groups = {"worker": ([worker.pid], OWN), "launcher": (launchers, OWN), "children": (launchers, REAPED)}
        if stack == POSTGRES:
            groups["PostgreSQL"] = servers.postgres.processes(), OWN
            groups["Redis"] = [servers.redis.pid], OWN
        before = {name: {pid: used(pid, fields) for pid in pids} for name, (pids, fields) in groups.items()}
        begun = time.monotonic()
        _burst(installation, count)
        taken = time.monotonic() - begun
        spent = {name: _since(before[name], fields) for name, (_, fields) in groups.items()}
    say(f"what each process spends on a run on {stack}, {count} runs at {count / taken:.0f}/s")
    spent["all"] = _sum(list(spent.values()))
    rows = [
        (name, *(f"{each / count:.2f}" for each in (user, system, user + system)), f"{faults / count:.0f}")
        for name, (user, system, faults) in spent.items()
    ]
    print_table(["process", "user ms", "system ms", "both ms", "page faults"], rows)


def _burst(installation: Installation, count: int) -> None:
    rows = installation.queue(count)
    installation.ringer.ring(rows)
    installation.wait_for(rows)


def used(pid: int, fields: tuple[int, int, int]) -> Used:
    """What a process has spent since its start."""
    found = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, faults = (int(found[field]) for field in fields)
    return user / TICK * 1000, system / TICK * 1000, faults


def _since(before: dict[int, Used], fields: tuple[int, int, int]) -> Used:
    """What those that still live have spent meanwhile; a server's own helpers come and go."""
    spent: list[Used] = []
    for pid, earlier in before.items():
        with contextlib.suppress(FileNotFoundError):
            later = used(pid, fields)
            spent.append((later[0] - earlier[0], later[1] - earlier[1], later[2] - earlier[2]))
    return _sum(spent)


def _sum(parts: list[Used]) -> Used:
    return sum(part[0] for part in parts), sum(part[1] for part in parts), sum(part[2] for part in parts)
