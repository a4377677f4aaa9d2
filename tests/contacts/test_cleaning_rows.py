"""One row to one contact: what is mended and told, what is kept aside, what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.addresses import BadAddress, parse_address
from distributor.contacts.cleaning.cells import clean_text, normal_language, repair_mojibake
from distributor.contacts.cleaning.columns import map_columns
from distributor.contacts.cleaning.mailboxes import is_role_address, mixes_scripts, read_address_cell
from distributor.contacts.cleaning.names import split_full_name, take_civility, undo_capitals
from distributor.contacts.cleaning.row import CleanRow, ContactDraft, RowCleaner
from distributor.contacts.sources.rows import RejectedRow, SourceRow
from distributor.folding import fold, slugify


def clean(**cells: str) -> tuple[ContactDraft, str]:
    """Clean one row given as column=cell (underscores for spaces); the draft and all that was told."""
    found = cleaned(**cells)
    assert isinstance(found, CleanRow)
    assert len(found.drafts) == 1
    return found.drafts[0], " | ".join(found.changes)


def cleaned(**cells: str) -> CleanRow | RejectedRow:
    """Clean one row; an address is there unless given."""
    row = {"E-mail": "a.martin@journal.example"} | {
        ("E-mail" if name == "email" else name.replace("_", " ")): cell for name, cell in cells.items()
    }
    return RowCleaner(map_columns(tuple(row), [row])).clean(SourceRow(7, row))


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        (" presse@journal.example\u00a0", "presse@journal.example"),
        ("presse@journal.example\u200b", "presse@journal.example"),
        ("mailto:presse@journal.example?subject=x", "presse@journal.example"),
        ("Anne Martin <a.martin@journal.example>", "a.martin@journal.example"),
        ("Martin, Anne (a.martin@journal.example)", "a.martin@journal.example"),
        ("<a.martin@journal.example>", "a.martin@journal.example"),
        ("a.martin@journal,example", "a.martin@journal.example"),
        ("a.martin@@journal.example", "a.martin@journal.example"),
        ("a.martin (at) journal [point] example", "a.martin@journal.example"),
        ("a.martin[arobase]journal.example", "a.martin@journal.example"),
        ("a.martin@journal.example.", "a.martin@journal.example"),
        ("a.martin@journal.example;", "a.martin@journal.example"),
        ("A.Martin@Journal.EXAMPLE", "A.Martin@journal.example"),
        ("redaction@médias.example", "redaction@xn--mdias-bsa.example"),
        ("'a.martin@journal.example'", "a.martin@journal.example"),
        ("«\u00a0a.martin@journal.example\u00a0»", "a.martin@journal.example"),
        ("Pro : a.martin@journal.example", "a.martin@journal.example"),
        ("E-Mail: 'a.martin@journal.example'", "a.martin@journal.example"),
        ("\u200ea.martin@journal.example\u200f", "a.martin@journal.example"),
        ("\u202aa.martin@journal.example\u202c", "a.martin@journal.example"),
        ("\u2068a.martin@journal.example\u2069", "a.martin@journal.example"),
        ("\u061ca.martin@journal.example", "a.martin@journal.example"),
        ("Anne \u200e<\u202aa.martin@journal.example\u202c>\u200f", "a.martin@journal.example"),
        ("mailto:\u200ea.martin@journal.example", "a.martin@journal.example"),
        ("o\u2019brien@journal.example", "o'brien@journal.example"),
        ("o\u2018brien@journal.example", "o'brien@journal.example"),
        ("o\u02bcbrien@journal.example", "o'brien@journal.example"),
        ("l\u2019h\u00f4te@journal.example", "l'h\u00f4te@journal.example"),
        ("jean\u2011paul@le\u2011journal.example", "jean-paul@le-journal.example"),
        ("jean\u2013paul@journal.example", "jean-paul@journal.example"),
    ],
)
def test_what_people_write_around_an_address_is_mended_and_told(cell: str, address: str) -> None:
    found = read_address_cell(cell)
    assert [one.spec for _, one in found.found] == [address]
    assert found.changes or "<a" in cell or cell.strip(";").lower() == str(found.found[0][1]).lower()


def test_direction_marks_between_addresses_are_taken_off_too() -> None:
    found = read_address_cell("\u200ea@journal.example\u200f; \u2068b@journal.example\u2069")
    assert [one.spec for _, one in found.found] == ["a@journal.example", "b@journal.example"]
    assert found.changes == ("spaces or invisible characters around the address removed",)


def test_what_word_made_of_an_apostrophe_is_told_as_it_is_read() -> None:
    assert read_address_cell("o\u2019brien@journal.example").changes == (
        "«o\u2019brien@journal.example» read as «o'brien@journal.example»",
    )


@pytest.mark.parametrize(
    "cell",
    [
        "presse@journal",
        "pres\u200ese@journal.example",
        "moc.x@\u202epresse@journal.example",
        "presse @journal.example",
        "presse@journal..example",
        ".presse@journal.example",
        "voir site web",
        "presse@journal.example\r\nBcc: tous@ailleurs.example",
        "presse@journal.example\n",
        "a\x00b@journal.example",
        "<presse@journal.example",
        f"{'x' * 65}@journal.example",
        "a@journal.example; tous les autres @",
    ],
)
def test_what_is_no_address_is_rejected_with_the_reason(cell: str) -> None:
    with pytest.raises(BadAddress, match=r"\.$"):
        read_address_cell(cell)
    rejected = cleaned(email=cell, Nom="Martin")
    assert isinstance(rejected, RejectedRow)
    assert (rejected.line, rejected.column, rejected.value) == (7, "E-mail", cell)
    assert rejected.row == (cell, "Martin")


def test_the_quick_way_of_reading_addresses_says_what_the_parser_says() -> None:
    for text in ("a.b@x.example", "A+b@X.Example", "a@xn--mdias-bsa.example", "a@b-.example", "a@b", "a@.b.example"):
        try:
            expected = parse_address(text)
        except BadAddress:
            with pytest.raises(BadAddress):
                read_address_cell(text)
        else:
            assert read_address_cell(text).found == (("", expected),)


def test_two_addresses_without_a_name_are_two_contacts() -> None:
    found = cleaned(email="presse@journal.example; culture@journal.example", Média="Le Journal")
    assert isinstance(found, CleanRow)
    assert [draft.address.spec for draft in found.drafts] == ["presse@journal.example", "culture@journal.example"]
    assert "2 contacts" in found.changes[0]


@pytest.mark.parametrize("separator", ["; ", ", ", " ::: ", " / ", " ou ", " "])
def test_two_addresses_of_one_person_are_one_contact_at_the_personal_one(separator: str) -> None:
    draft, told = clean(email=f"redaction@x.example{separator}anne@x.example", Nom="Martin", Prénom="Anne")
    assert draft.address.spec == "anne@x.example"
    assert [str(other) for other in draft.others] == ["redaction@x.example"]
    assert "several addresses of one person" in told


def test_a_second_address_column_is_kept_and_used_only_when_the_first_is_empty() -> None:
    draft, _ = clean(email="anne@x.example", Nom="Martin", E_mail_2="anne@perso.example")
    assert [str(other) for other in draft.others] == ["anne@perso.example"]
    draft, told = clean(email="", Nom="Martin", E_mail_2="anne@perso.example")
    assert draft.address.spec == "anne@perso.example"
    assert "is empty" in told


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("JEAN-PIERRE", "Jean-Pierre"),
        ("D'ARC", "D'Arc"),
        ("N’DIAYE", "N’Diaye"),
        ("VAN DER MEER", "Van der Meer"),
        ("DE LA TOUR", "de la Tour"),
        ("LE GOFF", "Le Goff"),
        ("MCDONALD", "McDonald"),
        ("AÏT-AHMED", "Aït-Ahmed"),
        ("LŒUILLET", "Lœuillet"),
        ("McDonald", "McDonald"),
        ("J.-P.", "J.-P."),
        ("JP", "JP"),
        ("LI", "Li"),
        ("martin", "martin"),
    ],
)
def test_capitals_are_undone_and_nothing_else(written: str, read: str) -> None:
    assert undo_capitals(written) == read
    draft, told = clean(Nom=written, Prénom="Anne")
    assert draft.values.get("last_name", "") == read
    assert ("capitals" in told) == (written != read)


@pytest.mark.parametrize(
    ("whole", "first", "last"),
    [
        ("Anne Martin", "Anne", "Martin"),
        ("Martin, Anne", "Anne", "Martin"),
        ("Tour, Anne de la", "Anne", "de la Tour"),
        ("MARTIN Anne", "Anne", "MARTIN"),
        ("Anne-Lise de la TOUR", "Anne-Lise", "de la TOUR"),
        ("Marie Ange Van der Meer", "Marie Ange", "Van der Meer"),
        ("Jean d'Arc", "Jean", "d'Arc"),
        ("Mary Ann Smith", "Mary Ann", "Smith"),
        ("Rédaction", "", "Rédaction"),
        ("Le Goff", "", "Le Goff"),
        ("de la Tour", "", "de la Tour"),
        ("Le Goff Anne", "Anne", "Le Goff"),
        ("Van Morrison", "Van", "Morrison"),
    ],
)
def test_a_whole_name_is_told_apart(whole: str, first: str, last: str) -> None:
    assert split_full_name(whole) == (first, last)


def test_a_family_name_alone_is_no_first_name() -> None:
    """«M. Le Goff» is not greeted as Monsieur Goff."""
    for column in ("Contact", "Nom_et_prénom", "Nom"):
        values = clean(**{column: "M. Le Goff"})[0].values
        assert (values.get("first_name"), values["last_name"]) == (None, "Le Goff")


def test_a_column_of_last_names_first_is_read_so() -> None:
    draft, _ = clean(Nom_et_prénom="Van der Meer Jérôme")
    assert (draft.values.get("first_name", ""), draft.values.get("last_name", "")) == ("Jérôme", "Van der Meer")


@pytest.mark.parametrize(
    ("name", "civility", "rest"),
    [
        ("M. Jean Dupont", "M.", "Jean Dupont"),
        ("Mme Martin", "Mme", "Martin"),
        ("Madame Anne Martin", "Mme", "Anne Martin"),
        ("mr. smith", "Mr", "smith"),
        ("Mrs Smith", "Ms", "Smith"),
        ("Dr Keller", "Dr", "Keller"),
        ("Mlle Dupont", "Mme", "Dupont"),
        ("Mmadi Said", "", "Mmadi Said"),
        ("Drago Mir", "", "Drago Mir"),
        ("Monsieur", "", "Monsieur"),
    ],
)
def test_a_civility_is_taken_out_of_the_name(name: str, civility: str, rest: str) -> None:
    assert take_civility(name) == (civility, rest)


def test_the_name_around_an_address_serves_when_no_column_gives_one() -> None:
    draft, _ = clean(email="Mme Anne MARTIN <a.martin@journal.example>")
    assert (
        draft.values.get("civility", ""),
        draft.values.get("first_name", ""),
        draft.values.get("last_name", ""),
    ) == ("Mme", "Anne", "Martin")


def test_an_unknown_civility_is_kept_aside() -> None:
    draft, told = clean(Civilité="Me", Nom="Keller")
    assert (draft.values.get("civility", ""), draft.fields["title"]) == ("", "Me")
    assert "«Me»" in told


@pytest.mark.parametrize(
    "note",
    [
        "ne plus envoyer",
        "Ne plus lui écrire !",
        "DÉSINSCRITE le 3 mars",
        "Unsubscribed",
        "demande à être retiré. A exercé son droit d'opposition",
        "ne souhaite plus recevoir nos communiqués",
        "please do not contact",
        "no longer wishes to receive this",
        "Vu au salon\nne pas contacter",
        "RGPD : opposition le 3/9/2026",
        "CNIL : a refusé",
        "Opposition reçue le 12 mars",
        "opposée",
    ],
)
def test_an_objection_in_the_notes_is_flagged(note: str) -> None:
    draft, told = clean(Remarques=note)
    assert draft.flag == "opted_out"
    assert "never mailed" in told
    assert clean(Statut=note.replace("\n", ". "))[0].flag == "opted_out"


@pytest.mark.parametrize(
    "note",
    [
        "Dit «ne pas relancer»",
        "Préfère le mardi ; pas d’appel",
        "journaliste d'opposition",
        "RGPD : opposition : aucune",
        "Opposition municipale",
        "opposition",
        "opposé au maire",
        "ne pas contacter par téléphone",
        "ne plus envoyer de PJ",
        "+ de 10 ans",
    ],
)
def test_other_remarks_are_no_objection(note: str) -> None:
    assert clean(Remarques=note)[0].flag == ""


@pytest.mark.parametrize(("cell", "flag"), [("x", "opted_out"), ("12/03/2025", "opted_out"), ("non", ""), ("", "")])
def test_a_column_of_objections_says_no_unless_it_says_no_objection(cell: str, flag: str) -> None:
    assert clean(Désinscrit=cell)[0].flag == flag


@pytest.mark.parametrize("local", ["redaction", "Rédaction", "contact", "redaction-web", "presse.sport", "newsroom"])
def test_a_role_address_is_a_desk(local: str) -> None:
    assert is_role_address(parse_address(f"{local}@journal.example"))
    assert clean(email=f"{local}@journal.example")[0].flag == "desk"


def test_a_person_is_no_desk() -> None:
    assert not is_role_address(parse_address("anne.redaction@journal.example"))


def test_a_forged_address_of_two_alphabets_is_flagged() -> None:
    assert mixes_scripts(parse_address("аnne@journal.example"))  # the first letter is Cyrillic
    assert not mixes_scripts(parse_address("анна@почта.example"))
    assert "alphabets" in clean(email="аnne@journal.example")[1]


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("  L’Obs\u00a0 hebdo ", "L’Obs hebdo"),
        ("E\u0301lodie", "Élodie"),
        ("Zo\u202eé", "Zoé"),
        ("Anne\r\nBcc: tous@x.example", "Anne Bcc: tous@x.example"),
        ("An\x00ne\x07", "Anne"),
        ("=?utf-8?q?An=C3=A9?= B", "B"),
        ("FranÃ§ois", "François"),
        ('=HYPERLINK("x")', '=HYPERLINK("x")'),
        ("+33 1", "+33 1"),
        ("a\u2028b\u0085c", "a b c"),
    ],
)
def test_cells_are_cleaned_and_told(cell: str, kept: str) -> None:
    clean_cell, told = clean_text(cell)
    assert clean_cell == kept
    assert bool(told) == (cell != kept)


def test_notes_keep_their_line_breaks() -> None:
    assert clean_text("un\r\ndeux\rtrois", multiline=True)[0] == "un\ndeux\ntrois"


def test_a_number_that_lost_digits_is_told() -> None:
    draft, told = clean(Tél="6,12E+08")
    assert draft.values["phone"] == "6,12E+08"
    assert "has lost digits" in told


def test_mojibake_is_mended_only_when_certain() -> None:
    assert repair_mojibake("LÃ¢â‚¬â„¢Ãƒâ€°cho de ZoÃƒÂ©") == "L’Écho de Zoé"
    assert clean_text("L’Écho".encode().decode("latin-1").encode().decode("latin-1"))[0] == "L’Écho"
    assert (
        repair_mojibake("L’ÃŽle NoÃ«l") == "L’ÃŽle NoÃ«l"
    )  # a true apostrophe beside it: not all of it is the accident
    assert repair_mojibake("NoÃ«l Å’uvre â€” Ã\x81") == "Noël Œuvre — Á"


@pytest.mark.parametrize("name", ["Ay?e", "?ukasz", "Fran\ufffdois"])
def test_lost_letters_are_flagged_and_kept(name: str) -> None:
    draft, told = clean(Prénom=name, Nom="Martin")
    assert draft.values.get("first_name", "") == name
    assert "lost letters" in told


@pytest.mark.parametrize(
    ("written", "code"),
    [("Français", "fr"), ("FR", "fr"), ("fr-FR", "fr"), ("English", "en"), ("Anglais / français", "en"), ("", "")],
)
def test_languages_become_codes(written: str, code: str) -> None:
    assert normal_language(written) == code
    assert clean(Langue=written)[0].values.get("language", "") == code


def test_a_riddle_for_a_language_is_kept_aside() -> None:
    draft, told = clean(Langue="klingon")
    assert (draft.values.get("language", ""), draft.fields["language_as_written"]) == ("", "klingon")
    assert "klingon" in told


def test_sectors_are_split_and_address_book_labels_are_none() -> None:
    assert clean(Secteur="Santé ; Sciences / Tech")[0].sectors == ("Santé", "Sciences", "Tech")
    assert clean(Labels="* myContacts ::: Presse ::: Énergie")[0].sectors == ("Énergie",)


def test_a_role_without_an_outlet_is_kept_as_a_field() -> None:
    draft, _ = clean(Nom="Martin", Fonction="Pigiste")
    assert draft.fields["role"] == "Pigiste"


@given(
    st.dictionaries(st.sampled_from(["Nom", "Prénom", "Média", "Fonction", "Ville", "Langue"]), st.text(max_size=30))
)
def test_nothing_a_header_must_not_hold_comes_through(cells: dict[str, str]) -> None:
    found = cleaned(**cells)
    assert isinstance(found, CleanRow)
    for draft in found.drafts:
        post = (draft.post.outlet, draft.post.role) if draft.post else ()
        for value in map(str, (*draft.values.values(), *post, *draft.fields.values())):
            assert value.isprintable() or not set(value) & set("\r\n\0\x1b\u2028\u202e")
            assert "=?" not in value
            assert value == value.strip()


@given(st.text(max_size=60))
def test_cleaning_twice_changes_no_more(text: str) -> None:
    once, _ = clean_text(text)
    assert clean_text(once) == (once, ())


@given(st.text('ab.@;,<>()" \u00e9\u200b\n-', max_size=40))
def test_an_address_cell_gives_sound_addresses_or_a_reason(text: str) -> None:
    found = cleaned(email=text)
    if isinstance(found, RejectedRow):
        assert found.reason.endswith(".")
    else:
        assert all(parse_address(draft.address.spec) == draft.address for draft in found.drafts)


def test_folding() -> None:
    assert fold("  LEFÈVRE—Œuna, Łukasz ") == "lefevre oeuna lukasz"
    assert slugify("Santé & Cité") == "sante-cite"


@pytest.mark.parametrize(
    "cell",
    [
        "a@journal.example\nb@journal.example",
        "a@journal.example;\r\nb@journal.example",
        "a@journal.example/b@journal.example",
        "a@journal.example - b@journal.example",
        "pro: a@journal.example, perso: b@journal.example",
    ],
)
def test_addresses_are_told_apart_however_they_are_joined(cell: str) -> None:
    assert [one.spec for _, one in read_address_cell(cell).found] == ["a@journal.example", "b@journal.example"]


@pytest.mark.parametrize(
    "cell",
    [
        "a@journal.example\nBcc: b@journal.example",
        "a@journal.example\n",
        "a@journal.example\n\tb@journal.example\x00",
        "a@journal.example\nAnne <b@journal.example>",
        "Bcc: a@journal.example",
        "a/b@journal/c@journal.example",
    ],
)
def test_a_line_break_separates_addresses_and_nothing_else(cell: str) -> None:
    with pytest.raises(BadAddress):
        read_address_cell(cell)


def test_a_stroke_before_the_at_sign_belongs_to_the_address() -> None:
    (pair,) = read_address_cell("user+mailbox/department=press@journal.example").found
    assert pair[1].local == "user+mailbox/department=press"


def test_a_name_in_brackets_behind_an_address_is_whose_it_is() -> None:
    assert clean(email="a.martin@journal.example (Anne Martin)")[0].name == "Anne Martin"
    assert clean(email="a.martin@journal.example (Pôle Social)")[0].notes == "Pôle Social"


def test_a_remark_behind_an_address_is_kept_and_heeded() -> None:
    draft, told = clean(email="a.martin@journal.example (ne plus utiliser)", Notes="vue en mars")
    assert (draft.address.spec, draft.flag) == ("a.martin@journal.example", "opted_out")
    assert draft.notes == "vue en mars\nne plus utiliser"
    assert "remark «ne plus utiliser» taken out" in told
    assert clean(email="a.martin@journal.example (depuis mars)")[0].flag == ""


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Fonction", "NE PLUS CONTACTER"),
        ("Rubrique", "désinscrit"),
        ("Nom", "Martin (désinscrite)"),
        ("Nom", "Martin - ne plus envoyer"),
        ("Média", "Le Jour (ne souhaite plus recevoir de mails)"),
        ("Secteur", "stop"),
        ("Catégories", "Presse; Désinscrits"),
        ("RGPD", "opposition"),
        ("Consentement", "refusé le 12 mars"),
        ("Subscribed?", "No"),
        ("Abonné(e)", "non"),
        ("Téléphone", "ne plus rien envoyer"),
        ("Notizen", "bitte keine Mails mehr"),
        ("Bemerkung", "aus dem Verteiler nehmen"),
    ],
)
def test_an_objection_is_heeded_in_whatever_column_it_stands(column: str, cell: str) -> None:
    assert clean(**{column: cell})[0].flag == "opted_out"


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("Nom", "Stop"),
        ("Média", "Stop"),
        ("Média", "Plus (le mensuel)"),
        ("Nom", "Dr No (plus ou moins)"),
        ("Téléphone", "02 98 00 00 00 (plus de fixe)"),
        ("Fonction", "Plus joignable par téléphone"),
        ("Abgemeldet", "nein"),
        ("RGPD", "OK"),
        ("Subscribed?", "Yes"),
        ("Newsletter", "non"),
        ("Notizen", "keine Anhänge bitte"),
    ],
)
def test_what_only_resembles_an_objection_is_none(column: str, cell: str) -> None:
    assert clean(**{column: cell})[0].flag == ""


def test_two_names_and_two_addresses_are_two_people() -> None:
    found = cleaned(email="jean@journal.example, marie@journal.example", Contact="Jean Dupont et Marie DURAND")
    assert isinstance(found, CleanRow)
    assert [(draft.name, draft.address.local, draft.others) for draft in found.drafts] == [
        ("Jean Dupont", "jean", ()),
        ("Marie Durand", "marie", ()),
    ]
    couple = cleaned(email="jean@journal.example, marie@journal.example", Contact="Jean et Marie Durand")
    assert isinstance(couple, CleanRow)
    assert len(couple.drafts) == 1


def test_two_names_with_a_comma_between_are_two_people_where_the_addresses_say_so() -> None:
    found = cleaned(email="anne@journal.example, luc@journal.example", Contact="Le Goff Luc (chef), Anne de la Tour")
    assert isinstance(found, CleanRow)
    assert [(draft.name, draft.address.local) for draft in found.drafts] == [
        ("Anne de la Tour", "anne"),
        ("Luc Le Goff", "luc"),
    ]
    alone = cleaned(email="anne@journal.example, luc@journal.example", Contact="Le Goff, Anne Marie")
    assert isinstance(alone, CleanRow)
    assert [(draft.name, draft.others) for draft in alone.drafts] == [("Anne Marie Le Goff", alone.drafts[0].others)]


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"Vorname": "Max", "Name": "Müller"}, ("Max", "Müller")),
        ({"Prénom": "Jean", "Contact": "DUPONT Jean"}, ("Jean", "Dupont")),
        ({"First name": "Jane", "Full name": "Jane van der Meer"}, ("Jane", "van der Meer")),
        ({"Nom": "Dupont", "Nom complet": "Jean Dupont"}, ("Jean", "Dupont")),
        ({"Nom": "Dupont", "Nom complet": "Le Jour"}, (None, "Dupont")),
        ({"Nom": "=Sum(A1) 1", "Nom complet": "=Sum(A1) 1"}, (None, "=Sum(A1) 1")),
        ({"Nom": "* *", "Nom complet": "* *"}, (None, "* *")),
        ({"Nom complet": "JOHN SMITH JR."}, ("John", "Smith Jr.")),
        ({"Nom complet": "Jane van der Meer III"}, ("Jane", "van der Meer III")),
        ({"Nom complet": "Prof. Anne Martin"}, ("Anne", "Martin")),
        ({"Nom complet": "Herr Jens Meyer"}, ("Jens", "Meyer")),
    ],
)
def test_a_whole_name_fills_up_what_the_other_columns_leave_open(
    cells: dict[str, str], name: tuple[str | None, str]
) -> None:
    values = clean(**{column.replace(" ", "_"): cell for column, cell in cells.items()})[0].values
    assert (values.get("first_name"), values.get("last_name")) == name


def test_a_civility_beside_an_academic_title_is_the_one_to_greet_by() -> None:
    draft, _ = clean(Anrede="Herr", Titel="Dr.", Vorname="Jens", Nachname="Meyer")
    assert draft.values["civility"] == "Mr"


@pytest.mark.parametrize("nothing", ["N/A", "NC", "XXX", "-", "?", "Inconnu", "non renseigné"])
def test_what_stands_for_want_of_a_name_is_none(nothing: str) -> None:
    """Nobody is greeted as Monsieur NC."""
    draft, told = clean(Civilité="M.", Nom=nothing, Prénom=nothing, Média=nothing)
    assert (draft.name, draft.post) == ("", None)
    assert f"«{nothing}» is no name: left out" in told


def test_quotation_marks_around_a_name_are_taken_off() -> None:
    draft, told = clean(Nom="“Durand”", Prénom="«Marc»", Média="“Le Phare”")
    assert (draft.name, draft.post and draft.post.outlet) == ("Marc Durand", "Le Phare")
    assert "quotation marks" in told
    assert clean(Nom="Riou “Per”")[0].name == "Riou “Per”"


def test_a_post_is_no_name() -> None:
    draft, told = clean(Contact="Madame la rédactrice en chef")
    assert (draft.name, draft.values["civility"], draft.fields["title"]) == ("", "Mme", "la rédactrice en chef")
    assert "a post and no name" in told


def test_a_company_beside_the_outlet_is_not_joined_to_its_name() -> None:
    draft, _ = clean(Média="Le Phare", Société="Groupe Ouest", Rédaction="Brest")
    assert draft.post is not None
    assert (draft.post.outlet, draft.post.desk, draft.fields["societe"]) == ("Le Phare", "Brest", "Groupe Ouest")
    alone, _ = clean(Société="Le Phare")
    assert alone.post is not None
    assert alone.post.outlet == "Le Phare"


def test_a_sheet_of_those_who_left_is_said_aloud() -> None:
    cleaner = RowCleaner(map_columns(("E-mail",), []))
    found = [cleaner.clean(SourceRow(2, {"E-mail": "a@x.example"}, sheet)) for sheet in ("Anciens", "Anciens élèves")]
    told = ["look before you send" in " ".join(one.changes) for one in found if isinstance(one, CleanRow)]
    assert told == [True, False]


def test_a_newsrooms_name_is_not_told_apart() -> None:
    draft, _ = clean(email="redaction@mer.example", Nom_complet="Radio Mer", Média="RADIO MER")
    assert (draft.values.get("first_name"), draft.values["last_name"]) == (None, "Radio Mer")
    draft, _ = clean(email="redaction@terre.example", Nom_complet="Rédaction Terre & Mer")
    assert (draft.values.get("first_name"), draft.values["last_name"]) == (None, "Rédaction Terre & Mer")
    for name in (
        "Service Éco",
        "La Rédaction",
        "Rubrique Sport",
        "Desk Social",
        "Équipe web",
        "Radio Iroise",
        "AFP Rennes",
    ):
        draft, _ = clean(email=f"{name} <brest@terre.example>")
        assert (draft.values.get("first_name"), draft.values["last_name"]) == (None, name)
    draft, _ = clean(email="redaktion@terre.example", Nom_complet="Anne Martin")
    assert (draft.values["first_name"], draft.flag) == ("Anne", "desk")


def test_a_domain_of_look_alikes_alone_is_flagged() -> None:
    assert mixes_scripts(parse_address("presse@сосо.example"))
    assert not mixes_scripts(parse_address("presse@ком.рус"))
    assert not mixes_scripts(parse_address("presse@журнал.example"))
    assert not mixes_scripts(parse_address("presse@2026.example"))


@given(st.text(alphabet="Ã©Å“Â\u00a0\u200b\u2028\u0301 ae=?\n\u202e", max_size=12), st.booleans())
def test_what_is_clean_stays_as_it_is(text: str, multiline: bool) -> None:
    clean, _ = clean_text(text, multiline=multiline)
    assert clean_text(clean, multiline=multiline) == (clean, ())


@pytest.mark.parametrize(
    ("name", "read", "aside"),
    [
        ("Aude Kerleau (congé mat. jusqu'en mars)", ("Aude", "Kerleau"), "(congé mat. jusqu'en mars)"),
        ("Jean Dupont (parti)", ("Jean", "Dupont"), "(parti)"),
        ("Léa Garnier [sport]", ("Léa", "Garnier"), "[sport]"),
    ],
)
def test_nobody_is_greeted_by_what_stands_in_brackets(name: str, read: tuple[str, str], aside: str) -> None:
    draft, told = clean(Contact=name)
    assert (draft.values["first_name"], draft.values["last_name"], draft.notes) == (*read, aside)
    assert "into the notes" in told


@pytest.mark.parametrize(
    "name",
    ["Anne Le Goff née Kerbrat", "Anne LE GOFF NÉE KERBRAT", "Anne Le Goff, née Kerbrat", "Anne Le Goff (née Kerbrat)"],
)
def test_nor_by_the_name_they_were_born_with(name: str) -> None:
    draft, told = clean(email="anne@journal.example", Nom_complet=name)
    assert (draft.values["first_name"], draft.values["last_name"]) == ("Anne", "Le Goff")
    assert draft.notes.strip("()").casefold() == "née kerbrat"
    assert "taken out of the name, into the notes" in told
    kept, _ = clean(email="m.nee@journal.example", Nom_complet="Marie Née")
    assert kept.values["last_name"] == "Née"


def test_nor_by_what_stands_in_brackets_around_an_address() -> None:
    draft, told = clean(email="Garnier, Léa (Le Mensuel) <lea@mensuel.example>")
    assert (draft.values["first_name"], draft.values["last_name"]) == ("Léa", "Garnier")
    assert draft.notes == "(Le Mensuel)"
    assert "into the notes" in told


def test_an_outlet_that_only_the_first_row_of_a_block_names_is_told_below() -> None:
    rows = [
        ("Le Mensuel", "lea@mensuel.example"),
        ("", "paul@mensuel.example"),
        ("", "zoe@mensuel.example"),
        ("", "luc@ailleurs.example"),
        ("Radio Mer", "anne@orange.fr"),
        ("", "theo@orange.fr"),
    ]
    cells = [{"Média": outlet, "E-mail": address} for outlet, address in rows]
    cleaner = RowCleaner(map_columns(("Média", "E-mail"), cells))
    found = [cleaner.clean(SourceRow(line, row)) for line, row in enumerate(cells, start=2)]
    told = ["the row above names «Le Mensuel»" in " ".join(one.changes) for one in found if isinstance(one, CleanRow)]
    assert told == [False, True, True, False, False, False]
    assert not any("Radio Mer" in " ".join(one.changes) for one in found if isinstance(one, CleanRow))


def test_a_row_with_columns_for_two_people_is_two_contacts() -> None:
    header = ("Média", "Nom", "Prénom", "Mail", "Nom (2)", "Prénom (2)", "Mail (2)")
    rows = [
        ("Le Courrier", "Durand", "Zoé", "zoe@courrier.example", "Petit", "Luc", "luc@courrier.example"),
        ("Radio Mer", "Roy", "Marc", "marc@mer.example", "", "", ""),
        ("Télé Mer", "Faure", "Anne", "", "Noël", "Éric", "eric@tele.example"),
        ("Le Phare", "Le Goff", "Yann", "yann@phare.example", "Bœuf", "Léa", "lea(at)phare"),
    ]
    cells = [dict(zip(header, row, strict=True)) for row in rows]
    cleaner = RowCleaner(map_columns(header, cells))
    first, second, third, fourth = (cleaner.clean(SourceRow(line, row)) for line, row in enumerate(cells, start=2))
    assert isinstance(first, CleanRow)
    assert isinstance(second, CleanRow)
    assert isinstance(third, CleanRow)
    assert isinstance(fourth, RejectedRow)
    people = [
        (draft.values["first_name"], draft.values["last_name"], str(draft.address), draft.post and draft.post.outlet)
        for row in (first, second, third)
        for draft in row.drafts
    ]
    assert people == [
        ("Zoé", "Durand", "zoe@courrier.example", "Le Courrier"),
        ("Luc", "Petit", "luc@courrier.example", "Le Courrier"),
        ("Marc", "Roy", "marc@mer.example", "Radio Mer"),
        ("Éric", "Noël", "eric@tele.example", "Télé Mer"),
    ]
    assert third.changes == ("«Anne Faure» has no address in this row: left out",)


@pytest.mark.parametrize(
    "header",
    [
        ("Média", "Journaliste 1", "Mail 1", "Journaliste 2", "Mail 2", "Mail rédaction"),
        ("Média", "Contact n°1", "E-mail n°1", "Contact n°2", "E-mail n°2", "Autre e-mail"),
        ("Média", "Journaliste", "Mail", "Journaliste2", "Mail2", "E-mail du média"),
    ],
)
def test_columns_that_are_numbered_are_each_one_persons(header: tuple[str, ...]) -> None:
    row = ("Le Phare", "Anne Le Goff", "anne@phare.example", "Luc Petit", "luc@phare.example", "phare@phare.example")
    cells = dict(zip(header, row, strict=True))
    found = RowCleaner(map_columns(header, [cells])).clean(SourceRow(2, cells))
    assert isinstance(found, CleanRow)
    assert [(draft.name, draft.address.local, draft.post and draft.post.outlet) for draft in found.drafts] == [
        ("Anne Le Goff", "anne", "Le Phare"),
        ("Luc Petit", "luc", "Le Phare"),
        ("", "phare", "Le Phare"),
    ]


def test_a_first_name_that_does_not_come_again_is_the_first_persons() -> None:
    header = ("Nom", "Prénom", "Mail", "Nom (2)", "Mail (2)")
    cells = dict(zip(header, ("Petit", "Luc", "luc@phare.example", "Le Phare", "phare@phare.example"), strict=True))
    found = RowCleaner(map_columns(header, [cells])).clean(SourceRow(2, cells))
    assert isinstance(found, CleanRow)
    assert [draft.name for draft in found.drafts] == ["Luc Petit", "Le Phare"]


def test_a_second_name_without_a_second_address_is_nobody_else() -> None:
    header = ("Nom", "Nom 2", "Prénom", "Mail")
    cells = dict(zip(header, ("Petit", "", "Luc", "luc@phare.example"), strict=True))
    columns = map_columns(header, [cells])
    assert columns.kept == {"Nom 2": "nom_2"}


def test_a_name_that_begins_with_a_particle_has_the_first_name_last() -> None:
    assert split_full_name("van den Berg Piet") == ("Piet", "van den Berg")
    assert split_full_name("de La Tour Aude") == ("Aude", "de La Tour")


def test_a_former_address_is_not_the_one_in_use() -> None:
    row = {"Nom": "Garnier", "Ancien mail": "lea@vieux.example", "Nouveau mail": "lea@courrier.example"}
    found = RowCleaner(map_columns(tuple(row), [row])).clean(SourceRow(2, row))
    assert isinstance(found, CleanRow)
    assert str(found.drafts[0].address) == "lea@courrier.example"
    assert [str(other) for other in found.drafts[0].others] == ["lea@vieux.example"]


def test_outlooks_name_for_a_colleague_is_passed_over_for_a_real_address() -> None:
    inside = "/o=ExchangeLabs/ou=Exchange Administrative Group/cn=Recipients/cn=ana"
    draft, _ = clean(email=inside, Autre_email="ana.ruiz@diario.example", Nom="Ruiz")
    assert str(draft.address) == "ana.ruiz@diario.example"


@pytest.mark.parametrize("column", ["BLACKLIST", "Désinscrit le", "UNSUB_TIME", "Liste noire"])
def test_what_mailing_services_call_an_objection_is_one(column: str) -> None:
    row = {"E-mail": "a.martin@journal.example", column: "1"}
    found = RowCleaner(map_columns(tuple(row), [row])).clean(SourceRow(2, row))
    assert isinstance(found, CleanRow)
    assert found.drafts[0].flag == "opted_out"


def test_rows_under_a_title_or_in_a_sheet_of_objectors_are_objections() -> None:
    header = {"E-mail": "", "Nom": ""}
    cleaner = RowCleaner(map_columns(tuple(header), []))
    lines = [("", "PRESSE"), ("a@radio.example", "Martin"), ("", "DÉSINSCRITS"), ("b@radio.example", "Petit")]
    lines += [("", "RADIOS"), ("c@radio.example", "Roux")]
    found = [cleaner.clean(SourceRow(at, {"E-mail": address, "Nom": name})) for at, (address, name) in enumerate(lines)]
    assert [one.drafts[0].flag for one in found if isinstance(one, CleanRow)] == ["", "opted_out", ""]
    other = cleaner.clean(SourceRow(2, {"E-mail": "d@radio.example", "Nom": "Le Gall"}, "Désinscrits"))
    assert isinstance(other, CleanRow)
    assert other.drafts[0].flag == "opted_out"


@pytest.mark.parametrize(
    "remark", ["NPAI", "bounce", "a quitté l'agence", "adresse invalide, retour le 3/11", "décédée"]
)
def test_that_somebody_seems_to_have_left_is_said_aloud(remark: str) -> None:
    draft, told = clean(Nom="Petit", Statut=remark)
    assert not draft.flag
    assert f"«{remark}»: it seems that they left" in told


@pytest.mark.parametrize(
    "remark", ["Actif", "en congés jusqu'au 3/12", "ne plus envoyer à son ancienne adresse", "parle à tous"]
)
def test_other_remarks_on_standing_are_passed_over(remark: str) -> None:
    draft, told = clean(Nom="Petit", Remarques=remark)
    assert (draft.flag, "it seems" in told) == ("", False)


@pytest.mark.parametrize(
    ("cells", "first", "last", "both"),
    [
        ({"Nom": "M. et Mme Dupont"}, "", "Dupont", "M. et Mme"),
        ({"Nom complet": "M. et Mme Jean Dupont"}, "Jean", "Dupont", "M. et Mme"),
        ({"Nom": "Mme et M. DUPONT"}, "", "Dupont", "Mme et M."),
        (
            {"Nom": "Monsieur et Madame Dupont", "Prénom": "Jean et Marie"},
            "Jean et Marie",
            "Dupont",
            "Monsieur et Madame",
        ),
        ({"Nom": "Mr & Mrs Smith"}, "", "Smith", "Mr & Mrs"),
        ({"Nom": "M./Mme Dupont"}, "", "Dupont", "M./Mme"),
        ({"Nom": "M ou Mme Dupont"}, "", "Dupont", "M ou Mme"),
        ({"Nom": "Dr et Mme Dupont"}, "", "Dupont", "Dr et Mme"),
        ({"Nom": "Herr und Frau Maier"}, "", "Maier", "Herr und Frau"),
        ({"Civilité": "M. et Mme", "Nom": "Dupont"}, "", "Dupont", "M. et Mme"),
        ({"Civilité": "M.", "Nom": "M. et Mme Dupont"}, "", "Dupont", "M. et Mme"),
    ],
)
def test_a_couple_is_nobody_alone(cells: dict[str, str], first: str, last: str, both: str) -> None:
    """Greeted as «Madame, Monsieur,» and not as «Bonjour Monsieur Dupont», nor with «et Mme» for a first name."""
    draft, told = clean(**{name.replace(" ", "_"): cell for name, cell in cells.items()})
    assert (draft.values.get("first_name", ""), draft.values.get("last_name", "")) == (first, last)
    assert "civility" not in draft.values
    assert draft.fields["title"] == both
    assert f"«{both}»" in told


@pytest.mark.parametrize(
    ("name", "civility", "last"),
    [("Prof./Dr. Müller", "Pr", "Müller"), ("M. Etienne Mmembe", "M.", "Mmembe"), ("Mme Etmm", "Mme", "Etmm")],
)
def test_one_person_with_one_civility_or_two_titles_is_no_couple(name: str, civility: str, last: str) -> None:
    draft, _ = clean(Nom_complet=name)
    assert "title" not in draft.fields
    assert draft.values["last_name"].endswith(last)
    assert draft.values.get("civility", "") in {civility, ""}


def test_a_couple_around_an_address_is_nobody_alone() -> None:
    draft, _ = clean(email="M. et Mme Dupont <d@journal.example>")
    assert (draft.values.get("first_name"), draft.values["last_name"]) == (None, "Dupont")
    assert draft.fields["title"] == "M. et Mme"
