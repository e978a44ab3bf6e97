"""A new job: of which plugin, and filled in from which of its examples."""

from __future__ import annotations

from tui.screens.facts import FactsScreen


class NewJobScreen(FactsScreen):
    """Choose a plugin."""

    def __init__(self, handler: str) -> None:
        super().__init__("", "", handler)
