"""Telling names, roles and desks apart in the lines that press offices write about people."""

from __future__ import annotations

import re
from enum import StrEnum

_ROLE_WORDS = (
    r"secr[ée]taires?|pr[ée]sidente?s?|vice-pr[ée]sidente?|directeurs?|directrices?|responsables?|charg[ée]e?s?|attach[ée]e?s?|"
    r"d[ée]l[ée]gu[ée]e?s?|porte-parole|conseill[eè]re?s?|chef(?:fe)?s?|chiefs?|coordinat(?:eur|rice)s?|coordonnat(?:eur|rice)s?|tr[ée]sori[eè]re?s?|"
    r"g[ée]rante?|fondat(?:eur|rice)s?|cofondat(?:eur|rice)s?|r[ée]dact(?:eur|rice)s?|animat(?:eur|rice)s?|maire|d[ée]put[ée]e?|"
    r"s[ée]nat(?:eur|rice)|ministre|pr[ée]fet|pr[ée]f[èe]te|juriste|avocate?|chercheu(?:r|se)s?|procureure?s?|rect(?:eur|rice)|doyen(?:ne)?|adjointe?|assistante?|relations\s+(?:presse|m[ée]dias|publiques)|"
    r"managers?|directors?|heads?|officers?|secretary|president|chair(?:man|woman|person)?|spokes(?:person|man|woman)|adviser|advisor|"
    r"editors?|ceo|cfo|cto|cmo|coo|founders?|co-founders?|lead|executive|coordinators?|treasurer|minister|mayor|counsel|assistant|"
    r"press\s+relations|media\s+relations|public\s+relations|rp|pr|dg|dircom"
)
_ROLE = re.compile(rf"(?<!\w)(?:{_ROLE_WORDS})(?!\w)", re.IGNORECASE)
_SECTOR = re.compile(
    r"^(?:secteurs?|services?|d[ée]partements?|p[ôo]les?|direction|f[ée]d[ée]ration|conf[ée]d[ée]ration|union|cabinet"
    r"|mairie|ville|conseil|pr[ée]fecture|minist[èe]re|universit[ée]|institut|fondation|observatoire|soci[ée]t[ée]|chambre"
    r"|agence|bureau|unit[ée]|mutuelle|ligue|mus[ée]e|festival|th[ée][âa]tre|h[ôo]pital|r[ée]seau|m[ée]tropole|mission|cellule|commission|association|collectif|comit[ée]|syndicat|groupe"
    r"|press office|press team|media team"
    r"|communications? (?:team|department|office)|department|division|sector|desk|office)\b"
    r"|\b(?:department|division|office|desk|agency|press team|federation|union|association)$",
    re.IGNORECASE,
)
_CIVILITY = re.compile(r"^(?:madame|monsieur|mademoiselle|mme|mlle|mrs|mr|ms|miss|dr|pr|m)\.?\s+(?=\S)", re.IGNORECASE)
_PARTICLE = re.compile(
    r"de|du|des|d'|la|le|les|van|von|der|den|el|al|ben|bin|di|da|del|della|dos|y|e|et", re.IGNORECASE
)
_NAME_WORD = re.compile(r"^[^\W\d_](?:[^\W\d_]|[.'’\-])*$")
_NOT_NAME = re.compile(
    r"contacts?|presse|press|media|médias|office|service|rue|avenue|boulevard|place|bp|cedex|france|notes?|pour|the|fait|"
    r"informations?|renseignements|communication|tél|tel|mail|email|site",
    re.IGNORECASE,
)


class Part(StrEnum):
    """What a piece of text says about a person."""

    NAME = "name"
    ROLE = "role"
    SECTOR = "sector"
    UNKNOWN = "unknown"


def strip_civility(text: str) -> str:
    """A name without «Mme», «Mr» and the like."""
    return _CIVILITY.sub("", text.strip())


def classify(text: str) -> Part:
    """Say what a piece of a contact or signature is: a name, a role, a desk or organisation, or none of these."""
    text = text.strip()
    if _SECTOR.search(text):
        return Part.SECTOR
    if _ROLE.search(strip_civility(text)):  # of «Pr Anne Kervella» the first word is none
        return Part.ROLE
    return Part.NAME if is_name(text) else Part.UNKNOWN


def is_name(text: str) -> bool:
    """Whether the text reads like a person's first name and surname."""
    tokens = strip_civility(text).replace("d’", "d' ").replace("d'", "d' ").split()
    if not 2 <= len(tokens) <= 6 or len(text) > 60:
        return False
    core = [token for token in tokens if not _PARTICLE.fullmatch(token)]
    return (
        2 <= len(core) <= 4
        and all(_NAME_WORD.match(token) and token[0].isupper() for token in core)
        and not any(_NOT_NAME.fullmatch(token.rstrip(".")) for token in core)
        # All capitals alone is how a heading is set; a name in capitals still has few words.
        and not (len(core) > 3 and text.isupper())
    )


def split_name_and_role(text: str) -> list[str]:
    """«Jeanne Martin (attachée de presse)» as its name and its role; any other text as it is."""
    for mark in _ROLE.finditer(text):
        before, after = text[: mark.start()].rstrip(" ,:(–-"), text[mark.start() :].strip()
        if is_name(before) and not _ROLE.search(before):
            return [before, after.removesuffix(")") if "(" not in after else after]
    before, bracket, after = text.partition("(")
    if bracket and is_name(before):
        return [before.strip(), after.strip().removesuffix(")")]
    return [text]


def read_person(pieces: list[str]) -> tuple[str, str, str] | None:
    """Read (name, role, sector) when the pieces of a signature hold just these, name and role at the least."""
    name = role = sector = ""
    for piece in pieces:
        part = classify(piece)
        if part is Part.NAME and not name:
            name = strip_civility(piece)
        elif part is Part.ROLE and not role:
            role = piece
        elif part is Part.SECTOR and not sector:
            sector = piece
        else:
            return None
    return (name, role, sector) if name and role else None
