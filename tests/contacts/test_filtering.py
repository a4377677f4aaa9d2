"""A filter in SQL holds of the contacts of whom it holds when one reads it: the same on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from databases import LONG, new_database, query_plans
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from distributor.contacts.filters import sql as filtering
from distributor.contacts.filters.facts import STALE_MONTHS
from distributor.contacts.filters.language import And, Clause, Comparison, Filter, Meaning, Not, Or, Value, parse_filter
from distributor.contacts.filters.sql import Filtering
from distributor.contacts.filters.words import days_of, months_before, says
from distributor.db.engine import Database
from distributor.errors import BadInput
from distributor.folding import fold
from distributor.models import (
    Account,
    Affiliation,
    Contact,
    ContactSector,
    Delivery,
    Dispatch,
    MediaList,
    MediaListMember,
    Outlet,
    Release,
    ReleaseVersion,
    Sector,
    Suppression,
)
from distributor.tokens import Keyring

KEYRING = Keyring(b"k" * 32)
TODAY = date(2026, 11, 22)
NAMES = ["Hélène Lefèvre", "Paul Lefebvre", "Zoé Œuvrard", "Ilya Ж", "Anne-Marie d'Arc", ""]
REGIONS = ["", "Île-de-France", "ile de france", "Bretagne", "100 %_sûr"]
OUTLETS = [("Le Monde", "national-daily", "Île-de-France"), ("Agence Nord", "agency", ""), ("L’Équipe", "", "Bretagne")]
OUTLETS += [("Radio Océan", "Radio locale", "BRETAGNE"), ("!?", "podcast-maison", "")]
SECTORS = [("social", ""), ("retraites", "social"), ("sante", ""), ("hopital", "sante")]
LANGUAGES = ["", "fr", "en", "br"]
DAYS = [date(2022, 5, 1), date(2025, 11, 22), date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31)]
STATES = ["accepted", "bounced", "rejected", "complained", "queued", "withheld"]
QUERY = "sector:social and not state:bounced"


@dataclass
class Known:
    """What a test knows of a contact: the facts that the base was filled with."""

    id: int
    contact: Contact
    posts: list[tuple[str, str, str, str, str, bool]]
    sectors: set[str]
    lists: set[str]
    addresses: list[str]
    deliveries: list[tuple[str, str, datetime | None, bool, str]]
    objected: bool
    at_outlets: set[str] = field(default_factory=set)
    moments: dict[str, datetime | None] = field(default_factory=dict)


def fill(database: Database, seed: int) -> list[Known]:
    """Random contacts, and what is known of them."""
    pick = random.Random(seed)
    with database.session() as session:
        version, dispatches = _dispatches(session)
        outlets = [Outlet(key=fold(n) or n, name=n, kind=kind, region=region) for n, kind, region in OUTLETS]
        sectors = {slug: Sector(slug=slug, name=slug.title()) for slug, _ in SECTORS}
        session.add_all([*outlets, *sectors.values()])
        session.flush()
        for slug, parent in SECTORS:
            sectors[slug].parent_id = sectors[parent].id if parent else None
        nord = MediaList(slug="nord", name="Grand Nord")
        session.add_all([nord, MediaList(slug="maligne", name="Maligne", query=QUERY)])
        session.flush()
        return [_one(session, pick, number, outlets, sectors, nord, version, dispatches) for number in range(40)]


def _dispatches(session: Session) -> tuple[ReleaseVersion, list[Dispatch]]:
    release, account = Release(slug="r", kind="release"), Account(name="default")
    session.add_all([release, account])
    session.flush()
    assert release.id is not None
    assert account.id is not None
    version = ReleaseVersion(release_id=release.id, number=1, content_hash="h", headline="H", lang="fr", kind="release")
    session.add(version)
    session.flush()
    assert version.id is not None
    dispatches = [
        Dispatch(release_version_id=version.id, account_id=account.id, is_test=is_test) for is_test in (False, True)
    ]
    session.add_all(dispatches)
    session.flush()
    return version, dispatches


def _one(
    session: Session,
    pick: random.Random,
    number: int,
    outlets: Sequence[Outlet],
    sectors: dict[str, Sector],
    nord: MediaList,
    version: ReleaseVersion,
    dispatches: Sequence[Dispatch],
) -> Known:
    first, _, last = pick.choice(NAMES).partition(" ")
    domain = pick.choice(["jour.example", "radio.jour.example", "journal.example"])
    moments = {name: pick.choice([None, *DAYS]) for name in ("collected", "confirmed", "heard")}
    moments["added"] = pick.choice(DAYS)
    at = {name: datetime.combine(day, time(), UTC) if day else None for name, day in moments.items()}
    contact = Contact(
        address=f"a{number}@{domain}",
        address_key=f"a{number}@{domain}",
        first_name=first,
        last_name=last,
        name_key=fold(f"{first} {last}"),
        language=pick.choice(LANGUAGES),
        other_languages=pick.choice(["", "en", "en; br"]),
        region=pick.choice(REGIONS),
        topics=pick.choice(["", "retraites", "code du travail; retraites"]),
        channel=pick.choice(["", "", "phone", "pigeon"]),
        phone=pick.choice(["", "01 99 00 00 01"]),
        notes=pick.choice(["", "x"]),
        attachments=pick.choice(["yes", "no"]),
        embargo_trust=pick.random() < 0.5,
        source=pick.choice(["", "Salon 2026", "annuaire"]),
        flag=pick.choice(["", "", "desk", "opted_out"]),
        fields=pick.choice([{}, {"cle": "Été"}, {"cle": "", "autre": "x"}, {"cle": "hiver long"}]),
        collected_at=at["collected"],
        confirmed_at=at["confirmed"],
        last_inbound_at=at["heard"],
        created_at=at["added"] or datetime.now(UTC),
    )
    session.add(contact)
    session.flush()
    assert contact.id is not None
    known = Known(contact.id, contact, [], set(), set(), [contact.address_key or ""], [], objected=False, moments=at)
    ids = [contact.id]
    if pick.random() < 0.3:
        other = Contact(
            same_as_id=contact.id, address=f"b{number}@perso.example", address_key=f"b{number}@perso.example"
        )
        session.add(other)
        session.flush()
        assert other.id is not None
        ids.append(other.id)
        known.addresses.append(other.address_key or "")
    for outlet, name in pick.sample(list(zip(outlets, OUTLETS, strict=True)), pick.randint(0, 2)):
        _post(session, pick, known, outlet, name)
    for slug in pick.sample(list(sectors), pick.randint(0, 2)):
        session.add(ContactSector(contact_id=contact.id, sector_id=sectors[slug].id or 0))
        known.sectors.add(slug)
    if pick.random() < 0.5:
        session.add(MediaListMember(media_list_id=nord.id or 0, contact_id=contact.id))
        known.lists.add("nord")
    for step in range(pick.randint(0, 3)):
        _delivery(session, pick, known, pick.choice(ids), version, pick.choice(dispatches), step)
    if pick.random() < 0.2:
        known.objected = True
        hashed = KEYRING.address_hash(pick.choice(known.addresses))
        session.add(Suppression(address_hash=hashed, key_id=KEYRING.key_id, reason="no"))
    if pick.random() < 0.2:
        hashed = KEYRING.address_hash(known.addresses[0])
        session.add(Suppression(address_hash=hashed, key_id=KEYRING.key_id, reason="no", scope="social"))
    session.flush()
    return known


def _post(session: Session, pick: random.Random, known: Known, outlet: Outlet, name: tuple[str, str, str]) -> None:
    until = pick.choice([None, None, TODAY, TODAY - timedelta(days=1)])
    since = pick.choice([None, TODAY, TODAY + timedelta(days=1)])
    role, desk = pick.choice(["", "Cheffe de rubrique", "Critique"]), pick.choice(["", "Économie"])
    address = pick.choice(["", f"C{known.id}@jour.example"])
    session.add(
        Affiliation(
            contact_id=known.id, outlet_id=outlet.id or 0, role=role, desk=desk, address=address,
            valid_from=since, valid_to=until,
        )
    )  # fmt: skip
    known.at_outlets.add(address)
    if (until is None or until >= TODAY) and (since is None or since <= TODAY):
        known.posts.append((*name, role, desk, True))
        if address:
            known.addresses.append(address.lower())


def _delivery(
    session: Session,
    pick: random.Random,
    known: Known,
    contact_id: int,
    version: ReleaseVersion,
    dispatch: Dispatch,
    step: int,
) -> None:
    state, verdict = pick.choice(STATES), pick.choice(["", "hard", "policy"])
    mailed = {kept[4] for kept in known.deliveries}
    some = [known.contact.address or "", f"C{known.id}@jour.example", f"former{known.id}-{step}@jour.example"]
    address = pick.choice([one for one in some if one not in mailed])
    day = pick.choice(DAYS)
    accepted = datetime.combine(day, time(), UTC) if state in ("accepted", "bounced", "complained") else None
    other = Release(slug=f"r{known.id}-{step}", kind="release")
    session.add(other)
    session.flush()
    mine = ReleaseVersion(
        release_id=other.id or 0, number=1, content_hash="h", headline=version.headline, lang="fr", kind="release"
    )
    session.add(mine)
    session.flush()
    session.add(
        Delivery(
            dispatch_id=dispatch.id or 0,
            release_version_id=mine.id or 0,
            contact_id=contact_id,
            address=address,
            address_key=address.lower(),
            address_hash="",
            domain="",
            message_id=f"{known.id}-{step}",
            state=state,
            verdict=verdict,
            accepted_at=accepted,
        )
    )
    session.flush()
    known.deliveries.append((state, verdict, accepted, dispatch.is_test, address))


# The naive reading


def holds(tree: Filter, one: Known) -> bool:
    if isinstance(tree, Not):
        return not holds(tree.part, one)
    if isinstance(tree, Clause):
        return any(_value_holds(tree, value, one) for value in tree.values)
    every = [holds(part, one) for part in tree.parts]
    return all(every) if isinstance(tree, And) else any(every)


def _value_holds(clause: Clause, value: Value, one: Known) -> bool:
    name, whole = clause.name, clause.comparison is Comparison.IS
    if name in _TEXTS:
        texts = [text for text in _TEXTS[name](one) if text]
        if value.meaning is not Meaning.TEXT:
            return bool(texts) == (value.meaning is Meaning.ANY)
        return any(says(value.text, text, whole=whole) for text in texts)
    if name in ("added", "collected", "confirmed", "heard", "mailed"):
        return _date_holds(clause, value, one)
    return _OTHERS[name](value, one, whole)


def _date_holds(clause: Clause, value: Value, one: Known) -> bool:
    mailed = [at for _, _, at, is_test, _ in one.deliveries if at and not is_test]
    moment = max(mailed, default=None) if clause.name == "mailed" else one.moments[clause.name]
    if value.meaning is not Meaning.TEXT:
        return (moment is not None) == (value.meaning is Meaning.ANY)
    if moment is None:
        return False
    start, after = days_of(value.text, TODAY)
    day = moment.date()
    return {
        Comparison.BEFORE: day < start,
        Comparison.UNTIL: day < after,
        Comparison.AFTER: day >= after,
        Comparison.SINCE: day >= start,
    }.get(clause.comparison, start <= day < after)


def _languages(one: Known, *, whole: bool) -> set[str]:
    others = set() if whole else {part.strip() for part in one.contact.other_languages.split(";")}
    return {one.contact.language, *others} - {""}


def _sectors(value: Value, one: Known, whole: bool) -> bool:
    if value.meaning is not Meaning.TEXT:
        return bool(one.sectors) == (value.meaning is Meaning.ANY)
    parents = dict(SECTORS)
    return any(
        says(value.text, slug, whole=True) or (not whole and says(value.text, parents[slug] or "?", whole=True))
        for slug in one.sectors
    )


def _lists(value: Value, one: Known, _whole: bool) -> bool:
    if value.meaning is not Meaning.TEXT:
        return bool(one.lists) == (value.meaning is Meaning.ANY)
    on_nord = "nord" in one.lists and (fold(value.text) in ("nord", "grand nord") or value.text == "*o*")
    return on_nord or (fold(value.text) == "maligne" and holds(parse_filter(QUERY), one))


def _state(value: Value, one: Known, _whole: bool) -> bool:
    contact, real = one.contact, [kept for kept in one.deliveries if not kept[3]]
    settled = [kept for kept in real if kept[0] not in ("queued", "withheld")]
    state, verdict, *_, address = settled[-1] if settled else ("", "", "")
    is_used = address in {contact.address, *one.at_outlets}
    moments = (one.moments[name] for name in ("heard", "confirmed", "collected", "added"))
    sign = next(moment for moment in moments if moment)
    return {
        "bounced": is_used and (state == "bounced" or (state, verdict) == ("rejected", "hard")),
        "complained": any(state == "complained" for state, *_ in real),
        "objected": one.objected or contact.flag == "opted_out",
        "desk": contact.flag == "desk",
        "stale": sign.date() < months_before(TODAY, STALE_MONTHS),
    }[value.text]


def _domain(value: Value, one: Known, whole: bool) -> bool:
    domains = [address.rpartition("@")[2] for address in one.addresses]
    return any(domain == value.text or (not whole and domain.endswith(f".{value.text}")) for domain in domains)


_TEXTS: dict[str, Callable[[Known], list[str]]] = {
    "name": lambda one: [f"{one.contact.first_name} {one.contact.last_name}".strip()],
    "outlet": lambda one: [post[0] for post in one.posts],
    "outlet.region": lambda one: [post[2] for post in one.posts],
    "role": lambda one: [post[3] for post in one.posts],
    "desk": lambda one: [post[4] for post in one.posts],
    "region": lambda one: [one.contact.region],
    "topic": lambda one: one.contact.topics.split(";"),
    "source": lambda one: [one.contact.source],
    "field.cle": lambda one: [one.contact.fields.get("cle", "")],
}
_OTHERS: dict[str, Callable[[Value, Known, bool], bool]] = {
    "kind": lambda value, one, whole: (
        any(
            says(value.text, post[1], whole=whole) or says(value.text, _CODES.get(post[1], post[1]), whole=whole)
            for post in one.posts
            if post[1]
        )
        if value.meaning is Meaning.TEXT
        else any(post[1] for post in one.posts) == (value.meaning is Meaning.ANY)
    ),
    "sector": _sectors,
    "list": _lists,
    "language": lambda value, one, whole: (
        value.text in _languages(one, whole=whole)
        if value.meaning is Meaning.TEXT
        else bool(_languages(one, whole=False)) == (value.meaning is Meaning.ANY)
    ),
    "channel": lambda value, one, _: (one.contact.channel or "mail") == value.text,
    "state": _state,
    "trust": lambda value, one, _: one.contact.embargo_trust == (value.text == "yes"),
    "attachments": lambda value, one, _: one.contact.attachments == value.text,
    "phone": lambda value, one, _: bool(one.contact.phone) == (value.meaning is Meaning.ANY),
    "notes": lambda value, one, _: bool(one.contact.notes) == (value.meaning is Meaning.ANY),
    "domain": _domain,
    "address": lambda value, one, _: (
        value.meaning is not Meaning.NONE
        and (
            value.meaning is Meaning.ANY or any(address.startswith(value.text.rstrip("*")) for address in one.addresses)
        )
    ),
}
_CODES = {"Radio locale": "radio"}

CLAUSES = [
    "name:lefevre", "name:lef*", "name=helene*", "name:none", "name:(ж, oeuv*)", "name:d'arc", "outlet:monde",
    "outlet=monde", "outlet:(l'equipe or agence)", "outlet:none", "outlet.region:bretagne", "outlet.region:none",
    "kind:agency", "kind:radio", "kind:podcast*", "kind:none", "kind:any", "role:rubrique", "role=critique",
    "role:none", "desk:economie", "sector:social", "sector=social", "sector:(sante or retraites)", "sector:none",
    "sector:h*", "list:nord", 'list:"Grand Nord"', "list:maligne", "list:none", "list:*o*", "region:ile-de-france",
    "region=bretagne", "region:none", 'region:"100 %"', "topic:travail", "topic=retraites", "topic:none",
    "language:fr", "language=fr", "language:en", "language:none", "channel:mail", "channel:phone", "channel:pigeon",
    "source:salon", "source:none", "state:bounced", "state:complained", "state:objected", "state:desk", "state:stale",
    "trust:yes", "trust:no", "attachments:no", "attachments:yes", "phone:any", "phone:none", "notes:any",
    "field.cle:ete", "field.cle:none", "field.cle:h*", "domain:jour.example", "domain=jour.example", "address:a1*",
    "address:c*", "address:any", "added<2026", "added>=2026-10-01", "added:2026-10", "collected<3y", "collected:none",
    "confirmed<=12m", "confirmed>2025", "confirmed:none", "mailed:none", "mailed<2026", "mailed:2026-10", "heard>1m",
    "heard:any",
]  # fmt: skip
TREES: st.SearchStrategy[Filter] = st.recursive(
    st.sampled_from(CLAUSES).map(parse_filter),
    lambda below: st.one_of(
        st.builds(Not, below), st.builds(And, st.tuples(below, below)), st.builds(Or, st.tuples(below, below))
    ),
    max_leaves=6,
)


@dataclass(frozen=True)
class Filled:
    """A base that tests only read, and what is known of it."""

    database: Database
    known: list[Known]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """One on each engine for all of them."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with new_database(tmp_path_factory.mktemp("filled"), url) as database:
        yield Filled(database, fill(database, seed=7))


