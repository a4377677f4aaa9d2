"""Tokens and keyed hashes: ours are read back, anything else is worthless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.tokens import LONGEST_BOUNCE_LOCAL, LONGEST_TOKEN, BadToken, Keyring, Purpose

KEYRING = Keyring(b"an invented key")
ROTATED = Keyring(b"an invented key", (b"a newer key", b"an older key"))
keyrings = st.sampled_from([KEYRING, ROTATED])
numbers = st.integers(0, 2**63 - 1)
purposes = st.sampled_from(list(Purpose))


@given(keyrings, purposes, numbers)
def test_a_token_comes_back_as_its_number(keyring: Keyring, purpose: Purpose, number: int) -> None:
    token = keyring.token(purpose, number)
    assert keyring.read_token(purpose, token) == number
    assert keyring.read_token(purpose, token.upper()) == number
    assert token.isalnum()
    assert len(token) <= LONGEST_TOKEN, "it goes into the local part of an address, which holds 64"


@given(purposes, numbers)
def test_a_token_is_worthless_for_another_purpose_or_key(purpose: Purpose, number: int) -> None:
    token = KEYRING.token(purpose, number)
    for other in set(Purpose) - {purpose}:
        with pytest.raises(BadToken):
            KEYRING.read_token(other, token)
    with pytest.raises(BadToken):
        Keyring(b"another key").read_token(purpose, token)


@given(numbers, st.data())
def test_an_altered_token_is_refused(number: int, data: st.DataObject) -> None:
    token = KEYRING.token(Purpose.UNSUBSCRIBE, number)
    place = data.draw(st.integers(0, len(token) - 1))
    char = data.draw(st.sampled_from([c for c in "abcdefghijklmnopqrstuvwxyz234567" if c != token[place]]))
    with pytest.raises(BadToken):
        KEYRING.read_token(Purpose.UNSUBSCRIBE, token[:place] + char + token[place + 1 :])


@given(st.text(max_size=60))
def test_whatever_arrives_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with pytest.raises(BadToken):
        KEYRING.read_token(Purpose.BOUNCE, text)


def test_the_same_address_has_the_same_hash_under_one_key_only() -> None:
    first = KEYRING.address_hash("anne@fil.example")
    assert first == Keyring(b"an invented key").address_hash("anne@fil.example")
    assert first != KEYRING.address_hash("anna@fil.example")
    assert first != Keyring(b"another key").address_hash("anne@fil.example")
    assert (len(first), "anne" in first) == (64, False)


def test_a_key_is_named_and_never_shown() -> None:
    assert KEYRING.key_id != Keyring(b"another key").key_id
    assert len(KEYRING.key_id) == 8
    for shown in (repr(KEYRING), str(KEYRING), f"{KEYRING}"):
        assert "invented" not in shown
        assert KEYRING.key_id in shown


@given(purposes, numbers)
def test_keys_are_exchanged_one_after_the_other(purpose: Purpose, number: int) -> None:
    first = KEYRING.token(purpose, number)
    assert KEYRING.token(purpose, number) == first, "a retry sends the same bytes"
    second = ROTATED.token(purpose, number)
    # Whoever adds a key and keeps the former one accepts both; a key that is dropped is worth nothing any more.
    both = Keyring(b"an invented key", (b"a newer key", b"an invented key"))
    assert [both.read_token(purpose, one) for one in (first, second)] == [number, number]
    assert both.token(purpose, number, "") == first, "a dispatch goes on with the key it was planned with"
    assert both.token(purpose, number, ROTATED.signing_id) == second
    with pytest.raises(BadToken):
        ROTATED.read_token(purpose, first)
    dropped = Keyring(b"an invented key", (b"the newest key",))
    with pytest.raises(BadToken):
        dropped.read_token(purpose, second)
    with pytest.raises(BadToken):
        dropped.token(purpose, number, ROTATED.signing_id)
    assert (dropped.knows(""), dropped.knows(ROTATED.signing_id), both.knows(ROTATED.signing_id)) == (True, False, True)


def test_rotating_what_signs_leaves_objections_recognised() -> None:
    assert ROTATED.address_hash("anne@fil.example") == KEYRING.address_hash("anne@fil.example")
    assert ROTATED.key_id == KEYRING.key_id
    assert ROTATED.signing_id not in ("", ROTATED.key_id)
    assert KEYRING.signing_id == ""


@given(keyrings, numbers)
def test_a_bounce_address_fits_and_comes_back_however_servers_spell_it(keyring: Keyring, number: int) -> None:
    local = "r" * LONGEST_BOUNCE_LOCAL
    address = keyring.bounce_address(f"{local}@office.example", number)
    assert len(address.partition("@")[0]) <= 64
    forwarded = f"SRS0=hHhH=TT=office.example={address.partition('@')[0]}@relais.example"
    for spelt in (address, address.upper(), address.title(), f"<{address}>", f"rfc822;{address}", forwarded):
        assert keyring.read_bounce_address(spelt) == number, spelt


@given(numbers, st.text(max_size=80))
def test_a_forged_bounce_address_names_nobody(number: int, text: str) -> None:
    unsubscribe = KEYRING.token(Purpose.UNSUBSCRIBE, number)
    forged = Keyring(b"another key").bounce_address("rebonds@office.example", number)
    longer = KEYRING.bounce_address("rebonds@office.example", number).replace("@", "a@")
    for address in (f"rebonds+{unsubscribe}@office.example", forged, longer, text, f"rebonds+{text}@office.example"):
        assert KEYRING.read_bounce_address(address) is None
