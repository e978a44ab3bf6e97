"""Effects: how requests to a sandbox go wrong; a `Match` says which, and a `Fault` is both.

`Status`, `Errno`, `Hang`, `Drop("before")`, `HtmlLogin` and `Redirect` come instead of handling the request, so that it
takes no effect; the others spoil or delay the true answer, so that it does.
"""

from __future__ import annotations

import dataclasses
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from connecthub.errors import ConnectHubError
from connecthub.integrations.sandbox.messages import Outcome, Reply, Silence

STRICT = ConfigDict(extra="forbid", arbitrary_types_allowed=True, allow_inf_nan=False)
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Login</title></head><body><form action='/login'></form></body></html>"
BOM = b"\xef\xbb\xbf"
HeaderName = Annotated[str, Field(pattern="^[A-Za-z0-9-]+$")]
HeaderValue = Annotated[str, Field(pattern="^[ -~]*$")]
"""Printable ASCII; what is not is written as %XX in an address."""


@dataclasses.dataclass
class Stage:
    """What an effect works with."""

    handle: Callable[[], Reply]
    """Lets the sandbox handle the request."""
    pause: Callable[[float], None]
    """Lets seconds of the sandbox's clock pass."""
    errno_reply: Callable[[int, str, Any], Reply]
    struck: int = 1
    """How many requests the fault has struck, this one included."""

    @cached_property
    def answer(self) -> Reply:
        """The true answer; from here on the request has taken effect, once."""
        return self.handle()


class Effect(ABC):
    """What becomes of a request that a fault strikes."""

    @abstractmethod
    def play(self, stage: Stage) -> Outcome:
        """Return what goes over the wire."""


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Answer(Effect):
    """This reply, whatever was asked."""

    reply: Reply

    def play(self, stage: Stage) -> Outcome:
        return self.reply


@dataclass(frozen=True, config=STRICT)
class Status(Effect):
    """A status without the service's envelope, as a gateway in between answers."""

    code: int = Field(default=502, ge=200, le=599)
    headers: Mapping[HeaderName, HeaderValue] = field(default_factory=dict)
    body: str = "failed on purpose"

    def play(self, stage: Stage) -> Outcome:
        return Reply(self.code, self.body.encode(), headers=self.headers)


@dataclass(frozen=True, config=STRICT)
class Errno(Effect):
    """An error in the service's own envelope, with status 200."""

    n: int
    errmsg: str = "failed on purpose"
    data: Any = None

    def play(self, stage: Stage) -> Outcome:
        return stage.errno_reply(self.n, self.errmsg, self.data)


@dataclass(frozen=True, config=STRICT)
class Delay(Effect):
    """The true answer, so many seconds late on the sandbox's clock."""

    seconds: float = Field(ge=0, le=86400)

    def play(self, stage: Stage) -> Outcome:
        reply = stage.answer
        stage.pause(self.seconds)
        return reply


@dataclass(frozen=True, config=STRICT)
class Trickle(Effect):
    """The true answer in pieces of so many bytes, so many seconds of the sandbox's clock after one another."""

    bytes: int = Field(default=1024, ge=1)
    seconds: float = Field(default=1, ge=0, le=86400)

    def play(self, stage: Stage) -> Outcome:
        body = stage.answer.body

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(body), self.bytes):
                if start:
                    stage.pause(self.seconds)
                yield body[start : start + self.bytes]

        return dataclasses.replace(stage.answer, pieces=pieces)


@dataclass(frozen=True, config=STRICT)
class Hang(Effect):
    """Nothing comes until the client gives up or the sandbox ends."""

    def play(self, stage: Stage) -> Outcome:
        return Silence.HANG


