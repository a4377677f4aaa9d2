"""From rows to bytes: the same delivery, the same message, whatever was edited since it was planned."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from databases import on_sqlite
from hypothesis import given
from hypothesis import strategies as st
from ledgerbase import ACCEPTED, DEFERRED, KEYRING, NO_LOGIN, QUOTA, SILENT, START, HandClock, add_version
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from distributor import clock as moments
from distributor.addresses import kept_address, parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.roster import Roster
from distributor.dispatch.accounts.ways import OneWay
from distributor.dispatch.calling import cancel_dispatch, stop_dispatches
from distributor.dispatch.carry import Carrier
from distributor.dispatch.hours.cooling import Recalled, cool_down, end_cool_down, read_cooling, recall
from distributor.dispatch.messages.enclosing import enclose_kept
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.merge_fields import merge_of, recipient_of
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.result import Paused
from distributor.dispatch.retry import RetryPolicy
from distributor.errors import BadInput, Refused
from distributor.models import Attachment, Audit, Contact, Delivery, Dispatch, ReleaseVersion, Suppression
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Recipient
from distributor.settings import InDoubtPolicy, load_settings
from distributor.starter import starter_path
from distributor.states import Outcome, Phase
from distributor.tokens import Keyring, Purpose
from distributor.transport.base import Envelope, Following, nobody

LIST = (
    "Civilité;Prénom;Nom;Média;E-mail;Ville\n"
    "Mme;Hélène;Aubry;Le Jour;helene@jour.example;Brest\n"
    ";Zoë;Ågren;Écho;zoé@écho.example;Nantes\n"
)
IDENTITY = Identity(
    from_name="Service presse",
    from_address="presse@halle.example",
    reply_name="Anne Clos",
    reply_address="anne@halle.example",
    bounce_address="retours@halle.example",
    objection_address="stop+presse@halle.example",
    organisation="La Halle",
    public_url="https://presse.halle.example",
)
texts = st.text(max_size=30)


class Keeping:
    """A transport that keeps every envelope and answers with one outcome."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.kept: list[Envelope] = []
        self.is_usable = True

    async def connect(self) -> Keeping:
        return self

    async def deliver(
        self,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        following: Following = nobody,  # noqa: ARG002 - as a server that takes no commands ahead
    ) -> Outcome:
        if self.outcome.phase is Phase.BODY:
            await begin()
        self.kept.append(envelope)
        return self.outcome

    async def close(self) -> None:
        return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace's folder with templates of its own."""
    shutil.copytree(starter_path("templates"), tmp_path / "templates")
    return tmp_path


@pytest.fixture
def planned(database: Database, folder: Path) -> int:
    """A dispatch to two journalists."""
    import_contacts(database, read_csv(LIST.encode(), name="l.csv"), list_name="presse", keyring=KEYRING)
    add_version(database)
    with database.session() as session:
        version = session.exec(select(ReleaseVersion)).one()
        return plan_dispatch(
            session,
            DeliveryLog(database, "planner"),
            new_dispatch(session, version, IDENTITY, TemplateSet.load(folder / "templates" / "press-release"), START),
            make_manifest(session, version, ["presse"], [], KEYRING),
        )


def carrier(database: Database, folder: Path, clock: HandClock, **parts: InDoubtPolicy) -> Carrier:
    return Carrier(
        database=database,
        log=DeliveryLog(database, "w1", clock),
        keyring=KEYRING,
        workspace=folder,
        timezone=ZoneInfo("Europe/Paris"),
        retry=RetryPolicy((5,), 24),
        connections=1,
        roster=Roster(database, "w1"),
        in_doubt=parts.get("in_doubt", InDoubtPolicy.HOLD),
        late=timedelta(minutes=15),
        now=clock,
    )


def carry(made: Carrier, dispatch_id: int, outcome: Outcome = DEFERRED) -> list[Envelope]:
    transport = Keeping(outcome)
    asyncio.run(made.carry(dispatch_id, OneWay(transport), asyncio.Event()))
    return transport.kept


