"""A site, its visitor, and a release that was sent to two journalists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ledgerbase import ACCEPTED, HandClock
from sqlmodel import select
from starlette.testclient import TestClient

from distributor.deliveries.log import DeliveryLog
from distributor.deliveries.records import AttemptRecord, Batch
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.plan import new_dispatch, plan_dispatch
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.models import Contact, Delivery, FeedbackEvent, Suppression
from distributor.releases.attachments import keep_attachments
from distributor.releases.readers.document import read_release
from distributor.releases.store import store_release
from distributor.tokens import Purpose
from distributor.web.site import Site
from distributor.wiring import Workspace

LIST = (
    "Civilité;Prénom;Nom;Média;E-mail;Secteur;Langue;Confiance embargo\n"
    "Mme;Hélène;Aubry;Le Jour;helene@jour.example;Santé;fr;oui\n"
    "M.;John;Ward;The Wire;ward@wire.example;Santé;en;oui\n"
)
RELEASE = """---
title: L'hôpital rouvre
lang: fr
sector: Santé
dateline: {{place: Brest}}
contact: {{name: Anne Clos, email: presse@halle.example}}
attachments: [plan.txt]
{more}---
"""
BODY = """L'hôpital **rouvre** lundi.

| ville | lits |
|---|---:|
| Brest | 12 |
"""
FILE = b"Le plan de l'hopital.\n"
FILE_HASH = hashlib.sha256(FILE).hexdigest()


class Seconds:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Visited:
    """A site, who visits it, and what its log said."""

    site: Site
    client: TestClient
    clock: HandClock
    seconds: Seconds
    said: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """The workspace behind it."""
        return self.site.workspace

    def link(self, address: str) -> str:
        """The path of the link to object with in the newest message to `address`."""
        with self.site.database.session(reads_only=True) as session:
            numbers = session.exec(select(Delivery.id).where(Delivery.address == address)).all()
        return f"/u/{self.site.keyring.token(Purpose.UNSUBSCRIBE, max(filter(None, numbers)))}"

    def release(self, number: int = 1) -> str:
        """The path of a release."""
        return f"/r/{self.site.keyring.token(Purpose.RELEASE, number)}"

    def objections(self) -> set[tuple[str, str]]:
        """Who of the list has objected, and to what."""
        with self.site.database.session(reads_only=True) as session:
            contacts = [one for one in session.exec(select(Contact.address_key)).all() if one]
            names = {self.site.keyring.address_hash(key): key for key in contacts}
            return {(names[row.address_hash], row.scope) for row in session.exec(select(Suppression)).all()}

    def feedback(self) -> list[FeedbackEvent]:
        """What has come back."""
        with self.site.database.session(reads_only=True) as session:
            return list(session.exec(select(FeedbackEvent)).all())

    def send(self, more: str = "", *, slug: str = "hopital", body: str = BODY, is_test: bool = False) -> int:
        """Import the release and have its messages accepted, without a mail server; return the release's number.

        `more` goes into its front matter.
        """
        return send_release(self.workspace, self.clock, RELEASE.format(more=more) + body, slug=slug, is_test=is_test)


def send_release(workspace: Workspace, clock: Callable[[], datetime], source: str, *, slug: str, is_test: bool) -> int:
    """As `Visited.send`."""
    folder = workspace.path / "releases"
    folder.mkdir(exist_ok=True)
    (folder / "plan.txt").write_bytes(FILE)
    draft = read_release(source.encode(), file="hopital.md", timezone=workspace.settings.timezone)
    kept = keep_attachments(draft, folder, workspace.path)
    log = DeliveryLog(workspace.database, "tests", now=clock)
    with workspace.database.session() as session:
        stored = store_release(session, draft, source=source, source_name="hopital.md", slug=slug, attachments=kept)
        number = stored.release.id
        dispatch_id = plan_dispatch(
            session,
            log,
            new_dispatch(
                session, stored.version, Identity.from_settings(workspace.settings), workspace.templates, clock()
            ),
            make_manifest(session, stored.version, ["sante"], [], workspace.keyring),
        )
    if is_test:
        with workspace.database.transaction() as connection:
            connection.exec_driver_sql(f"UPDATE dispatch SET is_test = 1 WHERE id = {dispatch_id}")
    claimed = log.claim(dispatch_id, 10)
    log.commit(Batch(begins=[one.id for one in claimed]))
    log.commit(Batch(records=[AttemptRecord(one.id, ACCEPTED, started_at=clock()) for one in claimed]))
    assert number is not None
    return number
