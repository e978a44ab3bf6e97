"""The file that sshd reads: a line for each key, which pins what its session may do.

It stands here and not in `connecthub/ssh/`, because every change of an operator writes it, also one that is made in the
control center.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from connecthub.core.config import Settings
from connecthub.db import operators
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError

_LINE = re.compile(r'restrict,pty,command="exec (?P<command>(?:[^"\\]|\\.)*)" (?P<key>\S+ \S+)')


@dataclass(frozen=True)
class Line:
    """A line of ours in the file that sshd reads."""

    key_id: int
    key: str
    program: Path
    folder: Path


def authorized_keys_file(settings: Settings) -> Path:
    """Where sshd looks."""
    return settings.data_dir / "ssh" / "authorized_keys"


def program() -> Path:
    """The command `connecthub` of this installation, beside its Python."""
    return Path(sys.executable).parent / "connecthub"


def session_command(key_id: int, folder: Path, command: Path) -> str:
    """What sshd starts for a key, whatever the client asked for; `folder` is where the settings' `.env` stands.

    Raises ConfigError where a path would break the line.
    """
    words = [str(command), "ssh", "session", str(key_id), "--folder", str(folder)]
    for word in words:
        if not word.isprintable():
            raise ConfigError(f"{word!r} holds control characters or is no UTF-8; rename that folder")
    return f"exec {shlex.join(words)}"


def lines(keys: Sequence[AnyRow], folder: Path, command: Path) -> str:
    """The file's text. Every line takes all away and gives back a terminal and one command (sshd(8), `restrict`)."""
    head = "# Written by ConnectHub; `connecthub operator` changes it. What is written here by hand is lost.\n"
    return head + "".join(
        f'restrict,pty,command="{_quoted(session_command(key.id, folder, command))}" {key.public_key}\n' for key in keys
    )


def read_lines(text: str) -> tuple[list[Line], int]:
    """The lines of ours in the file, and how many others there are."""
    read = [_line(each) for each in text.splitlines() if each.strip() and not each.startswith("#")]
    ours = [line for line in read if line]
    return ours, len(read) - len(ours)


def _line(text: str) -> Line | None:
    found = _LINE.fullmatch(text)
    try:
        words = shlex.split(found["command"].replace('\\"', '"')) if found else []
    except ValueError:  # a quote that does not end
        return None
    match words:
        case [program, "ssh", "session", number, "--folder", folder] if found and number.isdigit():
            return Line(int(number), found["key"], Path(program), Path(folder))
        case _:
            return None


def publish(settings: Settings, database: Database, folder: Path | None = None) -> bool:
    """Write the keys of those who may come in, atomically, and say whether that changed the file.

    Where `folder` is None it is the one whose `.env` sessions read. Raises ConfigError where it cannot be written.
    """
    path, changed = authorized_keys_file(settings), False
    while True:
        with database.read() as connection:
            keys = operators.keys_that_open(connection)
        try:
            text = lines(keys, folder or _folder_of_sessions(settings), program())
            written = _replace(path, text.encode())
        except OSError as error:
            raise ConfigError(f"{path} cannot be written ({error.strerror}); give this account the folder") from None
        if not written:
            return changed
        changed = True  # looked at again: between that read and that write somebody else may have done both


def _folder_of_sessions(settings: Settings) -> Path:
    """Where sessions find their settings. Who changes an operator may stand anywhere, so it is the folder that the file
    names already, or what `connecthub ssh sync` made for sessions; the working folder where neither is there."""
    path = authorized_keys_file(settings)
    with suppress(FileNotFoundError):
        for line in read_lines(path.read_text("utf-8", errors="replace"))[0]:
            if line.folder.is_dir():
                return line.folder
    made = settings.data_dir / "ssh" / "settings"
    return made if (made / ".env").is_file() else Path.cwd()


def _replace(path: Path, data: bytes) -> bool:
    """Write a file whole or not at all; it stays the account's that owns the data, also where root writes it.

    Returns False where it is so already.
    """
    with suppress(FileNotFoundError):
        if path.read_bytes() == data:
            return False
    owner = path.parent.parent.stat()
    with _own_folder(path.parent, owner) as folder:
        new = f"{path.name}.{secrets.token_hex(8)}"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        try:
            with open(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
                if os.geteuid() == 0:
                    os.fchown(descriptor, owner.st_uid, owner.st_gid)
            os.replace(new, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(new, dir_fd=folder)
            raise
    return True


@contextmanager
def _own_folder(folder: Path, owner: os.stat_result) -> Iterator[int]:
    """The folder's descriptor; a link is not followed: the account could lead root anywhere."""
    made = False
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        made = True
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if made and os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        yield descriptor
    finally:
        os.close(descriptor)


def _quoted(command: str) -> str:
    """A command inside the double quotes of an option, where a backslash escapes a quote and nothing else (sshd(8))."""
    return command.replace('"', '\\"')
