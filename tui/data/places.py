"""Questions about workers, queues, plugins and the audit trail."""

from __future__ import annotations

from tui.data.opened import Opened


class Places(Opened):
    """Where runs run, what can run, and who did what."""
