"""A job's alert policy as a whole, as a file of jobs has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connecthub.alerts.policy import Policy, Rule
from connecthub.control.alerts import PolicyChange
from connecthub.errors import ConfigError

_NAMES = ("rules", "channels", "no_success_hours", "long_running_seconds")


@dataclass(frozen=True, kw_only=True)
class WholePolicy(PolicyChange):
    """Puts a policy in the place of the one that holds."""

    policy: Policy

    def of(self, policy: Policy) -> Policy:
        """The policy that was given, checked; raises ConfigError."""
        self.policy.check()
        return self.policy


def read_policy(written: Mapping[str, Any]) -> Policy:
    """The policy that a file has; raises ConfigError where it is none. Without `channels` it tells all."""
    for name in written:
        if name not in _NAMES:
            raise ConfigError(f"{name!r} is no part of an alert policy; there are {', '.join(_NAMES)}")
    for name in _texts(written, "rules"):
        if name not in list(Rule):
            raise ConfigError(f"no rule {name!r}; there are {', '.join(Rule)}")
    _texts(written, "channels")
    for name in _NAMES[2:]:
        value = written.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ConfigError(f"{name} is no number; write one, or leave it out")
    return Policy.of({name: value for name, value in written.items() if value is not None})


def change_to(policy: Policy, channels: set[str]) -> WholePolicy:
    """The change that puts a policy in place; raises ConfigError where it cannot work, or names an unknown channel."""
    policy.check()
    for name in policy.channels or ():
        if name not in channels:
            raise ConfigError(f"no channel {name!r}; `connecthub alert channel list` shows what is there")
    return WholePolicy(channels=policy.channels, policy=policy)


def written_policy(policy: Policy) -> dict[str, Any]:
    """A policy as a file has it."""
    return {name: value for name, value in policy.as_json().items() if value is not None}


def _texts(written: Mapping[str, Any], name: str) -> list[str]:
    value = written.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ConfigError(f"{name} is no list of texts; write each in a line of its own, after `-`")
    return value
