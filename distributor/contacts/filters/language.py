"""The filter language: from what a person types to a tree of clauses, from the tree back to text, errors by column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NoReturn, TypeAlias

from distributor.contacts.filters.tokens import FilterError, Kind, Token, quote, tokens_of
from distributor.contacts.filters.words import FIELDS, BadValue, FieldRule, Sort, find_field, near_fields, read_value
from distributor.errors import BadInput
from distributor.folding import fold, slugify, words

MAX_LENGTH = 4000
MAX_DEPTH = 30
MAX_CLAUSES = 200


class Comparison(StrEnum):
    """How a clause compares: `:` holds the words (or, for a date, lies within), `=` is exactly that."""

    HAS = ":"
    IS = "="
    BEFORE = "<"
    UNTIL = "<="
    AFTER = ">"
    SINCE = ">="


class Meaning(StrEnum):
    """What a value stands for: its text, anything at all, or that there is nothing."""

    TEXT = "text"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a clause; `column` is where it was written, counted from 1."""

    text: str
    meaning: Meaning = Meaning.TEXT
    column: int = field(default=0, compare=False)


ANY = Value("", Meaning.ANY)
NONE = Value("", Meaning.NONE)


@dataclass(frozen=True, slots=True)
class Clause:
    """`name:value`, or with several values, of which one must hold."""

    name: str
    values: tuple[Value, ...]
    comparison: Comparison = Comparison.HAS


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of `part`."""

    part: Filter


@dataclass(frozen=True, slots=True)
class And:
    """All of `parts`: two or more."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of `parts` at least: two or more."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = "Clause | Not | And | Or"


def parse_filter(text: str) -> Filter:
    """Read a filter; raise `FilterError` that points at the first thing that is wrong.

    The grammar is in docs/filters.md. What is read is canonical: field names are ours, languages are codes.
    """
    if len(text) > MAX_LENGTH:
        raise BadInput(
            f"The filter is {len(text)} characters long; {MAX_LENGTH} are allowed.",
            mend="Make lists of its parts and name them with list:…",
        )
    return _Parser(text).whole()


def clauses_of(tree: Filter) -> list[Clause]:
    """Every clause of a filter, from left to right."""
    if isinstance(tree, Clause):
        return [tree]
    parts = (tree.part,) if isinstance(tree, Not) else tree.parts
    return [clause for part in parts for clause in clauses_of(part)]


def rename_value(tree: Filter, name: str, former: str, slug: str) -> Filter:
    """The filter with every `name:former` (a list or a sector, however its name is written) made `name:slug`."""
    if isinstance(tree, Not):
        return Not(rename_value(tree.part, name, former, slug))
    if isinstance(tree, And | Or):
        return type(tree)(tuple(rename_value(part, name, former, slug) for part in tree.parts))
    if tree.name != name:
        return tree
    values = (replace(one, text=slug) if slugify(one.text) == former else one for one in tree.values)
    return replace(tree, values=tuple(values))


# Back to text


def format_filter(tree: Filter) -> str:
    """The filter as text that `parse_filter` reads into the same tree."""
    if isinstance(tree, Clause):
        values = [_format_value(value) for value in tree.values]
        return f"{tree.name}{tree.comparison}" + (values[0] if len(values) == 1 else f"({' or '.join(values)})")
    if isinstance(tree, Not):
        return f"not {_grouped(tree.part)}"
    return (" and " if isinstance(tree, And) else " or ").join(_grouped(part) for part in tree.parts)


def _grouped(part: Filter) -> str:
    return f"({format_filter(part)})" if isinstance(part, And | Or) else format_filter(part)


def _format_value(value: Value) -> str:
    if value.meaning is not Meaning.TEXT:
        return value.meaning.value
    if _BARE.fullmatch(value.text) and fold(value.text) not in _RESERVED:
        return value.text
    return quote(value.text)


# Reading

