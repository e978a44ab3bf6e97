"""SeeyonClient as a BaseClient, over loopback sockets: what is recorded, what is repeated, what is never shown."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from connecthub.errors import ConfigError, ConnectHubError
from connecthub.integrations.errors import ConnectFailed, ServerError, TransportError
from connecthub.integrations.sandbox.messages import Reply, json_reply
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox
from connecthub.integrations.seeyon import SeeyonClient
from tests.integration.seeyon import PASSWORD, USER, UUID, Office, Run, office


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


@pytest.mark.parametrize("ending", ["", "/", "/seeyon", "/seeyon/", "/seeyon/rest", "/seeyon/rest/"])
def test_the_address_may_be_given_at_any_length(here: Office, ending: str):
    with SeeyonClient(here.oa.base_url + ending, USER, SecretStr(PASSWORD)) as client:
        assert client.units()


def test_an_address_that_is_none_is_named_as_it_was_given():
    with pytest.raises(ConfigError, match=r"'oa\.example\.com' is no http or https address"):
        SeeyonClient("oa.example.com", USER, PASSWORD)


def test_each_call_is_recorded(here: Office):
    here.client.units()
    facts = [(record["system"], record["method"], record["path"], record["status"]) for record in here.run.calls]
    assert facts == [
        ("Seeyon A8/G6 REST", "POST", "/seeyon/rest/token", 200),
        ("Seeyon A8/G6 REST", "GET", "/seeyon/rest/orgAccounts", 200),
    ]
    assert all(record["bytes"] > 0 for record in here.run.calls)
    assert [record["error"] for record in here.run.calls] == [None, None]


def test_reads_go_on_after_a_dropped_connection_and_a_failing_gateway(here: Office):
    here.client.authenticate()
    here.oa.drop_next()
    here.oa.fail_next(503, headers={"Retry-After": "1"})
    assert here.client.units()
    assert [(record["attempt"], record["status"]) for record in here.run.calls[1:]] == [(1, None), (2, 503), (3, 200)]
    assert "the connection broke" in here.run.calls[1]["error"]


def test_a_read_gives_up_after_four_attempts(here: Office):
    here.client.authenticate()
    here.oa.fail_next(502, times=4)
    with pytest.raises(ServerError, match="GET /seeyon/rest/orgAccounts answered 502"):
        here.client.units()
    here.oa.drop_next(times=4)
    with pytest.raises(TransportError, match="the connection broke before the answer was complete"):
        here.client.units()
    assert len(here.asked) == 9


def test_a_system_that_is_down_is_named_with_its_address():
    with SeeyonSandbox() as stopped:
        address = stopped.base_url
    with SeeyonClient(address, USER, PASSWORD, hooks=Run()) as client, pytest.raises(ConnectFailed) as caught:
        client.units()
    assert address.removeprefix("http://") in str(caught.value)
    assert "refused" in str(caught.value)


@pytest.mark.parametrize("form", ["post", "get"])
def test_neither_password_nor_token_is_ever_shown(form: str, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with office(token_form=form) as here:
        shown = [repr(here.client)]

        def fails() -> None:
            with pytest.raises(ConnectHubError) as caught:
                here.client.units()
            shown.extend([repr(caught.value), "".join(traceback.format_exception(caught.value))])

        here.client.units()
        for status in (302, 400, 401, 403, 500):
            times = 4 if status == 500 else 1
            here.oa.fail_next(status, times, headers={"Location": f"/login?password={PASSWORD}"})
            if status == 401:
                here.oa.reply_next(json_reply({"id": UUID}))
            fails()
        for broken in (f'["{PASSWORD}"', f'[{{"x": "{PASSWORD}"}}]', f'"{PASSWORD}"'):
            here.client.authenticate()
            here.oa.reply_next(Reply(200, broken.encode()))
            fails()
        here.oa.drop_next(times=4)
        fails()
        for reply in (Reply(302, b"", headers={"Location": f"/x/{PASSWORD}"}), json_reply({"id": f"{PASSWORD} x"})):
            here.client.authenticate()
            here.oa.reply_next(Reply(401, b""))
            here.oa.reply_next(reply)
            fails()
        shown.extend([caplog.text, repr(here.run.calls), repr(here.oa.journal), repr(vars(here.client))])
        shown.append(repr(here.client.authenticate()))
        assert len(here.run.secrets) >= 5
        assert len(caplog.records) == len(here.run.calls)
        for secret in (PASSWORD, *here.run.secrets):
            for text in shown:
                assert secret not in text
