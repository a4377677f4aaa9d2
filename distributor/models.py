"""Every table of the ledger and the contact base, in one file."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    literal,
    text,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from distributor.clock import now
from distributor.moments import require_aware
from distributor.states import DeliveryState, DispatchState

# `from __future__ import annotations` is absent on purpose: SQLModel reads the annotations of its classes.

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING_CONVENTION
# Nothing of a table is validated by pydantic: its validators are never built.
SQLModel.model_config["defer_build"] = True


class Moment(TypeDecorator[datetime]):
    """An instant: aware and in UTC on both sides, whatever the database keeps. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = require_aware(value)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(Moment, nullable=nullable))


def _created() -> Any:
    return Field(default_factory=now, sa_column=Column(Moment, nullable=False))


def _json(default: Any) -> Any:
    return Field(default_factory=default, sa_column=Column(JSON, nullable=False))


def _long_text() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False, server_default=""))


def _some(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of some rows. PostgreSQL is told which when it makes the tables: what knows its words loads slowly."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={"where": where})


@event.listens_for(SQLModel.metadata, "before_create")
def _tell_postgresql(metadata: MetaData, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "postgresql":
        for index in (one for table in metadata.tables.values() for one in table.indexes if "where" in one.info):
            index.dialect_kwargs["postgresql_where"] = text(index.info["where"])


class _Row(SQLModel):
    """What all tables have: SQLAlchemy's own, which SQLModel does not declare and statements run on."""

    __table__: ClassVar[Table]


class Sector(_Row, table=True):
    """A beat that journalists cover (secteur); `parent_id` makes a two-level tree."""

    __tablename__ = "sector"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    parent_id: int | None = Field(default=None, foreign_key="sector.id")


class Outlet(_Row, table=True):
    """A newspaper, agency, station or site (média). `key` is its folded name: one outlet, one row.

    `deadline` is the hour, in our zone, after which it takes nothing more for the day's edition (bouclage), or "".
    """

    __tablename__ = "outlet"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str
    kind: str = ""
    region: str = ""
    website: str = ""
    deadline: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = _created()


class Contact(_Row, table=True):
    """A journalist. `address_key` is the normalised identity of `address` (see `addresses.Address.key`).

    A row with `same_as_id` is no journalist of its own but one more address of that one: a second mailbox, or what
    became of a duplicate when the two were merged. It keeps its deliveries, stands on no list, and has no affiliation.
    `name_key` is the folded name, for finding without accents. `other_languages` are codes, `topics` words, both joined
    by "; ". `channel` is how the journalist wants our news: "" (by mail), or another way, which no dispatch uses.
    `confirmed_at` is when somebody last made sure that all this still holds.
    """

    __tablename__ = "contact"

    id: int | None = Field(default=None, primary_key=True)
    same_as_id: int | None = Field(default=None, foreign_key="contact.id", index=True, ondelete="CASCADE")
    address: str | None = None
    address_key: str | None = Field(default=None, unique=True)
    civility: str = ""
    first_name: str = ""
    last_name: str = ""
    name_key: str = Field(default="", index=True, sa_column_kwargs={"server_default": ""})
    language: str = ""
    other_languages: str = Field(default="", sa_column_kwargs={"server_default": ""})
    familiarity: str = ""
    phone: str = ""
    region: str = ""
    topics: str = _long_text()
    channel: str = Field(default="", sa_column_kwargs={"server_default": ""})
    notes: str = _long_text()
    note_to_send: str = _long_text()
    fields: dict[str, str] = _json(dict)
    attachments: str = "yes"
    embargo_trust: bool = False
    source: str = ""
    legal_basis: str = ""
    collected_at: datetime | None = _moment()
    notice_sent_at: datetime | None = _moment()
    last_inbound_at: datetime | None = _moment()
    confirmed_at: datetime | None = _moment()
    flag: str = ""
    created_at: datetime = _created()
    updated_at: datetime = _created()


class Affiliation(_Row, table=True):
    """That a contact works for an outlet (rattachement): role, desk, and the address used there if another one."""

    __tablename__ = "affiliation"
    __table_args__ = (UniqueConstraint("contact_id", "outlet_id", "role", "desk"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    outlet_id: int = Field(foreign_key="outlet.id", index=True)
    role: str = ""
    desk: str = ""
    address: str = ""
    is_primary: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class ContactSector(_Row, table=True):
    """That a contact covers a sector."""

    __tablename__ = "contact_sector"

    contact_id: int = Field(foreign_key="contact.id", primary_key=True, ondelete="CASCADE")
    sector_id: int = Field(foreign_key="sector.id", primary_key=True, index=True)


class MediaList(_Row, table=True):
    """A press list (liste de presse); a smart one has a `query` instead of members."""

    __tablename__ = "media_list"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    name: str
    sector_id: int | None = Field(default=None, foreign_key="sector.id")
    query: str = ""
    created_at: datetime = _created()


class MediaListMember(_Row, table=True):
    """That a contact stands on a list, and through which affiliation."""

    __tablename__ = "media_list_member"

    media_list_id: int = Field(foreign_key="media_list.id", primary_key=True, ondelete="CASCADE")
    contact_id: int = Field(foreign_key="contact.id", primary_key=True, index=True, ondelete="CASCADE")
    affiliation_id: int | None = Field(default=None, foreign_key="affiliation.id", ondelete="SET NULL")
    source: str = ""
    added_at: datetime = _created()


class MediaListDeparture(_Row, table=True):
    """That a contact stood on a list from `added_at` until `removed_at`: a list can be shown as it was on any day."""

    __tablename__ = "media_list_departure"

    id: int | None = Field(default=None, primary_key=True)
    media_list_id: int = Field(foreign_key="media_list.id", index=True, ondelete="CASCADE")
    contact_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    source: str = ""
    reason: str = ""
    added_at: datetime = _moment(nullable=False)
    removed_at: datetime = _created()


class ContactMerge(_Row, table=True):
    """That two contacts were made one: what each was before, so that the merge can be undone."""

    __tablename__ = "contact_merge"

    id: int | None = Field(default=None, primary_key=True)
    kept_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    merged_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    before: dict[str, Any] = _json(dict)
    actor: str = ""
    created_at: datetime = _created()
    undone_at: datetime | None = _moment()


class ColumnMapping(_Row, table=True):
    """What the columns of one source's files mean, where their names do not say: column name → field.

    `header` are the folded column names of the file it was made for: a file with the same ones uses it by itself.
    """

    __tablename__ = "column_mapping"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    header: list[str] = _json(list)
    columns: dict[str, str] = _json(dict)
    updated_at: datetime = _created()


class DomainCheck(_Row, table=True):
    """What the DNS last said of a mail domain: whether it takes mail (`yes`, `no`, or `unknown`), and why."""

    __tablename__ = "domain_check"

    domain: str = Field(primary_key=True)
    takes_mail: str
    answer: str = ""
    checked_at: datetime = _created()


class Suppression(_Row, table=True):
    """An objection (opposition): the keyed hash of the address, never the address itself.

    `scope` is "" for everything, or a sector's slug. `key_id` names the key the hash was made with, so that a lost or
    changed key is noticed instead of silently forgetting objections.
    """

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("address_hash", "scope"),)

    id: int | None = Field(default=None, primary_key=True)
    address_hash: str
    key_id: str
    scope: str = ""
    reason: str
    source: str = ""
    created_at: datetime = _created()


class Release(_Row, table=True):
    """A communiqué, under one slug; its words live in its versions.

    A translation names its original, a follow-up the release whose readers it reminds.
    """

    __tablename__ = "release"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    kind: str
    corrects_id: int | None = Field(default=None, foreign_key="release.id")
    translates_id: int | None = Field(default=None, foreign_key="release.id", index=True)
    follows_up_id: int | None = Field(default=None, foreign_key="release.id", index=True)
    created_at: datetime = _created()


class ReleaseVersion(_Row, table=True):
    """One version of a release, never changed: any edit makes the next. `content_hash` is the SHA-256 of its words.

    `author` is the system user who imported or edited it; "" in versions from before that was kept.
    """

    __tablename__ = "release_version"
    __table_args__ = (UniqueConstraint("release_id", "number"), UniqueConstraint("release_id", "content_hash"))

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id")
    number: int
    content_hash: str
    headline: str
    lang: str
    kind: str
    standfirst: str = _long_text()
    body: str = _long_text()
    dateline_place: str = ""
    dateline_date: date | None = None
    embargo_until: datetime | None = _moment()
    sector: str = ""
    signatory: dict[str, str] = _json(dict)
    contacts: list[dict[str, str]] = _json(list)
    boilerplate: str = _long_text()
    extra: dict[str, Any] = _json(dict)
    remarks: list[dict[str, Any]] = _json(list)
    lines: dict[str, int] = _json(dict)
    source: str = _long_text()
    source_name: str = ""
    author: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = _created()


class SignOff(_Row, table=True):
    """That somebody signed a release for sending (bon à diffuser), and all that the signature is bound to.

    `name` is who signs, `actor` the system user at the keyboard. `parts` are the language versions, each under its
    content hash and with who it comes from; `templates` and `files` (the house's logo) hold hashes by name,
    `attach_pdf` says whether the PDF made of the release is meant to go with it. `scope` are the lists as they were
    named (none: every list) and the account, `recipients` whom they held: number of the contact, keyed hash of the
    address, number of the part. `digest` covers all of it.
    """

    __tablename__ = "sign_off"

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id", index=True)
    name: str
    actor: str
    digest: str
    parts: list[dict[str, Any]] = _json(list)
    templates: dict[str, str] = _json(dict)
    files: dict[str, str] = _json(dict)
    attach_pdf: bool = False
    scope: dict[str, Any] = _json(dict)
    manifest_hash: str
    recipients: list[list[Any]] = _json(list)
    signed_at: datetime = _created()
    withdrawn_at: datetime | None = _moment()
    withdrawn_by: str = ""


class EmbargoChange(_Row, table=True):
    """That an embargo was moved or lifted by a command: versions that say `said` are under embargo `until` then.

    Versions never change, and their words go on saying what they said; the latest change of theirs is in force.
    """

    __tablename__ = "embargo_change"

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id", index=True)
    said: datetime | None = _moment()
    until: datetime = _moment(nullable=False)
    actor: str = ""
    created_at: datetime = _created()


class EmbargoAcceptance(_Row, table=True):
    """That a contact has agreed to hold a release, its translations and corrections, until its embargo is over.

    `how` they said so, and `recorded_by` whom it was told.
    """

    __tablename__ = "embargo_acceptance"
    __table_args__ = (UniqueConstraint("release_id", "contact_id"),)

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id")
    contact_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    how: str = ""
    recorded_by: str = ""
    accepted_at: datetime = _created()


class Attachment(_Row, table=True):
    """A file that goes with a release version; `sha256` is what it was when the version was made.

    `role` says whether it is attached, a picture in the text (`source`: as the text names it), or the logo.
    """

    __tablename__ = "attachment"

    id: int | None = Field(default=None, primary_key=True)
    release_version_id: int = Field(foreign_key="release_version.id", index=True)
    path: str
    name: str
    media_type: str
    size: int
    sha256: str
    role: str = Field(default="attachment", sa_column_kwargs={"server_default": "attachment"})
    source: str = Field(default="", sa_column_kwargs={"server_default": ""})


class Account(_Row, table=True):
    """A sending account (compte d'envoi): its limits, and what the server taught us about them.

    `config` is how a named one is set: names of settings and their values as text, no secret among them. That of
    «default», which the settings describe, is empty, and so is that of one that was removed.
    """

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    config: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    limits: dict[str, Any] = _json(dict)
    learned: dict[str, Any] = _json(dict)
    created_at: datetime = _created()


class Pace(_Row, table=True):
    """How fast an account may go now, shared by all processes: as a whole (`scope` ""), or towards one provider.

    `state` are tokens that are out and what refusals taught (`throttle.Gauge`); until `until` nothing is sent at all.
    """

    __tablename__ = "pace"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    scope: str = Field(primary_key=True)
    state: dict[str, Any] = _json(dict)
    until: datetime | None = _moment()
    reason: str = ""
    updated_at: datetime = _created()


class PaceShare(_Row, table=True):
    """How many of an account's connections a process holds, and would like; it counts until `until`."""

    __tablename__ = "pace_share"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    worker: str = Field(primary_key=True)
    connections: int
    wish: int
    until: datetime = _moment(nullable=False)


class RefusedLogin(_Row, table=True):
    """A login that the server refused: the keyed hash of server, name and password, never the password itself."""

    __tablename__ = "refused_login"

    login: str = Field(primary_key=True)
    said: str = _long_text()
    refused_at: datetime = _created()


class Dispatch(_Row, table=True):
    """One sending of one release version to one frozen manifest (diffusion).

    `message_date` is the Date header of all its messages, `templates` their sources and `identity` who they come from,
    `files` what goes with it beside the release's own (the house's logo, the PDF made of it), each with its hash: all
    fixed when it is planned, so that a retry sends the same bytes. `is_test` dispatches stay out of reports. Until
    `waits_until` it is not taken up by itself: `waits_for` says what used up or closed, or that it cools down.
    `scheduled_at` is when it is to start, and nothing of it leaves before; whoever has not left by `not_after` is
    withheld. `sign_offs` are the signatures that held when it was planned, `signed_off_by` their names. `correction` is
    empty, or what a correction says to those who have the message of which dispatch (`dispatch.messages.notices`).
    `account_id` is the account that carries it now; `then_account_id` the one that takes over, once, when that is
    refused: `takeover` then tells from which one, when and why.
    """

    __tablename__ = "dispatch"

    id: int | None = Field(default=None, primary_key=True)
    release_version_id: int = Field(foreign_key="release_version.id", index=True)
    account_id: int = Field(foreign_key="account.id")
    then_account_id: int | None = Field(default=None, foreign_key="account.id")
    takeover: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    state: str = Field(default=DispatchState.PLANNED, index=True)
    pause_reason: str = _long_text()
    waits_until: datetime | None = _moment()
    waits_for: str = Field(default="", sa_column_kwargs={"server_default": ""})
    is_test: bool = False
    lists: list[str] = _json(list)
    excluded_lists: list[str] = _json(list)
    manifest_hash: str = ""
    template_hash: str = ""
    templates: dict[str, str] = _json(dict)
    identity: dict[str, Any] = _json(dict)
    files: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    correction: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}")
    )
    message_date: datetime = _created()
    scheduled_at: datetime | None = _moment()
    not_after: datetime | None = _moment()
    signed_off_by: str = ""
    sign_offs: list[dict[str, Any]] = Field(
        default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]")
    )
    created_at: datetime = _created()
    started_at: datetime | None = _moment()
    finished_at: datetime | None = _moment()


