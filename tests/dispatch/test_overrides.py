"""What an override lets pass: the finding it was said of, in one version."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledgerbase import START, add_version
from sqlmodel import select

from distributor.db.engine import Database
from distributor.dispatch.proof import overrides
from distributor.dispatch.proof.overrides import override
from distributor.models import Audit, ReleaseVersion
from distributor.releases.findings import Finding, Level

PLACEHOLDER = Finding("placeholder", Level.STOP, "XX was left in.", 4, "le XX mars")
DATELINE = Finding("dateline-far", Level.STOP, "It is a month old.", 2, "Brest, le 2 février")


def test_an_override_is_logged_and_holds_for_one_version(database: Database) -> None:
    first, second = add_version(database, slug="a"), add_version(database, slug="b")
    made = [override(one, because="archives", actor="anne", at=START) for one in (PLACEHOLDER, DATELINE)]
    with database.session() as session:
        overrides.record(session, session.get_one(ReleaseVersion, first), made)
    with database.session(reads_only=True) as session:
        assert overrides.standing(session, session.get_one(ReleaseVersion, first)) == made
        assert overrides.standing(session, session.get_one(ReleaseVersion, second)) == []
        logged = session.exec(select(Audit)).all()
    assert [(row.actor, row.at, row.action, row.details["because"]) for row in logged] == [
        ("anne", START, "proof.override", "archives")
    ] * 2


@pytest.mark.parametrize(
    ("finding", "is_passed"),
    [
        (PLACEHOLDER, True),
        (DATELINE, True),
        (replace(PLACEHOLDER, message="said in other words, a day later"), True),
        (replace(PLACEHOLDER, line=9), False),
        (replace(PLACEHOLDER, excerpt="le XX avril"), False),
        (replace(PLACEHOLDER, code="template-braces"), False),
    ],
)
def test_it_lets_the_same_finding_pass_and_no_other(finding: Finding, is_passed: bool) -> None:
    made = [override(one, because="so", actor="anne", at=START) for one in (PLACEHOLDER, DATELINE)]
    assert (finding in overrides.passed([finding], made)) == is_passed


def test_of_several_overrides_the_latest_is_named() -> None:
    made = [override(PLACEHOLDER, because="so", actor=who, at=START) for who in ("anne", "paul")]
    assert overrides.passed([PLACEHOLDER], made)[PLACEHOLDER].actor == "paul"
