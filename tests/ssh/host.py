"""A host with an installation and a real sshd, and clients that come with real keys."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select

from connecthub.core.config import Settings, load_settings
from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError
from connecthub.service.supervisor import PARENT_PIPE
from connecthub.ssh.server import find_sshd
from tests.cli import SECONDS, Ran
from tests.servers.process import ServerMissing, Witness
from tests.ssh.account import Account
from tests.tui.terminal import Terminal

CLIENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


class Host:
    """An installation of an account, served by `connecthub ssh serve` while the block runs."""

    def __init__(self, account: Account, folder: Path, variables: Mapping[str, object]) -> None:
        try:
            find_sshd()
        except ConfigError as error:
            raise ServerMissing(str(error)) from None
        self.account = account
        self.folder = folder
        self.log = folder / "served.log"
        self.port = free_port()
        account.run("mkdir", "-m", "700", folder, folder=account.home)
        given = {
            "EXTENSIONS_DIR": account.plugins,
            "PLUGIN_PACKAGES": "samples",
            "INSTANCE_NAME": "hall",
            "TIMEZONE": "UTC",
            "DRAIN_SECONDS": "0",
            **variables,
        }
        text = "".join(f"{name}={value}\n" for name, value in given.items())
        account.run("sh", "-c", "umask 077; cat > .env", folder=folder, stdin=text)
        self.done("db", "upgrade")
        self._keys = folder.parent / f"{folder.name}-clients"
        self._keys.mkdir(mode=0o700)
        self._served: subprocess.Popen[Any] | None = None

    def __enter__(self) -> Self:
        heard, self._pipe = os.pipe()
        identity = self.account.identity()
        identity["env"] = {**identity["env"], PARENT_PIPE: str(heard)}
        command = [self.account.connecthub, "ssh", "serve", "--port", str(self.port)]
        strict = [] if os.geteuid() == 0 else ["--no-strict-modes"]
        with self.log.open("ab") as log:
            self._served = subprocess.Popen(
                [*map(str, command), *strict],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[heard],
                **identity,
            )
        os.close(heard)
        self.wait_for_log("Server listening")
        public = (self.folder / "data/ssh/host_ed25519.pub").read_text()
        (self._keys / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {public}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._served is not None
        os.close(self._pipe)
        assert self._served.wait(SECONDS) == 0, self.log.read_text()
        assert self.sessions() == []

    @property
    def settings(self) -> Settings:
        """The settings of the installation."""
        return load_settings(self.folder / ".env", {"DATA_DIR": str(self.folder / "data")})

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Its database."""
        database = Database(self.settings.database_url)
        try:
            yield database
        finally:
            database.dispose()

    def cli(self, *words: str, stdin: str = "") -> Ran:
        """Run a command in a shell on the host."""
        ended = self.account.run(self.account.connecthub, *words, folder=self.folder, stdin=stdin)
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def done(self, *words: str, stdin: str = "") -> str:
        """Run a command that must not fail; returns what it said."""
        ran = self.cli(*words, stdin=stdin)
        assert ran.code == 0, ran
        return ran.out

    def key(self, name: str) -> Path:
        """A new key pair of a client."""
        path = self._keys / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path], check=True)
        return path

    def operator(self, name: str, role: str, *options: str) -> Path:
        """Let a person in; returns the key."""
        path = self.key(name)
        public = path.with_suffix(".pub").read_text()
        self.done("operator", "add", name, "--role", role, "--key", "-", *options, stdin=public)
        return path

    def client(self, key: Path, *options: str) -> list[str]:
        """The command line of a client, up to the command that it asks for."""
        given = {
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": self._keys / "known_hosts",
            "BatchMode": "yes",
            "LogLevel": "ERROR",
        }
        pairs = [word for name, value in given.items() for word in ("-o", f"{name}={value}")]
        return ["-F", "none", *pairs, "-i", str(key), *options]

    @property
    def address(self) -> str:
        """Where a client goes."""
        return f"{self.account.name}@127.0.0.1"

    def ssh(self, key: Path, *command: str, options: Sequence[str] = (), stdin: str = "", **variables: str) -> Ran:
        """Come in without a terminal; the words are sent as they are, with a blank between."""
        words = ["ssh", *self.client(key, *options), "-p", str(self.port), self.address, *command]
        return self.client_run(*words, stdin=stdin, **variables)

    def client_run(self, *words: str, stdin: str = "", **variables: str) -> Ran:
        """Run any program of a client's."""
        ended = subprocess.run(
            words, input=stdin.encode(), capture_output=True, env={**CLIENT, **variables}, timeout=2 * SECONDS
        )
        return Ran(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def terminal(self, key: Path, *command: str, options: Sequence[str] = (), **more: Any) -> Terminal:
        """Come in with a terminal."""
        words = ["ssh", "-tt", *self.client(key, *options), "-p", str(self.port), self.address, *command]
        return Terminal(words, CLIENT, self._keys, **more)

    def audit(self, *actions: str) -> list[AnyRow]:
        """What is in the audit trail of these actions, the oldest first."""
        with self.database() as database, database.read() as connection:
            listing = select(tables.audit).where(tables.audit.c.action.in_(actions)).order_by(tables.audit.c.id)
            return list(connection.execute(listing).all())

    def sessions(self) -> list[int]:
        """The processes that hold a session, as they are now."""
        mark = "ssh\0session\0"
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace")
            except OSError:
                continue
            if mark in words and str(self.folder) in words:
                found.append(int(path.parent.name))
        return found

    @contextmanager
    def all_gone(self, seconds: float = SECONDS) -> Iterator[None]:
        """After the block, all processes that held a session before its end are gone."""
        with Witness(self.sessions()) as witness:
            yield
            assert witness.wait(seconds), f"left: {self.sessions()}"

    def wait_for_log(self, text: str, since: int = 0) -> str:
        """Wait until sshd, or what runs beside it, has said a text; returns what was said."""
        give_up = time.monotonic() + SECONDS
        while text not in (said := self.log.read_text()[since:]):
            assert time.monotonic() < give_up, f"never said {text!r}:\n{said}"
            time.sleep(0.02)
        return said

    @contextmanager
    def process(self, *words: str) -> Iterator[None]:
        """A process of the installation while the block runs."""
        started = subprocess.Popen(
            [str(self.account.connecthub), *words], cwd=self.folder, stdin=subprocess.DEVNULL, **self.account.identity()
        )
        try:
            yield
        finally:
            started.terminate()
            started.wait(SECONDS)


def quoted(*words: str) -> str:
    """A command whose words survive: what arrives is parsed as a shell would, once."""
    return shlex.join(words)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]
