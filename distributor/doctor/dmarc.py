"""The DMARC policy that receivers find for a domain, by the tree walk of RFC 9989 §4.10."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distributor.doctor.check import Check
from distributor.doctor.lookup import Lookup

_POLICIES = {
    "none": "receivers let mail that fails through, and watch",
    "quarantine": "mail that fails goes to the junk folder",
    "reject": "mail that fails is refused",
}
_REMOVED = ("pct", "rf", "ri")
_DEEPEST_PARENT = 7


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """The one valid record found at `_dmarc.` + `domain`; tag names in lower case."""

    domain: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TreeWalk:
    """What a walk from `start` towards the root found, nearest first; `ambiguous` names hold several records."""

    start: str
    found: tuple[DmarcRecord, ...]
    ambiguous: tuple[str, ...]

    @property
    def organisational_domain(self) -> str:
        """The domain that stands for the whole organisation: two names that share it are aligned."""
        for record in self.found:
            psd = record.tags.get("psd", "u").lower()
            if psd == "n":
                return record.domain
            if psd == "y" and record.domain != self.start:
                return _one_label_below(record.domain, self.start)
        return self.found[-1].domain if self.found else self.start

    @property
    def policy(self) -> DmarcRecord | None:
        """The record that receivers apply: the domain's own, its organisation's, or its registry's."""
        by_domain = {record.domain: record for record in self.found}
        own = by_domain.get(self.start) or by_domain.get(self.organisational_domain)
        if own is None and self.found and self.found[-1].tags.get("psd", "").lower() == "y":
            return self.found[-1]
        return own


def parse_dmarc(text: str) -> dict[str, str] | None:
    """The tags of a DMARC record, names in lower case; None for a TXT record that is none."""
    parts = [part.partition("=") for part in text.split(";")]
    name, _, version = parts[0]
    if name.strip().lower() != "v" or version.strip() != "DMARC1":
        return None
    return {name.strip().lower(): value.strip() for name, equals, value in parts if equals}


def walk_tree(domain: str, lookup: Lookup) -> TreeWalk:
    """Ask for the record of `domain` and of its parents, at most eight names."""
    found: list[DmarcRecord] = []
    ambiguous: list[str] = []
    for name in names_to_ask(domain):
        records = [tags for tags in map(parse_dmarc, lookup(f"_dmarc.{name}", "TXT")) if tags is not None]
        if len(records) > 1:
            ambiguous.append(name)
        elif records:
            found.append(DmarcRecord(name, records[0]))
            if records[0].get("psd", "").lower() in {"y", "n"}:
                break
    return TreeWalk(domain, tuple(found), tuple(ambiguous))


def names_to_ask(domain: str) -> list[str]:
    """The domain, then its parents up to the last label; of a very deep name, only the last seven labels."""
    labels = domain.split(".")
    rest = labels[-_DEEPEST_PARENT:] if len(labels) > _DEEPEST_PARENT else labels[1:]
    return [domain, *(".".join(rest[start:]) for start in range(len(rest)))]


def check_dmarc(walk: TreeWalk) -> Check:
    """Say what receivers do with mail in the name of the walk's domain that fails SPF and DKIM."""
    domain = walk.start
    if domain in walk.ambiguous:
        return Check.warn(
            "dmarc",
            f"_dmarc.{domain} has several DMARC records, so receivers go by none of them.",
            "Have whoever keeps your domain leave only one.",
        )
    record = walk.policy
    if record is None:
        return Check.warn(
            "dmarc",
            f"{domain} has no DMARC policy; Gmail, Yahoo and Outlook want one from whoever sends much.",
            f"Have whoever keeps your domain publish at _dmarc.{domain}: v=DMARC1; p=none; rua=mailto:…",
        )
    asked = "sp" if record.domain != domain and "sp" in record.tags else "p"
    policy = record.tags.get(asked, "").lower()
    if policy not in _POLICIES:
        said = f"{asked}={policy}" if policy else "no p tag"
        return Check.warn(
            "dmarc",
            f"The DMARC record of {record.domain} has {said}, which many receivers do not understand.",
            "Have whoever keeps your domain write p=none, p=quarantine or p=reject.",
        )
    return Check.ok("dmarc", " ".join([f"{domain}: {asked}={policy}, {_POLICIES[policy]}.", *_remarks(record, domain)]))


def _remarks(record: DmarcRecord, domain: str) -> list[str]:
    remarks = []
    if record.domain != domain:
        remarks.append(f"The policy is that of {record.domain}.")
    if record.tags.get("t", "").lower() == "y":
        remarks.append("It is on trial (t=y): receivers are one step milder.")
    if "rua" not in record.tags:
        remarks.append("It asks for no reports (rua).")
    if removed := [name for name in _REMOVED if name in record.tags]:
        remarks.append(f"RFC 9989 no longer knows {', '.join(removed)}.")
    return remarks


def _one_label_below(parent: str, domain: str) -> str:
    return ".".join(domain.split(".")[-(parent.count(".") + 2) :])
