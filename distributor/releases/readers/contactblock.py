"""The press contact block: from its lines to people with their roles, telephone numbers and e-mail addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from distributor.addresses import BadAddress, is_address, parse_address
from distributor.releases.draft import PressContact, Remark
from distributor.releases.readers.dates import find_date
from distributor.releases.readers.people import Part, classify, is_name, split_name_and_role, strip_civility
from distributor.releases.readers.sheet import Line, bare, quote

_EMAIL = re.compile(
    r"[\w.!#$%&'*+/=?^`{|}~-]{0,63}[\w!#$%&*+/=?^`{|}~-]@[^\W_](?:[\w-]{0,62}\w)?(?:\.[^\W_](?:[\w-]{0,62}\w)?)+"
)
_PHONE = re.compile(
    r"(?<![\w/])(?:\+\d{1,3}|\(\+?\d{1,4}\)|\d)"
    r"(?:(?:[ .\-\u00a0\u2009\u202f\u2011]|[ \u00a0]?\(\d{1,4}\)[ \u00a0]?)?\d){6,14}(?![\w/])"
)
_NEARLY_ADDRESS = re.compile(r"[\w.+-]@")
_ADDRESS_SIGN = re.compile(r"[\w.+-]@+[\w-]|(?:^|\s)@[\w-]+\.\w|mailto:", re.IGNORECASE)
_MAILTO = re.compile(r"!?\[(?P<text>[^\]]*)\]\(\s*<?mailto:(?P<address>[^)>\s?]*)[^)]*\)", re.IGNORECASE)
_BARE_MAILTO = re.compile(r"<?mailto:(?P<address>[^>\s?]+)(?:\?[^>\s]*)?>?", re.IGNORECASE)
_AT = re.compile(r"\s*[(\[{]\s*(?:at|arobase|arobas|chez|a|@)\s*[)\]}]\s*|\s+(?:arobase|\(?@\)?)\s+", re.IGNORECASE)
_DOT = re.compile(r"\s*[(\[{]\s*(?:dot|point|\.)\s*[)\]}]\s*", re.IGNORECASE)
_DOMAIN_TAIL = re.compile(r"^@[\w-]+(?:\.[\w-]+)+")
_LABEL = re.compile(
    r"(?:(?:t[ée]l(?:[ée]phone|s)?|portable|port|mobile|mob|cell(?:ulaire)?|phone|ligne directe|direct|standard|gsm"
    r"|fixe|m[ée]l|e-?mail|mail|courriel|adresse(?: électronique)?|office|work|call)\b\.?\s*(?:presse|direct)?\s*[:.]?"
    r"|\b[TMPEC]\s?[:.]|\b(?:nom|name|rôle|fonction|title)\s*:)\s*$",
    re.IGNORECASE,
)
_LABEL_START = re.compile(r"^(?:nom|name|rôle|fonction|title|contact)\s*:\s*", re.IGNORECASE)
_OF_A_COMPANY = re.compile(r"\b(?:SIRET|SIREN|RCS|FINESS|NAF|RNA|TVA)\b|\bcapital\s+(?:social\s+)?de\s+\d")
_IN_A_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_FAX = re.compile(r"\bfax\b[\s.:]*$|\bt[ée]l[ée]copie\b[\s.:]*$", re.IGNORECASE)
_STRONG = re.compile(r"\s+[–—-]+\s*|\s*[–—]+\s+|\s*[|;•·▪●◦\t]\s*|\s/+\s|\s{3,}")
_CONNECTOR_START = re.compile(
    r"^(?:au|à|ou|et|par|sur|at|on|or|via|by|and|chez|with|avec|joignable)\b\s*", re.IGNORECASE
)
_CONNECTOR_END = re.compile(r"(?:^|\s+)(?:au|à|ou|et|par|sur|at|on|or|via|by|and|with|avec|joignable)$", re.IGNORECASE)
_EDGES = " \t\N{NO-BREAK SPACE}\u202f,;:|/•·–—-()<>[]*_.\ufe0f"


@dataclass(frozen=True, slots=True)
class ContactBlock:
    """The people of a block; `notes` are its lines, or parts of lines, that are none of a contact's fields."""

    contacts: tuple[PressContact, ...]
    notes: tuple[str, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A logical line: one or more source lines that belong together."""

    numbers: tuple[int, ...]
    sources: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class _Atom:
    kind: str  # "email", "phone", "fax", "sector", or "text"
    text: str


def has_details(text: str) -> bool:
    """Whether a text holds an e-mail address (plain, linked or disguised) or a telephone number."""
    text = _undisguise(text[:2000])
    # An address parted by a line end counts too: its first half shows.
    return bool(_ADDRESS_SIGN.search(text) or any(_phones(text)))


def is_clean_block(lines: Sequence[Line]) -> bool:
    """Whether lines without a heading are beyond doubt a press contact: a person and an address, nothing else."""
    if len(lines) > 6 or any(len(line.text) > 120 for line in lines) or not any("@" in line.text for line in lines):
        return False
    found = read_contacts(lines)
    if any(contact.email and not is_address(contact.email) for contact in found.contacts):
        return False
    return not found.notes and all(contact.name and contact.email for contact in found.contacts)


def read_contacts(lines: Sequence[Line]) -> ContactBlock:
    """Read the lines of a contact block, its heading already cut off.

    Names, roles, numbers and addresses may come in any order, several to a line or one over two lines; a broken or
    disguised address is mended, with a remark. An address that no mail can be sent to is kept as it is written: the
    proof stops on it, and says what else there is.
    """
    rows, remarks = _logical_rows(lines)
    people: list[PressContact] = []
    notes: list[str] = []
    for row in rows:
        if _OF_A_COMPANY.search(row.text) and "@" not in row.text:
            notes.append(_IN_A_LINK.sub(r"\1", bare(row.text)))
            continue
        atoms, mended = _atoms(row)
        remarks.extend(mended)
        if {"email", "phone"} <= {atom.kind for atom in atoms}:
            atoms = _whole_row(atoms)
            if people and people[-1].email:  # a line of its own, whose number may come before its address
                people.append(PressContact())
        for atom in atoms:
            _place_atom(atom, people, notes)
    return ContactBlock(tuple(_without_stray_desks(people)), tuple(notes), tuple(remarks))


def _whole_row(atoms: list[_Atom]) -> list[_Atom]:
    """The pieces of a line with an address and a number: «CGT : 01 …, presse@…» begins with whose they are."""
    first = atoms[0]
    is_label = first.kind == "text" and "@" not in first.text and classify(first.text) is Part.UNKNOWN
    has_person = any(atom.kind == "text" and classify(atom.text) is Part.NAME for atom in atoms)
    return [_Atom("sector", first.text), *atoms[1:]] if is_label and not has_person else atoms


def _place_atom(atom: _Atom, people: list[PressContact], notes: list[str]) -> None:
    """Put one piece into the field of the contact it belongs to; a field already filled begins another contact."""
    field, value = _field_of(atom, people)
    if field is None:
        notes.append(value)
        return
    if field == "email":
        value = whole_address(value)
    is_next = bool(people) and (
        bool(getattr(people[-1], field))
        if field in {"name", "email"}
        # Whose name and address are known is done: the organisation that follows heads the next person's lines.
        else field == "sector"
        and bool(
            (people[-1].name and (people[-1].email or people[-1].phone)) or (people[-1].sector and people[-1].email)
        )
    )
    if not people or is_next:
        people.append(PressContact())
    last = people[-1]
    joiner = " / " if field == "phone" else ", "
    held = getattr(last, field)
    people[-1] = replace(last, **{field: f"{held}{joiner}{value}" if held else value})


def _without_stray_desks(people: Sequence[PressContact]) -> list[PressContact]:
    """An organisation behind which neither a name nor an address came belongs to the person above it."""
    kept: list[PressContact] = []
    for one in people:
        if kept and one.sector and not (one.name or one.role or one.email):
            last = kept[-1]
            kept[-1] = replace(
                last,
                sector=", ".join(filter(None, (last.sector, one.sector))),
                phone=" / ".join(filter(None, (last.phone, one.phone))),
            )
        else:
            kept.append(one)
    return kept


def whole_address(address: str) -> str:
    """The address as mail writes it; one that is none stays as it is written, for the proof to stop on."""
    try:
        return str(parse_address(address))
    except BadAddress:
        return address


def _field_of(atom: _Atom, people: Sequence[PressContact]) -> tuple[str | None, str]:
    kind = "email" if atom.kind == "text" and _NEARLY_ADDRESS.search(atom.text) else atom.kind
    if kind in {"email", "phone", "sector"}:
        return kind, atom.text
    if atom.kind == "fax":
        return None, f"Fax {atom.text}"
    part = classify(atom.text)
    if part is Part.NAME:
        return "name", strip_civility(atom.text)
    if part in {Part.ROLE, Part.SECTOR}:
        return part.value, atom.text
    last = people[-1] if people else None
    if last and last.name and not last.role and not (last.email or last.phone) and len(atom.text) <= 80:
        return "role", atom.text  # «Jeanne Martin, Observatoire des mots»: who she is
    return None, atom.text


def _logical_rows(lines: Sequence[Line]) -> tuple[list[_Row], list[Remark]]:
    """Join what the layout broke: emphasis over two lines, a name over two lines, an address over two lines."""
    rows: list[_Row] = []
    remarks: list[Remark] = []
    for line in lines:
        row = _Row((line.number,), (line.text,), line.text.strip().rstrip("\\").strip())
        if rows and (joined := _join(rows[-1], row)):
            rows[-1], remark = joined
            if remark:
                remarks.append(remark)
        else:
            rows.append(row)
    return rows, remarks


def _join(first: _Row, second: _Row) -> tuple[_Row, Remark | None] | None:
    numbers, sources = first.numbers + second.numbers, first.sources + second.sources
    if (address := _rejoined_address(first.text, second.text)) is not None:
        text, mended = address
        said = Remark(
            first.numbers[0], f"An e-mail address broken over two lines was put together as {mended}: {quote(sources)}."
        )
        return _Row(numbers, sources, text), said
    adjacent = second.numbers[0] == first.numbers[-1] + 1
    if adjacent and first.text.count("**") % 2:
        text = f"{first.text} {second.text}"
        remark = (
            Remark(first.numbers[0], f"A name over two lines was joined: {quote(sources)}.")
            if is_name(bare(text))
            else None
        )
        return _Row(numbers, sources, text), remark
    if (
        adjacent
        and re.fullmatch(r"[^\W\d_][\w'’-]+", bare(first.text))
        and re.fullmatch(r"[^\W\d_a-z][\w'’ -]+", bare(second.text))
    ):
        text = f"{bare(first.text)} {bare(second.text)}"
        if bare(second.text).isupper() and is_name(text):
            return _Row(numbers, sources, text), Remark(
                first.numbers[0], f"A name over two lines was joined: {quote(sources)}."
            )
    if adjacent and first.text.endswith(",") and not has_details(first.text) and not has_details(second.text):
        return _Row(numbers, sources, f"{first.text} {second.text}"), None
    return None


def _rejoined_address(first: str, second: str) -> tuple[str, str] | None:
    """The text of two lines with the address that the break parted made whole, and that address; None if none was."""
    tail = _DOMAIN_TAIL.match(second)
    link = _MAILTO.search(first)
    if tail and link and not first[link.end() :].strip(" \\*"):
        address = link["address"]
        whole = address if "@" in address else address + tail[0]
        if not whole.casefold().endswith(tail[0].casefold()):
            return None
        return f"{first[: link.start()]}{whole} {second[tail.end() :]}".rstrip(), whole
    last, head = first.split()[-1:] or [""], second.split()[:1] or [""]
    left, right = last[0].strip("<>*_"), head[0].strip("<>*_,;")
    broken = (
        (tail and re.fullmatch(r"[\w.+-]+", left))
        or (re.fullmatch(r"[\w.+-]+@", left) and re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", right))
        or (re.fullmatch(r"[\w.+-]+@[\w.-]*[.-]", left) and re.fullmatch(r"[\w.-]+", right))
        or (re.fullmatch(r"[\w.+-]+@[\w-]+", left) and re.fullmatch(r"\.[\w.-]+", right))
    )
    if not broken or not _EMAIL.fullmatch(left + right):
        return None
    return f"{first[: first.rindex(last[0])]}{left}{right} {second[len(head[0]) :]}".rstrip(), left + right


def _atoms(row: _Row) -> tuple[list[_Atom], list[Remark]]:
    """Cut a logical line into addresses, numbers and pieces of text."""
    remarks: list[Remark] = []
    text = row.text
    text = _MAILTO.sub(lambda link: _unlink(link, row, remarks), text)
    text = _BARE_MAILTO.sub(lambda link: f" {link['address']} ", text)
    plain = _undisguise(text)
    if plain != text and (found := _EMAIL.search(plain)):
        remarks.append(
            Remark(row.numbers[0], f"A disguised e-mail address was read as {found[0]}: {quote(row.sources)}.")
        )
        text = plain
    atoms: list[_Atom] = []
    last = 0
    for start, end, kind in sorted([*((m.start(), m.end(), "email") for m in _EMAIL.finditer(text)), *_phones(text)]):
        if start < last:  # figures inside an address are not a number
            continue
        before = text[last:start]
        is_fax = kind == "phone" and bool(_FAX.search(before))
        label = _FAX if is_fax else _LABEL
        atoms.extend(_pieces(label.sub("", _icons_off(before).rstrip())))
        atoms.append(_Atom("fax" if is_fax else kind, text[start:end].strip()))
        last = end
    atoms.extend(_pieces(text[last:]))
    return atoms, remarks


def _unlink(link: re.Match[str], row: _Row, remarks: list[Remark]) -> str:
    shown, address = link["text"].strip("*_ "), link["address"]
    if not shown or shown.casefold() in {address.casefold(), address.partition("@")[0].casefold()}:
        return f" {address} "
    if "@" in shown and _EMAIL.fullmatch(shown):
        remarks.append(
            Remark(
                row.numbers[0], f"The link shows {shown} but leads to {address}, which was kept: {quote(row.sources)}."
            )
        )
        return f" {address} "
    return f" {shown} – {address} "


def _phones(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _PHONE.finditer(text):
        found = find_date(match[0])
        is_date = found is not None and found.end - found.start >= len(match[0]) - 1
        if not is_date and _is_dialable(match[0]):
            yield match.start(), match.end(), "phone"


def _is_dialable(text: str) -> bool:
    """Whether figures are as many as a telephone number has; «2021-2022» and a company's number are not one."""
    figures = sum(char.isdigit() for char in text)
    if text.startswith(("+", "(+", "00")):
        return 8 <= figures <= 15
    return (8 if text.startswith(("0", "(0")) else 9) <= figures <= 11


def _pieces(text: str) -> Iterator[_Atom]:
    """The text between addresses and numbers, cut where press offices cut: at dashes and bars, then at commas."""
    for strong in _STRONG.split(_icons_off(text)):
        piece = _trim(strong)
        if not piece:
            continue
        if classify(piece) is Part.SECTOR:
            yield _Atom("text", piece)
            continue
        label, colon, rest = piece.partition(":")
        name, _, more = rest.partition(",")
        if colon and is_name(name):  # «Ports de France : Jeanne Martin, présidente»
            yield _Atom("text", name.strip())
            yield _Atom("text" if classify(label) is Part.ROLE else "sector", label.strip())
            yield from (_Atom("text", part) for part in _comma_parts(more))
            continue
        for part in _comma_parts(piece):
            yield from (_Atom("text", one) for one in split_name_and_role(part))


def _comma_parts(piece: str) -> Iterator[str]:
    """«Name, role, desk» in its parts; commas inside a role or a desk stay there."""
    parts = [part for part in (_trim(part) for part in piece.split(",")) if part]
    held: list[str] = []
    for part in parts:
        if held and (is_name(part) or is_name(held[0]) or classify(part) is Part.SECTOR):
            yield ", ".join(held)
            held = []
        held.append(part)
    if held:
        yield ", ".join(held)


def _trim(text: str) -> str:
    text = _LABEL_START.sub("", bare(text).strip(_EDGES))
    if re.fullmatch(_LABEL.pattern, text + ":", re.IGNORECASE):
        return ""
    text = _CONNECTOR_END.sub("", _CONNECTOR_START.sub("", text)).strip(_EDGES)
    return "" if len(text) < 2 else text


def _icons_off(text: str) -> str:
    return "".join(" " if unicodedata.category(char) == "So" or char == "\ufe0f" else char for char in text)


def _undisguise(text: str) -> str:
    shown = _AT.sub("@", text)
    return _DOT.sub(".", shown) if shown != text else text
