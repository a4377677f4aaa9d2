"""From a filter to SQL: one expression over `contact`, the same on every database.

Accents and case do not matter in a filter, and databases do not agree on what they are. So words are folded by the one
function that folds names everywhere: what is stored folded is compared by LIKE, and of any other column the distinct
spellings are read first, and the statement names those that are meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, false, literal, or_, select, true
from sqlmodel import Session, col

from distributor.contacts.cleaning.codes import read_channel, read_outlet_kind
from distributor.contacts.filters import facts
from distributor.contacts.filters.language import (
    And,
    Clause,
    Comparison,
    Filter,
    Meaning,
    Not,
    Or,
    Value,
    clauses_of,
    parse_filter,
)
from distributor.contacts.filters.naming import written_otherwise
from distributor.contacts.filters.words import BY_MAIL, Sort, days_of, find_field, like, near, says
from distributor.errors import BadInput, did_you_mean
from distributor.folding import fold, slugify
from distributor.models import Affiliation, Contact, ContactSector, MediaList, MediaListMember, Outlet, Sector
from distributor.tokens import Keyring

Condition: TypeAlias = ColumnElement[bool]
_Thing = TypeVar("_Thing")

_MAX_SPELLINGS = 5000  # far below what any database takes as parameters of one statement


@dataclass(slots=True)
class Filtering:
    """What turns filters into SQL in one session: the facts of the day, and the words of this base, read once.

    `keyring` is what objections are kept under.
    """

    session: Session
    today: date
    keyring: Keyring
    _spellings: dict[str, list[str]] = field(default_factory=dict)
    _within: list[str] = field(default_factory=list)

    def condition(self, tree: Filter) -> Condition:
        """The filter as one expression over `contact`: true or false of every contact, never null.

        Raises `BadInput` for a sector or list that is not there, and for a smart list that is defined by itself.
        """
        if isinstance(tree, Clause):
            return self._clause(tree)
        if isinstance(tree, Not):
            return ~self.condition(tree.part)
        parts = [self.condition(part) for part in tree.parts]
        return and_(*parts) if isinstance(tree, And) else or_(*parts)

    def on_list(self, media_list: MediaList) -> Condition:
        """That a contact stands on a list: as a member, or because the list's query holds."""
        if not media_list.query:
            members = select(col(MediaListMember.contact_id)).where(col(MediaListMember.media_list_id) == media_list.id)
            return col(Contact.id).in_(members)
        if media_list.slug in self._within:
            chain = " → ".join([*self._within, media_list.slug])
            raise BadInput(
                f"The smart list «{media_list.slug}» is defined by itself ({chain}).",
                mend=f"Change one of them: distributor lists edit {media_list.slug} --where FILTER",
            )
        self._within.append(media_list.slug)
        try:
            return self.condition(parse_filter(media_list.query))
        except BadInput as error:
            if len(self._within) == 1:
                error.field = f"list {media_list.slug}"
            raise
        finally:
            self._within.pop()

    def explain(self, tree: Filter, contact_id: int) -> list[tuple[Filter, bool]]:
        """The parts that a filter joins by its outermost «and» or «or», and whether each holds of one contact."""
        parts = tree.parts if isinstance(tree, And | Or) else (tree,)
        columns = [case((self.condition(part), 1), else_=0) for part in parts]
        row = self.session.execute(select(*columns).where(col(Contact.id) == contact_id)).one()
        return [(part, bool(holds)) for part, holds in zip(parts, row, strict=True)]

    def unknown_words(self, tree: Filter) -> list[str]:
        """What a filter asks for that nothing in the base has, each as a sentence: a hint at slips of the pen."""
        found = []
        for clause in clauses_of(tree):
            read = _COLUMNS.get(clause.name)
            for value in clause.values if read else ():
                if value.meaning is Meaning.TEXT and not self._meant(clause, value):
                    known = {fold(one): one for one in self._spelled(clause.name)}
                    meant = " or ".join(f"«{known[one]}»" for one in near(value.text, known))
                    found.append(f"No {clause.name} is «{value.text}»." + (f" Did you mean {meant}?" if meant else ""))
        return found

    # Clauses

    def _clause(self, clause: Clause) -> Condition:
        rule = find_field(clause.name)
        assert rule is not None  # it was parsed
        compile_value = self._by_sort(rule.sort, clause)
        return or_(*(compile_value(clause, value) for value in clause.values))

    def _by_sort(self, sort: Sort, clause: Clause) -> Callable[[Clause, Value], Condition]:
        if clause.name in ("name", "outlet"):
            return self._stored_folded
        return {
            Sort.WORDS: self._words,
            Sort.KIND: self._words,
            Sort.CHANNEL: self._words,
            Sort.NAMES: self._sector if clause.name == "sector" else self._list,
            Sort.ADDRESS: self._address,
            Sort.DOMAIN: self._address,
            Sort.LANGUAGE: self._language,
            Sort.CHOICE: self._choice,
            Sort.DATE: self._date,
            Sort.PRESENCE: self._presence,
        }[sort]

    def _stored_folded(self, clause: Clause, value: Value) -> Condition:
        column: Any = col(Contact.name_key) if clause.name == "name" else col(Outlet.key)
        if value.meaning is Meaning.TEXT:
            whole = clause.comparison is Comparison.IS
            holds: Condition = (literal(" ") + column + literal(" ")).like(like(value.text, whole=whole))
            if clause.name == "name" and not whole and "*" not in value.text:
                holds = or_(holds, written_otherwise(self.session, value.text))
        else:
            holds = column != ""
        found = holds if clause.name == "name" else self._posted(holds)
        return ~found if value.meaning is Meaning.NONE else found

    def _words(self, clause: Clause, value: Value) -> Condition:
        column = self._column(clause.name)
        if value.meaning is Meaning.TEXT:
            holds = self._one_of(column, clause, value)
        else:
            holds = and_(column.is_not(None), column != "")
        found = self._posted(holds) if clause.name in _OF_POSTS else holds
        return ~found if value.meaning is Meaning.NONE else found

    def _posted(self, holds: Condition) -> Condition:
        """That a contact works, today, at an outlet or in a post of which `holds` is true."""
        posts = (
            select(col(Affiliation.contact_id))
            .join(Outlet, col(Outlet.id) == col(Affiliation.outlet_id))
            .where(facts.is_current(Affiliation, self.today), holds)
        )
        return col(Contact.id).in_(posts)

    def _sector(self, clause: Clause, value: Value) -> Condition:
        covered = select(col(ContactSector.contact_id))
        if value.meaning is Meaning.TEXT:
            ids = self._sector_ids(value, exactly=clause.comparison is Comparison.IS)
            covered = covered.where(col(ContactSector.sector_id).in_(ids))
        found = col(Contact.id).in_(covered)
        return ~found if value.meaning is Meaning.NONE else found

    def _sector_ids(self, value: Value, *, exactly: bool) -> list[int]:
        every = list(self.session.scalars(select(Sector)))
        found = self._named("sector", value, [(one, one.slug, one.name) for one in every])
        ids = {one.id for one in found if one.id is not None}
        while not exactly:  # what a parent is asked for, its children are
            below = {one.id for one in every if one.parent_id in ids and one.id is not None} - ids
            if not below:
                break
            ids |= below
        return sorted(ids)

    def _list(self, clause: Clause, value: Value) -> Condition:  # noqa: ARG002 - one shape for all of these
        every = list(self.session.scalars(select(MediaList)))
        if value.meaning is Meaning.TEXT:
            chosen = self._named("list", value, [(one, one.slug, one.name) for one in every])
            return or_(false(), *(self.on_list(one) for one in chosen))
        # Whether somebody stands on a list is asked of lists with members: a query may well ask it itself.
        found = col(Contact.id).in_(select(col(MediaListMember.contact_id)))
        return ~found if value.meaning is Meaning.NONE else found

    @staticmethod
    def _named(what: str, value: Value, known: Sequence[tuple[_Thing, str, str]]) -> list[_Thing]:
        """Those of the `known` (thing, slug, name) that a value names; `BadInput` when it is none, and no pattern."""
        found = [
            thing
            for thing, slug, name in known
            if slugify(value.text) == slug or says(value.text, slug, whole=True) or says(value.text, name, whole=True)
        ]
        if not found and "*" not in value.text:
            meant = near(value.text, {fold(slug): slug for _, slug, _ in known})
            mend = did_you_mean(meant) or f"See them with: distributor {what}s list"
            where = f" (column {value.column} of the filter)" if value.column else ""
            raise BadInput(f"There is no {what} «{value.text}»{where}.", mend=mend)
        return found

    def _address(self, clause: Clause, value: Value) -> Condition:
        if value.meaning is not Meaning.TEXT:
            has = col(Contact.address).is_not(None)
            return has if value.meaning is Meaning.ANY else ~has
        whole = clause.comparison is Comparison.IS
        patterns = _domain_patterns(value.text, whole=whole) if clause.name == "domain" else [_escaped(value.text)]
        return facts.has_address(patterns, self.today)

    def _language(self, clause: Clause, value: Value) -> Condition:
        preferred, others = col(Contact.language), col(Contact.other_languages)
        if value.meaning is not Meaning.TEXT:
            has = or_(preferred != "", others != "")
            return has if value.meaning is Meaning.ANY else ~has
        if clause.comparison is Comparison.IS:
            return preferred == value.text
        spoken = (literal("; ") + others + literal(";")).like(f"%; {value.text};%")
        return or_(preferred == value.text, spoken)

    def _choice(self, clause: Clause, value: Value) -> Condition:
        if clause.name == "state":
            return facts.in_state(self.session, value.text, self.today, self.keyring)
        if clause.name == "trust":
            return col(Contact.embargo_trust).is_(value.text == "yes")
        refused = col(Contact.attachments) == "no"
        return refused if value.text == "no" else ~refused

    def _date(self, clause: Clause, value: Value) -> Condition:
        moment = facts.MOMENTS[clause.name]()
        if value.meaning is not Meaning.TEXT:
            return moment.is_not(None) if value.meaning is Meaning.ANY else moment.is_(None)
        first, after = (datetime.combine(day, time(), UTC) for day in days_of(value.text, self.today))
        holds = {
            Comparison.BEFORE: moment < first,
            Comparison.UNTIL: moment < after,
            Comparison.AFTER: moment >= after,
            Comparison.SINCE: moment >= first,
        }.get(clause.comparison, and_(moment >= first, moment < after))
        return and_(moment.is_not(None), holds)

    def _presence(self, clause: Clause, value: Value) -> Condition:
        column = col(Contact.phone) if clause.name == "phone" else col(Contact.notes)
        return column != "" if value.meaning is Meaning.ANY else column == ""

    # Words of this base

    def _column(self, name: str) -> SQLColumnExpression[Any]:
        if name.startswith("field."):
            return col(Contact.fields)[name.removeprefix("field.")].as_string()  # type: ignore[no-any-return]
        return _COLUMNS[name]()

    def _spelled(self, name: str) -> list[str]:
        """Every spelling that a column of the base holds."""
        if name not in self._spellings:
            column = self._column(name)
            rows = self.session.scalars(select(column).where(column.is_not(None)).distinct())
            self._spellings[name] = sorted(one for one in rows if one)
        return self._spellings[name]

    def _meant(self, clause: Clause, value: Value) -> list[str]:
        whole = clause.comparison is Comparison.IS
        return [one for one in self._spelled(clause.name) if _is_meant(clause.name, value.text, one, whole=whole)]

    def _one_of(self, column: SQLColumnExpression[Any], clause: Clause, value: Value) -> Condition:
        if clause.name == "channel" and value.text == BY_MAIL:
            return column == ""
        meant = self._meant(clause, value)
        if len(meant) <= _MAX_SPELLINGS:
            return and_(column.is_not(None), column.in_(meant)) if meant else false()
        others = sorted({*self._spelled(clause.name)} - {*meant})
        if len(others) <= _MAX_SPELLINGS:
            return and_(column.is_not(None), column != "", column.not_in(others)) if others else true()
        raise BadInput(
            f"{clause.name}:{value.text} stands for {len(meant)} different values.", mend="Ask for something narrower."
        )


