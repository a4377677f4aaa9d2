"""Corrections on the real command: exactly who has the wrong text is told, who waits gets the right one instead."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

import pytest
from office import (
    BUREAU,
    EVERYBODY,
    SHORT_LIST,
    SLUG,
    Office,
    communique,
    finish,
    hold_after,
    one_sentence,
    send_arguments,
    until,
)
from smtpserver import Accepted, Fault, Script, running

SOCIAL = [person for person in EVERYBODY if person.sector == "social"]
WRONG, RIGHT = "depuis quatorze mois", "depuis dix-sept mois"
CORRECTION = f"{SLUG}-rectificatif"


def write(office: Office, name: str, text: str) -> str:
    path = office.path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def corrected(office: Office, old: str = WRONG, new: str = RIGHT) -> str:
    """The communiqué with its mistake mended, as a file."""
    assert old in communique()
    return write(office, "corrige.txt", communique().replace(old, new))


def read(one: Accepted) -> Message:
    return message_from_bytes(one.message)


def subject(one: Accepted) -> str:
    return str(make_header(decode_header(read(one)["Subject"])))


def text(one: Accepted) -> str:
    part = next(part for part in read(one).walk() if part.get_content_type() == "text/plain")
    return " ".join(bytes(part.get_payload(decode=True)).decode().split())


def identifiers(accepted: list[Accepted]) -> dict[str, str]:
    return {one.recipient: one.message_id for one in accepted}


def test_who_changes_only_a_file_is_told_how_to_correct_that(office: Office) -> None:
    (office.path / "dossier.pdf").write_bytes(b"%PDF-1.7 the wrong one")
    text = write(office, "avec.md", f"---\ntitle: Avec un dossier\nattachments: dossier.pdf\n---\n{communique()}")
    office.run("releases", "import", text, "--slug", "avec")
    office.settings["EDITOR"] = "true"
    with running(Script()) as server:
        sending = office.at(server.port)
        sending.send("avec", BUREAU)
        untouched = sending.run("releases", "correct", "avec").out
        assert untouched == "Nothing was changed, so nothing was made.\n"
        (office.path / "dossier.pdf").write_bytes(b"%PDF-1.7 the right one")
        untouched = sending.run("releases", "correct", "avec").out
        assert untouched == (
            "Nothing was changed, so nothing was made. If it is only dossier.pdf that is to be another one: say so"
            " under `changes:` in the text.\n"
        )
        sending.settings["EDITOR"] = "sed -i '2i changes: Le dossier joint était un autre.'"
        sending.run("releases", "correct", "avec")
        sending.send("avec-rectificatif")
        assert b"the right one" in read(server.accepted[-1]).get_payload(1).get_payload(decode=True)


def test_the_editor_opens_on_the_embargo_in_the_time_of_the_workspace(office: Office) -> None:
    text = write(office, "tot.md", f"---\ntitle: Trop tôt\nembargo: 2026-01-15T18:00\n---\n{communique()}")
    office.run("releases", "import", text, "--slug", "tot")
    seen = office.path / "seen.txt"
    office.settings["EDITOR"] = f"sed -n 'w {seen}'"
    with running(Script()) as server:
        sending = office.at(server.port)
        sending.send("tot", BUREAU)
        sending.run("releases", "correct", "tot")
    assert "embargo: '2026-01-15T18:00:00+01:00'" in seen.read_text("utf-8")


def test_a_correction_while_a_third_of_the_list_is_still_queued(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process sends the wrong text; it is stopped, and nobody gets it who had not got it by then."""
    many = 2 * len(SOCIAL) // 3
    with running() as server:
        go_on = hold_after(server, many, monkeypatch)
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, "social"))
        until(lambda: len(server.accepted) == many, "two thirds have left", process=process)
        said = sending.run("releases", "correct", SLUG, corrected(sending)).out
        assert "Dispatch 1 of the wrong text is paused" in said
        assert f"lire « urgences de nuit de l’hôpital de Kerlann, fermées {RIGHT}" in said or RIGHT in said
        go_on.set()
        finish(process, 5)
        wrong = list(server.accepted)
        assert many <= len(wrong) <= many + 3
        objector = wrong[0].recipient
        sending.run("suppressions", "add", objector, "--source", "phone")
        ran = sending.run("send", CORRECTION, "--yes")
        correction = server.accepted[len(wrong) :]
        told = [one for one in correction if read(one)["References"]]
        assert {one.recipient for one in told} == {one.recipient for one in wrong} - {objector}
        sent = identifiers(wrong)
        for one in told:
            assert read(one)["In-Reply-To"] == read(one)["References"] == sent[one.recipient]
            assert subject(one) == "Rectificatif : L’hôpital de Kerlann rouvre ses urgences de nuit"
            assert "Ce message corrige notre communiqué « L’hôpital de Kerlann rouvre ses urgences de nuit »" in text(
                one
            )
            assert "CE QUI CHANGE" in text(one)
        instead = [one for one in correction if not read(one)["References"]]
        assert Counter(one.recipient for one in (*wrong, *instead)) == Counter(person.spec for person in SOCIAL)
        for one in instead:
            assert subject(one) == "L’hôpital de Kerlann rouvre ses urgences de nuit"
            assert "RECTIFICATIF" not in text(one)
            assert "CE QUI CHANGE" not in text(one)
            assert RIGHT in text(one)
            assert WRONG not in text(one)
        assert "Dispatch 1 of the wrong text is ended" in ran.out
        assert "objected" not in ran.err
        phone = sending.json("dispatches", "phone-list", "2")
        assert [one["address"] for one in phone] == [objector]
        assert {one["reason"] for one in sending.deliveries("withheld") if one["dispatch_id"] == 1} == {
            f"corrected by «{CORRECTION}»"
        }
        assert "Nothing to send" in sending.run("send", CORRECTION, "--yes").out
        ran = sending.run(*send_arguments(SLUG, "sante"), code=3)
        assert f"was corrected by «{CORRECTION}»" in one_sentence(ran)
        assert len(server.accepted) == len(wrong) + len(correction)
        report = sending.json("report", SLUG)
        assert report["totals"]["accepted"] == len(wrong)


