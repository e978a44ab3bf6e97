"""SeeyonSandbox: a stand-in for 致远 OA's "A8/G6 REST" interface, with an invented organisation."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from connecthub.integrations.sandbox.messages import Reply, Request, html_reply, json_reply
from connecthub.integrations.sandbox.server import Sandbox, serve_until_signal

ROOT = "/seeyon/rest/"
IDLE_SECONDS = 900
UNITS = [
    {"id": -5476327415902942726, "name": "示例集团", "code": "G001", "superior": -1, "path": "00000001"},
    {
        "id": 670869647114347,
        "name": "示例科技有限公司",
        "code": "C001",
        "superior": -5476327415902942726,
        "path": "000000010001",
    },
    {
        "id": -1730833917365171641,
        "name": "Example (Shanghai) Ltd.",
        "code": "C002",
        "superior": -5476327415902942726,
        "path": "000000010002",
    },
]


class SeeyonSandbox(Sandbox):
    """Accepts one REST user; a token lives as long as its last call is at most 900 s ago by `now`, in seconds."""

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        user_name: str = "sandbox-user",
        password: str = "sandbox-password",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(port, host)
        self._user_name = user_name
        self._password = password
        self._now = now
        self._tokens: dict[str, float] = {}
        self._routes = {"orgAccounts": self._org_accounts}

    def expire_tokens(self) -> None:
        """Forget all tokens, as if they had idled out."""
        with self._lock:
            self._tokens.clear()

    def public_path(self, request: Request) -> str:
        """Return the path for the journal: /token/{user}/{password} is cut."""
        head, token, rest = request.path.partition("/token/")
        return f"{head}{token}..." if rest else request.path

    def answer(self, request: Request) -> Reply:
        """Answer as Seeyon does; what it does not know is an HTML page with status 200."""
        if not request.path.startswith(ROOT):
            return html_reply()
        resource = request.path.removeprefix(ROOT)
        if request.method == "POST" and resource in ("token", "token/"):
            return self._token(request)
        if not self._token_lives(request.headers.get("token") or request.query.get("token", "")):
            return Reply(401, b"Invalid token,please authenticate again")
        route = self._routes.get(resource) if request.method == "GET" else None
        return route() if route else html_reply()

    def _token(self, request: Request) -> Reply:
        """Hand out a token; a wrong password gets the id -1, with status 200."""
        given = request.json()
        given = given if isinstance(given, dict) else {}
        accepted = (given.get("userName"), given.get("password")) == (self._user_name, self._password)
        token = str(uuid.uuid4()) if accepted else "-1"
        if accepted:
            self._tokens[token] = self._now()
        return json_reply({"bindingUser": None, "userName": given.get("userName"), "id": token})

    def _token_lives(self, token: str) -> bool:
        """Tell whether `token` is known and was used lately; this use counts."""
        last_use = self._tokens.pop(token, None)
        if last_use is None or self._now() - last_use > IDLE_SECONDS:
            return False
        self._tokens[token] = self._now()
        return True

    def _org_accounts(self) -> Reply:
        """The units, with ids as 64-bit numbers."""
        return json_reply(UNITS)


def serve(port: int, *, host: str = "127.0.0.1", on_ready: Callable[[str], None]) -> None:
    """Run a stand-in until SIGINT or SIGTERM; `on_ready` gets its address. Raises ConnectHubError for a port in use."""
    serve_until_signal(SeeyonSandbox(port, host), on_ready)