def test_a_retry_sends_the_same_bytes_after_contact_templates_and_time_have_changed(
    database: Database, folder: Path, planned: int
) -> None:
    clock = HandClock()
    first = carry(carrier(database, folder, clock), planned)
    with database.session() as session:
        session.execute(update(Contact).values(first_name="X", civility="M.", language="en", fields={}))
    for file in (folder / "templates" / "press-release").iterdir():
        file.write_text("changed", encoding="utf-8")
    clock.forward(days=0.5)
    again = carry(carrier(database, folder, clock), planned)
    assert again == first
    assert len(first) == 2


def test_whose_embargo_is_over_by_the_ledgers_clock_is_not_told_of_it_by_ours(
    database: Database, folder: Path, planned: int
) -> None:
    """A machine whose clock is slow takes them up at its end all the same: PostgreSQL says whose time has come."""
    behind = timedelta(seconds=20)
    with database.session() as session:
        session.execute(update(Delivery).values(embargo_until=moments.now() - behind / 2))
    made = replace(
        carrier(database, folder, HandClock()), log=DeliveryLog(database, "w1"), now=lambda: moments.now() - behind
    )
    transport = Keeping(ACCEPTED)
    asyncio.run(made.carry(planned, OneWay(transport), asyncio.Event(), resumes=False))  # as `work` does
    sent = transport.kept
    assert len(sent) == 2
    texts = [email.message_from_bytes(one.message, policy=email.policy.default).get_body(("plain",)) for one in sent]
    assert not any("embargo" in text.get_content().lower() for text in texts if text is not None)


