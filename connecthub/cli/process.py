"""`connecthub scheduler | worker`: the processes that do the work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.core.config import Settings
    from connecthub.db.engine import Database
    from connecthub.security.key_ring import KeyRing


@click.command()
def scheduler() -> None:
    """Run a scheduler process: any number of them may run.

    \b
    Example:
      connecthub scheduler
    """
    with _process("scheduler") as (settings, database, keys):
        from connecthub.tasks.scheduler import run_scheduler

        run_scheduler(settings, database, keys)


@click.command()
@click.option("-w", "--workers", type=click.IntRange(1, 64), help="Runs at the same time; WORKERS where left out.")
@click.option("--queue", default="default", show_default=True, help="The queue to serve.")
def worker(workers: int | None, queue: str) -> None:
    """Run a worker process: any number of them may run, on any number of hosts.

    \b
    Example:
      connecthub worker -w 8
    """
    from connecthub.control.job_settings import QUEUE_MAX, check_name

    check_name("queue", queue, most=QUEUE_MAX)
    with _process("worker") as (settings, database, keys):
        from connecthub.tasks.worker import run_worker

        run_worker(settings, database, keys, threads=workers or settings.workers, queue=queue)


@contextmanager
def _process(name: str) -> Iterator[tuple[Settings, Database, KeyRing]]:
    from connecthub.control.installation import prepare
    from connecthub.core.config import load_settings
    from connecthub.core.lock_file import own_name
    from connecthub.core.logging import configure_logging
    from connecthub.service.supervisor import leave_with_parent

    leave_with_parent()
    settings = load_settings()
    settings.check_stack()
    with ExitStack() as held:
        if settings.log_to_file:
            name = held.enter_context(own_name(settings.data_dir / "logs", name))
        configure_logging(settings, name, sys.stdout)
        database, keys = prepare(settings, migrate=settings.db_migrate)
        held.callback(database.dispose)
        yield settings, database, keys
