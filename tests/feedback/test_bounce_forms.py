"""Bounces in the words of many mail servers: whom they name, what they say of them."""

from __future__ import annotations

import pytest
from comebackforms import LEA, TOLD
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


@pytest.mark.parametrize("name", TOLD)
def test_every_tongue_is_read(name: str) -> None:
    subject, text, addresses, verdict, reason, is_dead = TOLD[name]
    found = read_message(bounce(subject, text)).findings
    assert [(one.address, str(one.judgement)) for one in found] == [(address, verdict) for address in addresses]
    assert found[0].reason == (reason or found[0].reason)
    assert found[0].is_dead is (found[0].is_dead if is_dead is None else is_dead)


def test_without_the_other_reader_hardly_any_form_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own rules stand on their own feet."""
    monkeypatch.setattr("distributor.feedback.reading._others", lambda _raw: {})
    missed = [
        name
        for name, (subject, text, addresses, *_) in (FORMS | TOLD).items()
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


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (["Final-Recipient: rfc822; <lea@journal.example>", "Action: failed", "Status: 5.1.1 (no)"], (True, "5.1.1")),
        (["FINAL-RECIPIENT: RFC822; lea@journal.example", "ACTION: FAILED", "STATUS: 5.1.1"], (True, "5.1.1")),
        (["Final-Recipient: rfc822; lea@journal.example", "Diagnostic-Code: smtp; 550 no such user"], (True, "")),
        (["Original-Recipient: rfc822; lea@journal.example", "Action: failed", "Status: 5.3.0"], (False, "5.3.0")),
        (["Final-Recipient: rfc822; lea", "Action: failed", "Status: 5.1.1"], (True, "5.1.1")),
    ],
)
def test_reports_that_leave_things_out(fields: list[str], wanted: tuple[bool, str]) -> None:
    found = read_message(report(*fields, returned=f"To: {LEA}\r\nFrom: press@office.example")).findings
    assert [(one.address, str(one.judgement), one.is_dead, one.status) for one in found] == [
        (LEA, "permanent", *wanted)
    ]


def test_the_address_we_wrote_to_is_kept_beside_the_one_that_failed() -> None:
    subject, text, *_ = TOLD["exim-full"]
    assert read_message(bounce(subject, text)).findings[0].other_address == "redaction@journal.example"
    found = read_message(
        report(
            "Original-Recipient: rfc822;lea+2Bpresse@journal.example", "Final-Recipient: rfc822; box@other.example",
            "Action: failed", "Status: 5.1.1",
        )
    ).findings  # fmt: skip
    assert (found[0].address, found[0].other_address) == ("lea+presse@journal.example", "box@other.example")


def test_a_domain_that_does_not_exist_is_dead_whatever_the_digit() -> None:
    said = "Diagnostic-Code: smtp; DNS Error: DNS type 'mx' lookup of jurnal.example responded with code NXDOMAIN"
    for words, dead in ((said, True), ("Diagnostic-Code: smtp; Host not found, try again", False)):
        found = read_message(
            report("Final-Recipient: rfc822; a@jurnal.example", "Action: failed", "Status: 4.0.0", words)
        )
        assert found.findings[0].is_dead is dead


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("4.2.1", "450 4.2.1 mailbox unavailable"),
        ("4.3.5", "451 4.3.5 <a@b.example>: Recipient address rejected: Server configuration error"),
        ("5.7.1", "550 5.7.1 This server does not accept mail from dynamic addresses"),
        ("5.0.0", "550 HELO name not valid"),
        ("5.0.0", "550 Attachment name not accepted"),
        ("5.7.1", "550 5.7.1 Not in the recipient's allowed senders"),
    ],
)
def test_what_is_not_said_of_the_mailbox_kills_no_address(status: str, said: str) -> None:
    fields = [
        "Final-Recipient: rfc822; a@b.example",
        "Action: failed",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; {said}",
    ]
    assert not read_message(report(*fields)).findings[0].is_dead


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("claire@office.example", "Tr: retour"),
        (
            "MAILER-DAEMON@mx.office.example",
            "Undelivered Mail Returned to Sender",
        ),  # a gateway's notice is set under it
    ],
)
def test_a_report_that_is_handed_on_with_a_word_is_read(sender: str, subject: str) -> None:
    inner = report(f"Final-Recipient: rfc822; {LEA}", "Action: failed", "Status: 5.1.1")
    parts = [b"Content-Type: text/plain\r\n\r\nVoir ci-joint.", b"Content-Type: message/rfc822\r\n\r\n" + inner]
    body = b"\r\n--z\r\n".join([b"", *parts]) + b"\r\n--z--\r\n"
    head = f"From: {sender}\r\nSubject: {subject}\r\nContent-Type: multipart/mixed; boundary=z\r\n".encode()
    assert [(one.address, one.is_dead) for one in read_message(head + body).findings] == [(LEA, True)]


@pytest.mark.parametrize(
    ("subject", "text", "kind", "back_on"),
    [
        ("Absence", "Votre message n'a pas été transféré. De retour le 3 janvier.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        (
            "Re: La remise des prix",
            "En congé jusqu'au 3 janvier, impossible de lire.",
            Kind.OUT_OF_OFFICE,
            "2027-01-03",
        ),
        ("Abwesenheitsnotiz", "Ich bin bis zum 3. Januar nicht im Büro.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        ("Respuesta automática", "Fuera de la oficina hasta el 3 de enero.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        ("Risposta automatica", "Sono fuori ufficio fino al 3 gennaio.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        ("Automatisch antwoord", "Ik ben afwezig tot 3 januari.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        ("Resposta automática", "Estou de férias até 3 de janeiro.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        ("Absente jusqu'au 3 janvier", "Je lirai votre message à mon retour.", Kind.OUT_OF_OFFICE, "2027-01-03"),
        (
            "Réponse automatique : Une exposition jusqu'au 3 janvier",
            "Je suis absente du bureau.",
            Kind.OUT_OF_OFFICE,
            "",
        ),
        ("Votre demande", "Votre message n'a pas pu être traité tout de suite.", Kind.AUTO_REPLY, ""),
    ],
)
def test_an_answering_machine_without_a_return_path_is_no_bounce(
    subject: str, text: str, kind: Kind, back_on: str
) -> None:
    raw = letter(
        f"Léa <{LEA}>", subject, f"{text} paul@journal.example", "Return-Path: <>", "Auto-Submitted: auto-replied"
    )
    found = read_message(raw)
    assert (found.kind, found.absence.back_on) == (kind, back_on)
    assert {one.judgement for one in found.findings} == {Judgement.NOT_A_BOUNCE}
