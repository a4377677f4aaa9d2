"""Journalists' answers go to the press office's mailbox as they came: each once, and a doubt is said to be one."""

from __future__ import annotations

import email
from datetime import timedelta
from email.message import Message

import pytest
from comebacks import FORMS, bounce, letter
from ledgerbase import KEYRING, add_deliveries, delivery
from smtpserver import Fault, Script, ScriptedServer, running
from sqlmodel import select

from distributor import clock
from distributor.addresses import parse_address
from distributor.db.engine import Database
from distributor.errors import ServerUnavailable
from distributor.feedback import waiting
from distributor.feedback.apply import Intake
from distributor.feedback.effects import Hand
from distributor.feedback.enclosing import enclosing, is_seven_bit
from distributor.feedback.forwarding import Forwarding
from distributor.feedback.letter import MAX_BYTES
from distributor.feedback.reading import read_message
from distributor.models import FeedbackEvent
from distributor.states import DeliveryState
from distributor.transport.account import SmtpAccount, Timeouts
from distributor.transport.smtp import SmtpTransport

OFFICE = parse_address("claire@office.example")


def forwarding(database: Database, server: ScriptedServer) -> Forwarding:
    account = SmtpAccount("127.0.0.1", server.port, security="plain", timeouts=Timeouts(dot=20))
    return Forwarding(
        database, lambda: SmtpTransport(account), to=OFFICE, sent_by=("Presse", "press@office.example"),
        envelope_sender="rebonds@office.example", language="fr",
    )  # fmt: skip


def answer(database: Database, text: str = "Merci, je viens.") -> bytes:
    """Somebody's answer to a delivery that is in the base, taken in."""
    _, (number,) = add_deliveries(database, 1, state=DeliveryState.ACCEPTED)
    raw = letter("lea@ailleurs.example", "Re: Bilan", text, f"In-Reply-To: {delivery(database, number).message_id}")
    intake(database).take(raw, "test")
    return raw


def intake(database: Database) -> Intake:
    return Intake(database, KEYRING, actor="test", forwards=True)


def event(database: Database) -> FeedbackEvent:
    with database.session() as session:
        return session.exec(select(FeedbackEvent)).one()


def enclosed(message: bytes) -> tuple[Message, Message]:
    whole = email.message_from_bytes(message)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    return whole, parts[1]


def test_it_is_enclosed_byte_for_byte_and_sent_once(database: Database) -> None:
    raw = answer(database, "Oui.\n.\n..encore").replace(b"Content-Transfer-Encoding: 8bit\n", b"")
    with running() as server:
        assert forwarding(database, server).hand_on() == 1
        intake(database).take(answer_again := event(database).raw, "another way")
        assert (forwarding(database, server).hand_on(), len(server.accepted)) == (0, 1)
    (sent,) = server.accepted
    assert (sent.sender, sent.recipient, server.violations) == ("rebonds@office.example", "claire@office.example", [])
    whole, part = enclosed(sent.message)
    assert (whole["Reply-To"], whole["Auto-Submitted"]) == ("lea@ailleurs.example", "auto-generated")
    assert part.get_content_type() == "message/rfc822"
    assert answer_again.replace(b"\n", b"\r\n") in sent.message
    assert b"..encore" in raw
    assert event(database).forward_state == "sent"


def test_what_is_not_plain_ascii_goes_as_a_file(database: Database) -> None:
    raw = answer(database, "Désolée, à bientôt.")
    with running() as server:
        forwarding(database, server).hand_on()
    _, part = enclosed(server.accepted[0].message)
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_payload(decode=True) == raw


def test_what_is_handed_on_and_comes_in_again_goes_nowhere(database: Database) -> None:
    answer(database)
    with running() as server:
        forwarding(database, server).hand_on()
        intake(database).take(server.accepted[0].message, "a rule of the mailbox")
        assert forwarding(database, server).hand_on() == 0


@pytest.mark.parametrize(
    "raw",
    [
        bounce(*FORMS["courier"][:2]),
        letter("inconnu@spam.example", "Re: Bilan", "Buy now."),
        letter("lea@journal.example", "Re: Bilan", "De retour le 3 janvier.", "Auto-Submitted: auto-replied"),
        letter("lea@journal.example", "Re: Bilan", "Désinscrivez-moi"),
    ],
)
def test_nothing_else_is_handed_on(database: Database, raw: bytes) -> None:
    intake(database).take(raw, "test")
    assert event(database).forward_state == ""


def test_a_server_that_is_not_there_loses_nothing(database: Database) -> None:
    answer(database)
    with running() as server:
        pass
    with pytest.raises(ServerUnavailable):
        forwarding(database, server).hand_on()
    assert event(database).forward_state == "due"
    with running(Script(faults=(Fault("rcpt", reply="451 4.7.1 Later", times=1),))) as server:
        assert [forwarding(database, server).hand_on() for _ in range(3)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("fault", "state", "why"),
    [
        (Fault("body", do="accept_then_drop", times=1), "in_doubt", "may have arrived"),
        (Fault("rcpt", reply="550 5.1.1 No such user", times=1), "refused", "does not take it: 550"),
    ],
)
def test_what_is_in_doubt_or_refused_waits_for_a_persons_word(
    database: Database, fault: Fault, state: str, why: str
) -> None:
    answer(database)
    with running(Script(faults=(fault,))) as server:
        hand_on = forwarding(database, server).hand_on
        assert [hand_on(), hand_on()] == [0, 0]
        waits = event(database)
        assert (waits.forward_state, waits.state) == (state, "waiting")
        assert why in waits.details["done"]
        with database.session() as session:
            waiting.confirm(Hand(session, KEYRING, "claire", "test", clock.now()), waits.id or 0)
        assert hand_on() == 1
    assert event(database).forward_state == "sent"
    assert len({one.message_id for one in server.accepted}) == 1


def test_killed_in_the_middle_it_is_in_doubt_and_not_sent_again(database: Database) -> None:
    answer(database)
    with database.session() as session:
        cut = session.exec(select(FeedbackEvent)).one()
        cut.forward_state, cut.forward_at = "sending", clock.now()
        session.add(cut)
    with running() as server:
        hand_on = forwarding(database, server).hand_on
        assert (hand_on(), event(database).forward_state) == (0, "sending"), "somebody else may be at it"
        with database.session() as session:
            session.merge(cut).forward_at = clock.now() - timedelta(minutes=16)
        assert (hand_on(), event(database).forward_state, event(database).state) == (0, "in_doubt", "waiting")
        assert server.accepted == []


def test_a_long_answer_is_whole_until_it_is_handed_on(database: Database) -> None:
    answer(database, "x\n" * MAX_BYTES)
    assert len(event(database).raw) > MAX_BYTES
    with running() as server:
        forwarding(database, server).hand_on()
    assert len(server.accepted[0].message) > 2 * MAX_BYTES
    assert len(event(database).raw) == MAX_BYTES


def test_names_and_subjects_of_any_kind() -> None:
    message = enclosing(
        b"From: x\n\n=_enclosed_0", sent_by=("Métiers, «presse»", "press@office.example"), to=OFFICE.spec,
        sender="léa@journal.example", subject="Re: " + "é" * 300 + "\r\nBcc: all@x.example", message_id="<1@x>",
        date=clock.now(), language="de", is_cut=True,
    )  # fmt: skip
    whole, part = enclosed(message)
    assert is_seven_bit(message)
    assert whole["Bcc"] is None
    assert whole["Reply-To"] is None
    assert part.get_payload()[0].get_payload() == "=_enclosed_0"  # type: ignore[union-attr,index]
    assert read_message(message).kind == "auto-reply"
