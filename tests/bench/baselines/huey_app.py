"""Bare Huey on Redis: no row, no process of its own for a run."""
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import os

import work
from huey import RedisHuey

huey = RedisHuey("bench", url=os.environ["BENCH_REDIS_URL"])


@huey.task()
def twenty() -> None:
    """One run."""
    work.twenty()
