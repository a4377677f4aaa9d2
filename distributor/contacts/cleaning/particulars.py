"""The particulars of a contact that a list may speak of, and the column names that stand for each of them.

Names are known in French, English, German and Spanish, some in Breton: what spreadsheets, address books and media
databases call them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from distributor.folding import fold, words


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
    Field.CIVILITY: "civilité|civ|politesse|salutation|honorific|prefix|name prefix|préfixe|anrede|tratamiento",
    Field.FIRST_NAME: "prénom|prénoms|first name|firstname|given name|forename|vorname|vornamen"
    "|nombre|nombre de pila|anv bihan",
    Field.LAST_NAME: "nom|nom de famille|last name|lastname|surname|family name|nachname|familienname"
    "|apellido|apellidos|anv|anv familh|anv tiegezh",
    Field.FULL_NAME: "nom complet|prénom nom|prénom et nom|full name|name|display name|contact|contacts|journaliste"
    "|journalistes|journalist|journalists"
    "|contact name|nom affiché|nom d affichage|nom à afficher|journalist name|anzeigename"
    "|reporter|interlocuteur|interlocutrice|vollständiger name|vor und nachname"
    "|vorname nachname|ansprechpartner|ansprechpartnerin|kontakt|kontaktname"
    "|nombre y apellidos|nombre completo|periodista|kazetenner",
    Field.FULL_NAME_LAST_FIRST: "nom prénom|nom et prénom|nom prénoms|last name first name|file as|name vorname"
    "|nachname vorname"
    "|apellidos y nombre|apellidos nombre",
    Field.ADDRESS: "e mail|email|mail|mél|courriel|mails|emails|e mails|courriels|adresses mail|adresses e mail|adresse"
    "|adresse e mail|adresse email|adresse mail|adresse courriel"
    "|adresse électronique|courrier électronique|adresse de courrier électronique"
    "|adresse de messagerie|adresse mél|e mail address|email address|mail address|address"
    "|adresse de courriel|messagerie|e mail 1 value|e mail professionnel|email professionnel|mail professionnel"
    "|mail pro|email pro|primary email|work email|business email|e mail principal|email principal"
    "|première adresse électronique|adresse électronique principale|adresse e mail principale|adresse principale"
    "|e mail adresse|email adresse|mailadresse|primäre e mail adresse"
    "|e mail geschäftlich|e mail dienstlich"
    "|correo|correo electrónico|dirección de correo electrónico|postel",
    Field.OTHER_ADDRESS: "autre e mail|autres e mails|autres adresses|autre email|autre adresse|other email"
    "|secondary email|e mail secondaire|email secondaire|e mail personnel|email personnel|mail perso|personal email"
    "|home email|adresse électronique secondaire|sekundäre e mail adresse|weitere e mail adresse|zweite e mail adresse"
    "|e mail privat|private e mail|e mail média|email média|outlet email|outlet e mail|e mail support|email support"
    "|mail support|e mail du support|email du support|e mail du média|email du média",
    Field.OUTLET: "média|médias|media|outlet|organisation|organization|société|company|journal|publication|support"
    "|titre de presse|rédaction|entreprise|organization name|organisation name|organization 1 name|media outlet"
    "|nom du média|newspaper|employeur|station|chaîne|outlet name|media name|media outlet name|publication name"
    "|nom de la publication|nom du support|nom du titre|nom du journal|organe de presse|organe|titre du média"
    "|nom média|nom support|support name|medium|firma|redaktion|zeitung|unternehmen|verlag|name des mediums"
    "|medio|medio de comunicación|empresa|kelaouenn|organisme|nom de l organisme|nom de l organisation"
    "|structure",
    Field.OUTLET_KIND: "type de média|type média|type du média|outlet kind|outlet type|media type|type of media"
    "|organisation type|organization type|catégorie de média|nature du média|medientyp|medienart|mediengattung|gattung",
    Field.OUTLET_REGION: "région du média|outlet region|media region|zone de diffusion|verbreitungsgebiet",
    Field.WEBSITE: "site|site web|site internet|website|url|web page|page web|website 1 value|web page 1|site web 1"
    "|webseite|webseite 1|internetseite|homepage|outlet website",
    Field.ROLE: "fonction|role|rôle|job title|poste|position|job|intitulé du poste|organization title|qualité"
    "|organization 1 title|profession|contact title|titre professionnel|funktion|stelle|arbeitstitel|berufsbezeichnung"
    "|cargo|puesto|función|karg",
    Field.DESK: "rubrique|desk|service|department|organization department|organization 1 department|rubriques|section"
    "|abteilung|ressort|ressorts"
    "|sección",
    Field.AFFILIATION_ADDRESS: "e mail dans ce média|email dans ce média|email at outlet|affiliation address",
    Field.VALID_FROM: "dans ce média depuis|en poste depuis|depuis le|valid from|in post since",
    Field.VALID_TO: "dans ce média jusqu au|en poste jusqu au|valid to|in post until",
    Field.SECTOR: "secteur|secteurs|sector|sectors|beat|beats|thème|thèmes|thématique|thématiques"
    "|domaine|domaines|catégorie|catégories|category|categories|labels|groupes|group membership|libellés"
    "|groupe|group|groups|kategorie|kategorien|thema|themen|themengebiet|themengebiete|branche|gruppe|gruppen|verteiler"
    "|secteur d activité|secteurs d activité|domaine d activité|domaines d activité"
    "|beats covered|sector de actividad|tema|temas",
    Field.LANGUAGE: "langue|langues|language|languages|lang|sprache|sprachen|idioma|idiomas|yezh",
    Field.OTHER_LANGUAGES: "autre langue|autres langues|other language|other languages|langues parlées"
    "|langue 2|second language|weitere sprachen",
    Field.FAMILIARITY: "tutoiement|familiarity|tu vous|tu ou vous",
    Field.PHONE: "téléphone|téléphones|tél|phone|phone number|telephone|numéro de téléphone|mobile|portable|gsm"
    "|téléphone mobile|téléphone portable|téléphone bureau|tél bureau|mobile phone|business phone|work phone"
    "|téléphone fixe|fixe|tel mobile|tel portable|ligne directe|phone 1 value|tél mobile|primary phone"
    "|mobile number|tél professionnel|tél personnel|phone numbers|cell|cell phone|direct line|telefon|telefonnummer"
    "|mobil|mobiltelefon|handy|durchwahl|mobil tel nr"
    "|teléfono|teléfono móvil|móvil|pellgomz|hezoug",
    Field.REGION: "région|region|département géographique|zone|zone géographique|bundesland"
    "|comunidad autónoma|provincia",
    Field.TOPICS: "sujet|sujets|topic|topics|sujets suivis|sujets de prédilection|contact topics|tag|tags|étiquettes"
    "|mots clés|keywords|stichworte|schlagworte|themenschwerpunkte"
    "|subjects|subjects covered|topics covered|sujets traités",
    Field.CHANNEL: "canal|canal préféré|canal de contact|channel|preferred channel|contact by|joindre par"
    "|moyen de contact|préférence de contact"
    "|preferred contact method|preferred method of contact|mode de contact préféré",
    Field.ATTACHMENTS: "pièces jointes|pièce jointe|pj|attachments|accepte les pièces jointes|accepts attachments"
    "|accepte les pj",
    Field.EMBARGO_TRUST: "confiance embargo|embargo|respecte l embargo|respecte les embargos|embargo trust"
    "|accepte les embargos|sous embargo",
    Field.NOTES: "notes|note|obs|rem|rmq|rmqs|divers|infos complémentaires|informations complémentaires|remarques"
    "|remarque|commentaire|commentaires|comments|comment|observations"
    "|observation|memo|notiz|notizen|bemerkung|bemerkungen|anmerkung|anmerkungen|kommentar|kommentare"
    "|observaciones|notas|comentarios|notennoù",
    Field.NOTE_TO_SEND: "note d envoi|note à envoyer|note to send|message personnel|mot personnel|personal note",
    Field.SOURCE: "source|origine|provenance|origin|quelle|herkunft",
    Field.LEGAL_BASIS: "base légale|base juridique|legal basis|lawful basis|rechtsgrundlage",
    Field.COLLECTED_AT: "collecté le|collectée le|date de collecte|collected at|collected on|date collected",
    Field.CONFIRMED_AT: "confirmé le|confirmée le|date de confirmation|vérifié le|confirmed at|confirmed on"
    "|verified on",
    Field.OPTED_OUT: "désinscrit|désinscrit e|désinscription|désabonné|désabonné e|désabonnement|opt out|optout"
    "|opted out|unsubscribed|unsubscribe|ne plus contacter|ne plus envoyer|ne plus recevoir|ne souhaite plus recevoir"
    "|stop|stop mail|do not contact|do not mail|do not email|opposition|opposition rgpd|ne pas contacter"
    "|ne pas envoyer|abgemeldet|abmeldung|abbestellt|widerspruch|kein versand|nicht anschreiben|nicht kontaktieren"
    "|blacklist|blacklisted|blacklisté|blacklistée|liste noire|email blacklisted|liste repoussoir"
    "|blocklist|blocklisted|email blocklisted"
    "|date de désinscription|date désinscription|désinscrit le|date de désabonnement|désabonné le|unsub time"
    "|unsubscribed at|unsubscribe date|unsubscribe time|opt out date|date d opposition"
    "|baja|dado de baja|no contactar|no enviar",
}
_FIELD_OF = {fold(name): field for field, names in _NAMES.items() for name in names.split("|")}

# Exporters write these beside the data proper; they say nothing about a person.
_EMPTY_TALK = re.compile(
    r"type de messagerie( \d)?|nom complet de l adresse de messagerie( \d)?"
    r"|e mail( \d)? (type|typ|label|display name|angezeigter name)"
    r"|(phone|website|address|organization|im) \d (type|label)|motif du rejet|rejection reason"
)
_NUMBERED_ADDRESS = re.compile(
    r"(adresse de messagerie|e ?mail|adresse e ?mail|courriel|mail)( address)? ?\d( value| address| adresse)?"
)
_NUMBERED_PHONE = re.compile(
    r"(phone|telephone|tel|telefon)( \d)?( value)?|(telephone|telefon|tel) (?!fax).+|.+ phone( \d)?"
)
_PERSON = "(?:contact|journaliste|journalist|reporter)"
_OF_A_PERSON = re.compile(rf"(.+?) (?:du |de la |de l |of )?{_PERSON}|{_PERSON} (.+)")
_PERSONAL = frozenset(
    {Field.CIVILITY, Field.FIRST_NAME, Field.LAST_NAME, Field.ROLE, Field.ADDRESS, Field.PHONE, Field.DESK}
)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_OR = re.compile(r"[/|,+]|\b(?:ou|et|or|and|oder|und)\b", re.IGNORECASE)
_KINDS_OF_OUTLETS = words("radio radios tv tele television magazine web blog agence presse press emission podcast")
_MAIL_WORDS = words("mail mails email emails courriel courriels mel")


def field_of(name: str) -> Field | None:
    """The field a column name stands for by itself, or None; accents, case and punctuation do not matter.

    What stands in brackets is asked last: «E-mail(s)» and «Tél. (bureau)» are what they are without it. A name of
    several («Fixe / Portable», «Journal, radio ou TV») is what all of them are.
    """
    found = _by_name(fold(name))
    if found is None and ("(" in name or "[" in name):
        found = _by_name(fold(_IN_BRACKETS.sub(" ", name)))
    return found or _by_several(name)


def is_empty_talk(name: str) -> bool:
    """Whether a column is an exporter's own, such as the type of an address."""
    return bool(_EMPTY_TALK.fullmatch(fold(name)))


