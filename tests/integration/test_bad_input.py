"""What is too much or out of order: bounded, told, and the worker goes on."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from connecthub.runner.launcher_process import LauncherProcess
from tests.runs import is_gone, run_plugin

MEGABYTE = 1024
"""In units of `ru_maxrss`."""


@pytest.fixture
def own_launcher() -> Iterator[LauncherProcess]:
    with LauncherProcess() as launcher:
        yield launcher


@pytest.mark.parametrize(
    "do", [pytest.param("raw_lines", marks=pytest.mark.slow), "raw_line", "printed_line", "one_record"]
)
def test_a_hundred_megabytes_of_log_are_bounded_and_memory_stays_flat(launcher: LauncherProcess, do: str):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ran = run_plugin(launcher, "samples.bad:Huge", {"do": do}, timeout=100)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert ran.outcome.status == "succeeded"
    assert len(ran.log.encode()) < 2 * 1024 * 1024
    assert "first line" in ran.log
    assert " INFO samples.bad: last line\n" in ran.log
    assert "bytes of log left out: over LOG_MAX_BYTES" in ran.log
    assert grown < 64 * MEGABYTE


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("replaces_stdout", "still heard"),
        ("removes_handlers", "printed all the same"),
        ("closes_stdout", "still heard"),
        ("changes_folder_and_environment", ""),
        ("raises_recursion_limit", ""),
    ],
)
def test_a_plugin_that_meddles_with_its_process_harms_only_its_own_log(launcher: LauncherProcess, do: str, said: str):
    ran = run_plugin(launcher, "samples.bad:Meddler", {"do": do})
    assert (ran.outcome.status, ran.outcome.result) == ("succeeded", '"done"')
    assert said in ran.log


def test_a_plugin_that_kills_its_parent_ends_and_the_next_run_works(own_launcher: LauncherProcess):
    ran = run_plugin(own_launcher, "samples.bad:Meddler", {"do": "kills_parent"})
    assert (ran.outcome.status, ran.outcome.error) == ("crashed", "the launcher of child processes died")
    assert is_gone(ran.watch.pid)
    assert run_plugin(own_launcher, "samples.good:Hello").outcome.succeeded


def test_a_plugin_that_loops_at_import_is_timed_out(launcher: LauncherProcess):
    ran = run_plugin(launcher, "samples.hangs:X", timeout=0.5, grace=0.3)
    assert (ran.outcome.status, ran.outcome.error) == ("timed_out", "still running after its timeout of 0.5 s")
