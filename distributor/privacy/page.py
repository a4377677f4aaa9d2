"""What is held on a person as a page they can read: one file, nothing fetched, in French or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined

from distributor.privacy.data import Held

PAGE_MARK = b'<meta name="generator" content="distributor contacts data">'
"""What tells a page of ours about a person: an erasure deletes it where it lies in the workspace."""

TITLES: Mapping[str, tuple[str, str]] = {
    "contact": ("Fiche", "Contact"),
    "affiliation": ("Rattachements", "Affiliations"),
    "contact_sector": ("Secteurs suivis", "Sectors covered"),
    "media_list_member": ("Listes de presse", "Press lists"),
    "media_list_departure": ("Listes quittées", "Lists left"),
    "contact_merge": ("Fusions de fiches", "Merged contacts"),
    "delivery": ("Communiqués envoyés", "Releases sent"),
    "embargo_acceptance": ("Embargos acceptés", "Embargoes accepted"),
    "attempt": ("Tentatives d’envoi", "Attempts to send"),
    "left_out": ("Communiqués non envoyés, et pourquoi", "Releases not sent, and why"),
    "feedback_event": ("Retours reçus (rebonds, réponses)", "What came back (bounces, replies)"),
    "suppression": ("Oppositions (sous forme d’empreinte)", "Objections (as a keyed hash)"),
    "audit": ("Journal des opérations", "Log of operations"),
}
"""Table → its title in French and in English, in the order of the page."""

_TEXTS = {
    "fr": {
        "title": "Données conservées",
        "made": "Établi le",
        "by": "par",
        "addresses": "Adresses",
        "lists": "Présent sur les listes de presse",
        "none": "Rien.",
        "intro": "Voici tout ce que nous conservons à votre sujet (RGPD, article 15). Vous pouvez demander que ces"
        " données soient rectifiées ou effacées, et vous opposer à tout envoi, en répondant à ce message ou en écrivant"
        " à",
        "yes": "oui",
        "no": "non",
    },
    "en": {
        "title": "Data we hold",
        "made": "Made on",
        "by": "by",
        "addresses": "Addresses",
        "lists": "On the press lists",
        "none": "Nothing.",
        "intro": "This is all that we hold on you (GDPR, article 15). You may ask for it to be corrected or erased, and"
        " object to any mail, by answering this message or by writing to",
        "yes": "yes",
        "no": "no",
    },
}

# Numbers of rows, and folded forms of what is shown beside them: they tell a reader nothing.
_TECHNICAL = frozenset(
    {
        "id", "same_as_id", "contact_id", "outlet_id", "sector_id", "media_list_id", "affiliation_id", "delivery_id",
        "dispatch_id", "release_id", "release_version_id", "kept_id", "merged_id", "address_key", "name_key",
        "sector_slug", "release_sector_slug", "lease_until", "worker", "digest", "key_id",
    }
)  # fmt: skip

_LABELS_FR = {
    "address": "adresse", "civility": "civilité", "first_name": "prénom", "last_name": "nom", "language": "langue",
    "other_languages": "autres langues", "familiarity": "tutoiement", "phone": "téléphone", "region": "région",
    "topics": "sujets", "channel": "canal préféré", "notes": "notes", "note_to_send": "note d’envoi",
    "fields": "autres champs", "attachments": "pièces jointes", "embargo_trust": "confiance embargo",
    "source": "source", "legal_basis": "base légale", "collected_at": "collecté le",
    "notice_sent_at": "informé de ses droits le", "last_inbound_at": "dernier message reçu le",
    "confirmed_at": "confirmé le", "flag": "marque", "created_at": "créé le", "updated_at": "modifié le",
    "outlet": "média", "outlet_kind": "type de média", "outlet_region": "région du média", "outlet_website": "site",
    "role": "fonction", "desk": "rubrique", "is_primary": "principal", "valid_from": "depuis le",
    "valid_to": "jusqu’au", "sector": "secteur", "media_list": "liste", "added_at": "ajouté le",
    "removed_at": "retiré le", "reason": "motif", "before": "état avant la fusion", "actor": "par",
    "undone_at": "annulée le", "address_hash": "empreinte de l’adresse", "domain": "domaine", "name": "nom",
    "lists": "listes", "merge": "champs du message", "message_id": "numéro du message", "state": "état",
    "attempts": "tentatives", "refusals": "refus", "next_attempt_at": "prochaine tentative", "expires_at": "échéance",
    "verdict": "verdict", "phase": "étape", "code": "code", "enhanced_code": "code étendu",
    "reply": "réponse du serveur", "accepted_at": "accepté le", "release_version": "communiqué", "number": "numéro",
    "started_at": "commencé le", "duration_ms": "durée (ms)", "server": "serveur", "tls": "chiffrement",
    "kind": "nature", "status": "statut", "raw": "message reçu", "received_at": "reçu le", "scope": "portée",
    "how": "comment", "recorded_by": "noté par", "wave": "vague", "not_before": "pas avant le",
    "embargo_until": "sous embargo jusqu’au", "release": "communiqué",
    "at": "le", "action": "opération", "subject": "objet", "details": "détails",
}  # fmt: skip


def held_as_page(held: Held, *, organisation: str, contact_address: str, zone: ZoneInfo) -> str:
    """The page, in the person's language where that is French, else in English; empty fields are left out."""
    language = "fr" if held.subject.language in ("fr", "") else "en"
    column = 0 if language == "fr" else 1
    texts = _TEXTS[language]
    sections = [
        (TITLES.get(table, (table, table))[column], [list(_fields(row, language, zone)) for row in held.rows[table]])
        for table in sorted(held.rows, key=lambda name: list(TITLES).index(name) if name in TITLES else len(TITLES))
    ]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        lang=language,
        texts=texts,
        label=held.subject.label,
        addresses=[str(address) for address in (*held.subject.addresses, *held.subject.shared)],
        lists=held.lists,
        made=_text(held.collected_at, language, zone),
        organisation=organisation,
        contact_address=contact_address,
        sections=sections,
    )


def _fields(row: Mapping[str, Any], language: str, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    for name, value in row.items():
        if name not in _TECHNICAL and value not in ("", None, [], {}):
            label = _LABELS_FR.get(name, name) if language == "fr" else name
            yield label.replace("_", " "), _text(value, language, zone)


def _text(value: Any, language: str, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return _TEXTS[language]["yes" if value else "no"]
    if isinstance(value, datetime):
        return (
            f"{value.astimezone(zone):%d/%m/%Y %H:%M}"
            if language == "fr"
            else f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
        )
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}" if language == "fr" else value.isoformat()
    if isinstance(value, dict):
        return "\n".join(
            f"{key}: {_text(one, language, zone)}" for key, one in value.items() if one not in ("", None, [], {})
        )
    if isinstance(value, list):
        return ", ".join(_text(one, language, zone) for one in value)
    return str(value)
