"""The sender's domain as DNS shows it to receivers: MX, SPF, DKIM, DMARC."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.doctor.check import Check, NotExamined, guarded
from distributor.doctor.dmarc import check_dmarc, walk_tree
from distributor.doctor.lookup import DnsSilent, Lookup
from distributor.doctor.spf import check_spf
from distributor.settings import Settings

COMMON_SELECTORS = ("default", "selector1", "selector2", "google", "s1", "s2", "mail", "k1")


def domain_checks(settings: Settings, lookup: Lookup) -> Iterator[Check]:
    """Look at the domain of the sender, and at that of the envelope where it is another. Nothing here ever fails."""
    if settings.mail_from is None:
        raise NotExamined("Left out: see sender.")
    domain = settings.mail_from.address.domain
    envelope_domain = settings.bounce_address.domain if settings.bounce_address else domain
    yield guarded("mx", check_mx, domain, lookup)
    # Receivers look SPF up at the domain of the envelope's sender, not at the one that people see (RFC 7208 §2.4).
    yield guarded("spf", check_spf, envelope_domain, lookup)
    yield guarded("dmarc", _look_for_policy, domain, lookup)
    if envelope_domain != domain:
        yield guarded("alignment", check_alignment, domain, envelope_domain, lookup)
    yield guarded("dkim", check_dkim, domain, lookup)


def check_mx(domain: str, lookup: Lookup) -> Check:
    """Whether answers, bounces and objections can reach `domain` (RFC 5321 §5.1, RFC 7505)."""
    hosts = [record.split()[-1].rstrip(".") for record in sorted(lookup(domain, "MX"), key=_preference)]
    if hosts and not all(hosts):
        return Check.warn(
            "mx",
            f"{domain} says that it takes no mail (null MX): answers are lost, and many refuse its mail.",
            "Send from a domain that takes mail.",
        )
    if hosts:
        return Check.ok("mx", f"{domain} takes mail at {', '.join(hosts)}.")
    if lookup(domain, "A") or lookup(domain, "AAAA"):
        return Check.warn(
            "mx",
            f"{domain} has no MX record; mail to it goes to the machine of that name.",
            "Have an MX record published, or check that this machine takes mail.",
        )
    return Check.warn(
        "mx",
        f"{domain} has neither MX record nor address: answers and objections cannot arrive, and many refuse its mail.",
        "Check the domain in DISTRIBUTOR_MAIL_FROM.",
    )


def check_dkim(domain: str, lookup: Lookup) -> Check:
    """Look for DKIM keys under common names; none found proves nothing (RFC 6376 §3.6.1)."""
    found: list[str] = []
    for selector in COMMON_SELECTORS:
        try:
            records = lookup(f"{selector}._domainkey.{domain}", "TXT")
        except DnsSilent:
            if not found:
                raise
            break
        if any(_is_key(record) for record in records):
            found.append(selector)
    if found:
        return Check.ok(
            "dkim", f"{domain} has DKIM keys named {', '.join(found)}; see in a message you sent if it signs."
        )
    return Check.skip(
        "dkim",
        f"{domain} has no DKIM key under the usual names. Another name cannot be guessed from outside: look for"
        " «dkim=pass» in the headers of a message you sent.",
    )


def check_alignment(domain: str, envelope_domain: str, lookup: Lookup) -> Check:
    """Whether SPF of the envelope's domain can vouch for the sender's in DMARC's eyes (RFC 9989 §4.10)."""
    walk = walk_tree(domain, lookup)
    is_strict = walk.policy is not None and walk.policy.tags.get("aspf", "r").lower() == "s"
    together = walk.organisational_domain == walk_tree(envelope_domain, lookup).organisational_domain
    if together and not is_strict:
        return Check.ok("alignment", f"Bounces go to {envelope_domain}, which belongs to {domain}.")
    return Check.warn(
        "alignment",
        f"Bounces go to {envelope_domain}: for DMARC, its SPF record does not vouch for {domain}.",
        f"Have your mail provider sign with DKIM for {domain}, or set DISTRIBUTOR_BOUNCE_ADDRESS to one of {domain}.",
    )


def _look_for_policy(domain: str, lookup: Lookup) -> Check:
    return check_dmarc(walk_tree(domain, lookup))


def _preference(record: str) -> int:
    first = record.split(maxsplit=1)[0]
    return int(first) if first.isdigit() else 0


def _is_key(record: str) -> bool:
    """Whether a TXT record is a DKIM key that was not revoked (an empty `p` revokes it)."""
    tags = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in record.split(";"))}
    return tags.get("v", "DKIM1") == "DKIM1" and bool(tags.get("p"))
