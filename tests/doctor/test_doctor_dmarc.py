"""DMARC: which record receivers find by the tree walk, and what it makes them do."""

from __future__ import annotations

import pytest
from dnszone import Zone
from hypothesis import given
from hypothesis import strategies as st

from distributor.doctor.check import Check, Level
from distributor.doctor.dmarc import TreeWalk, check_dmarc, names_to_ask, parse_dmarc, walk_tree

DOMAIN = "presse.office.example"


def walk(domain: str = DOMAIN, /, **records: str | list[str]) -> TreeWalk:
    """Names are written with `_` for the dot: `office_example="v=DMARC1; …"`."""
    return walk_tree(domain, Zone({f"_dmarc.{name.replace('_', '.')}": text for name, text in records.items()}))


def dmarc(**records: str | list[str]) -> Check:
    return check_dmarc(walk(**records))


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("v=DMARC1; p=none", {"v": "DMARC1", "p": "none"}),
        (
            "v = DMARC1 ;P=reject; rua=mailto:a@office.example?x=1;",
            {"v": "DMARC1", "p": "reject", "rua": "mailto:a@office.example?x=1"},
        ),
        ("v=dmarc1; p=none", None),
        ("p=none; v=DMARC1", None),
        ("v=DMARC12; p=none", None),
        ("v=spf1 -all", None),
        ("", None),
    ],
)
def test_reading_a_record(text: str, tags: dict[str, str] | None) -> None:
    assert parse_dmarc(text) == tags


_VALUES = st.text(st.characters(exclude_characters=";")).map(str.strip)


@given(st.dictionaries(st.sampled_from(["p", "sp", "rua", "t", "psd", "x"]), _VALUES), st.sampled_from([";", " ; "]))
def test_tags_are_read_as_they_were_written(tags: dict[str, str], separator: str) -> None:
    text = separator.join(["v=DMARC1", *(f"{name}={value}" for name, value in tags.items())])
    assert parse_dmarc(text) == {"v": "DMARC1", **tags}


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    assert dmarc(presse_office_example="v=DMARC1;" + text).level in {Level.OK, Level.WARN}


def test_the_walk_goes_up_to_the_last_label() -> None:
    assert names_to_ask("a.b.example") == ["a.b.example", "b.example", "example"]
    assert names_to_ask("example") == ["example"]


def test_the_walk_from_a_very_deep_name_asks_eight_times() -> None:
    names = names_to_ask("a.b.c.d.e.f.g.h.i.j.mail.example")
    assert len(names) == 8
    assert names[1] == "f.g.h.i.j.mail.example"


def test_eight_labels_lose_one() -> None:
    assert names_to_ask("a.b.c.d.e.f.g.h")[1] == "b.c.d.e.f.g.h"


def test_the_domains_own_record_comes_first() -> None:
    check = dmarc(presse_office_example="v=DMARC1; p=reject; rua=mailto:d@office.example", office_example="v=DMARC1")
    assert check == Check.ok("dmarc", f"{DOMAIN}: p=reject, mail that fails is refused.")


def test_a_subdomain_gets_its_organisations_policy() -> None:
    check = dmarc(office_example="v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@office.example")
    assert check.message == (
        f"{DOMAIN}: sp=quarantine, mail that fails goes to the junk folder. The policy is that of office.example."
    )
    assert "p=none" in dmarc(office_example="v=DMARC1; p=none").message


def test_a_registrys_record_applies_to_an_organisation_without_one() -> None:
    found = walk(example="v=DMARC1; p=reject; psd=y")
    assert found.organisational_domain == "office.example"
    assert found.policy is not None
    assert found.policy.domain == "example"


def test_a_registrys_record_does_not_make_it_the_organisation() -> None:
    found = walk(office_example="v=DMARC1; p=none", example="v=DMARC1; p=reject; psd=y")
    assert found.organisational_domain == "office.example"
    assert found.policy is not None
    assert found.policy.domain == "office.example"


def test_psd_n_ends_the_walk() -> None:
    found = walk(presse_office_example="v=DMARC1; p=none; psd=n", office_example="v=DMARC1; p=reject")
    assert found.organisational_domain == DOMAIN
    assert [record.domain for record in found.found] == [DOMAIN]


def test_without_psd_the_shortest_name_with_a_record_is_the_organisation() -> None:
    found = walk(presse_office_example="v=DMARC1; p=none", office_example="v=DMARC1; p=reject")
    assert found.organisational_domain == "office.example"
    assert found.policy is not None
    assert found.policy.domain == DOMAIN


def test_no_record_anywhere() -> None:
    found = walk()
    assert found.organisational_domain == DOMAIN
    assert check_dmarc(found).level is Level.WARN
    assert "no DMARC policy" in check_dmarc(found).message


def test_several_records_are_none() -> None:
    check = dmarc(presse_office_example=["v=DMARC1; p=none", "v=DMARC1; p=reject"])
    assert check.level is Level.WARN
    assert "several" in check.message


def test_other_texts_at_the_name_are_passed_over() -> None:
    assert dmarc(presse_office_example=["v=spf1 -all", "v=DMARC1; p=none"]).level is Level.OK


@pytest.mark.parametrize("tags", ["", "p=", "p=block"])
def test_a_policy_nobody_understands(tags: str) -> None:
    assert dmarc(presse_office_example=f"v=DMARC1; {tags}").level is Level.WARN


def test_remarks() -> None:
    message = dmarc(presse_office_example="v=DMARC1; p=reject; t=y; pct=50").message
    assert "on trial" in message
    assert "no reports" in message
    assert "no longer knows pct" in message
