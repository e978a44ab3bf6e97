"""What all measures share: real servers on a real disk, rounds that take turns, tables of medians and ratios."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import psycopg
import redis

from tests.servers import process
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

ROOT = Path(__file__).resolve().parents[2]
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "max_wal_size": "1GB",
}
"""A PostgreSQL as it is installed, where the tests take one that keeps nothing."""


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    asked: int | None
    """Rounds, where the command line names them."""
    quick: bool

    def choose(self, full: int, quick: int) -> int:
        """The number for this plan."""
        return quick if self.quick else full

    def rounds(self, full: int, quick: int) -> int:
        """The number of rounds: as asked, else that of this plan."""
        return self.asked or self.choose(full, quick)


class Servers:
    """A private PostgreSQL and Redis, each started when it is first asked for, on disk and never in /dev/shm."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._names = iter(range(1_000_000))

    @cached_property
    def postgres(self) -> PostgresServer:
        """The PostgreSQL, with the durability of production."""
        return self._stack.enter_context(PostgresServer(settings=DURABLE))

    @cached_property
    def redis(self) -> RedisServer:
        """The Redis, without persistence."""
        return self._stack.enter_context(RedisServer())

    def database(self) -> str:
        """The URL of a new, empty database."""
        return self.postgres.create_database(f"bench_{next(self._names)}")

    def folder(self) -> Path:
        """A new folder that goes with the servers."""
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="connecthub-bench-")))

    def __enter__(self) -> Self:
        process.MEMORY = Path("/nonexistent")  # a server's scratch folder would lie in memory, where fsync is free
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def describe(self) -> str:
        """Machine, servers, and what a commit costs here at least."""
        with psycopg.connect(self.postgres.url) as connection:
            version = connection.info.parameter_status("server_version")
        with redis.Redis.from_url(self.redis.url()) as client:
            told = client.info("server")
        assert isinstance(told, dict)
        load = os.getloadavg()[0]
        return (
            f"{os.cpu_count()} CPUs, load {load:.1f} before the start; Python {sys.version.split()[0]}; "
            f"PostgreSQL {version} with {', '.join(f'{name} {value}' for name, value in list(DURABLE.items())[:2])}; "
            f"{told.get('server_name', 'redis')} {told['redis_version']} without persistence; "
            f"fdatasync {fdatasync_micros(self.folder()):.0f} µs"
        )


def fdatasync_micros(folder: Path, times: int = 200) -> float:
    """The median of an 8 KiB write with fdatasync."""
    taken = []
    with (folder / "fdatasync").open("wb", buffering=0) as file:
        for _ in range(times):
            begun = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1e6


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 120.0, every: float = 0.1) -> None:
    """Look again and again; raises TimeoutError."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)


@dataclass
class Rounds:
    """Values by name, one a round; the names take turns in each round, and another begins each time."""

    unit: str
    values: dict[str, list[float]] = field(default_factory=dict)

    def run(self, times: int, measures: Mapping[str, Callable[[], float]]) -> None:
        """Measure each of `measures` so many times."""
        names = list(measures)
        for number in range(times):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                self.values.setdefault(name, []).append(measures[name]())

    def median(self, name: str) -> float:
        """The median of a name's rounds."""
        return statistics.median(self.values[name])

    def table(self, order: Iterable[str]) -> None:
        """Print median, least and most of each name."""
        rows = [
            (name, number(self.median(name)), number(min(found)), number(max(found)), len(found))
            for name in order
            if (found := self.values.get(name))
        ]
        print_table([self.unit, "median", "min", "max", "rounds"], rows)

    def ratios(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Print how many times the first of each pair is the second: of the medians, and round by round."""
        rows = []
        for first, second in pairs:
            each = [a / b for a, b in zip(self.values[first], self.values[second], strict=True)]
            of_medians = self.median(first) / self.median(second)
            found = (of_medians, statistics.median(each), min(each), max(each))
            rows.append((f"{first} ÷ {second}", *(f"{value:.2f}" for value in found)))
        print_table(["ratio", "of medians", "median of rounds", "min", "max"], rows)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: Sequence[float]) -> tuple[str, ...]:
    """p50, p99, least and most, for a table."""
    return tuple(
        number(value) for value in (percentile(values, 0.5), percentile(values, 0.99), min(values), max(values))
    )


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns, the first to the left and the others to the right, and a blank line."""
    lines = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for index, line in enumerate(lines):
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        say("  ".join(cells).rstrip())
        if index == 0:
            say("  ".join("-" * width for width in widths))
    say()
