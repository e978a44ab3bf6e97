"""The leak drill: a plugin run with secrets that are made to be found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connecthub.core.log_capture import Said
from connecthub.core.redact import Redactor
from connecthub.runner.launcher_process import LauncherProcess
from connecthub.runner.outcome import Outcome
from connecthub.runner.protocol import Frame, Request
from connecthub.runner.run_log import RunLog
from connecthub.runner.supervise import Watch, supervise
from connecthub.testing.canaries import found_in
from connecthub.testing.probes import NOTE, SEEN, UNFIT, drilled

LOG_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Leak:
    """A secret that showed; `masked`: the framework takes it out, so that nobody reads it."""

    surface: str
    name: str
    form: str
    where: str = ""
    masked: bool = False


@dataclass(frozen=True)
class Drilled:
    """How a drill went."""

    outcome: Outcome
    """Its error and traceback masked."""
    secrets: Mapping[str, str]
    leaks: list[Leak]
    unfit: str
    """What of the plugin's own code is to be mended; empty where it worked, or the outside system did not."""


def drill(launcher: LauncherProcess, request: Request) -> Drilled:
    """Run `request`, a DrillProbe's, and look for its secrets in whatever a JobLog would keep, unmasked and masked."""
    secrets = drilled(request.secrets)
    masking = Redactor.from_secrets(request.secrets)
    log = _BothLogs(masking)
    watch = _Watch(log, _NoMasking(masking))
    outcome = supervise(launcher, request, watch, grace=2.0)
    surfaces = {
        "error": outcome.error or "",
        "traceback": outcome.traceback or "",
        "result": _plain(outcome.result),
        NOTE: "\n".join(record["note"] for record in watch.calls.kept),
        "progress": "\n".join(watch.notes),
    }
    leaks = [Leak(*told) for told in log.seen if told[0] not in ("log", NOTE)]
    leaks += _leaks("log", log.finish(), log.masked.finish(), secrets, log.places("log"))
    for surface, text in surfaces.items():
        leaks += _leaks(surface, text, masking.redact(text), secrets, log.places(surface))
    told = {name: masking.redact(text) for name in ("error", "traceback") if (text := getattr(outcome, name))}
    return Drilled(replace(outcome, **told), secrets, leaks, log.unfit or _not_ended(outcome))


def _not_ended(outcome: Outcome) -> str:
    """What stopped a run that neither returned nor raised."""
    return "" if outcome.status in ("succeeded", "failed") else outcome.status


def _plain(result: str | None) -> str:
    """A result as it is read: not in the JSON of JSON."""
    return "" if result is None else json.dumps(json.loads(result), ensure_ascii=False)


def _leaks(surface: str, raw: str, masked: str, secrets: Mapping[str, str], places: Mapping[str, str]) -> list[Leak]:
    through = dict(found_in(masked, secrets))
    return [
        Leak(surface, name, through.get(name, form), places.get(name, ""), masked=name not in through)
        for name, form in found_in(raw, secrets)
    ]


class _NoMasking(Redactor):
    """Masks nothing, and passes on what a run asks to have masked."""

    def __init__(self, masking: Redactor) -> None:
        super().__init__()
        self._masking = masking

    def add(self, value: str) -> None:
        """Let the masking half know."""
        self._masking.add(value)


class _BothLogs(RunLog):
    """A log that masks nothing, and beside it the same log, masked; what a drill says of itself is kept apart."""

    def __init__(self, masking: Redactor) -> None:
        super().__init__(Redactor(), LOG_MAX_BYTES)
        self.masked = RunLog(masking, LOG_MAX_BYTES)
        self.seen: list[tuple[str, str, str, str]] = []
        self.unfit = ""

    def places(self, surface: str) -> dict[str, str]:
        """Where each secret was told to `surface`, by its name."""
        return {name: where for seen, name, _, where in self.seen if seen == surface}

    def say(self, said: Said) -> None:
        """Take a piece of a record or of a stream."""
        if said.source == SEEN:
            self.seen.append(json.loads(said.text))
            return
        if said.source == UNFIT:
            self.unfit = said.text
            return
        super().say(said)
        self.masked.say(said)


@dataclass
class _Watch(Watch):
    """Keeps every word of progress."""

    notes: list[str] = field(default_factory=list)

    def take(self, kind: Frame, payload: dict[str, Any]) -> None:
        """Take in what the child reports, except its answer."""
        if kind is Frame.PROGRESS:
            self.notes.append(str(payload.get("note", "")))
        super().take(kind, payload)