@on_sqlite
def test_an_envelope_is_one_recipients(database: Database, folder: Path, planned: int) -> None:
    helene, zoe = carry(carrier(database, folder, HandClock()), planned)
    assert (helene.sender, helene.recipient, helene.needs_smtputf8) == (
        "retours@halle.example",
        "helene@jour.example",
        False,
    )
    assert (zoe.recipient, zoe.needs_smtputf8) == ("zoé@xn--cho-9la.example", True)
    message = email.message_from_bytes(helene.message, policy=email.policy.default)
    with database.session() as session:
        row = session.exec(select(Delivery)).first()
    assert row is not None
    assert message["Message-ID"] == row.message_id
    assert str(message["To"]) == "Hélène Aubry <helene@jour.example>"
    mailto, https = (part.strip().strip("<>") for part in str(message["List-Unsubscribe"]).split(","))
    if mailto.startswith("https"):
        mailto, https = https, mailto
    token = https.rpartition("/")[2]
    assert https == f"https://presse.halle.example/u/{token}"
    assert KEYRING.read_token(Purpose.UNSUBSCRIBE, token) == row.id
    assert mailto.startswith("mailto:stop+presse@halle.example?subject=unsubscribe%20")
    assert parse_qs(urlsplit(mailto).query)["subject"] == [f"unsubscribe {token}"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@given(
    st.builds(
        Recipient,
        st.just(parse_address("a@b.example")),
        *[texts] * 9,
        st.lists(texts).map(tuple),
        texts,
        st.dictionaries(texts, texts),
    )
)
def test_merge_fields_come_back_as_they_went(recipient: Recipient) -> None:
    kept = json.loads(json.dumps(merge_of(recipient)))
    assert recipient_of(recipient.address, kept) == recipient


def test_the_identity_comes_from_the_settings_and_survives_the_row(tmp_path: Path) -> None:
    environ = {
        "DISTRIBUTOR_MAIL_FROM": "Service presse <presse@hällé.example>",
        "DISTRIBUTOR_OBJECTION_ADDRESS": "stop&co@halle.example",
    }
    identity = Identity.from_settings(load_settings(tmp_path, environ))
    assert identity.from_address == "presse@xn--hll-qla1a.example" == identity.bounce_address
    assert (identity.domain, identity.organisation, identity.reply_address) == (
        "xn--hll-qla1a.example",
        "Service presse, hällé.example",
        "",
    )
    assert Identity.thaw(json.loads(json.dumps(asdict(identity)))) == identity
    assert identity.sender().mail_from == ("Service presse", parse_address("presse@hällé.example"))
    mailto = identity.stamp(KEYRING, 7, "<7@halle.example>", START).unsubscribe_mailto
    assert mailto.isascii()
    assert unquote(urlsplit(mailto).path) == "stop&co@halle.example"
    with pytest.raises(BadInput, match="Nobody is set as the sender"):
        Identity.from_settings(load_settings(tmp_path, {}))
    assert kept_address(identity.from_address).unicode_domain == "hällé.example"


def test_an_attachment_that_changed_or_is_gone_stops_the_send(tmp_path: Path) -> None:
    content = b"%PDF-1.7"
    row = Attachment(
        release_version_id=1,
        path="attachments/x",
        name="Dossier.pdf",
        media_type="application/pdf",
        size=8,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    (tmp_path / "attachments").mkdir()
    file = tmp_path / "attachments" / "x"
    file.write_bytes(content)
    (read,) = enclose_kept(tmp_path, [row], "halle.example").attachments
    assert (read.name, read.media_type, read.content) == ("Dossier.pdf", "application/pdf", content)
    file.write_bytes(content + b" ")
    with pytest.raises(Refused, match=r"«Dossier\.pdf» is gone from attachments/, cannot be read, or has changed"):
        enclose_kept(tmp_path, [row], "halle.example")
    file.unlink()
    with pytest.raises(Refused, match="has changed"):
        enclose_kept(tmp_path, [row], "halle.example")


# The dispatch's own row


class TakenForDead(Keeping):
    """A server so slow that another machine takes ours for dead, and settles and closes what it holds."""

    def __init__(self, outcome: Outcome, other: Carrier, clock: HandClock) -> None:
        super().__init__(outcome)
        self.other, self.clock = other, clock

    async def deliver(
        self, envelope: Envelope, begin: Callable[[], Awaitable[None]], following: Following = nobody
    ) -> Outcome:
        outcome = await super().deliver(envelope, begin, following)
        self.clock.forward(minutes=3)
        self.other.recover()
        return outcome


def state_of(database: Database, dispatch_id: int) -> tuple[str, str, bool]:
    with database.session() as session:
        dispatch: Dispatch = session.get_one(Dispatch, dispatch_id)
        return dispatch.state, dispatch.pause_reason, dispatch.finished_at is not None


def test_a_dispatch_runs_until_nobody_waits(database: Database, folder: Path, planned: int) -> None:
    clock = HandClock()
    made = carrier(database, folder, clock)
    assert made.due() == [planned]
    carry(made, planned, NO_LOGIN)
    assert state_of(database, planned)[0] == "paused"
    assert "535" in state_of(database, planned)[1]
    assert made.due() == [], "a paused one waits for a person"
    carry(made, planned, DEFERRED)
    assert state_of(database, planned) == ("running", "", False)
    assert made.due() == []
    clock.forward(minutes=6)
    assert made.due() == [planned]
    carry(made, planned, ACCEPTED)
    assert state_of(database, planned) == ("done", "", True)
    assert made.standing(planned).counts == {"accepted": 2}


@pytest.mark.parametrize(
    ("policy", "then"),
    [
        (InDoubtPolicy.HOLD, ("in_doubt", "", 0)),
        (InDoubtPolicy.ASSUME_SENT, ("accepted", "assumed sent by the setting DISTRIBUTOR_IN_DOUBT", 0)),
        (InDoubtPolicy.RESEND, ("accepted", "", 2)),
    ],
)
def test_doubt_is_settled_as_the_operator_says(
    database: Database, folder: Path, planned: int, policy: InDoubtPolicy, then: tuple[str, str, int]
) -> None:
    with database.session() as session:
        session.execute(update(Delivery).values(state="in_doubt"))
    sent = carry(carrier(database, folder, HandClock(), in_doubt=policy), planned, ACCEPTED)
    with database.session() as session:
        assert {(row.state, row.reason, len(sent)) for row in _all(session)} == {then}


@pytest.mark.parametrize("heard", [replace(DEFERRED, phase=Phase.BODY), QUOTA])
def test_who_is_to_be_tried_again_by_what_a_worker_thought_dead_hears_reopens_the_dispatch(
    database: Database, folder: Path, planned: int, heard: Outcome
) -> None:
    """Nobody else waited, so the other machine has closed it, with one in doubt; and then there is no doubt."""
    clock = HandClock()
    ours = carrier(database, folder, clock)
    other = replace(ours, log=DeliveryLog(database, "w2", clock))
    with database.session() as session:
        last = session.exec(select(func.max(Delivery.id))).one()
        session.execute(update(Delivery).where(col(Delivery.id) == last).values(state="accepted"))
    slow = TakenForDead(heard, other, clock)
    asyncio.run(ours.carry(planned, OneWay(slow), asyncio.Event()))
    clock.forward(minutes=6)
    other.recover()
    assert other.due() == [planned]
    asyncio.run(other.carry(planned, OneWay(Keeping(ACCEPTED)), asyncio.Event()))
    assert other.standing(planned).counts == {"accepted": 2}
    assert state_of(database, planned) == ("done", "", True)


def test_cancelled_is_cancelled(database: Database, folder: Path, planned: int) -> None:
    log = DeliveryLog(database, "canceller")
    assert cancel_dispatch(database, log, planned, "anne") == 2
    made = carrier(database, folder, HandClock())
    assert made.due() == []
    with pytest.raises(BadInput, match="was cancelled"):
        carry(made, planned)
    with pytest.raises(BadInput, match="no dispatch 999"):
        carry(made, 999)
    with database.session() as session:
        audit = session.exec(select(Audit).where(Audit.action == "dispatches.cancel")).one()
        assert (audit.actor, audit.subject) == ("anne", str(planned))
        assert {row.state for row in _all(session)} == {"withheld"}


def _all(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery)))


