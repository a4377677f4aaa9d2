"""Invented releases, people and stamps that the rendering tests share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from distributor.addresses import Address, parse_address
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import PressContact, Recipient, Release, Sender, Stamp

TEMPLATES = Path(__file__).parents[2] / "templates" / "press-release"
PARIS = ZoneInfo("Europe/Paris")

BODY_FR = """\
La Fédération Horizon dénonce la fermeture annoncée de 12 bureaux et demande l'ouverture **immédiate** de négociations.

Plus de 8 000 personnes ont signé l'appel, soit 53% des salariés : voir https://horizon.example/appel?x=1&y=2 ou
[le dossier complet](https://horizon.example/dossier).

> "Nous serons là mardi à 18:00, et nous ne serons pas seuls !", dit Ana Lopez.

- un premier point
- un second point :
  1. le détail {{ contact.name }}
  2. l'autre

| Région | Bureaux | Part |
|--------|--------:|-----:|
| Nord   |       7 |  58% |
| Sud    |       5 |  42% |
"""

RELEASE_FR = Release(
    slug="appel",
    headline="Justice sociale : la fédération appelle à la mobilisation",
    body=BODY_FR,
    lang="fr",
    standfirst="12 bureaux fermeraient d'ici juin. La fédération refuse ce plan.",
    dateline_place="Paris",
    signatory_name="Marjolaine ALIX",
    signatory_role="Secrétaire confédérale",
    signatory_sector="Secteur International, Europe et Migrations",
    contacts=(PressContact("Marjolaine Alix", "Secrétaire confédérale", "m.alix@horizon.example", "01.99.00.12.34"),),
    boilerplate="La Fédération Horizon réunit 40 000 membres.",
    sector="International",
)

RELEASE_EN = Release(
    slug="call",
    headline="Federation calls for talks on twelve closures",
    body="The federation *rejects* the plan.\n\n1. Talks first\n2. No closure before them\n",
    lang="en",
    kind="correction",
    dateline_place="Brussels",
    embargo_until=datetime(2026, 3, 3, 17, tzinfo=UTC),
    contacts=(PressContact("Luke Small", "", "l.small@horizon.example", "+44 20 7946 0000"),),
)

SENDER = Sender(
    ("Service presse – Fédération Horizon", parse_address("presse@horizon.example")),
    ("Marjolaine Alix", parse_address("m.alix@horizon.example")),
    "Fédération Horizon",
)

ANNE = Recipient(
    parse_address("anne.dubreuil@journal.example"),
    "Anne Dubreuil",
    "Mme",
    "Anne",
    "Dubreuil",
    "fr",
    "Le Journal",
    fields={"ville": "Brest"},
)

STAMP = Stamp(
    "<1.a@horizon.example>",
    datetime(2026, 3, 1, 9, tzinfo=UTC),
    "mailto:presse@horizon.example?subject=opposition",
    "https://horizon.example/o/" + "a" * 120,
)


def templates(**changes: str) -> TemplateSet:
    """The shipped templates, with files replaced or added: `message_html` stands for message.html.j2."""
    sources = TemplateSet.load(TEMPLATES).sources()
    names = {"html": "message.html.j2", "text": "message.txt.j2", "style": "style.css"}
    return TemplateSet.from_sources({**sources, **{names.get(key, key): value for key, value in changes.items()}})


def address(local: str, domain: str = "journal.example") -> Address:
    """An address that was not validated, as a defect elsewhere might make it."""
    return Address(local, domain, domain)
