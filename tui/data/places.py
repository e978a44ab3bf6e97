"""Questions about workers, queues, plugins and the audit trail."""

from __future__ import annotations

from typing import Any, cast

from tui.data.opened import Opened
from tui.rows_places import ActRow, PluginRow, QueueRow, WorkerRow
from tui.spans import Page, Span


class Places(Opened):
    """Where runs run, what can run, and who did what."""

    def floor(self) -> Page[WorkerRow | QueueRow]:
        """The workers that live or were lost within a day, and the queues."""
        from connecthub.control.queues import look_at_floor
        from tui.shown_places import queue_row, worker_row

        seen = look_at_floor(self._database, self._session.settings.lease_seconds)
        return Page([*map(worker_row, seen.workers), *map(queue_row, seen.queues)], False, seen.at)

    def plugins(self) -> Page[PluginRow]:
        """All plugins that are found; each module is imported in a child, which takes a moment."""
        from connecthub.control.plugin_reading import list_plugins
        from tui.shown_places import plugin_row

        found = list_plugins(self._office.questions, self._database)
        return Page([plugin_row(plugin) for plugin in found], False, self.now())

    def load_error(self, row: PluginRow) -> tuple[str, str]:
        """Why a plugin cannot be used now, and its traceback; both empty where it can."""
        from connecthub.control.plugin_reading import load_error
        from connecthub.core.safe_text import safe_text

        reason, traceback = load_error(self._office.questions, cast("Any", row.asked))
        return safe_text(reason), safe_text(traceback.rstrip("\n"), newlines=True)

    def acts(self, text: str, span: Span) -> Page[ActRow]:
        """The acts that match a filter, the newest first; the key is the id."""
        from connecthub.control.audit_reading import audit_page
        from tui.shown import cut
        from tui.shown_places import act_row

        page = audit_page(self._database, text, self._zone, cut(span))
        return Page([act_row(row) for row in page.rows], page.more, page.at)
