"""Schedulers and workers as processes that are hurt at random and always come back, and so are their servers."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import redis

from tests.bench.harness import Servers, say
from tests.bench.installation import Installation
from tests.servers.process import children_of

LEASE_SECONDS = 4.0
QUICK = {
    "HEARTBEAT_SECONDS": "0.5",
    "LEASE_SECONDS": f"{LEASE_SECONDS:g}",
    "SWEEP_SECONDS": "1",
    "DRAIN_SECONDS": "1",
}
KINDS = (("scheduler",), ("scheduler",), ("worker", "-w", "3"), ("worker", "-w", "3"))


SERVERS_SHARE = 0.15
"""How often something bad is done to a server instead of a process."""


def _flush_redis(servers: Servers, _: random.Random) -> str:
    with redis.Redis.from_url(servers.redis.url()) as client:
        client.flushall()
    return "Redis flushed"


def _freeze_redis(servers: Servers, chance: random.Random) -> str:
    seconds = chance.uniform(1, 8)
    os.kill(servers.redis.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(servers.redis.pid, signal.SIGCONT)
    return f"Redis frozen for {seconds:.1f} s"


def _stop_redis(servers: Servers, chance: random.Random) -> str:
    seconds = chance.uniform(0, 5)
    servers.redis.stop()
    time.sleep(seconds)
    servers.redis.start()
    return f"Redis stopped for {seconds:.1f} s"


def _restart_postgres(servers: Servers, chance: random.Random) -> str:
    """Stop it as `pg_ctl -m fast` or `-m immediate` does, and start it at once or after longer than leases are."""
    mode, number = chance.choice([("fast", signal.SIGINT), ("immediate", signal.SIGQUIT)])
    seconds = chance.choice([0, 0, 0, 1.5 * LEASE_SECONDS])
    os.kill(servers.postgres.pid, number)
    servers.postgres.stop()
    time.sleep(seconds)
    servers.postgres.start()
    return f"PostgreSQL restarted, {mode}, after {seconds:g} s"


SERVER_FAULTS = (_flush_redis, _freeze_redis, _stop_redis, _restart_postgres, _restart_postgres)


class Fleet:
    """Two schedulers and two workers of an installation; `hurt` does something bad to one of them, or to a server."""

    def __init__(
        self, installation: Installation, chance: random.Random, log: Path, servers: Servers | None = None
    ) -> None:
        self._servers = servers
        self._installation = installation
        self._environment = {**installation.environment, **QUICK}
        self._chance = chance
        self._log = log.open("ab")
        self._processes = [self._start(kind) for kind in KINDS]
        self.kills = 0

    def _start(self, kind: tuple[str, ...]) -> subprocess.Popen[bytes]:
        command = self._installation.command(*kind)
        folder = self._installation.folder
        return subprocess.Popen(command, env=self._environment, cwd=folder, stdout=self._log, stderr=self._log)

    def revive(self) -> None:
        """Start anew what has died."""
        for place, kind in enumerate(KINDS):
            if self._processes[place].poll() is not None:
                self._processes[place] = self._start(kind)

    def hurt(self) -> str:
        """Do one bad thing; returns what."""
        if self._servers is not None and self._chance.random() < SERVERS_SHARE:
            self.kills += 1
            return self._chance.choice(SERVER_FAULTS)(self._servers, self._chance)
        acts: list[Callable[[], str | None]] = [
            lambda: self._signal(self._any("worker"), signal.SIGKILL, "worker killed"),
            lambda: self._signal(self._any("scheduler"), signal.SIGKILL, "scheduler killed"),
            lambda: self._signal(self._launcher(), signal.SIGKILL, "launcher killed"),
            lambda: self._signal(self._plugin(), signal.SIGKILL, "plugin killed"),
            lambda: self._signal(self._any("worker"), signal.SIGTERM, "worker told to stop"),
            self._freeze,
        ]
        while True:
            if done := self._chance.choice(acts)():
                self.kills += 1
                return done

    def _any(self, kind: str) -> int | None:
        living = [
            process.pid
            for process, (name, *_) in zip(self._processes, KINDS, strict=True)
            if name == kind and process.poll() is None
        ]
        return self._chance.choice(living) if living else None

    def _launcher(self) -> int | None:
        worker = self._any("worker")
        launchers = [] if worker is None else children_of(worker)
        return launchers[0] if launchers else None

    def _plugin(self) -> int | None:
        launcher = self._launcher()
        plugins = [] if launcher is None else children_of(launcher)
        return self._chance.choice(plugins) if plugins else None

    def _freeze(self) -> str | None:
        """Freeze a worker for longer than its leases, or for less."""
        worker = self._any("worker")
        if worker is None:
            return None
        seconds = self._chance.choice([LEASE_SECONDS / 2, LEASE_SECONDS * 2])
        self._signal(worker, signal.SIGSTOP, "")
        time.sleep(seconds)
        self._signal(worker, signal.SIGCONT, "")
        return f"worker frozen for {seconds:g} s"

    def _signal(self, pid: int | None, number: signal.Signals, word: str) -> str | None:
        if pid is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            return word
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                say(f"process {process.pid} does not stop and is killed")
                process.kill()
                process.wait()
        self._log.close()