_AND, _OR, _NOT = words("and et"), words("or ou"), words("not non sauf except")
_MEANINGS = {
    word: meaning
    for meaning, said in {
        Meaning.ANY: "any tout toute quelconque",
        Meaning.NONE: "none aucun aucune rien vide empty",
    }.items()
    for word in said.split()
}
_RESERVED = _AND | _OR | _NOT | frozenset(_MEANINGS)
_BARE = re.compile(r"[^\s()\"«»“”:=<>,\\]*[\w][^\s()\"«»“”:=<>,\\]*")


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens_of(text)
        self._at = 0
        self._depth = 0
        self._clauses = 0

    def whole(self) -> Filter:
        if len(self._tokens) == 1:
            self._fail(self._next, "it is empty", "Write for example: sector:social and language:fr")
        tree = self._either()
        if self._next.kind is not Kind.END:
            self._fail_after(self._next)
        return tree

    def _either(self) -> Filter:
        parts = [self._all()]
        while self._take_word(_OR):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Filter:
        parts = [self._one()]
        while True:
            # «A sauf B» is A and not B.
            if not self._take_word(_AND) and not self._is_word(self._next, _NOT):
                return parts[0] if len(parts) == 1 else And(tuple(parts))
            parts.append(self._one())

    def _one(self) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._fail(self._next, f"more than {MAX_DEPTH} levels deep", "Make a list of a part, and use list:NAME.")
        try:
            if self._take_word(_NOT):
                return Not(self._one())
            opening = self._next
            if self._take_mark("("):
                inside = self._either()
                self._close(opening)
                return inside
            return self._clause()
        finally:
            self._depth -= 1

    def _clause(self) -> Clause:
        name = self._next
        if name.kind is not Kind.WORD or self._is_word(name, _AND | _OR):
            self._fail(name, f"«field:value» or «(» is expected here, not {name.shown}", "")
        self._at += 1
        mark = self._next
        if not mark.is_comparison:
            self._fail(
                name, f"«{name.text}» is no clause; a clause is «field:value»", self._mend_clause(name.text, mark)
            )
        rule = self._field(name)
        self._at += 1
        comparison = Comparison(mark.text)
        if rule.sort is not Sort.DATE and comparison not in (Comparison.HAS, Comparison.IS):
            self._fail(mark, f"«{mark.text}» compares dates, and «{rule.name}» is none", f"Write {rule.name}:…")
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            self._fail(name, f"there are more than {MAX_CLAUSES} clauses", "Make a list of a part, and use list:NAME.")
        return Clause(rule.name, self._values(rule, comparison), comparison)

    def _field(self, name: Token) -> FieldRule:
        rule = find_field(name.text)
        if rule is None:
            if name.text.endswith("!") and find_field(name.text[:-1]):
                self._fail(name, "there is no «!=»", f"Write: not {name.text.rstrip('!')}:…")
            near = near_fields(name.text)
            mend = f"Did you mean {' or '.join(near)}?" if near else f"The fields are {', '.join(FIELDS)}, field.KEY."
            self._fail(name, f"there is no field «{name.text}»", mend)
        return rule

    def _values(self, rule: FieldRule, comparison: Comparison) -> tuple[Value, ...]:
        opening = self._next
        if not self._take_mark("("):
            return (self._value(rule, comparison),)
        found = [self._value(rule, comparison)]
        while self._take_mark(",") or self._take_word(_OR):
            found.append(self._value(rule, comparison))
        if self._is_word(self._next, _AND):
            self._fail(
                self._next, "one of several values holds: «or» stands between them", f"Write {rule.name} once more."
            )
        self._close(opening)
        return tuple(found)

    def _value(self, rule: FieldRule, comparison: Comparison) -> Value:
        token = self._next
        joins = token.kind is Kind.WORD and fold(token.text) in _AND | _OR
        if token.kind not in (Kind.WORD, Kind.QUOTED) or joins:
            self._fail(token, f"a value is expected after «{rule.name}{comparison}»", self._example(rule))
        self._at += 1
        meaning = _MEANINGS.get(fold(token.text), Meaning.TEXT) if token.kind is Kind.WORD else Meaning.TEXT
        if token.text == "*":
            meaning = Meaning.ANY
        if meaning is not Meaning.TEXT:
            if not rule.can_lack:
                self._fail(token, f"every contact has «{rule.name}»", self._example(rule))
            if comparison not in (Comparison.HAS, Comparison.IS):
                self._fail(token, f"«{token.text}» is neither early nor late", f"Write {rule.name}:{meaning}.")
            return Value("", meaning, token.column)
        try:
            return Value(read_value(rule, token.text), column=token.column)
        except BadValue as error:
            self._fail(token, error.why, error.mend)

    @staticmethod
    def _example(rule: FieldRule) -> str:
        if rule.choices:
            return f"It takes {', '.join(rule.choices)}."
        examples = {
            Sort.DATE: f"As in {rule.name}>=2026-01-01, or {rule.name}<12m.",
            Sort.PRESENCE: f"As in {rule.name}:any.",
            Sort.LANGUAGE: f"As in {rule.name}:fr.",
            Sort.KIND: f"As in {rule.name}:agency.",
        }
        return examples.get(rule.sort, f'As in {rule.name}:word or {rule.name}:"several words".')

    @staticmethod
    def _mend_clause(word: str, following: Token) -> str:
        if following.kind is Kind.WORD and fold(following.text) not in _RESERVED:
            return "If these words belong together, put them in quotes."
        return f"Write for example name:{word}." if fold(word) not in _RESERVED else ""

    # Tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    @staticmethod
    def _is_word(token: Token, known: frozenset[str]) -> bool:
        return token.kind is Kind.WORD and fold(token.text) in known

    def _take_word(self, known: frozenset[str]) -> bool:
        # «non:x» would be a field; that there is none is said where the field is read.
        if not self._is_word(self._next, known) or self._tokens[self._at + 1].is_comparison:
            return False
        self._at += 1
        return True

    def _take_mark(self, mark: str) -> bool:
        if self._next.kind is not Kind.MARK or self._next.text != mark:
            return False
        self._at += 1
        return True

    def _close(self, opening: Token) -> None:
        if self._take_mark(")"):
            return
        if self._next.kind is Kind.END:
            self._fail(opening, "this parenthesis is never closed", "Add a «)».")
        self._fail_after(self._next)

    def _fail_after(self, token: Token) -> NoReturn:
        if token.kind is Kind.MARK and token.text == ")":
            self._fail(token, "this parenthesis was never opened", "")
        quote = "If these words belong together, put them in quotes." if token.kind in (Kind.WORD, Kind.QUOTED) else ""
        self._fail(token, f"«and», «or», «not» or the end is expected here, not {token.shown}", quote)

    def _fail(self, token: Token, why: str, mend: str) -> NoReturn:
        raise FilterError(self._text, token.column, why, mend=mend)
