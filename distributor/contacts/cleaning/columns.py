"""Column names: which field of a contact each one fills, in French and English, and which are kept as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from distributor.contacts.cleaning.names import CIVILITIES
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
    OUTLET_REGION = "outlet_region"
    WEBSITE = "website"
    ROLE = "role"
    DESK = "desk"
    AFFILIATION_ADDRESS = "affiliation_address"
    VALID_FROM = "valid_from"
    VALID_TO = "valid_to"
    SECTOR = "sector"
    LANGUAGE = "language"
    OTHER_LANGUAGES = "other_languages"
    FAMILIARITY = "familiarity"
    PHONE = "phone"
    REGION = "region"
    TOPICS = "topics"
    CHANNEL = "channel"
    ATTACHMENTS = "attachments"
    EMBARGO_TRUST = "embargo_trust"
    NOTES = "notes"
    NOTE_TO_SEND = "note_to_send"
    SOURCE = "source"
    LEGAL_BASIS = "legal_basis"
    COLLECTED_AT = "collected_at"
    CONFIRMED_AT = "confirmed_at"
    OPTED_OUT = "opted_out"


CANONICAL: Mapping[Field, str] = {
    Field.CIVILITY: "Civilité",
    Field.FIRST_NAME: "Prénom",
    Field.LAST_NAME: "Nom",
    Field.FULL_NAME: "Nom complet",
    Field.FULL_NAME_LAST_FIRST: "Nom et prénom",
    Field.ADDRESS: "E-mail",
    Field.OTHER_ADDRESS: "Autre e-mail",
    Field.OUTLET: "Média",
    Field.OUTLET_KIND: "Type de média",
    Field.OUTLET_REGION: "Région du média",
    Field.WEBSITE: "Site web",
    Field.ROLE: "Fonction",
    Field.DESK: "Rubrique",
    Field.AFFILIATION_ADDRESS: "E-mail dans ce média",
    Field.VALID_FROM: "Dans ce média depuis",
    Field.VALID_TO: "Dans ce média jusqu'au",
    Field.SECTOR: "Secteurs",
    Field.LANGUAGE: "Langue",
    Field.OTHER_LANGUAGES: "Autres langues",
    Field.FAMILIARITY: "Tutoiement",
    Field.PHONE: "Téléphone",
    Field.REGION: "Région",
    Field.TOPICS: "Sujets",
    Field.CHANNEL: "Canal préféré",
    Field.ATTACHMENTS: "Pièces jointes",
    Field.EMBARGO_TRUST: "Confiance embargo",
    Field.NOTES: "Notes",
    Field.NOTE_TO_SEND: "Note d'envoi",
    Field.SOURCE: "Source",
    Field.LEGAL_BASIS: "Base légale",
    Field.COLLECTED_AT: "Collecté le",
    Field.CONFIRMED_AT: "Confirmé le",
    Field.OPTED_OUT: "Désinscrit",
}
"""The column name under which a field is exported, in French; every one of them is recognised at import."""

EXTRA_PREFIX = "fields."
"""A column named `fields.KEY` is the extra field KEY and nothing else: how exports name columns that are not ours."""


_NAMES: Mapping[Field, str] = {
    Field.CIVILITY: "civilité|civ|politesse|salutation|honorific|prefix|name prefix|préfixe|anrede",
    Field.FIRST_NAME: "prénom|prénoms|first name|firstname|given name|forename|vorname",
    Field.LAST_NAME: "nom|nom de famille|last name|lastname|surname|family name|nachname",
    Field.FULL_NAME: "nom complet|prénom nom|prénom et nom|full name|name|display name|contact|journaliste|journalist"
    "|contact name|nom du contact|nom du journaliste|nom affiché|nom à afficher",
    Field.FULL_NAME_LAST_FIRST: "nom prénom|nom et prénom|nom prénoms|last name first name|file as",
    Field.ADDRESS: "e mail|email|mail|mél|courriel|adresse|adresse e mail|adresse email|adresse mail|adresse courriel"
    "|adresse électronique|adresse de messagerie|adresse mél|e mail address|email address|mail address|address"
    "|adresse de courriel|messagerie|e mail 1 value|e mail professionnel|email professionnel|mail professionnel"
    "|mail pro|email pro|primary email|work email|business email|e mail principal|email principal"
    "|première adresse électronique",
    Field.OTHER_ADDRESS: "autre e mail|autres e mails|autres adresses|autre email|autre adresse|other email"
    "|secondary email|e mail secondaire|email secondaire|e mail personnel|email personnel|mail perso|personal email"
    "|home email|adresse électronique secondaire",
    Field.OUTLET: "média|médias|media|outlet|organisation|organization|société|company|journal|publication|support"
    "|titre de presse|rédaction|entreprise|organization name|organisation name|organization 1 name|media outlet"
    "|nom du média|newspaper|employeur|station|chaîne",
    Field.OUTLET_KIND: "type de média|type média|type du média|outlet kind|outlet type|media type|type of media"
    "|catégorie de média|nature du média",
    Field.OUTLET_REGION: "région du média|outlet region|media region|zone de diffusion",
    Field.WEBSITE: "site|site web|site internet|website|url|web page|page web|website 1 value|web page 1|site web 1",
    Field.ROLE: "fonction|role|rôle|job title|poste|position|job|intitulé du poste|organization title|qualité"
    "|organization 1 title|profession",
    Field.DESK: "rubrique|desk|service|department|organization department|organization 1 department|rubriques|section",
    Field.AFFILIATION_ADDRESS: "e mail dans ce média|email dans ce média|e mail média|email média|outlet email"
    "|email at outlet|affiliation address",
    Field.VALID_FROM: "dans ce média depuis|en poste depuis|depuis le|valid from|in post since",
    Field.VALID_TO: "dans ce média jusqu au|en poste jusqu au|valid to|in post until",
    Field.SECTOR: "secteur|secteurs|sector|sectors|beat|beats|thème|thèmes|thématique|thématiques"
    "|domaine|domaines|catégorie|catégories|category|categories|labels|groupes|group membership|libellés",
    Field.LANGUAGE: "langue|langues|language|languages|lang|sprache",
    Field.OTHER_LANGUAGES: "autre langue|autres langues|other language|other languages|langues parlées"
    "|langue 2|second language",
    Field.FAMILIARITY: "tutoiement|familiarity|tu vous|tu ou vous",
    Field.PHONE: "téléphone|téléphones|tél|phone|phone number|telephone|numéro de téléphone|mobile|portable|gsm"
    "|téléphone mobile|téléphone portable|téléphone bureau|tél bureau|mobile phone|business phone|work phone"
    "|téléphone fixe|fixe|tel mobile|tel portable|ligne directe|phone 1 value|tél mobile|primary phone"
    "|mobile number|tél professionnel|tél personnel",
    Field.REGION: "région|region|département géographique|zone|zone géographique",
    Field.TOPICS: "sujet|sujets|topic|topics|sujets suivis|sujets de prédilection",
    Field.CHANNEL: "canal|canal préféré|canal de contact|channel|preferred channel|contact by|joindre par"
    "|moyen de contact|préférence de contact",
    Field.ATTACHMENTS: "pièces jointes|pièce jointe|pj|attachments|accepte les pièces jointes|accepts attachments"
    "|accepte les pj",
    Field.EMBARGO_TRUST: "confiance embargo|embargo|respecte l embargo|respecte les embargos|embargo trust"
    "|accepte les embargos|sous embargo",
    Field.NOTES: "notes|note|remarques|remarque|commentaire|commentaires|comments|comment|observations"
    "|observation|memo",
    Field.NOTE_TO_SEND: "note d envoi|note à envoyer|note to send|message personnel|mot personnel|personal note",
    Field.SOURCE: "source|origine|provenance|origin",
    Field.LEGAL_BASIS: "base légale|base juridique|legal basis|lawful basis",
    Field.COLLECTED_AT: "collecté le|collectée le|date de collecte|collected at|collected on|date collected",
    Field.CONFIRMED_AT: "confirmé le|confirmée le|date de confirmation|vérifié le|confirmed at|confirmed on"
    "|verified on",
    Field.OPTED_OUT: "désinscrit|désinscrit e|désinscription|désabonné|désabonné e|désabonnement|opt out|optout"
    "|opted out|unsubscribed|unsubscribe|ne plus contacter|ne plus envoyer|ne plus recevoir|ne souhaite plus recevoir"
    "|stop|stop mail|do not contact|do not mail|do not email|opposition|opposition rgpd|ne pas contacter"
    "|ne pas envoyer",
}
_FIELD_OF = {fold(name): field for field, names in _NAMES.items() for name in names.split("|")}
_FIELD_BY_VALUE: Mapping[str, Field] = {field.value: field for field in Field}
IGNORE = ""
"""What a user maps a column to that says nothing to us."""

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


def map_columns(
    header: Sequence[str],
    samples: Sequence[Mapping[str, str]],
    *,
    file: str = "",
    chosen: Mapping[str, str] | None = None,
) -> ColumnMap:
    """Say what each column of `header` is for; `samples` are a few rows, for names that mean two things («Titre»).

    `chosen` is the user's own word for some columns, folded column name → target as `read_target` gives it. Raises
    `BadInput` when no column holds addresses, naming those that were seen.
    """
    recognised: dict[Field, list[str]] = {}
    kept: dict[str, str] = {}
    ignored: list[str] = []
    chosen = chosen or {}
    for name in header:
        base = re.sub(r" \(\d+\)$", "", name)
        target = chosen.get(fold(name))
        field = _field_in(name, fold(base), samples) if target is None else _FIELD_BY_VALUE.get(target)
        extra = name if target is None else target
        if field:
            recognised.setdefault(field, []).append(name)
        elif target == IGNORE or (target is None and _EMPTY_TALK.fullmatch(fold(base))):
            ignored.append(name)
        elif extra.startswith(EXTRA_PREFIX) and extra[len(EXTRA_PREFIX) :] not in kept.values():
            kept[name] = extra[len(EXTRA_PREFIX) :]
        else:
            kept[name] = _key(name, kept.values())
    _settle(recognised, {field for name in header if (field := _FIELD_BY_VALUE.get(chosen.get(fold(name), "")))})
    if Field.ADDRESS not in recognised:
        seen = ", ".join(f"«{name}»" for name in header[:12]) + ("…" if len(header) > 12 else "")
        raise BadInput(
            f"No column holds e-mail addresses; the columns are {seen}.",
            mend="Say which one it is, as in: --map 'Courrier=address'; or name it «E-mail» in the file.",
            file=file or None,
        )
    return ColumnMap({field: tuple(names) for field, names in recognised.items()}, kept, tuple(ignored))


def read_target(text: str) -> str:
    """What a user maps a column to: the name of a field, `fields.KEY` for an extra one, `IGNORE` for nothing.

    Fields are named as in the base (`last_name`) or as a column would be («Nom»). Raises `BadInput` with the list.
    """
    name = text.strip()
    key = name.removeprefix(EXTRA_PREFIX)
    if not name:
        return IGNORE
    if key != name and key and key == slugify(key, "_"):
        return name
    field = _FIELD_BY_VALUE.get(fold(name).replace(" ", "_")) or field_of(name)
    if field is None:
        raise BadInput(
            f"«{name}» is no field of a contact.",
            mend=f"The fields are: {', '.join(Field)}; or {EXTRA_PREFIX}some_name for a field of your own.",
            field="--map",
        )
    return field.value


def _field_in(name: str, folded: str, samples: Sequence[Mapping[str, str]]) -> Field | None:
    """The field of a column, asking its values where the name means two things."""
    if name.startswith(EXTRA_PREFIX):
        return None
    if folded not in _TITLES and folded not in _POSTAL_OR_ELECTRONIC:
        return field_of(folded)
    values = [row[name] for row in samples if row.get(name, "").strip()]
    if folded in _POSTAL_OR_ELECTRONIC:
        return Field.ADDRESS if not values or any("@" in value for value in values) else None
    civil = sum(fold(value) in CIVILITIES for value in values)
    return Field.CIVILITY if values and civil * 2 >= len(values) else Field.ROLE


def _settle(recognised: dict[Field, list[str]], chosen: Set[Field]) -> None:
    """Resolve what one column name cannot tell without the others; what the user chose stands."""
    if (
        Field.LAST_NAME in recognised
        and Field.LAST_NAME not in chosen
        and not recognised.keys() & {Field.FIRST_NAME, Field.FULL_NAME}
    ):
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
