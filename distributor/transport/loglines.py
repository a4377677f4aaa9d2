"""The lines of a mail server's log: when, which program, what it says; as syslog, journald, Postfix and Exim write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_ZONE = r"(?:\s?(?P<zone>Z|[+-]\d\d:?\d\d))?"
_STAMPS = (
    # rsyslog's and journalctl's ISO forms, Exim's own, with or without a zone; journalctl writes the weekday before it.
    re.compile(rf"(?:[A-Z][a-z]{{2}} )?(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_CLOCK}{_ZONE}\s+"),
    # RFC 3164, which leaves the year out; some write it before the month, or after the day.
    re.compile(rf"(?:(?P<year>\d{{4}}) )?(?P<month>[A-Z][a-z]{{2}}) +(?P<day>\d{{1,2}}) {_CLOCK}\s+"),
    re.compile(rf"(?P<month>[A-Z][a-z]{{2}}) +(?P<day>\d{{1,2}}) (?P<year>\d{{4}}) {_CLOCK}\s+"),
)
_ABBREVIATION = re.compile(r"[A-Z]{3,5}\s+")
_TAG = re.compile(r"(?:<\d+>)?(?:(?P<host>\S+) )?(?P<tag>[\w./-]+?)(?P<pid>\[\d+\])?: (?:\[ID \d+ [\w.]+\] )?")
_LOST = re.compile(
    r"rate.?limit|messages? (?:were )?lost|Suppressed \d+ messages|begin to drop messages|message repeated \d+ times",
    re.IGNORECASE,
)
_LOGGERS = frozenset(
    {"rsyslogd", "rsyslogd-2177", "systemd-journald", "systemd-journal", "journal", "imjournal", "syslog-ng"}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line: `at` as the log's own clock says it, as if that were UTC where it names no zone (None: it has no time).

    `program` is the last part of the tag ("cleanup" of "postfix/cleanup"), "" where a program writes a log of its own;
    `process` names one process of it on its `host`.
    """

    at: datetime | None
    program: str
    text: str
    raw: str
    host: str = ""
    process: str = ""


@dataclass(slots=True)
class Span:
    """What a log covers: from its first line to its last, and whether it says that lines of it were dropped."""

    first: datetime | None = None
    last: datetime | None = None
    is_broken: bool = False

    def take(self, line: LogLine) -> None:
        """Count one more line in. A clock that goes back by more than a minute breaks the log, and so does a hole.

        Zeros are what a machine that lost its power leaves of what it had not written.
        """
        if "\0" in line.raw:
            self.is_broken = True
        if line.program in _LOGGERS and _LOST.search(line.text):
            self.is_broken = True
        if line.at is None:
            return
        self.first = self.first or line.at
        if self.last is not None and line.at < self.last - timedelta(minutes=1):
            self.is_broken = True
        self.last = max(self.last or line.at, line.at)


def read_lines(lines: Iterable[str], now: datetime) -> Iterator[LogLine]:
    """The lines of a log; where it leaves out the year, the latest one that is not in the future."""
    for line in lines:
        if line.strip():
            yield _read(line.rstrip("\r\n"), now)


def _read(raw: str, now: datetime) -> LogLine:
    at, rest = _stamp(raw, now)
    if at is None:
        return LogLine(None, "", raw, raw)
    tag = _TAG.match(rest)
    if tag is None:
        return LogLine(at, "", rest, raw)
    text = rest[tag.end() :]
    program = tag["tag"].rpartition("/")[2]
    if program.startswith("exim"):  # Exim repeats its own time when it writes to syslog
        own, after = _stamp(text, now)
        text = after if own is not None else text
    return LogLine(at, program, text, raw, host=tag["host"] or "", process=tag[0])


def _stamp(raw: str, now: datetime) -> tuple[datetime | None, str]:
    for pattern in _STAMPS:
        found = pattern.match(raw)
        if found is None:
            continue
        try:
            at = _moment(found.groupdict(), now)
        except (ValueError, OverflowError):
            continue
        rest = raw[found.end() :]
        named = _ABBREVIATION.match(rest)
        return at, rest[named.end() :] if named else rest
    return None, raw


def _moment(parts: dict[str, str | None], now: datetime) -> datetime:
    name, year = parts["month"] or "", parts["year"]
    month = int(name) if name.isdecimal() else _MONTHS.index(name) + 1
    day, hour, minute, second = (int(parts[part] or 0) for part in ("day", "hour", "minute", "second"))
    micro = int((parts["fraction"] or "0")[:6].ljust(6, "0"))
    clock = timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)  # a leap second may be 60
    at = (datetime(int(year), month, day, tzinfo=UTC) if year else _latest(month, day, now)) + clock
    zone = parts.get("zone")
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        at -= offset if zone[0] == "+" else -offset
    return at


def _latest(month: int, day: int, now: datetime) -> datetime:
    """The latest such day that is no more than a day ahead: zones differ."""
    for year in range(now.year + 1, now.year - 9, -1):
        try:
            at = datetime(year, month, day, tzinfo=UTC)
        except ValueError:  # 29 February
            continue
        if at <= now + timedelta(days=1):
            return at
    raise ValueError("no such day")
