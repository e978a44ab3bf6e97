"""What a plugin may import, and that the repository's own plugins are held to the same."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from connecthub.testing.boundaries import FORBIDDEN, breaches
from tests.docs import ROOT


def found(tmp_path: Path, text: str, name: str = "job.py") -> list[tuple[int, str]]:
    file = tmp_path / "extensions" / "demo" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return [(breach.line, breach.text.partition(";")[0]) for breach in breaches([file], tmp_path)]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import httpx", "httpx"),
        ("import os, urllib.parse", "urllib.parse"),
        ("from http.client import HTTPConnection", "http.client"),
        ("from connecthub import db", "connecthub.db"),
        ("from connecthub.core.config import load_settings", "connecthub.core.config"),
        ("def run():\n    import socket", "socket"),
        ("__import__('subprocess')", "subprocess"),
        ("import importlib\nimportlib.import_module('redis.client')", "redis.client"),
        ("from connecthub.testing import run_job", "connecthub.testing"),
        ("import os as system\nsystem.popen('date')", "os.popen"),
        ("from os import execv", "os.execv"),
        ("import asyncio\nasyncio.open_connection('x', 1)", "asyncio.open_connection"),
        ("import smtplib", "smtplib"),
    ],
)
def test_a_forbidden_import_is_found_wherever_it_stands(tmp_path: Path, line: str, name: str):
    ((at, text),) = found(tmp_path, f"import os\n{line}\n")
    assert at == 1 + len(line.splitlines())
    assert name in text


def test_what_a_plugin_may_import_is_left_alone(tmp_path: Path):
    text = "from connecthub.jobs import BaseJob\nfrom connecthub.integrations.seeyon import SeeyonClient\n"
    text += "import asyncio, os\nos.path.join('a', 'b')\nasyncio.run(x())\nmine.os.system()\n"
    assert found(tmp_path, f"{text}from . import http\nfrom .urllib import x\nimport socketless, json\n") == []


def test_the_tests_of_a_plugin_import_the_kit(tmp_path: Path):
    text = "from connecthub.testing import run_job\n"
    assert found(tmp_path, text, "test_job.py") == found(tmp_path, text, "conftest.py") == []
    assert [line for line, _ in found(tmp_path, f"{text}import httpx\n", "test_job.py")] == [2]


def test_a_file_that_is_no_python_is_named_with_its_line(tmp_path: Path):
    assert found(tmp_path, "x = 1\ndef (\n") == [(2, "is no Python: invalid syntax")]


def test_import_linter_holds_extensions_to_the_same_list():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (own,) = (each for each in contracts if each["name"].startswith("Plugins see"))
    assert own["forbidden_modules"] == list(FORBIDDEN)


def test_the_plugins_of_this_repository_keep_to_it():
    assert breaches(sorted((ROOT / "extensions").rglob("*.py")), ROOT) == []
