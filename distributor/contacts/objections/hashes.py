"""One objection, and files of them: addresses as people send them, or the hashes that an export of ours wrote."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from distributor.addresses import Address, BadAddress
from distributor.contacts.cleaning.mailboxes import read_address_cell
from distributor.errors import BadInput

COLUMNS = ("address_hash", "key_id", "scope", "reason", "source", "created_at")
_DELIMITERS = ";,\t|"


@dataclass(frozen=True, slots=True)
class Objection:
    """One line of the suppression list: the address itself is not kept, only its hash under the key `key_id`.

    `scope` is "" for everything, or a sector's slug.
    """

    address_hash: str
    key_id: str
    scope: str
    reason: str
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectionFile:
    """What a file of objections holds: `addresses`, or `lines` that an export wrote; `rejected` are lines and why."""

    addresses: tuple[Address, ...] = ()
    lines: tuple[Objection, ...] = ()
    rejected: tuple[tuple[int, str], ...] = ()


def write_objections(lines: Iterable[Objection]) -> bytes:
    """The objections as CSV: hashes, never addresses, with the name of the key they were made under."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([getattr(line, name) for name in COLUMNS[:-1]] + [line.created_at.isoformat()])
    return out.getvalue().encode()


def read_objections(data: bytes, *, name: str = "") -> ObjectionFile:
    """Read addresses (one or more to a line, or a column of a CSV file), or an export of ours (CSV or JSON).

    A line with nothing like an address is passed over when it is the first (the column names), else rejected. Raises
    `BadInput` for a file that holds neither, is no text, or an export that was altered.
    """
    from distributor.contacts.sources.csvfile import read_text  # noqa: PLC0415 - who sends reads no such file

    text, _, _ = read_text(data, name)
    if text.lstrip().startswith("["):
        found = ObjectionFile(lines=tuple(_lines(_from_json(text, name), name)))
    elif text.startswith(COLUMNS[0]):
        try:
            found = ObjectionFile(lines=tuple(_lines(csv.DictReader(io.StringIO(text), delimiter=";"), name)))
        except csv.Error as error:
            raise BadInput(f"It is no export of objections: {error}.", file=name or None) from None
    else:
        found = _addresses(text)
    if not (found.addresses or found.lines or found.rejected):
        raise BadInput("There is no address in it.", file=name or None, mend="Write one address to a line.")
    return found


def _addresses(text: str) -> ObjectionFile:
    from distributor.contacts.sources.csvfile import MAX_CELL  # noqa: PLC0415 - as in read_objections

    addresses: dict[str, Address] = {}
    rejected: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if "@" not in line:
            if line.strip() and number > 1:
                rejected.append((number, "There is no address in this line."))
            continue
        for cell in (cell for cell in _cells(line) if "@" in cell):
            if len(cell) > MAX_CELL:
                rejected.append((number, f"«{cell.strip()[:80]}…» is longer than any list of addresses in one cell."))
                continue
            try:
                pairs = read_address_cell(cell).found
            except BadAddress as error:
                rejected.append((number, f"«{cell.strip()}»: {error}"))
            else:
                addresses |= {address.key: address for _, address in pairs}
    return ObjectionFile(addresses=tuple(addresses.values()), rejected=tuple(rejected))


def _cells(line: str) -> Sequence[str]:
    delimiter = max(_DELIMITERS, key=line.count)
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than it reads
        return [line]


def _from_json(text: str, name: str) -> list[dict[str, str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"It is no JSON: {error}.", file=name or None) from None
    if not all(isinstance(one, dict) for one in found):
        raise BadInput("It is no export of objections.", file=name or None)
    return list(found)


def _lines(rows: Iterable[dict[str, str]], name: str) -> Iterator[Objection]:
    for number, row in enumerate(rows, start=2):
        try:
            created_at = datetime.fromisoformat(row["created_at"])
            line = Objection(
                address_hash=row["address_hash"],
                key_id=row["key_id"],
                scope=row["scope"],
                reason=row["reason"],
                source=row["source"],
                created_at=created_at if created_at.tzinfo else created_at.replace(tzinfo=UTC),
            )
            if len(bytes.fromhex(line.address_hash)) != 32 or not line.key_id:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise BadInput(
                "It is no line that `suppressions export` writes.",
                file=name or None,
                line=number,
                mend="Export the list again, or give a file of addresses.",
            ) from None
        yield line
