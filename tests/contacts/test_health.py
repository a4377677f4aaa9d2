"""What is not well on a list, and the command that mends it; what the DNS says of mail domains."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from sqlmodel import Session, col, select

from distributor.addresses import parse_address
from distributor.clock import now
from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.lists import domains, health, listmaking, press_lists
from distributor.contacts.lists.domains import DomainAnswer, TakesMail
from distributor.contacts.lists.health import Finding
from distributor.contacts.objections import suppression
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.doctor.lookup import DnsLookup
from distributor.models import Contact, DomainCheck
from distributor.tokens import Keyring

KEYRING = Keyring(b"k" * 32)
ROWS = """Prénom;Nom;Média;E-mail;Secteurs;Langue
Hélène;Lefèvre;Le Jour;helene@jour.example;Économie;fr
Paul;Bois;Agence Nord;paul@agence.example;;
;;Le Jour;redaction@jour.example;Économie;fr
Ay?e;Kaya;Le Soir;a.kaya@soir.example;Culture;fr
Ines;Sol;Le Fil;ines@fil.example;Culture;fr
Inès;Sol;Le Fil;i.sol@mort.example;Culture;fr
"""


@pytest.fixture
def base(database: Database) -> Database:
    """One list with something of everything."""
    long_ago = now() - timedelta(days=800)
    import_contacts(
        database, read_csv(ROWS.encode(), name="tous.csv"), list_name="Tous", collected_at=long_ago, keyring=KEYRING
    )
    with database.session() as session:
        for first, name, value in (("Ines", "channel", "phone"), ("Hélène", "confirmed_at", now())):
            setattr(session.exec(select(Contact).where(col(Contact.first_name) == first)).one(), name, value)
        suppression.add(session, KEYRING, parse_address("a.kaya@soir.example"), reason="non", actor="anne")
    return database


def found(session: Session, slug: str = "tous", answers: dict[str, DomainAnswer] | None = None) -> list[Finding]:
    media_list = press_lists.find_list(session, slug)
    return health.check_list(session, media_list, months=12, keyring=KEYRING, answers=answers or {})


def about(findings: Sequence[Finding], code: str) -> list[str]:
    return [one.address for one in findings if one.code == code]


def test_who_was_just_collected_needs_no_confirming(database: Database) -> None:
    import_contacts(database, read_csv(ROWS.encode(), name="tous.csv"), list_name="Tous", keyring=KEYRING)
    with database.session(reads_only=True) as session:
        assert about(found(session), "unconfirmed") == []


def test_everything_is_found_with_what_mends_it(base: Database) -> None:
    dead = DomainAnswer("mort.example", TakesMail.NO, "says that it takes no mail (null MX)", now())
    with base.session(reads_only=True) as session:
        findings = found(session, answers={"mort.example": dead})
    assert about(findings, "objected") == ["a.kaya@soir.example"]
    assert about(findings, "other-channel") == ["ines@fil.example"]
    assert about(findings, "desk") == ["redaction@jour.example"]
    assert about(findings, "no-sector") == about(findings, "no-language") == ["paul@agence.example"]
    assert len(about(findings, "never-mailed")) == 6
    assert "helene@jour.example" not in about(findings, "unconfirmed")
    assert len(about(findings, "unconfirmed")) == 5
    assert about(findings, "damaged") == ["a.kaya@soir.example"]
    assert about(findings, "duplicate") == ["ines@fil.example"]
    assert about(findings, "no-mail") == ["i.sol@mort.example"]
    mends = {one.code: one.mend for one in findings}
    assert mends["desk"] == "distributor contacts edit redaction@jour.example --address NEW"
    assert mends["objected"] == "distributor lists remove tous a.kaya@soir.example"
    assert mends["duplicate"] == "distributor contacts merge ines@fil.example i.sol@mort.example"
    (unknown,) = [one for one in findings if one.code == "domain-unknown"]
    assert "of 4 mail domains it is not known" in unknown.message


def test_nobody_is_said_to_be_taken_off_a_smart_list(base: Database) -> None:
    dead = DomainAnswer("mort.example", TakesMail.NO, "says that it takes no mail (null MX)", now())
    with base.session() as session:
        listmaking.create_list(session, "Culture", query="sector:culture", keyring=KEYRING, actor="anne")
        listmaking.create_list(session, "Nul", query="language:eo", keyring=KEYRING, actor="anne")
    with base.session(reads_only=True) as session:
        mends = {one.code: one.mend for one in found(session, "culture", {"mort.example": dead})}
        (empty,) = found(session, "nul")
    assert mends["objected"] == "distributor lists edit culture --where FILTER"
    assert mends["no-mail"].endswith("--address NEW, or distributor lists edit culture --where FILTER")
    assert empty.mend == "distributor lists edit nul --where FILTER"


def test_a_list_with_nobody_on_it_and_a_query_without_an_answer(base: Database) -> None:
    with base.session() as session:
        for name, query in (("Vide", ""), ("Perdue", "sector:culture")):
            listmaking.create_list(session, name, query=query, keyring=KEYRING, actor="anne")
        press_lists.find_list(session, "perdue").query = "sector:disparu"
    with base.session(reads_only=True) as session:
        assert [one.code for one in found(session, "vide")] == ["empty"]
        (lost,) = found(session, "perdue")
        assert (lost.code, "no sector «disparu»" in lost.message) == ("query", True)
        assert {one.slug: one.count for one in press_lists.lists(session, KEYRING)}["perdue"] is None


# Domains


def records(known: dict[tuple[str, str], list[str] | None]) -> domains.Lookup:
    return lambda name, kind: known.get((name, kind), [])


@pytest.mark.parametrize(
    ("known", "takes_mail", "words"),
    [
        ({("d", "MX"): ["10 mx.d."]}, TakesMail.YES, "MX mx.d"),
        ({("d", "MX"): ["0 ."]}, TakesMail.NO, "null MX"),
        ({("d", "MX"): ["0 .", "10 mx.d."]}, TakesMail.YES, "MX mx.d"),
        ({("d", "A"): ["192.0.2.1"]}, TakesMail.YES, "a machine of that name"),
        ({("d", "AAAA"): ["2001:db8::1"]}, TakesMail.YES, "a machine of that name"),
        ({}, TakesMail.NO, "neither MX record nor address"),
        ({("d", "MX"): None}, TakesMail.UNKNOWN, "does not say"),
        ({("d", "A"): None}, TakesMail.UNKNOWN, "does not say"),
    ],
)
def test_whether_a_domain_takes_mail(
    known: dict[tuple[str, str], list[str] | None], takes_mail: TakesMail, words: str
) -> None:
    said, answer = domains.ask("d", records(known))
    assert (said, words in answer) == (takes_mail, True)


def test_answers_are_kept_a_week_and_an_old_one_stands_when_the_dns_is_silent(database: Database) -> None:
    asked: list[str] = []

    def lookup(name: str, kind: str) -> list[str] | None:
        asked.append(name)
        return None if name == "muet.example" else ["0 ."] if kind == "MX" else []

    week = timedelta(days=7)
    with database.session() as session:
        for name, age in (("frais.example", week / 2), ("vieux.example", week * 2), ("muet.example", week * 2)):
            session.add(DomainCheck(domain=name, takes_mail="yes", answer="MX mx", checked_at=datetime.now(UTC) - age))
    names = ["frais.example", "muet.example", "neuf.example", "vieux.example"]
    with database.session() as session:
        new = domains.ask_domains(names, domains.kept_answers(session, names), lookup, seconds=60)
        domains.keep_answers(session, new)
    assert sorted(set(asked)) == ["muet.example", "neuf.example", "vieux.example"]
    assert [(one.domain, one.takes_mail) for one in new] == [("neuf.example", "no"), ("vieux.example", "no")]
    with database.session() as session:
        kept = domains.kept_answers(session, names)
    assert {name: one.takes_mail.value for name, one in kept.items()} == {
        "frais.example": "yes", "muet.example": "yes", "neuf.example": "no", "vieux.example": "no",
    }  # fmt: skip


def test_no_domain_is_asked_once_the_time_is_over() -> None:
    def never(name: str, kind: str) -> list[str]:
        raise AssertionError((name, kind))

    assert domains.ask_domains(["a.example", "b.example"], {}, never, seconds=0) == []


class _Zone(socketserver.BaseRequestHandler):
    """A name server: `mort.press` has a null MX, `vif.press` an MX, all other names do not exist."""

    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        (asked,) = query.question
        name, kind = asked.name.to_text(), dns.rdatatype.to_text(asked.rdtype)
        answers = {
            ("mort.press.", "MX"): "0 .",
            ("vif.press.", "MX"): "10 mx.vif.press.",
            ("press.", "NS"): "ns.press.",
        }
        if (name, kind) in answers:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, answers[name, kind]))
        elif name not in ("mort.press.", "vif.press.", "press."):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(reply.to_wire(), self.client_address)


@pytest.fixture
def resolver() -> Iterator[dns.resolver.Resolver]:
    """A resolver that asks a name server on this machine."""
    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Zone) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], server.server_address[1]
        yield found
        server.shutdown()


def test_a_real_question_to_a_real_name_server(resolver: dns.resolver.Resolver) -> None:
    new = domains.ask_domains(["mort.press", "perdu.press", "vif.press"], {}, DnsLookup(resolver), seconds=5)
    assert [(one.domain, one.takes_mail.value) for one in new] == [
        ("mort.press", "no"), ("perdu.press", "no"), ("vif.press", "yes"),
    ]  # fmt: skip
    assert new[0].answer == "says that it takes no mail (null MX)"
