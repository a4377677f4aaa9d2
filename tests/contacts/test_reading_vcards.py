"""vCards as telephones, Outlook, Apple and others write them, and what is left of them after an accident."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.contacts.sources import vcard
from distributor.contacts.sources.csvfile import MAX_CELL
from distributor.contacts.sources.reading import read_source
from distributor.contacts.sources.rows import Format, RejectedRow, SourceRow, SourceTable
from distributor.errors import BadInput


def card(*lines: str, version: str = "3.0", eol: str = "\r\n") -> str:
    return eol.join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def table(data: str | bytes) -> SourceTable:
    (only,) = read_source(data.encode() if isinstance(data, str) else data, name="contacts.vcf")
    return only


def cells(data: str | bytes) -> dict[str, str]:
    """What one card says, empty columns left out."""
    (row,) = table(data).rows
    assert isinstance(row, SourceRow)
    return {column: text for column, text in row.cells.items() if text}


def test_a_card_is_a_row_with_the_columns_of_a_list() -> None:
    found = cells(
        card(
            "N:Lœuillet;Zoé;Marie,Jeanne;Mme;", "FN:Zoé Lœuillet", "ORG:L’Œil du Midi;Rédaction;Économie",
            "TITLE:Cheffe de rubrique", "EMAIL:zoe@oeil.example", "TEL;TYPE=work:04 67 00 01 02",
            "TEL;TYPE=fax:04 67 00 01 03", "URL:https://oeil.example",
            "NOTE:Le matin\\; pas de PDF\\nni de lien\\, merci",
            "CATEGORIES:Presse,Économie", "ADR;TYPE=work:;;1 rue du Port;Sète;;34200;France", "BDAY:1980-02-29",
            "X-TWITTER:@zoe", "item1.X-ABDATE:2020-01-02", "item1.X-ABLABEL:Première rencontre", "PHOTO:AAAA", "REV:x",
            "X-DISTRIBUTOR-OUTLET-KIND:web", "X-DISTRIBUTOR-FIELDS-HOME-TOWN:Sète",
        )
    )  # fmt: skip
    assert found == {
        "Prefix": "Mme",
        "First name": "Zoé",
        "Last name": "Lœuillet",
        "Full name": "Zoé Lœuillet",
        "Middle name": "Marie Jeanne",
        "E-mail": "zoe@oeil.example",
        "Organization": "L’Œil du Midi",
        "Department": "Rédaction, Économie",
        "Job title": "Cheffe de rubrique",
        "Phone": "04 67 00 01 02",
        "Fax": "04 67 00 01 03",
        "Website": "https://oeil.example",
        "Notes": "Le matin; pas de PDF\nni de lien, merci",
        "Categories": "Presse; Économie",
        "Postal address": "1 rue du Port, Sète, 34200, France",
        "Birthday": "1980-02-29",
        "X-TWITTER": "@zoe",
        "Première rencontre": "2020-01-02",
        "outlet kind": "web",
        "fields.home_town": "Sète",
    }


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        (["EMAIL;TYPE=HOME:p@x.example", "EMAIL;TYPE=WORK:w@x.example"], ["w@x.example", "p@x.example"]),
        (["EMAIL:a@x.example", "EMAIL;TYPE=INTERNET,pref:b@x.example"], ["b@x.example", "a@x.example"]),
        (["EMAIL;PREF=2:a@x.example", "EMAIL;PREF=1:b@x.example"], ["b@x.example", "a@x.example"]),
        (["EMAIL;HOME:a@x.example", "EMAIL;PREF;INTERNET:b@x.example"], ["b@x.example", "a@x.example"]),
        (
            ["item1.EMAIL:a@x.example", "item1.X-ABLabel:_$!<Home>!$_", "item2.EMAIL:b@x.example"],
            ["b@x.example", "a@x.example"],
        ),
        (["EMAIL:a@x.example", "EMAIL:a@x.example"], ["a@x.example"]),
    ],
)
def test_the_preferred_address_comes_first_and_the_private_one_last(lines: list[str], order: list[str]) -> None:
    found = cells(card(*lines))
    assert [text for column, text in found.items() if column.startswith("E-mail")] == order


def test_more_repetitions_than_columns_are_kept_in_the_last() -> None:
    found = cells(card(*[f"TEL:0{number}" for number in range(12)]))
    assert (found["Phone"], found["Phone 9"], "Phone 10" in found) == ("00", "08, 09, 010, 011", False)


def test_folded_lines_are_joined_even_within_a_letter() -> None:
    folded = b"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL;type=pre\r\n f:a@x.exa\r\n\tmple\r\n"
    name = "FN:Zoé".encode()
    assert cells(folded + name[:-1] + b"\r\n " + name[-1:] + b"\r\nEND:VCARD\r\n") == {
        "E-mail": "a@x.example",
        "Full name": "Zoé",
    }


def test_the_old_version_has_quoted_printable_charsets_and_pictures_of_its_own() -> None:
    data = (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Lef=E8vre;Zo=E9\r\n"
        b"NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Deux=0D=0Alignes, une =\r\nlongue=20=\r\n=C3=A9t=C3=A9\r"
        b"\n"
        b"ORG;CHARSET=WINDOWS-1252:L\x92\x8cil\r\nPHOTO;ENCODING=BASE64;JPEG:AAECAwQF\r\n AAECAwQF\r\n\r\n"
        b"TEL;CELL:06\r\n"
        b"AGENT:\r\nBEGIN:VCARD\r\nN:Autre;Un\r\nEMAIL:autre@x.example\r\nEND:VCARD\r\n"
        b"EMAIL;INTERNET:zoe@x.example\r\nEND:VCARD\r\n"
    )
    assert cells(data) == {
        "Last name": "Lefèvre",
        "First name": "Zoé",
        "Notes": "Deux\nlignes, une longue été",
        "Organization": "L’Œil",
        "Phone": "06",
        "E-mail": "zoe@x.example",
    }


def test_the_new_version_has_addresses_for_values_and_quoted_parameters() -> None:
    lines = [
        'TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+33-1-02;ext=12', "EMAIL;VALUE=uri:mailto:a@x.example",
        'ORG;SORT-AS="Le; Fil: ^nbis":Le Fil\\; agence', "LANG;PREF=2:en", "LANG;PREF=1:fr",
    ]  # fmt: skip
    assert cells(card(*lines, version="4.0", eol="\n")) == {
        "E-mail": "mailto:a@x.example",
        "Organization": "Le Fil; agence",
        "Phone": "+33-1-02 ext. 12",
        "Language": "fr, en",
    }


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"])
@pytest.mark.parametrize("eol", ["\r\n", "\n", "\r", "\r\r\n"])
def test_every_encoding_and_line_end_gives_the_same_card(codec: str, eol: str) -> None:
    data = card("FN:Zoé Lœuillet", "ORG:L’Œil du Midi", "EMAIL:z@x.example", eol=eol).encode(codec)
    assert list(cells(data).values()) == ["Zoé Lœuillet", "z@x.example", "L’Œil du Midi"]


def test_a_group_gives_its_name_to_its_members() -> None:
    member = card("UID:a-1", "EMAIL:a@x.example", "CATEGORIES:Sport")
    other = card("UID:urn:uuid:B-2", "EMAIL:b@x.example")
    apple = card("FN:Culture", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:A-1")
    standard = card("FN:Midi", "KIND:group", "MEMBER:urn:uuid:b-2", "MEMBER:urn:uuid:gone", version="4.0")
    found = table(member + apple + other + standard)
    rows = [row for row in found.rows if isinstance(row, SourceRow)]
    assert [row.cells["Categories"] for row in rows] == ["Sport; Culture", "Midi"]
    assert [row.line for row in rows] == [1, 13]
    assert found.remarks[1:] == (
        "The group «Culture» is no contact: its name was added to the categories of its members (1).",
        "The group «Midi» is no contact: its name was added to the categories of its members (1).",
    )


def test_accidents_cost_one_card_each_and_are_told() -> None:
    whole = card("EMAIL:a@x.example")
    forgotten = "BEGIN:VCARD\r\nEMAIL:b@x.example\r\n"
    garbage = "Exporté le 3 mars\r\npar personne\r\n\r\n"
    cut = "BEGIN:VCARD\r\nEMAIL:d@x.exam"
    found = table(garbage + whole + forgotten + whole + cut)
    assert found.format is Format.VCARD
    stray, first, second, third, last = found.rows
    assert isinstance(stray, RejectedRow)
    assert (stray.line, stray.value, stray.raw) == (1, "Exporté le 3 mars", garbage[:-2].encode())
    assert isinstance(first, SourceRow)
    assert (first.line, first.told, first.raw) == (4, (), whole.encode())
    assert isinstance(second, SourceRow)
    assert (second.line, second.told) == (8, ("the card has no END: read up to the next one",))
    assert isinstance(third, SourceRow)
    assert isinstance(last, RejectedRow)
    assert (last.line, last.raw) == (14, cut.encode())
    assert "cut off" in last.reason


def test_a_note_whose_lines_were_not_folded_is_read_whole() -> None:
    assert cells(card("NOTE:Première ligne", "seconde, libre", "EMAIL:a@x.example"))["Notes"] == (
        "Première ligne\nseconde, libre"
    )


def test_monsters_are_refused_or_rejected() -> None:
    (row,) = table(card("EMAIL:a@x.example", "NOTE:" + "x" * (MAX_CELL + 1))).rows
    assert isinstance(row, RejectedRow)
    assert row.column == "Notes"
    with pytest.raises(BadInput, match="different properties; 200") as caught:
        table(card(*[f"X-P{number}:1" for number in range(300)]))
    assert caught.value.mend
    with pytest.raises(BadInput, match="too big"):
        vcard.read_vcards(b"BEGIN:VCARD\r\n" + b"x" * 50_000_000)
    picture = binascii.b2a_base64(bytes(3_000_000), newline=False).decode()
    assert cells(card("EMAIL:a@x.example", f"PHOTO;ENCODING=b:{picture}")) == {"E-mail": "a@x.example"}


def test_a_charset_that_is_no_charset_is_passed_over() -> None:
    data = card("FN;CHARSET=punycode:Zoé", "ORG;CHARSET=hex:Fil", "TITLE;CHARSET=utf-99:Été", version="2.1")
    assert list(cells(data).values()) == ["Zoé", "Fil", "Été"]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.just("\n"), max_size=30).map(
    str.strip
)


def written(name: str, text: str, version: str) -> str:
    """A property, escaped, and folded where there is room."""
    if version == "2.1":
        encoded = binascii.b2a_qp(text.replace("\\", "\\\\").replace(";", "\\;").encode(), istext=False)
        return f"{name};CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{encoded.decode()}".replace("\n", "\r\n")
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return f"{name}:{text[:9]}\r\n {text[9:]}"


@given(TEXTS, TEXTS, st.sampled_from(["2.1", "3.0", "4.0"]))
@example("a\\nb", "\\;", "4.0")
def test_any_card_that_can_be_written_is_read_back(note: str, title: str, version: str) -> None:
    lines = [written("NOTE", note, version), written("TITLE", title, version), "EMAIL:a@x.example"]
    found = cells(card(*lines, version=version))
    assert (found.get("Notes", ""), found.get("Job title", "")) == (note, title)


@given(st.binary(max_size=300))
def test_any_bytes_in_a_card_are_rows(data: bytes) -> None:
    (only,) = read_source(b"BEGIN:VCARD\n" + data + b"\nEND:VCARD\n")
    assert all(row.line >= 1 for row in only.rows)


LINES = st.sampled_from(
    ["BEGIN:VCARD", "END:VCARD", "VERSION:2.1", "EMAIL:a@x.example", "AGENT:", " b", "", "KIND:group",
     "N;ENCODING=QUOTED-PRINTABLE:=", "MEMBER:a", "UID:a", 'X;"', "item1.X:1", "PHOTO:", "=", "?"]
)  # fmt: skip


@given(st.lists(LINES, max_size=25))
def test_any_order_of_lines_is_rows(lines: list[str]) -> None:
    only = vcard.read_vcards("\n".join(["BEGIN:VCARD", *lines]).encode())
    assert all(set(row.cells) == set(only.header) for row in only.rows if isinstance(row, SourceRow))


def test_the_name_of_a_company_is_nobodys() -> None:
    company = ["N:;;;;", "FN:Radio Mer", "ORG:Radio Mer;", "X-ABShowAs:COMPANY", "EMAIL:studio@mer.example"]
    assert cells(card(*company)) == {"Organization": "Radio Mer", "E-mail": "studio@mer.example"}
    assert cells(card("X-ABShowAs:COMPANY", "EMAIL:studio@mer.example"))["E-mail"] == "studio@mer.example"
