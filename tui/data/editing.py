"""What the form of a job asks."""

from __future__ import annotations

from tui.data.opened import Opened


class Editing(Opened):
    """Adding, changing and deleting jobs."""
