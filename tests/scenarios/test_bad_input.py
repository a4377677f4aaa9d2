"""What people get wrong: one plain sentence, the right exit code, and nothing written.

Run in this process and not in one of their own: starting up would be most of what a mistake takes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from office import BUREAU, SHORT_LIST, SLUG, Office, Ran, one_sentence, send_arguments

from distributor.cli.app import run

HTML = "templates/press-release/message.html.j2"
SEND = tuple(send_arguments(SLUG, BUREAU))
PASSWORD = "correct-horse-battery"


def as_it_is(office: Office) -> Office:
    """Nothing special about the workspace."""
    return office


@dataclass(frozen=True)
class Case:
    """One mistake: what is done to the workspace, the command, its exit code, and words that it must say.

    `@name` in the command is a file of `FILES`; `shows` is what standard output must tell besides.
    """

    name: str
    command: tuple[str, ...]
    code: int
    says: tuple[str, ...]
    prepare: Callable[[Office], Office] = as_it_is
    shows: tuple[str, ...] = ()


FILES: dict[str, bytes] = {
    "empty": b"",
    "binary": b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 40,
    "no-address.csv": "Prénom;Nom;Média\nZoë;Vidal;Radio Lisière\n".encode(),
    "no-headline.md": b"---\nlang: fr\n---\n",
}


def rewritten(name: str, old: str, new: str) -> Callable[[Office], Office]:
    """A workspace with one change in one file."""

    def prepare(office: Office) -> Office:
        office.rewrite(name, old, new)
        return office

    return prepare


def with_setting(**settings: str) -> Callable[[Office], Office]:
    """A workspace with settings of the environment changed."""
    return lambda office: office.at(9, **settings)


def with_secret_key(key: str) -> Callable[[Office], Office]:
    """A workspace whose `.env` has another secret key, or none."""

    def prepare(office: Office) -> Office:
        lines = (office.path / ".env").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("DISTRIBUTOR_SECRET_KEY=")]
        (office.path / ".env").write_text("\n".join([*kept, f"DISTRIBUTOR_SECRET_KEY={key}", ""]), encoding="utf-8")
        return office

    return prepare


def with_another_key_than_its_objections(office: Office) -> Office:
    """An objection is on record, and then the key is another one."""
    office.run("suppressions", "add", SHORT_LIST[0].address)
    return with_secret_key("another-key-" * 4)(office)


def with_a_newer_schema(office: Office) -> Office:
    """The database of a later version."""
    office.change("UPDATE alembic_version SET version_num = '9999'")
    return office


def with_an_open_env(office: Office) -> Office:
    """A password in a file that everybody on the machine can read."""
    office.rewrite(".env", "DISTRIBUTOR_SMTP_PASSWORD=\n", f"DISTRIBUTOR_SMTP_PASSWORD={PASSWORD}\n")
    (office.path / ".env").chmod(0o644)
    return office


def elsewhere(office: Office) -> Office:
    """The folder above the workspace, which is none."""
    return replace(office, path=office.path.parent)


def without_settings(office: Office) -> Office:
    """No sender set."""
    return office.at(9, mail_from="")


IMPORT_LIST = ("--list", "nouveaux")
CASES = (
    Case("empty list", ("contacts", "import", "@empty", *IMPORT_LIST), 2, ("empty",)),
    Case("binary list", ("contacts", "import", "@binary", *IMPORT_LIST), 2, ("@binary",)),
    Case(
        "list without addresses",
        ("contacts", "import", "@no-address.csv", *IMPORT_LIST),
        2,
        ("@no-address.csv", "address"),
    ),
    Case("list that is not there", ("contacts", "import", "@nowhere.csv", *IMPORT_LIST), 2, ("no such file",)),
    Case("empty release", ("releases", "import", "@empty"), 2, ("empty",)),
    Case("binary release", ("releases", "import", "@binary"), 2, ("@binary",)),
    Case("release without a headline", ("releases", "import", "@no-headline.md"), 2, ("headline",)),
    Case("unknown list", tuple(send_arguments(SLUG, "nulle-part")), 2, ("nulle-part", "bureau")),
    Case("unknown release", tuple(send_arguments("rien", BUREAU)), 2, ("rien", "releases list")),
    Case("no list at all", ("send", SLUG, "--yes"), 2, ("--list",)),
    Case("nobody to ask", ("send", SLUG, "--list", BUREAU), 2, ("--yes",)),
    Case("unknown contact", ("contacts", "show", "personne@nulle.example"), 2, ("personne@nulle.example",)),
    Case("unknown dispatch", ("dispatches", "resume", "7"), 2, ("7", "dispatches list")),
    Case("unknown policy", ("dispatches", "resume", "1", "--in-doubt", "guess"), 2, ("guess", "assume-sent")),
    Case("report of what was not sent", ("report", SLUG), 2, ("not been sent",)),
    Case("no address", ("suppressions", "add", "zoe.vidal"), 2, ("zoe.vidal",)),
    Case("override without a reason", (*SEND, "--override", "dateline-year"), 2, ("--because",)),
    Case("override of nothing", (*SEND, "--override", "dateline-year", "--because", "so"), 2, ("dateline-year",)),
    Case("no sender", SEND, 2, ("DISTRIBUTOR_MAIL_FROM",), without_settings),
    Case(
        "typo in a template",
        SEND,
        2,
        ("message.html.j2",),
        rewritten(HTML, "{% if", "{% fi"),
    ),
    Case(
        "field that is not there",
        SEND,
        3,
        ("proof",),
        rewritten(HTML, "</body>", "<p>{{ recipient.horoscope }}</p></body>"),
        shows=("horoscope", "message.html.j2"),
    ),
    Case("database of a newer version", SEND, 2, ("newer", "9999"), with_a_newer_schema),
    Case(".env that all can read", SEND, 2, (".env", "chmod 600"), with_an_open_env),
    Case(
        "broken setting",
        SEND,
        2,
        ("DISTRIBUTOR_SMTP_CONNECTIONS", "many"),
        with_setting(smtp_connections="many"),
    ),
    Case("mail in clear over a network", SEND, 4, ("clear",), with_setting(smtp_host="mail.example")),
    Case("not a workspace", SEND, 2, ("not a Distributor workspace", "distributor init"), elsewhere),
    Case("no secret key", SEND, 2, ("DISTRIBUTOR_SECRET_KEY",), with_secret_key("")),
    Case("short secret key", SEND, 2, ("DISTRIBUTOR_SECRET_KEY", "32"), with_secret_key("short")),
    Case("another secret key", SEND, 3, ("key",), with_another_key_than_its_objections),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_people_get_wrong(
    office: Office,
    case: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    prepared = case.prepare(office)
    before, files = office.contents(), sorted(path.name for path in tmp_path.iterdir())
    for variable, value in prepared.settings.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    command = [str(tmp_path / word[1:]) if word.startswith("@") else word for word in case.command]
    monkeypatch.setattr(sys, "argv", ["distributor", "--workspace", str(prepared.path), *command])
    capfd.readouterr()
    ran = Ran(run(), *capfd.readouterr())
    assert ran.code == case.code, ran.text
    said = one_sentence(ran)
    assert all(word.removeprefix("@") in said for word in case.says), said
    assert all(word in ran.out for word in case.shows), ran.out
    assert PASSWORD not in ran.text
    assert "Traceback" not in ran.text
    assert office.contents() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == files
