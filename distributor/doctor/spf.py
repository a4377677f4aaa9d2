"""The SPF record of a domain, weighed without sending anything (RFC 7208)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from distributor.doctor.check import Check
from distributor.doctor.lookup import DnsSilent, Lookup

MAX_LOOKUPS = 10
_CORRECT = "Have whoever keeps your domain correct it."

_TERM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)(?P<value>[:/].*)?", re.IGNORECASE
)
_MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
_ASKS_DNS = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """One record, as receivers read it: the mechanisms before `all`, and what becomes of everybody else.

    `mechanisms` are (name, value) pairs; `rest` is the qualifier of `all` (`+ ? ~ -`), or "" without one; `redirect`
    the domain that decides instead, or ""; `faults` the words that make the record void (§4.6).
    """

    mechanisms: tuple[tuple[str, str], ...]
    rest: str
    redirect: str
    faults: tuple[str, ...]


def spf_records(texts: Sequence[str]) -> list[str]:
    """Those of a domain's TXT records that are SPF records (§4.5)."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def parse_spf(text: str) -> SpfRecord:
    """Read a record that begins with `v=spf1`."""
    mechanisms: list[tuple[str, str]] = []
    faults: list[str] = []
    rest = redirect = ""
    for word in text.split()[1:]:
        if modifier := _MODIFIER.fullmatch(word):
            redirect = modifier["value"] if modifier["name"].lower() == "redirect" else redirect
            continue
        term = _TERM.fullmatch(word)
        if term is None or not _is_sound(term["name"].lower(), term["value"] or ""):
            faults.append(word)
        elif term["name"].lower() == "all":
            rest = rest or term["qualifier"] or "+"
        elif not rest:  # what stands behind `all` is never looked at (§5.1)
            mechanisms.append((term["name"].lower(), (term["value"] or "").lstrip(":")))
    return SpfRecord(tuple(mechanisms), rest, "" if rest else redirect, tuple(faults))


def check_spf(domain: str, lookup: Lookup) -> Check:
    """Weigh the SPF record of `domain`; `DnsSilent` when DNS does not answer for it."""
    records = spf_records(lookup(domain, "TXT"))
    if not records:
        return Check.warn(
            "spf",
            f"{domain} has no SPF record: receivers cannot tell your mail server from an impostor's.",
            "Have whoever keeps your domain publish the record that your mail provider gives you (v=spf1 …).",
        )
    if len(records) > 1:
        return Check.warn(
            "spf",
            f"{domain} has {len(records)} SPF records, so receivers go by none of them (RFC 7208 §4.5).",
            "Have whoever keeps your domain merge them into one.",
        )
    walk = _Walk(domain, lookup)
    rest = walk.follow(domain, parse_spf(records[0]))
    problems = [*walk.problems, *_judge_rest(domain, rest)]
    if problems:
        return Check.warn("spf", " ".join(said for said, _ in problems), " ".join(mend for _, mend in problems))
    seen = "at least " if walk.is_incomplete else ""
    return Check.ok("spf", f"{domain}: {records[0]} ({seen}{walk.lookups} of {MAX_LOOKUPS} look-ups).")


@dataclass(slots=True)
class _Walk:
    """Follows includes and redirects as a receiver would, and counts what it asks DNS (§4.6.4)."""

    start: str
    lookup: Lookup
    lookups: int = 0
    problems: list[tuple[str, str]] = field(default_factory=list)
    is_incomplete: bool = False

    def follow(self, domain: str, record: SpfRecord) -> str | None:
        """Walk through `record`; return the qualifier that everybody else gets ("" for none), None if nobody knows."""
        if record.faults:
            words = ", ".join(f"«{word}»" for word in record.faults)
            self._note(f"The SPF record of {domain} has a mistake ({words}), which makes it void.", _CORRECT)
            return None
        for name, value in record.mechanisms:
            if name in _ASKS_DNS:
                self._spend()
            if name == "include":
                self._visit(domain, value)
        if not record.redirect:
            return record.rest
        self._spend()
        return self._visit(domain, record.redirect)

    def _spend(self) -> None:
        self.lookups += 1
        if self.lookups == MAX_LOOKUPS + 1:
            self._note(
                f"The SPF record of {self.start} asks for more than {MAX_LOOKUPS} look-ups, which makes it void"
                " (RFC 7208 §4.6.4).",
                "Have whoever keeps your domain take out the includes of services you no longer use.",
            )

    def _visit(self, domain: str, target: str) -> str | None:
        """Follow one include or redirect; not past the limit, and not into a macro, which only a receiver can fill."""
        if self.lookups > MAX_LOOKUPS or "%" in target:
            self.is_incomplete = True
            return None
        try:
            records = spf_records(self.lookup(target.rstrip("."), "TXT"))
        except DnsSilent:
            self.is_incomplete = True
            return None
        if len(records) != 1:
            self._note(
                f"{domain} refers to {target}, which has {len(records) or 'no'} SPF records: that makes it void.",
                "Have whoever keeps your domain take it out, or correct the name.",
            )
            return None
        return self.follow(target, parse_spf(records[0]))

    def _note(self, said: str, mend: str) -> None:
        self.problems.append((said, mend))


def _judge_rest(domain: str, rest: str | None) -> list[tuple[str, str]]:
    mend = "Have whoever keeps your domain end the record with ~all or -all."
    if rest == "+":
        return [(f"{domain} lets the whole world send in its name (+all).", mend)]
    if rest in {"?", ""}:
        ending = "?all" if rest else "no «all»"
        return [(f"{domain} says nothing about mail from elsewhere ({ending}).", mend)]
    return []


def _is_sound(name: str, value: str) -> bool:
    if name == "all":
        return not value
    if name in {"ip4", "ip6"}:
        try:
            network = ipaddress.ip_network(value.removeprefix(":"), strict=False)
        except ValueError:
            return False
        return network.version == int(name[2])
    if name in {"include", "exists"}:
        return value.startswith(":") and len(value) > 1
    return value != ":"
