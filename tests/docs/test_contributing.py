"""CONTRIBUTING says what .ci/run does and what stands where."""

from __future__ import annotations

import re
import tomllib

from tests.docs import CONTRIBUTING, README, ROOT, VENV, commands

CI_VENV = "--clear build/ci-venv"


def plain(command: str) -> str:
    """A command without the place of its venv and without what .ci/run makes of its exit code."""
    return command.partition(" || ")[0].replace(VENV, "").replace(CI_VENV, ".venv")


def commands_of_ci() -> list[str]:
    """What .ci/run runs, in order, after it has set itself up."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    return [plain(line) for line in script.partition("\nset -x\n")[2].splitlines() if line]


def test_its_commands_are_those_of_ci_in_order() -> None:
    assert [plain(command) for command in commands(CONTRIBUTING)] == commands_of_ci()
    assert len(commands_of_ci()) > 5


def test_the_test_command_of_the_readme_is_one_of_ci() -> None:
    (line,) = (line for line in README.splitlines() if line.endswith("pytest"))
    assert [plain(part) for part in line.split(" && ")] == ["pip install -e '.[dev]'", "pytest"]
    assert {plain(part) for part in line.split(" && ")} <= set(commands_of_ci())


def test_its_rooms_are_the_layers_that_imports_point_down() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rooms = re.findall(r"^\| `connecthub/(\w+)(?:/|\.py)` \|", CONTRIBUTING, re.MULTILINE)
    assert rooms == [room.strip() for layer in layers for room in layer.split("|")]


def test_every_path_that_it_names_is_there() -> None:
    paths = re.findall(r"`([\w.]+/[\w./]*|[\w-]+\.(?:md|py|toml))`", CONTRIBUTING)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []
