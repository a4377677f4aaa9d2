"""The plan itself refuses contacts without provenance, whoever asks for it."""

from __future__ import annotations

import pytest
from ledgerbase import KEYRING
from sqlalchemy import update
from sqlmodel import select

from distributor.contacts.intake.importing import import_contacts
from distributor.contacts.sources.csvfile import read_csv
from distributor.db.engine import Database
from distributor.dispatch.recipients.provenance import require_provenance
from distributor.errors import Refused
from distributor.models import Contact


def test_all_that_lack_something_are_counted_and_the_first_are_named(database: Database) -> None:
    rows = "".join(f"N{number};n{number:02}@x.example\n" for number in range(12))
    import_contacts(database, read_csv(f"Nom;E-mail\n{rows}".encode(), name="l.csv"), keyring=KEYRING)
    with database.session() as session:
        people = session.exec(select(Contact.id).order_by(Contact.address)).all()  # type: ignore[arg-type]
        require_provenance(session, people)
        session.execute(update(Contact).values(legal_basis=""))
        with pytest.raises(Refused, match=r"Of 12 .* n00@x\.example \(no legal basis\), .* and 2 more") as caught:
            require_provenance(session, people)
        assert "--source" in caught.value.mend
