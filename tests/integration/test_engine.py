"""The two ways into the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from connecthub.db.engine import Database
from connecthub.errors import ConfigError, DatabaseError, DatabaseUnreachable, NothingHere

CANARY = "canary-5f0c"


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """An empty SQLite file in WAL mode, as an installation has it."""
    path = tmp_path / "connecthub.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return path


@pytest.fixture
def sqlite(sqlite_path: Path) -> Iterator[Database]:
    """That file with a counter in it; it waits a tenth of a second for the lock."""
    yield from opened(Database(f"sqlite:///{sqlite_path}", busy_seconds=0.1))


@pytest.fixture
def postgresql(postgres_url: str) -> Iterator[Database]:
    """A PostgreSQL database with a counter in it."""
    yield from opened(Database(postgres_url, pool_size=2))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Each of the two."""
    return request.getfixturevalue(request.param)


def opened(database: Database) -> Iterator[Database]:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE counter (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO counter VALUES (1, 0)"))
    yield database
    database.dispose()


def count(connection: Connection) -> int:
    return connection.execute(text("SELECT n FROM counter WHERE id = 1")).scalar_one()


def set_count(connection: Connection, n: int) -> None:
    connection.execute(text("UPDATE counter SET n = :n WHERE id = 1"), {"n": n})


def set_seven(connection: Connection) -> None:
    set_count(connection, 7)


def counted(database: Database) -> int:
    with database.read() as connection:
        return count(connection)


def write(database: Database, *steps: str | Callable[[Connection], object]) -> None:
    """Do the steps in one transaction: each a statement, or something to be called with the connection."""
    with database.write() as connection:
        for step in steps:
            step(connection) if callable(step) else connection.exec_driver_sql(step)


def fail_with(database: Database, *statements: str) -> str:
    """Write with statements that the database cannot do; return the whole line that is told."""
    with pytest.raises(DatabaseError) as raised:
        write(database, *statements)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_write_is_committed_at_its_end(database: Database) -> None:
    with database.write() as connection:
        set_count(connection, 7)
    assert counted(database) == 7


def test_a_write_whose_body_raises_is_rolled_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        write(database, set_seven, lambda connection: 1 / 0)
    assert counted(database) == 0


def test_a_read_refuses_to_write(database: Database) -> None:
    with pytest.raises(DatabaseError, match=r"read-?only"), database.read() as connection:
        set_count(connection, 7)
    assert counted(database) == 0


def test_a_write_after_a_read_on_the_same_pool_writes(database: Database) -> None:
    counted(database)
    with database.write() as connection:
        set_count(connection, 1)
    assert counted(database) == 1


def test_an_error_of_the_statement_itself_stays_what_it_is(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(text("INSERT INTO counter VALUES (1, 0)"))


def test_a_savepoint_keeps_what_came_before_it(database: Database) -> None:
    with database.write() as connection:
        set_count(connection, 3)
        nested = connection.begin_nested()
        set_count(connection, 4)
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO counter VALUES (1, 0)"))
        nested.rollback()
    assert counted(database) == 3


def test_no_parameter_stands_in_an_error(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.write() as connection:
        connection.execute(text("INSERT INTO missing VALUES (:secret)"), {"secret": CANARY})
    assert CANARY not in str(raised.value)


def test_many_threads_write_without_losing_an_update(sqlite_path: Path, sqlite: Database) -> None:
    databases = [Database(f"sqlite:///{sqlite_path}") for _ in range(3)]
    failures: list[Exception] = []

    def add(database: Database) -> None:
        try:
            for _ in range(25):
                with database.write() as connection:
                    set_count(connection, count(connection) + 1)
        except DatabaseError as error:
            failures.append(error)

    threads = [threading.Thread(target=add, args=[database]) for database in databases * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.dispose()
    assert failures == []
    assert counted(sqlite) == 9 * 25


def test_a_read_sees_one_moment_and_holds_up_no_writer(sqlite: Database) -> None:
    with sqlite.read() as reading:
        assert count(reading) == 0
        with sqlite.write() as writing:
            set_count(writing, 5)
        assert count(reading) == 0
    assert counted(sqlite) == 5


def test_a_writer_waits_for_its_turn(sqlite_path: Path, sqlite: Database) -> None:
    other = Database(f"sqlite:///{sqlite_path}")
    waits = threading.Event()

    def write_later() -> None:
        waits.set()
        with other.write() as connection:
            set_count(connection, count(connection) + 1)

    thread = threading.Thread(target=write_later)
    with sqlite.write() as connection:
        thread.start()
        assert waits.wait(10)
        set_count(connection, 10)
    thread.join()
    other.dispose()
    assert counted(sqlite) == 11


def test_a_lock_that_is_held_too_long_is_told(sqlite_path: Path, sqlite: Database) -> None:
    with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        line = fail_with(sqlite, "SELECT 1")
        holder.execute("ROLLBACK")
    remedy = "look for a backup or a frozen process, then try again"
    assert line == f"{sqlite_path}: another process has held its lock for 0.1 s; {remedy}"
    assert counted(sqlite) == 0


def test_a_connection_that_does_not_become_free_is_told(sqlite: Database) -> None:
    with (
        sqlite.write(),
        pytest.raises(DatabaseUnreachable, match="all its connections are in use"),
        sqlite.write(),
    ):
        pass


def test_a_missing_file_is_told_and_not_created(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/connecthub.sqlite3")
    for way in (database.read, database.write, database.migrate):
        with pytest.raises(NothingHere) as raised, way():
            pass
        assert str(raised.value).startswith(f"nothing at {tmp_path}; set DATA_DIR or change folder")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    line = fail_with(Database(f"sqlite:///{tmp_path}"), "SELECT 1")
    assert line.startswith(f"{tmp_path}: unable to open database file; let this user read and write")


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at as one by its first sixteen bytes\n" * 20)
    line = fail_with(Database(f"sqlite:///{path}"), "SELECT * FROM sqlite_master")
    assert line == f"{path}: file is not a database; set DATA_DIR or DB_URL to another place"


def test_a_damaged_file_is_told(sqlite_path: Path, sqlite: Database) -> None:
    sqlite.dispose()
    with sqlite_path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3000)
    assert fail_with(sqlite, "SELECT * FROM counter").endswith("malformed; restore a backup")


def test_a_full_disk_is_told_and_reading_goes_on(sqlite: Database) -> None:
    line = fail_with(sqlite, "PRAGMA max_page_count=3", "CREATE TABLE filler AS SELECT zeroblob(100000)")
    assert line == f"{sqlite.name}: database or disk is full; free space on its disk"
    assert counted(sqlite) == 0


def test_sqlite_survives_a_power_cut_and_keeps_foreign_keys(sqlite: Database) -> None:
    with sqlite.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2, "FULL"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_table_is_rebuilt_without_losing_what_points_to_it(sqlite: Database) -> None:
    with sqlite.write() as connection:
        connection.execute(text("CREATE TABLE part (counter_id REFERENCES counter ON DELETE CASCADE)"))
        connection.execute(text("INSERT INTO part VALUES (1)"))
    with sqlite.migrate() as connection:
        connection.execute(text("CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, n INTEGER)"))
        connection.execute(text("INSERT INTO rebuilt SELECT * FROM counter"))
        connection.execute(text("DROP TABLE counter"))
        connection.execute(text("ALTER TABLE rebuilt RENAME TO counter"))
    with sqlite.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM part")).scalar() == 1
    missing = "rows of part point to rows of counter that do not exist"
    with pytest.raises(DatabaseError, match=missing), sqlite.migrate() as connection:
        connection.execute(text("DELETE FROM counter"))
    assert counted(sqlite) == 0


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("127.0.0.1:1/db", "Connection refused"),
        ("nohost.invalid/db", "failed to resolve host 'nohost.invalid'"),
        ("/db?host=/nowhere", "No such file or directory"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(place: str, cause: str) -> None:
    database = Database(f"postgresql://anna:{CANARY}@{place}")
    for way in (database.read, database.write):
        with pytest.raises(DatabaseUnreachable) as raised, way():
            pass
        line = str(raised.value)
        assert line.startswith("postgresql://anna@")
        assert cause in line
        assert line.endswith("; start it or correct DB_URL")
        assert "\n" not in line
        assert CANARY not in line + repr(database)


def test_a_database_that_the_server_lacks_is_told(postgres_url: str) -> None:
    database = Database(make_url(postgres_url).set(database="absent").render_as_string(hide_password=False))
    assert 'database "absent" does not exist' in fail_with(database, "SELECT 1")


def test_a_connection_lost_inside_a_write_is_told_and_the_next_works(postgresql: Database) -> None:
    with pytest.raises(DatabaseUnreachable, match="terminating connection"):
        write(postgresql, set_seven, lambda _: end_other_backends(postgresql), count)
    assert counted(postgresql) == 0


def test_a_connection_lost_at_the_commit_is_told(postgresql: Database) -> None:
    with pytest.raises(DatabaseUnreachable):
        write(postgresql, set_seven, lambda _: end_other_backends(postgresql))
    assert counted(postgresql) == 0


def test_connections_lost_while_idle_are_not_noticed(postgres_url: str, postgresql: Database) -> None:
    careful = Database(postgres_url, idle_seconds=0)
    assert counted(careful) == 0
    end_other_backends(postgresql)
    assert counted(careful) == 0
    careful.dispose()


def end_other_backends(database: Database) -> None:
    """Close every other connection to the database, and wait until the server has."""
    with database.write() as connection:
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid, 10000) {others}"))


def test_a_write_that_freezes_loses_its_locks(postgres_url: str, postgresql: Database) -> None:
    options = {"options": "-c idle_in_transaction_session_timeout=50ms"}
    frozen = Database(make_url(postgres_url).update_query_dict(options).render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnreachable, match="idle-in-transaction"):
        write(frozen, set_seven, lambda _: write(postgresql, "UPDATE counter SET n = 8"), count)
    frozen.dispose()
    assert counted(postgresql) == 8


def test_a_session_speaks_utc_under_our_name(postgresql: Database) -> None:
    with postgresql.read() as connection:
        assert connection.execute(text("SHOW application_name")).scalar() == "connecthub"
        assert (
            connection.execute(text("SELECT timestamptz '2026-01-01 00:00Z'::text")).scalar()
            == "2026-01-01 00:00:00+00"
        )
        assert connection.execute(text("SHOW transaction_isolation")).scalar() == "read committed"
        assert connection.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "30s"


def test_a_right_that_is_missing_is_told(postgresql: Database) -> None:
    line = fail_with(postgresql, "SET LOCAL ROLE pg_monitor", "SELECT * FROM counter")
    assert line.endswith("permission denied for table counter; grant it to the account of DB_URL")


@pytest.mark.parametrize(
    "url", ["postgres://{}", "postgresql://{}", "postgresql+psycopg2://{}", "postgresql+psycopg://{}"]
)
def test_every_spelling_of_postgresql_means_psycopg_3(url: str) -> None:
    database = Database(url.format(f"anna:{CANARY}@db.example:5433/hub?sslmode=require&password={CANARY}"))
    assert (database.dialect, database.name) == ("postgresql", "postgresql://anna@db.example:5433/hub")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "postgresql:canary-5f0c",
        "mysql://anna:canary-5f0c@host/db",
        "postgresql://anna:p@canary-5f0c@host/db",
        "postgresql://anna:x@host:canary-5f0c/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite:////data/x.sqlite3?timeout=5",
    ],
)
def test_a_url_that_names_no_database_of_ours_is_refused_unquoted(url: str) -> None:
    with pytest.raises(ConfigError, match=r"write (sqlite|postgresql)") as raised:
        Database(url)
    assert CANARY not in str(raised.value)
    assert raised.value.__context__ is None


def test_any_path_can_be_a_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "a b%41#ü.sqlite3"
    path.touch()
    database = Database(f"sqlite:///{path}")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE here (id)")
    database.dispose()
    assert path.stat().st_size > 0
    assert database.name == str(path)
