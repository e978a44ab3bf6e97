"""The only file that builds Huey: the bell that tells workers of queued rows, and the scheduler's own clockwork.

A bell carries the number of a JobLog and nothing else, as JSON with an HMAC; never pickle, which would make write
access to Redis the same as running code in a worker.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import sqlite3
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from huey import MemoryHuey, PriorityRedisHuey, SqliteHuey
from huey.registry import Message
from huey.serializer import Serializer
from redis.exceptions import RedisError

from connecthub.core.config import Settings
from connecthub.core.redact import mask_url
from connecthub.errors import QueueUnreachable
from connecthub.security.key_ring import KeyRing

logger = logging.getLogger(__name__)

BELL_MAX = 256
"""Bytes of a bell; anything longer is none of ours."""
ANSWER_SECONDS = 3
"""How long Redis may take to answer, or to be connected to, where its URL does not say otherwise."""
SIGNATURE = hashlib.sha256().digest_size
Signers = Callable[[], Sequence[bytes]]
"""Gives the keys that a bell may be signed with, the one to sign with first."""


class BellSerializer(Serializer):
    """A bell is `HMAC-SHA256 + {"log": 812}`; one signed under any of the keys is good."""

    def __init__(self, queue: str, signers: Signers) -> None:
        super().__init__()
        self._queue = queue.encode()
        self._signers = signers

    def bells(self, log_ids: Iterable[int]) -> list[bytes]:
        """The messages for these rows."""
        key = self._signers()[0]
        bodies = [json.dumps({"log": log_id}).encode() for log_id in log_ids]
        return [self._sign(key, body) + body for body in bodies]

    def _serialize(self, data: Any) -> bytes:
        return self.bells([data.args[0]])[0]

    def _deserialize(self, data: bytes) -> Any:
        data = bytes(data)
        signature, body = data[:SIGNATURE], data[SIGNATURE:]
        if len(data) > BELL_MAX or not any(
            hmac.compare_digest(signature, self._sign(key, body)) for key in self._signers()
        ):
            raise ValueError("a message that no key of ours has signed")
        try:
            log_id = int(json.loads(body)["log"])
        except (KeyError, TypeError, ValueError):
            raise ValueError("a message of another version of ConnectHub") from None
        return Message(id=None, name=TASK_NAME, args=(log_id,), kwargs={}, retries=0)

    def _sign(self, key: bytes, body: bytes) -> bytes:
        return hmac.new(key, self._queue + b"\0" + body, hashlib.sha256).digest()


TASK_NAME = "connecthub.tasks.huey_app.execute_job"


def bell_huey(settings: Settings, queue: str, signers: Signers) -> Any:
    """The Huey of one queue. What a bell's task does is the worker's: it takes the number and no more."""
    serializer = BellSerializer(queue, signers)
    name = f"connecthub.{queue}"
    if settings.redis_url:
        huey: Any = PriorityRedisHuey(
            name, results=False, serializer=serializer, url=_redis_url(settings), read_timeout=1, clean_name=False
        )
    else:
        # A file of its own, since each look takes the file's one lock; unsynced, since the row is the truth.
        huey = SqliteHuey(name, results=False, serializer=serializer, filename=str(queue_file(settings)), fsync=False)

    def execute_job(log_id: int) -> None:
        raise RuntimeError(f"the bell for JobLog {log_id} is for a worker of ours")

    huey.task(name="execute_job")(execute_job)
    return huey


def _redis_url(settings: Settings) -> str:
    url = settings.redis_url or ""
    bounds = [
        f"{name}={ANSWER_SECONDS}" for name in ("socket_timeout", "socket_connect_timeout") if f"{name}=" not in url
    ]
    return "&".join([url, *bounds]) if "?" in url else "?".join([url, "&".join(bounds)])


def queue_file(settings: Settings) -> Path:
    """Where the embedded stack's bells lie."""
    return settings.data_dir / "queue.sqlite3"


