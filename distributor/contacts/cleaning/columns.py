"""The columns of a list: which of them fills which field of a contact, and which are kept as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from distributor.contacts.cleaning.names import CIVILITIES
from distributor.contacts.cleaning.particulars import EXTRA_PREFIX, Field, field_of, is_empty_talk, speaks_of_mail
from distributor.errors import BadInput
from distributor.folding import fold, slugify, words

_FIELD_BY_VALUE: Mapping[str, Field] = {field.value: field for field in Field}
IGNORE = ""
"""What a user maps a column to that says nothing to us."""

_COPY = re.compile(r" \(\d+\)$")  # as `unique_header` writes it
_NUMBER = re.compile(r"(?<!\s)\s*+(?:\(\d++\)|(?:n[°o]\s*+)?(?<!\d)\d++)$")  # «Journaliste n° 2», «Mail2», «Nom (2)»
_WHOLE_OR_LAST = frozenset({Field.LAST_NAME, Field.FULL_NAME, Field.FULL_NAME_LAST_FIRST})
_ADDRESSES = frozenset({Field.ADDRESS, Field.OTHER_ADDRESS})
_ONES_NAME = _WHOLE_OR_LAST | {Field.CIVILITY, Field.FIRST_NAME}
_OF_ONE_PERSON = _ONES_NAME | {Field.ROLE, Field.DESK, Field.PHONE}
_TITLES = frozenset({"titre", "title", "titre1", "titre 1", "titel"})
_JOBS = re.compile(
    r"\b(?:redac|journalis|chef|direct|report|pigis|corresp|present|produc|program|respons|charge|edit|chroni|photo|assist"
    r"|secret|anim|free|indep|adjoint|critique|envoye|stagi|consult|camera|head|manager|host|writer|column|staff|senior)"
)
_NEWSROOMS = frozenset({"redaction", "redaktion"})
_COMPANIES = _NEWSROOMS | words(
    "societe company organisation organization entreprise employeur firma unternehmen verlag empresa organisme"
    " structure"
)
_FORMER = re.compile(r"\b(?:ancien|anciens|ancienne|anciennes|old|former|previous|alte|alter|fruhere)\b")
_POSTAL_OR_ELECTRONIC = frozenset({"adresse", "address"})
REJECTION_COLUMN = "Motif du rejet"
"""The column a rejects file adds; passed over when the mended file comes back."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column of a file is for.

    `recognised` gives, for a field, the columns that fill it, best first; `kept` maps other columns to the key under
    which templates find them in the contact's `fields`; `ignored` are columns that say nothing about a person.
    """

    recognised: Mapping[Field, tuple[str, ...]]
    kept: Mapping[str, str]
    ignored: tuple[str, ...]


def unique_header(cells: Iterable[str]) -> tuple[str, ...]:
    """Column names made all different: a second `Notes` becomes `Notes (2)`, a nameless fourth column `Column 4`."""
    header: list[str] = []
    taken: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        base = " ".join(cell.split()) or f"Column {number}"
        name, copy = base, 1
        while name in taken:
            copy += 1
            name = f"{base} ({copy})"
        taken.add(name)
        header.append(name)
    return tuple(header)


def find_header(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the row that names the columns: most names recognised, an address among them; None if none does.

    A name that only speaks of mail («Mail direct») will do where no row holds a better one.
    """
    best, best_score = None, (False, 0)
    for index, cells in enumerate(rows):
        fields = [field for field in (field_of(cell) for cell in cells) if field]
        is_plain = not {Field.ADDRESS, Field.OTHER_ADDRESS}.isdisjoint(fields)
        if any("@" in cell for cell in cells) or not (is_plain or _may_name(cells, fields)):
            continue
        score = is_plain, len(fields)
        if score > best_score:
            best, best_score = index, score
    return best


def _may_name(cells: Sequence[str], fields: Sequence[Field]) -> bool:
    return bool(fields) and any(len(cell) < 40 and speaks_of_mail(cell) for cell in cells)


