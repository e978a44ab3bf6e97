"""`connecthub doctor` as a whole: no check hides another, nothing is created, no secret is shown; its judgements."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connecthub.control.authorized_keys import lines, read_lines
from connecthub.control.installation import prepare
from connecthub.core.config import Settings
from connecthub.core.safe_text import display_width
from connecthub.errors import NotFound, Refused
from connecthub.security.fernet import SecretState
from connecthub.service.doctor import database, findings, key, places, queue, ssh, times
from connecthub.service.doctor.context import Context
from connecthub.service.doctor.examine import CHECKS, checks_named, examine
from connecthub.service.doctor.finding import Check, Finding, State, ok
from tests.cli import Cli, bare_environment, terminal_codes
from tests.integration.test_cli_servers_away import NO_POSTGRESQL, NO_REDIS
from tests.runs import PLUGINS

GIB = 1 << 30
OK, UNKNOWN, WARNING, WRONG = State


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of an embedded installation, which is there."""
    settings = Settings(data_dir=tmp_path / "data", extensions_dir=PLUGINS, plugin_packages=("samples",))
    made, _ = prepare(settings, migrate=True)
    made.dispose()
    return settings


def test_a_check_that_fails_or_hangs_hides_no_other(settings: Settings):
    go_on = threading.Event()

    def fail(_: Context) -> list[Finding]:
        raise ZeroDivisionError("at postgresql://u:canary@h/x")

    def refuse(_: Context) -> list[Finding]:
        raise Refused("this is not possible; do that")

    def hang(_: Context) -> list[Finding]:
        go_on.wait()
        return [ok("late")]

    def answer(_: Context) -> list[Finding]:
        return [ok("fine")]

    looks = {"fails": fail, "refuses": refuse, "hangs": hang, "answers": answer}
    checks = [Check(name, look, seconds=0.1 if name == "hangs" else 10.0) for name, look in looks.items()]
    told = {check.name: found for check, found in examine(Context(settings, env_file=None), checks)}
    go_on.set()
    assert told["answers"] == [ok("fine")]
    assert told["refuses"] == [Finding(WRONG, "this is not possible", "do that")]
    assert [each.state for each in (*told["fails"], *told["hangs"])] == [WRONG, WRONG]
    assert "ZeroDivisionError: at postgresql://u:***@h/x" in told["fails"][0].found
    assert "`LOG_LEVEL=DEBUG connecthub doctor fails`" in told["fails"][0].remedy
    assert "no answer" in told["hangs"][0].found


def test_a_database_that_gives_no_answer_is_waited_for_once(settings: Settings):
    looking = Context(settings, env_file=None)
    looking.give_up_database()
    states = {check.name: found[0] for check, found in examine(looking, checks_named(["database", "clock", "workers"]))}
    assert "no answer" in states["database"].found
    assert states["clock"] == states["workers"] == Finding(UNKNOWN, "not checked: the database is away")


def test_findings_are_none_where_all_is_well_and_a_line_for_each_thing_that_is_wrong(settings: Settings):
    assert findings(settings) == []
    settings.fernet_key_path.chmod(0o644)
    (line,) = findings(settings)
    assert line.startswith("key: ")
    assert "chmod 600" in line


def test_findings_stand_where_everything_is_away(tmp_path: Path):
    away = Settings(data_dir=tmp_path / "none", db_url=NO_POSTGRESQL, redis_url=NO_REDIS)
    told = findings(away)
    assert [line.partition(":")[0] for line in told] == ["disk", "database", "key", "queue"]
    assert "canary-password" not in str(told)
    assert not (tmp_path / "none").exists()


# at the keyboard


def test_at_the_keyboard_a_line_for_each_finding_and_the_remedy_below(settings: Settings, tmp_path: Path):
    environment = bare_environment(DATA_DIR=settings.data_dir, EXTENSIONS_DIR=PLUGINS, PLUGIN_PACKAGES="samples")
    cli = Cli({**environment, "INSTANCE_NAME": "生产\x1b[31m"}, tmp_path)
    (tmp_path / ".env").write_text("WORKRES=8\n")
    shown = cli("doctor")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0].startswith(f"warning  settings   WORKRES in {tmp_path}/.env is no setting")
    assert lines[1].startswith(f"{'':20}run `sed -i ")
    assert [line[9:18].rstrip() for line in lines[2:-2]] == [check.name for check in CHECKS[1:]]
    assert lines[-1] == f"{len(CHECKS)} checks: {len(CHECKS) - 1} ok, 1 warning"
    assert terminal_codes(shown.out) == set()
    elsewhere = str(tmp_path / "none")
    away = cli("doctor", "--json", DATA_DIR=elsewhere, DB_URL=NO_POSTGRESQL, REDIS_URL=NO_REDIS)
    assert (away.code, away.json["wrong"], away.json["unknown"]) == (1, 4, 7)
    states = {each["check"]: each["state"] for each in away.json["checks"]}
    assert (states["database"], states["workers"], states["account"]) == ("wrong", "unknown", "ok")
    assert "canary-password" not in away.out + away.err
    assert not (tmp_path / "none").exists()


