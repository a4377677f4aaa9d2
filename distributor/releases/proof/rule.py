"""What a rule of the proof is: a stable code, a level, and what it says in the languages that the proof speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from distributor.releases.findings import Finding, Level, ProofSubject
from distributor.releases.readers.dates import write_date, write_weekday

LANGUAGES = ("en", "fr")
"""The languages in which the proof speaks."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence in English and in French; `{name}` stands for a value of the finding."""

    en: str
    fr: str

    def told(self, language: str, values: Mapping[str, Value]) -> str:
        """The sentence in a language, its values filled in."""
        sentence = self.fr if language == "fr" else self.en
        return sentence.format_map({name: _written(value, language) for name, value in values.items()})


Value: TypeAlias = str | int | date | Said
CORRECT_IT = Said("Correct it.", "Corrigez-le.")
FIELDS = {
    "headline": Said("headline", "titre"),
    "standfirst": Said("standfirst", "chapô"),
    "dateline_place": Said("dateline", "lieu de la date"),
    "sector": Said("sector", "secteur"),
    "signatory": Said("signatory", "signataire"),
    "contacts": Said("press contact", "contact presse"),
    "body": Said("text", "texte"),
    "boilerplate": Said("boilerplate", "«À propos»"),
}
"""Field of a draft → what it is called."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule speaks, before it is put into words."""

    rule: Rule
    level: Level
    line: int | None
    excerpt: str
    message: Said
    mend: Said
    values: Mapping[str, Value]

    def told(self, language: str) -> Finding:
        """The finding in a language."""
        return Finding(
            code=self.rule.code,
            level=self.level,
            message=self.message.told(language, self.values),
            line=self.line,
            excerpt=self.excerpt,
            mend=self.mend.told(language, self.values),
            why=self.rule.why.told(language, {}),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """What one code of the proof stands for. `message` and `mend` may hold the names of a finding's values."""

    code: str
    level: Level
    message: Said
    mend: Said
    why: Said
    also: tuple[Level, ...] = field(default=())
    """Other levels at which it may speak."""

    def at(
        self,
        line: int | None = None,
        excerpt: str = "",
        *,
        level: Level | None = None,
        message: Said | None = None,
        mend: Said | None = None,
        **values: Value,
    ) -> Hit:
        """This rule speaking of one place; what is not given is what the rule says by itself."""
        return Hit(self, level or self.level, line, excerpt, message or self.message, mend or self.mend, values)


Check = Callable[[ProofSubject], Iterable[Hit]]
"""Looks for one kind of mistake; takes values, gives hits, raises nothing."""


def weekday(day: date) -> Said:
    """The name of a day of the week."""
    return Said(write_weekday(day, "en"), write_weekday(day, "fr"))


def quoted(words: Iterable[str]) -> str:
    """«One», «two», … as a list that never grows long."""
    return listed(f"«{one}»" for one in words)


def listed(words: Iterable[str], most: int = 5) -> str:
    """One, two, … as a list that never grows long."""
    shown = list(words)
    return ", ".join(shown[:most]) + (", …" if len(shown) > most else "")


def _written(value: Value, language: str) -> str:
    if isinstance(value, Said):
        return value.fr if language == "fr" else value.en
    return write_date(value, language) if isinstance(value, date) else str(value)
