"""A plugin that goes on speaking."""

from __future__ import annotations

import time
from typing import Any

from connecthub.jobs import BaseJob


class Speaking(BaseJob):
    """Logs a numbered line every so many seconds."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        for number in range(params["lines"]):
            self.log.info("line %d of a run that goes on", number)
            time.sleep(params["every"])
