"""Files in a message: attached, shown inside, left out for those who want none; read back by two parsers."""

from __future__ import annotations

import email
import email.policy
import re
import unicodedata
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from databases import LONG
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pictures import png

from distributor.errors import BadInput
from distributor.rendering.attachments import as_data_urls
from distributor.rendering.composer import Composer
from distributor.rendering.message import MessageWriter
from distributor.rendering.values import AttachmentFile, InlineImage, Recipient, Release

from .samples import ANNE, PARIS, RELEASE_EN, RELEASE_FR, SENDER, STAMP, templates
from .strict_reader import read_message

LOGO = InlineImage("", "logo@horizon.example", "logo.png", "image/png", png(480, 120), 480, 120)
PLAN = InlineImage("plan été.png", "plan@horizon.example", "plan été.png", "image/png", png(1120, 400), 1120, 400)
FILES = (
    AttachmentFile("Dossier – été.pdf", "application/pdf", bytes(range(256)) * 40),
    AttachmentFile("notes.txt", "text/plain", "Été à Brest\r\n".encode()),
    AttachmentFile("tableau.csv", "text/csv", "é".encode("cp1252")),
)
BODY = 'Le plan :\n\n![Le plan « B »](<plan été.png> "Brest. © Horizon")\n\n![ailleurs](https://x.example/p.png)\n'
PICTURED = replace(RELEASE_FR, body=BODY)
NO_FILES = replace(ANNE, takes_attachments=False)


def compose(release: Release = PICTURED, who: Recipient = ANNE, **options: Any) -> bytes:
    return Composer(release, SENDER, templates(), timezone=PARIS, **options).compose(who, STAMP)


def parts_of(raw: bytes) -> list[str]:
    return [part.get_content_type() for part in email.message_from_bytes(raw, policy=email.policy.default).walk()]


ALTERNATIVE = ["multipart/alternative", "text/plain", "text/html"]


def test_each_shape_has_the_parts_it_needs_and_no_more() -> None:
    assert parts_of(compose(RELEASE_FR)) == ALTERNATIVE
    related = ["multipart/related", *ALTERNATIVE, "image/png", "image/png"]
    assert parts_of(compose(images=[LOGO, PLAN])) == related
    attached = ["application/pdf", "text/plain", "text/csv"]
    assert parts_of(compose(RELEASE_FR, attachments=FILES)) == ["multipart/mixed", *ALTERNATIVE, *attached]
    assert parts_of(compose(images=[LOGO, PLAN], attachments=FILES)) == ["multipart/mixed", *related, *attached]
    assert parts_of(compose(who=NO_FILES, images=[LOGO, PLAN], attachments=FILES)) == related


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attrs))


def images_in(html: str) -> list[dict[str, str | None]]:
    reader = _Images()
    reader.feed(html)
    return [{name: one.get(name) for name in ("src", "alt", "width", "height")} for one in reader.found]


def test_pictures_are_shown_from_inside_the_message_at_their_size_and_never_fetched() -> None:
    raw = compose(images=[LOGO, PLAN])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]  # the test above has seen it
    assert images_in(html) == [
        {"src": "cid:logo@horizon.example", "alt": "Fédération Horizon", "width": "240", "height": "60"},
        {"src": "cid:plan@horizon.example", "alt": "Le plan « B »", "width": "560", "height": "200"},
    ]
    assert '<a href="https://x.example/p.png"' in html
    assert "Brest. © Horizon</em>" in html
    inline = {part["Content-ID"]: part for part in message.walk() if part.get_content_maintype() == "image"}
    assert inline["<plan@horizon.example>"].get_content() == PLAN.content
    assert {part.get_content_disposition() for part in inline.values()} == {"inline"}
    assert message.get_param("type") == "multipart/alternative"  # RFC 2387 §3.1
    text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # as above
    assert "[Le plan « B »]\r\nBrest. © Horizon\r\n" in text.replace("\u00a0", " ")


def test_a_preview_shows_the_pictures_themselves() -> None:
    shown = Composer(PICTURED, SENDER, templates(), timezone=PARIS, images=[LOGO, PLAN]).preview(ANNE, STAMP)
    assert [str(one["src"])[:22] for one in images_in(shown.page)] == ["data:image/png;base64,"] * 2
    assert as_data_urls('<img src="cid:other@x">', (LOGO,)) == '<img src="cid:other@x">'


