"""The failure catalogue, F1 to F32: each failure is brought about in a stand-in, over real sockets."""

from __future__ import annotations

import logging

import pytest

from connecthub.errors import IntegrationError
from connecthub.integrations.errors import BusinessError
from tests.integration.catalogue import JITTER, SECRETS, Row, played
from tests.integration.catalogue_didi import DIDI_ROWS
from tests.integration.catalogue_didi_lists import DIDI_LIST_ROWS
from tests.integration.catalogue_seeyon import SEEYON_ROWS
from tests.integration.catalogue_wire import WIRE_ROWS

ROWS = [*SEEYON_ROWS, *DIDI_ROWS, *DIDI_LIST_ROWS, *WIRE_ROWS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_failure_and_what_comes_of_it(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with played(row) as world:
        begin = world.clock.monotonic()
        error = None
        try:
            assert row.result(world, row.call(world))
        except IntegrationError as raised:
            error = raised
        waited = world.clock.monotonic() - begin
    assert isinstance(error, row.error or type(None))
    message = str(error or "")
    assert row.says in message
    assert "\n" not in message
    assert not isinstance(error, BusinessError) or error.code == row.code
    requests = row.requests if isinstance(row.requests, range) else [row.requests]
    assert len(world.asked) in requests
    assert world.sign_ins == row.sign_ins
    assert sum(row.waits) - 1e-9 <= waited <= sum(row.waits) + JITTER * len(row.waits) + 1e-9
    for secret in (*SECRETS, *world.run.secrets):
        assert secret not in f"{error!r} {world.run.calls} {caplog.text} {world.sandbox.journal}"


def test_no_failure_is_left_out() -> None:
    assert {row.id for row in ROWS} == {f"F{number}" for number in range(1, 33)}
