"""One account and one served host for all tests over SSH of a worker of pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ssh.account import Account
from tests.ssh.account import account as made_account
from tests.ssh.host import Host


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """The account that all come in by."""
    with made_account() as made:
        yield made


@pytest.fixture(scope="session")
def host(account: Account) -> Iterator[Host]:
    """A host with SQLite, whose jobs never run by themselves; each test brings its own people."""
    with Host(account, account.home / "site", {}) as served:
        yield served
