"""Whole messages: structure, encodings, attachments, and the same bytes again."""

from __future__ import annotations

import email
import email.policy
import quopri
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from distributor.addresses import parse_address
from distributor.errors import BadInput
from distributor.rendering import quoted_printable
from distributor.rendering.message import MessageWriter
from distributor.rendering.values import AttachmentFile, Recipient

from .samples import ANNE, SENDER, STAMP
from .strict_reader import read_message, read_quoted_printable

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=400)


def writer(**options: object) -> MessageWriter:
    """A writer of messages with the sample sender."""
    return MessageWriter(SENDER, "Égalité : dès aujourd’hui", language="fr", **options)  # type: ignore[arg-type]  # passed on


@given(st.lists(LINES, max_size=4))
@example([".", "..", "From a", "From " + "x" * 80, "trailing ", "trailing\t", "é" * 100, "=", " "])
@example(["a" * 74, "a" * 75, "a" * 76, "a" * 77, "é" * 25, "." * 200])
@example([("x" * length) + "." for length in range(70, 80)])
def test_quoted_printable_comes_back_line_by_line(lines: list[str]) -> None:
    raw = quoted_printable.encode("\n".join(lines))
    assert raw.endswith(b"\r\n")
    wanted = "\r\n".join("\n".join(lines).removesuffix("\n").split("\n")).encode()
    assert read_quoted_printable(raw[:-2]) == wanted
    assert quopri.decodestring(raw[:-2].replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n") == wanted
    assert not any(line.startswith(b"From ") for line in raw.split(b"\r\n"))


@given(st.lists(st.text(st.sampled_from("a é=.\r\n\n<"), max_size=90), max_size=6), st.booleans())
@example(["a\r", "\nb"], False)
@example(["From", " a", "\n\n", "\n"], True)
@example([], False)
def test_pieces_are_encoded_as_their_whole(pieces: list[str], marked: bool) -> None:
    given = [Markup(piece) for piece in pieces] if marked else pieces
    for each in ([*given, "<"], given):
        encoded = quoted_printable.encode_pieces(each)
        assert b"".join(encoded) == quoted_printable.encode("".join(each))
        assert all(part.endswith(b"\r\n") for part in encoded if part)


def test_all_line_ends_become_one() -> None:
    assert quoted_printable.encode("a\r\nb\rc\nd") == b"a\r\nb\r\nc\r\nd\r\n"


@given(LINES, LINES, st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=80))
def test_any_text_and_name_make_a_lawful_message(text: str, html: str, name: str) -> None:
    raw = writer().write(replace(ANNE, name=name), text, html, STAMP)
    message = read_message(raw)
    plain, rich = message.parts
    assert plain["Content-Type"] == "text/plain; charset=utf-8"
    assert rich["Content-Type"] == "text/html; charset=utf-8"
    assert plain.content.decode() == text + "\r\n"
    assert rich.content.decode() == html + "\r\n"


def test_a_retry_writes_identical_bytes_and_another_delivery_does_not() -> None:
    once = writer().write(ANNE, "texte", "<p>texte", STAMP)
    assert writer().write(ANNE, "texte", "<p>texte", STAMP) == once
    assert writer().write(ANNE, "texte", "<p>texte", replace(STAMP, message_id="2@horizon.example")) != once


def test_the_fields_are_those_we_promise_and_no_others() -> None:
    sender = replace(
        SENDER,
        list_id="press.horizon.example",
        sent_by=("Éva Relais", parse_address("eva@relais.example")),
    )
    made = MessageWriter(
        sender, "Égalité : dès aujourd’hui", language="fr", feedback_id="appel-2:release:0f1e2d3c4b", test=True
    )
    message = read_message(made.write(ANNE, "t", "h", STAMP))
    assert message.headers == [
        ("From", "Service presse – Fédération Horizon <presse@horizon.example>"),
        ("Sender", "Éva Relais <eva@relais.example>"),
        ("To", "Anne Dubreuil <anne.dubreuil@journal.example>"),
        ("Reply-To", "Marjolaine Alix <m.alix@horizon.example>"),
        ("Subject", "[TEST] Égalité : dès aujourd’hui"),
        ("Date", "Sun, 01 Mar 2026 09:00:00 +0000"),
        ("Message-ID", "<1.a@horizon.example>"),
        ("MIME-Version", "1.0"),
        ("Content-Language", "fr"),
        ("List-Id", "<press.horizon.example>"),
        ("Feedback-ID", "appel-2:release:0f1e2d3c4b"),
        ("List-Unsubscribe", f"<{STAMP.unsubscribe_url}>, <{STAMP.unsubscribe_mailto}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Content-Type", message["Content-Type"]),
    ]


