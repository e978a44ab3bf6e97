"""The systemd units: accepted by systemd, sandboxed, and their commands are ours."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connecthub.core.config import Settings
from tests.deploy import ROOT
from tests.docs import refusal

UNITS = ROOT / "deploy/systemd"
PROGRAM = "/opt/connecthub/bin/connecthub"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
OURS = [name for name in SERVICES if name != "connecthub-sshd.service"]
EXPOSURE_MAX = {"connecthub-sshd.service": 40}
"""Of 100, as `systemd-analyze security` counts; it starts as root. The others stay below 20."""


class Unit(configparser.RawConfigParser):
    """A unit; where a key stands more than once, the values are joined by a line break."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, dict_type=dict, interpolation=None)
        self.read_string(self._joined((UNITS / name).read_text(encoding="utf-8")))

    def optionxform(self, optionstr: str) -> str:
        """Keys as they are written."""
        return optionstr

    @staticmethod
    def _joined(text: str) -> str:
        seen: dict[tuple[str, str], int] = {}
        lines: list[str] = []
        section = ""
        for line in text.splitlines():
            if line.startswith("["):
                section = line
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#") and (section, key) in seen:
                lines[seen[section, key]] += f"\n  {value}"
                continue
            if equals:
                seen[section, key] = len(lines)
            lines.append(line)
        return "\n".join(lines)


def commands(name: str) -> list[list[str]]:
    """The words of each command that a unit starts."""
    service = Unit(name)["Service"]
    lines = [line for key in ("ExecStartPre", "ExecStart") for line in service.get(key, "").splitlines()]
    return [line.split() for line in lines]


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as they are, but that the program is the one of this Python."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("this machine has no systemd-analyze")
    here = str(Path(sys.executable).with_name("connecthub"))
    for path in UNITS.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace(PROGRAM, here))
    return tmp_path


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze."""
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True)


def test_systemd_takes_them(units: Path):
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    files = [path for path in sorted(units.iterdir()) if sshd or path.name != "connecthub-sshd.service"]
    verified = analyze("verify", "--man=no", *files)
    complaints = [line for line in verified.stderr.splitlines() if "connecthub" in line]
    assert (verified.returncode, complaints) == (0, [])


def test_they_are_sandboxed(units: Path):
    for name in SERVICES:
        most = EXPOSURE_MAX.get(name, 20)
        rated = analyze("security", "--offline=true", f"--threshold={most}", "--no-pager", units / name)
        assert rated.returncode == 0, rated.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_a_command_of_ours_as_its_own_account_in_its_folder(name: str):
    service = Unit(name)["Service"]
    ((program, *words),) = commands(name)
    assert program == PROGRAM
    assert refusal([word.replace("%i", "default") for word in words]) == ""
    assert (service["User"], service["WorkingDirectory"]) == ("connecthub", "/srv/connecthub")
    assert service["ReadWritePaths"] == f"{service['WorkingDirectory']}/{Settings.model_fields['data_dir'].default}"
    assert (service["KillMode"], service["Restart"]) == ("mixed", "always")
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes"


def test_a_stopping_worker_has_longer_than_its_drain(tmp_path: Path):
    stop = float(Unit("connecthub-worker@.service")["Service"]["TimeoutStopSec"])
    assert stop >= Settings(data_dir=tmp_path).drain_seconds + 20


def test_the_target_starts_and_stops_all_of_them():
    target = Unit("connecthub.target")
    started = target["Unit"]["Wants"].split()
    assert {"connecthub-scheduler.service", "connecthub-worker@default.service"} <= set(started)
    assert {name.replace("@default", "@") for name in started} <= set(SERVICES)
    for name in SERVICES:
        assert Unit(name)["Unit"]["PartOf"] == "connecthub.target"
        assert Unit(name)["Install"]["WantedBy"] == "connecthub.target"


def test_sshd_is_started_with_the_file_that_ssh_install_writes():
    for program, *words in commands("connecthub-sshd.service"):
        assert program == "/usr/sbin/sshd"
        assert words[-2:] == ["-f", "/etc/connecthub/sshd_config"]
    assert refusal(["ssh", "install", "--write", "/etc/connecthub/sshd_config"]) == ""
    assert re.search(r"^#.*`connecthub ssh install --write /etc/connecthub/sshd_config`", text(), re.MULTILINE)


def text() -> str:
    """The unit of sshd."""
    return (UNITS / "connecthub-sshd.service").read_text(encoding="utf-8")
