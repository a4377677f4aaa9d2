"""Two hundred journalists, five connections: each gets one message of their own, and the report says what is true."""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest
from authority import Authority
from office import BUREAU, EVERYBODY, SECTORS, SHORT_LIST, SLUG, Office, Person
from smtpserver import Accepted, Script, ScriptedServer, running

REAL_COMMUNIQUE = Path(__file__).parents[2] / "../shared/releases/communique-kazakhstan.txt"
PUBLIC_URL = "https://presse.soignants-littoral.example"


def parsed(accepted: Accepted) -> EmailMessage:
    """A message as Python's parser reads it."""
    message = email.message_from_bytes(accepted.message, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def check_messages(server: ScriptedServer, people: Sequence[Person], public_url: str = "") -> None:
    """One message each: own name and address, own Message-ID, own way to object."""
    by_address = {accepted.recipient: accepted for accepted in server.accepted}
    assert sorted(one.recipient for one in server.accepted) == sorted(person.spec for person in people)
    assert len({one.message_id for one in server.accepted}) == len(people)
    assert len({one.sha256 for one in server.accepted}) == len(people)
    tokens: Counter[str] = Counter()
    for person in people:
        message = parsed(by_address[person.spec])
        (to,) = message["To"].addresses
        assert (to.display_name, to.addr_spec) == (person.name, person.spec)
        assert message["Cc"] is None
        assert message["Bcc"] is None
        assert message["Message-ID"] == by_address[person.spec].message_id
        ways = re.findall(r"<([^>]*)>", message["List-Unsubscribe"])
        mailto = next(way for way in ways if way.startswith("mailto:"))
        token = unquote(mailto).rpartition(" ")[2]
        assert [way for way in ways if way.startswith("https:")] == ([f"{public_url}/u/{token}"] if public_url else [])
        tokens[token] += 1
        for kind in ("plain", "html"):
            part = message.get_body((kind,))
            assert part is not None
            assert person.greeting in part.get_content()
    assert set(tokens.values()) == {1}


def check_report(office: Office, release: str, server: ScriptedServer) -> None:
    """The report's figures are the server's."""
    report = office.json("report", release)
    journal = {(one.recipient, one.message_id) for one in server.accepted}
    assert {name: many for name, many in report["totals"].items() if many} == {"accepted": len(server.accepted)}
    assert {(one["address"], one["message_id"]) for one in report["recipients"]} == journal
    domains = Counter(one.recipient.partition("@")[2] for one in server.accepted)
    assert {domain: counts["accepted"] for domain, counts in report["by_domain"].items()} == domains
    assert sum(counts["accepted"] for counts in report["by_sector"].values()) == len(server.accepted)
    assert set(office.query("SELECT address, message_id FROM delivery WHERE state = 'accepted'")) == journal
    for one in report["recipients"]:
        assert (one["code"], one["attempts"], len(one["history"])) == (250, 1, 1)
        assert one["reply"] == "2.0.0 Accepted"
        assert one["accepted_at"]


def test_everybody_gets_one_message_of_their_own(office: Office) -> None:
    with running(Script()) as server:
        sending = office.at(server.port, smtp_connections="5")
        ran = sending.send(SLUG, *SECTORS)
        assert "200 accepted" in ran.out
        assert server.violations == []
        assert 1 <= server.connections <= 5
        check_messages(server, EVERYBODY)
        check_report(sending, SLUG, server)
        again = sending.send(SLUG, *SECTORS)
        assert "Nothing to send" in again.out
        assert len(server.accepted) == 200
    by_sector = sending.json("report", SLUG)["by_sector"]
    assert by_sector == {name: {"accepted": 50} for name in SECTORS.values()}


def test_with_a_public_address_one_click_is_enough_to_object(office: Office) -> None:
    with running(Script()) as server:
        office.at(server.port, public_url=PUBLIC_URL).send(SLUG, BUREAU)
        assert server.violations == []
        check_messages(server, SHORT_LIST, PUBLIC_URL)
        assert {parsed(one)["List-Unsubscribe-Post"] for one in server.accepted} == {"List-Unsubscribe=One-Click"}


@pytest.mark.skipif(not REAL_COMMUNIQUE.exists(), reason="the communiqué is not part of the repository")
def test_a_real_communique_is_stopped_by_its_year_and_goes_out_when_overridden(office: Office) -> None:
    with running(Script()) as server:
        sending = office.at(server.port, smtp_connections="5")
        sending.run("releases", "import", str(REAL_COMMUNIQUE), "--slug", "kazakhstan")
        stopped = sending.send("kazakhstan", *SECTORS, code=3)
        assert "dateline-year" in stopped.out
        assert server.connections == 0
        override = ("--override", "dateline-year", "--because", "sent as it was published")
        sending.send("kazakhstan", *SECTORS, more=override)
        assert server.violations == []
        assert 1 <= server.connections <= 5
        check_messages(server, EVERYBODY)
        check_report(sending, "kazakhstan", server)
        first = parsed(server.accepted[0])
        assert first["Subject"] == "Justice sociale pour le Kazakhstan"
    ((actor, details),) = sending.query("SELECT actor, details FROM audit WHERE action LIKE '%override%'")
    assert actor
    assert "sent as it was published" in details


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_same_over_an_encrypted_connection_with_a_password(
    office: Office, authority: Authority, security: str
) -> None:
    script = Script(
        certificate=str(authority.certificate),
        key=str(authority.key),
        implicit_tls=security == "tls",
        starttls=security == "starttls",
        users={"presse": "mot de passe à part"},
    )
    with running(script) as server:
        sending = office.at(
            server.port,
            smtp_security=security,
            smtp_ca_file=str(authority.ca_file),
            smtp_username="presse",
            smtp_password="mot de passe à part",
        )
        sending.send(SLUG, BUREAU)
        assert server.violations == []
        assert server.clear_secrets == []
        assert server.failed_logins == 0
        check_messages(server, SHORT_LIST)
        check_report(sending, SLUG, server)
    report = sending.json("report", SLUG)
    assert {attempt["tls"] for one in report["recipients"] for attempt in one["history"]} == {"TLSv1.3"}
