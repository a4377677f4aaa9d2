"""A mail server that offers PIPELINING and does not keep it, and the real command: everybody once, and one line."""

from __future__ import annotations

import json

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Groups, Script, running


@pytest.mark.parametrize("groups", ["objecting", "hanging up"])
def test_everybody_is_reached_once_and_the_log_says_it_once(office: Office, groups: Groups) -> None:
    with running(Script(pipelining=True, groups=groups)) as server:
        sending = office.at(server.port, log_file="events.jsonl", smtp_connections="2")
        sending.send(SLUG, BUREAU)
        assert server.violations == []
        reached = sorted(one.recipient for one in server.accepted)
    assert sending.states() == {"accepted": 12}
    assert reached == sorted(person.spec for person in SHORT_LIST)
    events = [json.loads(line) for line in (office.path / "events.jsonl").read_text("utf-8").splitlines()]
    (given_up,) = [one for one in events if one["event"] == "pipelining.given_up"]
    assert given_up["account"] == "default"
    assert given_up["worker"]
    assert "one at a time" in given_up["why"]
