"""What providers are known to bear: limits of sending accounts, and of the servers of large mailbox providers, as data.

Figures change: each has its source and the month in which it was last compared. What is not `confirmed` was found on no
page of the provider that we could keep; a setting of one's own wins over every figure here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from distributor.errors import BadInput
from distributor.transport.throttle import Limits

CHECKED = "2026-11"


@dataclass(frozen=True, slots=True)
class Preset:
    """The limits of one kind of sending account; `hosts` are ends of the names of its servers.

    `begins_with` are settings that a new account of this kind has unless it is given others.
    """

    name: str
    title: str
    limits: Limits
    source: str
    hosts: tuple[str, ...] = ()
    confirmed: bool = True
    note: str = ""
    date: str = CHECKED
    begins_with: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: the domains it answers for, and what its servers bear from one sender."""

    name: str
    domains: tuple[str, ...]
    limits: Limits
    source: str
    date: str = CHECKED


def _at(host: str, port: int) -> dict[str, str]:
    return {"smtp_host": host, "smtp_port": str(port), "smtp_security": "tls" if port == 465 else "starttls"}


_EXCHANGE = "Microsoft Learn: Exchange Online limits"
_GOOGLE = "Google Workspace Admin Help: Gmail sending limits"

PRESETS: tuple[Preset, ...] = (
    Preset(
        "exchange-online",
        "Microsoft 365, SMTP submission",
        Limits(connections=3, per_minute=30, per_day=10_000),
        _EXCHANGE,
        ("smtp.office365.com", "smtp-mail.outlook.com"),
        note="copies fill «Sent»; passwords are off by default from the end of December 2026",
        begins_with=_at("smtp.office365.com", 587) | {"smtp_login": "xoauth2", "oauth_provider": "microsoft"},
    ),
    Preset(
        "gmail",
        "Gmail, a personal account",
        Limits(per_day=500),
        _GOOGLE,
        ("smtp.gmail.com",),
        begins_with=_at("smtp.gmail.com", 465),
    ),
    Preset(
        "workspace",
        "Google Workspace",
        Limits(per_day=2_000),
        _GOOGLE,
        ("smtp.gmail.com",),
        begins_with=_at("smtp.gmail.com", 465) | {"oauth_provider": "google"},
    ),
    Preset(
        "workspace-relay",
        "Google Workspace, SMTP relay service",
        Limits(per_day=10_000),
        _GOOGLE,
        ("smtp-relay.gmail.com",),
        begins_with=_at("smtp-relay.gmail.com", 465),
    ),
    Preset(
        "scaleway-mailbox",
        "Scaleway Mailbox",
        Limits(messages_per_connection=10),
        "Scaleway documentation: mailbox limits",
    ),
    Preset(
        "scaleway-tem",
        "Scaleway Transactional Email",
        Limits(),
        "Scaleway documentation: transactional email quotas",
        ("smtp.tem.scaleway.com",),
        note="10,000 messages a month, which is not counted here; 50 MB a message",
        begins_with=_at("smtp.tem.scaleway.com", 465),
    ),
    Preset(
        "ses-sandbox",
        "Amazon SES, in the sandbox",
        Limits(per_second=1, per_day=200),
        "Amazon SES Developer Guide: sending quotas",
        ("amazonaws.com",),
        confirmed=False,
    ),
    Preset(
        "ses",
        "Amazon SES, out of the sandbox",
        Limits(),
        "Amazon SES Developer Guide: sending quotas",
        confirmed=False,
        note="the console shows your rate and quota: set them as smtp_per_second and smtp_per_day; one host a region",
    ),
    Preset(
        "brevo-free",
        "Brevo, free plan",
        Limits(per_day=300),
        "Brevo: price list",
        ("brevo.com",),
        confirmed=False,
        begins_with=_at("smtp-relay.brevo.com", 587),
    ),
    Preset(
        "brevo",
        "Brevo, a paid plan",
        Limits(),
        "Brevo: price list",
        confirmed=False,
        note="so many messages a month as the plan has, which is not counted here",
        begins_with=_at("smtp-relay.brevo.com", 587),
    ),
    Preset(
        "mailjet-free",
        "Mailjet, free plan",
        Limits(per_day=200),
        "Mailjet: price list",
        ("in-v3.mailjet.com",),
        confirmed=False,
        begins_with=_at("in-v3.mailjet.com", 587),
    ),
    Preset(
        "mailjet",
        "Mailjet, a paid plan",
        Limits(),
        "Mailjet: price list",
        confirmed=False,
        note="so many messages a month as the plan has, which is not counted here",
        begins_with=_at("in-v3.mailjet.com", 587),
    ),
    Preset(
        "postmark",
        "Postmark",
        Limits(),
        "Postmark: SMTP guide",
        ("smtp.postmarkapp.com",),
        confirmed=False,
        note="user name and password are both the server's token; press lists go through a broadcast stream",
        begins_with=_at("smtp.postmarkapp.com", 587),
    ),
    Preset(
        "ovh",
        "OVHcloud, one mailbox",
        Limits(per_hour=200),
        "OVHcloud: guides",
        ("ovh.net",),
        confirmed=False,
        begins_with=_at("ssl0.ovh.net", 465),
    ),
)

