"""TokenKeeper: one token for all threads of a client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from connecthub.core.clock import Clock


@dataclass(frozen=True)
class Token:
    """What a system gave for the sign-in; `good_for` in seconds from when it was asked for, None: until refused."""

    value: SecretStr
    good_for: float | None = None


class TokenKeeper:
    """Fetches a token on first need; one thread fetches it, the others wait for it."""

    def __init__(self, fetch: Callable[[], Token], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.RLock()
        self._fetching = False
        self._token: SecretStr | None = None
        self._good_until: float | None = None

    def get(self) -> SecretStr:
        """Return the token, a new one where there is none or its time is over."""
        with self._lock:
            outdated = self._good_until is not None and self._clock.monotonic() >= self._good_until
            if self._token is None or outdated:
                return self._renew()
            return self._token

    def renew(self) -> SecretStr:
        """Fetch a token, whatever there is."""
        with self._lock:
            return self._renew()

    def drop(self, failed: SecretStr) -> None:
        """Forget the token that was refused, unless another thread has replaced it already."""
        with self._lock:
            if self._token is not None and self._token.get_secret_value() == failed.get_secret_value():
                self._token = None

    def _renew(self) -> SecretStr:
        if self._fetching:
            raise RuntimeError("fetch_token made a call that needs a token itself; make it with request_unsigned")
        asked_at = self._clock.monotonic()
        self._token = None
        self._fetching = True
        try:
            token = self._fetch()
        finally:
            self._fetching = False
        self._token = token.value
        self._good_until = None if token.good_for is None else asked_at + token.good_for
        return token.value
