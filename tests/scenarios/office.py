"""A press office for scenarios: a workspace on disk, the real command as a subprocess, and invented journalists."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import resource
import select
import shutil
import sqlite3
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email.message import EmailMessage
from itertools import chain
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from authority import Authority
from movingclock import MovingClock
from smtpserver import Accepted, Script, ScriptedServer, read_journal
from warmcommand import WarmCommand

SERVER_FILE = Path(__file__).parents[1] / "smtpserver.py"
SECTORS = {"sante": "Santé", "economie": "Économie", "social": "Social", "international": "International"}
SLUG = "urgences-de-nuit"
BUREAU = "bureau"
"""A short list beside those of the four sectors, for scenarios that need a dozen people and not two hundred."""

_FIRST = (
    "Clémence", "Łukasz", "Zoë", "Hương", "José", "Aïcha", "Björn", "Inês", "Anne-Laure", "Siobhán",
    "Noël", "Žofia", "Çağla", "Matthias", "Fatou", "Raphaëlle", "Δημήτρης", "Олена", "明", "Hervé",
)  # fmt: skip
_LAST = (
    "Vidal", "Wójcik", "O’Brien", "Nguyễn", "de la Peña", "Ben Saïd", "Ångström", "Müller-Weiß", "d’Estrées",
    "Kovačević",
)  # fmt: skip
_DOMAINS = (
    "agence-boreale.example", "courrier-marches.example", "radio-lisiere.example", "écho-libre.example",
    "elbbote.example", "tele-garonne.example", "voix-metiers.example",
)  # fmt: skip
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """One invented journalist."""

    civility: str
    first_name: str
    last_name: str
    address: str
    sector: str

    @property
    def name(self) -> str:
        """As it stands in a To field."""
        return f"{self.first_name} {self.last_name}"

    @property
    def greeting(self) -> str:
        """How the French template greets them."""
        form = {"Mme": "Bonjour Madame {},", "M.": "Bonjour Monsieur {},", "": "Madame, Monsieur,"}[self.civility]
        return form.format(self.last_name)

    @property
    def spec(self) -> str:
        """The address as it goes over the wire: the domain in A-labels."""
        local, _, domain = self.address.partition("@")
        return f"{local}@{domain.encode('idna').decode()}"


def invent(count: int, *, sector: str = "", mark: str = "") -> list[Person]:
    """That many people with distinct names and addresses, in one sector or spread over the four."""
    sectors = [sector] if sector else list(SECTORS)
    people = []
    for number in range(count):
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        local = f"{_ascii(first) or 'redaction'}.{_ascii(last)}.{mark}{number}"
        address = f"{local}@{_DOMAINS[number % len(_DOMAINS)]}"
        civility = ("Mme", "M.", "")[number % 3]
        people.append(Person(civility, first, last, address, sectors[number % len(sectors)]))
    return people


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "".join(char for char in plain if char.isalnum())


EVERYBODY = invent(200)
SHORT_LIST = invent(12, sector="sante", mark="b")


def write_list(path: Path, people: Sequence[Person]) -> Path:
    """A press list as Excel saves it in France: semicolons, a byte-order mark, French headings."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Civilité", "Prénom", "Nom", "E-mail", "Média", "Secteur", "Langue"])
        for person in people:
            outlet = person.address.partition("@")[2].split(".")[0].replace("-", " ").title()
            name = (person.civility, person.first_name, person.last_name)
            writer.writerow([*name, person.address, outlet, SECTORS[person.sector], "fr"])
    return path


