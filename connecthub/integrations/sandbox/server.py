"""Sandbox: an HTTP server that imitates a system, keeps a journal and fails when told to."""

from __future__ import annotations

import signal
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import Any, ClassVar, Self

from connecthub.core.clock import SystemClock, WaitingClock
from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox import control_plane
from connecthub.integrations.sandbox.faults import Answer, Drop, Effect, Stage, Status
from connecthub.integrations.sandbox.listener import Listener, listen
from connecthub.integrations.sandbox.match import Fault, Match
from connecthub.integrations.sandbox.messages import Outcome, Reply, Request, html_reply, json_reply

REQUESTS_KEPT = 1000


@dataclass(frozen=True, eq=False)
class InFlight:
    """A request that is being handled, and when it arrived, in seconds of the sandbox's monotonic clock."""

    request: Request
    arrived: float


class Sandbox(ABC):
    """A context manager: the server runs in threads of this process while it is open; port 0 takes any free port.

    All time is `clock`'s: share a FixedClock with the client and nobody really waits.
    """

    service: ClassVar[str] = "sandbox"
    """The imitated system, in the journal and in the control plane."""
    beginning: tuple[str, int] = ("small", 1)
    """The profile and the seed that it was opened with, where it has them."""

    def __init__(self, port: int = 0, host: str = "127.0.0.1", *, clock: WaitingClock | None = None) -> None:
        self._address = (host, port)
        self._clock: WaitingClock = clock or SystemClock()
        self._lock = threading.RLock()
        self._journal: list[dict[str, Any]] = []
        self._kept_requests: deque[Request] = deque(maxlen=REQUESTS_KEPT)
        self._next: deque[Effect] = deque()
        self._faults: list[Fault] = []
        self._fault_count = 0
        self._in_flight: list[InFlight] = []
        self._closing = threading.Event()
        self._server: Listener | None = None

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Answer as the imitated system does; called by one thread at a time."""

    def public_path(self, request: Request) -> str:
        """Return the path for the journal, secrets taken out."""
        return request.path

    def journal_facts(self, request: Request) -> dict[str, Any]:
        """Return what the journal says beside the usual, such as operation and employee number; never a secret."""
        return {}

    def errno_reply(self, errno: int, errmsg: str, data: Any) -> Reply:
        """Return an error in the service's envelope, for the effect `Errno`."""
        return json_reply({"errno": errno, "errmsg": errmsg, "data": data})

    def expire_tokens(self) -> None:
        """Forget all tokens, as if their time were over. Raises ConnectHubError where there are none."""
        raise ConnectHubError(f"the {self.service} stand-in hands out no tokens")

    def start_over(self, profile: str, seed: int) -> None:
        """Go back to the data of the beginning, or to those of another profile and seed, and forget all tokens.

        Called by one thread at a time. Raises ConfigError for a profile that is none.
        """
        raise ConnectHubError(f"the {self.service} stand-in cannot start over; end it and start it again")

    def state(self) -> dict[str, Any]:
        """Return what the stand-in holds, as JSON by name, for the control plane: `{"members": [...]}`."""
        return {}

    @property
    def clock(self) -> WaitingClock:
        """What its time is told by."""
        return self._clock

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._address[0]

    @property
    def base_url(self) -> str:
        """The address of the running server."""
        if not self._server:
            raise ConnectHubError("the sandbox is not running; use it in a with statement")
        return f"http://{self._address[0]}:{self._server.server_address[1]}"

    @property
    def journal(self) -> list[dict[str, Any]]:
        """What was asked so far, by arrival, and what became of it.

        at (seconds of the monotonic clock), service, method, path, names of the query's parts, fault (the id of the
        one that struck, None), status (None: no answer was sent), and what `journal_facts` adds.
        """
        with self._lock:
            return [dict(entry) for entry in self._journal]

    @property
    def requests(self) -> list[Request]:
        """The last 1,000 requests by arrival, whole, for a test to look into: `[0].json()` is the body of the first.

        They have secrets in them, so the control plane does not show them.
        """
        with self._lock:
            return list(self._kept_requests)

    @property
    def in_flight(self) -> list[InFlight]:
        """The requests that have arrived and whose answers are not ready, by arrival; in `answer`, its own too."""
        with self._lock:
            return list(self._in_flight)

    @property
    def faults(self) -> list[Fault]:
        """The faults that stand, in the order in which they are tried."""
        with self._lock:
            return list(self._faults)

    def fault(self, match: Match, effect: Effect, name: str = "") -> str:
        """Let `effect` strike the requests that `match` chooses, until it is cleared; returns the fault's id.

        The first fault that chooses a request strikes it. Raises ConnectHubError for a name that is taken.
        """
        with self._lock:
            self._fault_count += 1
            name = name or f"fault-{self._fault_count}"
            if any(fault.name == name for fault in self._faults):
                raise ConnectHubError(f"a fault {name!r} stands already; choose another id, or clear the faults")
            self._faults.append(Fault(name, match, effect))
            return name

    def clear_faults(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._faults.clear()
            self._next.clear()

    def play_next(self, effect: Effect, times: int = 1) -> None:
        """Let `effect` strike the next requests, whatever they ask; the journal calls that fault `next`."""
        with self._lock:
            self._next.extend([effect] * times)

    def reply_next(self, reply: Reply, times: int = 1) -> None:
        """Answer the next requests with `reply`, whatever they ask."""
        self.play_next(Answer(reply), times)

    def fail_next(self, status: int = 502, times: int = 1, headers: Mapping[str, str] | None = None) -> None:
        """Answer the next requests with a status."""
        self.play_next(Status(status, headers or {}), times)

    def html_next(self, times: int = 1) -> None:
        """Answer the next requests with 200 and an HTML page."""
        self.reply_next(html_reply(), times)

    def drop_next(self, times: int = 1) -> None:
        """Close the connection of the next requests without an answer."""
        self.play_next(Drop(), times)

    def reset(self, profile: str | None = None, seed: int | None = None) -> tuple[str, int]:
        """Start anew: data, tokens, journal and faults; returns profile and seed, by default those of the beginning.

        Raises ConfigError for a profile that is none.
        """
        with self._lock:
            profile = profile or self.beginning[0]
            seed = self.beginning[1] if seed is None else seed
            self.start_over(profile, seed)
            self.clear_faults()
            self._journal.clear()
            self._kept_requests.clear()
            return profile, seed

    def handle(self, request: Request) -> Outcome:
        """Answer or fail as told, and journal it; answers are made one at a time, delays hold up nobody else."""
        if control_plane.is_for_it(request):
            with self._lock:
                return control_plane.answer(self, request)
        with self._lock:
            entry, fault = self._arrive(request)
            struck = fault.struck if fault else 0
            flight = InFlight(request, entry["at"])
            self._in_flight.append(flight)
        try:
            outcome = self._play(request, fault, struck)
        finally:
            with self._lock:
                self._in_flight.remove(flight)
        if not isinstance(outcome, Reply):
            return outcome
        with self._lock:
            entry["status"] = outcome.status
        return replace(outcome, headers={"Date": format_datetime(self._clock.now(), usegmt=True), **outcome.headers})

    def _arrive(self, request: Request) -> tuple[dict[str, Any], Fault | None]:
        """Journal the arrival of `request`, and find the fault that strikes it."""
        struck = [fault for fault in self._faults if fault.strikes(request)]
        fault = Fault("next", Match(), self._next.popleft()) if self._next else next(iter(struck), None)
        if fault:
            fault.struck += 1
        entry = {
            "at": self._clock.monotonic(),
            "service": self.service,
            "method": request.method,
            "path": self.public_path(request),
            "query": sorted(request.query),
            "fault": fault.name if fault else None,
            **self.journal_facts(request),
            "status": None,
        }
        self._journal.append(entry)
        self._kept_requests.append(request)
        return entry, fault

    def _play(self, request: Request, fault: Fault | None, struck: int) -> Outcome:
        """Return the true answer, or what `fault` makes of the `struck`-th request that it strikes."""
        if fault is None:
            return self._answer(request)
        stage = Stage(lambda: self._answer(request), self._pause, self.errno_reply, struck)
        try:
            return fault.effect.play(stage)
        except ConnectHubError as error:
            return Reply(500, f"the stand-in's fault {fault.name}: {error}".encode())

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            return self.answer(request)

    def _pause(self, seconds: float) -> None:
        """Let seconds pass on the clock; the end of the sandbox cuts real ones short."""
        if isinstance(self._clock, SystemClock):
            self._closing.wait(seconds)
        else:
            self._clock.sleep(seconds)

    def __enter__(self) -> Self:
        """Start the server. Raises ConnectHubError where the port cannot be used."""
        self._closing.clear()
        self._server = listen(self._address, self.handle)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox")
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        server, self._server = self._server, None
        if server:
            self._closing.set()
            server.shutdown()
            self._thread.join()
            server.drop_connections()
            server.server_close()


def serve_until_signal(sandbox: Sandbox, on_ready: Callable[[str], None]) -> None:
    """Run `sandbox`, tell `on_ready` its address, and return at SIGINT or SIGTERM; for a process's only thread."""
    signals = {signal.SIGINT, signal.SIGTERM}
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        with sandbox:
            on_ready(sandbox.base_url)
            signal.sigwait(signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
