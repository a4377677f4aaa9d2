"""Making, changing and removing press lists, and putting people on them or off: each with its line in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from distributor import clock
from distributor.contacts.cleaning.typed import read_list_name
from distributor.contacts.filters.language import Clause, clauses_of, format_filter, parse_filter, rename_value
from distributor.contacts.lists import membership, press_lists
from distributor.contacts.people.members import Member, find_contact
from distributor.errors import BadInput
from distributor.folding import slugify
from distributor.models import Audit, MediaList, MediaListMember
from distributor.tokens import Keyring

BY_HAND = "command line"
"""The source of memberships and departures that somebody typed."""


def create_list(
    session: Session, name: str, *, sector: str = "", query: str = "", keyring: Keyring, actor: str
) -> tuple[MediaList, list[str]]:
    """Make a list, smart when it has a `query`; return it with remarks about words of the query that nobody has.

    Raises `BadInput` for a name without a letter or one that is taken, an unknown sector, a query that cannot be
    answered.
    """
    name = read_list_name(name)
    slug = _free_slug(session, name)
    remarks = _check_query(session, query, keyring) if query else []
    sector_id = press_lists.find_sector(session, sector).id if sector else None
    text = format_filter(parse_filter(query)) if query else ""
    media_list = MediaList(slug=slug, name=name, sector_id=sector_id, query=text)
    session.add(media_list)
    _note(session, actor, "lists.create", slug, query=text)
    session.flush()
    return media_list, remarks


def edit_list(
    session: Session,
    media_list: MediaList,
    *,
    sector: str | None = None,
    query: str | None = None,
    keyring: Keyring,
    actor: str,
) -> list[str]:
    """Change a list's sector ("": none) or a smart list's query; return remarks as `create_list` does.

    Raises `BadInput` for a query on a list with members, and for what `create_list` refuses.
    """
    remarks: list[str] = []
    if sector is not None:
        media_list.sector_id = press_lists.find_sector(session, sector).id if sector else None
    if query is not None:
        if not query.strip():
            raise BadInput(
                "A smart list without a query would be everybody.",
                mend=f"To make it a list with members: distributor lists edit {media_list.slug} --freeze",
            )
        if _count_members(session, media_list):
            raise BadInput(
                f"«{media_list.slug}» has members; a smart list has a query instead.",
                mend=f'Make another one: distributor lists create NAME --where "{query}"',
            )
        former = media_list.query
        remarks = _check_query(session, query, keyring)
        media_list.query = format_filter(parse_filter(query))
        session.flush()
        press_lists.filtering(session, keyring).on_list(media_list)  # that it is not defined by itself
        _note(session, actor, "lists.edit", media_list.slug, query=media_list.query, former=former)
    else:
        _note(session, actor, "lists.edit", media_list.slug, sector=sector)
    session.flush()
    return remarks


def freeze_list(session: Session, media_list: MediaList, *, keyring: Keyring, actor: str) -> int:
    """Make a smart list one with members, those of today; return how many. `BadInput` when it has members already."""
    if not media_list.query:
        raise BadInput(f"«{media_list.slug}» is no smart list: its members stay until somebody takes them off.")
    members = [one.contact_id for one in press_lists.list_members(session, media_list.slug, keyring)]
    query, media_list.query = media_list.query, ""
    session.flush()
    assert media_list.id is not None
    membership.join_list(session, media_list.id, members, source=f"query: {query}", moment=clock.now())
    _note(session, actor, "lists.freeze", media_list.slug, query=query, members=len(members))
    return len(members)


def rename_list(session: Session, media_list: MediaList, name: str, *, actor: str) -> str:
    """Give a list another name, and the slug made of it; smart lists that ask for it go on asking. Return the slug."""
    name = read_list_name(name)
    former, called = media_list.slug, {media_list.slug, slugify(media_list.name)}
    slug = former if slugify(name) == former else _free_slug(session, name)
    asking = _asking_for(session, called)
    media_list.name, media_list.slug = name, slug
    for other in asking:
        tree = parse_filter(other.query)
        for word in called:
            tree = rename_value(tree, "list", word, slug)
        other.query = format_filter(tree)
    _note(session, actor, "lists.rename", slug, former=former)
    session.flush()
    return slug


def delete_list(session: Session, media_list: MediaList, *, actor: str) -> None:
    """Delete a list, its history too; contacts stay. `BadInput` while a smart list asks for it."""
    for other in _asking_for(session, {media_list.slug, slugify(media_list.name)}):
        raise BadInput(
            f"The smart list {other.slug} asks for «{media_list.slug}».",
            mend=f"Change that one first: distributor lists edit {other.slug} --where FILTER",
        )
    _note(session, actor, "lists.delete", media_list.slug, members=_count_members(session, media_list))
    session.delete(media_list)
    session.flush()


def add_members(session: Session, media_list: MediaList, names: Sequence[str], *, actor: str) -> list[Member]:
    """Put the contacts that `names` name (addresses or names) on a list; return those who did not stand there yet."""
    contacts = _contacts(session, media_list, names)
    assert media_list.id is not None
    ids = [one.contact_id for one in contacts]
    new = set(membership.join_list(session, media_list.id, ids, source=BY_HAND, moment=clock.now()))
    if new:
        _note(session, actor, "lists.add", media_list.slug, contacts=sorted(new))
    return [one for one in contacts if one.contact_id in new]


def remove_members(
    session: Session, media_list: MediaList, names: Sequence[str], *, reason: str = "", actor: str
) -> list[Member]:
    """Take the contacts that `names` name off a list, which remembers them; return those who stood there."""
    contacts = _contacts(session, media_list, names)
    assert media_list.id is not None
    left = []
    for one in contacts:
        gone = membership.leave_list(
            session, media_list.id, [one.contact_id], source=BY_HAND, reason=reason, moment=clock.now()
        )
        left += [one] if gone else []
    if left:
        _note(session, actor, "lists.remove", media_list.slug, contacts=[one.contact_id for one in left])
    return left


def _contacts(session: Session, media_list: MediaList, names: Sequence[str]) -> list[Member]:
    if media_list.query:
        raise BadInput(
            f"«{media_list.slug}» is a smart list: whoever its query names stands on it.",
            mend=f"Change the query with lists edit, or look who it is: distributor lists show {media_list.slug}",
        )
    found = {one.contact_id: one for one in (find_contact(session, name) for name in names)}
    return list(found.values())


def _free_slug(session: Session, name: str) -> str:
    slug = slugify(name)
    if session.scalars(select(MediaList).where(col(MediaList.slug) == slug)).first() is not None:
        raise BadInput(f"There is a list «{slug}» already.", mend=f"See it with: distributor lists show {slug}")
    return slug


def _check_query(session: Session, query: str, keyring: Keyring) -> list[str]:
    tree, answers = parse_filter(query), press_lists.filtering(session, keyring)
    answers.condition(tree)
    return answers.unknown_words(tree)


def _count_members(session: Session, media_list: MediaList) -> int:
    on_list = col(MediaListMember.media_list_id) == media_list.id
    return len(session.scalars(select(col(MediaListMember.contact_id)).where(on_list)).all())


def _asking_for(session: Session, called: set[str]) -> list[MediaList]:
    """The smart lists whose query names the list that is `called` so (slugs of its name and its short name)."""
    smart = session.scalars(select(MediaList).where(col(MediaList.query) != "").order_by(col(MediaList.slug))).all()
    return [one for one in smart if any(_names(clause, called) for clause in clauses_of(parse_filter(one.query)))]


def _names(clause: Clause, called: set[str]) -> bool:
    return clause.name == "list" and any(slugify(value.text) in called for value in clause.values)


def _note(session: Session, actor: str, action: str, slug: str, **details: Any) -> None:
    session.add(Audit(actor=actor, action=action, subject=slug, details=details))
