"""What the Overview asks."""

from __future__ import annotations

from tui.data.opened import Opened


class OverviewData(Opened):
    """What needs a person now."""
