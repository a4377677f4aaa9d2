"""SPF: what makes a record void, open to the world, or good."""

from __future__ import annotations

import pytest
from dnszone import Zone
from hypothesis import given
from hypothesis import strategies as st

from distributor.doctor.check import Check, Level
from distributor.doctor.lookup import DnsSilent
from distributor.doctor.spf import check_spf, parse_spf

DOMAIN = "office.example"


def spf(record: str | list[str], **more: str) -> Check:
    named = {name.replace("_", "."): text for name, text in more.items()}
    return check_spf(DOMAIN, Zone({DOMAIN: record, **named}))


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 -all",
        "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a mx a:mail.office.example/28 ~all",
        "V=SPF1 MX -ALL",
        "v=spf1 exists:%{i}._spf.office.example -all exp=why.office.example",
        "v=spf1 mx -all include:never.looked.at",
    ],
)
def test_a_good_record(record: str) -> None:
    assert spf(["some=verification", record]).level is Level.OK


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("v=spf1 mx +all", "the whole world"),
        ("v=spf1 mx all", "the whole world"),
        ("v=spf1 mx ?all", "says nothing"),
        ("v=spf1 mx", "says nothing"),
        ("v=spf1 ipv4:192.0.2.1 -all", "«ipv4:192.0.2.1»"),
        ("v=spf1 ip4:192.0.2.999 -all", "«ip4:192.0.2.999»"),
        ("v=spf1 ip6:192.0.2.1 -all", "«ip6:192.0.2.1»"),
        ("v=spf1 include: -all", "«include:»"),
        ("v=spf1 mx -all.", "«-all.»"),
        ("v=spf1 " + " ".join(f"a:h{n}.example" for n in range(11)) + " -all", "more than 10 look-ups"),
        ("v=spf1 include:nowhere.example -all", "nowhere.example, which has no SPF"),
        ("v=spf1 redirect=nowhere.example", "nowhere.example, which has no SPF"),
    ],
)
def test_a_record_to_mend(record: str, said: str) -> None:
    check = spf(record)
    assert check.level is Level.WARN
    assert said in check.message
    assert check.mend


@pytest.mark.parametrize("records", [[], ["v=spf10 -all"], ["google-site-verification=x"]])
def test_no_record(records: list[str]) -> None:
    assert "no SPF record" in spf(records).message


def test_two_records_are_none() -> None:
    assert "none of them" in spf(["v=spf1 -all", "v=spf1 mx -all"]).message


def test_includes_are_counted_and_their_all_does_not_decide() -> None:
    check = spf("v=spf1 mx include:a.example -all", a_example="v=spf1 a a:x.example +all")
    assert check.level is Level.OK
    assert "4 of 10" in check.message


def test_ten_look_ups_are_allowed() -> None:
    assert spf("v=spf1 " + " ".join(f"a:h{n}.example" for n in range(10)) + " -all").level is Level.OK


def test_a_redirect_decides() -> None:
    assert spf("v=spf1 redirect=a.example", a_example="v=spf1 mx -all").level is Level.OK
    assert "whole world" in spf("v=spf1 redirect=a.example", a_example="v=spf1 +all").message


def test_a_record_that_includes_itself_ends() -> None:
    zone = Zone({DOMAIN: f"v=spf1 include:{DOMAIN} -all"})
    assert "more than 10" in check_spf(DOMAIN, zone).message
    assert len(zone.asked) == 11


def test_a_silent_include_is_passed_over_and_said() -> None:
    check = check_spf(DOMAIN, Zone({DOMAIN: "v=spf1 mx include:slow.example -all"}, silent=["slow.example"]))
    assert check.level is Level.OK
    assert "at least 2 of 10" in check.message


def test_silence_about_the_domain_itself_is_no_verdict() -> None:
    with pytest.raises(DnsSilent):
        check_spf(DOMAIN, Zone(silent=[DOMAIN]))


@given(st.text())
def test_any_text_is_read_as_something(text: str) -> None:
    record = parse_spf("v=spf1 " + text)
    assert record.rest in {"", "+", "?", "~", "-"}
    assert check_spf(DOMAIN, Zone({DOMAIN: "v=spf1 " + text})).level in {Level.OK, Level.WARN}
