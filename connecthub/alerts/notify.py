"""Sending a message to a channel, through apprise: the only module that knows it, and it is loaded when first needed.

A channel's URL holds a token or a password: it is in no error and in no log, whatever apprise and what it uses say.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from connecthub.alerts.messages import Message
from connecthub.alerts.robots import ROBOTS, post_to_robot
from connecthub.core.redact import Redactor, mask_url
from connecthub.core.safe_text import safe_text
from connecthub.errors import ConfigError, NotSent

SEND_SECONDS = 10.0
"""So long one message may take."""
ANSWER_SECONDS = 8.0
"""So long apprise waits for a connection, and for an answer."""
ERROR_CHARS = 300
_HOSTED = ("json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos")
"""Services whose URL begins with a host, which is no secret; of the others it is a token."""
_NOISY = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")
"""Loggers that write URLs."""
_NO_CONNECTION = "Socket Exception: "


class Notifier:
    """Sends messages. A channel that has not answered the last one is not given the next."""

    def __init__(self, seconds: float = SEND_SECONDS) -> None:
        self._seconds = seconds
        self._unanswered: dict[str, threading.Thread] = {}

    def send(self, channel: str, url: str, message: Message) -> None:
        """Send a message; raises NotSent with the reason, ConfigError where apprise is missing or refuses the URL."""
        service = _service(url)
        if (last := self._unanswered.get(channel)) is not None and last.is_alive():
            raise NotSent("it has not answered the message before")
        answers: list[str] = []
        thread = threading.Thread(target=_send, args=(service, url, message, answers), daemon=True)
        self._unanswered[channel] = thread
        thread.start()
        thread.join(self._seconds)
        if not answers:
            raise NotSent(f"no answer within {self._seconds:g} s")
        if answers[0]:
            raise NotSent(answers[0])


def url_purpose(channel: str) -> str:
    """What the sealed URL of a channel is for, as its token says it."""
    return f"the URL of alert channel {channel}"


def service_of(url: str) -> str:
    """The name of the service that a URL is for; raises ConfigError where apprise knows none, or is missing."""
    return str(_service(url).service_name)[:32]


def redacted(url: str, text: str) -> str:
    """A text without anything that a URL holds, in one line."""
    redactor = Redactor()
    for piece in _secret_pieces(url):
        redactor.add(piece)
    shown = safe_text(" ".join(mask_url(redactor.redact(text)).split()))
    return shown if len(shown) <= ERROR_CHARS else f"{shown[: ERROR_CHARS - 1]}…"


def _service(url: str) -> Any:
    apprise = _apprise()
    service = apprise.Apprise.instantiate(url.strip(), asset=_asset(apprise)) if "://" in url else None
    if service is None:
        wiki = "https://github.com/caronc/apprise/wiki"
        raise ConfigError(f"the URL is none that apprise can use; {wiki} says how each service writes it")
    service.socket_connect_timeout = service.socket_read_timeout = ANSWER_SECONDS
    return service


def _apprise() -> Any:
    try:
        import apprise
    except ImportError:
        raise ConfigError(
            "alerts are sent by apprise, which is missing; run `pip install 'connecthub[notify]'`"
        ) from None
    for name in _NOISY:
        logging.getLogger(name).propagate = False
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("apprise").setLevel(logging.DEBUG)  # where it tells why there was no connection
    return apprise


def _asset(apprise: Any) -> Any:
    return apprise.AppriseAsset(app_id="ConnectHub", app_desc="ConnectHub", async_mode=False)


def _send(service: Any, url: str, message: Message, answers: list[str]) -> None:
    """Send it and put down why it could not be sent; empty where it was."""
    apprise = _apprise()
    try:
        if robot := ROBOTS.get(type(service).__name__):
            answers.append(
                redacted(url, post_to_robot(robot(service), f"{message.title}\n{message.body}", ANSWER_SECONDS))
            )
            return
        with _said() as said:
            sent = service.notify(
                body=message.body,
                title=message.title,
                notify_type=apprise.NotifyType(message.level),
                body_format=apprise.NotifyFormat.TEXT,
            )
        answers.append("" if sent else redacted(url, "; ".join(said) or "the service refused it"))
    except Exception as error:
        answers.append(redacted(url, f"{type(error).__name__}: {error}"))


@contextmanager
def _said() -> Iterator[list[str]]:
    """The reasons that apprise logs in this thread meanwhile, for it gives them nowhere else."""
    said: list[str] = []
    mine = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == mine:
                text = record.getMessage()
                if record.levelno >= logging.WARNING:
                    said.append(text.rstrip("."))
                elif text.startswith(_NO_CONNECTION):
                    said.append(text.removeprefix(_NO_CONNECTION).rpartition("Caused by ")[2])

    logger, listener = logging.getLogger("apprise"), Listener()
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)


def _secret_pieces(url: str) -> list[str]:
    scheme, _, rest = url.strip().partition("://")
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    userinfo, _, host = authority.rpartition("@")
    spelled = (
        [userinfo, rest[len(authority) :]] if scheme.lower() in _HOSTED else [userinfo, host, rest[len(authority) :]]
    )
    pieces = [piece for text in spelled for piece in re.split(r"[/?&=#:@,;]+", text)]
    return [url, rest, *(form for piece in pieces for form in {piece, unquote(piece)} if len(form) > 1)]
