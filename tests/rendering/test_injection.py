"""Nothing that a contact, a release, a setting or a file holds adds a field, a recipient or a line to the header."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from databases import LONG
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.addresses import BadAddress, parse_address
from distributor.dispatch.messages.identity import Identity
from distributor.errors import DistributorError
from distributor.rendering.composer import Composer
from distributor.rendering.message import MessageWriter
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import AttachmentFile, PressContact, Recipient, Release, Sender, Stamp
from distributor.settings import load_settings
from distributor.tokens import Keyring
from distributor.transport.base import Envelope
from distributor.transport.smtp import check_envelope

from .samples import ANNE, PARIS, RELEASE_FR, SENDER, STAMP, templates

ONCE = {"from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-language", "content-type"}
MAY = ONCE | {"sender", "list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id"}
BRIBES = (
    "\r\nBcc: z@evil.example",
    "\nBcc: z@evil.example\n\nnew body",
    "\rBcc: z@evil.example",
    "\0\r\n.\r\nRCPT TO:<z@evil.example>\r\n",
    "\u2028Bcc: z@evil.example\u2029",
    "\x85Bcc: z@evil.example",
    "\x0b\x0c\x1c\x1d\x1eBcc: z",
    "=?utf-8?q?a=0D=0ABcc=3A_z=40evil=2Eexample?=",
    "=?utf-8?b?DQpCY2M6IHpAZXZpbC5leGFtcGxl?= <z@evil.example>",
    '"><z@evil.example>, "',
    "a, z@evil.example",
    "(comment",
    "group: z@evil.example;",
    "\\",
    '"',
    "\u202e\u200f\u2066",
    "\ud800",
    "é" * 10_000,
    "x" * 10_000,
    "x " * 5_000,
)
TEXT = st.one_of(
    st.text(max_size=40),
    st.builds("{}{}{}".format, st.text(max_size=10), st.sampled_from(BRIBES), st.text(max_size=10)),
)


@lru_cache(maxsize=1)
def shipped() -> TemplateSet:
    return templates()


def check_honest(raw: bytes, recipient: Recipient, *, reply_to: bool = True) -> None:
    """One header with our fields, each once; the recipient alone in To; bytes that any server takes as they are."""
    utf8 = recipient.address.needs_smtputf8
    check_envelope(Envelope("b@horizon.example", recipient.address.spec, raw, needs_smtputf8=utf8))
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n") if line[0] not in b" \t"]
    assert len(names) == len(set(names))
    assert (ONCE if reply_to else ONCE - {"reply-to"}) <= set(names) <= MAY
    # And as others read it, who forgive more; written again, as a gateway does, it must still be the same fields.
    for policy in (email.policy.compat32, email.policy.SMTP):
        message = email.message_from_bytes(raw, policy=policy)
        assert [name.lower() for name in message] == names
        if not utf8:
            assert b"\nbcc:" not in message.as_bytes().replace(b"\r\n", b"\n").lower().partition(b"\n\n")[0]
    to = email.message_from_bytes(raw, policy=email.policy.compat32)["To"]
    if not utf8:
        assert [address for _, address in email.utils.getaddresses([" ".join(str(to).split())])] == [
            recipient.address.spec
        ]


RECIPIENTS = st.builds(
    Recipient,
    st.just(ANNE.address),
    name=TEXT,
    civility=TEXT,
    first_name=TEXT,
    last_name=TEXT,
    language=TEXT,
    outlet=TEXT,
    role=TEXT,
    desk=TEXT,
    sector=TEXT,
    lists=st.lists(TEXT, max_size=2).map(tuple),
    note=TEXT,
    fields=st.dictionaries(TEXT, TEXT, max_size=2),
)


@settings(max_examples=30 * LONG)
@given(RECIPIENTS)
@example(replace(ANNE, name=BRIBES[0]))
def test_nothing_that_a_contact_holds(recipient: Recipient) -> None:
    composer = Composer(RELEASE_FR, SENDER, shipped(), timezone=PARIS)
    try:
        raw = composer.compose(recipient, STAMP)
    except DistributorError as error:
        with pytest.raises(type(error), match=re.escape(error.message)):
            composer.check(recipient, STAMP)
        return
    composer.check(recipient, STAMP)
    check_honest(raw, recipient)


@pytest.mark.parametrize("bribe", [bribe for bribe in BRIBES if bribe != "\ud800"])  # never read: see front matter
@pytest.mark.parametrize(
    "field", ["headline", "lang", "kind", "dateline_place", "standfirst", "signatory_name", "body"]
)
def test_nothing_that_a_release_holds(field: str, bribe: str) -> None:
    release = replace(RELEASE_FR, **{field: f"Titre {bribe}"})
    try:
        raw = Composer(release, SENDER, shipped(), timezone=PARIS).compose(ANNE, STAMP)
    except DistributorError:
        return
    check_honest(raw, ANNE)


@settings(max_examples=20 * LONG)
@given(TEXT, TEXT, TEXT, TEXT)
def test_nothing_that_a_press_contact_holds(name: str, role: str, address: str, phone: str) -> None:
    release = Release("x", "Titre", "Texte.", "fr", contacts=(PressContact(name, role, address, phone),))
    try:
        raw = Composer(release, SENDER, shipped(), timezone=PARIS).compose(ANNE, STAMP)
    except DistributorError:
        return
    check_honest(raw, ANNE)


@given(TEXT, TEXT)
def test_nothing_that_a_file_is_called(name: str, media_type: str) -> None:
    for kind in ("application/pdf", media_type):
        try:
            writer = MessageWriter(SENDER, "Titre", language="fr", attachments=[AttachmentFile(name, kind, b"x")])
        except DistributorError:
            continue
        raw = writer.write(ANNE, "t", "h", STAMP)
        check_honest(raw, ANNE)
        assert len(list(email.message_from_bytes(raw).walk())) == 5


@given(TEXT)
def test_nothing_that_stands_for_a_language_an_identifier_or_a_way_to_object(text: str) -> None:
    for values in (
        {"language": text},
        {"feedback_id": text},
        {"message_id": text},
        {"mailto": text},
        {"mailto": f"mailto:{text}@x.example"},
        {"url": f"https://x.example/{text}"},
        {"list_id": text},
    ):
        sender = replace(SENDER, list_id=values.get("list_id", ""))
        stamp = Stamp(
            values.get("message_id", "<1@x.example>"), STAMP.date, values.get("mailto", ""), values.get("url", "")
        )
        try:
            writer = MessageWriter(
                sender, "Titre", language=values.get("language", "fr"), feedback_id=values.get("feedback_id", "")
            )
            raw = writer.write(ANNE, "t", "h", stamp)
        except DistributorError:
            continue
        check_honest(raw, ANNE)


NAMES = ("MAIL_FROM", "REPLY_TO", "SENDER", "BOUNCE_ADDRESS", "OBJECTION_ADDRESS", "ORGANISATION", "PUBLIC_URL")
VALUES = st.one_of(
    TEXT,
    TEXT.map("{} <a@horizon.example>".format),
    TEXT.map("x <{}@horizon.example>".format),
    TEXT.map("https://x.example/{}".format),
)


@settings(max_examples=75 * LONG)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
@example({"MAIL_FROM": "é\u2028Bcc: z <a@horizon.example>"})
@example({"SENDER": "Anne\r\nBcc: z@evil.example <a@horizon.example>"})
def test_nothing_that_a_setting_holds(values: dict[str, str]) -> None:
    environ = {"DISTRIBUTOR_MAIL_FROM": "presse@horizon.example"} | {
        f"DISTRIBUTOR_{name}": value for name, value in values.items()
    }
    try:
        identity = Identity.from_settings(load_settings(Path("/nowhere"), environ))
        stamp = identity.stamp(Keyring(b"k" * 32), 7, "<7@horizon.example>", datetime(2026, 3, 1, 9, tzinfo=UTC))
        writer = MessageWriter(
            identity.sender(), "Titre", language="fr", feedback_id=identity.feedback_id("appel", 1, "release")
        )
        raw = writer.write(ANNE, "t", "h", stamp)
    except DistributorError:
        return
    check_honest(raw, ANNE, reply_to=identity.sender().reply_to is not None)
    check_envelope(Envelope(identity.bounce_address, ANNE.address.spec, raw))


ADDRESSES = st.one_of(
    TEXT,
    st.builds("{}@{}.example".format, TEXT, st.text(max_size=8)),
    TEXT.map('"{}"@journal.example'.format),
    TEXT.map("anne@{}.example".format),
)


@given(ADDRESSES)
@example('"a\\"@x.example, z"@journal.example')
@example("hélène@écho.example")
@example('"a é"@journal.example')
@example('":\xa0"@journal.example')
@example("=?utf-8?q?a=0D=0ABcc=3A_z?=@journal.example")
def test_nothing_that_passes_for_an_address(text: str) -> None:
    try:
        recipient = Recipient(parse_address(text), "Anne")
    except BadAddress:
        return
    sender = Sender(("Presse", SENDER.mail_from[1]))
    check_honest(
        MessageWriter(sender, "Titre", language="fr").write(recipient, "t", "h", STAMP), recipient, reply_to=False
    )
