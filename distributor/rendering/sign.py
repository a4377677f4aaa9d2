"""DKIM signatures (RFC 6376, RFC 8463): keys and a finished message in, header fields out.

Relaxed/relaxed, and never `l=`, which would let anybody append to a signed message. Nothing of the body hash can be
shared between messages: SHA-256 runs from the first byte on, and what is personal stands before what all messages have
in common. It is computed once for all keys, and blanks are only looked for where there are any.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from distributor.errors import BadInput
from distributor.lines import put_together

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

RSA_BITS = 2048
_MOST_RSA_BITS = 4096  # RFC 8301 §3.2: what every verifier must be able to check
_LINE = 76
_TXT_STRING = 255  # RFC 1035 §3.3
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_MEND = "Make one: distributor dkim keygen"

_SIGNED = (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Language",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
)
"""What is signed where a message has it, in the order of `h=` (RFC 6376 §5.4.1, RFC 8058 §4)."""

_WANTED = frozenset(name.lower() for name in _SIGNED)

_OVERSIGNED = frozenset(_SIGNED) - {
    "Sender",
    "In-Reply-To",
    "References",
    "Content-Transfer-Encoding",
    "Content-Language",
    "List-Id",
    "Feedback-ID",
}
"""What is named once more than it occurs, so that nobody on the way can add it (RFC 6376 §8.15).

Not what an honest mailing list or gateway adds, nor what deceives nobody.
"""


class Algorithm(StrEnum):
    """How a key signs, as `a=` says it."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"

    @property
    def key_type(self) -> str:
        """As `k=` of the key's record says it."""
        return self.value.partition("-")[0]


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key that never shows itself, and what may be known of it.

    `public` is the base64 text of `p=` in the key's DNS record.
    """

    algorithm: Algorithm
    public: str
    sign: Callable[[bytes], bytes]

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm}, {self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name the key by its public half."""
        return hashlib.sha256(self.public.encode("ascii")).hexdigest()[:16]

    @property
    def record(self) -> str:
        """The TXT record that receivers verify with (RFC 6376 §3.6.1, RFC 8463 §4)."""
        return f"v=DKIM1; k={self.algorithm.key_type}; p={self.public}"


