"""Ways out of the one command that a key opens: each is refused, by gate or sshd, and is in the audit trail."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.db import tables
from connecthub.db.types import AnyRow
from tests.cli import SECONDS, Ran
from tests.ssh.host import Host, free_port

pytestmark = pytest.mark.slow

COMMANDS = {
    "status; id > PWNED": "';' is for a shell",
    "status && touch PWNED": "'&' is for a shell",
    "status $(touch PWNED)": "'$(' is for a shell",
    "status `touch PWNED`": "'`' is for a shell",
    "status | tee PWNED": "'|' is for a shell",
    "status\ntouch PWNED": "one line of text",
    "sh -c 'touch PWNED'": "'sh -c' may not be given over SSH",
    "/bin/sh": "'/bin/sh' may not be given over SSH",
    "connecthub ssh session 1": "'ssh session' may not be given over SSH",
    "job delete nightly --yes": "'job delete' may not be given over SSH",
    "operator add me --role admin": "'operator add' may not be given over SSH",
    "key check": "'key check' may not be given over SSH",
    "status --debug": "--debug is for a shell on the host",
    "job run nightly --params @/etc/passwd": "would be a file of the host",
    "job run nightly --params -": "would be a file of the host",
    "rsync --server -e . /": "'rsync --server' may not be given over SSH",
    "git-upload-pack /": "'git-upload-pack /' may not be given over SSH",
    "\x1b]0;title\x07status": "one line of text",
}


@pytest.fixture(scope="module")
def mallory(host: Host) -> Path:
    """An admin, who may do all that there is, and nothing else."""
    return host.operator("mallory", "admin")


def refusals(host: Host, since: int) -> list[str]:
    """What the audit trail says was refused to mallory, after so many."""
    rows = host.audit("session.command", "session.open")
    told = [row.detail["refused"] for row in rows if row.actor == "mallory" and row.result == "refused"]
    return told[since:]


def assert_refused(host: Host, ran: Ran, reason: str, since: int) -> None:
    """One line on stderr, nothing else, exit 126; and a row in the audit trail."""
    assert ran.code == 126
    assert ran.out == ""
    assert reason in ran.err
    assert len(ran.err.splitlines()) == 1
    assert "\x1b" not in ran.err
    assert [told for told in refusals(host, since) if reason not in told] == []
    assert len(refusals(host, since)) == 1
    assert not list(host.folder.rglob("PWNED"))
    assert not (host.account.home / "PWNED").exists()


@pytest.mark.parametrize("command", COMMANDS, ids=ascii)
def test_no_command_but_those_of_the_list_is_run(host: Host, mallory: Path, command: str):
    before = len(refusals(host, 0))
    assert_refused(host, host.ssh(mallory, command), COMMANDS[command], before)


def test_with_a_terminal_it_is_the_same(host: Host, mallory: Path):
    before = len(refusals(host, 0))
    with host.terminal(mallory, "sh") as terminal:
        assert terminal.end() == 126
        assert "may not be given over SSH" in terminal.text
    assert len(refusals(host, before)) == 1


def test_no_file_goes_in_or_out(host: Host, mallory: Path, tmp_path: Path):
    (tmp_path / "PWNED").write_text("x")
    before, port = len(refusals(host, 0)), str(host.port)
    target = f"{host.address}:PWNED"
    tries = {
        "sftp": ["sftp", *host.client(mallory), "-P", port, host.address],
        "scp": ["scp", *host.client(mallory), "-P", port, str(tmp_path / "PWNED"), target],
        "scp out": ["scp", *host.client(mallory), "-P", port, f"{host.address}:.env", str(tmp_path)],
        "old scp": ["scp", "-O", *host.client(mallory), "-P", port, str(tmp_path / "PWNED"), target],
    }
    for name, words in tries.items():
        assert host.client_run(*words).code != 0, name
    assert not list(host.account.home.rglob("PWNED"))
    assert not (tmp_path / ".env").exists()
    told = refusals(host, before)
    assert len(told) == len(tries)
    assert [each for each in told if "may not be given over SSH" not in each] == []
    assert [each for each in told if "'/bin/false sftp'" in each] != []


def wait_for_refusal(host: Host, target: str) -> AnyRow:
    """The row of what sshd refused by itself; it comes within a second or two."""
    give_up = time.monotonic() + SECONDS
    while not (rows := [row for row in host.audit("session.command") if row.target_name == target]):
        assert time.monotonic() < give_up, [row.target_name for row in host.audit("session.command")]
        time.sleep(0.05)
    return rows[-1]


def assert_mallory_tried(host: Host, mallory: Path, target: str):
    """One row says who asked, with which key, where from, and that it was refused."""
    row = wait_for_refusal(host, target)
    key = subprocess.run(["ssh-keygen", "-lf", mallory], capture_output=True, text=True, check=True).stdout.split()[1]
    assert (row.actor, row.role, row.via, row.result) == ("mallory", "admin", "ssh", "refused")
    assert (row.fingerprint, row.address, row.target_kind) == (key, "127.0.0.1", "session")
    assert row.detail["refused"].startswith(f"{target}: nothing is forwarded over SSH")


@pytest.fixture
def others(host: Host, mallory: Path) -> Iterator[None]:
    """Somebody else who is in meanwhile, and who is not to be taken for mallory."""
    key = host.operator(f"bystander-{os.urandom(3).hex()}", "viewer")
    with host.terminal(key) as terminal:
        terminal.wait("hall")
        yield
        terminal.keys("q")
        assert terminal.end() == 0


REFUSED_AT_ONCE = {
    "-W": (["-W", "127.0.0.1:9"], "stdio forwarding failed", "tunnel to 127.0.0.1 port 9"),
    "-R": (
        ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "4711:127.0.0.1:1"],
        "remote port forwarding failed",
        "tunnel back from localhost port 4711",
    ),
    "-R socket": (
        ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "/tmp/back:127.0.0.1:1"],
        "remote port forwarding failed",
        "tunnel back from the socket /tmp/back",
    ),
    "-w": (["-N", "-o", "ExitOnForwardFailure=yes", "-w", "any"], "Tunnel forwarding failed", "tunnel device"),
}


@pytest.mark.usefixtures("others")
def test_no_tunnel_is_dug(host: Host, mallory: Path):
    for name, (options, said, target) in REFUSED_AT_ONCE.items():
        ran = host.ssh(mallory, options=options)
        assert ran.code != 0, name
        assert said in ran.err
        assert_mallory_tried(host, mallory, target)


@contextmanager
def waiting_client(host: Host, mallory: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A client that opens tunnels as they are used."""
    words = ["ssh", *host.client(mallory, "-N", *options), "-p", str(host.port), host.address]
    with subprocess.Popen(words, env={"PATH": "/usr/bin:/bin"}, stderr=subprocess.PIPE) as client:
        try:
            yield client
        finally:
            client.terminate()