def communique(day: date | None = None) -> str:
    """A communiqué of our own, as a press office writes it: plain text, the dateline, of that day, at the end."""
    today = day or datetime.now(ZoneInfo("Europe/Paris")).date()
    day = "1er" if today.day == 1 else str(today.day)
    return (
        "\n\nL’hôpital de Kerlann rouvre ses urgences de nuit\n\n"
        "La Coordination des soignants du littoral salue la réouverture, dès lundi, des urgences de nuit de l’hôpital "
        "de Kerlann, fermées depuis quatorze mois. Elle y voit le fruit de la mobilisation des habitants.\n\n"
        "« Personne ne doit faire quatre-vingts kilomètres pour une fracture », rappelle la Coordination, qui demande "
        "que les douze postes promis soient pourvus avant l’été.\n\n"
        ".Cette ligne commence par un point, comme il arrive quand on colle un texte.\n\n"
        "Contact presse :\n\nMaëlle Quéméneur\nChargée des relations presse\npresse@soignants-littoral.example\n"
        f"02 98 00 00 31\n\nBrest, le {day} {_MONTHS[today.month - 1]} {today.year}\n"
    )


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All it said."""
        return self.out + self.err


@dataclass
class Terminal:
    """A terminal with a command on it."""

    process: WarmCommand
    _ours: int
    shown: str = ""

    def read_until(self, words: str) -> None:
        """Read what is shown until `words` are."""
        while words not in self.shown:
            ready, _, _ = select.select([self._ours], [], [], 20)
            assert ready, f"«{words}» was never shown: {self.shown[-1500:]}"
            self.shown += os.read(self._ours, 4096).decode(errors="replace")

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        os.write(self._ours, text.encode())

    def hang_up(self) -> None:
        """Close the window."""
        if self._ours >= 0:
            os.close(self._ours)
            self._ours = -1


@dataclass(frozen=True)
class Office:
    """A workspace, and the command run on it with an environment of its own; `settings` win over its `.env`."""

    path: Path
    settings: dict[str, str] = field(default_factory=dict)
    started: list[WarmCommand] = field(default_factory=list)

    def at(self, port: int, **settings: str) -> Office:
        """The same office, sending through the server on that port of this machine; names without their prefix."""
        changed = {f"DISTRIBUTOR_{name.upper()}": value for name, value in settings.items()}
        return replace(self, settings=self.settings | {"DISTRIBUTOR_SMTP_PORT": str(port)} | changed)

    def over_tls(self, port: int, authority: Authority, username: str, **settings: str) -> Office:
        """As `at`, logging in as `username` to a server under a certificate of `authority`."""
        tls = {"smtp_security": "tls", "smtp_ca_file": str(authority.ca_file), "smtp_username": username}
        return self.at(port, **tls, **settings)

    def by(self, clock: MovingClock) -> Office:
        """The same office, with the time of that clock."""
        return replace(self, settings=self.settings | clock.env)

    def copied_to(self, folder: Path) -> Office:
        """A copy of the whole workspace, in a folder of its own."""
        shutil.copytree(self.path, folder / "press")
        return Office(folder / "press", dict(self.settings))

    def start(self, *arguments: str, terminal: int | None = None) -> WarmCommand:
        """Start the real command, in pipes or on that terminal."""
        process = WarmCommand(
            ["--workspace", str(self.path), *arguments],
            cwd=self.path.parent,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.path.parent), "LANG": "C.UTF-8", **self.settings},
            terminal=terminal,
        )
        self.started.append(process)
        return process

    @contextmanager
    def on_a_terminal(self, *arguments: str) -> Iterator[Terminal]:
        """The real command on a terminal of its own, as in a window: closing the window hangs up."""
        ours, theirs = pty.openpty()
        process = self.start(*arguments, terminal=theirs)
        os.close(theirs)
        terminal = Terminal(process, ours)
        try:
            yield terminal
        finally:
            terminal.hang_up()

    def close(self) -> None:
        """End what a failed test left running."""
        for process in self.started:
            process.kill()
            process.communicate()

    def run(self, *arguments: str, code: int = 0) -> Ran:
        """Run the command to its end, which must be `code`."""
        return finish(self.start(*arguments), code)

    def json(self, *arguments: str) -> Any:
        """What a command that prints JSON printed."""
        return json.loads(self.run(*arguments, "--json").out)

    def send(self, slug: str, *lists: str, code: int = 0, more: Sequence[str] = ()) -> Ran:
        """Send a release to lists."""
        return self.run(*send_arguments(slug, *lists), *more, code=code)

    def deliveries(self, *states: str) -> list[dict[str, Any]]:
        """Every delivery there is, or those in some states, straight from the ledger, in order."""
        with closing(sqlite3.connect(self.path / "press.db")) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM delivery ORDER BY id")]
        return [row for row in rows if not states or row["state"] in states]

    def reads(self, person: Person, subject: str, body: str, *, automatic: bool = False) -> None:
        """Let a journalist's answer to the first message that they got be read."""
        message = EmailMessage()
        message["From"] = f"{person.name} <{person.spec}>"
        message["To"] = "presse@soignants-littoral.example"
        message["Subject"] = subject
        message["Message-ID"] = f"<{person.spec.replace('@', '.')}@journal.example>"
        message["In-Reply-To"] = next(
            str(one["message_id"]) for one in self.deliveries() if one["address"] == person.spec
        )
        if automatic:
            message["Auto-Submitted"] = "auto-replied"
        message.set_content(body)
        file = self.path.parent / "came-back.eml"
        file.write_bytes(message.as_bytes())
        self.run("feedback", "read", str(file))

    def states(self) -> Counter[str]:
        """How many deliveries are in which state."""
        return Counter(one["state"] for one in self.deliveries())

    def dispatch_state(self) -> str:
        """The state of the first dispatch."""
        return str(self.query("SELECT state FROM dispatch ORDER BY id")[0][0])

    def in_doubt(self, dispatch_id: int = 1) -> dict[str, str]:
        """Address → name of everyone whom `dispatches show` names, to people, as in doubt."""
        said = self.run("dispatches", "show", str(dispatch_id)).out
        return dict(re.findall(r"^In doubt: (\S+) (.+), <\S+>$", said, re.MULTILINE))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows straight from the database, for what no command shows."""
        with closing(sqlite3.connect(self.path / "press.db")) as connection:
            return list(connection.execute(sql))

    def change(self, sql: str) -> None:
        """Change the database behind the command's back."""
        with closing(sqlite3.connect(self.path / "press.db")) as connection, connection:
            connection.execute(sql)

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        tables = [row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: sorted(self.query(f'SELECT * FROM "{table}"'), key=repr) for table in tables}

    def rewrite(self, name: str, old: str, new: str) -> None:
        """Change a file of the workspace as a person with an editor does."""
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