def found(session: Session, tree: Filter) -> set[int]:
    """The journalists of whom a filter holds, by the database."""
    answers = Filtering(session, TODAY, KEYRING)
    ids = session.scalars(select(col(Contact.id)).where(answers.condition(tree), col(Contact.same_as_id).is_(None)))
    return {one for one in ids if one is not None}


@pytest.mark.parametrize("seed", [1, 2])
def test_every_clause_says_in_sql_what_it_says(database: Database, seed: int) -> None:
    known = fill(database, seed)
    with database.session(reads_only=True) as session:
        for text in CLAUSES:
            tree = parse_filter(text)
            assert found(session, tree) == {one.id for one in known if holds(tree, one)}, text
            assert found(session, Not(tree)) == {one.id for one in known if not holds(tree, one)}, f"not {text}"


@pytest.mark.hypothesis
def test_filters_say_in_sql_what_they_say(filled: Filled) -> None:
    with filled.database.session(reads_only=True) as session:

        @settings(max_examples=30 * LONG)
        @given(TREES)
        def holds_alike(tree: Filter) -> None:
            assert found(session, tree) == {one.id for one in filled.known if holds(tree, one)}

        holds_alike()


def test_whose_mail_comes_back_is_found_without_reading_all_that_was_sent(filled: Filled) -> None:
    if not filled.database.is_sqlite:
        pytest.skip("a small PostgreSQL table is rightly read whole")
    with query_plans(filled.database) as steps, filled.database.session(reads_only=True) as session:
        assert found(session, parse_filter("state:bounced"))
    assert any("ix_delivery_dispatch_id_state_id (dispatch_id=? AND state=?)" in step for step in steps), steps
    assert [step for step in steps if step.startswith("SCAN delivery")] == []