def test_a_local_tunnel_leads_nowhere(host: Host, mallory: Path, tmp_path: Path):
    door = tmp_path / "door"
    with waiting_client(host, mallory, "-L", f"{door}:127.0.0.1:{host.port}") as client:
        while not door.exists():
            assert client.poll() is None
            time.sleep(0.02)
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(str(door))
            assert end.recv(100) == b""
        assert_mallory_tried(host, mallory, f"tunnel to 127.0.0.1 port {host.port}")


def test_a_proxy_leads_nowhere(host: Host, mallory: Path):
    port = free_port()
    with waiting_client(host, mallory, "-D", str(port)) as client, socket.socket() as end:
        while end.connect_ex(("127.0.0.1", port)):
            assert client.poll() is None
            time.sleep(0.02)
        name = b"inside.example"
        end.sendall(b"\5\1\0" + b"\5\1\0\3" + bytes([len(name)]) + name + (80).to_bytes(2))
        while end.recv(100):
            pass
        assert_mallory_tried(host, mallory, "tunnel to inside.example port 80")


def test_neither_agent_nor_screen_is_passed_on(host: Host, mallory: Path, tmp_path: Path):
    path = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as agent:
        while not path.exists():
            assert agent.poll() is None
            time.sleep(0.02)
        assert host.ssh(mallory, "status", options=["-A", "-Y"], SSH_AUTH_SOCK=str(path), DISPLAY=":0").code == 0
        agent.terminate()
    assert_mallory_tried(host, mallory, "agent forwarding")
    assert_mallory_tried(host, mallory, "X11 forwarding")


