"""Whether a server keeps the PIPELINING that it offers; one that does not is sent one command at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from aiosmtplib.response import SMTPResponse

from distributor.states import DeliveryState, Outcome, Phase
from distributor.transport.replies import connection_fault

_OBJECTION = re.compile(r"\bpipelining\b|synchroni[sz]ation error", re.IGNORECASE)
"""Postfix: «Improper use of SMTP command pipelining»; Exim: «SMTP protocol synchronization error»."""


class Sent(Enum):
    """How commands left: one at a time, all of a transaction together, or those behind the end of a body."""

    SINGLY = auto()
    TOGETHER = auto()
    BEHIND_A_BODY = auto()


@dataclass(slots=True)
class Grouping:
    """What the server of one account was seen to make of commands in groups (RFC 2920), over all connections.

    Some servers, or what stands before them, take the first command of a group and forget the others, or leave them
    until something more comes, or hang up. Until a server has kept a group, one that it does not answer whole has its
    connection dropped, before any body, and whoever it was about is sent again. That costs speed if it was chance; and
    it is no delay of theirs, so that no run after run has the same people wait. `tell` is told once, in words for the
    log.
    """

    tell: Callable[[str], None]
    is_given_up: bool = False
    _kept: set[Sent] = field(default_factory=set)

    def is_unproven(self, sent: Sent) -> bool:
        """Whether this is a group of a kind that the server was not seen to keep yet."""
        return sent is not Sent.SINGLY and sent not in self._kept

    def keeps(self, sent: Sent) -> None:
        """All commands of a group were answered."""
        self._kept.add(sent)

    def objects(self, reply: SMTPResponse) -> bool:
        """Whether a reply to one of a group, or to a body before one, refuses it as a group; then it is given up."""
        is_objection = reply.code >= 400 and _OBJECTION.search(reply.message) is not None
        if is_objection:
            self.give_up(f"the server answered {reply.code} to commands that were sent together")
        return is_objection

    def give_up(self, why: str) -> None:
        """From now on one command at a time."""
        if not self.is_given_up:
            self.is_given_up = True
            self.tell(f"PIPELINING is offered and not kept: {why}. From now on commands are sent one at a time.")


def in_silence(_why: str) -> None:
    """Tell nobody."""


def not_kept(phase: Phase, reply: SMTPResponse | None = None) -> Outcome:
    """Nothing of the message was taken, and neither its recipient nor the network has a part in that: at once again."""
    said, code = ("No answer.", None) if reply is None else (reply.message, reply.code)
    fault = connection_fault(phase, f"The server offers PIPELINING and does not keep it: {said}")
    return replace(fault, state=DeliveryState.QUEUED, code=code)
