"""The control plane of a stand-in: turn its clock, switch faults on, read its journal, over HTTP under /__control/.

It belongs to the stand-in and to nothing that it imitates. It has no password, so it answers only where the stand-in
listens on this machine's loopback address, which is the default.

    POST   /__control/reset          {"size": "small", "seed": 1}, by default those it was started with
    GET    /__control/clock
    POST   /__control/clock          {"advance_s": 900} or {"set": "2026-03-01T08:00:00+08:00"}
    GET    /__control/faults
    POST   /__control/faults         {"id": "slow", "match": {"every": 10}, "effect": {"delay": {"seconds": 3}}}
    DELETE /__control/faults
    GET    /__control/journal
    GET    /__control/state          and /__control/state/members, or what else it names
    POST   /__control/expire-tokens

Each takes a `service`, in its body or query, and refuses that of another stand-in.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from connecthub.core.clock import FixedClock
from connecthub.errors import ConfigError, ConnectHubError
from connecthub.integrations.sandbox.faults import EFFECTS, Effect
from connecthub.integrations.sandbox.match import Match
from connecthub.integrations.sandbox.messages import Reply, Request, json_reply

if TYPE_CHECKING:
    from connecthub.integrations.sandbox.server import Sandbox

PREFIX = "/__control/"
EXAMPLE = '{"status": {"code": 502}}'
TEN_YEARS = 315_360_000
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Where a clock may be set: what stands beside the time, zones and lives of tokens, has to be a date too."""


class _Refused(ConnectHubError):
    """What was asked cannot be done; `status` goes with the message."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class _Form(BaseModel):
    """What a request's body may say."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    service: str | None = None


class _Reset(_Form):
    size: str | None = None
    seed: int | None = None


class _Clock(_Form):
    advance_s: float | None = Field(default=None, ge=0, le=TEN_YEARS)
    set: AwareDatetime | None = Field(default=None, ge=EARLIEST, le=LATEST)

    @model_validator(mode="after")
    def _one(self) -> _Clock:
        if (self.advance_s is None) == (self.set is None):
            raise ValueError("give either advance_s or set")
        return self


class _Fault(_Form):
    id: str = Field(default="", max_length=64)
    match: dict[str, Any] = {}
    effect: dict[str, Any] | str


FormT = TypeVar("FormT", bound=_Form)
Answer = Callable[["Sandbox", Request], Any]


def is_for_it(request: Request) -> bool:
    """Tell whether a request is for the control plane."""
    return f"{request.path}/".startswith(PREFIX)


def answer(sandbox: Sandbox, request: Request) -> Reply:
    """Do what a request asks, and answer with JSON; what is wrong is in `error`, with the remedy."""
    try:
        return json_reply(_route(sandbox, request))
    except ValidationError as error:
        return json_reply({"error": _problems(error)}, 400)
    except ConfigError as error:
        return json_reply({"error": str(error)}, 400)
    except _Refused as error:
        return json_reply({"error": str(error)}, error.status)
    except ConnectHubError as error:
        return json_reply({"error": str(error)}, 409)


def _route(sandbox: Sandbox, request: Request) -> Any:
    if not _is_loopback(sandbox.host):
        raise _Refused(f"the control plane is closed, for the stand-in listens on {sandbox.host}; use 127.0.0.1", 403)
    resource, _, rest = request.path.removeprefix(PREFIX).partition("/")
    methods = ROUTES.get(resource)
    if methods is None or (rest and resource != "state"):
        raise _Refused(f"no {request.path}; there are {', '.join(PREFIX + name for name in ROUTES)}", 404)
    if request.method not in methods:
        raise _Refused(f"{PREFIX}{resource} takes {' and '.join(methods)}, not {request.method}", 405)
    return methods[request.method](sandbox, request)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _body(form: type[FormT], sandbox: Sandbox, request: Request) -> FormT:
    """Read the body as `form`, an empty one as an empty object."""
    given = request.json() if request.body else {}
    if not isinstance(given, dict):
        raise _Refused("the body is no JSON object; send one, or nothing")
    read = form(**given)
    _check_service(sandbox, read.service)
    return read


def _check_service(sandbox: Sandbox, service: str | None) -> None:
    if service not in (None, sandbox.service):
        raise _Refused(f"this stand-in is {sandbox.service}, not {service}; ask that one at its own address")


