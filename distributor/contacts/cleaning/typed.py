"""What somebody typed about one contact, read by the importer's own cleaning; what it cannot read is an error here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distributor.contacts.cleaning.cells import clean_text
from distributor.contacts.cleaning.columns import ColumnMap
from distributor.contacts.cleaning.drafts import ContactDraft
from distributor.contacts.cleaning.notelint import lint_note
from distributor.contacts.cleaning.particulars import EXTRA_PREFIX, Field
from distributor.contacts.cleaning.row import RowCleaner
from distributor.contacts.sources.rows import RejectedRow, SourceRow
from distributor.errors import BadInput
from distributor.folding import slugify

_LONGEST_NAME = 100
"""Characters of a list's name: it stands in a column of every listing."""

_ASIDE = {"title": "civility", "affiliation_address": "outlet_address"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A contact as typed: what it means, every cleaning, and what a user should think about."""

    draft: ContactDraft
    changes: tuple[str, ...]
    warnings: tuple[str, ...]


def read_typed(address: str, said: Mapping[Field, str], extra: Mapping[str, str]) -> Typed:
    """Read typed values as a row of a list would be; `extra` are fields of the user's own, by their keys.

    Raises `BadInput` for an address that is none, and for a value that an import would only have kept aside.
    """
    columns: dict[Field, tuple[str, ...]] = {Field.ADDRESS: (Field.ADDRESS.value,)}
    columns |= {field: (field.value,) for field in said}
    kept = {EXTRA_PREFIX + key: key for key in extra}
    cells = {Field.ADDRESS.value: address} | {field.value: text for field, text in said.items()}
    cells |= {name: extra[key] for name, key in kept.items()}
    row = RowCleaner(ColumnMap(columns, kept, ())).clean(SourceRow(1, cells))
    if isinstance(row, RejectedRow):
        raise BadInput(f"«{address}» is not an e-mail address: {row.reason}", mend="Check the spelling.")
    if len(row.drafts) > 1 or row.drafts[0].others:
        raise BadInput(f"«{address}» is more than one address.", mend="Give one; the others with --add-address.")
    draft = row.drafts[0]
    for key in draft.fields:
        if key not in extra:
            _refuse(key, draft.fields[key])
    # Notes are linted where rows are cleaned; a line that is put above a release, only here.
    warnings = map(str, lint_note(str(draft.values.get("note_to_send", ""))))
    return Typed(draft, row.changes, tuple(warnings))


def read_list_name(text: str) -> str:
    """The name that somebody typed for a press list, on one line; `BadInput` for one that could not be typed again."""
    name = clean_text(text)[0]
    if not slugify(name):
        raise BadInput(f"«{name}» cannot name a list.", mend="Give it a name with letters, as in: economie")
    if len(name) > _LONGEST_NAME:
        raise BadInput(
            f"«{name[:20]}…» cannot name a list: it has {len(name)} characters.",
            mend=f"Give it a name of at most {_LONGEST_NAME}, as in: economie",
        )
    return name


def read_extra(pairs: Mapping[str, str]) -> dict[str, str]:
    """Fields of the user's own, under the keys by which templates know them; `BadInput` for a name without a letter."""
    found = {}
    for name, text in pairs.items():
        key = slugify(name.removeprefix(EXTRA_PREFIX), "_")
        if not key:
            raise BadInput(f"«{name}» cannot name a field.", field="--set", mend="Write it as: --set speciality=trains")
        found[key] = text
    return found


def _refuse(key: str, written: str) -> None:
    name = _ASIDE.get(key, key.removesuffix("_as_written"))
    if name in (key, "outlet_address"):
        raise BadInput(f"«{written}» belongs to an outlet, and none is given.", mend="Say which one, with --outlet.")
    option, what, mend = _SAYS.get(name, (name.replace("_", "-"), "nothing that can be read there", "See the help."))
    raise BadInput(f"«{written}» is {what}.", field=f"--{option}", mend=mend)


_DAY = "Write it as 2026-03-01."
_SAYS = {
    "civility": ("civility", "no civility", "Write it as Mme, M., Dr, Ms or Mr."),
    "language": ("language", "no language", "Write it as fr, en or de."),
    "other_languages": ("other-languages", "no list of languages", "Write it as: en, de."),
    "attachments": ("attachments", "neither yes nor no", "Write yes or no."),
    "embargo_trust": ("embargo-trust", "neither yes nor no", "Write yes or no."),
    "valid_from": ("since", "no day", _DAY),
    "valid_to": ("until", "no day", _DAY),
    "collected_at": ("collected-on", "no day", _DAY),
}
"""Field → the option by which it is typed, what the text is not, and how to write it."""
