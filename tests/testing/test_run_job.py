"""`run_job`: what a run in a test shares with a real one."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from connecthub.core.clock import FixedClock
from connecthub.errors import InvalidSettings
from connecthub.integrations.call import Pace
from connecthub.jobs import BaseJob, Retry
from connecthub.testing import run_job
from tests.testing.shelf import Shelf, ShelfClient

PASSWORD = "canary-4711 'quoted'"
MONDAY = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


class Books(BaseJob):
    """Reads a book and writes two."""

    class Params(BaseModel):
        base_url: str
        name: str = "world"

    class Secrets(BaseModel):
        password: SecretStr

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any]:
        with self.client(ShelfClient, base_url=params.base_url) as client:
            read = client.get_json("books/1")
            for number in (2, 3):
                client.request("PUT", f"books/{number}", json={}, note=f"book {number}", pace=Pace("shelf", 2))
                self.progress(number, 3, f"book {number}")
        return {"read": read, "name": params.name}


class Teller(BaseJob):
    """Tells its secret in every way, and fails as it is told."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        password = secrets["password"]
        self.log.info("logged %s", password)
        sys.stdout.write(f"printed {base64.b64encode(password.encode()).decode()}\n")
        sys.stderr.write(f"warned {json.dumps(password)}\n")
        self.progress(1, note=password)
        if params.get("raise"):
            raise ValueError(f"no such unit: {password}")
        if params.get("retry"):
            raise Retry("busy", after=60)
        if params.get("exit"):
            sys.exit(password)
        return {"told": password, "pairs": [(1, 2)]}


class Context(BaseJob):
    """Returns what it knows of its run."""

    def run(self, params: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
        context = self.context
        context.clock.sleep(600)
        return {
            "slot": str(context.scheduled_for),
            "attempt": context.attempt,
            "dry_run": context.dry_run,
            "seconds_left": context.seconds_left(),
        }


def test_a_run_has_its_result_calls_and_progress():
    with Shelf() as shelf:
        run = run_job(Books, {"base_url": shelf.base_url}, {"password": PASSWORD}, clock=FixedClock(MONDAY)).check()
    assert (run.status, run.error, run.exception) == ("succeeded", None, None)
    assert run.result == {"read": {"path": "/books/1"}, "name": "world"}
    assert [(call.method, call.path, call.status) for call in run.calls] == [
        ("GET", "/books/1", 200),
        ("PUT", "/books/2", 200),
        ("PUT", "/books/3", 200),
    ]
    assert [(request.path, request.json()) for request in shelf.requests][1:] == [("/books/2", {}), ("/books/3", {})]
    assert [step.note for step in run.progress] == ["book 2", "book 3"]


def test_a_dry_run_holds_writes_back_and_records_them():
    with Shelf() as shelf:
        run = run_job(Books, {"base_url": shelf.base_url}, {"password": PASSWORD}, dry_run=True).check()
        assert [entry["method"] for entry in shelf.journal] == ["GET"]
    assert [(call.note, call.status) for call in run.held_back] == [("book 2", None), ("book 3", None)]


def test_a_client_waits_its_turn_on_the_clock_that_was_given():
    clock = FixedClock(MONDAY)
    with Shelf() as shelf:
        run_job(Books, {"base_url": shelf.base_url}, {"password": PASSWORD}, clock=clock).check()
    assert clock.now() == MONDAY + timedelta(seconds=2)


def test_secrets_are_masked_in_all_that_a_run_says(capsys: pytest.CaptureFixture[str]):
    run = run_job(Teller, secrets={"password": PASSWORD}).check()
    assert [line.partition("Z ")[2] for line in run.log.splitlines()] == [
        "INFO tests.testing.test_run_job: logged ***",
        "INFO stdout: printed ***",
        'WARNING stderr: warned "***"',
    ]
    assert run.result == {"told": "***", "pairs": [[1, 2]]}
    assert [step.note for step in run.progress] == ["***"]
    assert PASSWORD in capsys.readouterr().err  # the test's own streams have it as it was said


@pytest.mark.parametrize(
    ("params", "error", "kind"),
    [
        ({"raise": True}, "ValueError: no such unit: ***", ValueError),
        ({"retry": True}, "Retry: busy", Retry),
        ({"exit": True}, "SystemExit: ***", SystemExit),
    ],
    ids=["error", "retry", "exit"],
)
def test_what_a_plugin_raises_is_kept_and_check_raises_it(params: dict[str, Any], error: str, kind: type[Exception]):
    run = run_job(Teller, params, {"password": PASSWORD})
    assert (run.status, run.error, run.result) == ("failed", error, None)
    assert run.retry_after == (60 if kind is Retry else None)
    assert run.traceback
    assert "connecthub/testing" not in run.traceback
    assert PASSWORD not in run.traceback
    with pytest.raises(kind):
        run.check()


def test_settings_that_break_the_models_are_refused_as_in_a_real_run():
    run = run_job(Books, {"base_url": "http://127.0.0.1", "name": 5})
    assert run.error == "InvalidSettings: params.name: Input should be a valid string"
    with pytest.raises(InvalidSettings):
        run.check()
    with pytest.raises(TypeError, match="JSON"):
        run_job(Books, {"base_url": object()})


def test_the_context_is_what_was_asked_for():
    clock, slot = FixedClock(MONDAY), MONDAY.astimezone()
    run = run_job(Context, clock=clock, timeout=900, scheduled_for=slot, attempt=2, dry_run=True).check()
    assert run.result == {"slot": str(slot), "attempt": 2, "dry_run": True, "seconds_left": 300}
    with pytest.raises(ValueError, match="zone"):
        run_job(Context, scheduled_for=datetime(2026, 1, 5))  # noqa: DTZ001


def test_logging_and_streams_are_afterwards_as_before():
    root = logging.getLogger()
    before = root.level, list(root.handlers), sys.stdout, sys.stderr
    run_job(Teller, {"raise": True}, {"password": PASSWORD})
    assert (root.level, list(root.handlers), sys.stdout, sys.stderr) == before


def test_pytest_loads_the_fixtures_and_nothing_more():
    told = "import sys, connecthub.testing.fixtures; print(*(name for name in sys.modules if 'connecthub' in name))"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == {"connecthub", "connecthub.testing", "connecthub.testing.fixtures"}
