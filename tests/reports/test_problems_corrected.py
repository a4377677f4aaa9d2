"""What a report says to do of a text that was corrected: never a command that is refused."""

from __future__ import annotations

from distributor.reports.problems import find_problems
from distributor.states import CUT_OFF

REASONS = [
    ("withheld", "", CUT_OFF, 3, "a@monde.example"),
    ("withheld", "", "cancelled", 2, "b@monde.example"),
    ("expired", "", "", 1, "c@monde.example"),
    ("in_doubt", "", "", 1, "d@monde.example"),
]


def told(corrected_by: str = "", *, is_withdrawn: bool = False) -> dict[str, str]:
    found = find_problems(REASONS, 0, 7, "halle", corrected_by=corrected_by, is_withdrawn=is_withdrawn)
    return {one.code: one.command for one in found}


def test_whoever_did_not_get_it_is_sent_what_corrects_it() -> None:
    again = "distributor send halle-rectificatif --list NAME"
    commands = told("halle-rectificatif")
    assert [commands[code] for code in ("cut_off", "cancelled", "expired")] == [again] * 3
    assert told()["expired"] == "distributor dispatches retry 7 --state expired"


def test_the_lists_of_the_dispatch_are_named() -> None:
    found = find_problems(REASONS, 0, 7, "halle", lists=["mer", "presse"], excluded=["radios"])
    (again,) = (one.command for one in found if one.code == "cancelled")
    assert again == "distributor send halle --list mer --list presse --exclude radios"


def test_whoever_did_not_get_what_was_withdrawn_has_no_problem() -> None:
    assert list(told("halle-annulation", is_withdrawn=True)) == ["in_doubt"]
