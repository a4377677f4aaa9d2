"""Finding contacts: what a person asks for in single words, put together as one filter, and whom it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.contacts.filters.language import NONE, And, Clause, Comparison, Filter, Value, parse_filter
from distributor.contacts.filters.words import STATES, BadValue, find_field, read_value
from distributor.contacts.lists.press_lists import filtering
from distributor.errors import BadInput
from distributor.models import Contact
from distributor.tokens import Keyring

NEVER_MAILED, UNCONFIRMED = "never-mailed", "unconfirmed"
STATES_ASKED = (*STATES, NEVER_MAILED, UNCONFIRMED)
"""What can be asked with `--state`: what the filter language knows as a state, and two things it asks by a date."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of contacts; all of it must hold. "" asks nothing.

    `text` are words of the name in any order, or with an @ a part of an address; `where` is a filter of the user's.
    """

    text: str = ""
    outlet: str = ""
    sector: str = ""
    list_name: str = ""
    language: str = ""
    state: str = ""
    where: str = ""


def filter_of(wanted: Wanted) -> Filter | None:
    """The one filter that says all that is wanted; None for everybody. `BadInput` for a value that a field has not."""
    parts: list[Filter] = []
    if "@" in wanted.text:
        parts.append(_clause("address", f"*{wanted.text.strip()}*", "--search"))
    else:
        parts += [_clause("name", word, "--search") for word in wanted.text.split()]
    for name, text in (("outlet", wanted.outlet), ("sector", wanted.sector), ("list", wanted.list_name)):
        if text:
            parts.append(_clause(name, text, f"--{name}"))
    if wanted.language:
        parts.append(_clause("language", wanted.language, "--language"))
    if wanted.state in (NEVER_MAILED, UNCONFIRMED):
        parts.append(Clause("mailed" if wanted.state == NEVER_MAILED else "confirmed", (NONE,)))
    elif wanted.state:
        parts.append(_clause("state", wanted.state, "--state"))
    if wanted.where:
        parts.append(parse_filter(wanted.where))
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


def ids_of(session: Session, wanted: Filter | None, keyring: Keyring) -> Sequence[int]:
    """The numbers of all contacts with an address of whom a filter holds, in the order in which the base met them."""
    statement = (
        select(col(Contact.id))
        .where(col(Contact.address).is_not(None), col(Contact.same_as_id).is_(None))
        .order_by(col(Contact.id))
    )
    if wanted is not None:
        statement = statement.where(filtering(session, keyring).condition(wanted))
    return [one for one in session.scalars(statement) if one is not None]


def _clause(name: str, text: str, option: str) -> Clause:
    rule = find_field(name)
    assert rule is not None
    try:
        value = read_value(rule, text)
    except BadValue as error:
        mend = f"It takes {', '.join(STATES_ASKED)}." if name == "state" else error.mend
        raise BadInput(f"{error.why}.", mend=mend, field=option) from None
    return Clause(name, (Value(value),), Comparison.HAS)
