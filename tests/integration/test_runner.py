"""A run in its own process, whatever the plugin does."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecthub.runner.launcher_process import PASSED_ON, LauncherProcess
from tests.runs import is_gone, run_plugin

SAID = re.compile(r"say (\d+)")


@pytest.fixture(scope="module")
def launcher() -> Iterator[LauncherProcess]:
    with LauncherProcess() as launcher:
        yield launcher


def test_a_run_returns_its_result_and_log(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.good:Hello", {"name": "you"})
    assert ran.outcome.status == "succeeded"
    assert ran.outcome.result == '{"greeted": "you"}'
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO samples\.good: hello you\n", ran.log)
    assert re.fullmatch("[0-9a-f]{12}", ran.watch.plugin_version or "")


def test_the_old_handler_form_with_a_dot_runs_too(launcher: LauncherProcess):
    assert run_plugin(launcher, "samples.good.Hello").outcome.succeeded


@pytest.mark.parametrize("die", [False, True])
def test_everything_said_stands_in_the_log_in_order_also_after_sigkill(launcher: LauncherProcess, die: bool):
    ran = run_plugin(launcher, "samples.good:Chatty", {"die": die})
    assert ran.outcome.status == ("crashed" if die else "succeeded")
    # Raw writes of a child process come when they come; all that this process says itself keeps its order.
    assert [int(number) for number in SAID.findall(ran.log) if int(number) != 8] == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]
    assert "    with a second line\n" in ran.log
    lines = {match[1]: line for line in ran.log.splitlines() if (match := SAID.search(line))}
    assert " WARNING stderr: " in lines["4"]
    assert " WARNING some.library: " in lines["6"]
    assert " INFO stdout: " in lines["7"]
    assert "8" in lines
    assert lines["11"].endswith("no line end")


@pytest.mark.parametrize("raises", [False, True])
def test_a_secret_is_masked_in_log_result_error_and_traceback(launcher: LauncherProcess, raises: bool):
    secret = 'pa"ss/wörd+1'
    ran = run_plugin(launcher, "samples.good:Secretive", {"raise": raises}, {"password": secret})
    told = json.dumps([ran.log, ran.outcome.error, ran.outcome.traceback, ran.outcome.result], ensure_ascii=False)
    for form in ('pa"ss', 'pa\\"ss', "pa%22ss", "cGEic3M", "wörd+1", "w\\u00f6rd"):
        assert form not in told
    assert ran.log.count("***") >= 6
    assert ran.outcome.status == ("failed" if raises else "succeeded")


def test_a_run_is_handed_nothing_but_its_own_settings(launcher: LauncherProcess, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DB_URL", "postgresql://user:pw@host/db")
    ran = run_plugin(launcher, "samples.good:Context", {"a": 1}, {"token": "abcdefgh"})
    result = json.loads(ran.outcome.result or "")
    assert set(result["environment"]) <= set(PASSED_ON)
    # 0, 1, 2, the channel, the two pipes, and the one that lists the folder.
    assert result["descriptors"] == [0, 1, 2, 3, 4, 5, 6]
    assert "abcdefgh" not in str(result["argv"])
    assert result["params"] == {"a": 1}
    assert (result["job"], result["log_id"], result["key"]) == ("test", 7, "connecthub-7")
    assert ran.watch.progress == {"done": 1, "total": 4, "note": "a quarter"}


BAD = [
    ("raises", "failed", "ValueError: no such unit"),
    ("os_exit", "crashed", "ended with exit code 0 before the plugin returned"),
    ("segfault", "crashed", "killed by SIGSEGV before the plugin returned"),
    ("system_exit", "failed", "SystemExit: bye"),
    ("keyboard_interrupt", "failed", "KeyboardInterrupt: "),
    ("generator_exit", "failed", "GeneratorExit: "),
    ("unprintable", "failed", "UnprintableError: <unprintable UnprintableError>"),
    ("kill_self", "crashed", "killed by SIGKILL before the plugin returned"),
    ("kill_group", "crashed", "killed by SIGKILL before the plugin returned"),
    ("recursion", "failed", "RecursionError: maximum recursion depth exceeded"),
    ("closes_everything", "crashed", "ended with exit code 0 before the plugin returned"),
]


@pytest.mark.parametrize(("do", "status", "error"), BAD, ids=[row[0] for row in BAD])
def test_a_plugin_that_fails_or_dies_leaves_the_cause(launcher: LauncherProcess, do: str, status: str, error: str):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": do})
    assert (ran.outcome.status, ran.outcome.error) == (status, error)
    assert run_plugin(launcher, "samples.good:Hello").outcome.succeeded


def test_a_failure_has_the_plugins_traceback_and_a_fingerprint(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": "raises"})
    assert ran.outcome.fingerprint == "ValueError at samples/bad.py:Bad.raises"
    assert ran.outcome.traceback is not None
    assert ran.outcome.traceback.splitlines()[1].endswith('samples/bad.py", line 32, in run')
    assert "child.py" not in ran.outcome.traceback


DONE = [
    ("no_json", r"the result is no JSON \(TypeError\)", '{"repr": "{\'when\': <function'),
    ("nan", r"the result is no JSON \(ValueError\)", '{"repr": "{\'ratio\': nan}"}'),
    ("deep", r"the result is no JSON \(RecursionError\)", '{"repr": '),
    ("unprintable_result", r"the result is no JSON \(TypeError\)", '{"repr": "<unprintable UnprintableError>"}'),
    ("large_result", r"the result has 200012 characters: the first 65536 are kept", '{"cut": '),
    ("nul_and_surrogates", r"nul \\x00 and surrogate \\udc80", None),
    ("leaves_thread", r"^$", None),
    ("deaf_logger", r"cannot be formatted with its arguments: TypeError", None),
    ("reads_stdin", r"^$", '{"stdin": ""}'),
]


@pytest.mark.parametrize(("do", "said", "result"), DONE, ids=[row[0] for row in DONE])
def test_work_that_is_done_counts_as_succeeded(launcher: LauncherProcess, do: str, said: str, result: str | None):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": do})
    assert ran.outcome.status == "succeeded"
    assert re.search(said, ran.log)
    assert (ran.outcome.result or "").startswith(result or "")
    assert "\x00" not in ran.log
    ran.log.encode()


def test_a_daemon_that_a_run_leaves_is_killed_with_a_warning(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": "daemon"})
    assert ran.outcome.succeeded
    assert "the run left 1 processes behind; they were killed" in ran.log
    daemon = int(re.search(r"daemon (\d+)", ran.log)[1])  # pyright: ignore[reportOptionalSubscript]
    assert is_gone(daemon)


@pytest.mark.parametrize("do", ["endless", "stubborn", "stopped"])
def test_a_timeout_ends_every_run(launcher: LauncherProcess, do: str):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": do}, timeout=0.5, grace=0.3)
    assert (ran.outcome.status, ran.outcome.error) == ("timed_out", "still running after its timeout of 0.5 s")
    assert ran.watch.pid is not None
    assert is_gone(ran.watch.pid)


def test_garbage_on_the_channel_is_a_crash_with_the_reason(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.bad:Bad", {"do": "garbles_channel"})
    assert ran.outcome.status == "crashed"
    assert "the plugin wrote to the run's own channel" in ran.log


UNUSABLE = [
    ("samples.nowhere:X", "PluginNotFound: no module 'samples.nowhere'"),
    ("samples.good:Helo", "PluginNotFound: no class 'Helo' in samples.good; it has Hello"),
    ("samples.bad:NoJob", "PluginInvalid: samples.bad:NoJob is no BaseJob"),
    ("samples.bad:Abstract", "PluginInvalid: samples.bad:Abstract is abstract: it does not define run"),
    ("samples.broken:X", "PluginImportError: import of samples.broken raised RuntimeError: no licence"),
    ("samples.exits:X", "PluginImportError: import of samples.exits raised SystemExit: 3"),
    ("samples.needs:X", "PluginImportError: import of samples.needs raised ModuleNotFoundError"),
    ("os:path", "PluginNotFound: handler 'os:path' is outside the allowed packages (samples)"),
    ("samples.good", "PluginNotFound: no class 'good' in samples"),
    ("samples.__init__:X", "PluginNotFound: handler 'samples.__init__:X' is no handler path"),
]


@pytest.mark.parametrize(("handler", "error"), UNUSABLE, ids=[row[0] for row in UNUSABLE])
def test_a_handler_that_cannot_be_used_says_why(launcher: LauncherProcess, handler: str, error: str):
    ran = run_plugin(launcher, handler)
    assert ran.outcome.status == "failed"
    assert (ran.outcome.error or "").startswith(error)


def test_an_import_error_carries_the_plugins_own_traceback(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.broken:X")
    assert ran.outcome.traceback is not None
    assert ran.outcome.traceback.splitlines()[1].endswith('samples/broken.py", line 1, in <module>')
    assert "importlib" not in ran.outcome.traceback


def test_params_that_break_the_model_name_the_field_and_not_the_value(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.good:Hello", {"name": [1]})
    assert ran.outcome.status == "failed"
    assert ran.outcome.fields == {"params.name": "Input should be a valid string"}
    assert ran.outcome.error == "InvalidSettings: params.name: Input should be a valid string"


def test_eight_runs_at_once_keep_their_own_answers(launcher: LauncherProcess):
    results: dict[int, str | None] = {}

    def one(number: int) -> None:
        results[number] = run_plugin(launcher, "samples.good:Hello", {"name": str(number)}).outcome.result

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f'{{"greeted": "{number}"}}' for number in range(8)}


def test_a_killed_launcher_ends_its_run_and_the_next_run_gets_a_new_one(tmp_path: Path):
    with LauncherProcess() as launcher:
        launcher.start()
        first = launcher.pid
        pid_file = tmp_path / "pid"
        os.mkfifo(pid_file)

        def kill_when_running() -> None:
            pid_file.read_text()
            assert first is not None
            os.kill(first, signal.SIGKILL)

        killer = threading.Thread(target=kill_when_running)
        killer.start()
        ran = run_plugin(launcher, "samples.good:Sleeper", {"pid_file": str(pid_file)})
        killer.join()
        assert (ran.outcome.status, ran.outcome.error) == ("crashed", "the launcher of child processes died")
        assert is_gone(ran.watch.pid)
        assert run_plugin(launcher, "samples.good:Hello").outcome.succeeded
        assert launcher.pid != first


def test_when_the_owner_is_killed_nothing_of_its_runs_is_left(tmp_path: Path):
    """The owner is a process of its own, killed by SIGKILL in the middle of a run."""
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    code = (
        "from connecthub.runner.launcher_process import LauncherProcess\n"
        "from tests.runs import run_plugin\n"
        f"run_plugin(LauncherProcess(), 'samples.good:Sleeper', {{'pid_file': {str(pid_file)!r}}})\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], cwd=root) as owner:
        run = int(pid_file.read_text())
        watched = os.pidfd_open(run)
        owner.kill()
    try:
        assert select.select([watched], [], [], 10)[0], f"the run {run} outlived its owner"
    finally:
        os.close(watched)
