"""What the tests of the documents share: fenced blocks, and the command lines that stand in a text."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from connecthub.cli.main import connecthub

ROOT = Path(__file__).parents[2]
README, README_ZH, CONTRIBUTING = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")
)
VENV = ".venv/bin/"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str


def blocks(document: str, language: str = "") -> list[Block]:
    """The fenced blocks in order, of one language if it is given."""
    found = [Block(*groups) for groups in _FENCED.findall(document)]
    return [block for block in found if language in ("", block.language)]


def commands(document: str) -> list[str]:
    """The commands of the `sh` blocks in order; of a line joined by `&&`, each part."""
    lines = [line for block in blocks(document, "sh") for line in block.text.splitlines()]
    return [command for line in lines for command in line.split(" && ")]


def calls(text: str) -> list[list[str]]:
    """The words after `connecthub` of each command line: one in backticks, or one that fills a line of its own."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    spans = re.findall(r"`(connecthub [^`\n]+)`", text)
    candidates = [line.strip().removeprefix(VENV).partition(" && ")[0] for line in lines]
    return [shlex.split(line)[1:] for line in (*spans, *candidates) if re.match(r"connecthub [a-z]", line)]


def refusal(call: list[str]) -> str:
    """What the command line says against a call, without doing it; empty where it takes it."""
    answer = CliRunner().invoke(connecthub, [*call, "--help"])
    return "" if answer.exit_code == 0 else f"connecthub {shlex.join(call)}: {answer.output}"
