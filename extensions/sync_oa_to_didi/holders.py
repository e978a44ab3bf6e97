"""Values that one member at a time has, as a phone is: `settle` decides who gets which one, and in which order.

Nobody's is taken away: what somebody has is free when he gets another one. It knows members as plain ids, and of
phones and e-mail addresses nothing; contacts.py asks it for each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settled:
    """Who gets what he wants, and when; who is named nowhere has it already."""

    turns: Mapping[str, int]
    """When who gets it: in ascending turns, each value is free when its turn comes."""
    parked: Mapping[str, int]
    """Who has to give up his own for a moment before, so that a ring of members can pass theirs on, and when."""
    shared: frozenset[str]
    """Who does not get it, for others want it too."""
    held: Mapping[str, str]
    """Who does not get it, for somebody has it and keeps it: who that is."""

    def denied(self, who: str) -> bool:
        """Tell whether `who` does not get what he wants."""
        return who in self.shared or who in self.held


def settle(wants: Mapping[str, str], holders: Mapping[str, str], *, rings: bool) -> Settled:
    """Decide for all at once; `wants`: who wants which value; `holders`: who has a value now.

    What several want goes to the one of them who has it, else to none of them. What somebody has is free only when he
    gets another one. `rings`: whether members who want each other's may get it.
    """
    claims = Counter(wants.values())
    single = {who: value for who, value in wants.items() if claims[value] == 1 or holders.get(value) == who}
    walk = _Walk(single, holders, rings)
    for who in single:
        walk.settle(who)
    return Settled(walk.turns, walk.parked, frozenset(wants.keys() - single.keys()), walk.held)


class _Walk:
    """Goes from who wants a value to who has it, and on to what that one wants."""

    def __init__(self, wants: Mapping[str, str], holders: Mapping[str, str], rings: bool) -> None:
        self._wants = wants
        self._holders = holders
        self._rings = rings
        self.turns: dict[str, int] = {}
        self.parked: dict[str, int] = {}
        self.held: dict[str, str] = {}

    def settle(self, who: str) -> None:
        """Decide for `who`, and for all on whom that depends."""
        path: dict[str, str | None] = {}
        while who in self._wants and who not in self.turns and who not in self.held:
            holder = self._holders.get(self._wants[who])
            if holder == who:
                break
            path[who] = holder
            if holder is None:
                break
            if holder in path and self._rings:
                self.parked[holder] = self._next_turn()
            if holder in path:
                break
            who = holder
        for each, holder in reversed(path.items()):
            if holder is None or holder in self.turns or holder in self.parked:
                self.turns[each] = self._next_turn()
            else:
                self.held[each] = holder

    def _next_turn(self) -> int:
        return 1 + len(self.turns) + len(self.parked)
