"""The form of a job: its fields, what stands in them, and the draft that they make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connecthub.control.drafts import Draft
from connecthub.control.form_fields import (
    ALL_PARAMS,
    NOTHING,
    POLICIES,
    SETTINGS,
    Field,
    many_lines,
    model_fields,
    read,
    read_values,
    refuse_constant,
    written,
)
from connecthub.control.job_reading import show_job
from connecthub.control.job_settings import JobSettings
from connecthub.control.jobs import Office, SecretChanges
from connecthub.db.types import AnyRow
from connecthub.errors import ConfigError, NotFound, PluginError, SecretUnreadable
from connecthub.security.fernet import open_secrets

SET, NOT_SET, UNREADABLE = "set", "not set", "cannot be read with this key"
NIGHTLY = "0 2 * * *"
"""The schedule that a new job's form begins with."""


@dataclass(frozen=True)
class Form:
    """The fields of a job and their texts, both by path."""

    base: AnyRow | None
    """The job as it was seen; None for a new one."""
    params: Sequence[Field]
    secrets: Sequence[Field]
    texts: Mapping[str, str]
    stored: Mapping[str, str]
    """Of each secret field: set, not set, or that it cannot be read."""
    note: str = ""
    """Why the plugin could not say which fields it has."""


def job_form(office: Office, reference: str) -> Form:
    """The form of a job; raises NotFound."""
    job = show_job(office.database, reference)
    return _form(office, job, JobSettings.of(job).as_dict(), _stored(office, job))


def copy_form(office: Office, reference: str) -> Form:
    """The form of a new job with the settings of another, without its secrets; raises NotFound."""
    job = show_job(office.database, reference)
    settings = {**JobSettings.of(job).as_dict(), "name": f"{job.name}-copy", "enabled": False}
    return _form(office, None, settings, {})


def new_form(office: Office, handler: str, timezone: str, example: str | None = None) -> Form:
    """The form of a new job of a plugin, filled in from one of its examples; raises PluginError, NotFound."""
    params: dict[str, Any] = {}
    if example is not None:
        examples = office.questions.describe(handler)["examples"]
        if example not in examples:
            raise NotFound(f"{handler} has no example {example!r}; it has {', '.join(examples) or 'none'}")
        params = examples[example]
    settings = JobSettings("", handler, NIGHTLY, timezone, params)
    return _form(office, None, settings.as_dict(), {})


def with_handler(office: Office, form: Form, handler: str, texts: Mapping[str, str]) -> Form:
    """The same form for another plugin; what stands in fields that both have stays."""
    stored = {} if form.base is None else _stored(office, form.base)
    params, _ = read_params(form.params, texts)
    fresh = _form(office, form.base, {"handler_path": handler, "public_cfg": params}, stored)
    return replace(fresh, texts={**texts, **fresh.texts})


def draft_of(
    form: Form, texts: Mapping[str, str], secrets: Mapping[str, str], cleared: Sequence[str] = ()
) -> tuple[Draft, dict[str, str]]:
    """The draft that a form's texts make, and what is wrong with texts that cannot be read, by path.

    `secrets` are the typed texts by path; `cleared` are the names of those to forget. The draft is of use where nothing
    is wrong.
    """
    settings, wrong = read_values([*SETTINGS, *POLICIES], texts)
    params, wrong_params = read_params(form.params, texts)
    changed, wrong_secrets = _secret_changes(form, secrets, cleared)
    needed = [field.path for field in (*SETTINGS, *POLICIES) if field.needed and not texts.get(field.path, "").strip()]
    wrong |= wrong_params | wrong_secrets | dict.fromkeys(needed, "this is needed")
    whole = {"name": "", "handler_path": "", "cron_expr": "", "timezone": "", "keep_last": None, "tags": []}
    return Draft(form.base, {**whole, **settings, "public_cfg": params}, changed), wrong


