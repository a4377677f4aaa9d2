"""Column names: which field of a contact each one fills, in French and English, and which are kept as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from distributor.contacts.names import CIVILITIES
from distributor.errors import BadInput
from distributor.folding import fold, slugify


class Field(StrEnum):
    """What a recognised column says about a contact."""

    CIVILITY = "civility"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    FULL_NAME = "full_name"
    FULL_NAME_LAST_FIRST = "full_name_last_first"
    ADDRESS = "address"
    OTHER_ADDRESS = "other_address"
    OUTLET = "outlet"
    OUTLET_KIND = "outlet_kind"
    WEBSITE = "website"
    ROLE = "role"
    DESK = "desk"
    SECTOR = "sector"
    LANGUAGE = "language"
    FAMILIARITY = "familiarity"
    PHONE = "phone"
    REGION = "region"
    NOTES = "notes"
    NOTE_TO_SEND = "note_to_send"
    SOURCE = "source"
    OPTED_OUT = "opted_out"


_NAMES: Mapping[Field, str] = {
    Field.CIVILITY: "civilité|civ|politesse|salutation|honorific|prefix|name prefix|préfixe|anrede",
    Field.FIRST_NAME: "prénom|prénoms|first name|firstname|given name|forename|vorname",
    Field.LAST_NAME: "nom|nom de famille|last name|lastname|surname|family name|nachname",
    Field.FULL_NAME: "nom complet|prénom nom|prénom et nom|full name|name|display name|contact|journaliste|journalist"
    "|contact name|nom du contact|nom du journaliste|nom affiché",
    Field.FULL_NAME_LAST_FIRST: "nom prénom|nom et prénom|nom prénoms|last name first name|file as",
    Field.ADDRESS: "e mail|email|mail|mél|courriel|adresse|adresse e mail|adresse email|adresse mail|adresse courriel"
    "|adresse électronique|adresse de messagerie|adresse mél|e mail address|email address|mail address|address"
    "|adresse de courriel|messagerie|e mail 1 value|e mail professionnel|email professionnel|mail professionnel"
    "|mail pro|email pro|primary email|work email|business email|e mail principal|email principal",
    Field.OTHER_ADDRESS: "autre e mail|autre email|autre adresse|other email|secondary email|e mail secondaire"
    "|email secondaire|e mail personnel|email personnel|mail perso|personal email|home email",
    Field.OUTLET: "média|médias|media|outlet|organisation|organization|société|company|journal|publication|support"
    "|titre de presse|rédaction|entreprise|organization name|organisation name|organization 1 name|media outlet"
    "|nom du média|newspaper|employeur|station|chaîne",
    Field.OUTLET_KIND: "type de média|type média|type du média|outlet kind|outlet type|media type|type of media"
    "|catégorie de média|nature du média",
    Field.WEBSITE: "site|site web|site internet|website|url|web page|page web|website 1 value",
    Field.ROLE: "fonction|role|rôle|job title|poste|position|job|intitulé du poste|organization title|qualité"
    "|organization 1 title|profession",
    Field.DESK: "rubrique|desk|service|department|organization department|rubriques|section",
    Field.SECTOR: "secteur|secteurs|sector|sectors|beat|beats|thème|thèmes|thématique|thématiques|topic|topics"
    "|domaine|domaines|catégorie|catégories|category|categories|labels|groupes|group membership|libellés",
    Field.LANGUAGE: "langue|langues|language|languages|lang|sprache",
    Field.FAMILIARITY: "tutoiement|familiarity|tu vous|tu ou vous",
    Field.PHONE: "téléphone|téléphones|tél|phone|phone number|telephone|numéro de téléphone|mobile|portable|gsm"
    "|téléphone mobile|téléphone portable|téléphone bureau|tél bureau|mobile phone|business phone|work phone"
    "|téléphone fixe|fixe|tel mobile|tel portable|ligne directe|phone 1 value|tél mobile|primary phone",
    Field.REGION: "région|region|département géographique|zone|zone géographique",
    Field.NOTES: "notes|note|remarques|remarque|commentaire|commentaires|comments|comment|observations"
    "|observation|memo",
    Field.NOTE_TO_SEND: "note d envoi|note à envoyer|note to send|message personnel|mot personnel|personal note",
    Field.SOURCE: "source|origine|provenance|origin",
    Field.OPTED_OUT: "désinscrit|désinscription|désabonné|opt out|optout|opted out|unsubscribed|ne plus contacter"
    "|ne plus envoyer|do not contact|opposition|ne pas contacter",
}
_FIELD_OF = {fold(name): field for field, names in _NAMES.items() for name in names.split("|")}

# Exporters write these beside the data proper; they say nothing about a person.
_EMPTY_TALK = re.compile(
    r"type de messagerie( \d)?|nom complet de l adresse de messagerie( \d)?|e mail( \d)? (type|label|display name)"
    r"|phone \d (type|label)|motif du rejet|rejection reason"
)
_NUMBERED_ADDRESS = re.compile(
    r"(adresse de messagerie|e ?mail|adresse e ?mail|courriel|mail)( address)? \d( value| address)?"
)
_NUMBERED_PHONE = re.compile(r"(phone|telephone|tel)( \d)( value)?|telephone .+|.+ phone")
_TITLES = frozenset({"titre", "title", "titre1", "titre 1"})
_POSTAL_OR_ELECTRONIC = frozenset({"adresse", "address"})
REJECTION_COLUMN = "Motif du rejet"
"""The column a rejects file adds; passed over when the mended file comes back."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column of a file is for.

    `recognised` gives, for a field, the columns that fill it, best first; `kept` maps other columns to the key under
    which templates find them in the contact's `fields`; `ignored` are columns that say nothing about a person.
    """

    recognised: Mapping[Field, tuple[str, ...]]
    kept: Mapping[str, str]
    ignored: tuple[str, ...]


def unique_header(cells: Iterable[str]) -> tuple[str, ...]:
    """Column names made all different: a second `Notes` becomes `Notes (2)`, a nameless fourth column `Column 4`."""
    header: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        base = " ".join(cell.split()) or f"Column {number}"
        name, copy = base, 1
        while name in taken:
            copy += 1
            name = f"{base} ({copy})"
        taken.add(name)
        header.append(name)
    return tuple(header)


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the row that names the columns: most names recognised, an address among them; None if none does."""
    best, best_score = None, 0
    for index, cells in enumerate(rows):
        fields = [field for field in (field_of(cell) for cell in cells) if field]
        if Field.ADDRESS in fields and len(fields) > best_score and not any("@" in cell for cell in cells):
            best, best_score = index, len(fields)
    return best


