"""Finding the row that names the columns, under titles and blank rows; and reading a list that has none."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from distributor.addresses import BadAddress
from distributor.contacts.cleaning.cells import normal_language, repair_mojibake
from distributor.contacts.cleaning.columns import find_header, names_a_post, unique_header
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.contacts.cleaning.names import normal_civility
from distributor.contacts.cleaning.particulars import field_of
from distributor.errors import BadInput
from distributor.folding import fold

HEADER_WITHIN = 30
"""How many rows of titles, dates and blanks may stand above the column names."""

MAX_COLUMNS = 200
"""The most columns a list may have."""

_PHONE = re.compile(r"\+?[\d .()/-]{8,24}")
_WORDS = re.compile(r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)*\.?")
_ASIDE = re.compile(r" *\([^()]*\)")
_MOSTLY = 0.6  # of the rows: many a journalist's address does not hold the whole name


@dataclass(frozen=True, slots=True)
class Header:
    """The column names, all different, and where the rows under them begin.

    `first` is the index of the first row that may hold a contact; `is_named` says whether a column for addresses (or
    one that the user spoke of) was recognised; `remark` is a sentence for the user where the names are inferred.
    """

    names: tuple[str, ...]
    first: int
    is_named: bool
    remark: str = ""


def locate_header(
    rows: Sequence[Sequence[str]], *, columns: Collection[str] = (), file: str = "", sheet: str = ""
) -> Header:
    """Find the column names in the first `rows` of a table; raise `BadInput` when there are too many columns.

    In order: the row that holds the most of `columns`, the row in which most names are recognised, an address among
    them. Where no row does, and there are but titles above the first that holds an address (and fewer of them than of
    such rows), the columns are named after what they hold: only when one of them holds an address in every row, else
    `BadInput` asks for names. At last, the first row that holds anything stands for the names, so that the user is
    shown what we saw.
    """
    # Names read in a wrong encoding are mended as cells are, but for those that the user spelled so.
    spoken = {fold(name) for name in columns}
    rows = [[cell if fold(cell) in spoken else repair_mojibake(cell) for cell in cells] for cells in rows]
    index = _row_with(rows, columns)
    if index is None:
        index = find_header(rows)
    is_named = index is not None
    if index is None:
        index = next((i for i, cells in enumerate(rows) if any(cell.strip() for cell in cells)), 0)
        if _is_headless(rows):
            return _infer(rows, index, file, sheet)
    cells = list(rows[index]) if rows else []
    if is_named and index:
        cells = _with_those_above(cells, rows[index - 1])
    while cells and not cells[-1].strip():
        cells.pop()
    check_width(len(cells), file, sheet)
    return Header(unique_header(cells), index + 1, is_named)


def _with_those_above(cells: Sequence[str], above: Sequence[str]) -> list[str]:
    """The column names, where one is blank that which stands over it: some headings take two rows."""
    names = [*cells, *[""] * (len(above) - len(cells))]
    return [
        upper if not name.strip() and field_of(upper) else name
        for name, upper in zip(names, [*above, *[""] * (len(names) - len(above))], strict=True)
    ]


def count_recognised(rows: Sequence[Sequence[str]], columns: Collection[str] = ()) -> int:
    """How many column names the best row holds: those of `columns`, or those known of themselves, an address among."""
    index = _row_with(rows, columns)
    if index is not None:
        wanted = {fold(name) for name in columns}
        return sum(fold(cell) in wanted or field_of(cell) is not None for cell in rows[index])
    index = find_header(rows)
    return 0 if index is None else sum(field_of(cell) is not None for cell in rows[index])


def _row_with(rows: Sequence[Sequence[str]], columns: Collection[str]) -> int | None:
    wanted = {fold(name) for name in columns} - {""}
    found = [len(wanted & {fold(cell) for cell in cells}) for cells in rows] if wanted else []
    most = max(found, default=0)
    return found.index(most) if most else None


def check_width(width: int, file: str, sheet: str = "") -> None:
    """Raise `BadInput` for more columns than we read."""
    if width > MAX_COLUMNS:
        of = f"The sheet «{sheet}»" if sheet else "It"
        raise BadInput(
            f"{of} has {width} columns; {MAX_COLUMNS} are the most we read.",
            file=file or None,
            mend="Delete the columns that are not about journalists.",
        )


def _infer(rows: Sequence[Sequence[str]], index: int, file: str, sheet: str) -> Header:
    """Name the columns of a list that begins with a contact, by what every one of its first rows holds."""
    body = [list(cells) for cells in rows[index:] if any(cell.strip() for cell in cells)]
    body = [cells for cells in body if any("@" in cell for cell in cells) or not _is_title(cells)]
    width = max(map(len, body))
    check_width(width, file, sheet)
    values = [[cells[column].strip() if column < len(cells) else "" for cells in body] for column in range(width)]
    # One column holds an address in every row; another one, whatever stands in it is one.
    addresses = [
        column for column, cells in enumerate(values) if any(cells) and all(map(_is_address, filter(None, cells)))
    ]
    always = next((column for column in addresses if all(values[column])), None)
    if always is None:
        where = f" of the sheet «{sheet}»" if sheet else ""
        raise BadInput(
            f"No row{where} names the columns.",
            file=file or None,
            mend="Put a row such as «Nom;Prénom;Média;E-mail» above the first contact.",
        )
    names = dict.fromkeys(addresses[:1], "E-mail") | {
        column: f"E-mail {number}" for number, column in enumerate(addresses[1:], start=2)
    }
    found = [read_address_cell(value).found[0][1] for value in values[always]]
    open_ = [None if column in names else values[column] for column in range(width)]
    names |= _name_people(open_, [address.local for address in found])
    open_ = [None if column in names else values[column] for column in range(width)]
    names |= _name_outlets(open_, [address.unicode_domain for address in found])
    for column in range(width):
        filled = [value for value in values[column] if value]
        if column not in names and filled:
            names[column] = _kind(filled)
    header = unique_header([names.get(column, "") for column in range(width)])
    told = ", ".join(f"column {column + 1} as «{name}»" for column, name in enumerate(header) if names.get(column))
    unknown = next((name for column, name in enumerate(header) if not names.get(column)), header[0])
    remark = (
        f"No row names the columns: {told}, by what they hold. Where that is wrong: --map '{unknown}=FIELD'; or, above"
        " a table, add a row of names."
    )
    return Header(header, index, is_named=True, remark=remark)


def _is_headless(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows begin with a contact, or with titles above one, and have more contacts than titles."""
    contacts = [i for i, cells in enumerate(rows) if any("@" in cell for cell in cells)]
    titles = [i for i, cells in enumerate(rows) if i not in contacts and any(map(str.strip, cells))]
    above = [i for i in titles if contacts and i < contacts[0]]
    return bool(contacts) and (not above or (len(titles) < len(contacts) and all(_is_title(rows[i]) for i in above)))


