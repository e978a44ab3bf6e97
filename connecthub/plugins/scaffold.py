"""A new plugin's files, as `plugin new` writes them."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from connecthub.errors import ConfigError
from connecthub.jobs.base import BaseJob
from connecthub.plugins.discover import is_hidden

PACKAGE = Template('''"""$title."""
''')

JOB = Template('''"""$title: reads the units of a Seeyon OA. Put your own work in its place."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from connecthub.integrations.seeyon import SeeyonClient
from connecthub.jobs import BaseJob


class $cls(BaseJob):
    """Count the units of the OA."""

    class Params(BaseModel):
        """The settings that everybody may read."""

        model_config = ConfigDict(extra="forbid")  # a name that is misspelt is an error

        base_url: HttpUrl = Field(description="Address of the OA, such as https://oa.example.com")

    class Secrets(BaseModel):
        """The settings that are stored encrypted and masked wherever the run says them."""

        model_config = ConfigDict(extra="forbid")

        user_name: str
        password: SecretStr

    examples: ClassVar = {"sandbox": {"base_url": "http://127.0.0.1:8765"}}

    def run(self, params: Params, secrets: Secrets) -> dict[str, Any] | None:
        """Return a summary, which the JobLog keeps."""
        with self.client(
            SeeyonClient, base_url=params.base_url, user_name=secrets.user_name, password=secrets.password
        ) as oa:
            units = oa.units()
        for number, unit in enumerate(units, start=1):
            self.log.info("unit %s: %s", unit.id, unit.name)
            self.progress(number, len(units))
        return {"units": len(units)}
''')

TEST = Template('''"""Tests of $title: `run_job` and `seeyon` are fixtures that ConnectHub brings along."""

from __future__ import annotations

from $package.job import $cls

SECRETS = {"user_name": "sandbox-user", "password": "sandbox-password"}


def test_it_counts_the_units(run_job, seeyon):
    run = run_job($cls, {"base_url": seeyon.base_url}, SECRETS).check()
    assert run.result["units"] > 0
    assert [call.path for call in run.calls][-1].startswith("/seeyon/rest/orgAccounts")
    assert "sandbox-password" not in run.log


def test_a_dry_run_sends_no_write(run_job, seeyon):
    run = run_job($cls, {"base_url": seeyon.base_url}, SECRETS, dry_run=True).check()
    assert run.held_back == []  # it has no write yet; yours stand here, and are not sent


def test_a_wrong_password_is_an_error_that_does_not_tell_it(run_job, seeyon):
    run = run_job($cls, {"base_url": seeyon.base_url}, {**SECRETS, "password": "not-the-password"})
    assert run.status == "failed"
    assert run.error.startswith("AuthError: ")
    assert "not-the-password" not in run.error + run.log + run.traceback
''')


@dataclass(frozen=True)
class Scaffold:
    """A plugin that was written."""

    handler: str
    package: str
    folder: Path
    files: list[Path]


def write_plugin(name: str, extensions_dir: Path, packages: Sequence[str]) -> Scaffold:
    """Write the files of a new plugin into the first of the allowed packages.

    Nothing is overwritten. Raises ConfigError for a name that is none, a folder that is there, or one that cannot be
    written.
    """
    _check_name(name)
    parent = extensions_dir.joinpath(*packages[0].split("."))
    folder = parent / name
    if folder.exists() or parent.joinpath(f"{name}.py").exists():
        there = folder if folder.exists() else parent / f"{name}.py"
        raise ConfigError(f"{there} exists and stays as it is; choose another name, or remove it first")
    package = f"{packages[0]}.{name}"
    words = {"title": name.replace("_", " ").capitalize(), "cls": _class_name(name), "package": package}
    files = {each / "__init__.py": "" for each in _packages_above(folder, extensions_dir)}
    templates = {"__init__.py": PACKAGE, "job.py": JOB, "test_job.py": TEST}
    files |= {folder / file: template.substitute(words) for file, template in templates.items()}
    written = [path for path, text in files.items() if _write(path, text)]
    return Scaffold(f"{package}.job:{words['cls']}", package, folder, written)


def _check_name(name: str) -> None:
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise ConfigError(f"{name!r} is no name of a Python package; write one such as demo_job")
    if is_hidden(name):
        raise ConfigError(f"{name!r} would not be found among the plugins; write a name without _ or test_ in front")
    if _class_name(name) == BaseJob.__name__:
        raise ConfigError(f"{name!r} would make a class BaseJob, which every plugin inherits; choose another name")


def _class_name(name: str) -> str:
    """`SendBills` for send_bills."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + ("" if name.endswith("job") else "Job")


def _packages_above(folder: Path, extensions_dir: Path) -> list[Path]:
    above = [each for each in folder.parents if each.is_relative_to(extensions_dir) and each != extensions_dir]
    return [each for each in reversed(above) if not (each / "__init__.py").exists()]


def _write(path: Path, text: str) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); set EXTENSIONS_DIR to a folder of yours"
        ) from None
    return True
