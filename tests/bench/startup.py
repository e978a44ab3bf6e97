"""How long commands take from nothing to their end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial

from tests.bench.environment import bench_bin
from tests.bench.harness import Plan, Rounds, Servers, say
from tests.bench.installation import PLAIN, STACKS, Installation

JOBS = 50
PYTHON, HELP, PEERS = "python -c pass", "connecthub --help", ("celery --help", "rq --help", "huey_consumer --help")


def measure(servers: Servers, plan: Plan) -> None:
    """Print milliseconds of each command, and ours beside the peers'."""
    say(f"== start-up: whole commands, in milliseconds; job list with {JOBS} jobs")
    rounds = Rounds("ms")
    with ExitStack() as stack:
        commands: dict[str, Callable[[], float]] = {PYTHON: partial(milliseconds, [sys.executable, "-c", "pass"])}
        lists: list[str] = []
        for name in STACKS:
            installation = stack.enter_context(Installation(servers, name, PLAIN, jobs=JOBS))
            listing = partial(milliseconds, installation.command("job", "list"), installation.environment)
            commands.setdefault(HELP, partial(milliseconds, installation.command("--help"), installation.environment))
            lists.append(f"connecthub job list, {name}")
            commands[lists[-1]] = listing
        for peer in PEERS:
            program, argument = peer.split()
            commands[peer] = partial(milliseconds, [str(bench_bin() / program), argument])
        Rounds("warm-up").run(1, commands)
        rounds.run(plan.rounds(full=12, quick=3), commands)
    rounds.table(commands)
    rounds.ratios([(HELP, PYTHON), *((HELP, peer) for peer in PEERS), *((ours, PEERS[0]) for ours in lists)])


def milliseconds(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """How long a command takes; raises CalledProcessError where it fails."""
    begun = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - begun) * 1000