def test_the_help_names_every_check():
    from connecthub.cli.doctor import NAME_WIDTH, doctor

    assert doctor.help is not None
    assert [check.name for check in CHECKS if check.name not in doctor.help] == []
    assert max(display_width(check.name) for check in CHECKS) == NAME_WIDTH
    with pytest.raises(NotFound, match="no check 'dsk'; there are settings, account, disk"):
        checks_named(["disk", "dsk"])


# judgements: what is seen, and how it is taken


def states(found: list[Finding]) -> list[State]:
    assert [each for each in found if each.state in (WARNING, WRONG) and not each.remedy] == []
    return [each.state for each in found]


@pytest.mark.parametrize(
    ("free", "size", "expected"),
    [
        (100 * GIB, 1000 * GIB, []),
        (2 * GIB, 10 * GIB, []),
        (10 * GIB, 1000 * GIB, [WARNING]),
        (GIB // 2, GIB, [WARNING]),
        (50 << 20, 10 * GIB, [WRONG]),
        (0, 0, [WRONG]),
    ],
)
def test_room_on_a_disk(free: int, size: int, expected: list[State]):
    assert states(places.judge_room(Path("/d"), free, size)) == expected


@pytest.mark.parametrize(("free", "total", "expected"), [(0, 0, []), (5, 100, []), (4, 100, [WARNING])])
def test_room_for_files(free: int, total: int, expected: list[State]):
    assert states(places.judge_inodes(Path("/d"), free, total)) == expected


@pytest.mark.parametrize(
    ("ahead", "doubt", "expected"),
    [(0.9, 0.0, OK), (-0.9, 0.0, OK), (1.1, 0.0, WARNING), (-4.9, 0.0, WARNING), (5.1, 0.0, WRONG), (3.0, 2.5, OK)],
)
def test_clocks(ahead: float, doubt: float, expected: State):
    assert states(times.judge_clock(ahead, doubt, kept=True)) == [expected]


SERVER = {
    "version": 150_018,
    "encoding": "UTF8",
    "standby": False,
    "room": 97,
    "used": 10,
    "database_limit": -1,
    "account_limit": -1,
    "account": "connecthub",
    "superuser": False,
    "powerful": False,
}


@pytest.mark.parametrize(
    ("facts", "needed", "expected", "words"),
    [
        ({}, 20, [], ""),
        ({"version": 120_003}, 20, [WARNING], "upgrade to 14"),
        ({"encoding": "SQL_ASCII"}, 20, [WRONG], "createdb --template=template0 --encoding=UTF8"),
        ({"standby": True}, 20, [WRONG], "primary"),
        ({"used": 95}, 20, [WARNING], "max_connections = 200"),
        ({}, 98, [WARNING], "ALTER SYSTEM SET max_connections = 206"),
        ({"account_limit": 10}, 20, [WARNING], 'ALTER ROLE "connecthub" CONNECTION LIMIT 40'),
        ({"database_limit": 10}, 20, [WARNING], "ALTER DATABASE"),
        ({"superuser": True, "powerful": True}, 20, [WARNING], "docs/operations.md"),
        ({"powerful": True}, 20, [WARNING], "docs/operations.md"),
    ],
)
def test_a_postgresql_server(facts: dict[str, Any], needed: int, expected: list[State], words: str):
    found = database.judge_server(SimpleNamespace(**{**SERVER, **facts}), needed)
    assert states(found) == expected
    assert all(words in each.remedy for each in found)


def test_connections_that_are_needed():
    settings = Settings(workers=8)
    assert database.connections_needed(settings, []) == 11 + 11 + 5
    assert database.connections_needed(settings, [1, 20]) == 5 + 23 + 11 + 5


@pytest.mark.parametrize(
    ("facts", "password", "expected"),
    [
        ({"redis_version": "7.2.4", "role": "master", "maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, True, []),
        ({"redis_version": "4.0.1"}, True, [WRONG]),
        ({"role": "slave"}, True, [WRONG]),
        ({"maxmemory": 1 << 20, "used_memory": 9, "maxmemory_policy": "allkeys-lru"}, True, [WARNING]),
        ({"maxmemory": 1 << 20, "used_memory": 1 << 20, "maxmemory_policy": "noeviction"}, True, [WRONG]),
        ({"rdb_last_bgsave_status": "err"}, True, [WRONG]),
        ({}, False, [WARNING]),
    ],
)
def test_a_redis_server(facts: dict[str, Any], password: bool, expected: list[State]):
    assert states(queue.judge_redis(facts, password)) == expected


def test_what_counts_as_a_password_of_redis():
    urls = {"redis://:p@h/0": True, "redis://u:p@h": True, "redis://h:6379/0": False, "unix:///run/redis.sock": True}
    assert {url: queue.has_password(url) for url in urls} == urls


def test_secrets_by_their_state():
    found = key.judge_secrets(
        {
            "fine": SecretState.SEALED,
            "none": SecretState.UNSET,
            "old": SecretState.LEGACY_TOKEN,
            "clear": SecretState.PLAIN_JSON,
            "lost": SecretState.UNREADABLE,
            "moved": SecretState.OTHER_JOB,
        }
    )
    assert [(each.state, each.found.split()[-1]) for each in found] == [
        (WRONG, "key"),
        (WRONG, "job"),
        (WARNING, "clear"),
    ]


@pytest.mark.parametrize(
    ("shell", "password", "expected"),
    [
        ("/bin/sh", None, []),
        ("/bin/bash", "*", []),
        ("/usr/sbin/nologin", "*", [WRONG]),
        ("/bin/sh", "!", [WRONG]),
        ("/bin/sh", "!$y$hash", [WRONG]),
    ],
)
def test_the_account_of_sessions(shell: str, password: str | None, expected: list[State]):
    assert states(ssh.judge_account("connecthub", shell, password)) == expected


def test_what_sshd_refuses_to_read(tmp_path: Path):
    file = tmp_path / "home" / "ssh" / "authorized_keys"
    file.parent.mkdir(parents=True)
    file.touch(0o600)
    home = tmp_path / "home"
    assert ssh.judge_safety(file, os.geteuid(), home) == []
    for path in (file, file.parent, home):
        was = path.stat().st_mode
        path.chmod(0o777)
        assert states(ssh.judge_safety(file, os.geteuid(), home)) == [WRONG]
        path.chmod(was)
    assert set(states(ssh.judge_safety(file, os.geteuid() + 1, home))) <= {WRONG}


def test_a_folder_that_is_everybodys_by_purpose_is_left_as_it_is(tmp_path: Path):
    shared = tmp_path / "shared"
    file = shared / "ssh" / "authorized_keys"
    file.parent.mkdir(parents=True, mode=0o755)
    file.touch(0o600)
    shared.chmod(0o1777)
    (found,) = ssh.judge_safety(file, os.geteuid(), shared)
    assert (found.state, found.remedy) == (WRONG, "move DATA_DIR to another place")


def test_lines_of_authorized_keys_are_read_as_they_are_written(tmp_path: Path):
    keys = [SimpleNamespace(id=number, public_key=f"ssh-ed25519 AAAA{number}") for number in (1, 2)]
    folder = tmp_path / 'it\'s "数据" \\ 1'
    folder.mkdir()
    program = tmp_path / "connecthub"
    program.touch()
    text = lines(keys, folder, program)  # pyright: ignore[reportArgumentType]
    read, others = read_lines(text)
    assert [(line.key_id, line.key, line.program, line.folder) for line in read] == [
        (each.id, each.public_key, program, folder) for each in keys
    ]
    assert ssh.judge_lines(read, others, keys) == []
    assert states(ssh.judge_lines(read, others, keys[:1])) == [WRONG]
    assert states(ssh.judge_lines(read[:1], others, keys)) == [WRONG]
    program.unlink()
    assert states(ssh.judge_lines(read, others, keys)) == [WRONG]
    line = text.splitlines()[1]
    garbled = line.replace("exec ", "exec x' ")
    stranger = f'ssh-ed25519 AAAA9 mallory\ncommand="sh",{line}\n{garbled}\n'
    assert read_lines(stranger) == ([], 3)
    assert states(ssh.judge_lines([], 2, [])) == [WRONG]


def test_zones_that_differ_are_told():
    assert states(times.judge_zones({}, ["Asia/Shanghai"], "UTC")) == [WARNING]
    assert not times.differs("UTC", times.datetime.now(times.UTC))
