"""What the log of a Postfix or an Exim says became of messages, by Message-ID and queue id."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from distributor.transport.loglines import LogLine

_ID = r"(?P<id>[0-9A-Za-z]{5,20})"
_MESSAGE = re.compile(rf"{_ID}: (?:resent-)?message-id=(?P<message><[^>]*>|\S+)$")
_ACTIVE = re.compile(rf"{_ID}: from=<[^>]*>, size=\d+, nrcpt=\d+ \(queue ")
_EXPIRED = re.compile(rf"{_ID}: from=<[^>]*>, status=(?:force-)?expired, returned to sender")
_STATUS = re.compile(
    rf"{_ID}: to=<(?P<to>[^>]*)>,(?: orig_to=<(?P<orig>[^>]*)>,)? relay=.*?\bdsn=(?P<dsn>[\d.]+),"
    r" status=(?P<status>[\w-]+) \((?P<said>.*)\)$"
)
_REFUSED = re.compile(rf"{_ID}: (?:milter-reject|proxy-reject|reject): (?P<said>.*)$")
_CLIENT = re.compile(rf"{_ID}: client=")
_LOST = re.compile(r"(?:lost connection|timeout) after (?:DATA|BDAT)\b")
_REMOVED = re.compile(rf"{_ID}: removed$")
_QUEUED_AS = re.compile(r"\bqueued as (?P<next>[0-9A-Za-z]{5,20})\b|\bid=(?P<exim>[\w-]{16,23})\b")
_DELIVERERS = frozenset({"smtp", "lmtp", "local", "virtual", "pipe", "error", "discard", "relay"})

_EXIM_ID = r"(?P<id>\w{6}-\w{6}-\w{2}|\w{6}-\w{11}-\w{4})"
_EXIM = re.compile(rf"(?:\[\d+\] )?{_EXIM_ID} (?P<rest>.*)$")
_EXIM_WORD = r'(?:[^\s"]*"(?:[^"\\]|\\.)*"\S*|[^\s"]+)'
"""What is quoted is one word: a sender, a certificate or a subject may speak of an `id=` too."""
_EXIM_TAKEN = re.compile(rf"<= {_EXIM_WORD}(?: {_EXIM_WORD})*? id=(?P<message>\S+)")
_EXIM_RESULT = re.compile(r"(?P<mark>=>|->|\*\*|==) (?P<to>\S+)(?: <(?P<orig>[^>]*)>)?(?P<said>.*)$")
_MARKS = {"=>": "sent", "->": "sent", "**": "bounced", "==": "deferred"}


class Fate(StrEnum):
    """What the log says of one message, as far as its one recipient is concerned."""

    ACCEPTED = "accepted"
    BOUNCED = "bounced"
    REFUSED = "refused"
    UNSURE = "unsure"
    ABSENT = "absent"
    NOT_TAKEN = "not taken"


@dataclass(frozen=True, slots=True)
class Found:
    """The fate, in words why, and the lines it rests on; `said` and `dsn` are the server's where it refused."""

    fate: Fate
    words: str = ""
    evidence: tuple[str, ...] = ()
    said: str = ""
    dsn: str = ""


@dataclass(frozen=True, slots=True)
class _Result:
    """One line about one recipient of a message in the queue."""

    recipients: frozenset[str]
    status: str
    dsn: str
    said: str
    raw: str


@dataclass(slots=True)
class _Trail:
    """One message in the queue of one server, from its first line to its last."""

    queue_id: str
    begun: str
    taken: str = ""
    lost: str = ""
    refused: str = ""
    said: str = ""
    results: list[_Result] = field(default_factory=list)


