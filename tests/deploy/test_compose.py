"""compose.yaml, offline: its shape, what may start before what, what it keeps and what it gives away."""

from __future__ import annotations

import re
import shutil
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from connecthub.core.config import Settings, load_settings
from tests.deploy import ROOT
from tests.deploy.compose_files import COMPOSE, ENV_EXAMPLE, OVERLAY, filled_in, read, seconds, services

OURS = ("migrate", "scheduler", "worker", "ssh")
SERVERS = ("postgres", "redis")
ONE_SHOT = ("migrate",)
PASSWORDS = {"POSTGRES_PASSWORD": "wordone", "REDIS_PASSWORD": "wordtwo"}
CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
SERVICE_KEYS = {
    *("build", "cap_drop", "command", "depends_on", "develop", "environment", "healthcheck", "image", "init", "ports"),
    *("read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "user", "volumes", "working_dir"),
}
HEALTH_KEYS = {"test", "interval", "timeout", "retries", "start_period"}


def compose_plugin_is_here() -> bool:
    """Whether `docker compose` can read files here; it needs no daemon for that."""
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0


@pytest.mark.parametrize("files", [[COMPOSE], [COMPOSE, OVERLAY]], ids=["production", "development"])
def test_compose_itself_takes_it(files: list[Path], tmp_path: Path):
    if not compose_plugin_is_here():
        pytest.skip("this machine has no `docker compose`; the tests beside this one read the files themselves")
    (tmp_path / ".env").write_text(filled_example())
    named = [word for file in files for word in ("-f", str(file))]
    command = ["docker", "compose", "--project-directory", str(tmp_path), *named, "config", "--quiet"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_it_has_the_services_and_nothing_that_compose_does_not_know():
    assert set(services()) == {*OURS, *SERVERS}
    assert {key for service in services().values() for key in service} <= SERVICE_KEYS
    assert set(read(COMPOSE)) <= {"name", "services", "x-confined", "x-connecthub"}


def test_what_a_service_waits_for_exists_and_waits_for_nobody_in_turn():
    waits = {name: service.get("depends_on", {}) for name, service in services().items()}
    assert set(TopologicalSorter(waits).static_order()) == set(waits)
    for name, others in waits.items():
        for other, how in others.items():
            assert how["condition"] in CONDITIONS, name
            if how["condition"] == "service_completed_successfully":
                assert services()[other]["restart"] == "no", "it would be started again after it is done"
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services()[other], f"{name} would wait for {other} for ever"
    for name in ("scheduler", "worker", "ssh"):
        assert waits[name]["migrate"]["condition"] == "service_completed_successfully"


def test_each_service_that_stays_has_a_health_check():
    for name, service in services().items():
        if name in ONE_SHOT:
            continue
        check = service["healthcheck"]
        assert set(check) == HEALTH_KEYS, name
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert service["restart"] == "unless-stopped"
        assert seconds(check["timeout"]) <= seconds(check["interval"])


def test_a_stopping_worker_has_longer_than_its_drain():
    drain = Settings(data_dir=ROOT / "data").drain_seconds
    for name in ("worker", "ssh", "scheduler"):
        assert seconds(services()[name]["stop_grace_period"]) >= drain + 20, name


def test_nobody_is_root_or_can_become_it_and_nothing_is_written_but_data():
    for name, service in services().items():
        assert service["user"] == "${CONNECTHUB_UID:-1000}:${CONNECTHUB_GID:-1000}", name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["init"] is True
        for volume in service["volumes"]:
            source, _, mode = volume.split(":")[0], *volume.split(":")[1:2], volume.split(":")[2:]
            assert source.startswith("./data/") or mode == ["ro"], f"{name} writes to {source}"


def test_only_ssh_is_reached_from_outside():
    assert {name: service["ports"] for name, service in services().items() if "ports" in service} == {
        "ssh": ["${SSH_PORT:-2222}:2222"]
    }
    overlay = read(OVERLAY)["services"]
    ports = [port for service in overlay.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_stands_in_it_or_in_a_command_and_it_is_asked_for_where_it_is_missing():
    shown = filled_in(services(), PASSWORDS)
    for name, service in shown.items():
        assert not any(
            word in str(service.get("command")) + str(service.get("healthcheck")) for word in PASSWORDS.values()
        )
        if name in OURS:
            assert not any(word in str(service) for word in PASSWORDS.values()), name
    assert shown["postgres"]["environment"]["POSTGRES_PASSWORD"] == PASSWORDS["POSTGRES_PASSWORD"]
    for name in PASSWORDS:
        with pytest.raises(ValueError, match=rf"set {name} in \.env"):
            filled_in(services(), {**PASSWORDS, name: ""})


def test_no_image_names_a_registry():
    images = [filled_in(service["image"], {}) for service in services().values() if "image" in service]
    bases = re.findall(r"^ARG BASE_IMAGE=(.+)$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert len(bases) == 1
    for image in (*images, *bases):
        assert "/" not in image, image
    default = filled_in(services()["worker"]["build"]["args"], {})
    assert (default["BASE_IMAGE"], default["DEBIAN_MIRROR"], default["PIP_INDEX_URL"]) == (bases[0], "", "")


def test_no_two_builds_end_in_one_name():
    for path in (COMPOSE, OVERLAY):
        built = [service.get("image") for service in read(path)["services"].values() if "build" in service]
        named = [image for image in built if image is not None]  # without one, Compose takes the service's
        assert built
        assert len(set(named)) == len(named)


def test_the_build_context_can_hold_no_secret():
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert patterns[0] == "*"
    kept = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == kept
    assert all((ROOT / name).exists() for name in kept)


def filled_example() -> str:
    """The example of .env with two passwords."""
    text = ENV_EXAMPLE.read_text(encoding="utf-8")
    for name, word in PASSWORDS.items():
        assert f"\n{name}=\n" in text, f"{name} is not empty in the example"
        text = text.replace(f"\n{name}=\n", f"\n{name}={word}\n")
    return text


def test_the_example_of_env_fills_the_passwords_into_the_settings(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text(filled_example())
    settings = load_settings(file, {})
    settings.check_stack()
    assert settings.stack == "production"
    assert settings.db_url == "postgresql+psycopg://connecthub:wordone@postgres:5432/connecthub"
    assert settings.redis_url == "redis://:wordtwo@redis:6379/0"
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    assert {"CONNECTHUB_UID", "CONNECTHUB_GID", "SSH_PORT", *PASSWORDS} <= used & set(dotenv_values(file))


def test_the_settings_reach_every_process_of_ours_the_same_way():
    for name in OURS:
        service = services()[name]
        assert service["working_dir"] == "/srv/connecthub"
        assert "./.env:/srv/connecthub/.env:ro" in service["volumes"]
        assert "./extensions:/srv/connecthub/extensions:ro" in service["volumes"]
        assert "./data/connecthub:/srv/connecthub/data" in service["volumes"]
        assert "environment" not in service


def test_the_overlay_synchronises_only_what_is_not_mounted():
    overlay: dict[str, dict[str, Any]] = read(OVERLAY)["services"]
    assert set(overlay) <= set(services())
    for name in ("scheduler", "worker", "ssh"):
        mounted = {volume.split(":")[0] for volume in overlay[name]["volumes"]}
        rules = {rule["path"]: rule["action"] for rule in overlay[name]["develop"]["watch"]}
        assert rules["./connecthub"] == rules["./tui"] == "sync+restart"
        assert rules["./extensions"] == "sync"
        assert not mounted & set(rules)
        assert all((ROOT / path).exists() for path in rules)
        assert overlay[name]["read_only"] is False
