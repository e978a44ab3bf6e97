"""The one room of the control center that asks: every question to `connecthub.control`, every answer plain and safe.

It is called from worker threads. Nothing heavy is imported before something is asked: the first frame comes first.
"""

from __future__ import annotations

from tui.data.editing import Editing
from tui.data.operators import Operators
from tui.data.overview import OverviewData
from tui.data.places import Places


class Data(Editing, OverviewData, Places, Operators):
    """An installation, as the control center sees it."""
