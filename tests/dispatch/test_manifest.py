"""Who gets a release: lists minus exclusions and objections, one journalist once, every merge explained."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest
from databases import query_plans
from ledgerbase import KEYRING, START, add_version
from sqlalchemy import delete, text, update
from sqlmodel import Session, col, select

from distributor.addresses import parse_address
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.deliveries.log import DeliveryLog
from distributor.dispatch.accounts.named import account_id
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch, plan_test
from distributor.dispatch.recipients import following_up, from_lists, holdings
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.dispatch.recipients.manifest import LeftOutReason, Manifest
from distributor.errors import BadInput, Refused
from distributor.models import Affiliation, Contact, Delivery, Dispatch, MediaList, Outlet, ReleaseVersion
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import Recipient
from distributor.starter import starter_path
from distributor.tokens import Keyring

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
HEADER = "Civilité;Prénom;Nom;Média;E-mail;Secteur;Accès\n"
ECONOMY = "Mme;Hélène;Aubry;Le Jour;helene@jour.example;Économie;nord\nM.;Paul;Bois;Le Soir;paul@soir.example;;\n"
CULTURE = "Mme;Hélène;Aubry;Scènes;HELENE@jour.example;;\nMme;Inès;Clos;Le Fil;ines@fil.example;Culture;\n"
SOCIAL = "Mme;Hélène;Aubry;Le Jour;helene@jour.example;;\n"


@pytest.fixture
def base(database: Database) -> Database:
    """Three lists that share Hélène; a release."""
    for name, rows in (("economie", ECONOMY), ("culture", CULTURE), ("social", SOCIAL)):
        import_contacts(
            database,
            read_csv((HEADER + rows).encode(), name=f"{name}.csv"),
            list_name=name,
            sector=name.title(),
            keyring=KEYRING,
        )
    add_version(database)
    return database


@pytest.fixture(scope="module")
def templates() -> TemplateSet:
    return TemplateSet.load(starter_path("templates") / "press-release")


def version_of(session: Session) -> ReleaseVersion:
    return session.exec(select(ReleaseVersion)).one()


def manifest(base: Database, *lists: str, exclude: tuple[str, ...] = ()) -> Manifest:
    with base.session(reads_only=True) as session:
        return make_manifest(session, version_of(session), lists, exclude, KEYRING)


def send(base: Database, found: Manifest, templates: TemplateSet) -> int:
    with base.session() as session:
        dispatch = new_dispatch(session, version_of(session), IDENTITY, templates, START)
        return plan_dispatch(session, DeliveryLog(base, "planner"), dispatch, found)


def rows(base: Database) -> list[Delivery]:
    with base.session() as session:
        return list(session.exec(select(Delivery).order_by(col(Delivery.id))))


def who(found: Manifest) -> list[str]:
    return [one.recipient.first_name for one in found.recipients]


def test_one_journalist_on_three_lists_gets_one_message_and_the_merge_is_told(base: Database) -> None:
    found = manifest(base, "economie", "culture", "social")
    assert who(found) == ["Hélène", "Paul", "Inès"]
    helene = found.recipients[0]
    assert helene.lists == ("economie", "culture", "social")
    assert helene.merged == "stands on 3 lists (economie, culture, social); works for Le Jour and Scènes"
    assert (helene.recipient.outlet, helene.sector, helene.sector_slug) == ("Le Jour", "Economie", "economie")
    assert found.recipients.merged() == [helene]
    assert found.left_out == ()


def test_what_recipients_have_alike_is_held_once(base: Database) -> None:
    more = "Mme;Zoé;Dupré;Le Jour;zoe@jour.example;;\n"
    import_contacts(base, read_csv((HEADER + more).encode(), name="social.csv"), list_name="social", keyring=KEYRING)
    first, second = manifest(base, "social").recipients
    assert first.recipient.outlet == "Le Jour"
    assert first.recipient.outlet is second.recipient.outlet
    assert first.address.domain is second.address.domain
    assert first.lists is second.lists


def test_the_first_list_decides_outlet_and_sector(base: Database) -> None:
    helene = manifest(base, "culture", "economie").recipients[0]
    assert (helene.recipient.outlet, helene.sector) == ("Scènes", "Culture")


def test_a_list_named_twice_counts_once(base: Database) -> None:
    assert manifest(base, "culture", "Culture") == manifest(base, "culture")


def test_who_stands_on_an_excluded_list_is_left_out_and_it_is_said_which(base: Database) -> None:
    found = manifest(base, "economie", "culture", exclude=("social",))
    assert who(found) == ["Paul", "Inès"]
    (out,) = found.left_out
    assert (out.reason, out.because) == (LeftOutReason.EXCLUDED, "is on the excluded list social")
    assert found.excluded_lists == ("social",)


def test_an_excluded_address_is_left_out_whoever_else_has_it(base: Database) -> None:
    with base.session() as session:
        contact = session.exec(select(Contact).where(col(Contact.first_name) == "Paul")).one()
        outlet = session.exec(select(Outlet).where(col(Outlet.name) == "Le Soir")).one()
        affiliation = session.exec(select(Affiliation).where(Affiliation.outlet_id == outlet.id)).one()
        affiliation.address = "Helene@jour.example"
        assert contact.id == affiliation.contact_id
    found = manifest(base, "economie", exclude=("social",))
    assert [one.reason for one in found.left_out] == [LeftOutReason.EXCLUDED, LeftOutReason.EXCLUDED]
    assert found.recipients == ()


def test_two_contacts_at_one_address_get_one_message(base: Database) -> None:
    with base.session() as session:
        affiliation = session.exec(select(Affiliation).join(Contact).where(col(Contact.first_name) == "Paul")).one()
        affiliation.address = "Helene@jour.example"
    found = manifest(base, "economie")
    assert who(found) == ["Hélène"]
    assert found.recipients[0].merged == "shares its address with Paul Bois"
    (out,) = found.left_out
    assert (out.reason, out.planned.recipient.name) == (LeftOutReason.SAME_ADDRESS, "Paul Bois")
    assert out.because == "shares the address of Hélène Aubry <helene@jour.example>"


def test_an_objection_beats_every_list(base: Database) -> None:
    with base.session() as session:
        suppression.add(session, KEYRING, parse_address("HELENE@JOUR.example"), reason="no", actor="anne")
    found = manifest(base, "economie", "culture", "social")
    assert who(found) == ["Paul", "Inès"]
    assert [one.reason for one in found.left_out] == [LeftOutReason.OBJECTION]


def test_an_objection_to_one_sector_is_to_that_sector(base: Database) -> None:
    with base.session() as session:
        suppression.add(
            session, KEYRING, parse_address("helene@jour.example"), reason="no", scope="culture", actor="anne"
        )
    assert who(manifest(base, "culture")) == ["Inès"]
    assert "Hélène" in who(manifest(base, "economie"))


def test_under_another_key_nothing_is_sent(base: Database) -> None:
    with base.session() as session:
        suppression.add(session, KEYRING, parse_address("paul@soir.example"), reason="no", actor="anne")
        with pytest.raises(Refused, match="another secret key"):
            make_manifest(session, version_of(session), ["culture"], [], Keyring(b"another key"))


def test_an_unknown_list_is_named(base: Database) -> None:
    with pytest.raises(BadInput, match="no press list «cultur»"):
        manifest(base, "cultur")
    with pytest.raises(BadInput, match="no press list «socia»"):
        manifest(base, "culture", exclude=("socia",))


def test_the_digest_is_of_people_and_not_of_order(base: Database) -> None:
    names = ("economie", "culture", "social")
    digests = {manifest(base, *order).digest for order in itertools.permutations(names)}
    assert len(digests) == 1
    assert manifest(base, "culture").digest not in digests
    with base.session() as session:
        session.execute(
            update(Contact).where(col(Contact.first_name) == "Paul").values(address="p@soir.example", address_key="p")
        )
    assert manifest(base, *names).digest not in digests


# Planned


def test_everyone_on_the_manifest_has_a_row_with_all_the_message_is_made_from(
    base: Database, templates: TemplateSet
) -> None:
    found = manifest(base, "economie", "culture")
    number = send(base, found, templates)
    helene, paul, ines = rows(base)
    assert {row.state for row in (helene, paul, ines)} == {"queued"}
    assert (helene.address, helene.address_key, helene.domain) == ("helene@jour.example",) * 2 + ("jour.example",)
    assert (helene.name, helene.outlet, helene.sector, helene.lists) == (
        "Hélène Aubry",
        "Le Jour",
        "Economie",
        ["economie", "culture"],
    )
    assert helene.merge["civility"] == "Mme"
    assert "nord" in helene.merge["fields"].values()
    assert helene.address_hash == KEYRING.address_hash("helene@jour.example")
    assert len({row.message_id for row in (helene, paul, ines)}) == 3
    assert all(row.message_id.endswith(f".{number}@halle.example>") for row in (helene, paul, ines))
    with base.session() as session:
        dispatch = session.get_one(Dispatch, number)
    assert (dispatch.state, dispatch.lists, dispatch.manifest_hash) == (
        "planned",
        ["economie", "culture"],
        found.digest,
    )
    assert Identity.thaw(dispatch.identity) == IDENTITY
    assert dispatch.templates == templates.sources()
    assert (dispatch.template_hash, dispatch.message_date) == (templates.digest(), START)


def test_who_objected_is_written_as_withheld(base: Database, templates: TemplateSet) -> None:
    with base.session() as session:
        suppression.add(session, KEYRING, parse_address("paul@soir.example"), reason="no", actor="anne")
    send(base, manifest(base, "economie"), templates)
    assert [(row.name, row.state, row.reason) for row in rows(base)] == [
        ("Hélène Aubry", "queued", ""),
        ("Paul Bois", "withheld", "objection"),
    ]


def test_who_has_this_version_does_not_get_it_again(base: Database, templates: TemplateSet) -> None:
    send(base, manifest(base, "social"), templates)
    found = manifest(base, "economie", "social")
    assert who(found) == ["Paul"]
    assert [one.reason for one in found.left_out] == [LeftOutReason.ALREADY_SENT]


def test_a_new_version_goes_to_everyone(base: Database, templates: TemplateSet) -> None:
    send(base, manifest(base, "social"), templates)
    add_version(base, slug="autre")
    with base.session(reads_only=True) as session:
        other = session.exec(select(ReleaseVersion).order_by(col(ReleaseVersion.id).desc())).first()
        assert other is not None
        assert who(make_manifest(session, other, ["social"], [], KEYRING)) == ["Hélène"]


def test_who_was_withheld_may_get_it_when_the_objection_is_gone(base: Database, templates: TemplateSet) -> None:
    with base.session() as session:
        session.execute(update(Contact).where(col(Contact.first_name) == "Hélène").values(flag="opted_out"))
    send(base, manifest(base, "social"), templates)
    with base.session() as session:
        session.execute(update(Contact).values(flag=""))
    assert who(manifest(base, "social")) == ["Hélène"]
    send(base, manifest(base, "social"), templates)
    assert [row.state for row in rows(base)] == ["withheld", "queued"]


def test_a_contact_deleted_and_imported_again_does_not_get_it_again(base: Database, templates: TemplateSet) -> None:
    send(base, manifest(base, "social"), templates)
    with base.session() as session:
        session.execute(delete(Contact).where(col(Contact.first_name) == "Hélène"))
    import_contacts(base, read_csv((HEADER + SOCIAL).encode(), name="social.csv"), list_name="social", keyring=KEYRING)
    found = manifest(base, "social")
    assert [one.reason for one in found.left_out] == [LeftOutReason.ALREADY_SENT]


def test_a_test_message_counts_as_sent_to_nobody(base: Database, templates: TemplateSet) -> None:
    with base.session() as session:
        plan_test(
            session,
            DeliveryLog(base, "planner"),
            new_dispatch(session, version_of(session), IDENTITY, templates, START),
            Recipient(parse_address("helene@jour.example"), "Hélène Aubry"),
            parse_address("helene@jour.example"),
            address_hash="hashed",
        )
    (row,) = rows(base)
    assert (row.contact_id, row.address_hash, row.state) == (None, "hashed", "queued")
    assert "Hélène" in who(manifest(base, "economie"))


def test_two_who_send_the_same_release_at_once(base: Database, templates: TemplateSet) -> None:
    """Both saw the same manifest; the second one's plan is refused whole, in one sentence."""
    first, second = manifest(base, "economie"), manifest(base, "social", "culture")
    send(base, first, templates)
    with pytest.raises(Refused, match="Another command") as caught:
        send(base, second, templates)
    assert "leaves out who has the release" in caught.value.mend
    assert len(rows(base)) == 2
    with base.session() as session:
        assert len(session.exec(select(Dispatch)).all()) == 1
        assert session.exec(select(MediaList)).first() is not None


def test_the_first_two_who_send_at_once_make_one_account_between_them(server_database: Database) -> None:
    def second() -> int:
        with server_database.session() as session:
            return account_id(session, "default")

    with ThreadPoolExecutor() as thread:
        with server_database.session() as session:
            mine = account_id(session, "default")
            theirs = thread.submit(second)
            with server_database.reading() as connection:
                while not connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
                    assert not theirs.done()
        assert theirs.result(timeout=20) == mine


def test_who_has_it_is_found_by_the_indexes_of_those_who_are_not_withheld(base: Database) -> None:
    if not base.is_sqlite:
        pytest.skip("an empty PostgreSQL table is rightly read whole")
    version_id = add_version(base, slug="autre")
    with base.session(reads_only=True) as session:
        version = session.get_one(ReleaseVersion, version_id)
        release = version.release_id
        with query_plans(base) as steps:
            holdings.find_held(session, version)
            from_lists._had_earlier_version(session, version)
            following_up._followed_up(session, [release], ZoneInfo("Europe/Paris"), but=None)
    found = [step for step in steps if " delivery " in f"{step} "]
    assert found
    assert all(step.startswith("SEARCH") and "uq_delivery_" in step for step in found), found
