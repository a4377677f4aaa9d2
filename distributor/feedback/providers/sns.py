"""The signature of a message of Amazon SNS: what is signed, by which certificate, and whether it holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

# The only hosts that SNS's certificates and confirmations come from, and how its certificates are called.
_HOST = re.compile(r"sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?")
_CERTIFICATE = re.compile(r"/(SimpleNotificationService-[0-9a-f]{8,64}\.pem)")
_HASHES: Mapping[str, type[SHA1 | SHA256]] = {"1": SHA1, "2": SHA256}
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SIGNED["UnsubscribeConfirmation"] = _SIGNED["SubscriptionConfirmation"]


def certificate_name(message: Mapping[str, Any]) -> str | None:
    """The file name of the certificate a message names; None when it does not lie where SNS keeps its own."""
    url = str(message.get("SigningCertURL"))
    found = _CERTIFICATE.fullmatch(urlsplit(url).path) if is_of_sns(url) else None
    return found[1] if found else None


def is_of_sns(url: object) -> bool:
    """Whether a text is an https address at a host of SNS, and nothing else (no port, no user, no fragment)."""
    if not isinstance(url, str) or not url.isascii() or not url.isprintable() or len(url) > 2000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and _HOST.fullmatch(parts.netloc) is not None and not parts.fragment


def is_signed(message: Mapping[str, Any], certificate: bytes, now: datetime) -> bool:
    """Whether SNS signed the message with the key of this certificate (PEM), which is valid at `now`."""
    names = _SIGNED.get(str(message.get("Type")))
    algorithm = _HASHES.get(str(message.get("SignatureVersion")))
    if names is None or algorithm is None:
        return False
    lines = [f"{name}\n{message[name]}\n" for name in names if isinstance(message.get(name), str)]
    try:
        found = x509.load_pem_x509_certificate(certificate)
        key = found.public_key()
        if not isinstance(key, rsa.RSAPublicKey) or not (
            found.not_valid_before_utc <= now <= found.not_valid_after_utc
        ):
            return False
        signature = base64.b64decode(str(message.get("Signature")), validate=True)
        key.verify(signature, "".join(lines).encode(), padding.PKCS1v15(), algorithm())
    except (ValueError, InvalidSignature):
        return False
    return True
