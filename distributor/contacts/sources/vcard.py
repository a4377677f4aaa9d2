"""Reading vCards, versions 2.1, 3.0 and 4.0, as telephones and address books really write them: one card, one row.

`COLUMNS` says which property fills which column, and any other property is a column of its own. `X-DISTRIBUTOR-BEAT` is
the column «beat», `X-DISTRIBUTOR-FIELDS-HOME-TOWN` the extra field `home_town`: what a list can say, a card can.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from distributor.contacts.cleaning.particulars import EXTRA_PREFIX
from distributor.contacts.sources.cards import Property, Span, properties, spans
from distributor.contacts.sources.csvfile import MAX_BYTES, MAX_CELL, MAX_ROWS
from distributor.contacts.sources.headers import MAX_COLUMNS
from distributor.contacts.sources.rows import Format, RejectedRow, SourceRow, SourceTable
from distributor.decoding import decode
from distributor.errors import BadInput
from distributor.folding import fold

OWN_PREFIX = "X-DISTRIBUTOR-"
"""Before the name of a column that no property of the standard stands for."""

REASON = f"{OWN_PREFIX}REJECTED"
"""The property by which a file of rejected cards says why; passed over when the mended file comes back."""

COLUMNS: Mapping[str, str] = {
    "FN": "Full name", "TITLE": "Job title", "ROLE": "Role", "EMAIL": "E-mail", "TEL": "Phone", "URL": "Website",
    "NOTE": "Notes", "CATEGORIES": "Categories", "LANG": "Language", "ADR": "Postal address", "BDAY": "Birthday",
    "NICKNAME": "Nickname",
}  # fmt: skip
"""The column that a property fills. N fills five, and ORG two: the organization and, with its unit, the department."""

_OF_N = ("Last name", "First name", "Middle name", "Prefix", "Suffix")
_FIRST_COLUMNS = ("Prefix", "First name", "Last name", "Full name", "E-mail", "Organization")
_JOINED = {"Notes": "\n", "Categories": "; ", "Language": ", ", "Department": ", "}
_MOST_REPEATED = 9  # «E-mail 2» … «E-mail 9»: what comes after joins the ninth
# About the card and not the person; or pictures, sounds and keys, which a list has no use for.
_PASSED_OVER = frozenset({
    "BEGIN", "END", "VERSION", "PRODID", "REV", "UID", "KIND", "SOURCE", "CLIENTPIDMAP", "PROFILE", "MAILER", "CLASS",
    "SORT-STRING", "LABEL", "PHOTO", "LOGO", "SOUND", "KEY", "AGENT", "MEMBER", "XML", "X-ABUID", "X-ABSHOWAS",
    "X-ABADR", "X-ABLABEL", "X-ADDRESSBOOKSERVER-KIND", "X-ADDRESSBOOKSERVER-MEMBER", "X-MS-CARDPICTURE",
    "X-MS-OL-DESIGN", "X-IMAGEHASH", "X-IMAGETYPE", "X-SHARED-PHOTO-DISPLAY-PREF", "X-EVOLUTION-FILE-AS", REASON,
})  # fmt: skip
_KINDS = frozenset({"KIND", "X-ADDRESSBOOKSERVER-KIND"})
_MEMBERS = frozenset({"MEMBER", "X-ADDRESSBOOKSERVER-MEMBER"})
_APPLE_LABEL = re.compile(r"_\$!<(.*)>!\$_")
_PRIVATE = frozenset({"home", "maison", "domicile", "prive", "privee", "perso", "personnel", "personal", "private"})
_CUT_OFF = "The card has no END: the file seems to be cut off here."
_OUTSIDE = "This stands outside any card."


@dataclass(slots=True)
class _Card:
    """One card: where it stands, and what it says by column."""

    span: Span
    cells: dict[str, str] = field(default_factory=dict)
    identifier: str = ""
    is_group: bool = False
    is_company: bool = False
    members: list[str] = field(default_factory=list)


def read_vcards(data: bytes, *, name: str = "") -> SourceTable:
    """Open a file of vCards given as bytes: a row per card, `line` where its BEGIN stands, `raw` the card as it stood.

    The preferred address comes first, private ones last. A group (`KIND:group`) is no contact: its name goes to the
    «Categories» of its members. Pictures, sounds and keys are passed over; every other property is a column. A card
    that the file ends before its END, and lines outside any card, are `RejectedRow`s.

    Raises `BadInput` for a file that is empty or too big, or whose cards use too many properties or are too many.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"The file is too big ({len(data) // 1_000_000} MB; {MAX_BYTES // 1_000_000} are the most we read).",
            file=name or None,
            mend="Export it again without pictures, or in two parts.",
        )
    decoded = decode(data)
    codec = decoded.encoding
    if codec.startswith("UTF-"):  # to one encoding in which line ends and colons are single bytes
        codec, data = "utf-8", decoded.text.removeprefix("\ufeff").encode(errors="replace")
    found = list(spans(data, REASON.encode()))
    if sum(span.is_card for span in found) > MAX_ROWS:
        raise BadInput(
            f"It has more than {MAX_ROWS:,} cards.", file=name or None, mend="Split it and import the parts."
        )
    cards = [_Card(span) if _rejection(span) else _read_card(data, span, codec) for span in found]
    remarks = [f"Read as vCards in {decoded.encoding}.", *_hand_out_groups(cards)]
    header = tuple(dict.fromkeys([*_FIRST_COLUMNS, *(column for card in cards for column in card.cells)]))
    if len(header) > MAX_COLUMNS:
        raise BadInput(
            f"Its cards use {len(header)} different properties; {MAX_COLUMNS} are the most we read.",
            file=name or None,
            mend="Export it again with names, addresses and organisations only.",
        )
    rows = _rows(data, cards, header)
    return SourceTable(name, header, rows, decoded.encoding, "", tuple(remarks), format=Format.VCARD)


