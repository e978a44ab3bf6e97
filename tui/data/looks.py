"""Questions for lists, and for one job or run."""

from __future__ import annotations

from tui.data.opened import Opened
from tui.rows import CallRow, FailureGroup, JobFilter, JobRow, JobView, LogFilter, LogRow, LogText, LogView
from tui.spans import Page, Span


class Looks(Opened):
    """Jobs, JobLogs and failures."""

    # lists

    def jobs(self, chosen: JobFilter, span: Span) -> Page[JobRow]:
        """Jobs by name, or by their next run."""
        from connecthub.control import browsing
        from tui.shown import cut, job_row

        page = browsing.job_page(self._database, chosen.text, chosen.sort, cut(span))
        return Page([job_row(row, page.runs.get(row.id, ())) for row in page.rows], page.more, page.at)

    def logs(self, chosen: LogFilter, span: Span) -> Page[LogRow]:
        """JobLogs, the newest first; the key is the id."""
        from connecthub.control import browsing
        from tui.shown import cut, log_row

        page = browsing.log_page(self._database, chosen.text, self._zone, cut(span))
        return Page([log_row(row, row.cause) for row in page.rows], page.more, page.at)

    def failures(self, chosen: LogFilter) -> list[FailureGroup]:
        """The newest 10,000 that match and did not succeed, by what they have in common; the newest group first."""
        from connecthub.control import browsing
        from tui.shown import failure_group

        return [failure_group(row) for row in browsing.failures(self._database, chosen.text, self._zone)]

    def count(self, chosen: LogFilter) -> int:
        """How many match and can be retried; 10,001 is more than 10,000."""
        return len(self._retriable(chosen))

    # one job, one run

    def job(self, job_id: int) -> JobView:
        """A job whole."""
        from connecthub.control.job_view import view_job
        from tui.shown import job_view

        return job_view(view_job(self._database, self._keys, job_id), self._zone)

    def log(self, log_id: int) -> LogView:
        """A JobLog whole, but for its log."""
        from connecthub.control.log_view import view_log
        from tui.shown import log_view

        return log_view(view_log(self._database, log_id), self._zone)

    def calls(self, log_id: int) -> list[CallRow]:
        """The calls of a run to outside systems, in order; of very many the first and the newest."""
        from connecthub.control.log_view import read_calls
        from tui.shown import call_row

        return [call_row(call) for call in read_calls(self._database, log_id)]

    def log_text(self, log_id: int) -> LogText:
        """The log of a run, as far as it is written."""
        return self.log_after(log_id, -1)

    def log_after(self, log_id: int, last_chunk: int) -> LogText:
        """What a log has after a chunk; once the run has ended, with the rest: whoever gets that asks no more."""
        from connecthub.control.log_view import read_log
        from tui.shown import progress_text

        new = read_log(self._database, log_id, last_chunk)
        return LogText(new.text, new.last_chunk, new.row.status, progress_text(new.row.progress))

    def _retriable(self, chosen: LogFilter) -> list[int]:
        from connecthub.control.browsing import retriable

        return retriable(self._database, chosen.text, self._zone)
