"""The accounts of deploy/: with them the whole path runs, and what they do not need is refused."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError

from connecthub.db.migrations import VERSION_TABLE
from connecthub.db.tables import metadata
from tests.cli import Cli, bare_environment
from tests.integration.backups import PUBLIC_KEY
from tests.runs import PLUGINS
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

DEPLOY = Path(__file__).parents[2] / "deploy"
ROLES = DEPLOY / "postgresql" / "roles.sql"
USERS = DEPLOY / "redis" / "users.acl"
SECRET_COLUMNS = {"jobs": {"secret_cfg"}, "alert_channels": {"sealed_url"}}


def grants_to(role: str) -> list[tuple[str, str]]:
    """What and on which tables roles.sql grants to a role: one pair a statement."""
    text = re.sub(r"--.*", "", ROLES.read_text())
    found = re.findall(r"^GRANT ([^;]+?) ON ([^;]+?) TO ([^;]+?);", text, re.MULTILINE)
    return [(" ".join(what.split()), tables) for what, tables, to in found if role in to]


def test_each_table_has_its_line_for_the_account_that_runs():
    granted = {tables.strip(): set(what.split(", ")) for what, tables in grants_to("connecthub_run")}
    tables = {
        name: rights for name, rights in granted.items() if not name.startswith(("DATABASE", "SCHEMA", "SEQUENCE"))
    }
    assert set(tables) == {*metadata.tables, VERSION_TABLE}
    assert tables["audit"] == {"SELECT", "INSERT"}
    assert tables[VERSION_TABLE] == {"SELECT"}


def test_the_account_for_reports_sees_each_table_and_each_column_but_secrets():
    whole, parts = set[str](), {}
    for what, tables in grants_to("connecthub_read"):
        if what == "SELECT":
            whole |= set(re.split(r",\s*", tables.strip()))
        elif what.startswith("SELECT ("):
            parts[tables.strip()] = set(re.split(r",\s*", what.removeprefix("SELECT ").strip("() \n")))
    assert whole | set(parts) == {*metadata.tables, VERSION_TABLE}
    columns = {name: {column.name for column in metadata.tables[name].c} for name in parts}
    assert parts == {name: columns[name] - SECRET_COLUMNS[name] for name in SECRET_COLUMNS}


def test_the_tables_whose_owner_is_set_are_all_of_them():
    named = set(re.findall(r"'(\w+)'", ROLES.read_text().partition("relname IN (")[2].partition(")")[0]))
    assert named == {*metadata.tables, VERSION_TABLE}


def test_no_account_comes_with_a_password():
    assert "PASSWORD" not in re.sub(r"--.*", "", ROLES.read_text()).upper()
    assert set(re.findall(r"#(\w+)", USERS.read_text())) == {"0" * 64}, "no password has that digest"


# the whole path


class GuardedRedis(RedisServer):
    """A Redis whose accounts are those of users.acl."""

    passwords: ClassVar[dict[str, str]] = {"connecthub": "run-c4nary", "admin": "admin-c4nary"}

    def url(self, db: int | None = None, account: str = "admin") -> str:
        return f"redis://{account}:{self.passwords[account]}@127.0.0.1:{self._port}/{db or 0}"

    def _prepare(self) -> None:
        super()._prepare()
        text = USERS.read_text()
        for account, password in self.passwords.items():
            digest = hashlib.sha256(password.encode()).hexdigest()
            text = re.sub(rf"(user {account} .*)#0+", rf"\g<1>#{digest}", text)
        file = self.folder / "users.acl"
        file.write_text(text)
        settings = [line for line in self._configuration.read_text().splitlines() if "requirepass" not in line]
        self._configuration.write_text("\n".join([*settings, f"aclfile {file}", ""]))


class Guarded:
    """Servers with the accounts of least privilege, and the command line of each account."""

    def __init__(self, postgres: PostgresServer, redis_server: GuardedRedis, folder: Path) -> None:
        self.postgres = postgres
        self.redis = redis_server
        self.folder = folder
        self._psql = postgres._binaries / "psql"
        if not self._psql.is_file():
            pytest.skip("no psql beside this PostgreSQL")

    def url(self, account: str = "postgres", database: str = "connecthub") -> str:
        return f"postgresql://{account}@/{database}?host={self.postgres._data}&port=5432"

    def apply_roles(self, database: str = "connecthub") -> str:
        """Run roles.sql as the administrator of the server; returns what it says."""
        done = subprocess.run(
            [self._psql, "-X", self.url(database=database), "-f", ROLES], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def cli(self, account: str, **variables: object) -> Cli:
        given = {
            "DATA_DIR": self.folder / "data",
            "DB_URL": self.url(account),
            "REDIS_URL": self.redis.url(1, account="connecthub"),
            "EXTENSIONS_DIR": PLUGINS,
            "PLUGIN_PACKAGES": "samples",
            "TIMEZONE": "UTC",
            "DRAIN_SECONDS": 0,
            "HEARTBEAT_SECONDS": 0.5,
            "PG_BINDIR": self.postgres._binaries,
        }
        return Cli(bare_environment(**given, **variables), self.folder)

    def refused(self, account: str, statement: str) -> bool:
        """Whether a statement is refused for lack of a right."""
        with psycopg.connect(self.url(account)) as connection:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.InsufficientPrivilege:
                return True
            finally:
                connection.rollback()
        return False


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Servers of this module's own: an account belongs to the whole server."""
    with PostgresServer() as postgres, GuardedRedis() as redis_server:
        postgres.create_database("connecthub")
        servers = Guarded(postgres, redis_server, tmp_path_factory.mktemp("guarded"))
        assert "no tables yet" in servers.apply_roles()
        upgraded = servers.cli("connecthub_migrate")("db", "upgrade")
        assert upgraded.code == 0, upgraded.err
        assert "have their rights" in servers.apply_roles()
        yield servers


