"""The other side of `send`: mailmerge, given the same text for the same people, as its users would write it."""

from __future__ import annotations

import csv
import email
import email.policy
from pathlib import Path

from benchmarks.invented import contacts_csv
from benchmarks.office import LIST, SLUG
from benchmarks.sink import HOST
from distributor import clock
from distributor.cli.proving import prove_release
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
    proved = prove_release(workspace, SLUG, [LIST], moment)
    stamp = proved.opened.identity.stamp(workspace.keyring, 1, f"<sample@{proved.opened.identity.domain}>", moment)
    reader = next(planned.recipient for planned in proved.manifest.recipients if planned.recipient.language == "fr")
    return proved.opened.composer.compose(reader, stamp)


def prepare(folder: Path, program: Path, sample: bytes, count: int, *, port: int) -> list[str]:
    """Write mailmerge's template, list and settings into `folder`; return the command that sends to all."""
    folder.mkdir()
    message = email.message_from_bytes(sample, policy=email.policy.default)
    parts = {}
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        parts[kind] = _with_salutation(part.get_content())
    (folder / "mailmerge_template.txt").write_text(
        _TEMPLATE.format(subject=message["Subject"], sender=message["From"], text=parts["plain"], html=parts["html"]),
        encoding="utf-8",
    )
    rows = list(csv.DictReader(contacts_csv(count).decode().splitlines(), delimiter=";"))
    with (folder / "mailmerge_database.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("email", "name", "salutation"))
        for row in rows:
            title = "Madame" if row["Civilité"] == "Mme" else "Monsieur"
            greeting = f"{_FIRST_SALUTATION} {title} {row['Nom']},"
            writer.writerow((row["E-mail"], f"{row['Prénom']} {row['Nom']}", greeting))
    (folder / "mailmerge_server.conf").write_text(f"[smtp_server]\nhost = {HOST}\nport = {port}\n", encoding="utf-8")
    return [str(program), "--no-dry-run", "--no-limit", "--output-format", "text"]


def _with_salutation(text: str) -> str:
    """The sample's own greeting replaced by the field that mailmerge fills in."""
    start = text.index(_FIRST_SALUTATION)
    end = text.index(",", start) + 1
    return text[:start] + "{{salutation}}" + text[end:]
