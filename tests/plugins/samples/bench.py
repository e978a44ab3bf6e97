"""Plugins for measures."""

from __future__ import annotations

from typing import Any

from connecthub.jobs import BaseJob


class Twenty(BaseJob):
    """Logs twenty lines."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> None:
        for number in range(20):
            self.log.info("line %d of a run that says twenty", number)
