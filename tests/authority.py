"""A throwaway certificate authority for servers on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_HERE = (x509.IPAddress(IPv4Address("127.0.0.1")), x509.DNSName("localhost"))
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """The authority's certificate, and a key with certificates that it signed.

    One is for 127.0.0.1, one for another name, one was over yesterday.
    """

    ca_file: Path
    key: Path
    certificate: Path
    certificate_of_another: Path
    certificate_of_before: Path


def make_authority(folder: Path) -> Authority:
    """Make an authority in `folder`."""
    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority.public_key())
    # RFC 5280 §4.2.1: Python 3.13 and later take no authority that does not say so, and none without identifiers.
    of_authority = (
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (
            x509.KeyUsage(*[False] * 5, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False),
            True,
        ),
        (identifier, False),
    )

    def signed(
        name: str, key: ec.EllipticCurvePrivateKey, over: timedelta, *said: tuple[x509.ExtensionType, bool]
    ) -> bytes:
        now = datetime.now(UTC)
        building = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(_named("Throwaway"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(now + over)
        )
        for extension, is_critical in said:
            building = building.add_extension(extension, is_critical)
        return building.sign(authority, SHA256()).public_bytes(Encoding.PEM)

    def of_server(*names: x509.GeneralName, over: timedelta = 2 * _DAY) -> bytes:
        by = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
        return signed("server", server, over, (x509.SubjectAlternativeName(names), False), (by, False))

    made = {
        "ca.pem": signed("Throwaway", authority, 2 * _DAY, *of_authority),
        "server.key": server.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "own.pem": of_server(*_HERE),
        "other.pem": of_server(x509.DNSName("other.example")),
        "over.pem": of_server(*_HERE, over=-_DAY),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return Authority(*(folder / name for name in made))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
