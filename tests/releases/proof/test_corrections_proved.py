"""The proof of a correction: where it speaks, and where it only seems that it should."""

from __future__ import annotations

import pytest

from distributor.releases.findings import Corrects, Level
from distributor.releases.kinds import ReleaseKind
from releases.proof.subjects import found, with_draft


def codes(known: Corrects) -> set[str]:
    return {code for code in found(corrects=known) if code.startswith("correction-")}


@pytest.mark.parametrize(
    ("known", "code", "level"),
    [
        (Corrects(unstated=("halle 1",)), "correction-unstated", Level.STOP),
        (Corrects(unnamed=("halle 1",)), "correction-unnamed", Level.STOP),
        (Corrects(foreign={"en": 3}), "correction-language", Level.STOP),
        (Corrects(is_same=True), "correction-same", Level.STOP),
        (Corrects(computed=("halle 1",)), "correction-computed", Level.NOTE),
    ],
)
def test_each_says_its_own(known: Corrects, code: str, level: Level) -> None:
    assert codes(known) == {code}
    assert found(corrects=known)[code].level is level


def test_a_correction_that_says_all_is_silent() -> None:
    assert codes(Corrects()) == set()


@pytest.mark.parametrize("kind", [ReleaseKind.CORRECTION, ReleaseKind.REPLACEMENT, ReleaseKind.RETRACTION])
def test_one_that_is_linked_to_nothing_is_warned_of(kind: ReleaseKind) -> None:
    assert "correction-alone" in with_draft(kind=kind)


def test_a_text_that_is_being_corrected_does_not_leave_unless_somebody_says_so() -> None:
    assert found(being_corrected="halle-rectificatif")["correction-begun"].level is Level.STOP
    assert "correction-begun" not in found()


def test_a_release_is_no_correction() -> None:
    assert "correction-alone" not in found()
