"""`plugin check`: each rule broken by a plugin that is made for it, and each told with file, line and remedy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecthub.core.config import Settings
from connecthub.errors import PluginNotFound
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.testing.check import Drilling, Finding, PluginCheck
from tests.cli import Cli, bare_environment
from tests.testing.shelf import Shelf

pytestmark = pytest.mark.slow

HEAD = """\
import os, sys, threading, time, base64, json, logging
from pydantic import BaseModel, SecretStr
from connecthub.integrations.base import BaseClient
from connecthub.jobs import BaseJob


class Demo(BaseJob):
    class Params(BaseModel):
        base_url: str = "http://127.0.0.1:9"

    class Secrets(BaseModel):
        user_name: str
        password: SecretStr

    def run(self, params, secrets):
        password = secrets.password.get_secret_value()
"""
LINE = len(HEAD.splitlines()) + 1
"""The line of a plugin after its head."""


@pytest.fixture(scope="module")
def launcher() -> Iterator[LauncherProcess]:
    with LauncherProcess() as launcher:
        yield launcher


class Workshop:
    """A folder of extensions in which plugins are written and checked."""

    def __init__(self, folder: Path, launcher: LauncherProcess) -> None:
        self.folder = folder
        self._settings = Settings(extensions_dir=folder)
        self._launcher = launcher

    def write(self, body: str = "pass", *, head: str = HEAD, top: str = "", name: str = "job.py") -> None:
        folder = self.folder / "extensions" / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        for package in (folder.parent, folder):
            (package / "__init__.py").touch()
        (folder / name).write_text(head + textwrap.indent(textwrap.dedent(body), " " * 8) + "\n" + textwrap.dedent(top))

    def check(self, name: str = "extensions.demo", drilling: Drilling | None = None) -> list[Finding]:
        return list(PluginCheck(self._settings, self._launcher, name).findings(drilling or Drilling(seconds=20)))

    def bad(self, name: str = "extensions.demo", drilling: Drilling | None = None) -> list[tuple[str, str, str, str]]:
        """What is not ok: check, state, text, and file:line as seen from the plugin's folder."""
        folder = f"{self.folder}/extensions/demo/"
        found = [each for each in self.check(name, drilling) if each.state != "ok"]
        return [(each.check, each.state, each.text, each.where.removeprefix(folder)) for each in found]


@pytest.fixture
def workshop(tmp_path: Path, launcher: LauncherProcess) -> Workshop:
    return Workshop(tmp_path, launcher)


def test_a_sound_plugin_passes_every_check(workshop: Workshop):
    workshop.write("self.log.info('signing in with %s', secrets.password)")
    found = workshop.check()
    assert [(each.check, each.state) for each in found] == [
        ("boundaries", "ok"),
        ("import", "ok"),
        ("models", "ok"),
        ("leak drill", "ok"),
    ]
    assert found[-1].text == "Demo: 2 secrets nowhere to be seen; its dry run succeeded"


def test_a_class_a_module_and_a_package_can_be_named(workshop: Workshop):
    workshop.write()
    workshop.write(head=HEAD.replace("Demo", "Other"), name="other.py")
    drills = {
        "extensions.demo": ["Demo", "Other"],
        "extensions.demo.other": ["Other"],
        "extensions.demo.job:Demo": ["Demo"],
        "extensions.demo.job.Demo": ["Demo"],
    }
    for name, classes in drills.items():
        assert [each.text.split(":")[0] for each in workshop.check(name) if each.check == "leak drill"] == classes
    for name, words in (
        ("extensions.nope", "neither"),
        ("os.path", "allowed packages"),
        ("extensions.nope:X", "no mod"),
    ):
        with pytest.raises(PluginNotFound, match=words):
            workshop.check(name)
    assert [each.state for each in workshop.check("extensions.demo.job:Nope") if each.check == "import"] == [
        "ok",
        "failed",
    ]


def test_a_forbidden_import_is_told_also_in_another_file_of_the_folder(workshop: Workshop):
    workshop.write()
    workshop.write(head="", body="", top="import json\nimport httpx\n", name="helper.py")
    ((check, state, text, where),) = workshop.bad()
    assert (check, state, where) == ("boundaries", "failed", "helper.py:3")
    assert text == "imports httpx; reach outside systems through a client of connecthub.integrations"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "reaches for the network"),
        ("time.sleep(300)", "sleeps 300 s"),
        ("threading.Thread(target=print).start()", "starts a thread"),
        ("os.system('true')", "starts a process"),
        ("logging.FileHandler('demo.log')", "opens "),
        ("os.mkdir('demo')", "changes files"),
    ],
)
def test_an_import_that_does_more_than_define_is_told_with_its_line(workshop: Workshop, line: str, words: str):
    workshop.write(top=line)
    found = [each for each in workshop.bad() if each[0] == "import"]
    assert [(state, where) for _, state, _, where in found] == [("failed", f"job.py:{LINE + 1}")]
    assert found[0][2].startswith(words)
    assert found[0][2].endswith("when it is imported; do it in run")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 / 0", "raised ZeroDivisionError: division by zero at "),
        ("os._exit(3)", "ended its process (ended with exit code 3"),
    ],
)
def test_an_import_that_fails_is_told(workshop: Workshop, line: str, words: str):
    workshop.write(top=line)
    ((check, state, text, _),) = workshop.bad()
    assert (check, state) == ("import", "failed")
    assert words in text


