"""An address cell: what people write around, between and instead of an address, read into addresses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from distributor.addresses import Address, BadAddress, parse_address, straightened
from distributor.folding import fold, words

_AROUND = (
    " \t\u00a0\u202f\u2007\u3000\u200b\u200c\u200d\u2060\ufeff\u00ad"
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # the direction of text
)
_TAKEN_OFF = "spaces or invisible characters around the address removed"
_BREAK = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
# Blanks are taken from the first of a run, and nothing taken is given back: a cell of any length is read in one go.
_BLANKS = r"(?:(?<!\s)\s++)"
_SEPARATOR = re.compile(
    rf'{_BLANKS}?(?::::|[;,|])\s*+|{_BLANKS}(?:/|[-–—]|et|ou|and|or|und|oder|&)\s++|{_BLANKS}(?=[^\s<>()"@]++@)'
)
_STROKE = re.compile(r"(@[^\s@/;,|<>()]++)/(?=[^\s@/]++@)")  # no domain holds one, though what stands before an @ may
_LABEL = re.compile(
    r"(?<![^\s;,|])(?:e-?mails?|mails?|courriels?|mél|pro|perso|prof|professionnel|personnel|privé|bureau|domicile|travail|direct"
    r"|rédaction|work|home|office|private|personal|privat|dienstlich|geschäftlich)\s*+:\s*+(?=[^\s@]++@)",
    re.IGNORECASE,
)
_REMARK = re.compile(r"([^\s()<>@]++@[^\s()<>@]++)\s*+\(\s*+([^()@]++)\)")
_QUOTED_WHOLE = re.compile(r"['’‘]([^'’‘\"]++)['’]|[\"“„]([^\"“”„]++)[\"”“]|«\s*+([^«»]++)\s*+»")
_BRACKETS = re.compile(r"([^<>]*)<([^<>]+)>")
_PARENTHESES = re.compile(r"([^()@]+)\(\s*+([^()\s@]++@[^()\s]++)\s*+\)")
_DISGUISED_AT = re.compile(rf"{_BLANKS}?[\(\[\{{]\s*+(?:at|arobase|arobas|a|à|@)\s*+[\)\]\}}]\s*+", re.IGNORECASE)
_DISGUISED_DOT = re.compile(rf"{_BLANKS}?[\(\[\{{]\s*+(?:dot|point)\s*+[\)\]\}}]\s*+", re.IGNORECASE)
_COMMA_FOR_DOT = re.compile(r"(?<![^@\s,;])([^@\s,;]++@[^@\s,;]++),([a-z]{2,}(?:\.[a-z]{2,})?)", re.IGNORECASE)
_HIDDEN = str.maketrans(";,|:", "\x01\x02\x03\x04")
_SHOWN = str.maketrans("\x01\x02\x03\x04", ";,|:")
"""Signs that separate nothing where they stand, out of the way for a moment: no cell holds these by then."""
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")

_MAX_LOCAL = 64  # RFC 5321 §4.5.3.1.1

_LOOK_ALIKE_SCRIPTS = frozenset({"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
# Letters of other alphabets that hardly anybody tells from Latin ones (a part of Unicode's confusables, UTS 39).
_LOOKS_LATIN = frozenset("асԁеһіјӏоорԛѕԝхуѵүգհյոսցοναυρικγ0123456789-")

_ROLES = words(
    "redaction redac redactionchef secretariat contact contacts info infos information informations"
    " presse press media medias news newsroom newsdesk desk editor editors editorial edito courrier"
    " standard accueil bureau office hello bonjour communication communiques communique actu actus"
    " actualite actualites reportage reportages agenda web webmaster direction planning matinale antenne"
    " programmes tips mail email abonnements lecteurs correspondance postmaster admin redaktion kontakt sekretariat"
    " nachrichten redacchef redacteurenchef"
)
_ROLE_HEADS = words("redaction redac redaktion newsroom newsdesk desk presse press contact info infos news editor")
_DESK_NAMES = _ROLE_HEADS | words(
    "service services secretariat standard accueil sekretariat pole rubrique equipe antenne agence radio journal afp"
)
_ARTICLES = words("la le les l the die")
_ANYBODYS = words(
    "gmail.com googlemail.com outlook.com outlook.fr hotmail.com hotmail.fr live.fr live.com yahoo.com yahoo.fr"
    " orange.fr wanadoo.fr free.fr sfr.fr laposte.net icloud.com me.com proton.me protonmail.com gmx.com gmx.fr msn.com"
    " bbox.fr neuf.fr aol.com mailo.com"
)
_ROLE_STARTS = frozenset(role[:3] for role in _ROLES | _ROLE_HEADS)


@dataclass(frozen=True, slots=True)
class AddressCell:
    """What a cell held: (name or "", address) pairs in order, what was done to read them, and a remark beside them."""

    found: tuple[tuple[str, Address], ...]
    changes: tuple[str, ...] = ()
    remark: str = ""


def read_address_cell(cell: str) -> AddressCell:
    """Read one cell into its addresses; raise `BadAddress` saying what is wrong with it.

    `mailto:`, a name around the address, spaces, quotes and a word such as «Pro:» outside it, a final dot, a doubled
    @, «(at)» and a comma for a dot in the domain are mended and told; a remark in brackets behind an address is kept
    apart. Inside the address nothing else is guessed. A control character is never mended, nor a line break, which may
    be an attempt to write a header: it only separates lines each of which is an address and nothing more.
    """
    plain = _plain(cell)
    if plain:
        return AddressCell((("", plain),))
    text = cell.strip(_AROUND)
    changes = [_TAKEN_OFF] if text != cell else []
    if _BREAK.search(text):
        return _read_lines(text)
    plain = _plain(text)
    if plain:
        return AddressCell((("", plain),), tuple(changes))
    remark = ""
    if found := _REMARK.fullmatch(text):
        text, remark = found[1], found[2].strip()
        if _is_its_name(remark, text):  # as mailing lists write it (RFC 5322 §3.4, a comment)
            text, remark = f"{remark} <{text}>", ""
        else:
            changes.append(f"remark «{remark}» taken out of the address cell")
    bare = _LABEL.sub("", text)
    if bare != text:
        changes.append(f"«{text}» read as «{bare}»")
        text = bare
    if text.count("@") > 1:
        parts = _split(text)
        if len(parts) > 1:
            pairs, told = [], []
            for part in parts:
                pair, mended = _read_one(part)
                pairs.append(pair)
                told += mended
            return AddressCell(_distinct(pairs), tuple(dict.fromkeys((*changes, *told))))
    pair, mended = _read_one(text)
    return AddressCell((pair,), tuple(dict.fromkeys((*changes, *mended))), remark)


def _is_its_name(remark: str, address: str) -> bool:
    """Whether what stands in brackets behind an address is the name of whom it belongs to, and no other remark."""
    words = remark.split()
    local = fold(address.partition("@")[0]).replace(" ", "")
    return (
        1 < len(words) < 5
        and all(word[:1].isupper() or (word.islower() and len(word) < 4) for word in words)
        and any(len(word) > 2 and fold(word) in local for word in words)
    )


def _read_lines(text: str) -> AddressCell:
    """The addresses of a cell of several lines, as people type them one under the other."""
    lines = re.split(r"[ \t]*(?:\r\n|[\r\n])[ \t]*", text)
    found = [_plain(line.removesuffix(";").removesuffix(",")) for line in lines]
    if len(lines) < 2 or not all(found):
        raise BadAddress("The address holds a control character or a line end.")
    return AddressCell(_distinct([("", address) for address in found if address]))


def _distinct(pairs: Sequence[tuple[str, Address]]) -> tuple[tuple[str, Address], ...]:
    return tuple({address.key: (name, address) for name, address in reversed(pairs)}.values())[::-1]


def is_role_address(address: Address) -> bool:
    """Whether the address is a desk's (`redaction@`, `contact@`, `redaction-web@`) rather than a person's."""
    start = address.local[:3]
    if start.isascii() and start.isalnum() and start.lower() not in _ROLE_STARTS:
        return False  # as nearly everybody: folding each would take longer than all the rest
    local = fold(address.local)
    head = local.split(" ", 1)[0]
    return local.replace(" ", "") in _ROLES or head in _ROLE_HEADS


def is_anybodys(domain: str) -> bool:
    """Whether it is a provider's domain, at which anybody has an address: two people there share no newsroom."""
    return domain in _ANYBODYS


