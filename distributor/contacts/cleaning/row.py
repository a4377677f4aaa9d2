"""From a row as it stands in the file to the contact it means, every cleaning told; or why it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar

from distributor.addresses import Address, BadAddress
from distributor.contacts.cleaning.cells import clean_text, is_clean, looks_damaged, normal_language
from distributor.contacts.cleaning.codes import read_answer, read_channel, read_day, read_moment, read_outlet_kind
from distributor.contacts.cleaning.columns import ColumnMap, each_person
from distributor.contacts.cleaning.departed import remark_of_departure, title_of_departed
from distributor.contacts.cleaning.drafts import DESK, OPTED_OUT, CleanRow, ContactDraft, Post, Value
from distributor.contacts.cleaning.mailboxes import (
    AddressCell,
    is_anybodys,
    is_role_address,
    mixes_scripts,
    read_address_cell,
)
from distributor.contacts.cleaning.notelint import lint_note
from distributor.contacts.cleaning.optout import (
    cell_says_so,
    is_yes,
    one_says_so,
    remarks_say_so,
    sentence_says_so,
    title_says_so,
)
from distributor.contacts.cleaning.particulars import Field
from distributor.contacts.cleaning.persons import read_name, tell_people_apart
from distributor.contacts.sources.rows import RejectedRow, SourceRow
from distributor.folding import fold
from distributor.formulas import restored

_SECTOR_SEPARATOR = re.compile(r"\s*(?::::|[;,/|\n])\s*")
_SECTOR_LEVEL = re.compile(r"\s*>\s*")
_WORD_SEPARATOR = re.compile(r"\s*(?::::|[;,|\n])\s*")
_LANGUAGE_SEPARATOR = re.compile(r"\s*(?:[;,/|+&\n]|\bet\b|\band\b)\s*")
_NO_SECTOR = frozenset(
    {"presse", "press", "media", "medias", "contacts", "mycontacts", "journalistes", "journalists", "starred"}
)
_MULTILINE = frozenset({"notes", "note_to_send", "sector", "topics"})
_NAMES = (Field.FIRST_NAME, Field.LAST_NAME, Field.FULL_NAME, Field.FULL_NAME_LAST_FIRST)
_PERSONS_NAMES = tuple(field.value for field in _NAMES)
_NAME_FIELDS = frozenset({*_PERSONS_NAMES, "outlet"})
_BORN = re.compile(r"(?<=\w),? ((?:née|nee|Née|NÉE|NEE|ép\.|épouse) \S.*)")
_IN_BRACKETS = re.compile(r"(?<!\S)(?:\([^()]*\)|\[[^\[\]]*\])(?![^\s,;.])")
_NO_SIGNS = frozenset({"-", "--", "?", "??", ".", "…", "/", "N/A", "n/a", "NC", "N.C.", "nc", "ND", "N.D."})
_NO_NAME = re.compile(  # unfolded: every name of a hundred thousand rows is asked
    r"x{2,}|(?:nom )?inconnu(?:\(?e\)?)?s?|unknown|sans nom|no name|unbekannt|not available|tbd"
    r"|non (?:renseign|communiqu|précis)ée?|à (?:compléter|préciser|renseigner)",
    re.IGNORECASE,
)
_QUOTES = frozenset('“”«„"‘')
_QUOTED = re.compile(r"[“”«„\"‘]\s*([^“”«»„\"‘’]+?)\s*[“”»\"’]")
_INSIDE_EXCHANGE = re.compile(r"\s*/o=", re.IGNORECASE)  # Outlook's name for somebody of one's own organisation
_LISTS = frozenset({"sector", "topics"})
# Asked by themselves; or an outlet's, which its other people share.
_NOT_ASKED = frozenset({"opted_out", "notes", "outlet_kind", "outlet_region", "website"})
_OWN_WORDS = _NAME_FIELDS | {"phone"}  # nearly all different, and of few words: only more are looked at
_EXPONENT = re.compile(r"\d[.,]\d+E\+?\d", re.IGNORECASE)
_DIALLED = frozenset("+(0123456789")
_ADDRESS_FIELDS = frozenset({Field.ADDRESS, Field.OTHER_ADDRESS, Field.AFFILIATION_ADDRESS})
_OF_A_POST = ("role", "desk", "outlet_kind", "outlet_region", "website", "valid_from", "valid_to")
_AS_SAID = ("phone", "region", "note_to_send")

Said: TypeAlias = dict[str, str]
"""The clean text of each field that the row speaks of, by the field's value: a hundred thousand rows ask it often."""

