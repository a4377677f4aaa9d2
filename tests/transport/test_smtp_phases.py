"""Every phase of a transaction × every way it can fail, and what the delivery then is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from smtpclient import MESSAGE, Delivered, deliver_once, in_loop
from smtpserver import Fault, Script

from distributor.errors import AccountTrouble, CredentialsRefused, ServerUnavailable, TooManyConnections
from distributor.states import DeliveryState, Phase, Verdict

S, V = DeliveryState, Verdict
BEFORE_THE_BODY = [Phase.MAIL, Phase.RCPT, Phase.DATA]


def assert_never_transmitted(delivered: Delivered) -> None:
    assert delivered.begun == 0
    assert delivered.server.accepted == []
    assert delivered.server.violations == []


@in_loop
async def test_a_message_goes_through_whole_and_is_accepted() -> None:
    delivered = await deliver_once()
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase) == (S.ACCEPTED, V.ACCEPTED, Phase.BODY)
    assert (outcome.code, outcome.enhanced_code, outcome.reply) == (250, "2.0.0", "2.0.0 Accepted")
    assert (outcome.server, outcome.tls) == ("mx.server.example", "")
    assert outcome.duration_ms >= 0
    assert delivered.begun == 1
    assert delivered.usable
    (accepted,) = delivered.server.accepted
    assert (accepted.recipient, accepted.message_id) == ("ada@journal.example", "<one@office.example>")
    assert delivered.server.violations == []


@in_loop
async def test_the_server_gets_the_very_bytes_of_the_message() -> None:
    delivered = await deliver_once()
    assert delivered.server.accepted[0].message == MESSAGE


@pytest.mark.parametrize("phase", BEFORE_THE_BODY)
@in_loop
async def test_a_4yz_before_the_body_defers(phase: Phase) -> None:
    delivered = await deliver_once(Fault(phase, reply="451 4.3.0 Try again"))
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase, outcome.code) == (S.DEFERRED, V.RETRY, phase, 451)
    assert_never_transmitted(delivered)
    assert delivered.usable


@pytest.mark.parametrize(
    ("phase", "state", "verdict"),
    [
        (Phase.MAIL, S.QUEUED, V.SENDER),
        (Phase.RCPT, S.REJECTED, V.HARD),
        (Phase.DATA, S.REJECTED, V.HARD),
        (Phase.BODY, S.REJECTED, V.HARD),
    ],
)
@in_loop
async def test_a_5yz_is_definite_in_every_phase(phase: Phase, state: DeliveryState, verdict: Verdict) -> None:
    delivered = await deliver_once(Fault(phase, reply="550 5.1.1 No such user"))
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase, outcome.code) == (state, verdict, phase, 550)
    assert (outcome.enhanced_code, outcome.reply) == ("5.1.1", "5.1.1 No such user")
    assert delivered.server.accepted == []
    assert delivered.server.violations == []
    assert delivered.begun == (phase is Phase.BODY)
    assert delivered.usable


@pytest.mark.parametrize("fault", ["drop", "stall"])
@pytest.mark.parametrize("phase", BEFORE_THE_BODY)
@in_loop
async def test_a_drop_or_silence_before_the_body_defers(phase: Phase, fault: str) -> None:
    delivered = await deliver_once(Fault(phase, do=fault))  # type: ignore[arg-type]  # parametrised literals
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase) == (S.DEFERRED, V.CONNECTION, phase)
    assert outcome.code is None
    assert outcome.reply
    assert_never_transmitted(delivered)
    assert not delivered.usable


@pytest.mark.parametrize("phase", [*BEFORE_THE_BODY, Phase.BODY])
@in_loop
async def test_a_421_defers_in_every_phase_and_ends_the_connection(phase: Phase) -> None:
    delivered = await deliver_once(Fault(phase, reply="421 4.3.0 Closing", then_drop=True))
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase, outcome.code) == (S.DEFERRED, V.CONNECTION, phase, 421)
    assert delivered.server.accepted == []
    assert not delivered.usable


@in_loop
async def test_a_421_that_speaks_of_throttling_ends_the_connection_too() -> None:
    delivered = await deliver_once(Fault("rcpt", reply="421 4.7.0 [TSS04] Messages temporarily deferred"))
    assert (delivered.outcome.verdict, delivered.usable) == (V.THROTTLED, False)


@in_loop
async def test_a_4yz_at_the_dot_defers() -> None:
    delivered = await deliver_once(Fault("body", reply="452 4.3.1 No space"))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.DEFERRED, V.RETRY)
    assert delivered.server.accepted == []
    assert delivered.usable


@pytest.mark.parametrize("code", [250, 251, 252, 254, 299])
@in_loop
async def test_any_2yz_at_the_dot_is_acceptance(code: int) -> None:
    delivered = await deliver_once(Fault("body", reply=f"{code} queued"))
    assert (delivered.outcome.state, delivered.outcome.code) == (S.ACCEPTED, code)
    assert len(delivered.server.accepted) == 1


@pytest.mark.parametrize("fault", ["drop", "stall", "accept_then_drop", "accept_then_stall"])
@in_loop
async def test_silence_after_the_body_is_doubt(fault: str) -> None:
    delivered = await deliver_once(Fault("body", do=fault))  # type: ignore[arg-type]  # parametrised literals
    outcome = delivered.outcome
    assert (outcome.state, outcome.verdict, outcome.phase) == (S.IN_DOUBT, V.NO_ANSWER, Phase.BODY)
    assert delivered.begun == 1
    assert len(delivered.server.accepted) == fault.startswith("accept")
    assert not delivered.usable


@pytest.mark.parametrize(
    "garbage",
    [
        "hello",
        "2",
        "999 what",
        "099 what",
        "2500 queued",
        "250_queued",
        "354 more",
        "250-" + "x" * 9000,
        "250-more\r\n250-and more" * 4000,
        "250-queued\r\n550 No",
        "550-No\r\n250 queued",
    ],
)
@in_loop
async def test_garbage_after_the_body_is_doubt(garbage: str) -> None:
    delivered = await deliver_once(Fault("body", reply=garbage))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.IN_DOUBT, V.NO_ANSWER)
    assert not delivered.usable


@pytest.mark.parametrize("reply", ["250", "250 ", "250\t", "250-\r\n250", "250-2.0.0 Ok\r\n251 queued"])
@in_loop
async def test_a_reply_may_say_nothing_but_its_code(reply: str) -> None:
    delivered = await deliver_once(Fault("body", reply=reply))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.ACCEPTED, V.ACCEPTED)
    assert delivered.usable


@pytest.mark.parametrize("phase", BEFORE_THE_BODY)
@pytest.mark.parametrize(
    "garbage", ["hello", "999 what", "25", "2500 Ok", "250-" + "x" * 9000, "250-Ok\r\n421 Bye", "550-No\r\n250 Ok"]
)
@in_loop
async def test_garbage_before_the_body_defers(phase: Phase, garbage: str) -> None:
    delivered = await deliver_once(Fault(phase, reply=garbage))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.DEFERRED, V.CONNECTION)
    assert_never_transmitted(delivered)
    assert not delivered.usable


@in_loop
async def test_a_2yz_to_data_is_out_of_step_and_no_body_is_sent() -> None:
    delivered = await deliver_once(Fault("data", reply="250 2.0.0 Ok"))
    assert (delivered.outcome.state, delivered.outcome.verdict) == (S.DEFERRED, V.CONNECTION)
    assert delivered.begun == 0
    assert not delivered.usable


# Opening the connection.


@pytest.mark.parametrize("phase", ["greeting", "ehlo"])
@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault("", reply="554 5.7.1 Go away"), AccountTrouble, "554 5.7.1 Go away"),
        (Fault("", reply="450 4.3.2 Busy"), ServerUnavailable, "450 4.3.2 Busy"),
        (Fault("", reply="421 4.3.2 Busy", then_drop=True), ServerUnavailable, "come back later"),
        (Fault("", reply="421 4.7.0 Too many concurrent connections"), TooManyConnections, "no further connection"),
        (Fault("", do="drop"), ServerUnavailable, "failed at"),
        (Fault("", do="stall"), ServerUnavailable, "in time"),
        (Fault("", reply="SSH-2.0-OpenSSH"), ServerUnavailable, "failed at"),
    ],
)
@in_loop
async def test_a_connection_that_cannot_be_opened_is_trouble_with_the_account(
    phase: str, fault: Fault, error: type[AccountTrouble], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        await deliver_once(replace(fault, phase=phase))
    assert caught.value.mend
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("auth", reply="535 5.7.8 Bad"), CredentialsRefused),
        (Fault("auth", reply="454 4.7.0 Temporary"), ServerUnavailable),
        (Fault("auth", do="drop"), ServerUnavailable),
        (Fault("auth", do="stall"), ServerUnavailable),
    ],
)
@in_loop
async def test_every_fault_of_logging_in_is_told_apart(fault: Fault, error: type[AccountTrouble]) -> None:
    script = Script(users={"presse": "secret"})
    with pytest.raises(error) as caught:
        await deliver_once(fault, script=script, username="presse", password="secret")
    assert isinstance(caught.value, CredentialsRefused) == (error is CredentialsRefused)
    assert "secret" not in str(caught.value)
