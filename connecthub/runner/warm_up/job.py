"""What a small plugin does."""

from __future__ import annotations

from typing import Any

from connecthub.jobs import BaseJob


class WarmUp(BaseJob):
    """Says twenty lines."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        """Say them."""
        for number in range(20):
            self.log.info("line %d", number)
        return {"lines": 20}