def test_each_clause_is_explained_of_one_contact(filled: Filled) -> None:
    tree = parse_filter("sector:social and (language:fr or not state:bounced)")
    assert isinstance(tree, And)
    with filled.database.session(reads_only=True) as session:
        answers = Filtering(session, TODAY, KEYRING)
        for one in filled.known[:10]:
            explained = answers.explain(tree, one.id)
            assert [part for part, _ in explained] == list(tree.parts)
            assert [held for _, held in explained] == [holds(part, one) for part, _ in explained]


@pytest.mark.parametrize(
    ("text", "words", "mend"),
    [
        ("language:fr and sector:socail", "no sector «socail» (column 24", "Did you mean «social»?"),
        ("list:nrd", "no list «nrd»", "Did you mean «nord»?"),
        ("list:zzzz", "no list «zzzz»", "distributor lists list"),
    ],
)
def test_what_the_base_does_not_know_is_an_error(filled: Filled, text: str, words: str, mend: str) -> None:
    with filled.database.session(reads_only=True) as session, pytest.raises(BadInput) as caught:
        Filtering(session, TODAY, KEYRING).condition(parse_filter(text))
    assert words in caught.value.message
    assert mend in caught.value.mend


def test_words_that_nothing_has_are_told_with_near_ones(filled: Filled) -> None:
    assert filled.known
    with filled.database.session(reads_only=True) as session:
        answers = Filtering(session, TODAY, KEYRING)
        tree = parse_filter("region:bretagn and not role:critique and kind:fanzine")
        assert answers.unknown_words(tree) == [
            "No region is «bretagn». Did you mean «Bretagne»?",
            "No kind is «fanzine».",
        ]


