"""What can go wrong in a call to an outside system.

    IntegrationError (connecthub.errors)
    ├── TransportError            no complete answer came back
    │   ├── ConnectFailed         no connection; nothing was sent
    │   ├── CertificateRefused    the system's TLS certificate is not trusted; nothing was sent
    │   └── Timeout               the answer took too long
    │       └── OutOfTime         the call's time or the run's was over before it could be sent; nothing was sent
    ├── ProtocolError             an answer that breaks the agreement: HTML for JSON, bad JSON, a redirect, too large
    │   └── SessionLost           a redirect, as to a login page, where an answer was due
    ├── AuthError                 the system does not accept who we are
    │   ├── SignatureRefused      it computes another signature
    │   └── ClockSkew             it finds our time wrong, also after a correction by its own
    ├── PermissionDenied          it knows us and refuses this call
    ├── RateLimited               too many calls; `retry_after` seconds where the system said so
    ├── ServerError               the system failed (5xx)
    ├── BusinessError             the system understood and refused, with a code of its own
    │   └── AlreadyExists         what was to be added is there; `facts` is what the system says of it
    └── ResultUnknown             a write that may have taken effect: look before repeating it

Of a write, ResultUnknown is the one error after which it may have taken effect; after any other it did not.
Messages are one line: system, method, path, status and what to do. No header or query is ever in them, and of a body
only the first words of a page that came instead of an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connecthub.errors import IntegrationError


class TransportError(IntegrationError):
    """No complete answer came back."""


class ConnectFailed(TransportError):
    """No connection; nothing was sent."""


class CertificateRefused(TransportError):
    """The system's TLS certificate is not trusted; nothing was sent."""


class Timeout(TransportError):
    """The answer took too long; `retry_after` in seconds where the system said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutOfTime(Timeout):
    """The call's time or the run's was over before it could be sent; nothing was sent."""


class ProtocolError(IntegrationError):
    """An answer that breaks the agreement: HTML for JSON, bad JSON, a redirect, too large."""


class SessionLost(ProtocolError):
    """A redirect, as to a login page, where an answer was due."""


class AuthError(IntegrationError):
    """The system does not accept who we are."""


class SignatureRefused(AuthError):
    """The system computes another signature."""


class ClockSkew(AuthError):
    """The system finds our time wrong, also after a correction by its own."""


class PermissionDenied(IntegrationError):
    """The system knows us and refuses this call."""


class RateLimited(IntegrationError):
    """Too many calls; `retry_after` in seconds where the system said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerError(IntegrationError):
    """The system failed; `status` is its 5xx, `retry_after` in seconds where it said so."""

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message, status)
        self.status = status
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.args[0]


class BusinessError(IntegrationError):
    """The system understood and refused; `code` is its own."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code

    def __str__(self) -> str:
        return self.args[1]


class AlreadyExists(BusinessError):
    """What was to be added is there; `facts` is what the system says of it."""

    def __init__(self, code: str, message: str, facts: Mapping[str, Any]) -> None:
        super().__init__(code, message)
        self.facts = dict(facts)


class ResultUnknown(IntegrationError):
    """A write that may have taken effect: look before repeating it."""