def environment_of(pid: int) -> subprocess.CompletedProcess[bytes]:
    """What sshd started a session with; only root can read it."""
    return subprocess.run(["cat", f"/proc/{pid}/environ"], capture_output=True, check=False)


def test_no_agent_is_passed_on_and_no_variable_comes_in(host: Host, mallory: Path):
    poison = [
        "DB_URL=sqlite:////tmp/x",
        "DATA_DIR=/tmp/x",
        "LD_PRELOAD=/tmp/x.so",
        "PYTHONPATH=/tmp/x",
        "LC_EVIL=/tmp/x",
    ]
    options = ["-A", "-o", f"SetEnv={' '.join([*poison, 'SSH_ORIGINAL_COMMAND=sh', 'SSH_USER_AUTH=/tmp/x'])}"]
    with host.terminal(mallory, options=options) as terminal:
        terminal.wait("hall")
        sessions = host.sessions()
        given = [read.stdout for read in (environment_of(pid) for pid in sessions)]
        assert [
            pid for pid in sessions if host.account.run("cat", f"/proc/{pid}/environ", folder=host.folder).stdout
        ] == []
        terminal.keys("q")
        assert terminal.end() == 0
    assert sessions
    assert os.geteuid() != 0 or all(given)
    assert [text for text in given if b"/tmp/x" in text or b"SSH_AUTH_SOCK" in text or b"_COMMAND" in text] == []


def test_a_session_over_the_same_connection_is_a_session_of_its_own(host: Host, mallory: Path):
    path = host.account.home / "c"  # a short one, as it has to be for a socket
    control = ["-o", f"ControlPath={path}", "-o", "ControlMaster=auto", "-o", "ControlPersist=yes"]
    before = len(refusals(host, 0))
    opened = len(host.audit("session.open"))
    try:
        assert host.ssh(mallory, "status", options=control).code == 0
        assert host.ssh(mallory, "status", options=control).code == 0
        assert_refused(host, host.ssh(mallory, "sh", options=control), "'sh' may not be given", before)
    finally:
        host.ssh(mallory, options=[*control, "-O", "exit"])
    assert len(host.audit("session.open")) == opened + 2


def test_a_line_opens_nothing_to_another_key_than_the_database_knows(host: Host):
    key = host.operator("swapped", "admin")
    with host.database() as database, database.write() as connection:
        owner = select(tables.operators.c.id).where(tables.operators.c.name == "swapped").scalar_subquery()
        others = update(tables.operator_keys).where(tables.operator_keys.c.operator_id == owner)
        connection.execute(others.values(fingerprint="SHA256:of-somebody-else"))
    ran = host.ssh(key, "status")
    assert (ran.code, ran.out) == (2, "")
    assert "this is another key than the one you came with" in ran.err
    last = host.audit("session.open")[-1]
    assert (last.result, last.role, last.actor.partition(":")[0]) == ("refused", "viewer", "key")


def test_without_a_terminal_and_a_command_there_is_a_list(host: Host, mallory: Path):
    ran = host.ssh(mallory)
    assert ran.code == 64
    assert "job list" in ran.out


def test_the_line_of_a_key_takes_all_away_but_a_terminal(host: Host, mallory: Path):
    path = authorized_keys_file(host.settings)
    about = path.stat()
    assert (about.st_mode & 0o777, about.st_uid) == (0o600, host.account.uid)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert [line for line in lines if not line.startswith('restrict,pty,command="exec ')] == []
    listed = host.account.run("ssh-keygen", "-l", "-f", path, folder=host.folder)
    assert listed.returncode == 0
    assert len(listed.stdout.splitlines()) == len(lines)
