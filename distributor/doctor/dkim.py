"""DKIM: the keys we sign with, and what receivers find of them in DNS (RFC 6376 §3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distributor.dispatch.messages.signing import read_key_file
from distributor.doctor.check import Check, Level, NotExamined
from distributor.doctor.lookup import DnsSilent, Lookup
from distributor.errors import BadInput
from distributor.rendering.sign import SigningKey
from distributor.settings import PREFIX, Settings

COMMON_SELECTORS = ("default", "selector1", "selector2", "google", "s1", "s2", "mail", "k1")

_PUBLISH = "Have whoever keeps your domain publish the record that this shows: distributor dkim check"


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key of the workspace, and the name under which receivers look for its record."""

    file: str
    selector: str
    domain: str
    key: SigningKey

    @property
    def name(self) -> str:
        """Where its TXT record stands."""
        return f"{self.selector}._domainkey.{self.domain}"


def own_keys(settings: Settings) -> list[OwnKey]:
    """The keys that the settings name; `BadInput` for one that cannot be used."""
    return [
        OwnKey(file, selector, settings.signing_domain, read_key_file(settings.workspace, file))
        for file, selector in zip(settings.dkim_key, settings.dkim_selector, strict=True)
    ]


def check_key_files(settings: Settings) -> Check:
    """Whether we can sign, where we are to."""
    if not settings.dkim_key:
        return Check.ok("dkim_key", f"None is set ({PREFIX}DKIM_KEY): signing is left to your mail server.")
    shown = [f"{own.file} ({own.key.algorithm}, selector {own.selector})" for own in own_keys(settings)]
    return Check.ok(
        "dkim_key", f"Messages are signed for {settings.signing_domain or 'the sender'}: {'; '.join(shown)}."
    )


def check_own_keys(settings: Settings, lookup: Lookup) -> Check:
    """What DNS says of all keys that we sign with: the worst of it, or that it holds them all."""
    try:
        keys = own_keys(settings)
    except BadInput:
        raise NotExamined("Left out: see dkim key.") from None
    checks = [check_record(own, lookup) for own in keys]
    for level in (Level.FAIL, Level.WARN):
        for check in checks:
            if check.level is level:
                return check
    return Check.ok("dkim", " ".join(check.message for check in checks))


def check_record(own: OwnKey, lookup: Lookup) -> Check:
    """Whether receivers find this key in DNS. `DnsSilent` when DNS does not answer."""
    records = [tags for tags in map(parse_key, lookup(own.name, "TXT")) if tags is not None]
    fault = _fault(records[0], own.key) if len(records) == 1 else f"has {len(records) or 'no'} DKIM records"
    if fault:
        return Check.fail("dkim", f"{own.name} {fault}: what we sign cannot be verified.", _PUBLISH)
    if "y" in records[0].get("t", "").split(":"):
        return Check.warn(
            "dkim",
            f"{own.name} holds our key, on trial (t=y): receivers treat our mail as if it were not signed.",
            "Have whoever keeps your domain take t=y out once messages arrive with «dkim=pass».",
        )
    return Check.ok("dkim", f"{own.name} holds our key ({own.key.algorithm.key_type}).")


def _fault(tags: Mapping[str, str], key: SigningKey) -> str:
    """Why receivers cannot verify with this record what `key` signs, or ""."""
    if not tags["p"]:
        return "says that the key was revoked (an empty p)"
    if tags.get("k", "rsa") != key.algorithm.key_type or tags["p"] != key.public:
        return "holds another key than ours"
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return f"allows other digests only (h={tags['h']})"
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return f"is not for e-mail (s={tags['s']})"
    return ""


def find_keys(domain: str, lookup: Lookup) -> Check:
    """Look for DKIM keys under common names; none found proves nothing (RFC 6376 §3.6.1)."""
    found: list[str] = []
    for selector in COMMON_SELECTORS:
        try:
            records = lookup(f"{selector}._domainkey.{domain}", "TXT")
        except DnsSilent:
            if not found:
                raise
            break
        if any((parse_key(record) or {}).get("p") for record in records):
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


def parse_key(record: str) -> dict[str, str] | None:
    """The tags of a key's record, blanks taken out (RFC 6376 §3.6.1); None for a TXT record that is none."""
    parts = [part.partition("=") for part in record.split(";")]
    tags = {name.strip(): "".join(value.split()) for name, equals, value in parts if equals}
    return tags if "p" in tags and tags.get("v", "DKIM1") == "DKIM1" else None
