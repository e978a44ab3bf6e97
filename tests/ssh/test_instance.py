"""The sshd instance: its configuration, what it needs of its host, and the file that it reads."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connecthub.core.config import load_settings
from connecthub.errors import ConfigError
from connecthub.ssh.checks import check_host
from connecthub.ssh.server import find_sshd, own_instance
from connecthub.ssh.sshd_config import DEFAULT
from connecthub.ssh.sync import session_folder
from tests.cli import SECONDS
from tests.ssh.account import Account
from tests.ssh.host import Host, free_port

REPOSITORY = Path(__file__).resolve().parents[2]
PINNED = {
    "authenticationmethods": "publickey",
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "hostbasedauthentication": "no",
    "permitrootlogin": "no",
    "usepam": "no",
    "exposeauthinfo": "yes",
    "disableforwarding": "yes",
    "permittunnel": "no",
    "permituserenvironment": "no",
    "permituserrc": "no",
    "permittty": "yes",
    "forcecommand": "none",
    "authorizedkeyscommand": "none",
    "trustedusercakeys": "none",
    "loglevel": "VERBOSE",
    "subsystem": "sftp /bin/false sftp",
}


def test_the_file_in_deploy_is_what_the_command_prints():
    assert (REPOSITORY / "deploy/sshd_config").read_text() == DEFAULT.config()


def test_paths_with_blanks_and_percent_signs_arrive():
    text = replace(DEFAULT, authorized_keys=Path("/srv/a b/100%/keys")).config()
    assert 'AuthorizedKeysFile "/srv/a b/100%%/keys"' in text


def test_settings_of_the_folder_need_no_other_file(tmp_path: Path):
    (tmp_path / ".env").write_text(f"DATA_DIR={tmp_path / 'data'}\n")
    assert session_folder(load_settings(tmp_path / ".env", {}), tmp_path) == tmp_path


def test_settings_of_the_environment_are_written_for_sessions(tmp_path: Path):
    variables = {
        "DATA_DIR": str(tmp_path / "data"),
        "DB_URL": "postgresql://me:it's%23\"x@db/hub",
        "REDIS_URL": "redis://:p\\w@redis:6379/0",
        "QUEUE_SIGNING_KEY": "a b#c$d",
        "PLUGIN_PACKAGES": "extensions,more",
        "INSTANCE_NAME": "总部",
    }
    settings = load_settings(tmp_path / ".env", variables)
    made = session_folder(settings, tmp_path)
    assert made == tmp_path / "data/ssh/settings"
    assert (made / ".env").stat().st_mode & 0o777 == 0o600
    assert load_settings(made / ".env", {}) == settings


def test_what_no_file_can_hold_is_said(tmp_path: Path):
    variables = {"DATA_DIR": str(tmp_path / "data"), "INSTANCE_NAME": "a${HOME}b"}
    with pytest.raises(ConfigError, match=r"what no \.env can"):
        session_folder(load_settings(tmp_path / ".env", variables), tmp_path)


@pytest.mark.slow
def test_sshd_takes_it_and_understands_it_so(host: Host):
    shown = host.account.run(find_sshd(), "-T", "-f", host.folder / "data/ssh/sshd_config", folder=host.folder)
    assert shown.returncode == 0, shown.stderr
    known: dict[str, str] = {}
    for line in shown.stdout.splitlines():
        name, _, known[name] = line.partition(" ")
    assert {name: known.get(name, "none") for name in PINNED} == PINNED
    accepted = [line.split()[1] for line in shown.stdout.splitlines() if line.startswith("acceptenv ")]
    assert sorted(accepted) == ["COLORTERM", "LC_ALL", "LC_CTYPE", "NO_COLOR"]


@pytest.mark.slow
def test_install_prints_the_configuration_and_what_is_missing(host: Host):
    ran = host.cli("ssh", "install", "--user", "nobody-here", "--port", "2200", "--host-key", "/nonexistent/key")
    assert ran.code == 0
    assert ran.out.startswith("# An sshd for ConnectHub alone")
    assert f"AuthorizedKeysFile {host.folder / 'data/ssh/authorized_keys'}" in ran.out
    assert f"useradd --system --home-dir {host.folder} --shell /bin/sh --password '*' nobody-here" in ran.err
    assert "ssh-keygen -q -t ed25519 -N '' -f /nonexistent/key" in ran.err


@pytest.mark.slow
def test_what_strict_modes_would_refuse_is_found_with_its_remedy(host: Host):
    instance = own_instance(host.settings, host.port)
    folder = host.folder / "data/ssh"

    def remedies() -> list[str]:
        found = check_host(host.settings, instance, host.folder, folder / "sshd_config")
        return [each.remedy for each in found if each.remedy and str(folder) in each.remedy]

    instance = replace(instance, account=host.account.name)
    assert remedies() == []
    folder.chmod(0o770)
    try:
        assert remedies() == [f"chmod go-w {folder}"]
    finally:
        folder.chmod(0o700)


@pytest.fixture
def system_sshd(host: Host, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port and the log of an sshd of root's with the configuration that `ssh install` writes."""
    if os.geteuid() != 0:
        pytest.skip("root alone can run an sshd for another account; run the tests as root")
    Path("/run/sshd").mkdir(exist_ok=True)
    port, key, config = free_port(), tmp_path / "host_key", tmp_path / "sshd_config"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    written = host.cli("ssh", "install", "--user", host.account.name, "--port", str(port), "--host-key", str(key))
    config.write_text(written.out)
    log = host.account.home / "sshd.log"
    command = [find_sshd(), "-D", "-e", "-f", config, "-o", f"PidFile={tmp_path / 'pid'}"]
    with log.open("ab") as said, subprocess.Popen(command, stderr=said) as process:
        log.chmod(0o644)
        give_up = time.monotonic() + SECONDS
        while not log.exists() or "Server listening" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up
            time.sleep(0.02)
        yield port, log
        process.terminate()


