"""What providers' webhooks say, in the shapes their documentation shows, comes to the right events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.feedback.providers import PROVIDERS, brevo, mailjet, postmark, saying, ses
from distributor.feedback.telling import Telling
from distributor.tokens import Keyring

KEYRING = Keyring(b"an invented key, long enough for tests")
VERP = KEYRING.bounce_address("rebonds@halle.example", 17)
WHO = "helene@jour.example"
DIAGNOSIS = "smtp; 550 5.1.1 <helene@jour.example>: user unknown"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def translate(provider: str, value: Any) -> list[Telling]:
    """The events of a call with that JSON."""
    return PROVIDERS[provider](json.dumps(value).encode(), KEYRING.read_bounce_address)


def said(provider: str, value: Any) -> list[tuple[str, str, str, bool, str]]:
    """Kind, verdict, reason, whether the address is dead, and code of each event."""
    return [(one.kind, one.verdict, one.reason, one.address_is_dead, one.status) for one in translate(provider, value)]


def of_ses(**message: Any) -> dict[str, Any]:
    """A notification of SES in SNS's envelope."""
    mail = {
        "timestamp": "2026-11-27T11:59:00.000Z",
        "source": VERP,
        "messageId": "0102018f",
        "destination": [WHO],
        "commonHeaders": {"messageId": "<1.1@halle.example>", "subject": "L'hôpital rouvre"},
    }
    return {"Type": "Notification", "MessageId": "m", "Message": json.dumps({"mail": mail, **message})}


def ses_bounce(kind: str, subtype: str, **who: str) -> dict[str, Any]:
    """A bounce of SES."""
    recipient = {"emailAddress": WHO, "action": "failed", "status": "5.1.1", "diagnosticCode": DIAGNOSIS} | who
    part = {
        "bounceType": kind,
        "bounceSubType": subtype,
        "timestamp": "2026-11-27T12:00:00.000Z",
        "bouncedRecipients": [recipient],
    }
    return of_ses(notificationType="Bounce", bounce=part)


def test_a_bounce_of_ses_names_its_delivery() -> None:
    (event,) = translate("ses", ses_bounce("Permanent", "General"))
    assert (event.address, event.delivery_id, event.message_id) == (WHO, 17, "1.1@halle.example")
    assert (event.happened_at, event.source, event.status) == (NOON, "ses", "5.1.1")
    assert (event.verdict, event.reason, event.address_is_dead) == ("permanent", "hard", True)
    assert b"bouncedRecipients" in event.raw


@pytest.mark.parametrize(
    ("kind", "subtype", "status", "wanted"),
    [
        ("Permanent", "NoEmail", "5.1.1", ("bounce", "permanent", "hard", True)),
        ("Permanent", "General", "5.2.2", ("bounce", "temporary", "full", False)),
        ("Permanent", "General", "5.7.1", ("bounce", "permanent", "policy", False)),
        ("Permanent", "Suppressed", "5.1.1", ("bounce", "permanent", "policy", False)),
        ("Permanent", "OnAccountSuppressionList", "5.1.1", ("bounce", "permanent", "policy", False)),
        ("Permanent", "SomethingNew", "5.1.1", ("bounce", "permanent", "", False)),
        ("Transient", "MailboxFull", "4.2.2", ("bounce", "temporary", "full", False)),
        ("Transient", "ContentRejected", "5.6.1", ("bounce", "permanent", "content", False)),
        ("Undetermined", "Undetermined", "", ("bounce", "permanent", "", False)),
    ],
)
def test_only_a_dead_address_is_dead(kind: str, subtype: str, status: str, wanted: tuple[Any, ...]) -> None:
    (found,) = said("ses", ses_bounce(kind, subtype, status=status, diagnosticCode=""))
    assert found[:4] == wanted


def test_what_else_ses_says() -> None:
    recipients = {"complainedRecipients": [{"emailAddress": WHO}], "timestamp": "2026-11-27T12:00:00Z"}
    complaint = of_ses(eventType="Complaint", complaint=recipients)
    assert said("ses", complaint) == [("complaint", "feedback", "feedback", False, "")]
    praise = of_ses(notificationType="Complaint", complaint=recipients | {"complaintFeedbackType": "not-spam"})
    assert said("ses", praise) == []
    delay = {
        "delayType": "MailboxFull",
        "timestamp": "2026-11-27T12:00:00Z",
        "delayedRecipients": [{"emailAddress": WHO}],
    }
    assert said("ses", of_ses(eventType="DeliveryDelay", deliveryDelay=delay))[0][:3] == ("delay", "temporary", "full")
    rejected = of_ses(eventType="Reject", reject={"reason": "Bad content"})
    assert said("ses", rejected) == [("bounce", "permanent", "content", False, "")]
    gone = {"timestamp": "2026-11-27T12:00:00Z", "newTopicPreferences": {"unsubscribeAll": True}}
    assert said("ses", of_ses(eventType="Subscription", subscription=gone))[0][0] == "objection"
    for word in ("Delivery", "Open", "Click", "Send", "Rendering Failure"):
        assert said("ses", of_ses(eventType=word)) == []
    raw = json.loads(ses_bounce("Permanent", "General")["Message"])
    assert len(said("ses", raw)) == 1, "SNS's raw delivery has no envelope"
    assert said("ses", {"Type": "SubscriptionConfirmation", "Message": "You have chosen…"}) == []


BREVO = {
    "event": "hard_bounce",
    "email": WHO,
    "id": 1,
    "date": "2026-11-27 13:00:00",
    "ts_epoch": 1795780800000,
    "message-id": "<1.1@halle.example>",
    "reason": "550 5.1.1 user unknown",
}


