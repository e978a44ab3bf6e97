"""Exchange: a call's way over the wire, attempt by attempt, each one recorded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import httpx

from connecthub.errors import IntegrationError
from connecthub.integrations.attempts import Attempts
from connecthub.integrations.call import Call, Outgoing, Response
from connecthub.integrations.errors import BusinessError, ProtocolError, ResultUnknown, Timeout
from connecthub.integrations.failures import transport_failure
from connecthub.integrations.hooks import CallRecord, ClientHooks
from connecthub.integrations.pacing import Pacer

log = logging.getLogger(__name__)

# They log whole addresses, tokens in them included; Exchange logs the same facts without.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Service:
    """What a client knows of its service's answers and an exchange does not."""

    temporary: Callable[[Response], IntegrationError | None]
    """The error of an answer that another attempt may mend."""
    failure: Callable[[Response], IntegrationError | None]
    """The error of any other answer that is no success."""


@dataclass(frozen=True)
class Limits:
    """Seconds for each silence of the other side, seconds for a call with all its attempts and waits, and the size of
    an answer."""

    timeout: float
    call_timeout: float
    max_body_bytes: int


class Exchange:
    """What all calls of a client have in common."""

    def __init__(self, http: httpx.Client, hooks: ClientHooks, service: Service, limits: Limits) -> None:
        self._http = http
        self._hooks = hooks
        self._service = service
        self._limits = limits
        self._pacer = Pacer(hooks)

    def run(self, call: Call, sign: Callable[[], Outgoing]) -> Response:
        """Attempt `call` until it has an answer that is not temporary; each attempt sends what `sign` returns then.

        Raises TransportError, RateLimited, ServerError or ProtocolError; ResultUnknown for a write whose fate is open.
        """
        with self.attempts(call) as attempts:
            return attempts.run(sign)

    @contextmanager
    def attempts(self, call: Call) -> Iterator[Attempts]:
        """Yield what `call` and its replay are attempted by. An error that is raised within becomes ResultUnknown where
        an attempt may have taken effect; only the service's own refusal of the content settles that it did not."""
        attempts = Attempts(call, self._attempt, self._hooks, self._limits.call_timeout)
        try:
            yield attempts
        except (BusinessError, ResultUnknown):
            raise
        except IntegrationError as error:
            if attempts.in_doubt:
                raise call.unknown(error) from error
            raise

    def hold_back(self, call: Call) -> Response:
        """Record a call that a dry run does not send."""
        self._record(CallRecord(call.system, call.method, call.path, None, 0, 1, 0, None, False, call.note))
        return Response(call, None, {}, b"")

    def _attempt(
        self, call: Call, number: int, sign: Callable[[], Outgoing], seconds_left: Callable[[], float]
    ) -> Response:
        """Send once, in its turn, and record it; raise what is temporary."""
        clock = self._hooks.clock
        with self._pacer.turn(call, seconds_left):
            outgoing = sign()
            started = clock.monotonic()

            def record(status: int | None, size: int, error: str | None) -> None:
                ms = round((clock.monotonic() - started) * 1000)
                facts = (call.system, call.method, call.path, status, ms, number, size, error)
                self._record(CallRecord(*facts, note=call.note))

            try:
                response = self._send(call, outgoing, seconds_left)
            except IntegrationError as error:
                record(None, 0, str(error))
                raise
            except BaseException as error:  # the run is being stopped; what was sent was sent
                record(None, 0, f"{call}: given up before the answer came ({type(error).__name__})")
                raise
        temporary = self._service.temporary(response)
        error = temporary or self._failure(response)
        record(response.status, len(response.content), str(error) if error else None)
        if temporary:
            raise temporary
        return response

    def _failure(self, response: Response) -> IntegrationError | None:
        try:
            return self._service.failure(response)
        except IntegrationError as error:
            return error

    def _send(self, call: Call, outgoing: Outgoing, seconds_left: Callable[[], float]) -> Response:
        """Send and read the answer to its end."""
        timeout = min(self._limits.timeout, max(seconds_left(), 0.001))
        try:
            with self._http.stream(
                call.method,
                call.url,
                params=outgoing.params,
                json=outgoing.json,
                headers=outgoing.headers,
                timeout=timeout,
            ) as answer:
                content = self._read(call, answer, seconds_left)
        except httpx.HTTPError as error:
            raise transport_failure(call, error, timeout) from None
        return Response(call, answer.status_code, dict(answer.headers), content, self._hooks.clock.now())

    def _read(self, call: Call, answer: httpx.Response, seconds_left: Callable[[], float]) -> bytes:
        """Read a body up to the limit of size and, where it trickles, up to the call's time."""
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > self._limits.max_body_bytes:
                raise ProtocolError(
                    f"{call} answered {answer.status_code} with more than {self._limits.max_body_bytes} bytes; "
                    "ask for less at a time"
                )
            if seconds_left() <= 0:
                raise Timeout(
                    f"{call}: {len(content)} bytes came and no end within the call's time; ask for less at a time"
                )
        return bytes(content)

    def _record(self, record: CallRecord) -> None:
        """Tell the run and the log of an attempt."""
        self._hooks.on_call(asdict(record))
        what = f"{record.system}: {record.method} {record.path}" + (f" ({record.note})" if record.note else "")
        if not record.sent:
            log.debug("%s not sent: dry run", what)
        elif record.error:
            log.info("attempt %d failed after %d ms: %s", record.attempt, record.ms, record.error)
        else:
            level = logging.DEBUG if record.status and record.status < 300 else logging.INFO
            facts = (what, record.status, record.ms, record.bytes, record.attempt)
            log.log(level, "%s answered %s in %d ms, %d bytes, attempt %d", *facts)
