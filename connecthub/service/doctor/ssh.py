"""The way in over SSH: sshd, the file that it reads, and the account that it lets in. Only where operators are."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from connecthub.control.authorized_keys import Line, authorized_keys_file, read_lines
from connecthub.control.health import probe
from connecthub.core.config import Settings
from connecthub.db import operators
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, ok, problems_or, some, warning, wrong
from connecthub.service.doctor.places import account_name

SYNC = "`connecthub ssh sync --once`"
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
NO_SHELLS = ("nologin", "false", "sync")


def look(context: Context) -> list[Finding]:
    """Compare what sshd reads on this host with the operators of the database."""
    with context.database.read() as connection:
        keys = operators.keys_that_open(connection)
    if not keys:
        return [ok("no operator may come in: nobody needs it")]
    settings = context.settings
    file, sshd = authorized_keys_file(settings), shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if not file.exists():
        if sshd is None:
            return [ok("this host is no way in: it has neither sshd nor the operators' keys")]
        return [warning(f"no operator comes in on this host: {file} is not there", f"run {SYNC}")]
    owner = settings.data_dir.stat().st_uid
    try:
        account = pwd.getpwuid(owner)
    except KeyError:
        name = command("useradd", "--uid", owner, "--shell", "/bin/sh", "--password", "*", "connecthub")
        return [wrong(f"account {owner}, whose DATA_DIR is, has no name, and sshd lets in names only", f"run {name}")]
    found = [] if sshd else [_no_sshd()]
    found += judge_lines(*read_lines(file.read_text("utf-8")), keys)
    found += judge_safety(file, account.pw_uid, Path(account.pw_dir))
    found += judge_account(account.pw_name, account.pw_shell, password_field(account.pw_name))
    return problems_or(found, f"{len(keys)} keys of operators open the account {account.pw_name}; {_port(settings)}")


def _no_sshd() -> Finding:
    install = command("apt-get", "install", "--no-install-recommends", "openssh-server")
    return wrong("operators are there, and no sshd on this host", f"run {install}, then `connecthub ssh install`")


def judge_lines(lines: Sequence[Line], others: int, keys: Sequence[Any]) -> list[Finding]:
    """The file against the keys that should open, which have `id` and `public_key`."""
    found: list[Finding] = []
    if others:
        found.append(
            wrong(
                f"{others} lines of authorized_keys are not ConnectHub's and keep to none of its limits", f"run {SYNC}"
            )
        )
    theirs, ours = {(line.key_id, line.key) for line in lines}, {(key.id, key.public_key) for key in keys}
    if missing := len(ours - theirs):
        keep = "and let it go on beside sshd (`connecthub ssh sync`)"
        found.append(
            wrong(f"{missing} keys of operators are not in authorized_keys and do not open", f"run {SYNC}, {keep}")
        )
    if surplus := len(theirs - ours):
        found.append(wrong(f"{surplus} keys in authorized_keys are no operator's any more", f"run {SYNC}"))
    gone = {str(path) for line in lines for path in (line.program, line.folder) if not os.path.exists(path)}
    if gone:
        found.append(
            wrong(
                f"authorized_keys names {some(sorted(gone))}, which is not there", f"run {SYNC} in the folder of .env"
            )
        )
    return found


def judge_safety(file: Path, account: int, home: Path) -> list[Finding]:
    """What sshd itself refuses (StrictModes): a file or a folder above it that others may write or own."""
    found: list[Finding] = []
    for path in _checked_by_sshd(file, home):
        about = path.stat()
        if about.st_mode & 0o022:
            mode = stat.S_IMODE(about.st_mode)
            meant = mode & stat.S_ISVTX  # everybody's by purpose, as /tmp is
            mend = "move DATA_DIR to another place" if meant else f"run {command('chmod', 'go-w', path)}"
            found.append(wrong(f"sshd reads no key: {path} can be written by others ({mode:04o})", mend))
        if about.st_uid not in (0, account):
            owner = command("chown", account_name(account), path)
            found.append(wrong(f"sshd reads no key: {path} belongs to {account_name(about.st_uid)}", f"run {owner}"))
    return found


def _checked_by_sshd(file: Path, home: Path) -> Iterator[Path]:
    """The file and the folders above it, up to the account's home or the root of the file system."""
    real = file.resolve()
    yield real
    for folder in real.parents:
        yield folder
        if folder == home.resolve():
            return


def judge_account(name: str, shell: str, password: str | None) -> list[Finding]:
    """sshd starts each session with the account's shell, and takes a password field of `!` for a lock."""
    found: list[Finding] = []
    if Path(shell).name in NO_SHELLS:
        usable = command("usermod", "-s", "/bin/sh", name)
        found.append(wrong(f"account {name} has the shell {shell}: its sessions end at once", f"run {usable}"))
    if password is not None and password.startswith("!"):
        unlock = command("usermod", "-p", "*", name)
        locked = f"account {name} is locked, also for keys; a password of * lets keys in and no password"
        found.append(wrong(locked, f"run {unlock}"))
    return found


def password_field(name: str) -> str | None:
    """The account's password field; None where this account may not see it."""
    try:
        lines = Path("/etc/shadow").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    fields = (line.split(":") for line in lines)
    return next((field[1] for field in fields if len(field) > 1 and field[0] == name), None)


def _port(settings: Settings) -> str:
    asked = probe("ssh", settings)
    return asked.text if asked.good else f"{asked.text} (`connecthub health ssh --port N` asks another)"
