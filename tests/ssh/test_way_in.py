"""A real sshd, real keys: three roles come in and do what each may."""

from __future__ import annotations

import pytest

from tests.ssh.host import Host

pytestmark = pytest.mark.slow


def test_a_command_is_run_as_the_person_whose_key_it_is(host: Host):
    key = host.operator("carol", "viewer")
    ran = host.ssh(key, "status")
    assert (ran.code, ran.err) == (0, "")
    assert "workers" in ran.out
    opened, closed = [row for row in host.audit("session.open", "session.close") if row.actor == "carol"]
    assert (opened.via, opened.role, opened.target_name, opened.address) == ("ssh", "viewer", "status", "127.0.0.1")
    assert opened.fingerprint == closed.fingerprint
    assert closed.detail["exit"] == 0
