"""What scenarios start from: one prepared workspace, copied for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import put_database
from office import BUREAU, EVERYBODY, SECTORS, SHORT_LIST, SLUG, Office, communique, write_list

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.releases.readers.document import read_release
from distributor.releases.store import store_release
from distributor.starter import make_workspace
from distributor.wiring import open_workspace

SETTINGS = {
    "DISTRIBUTOR_SMTP_HOST": "127.0.0.1",
    "DISTRIBUTOR_SMTP_PORT": "9",
    "DISTRIBUTOR_SMTP_SECURITY": "plain",
    "DISTRIBUTOR_SMTP_CONNECTIONS": "3",
    # A lone press officer who asks for no seconds to think it over: test_signed_off.py and test_recalled.py have both.
    "DISTRIBUTOR_SIGN_OFFS": "0",
    "DISTRIBUTOR_COOL_DOWN": "0",
    "DISTRIBUTOR_ASK_NUMBER_ABOVE": "100000",
    "DISTRIBUTOR_MAIL_FROM": "Soignants du littoral <presse@soignants-littoral.example>",
}


@pytest.fixture(scope="session")
def prepared_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A workspace with two hundred journalists on four lists, a short list, and a communiqué; not to be changed."""
    folder = tmp_path_factory.mktemp("prepared")
    make_workspace(folder / "press")
    put_database(folder / "press")
    workspace = open_workspace(folder / "press")
    with workspace.database.session() as session:
        draft = read_release(communique().encode(), file="urgences.txt", timezone=workspace.settings.timezone)
        store_release(session, draft, source=communique(), source_name="urgences.txt", slug=SLUG)
    lists = {sector: [person for person in EVERYBODY if person.sector == sector] for sector in SECTORS}
    for name, people in (lists | {BUREAU: SHORT_LIST}).items():
        file = write_list(folder / f"{name}.csv", people)
        table = read_csv(file.read_bytes(), name=file.name)
        import_contacts(
            workspace.database, table, list_name=name, sector=SECTORS.get(name, ""), keyring=workspace.keyring
        )
    workspace.database.close()
    office = Office(folder / "press", dict(SETTINGS))
    yield office
    office.close()


@pytest.fixture
def office(prepared_office: Office, tmp_path: Path) -> Iterator[Office]:
    """A workspace of this test's own, as `prepared_office`."""
    own = prepared_office.copied_to(tmp_path)
    yield own
    own.close()
