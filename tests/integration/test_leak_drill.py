"""A leak drill: no secret in a listing, export, error, audit row, screen or process list that an operator can reach."""

from __future__ import annotations

import asyncio
import html
import json
import re
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from connecthub.db.tables import metadata
from connecthub.testing import canaries
from tests.cli import Cli, Ran
from tests.docs.test_commands import COMMANDS
from tests.integration.conftest import Installation
from tests.integration.people import public_key
from tests.tui.pictures import SCREENS, walk
from tui.data import Data

PASSWORD = "canary/4711 'quoted' 密码"
NEW_PASSWORD = "canary-4712-after-an-edit"
DATABASE = "canary-4713-database"
REDIS = "canary-4714-redis"
CHANNEL_USER = "canary-4715-channel"
CHANNEL_PATH = "canary4716token"
CANARIES = (PASSWORD, NEW_PASSWORD, DATABASE, REDIS, CHANNEL_USER, CHANNEL_PATH)

DRILL: dict[str, list[str]] = {
    "status": ["status", "status --workers", "status --json"],
    "job acknowledge": ["job acknowledge bad --note seen", "job acknowledge bad --note twice"],
    "job add": ["job add good --handler samples.good:Secretive --cron @daily --secrets {PASSWORD}"],
    "job apply": ["job apply jobs.yaml --dry-run", "job apply jobs.yaml --yes"],
    "job delete": ["job delete gone --yes"],
    "job disable": ["job disable good"],
    "job edit": ["job edit good --timeout 60"],
    "job enable": ["job enable good"],
    "job export": ["job export", "job export good -o out.yaml"],
    "job history": ["job history good", "job history good --json"],
    "job list": ["job list", "job list --json"],
    "job missed": ["job missed good"],
    "job retry-failed": ["job retry-failed --yes"],
    "job revert": ["job revert good --yes"],
    "job run": ["job run good", "job run bad --params {RAISE}", "job run good --dry-run"],
    "job show": ["job show good", "job show good --json", "job show bad --json"],
    "job why": ["job why good", "job why bad --json"],
    "log cancel": ["log cancel 1"],
    "log list": ["log list", "log list --json"],
    "log prune": ["log prune --dry-run"],
    "log retry": ["log retry 2"],
    "log show": ["log show 1", "log show 2", "log show 2 --json"],
    "log tail": ["log tail 1", "log tail 2"],
    "plugin check": ["plugin check samples.good:Secretive --secrets {PASSWORD}"],
    "plugin list": ["plugin list"],
    "plugin run": ["plugin run samples.good:Secretive", "plugin run samples.good:Secretive --dry-run"],
    "plugin show": ["plugin show samples.good:Secretive --json"],
    "queue list": ["queue list"],
    "audit list": ["audit list --limit 1000", "audit list --limit 1000 --json"],
    "audit show": [f"audit show {number}" for number in range(1, 12)],
    "handover": ["handover", "handover --json"],
    "alert channel add": ["alert channel add hook --url {CHANNEL}"],
    "alert channel list": ["alert channel list", "alert channel list --json"],
    "alert channel remove": ["alert channel remove other"],
    "alert list": ["alert list", "alert list --json"],
    "alert rules": ["alert rules", "alert rules good"],
    "alert set": ["alert set --job good --channel hook --channel other"],
    "alert test": ["alert test"],
    "operator add": ["operator add carol --role viewer --key carol.pub"],
    "operator disable": ["operator disable carol"],
    "operator edit": ["operator edit carol --role operator"],
    "operator enable": ["operator enable carol"],
    "operator key add": ["operator key add carol carol.pub"],
    "operator key remove": ["operator key remove carol SHA256:none"],
    "operator list": ["operator list --json"],
    "operator remove": ["operator remove carol --yes"],
    "operator show": ["operator show carol"],
    "ssh install": ["ssh install"],
    "ssh sync": ["ssh sync --once"],
    "logs": ["logs"],
    "down": ["down"],
    "health": ["health", "health --json"],
    "doctor": ["doctor", "doctor --json"],
    "backup": ["backup copy"],
    "restore": ["restore copy --yes"],
    "db check": ["db check", "db check --json"],
    "db import": ["db import --from {DB_URL} --key data/fernet.key --yes"],
    "db upgrade": ["db upgrade"],
    "key add": ["key add"],
    "key check": ["key check", "key check --json"],
    "key init": ["key init"],
    "key rotate": ["key rotate"],
    "config check": ["config check", "config check --json"],
}
"""What is said of a command, by its words; also what is refused."""
LEFT_OUT = {
    "up, restart, scheduler, worker, ssh serve": "services; a worker runs here all along, and its words are searched",
    "tui": "its screens are walked below",
    "ssh session": "tests/ssh",
    "demo, cron next, completion": "no secret of an installation is near them",
    "plugin new, sandbox seeyon, sandbox didi": "nor near these",
}


@dataclass(frozen=True)
class Place:
    """An installation whose every secret is a canary, and its command line."""

    installation: Installation
    cli: Cli
    folder: Path


