"""BaseClient: the one way to call an outside system: time-outs, retries, typed errors, a record of every attempt.

A service inherits it and says how it signs in (`fetch_token`, `sign`), what an answer means (`temporary`, `failure`),
and what a replay may mend (`mend`).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar, Self, TypedDict

import httpx
from pydantic import HttpUrl, SecretStr

from connecthub import __version__
from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError, IntegrationError
from connecthub.integrations.call import Call, Outgoing, Pace, Response
from connecthub.integrations.exchange import Exchange, Limits, Service
from connecthub.integrations.failures import refusal, temporary_failure
from connecthub.integrations.hooks import ClientHooks, NoHooks
from connecthub.integrations.token import Token, TokenKeeper

READS = ("GET", "HEAD")
MAX_BODY_BYTES = 64 * 1024 * 1024
NOTE_MAX = 400
"""Characters of a call's note."""
HEADERS = {"Accept": "application/json", "User-Agent": f"connecthub/{__version__}"}


class ClientOptions(TypedDict, total=False):
    """The keywords of every client. In seconds, `timeout`: to connect, and for each silence of the other side;
    `call_timeout`: for a call with all its attempts and waits. `ca_file`: the authority (PEM) that signed the system's
    certificate, beside those that this host trusts."""

    hooks: ClientHooks | None
    timeout: float
    call_timeout: float
    transport: httpx.BaseTransport | None
    max_body_bytes: int
    ca_file: str | Path | None


@cache
def preload_ssl_context() -> ssl.SSLContext:
    """Return the TLS settings that all clients of this process and its forks share; slow only the first time.

    Trusted are certifi's authorities and the host's own, so that a company's authority counts where it is installed.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def own_ssl_context(ca_file: str | Path) -> ssl.SSLContext:
    """Return TLS settings that trust one authority more; raises ConfigError for a file that is none."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    try:
        context.load_verify_locations(ca_file)
    except OSError as error:
        raise ConfigError(
            f"ca_file {str(ca_file)!r} is no authority's certificate ({error}); give a PEM file"
        ) from None
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

    def __init__(
        self,
        base_url: str | HttpUrl,
        *,
        hooks: ClientHooks | None = None,
        timeout: float = 20,
        call_timeout: float = 300,
        transport: httpx.BaseTransport | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        ca_file: str | Path | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet. Raises ConfigError for a base_url or a ca_file that cannot be used."""
        self.base_url = checked_base_url(str(base_url))
        self._hooks = hooks or NoHooks()
        verify = own_ssl_context(ca_file) if ca_file else preload_ssl_context()
        self._http = httpx.Client(
            headers=HEADERS, transport=transport, verify=verify, follow_redirects=False, trust_env=False
        )
        service = Service(self.temporary, self.failure)
        self._exchange = Exchange(self._http, self._hooks, service, Limits(timeout, call_timeout, max_body_bytes))
        self._tokens = TokenKeeper(self._fetch_masked, self._hooks.clock)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def fetch_token(self) -> Token:
        """Sign in, with `request_unsigned`, and return the token, which is masked from then on; called by one thread at
        a time. A service without a sign-in leaves it as it is: an empty token."""
        return Token(SecretStr(""))

    def sign(self, outgoing: Outgoing, token: SecretStr) -> Outgoing:
        """Return what an attempt sends, with the token and whatever else says who we are and when."""
        return outgoing

    def temporary(self, response: Response) -> IntegrationError | None:
        """Return the error of an answer that another attempt may mend: 408, 429, 5xx."""
        return temporary_failure(response)

    def failure(self, response: Response) -> IntegrationError | None:
        """Return the error of any other answer that is no success; may raise it as well. Pure."""
        return refusal(response)

    def mend(self, response: Response, token: SecretStr) -> bool:
        """Mend what `response` complains of (an outdated token, with `drop_token`; a wrong clock), and tell whether a
        replay is due."""
        return False

    def drop_token(self, token: SecretStr) -> None:
        """Forget a token that was refused, unless another thread has replaced it already."""
        self._tokens.drop(token)

    def failure_again(self, response: Response) -> IntegrationError | None:
        """Return the error of an answer to a replay, after `mend` had its chance."""
        return self.failure(response)

    def shown_path(self, path: str) -> str:
        """Return what records and messages show of `path`; a service takes out what is secret in it."""
        return path

    def authenticate(self) -> SecretStr:
        """Sign in anew and use that token from now on. Raises AuthError where the service refuses us."""
        return self._tokens.renew()

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
        note: str = "",
        pace: Pace | None = None,
    ) -> Response:
        """Make a call, signed in, and return its answer, a success; raises what connecthub.integrations.errors has.

        `writes`: it changes something there (default: all but GET and HEAD); a dry run records such a call and sends
        nothing. `retryable`: it may be repeated whatever became of the last attempt (default: all that do not write).
        `note`: what it is for, for the record, without secrets. `pace`: how far apart such calls are sent.
        """
        call = self._call(method, path, writes=writes, retryable=retryable, note=note, pace=pace)
        if call.writes and self._hooks.dry_run:
            return self._exchange.hold_back(call)
        outgoing = Outgoing(params, json, headers or {})
        with self._exchange.attempts(call) as attempts:
            token = self._tokens.get()
            response = attempts.run(partial(self.sign, outgoing, token))
            if not self.mend(response, token):
                error = self.failure(response)
            else:
                response = attempts.run(partial(self.sign, outgoing, self._tokens.get()))
                error = self.failure_again(response)
            if error:
                raise error
        return response

    def request_unsigned(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Make a call without a token, as `fetch_token` does: like `request`, and sent in a dry run too."""
        outgoing = Outgoing(params, json, headers or {})
        response = self._exchange.run(self._call(method, path, writes=False), lambda: outgoing)
        if error := self.failure(response):
            raise error
        return response

    def _fetch_masked(self) -> Token:
        token = self.fetch_token()
        if secret := token.value.get_secret_value():
            self._hooks.on_secret(secret)
        return token

    def _call(
        self,
        method: str,
        path: str,
        *,
        writes: bool | None = None,
        retryable: bool | None = None,
        note: str = "",
        pace: Pace | None = None,
    ) -> Call:
        """Describe a call; None stands for what the method suggests. The address is joined as text, so that no
        path leads to another host. Raises ValueError for a path that is none."""
        try:
            url = httpx.URL(f"{self.base_url}/{path.lstrip('/')}")
        except httpx.InvalidURL as error:
            raise ValueError(
                f"{self.system}: no path ({error}); put ids into it with connecthub.integrations.call.segment"
            ) from None
        writes = method not in READS if writes is None else writes
        return Call(
            system=self.system,
            host=url.netloc.decode("ascii"),
            method=method,
            url=str(url),
            path=self.shown_path(url.raw_path.split(b"?")[0].decode("ascii")),
            writes=writes,
            retryable=not writes if retryable is None else retryable,
            note=safe_text(note)[:NOTE_MAX],
            pace=pace,
        )
