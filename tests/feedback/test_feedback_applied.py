"""What comes back changes the ledger, and no more than it should: attribution, effects, repetition."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from comebacks import bounce, complaint, letter, report
from databases import query_plans
from ledgerbase import DELIVERY, KEYRING, HandClock, add_deliveries, delivery, is_left_alone, put, states
from sqlalchemy import func, select

from distributor.addresses import parse_address
from distributor.clock import now as present
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors
from distributor.db.engine import Database
from distributor.deliveries.erasure import erase_deliveries
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.errors import BadInput
from distributor.feedback import waiting
from distributor.feedback.apply import Intake
from distributor.feedback.effects import Hand
from distributor.models import Affiliation, Contact, FeedbackEvent, Outlet, Suppression
from distributor.reports import queries, queries_details
from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.tokens import Purpose

BOUNCES = "rebonds@office.example"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def paused() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def intake(database: Database, clock: HandClock, paused: list[tuple[str, str]]) -> Intake:
    return Intake(
        database, KEYRING, actor="test", bounce_address=BOUNCES, now=clock,
        pause_domain=lambda _connection, domain, why, _now: paused.append((domain, why)),
    )  # fmt: skip


def accepted(database: Database, count: int) -> list[int]:
    _, ids = add_deliveries(database, count, state=DeliveryState.ACCEPTED)
    return ids


def dsn(
    database: Database, number: int, status: str = "5.1.1", said: str = "550 5.1.1 User unknown", **more: str
) -> bytes:
    row = delivery(database, number)
    return report(
        f"Final-Recipient: rfc822; {row.address}", "Action: failed", f"Status: {status}",
        f"Diagnostic-Code: smtp; {said}",
        returned=f"Message-ID: {row.message_id}\r\nTo: {row.address}", **more,
    )  # fmt: skip


def gets_nothing(database: Database, address: str) -> bool:
    with database.session() as session:
        return is_left_alone(session, address)


def events(database: Database) -> int:
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(FeedbackEvent)) or 0


def test_a_bounce_finds_its_delivery_by_the_signed_address(database: Database, intake: Intake) -> None:
    ids = accepted(database, 3)
    # The report names somebody else: the address that we signed is the proof.
    raw = report(
        "Final-Recipient: rfc822; forwarded@elsewhere.example", "Action: failed", "Status: 5.1.1",
        to=KEYRING.bounce_address(BOUNCES, ids[1]),
    )  # fmt: skip
    intake.take(raw, "test")
    assert states(database, ids) == ["accepted", "bounced", "accepted"]
    # Where it is forwarded is dead; the address we know may be read by other ways.
    assert not gets_nothing(database, delivery(database, ids[1]).address)


def test_a_forged_signed_address_only_logs(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    token = KEYRING.token(Purpose.UNSUBSCRIBE, ids[0])  # ours, but made for something else
    found = intake.take(dsn(database, ids[0], to=f"rebonds+{token}@office.example"), "test")
    assert states(database, ids) == ["accepted"]
    assert (found[0].state, events(database)) == ("recorded", 1)


def test_a_bounce_finds_its_delivery_by_its_message_id(database: Database, intake: Intake) -> None:
    ids = accepted(database, 2)
    intake.take(dsn(database, ids[0]), "test")
    row = delivery(database, ids[0])
    assert (row.state, row.verdict, row.enhanced_code, row.reason) == (
        "bounced",
        "hard",
        "5.1.1",
        "bounce: user_unknown",
    )
    assert "User unknown" in row.reply
    assert gets_nothing(database, row.address)
    assert states(database, ids[1:]) == ["accepted"]


def test_by_address_and_time_when_there_is_only_one(database: Database, intake: Intake, clock: HandClock) -> None:
    ids = accepted(database, 1)
    raw = bounce(
        "failure notice", f"<{delivery(database, ids[0]).address}>:\nSorry, no mailbox here by that name. (#5.1.1)"
    )
    clock.forward(days=40)
    assert intake.take(raw, "test")[0].state == "waiting"  # too late to be sure
    clock.forward(days=-38)
    assert intake.take(raw + b"\nagain", "test")[0].delivery_id == ids[0]
    assert states(database, ids) == ["bounced"]


def test_what_comes_back_is_looked_up_by_the_address(database: Database, intake: Intake) -> None:
    if not database.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    ids = accepted(database, 1)
    said = f"<{delivery(database, ids[0]).address}>:\nmailbox is full. (#4.2.2)"
    with query_plans(database) as steps:
        assert intake.take(bounce("failure notice", said), "test")[0].delivery_id == ids[0]
    assert any("(dispatch_id=? AND address_key=?)" in step for step in steps)
    assert [step for step in steps if step.startswith(("SCAN delivery", "SCAN feedback_event"))] == []


def test_between_two_a_person_decides(database: Database, intake: Intake, clock: HandClock) -> None:
    first, second = accepted(database, 1), accepted(database, 1)
    address = delivery(database, first[0]).address
    found = intake.take(bounce("failure notice", f"<{address}>:\nno mailbox here by that name. (#5.1.1)"), "test")
    assert found[0].state == "waiting"
    assert states(database, first + second) == ["accepted", "accepted"]
    with database.session() as session:
        event = waiting.listing(session, waiting=True)[0]
        assert event.id is not None
        hand = Hand(session, KEYRING, "claire", "test", clock())
        with pytest.raises(BadInput, match="not known whose") as refused:
            waiting.confirm(hand, event.id)
        assert f"NUMBER ({first[0]} of «" in refused.value.mend
        assert f"», {second[0]} of «" in refused.value.mend
        waiting.confirm(hand, event.id, delivery_id=second[0])
    assert states(database, first + second) == ["accepted", "bounced"]


@pytest.mark.parametrize(
    ("status", "said", "left_alone", "is_paused"),
    [
        ("5.1.1", "550 5.1.1 User unknown", True, False),
        ("5.2.2", "552 5.2.2 mailbox full", False, False),
        ("5.7.1", "550 5.7.1 blocked using zen.spamhaus.org", False, True),
        ("5.7.26", "550 5.7.26 unauthenticated sender, DMARC failed", False, True),
        ("5.3.4", "552 5.3.4 message too big", False, False),
    ],
)
def test_the_cause_decides_what_follows(
    database: Database,
    intake: Intake,
    paused: list[tuple[str, str]],
    status: str,
    said: str,
    left_alone: bool,
    is_paused: bool,
) -> None:
    ids = accepted(database, 1)
    row = delivery(database, ids[0])
    intake.take(dsn(database, ids[0], status, said), "test")
    assert states(database, ids) == ["bounced"]
    assert gets_nothing(database, row.address) is left_alone
    assert [domain for domain, _ in paused] == ([row.domain] if is_paused else [])


def test_three_soft_bounces_within_a_month_and_the_address_is_left_alone(
    database: Database, intake: Intake, clock: HandClock
) -> None:
    seen = []
    for _ in range(3):
        ids = accepted(database, 1)
        put(database, ids[0], updated_at=clock())
        intake.take(dsn(database, ids[0], "5.2.2", "552 5.2.2 mailbox full"), "test")
        seen.append(gets_nothing(database, delivery(database, ids[0]).address))
        clock.forward(days=9)
    assert seen == [False, False, True]


def test_a_delay_changes_nothing_but_ends_a_doubt(database: Database, intake: Intake) -> None:
    ids = accepted(database, 2)
    put(database, ids[1], state=DeliveryState.IN_DOUBT)
    for number in ids:
        row = delivery(database, number)
        fields = (f"Final-Recipient: rfc822; {row.address}", "Action: delayed", "Status: 4.4.1")
        intake.take(report(*fields, returned=f"Message-ID: {row.message_id}"), "test")
    assert states(database, ids) == ["accepted", "accepted"]


def test_a_bounce_ends_a_doubt_the_other_way(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    put(database, ids[0], state=DeliveryState.IN_DOUBT)
    intake.take(dsn(database, ids[0]), "test")
    assert states(database, ids) == ["bounced"]


def test_what_comes_back_before_the_servers_own_word_is_not_lost(database: Database, intake: Intake) -> None:
    """A server may hand a message on, and be returned it, while it still keeps us waiting at the final dot."""
    dispatch_id, ids = add_deliveries(database, 4)
    log = DeliveryLog(database, "w1")
    log.claim(dispatch_id, 4)
    log.commit(Batch(begins=ids))
    rows = [delivery(database, number) for number in ids]
    intake.take(dsn(database, ids[0]), "test")
    fields = (f"Final-Recipient: rfc822; {rows[1].address}", "Action: delayed", "Status: 4.4.1")
    intake.take(report(*fields, returned=f"Message-ID: {rows[1].message_id}"), "test")
    intake.take(complaint(rows[2].address, rows[2].message_id), "test")
    assert states(database, ids) == ["bounced", "accepted", "complained", "sending"]
    unanswered = Outcome(DeliveryState.IN_DOUBT, Verdict.NO_ANSWER, Phase.BODY)
    taken = Outcome(DeliveryState.ACCEPTED, Verdict.ACCEPTED, Phase.BODY, code=250)
    said = zip(ids, (taken, unanswered, unanswered, taken), strict=True)
    log.commit(Batch(records=[AttemptRecord(number, outcome, present()) for number, outcome in said]))
    assert states(database, ids) == ["bounced", "accepted", "complained", "accepted"], "its word comes too late"
    assert [delivery(database, number).attempts for number in ids] == [1, 1, 1, 1]


def test_a_complaint_is_never_mailed_again(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    row = delivery(database, ids[0])
    intake.take(complaint(row.address, row.message_id), "test")
    assert states(database, ids) == ["complained"]
    assert gets_nothing(database, row.address)


def test_an_authentication_report_suppresses_nobody(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    row = delivery(database, ids[0])
    intake.take(complaint(row.address, row.message_id, "auth-failure"), "test")
    assert states(database, ids) == ["accepted"]
    assert not gets_nothing(database, row.address)


def test_the_same_message_twice_by_whatever_way_changes_nothing(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    raw = dsn(database, ids[0])
    intake.take(raw, "test")
    other_way = b"Received: from a by b\r\nDelivered-To: x@y.example\r\n" + raw.replace(b"\r\n", b"\n")
    again = intake.take(other_way, "elsewhere")
    assert [one.is_new for one in again] == [False]
    assert events(database) == 1


def add_contact(database: Database, address: str) -> int:
    with database.session() as session:
        contact = Contact(address=address, address_key=address, first_name="Léa", last_name="Petit")
        outlet = Outlet(key="gazette", name="La Gazette")
        session.add_all([contact, outlet])
        session.flush()
        assert contact.id is not None
        assert outlet.id is not None
        session.add(Affiliation(contact_id=contact.id, outlet_id=outlet.id, is_primary=True))
        return contact.id


def test_objections(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    add_contact(database, "lea@journal.example")
    signed = f"unsubscribe {KEYRING.token(Purpose.UNSUBSCRIBE, ids[0])}"
    # Signed: for whom it was made, from whichever address it comes. Forged: nothing.
    assert intake.take(letter("lea.perso@mail.example", signed, ""), "test")[0].state == "applied"
    assert gets_nothing(database, delivery(database, ids[0]).address)
    assert intake.take(letter("x@mail.example", signed[:-2] + "aa", ""), "test")[0].state != "applied"
    # Plain, of somebody we know; of nobody we know; not plain.
    assert intake.take(letter("zoe@nulle-part.example", "Re: Bilan", "désinscrivez-moi"), "test")[0].state == "waiting"
    unclear = "Je ne veux plus recevoir vos communiqués sur la santé, mais gardez-moi pour le sport."
    assert intake.take(letter("lea@journal.example", "Re: Bilan", unclear), "test")[0].state == "waiting"
    assert not gets_nothing(database, "lea@journal.example")
    assert intake.take(letter("lea@journal.example", "Re: Bilan", "Désinscrivez-moi."), "test")[0].state == "applied"
    assert gets_nothing(database, "lea@journal.example")


def test_people(database: Database, intake: Intake, clock: HandClock) -> None:
    number = add_contact(database, "lea@journal.example")
    automatic = "Auto-Submitted: auto-replied"
    away = "Absente, de retour le 3 janvier ; contacter paul@gazette.example."
    intake.take(letter("lea@journal.example", "Absence", away, automatic), "test")
    intake.take(
        letter("lea@journal.example", "Réponse automatique", "Léa Petit a quitté la rédaction.", automatic), "test"
    )
    with database.session() as session:
        contact = session.get(Contact, number)
        assert contact is not None
        assert contact.last_inbound_at is None
        assert contact.notes == ""
        hand = Hand(session, KEYRING, "claire", "test", clock())
        for event in list(waiting.listing(session, waiting=True)):
            assert event.id is not None
            waiting.confirm(hand, event.id)
        assert "back on 2027-01-03" in contact.notes
        assert "paul@gazette.example" in contact.notes
        affiliation = session.scalars(select(Affiliation)).one()
        assert affiliation.valid_to == clock().date()
        assert waiting.listing(session, waiting=True) == []
    intake.take(letter("lea@journal.example", "Re: Bilan", "Merci, je reprends.", "In-Reply-To: <1@x.example>"), "test")
    with database.session() as session:
        contact = session.get(Contact, number)
        assert contact is not None
        assert contact.last_inbound_at == clock()


def test_nothing_of_a_message_is_half_done(database: Database, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = accepted(database, 1)
    raw = dsn(database, ids[0])

    def fail(*_args: object, **_options: object) -> None:
        raise RuntimeError("the power goes")

    with monkeypatch.context() as patch:
        patch.setattr(suppression, "mark_dead", fail)
        with pytest.raises(RuntimeError):
            intake.take(raw, "test")
    assert (states(database, ids), events(database)) == (["accepted"], 0)
    intake.take(raw, "test")
    assert states(database, ids) == ["bounced"]


def test_a_dispatch_to_a_thousand_and_all_that_comes_back(database: Database, intake: Intake) -> None:
    dispatch_id, ids = add_deliveries(database, 1000, state=DeliveryState.ACCEPTED)
    rows = [delivery(database, number) for number in ids[:65]]
    messages = [dsn(database, row.id) for row in rows[:30]]
    messages += [complaint(row.address, row.message_id) for row in rows[30:35]]
    messages += [
        letter(row.address, f"unsubscribe {KEYRING.token(Purpose.UNSUBSCRIBE, row.id)}", "") for row in rows[35:45]
    ]
    messages += [
        letter(row.address, "Absence du bureau", f"Je suis en congés. {row.id}", "Auto-Submitted: auto-replied",
               f"In-Reply-To: {row.message_id}") for row in rows[45:53]
    ]  # fmt: skip
    messages += [
        letter(row.address, "Re: Bilan", f"Merci ! {row.id}", f"In-Reply-To: {row.message_id}") for row in rows[53:65]
    ]
    messages *= 2
    random.Random(7).shuffle(messages)
    for raw in messages:
        intake.take(raw, "test")
    assert Counter(states(database, ids)) == {"accepted": 965, "bounced": 30, "complained": 5}
    with database.session() as session:
        kinds = Counter(session.scalars(select(FeedbackEvent.kind)))
        told = set(session.scalars(select(FeedbackEvent.delivery_id)))
    assert kinds == {"bounce": 30, "complaint": 5, "objection": 10, "out-of-office": 8, "reply": 12}
    with database.reading() as connection:
        told_by_report = queries.make_report(connection, dispatch_id=dispatch_id)
        echo = queries_details.make_details(connection, told_by_report).echo
    assert {state: many for state, many in told_by_report.totals.items() if many} == {
        "accepted": 965,
        "bounced": 30,
        "complained": 5,
    }
    assert echo.feedback == kinds
    assert told == {row.id for row in rows}
    assert [gets_nothing(database, row.address) for row in rows] == [True] * 45 + [False] * 20


def test_whoever_is_erased_goes_from_what_came_back_too(database: Database, intake: Intake, clock: HandClock) -> None:
    ids = accepted(database, 1)
    row = delivery(database, ids[0])
    intake.take(dsn(database, ids[0]), "test")
    intake.take(letter(row.address.upper(), "Une question", "Bonjour, une question."), "test")  # attributed to nothing
    with database.transaction() as connection:
        erase_deliveries(connection, DELIVERY.c.id == ids[0], [], lambda text: text, clock())
    with database.session() as session:
        for event in session.scalars(select(FeedbackEvent)):
            assert (event.raw, event.address, event.sender, event.said, event.details) == (b"", "", "", "", {})


def test_what_programs_send_back_of_whoever_was_erased_brings_nobody_back(
    database: Database, intake: Intake, clock: HandClock
) -> None:
    """A bounce comes up to five days after the message, and names whom it did not reach."""
    ids = accepted(database, 4)
    address = delivery(database, ids[0]).address
    said = f"550 5.1.1 <{address}>: User unknown"
    returned = [dsn(database, ids[0], said=said), dsn(database, ids[1]), dsn(database, ids[2])]
    absent = letter(delivery(database, ids[3]).address, "Absent", "De retour lundi.", "Auto-Submitted: auto-replied")
    unknown = report(f"Final-Recipient: rfc822; {address}", "Action: failed", "Status: 5.1.1")
    with database.session() as session:
        addresses = [parse_address(delivery(database, number).address) for number in ids]
        suppression.mark_erased(session, KEYRING, addresses)
        erase_deliveries(session.connection(), DELIVERY.c.id.in_(ids), [], lambda text: text, clock())
    for message in (*returned, absent, unknown):
        assert intake.take(message, "test")[0].is_new
        assert not intake.take(message, "test")[0].is_new
    assert Counter(states(database, ids)) == {DeliveryState.BOUNCED: 3, DeliveryState.ACCEPTED: 1}
    with database.session() as session:
        for event in session.scalars(select(FeedbackEvent)):
            kept = (event.raw, event.address, event.sender, event.subject, event.said, event.details, event.state)
            assert kept == (b"", "", "", "", "", {}, "recorded")
        for number in ids:
            assert delivery(database, number).reply == ""
        objections = session.scalar(select(func.count()).select_from(Suppression))
    assert objections == len(ids)


def test_a_dead_mailbox_says_nothing_of_the_journalists_other_ones(database: Database, intake: Intake) -> None:
    ids = accepted(database, 1)
    row = delivery(database, ids[0])
    with database.session() as session:
        lea = Contact(first_name="Léa", last_name="Petit", address=row.address, address_key=row.address_key)
        session.add(lea)
        session.flush()
        outlet = Outlet(name="La Gazette", key="la gazette")
        session.add(outlet)
        session.flush()
        session.add(Affiliation(contact_id=lea.id, outlet_id=outlet.id, address="lea@gazette.example"))
        number = lea.id
    intake.take(dsn(database, ids[0]), "test")
    with database.session() as session:
        objectors = Objectors(session, KEYRING)
        told = objectors.against(number, row.address, ())
        assert told is not None
        assert told.because == "mail to this address came back (unknown user)"
        assert objectors.against(number, "lea@gazette.example", ()) is None
        assert not is_left_alone(session, "lea@gazette.example")
