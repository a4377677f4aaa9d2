"""Embargoes: the instant until which newsrooms are asked to hold a release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from distributor.errors import BadInput
from distributor.releases.readers.dates import MONTHS_WRITTEN_OUT, FoundDate, FoundTime, find_date, find_time
from distributor.releases.readers.sheet import bare

_MEND = "Write it with its day and hour, such as «Embargo : 3 mars 2026 à 18 h», or as `embargo: 2026-03-03T18:00`."
_YEARS = range(1970, 2200)
_LONGEST = 200
_WORDS_OF_A_NOTICE = 3  # «document strictement sous»; more words tell a story

# What may stand before the words of a notice. An article is not among it: «les produits sous embargo» are news.
_BEFORE = (
    r"(?:(?:ce|cette|ces|est|sont|informations?|infos?|documents?|communications?|communiqués?|dossiers?|textes?|contenus?"
    r"|versions?|études?|enquêtes?|rapports?|données|diffusion|publication|confidentiel(?:le)?|attention|important|urgent|de"
    r"|presse|cp|strict(?:ly|ement)?|réservée?s?|à|aux|la|médias?|journalistes|rédactions"
    r"|this|these|release|is|are|news|information|report|press|media|confidential)\b[\W_]*){0,6}"
)
_SENT_OUT = r"(?:publi|diffus|divulg|relay|communiqu|révél|releas|publish|broadcast|report|print|us)\w*"
_NOT_BEFORE = r".{0,40}\b(?:before|until|till|avant|jusqu)"
_NOTICE = re.compile(
    rf"^[\W_]*{_BEFORE}(?:"
    r"(?:(?:sous|under|s/|dindan)[\W_]*)*(?:strict\s+)?(?:embarg(?:o|o?ed|oé)(?:ée?|e?s)?\b|emb\.(?=[\W\d]))"
    r"|embargad[oa]\b"
    r"|(?:l['’]\s?|cet\s+|the\s+|this\s+)embargo\s+(?:(?:est|sera|is|will\s+be|prend)\s+)?"
    r"(?:levé|fixé|fin\b|court|expire|jusqu|lift|set\b|ends?\b|until)"
    r"|(?:merci|prière|veuillez|nous\s+vous|please|thank\s+you|we\s+ask)\b.{0,40}"
    r"\b(?:respect|observ|honou?r)\w*\s+(?:(?:l['’]|(?:cet|the|this|our|notre)\s+)embargo)"
    r"|(?:levée|fin)\s+(?:de\s+l|d)['’]\s*embargo\s*(?:[:–—-]|le\b|(?=\d|\w+di\s+\d))"
    r"|sperrfrist\b|gesperrt\s+bis\b|frei\s+ab\b"
    r"|(?:حظر|محظور|ممنوع)\s+(?:ال)?نشر(?:ها?)?\s*(?::|حتى|قبل|لغاية)"
    r"|(?:arabat\s+(?:eo\s+)?embann|na\s+embann(?:it)?\s+ket|da\s+embann)\s+"
    r"(?:a[- ]raok|betek|adalek|goude|d['’]a[rn])\b"
    rf"|(?:(?:merci|prière)\s+de\s+|please\s+)?(?:à\s+)?(?:ne\s+(?:pas|rien)|do\s+not|don['’]t|not\s+(?:for|to\s+be))\s+"
    rf"{_SENT_OUT}{_NOT_BEFORE}"
    r"|(?:diffusion|publication|parution)\s+(?:(?:autorisée|possible|permise)\s+(?:à\s+(?:partir|compter)|dès|après|le)"
    r"|interdite\s+avant)\b"
    r"|à\s+(?:diffuser|publier)\s+(?:à\s+(?:partir|compter)|dès|après)\b"
    r"|(?:confidentiel(?:le)?|confidential)\s+(?:jusqu|until|till)"
    r"|hold\s+for\s+release\b"
    # The rest speaks of an embargo only with a day and an hour; without one it is the day of issue, or news.
    rf"|(?P<timed>(?:aucune?|pas\s+de|toute|no|non|interdite?\s+de)\s+{_SENT_OUT}{_NOT_BEFORE}"
    r"|(?:[àa]|pour)\s+(?:diffuser|publier|diffusion|publication)\s+(?:le|à|après)\b"
    r"|for\s+(?:release|publication)(?:\s*:|\s+(?:at|on|from|after|until|before)\b))"
    # In a text it is when a film is shown, or a book comes out.
    r"|(?P<on_top>(?:diffusion|publication|parution)\s*(?::|le\b)|à\s+paraître\s+le\b|(?:release|publication)\s+date\s*:)"
    r")",
    re.IGNORECASE,
)
# An embargo on goods is news; one with «jusqu'au», a date or an hour behind it is addressed to the newsroom.
_UNTIL = re.compile(
    r"\b(?:jusqu|until|till|avant|before|lifts?|levée?|bis|uhr|hasta|até|fino|tot|betek|a-raok|حتى|قبل|لغاية|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"^[\W_]*(?:(?:strict(?:ly|ement)?|sous|under)\s+)+embargo(?:ed|ée?)?(?:\s+strict)?[\W_]*$|^[\W_]*embargo(?:ed)?[\W_]*$",
    re.IGNORECASE,
)
# What is held back is goods, or a country: «l'embargo sur les armes», «sous embargo jusqu'en 2027». No newsroom is
# asked to wait until a year; and a line that says no more than that is a notice all the same, to be refused.
_ON_GOODS = re.compile(
    r"\bembargo\s+(?:(?!sur|on)[\w-]+\s+){0,2}(?:sur|contre|visant|frappant|imposée?|décrétée?|on|against|imposed)\s+"
    r"(?!ce\b|cet|ces\b|this|these|toute|all\b|la\s+(?:publi|diff|presse)|l['’](?:info|étude|annonce)|les\s+info"
    r"|le\s+(?:communiqu|texte|rapport|contenu)|the\s+(?:release|report|news|story|information|data|results?|text))"
    r"|\bembargo\s+(?:américain|européen|russe|chinois|turc|onusien|pétrolier|commercial|alimentaire|économique)\b"
    r"|\b(?:arms|oil|trade|weapons|grain)\s+embargo\b",
    re.IGNORECASE,
)
_UNTIL_A_YEAR = re.compile(
    r"embargo(?:ed)?\s+(?:jusqu['’](?:en|à|au)|until|till)\s+(?:(?:la|the|fin|mi-?|end|early|late|début|de|of|du)\s+){0,4}"
    rf"(?:(?:{MONTHS_WRITTEN_OUT})\s+)?(?:19|20)\d\d\b(?!\s*[-/])",
    re.IGNORECASE,
)
_OF_A_TEXT = re.compile(
    r"\b(?:textes?|communiqués?|documents?|informations?|infos?|données|résultats?|chiffres|statistiques|études?|rapports?"
    r"|enquêtes?|annonces?|contenus?|dossiers?|publi\w+|diffus\w+|presse|médias?|rédactions?|journalist\w+|releases?|reports?"
    r"|stud(?:y|ies)|news|data|results|figures|statistics|press|media|announcements?|embargoed\s+(?:until|till)\s+\w+day)\b",
    re.IGNORECASE,
)
# Who waits for the end of a meeting, or of a day, does not wait until that day begins.
_UNTIL_AN_EVENT = re.compile(
    r"(?:jusqu['’](?:à|au)|until|till|avant|before)\s+(?:(?:la|le|l['’]|the)\s*)?"
    r"(?:fin|issue|clôture|début|ouverture|remise|présentation|conférence|end|close|start|opening|conclusion|beginning)"
    r"\s+(?:de|du|des|d['’]|of)",
    re.IGNORECASE,
)
_OVER = re.compile(r"\bembargo\s+(?:(?:est|is|now|désormais)\s+)*(?:levée?|lifted|terminé|over)\W*$", re.IGNORECASE)
SENTENCES = re.compile(r"(?<!\b(?i:emb)\.)(?:(?<=[^\W\d_]{3}[.!?…])|(?<=\d{4}[.!?…]))\s+(?=[^\W\d_]|[«“])")
"""What parts two sentences; «6 a.m. ET», «3. Dezember» and «Emb. jusqu'au» are one."""
# What tells of an hour that could not be read: as the day begins would be too early.
_SAYS_AN_HOUR = re.compile(
    r"(?<![\d./-])(?!(?:19|20)\d\d\b)\d{3,4}\b|\b(?:soir|soirée|après[- ]midi|matin|matinée|journée|heures?|inclus"
    r"|compris|morning|afternoon|evening|night|o['’]clock|inclusive|hours?|uhr|abends?|morgens?"
    r"|الساعة|مساءً?|صباحًا|صباحا|ظهرًا|ظهرا|منتصف|eur|mintin|vintin|kreisteiz|noz|\d{1,2}e\d\d|da\s+\d{1,2}e|\d{1,2}e(?=\W*$))\b",
    re.IGNORECASE,
)
# «6:00 مساءً» is eighteen o'clock: where the hour was read without these words, it may be twelve hours too early.
_AFTER_NOON = re.compile(
    r"\b(?:soir|soirée|après[- ]midi|afternoon|evening|night|abends?|nachmittags?|مساءً?|noz|enderv|merenn)\b",
    re.IGNORECASE,
)
_POINTED_HOUR = re.compile(r"(?<![\d.,])(\d{1,2})\.([0-5]\d)(?![\d.,]|\s?[%€$£mM])")
_NO_YEAR_NO_MONTH = re.compile(r"\d{1,2}\s*(?:h|:)", re.IGNORECASE)

