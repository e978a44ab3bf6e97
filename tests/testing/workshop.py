"""A folder in which plugins are written and checked, and the launcher that the checks share."""

from __future__ import annotations

import textwrap
from pathlib import Path

from connecthub.core.config import Settings
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.testing.check import Drilling, Finding, PluginCheck

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