_OF_POSTS = frozenset({"outlet", "outlet.region", "kind", "role", "desk"})
_COLUMNS: dict[str, Callable[[], SQLColumnExpression[Any]]] = {
    "outlet.region": lambda: col(Outlet.region),
    "kind": lambda: col(Outlet.kind),
    "role": lambda: col(Affiliation.role),
    "desk": lambda: col(Affiliation.desk),
    "region": lambda: col(Contact.region),
    "topic": lambda: col(Contact.topics),
    "source": lambda: col(Contact.source),
    "channel": lambda: col(Contact.channel),
}


def _is_meant(name: str, text: str, spelling: str, *, whole: bool) -> bool:
    if name == "topic":
        return any(says(text, topic, whole=whole) for topic in spelling.split(";"))
    if name == "kind":
        return says(text, spelling, whole=whole) or says(text, read_outlet_kind(spelling), whole=whole)
    if name == "channel":
        return says(text, read_channel(spelling), whole=True)
    return says(text, spelling, whole=whole)


def _escaped(text: str) -> str:
    """`text` as a LIKE pattern with `\\` as its escape, its stars for anything."""
    for char in "\\%_":
        text = text.replace(char, f"\\{char}")
    return text.replace("*", "%")


def _domain_patterns(text: str, *, whole: bool) -> list[str]:
    """What addresses of a domain look like; without `whole` those of the domains below it too."""
    pattern = _escaped(text)
    return [f"%@{pattern}"] if whole else [f"%@{pattern}", f"%@%.{pattern}"]
