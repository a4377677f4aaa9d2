"""DKIM: what we sign verifies elsewhere, breaks when it is touched, and never shows the key."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dkim.canonicalization import Relaxed
from dkimverifiers import OPENDKIM, dkimpy_passes, opendkim_says, perl_says
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.addresses import parse_address
from distributor.errors import BadInput
from distributor.rendering import sign
from distributor.rendering.message import MessageWriter
from distributor.rendering.sign import Signer, SigningKey, read_key, txt_strings
from distributor.rendering.values import AttachmentFile, Recipient

from .samples import ANNE, SENDER, STAMP

MOMENT = datetime(2026, 3, 1, 9, tzinfo=UTC)
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
HEAD = b"From: a@horizon.example\r\nSubject: x\r\n\r\n"


def pem(key: object, encryption: KeySerializationEncryption | None = None) -> bytes:
    encoded: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())  # type: ignore[attr-defined]  # any private key
    return encoded


RSA_KEY, ED25519_KEY = read_key(pem(RSA)), read_key(pem(ED25519))
SIGNER = Signer("horizon.example", (("press2026", RSA_KEY), ("press2026e", ED25519_KEY)))
ONLY_RSA = Signer("horizon.example", SIGNER.keys[:1])
ZONE = {f"{selector}._domainkey.horizon.example": key.record for selector, key in SIGNER.keys}


def written(text: str = "Bonjour,\n", *, name: str = "Anne Dubreuil", **options: object) -> bytes:
    """A message of ours."""
    sender = replace(SENDER, list_id="press.horizon.example", sent_by=("Éva", parse_address("eva@relais.example")))
    maker = MessageWriter(sender, "Égalité : dès aujourd’hui", language="fr", feedback_id="a:b:0f1e2d3c4b", **options)  # type: ignore[arg-type]  # passed on
    return maker.write(replace(ANNE, name=name), text, f"<p>{text}</p>", STAMP)


MESSAGES = {
    "french": written("Communiqué : « l’été », œuvre – 8\u202f000 voix\n"),
    "long lines": written("é" * 5000 + "\n" + "x" * 3000, name="D’Estrées-Ångström de la Peña " * 40),
    "attachments": written(
        attachments=[
            AttachmentFile("Très long – dossier.pdf", "application/pdf", bytes(range(256)) * 200),
            AttachmentFile("b.bin", "application/octet-stream", b"\x00" * 1000),
        ]
    ),
    "blanks": written("a  b\t\tc\n\n   d \n\t\n" + "\n" * 20),
    "empty body": HEAD,
    "trailing blank lines": HEAD + b"x\r\n\r\n \t\r\n\r\n",
    "only blank lines": HEAD + b"\r\n  \r\n\r\n",
    "no last line end": HEAD + b"x\r\ny \t",  # the wire ends the line
    "folded header": b"From: a\r\n  <a@horizon.example>\r\nSUBJECT:\r\n\tx\t  y \r\nX-O: z\r\nTo:b@c.example\r\n\r\n",
}


def on_the_wire(raw: bytes) -> bytes:
    """As it arrives: SMTP ends the last line."""
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"


@pytest.mark.parametrize("name", MESSAGES)
def test_dkimpy_verifies_it(name: str) -> None:
    assert dkimpy_passes(on_the_wire(SIGNER.sign(MESSAGES[name], MOMENT)), ZONE)


@pytest.mark.skipif(OPENDKIM is None, reason="OpenDKIM is the second opinion, where there is one (Debian: opendkim)")
@pytest.mark.parametrize("name", MESSAGES)
def test_opendkim_verifies_both(name: str, tmp_path: Path) -> None:
    said = opendkim_says(on_the_wire(SIGNER.sign(MESSAGES[name], MOMENT)), ZONE, tmp_path)
    assert said == {"rsa-sha256": "pass", "ed25519-sha256": "pass"}


@pytest.mark.skipif(shutil.which("perl") is None, reason="Perl is the third opinion, where there is one")
@pytest.mark.parametrize("name", MESSAGES)
def test_perl_verifies_it(name: str) -> None:
    assert perl_says(on_the_wire(ONLY_RSA.sign(MESSAGES[name], MOMENT)), ZONE) == {"rsa-sha256": "pass"}


def test_the_ed25519_signature_is_of_the_hash_of_what_is_signed() -> None:
    """RFC 8463 §3, taken apart by hand: dkimpy wants PyNaCl for it."""
    raw = Signer("horizon.example", SIGNER.keys[1:]).sign(MESSAGES["french"], MOMENT)
    own, rest = re.split(rb"\r\n(?![ \t])", raw, maxsplit=1)
    unsigned, _, signature = own.rpartition(b" b=")
    named = [name.lower() for name in re.sub(rb"[\s;]", b"", unsigned.partition(b" h=")[2]).split(b":")]
    fields = {
        field.partition(b":")[0].lower(): field for field in re.split(rb"\r\n(?![ \t])", rest.split(b"\r\n\r\n")[0])
    }
    signed = b"".join(
        name + b":" + b" ".join(fields[name].partition(b":")[2].split()) + b"\r\n"
        for name in dict.fromkeys(named)
        if name in fields
    )
    signed += b"dkim-signature:" + b" ".join(unsigned.partition(b":")[2].split()) + b" b="
    ED25519.public_key().verify(base64.b64decode(b"".join(signature.split())), hashlib.sha256(signed).digest())


def changed(name: str) -> Callable[[bytes], bytes]:
    return lambda raw: re.sub(rb"\r\n" + name.encode() + rb": ", rb"\g<0>z", raw, count=1)


def added(name: str) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(b"\r\nFrom: ", b"\r\n" + name.encode() + b": z\r\nFrom: ", 1)


OURS = [line.partition(b":")[0].decode() for line in re.split(rb"\r\n(?![ \t])", written().partition(b"\r\n\r\n")[0])]
ONCE = "From Subject To Cc Date Reply-To Message-ID List-Unsubscribe List-Unsubscribe-Post MIME-Version Content-Type"
TOUCHED: dict[str, Callable[[bytes], bytes]] = {
    **{f"{name} changed": changed(name) for name in OURS},
    **{f"{name} added": added(name) for name in ONCE.split()},
    "one-click taken out": lambda raw: raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    "body changed": lambda raw: raw.replace(b"Bonjour", b"Bonsoir"),
    "body continued": lambda raw: raw + b"--more\r\n",
}


@pytest.mark.parametrize("name", TOUCHED)
def test_what_was_touched_on_the_way_does_not_verify(name: str) -> None:
    raw = ONLY_RSA.sign(written(), MOMENT)
    touched = TOUCHED[name](raw)
    assert touched != raw
    assert not dkimpy_passes(touched, ZONE)


def test_a_reply_to_cannot_be_added_where_there_was_none() -> None:
    raw = ONLY_RSA.sign(HEAD + b"x\r\n", MOMENT)
    assert dkimpy_passes(raw, ZONE)
    for name in (b"Reply-To", b"Cc", b"List-Unsubscribe", b"Date"):
        assert not dkimpy_passes(raw.replace(b"\r\nFrom", b"\r\n" + name + b": z@z.example\r\nFrom", 1), ZONE)


def test_refolding_and_other_fields_on_the_way_do_no_harm() -> None:
    raw = ONLY_RSA.sign(written(), MOMENT)
    moved = b"Received: from x\r\n" + raw.replace(b"To: Anne Dubreuil ", b"TO:  Anne\r\n\tDubreuil\r\n ")
    assert moved != b"Received: from x\r\n" + raw
    assert dkimpy_passes(moved, ZONE)


BODIES = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"=20"]), max_size=30).map(b"".join)


@given(BODIES)
@example(b"a\r\n ")
@example(b" ")
@example(b" \r\n")
@example(b"a\r\n\t \r\n\r\nb")
@example(b"a b" + b"c" * 10)
def test_the_body_hash_is_that_of_another_implementation(body: bytes) -> None:
    arriving = on_the_wire(body) if body else b""
    assert sign._body_hash(HEAD + body, len(HEAD)) == hashlib.sha256(Relaxed.canonicalize_body(arriving)).digest()


WORDS = st.lists(st.sampled_from([" ", "\t", "\r\n ", "\r\n\t", "a", "é", ":", "=?x?="]), max_size=20).map("".join)


@given(WORDS)
def test_a_field_is_relaxed_as_by_another_implementation(value: str) -> None:
    raw = value.encode()
    ((name, wanted),) = Relaxed.canonicalize_headers([(b"Subject", raw + b"\r\n")])
    # dkimpy leaves blanks that stand before a folded line end; RFC 6376 §3.4.2 makes every run one.
    assert b"subject:" + sign._relaxed(raw) + b"\r\n" == name + b":" + re.sub(rb"[ \t]+", b" ", wanted).lstrip(b" ")


def test_a_retry_is_signed_with_the_same_bytes_and_the_message_is_untouched() -> None:
    message = written()
    raw = SIGNER.sign(message, MOMENT)
    assert SIGNER.sign(message, MOMENT) == raw
    assert raw.endswith(message)
    assert raw.count(b"DKIM-Signature: ") == 2
    own = raw[: -len(message)]
    assert b" t=1772355600;" in own
    assert b" l=" not in own
    assert all(len(line) <= 78 for line in own.split(b"\r\n"))
    assert own.replace(b"\r\n", b"").count(b"\n") == 0


def test_utf8_in_a_header_is_signed_as_it_stands() -> None:
    """RFC 8616 §3: a recipient that no ASCII can name."""
    maker = MessageWriter(SENDER, "Titre", language="fr")
    raw = maker.write(Recipient(parse_address("hélène@journal.example"), "Hélène"), "é", "é", STAMP)
    assert dkimpy_passes(ONLY_RSA.sign(raw, MOMENT), ZONE)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (HEAD + "é\r\n".encode(), "8-bit"),
        (b"Subject: x\r\n\r\nx\r\n", "without From"),
        (HEAD[:-4], "not found"),
        (b"From: a@b.example\r\nSubject: x\r\nsubject: y\r\n\r\nx\r\n", "twice"),
    ],
)
def test_what_could_not_be_verified_is_not_signed(message: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SIGNER.sign(message, MOMENT)


def test_a_key_never_shows_itself() -> None:
    number, raw = RSA.private_numbers().d, ED25519.private_bytes_raw()
    secret = [
        *pem(RSA).decode().split("\n")[1:-2],
        str(number),
        f"{number:x}",
        raw.hex(),
        base64.b64encode(raw).decode(),
    ]
    shown = f"{SIGNER!r} {SIGNER} {RSA_KEY!r} {ED25519_KEY} {RSA_KEY.record} {RSA_KEY.fingerprint}"
    assert not [part for part in secret if part in shown]
    assert RSA_KEY.fingerprint in repr(SIGNER)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no private key"),
        (b"\xff\x00garbage", "no private key"),
        (RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "no private key"),
        (pem(RSA, BestAvailableEncryption(b"secret")), "encrypted"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "RSA or Ed25519"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),
    ],
)
def test_what_is_no_key_for_dkim_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why) as caught:
        read_key(content)
    assert "distributor dkim keygen" in caught.value.mend


def test_keys_of_other_tools_are_read() -> None:
    old = RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert read_key(old).public == RSA_KEY.public


@pytest.mark.parametrize("key", [RSA_KEY, ED25519_KEY])
def test_a_record_is_cut_into_strings_that_dns_takes(key: SigningKey) -> None:
    strings = txt_strings(key.record)
    assert "".join(strings) == key.record
    assert max(map(len, strings)) <= 255
