"""Sign-off on the real command: bound to words, files, templates and people; voided by any change, in words."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, communique, invent, one_sentence, send_arguments, write_list
from smtpserver import running

SIGN = ("releases", "sign-off", SLUG, "--list", BUREAU)
SENDER = "Soignants du littoral <presse@soignants-littoral.example>"
NEXT = invent(2, sector="social", mark="n")


@pytest.fixture
def house(office: Office) -> Office:
    """The office with a second person who has to sign."""
    return office.at(9, sign_offs="1")


def imported(office: Office, text: str, *, head: str = "", slug: str = SLUG) -> None:
    """The release again with another text; `head` is more of its front matter."""
    title = "title: L’hôpital de Kerlann rouvre ses urgences de nuit\n"
    (office.path / "urgences.md").write_text(f"---\n{title}{head}---\n{text}", encoding="utf-8")
    office.run("releases", "import", str(office.path / "urgences.md"), "--slug", slug)


def voided(office: Office) -> str:
    """What `send` says of a signature that does not hold any more; nothing may leave."""
    ran = office.send(SLUG, BUREAU, code=3)
    sentence = one_sentence(ran)
    assert "What was signed is not what would leave now" in sentence
    assert f"Sign it: distributor releases sign-off {SLUG} --list {BUREAU} --by NAME" in sentence
    assert office.deliveries() == []
    return ran.out


def test_nothing_leaves_unsigned_and_what_is_signed_leaves(house: Office) -> None:
    with running() as server:
        sending = house.at(server.port)
        assert "Nobody has signed this release" in one_sentence(sending.send(SLUG, BUREAU, code=3))
        looked = sending.run("send", SLUG, "--list", BUREAU, "--dry-run").out
        assert f"distributor releases sign-off {SLUG} --list {BUREAU} --by NAME" in looked
        assert sending.json("send", SLUG, "--list", BUREAU, "--dry-run")["sign_off"]["missing"] == 1
        sending.run("send", SLUG, "--test", "me@soignants-littoral.example")
        said = sending.run(*SIGN, "--by", "Anne  Kerloc'h").out
        assert f"{len(SHORT_LIST)} recipients" in said
        assert "Signed already" in sending.run(*SIGN, "--by", "ANNE KERLOC’H").out
        ran = sending.send(SLUG, BUREAU)
        assert "Signed off by Anne Kerloc'h" in ran.out
        assert len(server.accepted) == 1 + len(SHORT_LIST)
    shown = sending.json("releases", "show", SLUG)["sign_offs"]
    assert [(one["name"], one["holds"], one["changes"]) for one in shown] == [("Anne Kerloc'h", True, [])]
    ((actor, details),) = house.query("SELECT actor, details FROM audit WHERE action = 'releases.sign-off'")
    logged = json.loads(details)
    assert actor == shown[0]["actor"]
    assert (logged["by"], logged["digest"]) == ("Anne Kerloc'h", shown[0]["digest"])
    planned = house.query("SELECT manifest_hash FROM dispatch WHERE NOT is_test")[0][0]
    assert logged["manifest_hash"] == planned


def test_an_edit_voids_it_and_so_does_an_attachment(house: Office) -> None:
    (house.path / "plan.txt").write_text("Le plan", encoding="utf-8")
    head = "attachments: [plan.txt]\n"
    imported(house, communique(), head=head)
    house.run(*SIGN, "--by", "Anne")
    imported(house, communique().replace("quatorze mois", "quinze mois"), head=head)
    said = voided(house)
    assert f"the text of «{SLUG}» was edited (body): version 2 was signed, version 3 would leave" in said
    assert "attachment" not in said
    house.run(*SIGN, "--by", "Anne")
    (house.path / "plan.txt").write_text("Un autre plan", encoding="utf-8")
    imported(house, communique().replace("quatorze mois", "quinze mois"), head=head)
    said = voided(house)
    assert "the attachment «plan.txt» was changed: version 3 was signed, version 4 would leave" in said
    assert "the text" not in said


def test_an_embargo_that_is_moved_or_lifted_voids_it(house: Office) -> None:
    """It is what the message says to newsrooms, and when everybody gets it; signed anew, it may leave."""
    embargo = ("releases", "embargo", SLUG, "--yes")
    house.run(*embargo, "--at", "2190-12-01T18:00")
    house.run(*SIGN, "--by", "Anne")
    house.run(*embargo, "--at", "2190-12-01T19:00")
    said = voided(house)
    hours = [f"Wednesday 1 December 2190 at {hour}:00 (Europe/Paris, UTC+1)" for hour in (18, 19)]
    moved = f"the embargo of «{SLUG}» was moved: until {hours[0]} was signed, until {hours[1]} would be said"
    assert moved in " ".join(said.split())
    (shown,) = house.json("releases", "show", SLUG)["sign_offs"]
    assert shown["changes"] == [moved]
    assert "Signed by Anne" in house.run(*SIGN, "--by", "Anne").out
    (shown,) = house.json("send", SLUG, "--list", BUREAU, "--dry-run")["sign_off"]["signatures"]
    assert shown["holds"]
    house.run(*embargo, "--lift")
    assert f"the embargo of «{SLUG}» was moved: until {hours[1]} was signed" in " ".join(voided(house).split())


def test_a_template_and_the_logo_void_it(house: Office) -> None:
    house.run(*SIGN, "--by", "Anne")
    style = "templates/press-release/style.css"
    before = (house.path / style).read_text("utf-8")
    (house.path / style).write_text(before + "\np { color: #222222 }\n", "utf-8")
    assert "the template changed: style.css was changed" in voided(house)
    (house.path / style).write_text(before, "utf-8")
    assert house.json("releases", "show", SLUG)["sign_offs"][0]["holds"], "what is as it was signed is signed"
    pdf = house.send(SLUG, BUREAU, more=["--attach-pdf"], code=3)
    assert "a PDF of the release goes with it, which was not signed" in pdf.out


def test_who_it_comes_from_is_signed_too(house: Office) -> None:
    """From, the address for answers, on whose behalf, and the organisation that the notice of rights names."""
    said = house.run(*SIGN, "--by", "Anne").out
    assert "from Soignants du littoral <presse@soignants-littoral.example>" in said
    other = "Cabinet Rive <presse@soignants-littoral.example>"
    for setting, value, words in (
        ("mail_from", other, f"the sender was changed: {SENDER} was signed, {other} would be named"),
        ("reply_to", "a@b.example", "the address for answers was changed: none was signed, a@b.example would be named"),
        ("sender", other, f"who sends it on the sender's behalf was changed: none was signed, {other} would be named"),
        ("organisation", "Rive SA", "the organisation was changed: Soignants du littoral"),
    ):  # fmt: skip
        changed = house.at(9, **{setting: value})
        assert words in " ".join(voided(changed).split())
        (shown,) = changed.json("releases", "show", SLUG)["sign_offs"]
        assert not shown["holds"]
    (shown,) = house.json("releases", "show", SLUG)["sign_offs"]
    assert shown["holds"], "what is as it was signed is signed"


def test_a_correction_whose_signature_is_void_says_what_changed(house: Office) -> None:
    correction, other = f"{SLUG}-rectificatif", "Fédération <presse@federation.example>"
    with running() as server:
        sending = house.at(server.port)
        sending.run(*SIGN, "--by", "Anne")
        sending.send(SLUG, BUREAU)
        (house.path / "corrige.txt").write_text(communique().replace("quatorze mois", "quinze mois"), encoding="utf-8")
        sending.run("releases", "correct", SLUG, str(house.path / "corrige.txt"))
        sending.run("releases", "sign-off", correction, "--by", "Anne")
        ran = sending.at(server.port, mail_from=other).run("send", correction, "--yes", code=3)
        assert f"the sender was changed: {SENDER} was signed, {other} would be named" in " ".join(ran.out.split())
        assert f"Sign it: distributor releases sign-off {correction} --by NAME" in one_sentence(ran)
        assert len(server.accepted) == len(SHORT_LIST), "nobody got the correction"
        assert "Signed off by Anne" in sending.run("send", correction, "--yes").out


def test_a_signature_is_for_the_sender_of_one_account(house: Office) -> None:
    other = "Cabinet Rive <presse@rive.example>"
    with running() as server:
        sending = house.at(server.port)
        sending.run("accounts", "add", "rive", "--host", "127.0.0.1", "--port", str(server.port), "--security", "plain",
                    "--from", other)  # fmt: skip
        sending.run(*SIGN, "--by", "Anne")
        ran = sending.send(SLUG, BUREAU, more=["--account", "rive"], code=3)
        assert f"the sender was changed: {SENDER} was signed, {other} would be named" in " ".join(ran.out.split())
        named = f"distributor releases sign-off {SLUG} --list {BUREAU} --account rive --by NAME"
        assert named in one_sentence(ran)
        sending.run(*SIGN, "--account", "rive", "--by", "Anne")
        assert [one["holds"] for one in sending.json("releases", "show", SLUG)["sign_offs"]] == [True, True]
        sending.send(SLUG, BUREAU, more=["--account", "rive"])
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_signature_of_before_holds_for_any_sender(house: Office) -> None:
    house.run(*SIGN, "--by", "Anne")
    with closing(sqlite3.connect(house.path / "press.db")) as base, base:
        ((parts,),) = base.execute("SELECT parts FROM sign_off").fetchall()
        kept = [{name: value for name, value in one.items() if name != "sender"} for one in json.loads(parts)]
        assert kept != json.loads(parts)
        base.execute("UPDATE sign_off SET parts = ?", [json.dumps(kept)])
    changed = house.at(9, mail_from="Cabinet Rive <presse@soignants-littoral.example>")
    assert changed.json("releases", "show", SLUG)["sign_offs"][0]["holds"]


def test_nobody_signs_for_a_sender_who_is_not_set(house: Office) -> None:
    assert "Nobody is set as the sender" in one_sentence(house.at(9, mail_from="").run(*SIGN, "--by", "Anne", code=2))


def test_who_joined_and_who_left_is_named(house: Office) -> None:
    house.run(*SIGN, "--by", "Anne")
    newcomer, leaver = NEXT[0], SHORT_LIST[3]
    house.run("contacts", "import", str(write_list(house.path / "neuf.csv", [newcomer])), "--list", BUREAU)
    house.run("lists", "remove", BUREAU, leaver.address)
    said = voided(house)
    assert f"1 joined the recipients: {newcomer.name} ({BUREAU})" in said
    assert f"1 left the recipients: {leaver.name}" in said
    house.run(*SIGN, "--by", "Anne")
    house.run("contacts", "edit", newcomer.address, "--address", "ailleurs@radio-lisiere.example")
    assert f"1 would get it at another address: {newcomer.name}" in voided(house)


def test_an_objection_voids_nothing_and_a_withdrawal_all(house: Office) -> None:
    house.run(*SIGN, "--by", "Anne")
    house.run("suppressions", "add", SHORT_LIST[0].address)
    house.run("releases", "sign-off", SLUG, "--withdraw", "--by", "Anne")
    assert "Nobody has signed" in one_sentence(house.send(SLUG, BUREAU, code=3))
    house.run("releases", "sign-off", SLUG, "--withdraw", code=2)
    house.run("suppressions", "remove", SHORT_LIST[0].address, "--reason", "a slip", "--yes")
    house.run(*SIGN, "--by", "Anne")
    house.run("suppressions", "add", SHORT_LIST[0].address)
    with running() as server:
        house.at(server.port).send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST) - 1
    assert [row[0] for row in house.query("SELECT action FROM audit WHERE action LIKE 'releases.%' ORDER BY id")] == [
        "releases.sign-off", "releases.withdraw", "releases.sign-off",
    ]  # fmt: skip


def test_two_signatures_by_two_names_and_not_by_the_author(office: Office) -> None:
    house = office.at(9, sign_offs="2", author_signs="no")
    imported(house, communique() + "\n")
    account = house.json("releases", "show", SLUG)["author"]
    assert account
    house.run(*SIGN, "--by", account)
    said = house.run(*SIGN, "--by", "Anne").out
    assert "comes from whoever wrote this version" in said
    assert "2 more signatures are needed" in said
    relaxed = house.at(9, author_signs="yes")
    relaxed.run("releases", "sign-off", SLUG, "--withdraw")
    relaxed.run(*SIGN, "--by", "Anne")
    assert "1 more signature is needed" in relaxed.run(*SIGN, "--by", "ANNE").out, "one name is one signature"
    assert "Not enough people" in one_sentence(relaxed.send(SLUG, BUREAU, code=3))
    relaxed.run(*SIGN, "--by", "Paul")
    with running() as server:
        relaxed.at(server.port).send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST)


def test_signed_for_every_list_it_goes_to_some_but_to_nobody_new(house: Office) -> None:
    house.run("releases", "sign-off", SLUG, "--by", "Anne")
    with running() as server:
        house.at(server.port).send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST)
    house.run("contacts", "import", str(write_list(house.path / "neuf.csv", NEXT)), "--list", "social")
    assert "2 joined the recipients" in house.send(SLUG, "social", code=3).out


def test_a_translation_that_comes_later_was_not_signed(house: Office) -> None:
    house.run(*SIGN, "--by", "Anne")
    text = "---\ntitle: The night emergency ward of Kerlann reopens\nlang: en\n---\n\nIt reopens on Monday.\n"
    (house.path / "ward.md").write_text(text, encoding="utf-8")
    house.run("releases", "import", str(house.path / "ward.md"), "--slug", "ward", "--translates", SLUG)
    shown = house.json("releases", "show", SLUG)["sign_offs"]
    assert shown[0]["changes"] == ["the translation «ward» has come"]


def test_every_report_says_who_signed(house: Office, tmp_path: Path) -> None:
    house.run(*SIGN, "--by", "Anne Kerloc'h")
    with running() as server:
        house.at(server.port).send(SLUG, BUREAU)
    digest = house.json("releases", "show", SLUG)["sign_offs"][0]["digest"]
    files = {name: tmp_path / f"r.{name}" for name in ("csv", "xlsx", "html", "pdf")}
    house.run("report", SLUG, *(word for name, file in files.items() for word in (f"--{name}", str(file))))
    assert "signed off by Anne Kerloc'h" in house.run("report", SLUG).out
    (dispatch,) = house.json("report", SLUG)["dispatches"]
    assert [(one["name"], one["digest"]) for one in dispatch["sign_offs"]] == [("Anne Kerloc'h", digest)]
    rows = csv.DictReader(files["csv"].read_text("utf-8-sig").splitlines(), delimiter=";")
    assert {row["signed_off_by"] for row in rows} == {"Anne Kerloc'h"}
    assert "bon à diffuser signé par Anne Kerloc&#39;h" in files["html"].read_text("utf-8")
    assert "Kerloc" not in house.run("report", SLUG, "--redact", "--json").out
    house.run("report", SLUG, "--evidence", str(tmp_path / "evidence.zip"))
    with zipfile.ZipFile(tmp_path / "evidence.zip") as evidence:
        assert digest.encode() in evidence.read("sign_off.jsonl")
        assert digest.encode() in evidence.read("dispatch.jsonl")
        assert b"releases.sign-off" in evidence.read("audit.jsonl")


def test_the_number_is_typed_and_yes_does_not_type_it(office: Office) -> None:
    with running() as server:
        asking = office.at(server.port, ask_number_above=str(len(SHORT_LIST) - 1))
        assert "--recipients" in one_sentence(asking.send(SLUG, BUREAU, code=2))
        assert "12 recipients" in one_sentence(asking.send(SLUG, BUREAU, more=["--recipients", "13"], code=3))
        with asking.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("Type how many")
            terminal.type("11\n")
            terminal.read_until("not the number you typed")
            assert terminal.process.wait(20) == 3
        assert asking.deliveries() == []
        with asking.on_a_terminal("send", SLUG, "--list", BUREAU) as terminal:
            terminal.read_until("Type how many")
            terminal.type("12\n")
            terminal.read_until("12 accepted")
            assert terminal.process.wait(20) == 0
        wrong = office.at(server.port).run(*send_arguments(SLUG, "social"), "--recipients", "1", code=3)
        assert "not the number you typed" in one_sentence(wrong)


def test_the_manifest_is_frozen_and_compared_with_the_last_one(office: Office, tmp_path: Path) -> None:
    objector, barred, newcomer = SHORT_LIST[0], SHORT_LIST[1], NEXT[0]
    with running() as server:
        sending = office.at(server.port)
        sending.send(SLUG, BUREAU)
        sending.run("suppressions", "add", objector.address)
        sending.run("contacts", "import", str(write_list(office.path / "neuf.csv", [newcomer])), "--list", BUREAU)
        sending.run("lists", "create", "Pause")
        sending.run("lists", "add", "pause", barred.address)
        imported(sending, communique(), slug="suite")
        looked = sending.json("send", "suite", "--list", BUREAU, "--exclude", "pause", "--dry-run")
        sending.send("suite", BUREAU, more=["--exclude", "pause"])
    sending.run("lists", "remove", BUREAU, SHORT_LIST[5].address)  # what is frozen does not follow
    shown = sending.json("dispatches", "manifest", "2")
    assert (shown["total"], shown["manifest_hash"]) == (len(SHORT_LIST) - 1, looked["manifest_hash"])
    assert {one["address"] for one in shown["recipients"]} == {one["address"] for one in looked["recipients"]}
    assert {(one["name"], one["reason"]) for one in shown["left_out"]} == {
        (objector.name, "objection"), (barred.name, "excluded"),
    }  # fmt: skip
    assert shown["difference"] == looked["difference"]
    assert shown["difference"]["joined"] == [newcomer.name]
    assert shown["difference"]["missing"] == sorted([objector.name, barred.name])
    said = sending.run("dispatches", "manifest", "2").out
    assert f"left out: {barred.name}: is on the excluded list pause" in said
    assert f"  missing: {objector.name}" in said
    sending.run("dispatches", "manifest", "2", "--csv", str(tmp_path / "manifest.csv"))
    rows = list(csv.DictReader((tmp_path / "manifest.csv").read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert [row["gets_it"] for row in rows].count("yes") == len(SHORT_LIST) - 1
    assert {row["name"]: row["why"] for row in rows if row["gets_it"] == "no"}.keys() == {objector.name, barred.name}
