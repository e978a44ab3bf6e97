"""Twenty lines that carry times."""

from __future__ import annotations

import json
import logging
import time

from . import IMPORT_BEGAN


def say_twenty(log: logging.Logger, import_ended: float) -> None:
    """Log twenty lines: the first tells when import and run began, the last when the run was about to end."""
    run_began = time.monotonic()
    log.info(json.dumps({"import_began": IMPORT_BEGAN, "import_ended": import_ended, "run_began": run_began}))
    for number in range(1, 19):
        log.info("line %d of a run that says twenty", number)
    log.info(json.dumps({"run_ended": time.monotonic()}))
