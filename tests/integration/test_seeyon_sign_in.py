"""SeeyonClient signs in: the forms of a token, whom it acts for, and what becomes of a refused one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from connecthub.errors import IntegrationError
from connecthub.integrations.errors import AuthError, PermissionDenied, ProtocolError, ResultUnknown
from connecthub.integrations.sandbox.messages import Reply, json_reply
from tests.integration.seeyon import INVALID_TOKEN, PASSWORD, USER, UUID, Office, office

RENEWED = ["POST token", "GET orgAccounts", "POST token", "GET orgAccounts"]


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


def test_a_token_is_fetched_and_handed_to_the_run_for_masking(here: Office):
    token = here.client.authenticate()
    assert isinstance(token, SecretStr)
    assert here.run.secrets == [token.get_secret_value()]
    assert str(token) == "**********"


def test_a_token_is_fetched_on_first_need_and_used_again(here: Office):
    here.client.units()
    here.client.units()
    assert here.asked == ["POST token", "GET orgAccounts", "GET orgAccounts"]


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong-password"), ("nobody", PASSWORD)])
def test_a_refused_user_is_an_error_that_says_what_to_check(user: str, password: str):
    with office(user_name=user, password=password) as here:
        with pytest.raises(AuthError) as caught:
            here.client.units()
        assert "user name or password refused by Seeyon A8/G6 REST at 127.0.0.1" in str(caught.value)
        assert "; check both in Seeyon's REST users" in str(caught.value)
        assert password not in str(caught.value)
        assert here.asked == ["POST token"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, f"{UUID}\r\n".encode()),
        Reply(200, f"\r\n{UUID}\r\n".encode()),
        Reply(200, f'"{UUID}"'.encode()),
        json_reply({"id": UUID}),
        json_reply({"bindingUser": {"id": -7}, "userName": USER, "id": UUID}),
    ],
)
def test_a_token_may_come_as_text_or_json(here: Office, reply: Reply):
    here.oa.reply_next(reply)
    assert here.client.authenticate().get_secret_value() == UUID
    assert here.run.calls[0]["error"] is None


@pytest.mark.parametrize("form", ["post", "get"])
@pytest.mark.parametrize("bare", [True, False])
def test_both_forms_of_the_sign_in_work(form: str, bare: bool):
    with office(oa={"bare_text_token": bare, "password": "p/w?ö#"}, token_form=form, password="p/w?ö#") as here:
        assert here.client.units()
        path = "GET token/..." if form == "get" else "POST token"
        assert here.asked == [path, "GET orgAccounts"]
        assert here.run.calls[0]["path"] == f"/seeyon/rest/{path.split()[1]}"


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply(200, b"-1\r\n"), AuthError, "user name or password refused"),
        (json_reply({"id": -1}), AuthError, "user name or password refused"),
        (json_reply({"id": None}), ProtocolError, "without a token"),
        (json_reply({"id": "has space and\nline"}), ProtocolError, "without a token"),
        (json_reply([]), ProtocolError, "without a token"),
        (Reply(200, b""), ProtocolError, "an empty body"),
        (Reply(200, b"please wait a moment"), ProtocolError, "no JSON"),
        (Reply(200, b"<html><title>OA</title>"), ProtocolError, "an HTML page ('OA') where JSON was due"),
        (Reply(401, b""), AuthError, "bind this machine's IP address"),
        (Reply(403, b""), AuthError, "REST用户管理"),
        (Reply(404, b""), ProtocolError, "check base_url"),
    ],
)
def test_a_sign_in_without_a_token_is_an_error_at_once(
    here: Office, reply: Reply, error: type[IntegrationError], says: str
):
    here.oa.reply_next(reply)
    with pytest.raises(error) as caught:
        here.client.units()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert here.asked == ["POST token"]
    assert here.run.calls[0]["error"] == str(caught.value)


def test_a_machine_whose_address_is_not_bound_is_told_so_after_four_attempts():
    with office(oa={"refuse_ip": True}) as here:
        with pytest.raises(
            AuthError, match=r"answered 500 each time: the OA fails .*, or .* bind this machine's IP address or"
        ):
            here.client.units()
        assert here.asked == ["POST token"] * 4


def test_a_sign_in_that_fails_once_is_repeated(here: Office):
    here.oa.fail_next(500)
    here.client.authenticate()
    assert here.asked == ["POST token"] * 2


def test_the_sign_in_is_repeated_while_the_gateway_fails(here: Office):
    here.oa.fail_next(502, times=2)
    here.client.authenticate()
    assert here.asked == ["POST token"] * 3
    assert here.run.clock.monotonic() > 1


def test_a_token_acts_for_the_login_that_was_given():
    with office(login_name="E00007") as here:
        here.client.authenticate()
        assert (user := here.client.bound_user)
        assert (user.login_name, len(user.name) > 1, user.unit_id) == ("E00007", True, "670869647114347")
        assert "session" not in repr(user)


def test_a_login_that_the_oa_does_not_know_is_named():
    with office(login_name="nobody") as here, pytest.raises(AuthError, match=r"knows no login 'nobody'.* check login"):
        here.client.units()


def test_a_version_that_does_not_say_whom_a_token_acts_for_is_believed():
    with office(oa={"bare_text_token": True}, login_name="nobody") as here:
        assert here.client.units()
        assert here.client.bound_user is None


def test_a_login_is_bound_to_the_token_and_to_those_after_it(here: Office):
    bound = here.client.bind("E00008")
    assert bound
    assert bound.login_name == "E00008"
    here.oa.expire_tokens()
    here.client.units()
    assert here.client.bound_user == bound
    assert here.asked == ["POST token", "PUT token", "GET orgAccounts", "POST token", "GET orgAccounts"]


def test_a_login_that_cannot_be_bound_leaves_the_old_one(here: Office):
    here.client.bind("E00008")
    for forget in (lambda: None, here.oa.expire_tokens):
        forget()
        with pytest.raises(AuthError, match="knows no login 'nobody'"):
            here.client.bind("nobody")
    here.client.units()
    assert here.client.bound_user
    assert here.client.bound_user.login_name == "E00008"


def test_a_token_slides_with_each_call_and_is_renewed_when_it_idled_out(here: Office):
    here.client.units()
    for _ in range(2):
        here.run.clock.sleep(900)
        here.client.units()
    assert here.asked == ["POST token"] + ["GET orgAccounts"] * 3
    here.run.clock.sleep(901)
    assert here.client.units()
    assert here.asked[4:] == ["GET orgAccounts", "POST token", "GET orgAccounts"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, INVALID_TOKEN.encode()),
        Reply(401, "无权限".encode()),
        Reply(200, INVALID_TOKEN.encode()),
        Reply(200, f'"{INVALID_TOKEN}"'.encode()),
        Reply(200, b"\r\n<html><title>Login</title>"),
        json_reply({"code": 1010, "message": INVALID_TOKEN}),
        json_reply({"code": "1010", "message": ""}),
    ],
)
def test_every_refusal_of_a_token_renews_it_once(here: Office, reply: Reply):
    here.client.authenticate()
    here.oa.reply_next(reply)
    assert here.client.units()
    assert here.asked == RENEWED


@pytest.mark.parametrize("json_401", [True, False])
def test_a_write_is_sent_again_with_a_fresh_token_for_a_refused_one_changes_nothing(json_401: bool):
    with office(oa={"json_401": json_401}) as here:
        here.client.authenticate()
        here.oa.expire_tokens()
        member = here.planted("gender_unknown")[0]
        here.client.enable_member(member, False)
        assert here.asked == ["POST token", f"PUT orgMember/{member}/enabled/false"] * 2
        assert here.client.bound_user is None


def test_a_resource_that_is_not_granted_is_an_error_after_one_replay():
    with office(oa={"not_granted": ["orgAccounts"]}) as here:
        here.client.authenticate()
        with pytest.raises(PermissionDenied, match=r"also after a fresh sign-in; in Seeyon's REST users .* grant the"):
            here.client.units()
        assert here.asked == RENEWED


def test_a_page_in_place_of_json_is_an_error_after_one_replay(here: Office):
    here.client.authenticate()
    with pytest.raises(ProtocolError, match=r"an HTML page \('Error page.*'\) where JSON was due"):
        here.client.get_json("orgNothing")
    assert here.asked == ["POST token", "GET orgNothing"] * 2


def test_a_page_in_answer_to_a_write_leaves_its_result_open(here: Office):
    here.client.authenticate()
    here.oa.html_next()
    with pytest.raises(ResultUnknown, match="look before repeating it"):
        here.client.add_member({"name": "x"})
    assert here.asked == ["POST token", "POST orgMember"]


def test_threads_share_one_sign_in(here: Office):
    with ThreadPoolExecutor(8) as pool:
        results = [future.result() for future in [pool.submit(here.client.units) for _ in range(24)]]
    assert {len(units) for units in results} == {1}
    assert here.asked.count("POST token") == 1
