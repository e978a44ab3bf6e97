"""The account that all operators come in by, with a Python that it may run, gone with the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.process import ScratchFolder, ServerMissing, open_to_everyone

REPOSITORY = Path(__file__).resolve().parents[2]
NAME = "chtest"
LEFT_OUT = ("__pycache__", "config-*", "ensurepip", "idlelib", "site-packages", "test", "tests", "turtledemo")
SCRIPT = "#!{python} -P\nfrom connecthub.cli.main import main\n\nmain()\n"


@dataclass(frozen=True)
class Account:
    """An account: its name and number, its home, and the command `connecthub` that it may run."""

    name: str
    uid: int
    gid: int
    home: Path
    connecthub: Path
    plugins: Path

    def run(self, *command: str | Path, folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command as this account, with an environment without any setting."""
        return subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **self.identity(),
        )

    def identity(self) -> dict[str, Any]:
        """What makes a child process this account's."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LC_ALL": "C.UTF-8"}
        if os.geteuid() != 0:
            return {"env": environment}
        return {
            "env": environment,
            "user": self.uid,
            "group": self.gid,
            "extra_groups": os.getgrouplist(self.name, self.gid),
        }


@contextmanager
def account() -> Iterator[Account]:
    """As root an account made for the tests, for sshd serves none but its own; else the one that runs them."""
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        command = Path(sys.executable).parent / "connecthub"
        with _scratch() as folder:
            yield Account(own.pw_name, own.pw_uid, own.pw_gid, folder, command, REPOSITORY / "tests/plugins")
        return
    _remove_accounts_of_the_dead()
    with _scratch() as folder:
        home = folder / "home"
        _useradd(name := f"{NAME}{os.getpid()}", home)
        try:
            made = pwd.getpwnam(name)
            home.mkdir(mode=0o700)
            os.chown(home, made.pw_uid, made.pw_gid)
            command = _program(folder)
            yield Account(
                name, made.pw_uid, made.pw_gid, home, command, _reachable(REPOSITORY / "tests/plugins", folder)
            )
        finally:
            subprocess.run(["userdel", name], capture_output=True, check=False)


@contextmanager
def _scratch() -> Iterator[Path]:
    scratch = ScratchFolder()
    try:
        yield scratch.path
    finally:
        scratch.remove()


def _useradd(name: str, home: Path) -> None:
    command = ["useradd", "--no-create-home", "--home-dir", str(home), "--shell", "/bin/sh", "--password", "*"]
    try:
        made = subprocess.run([*command, "--groups", "tty", name], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ServerMissing("there is no useradd; run the tests of ssh as another account than root") from None
    if made.returncode:
        raise ServerMissing(f"no account can be made: {made.stderr.strip()}; run the tests as another than root")


def _remove_accounts_of_the_dead() -> None:
    for each in pwd.getpwall():
        found = re.fullmatch(rf"{NAME}(\d+)", each.pw_name)
        if found and not Path("/proc", found[1]).exists():
            subprocess.run(["userdel", each.pw_name], capture_output=True, check=False)


def _program(folder: Path) -> Path:
    """A venv that any account may run, whatever the modes of the folders of this Python."""
    binary = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix) if open_to_everyone(binary) else _copied_python(folder / "python")
    venv = folder / "venv"
    packages = venv / "lib" / binary.name / "site-packages"
    packages.mkdir(parents=True)
    (venv / "bin").mkdir()
    (venv / "bin" / "python3").symlink_to(base / "bin" / binary.name)
    (venv / "pyvenv.cfg").write_text(f"home = {base / 'bin'}\ninclude-system-site-packages = false\n")
    paths = [_reachable(Path(sysconfig.get_path("purelib")), folder), _reachable(REPOSITORY, folder)]
    (packages / "tests.pth").write_text("".join(f"{path}\n" for path in paths))
    command = venv / "bin" / "connecthub"
    command.write_text(SCRIPT.format(python=venv / "bin" / "python3"))
    command.chmod(0o755)
    return command


def _copied_python(target: Path) -> Path:
    """A copy of this Python without what the tests do not need; its binary finds its library beside it."""
    source, name = Path(sys.base_prefix), f"python{sys.version_info.major}.{sys.version_info.minor}"
    (target / "bin").mkdir(parents=True)
    shutil.copytree(source / "lib" / name, target / "lib" / name, ignore=shutil.ignore_patterns(*LEFT_OUT[1:]))
    for library in (source / "lib").glob("libpython*.so*"):
        shutil.copy(library, target / "lib", follow_symlinks=False)
    old, new = os.fsencode(source / "lib"), b"$ORIGIN/../lib"
    data = (source / "bin" / name).read_bytes()
    (target / "bin" / name).write_bytes(data.replace(old + b"\0", new.ljust(len(old), b"\0") + b"\0"))
    (target / "bin" / name).chmod(0o755)
    return target


def _reachable(path: Path, folder: Path) -> Path:
    """The path, or a copy of it where other accounts may not look."""
    if open_to_everyone(path):
        return path
    copy = folder / "copies" / path.name
    with contextlib.suppress(FileExistsError):
        shutil.copytree(path, copy, ignore=shutil.ignore_patterns(".git", "build", "data", ".venv"))
    return copy