class Wave(_Row, table=True):
    """A part of a dispatch that leaves at a time of its own (vague): its deliveries hold its `number`.

    `after_s` counts from the start of the wave before; a wave without it starts at an hour. `starts_at` is when it may
    leave, `began_at` when the first of it was taken up. `is_exclusive`: one contact or outlet ahead of all others.
    """

    __tablename__ = "wave"

    dispatch_id: int = Field(foreign_key="dispatch.id", ondelete="CASCADE", primary_key=True)
    number: int = Field(primary_key=True)
    name: str
    is_exclusive: bool = False
    after_s: int | None = None
    starts_at: datetime | None = _moment()
    began_at: datetime | None = _moment()


class Delivery(_Row, table=True):
    """One recipient of one dispatch (remise): its state, and a copy of all that its message is made from.

    Name, outlet, sector and merge fields are copied when the dispatch is planned: a retry sends the same bytes, a
    report needs no join, and a later change to the contact changes neither. `address_hash` is the keyed hash that
    objections are kept under, so that a claim can check them in the same statement; a sector's objection is held
    against both slugs, of the sector the journalist was reached through and of the release's own. `expires_at` is when
    we stop trying, counted from the first attempt; `attempts` counts the rows in `attempt`, `refusals` the deferrals
    that count against the address. `corrects_id` is the same journalist's delivery whose message this one corrects,
    `follows_up_id`, of a follow-up, the original release it reminds of. `is_withheld` says what the state says, for
    indexes that would else be written anew at every step; the database keeps it so.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("dispatch_id", "address_key"),
        _some(
            "uq_delivery_release_version_id_contact_id",
            "release_version_id",
            "contact_id",
            where="NOT is_withheld",
            unique=True,
        ),
        # One follow-up per contact and release, in whatever words or language, whichever commands run at once.
        _some(
            "uq_delivery_follows_up_id_contact_id",
            "follows_up_id",
            "contact_id",
            where="follows_up_id IS NOT NULL AND NOT is_withheld",
            unique=True,
        ),
        Index("ix_delivery_dispatch_id_state_id", "dispatch_id", "state", "id"),
        _some("ix_delivery_dispatch_id_accepted_at", "dispatch_id", "accepted_at", where="accepted_at IS NOT NULL"),
        _some(
            "ix_delivery_that_waits",
            "dispatch_id",
            "state",
            "not_before",
            "embargo_until",
            where="not_before IS NOT NULL OR embargo_until IS NOT NULL",
        ),
        _some("ix_delivery_with_reason", "dispatch_id", "state", "reason", where="reason <> ''"),
        _some("ix_delivery_corrects_id", "corrects_id", where="corrects_id IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    dispatch_id: int = Field(foreign_key="dispatch.id")
    release_version_id: int = Field(foreign_key="release_version.id")
    contact_id: int | None = Field(default=None, foreign_key="contact.id", ondelete="SET NULL", index=True)
    corrects_id: int | None = Field(default=None, foreign_key="delivery.id")
    address: str
    address_key: str
    address_hash: str
    domain: str
    name: str = ""
    outlet: str = ""
    outlet_kind: str = ""
    sector: str = ""
    sector_slug: str = ""
    release_sector_slug: str = ""
    language: str = ""
    lists: list[str] = _json(list)
    merge: dict[str, Any] = _json(dict)
    message_id: str = Field(unique=True)
    follows_up_id: int | None = Field(default=None, foreign_key="release.id")
    state: str = Field(default=DeliveryState.QUEUED)
    is_withheld: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    reason: str = _long_text()
    attempts: int = 0
    refusals: int = 0
    wave: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    not_before: datetime | None = _moment()
    embargo_until: datetime | None = _moment()
    next_attempt_at: datetime | None = _moment()
    expires_at: datetime | None = _moment()
    worker: str = ""
    lease_until: datetime | None = _moment()
    verdict: str = ""
    phase: str = ""
    code: int | None = None
    enhanced_code: str = ""
    reply: str = _long_text()
    accepted_at: datetime | None = _moment()
    updated_at: datetime = _created()


class LeftOut(_Row, table=True):
    """That somebody on a dispatch's lists was left out of it, and why. Who objected has a withheld delivery instead."""

    __tablename__ = "left_out"

    id: int | None = Field(default=None, primary_key=True)
    dispatch_id: int = Field(foreign_key="dispatch.id", index=True, ondelete="CASCADE")
    contact_id: int = Field(foreign_key="contact.id", index=True, ondelete="CASCADE")
    reason: str
    because: str = _long_text()
    lists: list[str] = _json(list)


