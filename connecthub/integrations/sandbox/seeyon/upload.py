"""A file that somebody uploads to a Seeyon stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP

from connecthub.integrations.sandbox.messages import Request
from connecthub.integrations.sandbox.seeyon.route import NoSuchPage

FIELD = "file"


@dataclass(frozen=True)
class Upload:
    """A file's name and content."""

    name: str
    content: bytes


def uploaded(request: Request) -> Upload:
    """Return the file in the field `file` of a multipart body. Raises NoSuchPage where there is none."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n"
    message = message_from_bytes(head.encode(errors="replace") + request.body, policy=HTTP)
    if message.get_content_type() != "multipart/form-data" or not message.is_multipart():
        raise NoSuchPage
    for part in message.walk():
        name, content = part.get_filename(), part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == FIELD and name and isinstance(content, bytes):
            return Upload(name, content)
    raise NoSuchPage
