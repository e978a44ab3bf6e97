"""Who may come over SSH: on both stacks, with the file that sshd reads."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from connecthub.control.actor import Actor, Role
from connecthub.control.authorized_keys import authorized_keys_file, publish, read_lines
from connecthub.control.operators import (
    KEYS_MAX,
    add_key,
    add_operator,
    edit_operator,
    get_operator,
    list_operators,
    remove_key,
    remove_operator,
    set_operator_enabled,
)
from connecthub.db import tables
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, ConnectHubError, Forbidden, NotFound, Refused
from tests.integration.conftest import ALICE, Installation
from tests.integration.people import let_in, over_ssh, public_key, register

EMBEDDED = pytest.mark.parametrize("installation", ["embedded"], indirect=True)


def acts(installation: Installation) -> list[AnyRow]:
    with installation.database.read() as connection:
        of_operators = tables.audit.c.action.startswith("operator.")
        listing = select(tables.audit).where(of_operators).order_by(tables.audit.c.id)
        return list(connection.execute(listing).all())


def file_of(installation: Installation) -> str:
    return authorized_keys_file(installation.settings).read_text()


def names(installation: Installation) -> list[str]:
    return [each.row.name for each in list_operators(installation.database)]


def at_once(*does: Callable[[], object]) -> list[object]:
    """Do these in threads that begin together; returns what each returned, or raised of ours."""
    ready = threading.Barrier(len(does))

    def run(do: Callable[[], object]) -> object:
        ready.wait(20)
        try:
            return do()
        except ConnectHubError as error:
            return error

    with ThreadPoolExecutor(len(does)) as pool:
        return list(pool.map(run, does))


def test_a_person_is_added_changed_and_removed_and_each_change_is_audited(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    added = add_operator(book, ALICE, "李 carol", Role.OPERATOR, [public_key(2), public_key(3)], "zh")
    assert (added.row.role, added.row.language, added.row.enabled) == ("operator", "zh", True)
    assert [key.comment for key in added.keys] == ["key 2", "key 3"]
    edited = edit_operator(book, ALICE, "李 carol", role=Role.VIEWER)
    assert (edited.row.role, edited.row.language) == ("viewer", "zh")
    assert edit_operator(book, ALICE, "李 carol", role=Role.VIEWER, language="zh").row == edited.row
    assert not set_operator_enabled(book, ALICE, "李 carol", False, "on leave").row.enabled
    assert not set_operator_enabled(book, ALICE, "李 carol", False).row.enabled
    assert set_operator_enabled(book, ALICE, "李 carol", True).row.enabled
    assert len(add_key(book, ALICE, "李 carol", public_key(4)).keys) == 3
    assert len(remove_key(book, ALICE, "李 carol", public_key(2).fingerprint[:20], "laptop lost").keys) == 2
    remove_operator(book, ALICE, "李 carol", "has left")
    assert names(installation) == ["root"]
    with pytest.raises(NotFound, match="no operator '李 carol'"):
        get_operator(installation.database, "李 carol")

    told = [(row.action, row.reason, row.result) for row in acts(installation)[1:]]
    assert told == [
        ("operator.add", None, "done"),
        ("operator.edit", None, "done"),
        ("operator.disable", "on leave", "done"),
        ("operator.enable", None, "done"),
        ("operator.add_key", None, "done"),
        ("operator.remove_key", "laptop lost", "done"),
        ("operator.remove", "has left", "done"),
    ]
    rows = acts(installation)[1:]
    assert {(row.target_kind, row.target_name, row.target_id) for row in rows} == {
        ("operator", "李 carol", added.row.id)
    }
    assert rows[0].detail["keys"] == [public_key(2).fingerprint, public_key(3).fingerprint]
    assert rows[1].detail == {"role": {"before": "operator", "after": "viewer"}}
    assert rows[5].detail == {"key": public_key(2).fingerprint, "comment": "key 2"}


def test_sshd_reads_the_keys_of_those_who_may_come_in_and_no_others(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    carol = let_in(installation, "carol", Role.VIEWER, 2, 3)
    path = authorized_keys_file(installation.settings)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    remark, *keys = file_of(installation).splitlines()
    assert remark.startswith("# Written by ConnectHub")
    assert [line.rpartition('" ')[2] for line in keys] == [public_key(number).text for number in (1, 2, 3)]
    assert all(line.startswith('restrict,pty,command="exec ') for line in keys)
    assert f"connecthub ssh session {carol.keys[0].id} --folder {Path.cwd()}" in keys[1]
    set_operator_enabled(book, ALICE, "carol", False)
    assert public_key(2).text not in file_of(installation)
    set_operator_enabled(book, ALICE, "carol", True)
    remove_key(book, ALICE, "carol", public_key(3).fingerprint)
    assert public_key(2).text in file_of(installation)
    assert public_key(3).text not in file_of(installation)
    remove_operator(book, ALICE, "carol")
    assert file_of(installation).splitlines()[1:] == keys[:1]
    assert [each.name for each in path.parent.iterdir()] == ["authorized_keys"]
    assert publish(installation.settings, installation.database) is False
    path.write_text("by hand")
    assert publish(installation.settings, installation.database) is True


@EMBEDDED
def test_who_changes_an_operator_elsewhere_moves_nobodys_settings(installation: Installation, tmp_path: Path):
    let_in(installation, "root", Role.ADMIN, 1)
    site = tmp_path / "site's"
    site.mkdir()
    assert publish(installation.settings, installation.database, site) is True
    let_in(installation, "carol", Role.VIEWER, 2)
    read, _ = read_lines(file_of(installation))
    assert [line.folder for line in read] == [site, site]
    site.rmdir()
    let_in(installation, "dave", Role.VIEWER, 3)
    read, _ = read_lines(file_of(installation))
    assert [line.folder for line in read] == [Path.cwd()] * 3


def test_the_number_of_a_removed_key_is_given_to_no_other(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    first = add_key(book, ALICE, "root", public_key(2)).keys[-1].id
    remove_key(book, ALICE, "root", public_key(2).fingerprint)
    assert add_key(book, ALICE, "root", public_key(2)).keys[-1].id > first


def test_the_last_admin_stays(installation: Installation):
    book = register(installation)
    let_in(installation, "vera", Role.VIEWER, 9)
    let_in(installation, "root", Role.ADMIN, 1)
    with pytest.raises(Refused, match="root is the last admin and cannot be removed; make somebody else admin first"):
        remove_operator(book, ALICE, "root")
    with pytest.raises(Refused, match="cannot be disabled"):
        set_operator_enabled(book, ALICE, "root", False)
    with pytest.raises(Refused, match="cannot be made anything else"):
        edit_operator(book, ALICE, "root", role=Role.OPERATOR)
    with pytest.raises(Refused, match="cannot be left without a key"):
        remove_key(book, ALICE, "root", public_key(1).fingerprint)
    refused = [row for row in acts(installation) if row.result == "refused"]
    assert [row.action.partition(".")[2] for row in refused] == ["remove", "disable", "edit", "remove_key"]
    assert {(row.target_kind, row.target_name) for row in refused} == {("operator", "root")}
    assert "is the last admin" in refused[0].detail["refused"]
    let_in(installation, "next", Role.ADMIN, 2)
    remove_key(book, ALICE, "next", public_key(2).fingerprint)
    with pytest.raises(Refused, match="is the last admin"):  # nobody comes in without a key
        set_operator_enabled(book, ALICE, "root", False)
    add_key(book, ALICE, "next", public_key(2))
    set_operator_enabled(book, ALICE, "root", False)
    with pytest.raises(Refused, match="next is the last admin"):  # who is disabled is none
        remove_operator(book, ALICE, "next")
    remove_operator(book, ALICE, "root")


def test_names_and_keys_belong_to_one_person(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    with pytest.raises(Refused, match="operator root is there already"):
        add_operator(book, ALICE, "root", Role.VIEWER, [public_key(2)])
    with pytest.raises(Refused, match="belongs to operator root already"):
        add_operator(book, ALICE, "carol", Role.VIEWER, [public_key(2), public_key(1)])
    assert names(installation) == ["root"]
    with pytest.raises(Refused, match=f"would have {KEYS_MAX + 1} keys; {KEYS_MAX} are the most"):
        add_key(book, ALICE, "root", *(public_key(number) for number in range(2, KEYS_MAX + 2)))
    with pytest.raises(NotFound, match="has no key 'SHA256:'"):
        remove_key(book, ALICE, "root", "SHA256:")
    add_key(book, ALICE, "root", *(public_key(number) for number in range(2, KEYS_MAX + 1)))
    with pytest.raises(Refused, match="you came with key"):
        remove_key(book, over_ssh(installation, "root"), "root", public_key(1).fingerprint)


@EMBEDDED
@pytest.mark.parametrize("name", ["", " carol", "carol ", "local:carol", "-x", "car\x1bol", "x" * 65, "a\u202eb", "\n"])
def test_a_name_that_no_person_has_is_refused(installation: Installation, name: str):
    with pytest.raises(ConfigError, match="operator name"):
        let_in(installation, name, Role.VIEWER, 1)
    with pytest.raises(ConfigError, match="no key, and nobody gets in without one"):
        let_in(installation, "carol", Role.VIEWER)
    with pytest.raises(ConfigError, match="language 'xx' is unknown"):
        add_operator(register(installation), ALICE, "carol", Role.VIEWER, [public_key(1)], "xx")
    assert acts(installation) == []


@EMBEDDED
def test_a_reason_that_is_none_is_refused_before_anything_is_done(installation: Installation):
    let_in(installation, "carol", Role.VIEWER, 1)
    for reason in ("", "two\nlines", "x" * 501):
        with pytest.raises(ConfigError, match="reason"):
            remove_operator(register(installation), ALICE, "carol", reason)
    assert names(installation) == ["carol"]


def test_two_admins_who_remove_each_other_at_once_leave_one(installation: Installation):
    book = register(installation)
    for turn in range(4):
        let_in(installation, "one", Role.ADMIN, 2 * turn + 10)
        let_in(installation, "two", Role.ADMIN, 2 * turn + 11)
        one, two = over_ssh(installation, "one"), over_ssh(installation, "two")
        came = at_once(lambda by=one: remove_operator(book, by, "two"), lambda by=two: remove_operator(book, by, "one"))
        assert sorted(isinstance(each, Refused) for each in came) == [False, True]
        (left,) = names(installation)
        assert file_of(installation).count("\nrestrict,") == 1
        with installation.database.write() as connection:
            connection.execute(tables.operators.delete().where(tables.operators.c.name == left))


def test_who_was_removed_while_waiting_for_their_turn_removes_nobody(installation: Installation):
    book = register(installation)
    for name, number in (("one", 1), ("two", 2), ("three", 3)):
        let_in(installation, name, Role.ADMIN, number)
    one, two = over_ssh(installation, "one"), over_ssh(installation, "two")
    came = at_once(lambda: remove_operator(book, one, "two"), lambda: remove_operator(book, two, "one"))
    assert [type(each) for each in came if each is not None] == [Forbidden]
    assert len(names(installation)) == 2


def test_the_same_name_or_key_added_twice_at_once_is_added_once(installation: Installation):
    book = register(installation)
    came = at_once(
        lambda: add_operator(book, ALICE, "carol", Role.ADMIN, [public_key(1)]),
        lambda: add_operator(book, ALICE, "carol", Role.VIEWER, [public_key(2)]),
    )
    assert sorted(isinstance(each, Refused) for each in came) == [False, True]
    with installation.database.write() as connection:
        connection.execute(tables.operators.delete())
    came = at_once(
        lambda: add_operator(book, ALICE, "dave", Role.ADMIN, [public_key(3)]),
        lambda: add_operator(book, ALICE, "erin", Role.VIEWER, [public_key(3)]),
    )
    assert sorted(isinstance(each, Refused) for each in came) == [False, True]
    assert len(names(installation)) == 1
    assert [row.result for row in acts(installation)].count("refused") == 2


def test_many_changes_at_once_leave_the_file_as_the_database_is(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    came = at_once(
        *(lambda number=number: let_in(installation, f"p{number}", Role.VIEWER, number) for number in range(2, 6))
    )
    assert not [each for each in came if isinstance(each, Exception)]
    came = at_once(*(lambda number=number: remove_operator(book, ALICE, f"p{number}") for number in range(2, 5)))
    assert came == [None, None, None]
    assert [line.rpartition('" ')[2] for line in file_of(installation).splitlines()[1:]] == [
        public_key(number).text for number in (1, 5)
    ]
    assert os.listdir(authorized_keys_file(installation.settings).parent) == ["authorized_keys"]


@EMBEDDED
def test_where_the_file_cannot_be_written_the_change_is_saved_and_that_is_said(installation: Installation):
    let_in(installation, "root", Role.ADMIN, 1)
    folder = authorized_keys_file(installation.settings).parent
    folder.rename(folder.with_name("away"))
    folder.write_text("")
    with pytest.raises(ConfigError) as refused:
        let_in(installation, "carol", Role.VIEWER, 2)
    assert "the change is saved, but sshd on this host does not know of it" in str(refused.value)
    assert f"{folder}/authorized_keys cannot be written (Not a directory)" in str(refused.value)
    assert "connecthub ssh sync" in str(refused.value)
    assert names(installation) == ["carol", "root"]
    assert acts(installation)[-1].result == "done"
    folder.unlink()
    folder.symlink_to("away")  # which could lead anywhere, and root might write there
    with pytest.raises(ConfigError, match="Not a directory"):
        let_in(installation, "dave", Role.VIEWER, 3)
    folder.unlink()
    assert publish(installation.settings, installation.database) is True
    assert file_of(installation).count("\nrestrict,") == 3


def test_only_an_admin_changes_operators(installation: Installation):
    book = register(installation)
    let_in(installation, "root", Role.ADMIN, 1)
    let_in(installation, "olga", Role.OPERATOR, 2)
    for by in (over_ssh(installation, "olga"), Actor("local:vera", Role.VIEWER, "cli")):
        for attempt in (
            lambda by=by: add_operator(book, by, "carol", Role.ADMIN, [public_key(3)]),
            lambda by=by: edit_operator(book, by, "olga", role=Role.ADMIN),
            lambda by=by: set_operator_enabled(book, by, "root", False),
            lambda by=by: set_operator_enabled(book, by, "root", True),
            lambda by=by: remove_operator(book, by, "olga"),
            lambda by=by: add_key(book, by, "olga", public_key(3)),
            lambda by=by: remove_key(book, by, "olga", public_key(2).fingerprint),
        ):
            with pytest.raises(Forbidden, match="needs the role admin"):
                attempt()
    assert [row.result for row in acts(installation)].count("refused") == 14
    assert names(installation) == ["olga", "root"]
