"""The plan of a run: all steps in the order in which they are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extensions.sync_oa_to_didi.steps import Step

NAME_SHOWN = 24
"""Characters of a name that a table shows."""


@dataclass(frozen=True)
class Plan:
    """Departments parents first, members, superiors, leavers, then departments to close, children first."""

    departments: Sequence[Step]
    members: Sequence[Step]
    superiors: Sequence[Step]
    leavers: Sequence[Step]
    closings: Sequence[Step]

    def __iter__(self) -> Iterator[Step]:
        for part in (self.departments, self.members, self.superiors, self.leavers, self.closings):
            yield from part

    def __len__(self) -> int:
        return sum(map(len, (self.departments, self.members, self.superiors, self.leavers, self.closings)))

    def counts(self) -> dict[str, int]:
        """Return how many steps there are of each kind, in their order."""
        return dict(Counter(step.action for step in self))

    def rows(self) -> list[dict[str, str]]:
        """Return the plan as rows of a table."""
        return [
            {"action": step.action, "number": step.number, "name": _short(step.name), "what": step.details}
            for step in self
        ]


def _short(name: str) -> str:
    return name if len(name) <= NAME_SHOWN else f"{name[: NAME_SHOWN - 1]}…"
