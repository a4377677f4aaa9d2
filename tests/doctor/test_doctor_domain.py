"""The sender's domain as a whole: MX, DKIM, alignment, and a DNS that does not answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dnszone import Zone

from distributor.doctor.check import Check, Level, contained
from distributor.doctor.dkim import find_keys
from distributor.doctor.domain import check_alignment, check_mx, domain_checks
from distributor.doctor.examination import DOMAIN as NAMES
from distributor.doctor.lookup import DnsSilent
from distributor.settings import load_settings

DOMAIN = "office.example"
KEY = "v=DKIM1; k=rsa; p=MIGf"


def mx(*records: str, **addresses: str) -> Check:
    others = {(DOMAIN, kind): [address] for kind, address in addresses.items()}
    return check_mx(DOMAIN, Zone(others={(DOMAIN, "MX"): records, **others}))


def test_mx_hosts_in_their_order() -> None:
    assert mx("20 b.office.example.", "10 a.office.example.").message.endswith("a.office.example, b.office.example.")


def test_null_mx() -> None:
    check = mx("0 .")
    assert check.level is Level.WARN
    assert "takes no mail" in check.message


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_an_address_without_mx(kind: str) -> None:
    assert "no MX record" in mx(**{kind: "192.0.2.1"}).message


def test_neither_mx_nor_address() -> None:
    check = mx()
    assert check.level is Level.WARN
    assert "neither" in check.message


def test_dkim_keys_under_common_names() -> None:
    check = find_keys(DOMAIN, Zone({f"s1._domainkey.{DOMAIN}": KEY, f"k1._domainkey.{DOMAIN}": "k=rsa; p=MIGf"}))
    assert check.level is Level.OK
    assert "s1, k1" in check.message


@pytest.mark.parametrize("record", ["v=DKIM1; p=", "v=spf1 -all", "something"])
def test_a_revoked_key_is_no_key_and_none_is_no_verdict(record: str) -> None:
    check = find_keys(DOMAIN, Zone({f"default._domainkey.{DOMAIN}": record}))
    assert check.level is Level.SKIP
    assert "from outside" in check.message


def test_keys_found_before_dns_fell_silent_count() -> None:
    zone = Zone({f"default._domainkey.{DOMAIN}": KEY}, silent=[f"selector1._domainkey.{DOMAIN}"])
    assert find_keys(DOMAIN, zone).level is Level.OK


@pytest.mark.parametrize(
    ("policy", "envelope", "level"),
    [
        ("v=DMARC1; p=none", "bounce.office.example", Level.OK),
        ("v=DMARC1; p=none; aspf=s", "bounce.office.example", Level.WARN),
        ("v=DMARC1; p=none", "relay.example", Level.WARN),
    ],
)
def test_alignment_of_the_bounce_address(policy: str, envelope: str, level: Level) -> None:
    assert check_alignment(DOMAIN, envelope, Zone({f"_dmarc.{DOMAIN}": policy})).level is level


def settings(folder: Path, **values: str) -> Any:
    return load_settings(folder, {f"DISTRIBUTOR_{name.upper()}": value for name, value in values.items()})


def test_spf_is_asked_where_receivers_ask(tmp_path: Path) -> None:
    zone = Zone()
    own = settings(tmp_path, mail_from=f"presse@{DOMAIN}", bounce_address="b@relay.example")
    names = [check.name for check in domain_checks(own, zone)]
    assert names == ["mx", "spf", "dmarc", "alignment", "dkim"]
    assert "relay.example TXT" in zone.asked
    assert f"{DOMAIN} TXT" not in zone.asked


def test_a_silent_dns_skips_and_fails_nothing(tmp_path: Path) -> None:
    def silent(_name: str, _kind: str) -> list[str]:
        raise DnsSilent("no answer in time")

    checks = list(domain_checks(settings(tmp_path, mail_from=f"presse@{DOMAIN}"), silent))
    assert [check.name for check in checks] == list(NAMES)
    assert {check.level for check in checks} == {Level.SKIP}
    assert "DNS does not answer" in checks[0].message


def test_no_sender_no_question(tmp_path: Path) -> None:
    zone = Zone()
    checks = list(contained("mx", domain_checks(settings(tmp_path), zone), NAMES[1:]))
    assert {check.message for check in checks} == {"Left out: see sender."}
    assert zone.asked == []
