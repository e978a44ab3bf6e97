"""The sync of departments and members from Seeyon OA to DiDi Enterprise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.seeyon import SeeyonClient
from connecthub.jobs import BaseJob
from extensions.sync_oa_to_didi.apply import Applier
from extensions.sync_oa_to_didi.didi_side import by_keys
from extensions.sync_oa_to_didi.guards import GuardError, trips
from extensions.sync_oa_to_didi.people import wanted_people
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.planning import make_plan
from extensions.sync_oa_to_didi.reading import DidiReading, OaReading, read_didi, read_oa
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.report import Row, fitting, table
from extensions.sync_oa_to_didi.scope import members_in_scope
from extensions.sync_oa_to_didi.settings import MembersParams, MembersSecrets
from extensions.sync_oa_to_didi.tree import build_tree
from extensions.sync_oa_to_didi.unlisted import ask_about, unlisted

CHINA = timezone(timedelta(hours=8))
"""Where DiDi's days begin; it has no summer time."""
PLAN_ROWS, PLAN_CHARACTERS = 300, 48 * 1024
REMARK_ROWS, REMARK_CHARACTERS = 50, 6 * 1024
"""What a result holds of each; where that is not all, the log has all."""


class SyncOAToDidiMembersJob(BaseJob):
    """Sync departments and members of Seeyon OA to DiDi Enterprise: what is new, what changed, who left.

    Both sides are read whole and compared by employee number; a dry run shows the plan and writes nothing. Only people
    whom the OA lists as left leave DiDi. What cannot be settled is told as a conflict, and the rest goes on.
    """

    Params = MembersParams
    Secrets = MembersSecrets
    examples = {  # noqa: RUF012
        "sandbox": {
            "oa_base_url": "http://127.0.0.1:8765",
            "didi_base_url": "http://127.0.0.1:8766",
            "company_id": "1125900000000001",
        }
    }

    def run(self, params: MembersParams, secrets: MembersSecrets) -> dict[str, Any] | None:
        """Read both sides, plan, and apply the plan unless a guard stops it. Raises GuardError."""
        remarks = Remarks()
        with self._didi(params, secrets) as didi:
            with self._oa(params, secrets) as oa:
                oa_says = read_oa(oa, params, self.progress)
                didi_says = read_didi(didi, self.progress)
                read = _counts(oa_says, didi_says)
                plan, stops = self._plan(oa, oa_says, didi_says, params, remarks)
            del oa_says, didi_says
            applier = Applier(didi, remarks, self.progress, self.context.clock.sleep, self.context.dry_run)
            self._log_plan(plan, remarks, stops)
            if stops and not self.context.dry_run:
                raise GuardError("; ".join(stops))
            if not stops:
                applier.apply(plan)
        return self._result(read, plan, applier, remarks, stops)

    def _oa(self, params: MembersParams, secrets: MembersSecrets) -> SeeyonClient:
        return self.client(
            SeeyonClient,
            base_url=params.oa_base_url,
            user_name=secrets.oa_user_name,
            password=secrets.oa_password,
            login_name=params.oa_login_name or None,
            ca_file=params.oa_ca_file or None,
            timeout=params.oa_timeout_seconds,
            check_counts=params.check_counts,
        )

    def _didi(self, params: MembersParams, secrets: MembersSecrets) -> DidiClient:
        return self.client(
            DidiClient,
            base_url=params.didi_base_url,
            client_id=secrets.client_id,
            client_secret=secrets.client_secret,
            sign_key=secrets.sign_key,
            company_id=params.company_id,
            signature=params.signature,
        )

    def _plan(
        self, oa: SeeyonClient, oa_says: OaReading, didi_says: DidiReading, params: MembersParams, remarks: Remarks
    ) -> tuple[Plan, list[str]]:
        """Return the plan, and why it must not be applied; `oa` is asked about members whom its lists lack."""
        today = self.context.clock.now().astimezone(CHINA).date()
        tree = build_tree(oa_says.departments, oa_says.unit_ids, params.department_key, remarks)
        there = by_keys(didi_says, today)
        ours = members_in_scope(there, {each.code for each in oa_says.members}, tree.known, params)
        ask_about(oa, oa_says, unlisted(oa_says, ours, today, remarks), self.progress, remarks)
        people = wanted_people(oa_says, tree, params, remarks)
        plan = make_plan(tree, people, there, params, today, remarks)
        return plan, trips(oa_says, tree, people, there, plan, params)

    def _log_plan(self, plan: Plan, remarks: Remarks, stops: list[str]) -> None:
        """Log conflicts and notes, and the plan where it is not applied and the result does not have it whole."""
        for each in remarks.conflicts:
            self.log.warning("conflict: %s %s: %s", each.number or "-", each.name, each.text)
        for each in remarks.notes:
            self.log.info("note: %s %s: %s", each.number or "-", each.name, each.text)
        counts = ", ".join(f"{count} {action}" for action, count in plan.counts().items())
        self.log.info("plan: %s", counts or "nothing to do")
        rows = plan.rows()
        if len(_kept(rows)) < len(rows) if self.context.dry_run else stops:
            for line in table(rows):
                self.log.info("%s", line)
        for stop in stops:
            self.log.error("stopped: %s", stop)

    def _result(
        self, read: dict[str, int], plan: Plan, applier: Applier, remarks: Remarks, stops: list[str]
    ) -> dict[str, Any]:
        """Return the run's summary; in a dry run with the plan's rows."""
        result: dict[str, Any] = {"read": read, "planned": plan.counts()}
        if self.context.dry_run:
            rows = plan.rows()
            result["plan"] = _kept(rows)
            result["plan_left_out"] = len(rows) - len(result["plan"])
        else:
            result |= {"done": dict(applier.done), "not_done": applier.undone}
        if stops:
            result["stopped"] = stops
        for what, said in (("conflicts", remarks.conflicts), ("notes", remarks.notes)):
            rows = [remark.row() for remark in said]
            result[what] = {"count": len(rows), "first": fitting(rows, REMARK_ROWS, REMARK_CHARACTERS)}
        return result


def _kept(rows: Sequence[Row]) -> list[Row]:
    """Return what the result holds of a plan."""
    return fitting(rows, PLAN_ROWS, PLAN_CHARACTERS)


def _counts(oa: OaReading, didi: DidiReading) -> dict[str, int]:
    return {
        "oa_departments": len(oa.departments),
        "oa_people": len(oa.members),
        "didi_departments": len(didi.departments),
        "didi_members": len(didi.members),
    }
