"""What people write for a kind of outlet, a channel, a preference or a day, and the code it is kept under."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from distributor.folding import fold

OUTLET_KINDS: Mapping[str, str] = {
    "national-daily": "pqn|quotidien national|quotidiens nationaux|presse quotidienne nationale|national daily"
    "|national newspaper|national press",
    "regional-daily": "pqr|pqd|quotidien régional|quotidiens régionaux|presse quotidienne régionale"
    "|quotidien départemental|presse régionale|regional daily|regional newspaper|local daily|regional press"
    "|regionalzeitung|lokalzeitung",
    "agency": "agence|agence de presse|agences|news agency|press agency|agency|wire|wire service|fil"
    "|nachrichtenagentur|presseagentur",
    "radio": "radio|radios|radio nationale|radio locale|station de radio|radio station|national radio"
    "|local radio|rundfunk|hörfunk|radiosender",
    "television": "télévision|télé|tv|chaîne de télévision|chaîne tv|chaîne|television|tv channel|tv station"
    "|télévision nationale|télévision locale|broadcaster|fernsehen|fernsehsender",
    "web": "web|site|site web|site internet|site d information|pure player|pureplayer|en ligne|presse en ligne"
    "|internet|online|website|news site|online media|onlinemedium|média en ligne|blog|podcast|newsletter",
    "magazine": "magazine|mag|hebdomadaire|hebdo|mensuel|bimensuel|bimestriel|trimestriel|revue|news magazine"
    "|presse magazine|weekly|monthly|quarterly|news mag|périodique|zeitschrift|wochenzeitung|wochenmagazin",
    "trade": "presse professionnelle|presse spécialisée|presse technique|presse pro|pro|professionnel|spécialisé"
    "|trade|trade press|trade magazine|trade journal|specialist press|b2b|fachzeitschrift|fachpresse|fachmedium",
    "union-press": "presse syndicale|syndical|syndicale|journal syndical|presse syndicaliste|union press"
    "|trade union press|union newspaper|union journal",
    "freelance": "pigiste|pigistes|indépendant|indépendante|journaliste indépendant|journaliste indépendante"
    "|freelance|freelancer|free lance|stringer|freier journalist|freie journalistin|frei|freelancerin",
}
"""Kinds of outlet: code → what offices write for it, in three languages. A kind of no code is kept as written."""

_CHANNELS = {
    "": "mail|e mail|email|mél|courriel|par mail|par e mail|par courriel|by mail|by email|messagerie électronique",
    "phone": "téléphone|tél|tel|phone|call|appel|appeler|par téléphone|by phone|telephone|fixe|mobile|portable",
    "messaging": "messagerie|whatsapp|signal|telegram|sms|texto|message|messaging|messenger|dm",
    "post": "courrier|poste|courrier postal|post|letter|par courrier|by post|voie postale",
}
_YES = "oui|o|yes|ja|y|vrai|true|1|x|ok|accepte|accord|d accord|oui merci"
_NO = "non|n|no|nein|faux|false|0|jamais|refuse|aucun|aucune|never|none|pas de pj|sans pj|non merci"
_ISO = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)")
_DAY_FIRST = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})")
_NAMED_MONTH = re.compile(r"(?:(\d\d?)(?:er|st|nd|rd|th)? )?([a-z]+) (\d{4})")
_MONTHS = (
    "janvier janv jan january januar|fevrier fevr fev feb february februar|mars mar march marz|avril avr apr april"
    "|mai may|juin jun june juni|juillet juil jul july juli|aout aug august|septembre sept sep september"
    "|octobre oct october oktober okt|novembre nov november|decembre dec december dezember dez"
)


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {fold(word): code for code, words in table.items() for word in (*words.split("|"), code) if word}


_KIND_OF = _by_word(OUTLET_KINDS)
_CHANNEL_OF = _by_word(_CHANNELS)
_ANSWER_OF = _by_word({"yes": _YES, "no": _NO})
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS.split("|"), start=1) for word in words.split()}


@lru_cache(maxsize=1024)
def read_outlet_kind(text: str) -> str:
    """The code of a kind of outlet (`PQR` → `regional-daily`), or the text itself when it is none we know."""
    return _KIND_OF.get(fold(text), text)


@lru_cache(maxsize=1024)
def read_channel(text: str) -> str:
    """How somebody wants our news: "" by mail, `phone`, `messaging`, `post`, or the text itself: another way."""
    return _CHANNEL_OF.get(fold(text), text)


@lru_cache(maxsize=1024)
def read_answer(text: str) -> str:
    """`yes`, `no`, or "" for a text that is neither."""
    return _ANSWER_OF.get(fold(text), "")


@lru_cache(maxsize=4096)
def read_day(text: str) -> date | None:
    """The day that a cell means (`2026-03-01`, `01/03/2026`, `1er mars 2026`, `mars 2026`), or None.

    A figure of a month comes after the day's, as everywhere but in the United States. A moment is its day.
    """
    if found := _ISO.match(text):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.match(text):
        day, month, year = found.groups()
    elif (found := _NAMED_MONTH.fullmatch(fold(text))) and found[2] in _MONTH_OF:
        day, month, year = found[1] or "1", str(_MONTH_OF[found[2]]), found[3]
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def read_moment(text: str) -> datetime | None:
    """The instant that a cell means: an ISO instant with its zone, or the first of a day (UTC); None for neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return moment.astimezone(UTC)
    day = read_day(text)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) if day else None
