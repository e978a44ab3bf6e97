"""A whole sitting at the keyboard: a job is made, runs, fails, is mended, retried, and succeeds."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Installation
from tests.tui.terminal import Terminal
from tests.tui.test_center import center, unasked

TALLY = "samples.tally:Tally"


def edit_field(terminal: Terminal, downs: int, erased: int, typed: str) -> None:
    """Go down so many fields, rub letters out, and type."""
    terminal.keys(*["Down"] * downs, *["\x7f"] * erased, typed)


def save(terminal: Terminal) -> None:
    """Esc, save, yes."""
    terminal.keys("Esc")
    terminal.wait("Not saved yet")
    terminal.keys("Down", "Enter")
    terminal.wait("Save counting in hall?")


@pytest.mark.slow
def test_a_job_is_made_fails_is_mended_and_succeeds(installation: Installation):
    with installation.process("worker"), center(installation) as terminal:
        terminal.wait("no jobs yet")
        terminal.keys(":")
        terminal.wait("jobs, logs")
        terminal.keys(f"new {TALLY}", "Enter")
        terminal.wait("Filled in from which example?")
        terminal.keys("Enter")
        terminal.wait("At 02:00")
        terminal.wait("Berlin")
        terminal.keys("counting")
        edit_field(terminal, 8, 3, "0.05")
        terminal.wait("0.05")
        save_refused(terminal)
        terminal.keys("s3cret-token")
        save(terminal)
        terminal.wait("secrets.token: set anew")
        terminal.keys("y")
        terminal.wait("job counting is added")
        terminal.wait(">counting")
        run(terminal)
        terminal.wait("✗ failed")
        terminal.wait("13 people are one too many")
        terminal.keys("Esc")
        terminal.wait(">counting")
        terminal.keys("e")
        terminal.wait("At 02:00")
        edit_field(terminal, 7, 2, "4")
        save(terminal)
        terminal.wait("params.people: 13 → 4")
        terminal.keys("y")
        terminal.wait("is saved as version 2")
        terminal.keys("R")
        terminal.wait("Retry what failed of 1 job(s) of hall?")
        terminal.keys("y")
        terminal.wait("JobLog 2")
        terminal.wait("● succeeded")
        terminal.wait("counted 4 of Berlin")
        terminal.keys("q")
        assert terminal.end() == 0
        assert "s3cret-token" not in terminal.history
        assert unasked(terminal.raw) == []
    assert [installation.log(log_id).row.status for log_id in (1, 2)] == ["failed", "succeeded"]
    assert installation.log(2).row.retry_of == 1


@pytest.mark.slow
def test_keys_that_follow_a_save_in_the_same_packet_are_not_taken(installation: Installation):
    installation.add("job", cron_expr="0 0 1 1 *")
    with center(installation) as terminal:
        terminal.wait(">job")
        terminal.keys("e")
        terminal.wait("only in January")
        edit_field(terminal, 0, 0, "x")
        terminal.wait("jobx")
        terminal.keys("Esc")
        terminal.wait("Not saved yet")
        terminal.keys("Down", "Enter")
        terminal.wait("Save jobx in hall?")
        terminal.keys("y", "1", "x", "y")
        terminal.wait("job jobx is saved as version 2")
        terminal.wait("LAST RUNS")
        terminal.keys("q")
        assert terminal.end() == 0


def save_refused(terminal: Terminal) -> None:
    """A secret is needed: the form says so below its field, and stands in it."""
    terminal.keys("Esc")
    terminal.wait("Not saved yet")
    terminal.keys("Down", "Enter")
    terminal.wait("^ Field required")


def run(terminal: Terminal) -> None:
    """Run now, and stand in its live log."""
    terminal.keys("S")
    terminal.wait("Run 1 job(s) of hall now?")
    terminal.keys("y")
    terminal.wait("JobLog 1")
    terminal.wait("counted 1 of Berlin")