def _problems(error: ValidationError) -> str:
    """Say in one line what is wrong with each field."""
    return "; ".join(
        f"{'.'.join([error.title.lstrip('_').lower(), *map(str, problem['loc'])])}: {problem['msg']}"
        for problem in error.errors()
    )


def _reset(sandbox: Sandbox, request: Request) -> Any:
    form = _body(_Reset, sandbox, request)
    size, seed = sandbox.reset(form.size, form.seed)
    return {"size": size, "seed": seed}


def _show_clock(sandbox: Sandbox, request: Request) -> Any:
    clock = sandbox.clock
    virtual = isinstance(clock, FixedClock)
    return {"now": clock.now().isoformat(), "monotonic": clock.monotonic(), "virtual": virtual}


def _turn_clock(sandbox: Sandbox, request: Request) -> Any:
    form = _body(_Clock, sandbox, request)
    clock = sandbox.clock
    if not isinstance(clock, FixedClock):
        raise _Refused("this stand-in goes by the machine's clock; start it with --virtual-clock to turn it", 409)
    if form.set:
        clock.set(form.set)
    else:
        clock.advance(form.advance_s or 0)
    return _show_clock(sandbox, request)


def _add_fault(sandbox: Sandbox, request: Request) -> Any:
    form = _body(_Fault, sandbox, request)
    match = dict(form.match)
    _check_service(sandbox, match.pop("service", None))
    return {"id": sandbox.fault(Match(**match), effect_of(form.effect), form.id)}


def effect_of(given: Any) -> Effect:
    """Read an effect: its name alone, or its name with its settings. Raises ConfigError and ValidationError."""
    named = {given: {}} if isinstance(given, str) else given
    if not isinstance(named, dict) or len(named) != 1:
        raise ConfigError(f"effect {json.dumps(given)} is not one name with settings; write it like {EXAMPLE}")
    [(name, settings)] = named.items()
    if name not in EFFECTS:
        raise ConfigError(f"effect {name!r} is none; choose one of {', '.join(EFFECTS)}")
    if not isinstance(settings, dict):
        raise ConfigError(f"the settings of {name!r} are no object; write {{}} where there are none")
    if "then" in settings:
        settings = {**settings, "then": effect_of(settings["then"])}
    return EFFECTS[name](**settings)


def _show_faults(sandbox: Sandbox, request: Request) -> Any:
    """Say which faults stand, in the order in which they are tried, and how often each has struck."""
    _check_service(sandbox, request.query.get("service"))
    names = {kind: name for name, kind in EFFECTS.items()}
    return [
        {
            "id": fault.name,
            "match": {name: value for name, value in asdict(fault.match).items() if value is not None},
            "effect": names.get(type(fault.effect), type(fault.effect).__name__),
            "struck": fault.struck,
        }
        for fault in sandbox.faults
    ]


def _clear_faults(sandbox: Sandbox, request: Request) -> Any:
    _check_service(sandbox, request.query.get("service"))
    sandbox.clear_faults()
    return {"cleared": True}


def _journal(sandbox: Sandbox, request: Request) -> Any:
    _check_service(sandbox, request.query.get("service"))
    return sandbox.journal


def _state(sandbox: Sandbox, request: Request) -> Any:
    """Say what there is and how many of each, or show one of them."""
    state = sandbox.state()
    name = request.path.removeprefix(PREFIX).removeprefix("state").strip("/").removeprefix(f"{sandbox.service}/")
    if not name:
        return {name: len(value) for name, value in state.items()}
    if name not in state:
        raise _Refused(f"no state {name!r}; there are {', '.join(state) or 'none'}", 404)
    return state[name]


def _expire_tokens(sandbox: Sandbox, request: Request) -> Any:
    _body(_Form, sandbox, request)
    sandbox.expire_tokens()
    return {"expired": True}


ROUTES: dict[str, dict[str, Answer]] = {
    "reset": {"POST": _reset},
    "clock": {"GET": _show_clock, "POST": _turn_clock},
    "faults": {"GET": _show_faults, "POST": _add_fault, "DELETE": _clear_faults},
    "journal": {"GET": _journal},
    "state": {"GET": _state},
    "expire-tokens": {"POST": _expire_tokens},
}