def _is_title(cells: Sequence[str]) -> bool:
    """Whether a row is what stands above others and is none of them: one cell, or blank."""
    return sum(bool(cell.strip()) for cell in cells) < 2


def _is_address(value: str) -> bool:
    try:
        return bool(read_address_cell(value))
    except BadAddress:
        return False


def _kind(values: Sequence[str]) -> str:
    """What a column is for, when all its values agree; "" when they do not."""
    if all(normal_civility(value) for value in values):
        return "Prefix"
    if all(_PHONE.fullmatch(value) for value in values):
        return "Phone"
    if all(normal_language(value) and len(value) < 12 for value in values):
        return "Language"
    if sum(map(names_a_post, values)) >= _MOSTLY * len(values):
        return "Job title"
    return ""


def _name_outlets(values: Sequence[Sequence[str] | None], domains: Sequence[str]) -> dict[int, str]:
    """Find the column of outlets by the addresses: «Le Phare» has `…@lephare.example`."""
    joined = [fold(domain).replace(" ", "") for domain in domains]
    held = [column for column, found in enumerate(values) if found and _share(found, joined, _is_of) >= _MOSTLY]
    return {held[0]: "Outlet"} if len(held) == 1 else {}


def _name_people(values: Sequence[Sequence[str] | None], locals_: Sequence[str]) -> dict[int, str]:
    """Find the columns of names by the addresses: `anne.martin@`, `amartin@` tell which column is whose."""
    joined = [fold(local).replace(" ", "") for local in locals_]
    held = [column for column, found in enumerate(values) if found and _share(found, joined, _is_held) >= _MOSTLY]
    if not held:  # «Anne Martin» beside `anne@`
        whole = {column: found for column, found in enumerate(values) if found and _are_whole(found)}
        held = [column for column, found in whole.items() if _share(found, joined, _is_named) >= _MOSTLY]
    if len(held) == 1:
        only = values[held[0]] or ()
        if _are_whole(only):
            return {held[0]: "Last name first name" if _are_last_first(only, joined) else "Full name"}
        initials = [
            column
            for column in (held[0] - 1, held[0] + 1)
            if len(joined) > 1 and 0 <= column < len(values) and _share(values[column] or (), joined, _begins) >= 0.8
        ]
        return {held[0]: "Last name", initials[0]: "First name"} if initials else {held[0]: "Full name"}
    if len(held) == 2:
        left, right = ([fold(value).replace(" ", "") for value in values[column] or ()] for column in held)
        before = sum(
            local.find(one) < local.find(other) for one, other, local in zip(left, right, joined, strict=True) if one
        )
        names = ("First name", "Last name") if before * 2 >= len(joined) else ("Last name", "First name")
        return dict(zip(held, names, strict=True))
    return {}


def _are_whole(values: Sequence[str]) -> bool:
    return sum(" " in value for value in values) * 2 > len(values)


def _are_last_first(values: Sequence[str], joined: Sequence[str]) -> bool:
    """Whether whole names begin with the family name: «Martin Anne» beside `amartin@` and `anne.martin@`."""
    balance = 0
    for value, local in zip(values, joined, strict=False):
        first, last = (words := fold(value).split() or [""])[0], words[-1]
        balance += _holds_in_order(local, last, first) - _holds_in_order(local, first, last)
    return balance > 0


def _holds_in_order(local: str, first: str, last: str) -> bool:
    """Whether what is before the @ is a first name, or its first letter, and then a last name."""
    return last in local[1:] and local[:1] == first[:1]


def _share(values: Sequence[str], joined: Sequence[str], fits: Callable[[str, str], bool]) -> float:
    return sum(
        bool(_WORDS.fullmatch(value)) and fits(fold(value), local)
        for value, local in zip((_ASIDE.sub("", value) for value in values), joined, strict=False)
    ) / len(joined)


def _is_held(folded: str, local: str) -> bool:
    return all(word in local for word in folded.split())


def _is_named(folded: str, local: str) -> bool:
    return any(len(word) > 2 and word in local for word in folded.split())


def _is_of(folded: str, domain: str) -> bool:
    return any(len(word) > 2 and word in domain for word in folded.split())


def _begins(folded: str, local: str) -> bool:
    return folded[:1] == local[:1]
