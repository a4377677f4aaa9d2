"""The words around a release in one language: labels, dates, notices, greetings, read from `texts.<language>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_location

from distributor.errors import BadInput
from distributor.rendering.salutation import FORMS, Forms
from distributor.rendering.values import KINDS

_REQUIRED = ("dateline", "dateline_without_place", "date", "time", "immediate", "embargo")
_OWN = {"first_of_month", "salutation"}  # what one language has and another need not, and greetings, which go together


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's words. Templates read them as `texts.<word>`; Python reads the dates' and greetings' here.

    `borrowed` names the words that the table lacks and that stand in another language's.
    """

    language: str
    words: Mapping[str, Any] = field(default_factory=dict)
    forms: Forms = field(default_factory=lambda: Forms(unknown=""))
    borrowed: tuple[str, ...] = ()

    def day(self, day: date) -> str:
        """A date as a dateline writes it: «1er mars 2026», "1 March 2026"."""
        text: str = format_date(day, self.words["date"], locale=self._locale)
        first = str(self.words.get("first_of_month", ""))
        return f"{first}{text[1:]}" if first and day.day == 1 and text.startswith("1 ") else text

    def dateline(self, place: str, day: date) -> str:
        """«Paris, le 13 janvier 2021», or without a place «Le 13 janvier 2021»."""
        form = str(self.words["dateline" if place else "dateline_without_place"])
        return form.replace("{date}", self.day(day)).replace("{place}", place)

    def embargo(self, instant: datetime, zone: ZoneInfo) -> str:
        """«Sous embargo jusqu’au mardi 3 mars 2026 à 18 h 00 (heure de Paris)»: one instant, in one zone, named."""
        local = instant.astimezone(zone)
        found = {
            "{weekday}": format_date(local.date(), "EEEE", locale=self._locale),
            "{date}": self.day(local.date()),
            "{time}": format_time(local.time(), self.words["time"], locale=self._locale),
            "{city}": get_timezone_location(zone, locale=self._locale, return_city=True),
        }
        text = str(self.words["embargo"])
        for mark, value in found.items():
            text = text.replace(mark, value)
        return text

    @property
    def immediate(self) -> str:
        """«Pour diffusion immédiate»."""
        return str(self.words["immediate"])

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language)


def read_tables(sources: Mapping[str, tuple[str, str]]) -> dict[str, Texts]:
    """The tables of all languages, out of language → (YAML, file name).

    What one lacks it borrows from English, then French, then any other, and says so in `borrowed`: a half-translated
    table never stops a sending. `BadInput` with the file, and the line where known, for what cannot be read, or is in
    no table at all.
    """
    tables = {language: _parse(source, file) for language, (source, file) in sources.items()}
    order = sorted(tables, key=lambda language: (language != "en", language != "fr", language))
    return {
        language: _complete(language, [table, *(tables[other] for other in order if other != language)], file)
        for (language, table), (_, file) in zip(tables.items(), sources.values(), strict=True)
    }


def _parse(source: str, file: str) -> dict[str, Any]:
    try:
        words = _words(source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise BadInput(f"This is not YAML: {problem}.", file=file, line=mark.line + 1 if mark else None) from None
    except RecursionError:  # PyYAML's loader in C, ten times as fast, dies of such a file
        raise BadInput("The text table is nested too deeply.", file=file, mend="Copy another language's.") from None
    if not isinstance(words, dict):
        raise BadInput("The text table is empty or no table.", file=file, mend="Copy another language's and translate.")
    return words


@lru_cache(maxsize=64)
def _words(source: str) -> Any:
    return yaml.safe_load(source)


def _complete(language: str, tables: list[dict[str, Any]], file: str) -> Texts:
    """The first table, with what it lacks from the others in their order."""
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        raise BadInput(f"{language!r} is not a language whose dates are known.", file=file) from None
    words, borrowed = _borrowing(tables)
    missing = [word for word in _REQUIRED if not isinstance(words.get(word), str)]
    kinds = words.get("kinds")
    missing += [f"kinds.{kind}" for kind in KINDS if not isinstance(kinds, dict) or kind not in kinds]
    if missing:
        raise BadInput(f"The text table lacks {', '.join(missing)}.", file=file, mend="Add them; see texts.en.yaml.")
    greetings = next((table["salutation"] for table in tables if _greets(table.get("salutation"))), None)
    if not _greets(words.get("salutation")) and not (words.get("salutation") is None and language in FORMS):
        borrowed.append("salutation")
        words["salutation"] = greetings
    return Texts(language, words, _forms(language, words.get("salutation"), file), tuple(borrowed))


def _borrowing(tables: list[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    words: dict[str, Any] = dict(tables[0])
    borrowed: list[str] = []
    for table in tables[1:]:
        for word, value in table.items():
            if word in _OWN:
                continue
            if words.get(word) is None or isinstance(words[word], dict) != isinstance(value, dict):
                words[word] = value
                borrowed.append(str(word))
            elif isinstance(value, dict):
                lacking = {key: text for key, text in value.items() if words[word].get(key) is None}
                words[word] = {**words[word], **lacking}
                borrowed += [f"{word}.{key}" for key in lacking]
    return words, borrowed


def _greets(table: object) -> bool:
    return isinstance(table, dict) and bool(str(table.get("unknown") or "").strip())


def _forms(language: str, table: object, file: str) -> Forms:
    if table is None and language in FORMS:
        return FORMS[language]
    if not isinstance(table, dict) or not _greets(table):
        raise BadInput("The text table lacks salutation.unknown.", file=file, mend="Add how you greet anybody.")
    by_name, by_civility = (
        {str(key): str(value) for key, value in (table.get(part) or {}).items()} for part in ("by_name", "by_civility")
    )
    return Forms(
        str(table["unknown"]),
        str(table.get("full_name") or ""),
        by_name,
        by_civility,
        familiar=str(table.get("familiar") or ""),
    )
