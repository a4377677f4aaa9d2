"""What providers are known to bear: limits of sending accounts, and of the servers of large mailbox providers, as data.

Figures change: each has its source and the month in which it was last compared. What is not `confirmed` was found on no
page of the provider that we could keep; a setting of one's own wins over every figure here.
"""

from __future__ import annotations

from dataclasses import dataclass

from distributor.transport.throttle import Limits

CHECKED = "2026-11"


@dataclass(frozen=True, slots=True)
class Preset:
    """The limits of one kind of sending account; `hosts` are ends of the names of its servers."""

    name: str
    title: str
    limits: Limits
    source: str
    hosts: tuple[str, ...] = ()
    confirmed: bool = True
    note: str = ""
    date: str = CHECKED


@dataclass(frozen=True, slots=True)
class Provider:
    """A mailbox provider: the domains it answers for, and what its servers bear from one sender."""

    name: str
    domains: tuple[str, ...]
    limits: Limits
    source: str
    date: str = CHECKED


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
    ),
    Preset("gmail", "Gmail, a personal account", Limits(per_day=500), _GOOGLE, ("smtp.gmail.com",)),
    Preset("workspace", "Google Workspace", Limits(per_day=2_000), _GOOGLE, ("smtp.gmail.com",)),
    Preset(
        "workspace-relay",
        "Google Workspace, SMTP relay service",
        Limits(per_day=10_000),
        _GOOGLE,
        ("smtp-relay.gmail.com",),
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
    ),
    Preset(
        "ses-sandbox",
        "Amazon SES, in the sandbox",
        Limits(per_second=1, per_day=200),
        "Amazon SES Developer Guide: sending quotas",
        ("amazonaws.com",),
        confirmed=False,
    ),
    Preset("brevo-free", "Brevo, free plan", Limits(per_day=300), "Brevo: price list", ("brevo.com",), confirmed=False),
    Preset(
        "mailjet-free",
        "Mailjet, free plan",
        Limits(per_day=200),
        "Mailjet: price list",
        ("in-v3.mailjet.com",),
        confirmed=False,
    ),
    Preset("ovh", "OVHcloud, one mailbox", Limits(per_hour=200), "OVHcloud: guides", ("ovh.net",), confirmed=False),
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


def find_preset(name: str) -> Preset | None:
    """The preset of that name."""
    return next((preset for preset in PRESETS if preset.name == name), None)


def presets_for(host: str) -> list[Preset]:
    """The presets that a mail server's name speaks for."""
    name = host.lower().rstrip(".")
    return [one for one in PRESETS if any(name == end or name.endswith(f".{end}") for end in one.hosts)]