_KUMO = "KumoMTA shaping.toml"
_BENTO = "Bento: French mailbox providers"

PROVIDERS: tuple[Provider, ...] = (
    Provider("gmail.com", ("gmail.com", "googlemail.com"), Limits(), "Google: e-mail sender guidelines"),
    Provider(
        "outlook.com",
        ("outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com", "live.fr", "msn.com"),
        Limits(),
        "Microsoft: Outlook.com postmaster",
    ),
    Provider(
        "yahoo.com",
        ("yahoo.com", "yahoo.fr", "yahoo.co.uk", "ymail.com", "rocketmail.com", "aol.com"),
        Limits(messages_per_connection=20),
        _KUMO,
    ),
    Provider("orange.fr", ("orange.fr", "wanadoo.fr"), Limits(connections=2, messages_per_connection=100), _KUMO),
    Provider("laposte.net", ("laposte.net",), Limits(connections=2, messages_per_connection=100), _BENTO),
    Provider(
        "sfr.fr",
        ("sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr", "numericable.fr", "noos.fr"),
        Limits(connections=2),
        _BENTO,
    ),
    Provider("free.fr", ("free.fr",), Limits(), "postmaster.free.fr"),
)

_BY_DOMAIN = {domain: provider for provider in PROVIDERS for domain in provider.domains}


def provider_of(domain: str) -> str:
    """The name under which a domain's provider is paced: that of the provider, or the domain's own."""
    provider = _BY_DOMAIN.get(domain)
    return provider.name if provider else domain


def domains_of(name: str) -> tuple[str, ...]:
    """The domains that are paced under one name."""
    provider = _BY_DOMAIN.get(name)
    return provider.domains if provider else (name,)


def provider_limits(name: str) -> Limits:
    """What a provider's servers bear; no limits for one that is not known."""
    provider = _BY_DOMAIN.get(name)
    return provider.limits if provider else Limits()


def require_preset(name: str, field: str) -> Preset:
    """The preset of that name; `BadInput` for `field` where there is none, with the name that it is like."""
    for preset in PRESETS:
        if preset.name == name:
            return preset
    near = get_close_matches(name.lower(), [preset.name for preset in PRESETS], n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise BadInput(f"There is no preset «{name}».", field=field, mend=f"{meant}See: distributor accounts presets")


def presets_for(host: str) -> list[Preset]:
    """The presets that a mail server's name speaks for."""
    name = host.lower().rstrip(".")
    return [one for one in PRESETS if any(name == end or name.endswith(f".{end}") for end in one.hosts)]
