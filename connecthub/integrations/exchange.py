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
    ServerError,
    Timeout,
    TransportError,
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
        try:
            return retrying(call, self.hooks.deadline, self.sleep)(
                lambda: self._attempt(call, next(numbers), params, json, headers)
            )
        except (ConnectFailed, CertificateRefused):
            raise
        except (TransportError, ServerError, ProtocolError) as error:
            if call.writes:
                raise call.unknown(error) from error
            raise

    def hold_back(self, call: Call) -> Response:
        """Record a call that a dry run does not send."""
        self._record(CallRecord(call.system, call.method, call.path, None, 0, 1, 0, None, sent=False))
        return Response(call, None, {}, b"")

    def _attempt(
        self, call: Call, number: int, params: Mapping[str, Any] | None, json: Any, headers: Mapping[str, str]
    ) -> Response:
        """Send once; raise what is temporary."""
        started = time.perf_counter()
        response = error = None
        try:
            response = self._send(call, params, json, headers)
            error = temporary_failure(response)
        except IntegrationError as caught:
            error = caught
        status, size = (response.status, len(response.content)) if response else (None, 0)
        milliseconds = round((time.perf_counter() - started) * 1000)
        text = str(error) if error else None
        self._record(CallRecord(call.system, call.method, call.path, status, milliseconds, number, size, text))
        if error or not response:
            raise error or AssertionError
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
        if record.error:
            log.info("attempt %d failed after %d ms: %s", record.attempt, record.ms, record.error)
        elif not record.sent:
            log.info("dry run, not sent: %s: %s %s", record.system, record.method, record.path)
        else:
            facts = (record.system, record.method, record.path, record.status, record.ms, record.bytes, record.attempt)
            log.debug("%s: %s %s answered %d in %d ms, %d bytes, attempt %d", *facts)
