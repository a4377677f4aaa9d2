"""What came back, shown: explanations of files, what was taken in, and the rounds that `distributor work` makes."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from distributor import clock
from distributor.cli.output import console, count, visible
from distributor.errors import CredentialsRefused, DistributorError, StorageTrouble
from distributor.feedback.apply import Taken
from distributor.feedback.events import Finding, Judgement, Reading
from distributor.wiring import Workspace


def as_json(name: str, reading: Reading) -> dict[str, Any]:
    """What a message is, in the one shape of `feedback explain --json`."""
    findings = reading.findings or (Finding(reading.sender, Judgement.NOT_A_BOUNCE),)
    return {
        "file": name,
        "kind": str(reading.kind),
        "recipients": [
            {
                "address": one.address,
                "verdict": str(one.judgement),
                "status": one.status,
                "reason": one.reason or str(reading.kind),
                "address_is_dead": one.is_dead,
                "evidence": one.evidence or "header",
            }
            for one in findings
        ],
    }


def print_json_line(value: dict[str, Any]) -> None:
    """Print one object on one line: ASCII, so that any pipe takes it."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True) + "\n")


def print_reading(name: str, reading: Reading) -> None:
    """Say in words what a message is."""
    out = console()
    out.print(f"{name}: {reading.kind}" + (f" ({reading.trouble})" if reading.trouble else ""))
    for one in reading.findings:
        parts = [str(one.judgement), one.status, one.reason, f"({one.cause})" if one.cause else ""]
        out.print(
            f"  {one.address or 'no address'}: {' '.join(filter(None, parts))}"
            + ("; the address is dead" if one.is_dead else "")
        )
        if one.said:
            out.print(f"    {one.evidence} says: {visible(one.said[:200])}")
    if reading.absence.back_on or reading.absence.substitutes:
        out.print(
            f"  back on: {reading.absence.back_on or '?'}; meanwhile: {', '.join(reading.absence.substitutes) or '?'}"
        )


class Tally:
    """Takes messages in, says what is worth saying, and counts."""

    def __init__(self, take: Callable[[bytes, str], Iterable[Taken]], *, quiet: bool = False) -> None:
        self._take = take
        self._quiet = quiet
        self.kinds: Counter[str] = Counter()
        self.known = 0
        self.waiting = 0

    def __call__(self, raw: bytes, source: str) -> None:
        """Take one message in."""
        for one in self._take(raw, source):
            if not one.is_new:
                self.known += 1
                continue
            self.kinds[one.kind] += 1
            self.waiting += one.state == "waiting"
            if not self._quiet:
                console().print(f"{one.kind}: {one.address or 'no address'}: {visible(one.sentence)}")

    def summary(self) -> str:
        """What was taken in, in a sentence."""
        parts = [f"{number} {kind}" for kind, number in sorted(self.kinds.items())]
        said = f"Taken in: {', '.join(parts) or 'nothing new'}."
        said += f" {count(self.known, 'was', 'were')} known already." if self.known else ""
        return said + (f" {self.waiting} wait for you: distributor feedback list --waiting" if self.waiting else "")


class FeedbackRounds:
    """Fetches what came back every so many minutes, between two looks at what is due. Sending never fails for it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        settings = workspace.settings
        self._is_set = bool(settings.feedback_imap_host or settings.feedback_maildir)
        self._pause = timedelta(minutes=settings.feedback_minutes)
        self._next: datetime | None = None

    def go_if_due(self) -> None:
        """Fetch if the time has come; a mailbox that cannot be read is said, and tried again at the next round.

        One that refuses the login is left alone from then on: providers lock accounts for offering it again and again.
        """
        if not self._is_set or (self._next is not None and clock.now() < self._next):
            return
        self._next = clock.now() + self._pause
        tally = Tally(self._workspace.intake().take, quiet=True)
        try:
            self._workspace.fetch_feedback(tally)
        except StorageTrouble:
            raise
        except CredentialsRefused as error:
            self._is_set = False
            again = "It is not asked again by this worker."
            console(stderr=True).print(f"What came back: {error} {again}", soft_wrap=True)
        except DistributorError as error:
            console(stderr=True).print(f"What came back: {error}", soft_wrap=True)
        if tally.kinds:
            console().print(tally.summary())
