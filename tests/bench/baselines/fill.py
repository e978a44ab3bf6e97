"""Fill a baseline's queue: `python fill.py celery|rq|huey COUNT`."""
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import os
import sys


def fill_celery(count: int) -> None:
    """Enqueue over one connection."""
    from celery_app import app, twenty

    with app.producer_or_acquire() as producer:
        for _ in range(count):
            twenty.apply_async(producer=producer)  # pyright: ignore[reportFunctionMemberAccess]


def fill_rq(count: int) -> None:
    """Enqueue one by one."""
    import work
    from redis import Redis
    from rq import Queue

    queue = Queue(connection=Redis.from_url(os.environ["BENCH_REDIS_URL"]))
    for _ in range(count):
        queue.enqueue(work.twenty)


def fill_huey(count: int) -> None:
    """Enqueue one by one."""
    from huey_app import twenty

    for _ in range(count):
        twenty()


if __name__ == "__main__":
    {"celery": fill_celery, "rq": fill_rq, "huey": fill_huey}[sys.argv[1]](int(sys.argv[2]))
