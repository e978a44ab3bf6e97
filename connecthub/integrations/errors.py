"""What can go wrong in a call to an outside system.

    IntegrationError (connecthub.errors)
    ├── TransportError            no complete answer came back
    │   ├── ConnectFailed         no connection; nothing was sent
    │   ├── CertificateRefused    the system's TLS certificate is not trusted; nothing was sent
    │   └── Timeout               the answer took too long
    ├── ProtocolError             an answer that breaks the agreement: HTML for JSON, bad JSON, a redirect, too large
    ├── AuthError                 the system does not accept who we are
    ├── PermissionDenied          it knows us and refuses this call
    ├── RateLimited               too many calls; `retry_after` seconds where the system said so
    ├── ServerError               the system failed (5xx)
    ├── BusinessError             the system understood and refused, with a code of its own
    └── ResultUnknown             a write that may have taken effect: look before repeating it

Messages are one line: system, method, path, status and what to do. No header, query or body is ever in them.
"""

from __future__ import annotations

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


class ProtocolError(IntegrationError):
    """An answer that breaks the agreement: HTML for JSON, bad JSON, a redirect, too large."""


class AuthError(IntegrationError):
    """The system does not accept who we are."""


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


class ResultUnknown(IntegrationError):
    """A write that may have taken effect: look before repeating it."""
