"""One dispatch's messages: release, sender and templates put together once, then one message per recipient."""

from __future__ import annotations

import dataclasses
import email
import email.policy
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Template
from markupsafe import Markup

from distributor.errors import BadInput, Refused
from distributor.rendering import body
from distributor.rendering.attachments import as_data_urls
from distributor.rendering.boilerplate import without_about
from distributor.rendering.message import MessageWriter
from distributor.rendering.salutation import language_of, salute
from distributor.rendering.templates import HTML, TEXT, TemplateFault, TemplateSet, View
from distributor.rendering.typography import has_italics, is_right_to_left, isolate, typeset
from distributor.rendering.values import (
    ATTACHMENTS_LINK,
    AttachmentFile,
    InlineImage,
    Recipient,
    Release,
    Sender,
    Stamp,
)

_PREHEADER = 140
_LOGO = (240, 80)  # the most it takes of the page, in pixels

SETTLED_AFTER = 100
"""Messages alike after which their templates are settled: that takes as long as it saves in about so many."""

_MANY_LINES = re.compile(r"\n{3,}")


class RenderError(Refused):
    """A recipient's message cannot be written, so nothing is sent: says who, in which template, where, and why.

    `recipient` is the name and address, `reason` the why alone, `template` the file, `line` its line (None where
    unknown), `field` the name that was not defined ("" otherwise).
    """

    def __init__(
        self, recipient: Recipient, reason: str, *, template: str = "", line: int | None = None, field: str = ""
    ) -> None:
        place = f" ({template}, line {line})" if line else f" ({template})" if template else ""
        mend = f"Give every recipient {field}, or write {{% if {field} is defined %}} in the template." if field else ""
        super().__init__(f"The message for {recipient} cannot be written{place}: {reason}.", mend=mend)
        self.recipient = recipient
        self.reason = reason
        self.template = template
        self.line = line
        self.field = field


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as a reader sees it: `headers` decoded, in their order; both bodies; and the bytes themselves.

    `page` is the HTML with its pictures in it, so that a browser shows it as a mail program does.
    """

    headers: list[tuple[str, str]]
    text: str
    html: str
    raw: bytes
    page: str


@dataclass(slots=True)
class _Group:
    """The recipients of one day, language and kind of message: what is `known` for all of them, and how many they are.

    `templates` are settled for them, or empty.
    """

    known: dict[str, Any]
    messages: int = 0
    templates: dict[str, Template] = dataclasses.field(default_factory=dict)


class Composer:
    """Writes the messages of one dispatch. Raises `BadInput` at once for a release or sender that cannot work.

    `timezone` is the zone in which the dateline's day and the embargo's hour are said; `test` marks the subject;
    `feedback_id` names the sending to the mailbox providers that report complaints, or is "". `subject` is what stands
    in an inbox, where that is not the headline.
    """

    def __init__(
        self,
        release: Release,
        sender: Sender,
        templates: TemplateSet,
        *,
        attachments: Iterable[AttachmentFile] = (),
        images: Iterable[InlineImage] = (),
        timezone: ZoneInfo,
        feedback_id: str = "",
        subject: str = "",
        test: bool = False,
    ) -> None:
        self._release = release
        self._templates = templates
        self._timezone = timezone
        self._texts = templates.texts(release.lang)
        self._is_right_to_left = is_right_to_left(release.lang)
        self._forms = templates.forms()
        self._images = tuple(images)
        files = tuple(attachments)
        self._file_names = ", ".join(file.name for file in files)
        self._writer = MessageWriter(
            sender,
            subject or release.headline,
            language=release.lang,
            attachments=files,
            images=self._images,
            feedback_id=feedback_id,
            test=test,
        )
        self._constant: dict[str, Any] = {
            "release": View("release", self._release_values()),
            "sender": View("sender", _sender_values(sender)),
            "texts": View("texts", self._texts.words),
            "preheader": self._preheader(),
            "logo": self._logo(sender),
            "files_link": release.extra.get(ATTACHMENTS_LINK, ""),
            "lang": release.lang,
            "dir": _direction(release.lang),
        }
        self._by_time: dict[tuple[date, bool], dict[str, Any]] = {}
        self._groups: dict[tuple[date, bool, str, bool], _Group] = {}

    def compose(self, recipient: Recipient, stamp: Stamp) -> bytes:
        """The whole message for `recipient`; the same bytes for the same values. `RenderError` if there is none."""
        return self._write(recipient, stamp, *self._render(recipient, stamp))

    def check(self, recipient: Recipient, stamp: Stamp) -> None:
        """Raise what `compose` would raise. The bodies are not encoded: of any text that renders there are bytes."""
        self._render(recipient, stamp)
        try:
            self._writer.check(recipient, stamp)
        except BadInput as error:
            raise _unwritable(recipient, error) from error

    def preview(self, recipient: Recipient, stamp: Stamp) -> Preview:
        """The exact message `recipient` would get, taken apart for people. `RenderError` as for `compose`."""
        text_pieces, html_pieces = self._render(recipient, stamp)
        raw = self._write(recipient, stamp, text_pieces, html_pieces)
        text, html = "".join(text_pieces), "".join(html_pieces)
        # Read back as a mail program would, so that the preview shows what was written and not what was meant.
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        headers = [(name, str(value)) for name, value in parsed.items()]
        return Preview(headers, text, html, raw, as_data_urls(html, self._images))

    def _write(self, recipient: Recipient, stamp: Stamp, text: Sequence[str], html: Sequence[str]) -> bytes:
        try:
            return self._writer.write(recipient, text, html, stamp)
        except BadInput as error:
            raise _unwritable(recipient, error) from error

    def _render(self, recipient: Recipient, stamp: Stamp) -> tuple[Sequence[str], Sequence[str]]:
        """The plain text and the HTML, both in pieces."""
        language = language_of(recipient, self._release.lang, self._forms)
        salutation = salute(recipient, self._forms[language]).strip()
        if not salutation:
            raise RenderError(recipient, "its salutation is empty")
        contact = View("contact", {**_contact_values(recipient), "note": self._note(recipient)})
        group = self._group(stamp.date, language, takes_attachments=recipient.takes_attachments)
        context = {
            **group.known,
            "contact": contact,
            "recipient": contact,
            "salutation": salutation,
            "unsubscribe_url": stamp.unsubscribe_url,
            "unsubscribe_mailto": stamp.unsubscribe_mailto,
        }
        try:
            text = self._templates.render_pieces(TEXT, context, group.templates.get(TEXT))
            html = self._templates.render_pieces(HTML, context, group.templates.get(HTML))
        except TemplateFault as fault:
            raise RenderError(
                recipient, fault.reason, template=fault.file or "", line=fault.line, field=fault.field or ""
            ) from fault
        return self._tidied(text), html

    def _tidied(self, pieces: Sequence[str]) -> Sequence[str]:
        """The plain text without empty lines at its ends, and never two of them in a row."""
        text = "".join(pieces)
        is_tidy = "\n\n\n" not in text and text[-2:-1] != "\n" == text[-1:] and text[0] != "\n"
        if is_tidy and not self._is_right_to_left:
            return pieces
        if self._is_right_to_left:
            text = isolate(text)
        return [_MANY_LINES.sub("\n\n", text).strip("\n") + "\n"]

    def _note(self, recipient: Recipient) -> str:
        """The line above the release: the journalist's own, or that of the first list that has one."""
        notes = self._release.notes
        if recipient.note or not notes:
            return recipient.note
        return next((notes[one] for one in recipient.lists if notes.get(one)), "")

    def _group(self, moment: datetime, language: str, *, takes_attachments: bool) -> _Group:
        """Those who read the same but for what is their own; the templates are settled for many of them only."""
        embargo = self._release.embargo_until
        day, is_embargoed = moment.astimezone(self._timezone).date(), embargo is not None and moment < embargo
        key = (day, is_embargoed, language, takes_attachments)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(
                {
                    **self._at(day, is_embargoed=is_embargoed),
                    "reader_lang": language,
                    "reader_dir": _direction(language),
                    "reader_texts": View("reader_texts", self._templates.texts(language).words),
                    "not_attached": "" if takes_attachments else self._file_names,
                }
            )
        group.messages += 1
        if group.messages == SETTLED_AFTER:
            group.templates = self._templates.settled(group.known)
        return group

    def _at(self, day: date, *, is_embargoed: bool) -> dict[str, Any]:
        """What depends on the day of sending, kept for all recipients of that day."""
        release = self._release
        shared = self._by_time.get((day, is_embargoed))
        if shared is None:
            notice = self._texts.immediate
            if is_embargoed and release.embargo_until is not None:
                notice = self._texts.embargo(release.embargo_until, self._timezone)
            shared = self._by_time[day, is_embargoed] = {
                **self._constant,
                "dateline": self._texts.dateline(release.dateline_place, release.dateline_date or day),
                "notice": notice,
                "is_embargoed": is_embargoed,
            }
        return shared

    def _release_values(self) -> dict[str, Any]:
        release = self._release
        values = {**release.extra, **{name.name: getattr(release, name.name) for name in dataclasses.fields(release)}}
        for name in ("headline", "standfirst", "signatory_name", "signatory_role", "signatory_sector"):
            values[name] = typeset(values[name], release.lang)
        about = str(self._texts.words["about"])
        values["boilerplate"], values["boilerplate_is_headed"] = without_about(release.boilerplate, about)
        for name in ("body", "boilerplate", "changes"):
            values |= self._written(name, values[name])
        event = {**dataclasses.asdict(release.event), "is_given": bool(release.event)}
        for name in ("date", "place", "rsvp"):
            event |= self._written(name, event[name])
        return {**values, "event": View("release.event", event)}

    def _written(self, name: str, markdown: str) -> dict[str, Any]:
        """A text in Markdown as `name`_text and `name`_html."""
        html = body.to_html(markdown, self._release.lang, self._images)
        # The wrapper's class lets style.css speak of `.release-body p`.
        upright = "" if has_italics(self._release.lang) else " upright"
        html = self._templates.inline_fragment(f'<div class="release-{name}{upright}">{html}</div>') if html else ""
        return {
            f"{name}_text": body.to_text(markdown, self._release.lang, images=self._images),
            f"{name}_html": Markup(html),  # noqa: S704 - sanitised by `body`, styled by us
        }

    def _logo(self, sender: Sender) -> View | None:
        logo = next((image for image in self._images if not image.source), None)
        if logo is None:
            return None
        width, height = logo.shown(*_LOGO)
        alternative = sender.organisation or sender.mail_from[0]
        return View("logo", {"url": f"cid:{logo.cid}", "alt": alternative, "width": width, "height": height})

    def _preheader(self) -> str:
        """What an inbox shows after the subject: the standfirst, or the body's beginning."""
        text = " ".join(
            (
                self._release.standfirst
                or body.to_text(self._release.body, self._release.lang, 10**6, images=self._images)
            ).split()
        )
        return text if len(text) <= _PREHEADER else text[:_PREHEADER].rpartition(" ")[0] + " …"


