"""Names that somebody writes together, apart or with other marks than the base: «lebris», «Le Bris», «Le-Bris»."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select
from sqlmodel import Session, col

from distributor.folding import fold, has_run
from distributor.models import Contact

_MOST = 5000  # far below what any database takes as parameters of one statement


def is_called(session: Session, text: str) -> ColumnElement[bool]:
    """The condition, over `contact`, that the name has each of these words, or all of them as one, accents ignored.

    Of nobody, when the text has no word.
    """
    words = fold(text).split()
    if not words:
        return false()
    each = and_(*(or_(_has_word(word), _written_otherwise(session, word)) for word in words))
    return or_(each, _written_otherwise(session, "".join(words)))


def written_otherwise(session: Session, text: str) -> ColumnElement[bool]:
    """The condition that words of the name which follow one another come to the letters of `text`."""
    return _written_otherwise(session, fold(text).replace(" ", ""))


def _has_word(word: str) -> ColumnElement[bool]:
    return (literal(" ") + col(Contact.name_key) + literal(" ")).like(f"% {word} %")


def _written_otherwise(session: Session, letters: str) -> ColumnElement[bool]:
    """The names are read first, where the database finds the letters, and looked at word by word."""
    held = func.replace(col(Contact.name_key), " ", "").like(f"%{letters}%")
    names = session.scalars(select(col(Contact.name_key)).where(held).distinct().limit(_MOST))
    return col(Contact.name_key).in_([name for name in names if has_run(letters, name)])