def test_what_cannot_be_tried_any_more_expires_and_ends_the_dispatch(
    database: Database, folder: Path, planned: int
) -> None:
    """The attempt that fell due while the machine slept is made; its temporary answer is the last."""
    clock = HandClock()
    made = carrier(database, folder, clock)
    carry(made, planned)
    clock.moment = START + timedelta(hours=25)
    assert len(carry(made, planned)) == 2
    assert state_of(database, planned)[0] == "done"
    assert made.standing(planned).counts == {"expired": 2}


@on_sqlite
def test_a_dispatch_planned_under_another_key_is_not_carried(database: Database, folder: Path, planned: int) -> None:
    """The deliveries' hashes would match no objection made since, and nobody who said no would be spared."""
    other = Keyring(b"another invented key, long enough too")
    with pytest.raises(Refused, match="planned under another secret key") as caught:
        carry(replace(carrier(database, folder, HandClock()), keyring=other), planned)
    assert "SECRET_KEY" in caught.value.mend
    assert state_of(database, planned) == ("planned", "", False)


def freeze(database: Database, dispatch_id: int, **changed: object) -> None:
    """Have a dispatch planned with another sender than `IDENTITY`."""
    with database.session() as session:
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        dispatch.identity = {**dispatch.identity, **changed}
        session.add(dispatch)


@on_sqlite
def test_each_delivery_has_a_bounce_address_of_its_own_the_same_for_a_retry(
    database: Database, folder: Path, planned: int
) -> None:
    freeze(database, planned, verp=True)
    clock = HandClock()
    first = carry(carrier(database, folder, clock), planned)
    clock.moment = START + timedelta(hours=1)
    second = carry(carrier(database, folder, clock), planned)
    assert sorted(one.sender for one in first) == sorted(one.sender for one in second)
    with database.session() as session:
        spec_of = {row.id: row.address for row in _all(session)}
    assert {one.recipient: KEYRING.read_bounce_address(one.sender) for one in first} == {
        spec: number for number, spec in spec_of.items()
    }
    assert all(one.sender.startswith("retours+") and one.sender.endswith("@halle.example") for one in first)


