"""An edit that is not saved yet: what is wrong with it, what it changes, and what somebody else changed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connecthub.control.actor import Actor
from connecthub.control.job_settings import JobSettings, differences
from connecthub.control.jobs import Office, SecretChanges, add_job, asks_plugin, edit_job
from connecthub.db.types import AnyRow
from connecthub.errors import InvalidSettings, PluginError, SecretUnreadable
from connecthub.security.fernet import open_secrets

PARAMS = "public_cfg"
MISSING = object()

_DEFAULTS = JobSettings("", "", "", "").as_dict()
"""What a new job has by itself; its form need not tell."""


@dataclass(frozen=True)
class Draft:
    """The settings of a job as somebody wants them."""

    base: AnyRow | None
    """The job as it was seen; None for one that is not there yet."""
    settings: dict[str, Any]
    """By the names of JobSettings; a new job needs all that have no default."""
    secrets: SecretChanges = field(default_factory=SecretChanges)

    @property
    def before(self) -> dict[str, Any]:
        """The settings as they were seen."""
        return {} if self.base is None else JobSettings.of(self.base).as_dict()

    @property
    def wanted(self) -> JobSettings:
        """The settings whole."""
        return JobSettings.of({**self.before, **self.settings})


@dataclass(frozen=True)
class Conflict:
    """A setting that somebody else saved: as it was seen, as it is wanted, as it is now."""

    name: str
    before: Any
    mine: Any
    theirs: Any


def problems(office: Office, draft: Draft) -> dict[str, str]:
    """What is wrong, by the path of the field: `cron_expr`, `params.base_url`, `secrets.password`, `params`."""
    refused = draft.wanted.refused()
    found = {name: str(error) for name, error in refused.items()}
    changed = differences(draft.before, draft.wanted.as_dict())
    if draft.base is not None and not asks_plugin(changed, draft.secrets):
        return found
    try:
        secrets = _secrets(office, draft)
    except SecretUnreadable as error:
        return {**found, "secrets": str(error)}
    try:
        office.questions.validate(draft.wanted.handler_path, draft.wanted.public_cfg, secrets)
    except InvalidSettings as error:
        found |= error.fields
    except PluginError as error:
        found["handler_path"] = str(error)
    return found


def changes(draft: Draft) -> list[tuple[str, Any, Any]]:
    """What a save would change: name, before, after; of secrets only what becomes of each field."""
    found = [(name, before, after) for name, (before, after) in _flat_differences(draft).items()]
    secrets = draft.secrets
    if secrets.replace_all:
        found.append(("secrets", "", "all that are stored are forgotten"))
    found += [(f"secrets.{name}", "", "set anew") for name in secrets.set]
    return found + [(f"secrets.{name}", "", "cleared") for name in secrets.clear]


def save(office: Office, actor: Actor, draft: Draft) -> AnyRow:
    """Add the job or change it; raises what `add_job` and `edit_job` raise."""
    if draft.base is None:
        return add_job(office, actor, draft.wanted, draft.secrets.set)
    return edit_job(office, actor, draft.base, draft.settings, draft.secrets)


def conflicts(draft: Draft, theirs: AnyRow) -> list[Conflict]:
    """What was saved since the draft's job was seen, beside what the draft wants, and what only the draft changes."""
    before, mine = flat(draft.before), flat(draft.wanted.as_dict())
    now = flat(JobSettings.of(theirs).as_dict())
    names = [*before, *(name for name in [*mine, *now] if name not in before)]
    found = [
        Conflict(name, *(each.get(name, MISSING) for each in (before, mine, now))) for name in dict.fromkeys(names)
    ]
    found = [each for each in found if not (each.before == each.mine == each.theirs)]
    if draft.base is not None and theirs.secret_cfg != draft.base.secret_cfg:
        mine_too = ", ".join([*draft.secrets.set, *draft.secrets.clear])
        found.append(Conflict("secrets", "", mine_too, "changed"))
    return found


def rebased(draft: Draft, theirs: AnyRow) -> Draft:
    """The draft's own changes on top of what was saved meanwhile; where both changed a setting, the draft's."""
    before, mine, now = draft.before, draft.wanted.as_dict(), JobSettings.of(theirs).as_dict()
    kept = {name: value for name, value in mine.items() if name != PARAMS and value != before.get(name)}
    params = dict(now[PARAMS])
    for name, (_, after) in differences(before.get(PARAMS, {}), mine[PARAMS]).items():
        if name in mine[PARAMS]:
            params[name] = after
        else:
            params.pop(name, None)
    return replace(draft, base=theirs, settings={**kept, PARAMS: params})


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with each param under its own name."""
    rest = {name: value for name, value in settings.items() if name != PARAMS}
    return rest | {f"params.{name}": value for name, value in settings.get(PARAMS, {}).items()}


def _flat_differences(draft: Draft) -> dict[str, tuple[Any, Any]]:
    before, after = flat(draft.before), flat(draft.wanted.as_dict())
    names: Sequence[str] = [*before, *(name for name in after if name not in before)]
    pairs = {name: (before.get(name, MISSING), after.get(name, MISSING)) for name in names}
    told = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if draft.base is not None:
        return told
    return {name: pair for name, pair in told.items() if name not in _DEFAULTS or pair[1] != _DEFAULTS[name]}


def _secrets(office: Office, draft: Draft) -> dict[str, Any]:
    """The secrets as they would be; those that cannot be read count as none where nothing of them is changed."""
    changed, stored = draft.secrets, dict[str, Any]()
    if draft.base is not None and not changed.replace_all:
        try:
            stored = open_secrets(office.keys, draft.base.id, draft.base.secret_cfg)
        except SecretUnreadable:
            if changed:
                raise
    return {name: value for name, value in {**stored, **changed.set}.items() if name not in changed.clear}
