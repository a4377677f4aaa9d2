"""Rules for the hour: an embargo against the sending, against what the text says of it, and hours in several zones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo

from distributor.errors import BadInput
from distributor.releases.findings import Level, ProofSubject
from distributor.releases.kinds import CORRECTING, ReleaseKind
from distributor.releases.proof.rule import Hit, Rule, Said
from distributor.releases.readers.dates import find_date, find_time
from distributor.releases.readers.embargo import (
    is_notice,
    is_on_goods,
    localise,
    named_zone,
    read_embargo,
    speaks_of_a_text,
)

EMBARGO_PAST = Rule(
    "embargo-past",
    Level.WARN,
    Said(
        "The embargo is over ({local}) by the time the release is sent.",
        "L'embargo est levé ({local}) quand le communiqué part.",
    ),
    Said("Remove it, or correct its date.", "Retirez-le, ou corrigez sa date."),
    Said("Journalists would look for a reason to wait.", "Les journalistes chercheraient une raison d'attendre."),
)
EMBARGO_AHEAD = Rule(
    "embargo-ahead",
    Level.NOTE,
    Said(
        "The release is under embargo until {local} ({zone}): who has not agreed to hold it gets it then.",
        "Le communiqué est sous embargo jusqu'au {local} ({zone}) : qui n'a pas accepté de le garder le reçoit alors.",
    ),
    Said(
        "When somebody agrees, note it: releases accept-embargo SLUG CONTACT.",
        "Quand quelqu'un accepte, notez-le : releases accept-embargo NOM CONTACT.",
    ),
    Said(
        "An embargo is an agreement: whoever has not made it must not get the release before its hour.",
        "Un embargo est un accord : qui ne l'a pas pris ne doit pas recevoir le communiqué avant l'heure.",
    ),
)
EMBARGO_TEXT = Rule(
    "embargo-text",
    Level.STOP,
    Said(
        "The text says another embargo ({said}) than the release's own field ({local}).",
        "Le texte annonce un autre embargo ({said}) que le champ du communiqué ({local}).",
    ),
    Said("Make them the same, or take the notice out of the text.", "Accordez-les, ou retirez la mention du texte."),
    Said("Whoever reads the earlier hour publishes first.", "Qui lit l'heure la plus proche publie le premier."),
)
EMBARGO_UNSET = Rule(
    "embargo-unset",
    Level.STOP,
    Said(
        "The text speaks of an embargo, and the release has none.",
        "Le texte parle d'un embargo, et le communiqué n'en a pas.",
    ),
    Said(
        "Write it on a line above the headline, or as `embargo:` in the front matter; or take it out of the text.",
        "Écrivez-le sur une ligne au-dessus du titre, ou comme `embargo:` dans l'en-tête ; ou retirez-le du texte.",
    ),
    Said(
        "It would leave for everybody at once, before its hour.", "Il partirait tout de suite pour tous, avant l'heure."
    ),
)
ZONES_DISAGREE = Rule(
    "hours-disagree",
    Level.WARN,
    Said(
        "These hours are not the same instant: {first} is {other}, not {second}.",
        "Ces heures ne désignent pas le même instant : {first} fait {other}, et non {second}.",
    ),
    Said("Correct one of the two, or leave one.", "Corrigez l'une des deux, ou n'en gardez qu'une."),
    Said(
        "A newsroom abroad goes by the hour of its own zone.", "Une rédaction à l'étranger suit l'heure de son fuseau."
    ),
)
RULES = (EMBARGO_PAST, EMBARGO_AHEAD, EMBARGO_TEXT, EMBARGO_UNSET, ZONES_DISAGREE)

_LONGEST_NOTICE = 300
_SAYS_UNTIL = re.compile(
    r"\b(?:sous|under)\s+(?:strict\s+)?embargo\s+(?:presse\s+)?(?:jusqu|until|till)|\bembargoed\s+(?:until|till)",
    re.IGNORECASE,
)
# «Un État sous embargo jusqu'au 31 mai 2027 ne peut acheter ni munitions ni drones»: news, where no text is spoken of.
_TRADE = re.compile(
    r"\b(?:pays|états?|îles?|régimes?|armes|munitions|armements?|produits|marchandises|exportations?|importations?|pétrole"
    r"|gaz|bois|blé|viandes?|vins?|céréales|sanctions?|country|countries|states?|regimes?|goods|exports?|imports?|oil|arms"
    r"|weapons|timber|grain|wheat|trade)\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?…])\s+")
# Where a sentence is looked for around an hour, «7 a.m. and 13 h» is one.
_SENTENCE_BEGINS = re.compile(rf"{_SENTENCES.pattern}(?=[A-ZÀ-Ý«“])")
_FAR = timedelta(days=30)
# What speaks of an earlier release takes its embargo over; the message does not say it any more.
_OF_AN_EARLIER = (*CORRECTING, ReleaseKind.FOLLOW_UP)
_HOUR = re.compile(
    r"(?<![\w.,:])(?P<hour>\d{1,2}\s?(?:h\s?(?:\d{2})?|heures?|:\d{2}(?:\s?[ap]\.?m\b\.?)?|\s?[ap]\.?m\b\.?))(?!\w)",
    re.IGNORECASE,
)


def embargo(subject: ProofSubject) -> Iterator[Hit]:
    """An embargo over before the start misleads; of one ahead it is said who waits; whatever is said of it agrees."""
    until = subject.draft.embargo_until
    if until is None:
        yield from _unset(subject)
        return
    line = subject.draft.lines.get("embargo_until")
    excerpt, local = subject.source_line(line), _local(until, subject)
    if until < subject.send_at and subject.draft.kind not in _OF_AN_EARLIER:
        yield EMBARGO_PAST.at(line, excerpt, local=local)
    if until > subject.send_at:
        yield EMBARGO_AHEAD.at(line, excerpt, local=local, zone=subject.timezone.key)
    for number, row in enumerate(subject.source.split("\n"), start=1):
        if number == line or row.startswith("embargo:") or "mbargo" not in row.lower() or not is_notice(row):
            continue
        try:
            said = read_embargo(row, zone=subject.timezone, near=until.astimezone(subject.timezone).date())
        except BadInput:
            continue
        if said.until != until:
            yield EMBARGO_TEXT.at(number, row.strip(), said=_local(said.until, subject), local=local)


def _unset(subject: ProofSubject) -> Iterator[Hit]:
    """What a reader would take for an embargo, in the words that recipients get: what was read is not there."""
    for field, text in subject.prose():
        for row in text.split("\n"):
            if is_notice(row) or ("mbargo" in row.lower() and _asks_to_wait(row, subject)):
                yield EMBARGO_UNSET.at(subject.line_of(row.strip(), field), row.strip()[:_LONGEST_NOTICE])


def _asks_to_wait(row: str, subject: ProofSubject) -> bool:
    """Whether a sentence of these asks newsrooms to wait, rather than tells of goods that may not be sold."""
    sentences = (one for one in _SENTENCES.split(row) if _SAYS_UNTIL.search(one) and not is_on_goods(one))
    return any(not _is_of_trade(one, subject) for one in sentences)


def _is_of_trade(sentence: str, subject: ProofSubject) -> bool:
    if speaks_of_a_text(sentence) or _HOUR.search(sentence) or not _TRADE.search(sentence):
        return False
    found = find_date(sentence)
    try:
        return found is None or found.nearest_to(subject.send_day) - subject.send_day > _FAR
    except ValueError:
        return False


def _local(moment: datetime, subject: ProofSubject) -> str:
    return f"{moment.astimezone(subject.timezone):%Y-%m-%d %H:%M}"


def zones(subject: ProofSubject) -> Iterator[Hit]:
    """«18 h (Paris), 17 h GMT»: two hours of two zones, side by side, are one instant; the embargo's, on its line."""
    for number, row in enumerate(subject.source.split("\n"), start=1):
        if len(row) > _LONGEST_NOTICE:
            continue
        hours = list(_zoned_hours(row))
        if len(hours) != 2 or hours[0][2] == hours[1][2]:
            continue
        day = _day_of(_sentence(row, hours[0][1], hours[1][1]), subject)
        try:
            first, second = (localise(_at(day, text), zone) for text, _, zone in hours)
        except (BadInput, ValueError):
            continue
        if first != second and not _is_a_list(row, hours):
            yield ZONES_DISAGREE.at(
                number,
                row.strip(),
                first=hours[0][0],
                second=hours[1][0],
                other=f"{first.astimezone(hours[1][2]):%H:%M}",
            )


