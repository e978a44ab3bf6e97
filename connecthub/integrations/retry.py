"""When an attempt is repeated, and after how long."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential, wait_random
from tenacity.stop import stop_after_attempt

from connecthub.integrations.call import Call
from connecthub.integrations.errors import (
    CertificateRefused,
    ConnectFailed,
    OutOfTime,
    RateLimited,
    ServerError,
    Timeout,
    TransportError,
)

ATTEMPTS = 4
LONGEST_RETRY_AFTER = 60.0
"""Seconds; a system that asks for more gets the usual back-off."""

BACK_OFF = wait_exponential(multiplier=0.5, max=8) + wait_random(0, 0.25)


def retrying(call: Call, seconds_left: Callable[[], float], sleep: Callable[[float], None]) -> Retrying:
    """Return the policy for `call`: at most four attempts, and no wait that its time does not allow."""

    def out_of_time(state: RetryCallState) -> bool:
        return state.upcoming_sleep >= seconds_left()

    return Retrying(
        retry=retry_if_exception(lambda error: may_repeat(call, error)),
        wait=wait_seconds,
        stop=lambda state: stop_after_attempt(ATTEMPTS)(state) or out_of_time(state),
        sleep=sleep,
        reraise=True,
    )


def may_repeat(call: Call, error: BaseException) -> bool:
    """Tell whether `call` may go out again after `error`: a write only if nothing of it was sent."""
    if isinstance(error, ConnectFailed):
        return True
    if not call.retryable or isinstance(error, CertificateRefused | OutOfTime):
        return False
    return isinstance(error, TransportError | RateLimited | ServerError)


def wait_seconds(state: RetryCallState) -> float:
    """Return what the system asked for, within reason, otherwise 0.5 · 2^n up to 8 s, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, RateLimited | ServerError | Timeout) else None
    return asked if asked is not None and asked <= LONGEST_RETRY_AFTER else BACK_OFF(state)
