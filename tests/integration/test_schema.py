"""The schema: created and migrated once, equal to the tables of the code, and never anybody else's."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, create_engine, make_url, select, text
from sqlalchemy.exc import DBAPIError

from connecthub.db import tables
from connecthub.db.engine import Database
from connecthub.db.migrations import HEAD, VERSION_TABLE
from connecthub.db.schema import prepare, require_current, upgrade
from connecthub.errors import DatabaseError, ForeignDatabase, NothingHere, SchemaMismatch
from tests.servers.postgres import PostgresAccess

UPGRADE = """
import sys
from connecthub.db.engine import Database
from connecthub.db.schema import upgrade

database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
print(upgrade(database, allow_create=True))
"""
CHECK = """
import sys
from connecthub.db.engine import Database
from connecthub.db.schema import require_current, upgrade

require_current(Database(sys.argv[1]))
upgrade(Database(sys.argv[1]), allow_create=True)
print("alembic" in sys.modules)
"""
POSTGRESQL_CATALOG = (
    "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT relname, relkind::text, reloptions::text FROM pg_class WHERE relnamespace = 'public'::regnamespace",
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet, and of an empty PostgreSQL database."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path}/new/data/connecthub.sqlite3"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database at that URL."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def current(database: Database) -> Database:
    """The same, created."""
    upgrade(database, allow_create=True)
    return database


def with_options(url: str, options: str) -> Database:
    url = make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)
    return Database(url)


def set_version(database: Database, *versions: str) -> None:
    with database.write() as connection:
        connection.execute(text(f"DELETE FROM {VERSION_TABLE}"))
        for version in versions:
            connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:version)"), {"version": version})


def catalog(connection: Connection) -> list[str]:
    """Return all definitions as the database itself keeps them, but for the version table."""
    if connection.dialect.name == "sqlite":
        statements = ("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL",)
    else:
        statements = POSTGRESQL_CATALOG
    rows = [row for statement in statements for row in connection.execute(text(statement))]
    lines = [re.sub(r"\s+", " ", " | ".join(str(value) for value in row)) for row in rows]
    return sorted(line for line in lines if VERSION_TABLE not in line)


def by_create_all(connection: Connection) -> list[str]:
    tables.metadata.create_all(connection)
    return catalog(connection)


def test_the_constant_names_the_newest_step_and_the_steps_are_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", "connecthub.db:migrations")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    revisions = [script.revision for script in reversed(scripts)]
    assert revisions == [f"{number:04}" for number in range(1, len(scripts) + 1)]
    assert revisions[-1] == HEAD
    assert all(Path(script.path).name.startswith(f"{script.revision}_") for script in scripts)


def test_the_migrations_make_the_tables_on_sqlite(tmp_path: Path) -> None:
    migrated = Database(f"sqlite:///{tmp_path}/migrated.sqlite3")
    upgrade(migrated, allow_create=True)
    with migrated.read() as connection:
        found = catalog(connection)
    migrated.dispose()
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        expected = by_create_all(connection)
    engine.dispose()
    assert found == expected
    assert len(found) > 20


def test_the_migrations_make_the_tables_on_postgresql(postgres_server: PostgresAccess, postgres_url: str) -> None:
    migrated = Database(postgres_url)
    upgrade(migrated, allow_create=True)
    with migrated.read() as connection:
        found = catalog(connection)
    migrated.dispose()
    name = f"{make_url(postgres_url).database}_created"
    created = Database(postgres_server.create_database(name))
    try:
        with created.write() as connection:
            expected = by_create_all(connection)
    finally:
        created.dispose()
        postgres_server.drop_database(name)
    assert found == expected
    assert len(found) > 100


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_alembic_finds_nothing_to_generate(current: Database) -> None:
    indexes = [index for table in tables.metadata.tables.values() for index in table.indexes]
    beyond_alembic = {
        index.name for index in indexes if not all(isinstance(part, Column) for part in index.expressions)
    }
    options = {
        "version_table": VERSION_TABLE,
        "include_object": lambda _, name, *rest: name not in beyond_alembic,
    }
    with current.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
    assert beyond_alembic == {"ux_job_logs_chain", "ix_job_logs_waiting"}


def test_an_empty_place_is_filled_once(database: Database) -> None:
    assert upgrade(database, allow_create=True) is True
    assert upgrade(database, allow_create=True) is False
    assert upgrade(database, allow_create=False) is False
    require_current(database)
    with database.read() as connection:
        row = connection.execute(select(tables.installation)).one()
        assert connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all() == [HEAD]
    assert row.id == 1
    assert row.key_fingerprint is None
    assert row.created_at.tzinfo is not None


def test_processes_that_start_at_once_create_it_once(database_url: str, database: Database) -> None:
    command = [sys.executable, "-c", UPGRADE, database_url]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    answers = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in answers] == [""] * 4
    assert sorted(answer for answer, _ in answers) == ["False\n", "False\n", "False\n", "True\n"]
    require_current(database)
    with database.read() as connection:
        assert len(connection.execute(select(tables.installation)).all()) == 1


def test_file_and_folder_are_for_this_user_only(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/data/connecthub.sqlite3")
    mask = os.umask(0)
    try:
        upgrade(database, allow_create=True)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    finally:
        os.umask(mask)
        database.dispose()
    assert modes.pop("data") == 0o700
    assert set(modes.values()) == {0o600}


def test_a_missing_file_is_nothing_and_stays_missing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/data/connecthub.sqlite3")
    for act in (require_current, lambda database: upgrade(database, allow_create=False)):
        with pytest.raises(NothingHere) as raised:
            act(database)
        assert str(raised.value).startswith(f"nothing at {tmp_path}/data; set DATA_DIR or change folder")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_is_nothing_and_stays_empty(postgres_url: str) -> None:
    database = Database(postgres_url)
    for act in (require_current, lambda database: upgrade(database, allow_create=False)):
        with pytest.raises(NothingHere, match="make a new one with `connecthub db upgrade`"):
            act(database)
    with database.read() as connection:
        assert catalog(connection) == []
    database.dispose()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    database = Database(f"sqlite:///{tmp_path}/data/connecthub.sqlite3")
    with pytest.raises(DatabaseError) as raised:
        upgrade(database, allow_create=True)
    assert str(raised.value) == f"{database.path} cannot be created: File exists; set DATA_DIR to another place"


def refuse_foreign(database: Database) -> None:
    for act in (require_current, lambda database: upgrade(database, allow_create=True)):
        with pytest.raises(ForeignDatabase) as raised:
            act(database)
        assert str(raised.value) == (
            f"{database.name} holds tables of another program (job_logs, jobs); name another in DB_URL"
        )


def test_jobs_of_somebody_else_are_left_alone_on_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE jobs (id INTEGER); CREATE TABLE job_logs (id INTEGER)")
    before = path.read_bytes()
    database = Database(f"sqlite:///{path}")
    refuse_foreign(database)
    database.dispose()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_jobs_of_somebody_else_are_left_alone_on_postgresql(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE jobs (id INTEGER)"))
        connection.execute(text("CREATE TABLE job_logs (id INTEGER)"))
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        before = catalog(connection)
    refuse_foreign(database)
    with database.read() as connection:
        assert catalog(connection) == before
    database.dispose()


def test_a_postgresql_database_is_shared_with_tables_of_other_names(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE spatial_ref_sys (id INTEGER)"))
    assert upgrade(database, allow_create=True) is True
    database.dispose()


def test_a_newer_schema_is_refused_by_everyone_with_both_versions(current: Database) -> None:
    set_version(current, "0999")
    acts: list[Callable[[Database], object]] = [
        require_current,
        lambda database: upgrade(database, allow_create=True),
        lambda database: upgrade(database, allow_create=False),
    ]
    for act in acts:
        with pytest.raises(SchemaMismatch) as raised:
            act(current)
        assert re.search(rf"is 0999, newer than {HEAD} of this program \(\d+\.\d+\.\d+\); use", str(raised.value))


def test_an_older_schema_is_refused_by_who_may_not_migrate(current: Database) -> None:
    set_version(current, "0000")
    with pytest.raises(SchemaMismatch, match=f"is 0000, older than {HEAD} .*; run `connecthub db upgrade`"):
        require_current(current)


@pytest.mark.parametrize("versions", [(), ("0001", "0000")])
def test_a_version_table_without_its_one_row_is_refused(current: Database, versions: tuple[str, ...]) -> None:
    set_version(current, *versions)
    with pytest.raises(DatabaseError, match=f"has {len(versions)} rows instead of 1; restore a backup"):
        upgrade(current, allow_create=True)


def test_a_creation_that_fails_leaves_nothing(database: Database, database_url: str, tmp_path: Path) -> None:
    if database.path is not None:
        database.path.parent.mkdir(parents=True)
        database.path.touch()
    with database.write() as connection:
        connection.execute(text("CREATE VIEW alert_outbox AS SELECT 1 AS one"))
        before = catalog(connection)
    with pytest.raises(DBAPIError, match="alert_outbox"):
        upgrade(database, allow_create=True)
    with database.read() as connection:
        assert catalog(connection) == before


def test_an_account_that_may_not_create_tables_is_told(postgres_url: str) -> None:
    database = with_options(postgres_url, "-c role=pg_monitor")
    with pytest.raises(DatabaseError, match="permission denied for schema public; grant it to the account of DB_URL"):
        upgrade(database, allow_create=True)
    database.dispose()


def test_a_restored_copy_lets_readers_and_a_writer_work_side_by_side_again(tmp_path: Path) -> None:
    path = tmp_path / "connecthub.sqlite3"
    database = Database(f"sqlite:///{path}")
    upgrade(database, allow_create=True)
    database.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    assert upgrade(database, allow_create=True) is False
    database.dispose()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_without_the_right_to_migrate_preparing_only_checks(database: Database) -> None:
    with pytest.raises(NothingHere):
        prepare(database, migrate=False)
    prepare(database, migrate=True)
    prepare(database, migrate=False)
    require_current(database)


def test_a_current_schema_is_found_current_without_loading_alembic(current: Database, database_url: str) -> None:
    done = subprocess.run([sys.executable, "-c", CHECK, database_url], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
