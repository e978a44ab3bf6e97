"""Acts on jobs and runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui.acts import CANCELLED, Tally
from tui.data.looks import Looks
from tui.rows import Done, LogFilter


class Acts(Looks):
    """Run, retry, cancel, enable and disable."""

    def run(
        self,
        job_ids: Sequence[int],
        params: dict[str, Any] | None = None,
        in_turn: bool = False,
        *,
        dry_run: bool = False,
    ) -> Done:
        """Run jobs now, with `params` for this run only where they are given."""
        from connecthub.control.job_reading import show_job
        from connecthub.control.runs import run_job

        office, tally = self._acting(), Tally()

        def run(job_id: int) -> None:
            name = show_job(office.database, str(job_id)).name
            row = run_job(office, self._actor, str(job_id), params, in_turn=in_turn, dry_run=dry_run)
            tally.lines.append(f"{'dry run' if dry_run else 'run'} {row.id} is queued ({name})")
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

    def cancel(self, log_ids: Sequence[int], reason: str | None = None) -> Done:
        """Cancel what is queued, ask what runs to stop."""
        from connecthub.control.cancelling import cancel_log

        self._check()
        tally = Tally()

        def cancel(log_id: int) -> None:
            done = cancel_log(self._database, self._ring_if_any, self._actor, log_id, reason=reason)
            tally.lines.append(f"run {done.log_id} ({done.job_name}) {CANCELLED[done.done]}")

        return tally.each(log_ids, cancel).done()

    def enable(self, job_ids: Sequence[int]) -> Done:
        """Schedule jobs again."""
        return self._set_enabled(job_ids, True)

    def disable(self, job_ids: Sequence[int], reason: str | None = None) -> Done:
        """Schedule jobs no more; what is queued stays."""
        return self._set_enabled(job_ids, False, reason)

    def _set_enabled(self, job_ids: Sequence[int], enabled: bool, reason: str | None = None) -> Done:
        from connecthub.control.actions import ACTIONS
        from connecthub.control.job_reading import show_job
        from connecthub.control.jobs import set_enabled

        office, tally = self._acting(), Tally()
        word = "enabled" if enabled else "disabled"

        def switch(job_id: int) -> None:
            seen = show_job(office.database, str(job_id))
            row = set_enabled(office, self._actor, seen, enabled, reason=reason)
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
            what = "dry run" if done.of.dry_run else "run"
            tally.lines.append(f"{what} {done.row.id} is queued: a retry of {log_id} ({done.of.job_name}){differs}")
            tally.opened.append(done.row.id)

        return tally.each(log_ids, retry).done()
