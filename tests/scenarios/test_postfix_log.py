"""Doubts that the log of a real Postfix ends: connections cut around the final dot, the log read, nobody guessed at."""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cuttingproxy import Cut, cutting
from mailservers import BOUNCES, running_postfix, until
from office import SLUG, Office

PEOPLE = ("known", "taken", "full", "within", "unheard", "later")
CUTS: dict[str, Cut] = {
    "taken@journal.example": "after_the_dot",
    "full@journal.example": "after_the_dot",
    "within@journal.example": "within",
    "unheard@journal.example": "unheard",
}


SETTINGS = {
    "smtpd_discard_ehlo_keywords": "pipelining, chunking, starttls",
    "notify_classes": "",
    "delay_warning_time": "0h",
    "queue_run_delay": "300s",
    "minimal_backoff_time": "300s",
    "maximal_backoff_time": "4000s",
    "virtual_mailbox_maps": f"inline:{{ {{ {BOUNCES} = rebonds/ }}, {{ known@journal.example = known/ }},"
    " { taken@journal.example = taken/ } }",
    "transport_maps": "regexp:{ { /^full@/ error:5.2.2 mailbox full }, { /^later/ retry:4.2.0 come back later } }",
}
"""«known» and «taken» have a mailbox, «full» a full one, «later» is put off, nobody else is there, and no haste."""


