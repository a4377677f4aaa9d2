"""What is changed while a dispatch waits: who is mailed, at which address, and what whoever changes it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from office import BUREAU, EVERYBODY, SHORT_LIST, SLUG, Office, Person, communique, one_sentence
from smtpserver import Fault, Script, ScriptedServer, running
from test_corrections_sent import CORRECTION, RIGHT, WRONG, text, write

HER, HIM = SHORT_LIST[9], SHORT_LIST[10]
NEW = "redaction.neuve@agence-boreale.example"
WAITS = f"«{SLUG}» (dispatch 1)"
OLDER = "recipients still wait for version 1 (dispatch 1), and get that one. To end it: distributor dispatches cancel 1"


@pytest.fixture
def waiting(office: Office) -> Iterator[tuple[Office, ScriptedServer]]:
    """A dispatch to twelve of whom two were put off, and a server that takes everybody from now on."""
    later = tuple(Fault("rcpt", reply="451 4.3.0 Later", recipient=one.spec, times=1) for one in (HER, HIM))
    with running(Script(faults=later)) as server:
        office = office.at(server.port)
        office.send(SLUG, BUREAU, code=5)
        assert office.states() == {"accepted": 10, "deferred": 2}
        yield office, server
        assert server.violations == []


def go_on(office: Office, code: int = 0) -> None:
    """Let the time of those who were put off come."""
    office.change("UPDATE delivery SET next_attempt_at = '2020-01-01 00:00:00.000000' WHERE state = 'deferred'")
    office.run("work", "--once", code=code)


def reason_of(office: Office, person: Person) -> str:
    return next(str(one["reason"]) for one in office.deliveries("withheld") if one["address"] == person.spec)


def test_whose_mail_came_back_meanwhile_is_not_said_to_have_objected(waiting: tuple[Office, ScriptedServer]) -> None:
    office, server = waiting
    file = office.path.parent / "bounce.eml"
    message_id = next(one["message_id"] for one in office.deliveries() if one["address"] == HER.spec)
    file.write_text(
        "From: MAILER-DAEMON@mx.server.example\nTo: presse@soignants-littoral.example\nSubject: Undelivered\n"
        "Message-ID: <returned.1@mx.server.example>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n\nNot delivered.\n--b\n'
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.server.example\n\n"
        f"Final-Recipient: rfc822; {HER.spec}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such user\n\n--b\n"
        f"Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nTo: {HER.spec}\n\n--b--\n"
    )
    office.run("feedback", "read", str(file))
    office.run("suppressions", "add", HIM.address)
    go_on(office)
    assert {one.recipient for one in server.accepted}.isdisjoint({HER.spec, HIM.spec})
    assert reason_of(office, HER) == "mail came back before"
    assert reason_of(office, HIM) == "objection"


@pytest.mark.parametrize("kept", [HER, EVERYBODY[0]])
def test_an_opt_out_of_a_list_holds_for_whoever_was_merged_meanwhile(
    waiting: tuple[Office, ScriptedServer], kept: Person
) -> None:
    office, server = waiting
    other = EVERYBODY[0] if kept is HER else HER
    office.run("contacts", "merge", kept.address, other.address, "--yes")
    file = office.path.parent / "opted-out.csv"
    file.write_text(f"E-mail;Désinscrit\n{EVERYBODY[0].address};oui\n", encoding="utf-8-sig")
    office.run("contacts", "import", str(file), "--list", "autres")
    go_on(office)
    assert HER.spec not in {one.recipient for one in server.accepted}
    assert reason_of(office, HER) == "objection"


def test_nothing_leaves_for_an_address_that_was_taken_off(waiting: tuple[Office, ScriptedServer]) -> None:
    """Whoever waited there is withheld, and the same send reaches them where they are now."""
    office, server = waiting
    said = office.run("contacts", "edit", HER.address, "--address", NEW).out
    assert f"{WAITS} still leaves for {HER.spec}, as it was planned." in said
    at_once = ("contacts", "edit", HIM.address, "--address", f"x{NEW}", "--remove-address", HIM.address, "--dry-run")
    assert "is kept as a further address" not in office.run(*at_once).out
    said = office.run("contacts", "edit", NEW, "--remove-address", HER.address).out
    assert f"{HER.spec} is not sent {WAITS}" in said
    go_on(office)
    assert reason_of(office, HER) == "an address that is theirs no more"
    assert "The address was taken off the contact before it left: send it again" in office.run("report", SLUG).out
    office.send(SLUG, BUREAU)
    sent = [one.recipient for one in server.accepted]
    assert HER.spec not in sent
    assert sent.count(NEW) == 1


def test_who_was_taken_off_a_text_that_is_corrected_is_reached_by_the_correction(
    waiting: tuple[Office, ScriptedServer],
) -> None:
    office, server = waiting
    office.run("releases", "correct", SLUG, write(office, "corrige.txt", communique().replace(WRONG, RIGHT)))
    office.run("contacts", "edit", HER.address, "--address", NEW)
    said = office.run("contacts", "edit", NEW, "--remove-address", HER.address).out
    way = f"distributor send {CORRECTION} --list LIST"
    assert f"«{CORRECTION}» corrects it; to reach them where they are now: {way}" in said
    assert "The same send again" not in said
    one_sentence(office.send(SLUG, BUREAU, code=3))
    office.send(CORRECTION, BUREAU)
    assert [RIGHT in text(one) for one in server.accepted if one.recipient == NEW] == [True]
    assert HER.spec not in {one.recipient for one in server.accepted}


def test_who_was_taken_off_a_correction_is_told_where_it_goes(office: Office) -> None:
    """A correction follows the wrong text: sent again it goes where that is, and nowhere else."""
    later = Fault("rcpt", reply="451 4.3.0 Later", recipient=HER.spec, nth=(2,))
    with running(Script(faults=(later,))) as server:
        office = office.at(server.port)
        office.send(SLUG, BUREAU)
        office.run("releases", "correct", SLUG, write(office, "corrige.txt", communique().replace(WRONG, RIGHT)))
        office.run("send", CORRECTION, "--yes", code=5)
        office.run("contacts", "edit", HER.address, "--address", NEW)
        said = office.run("contacts", "edit", NEW, "--remove-address", HER.address).out
        assert "Sent again, it goes to that address all the same: what it speaks of went there." in said
        assert "where they are now" not in said
        office.run("send", CORRECTION, "--yes")
        sent = [one.recipient for one in server.accepted]
        assert (sent.count(HER.spec), sent.count(NEW)) == (2, 0)


def test_who_was_taken_off_a_correction_and_has_no_text_is_reached_where_they_are(office: Office) -> None:
    with running(Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=HER.spec, times=2),))) as server:
        office = office.at(server.port)
        office.send(SLUG, BUREAU, code=5)
        office.run("releases", "correct", SLUG, write(office, "corrige.txt", communique().replace(WRONG, RIGHT)))
        office.run("send", CORRECTION, "--yes", code=5)
        office.run("contacts", "edit", HER.address, "--address", NEW)
        said = office.run("contacts", "edit", NEW, "--remove-address", HER.address).out
        assert "The same send again reaches them where they are now." in said
        office.run("send", CORRECTION, "--yes")
        sent = [one.recipient for one in server.accepted]
        assert (sent.count(HER.spec), sent.count(NEW)) == (0, 1)


def test_who_is_edited_is_told_to_get_what_was_planned(waiting: tuple[Office, ScriptedServer]) -> None:
    office, server = waiting
    said = office.run("contacts", "edit", HIM.address, "--channel", "phone").out
    assert f"{WAITS} still leaves for {HIM.spec}, as it was planned." in said
    assert "still leaves" not in office.run("contacts", "edit", SHORT_LIST[0].address, "--channel", "phone").out
    assert "still leaves" not in office.run("contacts", "edit", HIM.address, "--channel", "phone").out, "no change"
    go_on(office)
    assert [one.recipient for one in server.accepted].count(HIM.spec) == 1


def test_who_is_taken_off_a_list_is_told_to_get_what_was_planned(waiting: tuple[Office, ScriptedServer]) -> None:
    office, server = waiting
    said = office.run("lists", "remove", BUREAU, HIM.address, SHORT_LIST[3].address).out
    assert said.count("still leaves") == 1
    assert f"{WAITS} still leaves for {HIM.spec}, as it was planned." in said
    go_on(office)
    assert [one.recipient for one in server.accepted].count(HIM.spec) == 1


def test_no_objection_is_recorded_under_a_key_that_what_waits_was_not_planned_with(
    waiting: tuple[Office, ScriptedServer],
) -> None:
    """A command that sends knows the former key only: it would not recognise who objected."""
    office, server = waiting
    other = office.at(server.port, secret_key="another key of thirty-two letters or more")
    said = one_sentence(other.run("suppressions", "add", HER.address, code=3))
    assert "Dispatch 1 was planned under another secret key" in said
    assert "so nothing was recorded" in said
    office.run("suppressions", "add", HER.address)
    go_on(office)
    assert HER.spec not in {one.recipient for one in server.accepted}


def test_a_newer_text_says_what_goes_on_with_the_older(waiting: tuple[Office, ScriptedServer]) -> None:
    office, _server = waiting
    file = office.path.parent / "newer.txt"
    file.write_text(communique().replace("quatorze mois", "quinze mois"), encoding="utf-8")
    said = office.run("releases", "import", str(file), "--slug", SLUG)
    assert f"2 {OLDER}" in said.err
    office.run("dispatches", "cancel", "1", "--yes")
    file.write_text(communique().replace("quatorze mois", "seize mois"), encoding="utf-8")
    assert "still wait" not in office.run("releases", "import", str(file), "--slug", SLUG).text


def test_a_signature_that_is_taken_back_says_what_leaves_under_it(office: Office) -> None:
    office = office.at(9, sign_offs="1")
    office.run("releases", "sign-off", SLUG, "--by", "Anne Kerloc'h", "--list", BUREAU)
    office.run("send", SLUG, "--yes", "--list", BUREAU, "--at", "tomorrow 09:00")
    said = office.run("releases", "sign-off", SLUG, "--withdraw")
    assert f"12 {OLDER}" in said.err


def test_what_is_sent_again_says_its_hours_in_the_zone_it_was_planned_in(office: Office) -> None:
    silent = Script(faults=(Fault("body", do="accept_then_drop", recipient=HER.spec, times=1),))
    file = office.path.parent / "held.md"
    title, text = "L’hôpital rouvre ses urgences", communique().partition("\n\n")[2]
    file.write_text(f"---\ntitle: {title}\nembargo: 2099-03-03T18:00\n---\n{text}", encoding="utf-8")
    with running(silent) as server:
        office = office.at(server.port)
        office.run("releases", "import", str(file), "--slug", "held")
        office.run("contacts", "edit", HER.address, "--embargo-trust", "yes")
        office.send("held", BUREAU, code=5)
        office.at(server.port, timezone="America/Martinique").run("dispatches", "resume", "1", "--in-doubt", "resend")
        assert server.violations == []
    assert len(server.accepted) == 2
    assert len({one.sha256 for one in server.accepted}) == 1


def test_a_zone_that_this_machine_does_not_know_is_one_sentence(waiting: tuple[Office, ScriptedServer]) -> None:
    """The dispatch was planned on another one, whose data of zones are newer."""
    office, _server = waiting
    office.change("UPDATE dispatch SET identity = json_set(identity, '$.timezone', 'Europe/Brest')")
    go_on(office, code=3)
    said = one_sentence(office.run("dispatches", "resume", "1", code=3))
    assert "the zone Europe/Brest, which this machine does not know" in said
    assert "tzdata" in said
    assert {one["address"] for one in office.deliveries("deferred")} == {HER.spec, HIM.spec}


def test_a_key_that_is_gone_is_to_be_put_back(office: Office) -> None:
    later = Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=HER.spec, times=1),))
    with running(later) as server:
        office.run("dkim", "keygen", "--selector", "one")
        office = office.at(server.port, dkim_key=".dkim/one.pem")
        office.send(SLUG, BUREAU, code=5)
        key = office.path / ".dkim" / "one.pem"
        key.rename(office.path / "aside.pem")
        go_on(office, code=3)
        [(reason,)] = office.query("SELECT pause_reason FROM dispatch")
        assert reason.startswith("The DKIM key in .dkim/one.pem is gone, so nothing is sent")
        (office.path / "aside.pem").rename(key)
        office.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)
