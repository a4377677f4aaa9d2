"""Reading Markdown releases and refusing what is none: each refusal names its file, line and way to mend."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import BadInput
from distributor.releases.readers.document import (
    PressContact,
    ReleaseDraft,
    ReleaseKind,
    Signatory,
    decode_source,
    read_release,
)

PARIS = ZoneInfo("Europe/Paris")
KAZAKHSTAN = Path(__file__).parents[3] / "shared/releases/communique-kazakhstan.txt"


def read(source: str | bytes, file: str = "release.md", **options: object) -> ReleaseDraft:
    raw = source if isinstance(source, bytes) else source.encode()
    return read_release(raw, file=file, timezone=PARIS, **options)  # type: ignore[arg-type]  # options of one test each


def front(lines: str, body: str = "Un texte assez long pour tenir lieu de corps.") -> str:
    return f"---\ntitle: Un titre\n{lines}\n---\n\n{body}\n"


def test_all_keys() -> None:
    draft = read(
        """---
title: "Grève : la suite"
lang: FR
kind: advisory
standfirst: En bref.
dateline: {place: Le Havre, date: 2026-03-12}
embargo: 2026-03-12T18:00
sector: Transports
signatory: {name: Yann Le Goff, role: Secrétaire général, sector: Mer}
contact:
  - {name: Jeanne Martin, role: Presse, email: J.Martin@Ateliers.example, phone: 0123456789}
  - name: Karim Benali
boilerplate: |
  Les Ateliers réunis.
attachments: [carte.pdf, photo.jpg]
rubrique: {une: 1, deux: [oui, 2026-03-12, true, 0123, 1.5, ~]}
---

