"""The Seeyon stand-in itself, asked without our client: as strict as the real system is known to be."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.organisation import generate
from connecthub.integrations.sandbox.seeyon import SeeyonSandbox, serve
from connecthub.integrations.seeyon import SeeyonClient
from tests.integration.seeyon import INVALID_TOKEN, PASSWORD, UNIT, USER, Office, office

SIGN_IN = {"userName": USER, "password": PASSWORD}


@pytest.fixture
def here() -> Iterator[Office]:
    with office() as opened:
        yield opened


def test_a_token_comes_by_post_and_by_get(here: Office):
    with httpx.Client(base_url=f"{here.oa.base_url}/seeyon/rest/", trust_env=False) as plain:
        told = plain.post("token/", json=SIGN_IN).json()
        assert told.keys() == {"bindingUser", "userName", "id"}
        assert len(told["id"]) == 36
        assert plain.post("token", json={**SIGN_IN, "password": "x"}).json()["id"] == "-1"
        assert plain.post("token", content=b"{}").status_code == 415
        bare = plain.get(f"token/{USER}/{PASSWORD}")
        assert (len(bare.text.strip()), bare.headers["content-type"][:10]) == (36, "text/plain")
        assert plain.get(f"token/{USER}/x").text == "-1\r\n"
        json = plain.get(f"token/{USER}/{PASSWORD}?loginName=E00007", headers={"Accept": "application/json"}).json()
        assert json["bindingUser"]["loginName"] == "E00007"
        assert plain.get("orgAccounts", headers={"token": bare.text.strip()}).status_code == 200
    assert PASSWORD not in repr(here.oa.journal)


def test_who_is_refused_is_bound_to_nobody(here: Office):
    refused = {**SIGN_IN, "password": "x", "loginName": "E00007"}
    told = httpx.post(f"{here.oa.base_url}/seeyon/rest/token", json=refused, trust_env=False).json()
    assert told == {"bindingUser": None, "userName": USER, "id": "-1"}


def test_a_batch_is_written_whole_or_answered_with_a_page(here: Office):
    like = here.oa.organisation.members[-1]
    places = {name: like[name] for name in ("orgDepartmentId", "orgPostId", "orgLevelId")}
    before = len(here.oa.organisation.members)
    with here.plain() as plain:
        assert plain.put("orgMembers", json=[{"name": "新人", **places}, 5]).text[:1] == "<"
        assert len(here.oa.organisation.members) == before
        told = plain.put("orgMembers", json=[{"name": "新人", **places}, {"id": "x"}]).json()
        assert [each["code"] for each in told["errorMsgs"]] == ["MEMBER_NOT_EXIST"]
        assert len(here.oa.organisation.members) == before + 1
        wrong = {"name": "新人", **places, "orgPostId": "x"}
        assert plain.post("orgMember", json=wrong).json()["errorMsgs"][0]["code"] == "MEMBER_POST_DISABLED"


def test_a_department_stays_in_its_unit_where_that_comes_as_text(here: Office):
    department = next(row for row in here.oa.organisation.departments if row["enabled"])
    fields = {"id": str(department["id"]), "orgAccountId": UNIT, "name": "改名"}
    with here.plain() as plain:
        assert plain.put("orgDepartment", json=fields).json()["success"]
        found = [row["name"] for row in plain.get(f"orgDepartments/{UNIT}").json()]
    assert "改名" in found


def test_a_department_that_moves_gets_a_path_with_those_below_it(here: Office):
    made = here.oa.organisation
    rows = {row["id"]: row for row in made.departments if row["enabled"]}
    parent = next(rows[row["superior"]] for row in rows.values() if row["superior"] in rows)
    below = [row for row in rows.values() if row["path"].startswith(parent["path"]) and row is not parent]
    home = next(row for row in rows.values() if len(row["path"]) == 12 and not parent["path"].startswith(row["path"]))
    others = {row["path"] for row in rows.values() if row is not parent and row not in below}
    ends = {row["id"]: row["path"].removeprefix(parent["path"]) for row in below}
    with here.plain() as plain:
        sent = {"id": parent["id"], "superior": home["id"], "path": "x"}
        assert plain.put("orgDepartment", json=sent).json()["success"]
        assert plain.put("orgDepartment", json={"id": parent["id"], "path": "x"}).json()["success"]
    assert parent["path"][:-4] == home["path"]
    assert parent["path"] not in others
    assert below
    assert all(row["path"] == parent["path"] + ends[row["id"]] for row in below)


@pytest.mark.parametrize("name", ["code", "loginName", "telNumber"])
def test_who_is_there_is_found_before_who_is_deleted(here: Office, name: str):
    old, new = [row for row in here.oa.organisation.members if row["enabled"] and not row["isAdmin"]][:2]
    old.update({name: "19900009999"}, enabled=False, isDeleted=True)
    new.update({name: "19900009999"})
    ways = {"code": "orgMember/code/{}", "loginName": "orgMember?loginName={}", "telNumber": "orgMember/telephone/{}"}
    with here.plain() as plain:
        assert plain.get(ways[name].format("19900009999")).json()["id"] == new["id"]
        if name == "code":
            assert plain.put("orgMember/code/19900009999/enabled/false", json={}).json()["success"]
            assert plain.delete("orgMember/code/19900009999").json()["success"]
            assert plain.get("orgMember/code/19900009999").json()["id"] == old["id"]


def test_the_token_goes_in_the_header_or_the_query(here: Office):
    token = here.client.authenticate().get_secret_value()
    answer = httpx.get(f"{here.oa.base_url}/seeyon/rest/orgAccounts", params={"token": token}, trust_env=False)
    assert answer.json()[0]["id"] == int(UNIT)
    assert answer.text.endswith("\r\n")
    entry = here.oa.journal[-1]
    assert (entry["service"], entry["path"], entry["query"]) == ("seeyon", "/seeyon/rest/orgAccounts", ["token"])


@pytest.mark.parametrize(
    ("json_401", "status", "body"), [(False, 401, INVALID_TOKEN), (True, 200, f'"message": "{INVALID_TOKEN}"')]
)
def test_a_refused_token_is_a_401_or_code_1010(json_401: bool, status: int, body: str):
    with office(oa={"json_401": json_401}) as here:
        answer = httpx.get(f"{here.oa.base_url}/seeyon/rest/orgAccounts", headers={"token": "x"}, trust_env=False)
        assert answer.status_code == status
        assert body in answer.text


def test_an_idle_window_of_another_version_may_be_chosen():
    with office(oa={"idle_seconds": 1380}) as here, here.plain() as plain:
        here.run.clock.sleep(1380)
        assert plain.get("orgAccounts").status_code == 200
        here.run.clock.sleep(1381)
        assert plain.get("orgAccounts").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "orgNothing", {}),
        ("GET", "orgMembers", {"params": {"orgAccountId": UNIT}}),
        ("GET", "orgAccounts", {"params": {"page": "1"}}),
        ("GET", "orgMembers/not-a-number", {}),
        ("GET", f"orgMembers/{2**63}", {}),
        ("GET", "orgMembers/1_0", {}),
        ("GET", f"orgMembers/{UNIT}/", {}),
        ("GET", f"orgMembers/department/{UNIT}", {"params": {"firstLayer": "maybe"}}),
        ("GET", "orgMember", {}),
        ("POST", "orgMember", {"content": b"{}"}),
        ("POST", "orgMember", {"json": []}),
        ("PUT", "orgMembers", {"json": {}}),
        ("PUT", "orgMember", {"json": {"second_post": None}}),
        ("PUT", "orgMember", {"json": {"concurrent_post": [5]}}),
        ("PUT", "orgMember", {"json": {"properties": None}}),
        ("PUT", "orgMember", {"json": {"enabled": "false"}}),
        ("PUT", "orgDepartment", {"json": {"path": None}}),
        ("PUT", "orgMember/5/enabled/maybe", {"json": {}}),
        ("DELETE", "orgAccounts", {}),
    ],
)
def test_what_the_system_does_not_know_is_a_page_with_status_200(
    here: Office, method: str, path: str, options: dict[str, Any]
):
    with here.plain() as plain:
        answer = plain.request(method, path, **options)
    assert (answer.status_code, answer.text[:1], answer.headers["content-type"][:9]) == (200, "<", "text/html")


def test_numbers_come_as_text_where_that_is_asked_for(here: Office):
    with here.plain() as plain:
        asking = {"option.n_a_s": "1"}
        assert plain.get("orgAccounts", params=asking).json()[0]["superior"] == "-1"
        assert plain.get(f"orgMembers/count/{UNIT}", headers=asking).json() == "58"
        assert plain.get("orgAccounts").json()[0]["superior"] == -1


def test_lists_by_code_and_name_are_lists(here: Office):
    with here.plain() as plain:
        department = here.oa.organisation.departments[0]
        assert plain.get(f"orgDepartment/code/{department['code']}").json() == [department]
        shared = here.oa.organisation.planted["code_shared"]
        code = next(row["code"] for row in here.oa.organisation.members if row["id"] == shared[0])
        assert [row["id"] for row in plain.get(f"orgMembers/code/{code}").json()] == shared
        page = plain.get(f"orgMembers/code/{code}", params={"pageNo": 1, "pageSize": 1}).json()
        assert [row["id"] for row in page] == shared[1:]
        member = here.oa.organisation.members[0]
        assert member in plain.get(f"orgMembers/name/{member['name']}").json()
        assert plain.get("orgAccount/code/C001").json()["id"] == int(UNIT)


def test_lists_come_in_no_order_unless_that_is_switched_off():
    paths = []
    for shuffled in (True, False):
        with office(oa={"shuffled": shuffled, "crlf": False}) as here, here.plain() as plain:
            answer = plain.get(f"orgDepartments/all/{UNIT}")
            paths.append([row["path"] for row in answer.json()])
            assert plain.get(f"orgDepartments/all/{UNIT}").text == answer.text
            assert answer.text.endswith("]")
    assert paths[0] != paths[1] == sorted(paths[0])


def test_a_ticket_tells_whom_it_was_issued_to(here: Office):
    with httpx.Client(base_url=f"{here.oa.base_url}/seeyon/rest/", trust_env=False) as plain:
        good = plain.get("token/ticket", params={"ticket": here.oa.issue_ticket("E00007")}).json()
        bad = plain.get("token/ticket", params={"ticket": "x"}).json()
    assert (good["code"], good["data"]["loginName"], bad["code"]) == (0, "E00007", 1)


def test_people_are_changed_between_runs(here: Office):
    member = here.planted("gender_unknown")[0]
    here.oa.change_member(member, name="改名", enabled=False)
    changed = here.client.member(member)
    assert changed
    assert (changed.name, changed.active) == ("改名", False)
    here.oa.remove_member(member)
    assert here.client.member(member) is None
    with pytest.raises(ConnectHubError, match=f"has no {member}"):
        here.oa.change_member(member, name="x")
    department = here.oa.organisation.departments[0]["id"]
    here.oa.change_department(department, name="新部")
    found = here.client.department(str(department))
    assert found
    assert found.name == "新部"


def test_each_stand_in_has_an_organisation_of_its_own():
    organisation = generate("small")
    with office(oa={"organisation": organisation}) as here:
        here.oa.change_member(organisation.members[0]["id"], name="改名")
        here.oa.reset("small", 2)
        assert {row["id"] for row in here.oa.state()["members"]} != {row["id"] for row in organisation.members}
    assert organisation == generate("small")


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConnectHubError, match=f"port {port} on 127.0.0.1 is in use"):
            serve(port, on_ready=pytest.fail)
    with pytest.raises(ConnectHubError, match="port 70000 is not between"):
        serve(70000, on_ready=pytest.fail)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_sandbox_ends_at_a_signal_with_a_connection_open(number: signal.Signals):
    program = (
        "from connecthub.integrations.sandbox.seeyon import serve\n"
        "serve(0, on_ready=lambda address: print(address, flush=True))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        with SeeyonClient(address, USER, PASSWORD) as client:
            assert client.units()
            process.send_signal(number)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_the_old_way_to_open_one_still_works():
    with SeeyonSandbox() as sandbox, SeeyonClient(sandbox.base_url, USER, PASSWORD) as client:
        assert [unit.id for unit in client.units()] == [UNIT]
