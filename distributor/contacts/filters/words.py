"""What the fields of a filter are called, which values each takes, and when a value of the base is the one meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from unicodedata import normalize

from distributor.addresses import BadAddress, domain_names, parse_address
from distributor.contacts.cleaning.cells import normal_language
from distributor.contacts.cleaning.codes import read_channel, read_outlet_kind
from distributor.folding import fold, slugify


class Sort(StrEnum):
    """What a field's values are."""

    WORDS = "words"
    NAMES = "names"
    """The slug or name of something the base knows: it must be there."""
    ADDRESS = "address"
    DOMAIN = "domain"
    KIND = "kind"
    CHANNEL = "channel"
    LANGUAGE = "language"
    CHOICE = "choice"
    DATE = "date"
    PRESENCE = "presence"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field of the filter language: what it takes, whether a contact may lack it, and what else it is called.

    `choices` gives, for a field of choices, each choice with the other words for it.
    """

    name: str
    sort: Sort
    can_lack: bool = True
    also: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...]] | None = None


class BadValue(ValueError):
    """A value that its field does not take: why, and what it takes."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.why, self.mend = why, mend


BY_MAIL = "mail"
"""How a filter writes the channel of those who want our news by mail: in the base it is empty."""

_YES_NO = {"yes": ("oui", "vrai", "true", "1"), "no": ("non", "faux", "false", "0")}
STATES = {
    "bounced": ("bounce", "bouncing", "rebond", "rebonds", "rejected", "rejete"),
    "complained": ("complaint", "plainte"),
    "objected": ("objection", "opposition", "oppose", "opted out", "desinscrit"),
    "desk": ("redaction", "role", "generique"),
    "damaged": ("abime", "illisible"),
    "stale": ("perime", "ancien"),
}
"""What `state:` knows, with other words for each."""

FIELDS = {
    rule.name: rule
    for rule in (
        FieldRule("name", Sort.WORDS, also=("nom", "journalist", "journaliste")),
        FieldRule("address", Sort.ADDRESS, also=("adresse", "email", "mail", "courriel")),
        FieldRule("domain", Sort.DOMAIN, also=("domaine",)),
        FieldRule("outlet", Sort.WORDS, also=("media", "journal")),
        FieldRule("outlet.region", Sort.WORDS, also=("media.region",)),
        FieldRule("kind", Sort.KIND, also=("outlet.kind", "type", "media.type")),
        FieldRule("role", Sort.WORDS, also=("fonction",)),
        FieldRule("desk", Sort.WORDS, also=("rubrique",)),
        FieldRule("sector", Sort.NAMES, also=("secteur", "beat")),
        FieldRule("list", Sort.NAMES, also=("liste",)),
        FieldRule("region", Sort.WORDS),
        FieldRule("topic", Sort.WORDS, also=("topics", "sujet", "theme", "specialite")),
        FieldRule("language", Sort.LANGUAGE, also=("langue", "lang")),
        FieldRule("channel", Sort.CHANNEL, can_lack=False, also=("canal",)),
        FieldRule("source", Sort.WORDS, also=("origine", "provenance")),
        FieldRule("state", Sort.CHOICE, can_lack=False, also=("etat",), choices=STATES),
        FieldRule("trust", Sort.CHOICE, can_lack=False, also=("confiance",), choices=_YES_NO),
        FieldRule("attachments", Sort.CHOICE, can_lack=False, also=("pj", "pieces jointes"), choices=_YES_NO),
        FieldRule("phone", Sort.PRESENCE, also=("telephone", "tel")),
        FieldRule("notes", Sort.PRESENCE, also=("note",)),
        FieldRule("added", Sort.DATE, can_lack=False, also=("ajoute", "created")),
        FieldRule("collected", Sort.DATE, also=("collecte",)),
        FieldRule("confirmed", Sort.DATE, also=("confirme",)),
        FieldRule("mailed", Sort.DATE, also=("envoye", "sent")),
        FieldRule("heard", Sort.DATE, also=("reponse", "answered")),
    )
}
"""The fields by name. `field.KEY`, for a column of the user's own, is one more: see `find_field`."""

_NAME_OF = {fold(word): rule.name for rule in FIELDS.values() for word in (rule.name, *rule.also)}
_PLAIN = re.compile(r"\w+(?:[.-]\w+)*")
_EXTRA = re.compile(r"(?:field|fields|champ)\.(.+)", re.IGNORECASE | re.DOTALL)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,4}) ?(d|days?|j|jours?|m|months?|mois|y|years?|ans?|annees?)")
_DATE_MEND = "Write 2026, 2026-10 or 2026-10-01, or how long ago, as in 12m (d days, m months, y years)."


def find_field(name: str) -> FieldRule | None:
    """The field of that name, in French or English, accents and case ignored; None if there is none.

    `field.KEY` names a column of the user's own files by the key under which templates know it.
    """
    extra = _EXTRA.fullmatch(name)
    if extra:
        key = slugify(extra[1], "_")
        return FieldRule(f"field.{key}", Sort.WORDS) if key else None
    found = _NAME_OF.get(fold(name)) if _PLAIN.fullmatch(name) else None
    return FIELDS[found] if found else None


def near(word: str, known: Iterable[str]) -> list[str]:
    """Up to three of the `known` words that `word` may have been meant for."""
    return difflib.get_close_matches(fold(word), sorted(set(known)), n=3, cutoff=0.7)


def near_fields(name: str) -> list[str]:
    """The fields that `name` may have been meant for."""
    return list(dict.fromkeys(_NAME_OF[word] for word in near(name, _NAME_OF)))


