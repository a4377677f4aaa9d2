"""`distributor serve` beside a dispatch: the link of a real message is followed, and heeded by what is running."""

from __future__ import annotations

import email
import email.policy
import http.client
import re
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from office import BUREAU, SHORT_LIST, SLUG, Office, communique, finish, send_arguments, until
from smtpserver import Accepted, Fault, Script, running

from distributor.settings import load_settings
from distributor.tokens import Keyring

PUBLIC_URL = "https://presse.soignants-littoral.example"
SLOW = Script(faults=(Fault("body", delay=60, nth=(len(SHORT_LIST) + 1,)),))
"""The first message of the second dispatch is answered when the server is mended."""


@dataclass(frozen=True)
class Served:
    """`serve`, running."""

    process: subprocess.Popen[str]
    port: int

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The status and the page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        connection.request(method, path, urlencode(form) if form else None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        connection.close()
        return answer.status, page


@contextmanager
def serving(office: Office) -> Iterator[Served]:
    """The real command on a free port."""
    process = office.start("serve", "--port", "0")
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 20)
    assert ready, "it never listened"
    line = process.stdout.readline()
    found = re.search(r"Listening at http://127\.0\.0\.1:(\d+)", line)
    assert found, line
    yield Served(process, int(found[1]))
    process.send_signal(signal.SIGTERM)
    ran = finish(process, 130, -signal.SIGKILL)
    assert "soignants" not in ran.err, "the log names nobody"


def link_in(message: Accepted) -> str:
    """The path that List-Unsubscribe names (RFC 8058)."""
    parsed = email.message_from_bytes(message.message, policy=email.policy.default)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(rf"<{re.escape(PUBLIC_URL)}(/u/[a-z2-7]+)>", str(parsed["List-Unsubscribe"]))
    assert found
    return found[1]


def import_another(office: Office) -> None:
    """A second release, of other words."""
    file = office.path / "deuxieme.txt"
    text = communique().replace("L’hôpital de Kerlann rouvre ses urgences", "La maternité de Kerlann rouvre ses lits")
    file.write_text(text, encoding="utf-8")
    office.run("releases", "import", str(file), "--slug", "deuxieme")


def test_one_click_is_heeded_by_the_dispatch_that_is_running(office: Office) -> None:
    """Its link stands in an earlier message; the next release is on its way to eleven others while it is followed."""
    last = SHORT_LIST[-1].spec
    import_another(office)
    with running(SLOW) as server:
        here = office.at(server.port, smtp_connections="1", public_url=PUBLIC_URL)
        with serving(here) as served:
            here.send(SLUG, BUREAU)
            path = link_in(next(one for one in server.accepted if one.recipient == last))
            assert served.ask("GET", path)[0] == 200
            assert served.ask("HEAD", path) == (200, "")
            sending = here.start(*send_arguments("deuxieme", BUREAU))
            until(lambda: len(server.accepted) > len(SHORT_LIST), "the second dispatch is under way", process=sending)
            assert served.ask("POST", path, {"List-Unsubscribe": "One-Click"})[0] == 200
            server.mend()
            finish(sending, 5, 0)
            assert served.ask("GET", "/verify")[1].count("<strong>") == 2
        got = [one.recipient for one in server.accepted]
        assert got.count(last) == 1, "the earlier release, and not the second"
        assert {got.count(person.spec) for person in SHORT_LIST[:-1]} == {2}
        withheld = [(one["address"], one["reason"]) for one in here.deliveries("withheld")]
        assert withheld == [(last, "objection")]
        assert here.query("SELECT kind, source FROM feedback_event") == [("objection", "one click")]
        assert server.violations == []


def test_what_was_answered_outlives_the_server(office: Office) -> None:
    with running(Script()) as server:
        here = office.at(server.port, public_url=PUBLIC_URL)
        here.send(SLUG, BUREAU)
        paths = [link_in(one) for one in server.accepted]
        with serving(here) as served:
            for path in paths[:3]:
                assert served.ask("POST", path, {"scope": "all"})[0] == 200
            served.process.kill()
    assert here.query("SELECT count(*) FROM suppression") == [(3,)]


def test_every_message_returns_to_an_address_of_its_own(office: Office) -> None:
    """The envelope sender names the delivery; a first «later» and the retry have the same one."""
    person = SHORT_LIST[2].spec
    script = Script(faults=(Fault("rcpt", reply="451 4.3.0 Later", recipient=person, times=1),))
    with running(script) as server:
        bounces = {"bounce_address": "rebonds@soignants-littoral.example", "verp": "yes"}
        here = office.at(server.port, **bounces)
        here.send(SLUG, BUREAU, code=5)
        here.change("UPDATE delivery SET next_attempt_at = '2026-01-01 00:00:00' WHERE state = 'deferred'")
        here.run("work", "--once")
        journal = server.accepted
        assert server.violations == []
    keyring = Keyring(load_settings(office.path, {}).secret_key.reveal().encode())
    assert [one["attempts"] for one in here.deliveries() if one["address"] == person] == [2]
    named = {one.recipient: keyring.read_bounce_address(one.sender) for one in journal}
    assert named == {one["address"]: one["id"] for one in here.deliveries()}
    assert all(one.sender.startswith("rebonds+") for one in journal)


def test_figures_are_served_beside_the_web_part_and_not_within_it(office: Office) -> None:
    process = office.start("serve", "--port", "0", "--metrics", "0")
    assert process.stdout is not None
    figures = re.search(r"127\.0\.0\.1:(\d+)/metrics", process.stdout.readline())
    assert figures is not None
    said = process.stdout.readline()
    while "Listening at" not in said:
        said = process.stdout.readline()
    port = int(said.partition("127.0.0.1:")[2].partition(".")[0])
    assert Served(process, int(figures[1])).ask("GET", "/metrics")[1].endswith("# EOF\n")
    assert Served(process, port).ask("GET", "/metrics")[0] == 404
    process.send_signal(signal.SIGTERM)
    finish(process, 130, -signal.SIGKILL)
