"""SeeyonSandbox: a stand-in for 致远 OA's "A8/G6 REST" interface, with an invented organisation.

It has sign-in, tickets and the organisation, and takes in flows, attachments and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

from connecthub.core.clock import WaitingClock
from connecthub.integrations.sandbox.messages import Reply, Request, html_reply, json_reply
from connecthub.integrations.sandbox.organisation import Organisation, generate
from connecthub.integrations.sandbox.seeyon.collaboration import TEMPLATES, Collaboration
from connecthub.integrations.sandbox.seeyon.directory import Directory, first
from connecthub.integrations.sandbox.seeyon.reads import READS
from connecthub.integrations.sandbox.seeyon.route import GENERAL_PARAMS, NoSuchPage, Route, numbers_as_text
from connecthub.integrations.sandbox.seeyon.tokens import REFUSED, TokenDesk
from connecthub.integrations.sandbox.seeyon.upload import uploaded
from connecthub.integrations.sandbox.seeyon.writes import WRITES
from connecthub.integrations.sandbox.server import Sandbox, serve_until_signal

ROOT = "/seeyon/rest/"
IDLE_SECONDS = 900.0
"""15 minutes, as documented; V8.2SP1 was seen to wait 1380 s."""
INVALID_TOKEN = "Invalid token,please authenticate again"
NOT_GRANTED = "无权限"
SECRET_PARTS = ("/token/", "/telephone/")
"""What follows them in a path is not journalled."""


class SeeyonSandbox(Sandbox):
    """Accepts one REST user; what it does not know is an HTML page with status 200, as in the real system."""

    service: ClassVar[str] = "seeyon"

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        clock: WaitingClock | None = None,
        organisation: Organisation | None = None,
        user_name: str = "sandbox-user",
        password: str = "sandbox-password",
        idle_seconds: float = IDLE_SECONDS,
        json_401: bool = False,
        bare_text_token: bool = False,
        refuse_ip: bool = False,
        unknown_id: Literal["empty", "null"] = "empty",
        not_granted: Collection[str] = (),
        lacking: Collection[str] = (),
        templates: Collection[str] = TEMPLATES,
        crlf: bool = True,
        shuffled: bool = True,
    ) -> None:
        """`organisation`: by default `generate("small")`; it is copied.

        `json_401`: a refused token is code 1010 with status 200. `bare_text_token`: tokens come as text.
        `refuse_ip`: the sign-in answers 500. `unknown_id`: what a read of one entry answers where there is none.
        `not_granted`: first parts of paths that this user may not use, such as `orgMembers`. `lacking`: patterns of
        resources that this version has not, such as `orgMembers/count/{}`. `templates`: the codes of the templates that
        flows are started from. `crlf`: bodies end in a line end. `shuffled`: lists come in no order, children before
        their parents.
        """
        super().__init__(port, host, clock=clock)
        self._json_401 = json_401
        self._bare_text_token = bare_text_token
        self._refuse_ip = refuse_ip
        self._unknown_id = unknown_id
        self._not_granted = frozenset(not_granted)
        self._lacking = frozenset(lacking)
        self._templates = templates
        self._crlf = crlf
        self._shuffled = shuffled
        made = organisation or generate("small")
        self.beginning = (made.profile, made.seed)
        self._fill(made.copy())
        self._desk = TokenDesk(user_name, password, idle_seconds, self.clock, self._find_login)

    @property
    def organisation(self) -> Organisation:
        """The organisation as it is now; a test may change its records, between requests."""
        return self._directory.organisation

    def change_member(self, member_id: int | str, **fields: Any) -> None:
        """Change a member in Seeyon's field names. Raises ConnectHubError for an unknown id."""
        with self._lock:
            self._directory.change(self.organisation.members, member_id, fields)

    def change_department(self, department_id: int | str, **fields: Any) -> None:
        """Change a department in Seeyon's field names. Raises ConnectHubError for an unknown id."""
        with self._lock:
            self._directory.change(self.organisation.departments, department_id, fields)

    def remove_member(self, member_id: int | str) -> None:
        """Take a member out of the organisation, without a trace. Raises ConnectHubError for an unknown id."""
        with self._lock:
            self._directory.change(self.organisation.members, member_id, {})
            self.organisation.members[:] = [row for row in self.organisation.members if row["id"] != int(member_id)]

    def set_flow_state(self, flow_id: int | str, state: int) -> None:
        """Let a flow go on, as if somebody had worked on it. Raises ConnectHubError for an unknown id."""
        with self._lock:
            self._directory.change(self._collaboration.flows, flow_id, {"state": state})

    def issue_ticket(self, login_name: str) -> str:
        """Return a ticket for `token/ticket`."""
        return self._desk.issue_ticket(login_name)

    def expire_tokens(self) -> None:
        """Forget all tokens, as if they had idled out."""
        with self._lock:
            self._desk.forget_all()

    def state(self) -> dict[str, Any]:
        """Return by name the organisation's lists, and those of what came in beside it."""
        made, came = self.organisation, self._collaboration
        lists = {"units": made.units, "departments": made.departments, "members": made.members}
        return {**lists, "flows": came.flows, "attachments": came.attachments, "messages": came.messages}

    def start_over(self, profile: str, seed: int) -> None:
        """Begin with a new organisation."""
        self._fill(generate(profile, seed))
        self.expire_tokens()

    def public_path(self, request: Request) -> str:
        """Return the path for the journal, without passwords and phone numbers."""
        for part in SECRET_PARTS:
            head, found, rest = request.path.partition(part)
            if rest and rest != "ticket":
                return f"{head}{found}..."
        return request.path

    def answer(self, request: Request) -> Reply:
        """Answer as Seeyon does."""
        if not request.path.startswith(ROOT):
            return html_reply()
        resource = request.path.removeprefix(ROOT)
        if resource.partition("/")[0] == "token":
            return self._answer_token(request, resource.removeprefix("token").strip("/"))
        if not self._desk.lives(request.headers.get("token") or request.query.get("token", "")):
            return self._refused_token()
        if resource.partition("/")[0] in self._not_granted:
            return Reply(401, NOT_GRANTED.encode())
        try:
            return self._found(request, self._answer_route(request, resource))
        except NoSuchPage:
            return html_reply()

    def _fill(self, organisation: Organisation) -> None:
        """Set up an organisation in which nobody has started anything."""
        self._directory = Directory(organisation, self._shuffled)
        self._collaboration = Collaboration(self._templates)
        routes = [*READS, *WRITES, *self._collaboration.routes()]
        self._routes = [route for route in routes if route.pattern not in self._lacking]

    def _answer_token(self, request: Request, rest: str) -> Reply:
        """Hand out a token, bind a login to one, or check a ticket."""
        given = request.json()
        given = given if isinstance(given, dict) else {}
        if self._refuse_ip and rest != "ticket":
            return Reply(500, b"IP")
        if (request.method, rest) == ("POST", ""):
            if not _has_json(request):
                return Reply(415, b"")
            return self._token(request, given.get("userName"), given.get("password"), given.get("loginName"))
        if (request.method, rest) == ("PUT", ""):
            if not self._desk.lives(str(given.get("token"))):
                return self._refused_token()
            return self._found(request, self._desk.bound_user(given.get("loginName")))
        if (request.method, rest) == ("GET", "ticket"):
            return self._json(request, self._desk.check_ticket(request.query.get("ticket", "")))
        user, _, password = rest.partition("/")
        if request.method == "GET" and password:
            return self._token(request, unquote(user), unquote(password), request.query.get("loginName"))
        return html_reply()

    def _token(self, request: Request, user_name: object, password: object, login_name: object) -> Reply:
        """Answer a sign-in: a refused one too has status 200."""
        token = self._desk.hand_out(user_name, password)
        as_text = self._bare_text_token or (request.method == "GET" and not _wants_json(request))
        if as_text:
            return Reply(200, f"{token}\r\n".encode() if self._crlf else token.encode())
        bound = None if token == REFUSED else self._desk.bound_user(login_name)
        return self._json(request, {"bindingUser": bound, "userName": user_name, "id": token})

    def _refused_token(self) -> Reply:
        if self._json_401:
            return json_reply({"code": 1010, "message": INVALID_TOKEN})
        return Reply(401, INVALID_TOKEN.encode())

    def _answer_route(self, request: Request, resource: str) -> Any:
        """Let the resource answer that is asked for. Raises NoSuchPage where there is none."""
        route, parts = self._route(request.method, resource)
        params = {name: value for name, value in request.query.items() if name not in GENERAL_PARAMS}
        if not params.keys() <= set(route.params):
            raise NoSuchPage
        if request.method == "GET":
            return route.answer(self._directory, *parts, **params)
        if route.takes_file:
            return route.answer(self._directory, uploaded(request), *parts)
        body = request.json()
        if request.method != "DELETE" and (body is None or not _has_json(request)):
            raise NoSuchPage
        return route.answer(self._directory, body, *parts)

    def _route(self, method: str, resource: str) -> tuple[Route, list[str]]:
        for route in self._routes:
            parts = route.parts(method, resource)
            if parts is not None:
                return route, parts
        raise NoSuchPage

    def _found(self, request: Request, value: Any) -> Reply:
        """Answer with JSON; with what this version answers where nothing was found."""
        if value is None and self._unknown_id == "empty":
            return Reply(200, b"", "application/json;charset=UTF-8")
        return self._json(request, value)

    def _json(self, request: Request, value: Any) -> Reply:
        as_text = "1" in (request.headers.get("option.n_a_s"), request.query.get("option.n_a_s"))
        reply = json_reply(numbers_as_text(value) if as_text else value)
        return reply if self._crlf else Reply(200, reply.body.strip(), reply.content_type)

    def _find_login(self, login_name: str) -> dict[str, Any] | None:
        return first(self.organisation.members, loginName=login_name, isDeleted=False, enabled=True)


def _has_json(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def serve(
    port: int,
    *,
    host: str = "127.0.0.1",
    organisation: Organisation | None = None,
    on_ready: Callable[[str], None],
) -> None:
    """Run a stand-in until SIGINT or SIGTERM; `on_ready` gets its address. Raises ConnectHubError for a port in use."""
    serve_until_signal(SeeyonSandbox(port, host, organisation=organisation), on_ready)
