"""`connecthub doctor` on the way in over SSH: what sshd reads, kept in step and safe."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecthub.control.actor import Actor, Role
from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.control.installation import prepare
from connecthub.control.operators import Register, add_operator
from connecthub.control.public_keys import parse_public_keys
from connecthub.core.config import Settings
from tests.cli import bare_environment
from tests.integration.doctoring import (
    OK,
    WARNING,
    WRONG,
    Person,
    as_root,
    asked,
    one,
)
from tests.servers.process import ServerMissing

pytestmark = pytest.mark.slow


@pytest.fixture
def sshd() -> None:
    """An sshd on this host, which comes in no wheel."""
    if shutil.which("sshd", path="/usr/sbin:/usr/local/sbin") is None:
        raise ServerMissing("no sshd here; install openssh-server")


@pytest.fixture
def gate() -> Iterator[Settings]:
    """An installation with one operator, on a way that sshd takes: below this account's home."""
    with tempfile.TemporaryDirectory(dir=Path.home(), prefix="connecthub-doctor-") as folder:
        settings = Settings(data_dir=Path(folder) / "data")
        database, _ = prepare(settings, migrate=True)
        made = Path(folder) / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made)], check=True)
        keys = parse_public_keys(made.with_suffix(".pub").read_text())
        admin = Actor("alice", Role.ADMIN, "test")
        previous = Path.cwd()
        os.chdir(folder)
        try:
            add_operator(Register(database, settings), admin, "王", Role.OPERATOR, keys)
            yield settings
        finally:
            os.chdir(previous)
            database.dispose()


@pytest.mark.usefixtures("sshd")
def test_what_sshd_reads_is_kept_in_step_and_safe(gate: Settings):
    file = authorized_keys_file(gate)
    person = Person(bare_environment(DATA_DIR=gate.data_dir), Path.cwd())
    one(gate, "ssh", OK, "1 keys of operators open the account")
    written = file.read_text()
    breaks = {
        "is not there": lambda: file.unlink(),
        "not ConnectHub's": lambda: file.write_text(f"{written}ssh-ed25519 AAAA mallory\n"),
        "do not open": lambda: file.write_text("# nothing\n"),
        "no operator's any more": lambda: file.write_text(
            written + written.splitlines()[1].replace(" 1 ", " 9 ") + "\n"
        ),
        "which is not there": lambda: file.write_text(written.replace(str(Path.cwd()), "/nowhere")),
        "written by others (0666)": lambda: file.chmod(0o666),
        "written by others (0770)": lambda: file.parent.chmod(0o770),
    }
    for words, broken in breaks.items():
        broken()
        told = asked(gate, "ssh")
        (found,) = [each for each in told if words in each.found]
        assert found.state in (WRONG, WARNING), words
        person.follow(found)
        one(gate, "ssh", OK)


@as_root
@pytest.mark.usefixtures("sshd")
def test_a_key_file_of_somebody_else_is_given_back(gate: Settings):
    shutil.chown(authorized_keys_file(gate), "nobody")
    person = Person(bare_environment(DATA_DIR=gate.data_dir), Path.cwd())
    person.follow(one(gate, "ssh", WRONG, "belongs to nobody"))
    one(gate, "ssh", OK)


@as_root
def test_an_account_without_a_name_is_told(gate: Settings):
    os.chown(gate.data_dir, 54_321, -1)
    one(gate, "ssh", WRONG, "account 54321", "has no name", "useradd --uid 54321")
