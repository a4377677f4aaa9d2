"""The e-mail templates: whether they can be read, and whether a sample message can be written with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from distributor.addresses import parse_address
from distributor.dispatch.messages.identity import Identity
from distributor.doctor.check import Check, guarded
from distributor.rendering.composer import Composer, RenderError
from distributor.rendering.templates import TemplateSet
from distributor.rendering.values import PressContact, Recipient, Release, Sender, Stamp
from distributor.settings import Settings
from distributor.wiring import TEMPLATE


class _AnyColumn(dict[str, str]):
    """The further columns of a press list that has every column a template may ask for."""

    def __missing__(self, column: str) -> str:
        return column


_ADA = Recipient(
    parse_address("ada.dubreuil@journal.example"),
    "Ada Dubreuil",
    "Mme",
    "Ada",
    "Dubreuil",
    outlet="Le Journal",
    role="Journaliste",
    desk="Social",
    sector="Social",
    lists=("Sample",),
    note="Sample",
    fields=_AnyColumn(),
)
_NOBODY_IN_PARTICULAR = Recipient(parse_address("redaction@journal.example"), fields=_AnyColumn())
_RELEASE = Release(
    slug="sample",
    headline="Échantillon : a sample release",
    body="A **sample** paragraph, with [a link](https://www.example/).\n\n> «Une citation.»\n\n- one\n- two\n",
    lang="fr",
    standfirst="Written by distributor doctor.",
    dateline_place="Paris",
    signatory_name="Ada Dubreuil",
    signatory_role="Secrétaire générale",
    contacts=(PressContact("Ada Dubreuil", "Presse", "presse@office.example", "01 99 00 12 34"),),
    boilerplate="A sample organisation.",
    sector="Social",
)
_SENDER = Sender(("Service de presse", parse_address("presse@office.example")))
_STAMP = Stamp(
    "<sample@office.example>",
    datetime(2026, 1, 5, 9, tzinfo=UTC),
    unsubscribe_mailto="mailto:presse@office.example?subject=unsubscribe",
)


def template_checks(folder: Path, settings: Settings | None) -> Iterator[Check]:
    """Read the workspace's templates and, given settings, write sample messages. `BadInput` for unreadable ones."""
    templates = TemplateSet.load(folder / "templates" / TEMPLATE, within=folder)
    if settings is not None:
        templates.texts(settings.language)
    files, languages = len(templates.sources()), ", ".join(sorted(templates.forms()))
    if borrowed := templates.borrowed():
        lacking = "; ".join(f"texts.{language}.yaml lacks {', '.join(words)}" for language, words in borrowed.items())
        yield Check.warn(
            "templates", f"{lacking}. Messages borrow them from another language.", "Translate them there."
        )
    else:
        yield Check.ok("templates", f"{TEMPLATE}: {files} files, with words in {languages}.")
    if settings is None:
        yield Check.skip("sample_message", "Left out: see settings.")
        return
    yield guarded("sample_message", check_sample, templates, settings)


def check_sample(templates: TemplateSet, settings: Settings) -> Check:
    """Write a message in every language of the templates, strictly: to a full card, and to a bare address."""
    sender = Identity.from_settings(settings, signed=False).sender() if settings.mail_from else _SENDER
    url = f"{settings.public_url}/u/sample" if settings.public_url else ""
    written = 0
    for language in sorted(templates.forms()):
        composer = Composer(replace(_RELEASE, lang=language), sender, templates, timezone=settings.timezone)
        for recipient in (_ADA, _NOBODY_IN_PARTICULAR):
            try:
                composer.compose(recipient, replace(_STAMP, unsubscribe_url=url))
            except RenderError as error:
                return _refusal(error)
            written += 1
    return Check.ok("sample_message", f"{written} sample messages were written.")


def _refusal(error: RenderError) -> Check:
    # A field of our own making is there for every recipient; any other may well be in the user's lists and releases.
    if error.field.startswith(("contact.", "recipient.", "release.")):
        where = f"{error.template}:{error.line}" if error.line else error.template
        owner = "release" if error.field.startswith("release.") else "recipient"
        return Check.warn(
            "sample_message",
            f"{where} wants {error.field}, so every {owner} must have it, or nothing is sent.",
            f"If that is not meant, write {{% if {error.field} is defined %}} around it.",
        )
    return Check.from_error("sample_message", error)