def map_columns(
    header: Sequence[str],
    samples: Sequence[Mapping[str, str]],
    *,
    file: str = "",
    chosen: Mapping[str, str] | None = None,
) -> ColumnMap:
    """Say what each column of `header` is for; `samples` are a few rows, for names that mean two things («Titre»).

    `chosen` is the user's own word for some columns, folded column name → target as `read_target` gives it. Raises
    `BadInput` when no column holds addresses, naming those that were seen.
    """
    recognised: dict[Field, list[str]] = {}
    kept: dict[str, str] = {}
    ignored: list[str] = []
    chosen = chosen or {}
    for name in header:
        base = _COPY.sub("", name)
        target = chosen.get(fold(name))
        field = _field_in(name, base, samples) if target is None else _FIELD_BY_VALUE.get(target)
        extra = name if target is None else target
        if field:
            recognised.setdefault(field, []).append(name)
        elif target == IGNORE or (target is None and is_empty_talk(base)):
            ignored.append(name)
        elif extra.startswith(EXTRA_PREFIX) and extra[len(EXTRA_PREFIX) :] not in kept.values():
            kept[name] = extra[len(EXTRA_PREFIX) :]
        else:
            kept[name] = _key(name, kept.values())
    if Field.OUTLET not in recognised and not any(fold(name) in chosen for name in recognised.get(Field.ROLE, ())):
        _move_titles(recognised, samples)
    _number_people(header, recognised, kept, chosen)
    _set_companies_apart(recognised, kept, chosen)
    _settle(recognised, {field for name in header if (field := _FIELD_BY_VALUE.get(chosen.get(fold(name), "")))})
    if Field.ADDRESS not in recognised:
        seen = ", ".join(f"«{name}»" for name in header[:12]) + ("…" if len(header) > 12 else "")
        held = next((name for name in header if any("@" in row.get(name, "") for row in samples)), "")
        if held and len(header) == 1:
            raise BadInput(
                "Neither columns nor single recipients can be told apart in it.",
                mend="Write one recipient a line, as: Anne Martin <anne@journal.example>; or name the columns in the "
                "first row, that of the addresses «E-mail».",
                file=file or None,
            )
        raise BadInput(
            f"No column holds e-mail addresses; the columns are {seen}.",
            mend=f"Say which one it is, as in: --map '{held or 'Courrier'}=address'; or name it «E-mail» in the file.",
            file=file or None,
        )
    return ColumnMap({field: tuple(names) for field, names in recognised.items()}, kept, tuple(ignored))


def each_person(columns: ColumnMap) -> tuple[ColumnMap, ...]:
    """The columns of each person, of a table that has several in every row («Nom; Mail; Nom; Mail»); else nothing.

    An address column of another name («Mail rédaction») is somebody's of its own, without a name. A first name or a
    civility that does not come again is the first person's alone.
    """
    recognised = columns.recognised
    addresses = _alike((*recognised.get(Field.ADDRESS, ()), *recognised.get(Field.OTHER_ADDRESS, ())))
    repeated = {Field.ADDRESS: addresses} | {
        field: names
        for field, names in recognised.items()
        if field in _OF_ONE_PERSON and len(names) == len(addresses) == len(_alike(names))
    }
    if len(addresses) < 2 or repeated.keys().isdisjoint(_WHOLE_OR_LAST):
        return ()
    shared = {field: names for field, names in recognised.items() if field not in _ADDRESSES | repeated.keys()}
    nobodys = {field: names for field, names in shared.items() if field not in _ONES_NAME}
    people = [
        (shared if at == 0 else nobodys) | {field: (names[at],) for field, names in repeated.items()}
        for at in range(len(addresses))
    ]
    people += [
        nobodys | {Field.ADDRESS: (name,)}
        for field in _ADDRESSES
        for name in recognised.get(field, ())
        if name not in addresses
    ]
    return tuple(ColumnMap(one, columns.kept, columns.ignored) for one in people)


def _alike(names: Sequence[str]) -> tuple[str, ...]:
    """Those names, in their order, that are but for a number that which comes oftenest."""
    bare = [_NUMBER.sub("", name) for name in names]
    return tuple(name for name, base in zip(names, bare, strict=True) if base == max(bare, key=bare.count))


def read_target(text: str) -> str:
    """What a user maps a column to: the name of a field, `fields.KEY` for an extra one, `IGNORE` for nothing.

    Fields are named as in the base (`last_name`) or as a column would be («Nom»). Raises `BadInput` with the list.
    """
    name = text.strip()
    key = name.removeprefix(EXTRA_PREFIX)
    if not name:
        return IGNORE
    if key != name and key and key == slugify(key, "_"):
        return name
    field = _FIELD_BY_VALUE.get(fold(name).replace(" ", "_")) or field_of(name)
    if field is None:
        raise BadInput(
            f"«{name}» is no field of a contact.",
            mend=f"The fields are: {', '.join(Field)}; or {EXTRA_PREFIX}some_name for a field of your own.",
            field="--map",
        )
    return field.value


