"""Sign: a DKIM signature against the bare RSA signature in it, and against dkimpy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.measuring import Kind, Line, Side, Skipped, interleave, timed
from distributor.addresses import parse_address
from distributor.rendering.message import MessageWriter
from distributor.rendering.sign import Signer, read_key
from distributor.rendering.values import AttachmentFile, Recipient, Sender, Stamp

_MESSAGES = 100
_MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PARAGRAPH = "Les urgences de nuit rouvrent : « personne ne doit faire quatre-vingts kilomètres », dit-elle.\n"


def measure(_folder: Path) -> Iterator[Line | Skipped]:
    """Messages of 12 kB, and of 12 kB with a megabyte attached; one RSA key of 2048 bits."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = read_key(pem)
    signer = Signer("presse.example", (("press", key),))
    plain, heavy = _message(b""), _message(bytes(range(256)) * 4096)
    ours, attached, bare, theirs = interleave(
        _side(lambda: signer.sign(plain, _MOMENT)),
        _side(lambda: signer.sign(heavy, _MOMENT)),
        _side(lambda: key.sign(plain[:1500])),
        _side(lambda: dkim.sign(plain, b"press", b"presse.example", pem)),
    )
    meaning = "time to sign one message ÷ time of the one RSA signature in it (cryptography, PKCS #1 v1.5, SHA-256)"
    yield Line("sign", meaning, Kind.TIME, ours, bare, aim=1.5, items=_MESSAGES)
    meaning = "the same with a megabyte attached: the rest is SHA-256 over it"
    yield Line("sign: 1 MB attached", meaning, Kind.TIME, attached, bare, items=_MESSAGES)
    yield Line("sign: dkimpy", "messages signed per second ÷ dkimpy's", Kind.SPEED, ours, theirs, items=_MESSAGES)


def _side(sign: Callable[[], object]) -> Side:
    def work() -> None:
        for _ in range(_MESSAGES):
            sign()

    return lambda: timed(work)


def _message(content: bytes) -> bytes:
    address = parse_address("presse@presse.example")
    files = [AttachmentFile("dossier.pdf", "application/pdf", content)] if content else []
    writer = MessageWriter(Sender(("Presse", address)), "Les urgences rouvrent", language="fr", attachments=files)
    stamp = Stamp("<1@presse.example>", _MOMENT, "mailto:presse@presse.example?subject=stop")
    text = _PARAGRAPH * 30
    html = (
        "<html><body>" + "".join(f'<p style="margin: 0 0 1em">{_PARAGRAPH}</p>\n' for _ in range(60)) + "</body></html>"
    )
    return writer.write(Recipient(address, "Anne Dubreuil"), text, html, stamp)
