"""Whom a correction is about, and that planning it leaves no gap through which the wrong text could slip."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ledgerbase import ACCEPTED, DELIVERY, KEYRING, START, add_dispatch, add_version, delivery_row
from sqlalchemy import select, update
from sqlmodel import Session, col

from distributor.addresses import kept_address
from distributor.contacts.objections import suppression
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.dispatch.correction_plan import CorrectionPart, Moved, Planned, plan_correction
from distributor.dispatch.messages.composing import Notice
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.merge_fields import merge_of
from distributor.dispatch.overtaken import require_uncorrected
from distributor.dispatch.recipients.correcting import Correcting, who_gets
from distributor.errors import Refused
from distributor.models import Delivery, Dispatch, Release, ReleaseVersion
from distributor.releases import store
from distributor.releases.store import StoredRelease
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Recipient
from distributor.starter import starter_path
from distributor.states import DeliveryState

IDENTITY = Identity(
    from_name="Service presse",
    from_address="presse@halle.example",
    reply_name="",
    reply_address="",
    bounce_address="retours@halle.example",
    objection_address="stop@halle.example",
    organisation="La Halle",
    public_url="",
)
ALL = tuple(DeliveryState)


@pytest.fixture(scope="module")
def templates() -> TemplateSet:
    return TemplateSet.load(starter_path("templates") / "press-release")


def wrong_text(database: Database, states: Sequence[DeliveryState] = ALL) -> tuple[int, dict[str, int]]:
    """A release sent to one journalist in each state, and its correction; return the dispatch, and state → delivery."""
    version_id = add_version(database, slug="halle")
    dispatch_id = add_dispatch(database, version_id, state="running", message_date=START)
    rows = []
    for number, state in enumerate(states):
        row = delivery_row(dispatch_id, version_id, number, state=state)
        recipient = Recipient(kept_address(row["address"]), name=row["name"])
        rows.append(row | {"merge": merge_of(recipient), "worker": "other" if state in ("claimed", "sending") else ""})
    with database.transaction() as connection:
        DeliveryLog(database, "planner").plan(connection, rows)
    right = add_version(database, slug="halle-rectificatif")
    with database.session() as session:
        version = session.get(ReleaseVersion, right)
        assert version is not None
        version.kind = "correction"
        release = session.get(Release, version.release_id)
        wrong = session.get(ReleaseVersion, version_id)
        assert release is not None
        assert wrong is not None
        release.corrects_id, release.kind = wrong.release_id, "correction"
        session.add_all([version, release])
        found = session.execute(select(col(Delivery.state), col(Delivery.id))).all()
    return dispatch_id, {state: number for state, number in found if number is not None}


def asked(session: Session) -> tuple[list[StoredRelease], Correcting]:
    versions = [store.find_release(session, "halle-rectificatif")]
    return versions, who_gets(session, versions, KEYRING, START)


def plan(database: Database, found: Correcting, templates: TemplateSet) -> Planned:
    with database.session() as session:
        stored = store.find_release(session, "halle-rectificatif")
        told = {one.holding.dispatch_id: Notice("correction", "Rectificatif", "…") for one in found.meant}
        part = CorrectionPart(
            stored, found.meant, found.phone, found.silent, IDENTITY, (), Notice("release"), told, copies=found.copies
        )
        return plan_correction(
            session,
            DeliveryLog(database, "corrector"),
            [part],
            found,
            keyring=KEYRING,
            templates=templates,
            actor="anne",
            now=START,
        )


def who(database: Database) -> tuple[Correcting, dict[str, list[int]]]:
    with database.session(reads_only=True) as session:
        _, found = asked(session)
    groups = {
        "correction": [one.holding.delivery_id for one in found.meant if one.has_it],
        "instead": [one.holding.delivery_id for one in found.meant if not one.has_it],
        "phone": [one.holding.delivery_id for one, _ in found.phone],
        "unsettled": [one.delivery_id for one in found.unsettled],
    }
    return found, groups


def test_each_state_of_a_wrong_text_has_its_consequence(database: Database) -> None:
    dispatch_id, by_state = wrong_text(database)
    found, groups = who(database)
    assert groups == {
        "correction": [by_state["accepted"]],
        "instead": sorted(by_state[state] for state in ("queued", "claimed", "deferred")),
        "phone": [by_state["complained"]],
        "unsettled": sorted(by_state[state] for state in ("sending", "in_doubt")),
    }, "a bounce gave it back; a refusal never took it"
    (one,) = [one for one in found.meant if one.has_it]
    assert one.references == (f"<{ALL.index(DeliveryState.ACCEPTED)}.{dispatch_id}@halle.example>",)


def test_planning_ends_the_wrong_text_and_takes_claims_away(database: Database, templates: TemplateSet) -> None:
    dispatch_id, by_state = wrong_text(database)
    other = DeliveryLog(database, "other", lambda: START)
    found, _ = who(database)
    planned = plan(database, found, templates)
    assert planned.ended == (dispatch_id,)
    assert planned.withheld == 3
    assert other.commit(Batch(begins=[by_state["claimed"]])) == [by_state["claimed"]], "its body may not leave any more"
    with database.session(reads_only=True) as session:
        states = dict(session.execute(select(col(Delivery.id), col(Delivery.state))).all())
        assert {states[by_state[name]] for name in ("queued", "claimed", "deferred")} == {"withheld"}
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        assert (dispatch.state, dispatch.pause_reason) == ("cancelled", "corrected by «halle-rectificatif»")
        with pytest.raises(Refused, match="corrected by «halle-rectificatif»"):
            require_uncorrected(session, store.find_release(session, "halle").release.id or 0)
    # What was on the wire is told by the other process only now; nobody else is asked about again.
    other.commit(Batch(records=[AttemptRecord(by_state["sending"], ACCEPTED, START)]))
    _, groups = who(database)
    assert groups["correction"] == [by_state["sending"]]
    assert groups["instead"] == groups["phone"] == []
    assert groups["unsettled"] == [by_state["in_doubt"]]


def test_who_comes_to_have_it_between_proof_and_plan_makes_it_prove_again(
    database: Database, templates: TemplateSet
) -> None:
    dispatch_id, by_state = wrong_text(database, (DeliveryState.ACCEPTED, DeliveryState.QUEUED))
    found, _ = who(database)
    with database.transaction() as connection:
        connection.execute(update(DELIVERY).where(DELIVERY.c.id == by_state["queued"]).values(state="accepted"))
    with pytest.raises(Moved):
        plan(database, found, templates)
    with database.session(reads_only=True) as session:
        dispatch = session.get(Dispatch, dispatch_id)
        assert dispatch is not None
        assert dispatch.state == "running", "nothing of it was kept"
    found, _ = who(database)
    (planned,) = plan(database, found, templates).dispatch_ids
    with database.session(reads_only=True) as session:
        mine = select(col(Delivery.corrects_id)).where(col(Delivery.dispatch_id) == planned)
        corrects = session.execute(mine).scalars()
        assert sorted(filter(None, corrects)) == sorted(by_state.values())


def test_an_objection_between_is_heeded_and_on_record_once(database: Database, templates: TemplateSet) -> None:
    wrong_text(database, (DeliveryState.ACCEPTED, DeliveryState.DEFERRED))
    found, _ = who(database)
    with database.session() as session:
        for number in (0, 1):
            address = kept_address(f"j{number}@journal{number}.example")
            suppression.add(session, KEYRING, address, reason="no", source="phone", actor="anne")
    with pytest.raises(Moved):
        plan(database, found, templates)
    found, groups = who(database)
    assert (len(groups["phone"]), len(found.silent), found.meant) == (1, 1, ())
    plan(database, found, templates)
    again, groups = who(database)
    assert (again.phone, again.silent) == ((), ())


def test_a_cancelled_correction_reaches_them_when_it_is_sent_again(database: Database, templates: TemplateSet) -> None:
    _, by_state = wrong_text(database, (DeliveryState.ACCEPTED, DeliveryState.QUEUED))
    found, _ = who(database)
    (planned,) = plan(database, found, templates).dispatch_ids
    assert who(database)[0].meant == ()
    DeliveryLog(database, "corrector").withhold(planned, "cancelled")
    _, groups = who(database)
    assert groups["correction"] == [by_state["accepted"]]
    assert groups["instead"] == [by_state["queued"]]
