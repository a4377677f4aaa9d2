"""A release that comes as a saved mail (.eml): its text is read, and what stands around it is told."""

from __future__ import annotations

import contextlib
import time
from datetime import date, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import BadInput
from distributor.releases.readers.intake import Intake, read_file
from distributor.releases.readers.mailfile import is_mail, read_mail

PARIS = ZoneInfo("Europe/Paris")
TEXT = (
    "Communiqué de presse\n\nLa piscine des Indes ferme pour six mois\n\n"
    "La piscine ferme du 4 janvier au 4 juillet 2027 pour des travaux d’étanchéité dans le grand bassin.\n\n"
    "Contact presse : Karine Lozach – 02 98 00 00 44 – presse@brele.example\n"
)
PAGE = (
    "<div><h1>La piscine ferme</h1><p>La piscine ferme pour des travaux dans le grand bassin, dit la ville.</p></div>"
)


def mail(text: str = TEXT, *, page: str = "", charset: str = "utf-8", file: str = "") -> bytes:
    made = EmailMessage()
    made["From"] = "Cabinet <cabinet@brele.example>"
    made["To"] = "Karine Lozach <presse@brele.example>"
    made["Subject"] = "CP à diffuser"
    made["Message-ID"] = "<1@brele.example>"
    if text:
        made.set_content(text, charset=charset)
        if page:
            made.add_alternative(page, subtype="html")
    else:
        made.set_content(page, subtype="html", charset=charset)
    if file:
        made.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename=file)
    return made.as_bytes()


def read(raw: bytes) -> Intake:
    return read_file(raw, file="cp.eml", timezone=PARIS, today=date(2026, 3, 2))


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_the_text_of_a_saved_mail_is_the_release(charset: str, line_end: bytes) -> None:
    taken = read(mail(charset=charset).replace(b"\n", line_end))
    draft = taken.draft
    assert draft.headline == "La piscine des Indes ferme pour six mois"
    assert draft.body.startswith("La piscine ferme du 4 janvier au 4 juillet 2027")
    assert [(one.name, one.email) for one in draft.contacts] == [("Karine Lozach", "presse@brele.example")]
    assert taken.source.split("\n")[draft.lines["headline"] - 1] == draft.headline
    told = "\n".join(remark.text for remark in draft.remarks)
    assert "the mail «CP à diffuser» of Cabinet <cabinet@brele.example>" in told


def test_what_is_attached_to_the_mail_is_named() -> None:
    told = "\n".join(remark.text for remark in read(mail(file="plan piscine.pdf")).draft.remarks)
    assert "«plan piscine.pdf»" in told


def test_of_two_forms_the_plain_one_is_read_and_a_page_where_it_is_alone() -> None:
    assert read(mail(page=PAGE)).draft.headline == "La piscine des Indes ferme pour six mois"
    assert read(mail("", page=PAGE)).draft.headline == "La piscine ferme"


def test_a_mail_without_text_is_refused_kindly() -> None:
    raw = b"MIME-Version: 1.0\nSubject: CP\nContent-Type: application/pdf\n\n%PDF"
    with pytest.raises(BadInput, match="no text") as caught:
        read(raw)
    assert caught.value.file == "cp.eml"


@pytest.mark.parametrize(
    "text",
    [
        "Communiqué de presse\n\nUn titre\n\nUn texte.\n",
        "From: Anne <a@x.example>\nSent: Monday\nTo: b@x.example\nSubject: CP\n\nUn titre\n\nUn texte.\n",
        "---\ntitle: Un titre\nlang: fr\n---\n\nMessage-ID: rien\n",
        "Titre : Message-ID\nSous-titre: rien\n\nUn texte.\n",
    ],
)
def test_a_pasted_mail_or_any_other_text_is_no_mail_file(text: str) -> None:
    assert not is_mail(text.encode())


def test_long_lists_of_fields_take_no_time() -> None:
    began = time.process_time()
    assert not is_mail(b"Nom: x\r\n" * 7000)
    assert not is_mail(b"Nom: x\r\n y\r\n" * 4000)
    assert time.process_time() - began < 2


def test_a_broken_subject_is_told_as_it_stands() -> None:
    raw = mail().replace(b"Subject: CP =?utf-8?q?=C3=A0?= diffuser", b"Subject: =?utf-8?b?a?=")
    assert "=?utf-8?b?a?=" in raw.decode()
    told = "\n".join(remark.text for remark in read(raw).draft.remarks)
    assert "the mail «=?utf-8?b?a?=» of" in told


def test_a_mail_of_thousands_of_mails_is_refused_kindly() -> None:
    nested = (b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(2_000))
    with pytest.raises(BadInput, match="cannot be taken apart"):
        read(b"MIME-Version: 1.0\n" + b"".join(nested))


@given(st.binary(max_size=400))
def test_any_mail_is_read_or_refused_kindly(body: bytes) -> None:
    raw = b"MIME-Version: 1.0\nMessage-ID: <1@x.example>\nContent-Type: text/plain; charset=x-nobody\n\n" + body
    assert is_mail(raw)
    with contextlib.suppress(BadInput):
        assert read_mail(raw).content.strip()


@pytest.mark.parametrize("page", ["", PAGE, f"<html><head><title>x</title></head><body>{PAGE}</body></html>"])
def test_an_embargo_that_only_the_subject_tells_holds(page: str) -> None:
    raw = mail("" if page else TEXT, page=page).replace(
        b"Subject: CP =?utf-8?q?=C3=A0?= diffuser", b"Subject: CP piscine [EMBARGO 3/3/2026 6h]"
    )
    draft = read(raw).draft
    assert draft.embargo_until == datetime(2026, 3, 3, 6, tzinfo=PARIS)
    assert draft.headline.startswith("La piscine")
    assert "Objet" not in draft.body


def test_lines_that_a_mailer_let_flow_are_one_paragraph() -> None:
    flowed = mail(TEXT.replace("des travaux ", "des travaux \n")).replace(
        b'charset="utf-8"', b'charset="utf-8"; format=flowed', 1
    )
    assert "pour des travaux d’étanchéité" in read(flowed).draft.body
