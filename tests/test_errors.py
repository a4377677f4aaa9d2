"""Errors: one sentence, a place, a way to mend it, and one exit code per class."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.errors import (
    AccountTrouble,
    BadInput,
    CredentialsRefused,
    DistributorError,
    FileReplaced,
    Interrupted,
    NotAllReached,
    Refused,
    ServerUnavailable,
    StorageTrouble,
)

CODES = {
    DistributorError: 1,
    BadInput: 2,
    StorageTrouble: 2,
    FileReplaced: 2,
    Refused: 3,
    AccountTrouble: 4,
    ServerUnavailable: 4,
    CredentialsRefused: 4,
    NotAllReached: 5,
    Interrupted: 130,
}


@pytest.mark.parametrize(("kind", "code"), CODES.items())
def test_every_class_has_its_exit_code(kind: type[DistributorError], code: int) -> None:
    assert kind("x").exit_code == code


def test_the_sentence_is_followed_by_the_way_to_mend_it() -> None:
    error = Refused("The proof stops it.", mend="Mend the dateline.")
    assert str(error) == "The proof stops it. Mend the dateline."
    assert (error.message, error.mend) == ("The proof stops it.", "Mend the dateline.")
    assert str(Refused("No.")) == "No."


def test_what_a_server_said_without_a_full_stop_gets_one_before_the_way_to_mend_it() -> None:
    assert str(AccountTrouble("It said: 535 No", mend="Try again.")) == "It said: 535 No. Try again."
    assert str(AccountTrouble("It said: 535 No")) == "It said: 535 No"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ({"file": Path("liste.csv"), "line": 3, "field": "E-mail"}, "liste.csv:3: E-mail: Not an address. Look."),
        ({"file": "liste.csv", "line": 3}, "liste.csv:3: Not an address. Look."),
        ({"file": "liste.csv"}, "liste.csv: Not an address. Look."),
        ({"field": "--list"}, "--list: Not an address. Look."),
        ({}, "Not an address. Look."),
    ],
)
def test_bad_input_says_where(place: dict[str, object], shown: str) -> None:
    assert str(BadInput("Not an address.", mend="Look.", **place)) == shown  # type: ignore[arg-type]