def field_of(name: str) -> Field | None:
    """The field a column name stands for by itself, or None; accents, case and punctuation do not matter."""
    folded = fold(name)
    if folded in _FIELD_OF:
        return _FIELD_OF[folded]
    if _EMPTY_TALK.fullmatch(folded):
        return None
    if _NUMBERED_ADDRESS.fullmatch(folded):
        return Field.OTHER_ADDRESS
    return Field.PHONE if _NUMBERED_PHONE.fullmatch(folded) else None


def map_columns(header: Sequence[str], samples: Sequence[Mapping[str, str]], *, file: str = "") -> ColumnMap:
    """Say what each column of `header` is for; `samples` are a few rows, for names that mean two things («Titre»).

    Raises `BadInput` when no column holds addresses, naming those that were seen.
    """
    recognised: dict[Field, list[str]] = {}
    kept: dict[str, str] = {}
    ignored: list[str] = []
    for name in header:
        base = re.sub(r" \(\d+\)$", "", name)
        field = _field_in(name, fold(base), samples)
        if field:
            recognised.setdefault(field, []).append(name)
        elif _EMPTY_TALK.fullmatch(fold(base)):
            ignored.append(name)
        else:
            kept[name] = _key(name, kept.values())
    _settle(recognised)
    if Field.ADDRESS not in recognised:
        seen = ", ".join(f"«{name}»" for name in header[:12]) + ("…" if len(header) > 12 else "")
        raise BadInput(
            f"No column holds e-mail addresses; the columns are {seen}.",
            mend="Name that column «E-mail» in the file's first row and import it again.",
            file=file or None,
        )
    return ColumnMap({field: tuple(names) for field, names in recognised.items()}, kept, tuple(ignored))


def _field_in(name: str, folded: str, samples: Sequence[Mapping[str, str]]) -> Field | None:
    """The field of a column, asking its values where the name means two things."""
    if folded not in _TITLES and folded not in _POSTAL_OR_ELECTRONIC:
        return field_of(folded)
    values = [row[name] for row in samples if row.get(name, "").strip()]
    if folded in _POSTAL_OR_ELECTRONIC:
        return Field.ADDRESS if not values or any("@" in value for value in values) else None
    civil = sum(fold(value) in CIVILITIES for value in values)
    return Field.CIVILITY if values and civil * 2 >= len(values) else Field.ROLE


def _settle(recognised: dict[Field, list[str]]) -> None:
    """Resolve what one column name cannot tell without the others."""
    if Field.LAST_NAME in recognised and not recognised.keys() & {Field.FIRST_NAME, Field.FULL_NAME}:
        # «Nom» with no «Prénom» beside it holds whole names.
        recognised[Field.FULL_NAME] = recognised.pop(Field.LAST_NAME)
    addresses = recognised.get(Field.ADDRESS, [])
    others = recognised.pop(Field.OTHER_ADDRESS, [])
    if not addresses and others:
        addresses, others = others[:1], others[1:]
    if addresses:
        recognised[Field.ADDRESS] = addresses[:1]
    if addresses[1:] or others:
        recognised[Field.OTHER_ADDRESS] = addresses[1:] + others


def _key(name: str, taken: Iterable[str]) -> str:
    base = slugify(name, "_") or "column"
    if base[0].isdigit():
        base = f"column_{base}"
    key, copy = base, 1
    while key in taken:
        copy += 1
        key = f"{base}_{copy}"
    return key