def _field_in(name: str, base: str, samples: Sequence[Mapping[str, str]]) -> Field | None:
    """The field of a column, asking its values where the name means two things, or only speaks of mail."""
    if name.startswith(EXTRA_PREFIX):
        return None
    folded = fold(base)
    values = [value for row in samples if (value := row.get(name, "")).strip()]
    if folded in _POSTAL_OR_ELECTRONIC:
        return Field.ADDRESS if not values or any("@" in value for value in values) else None
    if folded in _TITLES:
        civil = sum(fold(value) in CIVILITIES for value in values)
        return Field.CIVILITY if values and civil * 2 >= len(values) else Field.ROLE
    field = field_of(base)
    if folded == "nombre" and any(value.strip().isdecimal() for value in values):  # French for a number
        return None
    # «Rédaction (mail)» and, over a newsroom's addresses, «Rédaction».
    may_hold_addresses = field == Field.OUTLET or (field is None and speaks_of_mail(base))
    if may_hold_addresses and sum("@" in value for value in values) * 2 > len(values):
        return Field.OTHER_ADDRESS
    return field


def _number_people(
    header: Sequence[str], recognised: dict[Field, list[str]], kept: dict[str, str], chosen: Mapping[str, str]
) -> None:
    """Take «Journaliste 1» and «Journaliste 2» for names where there are as many addresses, «Mail 1» and «Mail 2».

    Without such addresses beside them nobody knows what a second «Nom 2» is: a maiden name, for one.
    """
    addresses = [name for name in header if any(name in recognised.get(field, ()) for field in _ADDRESSES)]
    many = len(_alike(addresses))
    numbered: dict[Field, list[str]] = {}
    for name in header:
        if fold(name) not in chosen and (field := field_of(_NUMBER.sub("", name))) in _OF_ONE_PERSON:
            numbered.setdefault(field, []).append(name)
    for field, names in numbered.items():
        if len(names) == len(_alike(names)) == many > 1 and not kept.keys().isdisjoint(names):
            recognised[field] = names
            for name in names:
                kept.pop(name, None)


def names_a_post(text: str) -> bool:
    """Whether a text is what somebody does in a newsroom («rédactrice en chef», «Reporter»)."""
    return bool(_JOBS.search(fold(text)))


def _set_companies_apart(recognised: dict[Field, list[str]], kept: dict[str, str], chosen: Mapping[str, str]) -> None:
    """Leave «Média» alone to name the outlet where «Société» or «Rédaction» stands beside it: both are not one name."""
    outlets = recognised.get(Field.OUTLET, [])
    apart = [name for name in outlets if fold(name) in _COMPANIES and fold(name) not in chosen]
    if 0 < len(apart) < len(outlets):
        recognised[Field.OUTLET] = [name for name in outlets if name not in apart]
        for name in apart:
            if fold(name) in _NEWSROOMS and Field.DESK not in recognised:
                recognised[Field.DESK] = [name]
            else:
                kept[name] = _key(name, kept.values())


def _move_titles(recognised: dict[Field, list[str]], samples: Sequence[Mapping[str, str]]) -> None:
    """Take «Titre» for the newspaper's where nothing else names one, and hardly any of its cells names a post."""
    for name in recognised.get(Field.ROLE, ()):
        values = [value for row in samples if (value := row.get(name, "")).strip()]
        if fold(name) == "titre" and values and sum(map(names_a_post, values)) * 5 < len(values):
            recognised[Field.ROLE].remove(name)
            recognised[Field.OUTLET] = [name]
            if not recognised[Field.ROLE]:
                del recognised[Field.ROLE]
            return


def _settle(recognised: dict[Field, list[str]], chosen: Set[Field]) -> None:
    """Resolve what one column name cannot tell without the others; what the user chose stands."""
    if (
        Field.LAST_NAME in recognised
        and Field.LAST_NAME not in chosen
        and not recognised.keys() & {Field.FIRST_NAME, Field.FULL_NAME}
    ):
        # «Nom» with no «Prénom» beside it holds whole names.
        recognised[Field.FULL_NAME] = recognised.pop(Field.LAST_NAME)
    addresses = recognised.get(Field.ADDRESS, [])
    # «Ancien mail» stands before «Nouveau mail» in many a file, and is nobody's first address.
    others = sorted(recognised.pop(Field.OTHER_ADDRESS, []), key=lambda name: bool(_FORMER.search(fold(name))))
    if not addresses and others:
        addresses, others = others[:1], others[1:]
    if addresses:
        recognised[Field.ADDRESS] = addresses[:1]
    if addresses[1:] or others:
        recognised[Field.OTHER_ADDRESS] = addresses[1:] + others


def _key(name: str, taken: Iterable[str]) -> str:
    base = slugify(name, "_") or "column"
    if base[0].isdigit():
        base = f"column_{base}"
    key, copy = base, 1
    while key in taken:
        copy += 1
        key = f"{base}_{copy}"
    return key
