"""A session over SSH: the control center or one command, as the person whose key it is, with its trace."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial

from connecthub.control.actions import act
from connecthub.control.actor import EXIT_OUT, Actor, Role
from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.control.installation import database_of
from connecthub.core.config import Settings
from connecthub.core.lock_file import own_name
from connecthub.core.logging import configure_logging
from connecthub.errors import DatabaseError, Forbidden, NoScreen, NotOffered, Refused
from connecthub.ssh.arrival import Arrival
from connecthub.ssh.attended import Ended, attend
from connecthub.ssh.commands import parse, usage
from connecthub.ssh.door import Door, target, without_key
from connecthub.ssh.slots import place

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Program:
    """What the command line lends: the gate opens the door to it and knows nothing of what is behind."""

    run_command: Callable[[list[str], Actor], int]
    """Run the words of a command as a person; returns the exit code."""
    open_screen: Callable[[Callable[[], Actor], str], int]
    """Open the control center, given what tells who it is (see `Door.authorize`) and their language."""
    report: Callable[[Exception], int]
    """Say on stderr what is wrong; returns the exit code."""
    say: Callable[[str], None]


def hold_session(arrival: Arrival, settings: Settings, program: Program) -> int:
    """Hold the session from its beginning to its end; returns the exit code."""
    with _logging(settings):
        began = time.monotonic()
        work = partial(_work, arrival, settings, program)
        ended = attend(work, partial(_is_shut, settings, arrival.key_id))
        if ended.told:
            _close(settings, arrival, ended, time.monotonic() - began)
        if ended.how == "the key was taken out":
            program.report(Forbidden("your key does not open any more; ask an administrator"))
            return EXIT_OUT
    return ended.code


@contextmanager
def _logging(settings: Settings) -> Iterator[None]:
    """Log to a file of this session's own, with LOG_TO_FILE; a person's terminal is no place for it."""
    with ExitStack() as held:
        name = "ssh-session"
        if settings.log_to_file:
            name = held.enter_context(own_name(settings.data_dir / "logs", name))
        configure_logging(settings, name, None)
        logging.getLogger().addHandler(logging.NullHandler())  # else what is logged goes to stderr
        yield


def _work(arrival: Arrival, settings: Settings, program: Program, tell: Callable[[bytes], None]) -> int:
    try:
        with ExitStack() as held:
            door = Door(arrival, settings, lambda actor: tell(json.dumps(asdict(actor)).encode()), held)
            if arrival.command is None:
                return _screen(arrival, settings, program, door, held)
            return _command(arrival.command, program, door)
    except Exception as error:
        return program.report(error)


def _command(command: str, program: Program, door: Door) -> int:
    try:
        words = parse(command)
    except NotOffered as error:
        door.refuse("session.command", error)
        raise
    actor = door.authorize()
    if words == ["help"]:
        for line in usage():
            program.say(line)
        return 0
    return program.run_command(words, actor)


def _screen(arrival: Arrival, settings: Settings, program: Program, door: Door, held: ExitStack) -> int:
    """The control center; where the database is away it opens all the same, tells so, and asks at the door again."""
    if not arrival.terminal:
        for line in usage():
            program.say(line)
        return NoScreen.exit_code
    if arrival.term in ("", "dumb"):
        named = f"TERM is {arrival.term or 'not set, or no name of a terminal'}"
        why = f"{named}, which has no screen; `TERM=xterm-256color ssh -t …` has one, and `ssh … help` needs none"
        door.refuse("session.open", NoScreen(why))
    folder, most = settings.data_dir / "ssh" / "sessions", settings.ssh_sessions
    try:  # also while the database cannot say whose key it is
        held.enter_context(place(folder, f"key-{arrival.key_id}", "this key", most))
    except Refused as error:
        door.refuse("session.open", error)
    with suppress(DatabaseError):
        door.authorize()
    return program.open_screen(door.authorize, door.language)


def _is_shut(settings: Settings, key_id: int) -> bool:
    """Whether sshd would not let this key in any more; a file that cannot be read says nothing."""
    with suppress(OSError):
        return f" ssh session {key_id} " not in authorized_keys_file(settings).read_text(encoding="utf-8")
    return False


def _close(settings: Settings, arrival: Arrival, ended: Ended, seconds: float) -> None:
    """Leave in the audit trail that it ended, and how."""
    told = json.loads(ended.told)
    actor = without_key(Actor(**{**told, "role": Role(told["role"])}))
    detail = {"exit": ended.code, "seconds": round(seconds, 1), "how": ended.how}
    try:
        with database_of(settings) as database, act(database, actor, "session.close", target(arrival)) as going_on:
            going_on.target_kind, going_on.detail = "session", detail
    except DatabaseError as error:
        logger.warning("the audit trail lacks the end of the session of %s (%s): %s", actor.name, ended.how, error)
