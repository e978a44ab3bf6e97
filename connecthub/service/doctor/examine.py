"""The table of checks, and how they are asked: none hides another, none holds up the rest for long."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from connecthub.core.config import Settings
from connecthub.core.redact import mask_url
from connecthub.errors import ConnectHubError, NotFound
from connecthub.service.doctor import alerts, database, key, places, plugins, processes, queue, settings, ssh, times
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Check, Finding, NotChecked, State, from_error, wrong

logger = logging.getLogger(__name__)

QUICK_SECONDS = 3.0
PLUGINS_SECONDS = 120.0

CHECKS = (
    Check("settings", settings.look, quick=True),
    Check("account", places.look_at_account),
    Check("disk", places.look_at_disk, quick=True),
    Check("database", database.look, quick=True),
    Check("key", key.look, quick=True),
    Check("queue", queue.look, quick=True),
    Check("clock", times.look_at_clock),
    Check("zones", times.look_at_zones),
    Check("plugins", plugins.look, seconds=PLUGINS_SECONDS),
    Check("scheduler", processes.look_at_scheduler),
    Check("workers", processes.look_at_workers),
    Check("ssh", ssh.look),
    Check("alerts", alerts.look),
)


def checks_named(names: Sequence[str]) -> list[Check]:
    """The checks of these names in their own order, all where no name is given; raises NotFound."""
    known = {check.name for check in CHECKS}
    for name in names:
        if name not in known:
            raise NotFound(f"no check {name!r}; there are {', '.join(check.name for check in CHECKS)}")
    return [check for check in CHECKS if not names or check.name in names]


def examine(context: Context, checks: Sequence[Check] = CHECKS) -> Iterator[tuple[Check, Sequence[Finding]]]:
    """Ask one check after the other; each has an answer, whatever it meets and however long it takes."""
    for check in checks:
        context.progress(check.name)
        answer = _Answer(check, context)
        yield check, answer.wait(check.seconds)


def findings(given: Settings) -> list[str]:
    """A line for each thing that is wrong, within some three seconds, also where everything is away."""
    context = Context(given, env_file=None)
    give_up = time.monotonic() + QUICK_SECONDS
    answers = [_Answer(check, context) for check in CHECKS if check.quick]
    found = [
        f"{answer.check.name}: {each.found}" + (f"; {each.remedy}" if each.remedy else "")
        for answer in answers
        for each in answer.wait(max(0.0, give_up - time.monotonic()))
        if each.state is State.WRONG
    ]
    context.close()
    return found


def worst(found: Sequence[Finding]) -> State:
    """The worst state of several findings."""
    return max((each.state for each in found), key=list(State).index)


class _Answer:
    """A check that looks in a thread of its own, which is left behind where it takes too long."""

    def __init__(self, check: Check, context: Context) -> None:
        self.check = check
        self._context = context
        self._given: SimpleQueue[Sequence[Finding]] = SimpleQueue()
        Thread(target=self._look, name=f"doctor-{check.name}", daemon=True).start()

    def wait(self, seconds: float) -> Sequence[Finding]:
        try:
            return self._given.get(timeout=seconds)
        except Empty:
            if self.check.name == "database":
                self._context.give_up_database()
            again = f"look at the server, disk or plugin that it asks, then run `connecthub doctor {self.check.name}`"
            return [wrong("no answer in time", again)]

    def _look(self) -> None:
        self._given.put(_asked(self.check, self._context))


def _asked(check: Check, context: Context) -> Sequence[Finding]:
    try:
        return check.look(context)
    except NotChecked as error:
        return [Finding(State.UNKNOWN, f"not checked: {error}")]
    except ConnectHubError as error:
        return [from_error(error)]
    except OSError as error:
        return [wrong(f"{error.filename or error}: {error.strerror}", "run it as the account that owns DATA_DIR")]
    except Exception as error:
        logger.debug("check %s failed", check.name, exc_info=True)
        report = f"report it, with what `LOG_LEVEL=DEBUG connecthub doctor {check.name}` shows"
        return [wrong(f"the check itself failed: {type(error).__name__}: {mask_url(str(error))}", report)]
