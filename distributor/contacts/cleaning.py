"""From a row as it stands in the file to the contact it means, every cleaning told; or why it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from distributor.addresses import Address, BadAddress
from distributor.contacts.cells import clean_text, looks_damaged, normal_language
from distributor.contacts.columns import ColumnMap, Field
from distributor.contacts.mailboxes import AddressCell, is_role_address, mixes_scripts, read_address_cell
from distributor.contacts.names import normal_civility, split_full_name, take_civility, undo_capitals
from distributor.contacts.rows import RejectedRow, SourceRow
from distributor.folding import fold

OPTED_OUT = "opted_out"
DESK = "desk"
OTHER_ADDRESSES = "other_addresses"
"""The key in `fields` for a person's further addresses: kept, and never mailed by themselves."""

_OPT_OUT = re.compile(
    r"ne plus (rien )?(lui |leur |me )?(envoyer|contacter|ecrire|solliciter|adresser|mailer|diffuser)"
    r"(?! (de |d |des |les |le |la )?(pj|piece|photo|pdf|fichier|video|image|doc|apres|avant))"
    r"|desinscri(t|te|ption|re)\b|desabonn|unsubscribe|opt(ed)? out|optout|stop (mail|pub|communique)"
    r"|ne (souhaite|veut|desire|voudrait) (plus|pas) (recevoir|etre)|refuse (nos|les|tout|tous|de recevoir)"
    r"|(retirer|enlever|supprimer|rayer) de (la|nos|toutes les) liste|droit d opposition|opposition (rgpd|cnil)"
    r"|ne pas (envoyer|contacter|ecrire|mailer|demarcher|solliciter)$"
    r"|(do not|don t|never) (contact|e ?mail|send|mail|write)(?! (pdf|attachment|image|photo|file|before|after))"
    r"|no longer (wish|want)|remove(d)? from (the |our |all |this )?(mailing )?list|objected to"
)
_NOT_OPTED_OUT = frozenset({"", "non", "no", "n", "0", "faux", "false"})
_SECTOR_SEPARATOR = re.compile(r"\s*(?::::|[;,/|\n])\s*")
_NO_SECTOR = frozenset(
    {"presse", "press", "media", "medias", "contacts", "mycontacts", "journalistes", "journalists", "starred"}
)
_MULTILINE = frozenset({Field.NOTES, Field.NOTE_TO_SEND, Field.SECTOR})
_NAME_FIELDS = (Field.FIRST_NAME, Field.LAST_NAME, Field.FULL_NAME, Field.FULL_NAME_LAST_FIRST, Field.OUTLET)


@dataclass(frozen=True, slots=True)
class ContactDraft:
    """One contact as a row tells it; "" wherever the row says nothing.

    `flag` is `opted_out` when the row says not to write any more, else `desk` for a role address, else "".
    """

    address: Address
    civility: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    familiarity: str = ""
    phone: str = ""
    region: str = ""
    notes: str = ""
    note_to_send: str = ""
    source: str = ""
    flag: str = ""
    outlet: str = ""
    outlet_kind: str = ""
    website: str = ""
    role: str = ""
    desk: str = ""
    sectors: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CleanRow:
    """The contacts of one row (two when a nameless row holds two addresses) and what was cleaned, in order."""

    line: int
    drafts: tuple[ContactDraft, ...]
    changes: tuple[str, ...] = ()