def read_value(rule: FieldRule, text: str) -> str:
    """`text` as a filter keeps a value of this field; raise `BadValue` when the field takes no such thing."""
    return _READERS[rule.sort](rule, text)


def _only_presence(rule: FieldRule, _text: str) -> str:
    raise BadValue(f"«{rule.name}» is only asked whether it is there", f"Write {rule.name}:any or {rule.name}:none")


def _words(_rule: FieldRule, text: str) -> str:
    if not pattern_of(text).replace("*", "").strip():
        raise BadValue(f"«{text}» has no letter or digit to look for", "Write what the value holds, * for any letters.")
    return text


def _kind(rule: FieldRule, text: str) -> str:
    return read_outlet_kind(_words(rule, text))


def _channel(rule: FieldRule, text: str) -> str:
    return read_channel(_words(rule, text)) or BY_MAIL


def _language(_rule: FieldRule, text: str) -> str:
    code = normal_language(text)
    if not code:
        raise BadValue(f"no language is called «{text}»", "Write it as fr, en, de … or by its name.")
    return code


def _address(_rule: FieldRule, text: str) -> str:
    """An address or a part of one; a domain of which all is said has the letters of the envelope, as with `_domain`."""
    local, at, domain = normalize("NFC", text).casefold().rpartition("@")
    whole = domain.rstrip("*") if at else ""
    return local + at + domain_names(whole)[0] + domain[len(whole) :]


def _domain(_rule: FieldRule, text: str) -> str:
    """A domain as the envelope has it: what people read in their own letters becomes ASCII (RFC 5891)."""
    text = text.casefold().removeprefix("@")
    if "*" in text:
        return text
    try:
        return parse_address(f"a@{text}").domain
    except BadAddress as error:
        raise BadValue(f"«{text}» is no domain", f"{error} As in domain:journal.example.") from None


def _choice(rule: FieldRule, text: str) -> str:
    choices = rule.choices or {}
    for choice, others in choices.items():
        if fold(text) in (fold(choice), *others):
            return choice
    raise BadValue(f"«{rule.name}» has no «{text}»", "It takes " + ", ".join(choices) + ".")


# Dates


def _date(_rule: FieldRule, text: str) -> str:
    folded = fold(text)
    ago = _AGO.fullmatch(folded)
    if ago:
        unit = "d" if ago[2][0] in "dj" else "m" if ago[2][0] == "m" else "y"
        canonical = f"{int(ago[1])}{unit}"
    else:
        found = _DAY.fullmatch(text.strip())
        if not found:
            raise BadValue(f"«{text}» is no date", _DATE_MEND)
        canonical = "-".join((found[1], *(f"{int(part):02}" for part in found.groups()[1:] if part)))
    try:
        days_of(canonical, date(2000, 1, 1))
    except (ValueError, OverflowError):
        raise BadValue(f"there is no date «{text}»", _DATE_MEND) from None
    return canonical


_READERS: Mapping[Sort, Callable[[FieldRule, str], str]] = {
    Sort.WORDS: _words,
    Sort.NAMES: _words,
    Sort.ADDRESS: _address,
    Sort.DOMAIN: _domain,
    Sort.KIND: _kind,
    Sort.CHANNEL: _channel,
    Sort.LANGUAGE: _language,
    Sort.CHOICE: _choice,
    Sort.DATE: _date,
    Sort.PRESENCE: _only_presence,
}


def days_of(value: str, today: date) -> tuple[date, date]:
    """The first day that a date of a filter means, and the first day after it; `ValueError` for none there is.

    `2026-10` is all of October; `12m` is the day twelve months before `today`.
    """
    if value[-1] in "dmy":
        start = _ago(int(value[:-1]), value[-1], today)
        return start, start + timedelta(days=1)
    parts = [int(part) for part in value.split("-")]
    if len(parts) == 3:
        start = date(*parts)
        return start, start + timedelta(days=1)
    start = date(parts[0], parts[1] if len(parts) == 2 else 1, 1)
    return start, (months_before(start, -1) if len(parts) == 2 else date(parts[0] + 1, 1, 1))


def _ago(many: int, unit: str, today: date) -> date:
    if unit == "d":
        return today - timedelta(days=many)
    return months_before(today, many * (12 if unit == "y" else 1))


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier; the last one there is, in a shorter month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    after = date(years + (month == 11), (month + 1) % 12 + 1, 1)
    return date(years, month + 1, min(day.day, (after - timedelta(days=1)).day))


# Words


@lru_cache(maxsize=1024)
def pattern_of(text: str) -> str:
    """The folded form of a value, its stars kept: `L'Éq*` → `l eq*`."""
    words = ("*".join(fold(piece) for piece in word.split("*")) for word in text.split())
    return " ".join(" ".join(words).split())


@lru_cache(maxsize=1024)
def _expression(text: str, *, whole: bool) -> re.Pattern[str]:
    # A word ends where a space or the value ends; a star may run over both.
    body = ".*".join(re.escape(piece) for piece in pattern_of(text).split("*"))
    return re.compile(body if whole else rf".* {body} .*", re.DOTALL)


def says(text: str, value: str, *, whole: bool) -> bool:
    """Whether `value` holds the words of `text` in their order, or with `whole` is nothing but them."""
    folded = fold(value)
    return bool(_expression(text, whole=whole).fullmatch(folded if whole else f" {folded} "))


def like(text: str, *, whole: bool) -> str:
    """What `says` asks, as a LIKE pattern for a column that holds folded words with a space before and after them.

    Folding leaves letters, digits and spaces: nothing that LIKE would read in its own way.
    """
    pattern = pattern_of(text).replace("*", "%")
    return f" {pattern} " if whole else f"% {pattern} %"
