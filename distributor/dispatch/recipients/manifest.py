"""Who gets a release and who does not, each with the reason: what is proved, signed and planned."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from distributor.contacts.objections.objectors import Told
from distributor.deliveries.conditions import CAME_BACK, OBJECTED
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll


class LeftOutReason(StrEnum):
    """Why somebody on the lists does not get the release."""

    OBJECTION = "objection"
    CAME_BACK = "came back"
    EXCLUDED = "excluded"
    NOT_MEANT = "not meant"
    OTHER_CHANNEL = "other channel"
    ALREADY_SENT = "already sent"
    SAME_ADDRESS = "same address"
    SAME_JOURNALIST = "same journalist"
    OTHER_VERSION = "other language version"
    NOT_FOLLOWED_UP = "not followed up"

    @classmethod
    def of(cls, told: Told) -> LeftOutReason:
        """Why nobody is mailed of whom this was said."""
        return cls.CAME_BACK if told.is_returned else cls.OBJECTION


ON_RECORD: Mapping[LeftOutReason, str] = {LeftOutReason.OBJECTION: OBJECTED, LeftOutReason.CAME_BACK: CAME_BACK}
"""Why somebody is left out → the reason of the withheld delivery that keeps it on record, where there is one."""


@dataclass(frozen=True, slots=True)
class LeftOutRecipient:
    """Somebody on the lists who does not get the release, and why."""

    planned: PlannedRecipient
    reason: LeftOutReason
    because: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everyone the chosen lists name: recipients in the order of the lists, and those left out."""

    lists: tuple[str, ...]
    excluded_lists: tuple[str, ...]
    recipients: Roll
    left_out: tuple[LeftOutRecipient, ...]
    only_lists: tuple[str, ...] = ()
    where: str = ""
    had_earlier: int = 0
    """How many recipients an earlier version of this release went, or is still going, to."""

    @property
    def digest(self) -> str:
        """SHA-256 of who gets it at which address, whatever the order."""
        return digest_of(self.recipients)


def digest_of(*rolls: Roll) -> str:
    """SHA-256 of the people on all of these, and the addresses they are written to at, whatever the order."""
    digest = hashlib.sha256()
    for number, line in enumerate(heapq.merge(*(roll.lines() for roll in rolls))):
        digest.update(f"\n{line}".encode() if number else line.encode())
    return digest.hexdigest()