def found_in(text: str) -> list[str]:
    """The canaries that stand in a text in any form, and what is left of one that was cut."""
    shown = canaries.found_in(text, {canary: canary for canary in CANARIES})
    beginnings = ("canary/4711", "canary-471", "canary4716")
    return [f"{canary} ({form})" for canary, form in shown] + [each for each in beginnings if each in text]


@pytest.fixture
def place(installation: Installation, tmp_path: Path) -> Place:
    environment = installation.environment()
    if installation.settings.db_url and installation.settings.redis_url:  # both servers trust everybody
        database = make_url(installation.settings.db_url).set(password=DATABASE)
        environment["DB_URL"] = database.render_as_string(hide_password=False)
        redis = urllib.parse.urlsplit(installation.settings.redis_url)
        environment["REDIS_URL"] = redis._replace(netloc=f"default:{REDIS}@{redis.netloc.rpartition('@')[2]}").geturl()
    given = {
        "PASSWORD": json.dumps({"password": PASSWORD}, ensure_ascii=False),
        "NEW": json.dumps({"password": NEW_PASSWORD}),
        "CHANNEL": f"json://{CHANNEL_USER}:{CHANNEL_USER}@127.0.0.1:9/{CHANNEL_PATH}",
        "DB_URL": environment["DB_URL"],
    }
    for name, text in given.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "carol.pub").write_text(public_key(7).text)
    return Place(installation, Cli(environment, tmp_path), tmp_path)


def words(line: str) -> list[str]:
    """The words of a line of the table; a secret in it is a file."""
    return re.sub(r"\{(\w+)\}", r"@\1", line).split()


def prepare(place: Place) -> list[Ran]:
    """Jobs with secrets, one of which fails, and what else an installation has; their runs have ended."""
    options = "--handler samples.good:Secretive --cron @daily --secrets {PASSWORD}"
    lines = [
        *(DRILL["job add"] + DRILL["alert channel add"] + DRILL["operator add"]),
        f"job add bad {options} --params {{RAISE}}",
        f"job add gone {options}",
        "alert channel add other --url {CHANNEL}",
        "job run good --wait --json",
        "job run bad --wait --json",
        "job edit good --secrets {NEW} --timeout 90",
        "job export -o jobs.yaml",
    ]
    (place.folder / "RAISE").write_text('{"raise": true}')
    return [place.cli(*words(line)) for line in lines]


def processes() -> str:
    """What any account of the host sees of its processes."""
    shown = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            shown.append(path.read_text(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(shown)


def test_every_command_is_in_the_drill_or_left_out_for_a_reason() -> None:
    left_out = [name for names in LEFT_OUT for name in names.split(", ")]
    assert sorted([*DRILL, *left_out]) == sorted(name.removeprefix("connecthub ") for name in COMMANDS)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("installation", ["production"], indirect=True)  # the stack with secrets in its settings
def test_no_command_says_a_secret(place: Place) -> None:
    with place.cli.live("worker", LOG_LEVEL="debug") as worker, place.cli.live("scheduler") as scheduler:
        worker.wait_for("serves queue")
        answers = prepare(place)
        assert [ran.code for ran in answers] == [*[0] * 7, 1, 0, 0], [ran.err for ran in answers]
        answers += place.cli.each([words(line) for lines in DRILL.values() for line in lines])
        shown = processes()
    said = "".join(ran.out + ran.err for ran in answers) + worker.said + scheduler.said
    assert "password" in said
    assert found_in(said) == []
    assert found_in(shown) == []
    files = [path for path in place.folder.rglob("*") if path.is_file() and path.name not in given_files()]
    settings_of_sessions = place.installation.settings.data_dir / "ssh" / "settings" / ".env"
    assert settings_of_sessions.stat().st_mode & 0o777 == 0o600
    files.remove(settings_of_sessions)
    assert {path.name for path in files} >= {"fernet.key", "copy", "out.yaml"}
    leaks = {path.name: found for path in files if (found := found_in(path.read_bytes().decode(errors="replace")))}
    assert leaks == {}
    with place.installation.database.read() as connection:
        rows = [str(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    assert found_in("".join(rows)) == []


def given_files() -> set[str]:
    """The files that hold a secret because the drill wrote it there."""
    return {"PASSWORD", "NEW", "CHANNEL", "DB_URL"}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("installation", ["embedded"], indirect=True)  # no screen shows a setting of the other
def test_no_screen_shows_a_secret(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with place.cli.live("worker") as worker:
        worker.wait_for("serves queue")
        prepare(place)
    for name, value in place.cli.environment.items():
        monkeypatch.setenv(name, value)
    leaks = {}
    for name, keys in SCREENS.items():
        picture = asyncio.run(walk(Data.open, keys, (120, 40), "en"))
        text = html.unescape(re.sub(r"<[^>]*>", "", picture)).replace("\xa0", " ")
        if found := found_in(text):
            leaks[name] = found
    assert leaks == {}
