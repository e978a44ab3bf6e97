"""Who did what, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from textual import on

from tui.rows_places import ActRow
from tui.screens.facts import FactsScreen
from tui.screens.listing import ListScreen
from tui.spans import Page, Span
from tui.times import TimeMode
from tui.widgets.columns import Cell, Column
from tui.widgets.table import KeysetTable

if TYPE_CHECKING:
    from tui.data import Data

DETAIL_MAX = 300
"""Characters of what an act did in the list."""


class AuditScreen(ListScreen[ActRow]):
    """The audit trail."""

    scopes: ClassVar[tuple[str, ...]] = ("list", "screen")

    def title_line(self) -> str:
        """The audit trail, and the filter."""
        title = self.center.words("title.audit")
        return f"{title} /{self.filter_text}" if self.filter_text else title

    def columns(self) -> Sequence[Column]:
        """When, who, from where, what, on what, in short what it changed."""
        words = self.center.words
        return [
            Column(words("column.audit.at"), 14),
            Column(words("column.audit.actor"), 12, grows=True),
            Column(words("column.audit.via"), 6, drop=2),
            Column(words("column.audit.action"), 12),
            Column(words("column.audit.target"), 12, grows=True),
            Column(words("column.audit.detail"), 16, grows=True, drop=1),
        ]

    def key(self, row: ActRow) -> int:
        """Its number."""
        return row.id

    def cells(self, row: ActRow) -> Sequence[Cell]:
        """One act."""
        return [
            Cell(self.center.times.show(row.at, self.at)),
            Cell(row.actor),
            Cell(row.via, "dim"),
            Cell(f"✗ {row.action}", "bad") if row.result != "done" else Cell(row.action),
            Cell(row.target),
            Cell("; ".join([*([row.reason] if row.reason else []), *row.detail])[:DETAIL_MAX], "dim"),
        ]

    def page(self, text: str, span: Span) -> Callable[[Data], Page[ActRow]]:
        """A page of acts."""
        return lambda data: data.acts(text, span)

    def empty(self) -> str:
        """Why none is there."""
        words = self.center.words
        return words("empty.audit.filtered", text=self.filter_text) if self.filter_text else words("empty.audit")

    def filter_hint(self) -> str:
        """What a filter may say."""
        return self.center.words("prompt.filter.audit")

    def command_line(self) -> str:
        """The act under the cursor."""
        row = self.table.cursor_row()
        return "connecthub audit list" if row is None else f"connecthub audit show {row.id}"

    @on(KeysetTable.Opened)
    def _opened(self) -> None:
        row = self.table.cursor_row()
        if row is not None:
            title = self.center.words("title.act", id=row.id)
            self.app.push_screen(FactsScreen(title, f"connecthub audit show {row.id}", self._text(row)))

    def _text(self, row: ActRow) -> str:
        words, times = self.center.words, self.center.times
        zone = "UTC" if times.mode is TimeMode.UTC else times.zone
        number = f" ({row.target_id})" if row.target_id is not None else ""
        facts = [
            (words("act.at"), f"{row.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"),
            (words("act.actor"), words("act.actor.as", name=row.actor, role=row.role)),
            (words("act.via"), row.via),
            (words("act.action"), row.action),
            (words("act.target"), f"{row.kind} {row.target}{number}"),
            (words("act.result"), f"✗ {row.result}" if row.result != "done" else row.result),
        ]
        more = {"act.reason": row.reason, "act.fingerprint": row.fingerprint, "act.address": row.address}
        facts += [(words(name), value) for name, value in more.items() if value]
        lines = [f"{name}: {value}" for name, value in facts]
        return "\n".join([*lines, "", f"== {words('act.detail')}", *(row.detail or [words("act.detail.none")])])
