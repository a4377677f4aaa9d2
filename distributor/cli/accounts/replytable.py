"""The reply table as people read it and as JSON: what a mail server's reply is taken to mean, rule by rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from distributor.cli.terminal.output import console, show_under
from distributor.states import Phase
from distributor.transport.rules import RULES, TRANSACTION, Rule

_PIECE = re.compile(r"\\.|\[(?:\\.|[^\]])*\]|.", re.DOTALL)
"""What a regular expression is made of, as far as its brackets go: an escape, a class, or one character."""


def rules_as_json() -> list[dict[str, Any]]:
    """The reply table in its order."""
    return [
        {
            "name": rule.name,
            "verdict": rule.verdict.value,
            "state": rule.state.value if rule.state else None,
            "codes": list(rule.codes),
            "phases": [phase.value for phase in Phase if phase in rule.phases],
            "enhanced": rule.enhanced,
            "digit": rule.digit,
            "text": rule.text,
            "retry_after": rule.retry_after,
            "source": rule.source,
            "date": rule.date,
        }
        for rule in RULES
    ]


def show_reply_rules() -> None:
    """The reply table for people, a block for each rule: what it means, what it takes, where it comes from."""
    out = console()
    out.print("The first rule that fits decides. Words are regular expressions, found anywhere in a reply.")
    out.print("Where no step is named, it is one of a message: MAIL, RCPT, DATA, or the end of its body.")
    for number, rule in enumerate(RULES, start=1):
        out.print()
        out.print(f"{number}. {rule.name}: {_meaning(rule)}")
        for line in _conditions(rule):
            show_under(out, line)
        show_under(out, f"{rule.source}; checked {rule.date}", "dim")


def _meaning(rule: Rule) -> str:
    wait = "" if rule.retry_after is None else f"wait {rule.retry_after} s"
    state = rule.state.value if rule.state and rule.state.value != rule.verdict.value else ""
    return ", ".join(filter(None, (rule.verdict.value, state, wait)))


def _conditions(rule: Rule) -> Iterator[str]:
    steps = "" if rule.phases == TRANSACTION else ", ".join(one.value.upper() for one in Phase if one in rule.phases)
    yield " or ".join(f"{code:x<3}" for code in rule.codes) + (f" to {steps}" if steps else "")
    if rule.digit or rule.enhanced:
        details = [one.replace(r"\.", ".") for one in _alternatives(rule.enhanced or "x.x")]
        yield "enhanced code " + " or ".join(f"{rule.digit or 'x'}.{one}" for one in details)
    if rule.text:
        yield from (f"«{one}»" for one in _alternatives(rule.text))


def _alternatives(pattern: str) -> list[str]:
    """The alternatives that a regular expression consists of: what stands between its outermost bars."""
    found, depth = [""], 0
    for piece in _PIECE.findall(pattern):
        depth += (piece == "(") - (piece == ")")
        if piece == "|" and not depth:
            found.append("")
        else:
            found[-1] += piece
    return found
