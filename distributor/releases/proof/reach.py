"""Rules for telephone numbers and addresses: whole, well-formed, and as their source says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.addresses import is_address
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import CORRECT_IT, Hit, Rule, Said

_CANNOT_REACH = Said("Whoever wants to ask cannot reach you.", "Qui veut vous interroger ne peut pas vous joindre.")
PHONE_DIGITS = Rule(
    "phone-digits",
    Level.WARN,
    Said(
        "The number «{number}» has {count} digits; a number like it has {right}.",
        "Le numéro «{number}» a {count} chiffres ; un tel numéro en a {right}.",
    ),
    CORRECT_IT,
    _CANNOT_REACH,
)
ADDRESS_BROKEN = Rule(
    "address-broken",
    Level.WARN,
    Said("«{address}» is no whole e-mail address.", "«{address}» n'est pas une adresse électronique entière."),
    CORRECT_IT,
    _CANNOT_REACH,
)
ADDRESS_REPAIRED = Rule(
    "address-repaired",
    Level.NOTE,
    Said(
        "The address was broken where it was written; the message says {address}.",
        "L'adresse était coupée là où elle est écrite ; le message dira {address}.",
    ),
    Said("Check that it is right.", "Vérifiez qu'elle est juste."),
    _CANNOT_REACH,
)
RULES = (PHONE_DIGITS, ADDRESS_BROKEN, ADDRESS_REPAIRED)

_GAP = r"[ .\-\u00a0\u2009\u202f\u2011]"
# Pairs as they are dictated in France; three pairs may be a date, and eight or more figures in a row an account.
_FRENCH = re.compile(rf"(?<![\w+.,/-])0[1-9](?:{_GAP}\d\d){{3,6}}(?:{_GAP}?\d)?(?![\w/]|[.,-]\d|\s?\d)")
_LABELLED = re.compile(
    rf"(?:☎|📞|✆|\b(?:t[ée]l(?:[ée]phone)?|portable|mobile|phone)\b\s?[.:]?\s?:?)\s*(?P<number>0[1-9](?:{_GAP}?\d){{3,14}})(?![\w/])",
    re.IGNORECASE,
)
_ABROAD = re.compile(
    rf"(?<![\w+])(?:\+|00)(?P<country>1|32|33|34|41|44)(?:{_GAP}?\(0\))?(?P<rest>(?:{_GAP}?\(?\d\)?){{5,14}})(?![\w/])"
)
_BROKEN = re.compile(
    r"(?<![\w@.+-])[\w.+-]{2,40}(?:@[\w-]{2,40}(?![\w.@-])|\s@[\w-]{2,40}\.\w{2,10}\b|@\s[\w-]{2,40}\.(?:fr|com|org|net|eu|example)\b"
    r"|@[\w-]{1,40},(?:fr|com|org|net|eu)\b|@[\w-]{1,40}\.\.\w+)"
)
_TARGET = re.compile(r"\]\([^()\n]{0,500}\)")
_DIGITS = 10
# Countries whose numbers are of one length behind the prefix, or of two; of others one cannot tell.
_LENGTHS = {"1": (10,), "32": (8, 9), "33": (9,), "34": (9,), "41": (9,), "44": (9, 10)}


def phones(subject: ProofSubject) -> Iterator[Hit]:
    """A French number has ten digits, or nine behind +33; short numbers (3631) and most foreign ones are left alone."""
    seen: set[str] = set()
    for field, text in subject.texts():
        for match, group, rights, prefix in _numbers(text):
            count, number = sum(map(str.isdigit, match[group])), match[0 if prefix else group]
            if count in rights or number in seen:
                continue
            seen.add(number)
            excerpt = around(text, match.start(), match.end())
            line = subject.line_at(field, text, match.start(group), match.end(group))
            yield PHONE_DIGITS.at(line, excerpt, number=number.strip(), count=count + prefix, right=rights[-1] + prefix)


def _numbers(text: str) -> Iterator[tuple[re.Match[str], str | int, tuple[int, ...], int]]:
    """Every telephone number: its match, the group that is counted, the right counts, and how long its prefix is."""
    for pattern, group in ((_FRENCH, 0), (_LABELLED, "number")):
        for match in pattern.finditer(text):
            yield match, group, (_DIGITS,), 0
    for match in _ABROAD.finditer(text):
        yield match, "rest", _LENGTHS[match["country"]], len(match["country"])


def addresses(subject: ProofSubject) -> Iterator[Hit]:
    """No address without its ending, or cut by a blank; one that the reader put together again is told."""
    for field, text in subject.texts():
        for match in _BROKEN.finditer(text):
            excerpt = around(text, match.start(), match.end())
            yield ADDRESS_BROKEN.at(subject.line_at(field, text, match.start(), match.end()), excerpt, address=match[0])
    shown = _TARGET.sub("]", subject.source)
    for one in subject.draft.contacts:
        local = one.email.partition("@")[0]
        # Broken: before an @, or what stands for one, the name is there; the whole address is not.
        parted = re.search(
            rf"(?<![\w.+-]){re.escape(local)}\]?[\s*\\]*(?:@|[(\[{{ ](?:at|arobase|a)[)\]}} ])", shown, re.IGNORECASE
        )
        if local and is_address(one.email) and parted and one.email.casefold() not in shown.casefold():
            line = subject.line_of(local, "contacts")
            yield ADDRESS_REPAIRED.at(line, subject.source_line(line), address=one.email)


CHECKS = (phones, addresses)
