"""What sshd tells about a session, read before anything else is imported; and a process that is fit to hold one."""

from __future__ import annotations

import binascii
import contextlib
import io
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connecthub.control.public_keys import fingerprint_of
from connecthub.errors import ConfigError
from connecthub.runner.processes import forbid_dumps
from connecthub.ssh.environment import fresh_environment, set_environment


@dataclass(frozen=True)
class Arrival:
    """A session that begins. Only `key_id` is ours; the rest is what sshd says."""

    key_id: int
    """It stands in the line of authorized_keys that let the person in."""
    command: str | None
    """What the client asked for, as it was sent; None for a screen."""
    fingerprint: str | None
    """Of the key that sshd took, by its own word; None where it does not say."""
    address: str | None
    terminal: bool
    """Whether standard input and output are a terminal."""
    term: str
    """Of that terminal; empty where it is unset or unfit."""

    @property
    def via(self) -> str:
        """The way in, as the audit trail names it."""
        return "tui" if self.command is None else "ssh"


def arrive(key_id: int, folder: Path) -> Arrival:
    """Take in what sshd says, then stand in `folder` with a fresh environment and nothing to be read out.

    Raises ConfigError where the folder cannot be entered.
    """
    given = dict(os.environ)
    clean = fresh_environment(given)
    set_environment(clean)
    _harden()
    try:
        os.chdir(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be entered: {error.strerror}; ask an administrator") from None
    return Arrival(
        key_id,
        given.get("SSH_ORIGINAL_COMMAND"),
        presented_key(given),
        clean.get("SSH_CONNECTION", "").partition(" ")[0] or None,
        os.isatty(0) and os.isatty(1),
        clean.get("TERM", ""),
    )


def presented_key(given: Mapping[str, str]) -> str | None:
    """The fingerprint of the key that sshd took, from the file of `ExposeAuthInfo` (sshd_config(5))."""
    try:
        lines = Path(given["SSH_USER_AUTH"]).read_text(encoding="ascii").splitlines()
    except (KeyError, OSError, UnicodeDecodeError):
        return None
    for line in lines:
        method, _, key = line.partition(" ")
        if method == "publickey":
            with contextlib.suppress(IndexError, binascii.Error):
                return fingerprint_of(key)
    return None


def _harden() -> None:
    """All persons share one account: nobody's session is to be read by another's, nor to leave a readable file."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    forbid_dumps()
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