class Tally(_Row, table=True):
    """How many deliveries of a dispatch stand where, by sector and by domain (`kind`): what reports add up.

    The database keeps it (triggers of the migrations), in the transaction that moves a delivery, whoever moves it.
    `planned` counts all, whatever their state; those who are queued, claimed or being sent have no row beside it. On
    PostgreSQL each session counts in a `shard` of its own.
    """

    __tablename__ = "tally"
    __table_args__ = ({"sqlite_with_rowid": False},)

    dispatch_id: int = Field(foreign_key="dispatch.id", ondelete="CASCADE", primary_key=True)
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    state: str = Field(primary_key=True)
    shard: int = Field(primary_key=True)
    many: int


class Worker(_Row, table=True):
    """A process that sends or waits for work, as it last said of itself; struck off when it ends or is gone.

    `accounts` are those that it sends through; none is named where it sends through all. `cannot` are the dispatches
    that it leaves to other machines: its own cannot carry them.
    """

    __tablename__ = "worker"

    name: str = Field(primary_key=True)
    host: str
    pid: int
    started_at: datetime = _created()
    seen_at: datetime = _created()
    dispatch_id: int | None = Field(default=None, foreign_key="dispatch.id", ondelete="SET NULL")
    connections: int = 0
    sent: int = 0
    accounts: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))
    cannot: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False, server_default="[]"))


