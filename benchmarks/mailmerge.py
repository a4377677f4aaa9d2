"""The other side of `send`: mailmerge, given the same text for the same people, as its users would write it."""

from __future__ import annotations

import csv
import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.office import LIST, SLUG
from benchmarks.sink import HOST
from distributor import clock
from distributor.dispatch.recipients.narrowing import Selection
from distributor.outgoing.proving import prove_release
from distributor.wiring import Workspace

_FIRST_SALUTATION = "Bonjour"
_TEMPLATE = """\
TO: {{{{name}}}} <{{{{email}}}}>
SUBJECT: {subject}
FROM: {sender}
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="boundary"

This is a message in several parts.
--boundary
Content-Type: text/plain; charset=utf-8

{text}
--boundary
Content-Type: text/html; charset=utf-8

{html}
--boundary--
"""


def sample_message(workspace: Workspace) -> bytes:
    """The message that the first French-reading journalist of the list would get."""
    moment = clock.now()
    proved = prove_release(workspace, SLUG, Selection([LIST]), moment)
    stamp = proved.opened.identity.stamp(workspace.keyring, 1, f"<sample@{proved.opened.identity.domain}>", moment)
    reader = next(planned.recipient for planned in proved.manifest.recipients if planned.recipient.language == "fr")
    return proved.opened.composer.compose(reader, stamp)


def prepare(folder: Path, program: Path, sample: bytes, count: int, *, port: int) -> list[str]:
    """Write mailmerge's template, list and settings into `folder`; return the command that sends to all."""
    folder.mkdir()
    message = email.message_from_bytes(sample, policy=email.policy.default)
    text, html = bodies(message)
    (folder / "mailmerge_template.txt").write_text(
        _TEMPLATE.format(subject=message["Subject"], sender=message["From"], text=text, html=html),
        encoding="utf-8",
    )
    with (folder / "mailmerge_database.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("email", "name", "salutation"))
        writer.writeheader()
        writer.writerows(people(contacts_csv(count)))
    (folder / "mailmerge_server.conf").write_text(f"[smtp_server]\nhost = {HOST}\nport = {port}\n", encoding="utf-8")
    return [str(program), "--no-dry-run", "--no-limit", "--output-format", "text"]


def people(table: bytes) -> list[dict[str, str]]:
    """Who is written to: address, name, and the salutation of each."""
    found = []
    for row in csv.DictReader(table.decode().splitlines(), delimiter=";"):
        title = "Madame" if row["Civilité"] == "Mme" else "Monsieur"
        greeting = f"{_FIRST_SALUTATION} {title} {row['Nom']},"
        found.append({"email": row["E-mail"], "name": f"{row['Prénom']} {row['Nom']}", "salutation": greeting})
    return found


def bodies(message: EmailMessage) -> tuple[str, str]:
    """The sample's text and HTML, with {{salutation}} where it greets."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return _with_salutation(text.get_content()), _with_salutation(html.get_content())


def _with_salutation(text: str) -> str:
    """The sample's own greeting replaced by the field that mailmerge fills in."""
    start = text.index(_FIRST_SALUTATION)
    end = text.index(",", start) + 1
    return text[:start] + "{{salutation}}" + text[end:]
