"""The database goes away and comes back: nobody is locked out, and nothing is done unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.postgres import PostgresServer
from tests.ssh.account import Account
from tests.ssh.host import Host, free_port

pytestmark = pytest.mark.slow


class NetworkPostgres(PostgresServer):
    """A PostgreSQL that also listens on a port of its own: the account of ssh may not come near its socket."""

    def __init__(self) -> None:
        self.port = free_port()
        super().__init__(settings={"listen_addresses": "127.0.0.1", "port": str(self.port)})

    @property
    def url(self) -> str:
        """The URL of its socket."""
        return super().url.replace("port=5432", f"port={self.port}")


@pytest.fixture
def away(account: Account, redis_url: str) -> Iterator[tuple[Host, PostgresServer]]:
    """A host on PostgreSQL and Redis."""
    with NetworkPostgres() as server:
        server.create_database("away")
        url = f"postgresql://postgres@127.0.0.1:{server.port}/away"
        with Host(account, account.home / "away", {"DB_URL": url, "REDIS_URL": redis_url, "LOG_TO_FILE": "on"}) as host:
            yield host, server


def test_a_database_that_is_away_is_told_and_comes_back(away: tuple[Host, PostgresServer]):
    host, server = away
    key = host.operator("early", "operator")
    late = host.operator("late", "viewer", "--language", "zh")
    assert host.ssh(key, "status").code == 0
    with host.terminal(key) as inside:
        inside.wait("early (operator)")
        server.stop()
        ran = host.ssh(key, "job list")
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert "cannot be reached" in ran.err
        refused = host.ssh(key, "sh")
        assert refused.code == 126
        with host.terminal(late) as waiting:
            waiting.wait("cannot be reached")
            inside.wait("trying again")
            host.wait_for_log("stays as it is")
            server.start()
            waiting.wait("late")
            inside.wait(lambda seen: "trying again" not in seen.text)
            waiting.keys("q")
            assert waiting.end() == 0
        inside.keys("q")
        assert inside.end() == 0
    ended = [row for row in host.audit("session.open", "session.close") if row.via == "tui"]
    assert [(row.actor, row.action) for row in ended] == [
        ("early", "session.open"),
        ("late", "session.open"),
        ("late", "session.close"),
        ("early", "session.close"),
    ]
    host.wait_for_log("in step again")
    logged = "".join(path.read_text() for path in (host.folder / "data/logs").glob("ssh-session*.log"))
    assert "the audit trail lacks that refusal" in logged
