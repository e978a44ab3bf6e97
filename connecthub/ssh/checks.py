"""What an sshd instance needs of this host, and what of it is not right yet."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connecthub.control.authorized_keys import program
from connecthub.core.config import Settings
from connecthub.errors import ConfigError
from connecthub.service.doctor.finding import Finding as Problem
from connecthub.service.doctor.ssh import judge_account, judge_safety, password_field
from connecthub.ssh.server import find_sshd
from connecthub.ssh.sshd_config import Instance


@dataclass(frozen=True)
class Finding:
    """Something that is needed: in words, and how to mend it; None where it is right."""

    needed: str
    remedy: str | None = None


def check_host(settings: Settings, instance: Instance, folder: Path, config: Path) -> list[Finding]:
    """What the instance needs, each thing checked as far as this account may look."""
    account = _account(instance.account)
    found = [_program(), *_account_findings(instance.account, account, folder), _host_key(instance.host_key)]
    if account is not None:
        found += [
            *_keys(instance.authorized_keys, account),
            _readable(program(), account, "is the program of every session"),
            _settings_file(folder, account),
        ]
    return [*found, _config(config), *_run_folder()]


def _program() -> Finding:
    try:
        return Finding(f"sshd is {find_sshd()}")
    except ConfigError as error:
        return Finding("sshd", str(error))


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _account_findings(name: str, account: pwd.struct_passwd | None, folder: Path) -> Iterator[Finding]:
    if account is None:
        yield Finding(
            f"the account {name}",
            f"useradd --system --home-dir {folder} --shell /bin/sh --password '*' {name}",
        )
        return
    password = password_field(name)
    unseen = f" (only root can see whether that is so: `usermod -p '*' {name}`)" if password is None else ""
    needed = f"{name} has a shell, which starts the one command, and is not locked{unseen}"
    yield from _judged(judge_account(name, account.pw_shell, password), needed)


def _judged(found: Sequence[Problem], needed: str) -> list[Finding]:
    """What doctor finds wrong, its commands bare as all are here, or that all is well."""
    return [Finding(each.found, each.remedy.removeprefix("run ").strip("`")) for each in found] or [Finding(needed)]


def _host_key(path: Path) -> Finding:
    try:
        there = path.exists()
    except PermissionError:
        there = True  # root's, which is right
    remedy = f"mkdir -p {path.parent} && ssh-keygen -q -t ed25519 -N '' -f {path}"
    return Finding(f"the host key {path}", None if there else remedy)


def _keys(path: Path, account: pwd.struct_passwd) -> list[Finding]:
    """What StrictModes asks of the file and of every folder above it (sshd_config(5))."""
    needed = f"{path}, on a way that only {account.pw_name} and root can change"
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return [Finding(needed, f"{path} is no file; move it away, then: connecthub ssh sync --once")]
        return _judged(judge_safety(path, account.pw_uid, Path(account.pw_dir)), needed)
    except FileNotFoundError:
        return [Finding(needed, f"as {account.pw_name}: connecthub ssh sync --once")]
    except PermissionError:
        return [Finding(f"{needed} (only {account.pw_name} and root can see whether that is so)")]


def _readable(path: Path, account: pwd.struct_passwd, what: str) -> Finding:
    needed = f"{path} {what}, and {account.pw_name} may run it"
    if not path.exists():
        return Finding(needed, f"{path} is missing; install ConnectHub with pip into {path.parent.parent}")
    for each in (path, *path.resolve().parents):
        if not _may_pass(each, account):
            return Finding(needed, f"chmod o+x {each}, or install ConnectHub where every account may look")
    return Finding(needed)


def _may_pass(path: Path, account: pwd.struct_passwd) -> bool:
    try:
        about = path.stat()
    except PermissionError:
        return False
    if about.st_uid == account.pw_uid:
        return bool(about.st_mode & 0o100)
    if about.st_gid in os.getgrouplist(account.pw_name, account.pw_gid):
        return bool(about.st_mode & 0o010)
    return bool(about.st_mode & 0o001)


def _settings_file(folder: Path, account: pwd.struct_passwd) -> Finding:
    path = folder / ".env"
    needed = f"sessions read their settings from {path}"
    try:
        about = path.stat()
    except FileNotFoundError:
        return Finding(f"{needed}; there is none, so they have the defaults")
    except PermissionError:
        return Finding(needed, f"let {account.pw_name} read it")
    readable = about.st_uid == account.pw_uid or about.st_mode & 0o004
    readable = readable or (about.st_mode & 0o040 and about.st_gid in os.getgrouplist(account.pw_name, account.pw_gid))
    return Finding(needed, None if readable else f"chown {account.pw_name}: {path}")


def _config(path: Path) -> Finding:
    """Whether sshd takes the file; only root may read the host key that it names."""
    needed = f"sshd takes {path}"
    if not path.exists():
        return Finding(needed, f"connecthub ssh install --write {path}")
    if os.geteuid() != 0:
        return Finding(f"{needed} (as root: sshd -t -f {path})")
    try:
        tried = subprocess.run([find_sshd(), "-t", "-f", str(path)], capture_output=True, text=True, check=False)
    except ConfigError:
        return Finding(needed, "install the package openssh-server")
    return Finding(needed, None if tried.returncode == 0 else (tried.stderr.strip().splitlines() or ["sshd -t"])[0])


def _run_folder() -> Iterator[Finding]:
    """Debian's sshd wants it as root; its unit makes it."""
    if os.geteuid() == 0:
        folder = Path("/run/sshd")
        yield Finding(f"{folder}, which sshd wants as root", None if folder.is_dir() else f"mkdir -p {folder}")