def names_a_desk(text: str) -> bool:
    """Whether what stands where a name should is a newsroom's («Rédaction Terre», «Service Éco», «AFP Rennes»)."""
    first, *more = fold(text).split(" ", 2)[:2] or [""]
    return first in _DESK_NAMES or (first in _ARTICLES and more[:1] != [] and more[0] in _DESK_NAMES)


def mixes_scripts(address: Address) -> bool:
    """Whether a label is written to be taken for another, as forgers do.

    Either Latin letters stand beside Cyrillic, Greek, Armenian or Cherokee ones, or a part of a domain that is
    otherwise Latin is made of nothing but letters of these alphabets that look like Latin ones.
    """
    text = f"{address.local}@{address.unicode_domain}"
    if text.isascii():
        return False
    scripts = [
        {unicodedata.name(char, "?").split()[0] for char in label if char.isalpha()}
        for label in re.split(r"[.@]", text)
    ]
    if any("LATIN" in found and found & _LOOK_ALIKE_SCRIPTS for found in scripts):
        return True
    labels = address.unicode_domain.split(".")
    return labels[-1].isascii() and any(not label.isascii() and _LOOKS_LATIN.issuperset(label) for label in labels)


def _split(text: str) -> list[str]:
    pieces = text.split('"')
    # Within quotes: an odd number of them follows.
    masked = '"'.join(piece if (len(pieces) - at) % 2 else piece.translate(_HIDDEN) for at, piece in enumerate(pieces))
    masked = _STROKE.sub(r"\1;", masked)
    masked = _COMMA_FOR_DOT.sub(lambda found: found[0].replace(",", "\x02"), masked)
    parts = [part.translate(_SHOWN).strip(_AROUND) for part in _SEPARATOR.split(masked)]
    parts = [part for part in parts if part]
    return parts if all("@" in part for part in parts) else [text]


