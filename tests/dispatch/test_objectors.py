"""An objection is a person's: it holds for every address the base knows as theirs, and for a sector in any order."""

from __future__ import annotations

import itertools

import pytest
from databases import on_sqlite
from ledgerbase import KEYRING, add_version
from sqlmodel import Session, select

from distributor.addresses import parse_address
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors, Told
from distributor.db.engine import Database
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.models import Affiliation, Contact, MediaList, MediaListMember, Outlet, ReleaseVersion, Sector

OWN, HOME, DESK = "helene@jour.example", "h.aubry@maison.example", "redaction@jour.example"


def add_contact(session: Session, address: str, *lists: str, same_as: int | None = None, flag: str = "") -> int:
    contact = Contact(address=address, address_key=address, last_name=address, same_as_id=same_as, flag=flag)
    session.add(contact)
    session.flush()
    assert contact.id is not None
    for slug in lists:
        media_list = session.exec(select(MediaList).where(MediaList.slug == slug)).one()
        session.add(MediaListMember(media_list_id=media_list.id, contact_id=contact.id))
    session.flush()
    return contact.id


def works_at(session: Session, contact_id: int, outlet: str, address: str) -> None:
    known = session.exec(select(Outlet).where(Outlet.key == outlet)).one_or_none() or Outlet(key=outlet, name=outlet)
    session.add(known)
    session.flush()
    session.add(Affiliation(contact_id=contact_id, outlet_id=known.id, address=address, is_primary=True))
    session.flush()


@pytest.fixture
def base(database: Database) -> Database:
    """Lists of culture, sport and football (under sport), one without a sector; a release."""
    with database.session() as session:
        for slug in ("culture", "sport", "football"):
            session.add(Sector(slug=slug, name=slug.title()))
        session.flush()
        ids = {one.slug: one for one in session.exec(select(Sector)).all()}
        ids["football"].parent_id = ids["sport"].id
        for slug in ("culture", "sport", "football", "libre"):
            sector = ids.get(slug)
            session.add(MediaList(slug=slug, name=slug.title(), sector_id=sector.id if sector else None))
    add_version(database)
    return database


def object_(base: Database, address: str, scope: str = "") -> None:
    with base.session() as session:
        suppression.add(session, KEYRING, parse_address(address), reason="no", scope=scope, actor="anne")


def manifest(base: Database, *lists: str) -> Manifest:
    with base.session(reads_only=True) as session:
        return make_manifest(session, session.exec(select(ReleaseVersion)).one(), lists, [], KEYRING)


def reached(found: Manifest) -> list[str]:
    return sorted(str(one.address) for one in found.recipients)


def left_out(found: Manifest) -> list[tuple[LeftOutReason, str]]:
    return [(one.reason, one.because) for one in found.left_out]


def test_an_address_that_is_known_later_is_the_same_person(base: Database) -> None:
    object_(base, HOME)
    with base.session() as session:
        helene = add_contact(session, OWN, "libre")
        add_contact(session, "paul@soir.example", "libre")
    assert reached(manifest(base, "libre")) == [OWN, "paul@soir.example"]
    with base.session() as session:
        add_contact(session, HOME, same_as=helene)
    found = manifest(base, "libre")
    assert reached(found) == ["paul@soir.example"]
    because = f"objected to our mail, with another address ({HOME})"
    assert left_out(found) == [(LeftOutReason.OBJECTION, because)]


def test_the_address_used_at_an_outlet_is_the_persons_and_a_shared_desk_is_nobodys(base: Database) -> None:
    object_(base, OWN)
    with base.session() as session:
        helene = add_contact(session, OWN)
        works_at(session, helene, "jour", HOME)
        other = add_contact(session, "paul@soir.example", "libre")
        works_at(session, other, "jour", HOME.replace("h.aubry", "p.bois"))
        for number in range(2):
            works_at(session, add_contact(session, f"d{number}@jour.example", "libre"), "desk", DESK)
    assert reached(manifest(base, "libre")) == ["p.bois@maison.example", DESK]
    object_(base, "d0@jour.example")
    found = manifest(base, "libre")
    assert reached(found) == ["p.bois@maison.example", DESK]
    assert LeftOutReason.OBJECTION in {reason for reason, _ in left_out(found)}