_OFFSETS: dict[str, float] = {
    "gmt": 0, "utc": 0, "bst": 1, "cet": 1, "cest": 2,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "pst": -8, "pdt": -7,
}  # fmt: skip
_CITIES = {
    "paris": "Europe/Paris", "bruxelles": "Europe/Brussels", "brussels": "Europe/Brussels", "londres": "Europe/London",
    "london": "Europe/London", "genève": "Europe/Zurich", "geneva": "Europe/Zurich", "berlin": "Europe/Berlin",
    "madrid": "Europe/Madrid", "rome": "Europe/Rome", "new york": "America/New_York", "montréal": "America/Toronto",
    "montreal": "America/Toronto", "tokyo": "Asia/Tokyo", "eastern": "America/New_York", "et": "America/New_York",
}  # fmt: skip
# «est» and «et» are French words: anywhere but behind an hour they are a zone only at the very end, in capitals.
_ABBREVIATION = re.compile(
    r"(?<![\w'’])(gmt|utc|bst|cest|cet|edt|cst|cdt|pst|pdt|(?-i:EST|ET)(?=[\W_]*$))(?:\s?(?P<shift>[+-]\d{1,2}))?(?![\w'’])",
    re.IGNORECASE,
)
_CITY_TIME = re.compile(
    r"\bheure\s+(?:locale\s+)?(?:de\s+|d['’])(?P<fr>[\w\- ]+?)\s*(?:[),.;]|$)|\b(?P<en>[a-z]+(?:\s+york)?)\s+time\b",
    re.IGNORECASE,
)