@pytest.mark.slow
def test_the_whole_path_runs_with_the_accounts_of_least_privilege(guarded: Guarded):
    connecthub = guarded.cli("connecthub_run", DB_MIGRATE="off")
    with redis.Redis.from_url(guarded.redis.url()) as admin:
        admin.config_resetstat()
        admin.acl_log_reset()
        _add_jobs(connecthub)
        with psycopg.connect(guarded.url()) as connection:  # the first tick finds a slot that is due
            connection.execute("UPDATE jobs SET next_run_at = now() - interval '10 s' WHERE name = 'nightly'")
        with connecthub.live("scheduler") as scheduler, connecthub.live("worker", "-w", "1") as worker:
            scheduler.wait_for("scheduler started")
            worker.wait_for("run of nightly ended: succeeded")
            _use_everything(connecthub)
        with psycopg.connect(guarded.url()) as connection:
            assert connection.execute("SELECT key FROM turns").fetchall() == [("company",)]
        said = scheduler.said + worker.said  # all of it, now that both have ended
        assert [line for line in said.splitlines() if " ERROR " in line or "permission denied" in line] == []
        assert {str(entry["object"]) for entry in admin.acl_log()} <= OF_A_CLIENT
        used = {str(name).removeprefix("cmdstat_") for name in admin.info("commandstats")}
    allowed = set(re.findall(r"\+(\S+)", USERS.read_text().partition("user connecthub")[2].partition("\n")[0]))
    ours = used - OF_A_CLIENT - {"config|resetstat", "acl|log", "hello", "auth"}  # an administrator's, and anybody's
    assert ours == allowed


OF_A_CLIENT = {"client|setinfo"}
"""What redis-py says of itself and does without; a Redis before 7.2 knows no such right and would not start."""


def _add_jobs(connecthub: Cli) -> None:
    (connecthub.folder / "secrets.json").write_text('{"password": "c4nary"}')
    secretive = ["--handler", "samples.good:Secretive", "--secrets", "@secrets.json"]
    nap = ["--handler", "samples.good:Sleeper", "--params", '{"pid_file": "/dev/null", "seconds": 60}']
    for name, words in {
        "nightly": [*secretive, "--cron", "* * * * *"],
        "bad": [*secretive, "--cron", "@yearly", "--params", '{"raise": true}'],
        "nap": [*nap, "--cron", "@yearly", "--queue", "nobody"],
        "paced": ["--handler", "samples.paced:Paced", "--params", '{"key": "company"}', "--cron", "@yearly"],
    }.items():
        added = connecthub("job", "add", name, *words)
        assert added.code == 0, added.err


def _use_everything(connecthub: Cli) -> None:
    _all_well(connecthub, [["key", "add"]])  # the worker reads it with its next heartbeat
    (connecthub.folder / "bob.pub").write_text(PUBLIC_KEY)
    (connecthub.folder / "url").write_text("json://127.0.0.1:1/nobody")  # where no message arrives
    _all_well(connecthub, [["alert", "channel", "add", "ops", "--url", "@url"]])
    _all_well(connecthub, [["operator", "add", "bob", "--role", "viewer", "--key", "bob.pub"]])
    waits = connecthub("job", "run", "nap", "--json").json["id"]
    failed = connecthub("job", "run", "bad", "--wait", "--json")
    assert failed.code == 1, failed.err
    number = str(failed.json["id"])
    _all_well(connecthub, [["job", *words] for words in (["list"], ["why", "nightly"], ["history", "nightly"])])
    _all_well(connecthub, [["log", "list"], ["log", "show", number], ["queue", "list"], ["status"], ["audit", "list"]])
    _all_well(connecthub, [["log", "cancel", str(waits)], ["job", "acknowledge", "bad", "--note", "seen"]])
    _all_well(connecthub, [["log", "retry", number], ["job", "edit", "nightly", "--priority", "3"], ["key", "rotate"]])
    _all_well(connecthub, [["job", "disable", "nightly"], ["job", "delete", "nap", "--yes"]])
    _all_well(connecthub, [["db", "check"], ["health", "queue"], ["backup", "copy", "--with-key", "key"]])
    _all_well(connecthub, [["alert", "list"], ["operator", "edit", "bob", "--role", "operator"], ["handover"]])
    _all_well(connecthub, [["alert", "channel", "remove", "ops", "--yes"], ["operator", "remove", "bob", "--yes"]])
    _all_well(
        connecthub,
        [
            ["doctor"],
            ["log", "prune", "--before", "2020-01-01", "--yes"],
            ["job", "run", "nightly", "--wait"],
            ["job", "run", "paced", "--wait"],
        ],
    )


