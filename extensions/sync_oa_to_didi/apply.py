"""Applying a plan: step by step, a refused one is told and the rest goes on, an unknown result is looked up."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from connecthub.integrations.didi import DidiClient
from connecthub.integrations.didi.records import LEFT
from connecthub.integrations.errors import AlreadyExists, BusinessError, RateLimited, ResultUnknown
from extensions.sync_oa_to_didi.guards import GuardError
from extensions.sync_oa_to_didi.plan import Plan
from extensions.sync_oa_to_didi.planning import HAS_LEFT
from extensions.sync_oa_to_didi.remarks import Remarks
from extensions.sync_oa_to_didi.steps import (
    AddDepartment,
    AddMember,
    CloseDepartment,
    DismissMember,
    EditDepartment,
    EditMember,
    RemoveMember,
    SetSuperior,
    Step,
)
from extensions.sync_oa_to_didi.writes import took_effect, write

log = logging.getLogger(__name__)

HOPELESS = 20
"""Where the first so many writes of a kind are refused one and all, the settings are wrong: the others of that kind are
not tried, and the run fails in the end."""
NOT_TRIED = f"not tried, for DiDi refused the first {HOPELESS} one and all"

SENDS = 3
"""How often a step is sent whose answer is lost, each time after a look that shows it undone, or that came too soon."""
SYNCED = ("realname", "phone", "email", "out_budget_id")
"""What a member gets who is there already; all else is only for new ones."""
PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds to wait where DiDi finds that writes come too fast, and how long it may ask to wait; more ends the run."""


class Undone(Exception):
    """A step could not be done for a reason that its text says."""


class Taken(Undone):
    """A phone or an e-mail address is somebody else's as yet."""


