"""What no release may lack, datelines, embargoes and leftovers: where the rules speak and where they keep silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from distributor.releases.kinds import ReleaseKind
from distributor.releases.proof import Finding, Level, ProofSubject, RenderFailure, proof
from distributor.releases.readers.document import PressContact, ReleaseDraft, read_release

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 12, 12, tzinfo=PARIS)
GOOD = """Des horaires de nuit à revoir

Les salariés de la filière demandent depuis des mois que les horaires de nuit soient revus avec eux.

Contact presse : Jeanne Martin – 06 12 34 56 78 – j.martin@ateliers.example

Brest, le 12 mars 2026
"""


def subject(
    source: str = GOOD,
    send: datetime = NOON,
    failures: tuple[RenderFailure, ...] = (),
) -> ProofSubject:
    draft = read_release(source.encode(), file="release.txt", timezone=PARIS)
    return ProofSubject(draft, source, send, PARIS, failures)


def found(source: str = GOOD, send: datetime = NOON) -> dict[str, Finding]:
    return {finding.code: finding for finding in proof(subject(source, send))}


def with_draft(**changes: object) -> dict[str, Finding]:
    one = subject()
    changed: ReleaseDraft = replace(one.draft, **changes)  # type: ignore[arg-type]  # each test names a real field
    return {finding.code: finding for finding in proof(replace(one, draft=changed))}


def test_a_good_release_has_nothing_to_say() -> None:
    assert proof(subject()) == []


def test_a_naive_send_time_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        subject(send=datetime(2026, 3, 12, 9))  # noqa: DTZ001  # a naive time is what is being refused


def test_undefined_fields_are_grouped() -> None:
    failures = [
        RenderFailure(f"p{number}@x.example", "'salutation' is undefined", 4, "message.txt.j2") for number in range(5)
    ]
    failures.append(RenderFailure("q@x.example", "'outlet' is undefined"))
    first, second = proof(subject(failures=tuple(failures)))
    assert (first.code, first.level, first.line) == ("undefined-field", Level.STOP, None)
    assert "1 recipient (q@x.example)" in first.message
    assert "5 recipients (p0@x.example, p1@x.example, p2@x.example, …): 'salutation' is undefined." in second.message
    assert (second.line, second.excerpt) == (4, "message.txt.j2")


def test_empty_headline_and_body_stop() -> None:
    assert with_draft(headline=" ")["headline-empty"].level is Level.STOP
    assert with_draft(body="\n")["body-empty"].level is Level.STOP


@pytest.mark.parametrize(
    ("contacts", "codes"),
    [
        ((), {"contact-missing": Level.STOP}),
        ((PressContact(role="Presse"),), {"contact-missing": Level.STOP}),
        ((PressContact("A B", email="a@x.example"),), {"contact-phone": Level.WARN}),
        ((PressContact("A B"),), {"contact-phone": Level.WARN, "contact-address": Level.WARN}),
        ((PressContact(email="a@x.example", phone="0123456789"),), {"contact-name": Level.WARN}),
        ((PressContact("A B", email="a@x", phone="0123456789"),), {"contact-address": Level.STOP}),
        ((PressContact("A B"), PressContact("C D", "", "c@x.example", "0123456789")), {}),
    ],
)
def test_press_contact(contacts: tuple[PressContact, ...], codes: dict[str, Level]) -> None:
    assert {code: finding.level for code, finding in with_draft(contacts=contacts).items()} == codes


def test_a_contact_in_the_text_only_warns() -> None:
    findings = with_draft(contacts=(), body="Écrire à [nous](mailto:presse@x.example).")
    assert findings["contact-missing"].level is Level.WARN
    assert "presse@x.example" in findings["contact-missing"].excerpt


@pytest.mark.parametrize(
    ("day", "send", "code", "level"),
    [
        (date(2026, 3, 12), datetime(2026, 3, 12, 9, tzinfo=PARIS), "", None),
        (date(2026, 3, 11), datetime(2026, 3, 12, 9, tzinfo=PARIS), "", None),
        (date(2026, 3, 13), datetime(2026, 3, 12, 9, tzinfo=PARIS), "", None),
        (date(2026, 3, 13), datetime(2026, 3, 12, 23, 30, tzinfo=UTC), "", None),
        (date(2026, 3, 10), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-far", Level.WARN),
        (date(2026, 3, 5), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-far", Level.WARN),
        (date(2026, 3, 4), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-far", Level.STOP),
        (date(2026, 3, 14), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-far", Level.STOP),
        (date(2025, 12, 31), datetime(2026, 1, 2, 9, tzinfo=PARIS), "dateline-far", Level.WARN),
        (date(2025, 12, 31), datetime(2026, 1, 1, 9, tzinfo=PARIS), "", None),
        (date(2025, 3, 12), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-year", Level.STOP),
        (date(2021, 1, 13), datetime(2022, 1, 13, 9, tzinfo=PARIS), "dateline-year", Level.STOP),
        (date(2021, 1, 13), datetime(2026, 11, 3, 9, tzinfo=PARIS), "dateline-year", Level.STOP),
        (date(2027, 3, 12), datetime(2026, 3, 12, 9, tzinfo=PARIS), "dateline-year", Level.STOP),
    ],
)
def test_dateline_against_the_day_of_sending(day: date, send: datetime, code: str, level: Level | None) -> None:
    one = subject(send=send)
    findings = proof(replace(one, draft=replace(one.draft, dateline_date=day)))
    assert [(finding.code, finding.level) for finding in findings] == ([(code, level)] if level else [])
    for finding in findings:
        assert (finding.line, finding.excerpt) == (7, "Brest, le 12 mars 2026")
        assert f"--override {code} --because" in finding.mend


@pytest.mark.parametrize(("until", "speaks"), [(14, False), (20, True)])
def test_what_is_held_may_be_dated_of_the_day_on_which_it_comes_out(until: int, speaks: bool) -> None:
    one = subject(send=datetime(2026, 3, 12, 9, tzinfo=PARIS))
    embargo = datetime(2026, 3, until, 0, 1, tzinfo=PARIS)
    held = replace(one.draft, dateline_date=date(2026, 3, 14), embargo_until=embargo)
    assert ("dateline-far" in {finding.code for finding in proof(replace(one, draft=held))}) is speaks


def test_the_january_trap_gets_its_own_words() -> None:
    source = GOOD.replace("12 mars 2026", "13 janvier 2021")
    finding = found(source, send=datetime(2022, 1, 14, 9, tzinfo=PARIS))["dateline-year"]
    assert "year has just changed" in finding.message
    assert "«Brest, le 13 janvier 2022»" in finding.mend
    later = found(source, send=datetime(2026, 11, 3, 9, tzinfo=PARIS))["dateline-year"]
    assert "«Brest, le 3 novembre 2026»" in later.mend


def test_missing_dateline_warns() -> None:
    assert "no dateline" in with_draft(dateline_date=None, dateline_place="")["dateline-missing"].message
    assert with_draft(dateline_date=None)["dateline-computed"].level is Level.NOTE
    assert "no place in" in with_draft(dateline_place="")["dateline-missing"].message


def test_weekdays_fit_their_dates() -> None:
    assert "dateline-weekday" not in found(GOOD.replace("le 12 mars", "jeudi 12 mars"))
    wrong = found(GOOD.replace("le 12 mars", "lundi 12 mars"))["dateline-weekday"]
    assert (wrong.level, wrong.line) == (Level.STOP, 7)
    assert "«jeudi»" in wrong.mend
    in_text = found(GOOD.replace("revus avec eux", "revus avec eux avant le mardi 3 avril 2026"))["date-weekday"]
    assert (in_text.level, in_text.line, "mardi 3 avril 2026" in in_text.excerpt) == (Level.WARN, 3, True)
    assert found(GOOD.replace("revus avec eux", "revus le vendredi 3 avril 2026 et le lundi 4 mai")) == {}
    beside = GOOD.replace("revus avec eux", "revus le jeudi 2 avril 2026 et non le mercredi 2 avril")
    assert found(beside)["date-weekday"].level is Level.WARN, "another date of this year stands beside it"
    assert found(beside.replace("2 avril 2026", "2 avril 2025").replace("jeudi", "mercredi")) == {}


def test_no_weekday_is_reckoned_from_a_year_that_is_refused() -> None:
    slip = GOOD.replace("2026", "2025")
    for day in ("jeudi 19 mars", "jeudi 19 mars 2026", "mercredi 19 mars 2025"):
        assert set(found(slip.replace("revus avec eux", f"revus le {day}"))) == {"dateline-year"}
    for day in ("mercredi 19 mars", "lundi 19 mars 2025"):
        wrong = found(slip.replace("revus avec eux", f"revus le {day}"))["date-weekday"]
        assert (wrong.message, "«jeudi»" in wrong.mend) == ("19 March 2026 is a Thursday, not the day written.", True)
    assert set(found(slip.replace("le 12 mars", "jeudi 12 mars"))) == {"dateline-year"}
    assert "«jeudi»" in found(slip.replace("le 12 mars", "mercredi 12 mars"))["dateline-weekday"].mend


@pytest.mark.parametrize(
    ("words", "speaks"),
    [
        ("Ce texte est diffusé sous embargo jusqu'au 13 mars à 9 h.", True),
        ("The report is embargoed until Friday.", True),
        ("L'embargo sur les armes est levé le 13 mars.", False),
        ("Les vins sous embargo depuis 2014 reviennent.", False),
        ("L'ONU prolonge l'embargo sur les armes. Le pays reste sous embargo jusqu'en 2027.", False),
        ("Un État sous embargo jusqu'au 31 mai 2027 ne peut acheter ni munitions ni drones.", False),
        ("Le Sud-Maran restera sous embargo jusqu'en 2027, a décidé le Conseil.", False),
        ("Sous embargo jusqu'à la fin de 2027, l'île manque de tout.", False),
        ("The country is under embargo until June 2027.", False),
        ("Grain is embargoed until 2027, the council says.", False),
        ("Les chiffres des exportations sont sous embargo jusqu'au 31 mai 2026.", True),
        ("Le pays est sous embargo jusqu'au 13 mars à 9 h.", True),
        ("Ces informations sont sous embargo jusqu'en avril 2026.", True),
        ("Sous embargo jusqu'en avril 2026.", True),
    ],
)
def test_an_embargo_that_only_the_text_knows_stops(words: str, speaks: bool) -> None:
    assert ("embargo-unset" in found(GOOD.replace("\n\n", f"\n\n{words} ", 1))) is speaks


def test_embargo() -> None:
    past, ahead = datetime(2026, 3, 11, 18, tzinfo=PARIS), datetime(2026, 3, 12, 18, tzinfo=PARIS)
    assert with_draft(embargo_until=past)["embargo-past"].level is Level.WARN
    assert with_draft(embargo_until=ahead)["embargo-ahead"].level is Level.NOTE
    assert not {"embargo-past", "embargo-ahead"} & set(with_draft(embargo_until=NOON)), "it leaves as it ends"


@pytest.mark.parametrize("kind", [ReleaseKind.CORRECTION, ReleaseKind.RETRACTION, ReleaseKind.FOLLOW_UP])
def test_what_speaks_of_a_release_whose_embargo_is_over_is_not_told_to_take_it_out(kind: ReleaseKind) -> None:
    assert "embargo-past" not in with_draft(embargo_until=datetime(2026, 3, 11, 18, tzinfo=PARIS), kind=kind)


PLACEHOLDERS = [
    "le XX mars 2026", "près de XXX euros", "à XXh", "à XXhXX", "M. XX a dit", "Monsieur XXX", "06 XX XX XX XX",
    "xx %", "xx/xx/2026", "l'organisation XYZ", "[à compléter]", "[À COMPLÉTER]", "[nom]", "[Nom du signataire]",
    "[date]", "[lieu, date]", "[chiffre]", "06.XX.XX.XX.XX", "[insert quote]", "[your name]", "[TBC]", "[XX]",
    "(à préciser)", "(à confirmer)", "(TBC)", "TBC", "TBD", "TODO", "Lorem ipsum dolor", "le ____ mars",
    "combien ???", "<insérer la citation>", "<nom>", "le ........ mars", "[???]",
]  # fmt: skip
INNOCENT = [
    "au XXe siècle", "au XXᵉ siècle", "le XXI e siècle", "XXIe", "Louis XX", "Louis XXX", "le chapitre XX",
    "taille XXL", "Vatican II", "Super Bowl XXX", "les tomes XIX et XX", "le XX congrès", "[…]", "[...]",
    "« Nous [les salariés] voulons »", "[notre appel](https://x.example)", "(nom masculin)", "il reste à préciser",
    "Que dire ? Non !", "5 < 6 > 4", "<https://x.example>", "foo_bar", "snake__case", "et ainsi de suite...",
    "https://x.example/xx", "le nom, la date", "Maxxi", "la société (date de création : 1987)", "[sic]",
    "page www.xxx-archives.example",
]  # fmt: skip


@pytest.mark.parametrize("words", PLACEHOLDERS)
def test_placeholders_stop(words: str) -> None:
    findings = found(GOOD.replace("revus avec eux", f"revus {words} avec eux"))
    assert list(findings) == ["placeholder"]
    assert findings["placeholder"].level is Level.STOP
    assert findings["placeholder"].line == 3
    assert words in findings["placeholder"].excerpt


@pytest.mark.parametrize("words", INNOCENT)
def test_what_only_looks_like_a_placeholder(words: str) -> None:
    assert found(GOOD.replace("revus avec eux", f"revus {words} avec eux")) == {}


def test_placeholders_in_headline_contact_and_on_their_own_lines() -> None:
    source = (
        GOOD.replace("Des horaires", "XX horaires").replace("Brest", "[Ville]").replace("j.martin@", "XX XX, j.martin@")
    )
    lines = [finding.line or 0 for finding in proof(subject(source)) if finding.code == "placeholder"]
    assert lines == sorted(lines)
    assert {1, 5} <= set(lines)


@pytest.mark.parametrize(
    "mark",
    [
        "{{ first_name }}",
        "{% if x %}",
        "{nom}",
        "{Prénom Nom}",
        "${name}",
        "*|FNAME|*",
        "<<Nom>>",
        "[[nom]]",
        "%%name%%",
        "%PRENOM%",
        "{{",
    ],
)
def test_template_marks_stop(mark: str) -> None:
    findings = found(GOOD.replace("Les salariés", f"Cher {mark}, les salariés"))
    assert findings["template-braces"].level is Level.STOP
    assert findings["template-braces"].line == 3


@pytest.mark.parametrize("words", ["`{name}` dans du code", "100 % d'entre eux", "{1, 2}", "l'ensemble {}", "25%"])
def test_braces_that_are_no_template(words: str) -> None:
    assert with_draft(body=f"Les salariés disent {words}.") == {}


def test_edit_marks_and_broken_accents_warn() -> None:
    findings = with_draft(body="Un ~~vieux~~ texte.\n\n<!-- revoir -->\n\nDes salariÃ©s.")
    assert {code: finding.level for code, finding in findings.items()} == dict.fromkeys(
        ("strikethrough", "edit-comment", "garbled-text"), Level.WARN
    )


def test_language_of_the_text() -> None:
    body = "The people who work on the boats have asked that their hours be set with them and not without them."
    assert with_draft(body=body)["language"].level is Level.WARN
    assert with_draft(body=body, lang="en") == {}


def test_stops_come_first_then_lines() -> None:
    findings = proof(
        subject(GOOD.replace("revus", "XX").replace("– 06 12 34 56 78 ", "").replace("12 mars", "20 mars"))
    )
    assert [(finding.level, finding.line) for finding in findings] == [
        (Level.STOP, 3),
        (Level.STOP, 7),
        (Level.WARN, 5),
    ]
