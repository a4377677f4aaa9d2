"""What a mail server's reply means for one delivery: one ordered table of rules, and `classify`, which reads it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport.echoes import without_echoes
from distributor.transport.rules import RULES, Rule

_ENHANCED_AT_LINE_START = re.compile(r"^[#(\[]?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.MULTILINE)
_ENHANCED_AFTER_A_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]#?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_ENHANCED_AFTER_ALL = re.compile(r"\(#([245]\.\d{1,3}\.\d{1,3})(?: - \w+)?\)")
_REPEATED = re.compile(r"\n[#(\[]?[245]\.\d{1,3}\.\d{1,3}[)\]]?(?!\.?\d)")

MAX_REPLY_CHARACTERS = 4000
"""What is kept of a reply: a hostile server must not fill the attempt log."""


@dataclass(slots=True)
class Reading:
    """What a reply was found to say: the outcome, and the name of the rule that said so."""

    outcome: Outcome
    rule: str


def classify(phase: Phase, code: int, text: str, *, recipient: str = "", ours: tuple[str, ...] = ()) -> Outcome:
    """The outcome that the reply `code` `text`, given to the step `phase`, stands for.

    `recipient` is the address it is about, `ours` are the names by which we went in this dialogue (the sender's
    address, the EHLO name): where the reply merely repeats them, they say nothing.

    To be asked about final answers: any reply to the body, and a refusal of anything before. A reply that has no
    business where it came (a 2yz to DATA, a 3yz to the body) means that the two sides are out of step: before the
    body that is a fault of the connection, after it nobody knows. Never raises. RFC 5321 §4.2.1, RFC 3463.
    """
    return read(phase, code, text, recipient=recipient, ours=ours).outcome


def read(phase: Phase, code: int, text: str, *, recipient: str = "", ours: tuple[str, ...] = ()) -> Reading:
    """As `classify`, and names the rule, for whoever wants to know why."""
    reply = clean(text)
    # Of an acceptance only the digit counts: taking echoes out of it would be half of what a message costs.
    said = reply if 200 <= code <= 299 else without_echoes(reply, recipient, ours)
    enhanced = enhanced_code(said)
    # Servers wrap their sentences over the lines of a reply, and some begin each with the enhanced code again.
    words = " ".join(_REPEATED.sub("\n", said).split()) if "\n" in said else " ".join(said.split())
    if not words.isascii():
        words = unicodedata.normalize("NFC", words)
    rule = next((rule for rule in RULES if rule.fits(phase, code, enhanced, words)), None)
    if rule is None:
        return Reading(_out_of_step(phase, code, reply), "out-of-step")
    outcome = Outcome(
        state=_state(rule, code),
        verdict=rule.verdict,
        phase=phase,
        code=code,
        enhanced_code=enhanced,
        reply=reply,
        retry_after=rule.retry_after,
    )
    return Reading(outcome, rule.name)


def enhanced_code(text: str) -> str:
    """The RFC 3463 code a reply carries, as printed, or "".

    It stands at the start of a line (RFC 2034 §4), after a reply code that a relay quotes, or, with qmail and its
    kin, behind the words: `(#5.1.1)`. Four numbers in a row are an IP address, whatever they start with.
    """
    found = (
        _ENHANCED_AT_LINE_START.search(text) or _ENHANCED_AFTER_A_CODE.search(text) or _ENHANCED_AFTER_ALL.search(text)
    )
    return found.group(1) if found else ""


def clean(text: str) -> str:
    """A reply fit to be stored and shown: readable, without control characters, not endless.

    `text` may hold surrogate escapes for bytes that are not UTF-8; servers that answer in French without saying in
    which encoding mean Windows-1252.
    """
    if not text.isascii() and _is_escaped(text):
        text = text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    text = text.replace("\r", "").strip()
    if not text.isprintable():
        text = "".join(
            char if char == "\n" or unicodedata.category(char) not in {"Cc", "Cs"} else "\N{REPLACEMENT CHARACTER}"
            for char in text
        )
    return text if len(text) <= MAX_REPLY_CHARACTERS else text[: MAX_REPLY_CHARACTERS - 1] + "…"


def no_answer(reply: str) -> Outcome:
    """The body was on its way, its end too, and no intelligible verdict came back: the one case that is in doubt."""
    return Outcome(DeliveryState.IN_DOUBT, Verdict.NO_ANSWER, Phase.BODY, reply=clean(reply))


def connection_fault(phase: Phase, reply: str) -> Outcome:
    """The connection failed before the end of the body was sent: nobody has anything, try again."""
    return Outcome(DeliveryState.DEFERRED, Verdict.CONNECTION, phase, reply=clean(reply))


def _state(rule: Rule, code: int) -> DeliveryState:
    if rule.state is not None:
        return rule.state
    if rule.verdict.is_account_level:
        return DeliveryState.QUEUED
    # The reply's digit beats the enhanced code's where they differ: it is the one the protocol acts on.
    return DeliveryState.REJECTED if code >= 500 else DeliveryState.DEFERRED


def _out_of_step(phase: Phase, code: int, reply: str) -> Outcome:
    state, verdict = DeliveryState.DEFERRED, Verdict.CONNECTION
    if phase is Phase.BODY:
        state, verdict = DeliveryState.IN_DOUBT, Verdict.NO_ANSWER
    return Outcome(state, verdict, phase, code, enhanced_code(reply), reply)


def _is_escaped(text: str) -> bool:
    # Only characters U+DC80–U+DCFF come from the decoder; any other lone surrogate cannot be encoded back.
    surrogates = [char for char in text if "\ud800" <= char <= "\udfff"]
    return bool(surrogates) and all("\udc80" <= char <= "\udcff" for char in surrogates)
