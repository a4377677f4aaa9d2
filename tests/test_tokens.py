"""Tokens and keyed hashes: ours are read back, anything else is worthless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.tokens import BadToken, Keyring, Purpose

KEYRING = Keyring(b"an invented key")
numbers = st.integers(0, 2**63 - 1)
purposes = st.sampled_from(list(Purpose))


@given(purposes, numbers)
def test_a_token_comes_back_as_its_number(purpose: Purpose, number: int) -> None:
    token = KEYRING.token(purpose, number)
    assert KEYRING.read_token(purpose, token) == number
    assert KEYRING.read_token(purpose, token.upper()) == number
    assert token.isalnum()
    assert len(token) <= 39, "it goes into the local part of an address, which holds 64"


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
    place = data.draw(st.integers(0, len(token) - 2))  # the last character has bits that carry nothing
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
