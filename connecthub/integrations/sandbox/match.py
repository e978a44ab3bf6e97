"""Match: which requests to a sandbox a fault is for; and the fault that counts them."""

from __future__ import annotations

import random
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from connecthub.integrations.sandbox.messages import Request

if TYPE_CHECKING:
    from connecthub.integrations.sandbox.faults import Effect


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Match:
    """The requests that a fault is for: of a method and a path (`*` and `?` stand for any text and any character).

    Of these all, or as one of the others says: the `nth` only, `every` so many, the `first_n`, or each with a
    `probability` (drawn from `seed`). They are counted from 1, also where another fault strikes first.
    """

    method: str | None = None
    path_glob: str = "*"
    nth: int | None = Field(default=None, ge=1)
    every: int | None = Field(default=None, ge=1)
    first_n: int | None = Field(default=None, ge=1)
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0

    @model_validator(mode="after")
    def _one_choice(self) -> Match:
        given = [name for name in ("nth", "every", "first_n", "probability") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; give one of them")
        return self

    def covers(self, request: Request) -> bool:
        """Tell whether method and path are those of the fault."""
        right_method = self.method is None or self.method.upper() == request.method
        return right_method and fnmatchcase(request.path, self.path_glob)

    def chooses(self, count: int, draw: float) -> bool:
        """Tell whether the covered request number `count` is struck; `draw` is a random number below 1."""
        if self.nth is not None:
            return count == self.nth
        if self.every is not None:
            return count % self.every == 0
        if self.first_n is not None:
            return count <= self.first_n
        return self.probability is None or draw < self.probability


class Fault:
    """A match and its effect, with the count of the requests that it covered."""

    def __init__(self, name: str, match: Match, effect: Effect) -> None:
        self.name = name
        self.match = match
        self.effect = effect
        self.struck = 0
        self._covered = 0
        self._random = random.Random(match.seed)

    def strikes(self, request: Request) -> bool:
        """Count `request` where it is covered, and tell whether it is struck."""
        if not self.match.covers(request):
            return False
        self._covered += 1
        return self.match.chooses(self._covered, self._random.random())