_BEHIND_AN_HOUR = re.compile(
    rf"\s*[(\[,]?\s*(?:(?:heure|time)\s+(?:(?:locale|local)\s+)?(?:de\s+|d['’]|in\s+)?|à\s+|in\s+)?"
    rf"(?P<name>(?-i:{'|'.join(name.upper() for name in (*_OFFSETS, 'et'))})|{'|'.join(_CITIES.keys() - {'et'})})"
    r"(?P<shift>\s?[+-]\d{1,2})?(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Embargo:
    """The instant of release, aware, and in `assumed` what had to be supposed to know it, in words ("" for nothing)."""

    until: datetime
    assumed: str = ""


def is_notice(text: str, *, on_top: bool = False) -> bool:
    """Whether a line speaks to the newsroom of an embargo; «L'embargo sur les armes» does not.

    «Diffusion : 3 mars 2026, 18 h» does only `on_top`, above the headline.
    """
    text = bare(text)
    match = _NOTICE.search(text) if len(text) <= _LONGEST else None
    if match is None or is_on_goods(text) or _OVER.search(text):
        return False
    if match["timed"] or match["on_top"]:
        return (on_top or bool(match["timed"])) and find_date(text) is not None and _names_an_hour(text)
    rest = text[match.end() :]
    return bool(
        _ALONE.match(text) or _UNTIL.search(text[match.start() :]) or find_date(rest) or _NO_YEAR_NO_MONTH.search(rest)
    )


def sentences_on_one(text: str) -> list[str]:
    """Which sentences tell of an embargo that is not over, in what is no part of the release, as a mail's subject."""
    return [one for one in SENTENCES.split(text) if not is_on_goods(one) and not _OVER.search(one) and _tells(one)]


def _tells(sentence: str) -> bool:
    return "embargo" in sentence.lower() or is_notice(sentence, on_top=True)


def _names_an_hour(text: str) -> bool:
    try:
        return find_time(text) is not None
    except ValueError:
        return True


def is_on_goods(text: str) -> bool:
    """Whether a sentence tells of an embargo on goods or a country, as news does: «sous embargo jusqu'en 2027»."""
    if _ON_GOODS.search(text):
        return True
    match = _UNTIL_A_YEAR.search(text)
    around = f"{text[: match.start()]} {text[match.end() :]}" if match else ""
    return len(re.findall(r"[^\W\d_]{2,}", around)) > _WORDS_OF_A_NOTICE and not speaks_of_a_text(around)


def speaks_of_a_text(sentence: str) -> bool:
    """Whether it names what newsrooms are sent: «ces informations», «this report», «publication»."""
    return _OF_A_TEXT.search(sentence) is not None


def read_embargo(text: str, *, zone: ZoneInfo, near: date | None = None) -> Embargo:
    """Read an embargo as people write it («mardi 3 mars 2026 à 18 h», «00:01 GMT, 4 May 2026») or as an ISO instant.

    A local time is taken in `zone`; a missing year is the one that brings the date nearest to `near`. Raises `BadInput`
    for anything that does not name one instant: no date, no year to be had, an hour that the clocks skip or repeat.
    """
    text = bare(text)
    try:
        iso = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        if len(text) > 10:
            _require_year(text, iso.year)
            return _iso_embargo(iso, zone)
    found = find_date(text)
    if found is None:
        raise BadInput(f"An embargo is announced, but its date could not be read: «{text}».", mend=_MEND)
    try:
        if found.year is None and near is None:
            raise BadInput(f"The embargo «{text}» names no year.", mend=_MEND)
        day = found.in_year() if near is None else found.nearest_to(near)
        # «06.00» is an hour where no other figure is looked for.
        rest = _POINTED_HOUR.sub(r"\1:\2", f"{text[: found.start]} ; {text[found.end :]}")
        hour = find_time(rest)
    except ValueError:
        raise BadInput(f"The embargo «{text}» names a day or hour that does not exist.", mend=_MEND) from None
    _require_year(text, day.year)
    # Of «17 h (Paris), 16 h GMT» the first hour is read, and its own zone.
    named = (named_zone(rest[hour.end :]) if hour else None) or _zone_in(rest, zone)
    return _in_words(text, found, day, hour, named or zone, is_zone_named=named is not None)


def _require_year(text: str, year: int) -> None:
    """Raise `BadInput` for a year that is a slip of the keyboard; at the calendar's ends no zone can be reckoned."""
    if year not in _YEARS:
        raise BadInput(f"The embargo «{text}» is of the year {year:04}.", mend=_MEND)


def localise(local: datetime, zone: tzinfo) -> datetime:
    """Give a local time its zone; `BadInput` when the clocks skip or repeat it there, for then it names no instant."""
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        skipped = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local
        why = "is skipped" if skipped else "comes twice"
        raise BadInput(
            f"{local:%Y-%m-%d %H:%M} {why} in {zone} that night, when the clocks change.",
            mend=f"Give the offset too, such as `{first.isoformat(timespec='minutes')}`, or another hour.",
        )
    return first


def _iso_embargo(moment: datetime, zone: ZoneInfo) -> Embargo:
    if moment.tzinfo is not None:
        return Embargo(moment)
    return Embargo(localise(moment, zone), f"{moment:%H:%M} is taken as the time in {zone.key}.")


def _in_words(
    text: str, found: FoundDate, day: date, hour: FoundTime | None, zone: tzinfo, *, is_zone_named: bool
) -> Embargo:
    assumed = []
    if found.weekday is not None and found.weekday != day.weekday():
        raise BadInput(f"The embargo «{text}» names a weekday that is not that of {day.isoformat()}.", mend=_MEND)
    if found.year is None:
        assumed.append(f"The year was not written: {day.year} is taken.")
    if hour is None:
        if re.search(r"\b(?:minuit|midnight)\b", text, re.IGNORECASE):
            raise BadInput(f"Midnight in «{text}» may be either end of the day.", mend="Write 00:00 or 23:59.")
        if event := _UNTIL_AN_EVENT.search(text):
            raise BadInput(f"The embargo «{text}» names no hour, but an event: «{event[0]}…».", mend=_MEND)
        if said := _SAYS_AN_HOUR.search(f"{text[: found.start]} ; {text[found.end :]}"):
            raise BadInput(f"The hour of the embargo «{text}» could not be read: «{said[0]}».", mend=_MEND)
        assumed.append("No hour was written: it lifts as that day begins, at 00:00.")
    elif not hour.next_day and hour.time.hour < 12 and (said := _AFTER_NOON.search(text)):
        raise BadInput(
            f"The hour of the embargo «{text}» may be that of the morning, or of the evening: «{said[0]}».",
            mend=_MEND,
        )
    if not is_zone_named:
        assumed.append(f"The hour is taken as that of {zone}.")
    local = datetime.combine(day, hour.time if hour else time(0)) + timedelta(days=int(bool(hour and hour.next_day)))
    return Embargo(localise(local, zone), " ".join(assumed))


def named_zone(text: str) -> tzinfo | None:
    """The time zone that the words right behind an hour name («(Paris)», «heure de Londres», «GMT+1»), if they do."""
    match = _BEHIND_AN_HOUR.match(text)
    if match is None:
        return None
    name = match["name"].lower()
    if name in _CITIES:
        return ZoneInfo(_CITIES[name])
    return timezone(timedelta(hours=_OFFSETS[name] + int((match["shift"] or "0").strip())))


def _zone_in(text: str, zone: ZoneInfo) -> tzinfo | None:
    """The time zone that a notice names, None when it names none; `BadInput` for one that we do not know."""
    if match := _CITY_TIME.search(text):
        name = (match["fr"] or match["en"]).strip().lower()
        if name == "local":
            return zone
        if name not in _CITIES:
            raise BadInput(f"The time zone of the embargo is not known: «{match[0].strip()}».", mend=_MEND)
        return ZoneInfo(_CITIES[name])
    if match := _ABBREVIATION.search(text):
        name = match[1].lower()
        if name in _CITIES:
            return ZoneInfo(_CITIES[name])
        return timezone(timedelta(hours=_OFFSETS[name] + int(match["shift"] or 0)))
    return None
