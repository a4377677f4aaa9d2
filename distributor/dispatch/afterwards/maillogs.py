"""Looking through the files of a mail server's log for messages in doubt, and when their absence proves anything."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, select

from distributor.dispatch.afterwards.resolving import Doubt
from distributor.errors import BadInput
from distributor.models import Attempt, Delivery
from distributor.states import DeliveryState
from distributor.transport.loglines import LogLine, Span, read_lines
from distributor.transport.maillog import Fate, Found, MailLog

_delivery = Delivery.__table__
_attempt = Attempt.__table__

_BEFORE = timedelta(minutes=1)
_AFTER = timedelta(minutes=10)
"""How long a server may be at a message after its last byte: as long as a client waits (RFC 5321 §4.5.3.2.6)."""
_ONE_CLOCK = timedelta(minutes=5)
_PACKED: dict[bytes, Callable[[Path], gzip.GzipFile | lzma.LZMAFile | bz2.BZ2File]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
}
"""How a packed file begins, and what unpacks it: as logrotate packs."""
_PACKED_OTHERWISE = {b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip", b"\x1f\x9d": "compress"}
_HEAD = 6
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_FIRST_LINES = 200


@dataclass(frozen=True, slots=True)
class TakenMessage:
    """A message of the same dispatch that the server took for certain: when, and the name it went by."""

    message_id: str
    at: datetime
    server: str


@dataclass(slots=True)
class _File:
    """What one file of the log covers, and which taken messages it names, when by its own clock."""

    path: Path
    span: Span = field(default_factory=Span)
    named: dict[str, datetime] = field(default_factory=dict)


def read_taken(connection: Connection, dispatch_id: int) -> list[TakenMessage]:
    """The messages of a dispatch that were answered with 250."""
    c, a = _delivery.c, _attempt.c
    rows = connection.execute(
        select(c.message_id, c.accepted_at, a.server)
        .join(_attempt, a.delivery_id == c.id)
        .where(c.dispatch_id == dispatch_id, a.state == DeliveryState.ACCEPTED, c.accepted_at.is_not(None))
        .order_by(c.id)
    ).all()
    return [TakenMessage(row.message_id, row.accepted_at, row.server) for row in rows]


def look_through(
    paths: Sequence[Path], doubts: Sequence[Doubt], taken: Sequence[TakenMessage], now: datetime
) -> list[Found]:
    """What the log says of each doubt, in their order. Raises `BadInput` for a file that cannot be read."""
    log = MailLog([*(one.message_id for one in doubts), *(one.message_id for one in taken)])
    files = []
    for path in sorted(sorted(set(paths), reverse=True), key=lambda path: _begins(path, now)):
        file = _File(path)
        for line in _lines(path, now):
            file.span.take(line)
            message_id = log.take(line)
            if message_id and line.at is not None:
                file.named.setdefault(message_id, line.at)
        if file.span.first is None:
            raise BadInput("No line of it begins with a date and a time, as a mail server's log does.", file=path)
        files.append(file)
    found = [log.find(one.message_id, one.address) for one in doubts]
    return [
        _absent(doubt, files, taken) if one.fate is Fate.ABSENT else one
        for doubt, one in zip(doubts, found, strict=True)
    ]


def _absent(doubt: Doubt, files: Sequence[_File], taken: Sequence[TakenMessage]) -> Found:
    """Whether the log would have to name the message, had the server taken it: then it did not.

    So it is when one file of it begins before the attempt did and goes on ten minutes after the answer was given up,
    by its own clock as our other messages in it show it; when it names every other message of the dispatch that the
    server took meanwhile, one at least; when that server always gave one name; and when no line of it was dropped.
    """
    servers = {one.server for one in taken if one.server} | ({doubt.server} - {""})
    if len(servers) > 1:
        return _unsure(f"it is not in the log, but {len(servers)} servers answered: {', '.join(sorted(servers))}")
    reasons = {file.path.name: _why_not_proof(doubt, file, taken) for file in files}
    for name, reason in reasons.items():
        if not reason:
            return Found(Fate.NOT_TAKEN, f"not in {name}, which has all that the server took before and after")
    return _unsure(f"it is not in the log, but {'; '.join(reasons.values())}")


def _why_not_proof(doubt: Doubt, file: _File, taken: Sequence[TakenMessage]) -> str:
    """Why the message's absence from this file proves nothing, in words; "" when it proves that it was not taken."""
    first, last = file.span.first, file.span.last
    assert first is not None, "a log without times is refused"
    assert last is not None, "a log without times is refused"
    name = file.path.name
    offsets = [file.named[one.message_id] - one.at for one in taken if one.message_id in file.named]
    if not offsets:
        return f"{name} names no other message of this dispatch: it may be another server's, or of another day"
    behind, ahead = min(offsets), max(offsets)
    missing = sum(
        one.message_id not in file.named and first + _BEFORE <= one.at + ahead <= last - _BEFORE for one in taken
    )
    reasons = {
        f"{name} says that lines were dropped, or its clock goes back": file.span.is_broken,
        f"the clock of {name} does not agree with itself": ahead - behind > _ONE_CLOCK,
        f"{name} begins too late: it has to begin a minute before the message left": first
        > doubt.since + behind - _BEFORE,
        f"{name} ends too early: it has to go on ten minutes after the answer was given up": last
        < doubt.until + ahead + _AFTER,
        f"{name} is not the whole log: it lacks {missing} other messages of this dispatch that were taken": missing > 0,
    }
    return next((words for words, holds in reasons.items() if holds), "")


def _unsure(words: str) -> Found:
    return Found(Fate.UNSURE, words)


def _begins(path: Path, now: datetime) -> datetime:
    """The first time in a file: what was rotated away comes before what is written now, however they are named.

    Of two that begin in the same second `mail.log.1` comes before `mail.log`: the last of the names first.
    """
    return next((line.at for line in islice(_lines(path, now), _FIRST_LINES) if line.at is not None), now)


def _lines(path: Path, now: datetime) -> Iterator[LogLine]:
    """The lines of a file, packed or not, in the encoding that its first bytes name (UTF-8 otherwise)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadInput("It is no file.", file=path, mend="Name the log, as /var/log/mail.log.")
        with _unpacked(path) as opened:
            start = opened.peek(4)[:4]
            encoding = next((codec for mark, codec in _MARKS if start.startswith(mark)), "utf-8")
            with io.TextIOWrapper(opened, encoding=encoding, errors="replace") as text:
                yield from read_lines(text, now)
    except FileNotFoundError:
        raise BadInput("There is no such file.", file=path, mend="Check the name.") from None
    except (EOFError, zlib.error, lzma.LZMAError):
        raise _damaged(path) from None
    except OSError as error:
        if error.errno is None:  # said by who unpacks, not by the system
            raise _damaged(path) from None
        raise BadInput(f"It cannot be read: {error.strerror}.", file=path) from None


def _unpacked(path: Path) -> io.BufferedReader:
    """The file, opened so that it reads as a log; `BadInput` for one that is packed as we cannot unpack."""
    with path.open("rb") as raw:
        head = raw.read(_HEAD)
    for mark, opener in _PACKED.items():
        if head.startswith(mark):
            return io.BufferedReader(opener(path))
    for mark, how in _PACKED_OTHERWISE.items():
        if head.startswith(mark):
            raise BadInput(f"It is packed ({how}).", file=path, mend="Unpack it first.")
    return path.open("rb")


def _damaged(path: Path) -> BadInput:
    """What is said of half a log: what it lacks would prove what it does not say."""
    return BadInput("It is packed, and damaged.", file=path, mend="Name another copy of it.")