@on_sqlite
def test_a_dispatch_goes_on_under_the_key_that_signed_its_links(database: Database, folder: Path, planned: int) -> None:
    rotated = Keyring(KEYRING.secret, (b"a newer key for links", KEYRING.secret))
    clock = HandClock()
    first = carry(carrier(database, folder, clock), planned)
    clock.moment = START + timedelta(hours=1)
    second = carry(replace(carrier(database, folder, clock), keyring=rotated), planned)
    assert [one.message for one in first] == [one.message for one in second], "planned under the secret key"
    freeze(database, planned, signing_key=rotated.signing_id)
    with pytest.raises(Refused, match=f"signed with the key {rotated.signing_id}"):
        carry(carrier(database, folder, clock), planned)


def test_objections_under_another_key_stop_it_too(database: Database, folder: Path, planned: int) -> None:
    with database.session() as session:
        session.add(Suppression(address_hash="x", key_id="another", reason="said no"))
    with pytest.raises(Refused, match="Objections are recorded under another secret key"):
        carry(carrier(database, folder, HandClock()), planned)


def test_who_objects_after_the_plan_is_spared(database: Database, folder: Path, planned: int) -> None:
    with database.session() as session:
        suppression.add(session, KEYRING, parse_address("helene@jour.example"), reason="by phone", actor="anne")
    sent = carry(carrier(database, folder, HandClock()), planned, ACCEPTED)
    assert [one.recipient for one in sent] == ["zoé@xn--cho-9la.example"]


@pytest.mark.parametrize(("policy", "bodies"), [(InDoubtPolicy.RESEND, 4), (InDoubtPolicy.ASSUME_SENT, 2)])
def test_the_setting_settles_doubt_that_arises_on_the_way_and_sends_to_nobody_for_ever(
    database: Database, folder: Path, planned: int, policy: InDoubtPolicy, bodies: int
) -> None:
    made = carrier(database, folder, HandClock(), in_doubt=policy)
    assert len(carry(made, planned, SILENT)) == bodies
    left = "in_doubt" if policy == InDoubtPolicy.RESEND else "accepted"
    assert made.standing(planned).counts == {left: 2}
    assert made.due() == []
    assert carry(made, planned, SILENT) == [], "a second silence is for a person"


def test_a_persons_word_resends_whatever_was_sent_before(database: Database, folder: Path, planned: int) -> None:
    made = carrier(database, folder, HandClock())
    carry(made, planned, SILENT)
    for _ in range(2):
        transport = Keeping(SILENT)
        asyncio.run(made.carry(planned, OneWay(transport), asyncio.Event(), in_doubt=InDoubtPolicy.RESEND))
        assert len(transport.kept) == 2


@pytest.mark.parametrize("policy", [InDoubtPolicy.RESEND, InDoubtPolicy.ASSUME_SENT])
def test_doubt_left_by_a_killed_command_is_due_for_the_next_one(
    database: Database, folder: Path, planned: int, policy: InDoubtPolicy
) -> None:
    """A dispatch that only its doubts are left of is not closed while the setting has something to say about them."""
    with database.session() as session:
        session.execute(update(Delivery).values(state="sending", worker="dead"))
        session.execute(update(Dispatch).values(state="running"))
    held = carrier(database, folder, HandClock())
    made = replace(held, in_doubt=policy)
    made.recover()
    assert made.due() == [planned]
    carry(made, planned, ACCEPTED)
    assert state_of(database, planned)[0] == "done"
    assert made.standing(planned).counts == {"accepted": 2}


def test_a_stop_that_came_a_moment_before_holds_until_somebody_resumes(
    database: Database, folder: Path, planned: int
) -> None:
    made = carrier(database, folder, HandClock())
    stop_dispatches(database, [planned], "anne")
    transport = Keeping(ACCEPTED)
    result = asyncio.run(made.carry(planned, transport, asyncio.Event(), resumes=False))
    assert transport.kept == []
    assert result.end.because.startswith("stopped at once by anne")
    assert state_of(database, planned)[0] == "paused"
    assert len(carry(made, planned, ACCEPTED)) == 2