Le *texte*
tel quel.
"""
    )
    assert draft.headline == "Grève : la suite"
    assert (draft.lang, draft.kind, draft.standfirst) == ("fr", ReleaseKind.ADVISORY, "En bref.")
    assert (draft.dateline_place, draft.dateline_date) == ("Le Havre", date(2026, 3, 12))
    assert draft.embargo_until == datetime(2026, 3, 12, 18, tzinfo=PARIS)
    assert draft.sector == "Transports"
    assert draft.signatory == Signatory("Yann Le Goff", "Secrétaire général", "Mer")
    assert draft.contacts == (
        PressContact("Jeanne Martin", "Presse", "J.Martin@ateliers.example", "0123456789"),
        PressContact("Karim Benali"),
    )
    assert (draft.boilerplate, draft.attachments) == ("Les Ateliers réunis.", ("carte.pdf", "photo.jpg"))
    assert draft.extra == {"rubrique": {"une": 1, "deux": ["oui", "2026-03-12", True, "0123", 1.5, None]}}
    assert draft.body == "Le *texte*\ntel quel."
    assert (draft.lines["headline"], draft.lines["embargo_until"], draft.lines["body"]) == (2, 7, 18 + 1)
    assert any("rubrique" in remark.text for remark in draft.remarks)
    assert any("Europe/Paris" in remark.text for remark in draft.remarks)


@pytest.mark.parametrize("title", ["2026", "no", "2026-12-01", "1.50", "0x1F", "~tilde", "null et vide", "12:30", "on"])
def test_a_title_is_the_text_the_user_wrote(title: str) -> None:
    assert read(f"---\ntitle: {title}\n---\nDu texte.").headline == title


def test_first_heading_is_the_headline() -> None:
    draft = read("\n\n# Un **titre** #\n\nDu texte.\n\n## Suite\n\nEncore.")
    assert (draft.headline, draft.body, draft.lines["headline"]) == ("Un titre", "Du texte.\n\n## Suite\n\nEncore.", 3)
    assert read("# Titre\n\nDu texte.", file="release.txt").headline == "Titre"


def test_what_an_invitation_a_correction_and_the_readers_of_a_list_need() -> None:
    draft = read(
        front(
            "event: {date: mardi 3 mars, place: Brest, rsvp: presse@x.example}\n"
            "changes: [le jour est mardi, 'et **non** lundi']\n"
            "notes: {Presse sociale: Pour vous., europe: Pour l’Europe.}"
        )
    )
    assert draft.extra == {
        "event": {"date": "mardi 3 mars", "place": "Brest", "rsvp": "presse@x.example"},
        "changes": "- le jour est mardi\n- et **non** lundi",
        "notes": {"presse-sociale": "Pour vous.", "europe": "Pour l’Europe."},
    }
    assert draft.remarks == ()
    assert read(front("changes: Le jour.")).extra == {"changes": "Le jour."}
    for wrong in ("notes: à tous", "event: mardi", "changes: {a: b}"):
        with pytest.raises(BadInput) as caught:
            read(front(wrong))
        assert (caught.value.line, caught.value.field) == (3, wrong.partition(":")[0])


def test_short_and_empty_values() -> None:
    draft = read(front("dateline: Paris, le 3 mars 2026\nsignatory: Yann\ncontact: []\nkind:\nattachments: a.pdf"))
    assert (draft.dateline_place, draft.dateline_date) == ("Paris", date(2026, 3, 3))
    assert draft.signatory == Signatory("Yann")
    assert (draft.contacts, draft.kind, draft.attachments) == ((), ReleaseKind.RELEASE, ("a.pdf",))
    odd = read(front("dateline: {place: Paris, day: 3}\ncontact: {name: Jeanne, twitter: jm}"))
    assert odd.extra == {"dateline.day": 3, "contact.twitter": "jm"}


def test_rules_and_empty_front_matter() -> None:
    assert read("---\n\n# Titre\n\nDu texte.\n\n---\n").headline == "Titre"
    assert read("---\n# rien\n---\n# Titre\n\nDu texte.").headline == "Titre"


def test_a_title_repeated_as_heading_stands_once() -> None:
    assert read("---\ntitle: Un titre\n---\n\n# Un titre\n\nDu texte.").body == "Du texte."


def test_markdown_gives_up_an_unmistakable_contact_and_dateline() -> None:
    draft = read(
        "# Titre\n\nDu texte.\n\n## Contact presse\n\n"
        "Jeanne Martin \\\n[Écrire](mailto:j.martin@ateliers.example)\n\nBrest, le 12 mars 2026"
    )
    assert draft.body == "Du texte."
    assert [one.email for one in draft.contacts] == ["j.martin@ateliers.example"]
    assert (draft.dateline_place, draft.dateline_date) == ("Brest", date(2026, 3, 12))
    said = "\n".join(remark.text for remark in draft.remarks)
    assert "«## Contact presse" in said
    assert "«Brest, le 12 mars 2026»" in said


def test_markdown_keeps_a_contact_section_that_text_follows() -> None:
    draft = read("# Titre\n\n## Contact\n\nj.martin@ateliers.example\n\n## Suite\n\nDu texte, encore.")
    assert draft.contacts == ()
    assert "j.martin@ateliers.example" in draft.body


def test_front_matter_contact_leaves_the_text_alone() -> None:
    draft = read(front("contact: {name: Jeanne Martin}", "Du texte.\n\nContact : autre@ateliers.example"))
    assert draft.contacts == (PressContact("Jeanne Martin"),)
    assert "autre@ateliers.example" in draft.body


def test_an_embargo_in_the_text_of_markdown_holds() -> None:
    draft = read("# Titre\n\n**SOUS EMBARGO JUSQU'AU 3 mars 2026 à 18 h**\n\nDu texte.")
    assert draft.embargo_until == datetime(2026, 3, 3, 18, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("", None, "empty"),
        ("\ufeff \n", None, "empty"),
        ("---\ntitle: Un titre\n\nDu texte.", 1, "not closed"),
        ("---\ntitle: Grève : la suite\n---\nx", 2, "YAML"),
        ("---\ntitle: a\nlang: fr\ntitle: b\n---\nx", 4, "twice"),
        ("---\ntitle: &a x\nb: *a\n---\nx", 2, "anchor"),
        ("---\ntitle: x\nb: *a\n---\nx", 3, "anchor or alias"),
        ("---\ntitle: !!python/name:os.system x\n---\nx", 2, "tag"),
        ("---\ntitle: x\nb: " + "[" * 40 + "]" * 40 + "\n---\nx", 3, "deeply"),
        ("---\ntitle: x\n? [a, b]\n: c\n---\nx", 3, "key"),
        ("---\ntitle: [a, b]\n---\nx", 2, "`title` must be a text"),
        ("---\n- title\ntitle: x\n---\nx", 3, "YAML"),
        ("---\ntitle: x\n" + "b: c\n" * 13_000 + "---\nx", 2, "too long"),
        (front('standfirst: "a \\uD800 b"'), 3, "no text can hold"),
        (front('extra: ["\\0"]'), 3, "no text can hold"),
        (front("lang: français"), 3, "language"),
        (front("kind: scoop"), 3, "kind"),
        (front("dateline: {place: Paris, date: demain}"), 3, "date"),
        (front("dateline: {place: Paris, date: 2026-02-31}"), 3, "date"),
        (front("dateline: bientôt"), 3, "dateline"),
        (front("dateline: [a]"), 3, "dateline"),
        (front("embargo: bientôt"), 3, "date could not be read"),
        (front("embargo: 2026-03-29T02:30"), 3, "skipped"),
        (front("embargo: 2026-10-25T02:30"), 3, "twice"),
        (front("embargo: 0001-01-01T00:00"), 3, "year 0001"),
        (front("embargo: 9999-12-31T23:59:59-14:00"), 3, "year 9999"),
        (front("embargo: 3 mars à 18 h"), 3, "no year"),
        (front("embargo: lundi 3 mars 2026 à 18 h"), 3, "weekday"),
        (front("embargo: 3 mars 2026 à minuit"), 3, "Midnight"),
        (front("embargo: 3 mars 2026 à 25 h"), 3, "does not exist"),
        (front("embargo: 3 mars 2026 à 18 h, heure de Nouméa"), 3, "not known"),
        (front("embargo: jusqu'à la fin du conseil, mercredi 4 mars 2026"), 3, "an event: «jusqu'à la fin du…»"),
        (front("contact: Jeanne"), 3, "`contact` must hold"),
        (front("contact: {name: [x]}"), 3, "contact.name"),
        (front("attachments: [{a: b}]"), 3, "attachments"),
        (front('attachments: [""]'), 3, "empty path"),
        ("Du texte sans titre, dans un fichier Markdown.", 1, "no headline"),
        ("# Titre\n", None, "no text"),
        ("– FIN –\n", 1, "no headline"),
        ("# Titre\n\nSOUS EMBARGO\n\nDu texte.", 3, "could not be read"),
    ],
)
def test_what_cannot_be_read_is_refused_kindly(source: str, line: int | None, says: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(source)
    assert says in str(refused.value)
    assert refused.value.file == "release.md"
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("Titre\n\nBrest, le 31 février 2026\n\nDu texte.", 3, "does not exist"),
        ("Embargo : 3 mars 2026 à 18 h\n\nTitre\n\nDu texte.\n\nEmbargo : 4 mars 2026 à 18 h", 7, "Two embargoes"),
        ("Embargo : 29 février à 18 h\n\nTitre\n\nBrest, le 3 mars 2026\n\nDu texte.", 1, "does not exist"),
        ("Titre\n\n-----", None, "no text"),
    ],
)
def test_what_plain_text_cannot_mean(source: str, line: int | None, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        read(source, "release.txt")
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("source", "file", "written"),
    [
        ("Titre\n\nDu texte.\n\nContact : j.martin@ateliers", "release.txt", "j.martin@ateliers"),
        ("Titre\n\nDu texte.\n\nContact : Jeanne Martin, j.martin@@x.example", "release.txt", "j.martin@@x.example"),
        ("# Titre\n\nTexte.\n\nContact : j.martin@-ateliers.example", "release.md", "j.martin@-ateliers.example"),
        (front("contact: {name: y, email: j.martin@}"), "release.md", "j.martin@"),
    ],
)
def test_an_address_that_is_none_is_kept_for_the_proof_to_stop_on(source: str, file: str, written: str) -> None:
    (contact,) = read(source, file).contacts
    assert contact.email == written


@pytest.mark.parametrize(
    ("top", "kind", "changes"),
    [
        (
            "ANNULE ET REMPLACE notre communiqué du 26 novembre 2025\n\nBrest, le 12 mars 2026",
            "replacement",
            "ANNULE ET REMPLACE notre communiqué du 26 novembre 2025",
        ),
        (
            "RECTIFICATIF\n\nUne erreur s'est glissée dans notre communiqué du 9 mars 2026 :\nlire 34 et non 43.",
            "correction",
            "Une erreur s'est glissée dans notre communiqué du 9 mars 2026 : lire 34 et non 43.",
        ),
        (
            "Correction to our press release of 9 March 2026",
            "correction",
            "Correction to our press release of 9 March 2026",
        ),
        ("RECTIFICATIF – 12 mars 2026", "correction", None),
    ],
)
def test_what_a_correction_says_above_its_headline(top: str, kind: str, changes: str | None) -> None:
    draft = read(f"{top}\n\nLes tarifs baissent de 4 %\n\nBrest, le 12 mars 2026\n\nDu texte.\n", "release.txt")
    assert draft.kind == kind
    assert draft.headline == "Les tarifs baissent de 4 %"
    assert draft.extra.get("changes") == changes
    assert str(draft.dateline_date) == "2026-03-12"


def test_of_an_embargo_in_two_zones_the_first_hour_is_of_its_own() -> None:
    draft = read("Embargo : 3 mars 2026 à 17 h (Paris), 16 h GMT\n\nTitre\n\nDu texte.", "release.txt")
    assert draft.embargo_until == datetime(2026, 3, 3, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "headline",
    [
        "Embargo sur les armes : l'ONU vote une prolongation jusqu'au 31 mai 2027",
        "Embargo américain : la filière demande sa levée avant le 1er mars",
        "Embargo on timber to be lifted before June",
        "Sous embargo jusqu'en 2027, le Sud-Maran manque de tout",
        "Under embargo until 2027, the country runs dry",
    ],
)
def test_an_embargo_on_goods_is_news(headline: str) -> None:
    draft = read_release(f"{headline}\n\nLe Conseil a voté hier.\n".encode(), file="r.txt", timezone=PARIS)
    assert (draft.headline, draft.embargo_until) == (headline, None)


@pytest.mark.parametrize(
    "notice",
    [
        "Embargo sur ces informations jusqu'au 3 mars 2026 à 9 h",
        "Embargo on this release until 3 March 2026, 9 am",
        "Sous embargo jusqu'au 3 mars 2026 à 9 h : les exportations de vin",
        "Embargo de publication : 3 mars 2026, 9 h",
    ],
)
def test_an_embargo_on_the_text_holds(notice: str) -> None:
    draft = read_release(f"{notice}\n\nUn titre\n\nUn texte.\n".encode(), file="r.txt", timezone=PARIS)
    assert draft.embargo_until == datetime(2026, 3, 3, 9, tzinfo=PARIS)


@pytest.mark.parametrize(
    "notice",
    [
        "STRICTEMENT CONFIDENTIEL – Ne pas diffuser avant le mardi 3 mars 2026 à 9h00 (heure de Paris)",
        "Confidentiel jusqu'au mardi 3 mars 2026 à 9h",
        "Merci de ne rien publier avant le 3 mars 2026 à 9 h",
        "À diffuser à partir du 3 mars 2026 à 9 h",
        "Publication autorisée à compter du 3 mars 2026, 9h00 heure de Paris",
        "Toute publication avant le 3 mars 2026 à 9 h est interdite.",
        "Pas de publication avant le 3 mars 2026 à 9h",
        "Pour diffusion le 3 mars 2026 à 9 h",
        "Diffusion : mardi 3 mars 2026, 9 h 00",
        "Communiqué de presse (embargo : 3 mars 2026, 9 h)",
        "L'embargo sera levé le mardi 3 mars 2026 à 9h",
        "Merci de respecter l'embargo fixé au mardi 3 mars 2026 à 9h.",
        "Version embargoée jusqu'au 3 mars 2026, 9.00",
        "Hold for release: March 3, 2026, 9:00 a.m.",
        "FOR RELEASE AT 9 A.M. ON TUESDAY, MARCH 3, 2026",
        "No publication until 9am on 3 March 2026",
        "Please do not publish before 0900 CET, 3 March 2026",
        "Gesperrt bis 3. März 2026, 9 Uhr",
        "Emb. jusqu'au 3 mars 2026 à 9 h",
        "SOUS EMB. 3/03/2026 9h",
        "Dindan embargo betek an 3 a viz Meurzh 2026, 9 h",
        "Arabat embann a-raok d'ar Meurzh 3 a viz Meurzh 2026, 09:00",
        "محظور النشر قبل 2026-03-03 09:00",
    ],
)
@pytest.mark.parametrize("below", ["Un titre", "COMMUNIQUÉ DE PRESSE\n\nUn titre"])
def test_an_embargo_in_other_words_holds(notice: str, below: str) -> None:
    source = f"{notice}\n\n{below}\n\nBrest, le 2 mars 2026\n\nUn texte.\n"
    draft = read_release(source.encode(), file="r.txt", timezone=PARIS)
    assert (draft.headline, draft.embargo_until) == ("Un titre", datetime(2026, 3, 3, 9, tzinfo=PARIS))


@pytest.mark.parametrize(
    ("hour", "is_read_as"),
    [
        ("18h00 heure de Paris", 18),
        ("8 h du soir", 20),
        ("3 heures de l'après-midi", 15),
        ("06.00", 6),
        ("0600 CET", 6),
        ("6:00 مساءً", None),
        ("الساعة ٦", None),
        ("da 6 eur", None),
        ("18e00", None),
        ("18e", None),
        ("6 h, ce soir", None),
        ("six heures", None),
        ("0600", None),
        ("au soir", None),
        ("en fin de journée", None),
    ],
)
def test_an_embargo_never_lifts_earlier_than_its_hour(hour: str, is_read_as: int | None) -> None:
    source = f"Sous embargo jusqu'au 3 mars 2026, {hour}\n\nUn titre\n\nUn texte.\n".encode()
    if is_read_as is None:
        with pytest.raises(BadInput, match="hour of the embargo"):
            read_release(source, file="r.txt", timezone=PARIS)
    else:
        draft = read_release(source, file="r.txt", timezone=PARIS)
        assert draft.embargo_until == datetime(2026, 3, 3, is_read_as, tzinfo=PARIS)


@pytest.mark.parametrize(
    "notice",
    [
        "SOUS EMBARGO",
        "Embargo jusqu'à la publication au Journal",
        "Embargo jusqu'à mardi",
        "Emb. 18h",
        "Embargo betek disul 18e00",
        "حظر النشر حتى ٣ مارس ٢٠٢٦ الساعة ٦ مساءً",
    ],
)
def test_an_embargo_without_a_day_does_not_take_that_of_the_dateline(notice: str) -> None:
    with pytest.raises(BadInput, match="date could not be read"):
        read_release(
            f"Un titre\n\n{notice}\n\nBrest, le 2 mars 2026\n\nDu texte.".encode(), file="r.txt", timezone=PARIS
        )


@pytest.mark.parametrize(
    "around",
    [
        "Bonjour,\n\nVous trouverez ci-dessous le texte du 2 mars. Merci de respecter l'embargo : 3 mars, 9 h.\n",
        "De : Nora <nora@corvic.example>\nObjet : CP musée [EMBARGO 3/3/2026 9h]\n",
    ],
)
def test_an_embargo_that_only_the_mail_around_tells_holds(around: str) -> None:
    source = f"{around}\nCOMMUNIQUÉ DE PRESSE\n\nUn titre\n\nBrest, le 2 mars 2026\n\nUn texte."
    draft = read_release(f"{source}\n\n{'Il se lit ainsi. ' * 9}".encode(), file="r.txt", timezone=PARIS)
    assert (draft.headline, draft.embargo_until) == ("Un titre", datetime(2026, 3, 3, 9, tzinfo=PARIS))


@pytest.mark.parametrize(
    ("top", "is_office"),
    [
        ("Université de Lannic – Service presse", True),
        ("Direction de la communication", True),
        ("Ville de Port-Lannic", True),
        ("Service de presse de l'Université de Lannic", True),
        ("Ville de Port-Lannic en fête", False),
        ("Service minimum dans les écoles", False),
        ("Mairie de Lannic : Anne Le Gall élue", False),
        ("Department of Health Launches Campaign", False),
    ],
)
def test_an_office_alone_on_top_is_no_headline(top: str, is_office: bool) -> None:
    draft = read_release(f"{top}\n\nLa piscine rouvre lundi\n\nDu texte.".encode(), file="r.txt", timezone=PARIS)
    assert draft.headline == ("La piscine rouvre lundi" if is_office else top)


@pytest.mark.parametrize("above", ["", "Un titre\n\nUn texte qui en dit davantage.\n\n"])
@pytest.mark.parametrize(
    "notice", ["Embargo : 3 mars 2026 à 25h30", "Emb. 3 mars 2026, 18h75", "محظور النشر قبل 3/3/2026 الساعة 25:30"]
)
def test_an_hour_that_there_is_not_is_refused(notice: str, above: str) -> None:
    with pytest.raises(BadInput, match="names a day or hour that does not exist"):
        read_release(f"{above}{notice}\n\nUn titre\n\nDu texte.".encode(), file="r.txt", timezone=PARIS)


@pytest.mark.parametrize("headline", ["حظر النشر في قضية المتحف حتى انتهاء التحقيق", "Emb. Le Bihan rouvre le musée"])
def test_what_only_begins_as_an_embargo_does_is_none(headline: str) -> None:
    draft = read_release(f"{headline}\n\nDu texte.".encode(), file="r.txt", timezone=PARIS)
    assert (draft.headline, draft.embargo_until) == (headline, None)


@pytest.mark.parametrize(
    "line",
    [
        "Diffusion : lundi 9 mars 2026 à 20 h 50",
        "Publication : 9 mars 2026, 10 h",
        "No release of the crew until Friday",
        "Publication au Journal officiel",
    ],
)
def test_when_a_film_is_shown_is_no_embargo(line: str) -> None:
    draft = read_release(f"Un titre\n\nUn texte.\n\n{line}\n\nEncore du texte.".encode(), file="r.txt", timezone=PARIS)
    assert draft.embargo_until is None
    assert line in draft.body


@pytest.mark.parametrize(
    "opening",
    [
        "Paris, 4 mai 2026 – L'association dit non, et le redit encore.",
        "Un homme de trente-quatre ans a été découvert blessé ce matin dans la rue. Il a été secouru.",
    ],
)
def test_plain_text_without_a_headline(opening: str) -> None:
    with pytest.raises(BadInput, match=r"release\.txt:1: headline: No headline") as refused:
        read(f"{opening}\n\nElle le redira demain.", "release.txt")
    assert "on top" in refused.value.mend


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....word/document.xml", "Word document"),
        (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text", "OpenDocument"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Word"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"{\\rtf1 x}", "RTF"),
        (b"<!DOCTYPE html><p>x", "web page"),
        (b"Titre\n\n\x00\x01", "NUL"),
        (b"x" * 2_000_001, "2.0 MB"),
        ("Déjà vu à l'été, où l'on était. ".encode() + b"\xff\n", "damaged"),
        (b"\xff\xfeT\x00i", "damaged"),
    ],
)
def test_files_that_are_no_text(raw: bytes, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refused:
        decode_source(raw)
    assert refused.value.mend


TEXT = "Grève à l’hôpital\n\n« Où est l’été ? » demande Zoé, déçue – le cœur serré."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman", "utf-32"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, line_end: str) -> None:
    source = decode_source(TEXT.replace("\n", line_end).encode(encoding))
    assert source.text == TEXT
    assert bool(source.remarks) == (encoding in {"cp1252", "mac_roman"})


def test_text_is_cleaned_and_says_so() -> None:
    source = decode_source("e\u0301te\u0301\u2028deux\u0085trois\x0bquatre\n\x07cinq\tsix".encode())
    assert source.text == "été\ndeux\ntrois\nquatre\ncinq\tsix"
    assert [(remark.line, remark.text) for remark in source.remarks] == [
        (5, "Control characters removed (U+0007): «cinq\tsix».")
    ]


def test_what_turns_the_direction_of_text_is_taken_out_and_told() -> None:
    source = decode_source("Facture \u202egpj.exe\n\u2067a\u2069 \u200fb\u200e".encode())
    assert source.text == "Facture gpj.exe\na \u200fb\u200e"
    assert [remark.text for remark in source.remarks] == [
        "Control characters removed (U+202E): «Facture gpj.exe».",
        "Control characters removed (U+2067, U+2069): «a \u200fb\u200e».",
    ]
    draft = read('---\ntitle: "Facture \\u202egpj.exe \\e[31m"\n---\nCorps.')
    assert draft.headline == "Facture gpj.exe [31m"
    assert any(
        remark.text.startswith("Control characters removed from `title` (U+001B, U+202E)") for remark in draft.remarks
    )


def test_a_year_comes_from_today_where_it_is_not_written() -> None:
    source = "Titre\n\nÀ Nantes, le 31 décembre\n\nDu texte, ni plus ni moins."
    draft = read(source, "release.txt", today=date(2027, 1, 2))
    assert draft.dateline_date == date(2026, 12, 31)


def test_an_offset_is_kept() -> None:
    until = read(front("embargo: 2026-10-25T02:30+01:00")).embargo_until
    assert until is not None
    assert until.utcoffset() == timedelta(hours=1)


@pytest.mark.skipif(not KAZAKHSTAN.exists(), reason="the real communiqué is not part of the repository")
def test_the_first_real_communique() -> None:
    raw = KAZAKHSTAN.read_bytes()
    draft = read(raw, KAZAKHSTAN.name)
    text = raw.decode()
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    assert draft.headline == paragraphs[0]
    assert draft.body == "\n\n".join(paragraphs[1:6])
    assert (draft.dateline_place, draft.dateline_date, draft.lang) == ("Paris", date(2021, 1, 13), "fr")
    (contact,) = draft.contacts
    assert contact.email.endswith("@force-ouvriere.fr")
    assert contact.email in text
    assert contact.phone in text
    assert len(contact.phone) == 14
    assert draft.signatory == Signatory(contact.name, contact.role, contact.sector)
    assert contact.sector.startswith("Secteur ")
    assert contact.name.split()[1].isupper()
    assert any("broken over two lines" in remark.text for remark in draft.remarks)
    assert draft.lines["dateline_date"] == 30


@pytest.mark.parametrize(
    "signed",
    [
        "Cordialement,\n\n--\nMathilde Riou\nChargée de communication\n06 33 44 55 66",
        "Bien cordialement,\nMathilde Riou",
        "Merci d'avance,\nMathilde Riou",
        "Je reste à votre disposition.\n\nBien à vous,\n\nMathilde Riou",
    ],
)
def test_a_cover_note_goes_with_its_signature(signed: str) -> None:
    source = f"Bonjour,\n\nVeuillez trouver ci-dessous notre communiqué.\n\n{signed}\n\nDes horaires\n\nDu texte.\n"
    draft = read(source, "release.txt")
    assert (draft.headline, draft.body) == ("Des horaires", "Du texte.")
    assert any("Mathilde Riou" in remark.text for remark in draft.remarks)