def _zoned_hours(row: str) -> Iterator[tuple[str, int, tzinfo]]:
    """Every hour of a line with the zone that is named right behind it: (words, place, zone)."""
    found = list(_HOUR.finditer(row))
    for index, match in enumerate(found):
        end = found[index + 1].start() if index + 1 < len(found) else len(row)
        zone = named_zone(row[match.end() : min(end, match.end() + 40)])
        if zone is not None:
            yield match["hour"].strip(), match.start(), zone


def _sentence(row: str, start: int, end: int) -> str:
    """What of a line is one sentence with the places between these two."""
    before = _SENTENCE_BEGINS.split(row[:start])[-1]
    return before + row[start:end] + _SENTENCE_BEGINS.split(row[end:], maxsplit=1)[0]


def _is_a_list(row: str, hours: list[tuple[str, int, tzinfo]]) -> bool:
    """Whether two hours are two events rather than one said twice: other words than a zone's stand between them."""
    between = row[hours[0][1] + len(hours[0][0]) : hours[1][1]]
    words = re.findall(r"[^\W\d_]{2,}", between)
    return len(words) > 4


def _at(day: date, text: str) -> datetime:
    found = find_time(text)
    if found is None:
        raise ValueError(text)
    return datetime.combine(day, found.time)


def _day_of(row: str, subject: ProofSubject) -> date:
    """The day that a line's hours are of: the one it names, the embargo's, or the release's own."""
    until = subject.draft.embargo_until
    near = until.astimezone(subject.timezone).date() if until else subject.day
    found = find_date(row)
    try:
        return found.nearest_to(near) if found else near
    except ValueError:
        return near


CHECKS = (embargo, zones)
