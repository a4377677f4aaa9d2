"""What came back, shown: explanations of files, what was taken in, and the rounds that `distributor work` makes."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from distributor.cli.defects import confess
from distributor.cli.terminal.output import console, count, visible
from distributor.errors import CredentialsRefused, DistributorError, Interrupted, StorageTrouble
from distributor.feedback.apply import Taken
from distributor.feedback.events import Finding, Judgement, Reading
from distributor.incoming import Incoming
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

    def begin_anew(self) -> None:
        """Count from nothing."""
        self.kinds.clear()
        self.known = self.waiting = 0

    def summary(self) -> str:
        """What was taken in, in a sentence."""
        parts = [f"{number} {kind}" for kind, number in sorted(self.kinds.items())]
        said = f"Taken in: {', '.join(parts) or 'nothing new'}."
        said += f" {count(self.known, 'was', 'were')} known already." if self.known else ""
        waits = "waits" if self.waiting == 1 else "wait"
        return said + (f" {self.waiting} {waits} for you: distributor feedback list --waiting" if self.waiting else "")


class FeedbackRounds:
    """Takes in what came back, again and again, beside whatever else is done. Sending never fails for it."""

    def __init__(self, workspace: Workspace, *, quiet: bool = True) -> None:
        self._incoming = Incoming(workspace)
        settings = workspace.settings
        self._is_set = bool(settings.feedback_imap_host or settings.feedback_maildir)
        self._pause = settings.feedback_minutes * 60
        self._quiet = quiet
        self._trouble: StorageTrouble | None = None

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Take in what lies there; then, in a thread of its own, what comes by and by, until the block ends."""
        if not self._is_set:
            yield
            return
        self._go(self._fetch_once)
        stop = threading.Event()
        beside = threading.Thread(target=self._follow_beside, args=(stop,), name="feedback", daemon=True)
        beside.start()
        try:
            yield
        finally:
            stop.set()
            beside.join(_PATIENCE_S)  # a message in the middle is taken in; one that hangs is read again next time

    def _fetch_once(self, tally: Tally) -> None:
        self._incoming.fetch(tally)
        self._caught_up(tally)

    def check(self) -> None:
        """Raise what ended the thread: without the ledger nothing can go on."""
        if self._trouble is not None:
            raise self._trouble

    def follow(self, stop: threading.Event) -> None:
        """Round after round until `stop`; a mailbox that cannot be read is said, and tried again at the next round.

        One that refuses the login is left alone from then on: providers lock accounts for offering it again and again.
        """
        while self._is_set and not stop.is_set():
            if not self._go(lambda take: self._incoming.follow(take, stop, lambda: self._caught_up(take))):
                stop.wait(self._pause)

    def _follow_beside(self, stop: threading.Event) -> None:
        if stop.wait(min(_FIRST_PAUSE_S, self._pause)):  # all that lay there was taken in just now
            return
        try:
            self.follow(stop)
        except StorageTrouble as error:
            self._trouble = error

    def _go(self, fetch: Callable[[Tally], object]) -> bool:
        tally = Tally(self._incoming.intake().take, quiet=self._quiet)
        try:
            fetch(tally)
        except StorageTrouble:
            raise
        except CredentialsRefused as error:
            self._is_set = False
            again = "It is not asked again by this worker."
            console(stderr=True).print(f"What came back: {error} {again}", soft_wrap=True)
            return False
        except DistributorError as error:
            console(stderr=True).print(f"What came back: {error}", soft_wrap=True)
            return False
        except Exception as error:  # noqa: BLE001 - a defect here is not to hold up what is being sent
            console(stderr=True).print(f"What came back: {confess(error)}", soft_wrap=True)
            return False
        finally:
            _say(tally)
        return True

    def _caught_up(self, tally: Tally) -> None:
        _say(tally)
        hand_on_answers(self._incoming)


def _say(tally: Tally) -> None:
    if tally.kinds:
        console().print(tally.summary())
        tally.begin_anew()


def hand_on_answers(incoming: Incoming) -> None:
    """Send journalists' answers on to the press office, where that is set, and say how many.

    What cannot be sent now is said, and sent the next time: whoever took the message in has done their part.
    """
    try:
        forwarding = incoming.forwarding()
        handed_on = forwarding.hand_on() if forwarding else 0
    except StorageTrouble:
        raise
    except DistributorError as error:
        console(stderr=True).print(f"Not handed on yet: {error}", soft_wrap=True)
        return
    if forwarding and handed_on:
        console().print(f"Handed on to {forwarding.to}: {count(handed_on, 'answer')}.")


def watch_feedback(workspace: Workspace) -> None:
    """Take in what comes until a person stops it; raises `Interrupted` then, and `BadInput` where no mailbox is set."""
    Incoming(workspace).require_mailbox()
    console().print("Waiting for what comes back. Ctrl-C ends.")
    try:
        FeedbackRounds(workspace, quiet=False).follow(threading.Event())
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped; what came is taken in.", mend="Go on with: distributor feedback fetch --watch"
        ) from None


_FIRST_PAUSE_S = 1.0
_PATIENCE_S = 3.0
