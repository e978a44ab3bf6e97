"""What tests of the runner share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connecthub.core.redact import Redactor
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Outcome
from connecthub.runner.protocol import Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import Watch, supervise

PLUGINS = Path(__file__).parent / "plugins"


def is_gone(pid: int | None) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    outcome: Outcome
    log: str
    watch: Watch


def run_plugin(
    launcher: LauncherProcess,
    handler: str,
    params: dict[str, Any] | None = None,
    secrets: dict[str, Any] | None = None,
    *,
    timeout: float = 30.0,
    grace: float = 0.5,
) -> Ran:
    """Run a plugin of `tests/plugins` in a child."""
    request = Request(
        ask="run",
        handler=handler,
        packages=("samples",),
        extensions_dir=str(PLUGINS),
        params=params or {},
        secrets=secrets or {},
        timeout=timeout,
        job="test",
        log_id=7,
        idempotency_key="connecthub-7",
    )
    redactor = Redactor.from_secrets(request.secrets)
    watch = Watch(RunLog(redactor, 1 << 20), redactor)
    outcome = supervise(launcher, request, watch, grace)
    return Ran(outcome, watch.log.finish(), watch)
