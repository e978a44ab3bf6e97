"""The file that sshd reads: a line for each key, which pins what its session may do.

It stands here and not in `connecthub/ssh/`, because every change of an operator writes it, also one that is made in the
control center.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from connecthub.core.config import Settings
from connecthub.db import operators
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError


def authorized_keys_file(settings: Settings) -> Path:
    """Where sshd looks."""
    return settings.data_dir / "ssh" / "authorized_keys"


def program() -> Path:
    """The command `connecthub` of this installation, beside its Python."""
    return Path(sys.executable).parent / "connecthub"


def session_command(key_id: int, folder: Path, command: Path) -> str:
    """What sshd starts for a key, whatever the client asked for; `folder` is where the settings' `.env` stands."""
    words = [str(command), "ssh", "session", str(key_id), "--folder", str(folder)]
    return f"exec {shlex.join(words)}"


def lines(keys: Sequence[AnyRow], folder: Path, command: Path) -> str:
    """The file's text. Every line takes all away and gives back a terminal and one command (sshd(8), `restrict`)."""
    head = "# Written by ConnectHub; `connecthub operator` changes it. What is written here by hand is lost.\n"
    return head + "".join(
        f'restrict,pty,command="{_quoted(session_command(key.id, folder, command))}" {key.public_key}\n' for key in keys
    )


def publish(settings: Settings, database: Database, folder: Path | None = None) -> bool:
    """Write the keys of those who may come in, atomically, and say whether that changed the file.

    `folder` is the working folder where it is None. Raises ConfigError where it cannot be written.
    """
    with database.read() as connection:
        keys = operators.keys_that_open(connection)
    path = authorized_keys_file(settings)
    text = lines(keys, folder or Path.cwd(), program())
    try:
        return _replace(path, text.encode())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}); give this account the folder") from None


def _replace(path: Path, data: bytes) -> bool:
    """Write a file whole or not at all; it stays the account's that owns the data, also where root writes it."""
    with suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return False
    owner = path.parent.parent.stat()
    _own_folder(path.parent, owner)
    other = path.with_suffix(f".{os.getpid()}")
    with suppress(FileNotFoundError):
        other.unlink()
    with open(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if os.geteuid() == 0:
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
    other.replace(path)
    return True


def _own_folder(folder: Path, owner: os.stat_result) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)


def _quoted(command: str) -> str:
    """A command inside the double quotes of an option, in which only these two mean something (sshd(8))."""
    return command.replace("\\", "\\\\").replace('"', '\\"')
