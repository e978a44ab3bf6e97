"""What the Overview asks, and the one act that it has for itself."""

from __future__ import annotations

from collections.abc import Sequence

from tui.acts import Tally
from tui.data.opened import Opened
from tui.rows import Done
from tui.rows_overview import OverviewView


class OverviewData(Opened):
    """What needs a person now."""

    def overview(self) -> OverviewView:
        """A look at the installation, without its queue."""
        from connecthub.control.overview import look
        from tui.shown_overview import overview_view

        return overview_view(look(self._database, self._session.settings))

    def queue_problem(self) -> str:
        """Why the queue does not answer, or nothing; it takes a second where it hangs."""
        from connecthub.control.overview import queue_problem
        from connecthub.core.safe_text import safe_text

        return safe_text(queue_problem(self._session.settings))

    def acknowledge(self, seen: Sequence[tuple[int, int]], note: str) -> Done:
        """Acknowledge what failed, each a job and its run as it was seen; raises ConfigError for a note that cannot
        be."""
        from connecthub.control.acknowledging import acknowledge, check_note
        from connecthub.control.actions import ACTIONS

        self._check()
        check_note(note)
        tally, runs = Tally(), dict(seen)

        def say_so(job_id: int) -> None:
            done = acknowledge(self._database, self._actor, str(job_id), note, runs[job_id])
            tally.lines.append(f"run {done.log_id} ({done.job_name}) is acknowledged")
            tally.changed.append(done.job_name)

        return tally.each(runs, say_so).done(ACTIONS["job.acknowledge"].undo)