@pytest.mark.parametrize(
    "option",
    [
        ("--at", "2126-12-01 18:00"),
        ("--not-after", "2126-12-01 18:00"),
        ("--wave", "social"),
        ("--exclusive", "Radio Lisière", "--for", "2h"),
        ("--not-again",),
        ("--then", "default"),
        ("--recipients", "0"),
    ],
)
def test_what_a_correction_does_not_keep_to_is_refused_and_nothing_leaves(
    office: Office, option: tuple[str, ...]
) -> None:
    """Who asks for another hour, or for another number of people, is not sent for at once."""
    with running(Script()) as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        sending.run("releases", "correct", SLUG, corrected(sending))
        before = len(server.accepted)
        said = one_sentence(sending.run("send", CORRECTION, *option, "--yes", code=2))
        assert option[0] in said
        assert len(server.accepted) == before
        assert sending.json("dispatches", "list")[-1]["id"] == 1


def test_whoever_turns_out_to_have_the_wrong_text_later_gets_the_correction_then(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hangs at the end of its body while the correction goes out is taken after it."""
    with running() as server, running() as other:
        go_on = hold_after(server, 2, monkeypatch)
        process = office.at(server.port).start(*send_arguments(SLUG, BUREAU))
        until(lambda: office.deliveries("sending") and len(server.accepted) == 2, "one hangs", process=process)
        sending = office.at(other.port)
        sending.run("releases", "correct", SLUG, corrected(sending))
        hanging = {one["address"] for one in office.deliveries("sending")}
        ran = sending.run("send", CORRECTION, "--yes", code=5)
        assert "it is not known whether they have the wrong text" in one_sentence(ran)
        assert all(address in ran.err for address in hanging)
        had = {one.recipient for one in server.accepted}
        told = {one.recipient for one in other.accepted if read(one)["References"]}
        assert told == had
        instead = {one.recipient for one in other.accepted} - told
        assert instead == {person.spec for person in SHORT_LIST} - had - hanging
        go_on.set()
        finish(process, 5)
        assert {one.recipient for one in server.accepted} == had | hanging
        before = len(other.accepted)
        sending.run("send", CORRECTION, "--yes")
        late = other.accepted[before:]
        assert {one.recipient for one in late} == hanging
        sent = identifiers(server.accepted)
        assert all(read(one)["In-Reply-To"] == sent[one.recipient] for one in late)
        assert "Nothing to send" in sending.run("send", CORRECTION, "--yes").out


def test_doubt_is_settled_first_and_each_way_leads_to_the_right_message(office: Office) -> None:
    """Silence after the body: who is said to have it is corrected, and who is said not to gets the right text."""
    silent = {person.spec for person in SHORT_LIST[:2]}
    faults = tuple(Fault("body", do="drop", recipient=one) for one in silent)
    with running(Script(faults=faults)) as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU), code=5)
        assert {one["address"] for one in sending.deliveries("in_doubt")} == silent
        sending.run("releases", "correct", SLUG, corrected(sending))
    with running() as server:
        sending = office.at(server.port)
        sending.run("send", CORRECTION, "--yes", code=5)
        assert {one.recipient for one in server.accepted} == {person.spec for person in SHORT_LIST} - silent
        before = len(server.accepted)
        first, second = sorted(one["id"] for one in sending.deliveries("in_doubt"))
        sending.change(f"UPDATE delivery SET state = 'bounced' WHERE id = {first}")
        sending.run("dispatches", "resume", "1", "--in-doubt", "resend")
        sending.change(f"UPDATE delivery SET state = 'in_doubt', reason = '' WHERE id = {first}")
        sending.run("dispatches", "resume", "1", "--in-doubt", "assume-sent")
        assert len(server.accepted) == before, "the wrong text leaves for nobody any more"
        sending.run("send", CORRECTION, "--yes")
        late = {one.recipient: bool(read(one)["References"]) for one in server.accepted[before:]}
        by_id = {one["id"]: one["address"] for one in sending.deliveries()}
        assert late == {by_id[first]: True, by_id[second]: False}


def test_who_is_said_not_to_have_the_wrong_text_gets_the_right_one(office: Office) -> None:
    """The same by `dispatches resolve`, after the correction was sent."""
    silent = SHORT_LIST[0].spec
    with running(Script(faults=(Fault("body", do="drop", recipient=silent),))) as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU), code=5)
    with running() as server:
        sending = office.at(server.port)
        sending.run("releases", "correct", SLUG, corrected(sending))
        sending.run("send", CORRECTION, "--yes", code=5)
        before = len(server.accepted)
        said = sending.run("dispatches", "resolve", "1", silent, "--as", "not-accepted").out
        assert f"corrected by «{CORRECTION}»" in said
        assert f"distributor send {CORRECTION}" in said
        assert len(server.accepted) == before
        sending.run("send", CORRECTION, "--yes")
        (late,) = server.accepted[before:]
        assert late.recipient == silent
        assert not read(late)["References"]
        assert RIGHT in text(late)


def test_a_correction_of_a_correction(office: Office) -> None:
    """Everybody who has any text of the chain is told what changed against theirs, below all of their messages."""
    refused = SHORT_LIST[0].spec
    with running(Script(faults=(Fault("rcpt", reply="450 4.2.0 later", recipient=refused, times=1),))) as server:
        sending = office.at(server.port)
        sending.run(*send_arguments(SLUG, BUREAU), code=5)
        first = identifiers(server.accepted)
        sending.run("releases", "correct", SLUG, corrected(sending))
        objector = SHORT_LIST[1].spec
        sending.run("suppressions", "add", objector, "--source", "phone")
        sending.run("send", CORRECTION, "--yes")
        second = identifiers(server.accepted[len(first) :])
        assert set(second) == {person.spec for person in SHORT_LIST} - {objector}
        sending.run("suppressions", "remove", objector, "--yes", "--reason", "rang up")
        again = write(
            sending, "encore.txt", communique().replace(WRONG, "depuis dix-neuf mois").replace("douze", "treize")
        )
        sending.run("releases", "correct", SLUG, again)
        dry = sending.json("send", f"{CORRECTION}-2", "--dry-run")
        assert {one["has"] for one in dry["correction"]["told"]} == {f"{SLUG} 1", f"{CORRECTION} 1"}
        before = len(server.accepted)
        sending.run("send", f"{CORRECTION}-2", "--yes")
        third = server.accepted[before:]
        assert Counter(one.recipient for one in third) == Counter(person.spec for person in SHORT_LIST)
        for one in third:
            chain = [part for part in (first.get(one.recipient), second.get(one.recipient)) if part]
            assert read(one)["References"].split() == chain
            assert read(one)["In-Reply-To"] == chain[-1]
            was = WRONG if one.recipient == objector else RIGHT
            assert f"au lieu de « urgences de nuit de l’hôpital de Kerlann, fermées {was}" in text(one) or was in text(
                one
            )
            assert (RIGHT in text(one)) == (one.recipient != objector)


def test_a_retraction_reaches_who_has_it_and_nobody_else(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as server:
        go_on = hold_after(server, 4, monkeypatch)
        sending = office.at(server.port)
        process = sending.start(*send_arguments(SLUG, BUREAU))
        until(lambda: len(server.accepted) == 4, "four have left", process=process)
        sending.run("releases", "retract", SLUG, "--because", "Les chiffres étaient ceux d’un autre hôpital.")
        go_on.set()
        finish(process, 5)
        wrong = list(server.accepted)
        slug = f"{SLUG}-annulation"
        sending.run("send", slug, "--yes")
        told = server.accepted[len(wrong) :]
        assert {one.recipient for one in told} == {one.recipient for one in wrong}
        sent = identifiers(wrong)
        for one in told:
            assert read(one)["In-Reply-To"] == sent[one.recipient]
            assert subject(one) == "Annulation : L’hôpital de Kerlann rouvre ses urgences de nuit"
            assert "Nous retirons notre communiqué" in text(one)
            assert "ceux d’un autre hôpital" in text(one)
        states = Counter((one["dispatch_id"], one["state"]) for one in sending.deliveries())
        assert states == {
            (1, "accepted"): len(wrong),
            (1, "withheld"): len(SHORT_LIST) - len(wrong),
            (2, "accepted"): len(wrong),
        }
        assert "withdrawn by" in one_sentence(sending.run(*send_arguments(SLUG, "sante"), code=3))
        assert "Nothing to send" in sending.run("send", slug, "--yes").out
        again = ("--because", "Les chiffres étaient ceux d’un autre hôpital.")
        refused = one_sentence(sending.run("releases", "retract", SLUG, *again, code=3))
        assert f"«{SLUG}» is withdrawn already, by «{slug}»" in refused
        assert f"distributor releases retract {slug}" in refused
        assert "Not a word differs" in one_sentence(sending.run("releases", "retract", slug, *again, code=2))
        assert sending.json("releases", "show", slug)["corrected_by"] is None
        said = sending.run("releases", "retract", slug, "--because", "C’étaient ceux de l’an dernier.").out
        assert f"«{slug}-2», version 1, withdraws «{slug}», version 1." in said
