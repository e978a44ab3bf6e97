"""BaseClient: the one way to call an outside system: time-outs, retries, typed errors, a record of every attempt.

A service inherits it and says how it signs in, through `auth_headers`, `is_auth_error` and `refresh_auth`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, Self, TypedDict

import httpx
from pydantic import HttpUrl

from connecthub import __version__
from connecthub.errors import ConfigError
from connecthub.integrations.call import Call, Response
from connecthub.integrations.errors import AuthError
from connecthub.integrations.exchange import Exchange
from connecthub.integrations.failures import refusal
from connecthub.integrations.hooks import ClientHooks, NoHooks

READS = ("GET", "HEAD")
MAX_BODY_BYTES = 64 * 1024 * 1024
HEADERS = {"Accept": "application/json", "User-Agent": f"connecthub/{__version__}"}


class ClientOptions(TypedDict, total=False):
    """The keywords of every client; `timeout` in seconds: to connect, and for each silence of the other side."""

    hooks: ClientHooks | None
    timeout: float
    transport: httpx.BaseTransport | None
    sleep: Callable[[float], None]
    max_body_bytes: int


@cache
def preload_ssl_context() -> ssl.SSLContext:
    """Return the TLS settings that all clients of this process and its forks share; slow only the first time.

    Trusted are certifi's authorities and the host's own, so that a company's authority counts where it is installed.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def checked_base_url(value: str) -> str:
    """Return `value` without a closing slash; raises ConfigError unless it is a plain http or https address."""
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL()
    if "@" in value:
        raise ConfigError("base_url has a user name or a password in it; take it out and give it as a secret")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(f"base_url {value!r} is no http or https address; write it like https://oa.example.com")
    if url.query or url.fragment:
        raise ConfigError(
            f"base_url has a query or a fragment; cut it after {url.copy_with(query=None, fragment=None)}"
        )
    return str(url).rstrip("/")


class BaseClient:
    """A context manager around the connections to one system."""

    system: ClassVar[str] = "HTTP service"
    """Its name in messages and records."""
    auth_remedy: ClassVar[str] = "check the user, the password and what the user was granted"
    """What to do when a fresh sign-in is refused."""

    def __init__(
        self,
        base_url: str | HttpUrl,
        *,
        hooks: ClientHooks | None = None,
        timeout: float = 20,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        """Prepare a client; nothing is sent yet. Raises ConfigError for a base_url that cannot be used."""
        self.base_url = checked_base_url(str(base_url))
        self._hooks = hooks or NoHooks()
        self._http = httpx.Client(
            headers=HEADERS, transport=transport, verify=preload_ssl_context(), follow_redirects=False, trust_env=False
        )
        self._exchange = Exchange(self._http, self._hooks, timeout, sleep, max_body_bytes)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def auth_headers(self) -> Mapping[str, str]:
        """Return the headers that say who we are; a service signs in here, if it has not yet."""
        return {}

    def is_auth_error(self, response: Response) -> bool:
        """Tell whether `response` refuses the auth headers as missing, wrong or outdated."""
        return False

    def refresh_auth(self, failed: Mapping[str, str]) -> None:
        """Drop the headers that failed, unless another thread has replaced them already."""

    def get_json(self, path: str, *, params: Mapping[str, Any] | None = None) -> Any:
        """Read `path` and return its JSON."""
        return self.request("GET", path, params=params).json()

    def post_json(self, path: str, payload: Any, *, writes: bool = True, retryable: bool | None = None) -> Any:
        """Send `payload` as JSON and return the answer's JSON; None where a dry run held it back."""
        return self.request("POST", path, json=payload, writes=writes, retryable=retryable).json()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        writes: bool | None = None,
        retryable: bool | None = None,
    ) -> Response:
        """Make a call, signed in, and return its 2xx answer; raises the errors of connecthub.integrations.errors.

        `writes`: it changes something there (default: all but GET and HEAD); a dry run records such a call and sends
        nothing. `retryable`: it may be repeated whatever became of the last attempt (default: all that do not write).
        """
        call = self._call(method, path, writes, retryable)
        if call.writes and self._hooks.dry_run:
            return self._exchange.hold_back(call)
        auth = self.auth_headers()
        response = self._exchange.run(call, params, json, {**(headers or {}), **auth})
        if self.is_auth_error(response):
            self.refresh_auth(auth)
            response = self._exchange.run(call, params, json, {**(headers or {}), **self.auth_headers()})
            if self.is_auth_error(response):
                raise AuthError(f"{call} answered {response.status}, also after a fresh sign-in; {self.auth_remedy}")
        if error := refusal(response):
            raise error
        return response

    def _call(self, method: str, path: str, writes: bool | None = None, retryable: bool | None = None) -> Call:
        """Describe a call; None stands for what the method suggests. The address is joined as text, so that no
        path leads to another host."""
        url = httpx.URL(f"{self.base_url}/{path.lstrip('/')}")
        writes = method not in READS if writes is None else writes
        return Call(
            system=self.system,
            host=url.netloc.decode("ascii"),
            method=method,
            url=str(url),
            path=url.raw_path.split(b"?")[0].decode("ascii"),
            writes=writes,
            retryable=not writes if retryable is None else retryable,
        )