@pytest.mark.parametrize("word", [*brevo.MEANINGS, "delivered", "opened", "click", "request"])
def test_brevo(word: str) -> None:
    events = translate("brevo", BREVO | {"event": word})
    meaning = brevo.MEANINGS.get(word)
    assert len(events) == (meaning is not None)
    for event in events:
        assert (event.address, event.message_id, event.happened_at) == (WHO, "1.1@halle.example", NOON)
        assert (event.kind, event.address_is_dead, event.status) == (meaning.kind, meaning.is_dead, "5.1.1")  # type: ignore[union-attr]


def test_brevo_says_when_it_happened_not_when_it_was_sent() -> None:
    (event,) = translate(
        "brevo", BREVO | {"ts_event": 1795780800, "ts_epoch": 1795694400000, "date": "2026-11-27 13:00:00"}
    )
    assert event.happened_at == NOON


def test_mailjet_goes_by_the_error_and_then_by_hard_bounce() -> None:
    one = {"event": "bounce", "time": 1795780800, "email": WHO, "hard_bounce": True, "blocked": False, "comment": ""}
    calls = [
        one | {"error": "user unknown"},
        one | {"error": "quota exceeded"},
        one | {"error": "something new"},
        one | {"error": "something new", "hard_bounce": False},
        one | {"event": "blocked", "error": "preblocked", "hard_bounce": False},
        one | {"event": "spam", "source": "JMRPP"},
        one | {"event": "unsub"},
        one | {"event": "open"},
    ]
    assert [event[:4] for event in said("mailjet", calls)] == [
        ("bounce", "permanent", "hard", True),
        ("bounce", "temporary", "full", False),
        ("bounce", "permanent", "hard", True),
        ("bounce", "temporary", "temporary", False),
        ("bounce", "permanent", "policy", False),
        ("complaint", "feedback", "feedback", False),
        ("objection", "feedback", "feedback", False),
    ]
    assert set(mailjet.ERRORS) == {word.lower() for word in mailjet.ERRORS}


def test_postmark() -> None:
    bounce = {
        "RecordType": "Bounce",
        "Type": "HardBounce",
        "TypeCode": 1,
        "Email": WHO,
        "From": VERP,
        "BouncedAt": "2026-11-27T12:00:00.1234567Z",
        "Details": "smtp;550 5.1.1 unknown",
    }
    (event,) = translate("postmark", bounce)
    assert (event.delivery_id, event.status, event.happened_at.microsecond) == (17, "5.1.1", 123456)
    for word, meaning in postmark.MEANINGS.items():
        assert [one[0] for one in said("postmark", bounce | {"Type": word})] == [meaning.kind]
    assert said("postmark", bounce | {"Type": "Subscribe"}) == []
    assert said("postmark", bounce | {"RecordType": "Open"}) == []
    assert said("postmark", bounce | {"RecordType": "SpamComplaint"})[0][0] == "complaint"
    change = {"RecordType": "SubscriptionChange", "Recipient": WHO, "ChangedAt": "2026-11-27T12:00:00Z"}
    stop = {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}
    assert said("postmark", change | stop | {"Origin": "Recipient"})[0][0] == "objection"
    assert said("postmark", change | stop | {"Origin": "Customer"}) == [], "it was us, not the journalist"
    assert said("postmark", change | {"SuppressSending": False, "SuppressionReason": None}) == []


def test_one_that_is_not_understood_holds_up_no_other_and_each_is_kept_alone() -> None:
    other = BREVO | {"email": "ward@wire.example"}
    first, second = translate("brevo", [BREVO, {"event": "spam"}, other])
    assert WHO.encode() in first.raw
    assert b"ward" not in first.raw, "what is kept of one person names nobody else"
    assert WHO.encode() not in second.raw


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[" * 100_000,
        b'"text"',
        b"5",
        b"null",
        b"[1, 2]",
        b"{}",
        b'[{"event": "spam", "email": 5}]',
        b'{"event": "spam", "email": "a@b.example", "ts": "soon"}',
        b'{"Type": "Notification", "Message": "[]"}',
        b'{"Type": "Notification", "Message": "{}"}',
        b'{"RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": "2026-01-01T00:00:00Z"}',
        json.dumps([BREVO] * 1001).encode(),
        b"\xff\xfe",
    ],
)
def test_what_is_no_call_of_theirs_is_not_understood(provider: str, body: bytes) -> None:
    with pytest.raises(saying.NotUnderstood):
        PROVIDERS[provider](body, KEYRING.read_bounce_address)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=12,
)
words = st.sampled_from(["Bounce", "bounce", "spam", "blocked", "hard_bounce", "Complaint", "SpamComplaint", "unsub"])
calls = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("event", "eventType", "RecordType", "Type", "Message", "email", "Email"), json_values | words),
        **dict.fromkeys(("bounce", "complaint", "mail", "time", "ts", "BouncedAt", "error", "reason"), json_values),
    },
)


@given(st.sampled_from(list(PROVIDERS)), calls | st.lists(calls, max_size=3) | json_values)
def test_any_json_comes_to_events_or_is_not_understood(provider: str, value: Any) -> None:
    try:
        events = translate(provider, value)
    except saying.NotUnderstood:
        return
    for event in events:
        assert "@" in event.address
        assert event.happened_at.tzinfo is not None
        assert not (event.address_is_dead and event.verdict != "permanent")


def test_the_longest_list_of_recipients_is_cut() -> None:
    part = {"timestamp": "2026-11-27T12:00:00Z", "complainedRecipients": [{"emailAddress": WHO}] * 2000}
    assert len(said("ses", of_ses(eventType="Complaint", complaint=part))) == 50
    assert set(ses.BOUNCES.values()) >= {saying.DEAD, saying.FULL}
