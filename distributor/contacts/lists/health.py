"""The health of a press list: who on it is not, or not well, reached, and the command that mends each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.cleaning.cells import looks_damaged
from distributor.contacts.filters.language import parse_filter
from distributor.contacts.lists import press_lists
from distributor.contacts.lists.domains import DomainAnswer, TakesMail
from distributor.contacts.people.duplicates import find_duplicates
from distributor.contacts.people.members import Member
from distributor.errors import BadInput
from distributor.models import Contact, MediaList
from distributor.tokens import Keyring


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not well on a list, and the command that mends it. `contact_id` is None for the whole list."""

    list_slug: str
    code: str
    message: str
    mend: str = ""
    contact_id: int | None = None
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Of whom a filter holds, something is to be said; `{months}` in it is the user's, `{list}`, `{who}` the mend's."""

    code: str
    query: str
    message: str
    mend: str


_REMOVE = "distributor lists remove {list} {who}"
_FILTER = "distributor lists edit {list} --where FILTER"
_EDIT = "distributor contacts edit {who}"
_RULES = (
    _Rule(
        "bounced",
        "state:bounced",
        "the last message came back, or found no mailbox",
        f"{_EDIT} --address NEW, or {_REMOVE}",
    ),
    _Rule("complained", "state:complained", "marked a message of ours as junk", _REMOVE),
    _Rule("objected", "state:objected", "has objected: never mailed", _REMOVE),
    _Rule("other-channel", "not channel:mail", "wants our news in another way: never mailed", _REMOVE),
    _Rule("desk", "state:desk", "the address is a desk's, not a person's", f"{_EDIT} --address NEW"),
    _Rule("no-sector", "sector:none", "covers no sector", f"{_EDIT} --sector NAME"),
    _Rule("no-language", "language:none", "no language is known", f"{_EDIT} --language CODE"),
    _Rule("never-mailed", "mailed:none", "no message was ever accepted for this contact", ""),
    _Rule(
        "unconfirmed",
        "(confirmed:none or confirmed<{months}m) and (collected:none or collected<{months}m)",
        "nobody has confirmed these particulars for {months} months",
        f"{_EDIT} --confirmed",
    ),
)


def check_list(
    session: Session,
    media_list: MediaList,
    *,
    months: int,
    keyring: Keyring,
    answers: Mapping[str, DomainAnswer],
) -> list[Finding]:
    """What is not well on one list. `answers` is what the DNS said of its members' domains, as far as it is known."""
    slug = media_list.slug
    try:
        members = {one.contact_id: one for one in press_lists.list_members(session, slug, keyring)}
    except BadInput as error:
        mend = _FILTER.format(list=slug)
        return [Finding(slug, "query", f"the query cannot be answered: {error.message}", mend)]
    found = [
        *_by_rules(session, media_list, members, months=months, keyring=keyring),
        *_without_address(session, media_list, keyring),
        *_doubled(session, slug, members),
        *_damaged(slug, members),
        *_not_taking_mail(media_list, members, answers),
    ]
    if not members:
        mend = _FILTER.format(list=slug) if media_list.query else f"distributor lists add {slug} CONTACT"
        found.append(Finding(slug, "empty", "nobody to mail stands on it", mend))
    return found


def domains_of(members: Sequence[Member]) -> list[str]:
    """The mail domains of these contacts, each once."""
    return sorted({kept_address(one.address).domain for one in members})


def _by_rules(
    session: Session, media_list: MediaList, members: Mapping[int, Member], *, months: int, keyring: Keyring
) -> Iterator[Finding]:
    answers = press_lists.filtering(session, keyring)
    on_list = answers.on_list(media_list)
    for rule in _RULES:
        condition = answers.condition(parse_filter(rule.query.format(months=months)))
        ids = session.scalars(select(col(Contact.id)).where(on_list, condition).order_by(col(Contact.id)))
        for member in (members[one] for one in ids if one is not None and one in members):
            mend = _for_smart(rule.mend) if media_list.query else rule.mend
            yield _about(member, media_list.slug, rule.code, rule.message.format(months=months), mend)


def _for_smart(mend: str) -> str:
    """The mend of a smart list, from which nobody can be taken: its filter says who stands on it."""
    return mend.replace(_REMOVE, _FILTER)


def _about(member: Member, slug: str, code: str, message: str, mend: str) -> Finding:
    command = mend.format(list=slug, who=member.address)
    return Finding(slug, code, message, command, member.contact_id, member.name, member.address)


def _without_address(session: Session, media_list: MediaList, keyring: Keyring) -> Iterator[Finding]:
    on_list = press_lists.filtering(session, keyring).on_list(media_list)
    rows = session.scalars(
        select(Contact).where(on_list, col(Contact.same_as_id).is_(None), col(Contact.address).is_(None))
    )
    for row in rows:
        name = f"{row.first_name} {row.last_name}".strip()
        yield Finding(media_list.slug, "no-address", "has no address: never mailed", "", row.id, name)


def _doubled(session: Session, slug: str, members: Mapping[int, Member]) -> Iterator[Finding]:
    for pair in find_duplicates(session, members):
        member = members.get(pair.first.contact_id) or members[pair.second.contact_id]
        other = pair.second if member.contact_id == pair.first.contact_id else pair.first
        message = f"may be the same as {other.name} <{other.address}> ({', '.join(pair.reasons)})"
        yield _about(member, slug, "duplicate", message, pair.command)


def _damaged(slug: str, members: Mapping[int, Member]) -> Iterator[Finding]:
    for member in members.values():
        hurt = [text for text in (member.name, member.outlet, member.role) if looks_damaged(text)]
        if hurt:
            message = f"«{hurt[0]}» has lost letters to a wrong encoding"
            yield _about(member, slug, "damaged", message, f"{_EDIT} --first-name … --last-name …")


def _not_taking_mail(
    media_list: MediaList, members: Mapping[int, Member], answers: Mapping[str, DomainAnswer]
) -> Iterator[Finding]:
    slug, mend = media_list.slug, f"{_EDIT} --address NEW, or {_REMOVE}"
    for member in members.values():
        said = answers.get(kept_address(member.address).domain)
        if said is not None and said.takes_mail is TakesMail.NO:
            message = f"the domain {said.domain} {said.answer} (asked {said.checked_at:%Y-%m-%d})"
            yield _about(member, slug, "no-mail", message, _for_smart(mend) if media_list.query else mend)
    unknown = [one for one in domains_of(list(members.values())) if one not in answers]
    if unknown:
        shown = ", ".join(unknown[:3]) + (" …" if len(unknown) > 3 else "")
        message = f"of {len(unknown)} mail domains it is not known whether they take mail ({shown})"
        yield Finding(slug, "domain-unknown", message, f"distributor lists check {slug}, when the DNS can be reached")
