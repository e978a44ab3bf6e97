"""deploy/Dockerfile, read as Docker reads it: stages and their instructions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tests.deploy import ROOT

DOCKERFILE = ROOT / "deploy/Dockerfile"
KNOWN = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR"}


@dataclass
class Stage:
    """A stage: its name, what it is made from, and its instructions in order."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """What stands behind each instruction of that word."""
        return [rest for found, rest in self.instructions if found == word]


def stages() -> list[Stage]:
    """The stages in order; an instruction that Docker does not know fails the test."""
    found: list[Stage] = []
    for word, rest in _instructions():
        assert word in KNOWN, f"{word} {rest}"
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            assert name, f"FROM {rest} has no name"
            found.append(Stage(name, base))
        elif found:
            found[-1].instructions.append((word, rest))
        else:
            assert word == "ARG", f"{word} before the first FROM"
    return found


def _instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    text = re.sub(r"\\\n", "", "\n".join(lines))
    return [(word, rest) for line in text.splitlines() if line for word, _, rest in [line.partition(" ")]]