_Person: TypeAlias = tuple[Address, tuple[Address, ...], Mapping[str, Value]]

_Read = TypeVar("_Read")


class RowCleaner:
    """Cleans the rows of one table, whose columns are looked up once.

    A row is rejected only for its address; all else is mended, kept aside or left empty, and told.
    """

    def __init__(self, columns: ColumnMap) -> None:
        recognised = columns.recognised
        self._address_columns = recognised[Field.ADDRESS]
        self._other_columns = recognised.get(Field.OTHER_ADDRESS, ())
        self._post_address_columns = recognised.get(Field.AFFILIATION_ADDRESS, ())
        spoken = {field.value: names for field, names in recognised.items() if field not in _ADDRESS_FIELDS}
        self._single = tuple((field, names[0]) for field, names in spoken.items() if len(names) == 1)
        self._several = tuple((field, names) for field, names in spoken.items() if len(names) > 1)
        self._kept = tuple(columns.kept.items())
        self._remarks = tuple(name for name, key in self._kept if key not in _NOT_ASKED)
        self._multiline = {name for field, names in spoken.items() if field in _MULTILINE for name in names}
        self._texts = {name for names in spoken.values() for name in names} | set(columns.kept)
        self._section = ("", "")
        self._outlet_above = ("", "", "")
        self._each = [(one.recognised, RowCleaner(one)) for one in each_person(columns)]
        self._names = [(field, names[0]) for field, names in spoken.items() if field in _NAME_FIELDS]

    def clean(self, row: SourceRow) -> CleanRow | RejectedRow:
        """The contacts that a row means, or the row rejected with the reason."""
        if self._each and (each := self._clean_each(row)):
            return each
        changes = list(row.told)
        given = _restored(row.cells)
        try:
            column, found = self._read_addresses(given, changes)
        except _NoAddress as error:
            self._enter_section(row)
            return row.rejected(error.reason, column=error.column, value=error.value)
        cells = given if is_clean(given.values()) else self._clean_cells(given, changes)
        said = {field: text for field, name in self._single if (text := cells.get(name))}
        for field, names in self._several:
            texts = dict.fromkeys(text for name in names if (text := cells.get(name)))
            if texts:
                said[field] = ("\n" if field == "notes" else ", ").join(texts)
        if found.remark:
            said["notes"] = "\n".join(filter(None, (said.get("notes", ""), clean_text(found.remark)[0])))
        kept = {key: text for name, key in self._kept if (text := cells.get(name))}
        self._note_damage(said, changes)
        opted_out = self._says_no(said, cells) or self._stands_among_objectors(row)
        if opted_out:
            changes.append("the row says not to write any more: never mailed")
        _leave_out_no_names(said, changes)
        _set_asides_apart(said, changes)
        if not opted_out:
            self._note_departure(row, said, cells, changes)
        people = self._read_people(given, said, (column, found), kept, changes)
        if "notes" in said:
            changes += _lint_note(said["notes"])
        post = self._read_post(given, said, kept, changes)
        self._note_block(row, people[0][0].domain, post, changes)
        collected_at = _read(read_moment, "collected_at", said, kept, changes)
        drafts = tuple(
            ContactDraft(
                address=address,
                others=others,
                values=values,
                post=post,
                sectors=read_sectors(said["sector"]) if "sector" in said else (),
                notes=said.get("notes", ""),
                flag=OPTED_OUT if opted_out else DESK if is_role_address(address) else "",
                fields=kept,
                source=said.get("source", ""),
                legal_basis=said.get("legal_basis", ""),
                collected_at=collected_at,
            )
            for address, others, values in people
        )
        return CleanRow(row.line, drafts, tuple(changes), row.sheet)

    def _clean_each(self, row: SourceRow) -> CleanRow | RejectedRow | None:
        """The people of a row that has columns for several; None where it gives no address."""
        found: list[CleanRow] = []
        without: list[str] = []
        for recognised, cleaner in self._each:
            if not row.cells.get(recognised[Field.ADDRESS][0], "").strip():
                named = (row.cells.get(recognised[field][0], "") for field in _NAMES if field in recognised)
                without += filter(None, [" ".join(" ".join(named).split())])
                continue
            cleaner._section = self._section  # noqa: SLF001 - a cleaner of its own kind
            one = cleaner.clean(row)
            if isinstance(one, RejectedRow):
                return one
            found.append(one)
        if not found:
            return None
        drafts = tuple(draft for one in found for draft in one.drafts)
        told = dict.fromkeys(change for one in found for change in one.changes)
        left_out = [f"«{name}» has no address in this row: left out" for name in without]
        return CleanRow(row.line, drafts, (*told, *left_out), row.sheet)

    def _read_addresses(self, cells: Mapping[str, str], changes: list[str]) -> tuple[str, AddressCell]:
        """The address cell, or the first other address where it is empty."""
        for column in (*self._address_columns, *self._other_columns):
            value = cells.get(column, "")
            if not value or not value.strip() or _INSIDE_EXCHANGE.match(value):
                continue
            try:
                cell = read_address_cell(value)
            except BadAddress as error:
                raise _NoAddress(column, value, str(error)) from None
            if cell.changes:
                changes += [f"{column}: {change}" for change in cell.changes]
            if column != self._address_columns[0]:
                changes.append(f"{column}: used, since «{self._address_columns[0]}» is empty")
            return column, cell
        raise _NoAddress(self._address_columns[0], "", "There is no address in this row.")

    def _clean_cells(self, cells: Mapping[str, str], changes: list[str]) -> Mapping[str, str]:
        cleaned: dict[str, str] = {}
        for name, raw in cells.items():
            if raw and name in self._texts:
                cleaned[name], told = clean_text(raw, multiline=name in self._multiline)
                changes += [f"{name}: {change}" for change in told]
        return cleaned

    def _note_damage(self, said: Said, changes: list[str]) -> None:
        for field, name in self._names:
            text = said.get(field, "")
            if ("?" in text or "\ufffd" in text) and looks_damaged(text):
                changes.append(f"{name}: «{text}» seems to have lost letters: check it")
        if (phone := said.get("phone")) and _EXPONENT.search(phone):
            changes.append(f"phone «{phone}» has lost digits to a spreadsheet: ask for it again")

    def _note_departure(self, row: SourceRow, said: Said, cells: Mapping[str, str], changes: list[str]) -> None:
        """Say it aloud where the file holds that somebody left: it is for a person to look at, not for an import."""
        told = _remark_of_departure("notes", said["notes"]) if "notes" in said else ""
        for name in self._remarks:
            if not told and (cell := cells.get(name)):
                told = _remark_of_departure(name, cell)
        sheet, title = self._section
        if not told and (title or row.sheet):
            told = next((one for one in (row.sheet, title * (sheet == row.sheet)) if _title_of_departed(one)), "")
        if told:
            changes.append(f"«{told}»: it seems that they left, or that mail to them comes back: look before you send")

    def _note_block(self, row: SourceRow, domain: str, post: Post | None, changes: list[str]) -> None:
        """Say that a row leaves open the outlet which the row above names, where their addresses are of one house."""
        sheet, outlet, house = self._outlet_above
        if post is not None:
            self._outlet_above = (row.sheet, post.outlet, domain)
        elif (sheet, house) == (row.sheet, domain) and not is_anybodys(domain):
            changes.append(f"no outlet; the row above names «{outlet}»: write it in this row too if it is theirs")

    def _enter_section(self, row: SourceRow) -> None:
        """Remember the title that stands alone in a row, for the rows below it."""
        filled = [cell for cell in row.cells.values() if cell and cell.strip()]
        if len(filled) == 1:
            self._section = (row.sheet, filled[0])

    def _stands_among_objectors(self, row: SourceRow) -> bool:
        """Whether the sheet, or the title above the row, is that of those who want no mail."""
        sheet, title = self._section
        return bool(
            (row.sheet and _title_says_so(row.sheet)) or (title and sheet == row.sheet and _title_says_so(title))
        )

    def _says_no(self, said: Said, cells: Mapping[str, str]) -> bool:
        # In a column of its own anything but a clear no is an objection: people write a cross, a date, a reason.
        if "opted_out" in said and _is_yes(said["opted_out"]):
            return True
        if "notes" in said and _remarks_say_so(said["notes"]):
            return True
        for field, text in said.items():
            if field in _OWN_WORDS and (text[0] in _DIALLED or ("(" not in text and text.count(" ") < 2)):
                continue
            if field not in _NOT_ASKED and _field_says_so(field, text):
                return True
        return any(_cell_says_so(name, cell) for name in self._remarks if (cell := cells.get(name)))

    def _read_people(
        self,
        cells: Mapping[str, str],
        said: Said,
        read: tuple[str, AddressCell],
        kept: dict[str, str],
        changes: list[str],
    ) -> list[_Person]:
        """Whom the row is about: each one's address, further addresses, and values."""
        used, found = read
        if len(found.found) > 1 and (names := tell_people_apart(said, [one.local for _, one in found.found])):
            changes.append(f"{used}: {len(names)} addresses and as many names: {len(names)} contacts")
            return [
                (address, (), _read_values(said | {"full_name": name}, "", kept, changes, is_desk=False))
                for (_, address), name in zip(found.found, names, strict=True)
            ]
        every = self._every_address(cells, found, used, kept, changes)
        if len(every) > 1 and not read_name(said, "", {}, []).keys() & {"first_name", "last_name"}:
            return _each_by_its_own_name(every, said, used, kept, changes)
        given, first = found.found[0]
        if said.keys().isdisjoint(_PERSONS_NAMES):
            given = _without_asides(given, said, changes)
        values = _read_values(said, given, kept, changes, is_desk=is_role_address(first))
        if len(every) == 1:
            return [(every[0][1], (), values)]
        own = next((address for _, address in found.found if not is_role_address(address)), first)
        others = tuple(address for _, address in every if address.key != own.key)
        changes.append(f"several addresses of one person: «{own}» is used, {_listed(others)} kept as a second one")
        return [(own, others, values)]

    def _every_address(
        self, cells: Mapping[str, str], found: AddressCell, used: str, kept: dict[str, str], changes: list[str]
    ) -> Sequence[tuple[str, Address]]:
        """The addresses of the row, each once and with the name around it, those of further columns last."""
        has_others = self._other_columns and any(cells.get(name) for name in self._other_columns)
        if len(found.found) == 1 and not has_others and str(found.found[0][1]).isascii():
            return found.found
        every = list(found.found)
        for column in self._other_columns:
            if column != used and cells.get(column, "").strip():
                every += _read_other(column, cells[column], kept, changes)
        every = list({address.key: (name, address) for name, address in reversed(every)}.values())[::-1]
        mixed = [address for _, address in every if mixes_scripts(address)]
        changes += [f"«{address}» mixes alphabets that look alike: check it" for address in mixed]
        return every

    def _read_post(self, cells: Mapping[str, str], said: Said, kept: dict[str, str], changes: list[str]) -> Post | None:
        """The affiliation; without an outlet there is none, and what would stand in it is kept as fields."""
        address = None
        for column in self._post_address_columns:
            if cells.get(column, "").strip():
                address = next((found for _, found in _read_other(column, cells[column], kept, changes)), None)
        outlet = said.get("outlet")
        if not outlet:
            for field in _OF_A_POST:
                if field in said:
                    kept.setdefault(field, said[field])
                    changes.append(f"{field} «{said[field]}» without an outlet: kept as a field")
            if address is not None:
                kept.setdefault("affiliation_address", str(address))
            return None
        written, kind = said.get("outlet_kind", ""), ""
        if written:
            kind = read_outlet_kind(written)
        return Post(
            outlet,
            said.get("role", ""),
            said.get("desk", ""),
            kind,
            said.get("outlet_region", ""),
            said.get("website", ""),
            address,
            _read(read_day, "valid_from", said, kept, changes),
            _read(read_day, "valid_to", said, kept, changes),
        )


