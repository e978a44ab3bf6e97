"""Settings: what is read from where, what is refused and how it is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from connecthub.core.config import Settings, load_settings, system_timezone, unknown_keys
from connecthub.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "env.example"
CANARY = "c4nary-pa55word"


def settings(**environ: str) -> Settings:
    return load_settings(None, environ)


def refusal(**environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(None, environ)
    return str(caught.value)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_without_any_variable_it_runs_embedded_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    found = load_settings(environ={})
    assert found.data_dir == tmp_path / "data"
    assert found.fernet_key_path == tmp_path / "data/fernet.key"
    assert found.extensions_dir == tmp_path
    assert found.database_url == f"sqlite:///{tmp_path}/data/connecthub.sqlite3"
    assert found.redis_url is None
    assert found.stack == "embedded"
    assert found.queue == f"SqliteHuey in {tmp_path}/data"
    assert found.plugin_packages == ("extensions",)
    assert found.instance_name == os.uname().nodename
    assert (found.heartbeat_seconds, found.lease_seconds, found.drain_seconds) == (3, 60, 30)
    found.check_stack()


def test_the_environment_wins_over_the_file_and_an_empty_value_counts_as_unset(env_file: Path):
    env_file.write_text("WORKERS=2\nLOG_LEVEL=debug\nINSTANCE_NAME=\nREDIS_URL=''\n")
    found = load_settings(env_file, {"WORKERS": "3", "LOG_LEVEL": " ", "LOG_FORMAT": ""})
    assert (found.workers, found.log_level, found.log_format) == (3, "DEBUG", "text")
    assert found.instance_name == os.uname().nodename
    assert found.redis_url is None


def test_the_process_environment_is_read_unless_another_is_given(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKERS", "7")
    assert load_settings(None).workers == 7
    assert load_settings(None, {}).workers == 4
    assert Settings().workers == 4


def test_a_missing_file_is_no_error_and_an_unreadable_one_is(tmp_path: Path, env_file: Path):
    assert load_settings(env_file, {}).workers == 4
    env_file.write_bytes(b"INSTANCE_NAME=\xff\xfe\n")
    for read in (lambda: load_settings(env_file, {}), lambda: unknown_keys(env_file)):
        with pytest.raises(ConfigError, match=r"\.env cannot be read \(not UTF-8\); make it a text file"):
            read()


def test_keys_that_are_not_ours_are_ignored_and_listed(env_file: Path):
    env_file.write_text("WORKERS=2\nCELERY_BROKER=amqp://x\nexport DB_POOL=5\nWorkres=\n")
    assert load_settings(env_file, {}).workers == 2
    assert unknown_keys(env_file) == ["CELERY_BROKER", "DB_POOL", "Workres"]
    assert unknown_keys(env_file.with_name("none")) == []


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_every_old_name_of_postgresql_means_psycopg_3(scheme: str):
    found = settings(DB_URL=f"{scheme}://hub:p%40ss@[::1]:5432/hub?sslmode=verify-full")
    assert found.database_url == "postgresql+psycopg://hub:p%40ss@[::1]:5432/hub?sslmode=verify-full"
    assert found.stack == "production"


def test_a_relative_sqlite_file_is_found_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert settings(DB_URL="sqlite:///sub/../x.db").database_url == f"sqlite:///{tmp_path}/x.db"
    assert settings(DB_URL="sqlite+pysqlite:////srv/x.db?timeout=3").database_url == "sqlite:////srv/x.db?timeout=3"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=1"])
def test_a_database_in_memory_is_refused(url: str):
    assert refusal(DB_URL=url).startswith("DB_URL: name a file, such as sqlite:///data/connecthub.sqlite3")


@pytest.mark.parametrize(
    "url",
    [
        CANARY,
        f"mysql://u:{CANARY}@h/d",
        f"postgresql://u:{CANARY}@x@h/d",
        f"postgresql://u:x/{CANARY}@h/d",
        f"postgresql://u:#{CANARY}@h/d",
        f"postgresql://h:{CANARY}/d",
        f"postgresql+asyncpg://u:{CANARY}@h/d",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(url: str):
    said = refusal(DB_URL=url, REDIS_URL=url)
    assert "DB_URL: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE" in said
    assert "; REDIS_URL: write redis://USER:PASSWORD@HOST:PORT/NUMBER" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    "url", ["redis://:pw@h:6379/0", "rediss://h", "unix:///run/redis.sock?db=1", "redis://[::1]:1"]
)
def test_redis_urls_are_kept_as_they_are(url: str):
    assert settings(REDIS_URL=url).redis_url == url


def test_the_two_stacks_are_accepted_and_other_pairs_are_refused():
    postgres = f"postgresql://hub:{CANARY}@db/hub"
    redis = f"redis://:{CANARY}@queue:6379/0"
    settings().check_stack()
    settings(DB_URL=postgres, REDIS_URL=redis).check_stack()
    with pytest.raises(ConfigError) as without_redis:
        settings(DB_URL=postgres).check_stack()
    with pytest.raises(ConfigError) as without_postgres:
        settings(DB_URL="sqlite:////srv/x.db", REDIS_URL=redis).check_stack()
    assert str(without_redis.value) == (
        "DB_URL is postgresql+psycopg://hub:***@db/hub and REDIS_URL is unset: SQLite goes without Redis and PostgreSQL"
        " with it; set REDIS_URL, or unset DB_URL to run on SQLite"
    )
    assert str(without_postgres.value) == (
        "DB_URL is sqlite:////srv/x.db and REDIS_URL is redis://:***@queue:6379/0: SQLite goes without Redis and"
        " PostgreSQL with it; unset REDIS_URL, or point DB_URL to PostgreSQL"
    )


def test_no_secret_is_in_a_repr_and_the_queue_is_told_without_its_password():
    found = settings(
        DB_URL=f"postgresql://u:{CANARY}@h/d", REDIS_URL=f"redis://:{CANARY}@h/0", QUEUE_SIGNING_KEY=CANARY
    )
    assert CANARY not in f"{found!r} {found}"
    assert found.queue == "redis://:***@h/0"
    assert found.queue_signing_key is not None
    assert found.queue_signing_key.get_secret_value() == CANARY


def test_settings_made_by_hand_show_no_refused_value_either():
    with pytest.raises(ValidationError) as caught:
        Settings(db_url=CANARY)
    assert CANARY not in str(caught.value)


def test_each_mistake_is_named_with_its_value_and_what_to_write():
    said = refusal(WORKERS="many", LOG_FORMAT="xml", DB_MIGRATE="perhaps", TIMEZONE="Mars/Phobos\x1b[2J")
    assert said.split("; ") == [
        "TIMEZONE='Mars/Phobos\\x1b[2J': no IANA time zone, write one such as Asia/Shanghai",
        "WORKERS='many': input should be a valid integer, unable to parse string as an integer",
        "LOG_FORMAT='xml': input should be 'text' or 'json'",
        "DB_MIGRATE='perhaps': input should be a valid boolean, unable to interpret input",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_TO_FILE", "2"),
        ("LOG_MAX_BYTES", "16 MiB"),
        ("HEARTBEAT_SECONDS", "0"),
        ("LEASE_SECONDS", "nan"),
        ("DRAIN_SECONDS", "-1"),
        ("PLUGIN_PACKAGES", ","),
        ("PLUGIN_PACKAGES", "extensions,../evil"),
        ("TIMEZONE", "localtime"),
        ("TIMEZONE", "../../etc/passwd"),
        ("TIMEZONE", "Asia"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(name: str, value: str):
    assert refusal(**{name: value}).startswith(f"{name}={value!r}: ")


def test_a_heartbeat_must_fit_four_times_into_the_lease():
    assert refusal(HEARTBEAT_SECONDS="15") == (
        "LEASE_SECONDS=60: write more than four times HEARTBEAT_SECONDS, which is 15, or lower that one"
    )
    assert settings(HEARTBEAT_SECONDS="0.3", LEASE_SECONDS="6").heartbeat_seconds == 0.3


def test_switches_take_on_and_off_and_lists_take_commas():
    found = settings(DB_MIGRATE="off", LOG_TO_FILE="on", PLUGIN_PACKAGES="extensions, acme.plugins,")
    assert (found.db_migrate, found.log_to_file) == (False, True)
    assert found.plugin_packages == ("extensions", "acme.plugins")


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/srv/home")
    found = settings(DATA_DIR="~/data", FERNET_KEY_PATH="keys/../k", EXTENSIONS_DIR="..")
    assert found.data_dir == Path("/srv/home/data")
    assert found.fernet_key_path == tmp_path / "k"
    assert found.extensions_dir == tmp_path.parent


def system(root: Path, *, link: str | None = None, timezone: str | None = None) -> Path:
    (root / "etc").mkdir()
    if link is not None:
        (root / "etc/localtime").symlink_to(link)
    if timezone is not None:
        (root / "etc/timezone").write_text(timezone)
    return root


def test_the_systems_zone_is_read_from_tz_then_the_link_then_the_file(tmp_path: Path):
    root = system(tmp_path, link="../usr/share/zoneinfo/Europe/Vienna", timezone="Asia/Tokyo\n")
    assert system_timezone({"TZ": ":Asia/Shanghai"}, root) == "Asia/Shanghai"
    assert system_timezone({"TZ": "/usr/share/zoneinfo/Asia/Shanghai"}, root) == "Asia/Shanghai"
    assert system_timezone({"TZ": "CST-8"}, root) == "Europe/Vienna"
    (root / "etc/localtime").unlink()
    assert system_timezone({}, root) == "Asia/Tokyo"
    (root / "etc/timezone").write_text("/etc/localtime")
    assert system_timezone({}, root) == "UTC"


def test_a_system_that_names_no_zone_counts_as_utc(tmp_path: Path):
    assert system_timezone({}, tmp_path) == "UTC"


def test_a_given_tz_variable_is_the_default_of_timezone():
    assert settings(TZ="Asia/Shanghai").timezone == "Asia/Shanghai"
    assert settings(TZ="Asia/Shanghai", TIMEZONE="UTC").timezone == "UTC"


def test_the_example_file_has_each_setting_once_with_its_own_sentence():
    blocks = re.findall(r"^# (.+)\n(?:# )?([A-Z_]+)=.*$", EXAMPLE.read_text(), re.MULTILINE)
    described = [(field.description, name.upper()) for name, field in Settings.model_fields.items()]
    assert blocks == described
    assert all(sentence and sentence.endswith(".") for sentence, _ in blocks)


def test_the_example_file_sets_a_zone_only_and_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert load_settings(EXAMPLE, {}) == settings(TIMEZONE="Asia/Shanghai")
    assert unknown_keys(EXAMPLE) == []
    shown = tmp_path / ".env"
    shown.write_text(re.sub(r"^# ([A-Z_]+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert load_settings(shown, {}) == settings(TIMEZONE="Asia/Shanghai")
    assert len(unknown_keys(shown)) == 0


def test_reading_settings_imports_no_database_and_no_queue():
    program = """
import sys
from connecthub.core.config import load_settings
load_settings(None, {})
sys.exit(" ".join({"sqlalchemy", "redis", "huey", "httpx", "cryptography", "connecthub.db"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stderr.strip() == ""
