"""What the logs of Postfix and Exim say of a message; the lines are as those servers print them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from distributor.transport.loglines import Span, read_lines
from distributor.transport.maillog import Fate, Found, MailLog

NOW = datetime(2026, 11, 28, 16, tzinfo=UTC)
MINE, OTHER = "<5f1.3@office.example>", "<600.3@office.example>"
TO = "known@journal.example"

CLIENT = "postfix/smtpd[55]: 0DE299845DA: client=localhost[127.0.0.1]"
BEGUN = "postfix/cleanup[59]: 0DE299845DA: message-id=<5f1.3@office.example>"
ACTIVE = "postfix/qmgr[52]: 0DE299845DA: from=<rebonds@office.example>, size=325, nrcpt=1 (queue active)"
REMOVED = "postfix/qmgr[52]: 0DE299845DA: removed"


def result(
    status: str, said: str, *, queue_id: str = "0DE299845DA", to: str = f"to=<{TO}>", program: str = "smtp"
) -> str:
    relay = "relay=mx.journal.example[192.0.2.4]:25, delay=0.05, delays=0.01/0.04/0/0"
    dsn = {"sent": "2.0.0", "deferred": "4.2.0"}.get(status, "5.1.1")
    return f"postfix/{program}[62]: {queue_id}: {to}, {relay}, dsn={dsn}, status={status} ({said})"


def found(*lines: str, stamp: str = "Nov 28 15:42:46 mx ", message_id: str = MINE, to: str = TO) -> Found:
    log = MailLog([MINE, OTHER])
    for line in read_lines([stamp + line for line in lines], NOW):
        log.take(line)
    return log.find(message_id, to)


STAMPS = (
    "Nov 28 15:42:46 mx ",
    "Nov  3 15:42:46 mx ",
    "Nov 28 2026 15:42:46 mx ",
    "2026 Nov 28 15:42:46 mx ",
    "2026-11-28T15:42:46.123456+01:00 mx ",
    "2026-11-28T15:42:46+0100 mx ",
    "Sat 2026-11-28 15:42:46 CET mx ",
    "Nov 28 15:42:46.123456 mx ",
    "<22>Nov 28 15:42:46 mx ".removeprefix("<22>"),
)


@pytest.mark.parametrize("stamp", STAMPS)
def test_a_message_that_went_on_was_taken_whatever_the_times_look_like(stamp: str) -> None:
    said = found(CLIENT, BEGUN, ACTIVE, result("sent", "250 2.0.0 Ok: queued as 4XyZ"), REMOVED, stamp=stamp)
    assert said.fate is Fate.ACCEPTED
    assert said.words == "the server took it (queue id 0DE299845DA); status=sent"
    assert [line.removeprefix(stamp) for line in said.evidence] == [
        ACTIVE,
        result("sent", "250 2.0.0 Ok: queued as 4XyZ"),
    ]


def test_in_the_queue_or_put_off_is_taken() -> None:
    assert found(CLIENT, BEGUN, ACTIVE).fate is Fate.ACCEPTED
    later = found(BEGUN, ACTIVE, result("deferred", "host mx said: 450 4.2.0 Greylisted"))
    assert (later.fate, later.words) == (Fate.ACCEPTED, "the server took it (queue id 0DE299845DA); status=deferred")


def test_what_the_next_server_refused_came_back() -> None:
    said = found(BEGUN, ACTIVE, result("deferred", "later"), result("bounced", "host mx said: 550 5.1.1 No such user"))
    assert (said.fate, said.dsn, said.said) == (Fate.BOUNCED, "5.1.1", "host mx said: 550 5.1.1 No such user")
    given_up = "postfix/qmgr[52]: 0DE299845DA: from=<rebonds@office.example>, status=expired, returned to sender"
    assert found(BEGUN, ACTIVE, result("deferred", "later"), given_up).fate is Fate.BOUNCED


def test_what_happened_to_a_copy_for_somebody_else_says_nothing_of_ours() -> None:
    copy = result("bounced", "unknown user", to="to=<archive@office.example>, orig_to=<archive@office.example>")
    assert found(BEGUN, ACTIVE, copy).fate is Fate.ACCEPTED
    forwarded = result("bounced", "unknown user", to=f"to=<away@other.example>, orig_to=<{TO}>")
    assert found(BEGUN, ACTIVE, forwarded).fate is Fate.BOUNCED


def test_the_way_through_a_filter_is_followed_to_its_end() -> None:
    first = result("sent", "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 1A2B3C4D5E6")
    again = "postfix/cleanup[60]: 1A2B3C4D5E6: message-id=<5f1.3@office.example>"
    active = ACTIVE.replace("0DE299845DA", "1A2B3C4D5E6")
    end = result("bounced", "unknown user", queue_id="1A2B3C4D5E6")
    assert found(BEGUN, ACTIVE, first, again, active, end).fate is Fate.BOUNCED
    assert found(BEGUN, ACTIVE, first, again, active).fate is Fate.ACCEPTED


def test_the_beginning_alone_decides_nothing() -> None:
    said = found(CLIENT, BEGUN)
    assert said.fate is Fate.UNSURE
    assert "not whether the server took the whole message" in said.words


@pytest.mark.parametrize("order", [(CLIENT, "LOST", BEGUN), (CLIENT, BEGUN, "LOST")])
@pytest.mark.parametrize("how", ["lost connection after DATA (97 bytes)", "timeout after DATA (97 bytes)"])
def test_a_connection_lost_within_the_message_is_not_taken(order: tuple[str, ...], how: str) -> None:
    lost = f"postfix/smtpd[55]: {how} from localhost[127.0.0.1]"
    said = found(*(lost if line == "LOST" else line for line in order))
    assert (said.fate, said.words) == (Fate.NOT_TAKEN, "the server lost the connection before the message ended")
    after = lost.replace("DATA (97 bytes)", "END-OF-MESSAGE")
    assert found(CLIENT, BEGUN, after).fate is Fate.UNSURE
    elsewhere = lost.replace("smtpd[55]", "smtpd[77]")
    assert found(CLIENT, BEGUN, elsewhere).fate is Fate.UNSURE


def test_a_refusal_at_the_end_is_a_refusal() -> None:
    milter = (
        "postfix/cleanup[59]: 0DE299845DA: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 5.7.1 looks like"
        " spam; from=<rebonds@office.example> to=<known@journal.example> proto=ESMTP helo=<office>"
    )
    said = found(CLIENT, BEGUN, milter)
    assert (said.fate, said.dsn) == (Fate.REFUSED, "5.7.1")


def test_a_queue_id_used_again_is_another_message() -> None:
    other = "postfix/cleanup[59]: 0DE299845DA: message-id=<somebody@else.example>"
    assert found(BEGUN, other, ACTIVE, result("sent", "250 Ok")).fate is Fate.UNSURE
    assert found(BEGUN, ACTIVE, REMOVED, other, ACTIVE, result("bounced", "no")).fate is Fate.ACCEPTED


def test_an_id_of_another_machine_is_another_message() -> None:
    log = MailLog([MINE])
    lines = [f"Nov 28 15:42:46 mx1 {BEGUN}", f"Nov 28 15:42:46 mx2 {ACTIVE}"]
    for line in read_lines(lines, NOW):
        log.take(line)
    assert log.find(MINE, TO).fate is Fate.UNSURE


EXIM_ID = "1tGabc-000000001Ab-1X2y"
TAKEN = f"{EXIM_ID} <= rebonds@office.example H=(office) [127.0.0.1] P=esmtp S=2345 id=5f1.3@office.example"


@pytest.mark.parametrize("queue_id", [EXIM_ID, "1abcde-0005Ab-C7"])
@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-28 15:42:46 ",
        "2026-11-28 15:42:46.123 +0100 [312] ",
        "Nov 28 15:42:46 mx exim[312]: 2026-11-28 15:42:46 ",
        "Nov 28 15:42:46 mx exim4[312]: ",
    ],
)
def test_exim_says_what_it_took_and_what_became_of_it(stamp: str, queue_id: str) -> None:
    def of(*lines: str) -> Found:
        return found(*(line.replace(EXIM_ID, queue_id) for line in lines), stamp=stamp)

    route = 'R=dnslookup T=remote_smtp H=mx.journal.example [192.0.2.4] C="250 2.0.0 Ok: queued as 4XyZ"'
    sent = f"{EXIM_ID} => {TO} {route}"
    done = f"{EXIM_ID} Completed"
    assert of(TAKEN).fate is Fate.ACCEPTED
    assert of(TAKEN, sent, done).words == f"the server took it (queue id {queue_id}); status=sent"
    later = f"{EXIM_ID} == {TO} R=dnslookup T=remote_smtp defer (-44): SMTP error: 450 4.2.0 Greylisted"
    assert of(TAKEN, later).words.endswith("status=deferred")
    refused = (
        f"{EXIM_ID} ** {TO} R=dnslookup T=remote_smtp H=mx.journal.example [192.0.2.4]: SMTP error from"
        f" remote mail server after RCPT TO:<{TO}>: 550 5.1.1 No such user"
    )
    said = of(TAKEN, refused, done)
    assert (said.fate, said.dsn) == (Fate.BOUNCED, "5.1.1")
    assert of(sent, done).fate is Fate.ABSENT


def test_a_message_that_no_line_names_is_absent() -> None:
    assert found(BEGUN, ACTIVE, message_id=OTHER).fate is Fate.ABSENT


def moments(*lines: str, now: datetime = NOW) -> list[datetime | None]:
    return [line.at for line in read_lines(lines, now)]


def test_a_year_that_is_not_written_is_the_latest_that_has_been() -> None:
    text = "postfix/qmgr[1]: AAAAAA: removed"
    new_year = datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    assert moments(f"Dec 31 23:59:00 mx {text}", f"Jan  1 00:04:00 mx {text}", now=new_year) == [
        datetime(2026, 12, 31, 23, 59, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 4, tzinfo=UTC),
    ]
    assert moments(f"Feb 29 12:00:00 mx {text}") == [datetime(2024, 2, 29, 12, tzinfo=UTC)]


def test_a_zone_that_is_written_counts_and_nonsense_has_no_time() -> None:
    assert moments("2026-11-28T15:42:46+01:00 mx postfix/smtpd[1]: x") == [
        datetime(2026, 11, 28, 14, 42, 46, tzinfo=UTC)
    ]
    assert moments("not a log", "2026-13-41 99:00:00 x", "Foo 31 10:00:00 mx x: y", "\u0000", "") == [None] * 4


def test_a_span_knows_dropped_lines_and_a_clock_that_went_back() -> None:
    def span_of(*lines: str) -> Span:
        span = Span()
        for line in read_lines(lines, NOW):
            span.take(line)
        return span

    fine = ("Nov 28 10:00:00 mx postfix/smtpd[1]: connect", "Nov 28 09:59:59 mx postfix/smtpd[2]: connect")
    assert not span_of(*fine).is_broken
    assert span_of(*fine, "Nov 28 09:00:00 mx postfix/smtpd[2]: connect").is_broken
    assert span_of("Nov 28 10:00:00 mx systemd-journald[1]: Suppressed 1203 messages from postfix.service").is_broken
    lost = "Nov 28 10:00:00 mx rsyslogd: imjournal: 51 messages lost due to rate-limiting (20000 allowed within 600 s)"
    assert span_of(lost).is_broken
    said = "Nov 28 10:00:00 mx postfix/smtp[1]: AAAAAA: host mx said: 450 rate limit exceeded, 3 messages lost"
    assert not span_of(said).is_broken


EXIM_ENDS = '1rAbCd-000001-AB => known@journal.example R=dns T=smtp H=mx.journal.example [192.0.2.4] C="250 ok"'


def test_what_exim_logs_of_a_subject_is_no_message_id() -> None:
    """With `log_selector = +subject`: our own headline speaks of an id, and somebody else's quotes ours."""
    size = "H=localhost [127.0.0.1] P=esmtp S=900"
    ours = f'1rAbCd-000001-AB <= rebonds@office.example {size} id={MINE[1:-1]} T="Le numero id=42 gagne" for {TO}'
    assert found(ours, EXIM_ENDS, stamp="2026-11-28 15:42:46 ").fate is Fate.ACCEPTED
    for forged in (
        f'<= evil@x.example {size} id=other@x.example T="Re: id={MINE[1:-1]} merci" for presse@office.example',
        f'<= "a id={MINE[1:-1]} b"@x.example {size} id=other@x.example for presse@office.example',
        f'<= evil@x.example H=x [192.0.2.9] P=esmtps DN="CN=x id={MINE[1:-1]} y" S=900 id=other@x.example',
    ):
        assert found(f"1rAbCd-000001-AB {forged}", EXIM_ENDS, stamp="2026-11-28 15:42:46 ").fate is Fate.ABSENT
