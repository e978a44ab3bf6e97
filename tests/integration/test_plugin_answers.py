"""What a plugin says of itself is kept until one of its files changes; each child leaves its number in its answer."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connecthub.core.config import Settings
from connecthub.errors import InvalidSettings, PluginImportError
from connecthub.runner import answers
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.questions import PluginQuestions

PLUGIN = '''
import os
from pydantic import BaseModel
from connecthub.jobs import BaseJob
from mine.shared import WORD

class Told(BaseJob):
    """Tells."""
    class Params(BaseModel):
        count: int = 1
    examples = {WORD: {"count": os.getpid()}}
    def run(self, params, secrets):
        return None
'''
HANDLER = "mine.inner.job:Told"


@pytest.fixture(scope="module")
def launcher() -> Iterator[LauncherProcess]:
    with LauncherProcess() as launcher:
        yield launcher


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a plugin in a folder below it, and a module that it shares."""
    inner = tmp_path / "mine" / "inner"
    inner.mkdir(parents=True)
    (inner / "job.py").write_text(PLUGIN)
    (tmp_path / "mine" / "shared.py").write_text("WORD = 'first'\n")
    return tmp_path / "mine"


@pytest.fixture
def questions(package: Path, launcher: LauncherProcess) -> PluginQuestions:
    return PluginQuestions(Settings(extensions_dir=package.parent, plugin_packages=("mine",)), launcher)


def child_of(told: dict[str, Any]) -> int:
    """The number of the child that answered."""
    (example,) = told["examples"].values()
    return example["count"]


def test_an_answer_is_kept_and_is_the_askers_own(questions: PluginQuestions):
    first = questions.describe(HANDLER)
    child = child_of(first)
    first["examples"].clear()
    assert child_of(questions.describe(HANDLER)) == child
    with ThreadPoolExecutor(4) as threads:
        assert {child_of(told) for told in threads.map(questions.describe, [HANDLER] * 20)} == {child}


def test_a_changed_file_anywhere_in_the_package_gives_a_new_answer(questions: PluginQuestions, package: Path):
    assert list(questions.describe(HANDLER)["examples"]) == ["first"]
    (package / "shared.py").write_text("WORD = 'the second'\n")
    told = questions.describe(HANDLER)
    assert list(told["examples"]) == ["the second"]
    (package / "more.py").touch()
    assert child_of(questions.describe(HANDLER)) != child_of(told)


def test_errors_are_asked_anew_each_time(questions: PluginQuestions, package: Path):
    (package / "shared.py").write_text("import os; raise ValueError(f'child {os.getpid()}')\n")
    said = set()
    for _ in range(2):
        with pytest.raises(PluginImportError) as refused:
            questions.describe(HANDLER)
        said.add(refused.value.plugin_traceback)
    assert len(said) == 2


def test_values_are_checked_each_time(questions: PluginQuestions):
    questions.validate(HANDLER, {"count": 1}, {})
    with pytest.raises(InvalidSettings):
        questions.validate(HANDLER, {"count": "x"}, {})


def test_the_list_keeps_what_could_be_imported(questions: PluginQuestions, package: Path):
    (package / "wrong.py").write_text("import os; raise ValueError(os.getpid())\n")
    first, second = questions.list_all(), questions.list_all()
    plugins = [[child_of(row) for row in rows if "handler" in row] for rows in (first, second)]
    errors = [[row["error"] for row in rows if "error" in row] for rows in (first, second)]
    assert plugins[0] == plugins[1]
    assert errors[0] != errors[1]
    (package / "wrong.py").unlink()
    assert [row.get("handler") for row in questions.list_all()] == [HANDLER]


def test_a_package_that_cannot_be_looked_through_is_asked_each_time(
    questions: PluginQuestions, package: Path, monkeypatch: pytest.MonkeyPatch
):
    (package / "loop").symlink_to(package)
    monkeypatch.setattr(answers, "FILES_MAX", 20)
    assert answers.stamp_of(package.parent, "mine") is None
    assert answers.stamp_of(package.parent, "absent") is None
    assert child_of(questions.describe(HANDLER)) != child_of(questions.describe(HANDLER))


def test_no_more_answers_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(answers, "ANSWERS_MAX", 2)
    kept, stamp = answers.Answers(), frozenset({("file", 1, 2)})
    for question in "abc":
        kept.keep(question, stamp, [question])
    assert [kept.known(question, stamp) for question in "abc"] == [None, ["b"], ["c"]]
    assert kept.known("c", frozenset({("file", 2, 2)})) is None
