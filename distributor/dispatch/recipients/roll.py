"""The recipients of a manifest in their order: in memory while they are few, on disk beyond that."""

from __future__ import annotations

import marshal
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from distributor.addresses import kept_address
from distributor.db.pieces import in_pieces
from distributor.db.spooling import Spooled, on_a_disk, open_spool
from distributor.dispatch.recipients.fairness import interleave
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.rendering.values import Recipient

FEW = 20_000
"""So many take some 22 MB in memory; of more than that all are on disk, 500 octets each."""

NOT_SENT = "nothing was sent"
_WAITING = 500
_TABLES = (
    """CREATE TABLE entry (
        place INTEGER PRIMARY KEY, contact_id INT, key TEXT, domain TEXT, sector_slug TEXT,
        sector TEXT, outlet TEXT, language TEXT, is_merged INT
    )""",
    "CREATE TABLE card (place INTEGER PRIMARY KEY, packed BLOB)",
)
_AT_ONCE = "CREATE TEMP TABLE turns AS SELECT place, place AS turn FROM entry"
# As `interleave` does it, one grouping at a time: of a group each member at its share of the whole.
_SPREAD = """
CREATE TEMP TABLE spread AS
WITH stood AS (
    SELECT place, {0} AS name, turn, row_number() OVER (PARTITION BY {0} ORDER BY turn) - 1 AS met
    FROM entry JOIN turns USING (place)
), grouped AS (
    SELECT name, count(*) AS size, row_number() OVER (ORDER BY min(turn)) - 1 AS number FROM stood GROUP BY name
)
SELECT place, row_number() OVER (
    ORDER BY (met + (number + 0.5) / (SELECT count(*) FROM grouped)) / size, turn
) AS turn
FROM stood JOIN grouped USING (name)"""
_IN_FAIR_ORDER = (
    _AT_ONCE,
    *(
        statement
        for column in ("sector_slug", "domain")
        for statement in (_SPREAD.format(column), "DROP TABLE turns", "ALTER TABLE spread RENAME TO turns")
    ),
)


_COUNTED = {
    "sector": attrgetter("sector"),
    "outlet": attrgetter("recipient.outlet"),
    "language": attrgetter("recipient.language"),
}


