"""Every error that ConnectHub raises on purpose.

    ConnectHubError
    ├── ConfigError               a setting is malformed, or two settings do not fit together
    ├── ScheduleError             a cron expression or a zone that cannot be used
    ├── PluginError               a handler that cannot be used
    │   ├── PluginNotFound        no such module, no such class, not an allowed package
    │   ├── PluginImportError     its import raised; carries the plugin's own traceback
    │   └── PluginInvalid         found, but abstract or not a BaseJob
    ├── InvalidSettings           params or secrets break the plugin's model; carries one message per field
    ├── KeyFileError              the Fernet key file is missing, unreadable, unsafe or not the one in use
    ├── SecretUnreadable          a stored secret cannot be read
    ├── DatabaseError
    │   ├── DatabaseUnreachable   no answer from the database
    │   ├── NothingHere           no installation at the place that was asked
    │   ├── SchemaMismatch        the schema is newer or older than this program
    │   └── ForeignDatabase       tables of somebody else
    ├── QueueUnreachable          no answer from Redis
    ├── NotFound                  no job or JobLog of that name or number
    ├── Refused                   the act is not possible now
    │   ├── EditedMeanwhile       the job was saved since it was seen; carries the difference
    │   ├── Forbidden             the actor's role does not allow the act
    │   ├── NotOffered            no command that may be given over SSH (exit 126)
    │   └── NoScreen              a session over SSH without a terminal that can show the control center (exit 64)
    ├── RunFailed                 the run that was asked for did not succeed (exit 1)
    ├── ServiceFailed             what runs in the background did not start (exit 1)
    ├── NotSent                   a message reached no channel (exit 1)
    ├── RunnerError               the launcher of child processes cannot be used
    └── IntegrationError          a call to an outside system failed; its branches: connecthub/integrations/errors.py

The message names the offending value and the remedy in one line: the command line prints it as it stands.
"""

from __future__ import annotations

from typing import Any


class ConnectHubError(Exception):
    """Base of the tree; `exit_code` is what a command ends with."""

    exit_code = 2


class ConfigError(ConnectHubError):
    """A setting is malformed, or two settings do not fit together."""


class ScheduleError(ConnectHubError):
    """A cron expression or a time zone cannot be used."""


class PluginError(ConnectHubError):
    """A handler cannot be used."""


class PluginNotFound(PluginError):
    """No such module, no such class, or not in an allowed package."""


class PluginImportError(PluginError):
    """The plugin's import raised; `plugin_traceback` is its own part of the traceback."""

    def __init__(self, message: str, plugin_traceback: str) -> None:
        super().__init__(message)
        self.plugin_traceback = plugin_traceback


class PluginInvalid(PluginError):
    """The class exists, but is abstract or no BaseJob."""


class InvalidSettings(ConnectHubError):
    """Params or secrets break the plugin's model; `fields` maps each field's path to its message, without a value."""

    def __init__(self, message: str, fields: dict[str, str]) -> None:
        super().__init__(message)
        self.fields = fields


class KeyFileError(ConnectHubError):
    """The Fernet key file is missing, unreadable, unsafe or not the one in use."""


class SecretUnreadable(ConnectHubError):
    """A stored secret cannot be read."""


class DatabaseError(ConnectHubError):
    """Something about the database as a whole."""


class DatabaseUnreachable(DatabaseError):
    """No answer from the database."""


class NothingHere(DatabaseError):
    """No installation at the place that was asked."""


class SchemaMismatch(DatabaseError):
    """The schema is newer or older than this program."""


class ForeignDatabase(DatabaseError):
    """The database holds tables of somebody else."""


class QueueUnreachable(ConnectHubError):
    """No answer from Redis."""


class NotFound(ConnectHubError):
    """No job or JobLog of that name or number."""


class Refused(ConnectHubError):
    """The act is not possible now."""


class EditedMeanwhile(Refused):
    """The job was saved since it was seen; `changes` maps each setting to (as it was seen, as it is now)."""

    def __init__(self, job: str, actor: str, version: int, changes: dict[str, tuple[Any, Any]], secrets: bool) -> None:
        self.changes = changes
        self.actor = actor
        told = [f"{name} is now {new!r}, was {old!r}" for name, (old, new) in changes.items()]
        told += ["its secrets were changed"] if secrets else []
        super().__init__(
            f"job {job} was saved meanwhile by {actor} (version {version}): {'; '.join(told) or 'nothing differs'}; "
            "look at it and edit it again"
        )


class Forbidden(Refused):
    """The actor's role does not allow the act."""


class NotOffered(Refused):
    """No command that may be given over SSH."""

    exit_code = 126


class NoScreen(Refused):
    """A session over SSH without a terminal that can show the control center."""

    exit_code = 64


class RunFailed(ConnectHubError):
    """The run that was asked for did not succeed."""

    exit_code = 1


class ServiceFailed(ConnectHubError):
    """What runs in the background did not start."""

    exit_code = 1


class NotSent(ConnectHubError):
    """A message could not be sent."""

    exit_code = 1


class RunnerError(ConnectHubError):
    """The launcher of child processes cannot be used."""


class IntegrationError(ConnectHubError):
    """A call to an outside system failed."""
