"""A correction of a text that went to two addresses of one journalist: one message, and a word about the other."""

from __future__ import annotations

from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import running
from test_corrections_sent import CORRECTION, corrected

from distributor.states import ELSEWHERE


def test_one_message_and_the_other_address_is_named_in_plan_manifest_and_report(office: Office) -> None:
    kept, merged = SHORT_LIST[1], SHORT_LIST[5]
    with running() as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU)
        assert len(server.accepted) == len(SHORT_LIST)
        own.run("contacts", "merge", kept.address, merged.address, "--yes")
        own.run("releases", "correct", SLUG, corrected(own))
        because = f"the same journalist gets it at {kept.address}"
        said = own.run("send", CORRECTION, "--dry-run").out
        assert f"{merged.address}: {because}" in said
        found = own.json("send", CORRECTION, "--dry-run")
        (copy,) = found["correction"]["copies"]
        assert (copy["address"], copy["because"], copy["has_it"]) == (merged.address, because, True)
        assert [one["address"] for one in found["left_out"] if one["reason"] == "same journalist"] == [merged.address]
        said = own.run("send", CORRECTION, "--yes").out
        assert "1 more address has the wrong text, of journalists who are told once:" in said
        told = {one.recipient for one in server.accepted[len(SHORT_LIST) :]}
        assert told == {one.spec for one in SHORT_LIST} - {merged.spec}
        left_out = own.json("dispatches", "manifest", "2")["left_out"]
        assert [(one["address"], one["reason"]) for one in left_out] == [(merged.address, "same journalist")]
        (row,) = [one for one in own.json("report", CORRECTION)["recipients"] if one["state"] == "withheld"]
        assert (row["address"], row["reason"]) == (merged.address, ELSEWHERE)
        first = {one["address"]: one for one in own.json("report", SLUG)["recipients"]}
        assert first[merged.address]["corrected_by"] == f"dispatch 2: withheld ({ELSEWHERE})"
        assert first[kept.address]["corrected_by"] == "dispatch 2: accepted"
        assert "Nobody has to be rung up" in own.run("dispatches", "phone-list", "2").out
        assert "Nothing to send" in own.run("send", CORRECTION, "--yes").out
