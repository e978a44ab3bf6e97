"""An sshd as a child of ours, for a container or a trial: an account without root serves itself."""

from __future__ import annotations

import grp
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.core.config import Settings
from connecthub.errors import ConfigError, RunFailed
from connecthub.runner.processes import adopt_orphans, children, die_with_parent, kill_strays
from connecthub.ssh.sshd_config import Instance
from connecthub.ssh.sync import keep_in_step
from connecthub.ssh.tunnels import record_refusals

logger = logging.getLogger(__name__)

STOP_SECONDS = 8.0
"""What the sessions get to end when the server stops."""
LINES_MAX = 10_000
"""Lines of sshd that are not looked at yet, while the database lets wait; the oldest go first."""


def find_sshd() -> str:
    """The program; raises ConfigError where there is none."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise ConfigError("there is no sshd on this machine; install the package openssh-server")
    return found


def own_instance(settings: Settings, port: int, *, strict_modes: bool = True) -> Instance:
    """An instance whose files stand in `DATA_DIR/ssh`, for the account of this process."""
    folder = settings.data_dir / "ssh"
    return Instance(
        port=port,
        account=pwd.getpwuid(os.getuid()).pw_name,
        authorized_keys=authorized_keys_file(settings),
        host_key=folder / "host_ed25519",
        pid_file=folder / "sshd.pid",
        strict_modes=strict_modes,
    )


def serve(settings: Settings, instance: Instance, folder: Path, stop: threading.Event) -> None:
    """Run sshd, and keep its file in step, until `stop` is set; afterwards no session is left.

    Raises ConfigError where sshd cannot be started so, RunFailed where it ends by itself.
    """
    sshd = find_sshd()
    _require_terminals()
    config = _prepare(instance)
    adopt_orphans()
    with subprocess.Popen(
        [sshd, "-D", "-e", "-f", str(config)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=partial(die_with_parent, os.getpid()),
        start_new_session=True,
    ) as process:
        ended = threading.Event()
        threading.Thread(target=_watch, args=(process, ended, stop), name="sshd", daemon=True).start()
        assert process.stderr is not None
        with _recording(settings, process.stderr):
            try:
                keep_in_step(settings, folder, stop.wait)
            finally:
                by_itself = ended.is_set()
                if not by_itself:
                    process.terminate()
                process.wait()
                _end_sessions()
    if by_itself:
        raise RunFailed(f"sshd ended with {process.returncode}; what it wrote says why")


def _watch(process: subprocess.Popen[bytes], ended: threading.Event, stop: threading.Event) -> None:
    process.wait()
    if not stop.is_set():
        ended.set()
        stop.set()


@contextmanager
def _recording(settings: Settings, said: IO[bytes]) -> Iterator[None]:
    """Pass on what sshd says, and record what it refuses; at the end of the block no process may hold its pipe.

    Passing on waits for nothing, since sshd would wait with it.
    """
    lines: deque[str] = deque(maxlen=LINES_MAX)
    over = threading.Event()
    threads = (
        threading.Thread(target=_pass_on, args=(said, lines), name="sshd-log", daemon=True),
        threading.Thread(target=record_refusals, args=(settings, partial(_taken, lines), over.wait), name="refusals"),
    )
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        threads[0].join(STOP_SECONDS)
        over.set()
        threads[1].join()


def _pass_on(said: IO[bytes], lines: deque[str]) -> None:
    """Without the lines that are there for `record_refusals` only."""
    for line in said:
        lines.append(line.decode(errors="replace"))
        if not line.startswith(b"debug"):
            with suppress(OSError):  # nobody looks any more; sshd goes on
                sys.stderr.buffer.write(line)
                sys.stderr.buffer.flush()


def _taken(lines: deque[str]) -> Iterator[str]:
    while lines:
        yield lines.popleft()


def _require_terminals() -> None:
    """An sshd without root can only give a terminal to the group `tty` where it is that group's, or its member's."""
    ours, theirs = os.openpty()
    group = os.fstat(theirs).st_gid
    os.close(ours)
    os.close(theirs)
    with suppress(KeyError):
        wanted = grp.getgrnam("tty").gr_gid
        if group != wanted and wanted not in os.getgroups():
            raise ConfigError(
                "terminals of this host do not belong to the group tty, which sshd without root cannot change; "
                "mount /dev/pts with gid=5, or add this account to the group tty"
            )


def _prepare(instance: Instance) -> Path:
    """Write the configuration and make the host key where there is none."""
    folder = instance.host_key.parent
    config = folder / "sshd_config"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        config.write_text(instance.config(), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{config} cannot be written: {error.strerror}; give this account the folder") from None
    if not instance.host_key.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "connecthub", "-f", str(instance.host_key)]
        made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if made.returncode:
            raise ConfigError(f"ssh-keygen made no host key {instance.host_key}: {made.stderr.strip()}")
    return config


def _end_sessions() -> None:
    """Let the sessions of a listener that is gone end in order, then kill what is left."""
    give_up = time.monotonic() + STOP_SECONDS
    while (left := children()) and time.monotonic() < give_up:
        for pid in left:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                os.kill(pid, signal.SIGTERM)
        time.sleep(0.05)
    kill_strays(())
