"""Two contacts made one, field by field, nothing lost; and made two again, as they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from databases import LONG, empty
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgerbase import ACCEPTED, KEYRING, START, HandClock, add_dispatch, add_version, delivery_row, record_of
from sqlmodel import Session, SQLModel, col, select

from distributor.addresses import parse_address
from distributor.contacts.lists.press_lists import list_members, lists_of
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people import ownership
from distributor.contacts.people.combining import Undone, find_merge, merge, plan_merge, undo
from distributor.contacts.people.members import find_contact, search_contacts
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import Batch
from distributor.dispatch.recipients.earlier import find_earlier
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.manifest import LeftOutReason
from distributor.errors import BadInput, Refused
from distributor.folding import fold
from distributor.models import (
    Affiliation,
    Contact,
    ContactMerge,
    ContactSector,
    Delivery,
    MediaList,
    MediaListDeparture,
    MediaListMember,
    Outlet,
    Release,
    ReleaseVersion,
    Sector,
)
from distributor.releases.inforce import accept, acceptances, holding, withdraw

A, B = "marie.durand@jour.example", "mdurand@soir.example"


def add_contact(session: Session, address: str, first: str = "Marie", last: str = "Durand", **values: Any) -> int:
    values = {"source": "eco.csv", "legal_basis": "li", "collected_at": START} | values
    contact = Contact(
        address=address,
        address_key=address,
        first_name=first,
        last_name=last,
        name_key=fold(f"{first} {last}"),
        **values,
    )
    session.add(contact)
    session.flush()
    assert contact.id is not None
    return contact.id


def named(session: Session, model: type[Any], name: str, **values: Any) -> int:
    key = "key" if model is Outlet else "slug"
    found = session.exec(select(model).where(getattr(model, key) == fold(name))).first()
    if found is None:
        found = model(**{key: fold(name)}, name=name, **values)
        session.add(found)
        session.flush()
    number: int = found.id
    return number


def works_at(session: Session, contact_id: int, outlet: str, **values: Any) -> int:
    one = Affiliation(contact_id=contact_id, outlet_id=named(session, Outlet, outlet), **values)
    session.add(one)
    session.flush()
    assert one.id is not None
    return one.id


def put_on(session: Session, contact_id: int, name: str, **values: Any) -> None:
    values = {"source": f"{name}.csv", "added_at": START} | values
    session.add(MediaListMember(media_list_id=named(session, MediaList, name), contact_id=contact_id, **values))
    session.flush()


def covers(session: Session, contact_id: int, *sectors: str) -> None:
    for name in sectors:
        session.add(ContactSector(contact_id=contact_id, sector_id=named(session, Sector, name)))
    session.flush()


@pytest.fixture
def pair(database: Database) -> Database:
    """Marie at Le Jour, on «economie»; Marie at Le Soir, on «economie» and «social»; a release."""
    with database.session() as session:
        a = add_contact(session, A, language="fr", phone="01", notes="vue en mai", updated_at=START)
        b = add_contact(
            session, B, phone="02", notes="préfère le matin", topics="rail", embargo_trust=True,
            collected_at=START - timedelta(days=9), source="social.csv", updated_at=START + timedelta(days=1),
        )  # fmt: skip
        works_at(session, a, "Le Jour", role="Reporter", is_primary=True)
        works_at(session, b, "Le Soir", is_primary=True)
        put_on(session, a, "economie")
        put_on(session, b, "economie", added_at=START - timedelta(days=9))
        put_on(session, b, "social")
        covers(session, a, "eco")
        covers(session, b, "eco", "travail")
    add_version(database)
    return database


def make_one(base: Database, first: str = A, second: str = B, **choices: str) -> int:
    with base.session() as session:
        ids = [find_contact(session, one).contact_id for one in (first, second)]
        return merge(session, KEYRING, plan_merge(session, *ids, choices), actor="anne")


def make_two(base: Database, *names: int | str) -> Undone:
    with base.session() as session:
        return undo(session, find_merge(session, names), actor="anne")


def everything(base: Database) -> dict[str, list[Any]]:
    """Every row but those that tell of the merge itself."""
    with base.session() as session:
        return {
            table.name: sorted(map(repr, session.execute(table.select()).all()))
            for table in SQLModel.metadata.sorted_tables
            if table.name not in ("audit", "contact_merge")
        }


@pytest.mark.parametrize("which", [0, 1])
def test_one_that_another_command_has_merged_since_it_was_found_is_left_alone(
    database: Database, *, which: int
) -> None:
    """While somebody reads the question, say: it was a defect, or took the other merge back without a word."""
    with database.session() as session:
        found = [add_contact(session, A), add_contact(session, B)]
        third = add_contact(session, "m.durand@matin.example")
    with database.session() as session:
        merge(session, KEYRING, plan_merge(session, third, found[which]), actor="paul")
    with pytest.raises(Refused, match="meanwhile; nothing was merged"), database.session() as session:
        merge(session, KEYRING, plan_merge(session, *found), actor="anne")
    with database.session() as session:
        assert session.get_one(Contact, found[which]).same_as_id == third
        assert session.get_one(Contact, found[1 - which]).same_as_id is None


def test_what_only_one_says_is_kept_and_the_newer_wins(pair: Database) -> None:
    with pair.session() as session:
        a, b = (find_contact(session, one).contact_id for one in (A, B))
        plan = plan_merge(session, a, b)
    said = {one.field: (one.kept, one.why) for one in plan.resolved}
    assert said["phone"] == ("02", "B was changed last")
    assert said["language"] == ("fr", "only one says it")
    assert said["notes"] == ("vue en mai\npréfère le matin", "both, joined")
    assert said["topics"] == ("rail", "both, joined")
    assert said["source"] == ("social.csv", "collected first")
    assert said["embargo_trust"] == ("no", "the stricter")
    assert [one.field for one in plan.resolved if one.is_conflict] == ["phone"]
    make_one(pair)
    with pair.session() as session:
        kept = session.get_one(Contact, a)
        assert (kept.phone, kept.language, kept.source, kept.embargo_trust) == ("02", "fr", "social.csv", False)
        assert kept.collected_at == START - timedelta(days=9)


def test_a_choice_decides(pair: Database) -> None:
    make_one(pair, phone="a", source="A")
    with pair.session() as session:
        kept = session.get_one(Contact, find_contact(session, A).contact_id)
        assert (kept.phone, kept.source) == ("01", "eco.csv")


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ({"address": "B"}, "The address of the first one"),
        ({"nonsense": "A"}, "no choice"),
        ({"phone": "C"}, "A or B"),
    ],
)
def test_a_choice_that_is_none_is_told(pair: Database, choices: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        make_one(pair, **choices)


def test_one_and_the_same_is_not_merged(pair: Database) -> None:
    with pytest.raises(BadInput, match="one contact already"):
        make_one(pair, A, A)


def test_lists_go_on_mailing_the_address_they_mailed(pair: Database) -> None:
    make_one(pair)
    with pair.session() as session:
        (on_social,) = list_members(session, "social", KEYRING)
        (on_economy,) = list_members(session, "economie", KEYRING)
        assert (on_social.address, on_social.outlet) == (B, "Le Soir")
        assert (on_economy.address, on_economy.outlet) == (A, "Le Jour")
        assert on_social.contact_id == on_economy.contact_id
        assert on_social.sectors == ("eco", "travail")
        assert lists_of(session, on_social.contact_id, KEYRING) == ["economie", "social"]
        stay = session.exec(select(MediaListMember).where(MediaListMember.source == "economie.csv")).one()
        assert stay.added_at == START - timedelta(days=9)
        assert session.exec(select(MediaListDeparture)).all() == []


def test_both_addresses_name_one_contact(pair: Database) -> None:
    make_one(pair)
    with pair.session() as session:
        assert len(search_contacts(session, "durand")) == 1
        kept = find_contact(session, B)
        assert kept.address == A
        assert ownership.addresses_of(session, [kept.contact_id])[kept.contact_id] == (A, B)


@pytest.mark.parametrize("objector", [A, B])
@pytest.mark.parametrize("scope", ["", "sport"])
def test_what_either_objected_to_holds_for_both(pair: Database, objector: str, scope: str) -> None:
    with pair.session() as session:
        suppression.add(session, KEYRING, parse_address(objector), reason="no", scope=scope, actor="anne")
    before = everything(pair)
    make_one(pair)
    with pair.session() as session:
        for address in (A, B):
            assert suppression.scopes_of(session, KEYRING, parse_address(address)) == [scope]
        hashes = {line.address_hash for line in suppression.listing(session)}
        assert hashes == {KEYRING.address_hash(one) for one in (A, B)}
        version = session.exec(select(ReleaseVersion)).one()
        found = make_manifest(session, version, ["economie", "social"], [], KEYRING)
        assert bool(found.recipients) == bool(scope)
    make_two(pair, A, B)
    assert everything(pair) == before


@pytest.mark.parametrize("flags", [("opted_out", ""), ("", "opted_out"), ("desk", "opted_out")])
def test_the_strictest_flag_is_kept(pair: Database, flags: Sequence[str]) -> None:
    with pair.session() as session:
        for address, flag in zip((A, B), flags, strict=True):
            session.get_one(Contact, find_contact(session, address).contact_id).flag = flag
    make_one(pair)
    with pair.session() as session:
        kept = find_contact(session, A)
        assert kept.opted_out
        assert Objectors(session, KEYRING).against(kept.contact_id, B, ())


def deliver(base: Database, address: str) -> None:
    """The release of `pair`, accepted at an address."""
    with base.session() as session:
        version = session.exec(select(ReleaseVersion.id)).one()
        number = session.exec(select(Contact.id).where(Contact.address_key == address)).one()
    assert version is not None
    dispatch = add_dispatch(base, version)
    log = DeliveryLog(base, "worker")
    values = {"contact_id": number, "address": address, "address_key": address}
    with base.transaction() as connection:
        log.plan(connection, [delivery_row(dispatch, version, 1, **values)])
    (claimed,) = log.claim(dispatch, 5)
    log.commit(Batch(begins=[claimed.id]))
    log.commit(Batch(records=[record_of(claimed.id, ACCEPTED)]))


def test_what_one_got_before_the_other_does_not_get_after(pair: Database) -> None:
    deliver(pair, B)
    make_one(pair)
    with pair.session() as session:
        version = session.exec(select(ReleaseVersion)).one()
        found = make_manifest(session, version, ["economie"], [], KEYRING)
        assert found.recipients == ()
        assert [one.reason for one in found.left_out] == [LeftOutReason.ALREADY_SENT]
        assert session.exec(select(Delivery)).one().contact_id == find_contact(session, A).contact_id + 1
    make_two(pair, A)
    with pair.session() as session:
        version = session.exec(select(ReleaseVersion)).one()
        found = make_manifest(session, version, ["economie"], [], KEYRING)
        assert [str(one.address) for one in found.recipients] == [A]


def test_an_earlier_version_counts_for_whom_it_went_to_before_the_merge(pair: Database) -> None:
    deliver(pair, B)
    make_one(pair)
    with pair.session() as session:
        first = session.exec(select(ReleaseVersion)).one()
        words = first.model_dump(exclude={"id", "number", "content_hash", "created_at"})
        second = ReleaseVersion(**words, number=2, content_hash="another")
        session.add(second)
        session.flush()
        found = make_manifest(session, second, ["economie"], [], KEYRING)
        (earlier,) = find_earlier(session, second, found.recipients)
        assert (found.had_earlier, str(earlier.planned.address), earlier.version) == (1, A, 1)


def original(session: Session) -> Release:
    return session.exec(select(Release)).one()


def wait_under_embargo(base: Database, *addresses: str) -> int:
    """A dispatch of the release of `pair`, to those, under an embargo that is over the day after; return its number."""
    with base.session() as session:
        version = session.exec(select(ReleaseVersion.id)).one()
        ids = session.exec(select(Contact.id).where(col(Contact.address_key).in_(addresses))).all()
    assert version is not None
    dispatch, until = add_dispatch(base, version), START + timedelta(days=1)
    rows = [delivery_row(dispatch, version, one or 0, contact_id=one, embargo_until=until) for one in ids]
    with base.transaction() as connection:
        DeliveryLog(base, "planner").plan(connection, rows)
    return dispatch


@pytest.mark.parametrize("giver", [A, B])
@pytest.mark.parametrize("waiting", [A, B])
def test_the_word_that_either_gave_to_keep_an_embargo_is_that_of_both(pair: Database, giver: str, waiting: str) -> None:
    """Whichever of the two is written to, also with what waited when they were made one."""
    with pair.session() as session:
        b = session.exec(select(Contact).where(Contact.address_key == B)).one()
        b.embargo_trust = False
        accept(session, original(session), find_contact(session, giver).contact_id, how="", by="anne", now=START)
    dispatch = wait_under_embargo(pair, waiting)
    before = everything(pair)["embargo_acceptance"]
    make_one(pair)
    with pair.session() as session:
        kept = find_contact(session, A).contact_id
        assert kept in holding(session, original(session))
        assert [contact.address for _, contact in acceptances(session, original(session))] == [A]
        assert not accept(session, original(session), kept, how="again", by="anne", now=START)
    assert len(DeliveryLog(pair, "w1", HandClock()).claim(dispatch, 5)) == 1
    make_two(pair, A)
    assert everything(pair)["embargo_acceptance"] == before


def test_who_takes_their_word_back_takes_that_of_both(pair: Database) -> None:
    with pair.session() as session:
        for one in (A, B):
            accept(session, original(session), find_contact(session, one).contact_id, how="", by="anne", now=START)
    make_one(pair)
    with pair.session() as session:
        assert [contact.address for _, contact in acceptances(session, original(session))] == [A]
        kept = find_contact(session, A).contact_id
        assert withdraw(session, original(session), kept)
        assert kept not in holding(session, original(session))
        assert acceptances(session, original(session)) == []


def test_what_waits_for_either_goes_by_the_trust_of_both(pair: Database) -> None:
    """The stricter one: only the second was trusted."""
    dispatch = wait_under_embargo(pair, B)
    make_one(pair)
    assert DeliveryLog(pair, "w1", HandClock()).claim(dispatch, 5) == []
    with pair.session() as session:
        session.get_one(Contact, find_contact(session, A).contact_id).embargo_trust = True
    assert len(DeliveryLog(pair, "w1", HandClock()).claim(dispatch, 5)) == 1


def test_who_both_wait_for_one_release_are_not_merged(pair: Database) -> None:
    with pair.session() as session:
        version = session.exec(select(ReleaseVersion.id)).one()
        ids = {one: find_contact(session, one).contact_id for one in (A, B)}
    assert version is not None
    dispatch = add_dispatch(pair, version)
    log = DeliveryLog(pair, "planner")
    with pair.transaction() as connection:
        log.plan(
            connection,
            [
                delivery_row(dispatch, version, number, contact_id=one, address=address, address_key=address)
                for number, (address, one) in enumerate(ids.items())
            ],
        )
    with pytest.raises(Refused, match=f"dispatch {dispatch}"):
        make_one(pair)


def test_the_same_post_is_one_and_the_list_keeps_it(pair: Database) -> None:
    with pair.session() as session:
        b = find_contact(session, B).contact_id
        double = works_at(session, b, "Le Jour", valid_from=date(2020, 1, 1))
        put_on(session, b, "presse", affiliation_id=double)
    before = everything(pair)
    make_one(pair)
    with pair.session() as session:
        (member,) = list_members(session, "presse", KEYRING)
        assert (member.outlet, member.role, member.address) == ("Le Jour", "Reporter", A)
        assert len(session.exec(select(Affiliation)).all()) == 2
    make_two(pair, B)
    assert everything(pair) == before


def test_a_merge_of_a_merge_is_undone_from_the_last_one_back(pair: Database) -> None:
    third = "m.durand@libre.example"
    with pair.session() as session:
        c = add_contact(session, third, region="Bretagne")
        put_on(session, c, "regions")
    before = everything(pair)
    first = make_one(pair, B, third)
    middle = everything(pair)
    second = make_one(pair, A, third)
    with pair.session() as session:
        kept = find_contact(session, third)
        assert (kept.address, kept.region) == (A, "Bretagne")
        assert set(ownership.addresses_of(session, [kept.contact_id])[kept.contact_id]) == {A, B, third}
    with pytest.raises(Refused, match="was merged into marie"):
        make_two(pair, first)
    assert make_two(pair, second).left == ()
    assert everything(pair) == middle
    assert make_two(pair, third).left == ()
    assert everything(pair) == before
    with pytest.raises(BadInput, match="no merge of these"):
        make_two(pair, A, B)


def test_what_was_changed_since_stays_and_is_told(pair: Database) -> None:
    make_one(pair)
    with pair.session() as session:
        kept = session.get_one(Contact, find_contact(session, A).contact_id)
        kept.phone = "03"
        for one in session.exec(select(MediaListMember)).all():
            if one.source == "social.csv":
                session.delete(one)
        put_on(session, kept.id or 0, "regions")
    left = make_two(pair, A, B).left
    assert left == (f"{A}: phone was changed since, and stays", "a place on a list was taken away since")
    with pair.session() as session:
        a, b = find_contact(session, A), find_contact(session, B)
        assert (a.phone, b.phone, a.notes) == ("03", "02", "vue en mai")
        assert lists_of(session, a.contact_id, KEYRING) == ["economie", "regions"]
        assert lists_of(session, b.contact_id, KEYRING) == ["economie"]


def test_a_number_given_to_somebody_else_since_is_not_taken(pair: Database) -> None:
    with pair.session() as session:
        b = find_contact(session, B).contact_id
        put_on(session, b, "presse", affiliation_id=works_at(session, b, "Le Jour"))
    make_one(pair)
    with pair.session() as session:
        other = add_contact(session, "paul@soir.example", "Paul", "Bois")
        works_at(session, other, "Le Fil")  # on SQLite it gets the number of the affiliation that is no more
    assert make_two(pair, A, B).left == ()
    with pair.session() as session:
        (member,) = list_members(session, "presse", KEYRING)
        assert (member.address, member.outlet) == (B, "Le Jour")
        assert find_contact(session, "paul@soir.example").outlet == "Le Fil"


def test_a_merge_is_kept_with_who_did_it(pair: Database) -> None:
    number = make_one(pair)
    with pair.session() as session:
        row = session.exec(select(ContactMerge)).one()
        assert (row.id, row.actor, row.undone_at) == (number, "anne", None)
    make_two(pair, number)
    with pair.session() as session:
        assert session.exec(select(ContactMerge)).one().undone_at is not None


words = st.sampled_from(["", "Marie", "Œuna", "d’Arc"])
moments = st.none() | st.integers(0, 10**8).map(lambda seconds: START - timedelta(seconds=seconds))
people = st.fixed_dictionaries({
    "values": st.fixed_dictionaries({
        "first": words, "last": words, "phone": words, "language": st.sampled_from(["", "fr", "en"]),
        "other_languages": st.sampled_from(["", "en; de"]), "topics": st.sampled_from(["", "rail; vélo"]),
        "notes": words, "fields": st.dictionaries(st.sampled_from("ab"), words.filter(bool)),
        "flag": st.sampled_from(["", "desk", "opted_out"]), "attachments": st.sampled_from(["yes", "no"]),
        "embargo_trust": st.booleans(), "collected_at": moments, "confirmed_at": moments, "notice_sent_at": moments,
    }),
    "posts": st.lists(
        st.tuples(st.sampled_from(["Le Jour", "Le Soir"]), words, words, st.sampled_from(["", "x@y.example"])),
        unique_by=lambda post: post[:3], max_size=4,
    ),
    "lists": st.dictionaries(st.sampled_from("klm"), st.integers(-1, 3)),
    "left": st.lists(st.sampled_from("kl"), max_size=2),
    "sectors": st.sets(st.sampled_from("stu")),
    "more": st.integers(0, 2),
    "objects": st.sampled_from([None, "", "s"]),
})  # fmt: skip


def write(session: Session, address: str, one: dict[str, Any]) -> None:
    number = add_contact(session, address, **one["values"])
    posts = [
        works_at(session, number, outlet, role=role, desk=desk, address=own, is_primary=not at)
        for at, (outlet, role, desk, own) in enumerate(one["posts"])
    ]
    for name, through in one["lists"].items():
        put_on(session, number, name, affiliation_id=posts[through] if 0 <= through < len(posts) else None)
    for name in one["left"]:
        session.add(
            MediaListDeparture(media_list_id=named(session, MediaList, name), contact_id=number, added_at=START)
        )
    covers(session, number, *one["sectors"])
    for further in range(one["more"]):
        add_contact(session, f"{further}.{address}", "", "", same_as_id=number)
    if one["objects"] is not None:
        scope = one["objects"]
        suppression.add(session, KEYRING, parse_address(address), reason="no", scope=scope, actor="anne")


@settings(max_examples=8 * LONG, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(first=people, second=people)
def test_merge_then_undo_leaves_the_base_as_it_was(database: Database, first: Any, second: Any) -> None:
    empty(database)
    with database.session() as session:
        write(session, A, first)
        write(session, B, second)
    before = everything(database)
    make_one(database)
    with database.session() as session:
        rows = session.exec(select(Contact).where(col(Contact.same_as_id).is_(None))).all()
        assert [one.address for one in rows] == [A]
        assert set(session.exec(select(Affiliation.contact_id)).all()) <= {rows[0].id}
        assert set(session.exec(select(MediaListMember.contact_id)).all()) <= {rows[0].id}
    assert make_two(database, A, B).left == ()
    assert everything(database) == before
