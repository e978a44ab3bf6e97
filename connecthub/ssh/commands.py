"""The commands that may be given over SSH: a closed list. No shell ever sees what was sent."""

from __future__ import annotations

import re
import shlex
import unicodedata
from itertools import pairwise

from connecthub.core.safe_text import safe_text
from connecthub.errors import NotOffered

OFFERED = {
    ("status",): "what needs a person now",
    ("job", "list"): "the jobs",
    ("job", "show"): "a job with its settings",
    ("job", "why"): "why a job did or did not run",
    ("job", "run"): "run a job now",
    ("job", "enable"): "let jobs run by their schedule",
    ("job", "disable"): "let jobs not run by their schedule",
    ("log", "list"): "what ran, the newest first",
    ("log", "show"): "a run with its log",
    ("log", "tail"): "the last lines of a run's log; -f follows it",
    ("log", "retry"): "run again what did not succeed",
    ("log", "cancel"): "cancel runs",
    ("help",): "this list",
}
HELP = ("help", "--help", "-h")
VALUES = ("--params",)
"""Options whose value may be a file in a shell on the host."""
COMMAND_MAX = 4096
"""Bytes of a command."""

_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
_OF_A_SHELL = re.compile(r"[;&|<>`]|\$\(")


def parse(command: str) -> list[str]:
    """The words of a command of the list, without a leading `connecthub`; raises NotOffered."""
    if len(sent := command.encode(errors="surrogateescape")) > COMMAND_MAX:
        raise NotOffered(f"a command of {len(sent)} bytes is too long; {COMMAND_MAX} are taken")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in command):
        raise NotOffered("a command is one line of text; leave line breaks and control characters out")
    if operator := _OF_A_SHELL.search(_QUOTED.sub("", command)):
        raise NotOffered(f"{operator[0]!r} is for a shell, and there is none here; quote it where it is part of a name")
    try:
        words = shlex.split(command)
    except ValueError:
        raise NotOffered("a quote in it is never closed; close it") from None
    if words[:1] == ["connecthub"]:
        del words[0]
    if not words or words[0] in HELP:
        return ["help"]
    if "--debug" in words:
        raise NotOffered("--debug is for a shell on the host; leave it out")
    if tuple(words[:1]) not in OFFERED and tuple(words[:2]) not in OFFERED:
        named = safe_text(" ".join(words[:2]))[:60]
        raise NotOffered(f"{named!r} may not be given over SSH; `help` lists what may")
    _refuse_files(words)
    return words


def _refuse_files(words: list[str]) -> None:
    """`@FILE` would be a file of the host; `cli/values.py` refuses it too, whatever it is given to."""
    if any(word.partition("=")[0] == "--secrets" for word in words):
        raise NotOffered("--secrets is not taken over SSH; replace a secret in the control center")
    for before, word in pairwise(["", *words]):
        option, _, value = word.partition("=") if before not in VALUES else (before, "", word)
        if option in VALUES and (value == "-" or value.startswith("@")):
            raise NotOffered(f"{option} {value[:60]!r} would be a file of the host; write it as JSON, quoted twice")


def usage() -> list[str]:
    """The lines that say what may be done."""
    names = {" ".join(words): what for words, what in OFFERED.items()}
    width = max(map(len, names))
    return [
        "With a terminal and without a command (`ssh HOST`) you get the control center.",
        "These commands may be given, such as `ssh HOST job list`; each has --help:",
        *(f"  {name:<{width}}  {what}" for name, what in names.items()),
    ]
