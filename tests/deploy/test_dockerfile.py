"""The image without Docker: its build commands are run, its packages looked up, its rules read."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from connecthub import __version__
from tests.deploy import ROOT
from tests.deploy.dockerfile import Stage, stages

SECONDS = 110
BY_NAME = {stage.name: stage for stage in stages()}


def run(command: str, folder: Path, seconds: float = SECONDS, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a RUN line as Docker does: with /bin/sh."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def copy(stage: Stage, folder: Path) -> None:
    """Do what the COPY lines of a stage do with files of the checkout."""
    for line in stage.all("COPY"):
        *sources, target = [word for word in line.split() if not word.startswith("--")]
        for source in sources:
            place = folder / target / source if target == "./" else folder / target
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_its_build_stage_makes_a_venv_in_which_connecthub_runs(tmp_path: Path):
    folder, venv = tmp_path / "build", tmp_path / "venv"
    folder.mkdir()
    copy(BY_NAME["build"], folder)
    said = ""
    for command in BY_NAME["build"].all("RUN"):
        assert "/opt/connecthub" in command
        # As the build argument is empty by default.
        ran = run(command.replace("/opt/connecthub", str(venv)), folder, PIP_INDEX_URL="")
        assert ran.returncode == 0, f"{command}\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}"
        said = ran.stdout
    assert said.strip().endswith(__version__)
    # Away from the checkout, as the run stage has it: the screens and the sample plugin came with the wheel.
    seen = run(f"{venv}/bin/python -P -c 'import tui.app, extensions, apprise; print(tui.__file__)'", tmp_path)
    assert seen.stdout.startswith(str(venv)), seen.stderr

    dev = [command for command in BY_NAME["dev"].all("RUN") if "site-packages" in command]
    assert len(dev) == 1
    ran = run(dev[0].replace("/opt/connecthub", str(venv)).replace("/srv/connecthub/source", str(ROOT)), tmp_path)
    assert ran.returncode == 0, ran.stderr
    seen = run(f"{venv}/bin/python -P -c 'import connecthub; print(connecthub.__file__)'", tmp_path)
    assert seen.stdout.startswith(str(ROOT)), seen.stderr


def test_each_command_is_right_for_the_shell():
    for stage in stages():
        for command in stage.all("RUN"):
            checked = subprocess.run(["/bin/sh", "-n", "-c", command], capture_output=True, text=True)
            assert (checked.returncode, checked.stderr) == (0, ""), command


def test_the_packages_that_it_installs_exist():
    names = re.findall(r"apt-get install -y --no-install-recommends (.+?) &&", BY_NAME["common"].all("RUN")[0])
    assert len(names) == 1
    if shutil.which("apt-cache") is None:
        pytest.skip("this is no Debian; the names are looked up where apt-cache is")
    wanted = names[0].split()
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", *wanted], capture_output=True, text=True)
    found = re.findall(r"^Package: (.+)$", shown.stdout, re.MULTILINE)
    if not found and not _has_lists():
        pytest.skip("apt has no lists here; `apt-get update` fetches them")
    assert set(found) == set(wanted)


def _has_lists() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*_Packages*"))


def test_a_mirror_takes_the_place_of_every_address_and_only_where_one_is_given(tmp_path: Path):
    sources = tmp_path / "debian.sources"
    before = "Types: deb\nURIs: http://one.example/debian\nSuites: bookworm\n\nURIs: https://two.example/security\n"
    command, _, _ = BY_NAME["common"].all("RUN")[0].partition("&& apt-get")
    command = command.replace("/etc/apt/sources.list.d", str(tmp_path))
    for mirror, after in {
        "": before,
        "https://near.example": before.replace("http://one.example", "https://near.example").replace(
            "https://two.example", "https://near.example"
        ),
    }.items():
        sources.write_text(before)
        assert run(command, tmp_path, DEBIAN_MIRROR=mirror).returncode == 0
        assert sources.read_text() == after


def test_the_last_stage_runs_as_nobody_special_behind_an_init_that_reaps():
    assert [stage.name for stage in stages()] == ["build", "common", "dev", "run"]
    assert BY_NAME["run"].base == "common"
    assert BY_NAME["run"].instructions == []
    common = BY_NAME["common"]
    assert common.all("USER") == ["connecthub"] == BY_NAME["dev"].all("USER")[-1:]
    assert json.loads(common.all("ENTRYPOINT")[0]) == ["tini", "-s", "--", "connecthub"]
    assert common.all("HEALTHCHECK") == ["NONE"]
    assert not any("pip" in command for command in common.all("RUN"))


def test_mirrors_are_arguments_that_are_empty():
    arguments = [each for stage in stages() for each in stage.all("ARG")]
    assert {'PIP_INDEX_URL=""', 'DEBIAN_MIRROR=""'} <= set(arguments)
    assert not any("://" in shlex.join(shlex.split(each)) for each in arguments)
