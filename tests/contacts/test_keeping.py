"""The contact base by hand: added and edited, cleaned as an import cleans, told as old → new, audited."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ledgerbase import KEYRING
from sqlmodel import Session, col, select

from distributor.addresses import parse_address
from distributor.clock import now
from distributor.contacts.cleaning.particulars import Field
from distributor.contacts.intake.importing import LEGAL_BASIS, import_contacts
from distributor.contacts.objections import suppression
from distributor.contacts.objections.objectors import Objectors
from distributor.contacts.people.keeping import Edit, Kept, add_contact, edit_contact
from distributor.contacts.people.members import find_contact
from distributor.contacts.people.ownership import addresses_of
from distributor.contacts.people.posts import postings_of
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.errors import BadInput, Refused
from distributor.models import Affiliation, Audit, Contact, MediaListMember

LIST = """Civilité;Prénom;Nom;Média;Fonction;E-mail;Secteur
Mme;Hélène;Aubry;Le Jour;Cheffe;helene@jour.example;Économie
M.;Paul;Bois;Le Soir;;paul@soir.example;Économie
;;;Le Jour;;redaction@jour.example;
"""


@pytest.fixture
def base(database: Database) -> Database:
    """Hélène, Paul and a desk on one list."""
    import_contacts(
        database, read_csv(LIST.encode(), name="eco.csv"), list_name="Éco", sector="Économie", keyring=KEYRING
    )
    return database


def add(base: Database, address: str, **said: str) -> Kept:
    with base.session() as session:
        texts = {Field(name): text for name, text in said.items()}
        return add_contact(session, KEYRING, address, texts, actor="anne")


def edit(base: Database, who: str, wanted: Edit) -> Kept:
    with base.session() as session:
        return edit_contact(session, KEYRING, find_contact(session, who).contact_id, wanted, actor="anne")


def said(**texts: str) -> Edit:
    return Edit({Field(name): text for name, text in texts.items()})


def contact(base: Database, who: str) -> Contact:
    with base.session() as session:
        return session.get_one(Contact, find_contact(session, who).contact_id)


def told(kept: Kept) -> list[str]:
    return [str(one) for one in kept.changes]


def test_who_is_added_is_cleaned_as_by_an_import_and_has_provenance(base: Database) -> None:
    with base.session() as session:
        kept = add_contact(
            session,
            KEYRING,
            "Zoe.VIDAL@fil.example",
            {
                Field.FIRST_NAME: " zoé ",
                Field.LAST_NAME: "VIDAL",
                Field.CIVILITY: "madame",
                Field.OUTLET: "Le Fil",
                Field.ROLE: "Pigiste",
                Field.OUTLET_KIND: "agence",
                Field.LANGUAGE: "français, anglais",
            },
            sectors=["économie"],
            lists=["Éco"],
            extra={"Spécialité": "trains"},
            actor="anne",
        )
    zoe = contact(base, "vidal")
    assert (zoe.first_name, zoe.last_name, zoe.civility, zoe.name_key) == ("zoé", "Vidal", "Mme", "zoe vidal")
    assert (zoe.language, zoe.other_languages, zoe.fields) == ("fr", "en", {"specialite": "trains"})
    assert (zoe.source, zoe.legal_basis) == ("entered by hand by anne", LEGAL_BASIS)
    assert zoe.collected_at is not None
    assert zoe.confirmed_at is not None
    with base.session() as session:
        member = find_contact(session, "zoe.vidal@fil.example")
        assert (member.outlet, member.outlet_kind, member.role, member.sectors) == (
            "Le Fil", "agency", "Pigiste", ("economie",),
        )  # fmt: skip
        assert session.exec(select(MediaListMember).where(MediaListMember.contact_id == kept.contact_id)).one()
        actions = session.exec(select(Audit.action).where(Audit.actor == "anne").order_by(col(Audit.id))).all()
    assert actions == ["contacts.add", "lists.add"]
    assert "«Le Fil» is a new outlet." in kept.remarks
    assert any("capitals" in one for one in kept.remarks)


def test_an_address_is_never_two_peoples(base: Database) -> None:
    with pytest.raises(BadInput, match="belongs to Hélène Aubry already") as caught:
        add(base, "HELENE@jour.example", last_name="Autre")
    assert "contacts edit" in caught.value.mend
    for wanted in (Edit(address="paul@soir.example"), Edit(more_addresses=["Paul@Soir.example"])):
        with pytest.raises(BadInput, match=r"belongs to Paul Bois") as caught:
            edit(base, "aubry", wanted)
        assert caught.value.mend.endswith("contacts merge helene@jour.example paul@soir.example")


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({"civility": "Prof. émérite"}, "civility"),
        ({"language": "klingon"}, "language"),
        ({"embargo_trust": "peut-être"}, "--embargo-trust"),
        ({"role": "Pigiste"}, "belongs to an outlet"),
        ({"outlet": "Le Fil", "valid_from": "jadis"}, "--since"),
    ],
)
def test_what_an_import_would_keep_aside_is_refused_here(base: Database, texts: dict[str, str], why: str) -> None:
    with pytest.raises(BadInput, match=why):
        add(base, "zoe@fil.example", **texts)
    with base.session() as session:
        assert session.exec(select(Contact).where(Contact.address_key == "zoe@fil.example")).first() is None


def test_an_unknown_sector_or_outlet_near_another_is_told(base: Database) -> None:
    with base.session() as session, pytest.raises(BadInput, match="There is no sector «Economi»"):
        add_contact(session, KEYRING, "zoe@fil.example", {}, sectors=["Economi"], actor="anne")
    kept = add(base, "zoe@fil.example", outlet="LeJour.fr")
    assert "«LeJour.fr» is a new outlet. Did you mean «Le Jour»?" in kept.remarks


def test_who_was_erased_is_not_taken_in_again(base: Database) -> None:
    with base.session() as session:
        suppression.mark_erased(session, KEYRING, [parse_address("zoe@fil.example")])
    with pytest.raises(Refused, match="erased"):
        add(base, "zoe@fil.example")


def test_a_note_is_linted_and_an_opt_out_in_it_is_heeded(base: Database) -> None:
    kept = edit(base, "aubry", said(notes="membre du SNJ"))
    assert any("union membership" in one for one in kept.remarks)
    kept = edit(base, "aubry", said(notes="ne plus envoyer"))
    assert contact(base, "aubry").flag == "opted_out"
    assert "flag: «opted_out»" in told(kept)
    edit(base, "aubry", said(notes="rappeler lundi"))
    assert contact(base, "aubry").flag == "opted_out"


def test_each_change_is_told_and_nothing_changes_twice(base: Database) -> None:
    wanted = said(
        first_name="Helen", phone="01 99 00 00 01", channel="téléphone", attachments="non", topics="rail; vélo"
    )
    assert told(edit(base, "aubry", wanted)) == [
        "first name: «Hélène» → «Helen»",
        "phone: «01 99 00 00 01»",
        "topics: «rail; vélo»",
        "channel: «phone»",
        "attachments: «yes» → «no»",
    ]
    stamp = contact(base, "helen").updated_at
    assert edit(base, "helen", wanted).changes == ()
    assert contact(base, "helen").updated_at == stamp
    assert told(edit(base, "helen", said(phone="", attachments=""))) == [
        "phone: «01 99 00 00 01» → none",
        "attachments: «no» → «yes»",
    ]


def test_the_audit_names_what_changed_and_keeps_no_second_file_on_the_person(base: Database) -> None:
    edit(base, "aubry", Edit({Field.PHONE: "01 99 00 00 01", Field.LANGUAGE: "en"}, {"loge": "secret"}))
    with base.session() as session:
        row = session.exec(select(Audit).where(Audit.action == "contacts.edit")).one()
    assert row.subject == "helene@jour.example"
    assert row.details["fields"] == ["language", "loge", "phone"]
    assert row.details["changes"] == [{"field": "language", "old": "", "new": "en"}]
    assert "secret" not in str(row.details)


def test_extra_fields_are_set_and_erased(base: Database) -> None:
    edit(base, "aubry", Edit(extra={"Spécialité": "trains", "b": "c"}))
    assert contact(base, "aubry").fields == {"specialite": "trains", "b": "c"}
    edit(base, "aubry", Edit(extra={"specialite": ""}))
    assert contact(base, "aubry").fields == {"b": "c"}
    with pytest.raises(BadInput, match="cannot name a field"):
        edit(base, "aubry", Edit(extra={"?": "x"}))


def test_provenance_is_changed_and_not_erased(base: Database) -> None:
    edit(base, "aubry", said(source="salon", collected_at="2025-03-01"))
    helene = contact(base, "aubry")
    assert (helene.source, f"{helene.collected_at:%Y-%m-%d}") == ("salon", "2025-03-01")
    with pytest.raises(BadInput, match="without source may not be mailed"):
        edit(base, "aubry", said(source=""))


def test_a_confirmation_is_stamped(base: Database) -> None:
    assert contact(base, "aubry").confirmed_at is None
    edit(base, "aubry", Edit(confirmed=True))
    stamp = contact(base, "aubry").confirmed_at
    assert stamp is not None
    assert now() - stamp < timedelta(minutes=1)


def test_another_main_address_keeps_the_former_one(base: Database) -> None:
    kept = edit(base, "aubry", Edit(address="h.aubry@jour.example"))
    assert told(kept) == ["address: «helene@jour.example» → «h.aubry@jour.example»"]
    with base.session() as session:
        helene = find_contact(session, "helene@jour.example")
        assert helene.address == "h.aubry@jour.example"
        both = addresses_of(session, [helene.contact_id])[helene.contact_id]
    assert both == ("h.aubry@jour.example", "helene@jour.example")
    edit(base, "aubry", Edit(address="helene@jour.example"))
    with base.session() as session:
        assert addresses_of(session, [helene.contact_id])[helene.contact_id] == both[::-1]


def test_a_desk_that_gets_a_persons_address_is_no_desk(base: Database) -> None:
    assert contact(base, "redaction@jour.example").flag == "desk"
    edit(base, "redaction@jour.example", Edit(address="ines.clos@jour.example"))
    assert contact(base, "ines.clos@jour.example").flag == ""


@pytest.mark.parametrize("order", ["objected first", "added first"])
def test_an_objection_holds_for_an_address_added_and_after_one_is_removed(base: Database, order: str) -> None:
    def object_() -> None:
        with base.session() as session:
            suppression.add(session, KEYRING, parse_address("h@maison.example"), reason="no", actor="anne")

    if order == "objected first":
        object_()
    edit(base, "aubry", Edit(more_addresses=["h@maison.example"]))
    if order == "added first":
        object_()
    edit(base, "aubry", Edit(fewer_addresses=["h@maison.example"]))
    with base.session() as session:
        helene = find_contact(session, "aubry")
        assert addresses_of(session, [helene.contact_id])[helene.contact_id] == ("helene@jour.example",)
        assert Objectors(session, KEYRING).against(helene.contact_id, helene.address, ())


def test_the_main_address_and_a_strangers_are_not_removed(base: Database) -> None:
    with pytest.raises(BadInput, match="is the main address"):
        edit(base, "aubry", Edit(fewer_addresses=["helene@jour.example"]))
    with pytest.raises(BadInput, match="is not an address of this contact"):
        edit(base, "aubry", Edit(fewer_addresses=["x@y.example"]))


def test_affiliations_are_added_changed_and_ended(base: Database) -> None:
    assert told(edit(base, "aubry", said(role="Rédactrice en chef"))) == [
        "role at Le Jour: «Cheffe» → «Rédactrice en chef»"
    ]
    kept = edit(
        base,
        "aubry",
        said(outlet="Le Fil", role="Pigiste", affiliation_address="ha@fil.example", valid_from="2026-01-01"),
    )
    assert told(kept) == ["outlet: «Le Fil, Pigiste»"]
    with base.session() as session:
        helene = find_contact(session, "ha@fil.example")
        assert helene.outlet == "Le Jour"
        assert [str(one) for one in postings_of(session, helene.contact_id)] == [
            "Le Jour, Rédactrice en chef",
            "Le Fil, Pigiste, ha@fil.example, since 2026-01-01",
        ]
    with pytest.raises(BadInput, match=r"at which outlet\. There are Le Jour, Le Fil"):
        edit(base, "aubry", said(desk="Culture"))
    edit(base, "aubry", Edit(ended=["le jour"]))
    with base.session() as session:
        assert find_contact(session, "aubry").outlet == "Le Fil"
    with pytest.raises(BadInput, match="does not work for «Le Jour»"):
        edit(base, "aubry", Edit(ended=["Le Jour"]))


def test_a_desks_address_may_be_shared_at_an_outlet(base: Database) -> None:
    for who in ("aubry", "bois"):
        edit(base, who, said(outlet="Le Jour", affiliation_address="redaction@jour.example"))
    with base.session() as session:
        shared = session.exec(select(Affiliation).where(Affiliation.address == "redaction@jour.example")).all()
        assert len(shared) == 2
    with pytest.raises(BadInput, match="belongs to Hélène Aubry"):
        edit(base, "bois", said(outlet="Le Soir", affiliation_address="helene@jour.example"))


def test_sectors_are_added_and_taken_away(base: Database) -> None:
    with pytest.raises(BadInput, match="no sector"):
        edit(base, "aubry", Edit(sectors=["Sport"]))
    assert told(edit(base, "aubry", Edit(without_sectors=["économie"]))) == ["sector: «Économie» → none"]
    assert told(edit(base, "aubry", Edit(sectors=["economie"]))) == ["sector: «Économie»"]
    assert edit(base, "aubry", Edit(sectors=["economie"])).changes == ()


def test_a_rolled_back_edit_leaves_nothing(base: Database) -> None:
    def edits(session: Session) -> int:
        return len(session.exec(select(Audit).where(Audit.action == "contacts.edit")).all())

    with base.session() as session:
        number = find_contact(session, "aubry").contact_id
        assert edit_contact(session, KEYRING, number, said(phone="01 99 00 00 01"), actor="anne").changes
        session.rollback()
    with base.session() as session:
        assert edits(session) == 0
        assert session.get_one(Contact, number).phone == ""