def read_params(fields: Sequence[Field], texts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The params that texts make, and what is wrong with them, by path."""
    values, wrong = read_values(fields, texts)
    if ALL_PARAMS not in fields:
        return {name.partition(".")[2]: value for name, value in values.items()}, wrong
    params = values.get(ALL_PARAMS.path, {})
    if isinstance(params, dict):
        return params, wrong
    return {}, {**wrong, ALL_PARAMS.path: "write a JSON object: {...}"}


def as_json(form: Form, texts: Mapping[str, str]) -> str:
    """What the texts say as one JSON object, without secrets; a text that cannot be read stands there as it is."""
    own = [*SETTINGS, *POLICIES]
    settings, wrong = read_values(own, texts)
    params, wrong_params = read_params(form.params, texts)
    params |= {path.partition(".")[2]: texts.get(path, "") for path in wrong_params if "." in path}
    settings |= {path: texts[path] for path in wrong}
    return many_lines({**{field.path: settings.get(field.path) for field in own}, "params": params})


def from_json(form: Form, text: str) -> tuple[Form, dict[str, str]]:
    """The form with the params of a JSON object, and the texts that it makes; raises ConfigError."""
    values = _json_object(text)
    known = {field.path for field in (*SETTINGS, *POLICIES)} | {"params"}
    if unknown := values.keys() - known:
        raise ConfigError(f"{sorted(unknown)[0]!r} is no setting; there are {', '.join(sorted(known))}")
    params = values.get("params", {})
    if not isinstance(params, dict):
        raise ConfigError(f"params {params!r} is no JSON object; write {{...}}")
    tags = values.get("tags") or []
    if not (isinstance(tags, list) and all(isinstance(each, str) for each in tags)):
        raise ConfigError(f"tags {tags!r} is no list of texts")
    fields = _with_others([field for field in form.params if field is not ALL_PARAMS], params)
    texts = {field.path: written(field, values.get(field.path)) for field in (*SETTINGS, *POLICIES)}
    texts |= _param_texts(fields, params)
    return replace(form, params=fields), texts


def _json_object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"this is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError("this is no JSON object; write {...}")
    return values


def _param_texts(fields: Sequence[Field], params: Mapping[str, Any]) -> dict[str, str]:
    return {
        field.path: written(field, params) if field is ALL_PARAMS else _param_text(field, params) for field in fields
    }


def _param_text(field: Field, params: Mapping[str, Any]) -> str:
    return written(field, params[field.name]) if field.name in params else ""


def _form(office: Office, base: AnyRow | None, settings: Mapping[str, Any], stored: Mapping[str, str]) -> Form:
    note = ""
    schemas: Mapping[str, Any] = {}
    try:
        schemas = office.questions.describe(settings["handler_path"])
    except PluginError as error:
        note = str(error)
    params = _with_others(model_fields("params", schemas.get("params_schema")), settings["public_cfg"])
    secrets = model_fields("secrets", schemas.get("secrets_schema"))
    known = {field.name for field in secrets}
    secrets += [Field(f"secrets.{name}", "text") for name in stored if name and name not in known]
    texts = {field.path: _own_text(field, settings[field.path]) for field in _own(settings)}
    texts |= _param_texts(params, settings["public_cfg"])
    unreadable = UNREADABLE in stored.values()
    states = {field.name: stored.get(field.name, UNREADABLE if unreadable else NOT_SET) for field in secrets}
    return Form(base, params, secrets, texts, states, note)


def _own_text(field: Field, value: Any) -> str:
    return "" if value == "" else written(field, value)


def _own(settings: Mapping[str, Any]) -> list[Field]:
    return [field for field in (*SETTINGS, *POLICIES) if field.path in settings]


def _with_others(fields: list[Field], values: Mapping[str, Any]) -> list[Field]:
    """The model's fields, and one for each value that it does not know; one for all where there is no model."""
    if not fields:
        return [ALL_PARAMS]
    known = {field.name for field in fields}
    return fields + [Field(f"params.{name}", "json") for name in values if name not in known]


def _stored(office: Office, job: AnyRow) -> dict[str, str]:
    """The states of the stored secrets by name; under no name that they cannot be read."""
    try:
        return dict.fromkeys(open_secrets(office.keys, job.id, job.secret_cfg), SET)
    except SecretUnreadable:
        return {"": UNREADABLE}


def _secret_changes(
    form: Form, typed: Mapping[str, str], cleared: Sequence[str]
) -> tuple[SecretChanges, dict[str, str]]:
    """A text is taken as it is: a password may begin with any sign. Secrets that cannot be read are all replaced."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in form.secrets:
        if not (text := typed.get(field.path, "")):
            continue
        try:
            value = text if field.kind == "text" else read(field, text)
        except ConfigError:
            wrong[field.path] = f"this is no {field.kind}"  # without the value
            continue
        if value is not NOTHING:
            values[field.name] = value
    replace_all = UNREADABLE in form.stored.values() and bool(values)
    return SecretChanges(values, tuple(cleared), replace_all), wrong