def test_what_cools_down_is_due_once_its_command_lets_it_go(database: Database, folder: Path, planned: int) -> None:
    clock = HandClock()
    made = carrier(database, folder, clock)
    with database.session() as session:
        cool_down(session, [planned], clock() + timedelta(seconds=5))
    assert made.due() == []
    cooling = read_cooling(database, [planned])
    assert cooling is not None
    assert (cooling.dispatch_ids, cooling.until) == ((planned,), clock() + timedelta(seconds=5))
    clock.forward(days=1)
    assert made.due() == [], "nobody else starts it, however late it is"
    end_cool_down(database, [planned])
    assert read_cooling(database, [planned]) is None
    assert made.due() == [planned]


def test_a_recall_withholds_everybody_and_counts_who_had_it(database: Database, folder: Path, planned: int) -> None:
    made = carrier(database, folder, HandClock())
    with database.session() as session:
        one = session.exec(select(Delivery)).first()
        assert one is not None
        one.state = "accepted"
        session.add(one)
    assert recall(database, made.log, [planned], "anne") == Recalled(withheld=1, left=1)
    assert recall(database, made.log, [planned], "anne") == Recalled(withheld=0, left=1), "it was cancelled already"


def test_a_doubt_on_a_cancelled_dispatch_is_settled_without_sending(
    database: Database, folder: Path, planned: int
) -> None:
    made = replace(carrier(database, folder, HandClock()), operator="anne")
    assert made.settle_cancelled(planned, InDoubtPolicy.RESEND) is None
    with database.session() as session:
        session.execute(update(Delivery).values(state="in_doubt"))
        session.execute(update(Dispatch).values(state="cancelled"))
        first, second = (row.id for row in _all(session))
    assert made.settle_cancelled(planned) == 0, "«hold» leaves it to a person"
    with database.session() as session:
        session.execute(update(Delivery).where(col(Delivery.id) == second).values(state="accepted"))
    assert made.settle_cancelled(planned, InDoubtPolicy.ASSUME_SENT) == 1
    with database.session() as session:
        assert session.get_one(Delivery, first).reason == "assumed sent by anne"
        session.execute(update(Delivery).where(col(Delivery.id) == second).values(state="in_doubt"))
    assert made.settle_cancelled(planned, InDoubtPolicy.RESEND) == 1
    assert made.standing(planned).counts == {"accepted": 1, "withheld": 1}


def test_whom_a_person_has_sent_again_after_a_doubt_has_a_new_deadline(
    database: Database, folder: Path, planned: int
) -> None:
    """As where `dispatches resolve` ends the doubt: a «later», days after, is waited for."""
    clock = HandClock()
    made = carrier(database, folder, clock)
    carry(made, planned, DEFERRED)
    clock.forward(minutes=6)
    carry(made, planned, SILENT)
    assert made.standing(planned).counts == {"in_doubt": 2}
    clock.forward(days=3)
    transport = Keeping(DEFERRED)
    asyncio.run(made.carry(planned, OneWay(transport), asyncio.Event(), in_doubt=InDoubtPolicy.RESEND))
    assert len(transport.kept) == 2
    assert made.standing(planned).counts == {"deferred": 2}


def test_what_another_command_said_of_a_dispatch_is_kept(database: Database, folder: Path, planned: int) -> None:
    """Two carry it; the account is refused to one of them: the other stops, and does not say «running» over it."""

    class PausedMeanwhile(Keeping):
        async def deliver(
            self, envelope: Envelope, begin: Callable[[], Awaitable[None]], following: Following = nobody
        ) -> Outcome:
            outcome = await super().deliver(envelope, begin, following)
            made.pause(planned, "the account was refused")
            return outcome

    made = carrier(database, folder, HandClock())
    transport = PausedMeanwhile(ACCEPTED)
    result = asyncio.run(made.carry(planned, OneWay(transport), asyncio.Event()))
    assert (len(transport.kept), result.end) == (1, Paused("the account was refused"))
    assert state_of(database, planned) == ("paused", "the account was refused", False)


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_what_is_over_cannot_be_cancelled(database: Database, planned: int, state: str) -> None:
    with database.session() as session:
        session.execute(update(Dispatch).values(state=state))
    with pytest.raises(BadInput, match=f"Dispatch {planned} is {state}"):
        cancel_dispatch(database, DeliveryLog(database, "canceller"), planned, "anne")
