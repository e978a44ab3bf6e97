"""How a run ended, as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connecthub.db.tables import FINAL, Status


@dataclass(frozen=True)
class Ending:
    """All that finish writes of a run."""

    status: Status
    run_log: str
    error: str | None = None
    traceback: str | None = None
    fingerprint: str | None = None
    result: str | None = None
    progress: dict[str, Any] | None = None
    plugin_version: str | None = None
    calls: Sequence[dict[str, Any]] = ()
    retry_after: float | None = None
    """Seconds after which the plugin asked to be tried again."""
    never_started: bool = False
    """Its plugin never began, by its supervisor's own word."""

    @property
    def stands_alone(self) -> bool:
        """Whether it is one row: nothing else is to be written with it."""
        return self.status == Status.SUCCEEDED and not self.calls

    def parameters(self, log_id: int, token: str) -> dict[str, Any]:
        """Of the statement that writes it."""
        assert self.status in FINAL
        return {
            "log_id": log_id,
            "held_by": token,
            "new_status": self.status,
            "new_error": self.error,
            "new_traceback": self.traceback,
            "new_fingerprint": self.fingerprint,
            "new_result": self.result,
            "new_run_log": self.run_log,
            "new_progress": self.progress,
            "new_plugin_version": self.plugin_version,
        }
