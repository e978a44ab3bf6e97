"""`connecthub sandbox`: stand-in servers for outside systems."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from connecthub.core.clock import WaitingClock
    from connecthub.integrations.sandbox.server import Sandbox

PROFILES = ("small", "branch", "medium", "large")


@click.group()
def sandbox() -> None:
    """Stand-in servers for outside systems, to try plugins without an account."""


def _port(default: int) -> Callable[..., Callable[..., None]]:
    return click.option(
        "--port", type=click.IntRange(0, 65535), default=default, show_default=True, help="0 takes a free one."
    )


_seed = click.option("--seed", type=int, default=1, show_default=True, help="Another seed makes other people.")
_virtual_clock = click.option(
    "--virtual-clock", is_flag=True, help="Time passes only when POST /__control/clock says so."
)
_fail = click.option(
    "--fail",
    "percent",
    type=click.FloatRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="So many of the calls go wrong: a 502, a dropped connection, or done and its answer lost.",
)


@sandbox.command()
@_port(8765)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="small",
    show_default=True,
    help="60, 500, 2000 in three units, or 8000 members.",
)
@_seed
@_virtual_clock
@_fail
def seeyon(port: int, profile: str, seed: int, virtual_clock: bool, percent: float) -> None:
    """Serve a Seeyon stand-in on this machine until Ctrl-C: user `sandbox-user`, password `sandbox-password`.

    Its organisation is invented, the same for the same profile and seed, with what is wrong in a real one: people
    without a phone, two with one number, departments in a circle. What was asked, faults and the clock are under
    /__control/ at the same address.

    \b
    Examples:
      connecthub sandbox seeyon --port 8765
      connecthub sandbox seeyon --profile large --fail 5
      curl http://127.0.0.1:8765/__control/journal
      curl http://127.0.0.1:8765/__control/state/members
      curl http://127.0.0.1:8765/__control/expire-tokens -X POST
      curl http://127.0.0.1:8765/__control/faults -d '{"match": {"nth": 3}, "effect": "hang"}'
      curl http://127.0.0.1:8765/__control/faults
      curl http://127.0.0.1:8765/__control/faults -X DELETE
    """
    from connecthub.integrations.sandbox.organisation import generate
    from connecthub.integrations.sandbox.seeyon import SeeyonSandbox

    made = generate(profile, seed)
    _serve(
        SeeyonSandbox(port, clock=_clock(virtual_clock), organisation=made),
        percent,
        "Seeyon",
        "user sandbox-user, password sandbox-password",
        f"units: {len(made.units)}, departments: {len(made.departments)}, members: {len(made.members)} "
        f"(profile {profile}, seed {seed})",
    )


@sandbox.command()
@_port(8766)
@click.option(
    "--profile",
    type=click.Choice(("none", *PROFILES)),
    default="none",
    show_default=True,
    help="Some people and departments of this organisation are there already, as if added by hand.",
)
@_seed
@_virtual_clock
@_fail
def didi(port: int, profile: str, seed: int, virtual_clock: bool, percent: float) -> None:
    """Serve a DiDi stand-in on this machine until Ctrl-C; it prints its address and credentials.

    It is as strict as DiDi: a wrong signature, a `data` that is no string, a page that does not begin at a multiple of
    its length, and writes less than 150 ms apart are refused. What was asked, faults and the clock are under
    /__control/ at the same address.

    \b
    Examples:
      connecthub sandbox didi --port 8766
      connecthub sandbox didi --profile small --fail 5
      curl http://127.0.0.1:8766/__control/journal
      curl http://127.0.0.1:8766/__control/state/members
      curl http://127.0.0.1:8766/__control/faults -d '{"effect": {"errno": {"n": 401}}}'
      curl http://127.0.0.1:8766/__control/faults -X DELETE
      curl http://127.0.0.1:8766/__control/reset -X POST
    """
    from connecthub.integrations.sandbox.didi import COMPANY, DidiSandbox
    from connecthub.integrations.sandbox.organisation import generate

    _serve(
        DidiSandbox(
            port,
            clock=_clock(virtual_clock),
            existing="none" if profile == "none" else "some",
            organisation=None if profile == "none" else generate(profile, seed),
        ),
        percent,
        "DiDi",
        "client_id sandbox-client, client_secret sandbox-client-secret, sign_key sandbox-sign-key, "
        f"company_id {COMPANY}",
        "an empty company" if profile == "none" else f"people added by hand (profile {profile}, seed {seed})",
    )


def _clock(virtual: bool) -> WaitingClock:
    from datetime import UTC, datetime

    from connecthub.core.clock import FixedClock, SystemClock

    return FixedClock(datetime.now(UTC)) if virtual else SystemClock()


def _serve(sandbox: Sandbox, percent: float, system: str, credentials: str, holds: str) -> None:
    """Serve until a signal, with that share of the calls going wrong."""
    from connecthub.cli.output import say
    from connecthub.integrations.sandbox.faults import ApplyThenFail, Drop, Status
    from connecthub.integrations.sandbox.match import Match
    from connecthub.integrations.sandbox.server import serve_until_signal

    effects = {"gateway": Status(502), "dropped": Drop(), "answer-lost": ApplyThenFail(Drop())}
    share = percent / 100 / len(effects)
    for place, (name, effect) in enumerate(effects.items()):
        # A fault gets what those before it have left, so its chance is that much higher.
        chance = min(1.0, share / (1 - place * share))
        sandbox.fault(Match(probability=chance, seed=place), effect, name)

    def on_ready(url: str) -> None:
        say(f"{system} stand-in at {url}, Ctrl-C ends it")
        say(f"{credentials}; {holds}")
        say(f"its journal: curl {url}/__control/journal")

    serve_until_signal(sandbox, on_ready)
