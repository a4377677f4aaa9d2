"""Bounces in the words of many mail servers: whom they name, what they say of them."""

from __future__ import annotations

import pytest
from comebacks import FORMS, bounce, letter, report

from distributor.feedback.events import Judgement, Kind
from distributor.feedback.reading import read_message


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read(name: str) -> None:
    subject, text, addresses, verdict, reason = FORMS[name]
    found = read_message(bounce(subject, text)).findings
    assert sorted(one.address for one in found) == sorted(addresses)
    assert {str(one.judgement) for one in found} == {verdict}
    if reason:
        assert found[0].reason == reason


def test_without_the_other_reader_hardly_any_form_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own rules stand on their own feet."""
    monkeypatch.setattr("distributor.feedback.reading._others", lambda _raw: {})
    missed = [
        name
        for name, (subject, text, addresses, _, _) in FORMS.items()
        if sorted(one.address for one in read_message(bounce(subject, text)).findings) != sorted(addresses)
    ]
    assert missed == []


def test_a_report_with_several_recipients() -> None:
    found = read_message(
        report(
            "Final-Recipient: rfc822; lea@journal.example", "Action: failed", "Status: 5.1.1",
            "Diagnostic-Code: smtp; 550 5.1.1 User unknown", "",
            "Final-Recipient: rfc822; paul@gazette.example", "Action: delayed", "Status: 4.4.1", "",
            "Final-Recipient: rfc822; zoe@radio.example", "Action: delivered", "Status: 2.0.0",
        )
    )  # fmt: skip
    assert [(one.address, one.judgement, one.is_dead, one.final) for one in found.findings] == [
        ("lea@journal.example", Judgement.PERMANENT, True, True),
        ("paul@gazette.example", Judgement.TEMPORARY, False, False),
        ("zoe@radio.example", Judgement.NOT_A_BOUNCE, False, False),
    ]
    assert found.kind is Kind.BOUNCE


@pytest.mark.parametrize(
    ("action", "kind"),
    [("relayed", Kind.DELIVERED), ("expanded", Kind.DELIVERED), ("delayed", Kind.DELAY), ("failed", Kind.BOUNCE)],
)
def test_the_action_says_what_it_is(action: str, kind: Kind) -> None:
    assert (
        read_message(report("Final-Recipient: rfc822; a@b.example", f"Action: {action}", "Status: 4.0.0")).kind is kind
    )


def test_an_international_address_is_decoded() -> None:
    found = read_message(
        report(r"Final-Recipient: utf-8; l\x{E9}a@journal.example", "Action: failed", "Status: 5.1.1")
    ).findings
    assert found[0].address == "léa@journal.example"


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.7.26"])
def test_a_code_above_500_alone_kills_no_address(status: str) -> None:
    found = read_message(report("Final-Recipient: rfc822; a@b.example", "Action: failed", f"Status: {status}")).findings
    assert (found[0].judgement, found[0].is_dead) == (Judgement.PERMANENT, False)


@pytest.mark.parametrize(
    ("subject", "text", "headers"),
    [
        ("Re: Bilan", "Bonjour, votre message n'a pas pu être remis à lea@journal.example, renvoyez-le.", []),
        ("Question", "Your mail to bob@x.example could not be delivered, they told me. Can you resend?", []),
        ("Réponse automatique : Bilan", "Je suis absente, de retour le 3 janvier.", ["Auto-Submitted: auto-replied"]),
        ("Newsletter", "550 user unknown <a@b.example>", ["List-Id: <x.example>"]),
        ("Read: Bilan", "Your message was read on Saturday.", []),
    ],
)
def test_what_people_write_is_no_bounce(subject: str, text: str, headers: list[str]) -> None:
    found = read_message(letter("Claire <claire@journal.example>", subject, text, *headers))
    assert found.kind not in {Kind.BOUNCE, Kind.DELAY}
    assert {one.judgement for one in found.findings} <= {Judgement.NOT_A_BOUNCE}