def test_a_no_in_a_press_list_covers_the_persons_other_addresses(base: Database) -> None:
    with base.session() as session:
        helene = add_contact(session, OWN, "libre", flag="opted_out")
        add_contact(session, HOME, same_as=helene)
        works_at(session, add_contact(session, "z@autre.example", "libre"), "autre", HOME)
    found = manifest(base, "libre")
    assert found.recipients == ()
    assert left_out(found) == [(LeftOutReason.OBJECTION, "objected to our mail")] * 2


@on_sqlite
def test_a_sectors_objection_does_not_depend_on_the_order_of_the_lists(base: Database) -> None:
    """Of four people who stand on every list, each objected to another scope."""
    every = ("culture", "sport", "football", "libre")
    told = {
        "culture": (("sport", "football", "libre"), "objected to releases of the sector culture"),
        "sport": (("culture", "libre"), "objected to releases of the sector sport"),
        "football": (("culture", "sport", "libre"), "objected to releases of the sector football"),
        "": ((), "objected to our mail"),
    }
    address_of = {scope: f"{scope or 'tout'}@jour.example" for scope in told}
    with base.session() as session:
        for address in address_of.values():
            add_contact(session, address, *every)
    for scope, address in address_of.items():
        object_(base, address, scope)
    for size in range(1, len(every) + 1):
        for order in itertools.permutations(every, size):
            found = manifest(base, *order)
            recipients = {str(one.address): one for one in found.recipients}
            out = {str(one.planned.address): (one.reason, one.because) for one in found.left_out}
            assert len(found.recipients) + len(found.left_out) == len(recipients) + len(out) == len(told)
            for scope, (got_through, why) in told.items():
                heeded = tuple(slug for slug in order if slug in got_through)
                if not heeded:
                    assert out[address_of[scope]] == (LeftOutReason.OBJECTION, why), (order, scope)
                    continue
                one = recipients[address_of[scope]]
                assert one.lists == heeded
                assert one.sector_slug == ("" if heeded[0] == "libre" else heeded[0])
                assert [f"not through {slug}: {why}" in one.merged for slug in order] == [
                    slug not in got_through for slug in order
                ]


def test_a_release_of_the_sector_reaches_nobody_who_objected_to_it(base: Database) -> None:
    with base.session() as session:
        add_contact(session, OWN, "culture", "libre")
        version = session.exec(select(ReleaseVersion)).one()
        version.sector = "Football"
        session.add(version)
    object_(base, OWN, "sport")
    assert manifest(base, "culture", "libre").recipients == ()


def test_who_said_what_with_which_address_and_since_when(base: Database) -> None:
    with base.session() as session:
        helene = add_contact(session, OWN)
        paul = add_contact(session, "paul@soir.example", flag="opted_out")
    object_(base, HOME)
    object_(base, OWN, "sport")
    with base.session() as session:
        add_contact(session, HOME, same_as=helene)
    with base.session(reads_only=True) as session:
        objectors = Objectors(session, KEYRING)
        here, elsewhere = objectors.of(helene, OWN)
        assert (here.scope, here.address, here.reason) == ("sport", "", "no")
        assert (elsewhere.scope, elsewhere.address) == ("", HOME)
        assert elsewhere.since is not None
        (by_list,) = objectors.of(paul, "paul@soir.example")
        assert by_list == Told(reason="the press list says so")
        assert objectors.of(None, "paul@soir.example") == (by_list,), "asked by the address alone"
        assert objectors.of(None, "nobody@else.example") == ()
