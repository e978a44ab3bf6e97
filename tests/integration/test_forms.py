"""Editing through a form: the fields of a plugin, what is wrong, two people at once, secrets that stay unseen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from connecthub.control.drafts import MISSING, Draft, changes, conflicts, problems, rebased, save
from connecthub.control.forms import (
    UNREADABLE,
    Form,
    as_json,
    copy_form,
    draft_of,
    from_json,
    job_form,
    new_form,
    with_handler,
)
from connecthub.control.job_reading import show_job
from connecthub.control.jobs import SecretChanges, edit_job
from connecthub.db import tables
from connecthub.errors import ConfigError, EditedMeanwhile
from connecthub.security.fernet import open_secrets
from connecthub.security.key_ring import KeyRing, create_key_file
from tests.integration.conftest import ALICE, Installation

TALLY = "samples.tally:Tally"
HELLO = "samples.good:Hello"


def form_of(installation: Installation, **more: object) -> Form:
    given = {"params": {"city": "Berlin"}, "secrets": {"token": "s3cret"}, **more}
    installation.add("job", TALLY, **given)
    return job_form(installation.office(), "job")


def edited(form: Form, **texts: str) -> Draft:
    draft, wrong = draft_of(form, {**form.texts, **{name.replace("__", "."): text for name, text in texts.items()}}, {})
    assert wrong == {}
    return draft


def test_a_form_that_is_left_as_it_is_changes_nothing(installation: Installation):
    draft = edited(form_of(installation, tags=["month end"], timeout=90.5, keep_last=None))
    assert changes(draft) == []
    assert problems(installation.office(), draft) == {}
    assert save(installation.office(), ALICE, draft).version == 1


def test_params_become_values_of_their_kind(installation: Installation):
    texts = {"params__people": "4", "params__pause": "0.5", "params__strict": "yes", "params__tags": '["a"]'}
    row = save(installation.office(), ALICE, edited(form_of(installation), **texts))
    assert row.public_cfg == {"city": "Berlin", "people": 4, "pause": 0.5, "strict": True, "tags": ["a"]}


def test_every_problem_is_told_at_its_field_at_once(installation: Installation):
    form = form_of(installation)
    bad = {"name": "7", "cron_expr": "61 * * * *", "timezone": "Mars", "params.city": "", "params.order": "sideways"}
    draft, wrong = draft_of(form, {**form.texts, **bad, "timeout": "soon", "queue": ""}, {})
    assert wrong == {"timeout": wrong["timeout"], "queue": "this is needed"}
    found = problems(installation.office(), draft)
    assert {"name", "cron_expr", "timezone", "params.city", "params.order"} <= found.keys()


def test_a_new_job_is_filled_in_from_an_example_and_needs_its_secret(installation: Installation):
    office = installation.office()
    form = new_form(office, TALLY, "UTC", "berlin")
    assert (form.texts["params.city"], form.texts["params.people"]) == ("Berlin", "13")
    draft, wrong = draft_of(form, {**form.texts, "name": "new"}, {})
    assert wrong == {}
    assert problems(office, draft) == {"secrets.token": "Field required"}
    draft, _ = draft_of(form, {**form.texts, "name": "new"}, {"secrets.token": "s3cret"})
    assert ("secrets.token", "", "set anew") in changes(draft)
    assert "s3cret" not in repr((draft, changes(draft)))
    row = save(office, ALICE, draft)
    assert open_secrets(installation.keys, row.id, row.secret_cfg) == {"token": "s3cret"}


def test_a_copy_is_disabled_and_has_no_secrets(installation: Installation):
    form_of(installation)
    form = copy_form(installation.office(), "job")
    assert (form.texts["name"], form.texts["enabled"], form.texts["params.city"]) == ("job-copy", "no", "Berlin")
    assert dict(form.stored) == {"token": "not set"}


def test_two_people_at_once_see_both_changes_and_neither_is_lost(installation: Installation):
    form, office = form_of(installation), installation.office()
    mine = edited(form, cron_expr="0 3 * * *", params__people="4")
    theirs = {"timeout": 60.0, "cron_expr": "0 4 * * *", "public_cfg": {"city": "Paris"}}
    edit_job(office, ALICE, show_job(installation.database, "job"), theirs)
    with pytest.raises(EditedMeanwhile):
        save(office, ALICE, mine)
    now = show_job(installation.database, "job")
    found = {each.name: (each.before, each.mine, each.theirs) for each in conflicts(mine, now)}
    assert found == {
        "cron_expr": ("* * * * *", "0 3 * * *", "0 4 * * *"),
        "timeout": (3600.0, 3600.0, 60.0),
        "params.city": ("Berlin", "Berlin", "Paris"),
        "params.people": (MISSING, 4, MISSING),
    }
    row = save(office, ALICE, rebased(mine, now))
    assert (row.cron_expr, row.timeout, row.public_cfg) == ("0 3 * * *", 60.0, {"city": "Paris", "people": 4})


def test_a_secret_is_replaced_or_cleared_by_name(installation: Installation):
    form, office = form_of(installation), installation.office()
    assert dict(form.stored) == {"token": "set"}
    assert "s3cret" not in repr(form)
    draft, _ = draft_of(form, form.texts, {"secrets.token": '"quoted'})
    row = save(office, ALICE, draft)
    assert open_secrets(installation.keys, row.id, row.secret_cfg) == {"token": '"quoted'}
    draft, _ = draft_of(job_form(office, "job"), form.texts, {}, ("token",))
    assert problems(office, draft) == {"secrets.token": "Field required"}


def test_secrets_that_cannot_be_read_are_said_to_be_and_replaced_whole(installation: Installation):
    form_of(installation)
    path = installation.settings.fernet_key_path.with_name("other.key")
    create_key_file(path)
    office = replace(installation.office(), keys=KeyRing.load(path))
    form = job_form(office, "job")
    assert dict(form.stored) == {"token": UNREADABLE}
    draft, _ = draft_of(form, form.texts, {"secrets.token": "new"})
    assert draft.secrets == SecretChanges({"token": "new"}, replace_all=True)


def test_the_same_form_as_json_and_back(installation: Installation):
    form = form_of(installation, tags=["a", "month end"])
    again, texts = from_json(form, as_json(form, form.texts))
    assert changes(edited(replace(again, texts=texts))) == []
    for text in ("{", "[]", '{"nope": 1}', '{"tags": 3}', '{"params": []}'):
        with pytest.raises(ConfigError):
            from_json(form, text)


def test_a_plugin_that_cannot_be_described_leaves_its_params_as_one_text(installation: Installation):
    form = with_handler(installation.office(), form_of(installation), "samples.broken:Gone", {"params.city": "Bonn"})
    assert [field.path for field in form.params] == ["params"]
    assert "Bonn" in form.texts["params"]
    assert "samples.broken" in form.note


def test_another_plugin_keeps_what_both_have(installation: Installation):
    installation.add("job", HELLO, params={"name": "you"})
    office = installation.office()
    form = with_handler(office, job_form(office, "job"), TALLY, {"params.name": "you", "cron_expr": "@daily"})
    assert form.texts["params.name"] == '"you"'
    assert form.texts["cron_expr"] == "@daily"
    assert {field.name for field in form.params} >= {"city", "name"}


def test_a_param_that_is_emptied_is_told_and_removed(installation: Installation):
    form = form_of(installation, params={"city": "Berlin", "people": 4})
    draft = edited(form, params__people="")
    assert changes(draft) == [("params.people", 4, MISSING)]
    assert save(installation.office(), ALICE, draft).public_cfg == {"city": "Berlin"}


def test_null_and_long_numbers_survive_a_save(installation: Installation):
    params = {"name": "you", "limit": None, "ratio": 0.12345678901234567, "large": 2**60 + 1}
    installation.add("job", "samples.good:Chatty", params=params)
    form = job_form(installation.office(), "job")
    row = save(installation.office(), ALICE, edited(form, timeout="60"))
    assert row.public_cfg == params


def test_what_is_no_json_is_refused_before_it_is_written(installation: Installation):
    form = form_of(installation)
    for text in ("nan", "inf", "1e999"):
        _, wrong = draft_of(form, {**form.texts, "params.pause": text}, {})
        assert "finite" in wrong["params.pause"]
    with pytest.raises(ConfigError, match="nan or infinity"):
        edit_job(
            installation.office(), ALICE, show_job(installation.database, "job"), {"public_cfg": {"x": float("nan")}}
        )


def test_secrets_that_both_changed_are_in_the_conflict(installation: Installation):
    form, office = form_of(installation), installation.office()
    mine, _ = draft_of(form, form.texts, {"secrets.token": "mine"})
    edit_job(office, ALICE, show_job(installation.database, "job"), {}, SecretChanges({"token": "theirs"}))
    found = conflicts(mine, show_job(installation.database, "job"))
    assert [(each.name, each.mine, each.theirs) for each in found] == [("secrets", "token", "changed")]


def test_other_settings_of_a_job_whose_plugin_is_broken_can_be_changed(installation: Installation):
    installation.add("job", HELLO)
    with installation.database.write() as connection:
        connection.execute(update(tables.jobs).values(handler_path="samples.broken:Gone"))
    office = installation.office()
    form = job_form(office, "job")
    draft = edited(form, timeout="60")
    assert problems(office, draft) == {}
    assert save(office, ALICE, draft).timeout == 60
    assert "handler_path" in problems(office, edited(form, params="{}", handler_path="samples.broken:Other"))
