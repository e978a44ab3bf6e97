"""Celery with a Redis broker and results in PostgreSQL, the start tracked: a row at the start and at the end."""
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import os

import work
from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_REDIS_URL"], backend=os.environ["BENCH_RESULTS_URL"])
app.conf.task_track_started = True


@app.task
def twenty() -> None:
    """One run."""
    work.twenty()
