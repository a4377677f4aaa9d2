"""The commands on accounts: what is set, whether it works, and a password that is offered once over all commands."""

from __future__ import annotations

import re
from dataclasses import replace

from authority import Authority
from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence, until
from smtpserver import Script, running


def test_a_refused_password_is_not_offered_by_any_command(office: Office, authority: Authority) -> None:
    script = Script(
        certificate=str(authority.certificate), key=str(authority.key), implicit_tls=True, users={"presse": "right"}
    )
    with running(script) as server:
        wrong = office.over_tls(server.port, authority, "presse", smtp_password="wrong")
        wrong.send(SLUG, BUREAU, code=4)
        again = "distributor accounts check --try-again"
        for command, end in (
            (("dispatches", "resume", "1"), f"{again}; then: distributor dispatches resume 1"),
            (("accounts", "check"), again),
        ):
            sentence = one_sentence(wrong.run(*command, code=4))
            assert "refuses the user name or the password" in sentence
            assert ". Set another DISTRIBUTOR_SMTP_USERNAME" in sentence
            assert sentence.rstrip().endswith(end)
        assert server.failed_logins == 1
        check_that_a_refusal_is_shown(wrong, again)
        wrong.run("accounts", "check", "--try-again", code=4)
        assert server.failed_logins == 2, "by a person's word, once more"
        right = wrong.at(server.port, smtp_password="right")
        assert right.json("accounts", "show")["refused"] is None, "another password has not been tried"
        assert "takes us as presse" in right.run("accounts", "check").out
        right.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_login_that_may_be_offered_again_is_offered_by_who_is_at_work(office: Office, authority: Authority) -> None:
    script = Script(certificate=str(authority.certificate), key=str(authority.key), implicit_tls=True)
    with running(replace(script, users={"presse": "another"})) as server:
        sending = office.over_tls(server.port, authority, "presse", smtp_password="right")
        office.at(9).send(SLUG, BUREAU, code=4)
        office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
        work = sending.start("work")
        until(lambda: office.dispatch_state() == "paused", "the login was refused", process=work)
        server.script = replace(script, users={"presse": "right"})
        sending.run("accounts", "check", "--try-again")
        office.change("UPDATE dispatch SET state = 'planned', pause_reason = ''")
        until(lambda: office.dispatch_state() != "planned", "it was taken up again", process=work)
        until(lambda: office.dispatch_state() == "done", "all of it was sent", process=work)
        assert server.failed_logins == 1
        assert len(server.accepted) == len(SHORT_LIST)


def check_that_a_refusal_is_shown(office: Office, again: str) -> None:
    since = r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"
    for command in ("list", "show"):
        said = office.run("accounts", command).out
        assert re.search(rf"^default: refused since {since}, and not tried again\. ", said, re.MULTILINE)
        assert again in said
        shown = office.json("accounts", command)
        refused = (shown[0] if command == "list" else shown)["refused"]
        assert set(refused) == {"since", "said", "mend"}
        assert "refuses the user name or the password" in refused["said"]


def test_presets_rules_and_limits_are_shown(office: Office) -> None:
    limited = office.at(9, smtp_preset="exchange-online", smtp_per_day="300")
    (account,) = limited.json("accounts", "list") or [{}]
    assert account["limits"] == {"connections": 3, "per_minute": 30, "per_day": 300}
    assert "30 a minute, 300 a day" in limited.run("accounts", "list").out
    for preset in limited.json("accounts", "presets"):
        assert preset["source"]
        assert preset["date"]
    rules = limited.json("accounts", "rules")
    assert len(rules) > 50
    assert all(re.fullmatch(r"20\d\d-\d\d", rule["date"]) and rule["source"] for rule in rules)
    lines = limited.run("accounts", "rules").out.splitlines()
    shown = [line.partition(" ")[2].partition(":")[0] for line in lines if re.match(r"\d+\. ", line)]
    assert shown == [rule["name"] for rule in rules]
    assert max(map(len, lines)) < 200, "in a pipe too it can be read"
    words = re.findall(r"^  «(.+)»$", "\n".join(lines), re.MULTILINE)
    assert "|".join(words) == "|".join(rule["text"] for rule in rules if rule["text"]), "and nothing is left out"
    sentence = one_sentence(office.at(9, smtp_preset="exchange").run("accounts", "list", code=2))
    assert "DISTRIBUTOR_SMTP_PRESET" in sentence
