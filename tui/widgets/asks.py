"""What a table says to its screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.message import Message
from textual.widget import Widget

from tui.spans import Side


@dataclass
class Said(Message):
    """What a table says."""

    table: Widget

    @property
    def control(self) -> Widget:
        """The table, for `@on(KeysetTable.Opened, "#id")`."""
        return self.table


class TableMessages:
    """The messages of `KeysetTable`."""

    @dataclass
    class Wanted(Said, namespace="keyset_table"):
        """Rows are wanted: AFTER or BEFORE the key, or the FIRST or LAST of the list."""

        side: Side
        key: Any

    @dataclass
    class Opened(Said, namespace="keyset_table"):
        """Enter was pressed on a row, or its line clicked once more."""

        key: Any

    @dataclass
    class Moved(Said, namespace="keyset_table"):
        """The cursor is on another row."""

        key: Any

    @dataclass
    class Marked(Said, namespace="keyset_table"):
        """Marks came or went."""

        count: int