def _all_well(connecthub: Cli, commands: list[list[str]]) -> None:
    for command, done in zip(commands, connecthub.each(commands), strict=True):
        assert done.code == 0, f"{command}: {done.err or done.out}"


@pytest.mark.slow
def test_what_the_accounts_do_not_need_is_refused(guarded: Guarded):
    run, read = "connecthub_run", "connecthub_read"
    refused = [
        (run, "UPDATE audit SET actor = 'x'"),
        (run, "DELETE FROM audit"),
        (run, "TRUNCATE audit"),
        (run, "CREATE TABLE mine (id int)"),
        (run, "CREATE TEMPORARY TABLE mine (id int)"),
        (run, "ALTER TABLE jobs ADD COLUMN mine int"),
        (run, "DROP TABLE jobs"),
        (run, "DELETE FROM job_log_chunks"),
        (run, f"UPDATE {VERSION_TABLE} SET version_num = '0'"),
        (run, "CREATE SCHEMA mine"),
        (read, "SELECT secret_cfg FROM jobs"),
        (read, "SELECT * FROM jobs"),
        (read, "SELECT sealed_url FROM alert_channels"),
        (read, "SET transaction_read_only = off; UPDATE jobs SET enabled = false"),
        (read, "SET transaction_read_only = off; INSERT INTO audit (actor) VALUES ('x')"),
    ]
    assert [(account, statement) for account, statement in refused if not guarded.refused(account, statement)] == []
    allowed = [
        (run, "SELECT secret_cfg FROM jobs"),
        (run, "DELETE FROM turns"),
        (read, "SELECT id, name, public_cfg FROM jobs"),
        (read, "TABLE audit"),
    ]
    assert [(account, statement) for account, statement in allowed if guarded.refused(account, statement)] == []
    told = guarded.cli(run)("db", "upgrade")
    assert told.code == 0, "there is nothing to change"
    with redis.Redis.from_url(guarded.redis.url(account="connecthub")) as client:
        assert client.zadd("huey.redis.connecthub.default", {"x": 1}) == 1
        for command in (
            ("FLUSHALL",),
            ("FLUSHDB",),
            ("CONFIG", "GET", "*"),
            ("KEYS", "*"),
            ("ACL", "LIST"),
            ("EVAL", "", 0),
        ):
            with pytest.raises(NoPermissionError):
                client.execute_command(*command)
        for key in ("other", "huey.redis.other"):
            with pytest.raises(NoPermissionError):
                client.zadd(key, {"x": 1})
    with pytest.raises(AuthenticationError):
        redis.Redis.from_url(guarded.redis.url().replace("admin:admin-c4nary@", "")).ping()


@pytest.mark.slow
def test_roles_may_be_applied_at_any_time_and_take_back_what_was_given_by_hand(guarded: Guarded):
    with psycopg.connect(guarded.url(), autocommit=True) as connection:
        connection.execute("GRANT ALL ON audit TO connecthub_run")
        connection.execute("ALTER TABLE jobs OWNER TO postgres")
    assert not guarded.refused("connecthub_run", "DELETE FROM audit")
    guarded.apply_roles()
    assert guarded.refused("connecthub_run", "DELETE FROM audit")
    assert guarded.cli("connecthub_run", DB_MIGRATE="off")("db", "check").code == 0


@pytest.mark.slow
def test_who_migrates_restores_what_who_runs_has_copied(guarded: Guarded):
    copied = guarded.cli("connecthub_run", DB_MIGRATE="off")("backup", "old", "--with-key", "old.key")
    assert copied.code == 0, copied.err
    guarded.postgres.create_database("second")
    guarded.apply_roles("second")
    new = {"DATA_DIR": str(guarded.folder / "second")}
    order = ("restore", "old", "--key", "old.key", "--yes")
    refused = guarded.cli("connecthub_run")(*order, **new, DB_URL=guarded.url("connecthub_run", "second"))
    assert (refused.code, "permission denied for schema public" in refused.err) == (2, True), refused.err
    restored = guarded.cli("connecthub_migrate")(*order, **new, DB_URL=guarded.url("connecthub_migrate", "second"))
    assert restored.code == 0, restored.err
    guarded.apply_roles("second")
    checked = guarded.cli("connecthub_run", DB_MIGRATE="off")(
        "db", "check", **new, DB_URL=guarded.url("connecthub_run", "second")
    )
    assert checked.code == 0, checked.err