class Roll(Spooled[PlannedRecipient]):
    """Recipients in the order in which they were entered, as a sequence that only grows.

    Of a long one none is kept in memory; it lives on disk as long as somebody holds it. Raises `StorageTrouble` where
    the disk cannot take it. `few` is how many are kept in memory.
    """

    def __init__(self, recipients: Iterable[PlannedRecipient] = (), *, few: int = FEW) -> None:
        self._few = few
        self._waiting: dict[int, PlannedRecipient] = {}
        """By their place: all of them while they are few, later those that are not on disk yet."""
        self._places: dict[str, int] = {}
        """Address key → place of the first of `_waiting` who has it."""
        self._spool: sqlite3.Connection | None = None
        self._length = 0
        for one in recipients:
            self.enter(one)

    def enter(self, planned: PlannedRecipient) -> None:
        """Put somebody at the end."""
        self._waiting[self._length] = planned
        self._places.setdefault(planned.address.key, self._length)
        self._length += 1
        if self._length > self._few and len(self._waiting) > _WAITING:
            self._write()

    def at(self, key: str) -> int | None:
        """The place of the first who is reached at an address of that key; None for nobody."""
        if self._spool is not None:
            ((place,),) = self._read("SELECT min(place) FROM entry WHERE key = ?", key)
            if place is not None:
                return int(place)
        return self._places.get(key)

    def put(self, place: int, planned: PlannedRecipient) -> None:
        """Put what is now known of somebody, reached at the same address, in place of what was."""
        if place in self._waiting or self._spool is None:
            self._waiting[place] = planned
        else:
            with on_a_disk("so many recipients", NOT_SENT):
                self._spool.execute("UPDATE card SET packed = ? WHERE place = ?", [_packed(planned), place])
                self._spool.execute("UPDATE entry SET is_merged = ? WHERE place = ?", [bool(planned.merged), place])

    def in_fair_order(self) -> Iterator[PlannedRecipient]:
        """Everybody, each newsroom and each sector spread over the whole, as `interleave` does it."""
        if self._spool is None:
            yield from interleave(self, lambda one: one.address.domain, lambda one: one.sector_slug)
            return
        self._write()
        with on_a_disk("the order of so many recipients", NOT_SENT):
            self._spool.execute("DROP TABLE IF EXISTS turns")
            for statement in _IN_FAIR_ORDER:
                self._spool.execute(statement)
        yield from self._select("SELECT packed FROM turns JOIN card USING (place) ORDER BY turn")

    def contact_ids(self) -> Iterator[int]:
        """The number of each contact."""
        if self._spool is None:
            return (one.contact_id for one in self)
        self._write()
        return (number for (number,) in self._read("SELECT contact_id FROM entry ORDER BY place"))

    def by(self, what: str) -> Counter[str]:
        """How many there are of each «sector», «outlet» or «language», in the order in which these are met."""
        if self._spool is None:
            return Counter(map(_COUNTED[what], self))
        self._write()
        counted = f"SELECT {what}, count(*) FROM entry GROUP BY {what} ORDER BY min(place)"  # noqa: S608 - one of ours
        return Counter(dict(self._read(counted)))

    def merged(self) -> list[PlannedRecipient]:
        """Those of whom several entries became one."""
        if self._spool is None:
            return [one for one in self if one.merged]
        self._write()
        return list(self._select("SELECT packed FROM entry JOIN card USING (place) WHERE is_merged ORDER BY place"))

    def lines(self) -> Iterator[str]:
        """«contact address» of everybody, sorted."""
        if self._spool is None:
            yield from sorted(f"{one.contact_id} {one.address.key}" for one in self)
            return
        self._write()
        for (line,) in self._read("SELECT contact_id || ' ' || key AS line FROM entry ORDER BY line"):
            yield line

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[PlannedRecipient]:
        if self._spool is None:
            return iter(self._waiting.values())
        self._write()
        return self._select("SELECT packed FROM card ORDER BY place")

    def _at(self, place: int) -> PlannedRecipient:
        if place in self._waiting:
            return self._waiting[place]
        return next(self._select("SELECT packed FROM card WHERE place = ?", place))

    def _write(self) -> None:
        """Write who waits to the disk, which from the first time on has everybody else."""
        with on_a_disk("so many recipients", NOT_SENT):
            if self._spool is None:
                self._spool = open_spool(self, *_TABLES, "CREATE INDEX entry_key ON entry (key)")
            for piece in in_pieces(self._waiting.items()):
                cards = [(place, _packed(one)) for place, one in piece]
                entries = [
                    (
                        place, one.contact_id, one.address.key, one.address.domain, one.sector_slug,
                        one.sector, one.recipient.outlet, one.recipient.language, bool(one.merged),
                    )
                    for place, one in piece
                ]  # fmt: skip
                self._spool.executemany("INSERT INTO card VALUES (?, ?)", cards)
                self._spool.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
        self._waiting.clear()
        self._places.clear()

    def _select(self, statement: str, *values: int) -> Iterator[PlannedRecipient]:
        for (packed,) in self._read(statement, *values):
            yield _unpacked(packed)

    def _read(self, statement: str, *values: int | str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement; what is read may have to be sorted on the disk, or drive there what was not yet."""
        assert self._spool is not None
        with on_a_disk("so many recipients", NOT_SENT):
            yield from self._spool.execute(statement, values)


_own_of = attrgetter(*(one.name for one in fields(PlannedRecipient) if one.name not in {"address", "recipient"}))
_ON_CARD = [one.name for one in fields(Recipient)][1:]  # the address comes first
_card_of, _COLUMNS = attrgetter(*_ON_CARD), _ON_CARD.index("fields")


def _packed(planned: PlannedRecipient) -> bytes:
    """Somebody as octets; their address is that of their card."""
    card = list(_card_of(planned.recipient))
    card[_COLUMNS] = dict(card[_COLUMNS])
    values: tuple[Any, ...] = (planned.address.spec, _own_of(planned), card)
    return marshal.dumps(values)


def _unpacked(packed: bytes) -> PlannedRecipient:
    spec, (contact_id, address_hash, *rest), card = marshal.loads(packed)  # noqa: S302 - of a file that is ours alone
    address = kept_address(spec)
    return PlannedRecipient(contact_id, address, address_hash, Recipient(address, *card), *rest)
