"""A plugin that leaves a trace outside of what is under test."""

from __future__ import annotations

import os
import time
from typing import Any

from connecthub.jobs import BaseJob


class Witness(BaseJob):
    """Notes its run's number and pid in a file when it begins, then works for a while."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        with open(params["file"], "ab", buffering=0) as file:
            file.write(f"{self.context.log_id} {os.getpid()}\n".encode())
        time.sleep(params["seconds"])
