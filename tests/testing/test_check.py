"""`plugin check`: each rule broken by a plugin that is made for it, and each told with file, line and remedy."""

from __future__ import annotations

import pytest

from connecthub.errors import PluginNotFound
from tests.cli import Cli, bare_environment
from tests.testing.workshop import HEAD, LINE, Workshop

pytestmark = pytest.mark.slow


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
        ("extensions/demo/", r"is a path; write extensions\.demo$"),
        ("./extensions/demo/job.py:Demo", r"is a path; write extensions\.demo\.job:Demo$"),
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
        ("1 / 0", "raised ZeroDivisionError: division by zero; mend it"),
        ("os._exit(3)", "ended its process (ended with exit code 3"),
    ],
)
def test_an_import_that_fails_is_told(workshop: Workshop, line: str, words: str):
    workshop.write(top=line)
    ((check, state, text, where),) = workshop.bad()
    assert (check, state) == ("import", "failed")
    assert words in text
    assert where == (f"job.py:{LINE + 1}" if "exit" not in line else f"{workshop.folder}/extensions/demo")


def test_a_module_that_is_no_python_is_told_once_whoever_imports_it(workshop: Workshop):
    workshop.write(head="", body="", top="x = 1\ndef (", name="broken.py")
    workshop.write(top="from extensions.demo import broken")
    ((check, _, text, where),) = workshop.bad()
    assert (check, text, where) == ("boundaries", "is no Python: invalid syntax; mend it", "broken.py:3")


def test_a_library_that_reaches_out_is_named(workshop: Workshop):
    (workshop.folder / "eager.py").write_text("import socket\nsocket.socket().bind(('127.0.0.1', 0))\n")
    workshop.write(top="import eager")
    ((_, _, text, where),) = workshop.bad()
    assert text == "reaches for the network (eager does) when it is imported; do it in run"
    assert where == f"job.py:{LINE + 1}"


def test_a_class_without_run_is_told_also_beside_another_one_and_a_base_is_not(workshop: Workshop):
    workshop.write(
        top=HEAD[HEAD.index("class Demo") :].replace("Demo", "Other").replace("run(", "rum(") + "        pass"
    )
    ((check, state, text, where),) = workshop.bad()
    assert (check, state) == ("import", "failed")
    assert text == "Other is abstract: it does not define run; write it, with this name"
    assert where == f"job.py:{LINE + 1}"
    workshop.write(top="class Base(BaseJob):\n    pass\nclass More(Base):\n    def run(self, params, secrets): pass")
    assert workshop.bad() == []


def test_params_that_are_no_model_are_told(workshop: Workshop):
    workshop.write(top="class Other(BaseJob):\n    Params = dict\n    def run(self, params, secrets): pass")
    ((check, state, text, where),) = workshop.bad()
    assert (check, state, where) == ("models", "failed", f"job.py:{LINE + 2}")
    assert text.startswith("Params must be a pydantic model; write class Params(BaseModel)")


def test_a_default_that_breaks_its_model_is_told(workshop: Workshop):
    workshop.write(head=HEAD.replace('base_url: str = "http://127.0.0.1:9"', "pages: int = 'many'"))
    found = workshop.bad()
    assert [(check, where) for check, _, _, where in found] == [("models", "job.py:9")]


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
