"""Memory of a worker, its launcher and one child that sleeps."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench.harness import Plan, Servers, print_table, say, wait_until
from tests.bench.installation import SLEEPING, STACKS, Installation
from tests.servers.process import children_of

SETTLED_SECONDS = 0.3
SLEEP_SECONDS = 1.5


def measure(servers: Servers, plan: Plan) -> None:
    """Print RSS, PSS and USS."""
    say("== memory in MiB, worker -w 4; USS is what would be free without that process")
    rows = []
    for stack in STACKS:
        with (
            Installation(servers, stack, SLEEPING, public_cfg={"seconds": SLEEP_SECONDS}) as installation,
            installation.process("worker", "-w", "4") as worker,
        ):
            asleep = installation.queue()
            installation.ringer.ring(asleep)
            wait_until(lambda pid=worker.pid: len(_family(pid)) == 3, "a child", every=0.02)
            time.sleep(SETTLED_SECONDS)
            for name, pid in _family(worker.pid).items():
                rows.append((f"{stack}: {name}", *memory(pid)))
            installation.wait_for(asleep)
    print_table(["process", "RSS", "PSS", "USS"], rows)


def _family(worker: int) -> dict[str, int]:
    launchers = children_of(worker)
    children = [child for launcher in launchers for child in children_of(launcher)]
    return dict(zip(("worker", "launcher", "child"), (worker, *launchers, *children), strict=False))


def memory(pid: int) -> tuple[str, ...]:
    """RSS, PSS and USS of a process; a child is not dumpable, so this takes root."""
    kibibytes = {
        name: int(value.split()[0])
        for name, _, value in (
            line.partition(":") for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        )
    }
    unshared = kibibytes["Private_Clean"] + kibibytes["Private_Dirty"]
    return tuple(f"{size / 1024:.1f}" for size in (kibibytes["Rss"], kibibytes["Pss"], unshared))