@pytest.mark.parametrize(
    ("release", "link", "said"),
    [
        (RELEASE_FR, "", "Pour les recevoir, il suffit de répondre à ce message."),
        (
            RELEASE_FR,
            "https://horizon.example/presse?a=1&b=2",
            "Ils sont en ligne : https://horizon.example/presse?a=1&b=2",
        ),
        (RELEASE_EN, "", "Simply reply to this message to receive them."),
        (RELEASE_EN, "https://horizon.example/press", "They are online: https://horizon.example/press"),
    ],
)
def test_who_wants_no_attachments_is_told_where_the_files_are(release: Release, link: str, said: str) -> None:
    release = replace(release, extra={"attachments_link": link} if link else {})
    composer = Composer(release, SENDER, templates(), timezone=PARIS, attachments=FILES)
    without = replace(NO_FILES, language=release.lang)
    shown = composer.preview(without, STAMP)
    for body in (shown.text, re.sub(r"<[^>]*>", " ", shown.html).replace("&amp;", "&")):
        plain = " ".join(body.split())
        assert said in plain
        assert "(Dossier – été.pdf, notes.txt, tableau.csv)" in plain
    assert not link or f'href="{link.replace("&", "&amp;")}"' in shown.html
    assert b"Content-Disposition" not in shown.raw
    for taker, files in ((ANNE, FILES), (without, ())):  # nothing of it where there is nothing to say
        raw = Composer(release, SENDER, templates(), timezone=PARIS, attachments=files).preview(taker, STAMP)
        assert "notes.txt" not in raw.text + raw.html


def test_a_text_says_its_charset_where_it_is_not_ascii() -> None:
    raw = compose(RELEASE_FR, attachments=[*FILES, AttachmentFile("a.txt", "text/plain", b"ascii")])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found = {part.get_filename(): part.get_content_charset() for part in message.walk() if part.get_filename()}
    assert found == {"Dossier – été.pdf": None, "notes.txt": "utf-8", "tableau.csv": None, "a.txt": None}


@pytest.mark.parametrize("cid", ["", "a b@x", "a>@x", "x\r\nBcc: y@z"])
def test_a_content_id_that_is_none_is_refused(cid: str) -> None:
    with pytest.raises(BadInput):
        MessageWriter(SENDER, "Titre", language="fr", images=[replace(LOGO, cid=cid)])


# Another parser than Python's: Rust's `mailparse`. Its word and Python's are held against each other, part by part.

NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"], exclude_characters="/\\"), max_size=60
)
TYPES = st.sampled_from(["application/pdf", "image/png", "text/plain", "application/octet-stream"])
ATTACHED = st.builds(AttachmentFile, NAMES.map(lambda name: f"n{name}.pdf"), TYPES, st.binary(max_size=300))
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120)


def _python_tree(part: EmailMessage) -> Any:
    if part.is_multipart():
        return part.get_content_type(), [_python_tree(child) for child in part.iter_parts()]  # type: ignore[arg-type]  # parsed with this policy
    content_id = str(part["Content-ID"]).strip("<>") if part["Content-ID"] else None
    return part.get_content_type(), part.get_filename() or "", content_id, part.get_payload(decode=True)


def _other_tree(part: Any) -> Any:
    if part.content is None:
        return part.content_type, [_other_tree(child) for child in part.children]
    return part.content_type, part.filename or "", part.content_id, part.content


def _python_values(message: EmailMessage, field: str) -> list[str]:
    """A field's values, each run of encoded-words joined without a blank (RFC 2047 §6.2).

    Python's parser of address fields shows the line end between two of them as a blank (cpython gh-128110, mended in
    3.13.2 and 3.12.9); its older decoder does not.
    """
    if field not in {"From", "Sender", "To", "Reply-To"}:
        return [str(value) for value in message.get_all(field, [])]
    written = [value for key, value in message.raw_items() if key == field]
    return [str(make_header(decode_header(value))) for value in written]


def _plainly(value: object) -> str:
    """A field's value without what is only spelling: quotes around a name, how many blanks."""
    return " ".join(str(value).replace('"', "").replace("\\", "").split())


TWO_WORDS = "000000" + "\u00a0" * 12 + "\U0001f600" * 4  # cut between two of the last four


@settings(max_examples=30 * LONG)
@example(files=[AttachmentFile("a;b.pdf", "application/pdf", b"")], subject="0", name="0", pictured=False)
@example(files=[], subject=TWO_WORDS, name=TWO_WORDS, pictured=False)
@given(st.lists(ATTACHED, max_size=3), TEXTS, TEXTS, st.booleans())
def test_two_parsers_agree_on_every_header_and_part(
    files: list[AttachmentFile], subject: str, name: str, pictured: bool
) -> None:
    other = pytest.importorskip("fast_mail_parser")
    if not subject.strip():
        return
    writer = MessageWriter(SENDER, subject, language="fr", attachments=files, images=[LOGO, PLAN] if pictured else [])
    raw = writer.write(replace(ANNE, name=name), "Texte é", "<p>Texte é", STAMP)
    read_message(raw)
    python = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(python, EmailMessage)
    tree = other.parse_email_tree(raw)
    assert _other_tree(tree) == _python_tree(python)
    names = {key.lower() for key in python}
    assert {key.lower() for key in tree.headers} == names
    for key, values in tree.headers.items():
        if key.lower() != "content-type":
            assert [*map(_plainly, values)] == [*map(_plainly, _python_values(python, key))], key
    found = [part[1] for part in _leaves(_other_tree(tree)) if part[0] != "image/png" or not part[2]]
    assert [one for one in found if one] == [unicodedata.normalize("NFC", file.name) for file in files]


def _leaves(tree: Any) -> list[Any]:
    return [leaf for child in tree[1] for leaf in _leaves(child)] if isinstance(tree[1], list) else [tree]