def test_whoever_sends_in_his_own_name_is_not_named_twice() -> None:
    sender = replace(SENDER, sent_by=("Other words", parse_address("PRESSE@horizon.example")))
    assert b"Sender:" not in MessageWriter(sender, "Titre", language="fr").write(ANNE, "t", "h", STAMP)


def test_one_click_is_promised_only_with_an_https_url() -> None:
    raw = writer().write(ANNE, "t", "h", replace(STAMP, unsubscribe_url=""))
    assert b"List-Unsubscribe-Post" not in raw
    assert b"List-Unsubscribe: <mailto:presse@horizon.example?subject=opposition>\r\n" in raw


NAMES = [
    "communique.pdf",
    "Communiqué – été 2026.pdf",
    "Très long nom de fichier à rallonge pour la presse écrite, la radio et la télévision (version définitive).pdf",
    'quote"and;semi=colon.txt',
    "日本語.pdf",
    ".profile",
    "100%.txt",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("policy", [email.policy.default, email.policy.compat32])
def test_an_attachment_comes_back_with_its_name(name: str, policy: email.policy.Policy) -> None:
    content = bytes(range(256)) * 3
    files = [AttachmentFile(name, "application/pdf", content), AttachmentFile("empty.txt", "text/plain", b"")]
    raw = writer(attachments=files).write(ANNE, "texte", "<p>texte", STAMP)
    strict = read_message(raw)
    assert strict["Content-Type"].startswith("multipart/mixed;")
    assert strict.parts[1].content == content
    assert max(map(len, raw.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 78
    message = email.message_from_bytes(raw, policy=policy)
    assert [part.defects for part in message.walk() if part.defects] == []
    attached = list(message.walk())[4]
    assert attached.get_filename() == name
    assert attached.get_payload(decode=True) == content
    fallback = dict(strict.parts[1].headers)["Content-Type"].partition('name="')[2].removesuffix('"')
    assert fallback == name


@pytest.mark.parametrize("name", ["a/b.pdf", "a\\b.pdf", "a\r\nBcc: x.pdf", "", "..", "a" * 300])
def test_a_file_name_with_a_path_or_line_end_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        writer(attachments=[AttachmentFile(name, "text/plain", b"")])


@pytest.mark.parametrize("media_type", ["", "text", "multipart/mixed", "message/rfc822", "a/b\r\nX: y", "text/é"])
def test_a_media_type_that_cannot_be_attached_is_refused(media_type: str) -> None:
    with pytest.raises(BadInput):
        writer(attachments=[AttachmentFile("a.txt", media_type, b"")])


def test_a_message_without_a_subject_is_refused() -> None:
    with pytest.raises(BadInput, match="headline"):
        MessageWriter(SENDER, "  ", language="fr")


def test_only_the_address_of_an_smtputf8_recipient_is_not_ascii() -> None:
    raw = writer().write(Recipient(parse_address("hélène@journal.example"), "Hélène"), "é", "é", STAMP)
    lines = [line for line in raw.split(b"\r\n") if not line.isascii()]
    assert [line.decode() for line in lines] == ["To: =?utf-8?b?SMOpbMOobmU=?= <hélène@journal.example>"]


def test_the_body_cannot_hold_a_boundary() -> None:
    first = writer().write(ANNE, "x", "y", STAMP)
    boundary = read_message(first)["Content-Type"].partition('"')[2].rstrip('"')
    raw = writer().write(ANNE, f"\n--{boundary}--\n", f"--{boundary}", STAMP)
    assert len(read_message(raw).parts) == 2


@pytest.mark.skipif(shutil.which("perl") is None, reason="Perl is the second opinion, where there is one")
def test_perl_reads_the_same_subject_and_text() -> None:
    subject = (
        "Égalité salariale : « maintenant » – la fédération demande l’ouverture immédiate de négociations à Orléans"
    )
    text = "Voilà : 8\u202f000 signatures.\n." + "é" * 200
    raw = MessageWriter(SENDER, subject, language="fr").write(ANNE, text, "<p>é", STAMP)
    program = (
        "use Encode; use MIME::QuotedPrint; local $/; my $m = <STDIN>; my ($s) = $m =~ /^Subject: (.*?)\\r\\n(?! )/ms;"
        "my ($t) = $m =~ /plain.*?\\r\\n\\r\\n(.*?)\\r\\n--/s; $s = decode('MIME-Header', $s);"
        "print encode('UTF-8', $s), \"\\0\", decode_qp($t);"
    )
    found = subprocess.run(["perl", "-e", program], input=raw, capture_output=True, check=False)
    if found.returncode != 0:
        pytest.skip("this Perl lacks its core modules")
    read_subject, _, read_text = found.stdout.partition(b"\0")
    assert read_subject.decode() == subject
    assert read_text.decode().replace("\r\n", "\n") == text + "\n"
