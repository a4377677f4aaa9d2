"""Words that a PDF divided at the ends of its lines, put together again."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from distributor.folding import words

_DIVIDED = re.compile(r"(?P<head>[^\W\d_]+)-$")
_TAIL = re.compile(r"(?P<tail>[^\W\d_]+)(?=(?P<rest>[^\w].*|$))")
_WORD = re.compile(r"\w+")
_COMPOUND = re.compile(r"(?<!\w)(?=(\w++-\w++))")  # of «a-b-c» both
_DIVIDES, _ROWS_TO_ONE = 2, 30  # a text that is wrapped, and not divided, ends few of its lines at a compound's hyphen
# What keeps its hyphen: the first half of compounds, and what verbs and pronouns have behind theirs.
_HEADS = words(
    "vice porte demi semi mi non sous ex avant après arrière anti contre entre extra hors quasi sans grand grande haut"
    " haute bas basse celle celles celui ceux moi toi lui elle elles eux soi nous vous est peut dit rendez vis tout"
    " toute chef mot garde plus moins vingt trente quarante cinquante soixante quatre dix cent nord sud centre franco"
    " socio éco self well long short high low part full co re pre mid all cross open real year two three four five"
)
_TAILS = words(
    "là ci même mêmes il elle on je tu nous vous ils elles ce être moi toi lui leur les la le y en vis fils"
    " making based term care year years old time party wide driven led free friendly related known scale level class up"
)


def rejoin(rows: Sequence[str]) -> tuple[list[str], list[tuple[int, str]]]:
    """The rows with each divided word whole at the end of its first row, and the words that were made whole.

    Those are (index of the row, the halves). A compound keeps its hyphen; a text that ends fewer
    than two of its rows so, or very few, is left as it is.
    """
    text = "\n".join(rows).casefold()
    written = {*_WORD.findall(text), *_COMPOUND.findall(text)}
    held = list(rows)
    whole: list[tuple[int, str]] = []
    divided = [at for at in range(len(rows) - 1) if _parts(rows[at], rows[at + 1])]
    if len(divided) < max(_DIVIDES, sum(map(bool, rows)) / _ROWS_TO_ONE):
        return held, []
    for at in divided:
        parts = _parts(held[at], held[at + 1])
        if parts is None:
            continue
        head, tail, rest = parts
        signs = _signs(rest)
        below = rest[len(signs) :].lstrip()
        parts_paragraph = not below and bool("".join(rows[at + 2 : at + 3]).strip())
        if not parts_paragraph and not _is_compound(head, tail, written):
            held[at] = held[at].rstrip()[:-1] + tail + signs
            held[at + 1] = below
            whole.append((at, f"{head}- / {tail}"))
    return held, whole


def _parts(row: str, following: str) -> tuple[str, str, str] | None:
    """The two halves of a word that is divided between these rows, and what follows it on the second."""
    head, tail = _DIVIDED.search(row.rstrip()), _TAIL.match(following.strip())
    if head is None or tail is None or not tail["tail"].islower() or len(head["head"]) < 2:
        return None
    return head["head"], tail["tail"], tail["rest"]


def _signs(rest: str) -> str:
    """The signs that belong to the word before them: a comma, a full stop."""
    found = re.match(r"[^\w\s]+(?=\s|$)", rest)
    return found[0] if found else ""


def _is_compound(head: str, tail: str, written: Container[str]) -> bool:
    """Whether the halves keep their hyphen, as they do elsewhere among the words `written`, or as such halves do."""
    head, tail = head.casefold(), tail.casefold()
    if f"{head}{tail}" in written:
        return False
    return head in _HEADS or tail in _TAILS or f"{head}-{tail}" in written
