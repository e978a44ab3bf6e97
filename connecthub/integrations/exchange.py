"""Exchange: a call's way over the wire, attempt by attempt, each one recorded."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from connecthub.errors import IntegrationError
from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import (
    CertificateRefused,
    ConnectFailed,
    ProtocolError,
    RateLimited,
    Timeout,
)
from connecthub.integrations.failures import temporary_failure, transport_failure
from connecthub.integrations.hooks import CallRecord, ClientHooks
from connecthub.integrations.retry import retrying

log = logging.getLogger(__name__)

# They log whole addresses, tokens in them included; Exchange logs the same facts without.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Exchange:
    """What all calls of a client have in common; `timeout` in seconds."""

    http: httpx.Client
    hooks: ClientHooks
    timeout: float
    sleep: Callable[[float], None]
    max_body_bytes: int

    def run(self, call: Call, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str]) -> Response:
        """Attempt `call` until it has an answer that is not temporary.

        Raises TransportError, RateLimited, ServerError or ProtocolError; ResultUnknown for a write whose fate is open.
        """
        left = self.hooks.deadline()
        if left is not None and left <= 0:
            raise Timeout(f"{call}: not sent, for the run's time is over; give the job a longer timeout")
        numbers = itertools.count(1)
        maybe_done: list[IntegrationError] = []

        def attempt() -> Response:
            try:
                return self._attempt(call, next(numbers), params, json, headers)
            except (ConnectFailed, CertificateRefused, RateLimited):
                raise
            except IntegrationError as error:
                maybe_done.append(error)
                raise

        try:
            return retrying(call, self.hooks.deadline, self.sleep)(attempt)
        except IntegrationError as error:
            if call.writes and maybe_done:
                raise call.unknown(error) from error
            raise

    def hold_back(self, call: Call) -> Response:
        """Record a call that a dry run does not send."""
        self._record(CallRecord(call.system, call.method, call.path, None, 0, 1, 0, None, sent=False))
        return Response(call, None, {}, b"")

    def _attempt(
        self, call: Call, number: int, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str]
    ) -> Response:
        """Send once and record it; raise what is temporary."""
        started = time.perf_counter()

        def record(status: int | None, size: int, error: Exception | None) -> None:
            ms = round((time.perf_counter() - started) * 1000)
            text = str(error) if error else None
            self._record(CallRecord(call.system, call.method, call.path, status, ms, number, size, text))

        try:
            response = self._send(call, params, json, headers)
        except IntegrationError as error:
            record(None, 0, error)
            raise
        error = temporary_failure(response)
        record(response.status, len(response.content), error)
        if error:
            raise error
        return response

    def _send(self, call: Call, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str]) -> Response:
        """Send and read the answer to its end."""
        left = self.hooks.deadline()
        timeout = self.timeout if left is None else min(self.timeout, max(left, 0.001))
        try:
            with self.http.stream(
                call.method, call.url, params=params, json=json, headers=headers, timeout=timeout
            ) as answer:
                content = self._read(call, answer)
        except httpx.HTTPError as error:
            raise transport_failure(call, error, timeout) from None
        return Response(call, answer.status_code, dict(answer.headers), content)

    def _read(self, call: Call, answer: httpx.Response) -> bytes:
        """Read a body up to the limit."""
        content = bytearray()
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > self.max_body_bytes:
                raise ProtocolError(
                    f"{call} answered {answer.status_code} with more than {self.max_body_bytes} bytes; "
                    "ask for less at a time"
                )
        return bytes(content)

    def _record(self, record: CallRecord) -> None:
        """Tell the run and the log of an attempt."""
        self.hooks.on_call(asdict(record))
        call = f"{record.system}: {record.method} {record.path}"
        if not record.sent:
            log.info("%s not sent: dry run", call)
        elif record.error:
            log.info("attempt %d failed after %d ms: %s", record.attempt, record.ms, record.error)
        else:
            level = logging.DEBUG if record.status and record.status < 300 else logging.INFO
            facts = (call, record.status, record.ms, record.bytes, record.attempt)
            log.log(level, "%s answered %s in %d ms, %d bytes, attempt %d", *facts)