@dataclass(frozen=True)
class Doubtful:
    """A dispatch to six through a Postfix, four of them cut off, and what Postfix has logged."""

    office: Office
    log: Path

    def lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def states(self) -> dict[str, str]:
        return {one["address"].partition("@")[0]: one["state"] for one in self.office.deliveries()}

    def resolve(self, *files: Path, code: int = 0, more: tuple[str, ...] = ("--yes",)) -> str:
        logs = [word for file in files for word in ("--from-maillog", str(file))]
        return self.office.run("dispatches", "resolve", "1", *logs, *more, code=code).text

    def copy(self, name: str, text: str) -> Path:
        path = self.office.path.parent / name
        path.write_text(text, encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def sent_once(prepared_office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doubtful]:
    """What all tests here begin with; not to be changed."""
    office = prepared_office.copied_to(tmp_path_factory.mktemp("doubtful"))
    people = "E-mail;Nom\n" + "".join(f"{one}@journal.example;{one.title()}\n" for one in PEOPLE)
    (office.path / "journal.csv").write_text(people, encoding="utf-8")
    office.run("contacts", "import", str(office.path / "journal.csv"), "--list", "journal")
    with tempfile.TemporaryDirectory(prefix="mail-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with running_postfix(folder, settings=SETTINGS) as server, cutting(server.port, CUTS) as port:
            sending = office.at(port, smtp_connections="1", mail_from="Presse <rebonds@office.example>")
            sending.send(SLUG, "journal", code=5)
            until(lambda: "status=bounced (mailbox full)" in server.log.read_text(), server.log)
            until(lambda: server.log.read_text().count("lost connection after DATA") == 2, server.log)
            until(lambda: server.log.read_text().count("/cleanup[") >= 5, server.log)
            yield Doubtful(sending, Path(shutil.copy(server.log, office.path.parent / "postfix.log")))


@pytest.fixture
def doubtful(sent_once: Doubtful, tmp_path: Path) -> Iterator[Doubtful]:
    """The same, in an office of the test's own; the server is still there."""
    own = sent_once.office.copied_to(tmp_path)
    yield Doubtful(own, sent_once.log)
    own.close()


def test_what_the_log_names_is_settled_and_what_it_does_not_stays_in_doubt(doubtful: Doubtful) -> None:
    in_doubt = dict.fromkeys(("taken", "full", "within", "unheard"), "in_doubt")
    assert doubtful.states() == {"known": "accepted", "later": "accepted"} | in_doubt
    log = doubtful.log
    rehearsed = doubtful.resolve(log, more=("--dry-run",))
    assert "would be ended" in rehearsed
    assert doubtful.states()["taken"] == "in_doubt"
    said = doubtful.resolve(log)
    assert "Ended 3 doubts: " in said
    assert "unheard@journal.example: stays in doubt: it is not in the log, but" in said
    assert "begins too late" in said
    assert doubtful.states() == {
        "known": "accepted", "later": "accepted", "taken": "accepted",
        "full": "bounced", "within": "queued", "unheard": "in_doubt",
    }  # fmt: skip
    rows = {one["address"].partition("@")[0]: one for one in doubtful.office.deliveries()}
    assert rows["full"]["reply"] == "mailbox full"
    assert "queue id" in rows["taken"]["reason"]
    audited = doubtful.office.query("SELECT details FROM audit WHERE action = 'dispatches.resolve' ORDER BY id")
    evidence = [line for row in audited for line in json.loads(row[0])["evidence"]]
    assert all(line in doubtful.lines() for line in evidence)
    assert any("lost connection after DATA" in line for line in evidence)
    doubtful.office.run("dispatches", "resume", "1", code=5)
    assert doubtful.states()["within"] in {"accepted", "bounced"}


def test_a_log_that_goes_on_proves_that_a_message_never_came(doubtful: Doubtful) -> None:
    """The same log once ten minutes have passed: Postfix goes on writing, and nothing in it is the message."""
    whole = doubtful.log.read_text()
    later = datetime.now().astimezone() + timedelta(minutes=12)
    earlier = later - timedelta(minutes=20)
    line = "{0:%b %e %H:%M:%S} mx postfix/anvil[1]: statistics: max cache size 1\n"
    files = doubtful.copy("mail.log", line.format(earlier) + whole + line.format(later))
    said = doubtful.resolve(files, more=("--json", "--dry-run"))
    found = {one["address"].partition("@")[0]: (one["found"], one["words"]) for one in json.loads(said)}
    assert found["unheard"] == ("not taken", "not in mail.log, which has all that the server took before and after")
    known = next(one["message_id"] for one in doubtful.office.deliveries() if one["address"].startswith("known"))
    parts = {
        "late.log": (whole + line.format(later), "begins too late"),
        "early.log": (line.format(earlier) + whole, "ends too early"),
        "lacking.log": (files.read_text().replace(known, "<x@y.example>"), "is not the whole log"),
        "other.log": (line.format(earlier) + line.format(later), "names no other message of this dispatch"),
    }
    for name, (text, words) in parts.items():
        said = doubtful.resolve(doubtful.copy(name, text), more=("--json", "--dry-run"))
        unheard = next(one for one in json.loads(said) if one["address"].startswith("unheard"))
        assert (unheard["found"], words in unheard["words"]) == ("unsure", True), (name, unheard["words"])


def test_rotated_and_packed_logs_are_read_in_their_order_whatever_the_form(doubtful: Doubtful) -> None:
    """As rsyslog writes them on newer systems, cut in two by a rotation in the middle, the older half packed."""
    year = datetime.now(UTC).year
    zoned = [
        f"{datetime.strptime(f'{year} {line[:15]} +0000', '%Y %b %d %H:%M:%S %z').isoformat()}{line[15:]}"
        for line in doubtful.lines()
    ]
    middle = next(number for number, line in enumerate(zoned) if "mailbox full" in line)
    packed = doubtful.office.path.parent / "mail.log.1.gz"
    packed.write_bytes(gzip.compress("\n".join(zoned[:middle]).encode()))
    now = doubtful.copy("mail.log", "\n".join(zoned[middle:]))
    doubtful.resolve(now, packed)
    assert (doubtful.states()["full"], doubtful.states()["taken"]) == ("bounced", "accepted")


def test_what_is_no_log_is_refused_in_a_sentence(doubtful: Doubtful) -> None:
    for name, text in (("empty.log", ""), ("letter.txt", "Madame, Monsieur,\nbonjour\n")):
        assert "No line of it begins with a date" in doubtful.resolve(doubtful.copy(name, text), code=2)
    assert "There is no such file" in doubtful.resolve(Path("/nowhere/mail.log"), code=2)
    broken = doubtful.office.path.parent / "mail.log.2.gz"
    broken.write_bytes(gzip.compress(b"Nov 28 10:00:00 mx a: b\n" * 90)[:-9])
    assert "is packed, and damaged" in doubtful.resolve(broken, code=2)
