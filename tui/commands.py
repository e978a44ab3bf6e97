"""The commands that are typed after `:`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connecthub.errors import ConfigError

if TYPE_CHECKING:
    from tui.app import ControlCenter

Do = Callable[["ControlCenter"], object]

KNOWN = (
    *("overview", "jobs", "logs", "log", "job", "workers", "plugins", "audit", "operators"),
    *("new", "last", "help", "lang", "slow", "quit"),
)
SLOW_SECONDS = 30.0
NUMBER_DIGITS = 18
"""What has more is no number of a row, and fits into no column."""


def parse(line: str) -> Do:
    """What a line means; ConfigError where it means nothing."""
    word, _, rest = line.strip().partition(" ")
    rest = rest.strip()
    match word:
        case "overview" | "workers" | "plugins":
            return lambda app: app.show(word)
        case "jobs" | "audit" | "operators":
            return lambda app: app.show(word, rest)
        case "logs" | "runs":
            return lambda app: app.show_logs(rest)
        case "log" | "run" if rest.isdecimal() and len(rest) <= NUMBER_DIGITS:
            return lambda app: app.open_log(int(rest))
        case "job" if rest:
            return lambda app: app.show("jobs", rest)
        case "queues":
            return lambda app: app.show("workers")
        case "new":
            return lambda app: app.new_job(rest)
        case "last":
            return lambda app: app.last()
        case "help":
            return lambda app: app.action_help()
        case "lang" if rest in ("en", "zh"):
            return lambda app: app.switch_language(rest)
        case "slow":
            return lambda app: app.look_each(SLOW_SECONDS)
        case "q" | "quit":
            return lambda app: app.exit()
    raise ConfigError(f"no command {line!r}; there are {', '.join(KNOWN)}")
