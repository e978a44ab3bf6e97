"""The database: reachable, ours, of this schema, and fit for what is asked of it."""

from __future__ import annotations

from typing import Any

from connecthub.core.config import Settings
from connecthub.db import doctor, workers
from connecthub.db.engine import POOL_SIZE, Database
from connecthub.db.migrations import HEAD
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, problems_or, warning, wrong

LOOKED_THROUGH_BYTES = 64 << 20
"""A larger SQLite file is not read whole."""
LEAST_VERSION = 14
"""Of PostgreSQL; older ones get no more corrections from its makers."""


def look(context: Context) -> list[Finding]:
    """Open it as every process does, then look at what it runs on."""
    database = context.open()
    if database.path is not None:
        return _look_at_file(database)
    with database.read() as connection:
        facts = doctor.server_facts(connection)
        live = workers.list_live(connection, context.settings.lease_seconds)
    needed = connections_needed(context.settings, [row.threads for row in live])
    found = judge_server(facts, needed)
    major = facts.version // 10_000
    return problems_or(
        found, f"{database.name} answers: PostgreSQL {major}, schema {HEAD}, {facts.used} of {facts.room} connections"
    )


def _look_at_file(database: Database) -> list[Finding]:
    assert database.path is not None
    small = database.path.stat().st_size <= LOOKED_THROUGH_BYTES
    with database.read() as connection:
        wal = doctor.is_wal(connection)
        damage = doctor.first_damage(connection) if small else ""
    found = []
    if not wal:
        one = "readers and writers wait for each other"
        found.append(warning(f"{database.name} is not in WAL mode: {one}", "run `connecthub db upgrade`"))
    if damage:
        stop = f"stop what runs on it, move it away and run {command('connecthub', 'restore', 'BACKUP')}"
        found.append(wrong(f"{database.name} is damaged: {damage.splitlines()[-1]}", stop))
    return problems_or(found, f"{database.name} answers: SQLite, schema {HEAD}")


def connections_needed(settings: Settings, threads: list[int]) -> int:
    """What the processes keep open: each worker that lives, or one to be, a scheduler, and a person."""
    kept = [max(POOL_SIZE, number + 3) for number in threads or [settings.workers]]
    return sum(kept) + max(POOL_SIZE, settings.workers + 3) + POOL_SIZE


def judge_server(facts: Any, needed: int) -> list[Finding]:
    """What PostgreSQL says of itself and of the account; `needed` connections have to fit."""
    found: list[Finding] = []
    major = facts.version // 10_000
    if facts.standby:
        found.append(wrong("this PostgreSQL is a standby and takes no writes", "let DB_URL name the primary server"))
    if facts.encoding != "UTF8":
        make = command("createdb", "--template=template0", "--encoding=UTF8", "NAME")
        found.append(
            wrong(f"the database's encoding is {facts.encoding}: not every name fits", f"run {make}, name it in DB_URL")
        )
    if major < LEAST_VERSION:
        found.append(warning(f"PostgreSQL {major} is not maintained any more", f"upgrade to {LEAST_VERSION} or newer"))
    found += _judge_room(facts, needed)
    if facts.superuser or facts.powerful:
        what = "superuser" if facts.superuser else "more than an owner of tables"
        remedy = "let DB_URL name an account with the rights of docs/operations.md and no others"
        found.append(warning(f"the account {facts.account} is {what}: who reads DB_URL owns the server", remedy))
    return found


def _judge_room(facts: Any, needed: int) -> list[Finding]:
    """The limits of server, database and account against what has to fit."""
    limits = [facts.room, *(limit for limit in (facts.database_limit, facts.account_limit) if limit >= 0)]
    if needed > min(limits):
        return [
            warning(
                f"{min(limits)} connections are allowed, and scheduler and workers keep some {needed}",
                _more_connections(facts, min(limits), needed),
            )
        ]
    if facts.used >= 0.9 * facts.room:
        return [
            warning(
                f"{facts.used} of {facts.room} connections are in use", _more_connections(facts, facts.room, facts.used)
            )
        ]
    return []


def _more_connections(facts: Any, limit: int, needed: int) -> str:
    """How to raise the limit that is in the way."""
    if limit == facts.account_limit:
        return f'run in psql `ALTER ROLE "{facts.account}" CONNECTION LIMIT {2 * needed}`, or lower WORKERS'
    if limit == facts.database_limit:
        return f"run in psql `ALTER DATABASE … CONNECTION LIMIT {2 * needed}`, or lower WORKERS"
    return (
        f"run in psql `ALTER SYSTEM SET max_connections = {2 * needed + 10}` and restart PostgreSQL, or lower WORKERS"
    )