class Applier:
    """Sends a plan; `done` counts the steps that took effect, by action."""

    def __init__(
        self,
        didi: DidiClient,
        remarks: Remarks,
        progress: Callable[[float, float | None, str], None],
        sleep: Callable[[float], None],
        dry_run: bool,
    ) -> None:
        self.done: Counter[str] = Counter()
        self.undone = 0
        self._didi = didi
        self._remarks = remarks
        self._progress = progress
        self._sleep = sleep
        self._dry_run = dry_run
        self._total = 0
        self._refused: Counter[str] = Counter()
        self._hopeless: dict[str, str] = {}
        self._missing_departments: set[str] = set()
        self._missing_members: set[str] = set()
        self._still_used: set[str] = set()

    def apply(self, plan: Plan) -> None:
        """Take all steps. Raises GuardError in the end where DiDi refused all of a kind, and what a client raises when
        DiDi cannot be reached or does not let us in; what was done by then stands, and the next run goes on."""
        self._total = len(plan)
        self._take(plan.departments)
        self._take(plan.members, again=True)
        self._take(plan.superiors)
        self._take(plan.leavers)
        self._take(plan.closings)
        if self._hopeless:
            raise GuardError("; ".join(self._hopeless.values()))
        if self.undone >= HOPELESS and not self.done:
            raise GuardError(
                f"none of {self._total} steps could be done; the first: {self._remarks.conflicts[-self.undone].text}"
            )

    def _take(self, steps: Sequence[Step], *, again: bool = False) -> None:
        """Take steps in order; `again`: those whose phone or address is taken once more, as long as that frees some."""
        while steps:
            waiting: list[tuple[Step, Taken]] = []
            for step in steps:
                try:
                    self._take_one(step)
                except Taken as taken:
                    waiting.append((step, taken))
                except Undone as undone:
                    self._leave_undone(step, str(undone))
            if not again or len(waiting) == len(steps):
                for step, taken in waiting:
                    self._leave_undone(step, f"{taken}{self._holder(step)}")
                return
            steps = [step for step, _ in waiting]

    def _take_one(self, step: Step) -> None:
        """Take one step. Raises Undone."""
        if reason := self._why_not(step):
            raise Undone(reason)
        self._send(step)
        self.done[step.action] += 1
        self._tell(step)

    def _send(self, step: Step) -> None:
        """Send a step, and again where its answer was lost and it did not take effect. Raises Undone."""
        for number in range(1, SENDS + 1):
            try:
                return write(self._didi, step)
            except RateLimited as limited:
                pause = limited.retry_after or PAUSE
                if number == SENDS or pause > LONGEST_PAUSE:
                    raise
                self._sleep(pause)
            except ResultUnknown as unknown:
                log.warning("%s %s: %s", step.action, step.number, unknown)
                if took_effect(self._didi, step):
                    return None
            except AlreadyExists as exists:
                return self._settle(step, exists)
            except BusinessError as refused:
                self._count_refusal(step, refused)
                raise Undone(str(refused)) from refused
        raise Undone(f"DiDi's answer was lost {SENDS} times, and the change is not there; the next run tries again")

    def _count_refusal(self, step: Step, refused: BusinessError) -> None:
        self._refused[step.action] += 1
        if self._refused[step.action] >= HOPELESS and not self.done[step.action]:
            self._hopeless[step.action] = (
                f"{step.action}: DiDi refused the first {HOPELESS} one and all, and the others were not tried; "
                f"the last refusal: {refused}"
            )

    def _settle(self, step: Step, exists: AlreadyExists) -> None:
        """Edit the member who is there already; a phone or an address of somebody else's is taken. Raises Undone."""
        if not isinstance(step, AddMember):
            raise Taken(str(exists)) from exists
        found = self._didi.find_members(employee_number=step.number)
        if not found:
            raise Taken(str(exists)) from exists
        if all(each.status == LEFT for each in found):
            raise Undone(HAS_LEFT) from exists
        fields = {name: value for name, value in step.data.items() if name in SYNCED}
        self._send(EditMember(step.number, step.name, fields, (), step.department, ""))

    def _why_not(self, step: Step) -> str:
        """Say which earlier step this one needed and does not have; empty where it lacks nothing."""
        if step.action in self._hopeless:
            return NOT_TRIED
        match step:
            case AddDepartment() | EditDepartment() if step.parent in self._missing_departments:
                return "the department above could not be added"
            case AddMember() | EditMember() if step.department in self._missing_departments:
                return "the department could not be added"
            case SetSuperior() if step.number in self._missing_members:
                return "the member could not be added"
            case SetSuperior() if step.superior in self._missing_members:
                return f"the superior {step.superior_name} ({step.superior}) could not be added"
            case CloseDepartment() if step.number in self._still_used:
                return "somebody or a department in it could not be moved out"
            case _:
                return ""

    def _leave_undone(self, step: Step, reason: str) -> None:
        """Tell of a step that was not done, and remember what depends on it."""
        match step:
            case AddDepartment():
                self._missing_departments.add(step.number)
            case AddMember():
                self._missing_members.add(step.number)
            case EditDepartment() | EditMember() | DismissMember() | RemoveMember():
                self._still_used.add(step.leaves)
            case CloseDepartment():
                self._still_used.add(step.parent)
            case _:
                pass
        self.undone += 1
        if reason == NOT_TRIED:
            return
        self._remarks.conflict(step.number, step.name, f"{step.action}: {reason}")
        log.warning("not done: %s %s %s: %s", step.action, step.number, step.name, reason)

    def _holder(self, step: Step) -> str:
        """Say who has the phone of a step."""
        phone = str(step.data.get("phone", "")) if isinstance(step, AddMember | EditMember) else ""
        holders = self._didi.find_members(phone=phone) if phone else []
        named = [f"{each.realname} ({each.employee_number or 'no number'})" for each in holders]
        return f"; DiDi has the phone with {', '.join(named)}" if named else ""

    def _tell(self, step: Step) -> None:
        """Report progress, and log what was done; a dry run has logged its plan already."""
        count = self.done.total() + self.undone
        self._progress(count, self._total, f"{step.action} {step.number}")
        if not self._dry_run:
            log.info("%d/%d %s %s %s: %s", count, self._total, step.action, step.number, step.name, step.details)
