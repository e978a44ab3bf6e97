"""A secret goes in by file or pipe and comes out nowhere: not on a screen, in a file, a row, a message or a command."""

from __future__ import annotations

import base64
import json
import urllib.parse
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from connecthub.db.tables import metadata
from tests.cli import Cli, descendants
from tests.integration.conftest import Installation

CANARY = "canary/4711 'quoted' 密码"
SPELLINGS = [
    CANARY,
    json.dumps(CANARY)[1:-1],
    urllib.parse.quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    "canary/4711",
    "canary%2F4711",
]


def spelled_in(data: bytes) -> list[str]:
    return [spelling for spelling in SPELLINGS if spelling.encode() in data]


@pytest.mark.slow
def test_a_secret_comes_out_nowhere(installation: Installation, tmp_path: Path):
    cli = Cli(installation.environment(), tmp_path)
    given = json.dumps({"password": CANARY}, ensure_ascii=False)
    (tmp_path / "secrets.json").write_text(given)
    options = ("--handler", "samples.good:Secretive", "--cron", "@daily")
    answers = [
        cli("job", "add", "good", *options, "--secrets", "@secrets.json", "--json"),
        cli("job", "add", "bad", *options, "--secrets", "-", "--params", '{"raise": true}', stdin=given),
        cli("job", "add", "more", *options, "--secrets", "@secrets.json", "--params", '{"raise": "'),
    ]
    assert [ran.code for ran in answers] == [0, 0, 2]
    assert answers[0].json["secret_cfg"] == {"password": "***"}
    (tmp_path / "secrets.json").unlink()

    with cli.live("worker", LOG_LEVEL="debug", LOG_TO_FILE="on") as worker:
        worker.wait_for("serves queue")
        runs = [cli("job", "run", name, "--wait", "--json") for name in ("good", "bad")]
        processes = [Path(f"/proc/{pid}") for pid in (worker.pid, *descendants(worker.pid))]
        assert len(processes) == 2, "worker and launcher"
        handed_over = b"".join(
            (process / name).read_bytes() for process in processes for name in ("cmdline", "environ")
        )
    assert [run.code for run in runs] == [0, 1]
    assert runs[0].json["log"].count("stdout: ***\n") == 4
    assert json.loads(runs[0].json["result"]) == {"password": "***"}
    assert runs[1].json["error"] == "ValueError: the password is ***"

    commands = [("job", "show", "good"), ("job", "show", "good", "--json"), ("log", "list"), ("log", "show", "2")]
    answers += [*runs, *cli.each(commands)]
    assert '{"password": "***"}\n' in answers[5].out
    said = "".join(ran.out + ran.err for ran in answers) + worker.said
    assert spelled_in(said.encode()) == []
    assert spelled_in(handed_over) == []
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"fernet.key", "worker.log"}
    assert {path: found for path in written if (found := spelled_in(path.read_bytes()))} == {}
    assert spelled_in(_stored(installation).encode()) == []


def _stored(installation: Installation) -> str:
    """All that the database and Redis hold."""
    with installation.database.read() as connection:
        rows = [str(connection.execute(select(table)).all()) for table in metadata.sorted_tables]
    if installation.settings.redis_url:
        with redis.Redis.from_url(installation.settings.redis_url) as client:
            rows += [repr(client.dump(key)) for key in client.scan_iter()]
    assert any("Secretive" in row for row in rows)
    return "\n".join(rows)


@pytest.mark.parametrize("installation", ["embedded"], indirect=True)
def test_a_job_whose_key_is_away_is_shown_with_the_reason_in_place_of_its_secrets(
    installation: Installation, tmp_path: Path
):
    installation.add(handler="samples.good:Secretive", secrets={"password": CANARY})
    installation.settings.fernet_key_path.unlink()
    shown = Cli(installation.environment(), tmp_path)("job", "show", "job")
    assert shown.code == 0
    assert "cannot be read: no key file at " in shown.out