def clean_row(row: SourceRow, columns: ColumnMap) -> CleanRow | RejectedRow:
    """Clean one row: rejected only for its address; all else is mended, kept aside or left empty, and told."""
    changes: list[str] = []
    try:
        column, address_cell = _read_addresses(row, columns, changes)
    except _NoAddress as error:
        return RejectedRow(row.line, error.column, error.value, error.reason, tuple(row.cells.values()))
    values = _clean_values(row, columns, changes)
    kept = _clean_kept(row, columns, changes)
    _read_name(values, address_cell.found[0][0], kept, changes)
    _read_language(values, kept, changes)
    if values.get(Field.FAMILIARITY):
        values[Field.FAMILIARITY] = "tu" if fold(values[Field.FAMILIARITY]) in {"tu", "oui", "x", "yes"} else "vous"
    opted_out = _says_no(values, kept)
    if opted_out:
        changes.append("the row says not to write any more: never mailed")
    _keep_role_without_outlet(values, kept, changes)
    has_name = bool(values.get(Field.FIRST_NAME) or values.get(Field.LAST_NAME))
    addresses = [address for _, address in address_cell.found]
    if len(addresses) > 1:
        addresses = _settle_several(addresses, kept, column, changes, has_name=has_name)
    mixed = (address for address in addresses if mixes_scripts(address))
    changes += [f"{column}: «{address}» mixes alphabets that look alike: check it" for address in mixed]
    drafts = tuple(_draft(address, values, kept, opted_out=opted_out) for address in addresses)
    return CleanRow(row.line, drafts, tuple(changes))


class _NoAddress(Exception):
    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def _read_addresses(row: SourceRow, columns: ColumnMap, changes: list[str]) -> tuple[str, AddressCell]:
    """The address cell, or the first other address where it is empty."""
    candidates = columns.recognised[Field.ADDRESS] + columns.recognised.get(Field.OTHER_ADDRESS, ())
    for column in candidates:
        value = row.cells.get(column, "")
        if not value.strip():
            continue
        try:
            cell = read_address_cell(value)
        except BadAddress as error:
            raise _NoAddress(column, value, str(error)) from None
        changes += [f"{column}: {change}" for change in cell.changes]
        if column != candidates[0]:
            changes.append(f"{column}: used, since «{candidates[0]}» is empty")
        return column, cell
    raise _NoAddress(candidates[0], "", "There is no address in this row.")


def _clean_values(row: SourceRow, columns: ColumnMap, changes: list[str]) -> dict[Field, str]:
    values: dict[Field, str] = {}
    for target, names in columns.recognised.items():
        if target is Field.ADDRESS:
            continue
        found: list[str] = []
        for name in names:
            raw = row.cells.get(name, "")
            if raw:
                clean, told = clean_text(raw, multiline=target in _MULTILINE)
                if told:
                    changes += [f"{name}: {change}" for change in told]
                if clean and clean not in found:
                    found.append(clean)
        if found:
            values[target] = found[0] if len(found) == 1 else ("\n" if target is Field.NOTES else ", ").join(found)
    for target in _NAME_FIELDS:
        if target in values and looks_damaged(values[target]):
            changes.append(f"{columns.recognised[target][0]}: «{values[target]}» seems to have lost letters: check it")
    return values