@dataclass(frozen=True, config=STRICT)
class Drop(Effect):
    """The connection is closed: before the request is handled, or in the middle of the true answer's body."""

    when: Literal["before", "mid_body"] = "before"

    def play(self, stage: Stage) -> Outcome:
        if self.when == "before":
            return Silence.DROP
        reply = stage.answer
        return dataclasses.replace(reply, body=reply.body[: len(reply.body) // 2], claimed_length=len(reply.body))


@dataclass(frozen=True, config=STRICT)
class Truncate(Effect):
    """The first so many bytes of the true body (negative: all but so many), with its true length or their own."""

    bytes: int
    keep_content_length: bool = False

    def play(self, stage: Stage) -> Outcome:
        reply = stage.answer
        claimed = len(reply.body) if self.keep_content_length else None
        return dataclasses.replace(reply, body=reply.body[: self.bytes], claimed_length=claimed)


@dataclass(frozen=True, config=STRICT)
class Charset(Effect):
    """The true answer in another encoding, said in its Content-Type or not; what the encoding lacks becomes `?`."""

    encoding: str = "gbk"
    declare: bool = True

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            "张".encode(encoding, "replace")
        except (LookupError, UnicodeError):
            raise ValueError(f"{encoding!r} is no encoding; write one like gbk") from None
        return encoding

    def play(self, stage: Stage) -> Outcome:
        reply = stage.answer
        kind = re.sub(r";\s*charset=[^;]*", "", reply.content_type)
        kind = f"{kind};charset={self.encoding}" if self.declare else kind
        return dataclasses.replace(
            reply, body=reply.body.decode().encode(self.encoding, errors="replace"), content_type=kind
        )


@dataclass(frozen=True, config=STRICT)
class HtmlLogin(Effect):
    """A login page with status 200."""

    def play(self, stage: Stage) -> Outcome:
        return Reply(200, LOGIN_PAGE.encode(), "text/html;charset=UTF-8")


@dataclass(frozen=True, config=STRICT)
class Redirect(Effect):
    """A 302 to another address."""

    to: HeaderValue = "/login"

    def play(self, stage: Stage) -> Outcome:
        return Reply(302, b"", headers={"Location": self.to})


@dataclass(frozen=True, config=STRICT)
class Bom(Effect):
    """The true answer behind a byte order mark."""

    def play(self, stage: Stage) -> Outcome:
        return dataclasses.replace(stage.answer, body=BOM + stage.answer.body)


@dataclass(frozen=True, config=STRICT)
class Crlf(Effect):
    """The true answer between stray line ends."""

    def play(self, stage: Stage) -> Outcome:
        return dataclasses.replace(stage.answer, body=b"\r\n" + stage.answer.body + b"\r\n")


@dataclass(frozen=True, config=STRICT)
class MutateJson(Effect):
    """The true answer with one value replaced or removed; `path` is like `data.records.0.status`, `` is the whole."""

    path: str
    value: Any = None
    remove: bool = False

    def play(self, stage: Stage) -> Outcome:
        reply = stage.answer
        try:
            whole = json.loads(reply.body)
        except ValueError:
            raise ConnectHubError("the answer is no JSON that could be changed; mend the fault's match") from None
        body = json.dumps(self._mutated(whole), ensure_ascii=False).encode() + b"\r\n"
        return dataclasses.replace(reply, body=body)

    def _mutated(self, whole: Any) -> Any:
        if not self.path:
            return self.value
        place = whole
        try:
            *parents, last = [int(part) if part.lstrip("-").isdigit() else part for part in self.path.split(".")]
            for part in parents:
                place = place[part]
            if self.remove:
                del place[last]
            else:
                place[last] = self.value
        except (LookupError, TypeError):
            raise ConnectHubError(f"the answer has no {self.path!r} to change; mend the fault's path") from None
        return whole


@dataclass(frozen=True, config=STRICT)
class ApplyThenFail(Effect):
    """The request takes effect, then its answer is lost in another effect: the case of the unknown result."""

    then: Effect = field(default_factory=Drop)

    def play(self, stage: Stage) -> Outcome:
        _ = stage.answer
        return self.then.play(stage)


@dataclass(frozen=True, config=STRICT)
class RejectThenOk(Effect):
    """A 503 for the first `n` that the fault strikes, the true answer for the others."""

    n: int = Field(default=1, ge=1)
    status: int = Field(default=503, ge=400, le=599)

    def play(self, stage: Stage) -> Outcome:
        return Status(self.status).play(stage) if stage.struck <= self.n else stage.answer


EFFECTS: dict[str, type[Effect]] = {
    "status": Status,
    "errno": Errno,
    "delay": Delay,
    "trickle": Trickle,
    "hang": Hang,
    "drop_connection": Drop,
    "truncate": Truncate,
    "charset": Charset,
    "html_login": HtmlLogin,
    "redirect": Redirect,
    "prepend_bom": Bom,
    "append_crlf": Crlf,
    "mutate_json": MutateJson,
    "apply_then_fail": ApplyThenFail,
    "reject_n_then_ok": RejectThenOk,
}
"""By their names in the control plane."""