def _unwritable(recipient: Recipient, error: BadInput) -> RenderError:
    """Of whose message a value is that no message may carry."""
    return RenderError(recipient, f"{error.field}: {error.message}".removeprefix("None: ").rstrip("."))


def _direction(language: str) -> str:
    return "rtl" if is_right_to_left(language) else "ltr"


def _contact_values(recipient: Recipient) -> dict[str, Any]:
    # The card's own words win over a column of the same name, which stays reachable as contact.fields.<name>.
    return {
        **recipient.fields,
        "fields": recipient.fields,
        "address": str(recipient.address),
        "name": recipient.name,
        "civility": recipient.civility,
        "first_name": recipient.first_name,
        "last_name": recipient.last_name,
        "language": recipient.language,
        "outlet": recipient.outlet,
        "role": recipient.role,
        "desk": recipient.desk,
        "sector": recipient.sector,
        "lists": recipient.lists,
        "note": recipient.note,
    }


def _sender_values(sender: Sender) -> dict[str, Any]:
    name, address = sender.mail_from
    reply_name, reply_address = sender.reply_to or sender.mail_from
    return {
        "name": name,
        "address": str(address),
        "reply_name": reply_name,
        "reply_address": str(reply_address),
        "organisation": sender.organisation or name or str(address),
    }
