"""Compose: messages written on one core, plain and with 1 MB attached, against the standard library's EmailMessage."""

from __future__ import annotations

import email
import email.policy
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, Template

from benchmarks.measuring import Kind, Line, Side, Skipped, interleave, timed
from benchmarks.office import LIST, SLUG, make_office
from distributor import clock
from distributor.dispatch.messages.composing import make_composer
from distributor.dispatch.messages.enclosing import Enclosed
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.recipients.from_lists import make_manifest
from distributor.releases import store
from distributor.rendering import inlining, phones, plaintext
from distributor.rendering.salutation import language_of, salute
from distributor.rendering.templates import HTML, STYLE, TEXT, TemplateSet
from distributor.rendering.values import AttachmentFile, Recipient, Stamp

_MESSAGES = 500
_WITH_FILE = 25
_FILE = AttachmentFile("dossier.pdf", "application/pdf", bytes(range(256)) * 4096)
_PAIRS = 9
_ROUNDS = _PAIRS + 1  # the first only warms up


def measure(folder: Path) -> Iterator[Line | Skipped]:
    """The sample communiqué for 500 journalists, for 25 with a file: `Composer` against Jinja and `EmailMessage`."""
    workspace = make_office(folder / "office", journalists=_ROUNDS * _MESSAGES, port=25)
    templates = _Listening(TemplateSet.load(workspace.path / "templates" / "press-release").sources())
    with workspace.database.session(reads_only=True) as session:
        stored = store.find_release(session, SLUG)
        manifest = make_manifest(session, stored.version, [LIST], [], workspace.keyring)
    workspace.database.close()
    identity = Identity.from_settings(workspace.settings)
    moment = clock.now().replace(microsecond=0)
    work = [
        (
            planned.recipient,
            identity.stamp(workspace.keyring, number, f"<{number:024x}.1@{identity.domain}>", moment),
        )
        for number, planned in enumerate(manifest.recipients)
    ]
    for name, files, many in (("compose", (), _MESSAGES), ("compose, 1 MB attached", (_FILE,), _WITH_FILE)):
        composer = make_composer(
            stored.version,
            SLUG,
            identity,
            templates,
            embargo_until=None,
            enclosed=Enclosed(files),
            timezone=workspace.settings.timezone,
        )
        composer.compose(*work[0])
        plain = _PlainWriter(templates, templates.last, identity, stored.version.headline, files)
        for recipient, stamp in work[: min(20, many)]:  # in the round that is not counted
            _require_same(composer.compose(recipient, stamp), plain.write(recipient, stamp))
        ours, theirs = interleave(
            _in_rounds(composer.compose, work, many),
            _in_rounds(plain.write, work, many),
            pairs=_PAIRS,
        )
        meaning = (
            "messages per second on one core: Composer ÷ the same Jinja templates (not sandboxed) and headers through "
            "email.message.EmailMessage and policy SMTP"
        )
        yield Line(name, meaning, Kind.SPEED, ours, theirs, items=many)


def _in_rounds(write: Callable[[Recipient, Stamp], bytes], work: list[tuple[Recipient, Stamp]], many: int) -> Side:
    """Every round writes to people not written to before: what a memory keeps of somebody must not help twice."""
    rounds = iter([work[start : start + many] for start in range(0, _ROUNDS * many, many)])

    def side() -> float:
        people = next(rounds)
        return timed(lambda: [write(recipient, stamp) for recipient, stamp in people])

    return side


class _Listening(TemplateSet):
    """Remembers what the composer gave the templates, so that the other side gives them the same."""

    last: Mapping[str, Any]

    def render_pieces(self, name: str, context: Mapping[str, Any], template: Template | None = None) -> list[str]:
        self.last = context
        return super().render_pieces(name, context, template)


class _PlainWriter:
    """What a good engineer writes with Jinja and the standard library: constants once, one EmailMessage each."""

    def __init__(
        self,
        templates: TemplateSet,
        context: Mapping[str, Any],
        identity: Identity,
        headline: str,
        files: Sequence[AttachmentFile],
    ) -> None:
        sources = templates.sources()
        sources[HTML] = inlining.inline_source(sources[HTML], sources[STYLE], HTML).source
        environment = Environment(
            loader=DictLoader(sources),
            autoescape=lambda name: name == HTML,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
        )
        environment.filters.update(wrap=plaintext.wrap, tel=phones.tel_target)
        self._text, self._html = environment.get_template(TEXT), environment.get_template(HTML)
        self._context = context
        self._forms = templates.forms()
        self._lang: str = context["lang"]
        self._reader_words = {language: templates.texts(language).words for language in self._forms}
        self._from = MailAddress(identity.from_name, addr_spec=identity.from_address)
        self._reply_to = MailAddress(identity.reply_name, addr_spec=identity.reply_address)
        self._headline = headline
        self._files = files

    def write(self, recipient: Recipient, stamp: Stamp) -> bytes:
        """The message for one recipient, with the headers that ours has."""
        language = language_of(recipient, self._lang, self._forms)
        context = {
            **self._context,
            "contact": recipient,
            "recipient": recipient,
            "salutation": salute(recipient, self._forms[language]),
            "reader_lang": language,
            "reader_texts": self._reader_words[language],
            "unsubscribe_url": stamp.unsubscribe_url,
            "unsubscribe_mailto": stamp.unsubscribe_mailto,
        }
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = MailAddress(recipient.name, addr_spec=str(recipient.address))
        message["Reply-To"] = self._reply_to
        message["Subject"] = self._headline
        message["Date"] = stamp.date
        message["Message-ID"] = stamp.message_id
        message["List-Unsubscribe"] = f"<{stamp.unsubscribe_mailto}>"
        message.set_content(self._text.render(context), cte="quoted-printable")
        message.add_alternative(self._html.render(context), subtype="html", cte="quoted-printable")
        for file in self._files:
            maintype, _, subtype = file.media_type.partition("/")
            message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
        message["Content-Language"] = self._lang  # set earlier, it would go to a part
        return message.as_bytes(policy=email.policy.SMTP)


def _require_same(ours: bytes, theirs: bytes) -> None:
    """Raise unless both sides say the same to the reader: otherwise the ratio would compare two different things."""
    if _seen(ours) != _seen(theirs):
        raise RuntimeError("The two sides of the measurement do not write the same message.")


def _seen(raw: bytes) -> dict[str, str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    names = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language")
    seen = {name: str(message[name]) for name in names}
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        # Blank lines between paragraphs are the one thing that the composer tidies up afterwards.
        seen[kind] = "\n".join(line for line in part.get_content().splitlines() if line)
    for file in message.iter_attachments():
        seen[str(file.get_filename())] = hashlib.sha256(file.get_content()).hexdigest()
    return seen