def _read_one(text: str) -> tuple[tuple[str, Address], list[str]]:
    """One mailbox, as it stands or mended."""
    name, spec, changes = _unwrap(text.strip(";, "))
    if (straight := straightened(spec)) != spec:
        changes.append(f"«{spec}» read as «{straight}»")
        spec = straight
    try:
        return (name, _parse(spec)), changes
    except BadAddress as error:
        mended = _mend(spec)
        if mended == spec:
            raise BadAddress(str(error)) from None
        try:
            address = _parse(mended)
        except BadAddress:
            raise BadAddress(str(error)) from None
        return (name, address), [*changes, f"«{spec}» read as «{address}»"]


def _unwrap(text: str) -> tuple[str, str, list[str]]:
    """Take quotes, `mailto:` and a name off: (name, the rest, what was done)."""
    changes = []
    name = ""
    if quoted := _QUOTED_WHOLE.fullmatch(text):
        bare = next(filter(None, quoted.groups())).strip()
        changes.append(f"«{text}» read as «{bare}»")
        text = bare
    for pattern in (_BRACKETS, _PARENTHESES):
        found = pattern.fullmatch(text)
        if found:
            name, text = found[1].strip(_AROUND + "\"'«»"), found[2].strip()
            if name:
                changes.append("name taken out of the address cell")
            break
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip()
        changes.append("«mailto:» removed")
    if (bare := text.strip(_AROUND)) != text:
        changes.append(_TAKEN_OFF)
        text = bare
    return ("" if "@" in name else name), text, changes


def _mend(spec: str) -> str:
    mended = _DISGUISED_DOT.sub(".", _DISGUISED_AT.sub("@", spec))
    mended = re.sub("@{2,}", "@", mended).removesuffix(".")
    found = _COMMA_FOR_DOT.fullmatch(mended)
    return f"{found[1]}.{found[2]}" if found else mended


def _parse(spec: str) -> Address:
    address = _plain(spec) or parse_address(spec)
    if len(address.local.encode()) > _MAX_LOCAL:
        raise BadAddress(f"The part before the @ is longer than {_MAX_LOCAL} characters, which no server need take.")
    return address


def _plain(text: str) -> Address | None:
    """The address, when it is the everyday kind; a file of a hundred thousand is read ten times faster for it."""
    local, at, domain = text.partition("@")
    if not at or len(local) > _MAX_LOCAL or len(text) > 200 or not _PLAIN_LOCAL.fullmatch(local):
        return None
    known = _domain(domain)
    return Address(local, *known) if known else None


@lru_cache(maxsize=8192)
def _domain(domain: str) -> tuple[str, str] | None:
    try:
        address = parse_address(f"a@{domain}")
    except BadAddress:
        return None
    return address.domain, address.unicode_domain