class Attempt(_Row, table=True):
    """One try at one delivery (tentative), as it went: append-only, never changed."""

    __tablename__ = "attempt"

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id", index=True)
    number: int
    started_at: datetime = _created()
    duration_ms: int = 0
    phase: str
    verdict: str
    state: str
    code: int | None = None
    enhanced_code: str = ""
    reply: str = _long_text()
    server: str = ""
    tls: str = ""
    worker: str = ""
    account: str = Field(default="", sa_column_kwargs={"server_default": ""})


class FeedbackEvent(_Row, table=True):
    """Something that came back (bounce, complaint, objection, reply), with the raw message it was read from.

    One row per message and recipient it speaks of: `digest` names both, whatever way the message took to us. `address`
    is whom it is about, `sender` who wrote it. `state` says what became of it: `applied`, `recorded`, `waiting` (for a
    person to say), `confirmed`, `dismissed`. `evidence` names the part of the message, or the way of attribution, that
    it rests on, `said` are the server's or the sender's own words, and `details` what a person may confirm.
    `forward_state` is how far an answer was handed on to the press office, since `forward_at`: `due`, `sending`,
    `sent`, `in_doubt`, `refused`.
    """

    __tablename__ = "feedback_event"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    kind: str
    verdict: str = ""
    reason: str = ""
    status: str = ""
    source: str = ""
    raw: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = _created()
    state: str = Field(default="recorded", index=True, sa_column_kwargs={"server_default": "recorded"})
    address: str = Field(default="", index=True, sa_column_kwargs={"server_default": ""})
    sender: str = Field(default="", sa_column_kwargs={"server_default": ""})
    subject: str = _long_text()
    evidence: str = Field(default="", sa_column_kwargs={"server_default": ""})
    said: str = _long_text()
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False, server_default="{}"))
    handled_at: datetime | None = _moment()
    handled_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    forward_state: str = Field(default="", index=True, sa_column_kwargs={"server_default": ""})
    forward_at: datetime | None = _moment()


class Coverage(_Row, table=True):
    """That an outlet wrote about a release (retombée): where it can be read, and when it appeared."""

    __tablename__ = "coverage"

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id", index=True)
    url: str = Field(unique=True)
    outlet: str = ""
    title: str = ""
    published_on: date = Field(index=True)
    created_at: datetime = _created()


class Audit(_Row, table=True):
    """Who did what, when, and why: overrides, objections, sign-offs, exports."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = _created()
    actor: str
    action: str
    subject: str
    details: dict[str, Any] = _json(dict)


_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""64 bits: SQLite's are, by the name INTEGER."""


def row_number(number: int | None) -> ColumnElement[int]:
    """A row's number as a statement holds it: as wide as those of the tables, which PostgreSQL asks for in places."""
    return literal(number, _NUMBER)


def _number_rows_in_64_bits() -> None:
    for table in SQLModel.metadata.tables.values():
        for column in table.c:
            if isinstance(column.type, Integer) and (column.name == "id" or column.foreign_keys):
                column.type = _NUMBER


_number_rows_in_64_bits()
