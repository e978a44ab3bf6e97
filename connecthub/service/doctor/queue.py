"""The queue: what carries the bells. Without it runs start a second or two later, and none is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connecthub.control.overview import queue_problem
from connecthub.core.config import Settings
from connecthub.db.doctor import queue_file_problem
from connecthub.errors import QueueUnreachable
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, from_error, ok, problems_or, warning, wrong

ANSWER_SECONDS = 2
LEAST_REDIS = 5
"""The version that brought BZPOPMIN, which a worker waits with."""


def look(context: Context) -> list[Finding]:
    """Ask Redis, or look at the embedded queue's file."""
    settings = context.settings
    if not settings.redis_url:
        return _look_at_file(settings)
    if problem := queue_problem(settings):
        return [from_error(QueueUnreachable(problem))]
    facts = _ask(settings.redis_url)
    if facts is None:
        return [ok(f"{settings.queue} answers; its account may not look further (INFO)")]
    found = judge_redis(facts, has_password(settings.redis_url))
    return problems_or(found, f"{settings.queue} answers: version {facts.get('redis_version', 'unknown')}")


def _look_at_file(settings: Settings) -> list[Finding]:
    from connecthub.tasks.huey_app import queue_file

    path = queue_file(settings)
    if not os.path.lexists(path):
        return [ok(f"{settings.queue}: no bell yet")]
    if problem := queue_file_problem(path):
        away = command("mv", path, f"{path}.broken")
        anew = f"stop what runs here and run {away}; a new one is made, and no run is lost"
        return [wrong(f"the queue's file {path} cannot be used: {problem}", anew)]
    return [ok(f"{settings.queue}: {path.name} can be written")]


def _ask(url: str) -> Mapping[str, Any] | None:
    """What Redis says of itself; None where the account may not ask."""
    from redis import Redis
    from redis.exceptions import NoPermissionError

    with Redis.from_url(url, **{"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}) as client:
        try:
            return client.info()  # pyright: ignore[reportReturnType]
        except NoPermissionError:
            return None


def has_password(url: str) -> bool:
    """Whether the URL has one, or is a socket that the file system guards."""
    parts = urlsplit(url)
    return parts.scheme == "unix" or bool(parts.password)


def judge_redis(facts: Mapping[str, Any], password: bool) -> list[Finding]:
    """What a Redis says of itself that takes bells away."""
    found: list[Finding] = []
    version = str(facts.get("redis_version", ""))
    if version and int(version.partition(".")[0]) < LEAST_REDIS:
        found.append(wrong(f"Redis {version} is too old", f"upgrade it to {LEAST_REDIS}.0 or newer"))
    if facts.get("role") == "slave":
        found.append(wrong("this Redis is a replica and takes no writes", "let REDIS_URL name the master"))
    found += _judge_memory(facts)
    if facts.get("rdb_last_bgsave_status", "ok") != "ok" or facts.get("aof_last_write_status", "ok") != "ok":
        found.append(
            wrong(
                "Redis cannot save to its disk, and takes no writes until it can",
                f"free space there, then run {command('redis-cli', 'BGSAVE')}; bells need not be saved: "
                f"{command('redis-cli', 'CONFIG', 'SET', 'save', '')} turns it off",
            )
        )
    if not password:
        found.append(
            warning(
                "REDIS_URL has no password: every account that reaches Redis may empty the queue",
                "set requirepass in redis.conf, restart Redis, and write REDIS_URL=redis://:PASSWORD@HOST:PORT/0",
            )
        )
    return found


def _judge_memory(facts: Mapping[str, Any]) -> list[Finding]:
    """A limit at which bells are thrown away or refused."""
    found: list[Finding] = []
    policy, most = facts.get("maxmemory_policy", "noeviction"), int(facts.get("maxmemory", 0))
    if most and policy != "noeviction":
        keep = command("redis-cli", "CONFIG", "SET", "maxmemory-policy", "noeviction")
        found.append(
            warning(f"maxmemory-policy is {policy}: Redis throws bells away", f"run {keep}, and set it in redis.conf")
        )
    if most and int(facts.get("used_memory", 0)) >= most:
        more = command("redis-cli", "CONFIG", "SET", "maxmemory", str(2 * most))
        found.append(wrong(f"Redis has used up its {most >> 20} MiB (maxmemory) and takes no bell", f"run {more}"))
    return found
