"""How a journalist is greeted, by language, civility and name.

French press officers write «Bonjour Madame Alexandre,» — courteous, and by name; the letter-writer's «Madame,» names
nobody, and «Madame Alexandre,» alone is held to be a fault. Where the civility is not known nothing is guessed from a
first name: «Madame, Monsieur,» in French, the whole name («Dear Jane Smith,») in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.rendering.typography import base_language
from distributor.rendering.values import Recipient

_MARKS = re.compile(r"\{(?:last_name|first_name|name)\}")

_CIVILITIES = {
    **dict.fromkeys(("m", "mr", "monsieur", "mister", "herr", "sr", "señor", "sig"), "mr"),
    **dict.fromkeys(("mme", "mlle", "ms", "mrs", "miss", "madame", "mademoiselle", "frau", "sra", "señora"), "ms"),
    **dict.fromkeys(("dr", "docteur", "doctor"), "dr"),
    **dict.fromkeys(("pr", "prof", "professeur", "professor"), "pr"),
}


@dataclass(frozen=True, slots=True)
class Forms:
    """One language's greetings; `{name}` and `{last_name}` stand for the journalist's.

    `by_name` and `by_civility` are keyed by "mr", "ms", "dr", "pr": with a last name, and without one. `full_name`
    greets somebody whose civility is unknown by the whole name ("" where the language has no such form); `unknown`
    greets anybody. `familiar` greets by `{first_name}` whom the office says «tu» to.
    """

    unknown: str
    full_name: str = ""
    by_name: Mapping[str, str] = field(default_factory=dict)
    by_civility: Mapping[str, str] = field(default_factory=dict)
    familiar: str = ""


FORMS: dict[str, Forms] = {
    "fr": Forms(
        unknown="Madame, Monsieur,",
        by_name={
            "mr": "Bonjour Monsieur {last_name},",
            "ms": "Bonjour Madame {last_name},",
            "dr": "Bonjour Docteur {last_name},",
            "pr": "Bonjour Professeur {last_name},",
        },
        by_civility={"mr": "Monsieur,", "ms": "Madame,", "dr": "Docteur,", "pr": "Professeur,"},
        familiar="Bonjour {first_name},",
    ),
    "en": Forms(
        unknown="Dear Sir or Madam,",
        full_name="Dear {name},",
        by_name={
            "mr": "Dear Mr {last_name},",
            "ms": "Dear Ms {last_name},",
            "dr": "Dear Dr {last_name},",
            "pr": "Dear Professor {last_name},",
        },
        by_civility={"mr": "Dear Sir,", "ms": "Dear Madam,"},
        familiar="Dear {first_name},",
    ),
}
"""Language → its greetings. A template folder's `texts.<language>.yaml` adds to them or replaces them."""


def salute(recipient: Recipient, forms: Forms) -> str:
    """The greeting of `recipient` in the language of `forms`; "" only if the forms themselves are empty."""
    civility = _CIVILITIES.get(recipient.civility.strip().rstrip(".").casefold(), "")
    last_name = recipient.last_name.strip()
    if recipient.familiarity == "tu" and forms.familiar and recipient.first_name.strip():
        return _filled(forms.familiar, recipient)
    if civility in forms.by_name and last_name:
        return _filled(forms.by_name[civility], recipient)
    if civility in forms.by_civility and not last_name:
        return forms.by_civility[civility]
    # A single word is a first name or a newsroom's: «Dear Redaction,» greets nobody.
    if not civility and forms.full_name and recipient.first_name.strip() and last_name:
        return _filled(forms.full_name, recipient)
    return forms.unknown


def language_of(recipient: Recipient, release_language: str, known: Mapping[str, object]) -> str:
    """The language to greet in: the journalist's where `known` has it, the release's otherwise."""
    own = base_language(recipient.language)
    return own if own in known else base_language(release_language)


def _filled(form: str, recipient: Recipient) -> str:
    # First and last name rather than the envelope's, which may carry a nickname or a newsroom.
    name = f"{recipient.first_name.strip()} {recipient.last_name.strip()}".strip() or recipient.name.strip()
    # Not str.format: a name is data, and `{last_name.__class__}` in a user's table must mean nothing.
    values = {
        "{last_name}": recipient.last_name.strip(),
        "{first_name}": recipient.first_name.strip(),
        "{name}": name,
    }
    return _MARKS.sub(lambda mark: values[mark[0]], form)
