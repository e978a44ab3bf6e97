"""The leak drill of `plugin check`: what shows, what did not work, and where."""

from __future__ import annotations

import pytest

from connecthub.testing.check import Drilling
from tests.testing.shelf import Shelf
from tests.testing.workshop import HEAD, LINE, Workshop

pytestmark = pytest.mark.slow


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
    assert [where for _, _, text, where in found if f"shows in the {surface} (" in text] == [f"job.py:{LINE}"]


def test_a_refused_connection_is_a_drill_too(workshop: Workshop):
    workshop.write("with self.client(BaseClient, base_url=params.base_url) as it: it.get_json(f'token/{password}')")
    found = workshop.bad()
    assert {(state, text.partition(" (")[0], where) for _, state, text, where in found} >= {
        ("failed", "secret password shows in the URL path of a call", f"job.py:{LINE}"),
        ("warning", "secret password shows in the error", f"job.py:{LINE}"),
        ("warning", "secret password shows in the log", f"job.py:{LINE}"),
    }


def test_a_secret_in_a_calls_note_is_told_with_the_plugins_line(workshop: Workshop):
    workshop.write(
        """
        with self.client(BaseClient, base_url=params.base_url) as it:
            it.request("POST", "x", note=password)
        """
    )
    found = {(state, text.partition(" (")[0], where) for _, state, text, where in workshop.bad()}
    assert found == {
        ("warning", f"secret password shows in the {surface}", f"job.py:{LINE + 2}")
        for surface in ("note of a call", "log")
    }


@pytest.mark.parametrize(
    ("body", "words", "at"),
    [
        ("while True: pass", "timed_out with still running after its timeout of 0.3 s; mend it", -2),
        ("no_such_name", "failed with NameError: name 'no_such_name' is not defined; mend it", 0),
        ("os._exit(3)", "crashed with ended with exit code 3", -2),
        ("return [1]", "run returned list; return a dict or None", -2),
        ("return {'at': time}", "run returned a dict that is no JSON", -2),
    ],
)
def test_a_plugin_that_did_not_work_is_a_warning(workshop: Workshop, body: str, words: str, at: int):
    workshop.write(body)
    ((check, state, text, where),) = workshop.bad(drilling=Drilling(seconds=0.3 if "while" in body else 20))
    assert (check, state, where) == ("leak drill", "warning", f"job.py:{LINE + at}")
    assert text.startswith(f"Demo: it did not work: {words}")


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        ("def run(self, params, secrets)", "def run(self, *, secrets)", "failed with TypeError: "),
        ("def run", "async def run", "run is a coroutine that nobody awaits; write def run"),
    ],
)
def test_a_run_that_cannot_be_called_is_a_warning(workshop: Workshop, was: str, becomes: str, words: str):
    workshop.write(head=HEAD.replace(was, becomes))
    ((_, state, text, where),) = workshop.bad()
    assert (state, where) == ("warning", f"job.py:{LINE - 2}")
    assert text.startswith(f"Demo: it did not work: {words}")


def test_what_the_outside_system_or_the_plugin_itself_refuses_is_no_warning(workshop: Workshop):
    workshop.write("raise Guard('too many leavers')", top="class Guard(Exception): pass")
    assert workshop.bad() == []
    workshop.write("with self.client(BaseClient, base_url=params.base_url) as it: it.get_json('x')")
    assert workshop.bad() == []


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
    secrets = HEAD[HEAD.index("    class Secrets") : HEAD.index("    def run")]
    hello = HEAD.replace(' = "http://127.0.0.1:9"', "").replace(secrets, "").splitlines()[:-1]
    workshop.write(head="\n".join(hello) + "\n")
    assert [(state, text.partition(":")[0]) for _, state, text, _ in workshop.bad()] == [
        ("warning", "Demo was not run")
    ]
