"""Addresses: what people write, one normal form, one key per mailbox."""

from __future__ import annotations

import unicodedata

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.addresses import _RESERVED, Address, BadAddress, _parse_any, kept_address, parse_address

locals_ = st.from_regex(r"[a-zA-Zéèüßœ0-9]([a-zA-Zéèüßœ0-9._+-]{0,12}[a-zA-Zéèüßœ0-9])?", fullmatch=True).filter(
    lambda text: ".." not in text
)
domains = st.from_regex(r"[a-zA-Zéèü0-9]{1,8}(-[a-z]{1,4})?\.example", fullmatch=True)


@given(locals_, domains)
@example("NOC", "A.example")  # its letters are the same whichever way it is read
def test_an_address_is_read_back_from_every_way_it_is_written(local: str, domain: str) -> None:
    address = parse_address(f"{local}@{domain}")
    assert address.domain.isascii()
    assert address.domain == address.domain.lower()
    assert address.local == unicodedata.normalize("NFC", local)
    assert parse_address(address.spec) == address
    assert parse_address(str(address)) == address
    assert kept_address(address.spec) == address
    assert address.needs_smtputf8 == (not local.isascii())


@given(locals_, domains)
def test_case_and_normal_form_do_not_make_another_mailbox(local: str, domain: str) -> None:
    key = parse_address(f"{local}@{domain}").key
    for spelt in (local.upper(), local.lower(), unicodedata.normalize("NFD", local)):
        for where in (domain.upper(), unicodedata.normalize("NFD", domain)):
            assert parse_address(f"{spelt}@{where}").key == key


_NEARLY_PLAIN = st.from_regex(
    r"[A-Za-z0-9]{1,70}([._-]{1,2}[A-Za-z0-9]{1,5}){0,3}@([a-z0-9]{1,70}(-{1,2}[a-z0-9]{1,5}){0,2}\.){0,3}([a-z]{1,5}|test|com|local)",
    fullmatch=True,
)


@given(_NEARLY_PLAIN)
def test_a_plain_address_is_what_the_library_says_it_is(text: str) -> None:
    said: list[Address | str] = []
    for parse in (parse_address, _parse_any):
        try:
            said.append(parse(text))
        except BadAddress as error:
            said.append(str(error))
    assert said[0] == said[1]


def test_no_reserved_domain_is_taken_for_a_plain_one() -> None:
    assert {domain.rpartition(".")[2] for domain in SPECIAL_USE_DOMAIN_NAMES} <= _RESERVED
    with pytest.raises(BadAddress, match="special-use or reserved"):
        parse_address("a@b.test")


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_in_one_sentence(text: str) -> None:
    said = ""
    try:
        address = parse_address(text)
    except BadAddress as error:
        said = str(error)
    else:
        assert address.spec.isprintable()
        assert kept_address(address.spec) == address
        return
    assert said
    assert "\n" not in said


def test_no_providers_rules_are_guessed() -> None:
    keys = {parse_address(f"{local}@gmail.com").key for local in ("a.b", "ab", "a.b+presse")}
    assert len(keys) == 3


def test_an_idn_domain_goes_as_a_labels_and_is_shown_as_people_read_it() -> None:
    address = parse_address("redaction@écho-libre.example")
    assert address == Address("redaction", "xn--cho-libre-93a.example", "écho-libre.example")
    assert str(address) == "redaction@écho-libre.example"
    assert parse_address("redaction@XN--CHO-LIBRE-93A.example") == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anne",
        "anne@",
        "@fil.example",
        "anne@fil..example",
        "anne @fil.example",
        "anne@fil.example, paul@fil.example",
        "Anne <anne@fil.example>",
        "anne@fil.example\r\nBcc: paul@fil.example",
        "anne\n@fil.example",
        "anne@fil\u2028.example",
        "a" * 65 + "@fil.example",
        '"a<b"@fil.example',
        '"a>b"@fil.example',
        '"a@b"@fil.example',
        "=?utf-8?q?a?=@fil.example",
        '"a\xa0b"@fil.example',
    ],
)
def test_what_is_no_bare_address_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(text)