class _NoAddress(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


@lru_cache(maxsize=4096)
def _lint_note(text: str) -> tuple[str, ...]:
    return tuple(map(str, lint_note(text)))


# Remarks and statuses repeat down a column.
_title_says_so = lru_cache(maxsize=64)(title_says_so)
_title_of_departed = lru_cache(maxsize=64)(title_of_departed)
_remark_of_departure = lru_cache(maxsize=4096)(remark_of_departure)
_is_yes = lru_cache(maxsize=1024)(is_yes)
_remarks_say_so = lru_cache(maxsize=4096)(remarks_say_so)
_cell_says_so = lru_cache(maxsize=16384)(cell_says_so)


@lru_cache(maxsize=16384)
def _field_says_so(field: str, text: str) -> bool:
    if field in _NAME_FIELDS:
        return sentence_says_so(text)
    return one_says_so(text) if field in _LISTS else cell_says_so(field, text)


def _restored(cells: Mapping[str, str]) -> Mapping[str, str]:
    """The cells without the apostrophe that an export, or a spreadsheet, puts before what could run as a formula."""
    if not any(cell[:1] == "'" for cell in cells.values()):
        return cells
    return {name: restored(cell) for name, cell in cells.items()}


def _leave_out_no_names(said: Said, changes: list[str]) -> None:
    """Take out of names what stands there for want of one («N/A», «XXX»), and the quotation marks around them."""
    for field in _NAME_FIELDS:
        written = said.get(field)
        if written is None:
            continue
        if written in _NO_SIGNS or _NO_NAME.fullmatch(written):
            del said[field]
            changes.append(f"«{written}» is no name: left out")
        elif written[0] in _QUOTES and (found := _QUOTED.fullmatch(written)):
            said[field] = found[1]
            changes.append(f"quotation marks around «{found[1]}» removed")


def _set_asides_apart(said: Said, changes: list[str]) -> None:
    """Move what stands in brackets behind a name, or behind «née», into the notes: nobody is greeted by it."""
    for field in _PERSONS_NAMES:
        if field in said:
            said[field] = _without_asides(said[field], said, changes)


def _without_asides(written: str, said: Said, changes: list[str]) -> str:
    name = " ".join(_IN_BRACKETS.sub(" ", written).split())
    asides = " ".join((*_IN_BRACKETS.findall(written), *map(str.strip, _BORN.findall(name))))
    name = _BORN.sub("", name)
    if not name or not asides:
        return written
    changes.append(f"«{asides}» taken out of the name, into the notes")
    said["notes"] = "\n".join(filter(None, (said.get("notes", ""), asides)))
    return name


def _listed(addresses: tuple[Address, ...]) -> str:
    return ", ".join(map(str, addresses))


def _read_other(column: str, value: str, kept: dict[str, str], changes: list[str]) -> tuple[tuple[str, Address], ...]:
    """The addresses of a column that may do without: what is none is kept as a field, and told."""
    try:
        cell = read_address_cell(value)
    except BadAddress as error:
        kept.setdefault("other_address", clean_text(value)[0])
        changes.append(f"{column}: «{clean_text(value)[0]}» kept as a field: {error}")
        return ()
    changes += [f"{column}: {change}" for change in cell.changes]
    return cell.found


def _each_by_its_own_name(
    every: Sequence[tuple[str, Address]], said: Said, used: str, kept: dict[str, str], changes: list[str]
) -> list[_Person]:
    """Whom the addresses of a row mean whose columns name nobody: a name around one of them is that one's alone.

    So it is where somebody copies who a message went to. Only under the very same name are two addresses one person's.
    """
    people: dict[str, list[tuple[str, Address]]] = {}
    for name, address in every:
        people.setdefault(fold(name) or address.key, []).append((name, address))
    how = ", named one by one" if any(name for name, _ in every) else " and no name"
    contacts = "1 contact" if len(people) == 1 else f"{len(people)} contacts"
    changes.append(f"{used}: {len(every)} addresses{how}: {contacts}")
    return [
        (
            first,
            tuple(address for _, address in others),
            _read_values(said, name, kept, changes, is_desk=is_role_address(first)),
        )
        for (name, first), *others in people.values()
    ]


def _read_values(
    said: Said, given: str, kept: dict[str, str], changes: list[str], *, is_desk: bool
) -> dict[str, Value]:
    """The contact's own values, each from the columns that speak of it; what cannot be read is kept aside."""
    values = read_name(said, given, kept, changes, is_desk=is_desk)
    if "language" in said or "other_languages" in said:
        _read_languages(said, values, kept, changes)
    if familiarity := said.get("familiarity"):
        values["familiarity"] = "tu" if fold(familiarity) in {"tu", "oui", "x", "yes"} else "vous"
    for field in _AS_SAID:
        if field in said:
            values[field] = said[field].replace(" ::: ", ", ")
    if topics := said.get("topics"):
        values["topics"] = "; ".join(filter(None, _WORD_SEPARATOR.split(topics)))
    if channel := said.get("channel"):
        values["channel"] = read_channel(channel)
    if "attachments" in said and (attachments := _read(read_answer, "attachments", said, kept, changes)):
        values["attachments"] = attachments
    if "embargo_trust" in said and (trust := _read(read_answer, "embargo_trust", said, kept, changes)):
        values["embargo_trust"] = trust == "yes"
    if "confirmed_at" in said and (moment := _read(read_moment, "confirmed_at", said, kept, changes)):
        values["confirmed_at"] = moment
    return values


def _read(
    read: Callable[[str], _Read | None], field: str, said: Said, kept: dict[str, str], changes: list[str]
) -> _Read | None:
    """What `read` makes of a cell; a cell that it cannot read is kept as a field, and told."""
    written = said.get(field)
    if not written:
        return None
    value = read(written)
    if not value:
        kept.setdefault(f"{field}_as_written", written)
        changes.append(f"{field} «{written}» cannot be read: kept as «{field}_as_written»")
    return value or None


def _read_languages(said: Said, values: dict[str, Value], kept: dict[str, str], changes: list[str]) -> None:
    """The preferred language is the first of its column; all others that the row names are further ones."""
    others: list[str] = []
    for field in ("language", "other_languages"):
        written = said.get(field, "")
        codes, riddles = _languages(written)
        if field == "language" and codes:
            values["language"], codes = codes[0], codes[1:]
            if values["language"] != written:
                changes.append(f"language «{written}» → «{'; '.join((str(values['language']), *codes))}»")
        others += codes
        if riddles:
            kept.setdefault(f"{field}_as_written", written)
            left = ", ".join(f"«{riddle}»" for riddle in riddles)
            changes.append(f"{field} {left} not known: left out, kept as «{field}_as_written»")
    others = [code for code in dict.fromkeys(others) if code != values.get("language")]
    if others:
        values["other_languages"] = "; ".join(others)


@lru_cache(maxsize=1024)
def _languages(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of the languages that a cell names, in order, and the words in it that name none."""
    parts = [part for part in _LANGUAGE_SEPARATOR.split(text) if part]
    codes = [normal_language(part) for part in parts]
    riddles = tuple(part for part, code in zip(parts, codes, strict=True) if code is None)
    return tuple(dict.fromkeys(filter(None, codes))), riddles


@lru_cache(maxsize=1024)
def read_sectors(text: str) -> tuple[str, ...]:
    """`Santé ; Sport > Cyclisme / Tech` → three sectors, `>` before the child of a parent (`Sport > Cyclisme`).

    The labels that address books put on everything are none. A stroke separates: «Économie / Social» are two sectors.
    """
    found = []
    for part in _SECTOR_SEPARATOR.split(text):
        levels = [level for level in _SECTOR_LEVEL.split(part.strip()) if level]
        if levels and levels[0][0] != "*" and fold(levels[0]) not in _NO_SECTOR:
            # The tree has two levels: what stands between the first and the last is left out.
            found.append(levels[0] if len(levels) == 1 else f"{levels[0]} > {levels[-1]}")
    return tuple(dict.fromkeys(found))
