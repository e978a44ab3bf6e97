"""What each baseline's task does: log twenty lines, formatted and written to nowhere, and note when it began and ended.

The note is one small append, so that no system's own bookkeeping is measured in place of the work.
"""

import logging
import os
import struct
import time

TIMES = struct.Struct("dd")
log = logging.getLogger("bench")


def prepare() -> None:
    """Give the logger its one handler; once per process."""
    handler = logging.StreamHandler(open(os.devnull, "w"))  # noqa: SIM115 (as long as the process)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO)


def twenty() -> None:
    """Log twenty lines."""
    begun = time.time()
    if not log.handlers:
        prepare()
    for number in range(20):
        log.info("line %d of a run that says twenty", number)
    times = os.open(os.environ["BENCH_TIMES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(times, TIMES.pack(begun, time.time()))
    os.close(times)
