"""Header fields: F1 to F6 of the standards we keep, and that no value can make a second field."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from distributor.addresses import parse_address
from distributor.rendering import headers

from .samples import address
from .strict_reader import ENCODED_WORD, decode_words, read_headers

ADDRESS = parse_address("a.b@journal.example")
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300)
HIDDEN = "=?utf-8?q?a=0D=0ABcc=3A_z=40x=2Eexample?="


def read_one(field: bytes) -> str:
    """The decoded value of the only field in `field`."""
    assert field.endswith(b"\r\n")
    (only,) = read_headers(field[:-2])
    return only[1]


@given(TEXT)
@example(" a")
@example("a ")
@example("a  b")
@example(HIDDEN)
@example("é" * 200)
@example("a" * 200)
@example("\U0001f5de\ufe0f" * 30)
@example(("mot " * 30).strip())
@example("x" * 69 + " y")
def test_a_subject_comes_back_as_it_was(text: str) -> None:
    assert read_one(headers.text_header("Subject", text)) == text


@given(TEXT)
@example(HIDDEN)
@example('A "B" \\ C')
@example("Dupont, Anne (Le Monde) <x@y.example>")
@example("a" * 100)
@example('"' * 40)
def test_a_name_comes_back_as_it_was_with_its_blanks_joined(name: str) -> None:
    field = headers.mailbox_header("Reply-To", name, ADDRESS)
    wanted = " ".join(word for word in name.split(" ") if word)
    value = read_one(field)
    if field.startswith(b'Reply-To: "'):
        phrase, _, spec = value.rpartition('" ')
        assert re.sub(r"\\(.)", r"\1", phrase[1:]) == wanted
        assert spec == "<a.b@journal.example>"
    elif wanted:
        assert value == f"{wanted} <a.b@journal.example>"
    else:
        assert value == "a.b@journal.example"


@given(TEXT)
@example(HIDDEN)
@example("Dupont, Anne (Le Monde) <x@y.example>")
def test_pythons_own_parser_sees_one_field_and_one_mailbox(name: str) -> None:
    raw = headers.mailbox_header("To", name, ADDRESS) + b"\r\n"
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert message.keys() == ["To"]
    assert email.utils.parseaddr(" ".join(str(message["To"]).split()))[1] == "a.b@journal.example"


@given(TEXT)
def test_encoded_words_are_short_and_never_empty(text: str) -> None:
    raw = headers.text_header("Subject", text + "é")
    for line in raw.decode("ascii").split("\r\n"):
        assert len(line) <= 76
    words = ENCODED_WORD.findall(raw.decode("ascii"))
    assert words
    assert all(letters for _, _, letters in words)


@pytest.mark.parametrize("text", ["Réunion à Paris", "Égalité : dès aujourd’hui, l’été ; « enfin »", "日本語の見出し"])
def test_the_shorter_of_the_two_encodings_is_taken(text: str) -> None:
    raw = headers.text_header("Subject", text).decode("ascii")
    base64_length = -(-len(text.encode()) // 3) * 4
    assert sum(len(letters) for _, _, letters in ENCODED_WORD.findall(raw)) <= base64_length


def test_plain_text_stays_readable_and_folds_at_blanks() -> None:
    raw = headers.text_header("Subject", "word " * 40 + "end")
    assert b"=?" not in raw
    assert read_one(raw) == "word " * 40 + "end"


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x0b", "\x1b", "\t", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"])
@pytest.mark.parametrize(
    "write",
    [
        lambda text: headers.text_header("Subject", text),
        lambda text: headers.mailbox_header("To", text, ADDRESS),
        lambda text: headers.mailbox_header("To", "", address(text)),
        lambda text: headers.mailbox_header("To", "", address("a", text)),
        lambda text: headers.message_id_header(f"{text}@x.example"),
        lambda text: headers.unsubscribe_headers(f"mailto:{text}@x.example", ""),
        lambda text: headers.language_header(f"fr{text}"),
        lambda text: headers.list_id_header(f"press{text}.x.example"),
        lambda text: headers.feedback_id_header(f"appel{text}:release:press:0123456789"),
    ],
)
def test_control_characters_and_line_ends_are_refused(write, char: str) -> None:  # type: ignore[no-untyped-def]  # a lambda
    with pytest.raises(headers.BadHeader):
        write(f"a{char}Bcc: z")


def test_an_encoded_word_in_a_name_is_shown_and_not_decoded() -> None:
    raw = headers.mailbox_header("To", HIDDEN, ADDRESS)
    assert decode_words(" ".join(raw.decode("ascii").split())) == f"To: {HIDDEN} <a.b@journal.example>"
    message = email.message_from_bytes(raw + b"\r\n", policy=email.policy.default)
    again = message.as_bytes()
    assert b"\nBcc" not in again
    assert message["bcc"] is None


def test_an_international_domain_is_an_a_label() -> None:
    assert headers.mailbox_header("To", "", parse_address("b@é.example")) == b"To: b@xn--9ca.example\r\n"


def test_a_local_part_that_is_not_ascii_is_utf8_only_where_allowed() -> None:
    author = parse_address("hélène@journal.example")
    with pytest.raises(headers.BadHeader, match="not ASCII"):
        headers.mailbox_header("From", "Hélène", author)
    raw = headers.mailbox_header("To", "Hélène", author, allow_utf8=True)
    assert raw.decode() == "To: =?utf-8?b?SMOpbMOobmU=?= <hélène@journal.example>\r\n"


@pytest.mark.parametrize(
    "write",
    [
        lambda word: headers.mailbox_header("To", "", address(word)),
        lambda word: headers.message_id_header(f"{word}@x.example"),
        lambda word: headers.unsubscribe_headers(f"mailto:{word}@x.example", ""),
        lambda word: headers.unsubscribe_headers("", f"https://x.example/{word}"),
    ],
)
def test_an_encoded_word_where_none_may_stand_is_refused(write) -> None:  # type: ignore[no-untyped-def]  # a lambda
    with pytest.raises(headers.BadHeader):
        write(HIDDEN)


@pytest.mark.parametrize("local", ["a b", "a..b", ".a", "a,b", "a<b", 'a"b', "", "a>b", "a@b"])
def test_an_address_that_is_none_is_refused(local: str) -> None:
    with pytest.raises(headers.BadHeader):
        headers.mailbox_header("To", "", address(local))


def test_a_quoted_local_part_stays_quoted() -> None:
    assert headers.mailbox_header("To", "", parse_address('"a b"@x.example')) == b'To: "a b"@x.example\r\n'


def test_unsubscribe_stays_unencoded_however_long() -> None:
    url = "https://horizon.example/o/" + "a" * 120
    assert headers.unsubscribe_headers("mailto:u@x.example", url).decode() == (
        f"List-Unsubscribe: <{url}>,\r\n <mailto:u@x.example>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    assert headers.unsubscribe_headers("mailto:u@x.example", "") == b"List-Unsubscribe: <mailto:u@x.example>\r\n"
    assert headers.unsubscribe_headers("", "") == b""


@pytest.mark.parametrize(
    "url", ["http://x.example/", "https://x.example/a b", "https://é.example", "https:<x>", "x" * 9]
)
def test_an_unsubscribe_url_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(headers.BadHeader):
        headers.unsubscribe_headers("", url)
    with pytest.raises(headers.BadHeader):
        headers.unsubscribe_headers("", "https://x.example/" + "a" * 1000)


def test_dates_are_aware_and_in_english() -> None:
    moment = datetime(2026, 3, 1, 9, 5, 7, tzinfo=timezone(timedelta(hours=1)))
    assert headers.date_header(moment) == b"Date: Sun, 01 Mar 2026 09:05:07 +0100\r\n"
    assert headers.date_header(moment.astimezone(UTC)) == b"Date: Sun, 01 Mar 2026 08:05:07 +0000\r\n"
    with pytest.raises(headers.BadHeader):
        headers.date_header(moment.replace(tzinfo=None))


@pytest.mark.parametrize("message_id", ["", "a", "a@", "@b", "a b@c", "<a@b", "a@b>", "é@b", "a@b@c", "<<a@b>>"])
def test_a_message_id_that_is_none_is_refused(message_id: str) -> None:
    with pytest.raises(headers.BadHeader):
        headers.message_id_header(message_id)


def test_a_message_id_has_its_brackets_once() -> None:
    assert headers.message_id_header("a@b.example") == headers.message_id_header("<a@b.example>")


def test_a_list_is_named_by_a_domain() -> None:
    assert headers.list_id_header("press.x.example") == b"List-Id: <press.x.example>\r\n"
    for bad in ("press", "Press.x.example", "press.x.example>", "press." + "x" * 260):
        with pytest.raises(headers.BadHeader):
            headers.list_id_header(bad)


def test_a_feedback_id_ends_in_its_sender() -> None:
    assert headers.feedback_id_header("appel-2:release:0f1e2d3c4b") == b"Feedback-ID: appel-2:release:0f1e2d3c4b\r\n"
    for bad in ("", "0f1e2d3c4b", "a:b:c:d:0f1e2d3c4b", "a:b:c:1", "a:é:0f1e2d3c4b", "a b:0f1e2d3c4b"):
        with pytest.raises(headers.BadHeader):
            headers.feedback_id_header(bad)