def _clean_kept(row: SourceRow, columns: ColumnMap, changes: list[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, key in columns.kept.items():
        raw = row.cells.get(name, "")
        if raw:
            clean, told = clean_text(raw)
            if told:
                changes += [f"{name}: {change}" for change in told]
            if clean:
                kept[key] = clean
    return kept


def _read_name(values: dict[Field, str], given: str, kept: dict[str, str], changes: list[str]) -> None:
    """Settle civility, first and last name from whichever columns speak, and the name around the address last."""
    whole, last_first = values.get(Field.FULL_NAME, ""), False
    if not whole and values.get(Field.FULL_NAME_LAST_FIRST):
        whole, last_first = values[Field.FULL_NAME_LAST_FIRST], True
    whole = whole or clean_text(given)[0]
    civility = _read_civility(values, kept, changes)
    if not (values.get(Field.FIRST_NAME) or values.get(Field.LAST_NAME)) and whole and "@" not in whole:
        taken, whole = take_civility(whole)
        civility = civility or taken
        values[Field.FIRST_NAME], values[Field.LAST_NAME] = split_full_name(whole, last_first=last_first)
    for target in (Field.FIRST_NAME, Field.LAST_NAME):
        taken, name = take_civility(values.get(target, ""))
        if taken:
            changes.append(f"«{taken}» taken out of the name")
            civility = civility or taken
        titled = undo_capitals(name)
        if titled != name:
            changes.append(f"name in capitals: «{name}» → «{titled}»")
        values[target] = titled
    values[Field.CIVILITY] = civility


def _read_civility(values: dict[Field, str], kept: dict[str, str], changes: list[str]) -> str:
    written = values.get(Field.CIVILITY, "")
    civility = normal_civility(written)
    if civility is None:
        kept.setdefault("title", written)
        changes.append(f"civility «{written}» is none we can greet by: kept as «title»")
        return ""
    return civility


def _read_language(values: dict[Field, str], kept: dict[str, str], changes: list[str]) -> None:
    written = values.get(Field.LANGUAGE, "")
    if not written:
        return
    code = normal_language(written)
    if code is None:
        kept.setdefault("language_as_written", written)
        changes.append(f"language «{written}» is not known: left empty, kept as «language_as_written»")
    elif code != written:
        changes.append(f"language «{written}» → «{code}»")
    values[Field.LANGUAGE] = code or ""


def _keep_role_without_outlet(values: Mapping[Field, str], kept: dict[str, str], changes: list[str]) -> None:
    """A role stands in an affiliation, which wants an outlet; a freelance without one keeps it as a field."""
    if not values.get(Field.OUTLET):
        for target in (Field.ROLE, Field.DESK):
            if values.get(target):
                kept.setdefault(target.value, values[target])
                changes.append(f"{target.value} «{values[target]}» without an outlet: kept as a field")


def _says_no(values: Mapping[Field, str], kept: Mapping[str, str]) -> bool:
    # In a column of its own anything but a clear no is an objection: people write a cross, a date, a reason.
    if fold(values.get(Field.OPTED_OUT, "")) not in _NOT_OPTED_OUT:
        return True
    texts = [values.get(Field.NOTES, ""), *kept.values()]
    return any(bool(_OPT_OUT.search(fold(line))) for text in texts if text for line in re.split(r"[\n.;!]", text))


def _settle_several(
    addresses: list[Address], kept: dict[str, str], column: str, changes: list[str], *, has_name: bool
) -> list[Address]:
    """Two addresses in a cell: further addresses of the person the row names, or else so many contacts."""
    if not has_name:
        changes.append(f"{column}: {len(addresses)} addresses and no name: {len(addresses)} contacts")
        return addresses
    own = next((address for address in addresses if not is_role_address(address)), addresses[0])
    others = ", ".join(str(address) for address in addresses if address is not own)
    kept[OTHER_ADDRESSES] = others
    changes.append(f"{column}: several addresses for one person: «{own}» is used, {others} kept aside")
    return [own]


def _draft(address: Address, values: Mapping[Field, str], kept: dict[str, str], *, opted_out: bool) -> ContactDraft:
    said = values.get
    other = said(Field.OTHER_ADDRESS)
    if other and OTHER_ADDRESSES not in kept and other != str(address):
        kept = {**kept, OTHER_ADDRESSES: other}
    flag = OPTED_OUT if opted_out else DESK if is_role_address(address) else ""
    return ContactDraft(
        address=address,
        civility=said(Field.CIVILITY, ""),
        first_name=said(Field.FIRST_NAME, ""),
        last_name=said(Field.LAST_NAME, ""),
        language=said(Field.LANGUAGE, ""),
        familiarity=said(Field.FAMILIARITY, ""),
        phone=said(Field.PHONE, ""),
        region=said(Field.REGION, ""),
        notes=said(Field.NOTES, ""),
        note_to_send=said(Field.NOTE_TO_SEND, ""),
        source=said(Field.SOURCE, ""),
        flag=flag,
        outlet=said(Field.OUTLET, ""),
        outlet_kind=said(Field.OUTLET_KIND, ""),
        website=said(Field.WEBSITE, ""),
        role=said(Field.ROLE, ""),
        desk=said(Field.DESK, ""),
        sectors=_sectors(said(Field.SECTOR, "")),
        fields=kept,
    )


@lru_cache(maxsize=1024)
def _sectors(text: str) -> tuple[str, ...]:
    """`Santé ; Sciences / Tech` → three sectors; the labels that address books put on everything are none."""
    if not text:
        return ()
    names = (part.strip() for part in _SECTOR_SEPARATOR.split(text))
    return tuple(dict.fromkeys(name for name in names if name and name[0] != "*" and fold(name) not in _NO_SECTOR))