@pytest.mark.slow
def test_an_sshd_of_the_system_serves_the_account_with_the_written_configuration(
    host: Host, system_sshd: tuple[int, Path]
):
    port, log = system_sshd
    key = host.operator("wanda", "viewer")
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-p", str(port)]
    words = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-i", str(key), *options, host.address]
    ran = host.client_run(*words, "status")
    assert (ran.code, ran.err) == (0, "")
    assert host.client_run(*words, "sh").code == 126
    assert [row.actor for row in host.audit("session.close")][-1] == "wanda"
    log.write_text("")  # as logrotate's copytruncate does
    words[1:1] = ["-W", "127.0.0.1:1"]
    with host.process("ssh", "sync", "--sshd-log", str(log)):
        give_up = time.monotonic() + SECONDS
        while "tunnel to 127.0.0.1 port 1" not in [row.target_name for row in host.audit("session.command")]:
            assert host.client_run(*words).code != 0
            assert time.monotonic() < give_up
    assert host.audit("session.command")[-1].actor == "wanda"


@pytest.mark.slow
def test_sync_brings_a_lost_file_back(host: Host):
    path = host.folder / "data/ssh/authorized_keys"
    text = path.read_text()
    path.write_text("")
    assert str(path) in host.done("ssh", "sync", "--once")
    assert path.read_text() == text
    assert "was right already" in host.done("ssh", "sync", "--once")


@pytest.mark.slow
def test_a_server_that_stops_ends_its_sessions_in_order(account: Account):
    with Host(account, account.home / "stopped", {}) as host:
        key = host.operator("guest", "viewer")
        terminal = host.terminal(key)
        terminal.wait("hall")
    with terminal:
        assert terminal.end() == 255
    assert host.audit("session.close")[-1].detail["how"] == "the connection was lost"


@pytest.mark.slow
def test_a_port_that_is_taken_is_said(host: Host):
    ran = host.cli("ssh", "serve", "--port", str(host.port), "--no-strict-modes")
    assert ran.code == 1
    assert "Address already in use" in ran.err
    assert "connecthub: sshd ended with 255" in ran.err