def _rejection(span: Span) -> str:
    """Why a stretch of the file is no card, or ""."""
    if not span.is_card:
        return _OUTSIDE
    return _CUT_OFF if span.is_last and not span.is_closed else ""


def _rows(data: bytes, cards: Sequence[_Card], header: tuple[str, ...]) -> Iterator[SourceRow | RejectedRow]:
    for card in cards:
        span, reason = card.span, _rejection(card.span)
        raw = data[span.start : span.end]
        cells = {column: card.cells.get(column, "") for column in header}
        told = () if span.is_closed else ("the card has no END: read up to the next one",)
        row = SourceRow(span.line, cells, told=told, raw=raw)
        if reason:
            shown = raw[:80].decode("utf-8", "replace").splitlines()
            yield row.rejected(reason, value=shown[0] if shown and not span.is_card else "")
        elif not card.is_group:
            longest = max(cells, key=lambda column: len(cells[column]))
            if len(cells[longest]) > MAX_CELL:
                long = f"The value is longer than {MAX_CELL:,} characters."
                yield row.rejected(long, column=longest, value=cells[longest][:80])
            else:
                yield row


def _hand_out_groups(cards: Sequence[_Card]) -> list[str]:
    """Add each group's name to its members' categories; return a remark for each."""
    remarks = []
    by_identifier = {card.identifier: card for card in cards if card.identifier}
    for group in cards:
        if group.is_group:
            title = group.cells.get("Full name") or group.cells.get("Last name", "")
            members = [by_identifier[member] for member in dict.fromkeys(group.members) if member in by_identifier]
            for card in members:
                held = card.cells.get("Categories", "")
                if title and title not in held.split("; "):
                    card.cells["Categories"] = f"{held}; {title}" if held else title
            told = f"its name was added to the categories of its members ({len(members)})"
            remarks.append(f"The group «{title}» is no contact: {told}.")
    return remarks


def _read_card(data: bytes, span: Span, codec: str) -> _Card:
    card = _Card(span)
    said: dict[str, list[tuple[tuple[int, bool], str]]] = {}
    found = list(properties(data[span.start : span.end], codec))
    labels = {one.group: _label(one.text) for one in found if one.name == "X-ABLABEL" and one.group}
    for one in found:
        _heed(card, one)
        if one.name not in _PASSED_OVER:
            label = labels.get(one.group, "")
            rank = one.preference, "HOME" in one.types or fold(label) in _PRIVATE
            for column, text in _columns(one, label):
                if text:
                    said.setdefault(column, []).append((rank, text))
    for column, values in said.items():
        values.sort(key=lambda value: value[0])
        texts = list(dict.fromkeys(text for _, text in values))
        if column in _JOINED:
            card.cells[column] = _JOINED[column].join(texts)
            continue
        texts[_MOST_REPEATED - 1 :] = [", ".join(texts[_MOST_REPEATED - 1 :])] if len(texts) >= _MOST_REPEATED else []
        for number, text in enumerate(texts, start=1):
            card.cells[column if number == 1 else f"{column} {number}"] = text
    if card.is_company and card.cells.get("Full name") == card.cells.get("Organization"):
        card.cells.pop("Full name", None)  # nobody's name: an outlet's
    return card


def _heed(card: _Card, one: Property) -> None:
    """What a property says about the card itself."""
    if one.name in _KINDS:
        card.is_group |= one.text.strip().casefold() == "group"
    elif one.name == "X-ABSHOWAS":
        card.is_company |= one.text.strip().casefold() == "company"
    elif one.name in _MEMBERS:
        card.members.append(_identifier(one.text))
    elif one.name == "UID":
        card.identifier = _identifier(one.text)


def _columns(one: Property, label: str) -> Iterator[tuple[str, str]]:
    """What a property says, by column."""
    if one.name == "N":
        # Several first names have commas between them (RFC 6350 §6.2.2); «Duval, fils» in one part reads as well.
        yield from zip(_OF_N, (" ".join(part.replace(",", " ").split()) for part in one.parts(";")), strict=False)
    elif one.name == "ORG":
        organization, *units = one.parts(";")
        yield "Organization", organization
        yield "Department", ", ".join(filter(None, units))
    elif one.name == "ADR":
        yield COLUMNS["ADR"], ", ".join(filter(None, one.parts(";")))
    elif one.name == "CATEGORIES":
        yield COLUMNS["CATEGORIES"], "; ".join(filter(None, one.parts(",")))
    elif one.name == "TEL":
        number = one.text.strip()
        number = re.sub(r"(?i)^tel:", "", number).replace(";ext=", " ext. ")
        yield "Fax" if "FAX" in one.types else "Pager" if "PAGER" in one.types else COLUMNS["TEL"], number
    elif one.name.startswith(OWN_PREFIX):
        yield _own_column(one.name.removeprefix(OWN_PREFIX).lower()), one.text.strip()
    else:
        own = label if label and one.name.startswith("X-AB") else one.name
        yield COLUMNS.get(one.name, own), one.text.strip()


def _own_column(name: str) -> str:
    extra = name.removeprefix("fields-")
    return name.replace("-", " ") if extra == name else EXTRA_PREFIX + extra.replace("-", "_")


def _label(text: str) -> str:
    found = _APPLE_LABEL.fullmatch(text.strip())
    return found[1] if found else text.strip()


def _identifier(text: str) -> str:
    return text.strip().casefold().removeprefix("urn:uuid:")
