"""The proof's rules, as they are printed, and the languages it speaks."""

from __future__ import annotations

from typing import Any

from distributor.cli.terminal.output import show_table
from distributor.errors import BadInput
from distributor.releases.proof import LANGUAGES, RULES, Rule


def proof_language(text: str) -> str:
    """The language named for the proof, or "" for that of the settings; `BadInput` for one that it does not speak."""
    if text and text not in LANGUAGES:
        raise BadInput(f"The proof does not speak «{text}».", field="--language", mend=f"Use {' or '.join(LANGUAGES)}.")
    return text


def rules_as_json(language: str) -> list[dict[str, Any]]:
    """Every rule: its code, its levels, and why it matters."""
    return [{"code": rule.code, "levels": _levels(rule), "why": rule.why.told(language, {})} for rule in RULES]


def show_rules(language: str) -> None:
    """The table of rules."""
    show_table(
        ["code", "level", "why it matters"],
        [(rule.code, ", ".join(_levels(rule)), rule.why.told(language, {})) for rule in RULES],
        whole=[0],
    )


def _levels(rule: Rule) -> list[str]:
    return [level.value for level in (rule.level, *rule.also)]
