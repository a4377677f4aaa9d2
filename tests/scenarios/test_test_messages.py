"""`send --test --as`: exactly what a named contact would get, and nothing that touches that contact."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Script, running

from distributor.settings import load_settings
from distributor.tokens import Keyring, Purpose

READER = "relecture@soignants-littoral.example"


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def without_token(text: str) -> str:
    return re.sub(r"unsubscribe%20[a-z2-7]+|/u/[a-z2-7]+", "(token)", text)


def test_a_test_is_what_the_contact_gets_and_its_link_is_nobodys(office: Office) -> None:
    person = SHORT_LIST[4]
    with running(Script()) as server:
        here = office.at(server.port, public_url="https://presse.soignants-littoral.example")
        here.run("send", SLUG, "--test", READER, "--as", person.address, "--list", BUREAU)
        here.send(SLUG, BUREAU)
        accepted = server.accepted
    test, *sent = [parsed(one.message) for one in accepted]
    theirs = next(one for one in sent if person.spec in str(one["To"]))
    assert test["Subject"] == f"[TEST] {theirs['Subject']}"
    assert test["To"].addresses[0].addr_spec == READER
    assert test["To"].addresses[0].display_name == theirs["To"].addresses[0].display_name
    assert [without_token(one) for one in parts(test)] == [without_token(one) for one in parts(theirs)]
    assert set(test.keys()) == set(theirs.keys())
    # The link of a test names no delivery: who tries it makes nobody's objection.
    keyring = Keyring(load_settings(office.path, {}).secret_key.reveal().encode())
    for message, numbers in (
        (test, {0}),
        (theirs, {one["id"] for one in here.deliveries() if one["address"] == person.spec}),
    ):
        tokens = re.findall(r"(?:unsubscribe%20|/u/)([a-z2-7]+)", str(message["List-Unsubscribe"]))
        assert len(tokens) == 2
        assert {keyring.read_token(Purpose.UNSUBSCRIBE, token) for token in tokens} == numbers
    report = here.json("report", SLUG)
    assert len(report["recipients"]) == len(SHORT_LIST)
    assert READER not in {one["address"] for one in report["recipients"]}