class MailLog:
    """Reads lines in the order in which they were written, and keeps what concerns the Message-IDs asked for.

    A queue id may be used again for another message: it means the one whose Message-ID stood beside it last. Where one
    log holds several machines, an id belongs to its own.
    """

    def __init__(self, message_ids: Collection[str]) -> None:
        self._wanted = {_bare(one): one for one in message_ids}
        self._trails: dict[str, list[_Trail]] = {}
        self._now: dict[tuple[str, str], _Trail] = {}
        self._receiving: dict[str, tuple[str, str]] = {}
        self._lost: dict[tuple[str, str], str] = {}

    def take(self, line: LogLine) -> str:
        """Read one line; return the Message-ID whose message the line names for the first time in its queue, or ""."""
        if line.program == "cleanup" and (found := _MESSAGE.match(line.text)):
            return self._begin((line.host, found["id"]), found["message"], line.raw)
        if line.program == "smtpd":
            self._received(line)
        if not line.program or line.program.startswith("exim"):
            return self._exim(line)
        self._postfix(line)
        return ""

    def find(self, message_id: str, address: str) -> Found:
        """What became of a message to `address`."""
        trails = self._trails.get(message_id, [])
        if not trails:
            return Found(Fate.ABSENT, "its Message-ID is not in the log")
        taken = [one for one in trails if one.taken]
        if taken:
            return _of_taken(taken, address)
        refused = next((one for one in trails if one.refused), None)
        if refused is not None and len(trails) == 1:
            words = f"the server refused the message (queue id {refused.queue_id})"
            return Found(
                Fate.REFUSED, words, (refused.begun, refused.refused), said=refused.said, dsn=_dsn(refused.said)
            )
        if all(one.lost for one in trails):
            words = "the server lost the connection before the message ended"
            return Found(Fate.NOT_TAKEN, words, tuple(line for one in trails for line in (one.begun, one.lost)))
        ids = ", ".join(one.queue_id for one in trails)
        words = f"the log has its beginning (queue id {ids}), but not whether the server took the whole message"
        return Found(Fate.UNSURE, words, tuple(one.begun for one in trails))

    def _begin(self, key: tuple[str, str], message: str, raw: str) -> str:
        self._now.pop(key, None)
        message_id = self._wanted.get(_bare(message), "")
        if message_id:
            trail = self._now[key] = _Trail(key[1], raw, lost=self._lost.get(key, ""))
            self._trails.setdefault(message_id, []).append(trail)
        return message_id

    def _received(self, line: LogLine) -> None:
        """A process of Postfix takes one message at a time: whose end never came is the one it began last."""
        if found := _CLIENT.match(line.text):
            key = self._receiving[line.process] = (line.host, found["id"])
            self._lost.pop(key, None)
        elif _LOST.match(line.text) and (key_lost := self._receiving.pop(line.process, None)):
            self._lost[key_lost] = line.raw
            if trail := self._now.get(key_lost):
                trail.lost = line.raw

    def _postfix(self, line: LogLine) -> None:
        key = line.host, line.text.partition(":")[0]
        trail = self._now.get(key)
        if trail is None:
            return
        if _ACTIVE.match(line.text):
            trail.taken = trail.taken or line.raw
        elif _EXPIRED.match(line.text):
            trail.taken = trail.taken or line.raw
            trail.results.append(_Result(frozenset(), "expired", "", "given up after too long a time", line.raw))
        elif found := _REFUSED.match(line.text):
            trail.refused, trail.said = line.raw, found["said"]
        elif line.program in _DELIVERERS and (found := _STATUS.match(line.text)):
            recipients = frozenset(one.casefold() for one in (found["to"], found["orig"]) if one)
            trail.taken = trail.taken or line.raw
            trail.results.append(_Result(recipients, found["status"], found["dsn"], found["said"], line.raw))
        elif _REMOVED.match(line.text):
            self._now.pop(key)

    def _exim(self, line: LogLine) -> str:
        found = _EXIM.match(line.text)
        if found is None:
            return ""
        key, rest = (line.host, found["id"]), found["rest"]
        if taken := _EXIM_TAKEN.match(rest):
            message_id = self._begin(key, taken["message"], line.raw)
            if message_id:
                self._trails[message_id][-1].taken = line.raw
            return message_id
        trail = self._now.get(key)
        if trail is not None and (result := _EXIM_RESULT.match(rest)):
            said = result["said"].lstrip(": ")
            recipients = frozenset(one.casefold() for one in (result["to"].rstrip(":"), result["orig"]) if one)
            status = _MARKS[result["mark"]]
            trail.results.append(_Result(recipients, status, _dsn(said), said, line.raw))
        elif rest == "Completed":
            self._now.pop(key, None)
        return ""


def _of_taken(trails: list[_Trail], address: str) -> Found:
    """The fate of a message that a server took: where its way ends, as far as the log goes."""
    ours = {trail.queue_id for trail in trails}
    first = trails[0]
    ends = []
    for trail in trails:
        meant = [one for one in trail.results if not one.recipients or address.casefold() in one.recipients]
        if meant:
            ends.append((trail, meant[-1]))
    # A filter, or the next server, took it from this queue into one that is in the log too: the end is there.
    ends = [(trail, last) for trail, last in ends if not (last.status == "sent" and _next_of(last.said) & ours)]
    for wanted in ("sent", "deferred"):
        for trail, last in ends:
            if last.status == wanted:
                return Found(Fate.ACCEPTED, f"{_took(trail)}; status={wanted}", (trail.taken, last.raw))
    for trail, last in ends:
        if last.status in {"bounced", "expired"}:
            words = f"{_took(trail)}, and sent it back; status={last.status}"
            return Found(Fate.BOUNCED, words, (trail.taken, last.raw), said=last.said, dsn=last.dsn)
    return Found(Fate.ACCEPTED, _took(first), (first.begun, first.taken))


def _took(trail: _Trail) -> str:
    return f"the server took it (queue id {trail.queue_id})"


def _next_of(said: str) -> set[str]:
    found = _QUEUED_AS.search(said)
    return {found["next"] or found["exim"]} if found else set()


def _dsn(said: str) -> str:
    found = re.search(r"\b[245]\.\d{1,3}\.\d{1,3}\b", said)
    return found[0] if found else ""


def _bare(message_id: str) -> str:
    return message_id.strip().strip("<>")
