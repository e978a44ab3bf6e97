"""Certificates are verified, against a real TLS handshake."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connecthub.errors import ConfigError
from connecthub.integrations.base import BaseClient, preload_ssl_context
from connecthub.integrations.errors import CertificateRefused
from tests.unit.scripted import Run

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
SERVER = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)

Issued = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def issue(name: str, extension: x509.ExtensionType, signer: Issued | None = None) -> Issued:
    """Make a key and a certificate, signed by `signer` or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing_key = (signer[0].subject, signer[1]) if signer else (subject, key)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(signing_key, hashes.SHA256())
    )
    return certificate, key


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


@contextmanager
def serving(issued: Issued, folder: Path) -> Iterator[str]:
    """A server that shakes hands with one client under its certificate, and answers whatever it asks."""
    certificate, key = issued
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = folder / "server.pem"
    chain.write_bytes(private + pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    def shake_hands() -> None:
        connection, _ = listener.accept()
        with suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(4096)
            secured.sendall(ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake_hands)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(tmp_path: Path) -> None:
    run = Run()
    with (
        serving(issue("self-signed", SERVER), tmp_path) as address,
        BaseClient(address, hooks=run) as client,
        pytest.raises(CertificateRefused) as caught,
    ):
        client.post_json("x", {})
    assert "the TLS certificate is not trusted (self-signed certificate); install the authority" in str(caught.value)
    assert "give it as ca_file" in str(caught.value)
    assert (len(run.calls), run.clock.monotonic()) == (1, 0)


def test_a_company_s_own_authority_is_trusted_where_a_client_is_given_it(tmp_path: Path) -> None:
    authority = issue("an authority", AUTHORITY)
    ca_file = tmp_path / "authority.pem"
    ca_file.write_bytes(pem(authority[0]))
    the_oa = issue("the OA", SERVER, authority)
    with serving(the_oa, tmp_path) as address, BaseClient(address, ca_file=ca_file) as client:
        assert client.get_json("x") == {}
    with serving(the_oa, tmp_path) as address, BaseClient(address) as client, pytest.raises(CertificateRefused):
        client.get_json("x")


def test_an_own_authority_vouches_for_nobody_else_s_certificate(tmp_path: Path) -> None:
    ca_file = tmp_path / "authority.pem"
    ca_file.write_bytes(pem(issue("an authority", AUTHORITY)[0]))
    another = issue("an authority", AUTHORITY)  # of the same name
    with (
        serving(issue("the OA", SERVER, another), tmp_path) as address,
        BaseClient(address, ca_file=str(ca_file)) as client,
        pytest.raises(CertificateRefused),
    ):
        client.get_json("x")


def test_an_own_authority_does_not_excuse_a_wrong_name(tmp_path: Path) -> None:
    authority = issue("an authority", AUTHORITY)
    ca_file = tmp_path / "authority.pem"
    ca_file.write_bytes(pem(authority[0]))
    elsewhere = x509.SubjectAlternativeName([x509.DNSName("oa.example.com")])
    with (
        serving(issue("the OA", elsewhere, authority), tmp_path) as address,
        BaseClient(address, ca_file=ca_file) as client,
        pytest.raises(CertificateRefused, match="IP address"),
    ):
        client.get_json("x")


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_file_that_is_none_is_refused_before_anything_is_sent(content: bytes | None, tmp_path: Path) -> None:
    ca_file = tmp_path / "authority.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"authority\.pem' is no authority's certificate .*; give a PEM file"):
        BaseClient("https://oa.example.com", ca_file=ca_file)


def test_all_clients_without_an_own_authority_share_one_context() -> None:
    assert preload_ssl_context() is preload_ssl_context()
    assert preload_ssl_context().verify_mode is ssl.CERT_REQUIRED