def read_key(pem: bytes) -> SigningKey:
    """The key of an unencrypted PEM file (PKCS #8, PKCS #1). `BadInput` for anything that we cannot sign with.

    RSA wants 2048 to 4096 bits (RFC 8301 §3.2).
    """
    # Here, and not on top: a workspace without a key does not wait for the library.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - see above

    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise BadInput("The key is encrypted.", mend=f"Take its password off. {_MEND}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput("It is no private key in PEM form.", mend=_MEND) from None
    if isinstance(key, RSAPrivateKey):
        return _rsa_key(key)
    if isinstance(key, Ed25519PrivateKey):
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")
        # RFC 8463 §3: it signs the SHA-256 of what RSA would sign.
        return SigningKey(Algorithm.ED25519, public, lambda data: key.sign(hashlib.sha256(data).digest()))
    raise BadInput("DKIM signs with RSA or Ed25519 keys only.", mend=_MEND)


def _rsa_key(key: RSAPrivateKey) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as in read_key
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as in read_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as in read_key

    if not RSA_BITS <= key.key_size <= _MOST_RSA_BITS:
        raise BadInput(
            f"The RSA key has {key.key_size} bits; receivers want {RSA_BITS} to {_MOST_RSA_BITS}.", mend=_MEND
        )
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    padding, digest = PKCS1v15(), SHA256()
    return SigningKey(
        Algorithm.RSA, base64.b64encode(public).decode("ascii"), lambda data: key.sign(data, padding, digest)
    )


def txt_strings(record: str) -> list[str]:
    """A TXT record in strings of at most 255 characters, as a zone file wants it (RFC 1035 §3.3)."""
    return [record[start : start + _TXT_STRING] for start in range(0, len(record), _TXT_STRING)]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs messages in the name of `domain` (A-labels): one signature for each selector with its key."""

    domain: str
    keys: tuple[tuple[str, SigningKey], ...]

    def sign(self, message: bytes, moment: datetime) -> bytes:
        """`message` with its DKIM-Signature fields before it; the same bytes for the same message, keys and moment.

        `message` has CRLF line ends and a 7-bit body: a relay may recode 8-bit content, which breaks every signature
        (RFC 6376 §5.3). Its header may hold UTF-8 (RFC 8616 §3). Raises `ValueError` for a message that is not so, or
        that has a field twice.
        """
        end = message.index(b"\r\n\r\n")
        start = end + 4
        if not message.isascii() and not message[start:].isascii():
            raise ValueError("a message with 8-bit content is not signed")
        fields = _fields(message[:end])
        if "from" not in fields:
            raise ValueError("a message without From is not signed")
        # `t` is the message's own time, not the clock's: a retry is the same message.
        common = f"t={int(moment.timestamp())}; bh={_base64(_body_hash(message, start))};\r\n{_names(fields)};\r\n"
        hashed = b"".join(fields[name.lower()] for name in _SIGNED if name.lower() in fields)
        return put_together([*(self._field(selector, key, common, hashed) for selector, key in self.keys), message])

    def _field(self, selector: str, key: SigningKey, common: str, hashed: bytes) -> bytes:
        unsigned = (
            f"v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n d={self.domain}; s={selector};\r\n {common} b="
        ).encode("ascii")
        # The field itself is signed too, with an empty `b=` and no line end (RFC 6376 §3.7).
        signature = key.sign(hashed + b"dkim-signature:" + _relaxed(unsigned))
        return b"DKIM-Signature: " + unsigned + _wrapped(_base64(signature)).encode("ascii") + b"\r\n"


def _fields(head: bytes) -> dict[str, bytes]:
    """The fields to be signed, by name in small letters, in relaxed form (RFC 6376 §3.4.2)."""
    found: dict[str, bytes] = {}
    for field in _FIELD_END.split(head):
        name, _, value = field.partition(b":")
        key = name.decode("ascii", "replace").strip().lower()
        if key not in _WANTED:
            continue
        if key in found:
            raise ValueError(f"a message with the field {key} twice is not signed")
        found[key] = key.encode("ascii") + b":" + _relaxed(value) + b"\r\n"
    return found


def _relaxed(value: bytes) -> bytes:
    """Unfolded, runs of blanks made one, none at the ends. Our fields hold no other controls (`headers`)."""
    return b" ".join(value.split())


def _names(fields: Mapping[str, bytes]) -> str:
    """The tag `h=`, folded."""
    named: list[str] = []
    for name in _SIGNED:
        named += [name] * ((name.lower() in fields) + (name in _OVERSIGNED))
    lines = [" h="]
    for name in named:
        piece = f"{name}:"
        if len(lines[-1]) + len(piece) > _LINE:
            lines.append("  ")
        lines[-1] += piece
    return "\r\n".join(lines).removesuffix(":")


def _body_hash(message: bytes, start: int) -> bytes:
    """SHA-256 of the body, which begins at `start`, in relaxed form (RFC 6376 §3.4.4)."""
    # Base64 has no blanks and is most of a large message: what follows the last blank is hashed where it lies.
    cut = max(message.rfind(b" ", start), message.rfind(b"\t", start), start - 1) + 1
    if message.startswith(b"\r\n", cut):
        cut += 2
    end = len(message)
    while message.endswith(b"\r\n", cut, end):
        end -= 2
    relaxed = _without_runs(message[start:cut])
    if end == cut:
        relaxed = relaxed.removesuffix(b" ").rstrip(b"\r\n")
    digest = hashlib.sha256(relaxed)
    digest.update(memoryview(message)[cut:end])
    if relaxed or end > cut:
        digest.update(b"\r\n")
    return digest.digest()


def _without_runs(text: bytes) -> bytes:
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text.replace(b" \r\n", b"\r\n")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _wrapped(text: str) -> str:
    """`text` in lines: base64 may be folded anywhere (RFC 6376 §3.5)."""
    width = _LINE - len(" b=")
    return "\r\n  ".join(text[start : start + width] for start in range(0, len(text), width))