def send_arguments(slug: str, *lists: str) -> list[str]:
    """`send` as a script runs it."""
    return ["send", slug, "--yes", *(word for name in lists for word in ("--list", name))]


def finish(process: WarmCommand, *codes: int, seconds: float = 60) -> Ran:
    """Wait for a command; it must end with one of `codes` (none: any), and never with a traceback."""
    out, err = process.communicate(timeout=seconds)
    ran = Ran(process.returncode, out, err)
    assert "Traceback" not in ran.text, ran.text[-3000:]
    assert "defect of Distributor" not in ran.text, ran.text[-3000:]
    assert not codes or ran.code in codes, (ran.code, ran.out[-1500:], ran.err[-1500:])
    return ran


def one_sentence(ran: Ran) -> str:
    """What a command that failed said: one line on standard error, for people."""
    said = ran.err.strip()
    assert said, ran
    assert len(said.splitlines()) == 1, said
    assert not re.search(r"\w+(?:Error|Exception)\b|sqlalchemy|sqlite3\.|0x[0-9a-f]{6}|\bNone\b", said), said
    return said


def fill_the_disk(process: WarmCommand, largest_file: int) -> None:
    """From now on no file of this process, and of those it has started, grows beyond that size.

    What SQLite then hears is what a full disk says.
    """
    started = [file.read_text().split() for file in Path(f"/proc/{process.pid}/task").glob("*/children")]
    for pid in (process.pid, *map(int, chain.from_iterable(started))):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))


def until(condition: Callable[[], Any], what: str, seconds: float = 20, process: WarmCommand | None = None) -> None:
    """Wait for a condition; fail, naming it, when the deadline comes first or `process` ends without it."""
    deadline = time.monotonic() + seconds
    pause = 0.002  # longer and longer: to look takes from what is waited for
    while not condition():
        assert time.monotonic() < deadline, f"it never came to pass that {what}"
        if process is not None and process.poll() is not None and not condition():
            ran = finish(process)
            raise AssertionError(f"it ended before {what}: {ran.code} {ran.text[-1500:]}")
        time.sleep(pause)
        pause = min(1.2 * pause, 0.02)


def until_looked(process: WarmCommand, clock: MovingClock) -> None:
    """Wait until a command has done all there was to do at the moment that the clock shows."""
    until(lambda: clock.looked(process.pid) == clock.now(), "it has looked", process=process)


def let_time_pass(process: WarmCommand, clock: MovingClock) -> None:
    """Until the command ends: whenever it has looked at a moment, and waits, the next second comes."""
    while process.poll() is None:
        until(lambda: process.poll() is not None or clock.looked(process.pid) == clock.now(), "it has looked or ended")
        clock.move(seconds=1)


class Gate(Event):
    """Shut until it is set; `reached` is set as soon as a message stands before it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = Event()


def hold_after(server: ScriptedServer, number: int, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Let the server take so many messages, and the others only when the gate that is returned is set."""
    accept, go_on = server.accept, Gate()

    def accept_when_told(recipient: str, sender: str, message: bytes, connection: int) -> None:
        if len(server.accepted) >= number:
            go_on.reached.set()
            assert go_on.wait(60)
        accept(recipient, sender, message, connection)

    monkeypatch.setattr(server, "accept", accept_when_told)
    return go_on


@contextmanager
def shared(server: ScriptedServer) -> Iterator[ScriptedServer]:
    """A server that several tests have in common: each finds the messages that it had before all, and harms nothing."""
    before = list(server.accepted)
    yield server
    server.accepted[:] = before
    violations, server.violations = server.violations, []
    assert violations == []


@dataclass(frozen=True)
class JournalingServer:
    """The scripted server as a process of its own: it outlives whatever is killed on the other side."""

    process: subprocess.Popen[bytes]
    port: int
    journal_file: Path
    report_file: Path

    def journal(self) -> list[Accepted]:
        """What was accepted so far."""
        return read_journal(self.journal_file)

    def violations(self) -> list[str]:
        """End it, and return what it holds against the client."""
        self.process.terminate()
        self.process.wait(10)
        found: list[str] = json.loads(self.report_file.read_text())["violations"]
        return found


@contextmanager
def journaling_server(folder: Path, script: Script) -> Iterator[JournalingServer]:
    """Start a `JournalingServer`, and kill it at the end."""
    port_file, journal, report = (folder / f"server.{name}" for name in ("port", "journal", "report"))
    process = subprocess.Popen(
        [
            *(sys.executable, str(SERVER_FILE), "--journal", str(journal), "--port-file", str(port_file)),
            *("--report", str(report), "--script", script.to_json()),
        ]
    )
    try:
        until(port_file.exists, "the server listens")
        yield JournalingServer(process, int(port_file.read_text()), journal, report)
    finally:
        process.kill()
        process.wait(10)
