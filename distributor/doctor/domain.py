"""The sender's domain as DNS shows it to receivers: MX, SPF, DKIM, DMARC."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.doctor.check import Check, NotExamined, guarded
from distributor.doctor.dkim import check_own_keys, find_keys
from distributor.doctor.dmarc import check_dmarc, walk_tree
from distributor.doctor.lookup import Lookup
from distributor.doctor.spf import check_spf
from distributor.settings import PREFIX, Settings


def domain_checks(settings: Settings, lookup: Lookup) -> Iterator[Check]:
    """Look at the domain of the sender, and at those of the envelope and of the signature where they are others.

    Only a key of ours that receivers cannot find is a failure; all else works somehow.
    """
    if settings.mail_from is None:
        raise NotExamined("Left out: see sender.")
    domain = settings.mail_from.address.domain
    envelope_domain = settings.bounce_address.domain if settings.bounce_address else domain
    yield guarded("mx", check_mx, domain, lookup)
    # Receivers look SPF up at the domain of the envelope's sender, not at the one that people see (RFC 7208 §2.4).
    yield guarded("spf", check_spf, envelope_domain, lookup)
    yield guarded("dmarc", _look_for_policy, domain, lookup)
    signing_domain = settings.signing_domain if settings.dkim_key else ""
    if {envelope_domain, signing_domain or domain} != {domain}:
        yield guarded("alignment", check_alignment, domain, envelope_domain, lookup, signing_domain)
    if signing_domain:
        yield guarded("dkim", check_own_keys, settings, lookup)
    else:
        yield guarded("dkim", find_keys, domain, lookup)


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


def check_alignment(domain: str, envelope_domain: str, lookup: Lookup, signing_domain: str = "") -> Check:
    """Whether SPF of the envelope's domain, or our DKIM signature, vouches for the sender's in DMARC's eyes.

    RFC 9989 §4.10; one of the two is enough. `signing_domain` is "" where we do not sign.
    """
    walk = walk_tree(domain, lookup)

    def is_aligned(other: str, tag: str) -> bool:
        if other == domain:
            return True
        if walk.policy is not None and walk.policy.tags.get(tag, "r").lower() == "s":
            return False
        return walk.organisational_domain == walk_tree(other, lookup).organisational_domain

    by_spf = is_aligned(envelope_domain, "aspf")
    bounces = f"Bounces go to {envelope_domain}"
    if signing_domain:
        if is_aligned(signing_domain, "adkim"):
            spf = "SPF vouches too" if by_spf else f"{bounces.lower()}, so SPF does not"
            return Check.ok("alignment", f"We sign as {signing_domain}, which vouches for {domain}; {spf}.")
        rest = "only SPF does, which forwarding breaks" if by_spf else f"and {bounces.lower()}, so SPF does not either"
        return Check.warn(
            "alignment",
            f"We sign as {signing_domain}: for DMARC, that does not vouch for {domain}; {rest}.",
            f"Leave {PREFIX}DKIM_DOMAIN empty, and publish the key for {domain}.",
        )
    if by_spf:
        return Check.ok("alignment", f"{bounces}, which belongs to {domain}.")
    return Check.warn(
        "alignment",
        f"{bounces}: for DMARC, its SPF record does not vouch for {domain}.",
        f"Sign with DKIM for {domain} (distributor dkim keygen; or have your mail provider do it), or set"
        f" {PREFIX}BOUNCE_ADDRESS to an address of {domain}.",
    )


def _look_for_policy(domain: str, lookup: Lookup) -> Check:
    return check_dmarc(walk_tree(domain, lookup))


def _preference(record: str) -> int:
    first = record.split(maxsplit=1)[0]
    return int(first) if first.isdigit() else 0