def test_a_default_that_breaks_its_model_is_told(workshop: Workshop):
    workshop.write(head=HEAD.replace('base_url: str = "http://127.0.0.1:9"', "pages: int = 'many'"))
    found = workshop.bad()
    assert [(check, where) for check, _, _, where in found] == [("models", "job.py:9")]


@pytest.mark.parametrize(
    ("line", "surface", "form"),
    [
        ("self.log.info('with %s', password)", "log", "plain"),
        ("sys.stdout.write(base64.b64encode(f'u:{password}'.encode()).decode())", "log", "base64"),
        ("raise ValueError(json.dumps({'password': password}))", "error", "JSON"),
        ("return {'used': password.encode().hex()}", "result", "hexadecimal"),
        ("self.progress(1, note=password)", "progress", "plain"),
    ],
)
def test_a_secret_that_a_job_log_masks_is_a_warning(workshop: Workshop, line: str, surface: str, form: str):
    workshop.write(line)
    found = workshop.bad()
    told = f"secret password shows in the {surface} ({form}); a JobLog has it masked, yet leave it out"
    assert ("leak drill", "warning", told) in [each[:3] for each in found]
    assert {state for _, state, _, _ in found} == {"warning"}
    placed = {where for *_, where in found}
    assert placed <= {f"job.py:{LINE}", f"job.py:{LINE - 2}"}
    assert surface in ("result", "progress") or "sys" in line or placed == {f"job.py:{LINE}"}


@pytest.mark.parametrize(
    ("line", "surface"),
    [
        ("os.environ['PASSWORD'] = password", "environment"),
        ("os.system(f'true {password!r}')", "argv or environment of a process that it starts"),
    ],
)
def test_a_secret_that_nothing_masks_fails(workshop: Workshop, line: str, surface: str):
    workshop.write(line)
    found = workshop.bad()
    assert {state for _, state, _, _ in found} == {"failed"}
    assert f"job.py:{LINE}" in {where for _, _, text, where in found if f"shows in the {surface} (" in text}


def test_a_refused_connection_is_a_drill_too(workshop: Workshop):
    workshop.write("with self.client(BaseClient, base_url=params.base_url) as it: it.get_json(f'token/{password}')")
    found = workshop.bad()
    assert {(state, text.partition(" (")[0]) for _, state, text, _ in found} >= {
        ("warning", "secret password shows in the recorded calls"),
        ("warning", "secret password shows in the error"),
    }


def test_given_params_and_secrets_lead_further_and_no_write_is_sent(workshop: Workshop):
    workshop.write(
        """
        with self.client(BaseClient, base_url=params.base_url) as it:
            if secrets.user_name == "sandbox-user":
                it.get_json("read")
            it.post_json("write", {"password": password})
        """
    )
    with Shelf() as shelf:
        given = Drilling({"base_url": shelf.base_url}, {"user_name": "sandbox-user", "password": "sandbox-password"})
        assert workshop.bad(drilling=given) == []
        assert [entry["path"] for entry in shelf.journal] == ["/read"]


def test_settings_that_fit_no_model_are_told_as_such(workshop: Workshop):
    workshop.write(head=HEAD.replace(' = "http://127.0.0.1:9"', ""))
    ((check, state, text, where),) = workshop.bad()
    assert (check, state, where) == ("leak drill", "failed", f"job.py:{LINE - 2}")
    assert text.startswith("Demo was not run: params.base_url: Field required; write an example")


def test_the_command_prints_a_line_for_each_finding_and_says_by_its_exit_code_how_it_went(workshop: Workshop):
    cli = Cli(bare_environment(), workshop.folder)
    workshop.write("os.environ['PASSWORD'] = password", top="import redis")
    ran = cli("plugin", "check", "extensions.demo")
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[0].startswith(f"failed   boundaries  extensions/demo/job.py:{LINE + 1}: imports redis; ")
    assert f"failed   leak drill  extensions/demo/job.py:{LINE}: secret password shows in the environment" in ran.out
    assert "canary" not in ran.out
    told = cli("plugin", "check", "extensions.demo", "--json")
    assert told.code == 1
    assert told.json["ok"] is False
    assert len(told.json["findings"]) == len(lines)
    assert cli("plugin", "check", "extensions.nope").code == 2
