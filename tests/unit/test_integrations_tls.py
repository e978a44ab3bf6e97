"""Certificates are verified, against a real TLS handshake."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from connecthub.integrations.base import BaseClient, preload_ssl_context
from connecthub.integrations.errors import CertificateRefused


def self_signed(path: Path) -> Path:
    """Write a key and a certificate for 127.0.0.1 that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server that shakes hands under its own certificate and says no more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "self-signed.pem"))

    def shake_hands() -> None:
        connection, _ = listener.accept()
        with suppress(OSError), connection, context.wrap_socket(connection, server_side=True):
            pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(address: str) -> None:
    waits: list[float] = []
    with BaseClient(address, sleep=waits.append) as client, pytest.raises(CertificateRefused) as caught:
        client.post_json("x", {})
    assert "the TLS certificate is not trusted (self-signed certificate); install the authority" in str(caught.value)
    assert waits == []


def test_all_clients_share_one_context() -> None:
    assert preload_ssl_context() is preload_ssl_context()
    assert preload_ssl_context().verify_mode is ssl.CERT_REQUIRED
