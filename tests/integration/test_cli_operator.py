"""`connecthub operator`, and reasons, as people type them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connecthub.cli.operator import operator
from connecthub.control.actor import Role
from connecthub.control.authorized_keys import authorized_keys_file
from connecthub.control.operators import list_operators
from tests.cli import Cli, refusal, terminal_codes
from tests.integration.conftest import Installation
from tests.integration.people import let_in, public_key

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)
"""For what does not depend on the stack: the functions behind it are tested on both."""


@pytest.fixture
def cli(installation: Installation, tmp_path: Path) -> Cli:
    for number in range(1, 4):
        (tmp_path / f"{number}.pub").write_text(f"{public_key(number).text} carol@laptop {number}\x1b]52;\x07\n")
    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nc4nary\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    return Cli(installation.environment(), tmp_path)


@EMBEDDED
@pytest.mark.slow
def test_a_person_comes_and_goes(installation: Installation, cli: Cli):
    one, two, three = (public_key(number) for number in (1, 2, 3))
    added = cli("operator", "add", "carol", "--role", "operator", "--key", "1.pub", "--key", "-", stdin=f"{two.text}\n")
    assert (added.code, added.err) == (0, "")
    assert added.out.splitlines() == [
        f"carol may come in with key {one.fingerprint} as operator",
        f"carol may come in with key {two.fingerprint} as operator",
        "this host knows it now; others that run `connecthub ssh sync` follow within ten seconds",
    ]
    assert authorized_keys_file(installation.settings).read_text().count("\nrestrict,") == 2
    listed, as_json, shown = cli.each(
        [("operator", "list"), ("operator", "list", "--json"), ("operator", "show", "carol")]
    )
    assert terminal_codes(listed.out + shown.out) == set()
    assert listed.out.splitlines()[1].split()[:7] == [
        *("carol", "operator", "-", "enabled", one.fingerprint, "ed25519", "carol@laptop"),
    ]
    assert max(map(len, listed.out.splitlines())) <= 140
    (person,) = as_json.json
    assert (person["name"], person["role"], person["enabled"]) == ("carol", "operator", True)
    assert [(key["fingerprint"], key["type"]) for key in person["keys"]] == [
        (one.fingerprint, "ssh-ed25519"),
        (two.fingerprint, "ssh-ed25519"),
    ]
    assert re.search(rf"^{re.escape(two.fingerprint)} .* UTC|^{re.escape(two.fingerprint)}", shown.out, re.MULTILINE)

    edited = cli("operator", "edit", "carol", "--role", "admin", "--language", "zh")
    assert edited.out.startswith("operator carol: admin now, was operator; Chinese now, was by UI_LANG; ")
    assert (
        cli("operator", "edit", "carol", "--role", "admin").out == "operator carol is so already; nothing was changed\n"
    )
    let_in(installation, "root", Role.ADMIN, 9)
    off = cli("operator", "disable", "carol", "--reason", "on leave")
    assert off.out == (
        "operator carol is disabled, and refused in a session that is open; "
        "`connecthub operator enable carol` takes it back\n"
    )
    assert cli("operator", "enable", "carol").out.startswith("operator carol is enabled; ")
    assert "is added: carol may come in with it as admin" in cli("operator", "key", "add", "carol", "3.pub").out
    gone = cli("operator", "key", "remove", "carol", three.fingerprint[:16], "--reason", "laptop lost")
    assert gone.out.startswith("the key is removed from operator carol: 2 left; ")
    assert refusal(cli("operator", "remove", "carol"), "--yes") is None
    removed = cli("operator", "remove", "carol", "--yes", "--reason", "has left")
    assert removed.out == "operator carol is removed with 2 keys; what they did stays in the audit trail\n"
    told = cli("audit", "list", "--action", "operator.").out
    for reason in ("has left", "laptop lost", "on leave"):
        assert f"  reason: {reason}; " in told
    assert authorized_keys_file(installation.settings).read_text().count("\nrestrict,") == 1


@EMBEDDED
@pytest.mark.slow
def test_what_is_refused_names_the_file_or_the_person_and_lets_nobody_in(installation: Installation, cli: Cli):
    let_in(installation, "root", Role.ADMIN, 9)
    add = ("operator", "add", "carol", "--role", "viewer")
    rows = [
        ((*add, "--key", "id"), ("'id'", "private key, which stays with its owner")),
        ((*add, "--key", "binary"), ("'binary'", "no UTF-8")),
        ((*add, "--key", "nowhere.pub"), ("'nowhere.pub'", "No such file")),
        ((*add, "--key", "-"), ("standard input", "no public key")),
        (add, ("--key",)),
        (("operator", "add", "carol", "--role", "boss", "--key", "1.pub"), ("'boss'", "viewer")),
        (("operator", "add", "root", "--role", "viewer", "--key", "1.pub"), ("root", "there already")),
        (("operator", "edit", "root"), ("--role", "--language")),
        (("operator", "edit", "root", "--role", "viewer"), ("root", "last admin")),
        (("operator", "disable", "root"), ("root", "last admin")),
        (("operator", "remove", "root", "--yes", "--reason", " "), ("reason", "blank")),
        (("operator", "show", "nobody"), ("'nobody'", "operator list")),
        (("operator", "key", "add", "nobody", "1.pub"), ("'nobody'",)),
        (("operator", "key", "remove", "root", "SHA256:nope"), ("'SHA256:nope'", "operator show")),
    ]
    refused = [refusal(ran, *words) for ran, (_, words) in zip(cli.each([row[0] for row in rows]), rows, strict=True)]
    assert refused == [None] * len(rows)
    assert [each.row.name for each in list_operators(installation.database)] == ["root"]


@EMBEDDED
@pytest.mark.slow
def test_a_reason_is_kept_with_what_stops_or_takes_away(installation: Installation, cli: Cli):
    installation.add("nightly")
    run = installation.run("nightly")
    assert cli("log", "cancel", str(run), "--reason", "wrong file").code == 0
    assert installation.log(run).row.reason.endswith(": wrong file")
    assert cli("job", "disable", "nightly", "--reason", "their server moves").code == 0
    assert cli("job", "delete", "nightly", "--yes", "--reason", "replaced").code == 0
    acts = cli("audit", "list", "--json").json
    assert [(act["action"], act["reason"]) for act in acts[:3]] == [
        ("job.delete", "replaced"),
        ("job.disable", "their server moves"),
        ("log.cancel", "wrong file"),
    ]
    shown = cli("audit", "show", str(acts[1]["id"])).out
    assert re.search(r"^result +done\nreason +their server moves$", shown, re.MULTILINE)


def test_the_group_says_what_it_holds():
    assert set(operator.commands) == {"add", "list", "show", "edit", "enable", "disable", "remove", "key"}