def test_a_smart_list_defined_by_itself_is_an_error(database: Database) -> None:
    with database.session() as session:
        session.add_all([MediaList(slug="a", name="A", query="list:b"), MediaList(slug="b", name="B", query="list:a")])
    with database.session(reads_only=True) as session, pytest.raises(BadInput, match="defined by itself") as caught:
        Filtering(session, TODAY, KEYRING).condition(parse_filter("list:a"))
    assert "a → b → a" in caught.value.message


def test_more_spellings_than_a_statement_takes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern may mean thousands of different values: those that it does not mean are named instead."""
    monkeypatch.setattr(filtering, "_MAX_SPELLINGS", 3)
    with database.session() as session:
        session.add_all(
            Contact(address=f"x{n}@x.example", address_key=f"x{n}@x.example", source=f"fichier {n}" if n else "salon")
            for n in range(6)
        )
    with database.session(reads_only=True) as session:
        assert len(found(session, parse_filter("source:fichier*"))) == 5
        assert len(found(session, parse_filter("not source:fichier*"))) == 1
    with database.session() as session:
        session.add_all(
            Contact(address=f"y{n}@x.example", address_key=f"y{n}@x.example", source=f"salon {n}") for n in range(4)
        )
    with database.session(reads_only=True) as session, pytest.raises(BadInput, match="5 different values"):
        found(session, parse_filter("source:fichier*"))
