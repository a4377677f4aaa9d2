"""A refusal that everybody is given: told by its words, whoever is named in it, and only where nobody gets through."""

from __future__ import annotations

import pytest
from ledgerbase import ACCEPTED

from distributor.dispatch.unison import MANY, Alike, Unison
from distributor.states import Outcome, Phase
from distributor.transport.replies import classify, no_answer

SILENCE = no_answer("Connection lost")


def refused(text: str, code: int = 550, phase: Phase = Phase.RCPT) -> Outcome:
    return classify(phase, code, text)


def heard(unison: Unison, outcomes: list[Outcome], domains: list[str] | None = None) -> list[Alike | None]:
    names = domains or [f"jour{number}.example" for number in range(len(outcomes))]
    return [unison.hears(f"anne@{name}", name, one) for name, one in zip(names, outcomes, strict=True)]


def test_the_fifth_newsroom_that_hears_the_same_is_one_too_many() -> None:
    assert heard(Unison(), [refused("Plan over")] * (MANY + 1)) == [None] * (MANY - 1) + [Alike.REFUSED] * 2


def test_who_is_named_and_under_which_number_makes_no_difference() -> None:
    said = [
        refused(f"<anne@jour{number}.example>: Plan over (4Bx{number}1, 12:00:0{number})") for number in range(MANY)
    ]
    assert heard(Unison(), said)[-1]


def test_one_acceptance_says_that_it_was_about_them() -> None:
    said = [refused("Plan over")] * (MANY - 1)
    assert not any(heard(Unison(), [*said, ACCEPTED, *said]))


@pytest.mark.parametrize("text", ["5.1.1 User unknown", "5.2.2 Mailbox full"])
def test_addresses_that_are_gone_are_as_many_as_there_are(text: str) -> None:
    assert not any(heard(Unison(), [refused(text)] * 3 * MANY))


def test_a_quota_that_is_said_to_be_nobodys_may_be_ours() -> None:
    """«Quota exceeded», and not a word of whose: of five newsrooms in a row it is hardly each one's mailbox."""
    assert heard(Unison(), [refused("Quota exceeded", 552)] * MANY)[-1]
    assert not any(heard(Unison(), [refused("Mailbox quota exceeded", 552)] * 3 * MANY))
    assert not any(heard(Unison(), [refused(f"<anne@jour{one}.example>: over quota") for one in range(3 * MANY)]))


def test_one_provider_that_refuses_is_one() -> None:
    assert not any(heard(Unison(), [refused("5.7.1 No")] * 3 * MANY, ["jour.example"] * 3 * MANY))


def test_other_words_are_another_refusal() -> None:
    assert not any(heard(Unison(), [refused(text) for text in ("No", "Never", "Not you", "Away", "Out", "Go")]))


@pytest.mark.parametrize(("connections", "many"), [(1, MANY), (MANY - 1, MANY), (20, 21)])
def test_more_messages_without_an_answer_than_one_fault_of_the_network_explains(connections: int, many: int) -> None:
    assert heard(Unison(connections=connections), [SILENCE] * many) == [None] * (many - 1) + [Alike.UNANSWERED]


def test_one_acceptance_says_that_the_server_answers() -> None:
    assert not any(heard(Unison(), [*[SILENCE] * (MANY - 1), ACCEPTED, *[SILENCE] * (MANY - 1)]))