def speaks_of_mail(name: str) -> bool:
    """Whether a column of no known name might hold addresses, as «Mail direct» or «Courriel du bureau»."""
    return not is_empty_talk(name) and not _MAIL_WORDS.isdisjoint(fold(name).split())


def _by_several(name: str) -> Field | None:
    parts = [part for part in map(fold, _OR.split(name)) if part]
    if len(parts) < 2 or is_empty_talk(name):
        return None
    fields = {_by_name(part) for part in parts if part not in _KINDS_OF_OUTLETS}
    has_kinds = any(part in _KINDS_OF_OUTLETS for part in parts)
    return fields.pop() if len(fields) == 1 and (not has_kinds or fields == {Field.OUTLET}) else None


def _by_name(folded: str) -> Field | None:
    if folded in _FIELD_OF:
        return _FIELD_OF[folded]
    if _EMPTY_TALK.fullmatch(folded):
        return None
    if _NUMBERED_ADDRESS.fullmatch(folded):
        return Field.OTHER_ADDRESS
    if _NUMBERED_PHONE.fullmatch(folded):
        return Field.PHONE
    whose = _OF_A_PERSON.fullmatch(folded)  # «Nom contact», «Prénom du journaliste», «Contact email»
    field = _FIELD_OF.get(whose[1] or whose[2]) if whose else None
    return field if field in _PERSONAL else None
