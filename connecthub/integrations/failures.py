"""Which error an answer or a broken connection is. Pure: nothing is sent from here."""

from __future__ import annotations

import math
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from connecthub.core.safe_text import safe_text
from connecthub.errors import IntegrationError
from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import (
    AuthError,
    CertificateRefused,
    ConnectFailed,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
    SessionLost,
    Timeout,
    TransportError,
)

REDIRECTS = (301, 302, 303, 307, 308)


def transport_failure(call: Call, error: httpx.HTTPError, timeout: float) -> IntegrationError:
    """Name what kept an attempt from its answer; `timeout` in seconds.

    Only the operating system's words are quoted: httpx quotes headers in some of its messages.
    """
    if refusal := _certificate_refusal(error):
        return CertificateRefused(
            f"{call}: the TLS certificate is not trusted ({safe_text(refusal)}); "
            "install the authority that issued it on the worker's host or give it as ca_file, "
            "or use the name that it was issued for"
        )
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectFailed(f"{call}: no connection within {timeout:.3g} s; check base_url and the firewalls between")
    if isinstance(error, httpx.ConnectError):
        reason = safe_text(" ".join(str(error).split()))
        return ConnectFailed(f"{call}: no connection ({reason}); check base_url, and that the system is up")
    if isinstance(error, httpx.TimeoutException):
        return Timeout(f"{call}: no complete answer within {timeout:.3g} s; try again later or ask for less at a time")
    if isinstance(error, httpx.DecodingError | httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return ProtocolError(f"{call}: {type(error).__name__}; the answer or the request is malformed")
    return TransportError(
        f"{call}: the connection broke before the answer was complete ({type(error).__name__}); "
        "try again later, and look for a proxy or firewall that cuts connections"
    )


def temporary_failure(response: Response) -> IntegrationError | None:
    """Return the error of a status that says nothing about who we are or what we asked: 408, 429, 5xx."""
    status = response.status or 0
    wait = retry_after(response)
    if status == 408:
        return Timeout(f"{response.call} answered 408, request time-out; try again later", wait)
    if status == 429:
        asked = f", and to wait {wait:.3g} s" if wait is not None else ""
        return RateLimited(f"{response.call} answered 429, too many calls{asked}; call less often", wait)
    if status >= 500:
        return ServerError(
            f"{response.call} answered {status}; try again later, or look into the system's own log", status, wait
        )
    return None


def refusal(response: Response) -> IntegrationError | None:
    """Return the error of any other status that is no success, None for 2xx."""
    status = response.status or 0
    begin = f"{response.call} answered {status}"
    if 200 <= status < 300:
        return None
    if status in REDIRECTS:
        return SessionLost(
            f"{begin}, a redirect to {_redirect_host(response)}, which is not followed: a login page, or the system "
            "moved; set base_url to the address that answers itself"
        )
    if status == 401:
        return AuthError(f"{begin}; check the user, the password and what the user was granted")
    if status == 403:
        return PermissionDenied(f"{begin}; grant the resource to this user, or allow this machine's IP address")
    if status == 404:
        return ProtocolError(f"{begin}, no such resource; check base_url and the version of the system")
    return ProtocolError(f"{begin}; the system does not take this request: check its version and the settings")


def retry_after(response: Response) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (by the answer's own Date, else by the client's
    clock); None where there is none or it makes no sense."""
    value = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = http_date(value)
        now = http_date(response.headers.get("date", "")) or response.received_at
        seconds = (until - now).total_seconds() if until and now else math.nan
    return max(0.0, seconds) if math.isfinite(seconds) else None


def http_date(value: str) -> datetime | None:
    """Read the date of a header; None for anything else."""
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _redirect_host(response: Response) -> str:
    """Return the host that a redirect points to: the rest of the address may hold a session."""
    try:
        host = httpx.URL(response.headers.get("location", "")).host
    except httpx.InvalidURL:
        return "an unreadable address"
    return safe_text(host) or response.call.host


def _certificate_refusal(error: BaseException | None) -> str:
    """Find a refused certificate among the causes; return OpenSSL's reason, or nothing."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""
