"""Where ConnectHub writes: whose it is, and how much room is left."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from connecthub.core.config import Settings
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.finding import Finding, command, ok, problems_or, warning, wrong

GIB = 1 << 30
LEAST_BYTES = GIB
LEAST_SHARE = 0.05
NEARLY_FULL_BYTES = 100 << 20


def account_name(uid: int) -> str:
    """The name of a unix account, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def owner_of_data(settings: Settings) -> int | None:
    """Whose DATA_DIR is, the account that the service runs as; None where it is not there."""
    try:
        return settings.data_dir.stat().st_uid
    except OSError:
        return None


def look_at_account(context: Context) -> list[Finding]:
    """Compare the account that asks with the one that owns the data."""
    owner = owner_of_data(context.settings)
    if owner is None:
        return [ok(f"account {account_name(os.geteuid())}; DATA_DIR is not there")]
    return judge_account(os.geteuid(), owner)


def judge_account(asks: int, owner: int) -> list[Finding]:
    """Another account sees something else than the service does, and what it writes the service cannot change."""
    if asks == owner:
        return [ok(f"account {account_name(asks)} owns DATA_DIR")]
    name = account_name(owner)
    become = ("runuser", "-u", name, "--") if asks == 0 else ("sudo", "-u", name)
    found = f"this is {account_name(asks)}, and DATA_DIR belongs to {name}: the service may see something else"
    return [warning(found, f"run {command(*become, 'connecthub', 'doctor')}")]


def look_at_disk(context: Context) -> list[Finding]:
    """Look at DATA_DIR, at the SQLite file, and at the room on their disks."""
    folder = context.settings.data_dir
    if not folder.is_dir():
        make = command("mkdir", "-m", "700", "-p", folder)
        return [wrong(f"DATA_DIR {folder} is no folder", f"correct DATA_DIR, or run {make}")]
    places = [folder]
    found = _modes(folder)
    url = context.settings.database_url
    if url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///").partition("?")[0])
        if file.is_file():
            found += _modes(file)
        if file.parent.is_dir() and file.parent.stat().st_dev != folder.stat().st_dev:
            places.append(file.parent)
    rooms = [(place, os.statvfs(place)) for place in places]
    for place, room in rooms:
        found += judge_room(place, room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize)
        found += judge_inodes(place, room.f_favail, room.f_files)
    free = ", ".join(f"{room.f_bavail * room.f_frsize / GIB:.1f} GiB free at {place}" for place, room in rooms)
    return problems_or(found, free)


def _modes(path: Path) -> list[Finding]:
    mode = stat.S_IMODE(path.stat().st_mode)
    needed = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    found = judge_mode(path, mode)
    if not os.access(path, needed, effective_ids=True):
        name = account_name(path.stat().st_uid)
        found.append(wrong(f"{path} cannot be written by this account", f"run this as {name}, or mount it writable"))
    return found


def judge_mode(path: Path, mode: int) -> list[Finding]:
    """Who may write there may take the place of what ConnectHub wrote."""
    if not mode & 0o022:
        return []
    return [wrong(f"{path} can be written by others (mode {mode:04o})", f"run {command('chmod', 'go-w', path)}")]


def judge_room(place: Path, free: int, size: int) -> list[Finding]:
    """Too little is below 1 GiB or 5 %; below 100 MiB nothing is sure to be written."""
    if free >= LEAST_BYTES and free >= LEAST_SHARE * size:
        return []
    share = 100 * free / size if size else 0
    found = f"{free / (1 << 20):.0f} MiB are free at {place}, {share:.0f} % of its disk"
    large = f"du -xh --max-depth=2 {command(place)[1:-1]} | sort -h | tail"
    remedy = f"delete there what `{large}` shows and nobody needs; `connecthub log prune` deletes old JobLogs"
    return [wrong(found, remedy) if free < NEARLY_FULL_BYTES else warning(found, remedy)]


def judge_inodes(place: Path, free: int, total: int) -> list[Finding]:
    """A disk without inodes takes no new file, however much room it has; some file systems do not count them."""
    if not total or free >= LEAST_SHARE * total:
        return []
    found = f"{free} more files fit on the disk of {place}, {100 * free / total:.0f} % of what it can hold"
    return [warning(found, "delete small files there that nobody needs, or make a file system with more inodes")]
