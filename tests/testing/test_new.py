"""`plugin new`: what it writes passes the checks that it names, on a machine that has nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connecthub.errors import ConfigError
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.plugins.discover import plugin_modules
from connecthub.plugins.scaffold import write_plugin
from tests.cli import Cli, bare_environment
from tests.docs import ROOT

TOOLS = Path(sys.executable).parent


def test_it_writes_the_package_and_the_ones_above(tmp_path: Path):
    written = write_plugin("send_bills", tmp_path, ["company.jobs", "extensions"])
    assert [str(path.relative_to(tmp_path)) for path in written.files] == [
        "company/__init__.py",
        "company/jobs/__init__.py",
        "company/jobs/send_bills/__init__.py",
        "company/jobs/send_bills/job.py",
        "company/jobs/send_bills/test_job.py",
    ]
    assert (written.handler, written.package) == ("company.jobs.send_bills.job:SendBillsJob", "company.jobs.send_bills")
    again = write_plugin("other_job", tmp_path, ["company.jobs"])
    assert len(again.files) == 3
    write_plugin("testimony", tmp_path, ["company.jobs"])
    assert "company.jobs.testimony.job" in plugin_modules(tmp_path, ["company"])
    assert again.handler.endswith(":OtherJob")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("demo-job", "such as demo_job"),
        ("../demo", "such as demo_job"),
        ("class", "such as demo_job"),
        ("工单", "such as demo_job"),
        ("", "such as demo_job"),
        ("_demo", "not be found"),
        ("test_demo", "not be found"),
        ("base", "class BaseJob, which every plugin inherits"),
        ("base_job", "class BaseJob, which every plugin inherits"),
        ("there", "exists and stays as it is"),
        ("module", "exists and stays as it is"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_and_nothing_is_written(tmp_path: Path, name: str, words: str):
    (tmp_path / "extensions" / "there").mkdir(parents=True)
    (tmp_path / "extensions" / "module.py").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ConfigError, match=words):
        write_plugin(name, tmp_path, ["extensions"])
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "extensions").touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_plugin("demo_job", tmp_path, ["extensions"])


@pytest.mark.slow
def test_what_it_writes_passes_its_check_its_tests_and_the_tools(tmp_path: Path):
    cli = Cli(bare_environment(), tmp_path)
    new = cli("plugin", "new", "demo_job")
    assert (new.code, new.err) == (0, "")
    python, told = f"{sys.executable} -m ", new.out.partition("Next:\n")[2]
    for command in ("connecthub plugin check extensions.demo_job", "pytest extensions/demo_job"):
        assert f"  {python}{command}\n" in told
    with SeeyonSandbox() as oa:
        line = told.splitlines()[-1].replace("http://127.0.0.1:8765", oa.base_url)
        ran = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=bare_environment(), capture_output=True, text=True)
    assert (ran.returncode, '{"units": 1}' in ran.stdout) == (0, True), ran.stderr
    check = cli("plugin", "check", "extensions.demo_job")
    assert (check.code, check.err) == (0, "")
    assert [line.split()[0] for line in check.out.splitlines()] == ["ok"] * 4
    tests = subprocess.run(
        [TOOLS / "pytest", "extensions/demo_job"], cwd=tmp_path, env=bare_environment(), capture_output=True, text=True
    )
    assert (tests.returncode, tests.stderr) == (0, ""), tests.stdout
    (tmp_path / "connecthub").symlink_to(ROOT / "connecthub")  # as in a checkout: imports are sorted by what is ours
    settings = ["--config", str(ROOT / "pyproject.toml")]
    for tool in (
        [TOOLS / "ruff", "check", *settings, "extensions"],
        [TOOLS / "ruff", "format", "--check", *settings, "extensions"],
    ):
        ran = subprocess.run(tool, cwd=tmp_path, env=bare_environment(), capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, f"{tool}: {ran.stdout}{ran.stderr}"
    assert cli("plugin", "new", "demo_job").code == 2
