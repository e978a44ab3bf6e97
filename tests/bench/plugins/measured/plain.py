"""A plugin without models."""

from __future__ import annotations

import time
from typing import Any

from connecthub.jobs import BaseJob

from .lines import say_twenty


class Plain(BaseJob):
    """Logs twenty lines with its times."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        say_twenty(self.log, IMPORT_ENDED)


class Sleeping(BaseJob):
    """Sleeps, to be looked at."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        time.sleep(params["seconds"])


IMPORT_ENDED = time.monotonic()
