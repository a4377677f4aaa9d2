"""The set phrases of a release's layout: notices on top, headings of the contact block and boilerplate, end marks."""

from __future__ import annotations

import re

from distributor.releases.kinds import ReleaseKind

_KICKER = re.compile(
    r"^(?:(?P<correction>rectificatif|correction|erratum|corrig[ée])"
    r"|(?P<replacement>annule\s+et\s+remplace|replaces? and supersedes?|replacement)"
    r"|(?P<retraction>annulation|retraction|retrait)|(?P<advisory>(?:media|press|news)\s+(?:advisory|alert|invitation)|"
    r"invitation\s+(?:(?:à\s+la|de)\s+)?presse|avis\s+aux\s+m[ée]dias|note\s+aux\s+r[ée]dactions)"
    r"|(?:communiqu[ée]|d[ée]claration)(?:\s+(?:de|à\s+la)\s+presse)?(?:\s+(?:commune?|conjointe?|intersyndicale?|officiel(?:le)?))?"
    r"|point\s+de\s+situation(?=\s*(?:n[°ºo]|[-–—|:]|$))|(?:presse|medien)(?:mitteilung|information|meldung)|dossier\s+de\s+presse|press\s+kit"
    r"|information\s+presse(?=\W*$)|(?:nota|comunicado)\s+de\s+(?:prensa|imprensa)|(?:joint\s+)?(?:press|news|media)\s+(?:release|statement)|cp(?=\s*(?:[-–—|:/]|n[°o]|$)))(?!\w)",
    re.IGNORECASE,
)
_REGULATED = re.compile(
    r"(?:(?:informations?\s+(?:r[ée]glement[ée]es?|privil[ée]gi[ée]es?|permanentes?)|(?:regulated|inside)\s+information)"
    r"(?:\s*[-–—/|,&]\s*|\s+(?:et|and)\s+)?)+",
    re.IGNORECASE,
)
_IMMEDIATE = re.compile(
    r"^(?:pour\s+)?(?:diffusion|publication|parution)\s+imm[ée]diate|^à\s+(?:diffuser|publier)\s+imm[ée]diatement"
    r"|^zur\s+sofortigen\s+ver[öo]ffentlichung"
    r"|^(?:for\s+)?immediate\s+(?:release|publication)(?:\s+(?:after|following)\s+(?:the\s+)?embargo(?=\W*$))?"
    r"|^embargo\s+(?:(?:est|is)\s+)?(?:d[ée]sormais\s+|now\s+)?(?:lev[ée]e?|lifted)(?=\W*$)",
    re.IGNORECASE,
)
_TO_NEWSROOMS = re.compile(
    r"à\s+l['’]attention\s+(?:de\s+la|des?|du)\s+(?:rédactions?|presse|médias|journalistes|chefs?\s+d['’]édition)\b.{0,40}"
    r"|(?:(?:note\s+)?to\s+)(?:all\s+)?(?:newsrooms|editors|news\s+desks)\b.{0,40}"
    r"|(?:diffus|publi)[ée]e?\s+(?:le\b.{6,40}\s)?(?:avant|après|apres)\s+(?:la\s+)?(?:bourse|cl[ôo]ture|ouverture)\b.{0,30}"
    r"|regulatory\s+(?:news|announcement)"
    r"|(?:released|published)\s+(?:on\b.{6,40}\s)?(?:before|after)\s+(?:the\s+)?(?:market|close|open|trading)\b.{0,30}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[-_\s]*(?:(?:d[ée]but\s+du\s+)?message\s+(?:transf[ée]r[ée]|d['’]origine)|(?:begin\s+)?(?:forwarded|original)\s+message)"
    r"[-_:\s]*",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:bonjour|bonsoir|madame|monsieur|mesdames|ch[èe]r(?:e|s|es)?|dear|hello|hi|good\s+(?:morning|afternoon))\b.{0,60}",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:très|bien|sincères?|meilleures?|avec\s+nos)\s+)*(?:cordiale?ment|sincèrement|amicalement|salutations|à\s+(?:vous|toutes?|tous)"
    r"|(?:(?:kind|best|warm)\s+)?regards|all\s+the\s+best|sincerely|yours(?:\s+\w+)?|(?:many\s+)?thanks"
    r"|cdl?t|merci|(?:bonne|belle|excellente)\s+(?:journée|soirée|fin|semaine|réception))\b.{0,25}",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(?:n[°ºo]\.?|no\.|#)\s*(?=[\w/-]*\d)[\w/-]+", re.IGNORECASE)
_EARLIER = re.compile(
    r"^\W*(?:(?:de|du|à|au|le|la|l['’]|notre|votre|précédente?|of|to|our|the|its|previous|earlier)\s*)*"
    r"(?:communiqu[ée]|invitation|avis|(?:(?:press|news|media)\s+)?(?:release|advisory|statement|invitation))\b[^.!?]{0,90}\.?$",
    re.IGNORECASE,
)

COLUMNS = re.compile(r"\s{3,}")
"""What parts two contacts that are set side by side."""
_CONTACT = re.compile(
    r"^(?:[^\W\d_]{4,14}\s?/\s?)?(?:(?:vos?|nos|votre|notre|your|our)\s+)?(?:"
    r"(?:(?:press|media|news|pr)\s+)?(?:contacts?|office|enquir(?:y|ies)|inquir(?:y|ies)|relations)"
    r"(?:\s+(?:de\s+|avec\s+la\s+|for\s+(?:the\s+)?)?"
    r"(?:presse|m[ée]dias?|press|journalistes?|journalists?|communication|nation\w+|r[ée]gion\w+)){0,2}"
    r"|relations?\s+(?:avec\s+la\s+)?(?:presse|m[ée]dias?)(?:\s+et\s+publiques)?"
    r"|(?:service|bureau)\s+(?:de\s+(?:la\s+)?)?presse"
    r"|renseignements?(?:\s+(?:presse|et\s+contacts?|compl[ée]mentaires?))?|(?:plus\s+d['’])?informations?\s+presse|infos?\s+presse"
    r"|pour\s+(?:plus|toute?|tout|en\s+savoir)[^:.]{0,60}?"
    r"(?:contact(?:ez|er)?|renseignements?|informations?|plus)(?:\s+compl[ée]mentaires?)?"
    r"|for\s+(?:more|further|additional|media|press|interviews?)[^:.]{0,40}?(?:contact|information|enquiries|inquiries|details)"
    r"|(?:presse|medien)?kontakt|presse(?=\s*:)|press(?=\s*:)"
    r")(?:\s*/\s*(?:press|media|contacts?|presse|m[ée]dias?)(?:\s+(?:contacts?|presse|press))?)?(?:\s*\([^()]*\)(?=\s*:))?"
    r"(?P<end>(?:\s+[\w’'.&-]+){0,4}\s*:\s*|\s*[–—|]\s*|\s+-\s+|\s*,?\s*$"
    r"|\s*,\s*(?:contact(?:ez|er)?|please\s+contact)?\s*:?\s*|\s+(?=\S+@|\+?\d)|\s+(?-i:(?=[A-ZÀ-Ý]\S+\s+[A-ZÀ-Ý])))"
    r"(?P<rest>.*)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^(?:[àa]\s+propos(?:\s+d(?:e\s|u\s|es\s|['’]).*?|\s*)"
    r"|(?:about|über)\s+(?!\d)\S.*?|qui\s+sommes[- ]nous|who\s+we\s+are)"
    r"\s*(?:\?\s*)?(?P<end>[:–—]|$)\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_END = re.compile(
    r"^\W*(?:(?:#\s*){3,}|[-–—*•\s]*30[-–—*•\s]*"
    r"|[-–—*•.\s]+(?:fin|ends?)(?:\s+(?:du\s+communiqu[ée]|of\s+(?:press\s+)?release))?[-–—*•.\s]*"
    r"|(?:fin|ends?)(?:\s+du\s+communiqu[ée]|\s+of\s+(?:press\s+)?release)?)\W*$",
    re.IGNORECASE,
)
_ENCLOSURE = re.compile(r"(?:PJ|P\.J\.|pi[èe]ces?\s+jointes?|annexes?|enclosures?|attachments?)\s*:", re.IGNORECASE)
_PAGE = re.compile(
    r"(?:page|p\.)\s*\d{1,2}(?:\s*(?:/|sur|of|de)\s*\d{1,2})?|\d{1,2}\s*(?:/|\s(?:sur|of)\s)\s*\d{1,2}|[-–—]\s?\d{1,2}\s?[-–—]",
    re.IGNORECASE,
)
_STANDFIRST = re.compile(r"^(?:chap[ôo]|chapeau|standfirst)\s*:\s*", re.IGNORECASE)
_TEXT = re.compile(r"(?:texte|corps(?:\s+du\s+(?:texte|communiqu[ée]))?|text|body)\s*:", re.IGNORECASE)
_TITLE = re.compile(r"^(?:titre|title|headline|objet|subject)\s*:\s*(?=\S)", re.IGNORECASE)

_MAX_HEADING = 90
_SIGNS_AROUND = re.compile(r"^[\W_]+|(?<![^\w.,;:!?…»”\"'’)\]])[^\w.,;:!?…»”\"'’)\]]++$")
SEPARATORS = " \t\N{NO-BREAK SPACE},;:|/·•–—-.[]()"


def kicker(text: str) -> tuple[ReleaseKind, str] | None:
    """The kind that a line such as «COMMUNIQUÉ DE PRESSE – …» announces, and what follows the phrase, or None."""
    text = _SIGNS_AROUND.sub("", text)
    if not (match := _KICKER.match(text)):
        return None
    named = match.lastgroup
    return (ReleaseKind(named) if named else ReleaseKind.RELEASE), text[match.end() :]


def is_regulated(text: str) -> bool:
    """Whether a line only says what the law wants said: «Information réglementée», «Inside information»."""
    return _REGULATED.fullmatch(text.strip(SEPARATORS)) is not None


def is_to_newsrooms(text: str) -> bool:
    """Whether a line only says for whom and when: «À l'attention des rédactions», «Diffusé après Bourse»."""
    return _TO_NEWSROOMS.fullmatch(text.strip(SEPARATORS)) is not None


def is_forwarded(text: str) -> bool:
    """Whether a line says that a mail follows which was handed on: «---------- Message transféré ---------»."""
    return _FORWARDED.fullmatch(text) is not None


def is_greeting(text: str) -> bool:
    """Whether a line greets somebody and says no more: «Bonjour à toutes et à tous,»."""
    return text.endswith((",", "!")) and _GREETING.fullmatch(text) is not None


def is_closing(text: str) -> bool:
    """Whether a line closes a letter and says no more: «Cordialement,», «Bien à vous», «Kind regards»."""
    return _CLOSING.fullmatch(text) is not None


def is_signature_mark(text: str) -> bool:
    """Whether a line is what mail programs set above a signature: «--»."""
    return text.strip() in {"--", "—", "__", "___"}


def cut_immediate(text: str) -> str | None:
    """What follows «Pour diffusion immédiate» on a line; None when it does not begin so."""
    match = _IMMEDIATE.match(text.lstrip("([– -"))
    return None if match is None else text.lstrip("([– -")[match.end() :]


def cut_number(text: str) -> str:
    """The text without the release's own number («n° 12») at its start."""
    return _NUMBER.sub("", text)


def names_an_earlier(text: str) -> bool:
    """Whether what follows «Annule et remplace» only says which release: «notre communiqué du 3 mars 2026»."""
    return _EARLIER.match(text) is not None


def contact_heading(text: str) -> str | None:
    """What follows the heading of a contact block on its line ("" for nothing); None for any other line."""
    if len(text) > 220:
        return None
    if len(columns := COLUMNS.split(text)) > 1 and any(contact_heading(one) == "" for one in columns):
        return ""
    match = _CONTACT.match(text)
    return match["rest"] if match else None


def boilerplate_heading(text: str) -> tuple[str, str] | None:
    """The heading («À propos d'Exemple») and the text after it on the same line; None when the line is neither."""
    match = _ABOUT.match(text[:_MAX_HEADING])
    if match is None or (not match["end"] and len(text) > _MAX_HEADING):
        return None
    heading = text[: match.start("end")].rstrip()
    is_sentence = heading.endswith((".", "!", "…", ",")) or (not match["end"] and re.search(r"[,;]", heading))
    return None if is_sentence else (heading, text[match.start("rest") :].strip())


def is_enclosure(text: str) -> bool:
    """Whether a line below the signature only names what is attached: «PJ : carte, organigramme»."""
    return _ENCLOSURE.match(text) is not None


def is_page_number(text: str) -> bool:
    """Whether a line only numbers a page: «Page 2», «1/3», «2 sur 3», «- 2 -»."""
    return _PAGE.fullmatch(text.strip()) is not None


def is_end_mark(text: str) -> bool:
    """Whether a line only says that the release ends: «###», «-30-», «– FIN –», «ENDS»."""
    text = text.strip()
    if len(text) > 40 or not _END.match(text):
        return False
    return text.lower() not in {"fin", "end", "ends", "30"} or text.isupper()


def cut_standfirst_label(text: str) -> str | None:
    """What follows «Chapô :» on a line; None when it does not begin so."""
    match = _STANDFIRST.match(text)
    return None if match is None else text[match.end() :]


def is_text_label(text: str) -> bool:
    """Whether a line only says that the text follows: «Texte :»."""
    return _TEXT.fullmatch(text) is not None


def cut_title_label(text: str) -> str:
    """A headline without «Titre :» before it."""
    return _TITLE.sub("", text)
