"""The one module of the control center that asks: every question to `connecthub.control`, every answer plain and safe.

It is called from worker threads. Nothing heavy is imported before something is asked: the first frame comes first.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.acts import CANCELLED, Tally
from tui.rows import (
    Done,
    Facts,
    FailureGroup,
    JobFilter,
    JobRow,
    JobView,
    LogFilter,
    LogRow,
    LogText,
    LogView,
    Page,
    Span,
)

if TYPE_CHECKING:
    from connecthub.control.actor import Actor
    from connecthub.control.jobs import Office
    from connecthub.control.session import Session


class Data:
    """An installation, as the control center sees it. `read_only` refuses every act.

    Every question raises ConnectHubError: DatabaseError where the database does not answer, ConfigError for a filter
    that cannot be understood, NotFound for what is gone.
    """

    def __init__(self, session: Session, *, read_only: bool = False) -> None:
        self._session = session
        self._read_only = read_only
        self._lock = threading.RLock()

    @classmethod
    def open(cls, read_only: bool = False) -> Data:
        """The installation of this folder and environment; raises ConnectHubError."""
        from connecthub.control.session import Session
        from connecthub.core.config import load_settings
        from tui.session_log import begin_session_log

        settings = load_settings()
        settings.check_stack()
        data = cls(Session(settings), read_only=read_only)
        try:
            data.now()
            begin_session_log(settings)
        except BaseException:
            data.close()
            raise
        return data

    def close(self) -> None:
        """Close what was opened."""
        with self._lock:
            self._session.close()

    def facts(self) -> Facts:
        """What the header shows."""
        from connecthub.core.safe_text import safe_text
        from tui.shown import place

        settings = self._session.settings
        return Facts(
            instance=safe_text(settings.instance_name),
            color=settings.instance_color,
            database=place(self._database),
            zone=settings.timezone,
            actor=safe_text(self._actor.name),
            language=settings.ui_lang,
            read_only=self._read_only,
        )

    def now(self) -> datetime:
        """The database's clock."""
        from connecthub.control.browsing import database_time

        return database_time(self._database)

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

    def log_text(self, log_id: int) -> LogText:
        """The log of a run, as far as it is written."""
        return self.log_after(log_id, -1)

    def log_after(self, log_id: int, last_chunk: int) -> LogText:
        """What a log has after a chunk; once the run has ended, with the rest: whoever gets that asks no more."""
        from connecthub.control.log_view import read_log
        from tui.shown import progress_text

        new = read_log(self._database, log_id, last_chunk)
        return LogText(new.text, new.last_chunk, new.row.status, progress_text(new.row.progress))

    # acts

    def run(self, job_ids: Sequence[int], params: dict[str, Any] | None = None, in_turn: bool = False) -> Done:
        """Run jobs now, with `params` for this run only where they are given."""
        from connecthub.control.job_reading import show_job
        from connecthub.control.runs import run_job

        office, tally = self._acting(), Tally()

        def run(job_id: int) -> None:
            name = show_job(office.database, str(job_id)).name
            row = run_job(office, self._actor, str(job_id), params, in_turn=in_turn)
            tally.lines.append(f"run {row.id} is queued ({name})")
            tally.opened.append(row.id)

        return tally.each(job_ids, run).done()

    def retry(self, log_ids: Sequence[int], in_turn: bool = False) -> Done:
        """Run JobLogs that did not succeed again, with the settings of now."""
        return self._retry(log_ids, in_turn, Tally())

    def retry_matching(self, chosen: LogFilter, in_turn: bool = False) -> Done:
        """Retry all that match and can be retried, the oldest 10,000 at the most."""
        from connecthub.control.browsing import RETRIED

        self._acting()
        tally = Tally()
        return self._retry(tally.at_most(RETRIED, self._retriable(chosen)), in_turn, tally)

    def retry_failed(self, job_ids: Sequence[int]) -> Done:
        """Retry all of these jobs that can be retried."""
        from connecthub.control.browsing import RETRIED
        from connecthub.control.job_logs import LogChoice
        from connecthub.control.job_reading import show_job
        from connecthub.control.runs import failed_logs
        from connecthub.errors import Refused

        office, tally, failed = self._acting(), Tally(), list[int]()

        def collect(job_id: int) -> None:
            name = show_job(office.database, str(job_id)).name
            of_job = failed_logs(office.database, LogChoice(job=str(job_id)), RETRIED + 1)
            if not of_job:
                raise Refused(f"job {name}: nothing of it can be retried")
            failed.extend(tally.at_most(RETRIED, of_job))

        tally.each(job_ids, collect)
        return self._retry(failed, False, tally)

    def cancel(self, log_ids: Sequence[int]) -> Done:
        """Cancel what is queued, ask what runs to stop."""
        from connecthub.control.cancelling import cancel_log

        self._check()
        tally = Tally()

        def cancel(log_id: int) -> None:
            done = cancel_log(self._database, self._ring_if_any, self._actor, log_id)
            tally.lines.append(f"run {done.log_id} ({done.job_name}) {CANCELLED[done.done]}")

        return tally.each(log_ids, cancel).done()

    def enable(self, job_ids: Sequence[int]) -> Done:
        """Schedule jobs again."""
        return self._set_enabled(job_ids, True)

    def disable(self, job_ids: Sequence[int]) -> Done:
        """Schedule jobs no more; what is queued stays."""
        return self._set_enabled(job_ids, False)

    def _set_enabled(self, job_ids: Sequence[int], enabled: bool) -> Done:
        from connecthub.control.actions import ACTIONS
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import set_enabled

        office, tally = self._acting(), Tally()
        word = "enabled" if enabled else "disabled"

        def switch(job_id: int) -> None:
            seen = show_job(office.database, str(job_id))
            row = set_enabled(office, self._actor, seen, enabled)
            same = row.version == seen.version
            tally.lines.append(f"job {row.name} is {word}{' already' if same else ''}")
            tally.changed += [] if same else [row.name]

        return tally.each(job_ids, switch).done(ACTIONS["job.enable" if enabled else "job.disable"].undo)

    def _retry(self, log_ids: Sequence[int], in_turn: bool, tally: Tally) -> Done:
        from connecthub.control.runs import retry_log
        from connecthub.errors import Refused

        office = self._acting()

        def retry(log_id: int) -> None:
            try:
                done = retry_log(office.database, office.ring, self._actor, log_id, in_turn=in_turn)
            except Refused as error:
                raise type(error)(f"{log_id}: {error}") from None
            names = ", ".join(done.differs)
            differs = f"; since then changed: {names}" if names else ""
            tally.lines.append(f"run {done.row.id} is queued: a retry of {log_id} ({done.of.job_name}){differs}")
            tally.opened.append(done.row.id)

        return tally.each(log_ids, retry).done()

    # what is asked with; made once, whichever thread asks first

    @property
    def _database(self) -> Any:
        with self._lock:
            return self._session.database

    @property
    def _actor(self) -> Actor:
        from dataclasses import replace

        with self._lock:
            return replace(self._session.actor, via="tui")

    @property
    def _zone(self) -> str:
        return self._session.settings.timezone

    def _check(self) -> None:
        if self._read_only:
            from connecthub.errors import Forbidden

            raise Forbidden("this control center is read-only; start it without --read-only to act")

    def _acting(self) -> Office:
        self._check()
        with self._lock:
            return self._session.office

    def _ring_if_any(self, bells: Any) -> None:
        with self._lock:
            self._session.ring_if_any(bells)

    def _retriable(self, chosen: LogFilter) -> list[int]:
        from connecthub.control.browsing import retriable

        return retriable(self._database, chosen.text, self._zone)

    def _keys(self) -> Any:
        with self._lock:
            return self._session.keys