class Ringer:
    """Rings the bells of queued rows; one Huey per queue, made when first needed."""

    def __init__(self, settings: Settings, signers: Signers) -> None:
        self._settings = settings
        self._signers = signers
        self._hueys: dict[str, Any] = {}
        self._away = False
        self._lock = threading.Lock()

    def ring(self, rows: Iterable[Any]) -> None:
        """Tell workers of `rows` (id, queue, priority), after the commit that made them.

        A bell that cannot be rung is no loss: workers find the row in the database. It is logged once, until bells ring
        again.
        """
        by_queue: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            by_queue[row.queue].append(row)
        try:
            for queue, waiting in by_queue.items():
                _enqueue_all(self._huey(queue), waiting)
        except (RedisError, OSError, sqlite3.Error) as error:
            if not self._away:
                cause = f"{type(error).__name__}: {mask_url(str(error))}"
                logger.warning("bells cannot be rung (%s): workers find the rows in the database", cause)
            self._away = True
        else:
            if by_queue and self._away:
                logger.info("bells ring again")
                self._away = False

    def close(self) -> None:
        """Close the connections."""
        for huey in self._hueys.values():
            close_huey(huey)

    def _huey(self, queue: str) -> Any:
        with self._lock:
            if queue not in self._hueys:
                self._hueys[queue] = bell_huey(self._settings, queue, self._signers)
            return self._hueys[queue]


def _enqueue_all(huey: Any, rows: Sequence[Any]) -> None:
    """What `huey.enqueue` does for one message, for all of a queue at once: the last of many is not to be late."""
    storage = huey.storage
    bells = huey.serializer.bells(row.id for row in rows)
    if isinstance(huey, SqliteHuey):
        values = [(storage.name, bell, row.priority) for bell, row in zip(bells, rows, strict=True)]
        with storage.db(commit=True) as cursor:
            cursor.executemany("INSERT INTO task (queue, data, priority) VALUES (?, ?, ?)", values)
    else:
        now = int(time.time() * 1e6)  # equal priorities are served in the order of this prefix
        stamped = [struct.pack(">Q", now + place) + bell for place, bell in enumerate(bells)]
        storage.conn.zadd(storage.queue_key, {bell: -row.priority for bell, row in zip(stamped, rows, strict=True)})


def close_huey(huey: Any) -> None:
    """Close a Huey's connections."""
    huey.storage.close()
    if pool := getattr(huey.storage, "pool", None):
        pool.disconnect()


def check_queue(settings: Settings) -> None:
    """Raise QueueUnreachable where Redis does not answer; the embedded queue needs no server."""
    if not settings.redis_url:
        return
    huey = bell_huey(settings, "default", lambda: [b""])
    try:
        huey.storage.conn.ping()
    except (RedisError, OSError) as error:
        url = mask_url(settings.redis_url)
        raise QueueUnreachable(f"no answer from Redis at {url} ({error}); start it or mend REDIS_URL") from None
    finally:
        close_huey(huey)


class StepHuey(MemoryHuey):
    """The scheduler's Huey, in memory, so that no server's outage can stop the clock: one task per step."""

    def step_task(self, name: str) -> Any:
        """The task that runs the step of that name."""
        return self._registry.string_to_task(f"{__name__}.{name}")()


def step_huey(steps: dict[str, Callable[[], None]]) -> StepHuey:
    """A Huey that knows `steps` by their names."""
    huey = StepHuey("connecthub.steps", results=False)

    def register(name: str, step: Callable[[], None]) -> None:
        def run() -> None:
            step()

        huey.task(name=name)(run)

    for name, step in steps.items():
        register(name, step)
    return huey


def signers(settings: Settings, keys: KeyRing) -> Signers:
    """The keys that sign bells: QUEUE_SIGNING_KEY, or one derived from each Fernet key."""
    if settings.queue_signing_key is not None:
        own = settings.queue_signing_key.get_secret_value().encode()
        return lambda: [own]
    return lambda: keys.signing_keys(b"bell")
