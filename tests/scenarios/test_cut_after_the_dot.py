"""The connection cut after the final dot: in doubt, by name, held until somebody decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence
from smtpserver import Accepted, Fault, Script, ScriptedServer, running

FORGOTTEN, KEPT = SHORT_LIST[3], SHORT_LIST[8]
CUTS = Script(
    faults=(
        Fault("body", do="drop", recipient=FORGOTTEN.spec, times=1),
        Fault("body", do="accept_then_drop", recipient=KEPT.spec, times=1),
    )
)


@dataclass(frozen=True)
class Cut:
    """A dispatch that was cut twice after the final dot."""

    office: Office
    server: ScriptedServer

    def to(self, address: str) -> list[Accepted]:
        """What an address was sent."""
        return [one for one in self.server.accepted if one.recipient == address]


@pytest.fixture
def cut(office: Office) -> Iterator[Cut]:
    with running(CUTS) as server:
        sending = office.at(server.port)
        ran = sending.send(SLUG, BUREAU, code=5)
        assert FORGOTTEN.spec in ran.out
        assert KEPT.spec in ran.out
        yield Cut(sending, server)
        assert server.violations == []


def test_who_is_in_doubt_is_named_and_not_sent_again(cut: Cut) -> None:
    cut.office.run("dispatches", "resume", "1", code=5)
    assert cut.office.in_doubt() == {FORGOTTEN.spec: FORGOTTEN.name, KEPT.spec: KEPT.name}
    assert cut.office.states() == {"accepted": 10, "in_doubt": 2}
    assert len(cut.to(KEPT.spec)) == 1
    assert len(cut.to(FORGOTTEN.spec)) == 0
    assert len(cut.server.accepted) == 11


def test_resend_sends_the_same_bytes_again(cut: Cut) -> None:
    identifiers = {one["address"]: one["message_id"] for one in cut.office.deliveries()}
    cut.office.run("dispatches", "resume", "1", "--in-doubt", "resend")
    first, second = cut.to(KEPT.spec)
    assert (first.sha256, first.message_id) == (second.sha256, second.message_id)
    (only,) = cut.to(FORGOTTEN.spec)
    assert only.message_id == identifiers[FORGOTTEN.spec]
    assert cut.office.states() == {"accepted": 12}
    number = next(one["id"] for one in cut.office.deliveries() if one["address"] == KEPT.spec)
    attempts = cut.office.query(f"SELECT state FROM attempt WHERE delivery_id = {number} ORDER BY number")
    assert attempts == [("in_doubt",), ("accepted",)]


def test_assume_sent_marks_accepted_and_sends_nothing(cut: Cut) -> None:
    cut.office.run("dispatches", "resume", "1", "--in-doubt", "assume-sent")
    assert cut.office.states() == {"accepted": 12}
    assert len(cut.server.accepted) == 11
    (assumed,) = (one for one in cut.office.deliveries() if one["address"] == FORGOTTEN.spec)
    assert "assumed sent by" in assumed["reason"]


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("end", ["drop", "accept_then_drop"])
def test_a_server_that_never_answers_does_not_put_the_whole_list_in_doubt(
    office: Office, end: Literal["drop", "accept_then_drop"], *, pipelining: bool
) -> None:
    """Its filter dies of each message, say: whom it has and whom it has not nobody can tell."""
    with running(Script(faults=(Fault("body", do=end),), pipelining=pipelining)) as server:
        sending = office.at(server.port, smtp_connections="2")
        said = one_sentence(sending.send(SLUG, "social", code=4))
        assert "does not answer" in said
        assert "distributor dispatches resolve 1" in said
        had_it = {one.recipient for one in server.accepted}
    assert sending.dispatch_state() == "paused"
    states = sending.states()
    assert 5 <= states["in_doubt"] <= 6, "of two connections one may have been at a message when the fifth was lost"
    assert states["queued"] == 50 - states["in_doubt"]
    with running(Script()) as mended:
        sending.at(mended.port).run("dispatches", "resume", "1", code=5)
        assert len(mended.accepted) == states["queued"]
        assert not had_it & {one.recipient for one in mended.accepted}
