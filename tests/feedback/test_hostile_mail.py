"""Messages that were written to hurt: never an exception, never more work than their length."""

from __future__ import annotations

import email.message

import pytest
from databases import LONG
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.feedback import letter as letters
from distributor.feedback import nonstandard
from distributor.feedback.events import Kind, Reading
from distributor.feedback.letter import MAX_LINES, MAX_PARTS, MAX_TEXT, read_letter
from distributor.feedback.reading import read_message

HEAD = b"From: MAILER-DAEMON@x.example\nTo: press@o.example\nSubject: Undelivered Mail Returned to Sender\n"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(2_000))
SHAPES = {
    "a header of one megabyte": HEAD + b"X-A: " + b"a" * 1_000_000 + b"\n\nhi",
    "comments within comments": b"From: " + b"(" * 900 + b"\n\nhi",
    "two thousand nested parts": HEAD + NESTED + b"Content-Type: text/plain\n\nhi",
    "messages within messages": HEAD + b"Content-Type: message/rfc822\n\n" * 2_000 + b"hi",
    "broken subject": b"From: a@x.example\nSubject: =?utf-8?b?a?=\n\nhi\n",
    "many parts": HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhi\n" * 50_000,
    "at signs": HEAD + b"\n" + b"a@" * 200_000,
    "a line of blanks": HEAD + b"\nto " + b"\t" * 200_000,
    "angle brackets": HEAD + b"\n" + b"<" * 200_000,
    "open styles": HEAD + b"Content-Type: text/html\n\n" + b"<style" * 30_000,
    "a charset that is none": HEAD + b"Content-Type: text/plain; charset=\xff\xfe\n\nhi \xff",
    "a codec that is slow": HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"a-" * 50_000,
    "a codec that is no charset": HEAD + b"Content-Type: text/plain; charset=rot13\n\nhi",
    "a charset half encoded": HEAD + b"Content-Type: text/plain; charset*=x'y'%\n\nhi",
    "twenty thousand recipients": HEAD
    + b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
    + b"Final-Recipient: rfc822;a@b.example\nAction: failed\n\n" * 20_000,
    "nothing": b"",
    "zeros": b"\0" * 100_000,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_read_all_the_same(shape: str) -> None:
    assert isinstance(read_message(SHAPES[shape]), Reading)


def test_what_is_read_is_bounded() -> None:
    found = read_letter(SHAPES["many parts"])
    assert len(found.parts) <= MAX_PARTS
    assert found.trouble
    long = read_letter(HEAD + b"\n" + b"x y\n" * 2_000_000)
    assert len(long.text) <= MAX_TEXT
    assert long.text.count("\n") < MAX_LINES
    assert long.trouble == "only its first megabyte was read"


def test_the_nesting_that_would_exhaust_the_stack_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> email.message.Message:
        raise AssertionError("the whole message was parsed")

    monkeypatch.setattr(letters.email, "message_from_bytes", refuse)  # type: ignore[attr-defined]  # the module's own
    assert read_letter(SHAPES["two thousand nested parts"]).trouble == "it has too many parts within parts"


def test_lone_carriage_returns_end_lines() -> None:
    found = read_message((HEAD + b"\n<a@b.example>: user unknown\n").replace(b"\n", b"\r"))
    assert [one.address for one in found.findings] == ["a@b.example"]


@pytest.mark.parametrize(
    "unit", ["a@b.", "user ", "message could not be ", "<a@b ", '"', "to: ", "is not ", "RCPT TO:<"]
)
def test_patterns_grow_with_the_length_only(unit: str) -> None:
    """Counted, not timed: each pattern is tried at every place once, so that no run of text is gone over again."""
    text = unit * 2_000
    for pattern in (*nonstandard._STRONG, nonstandard._WEAK):
        assert sum(1 for _ in pattern.finditer(text)) <= len(text)


@given(st.binary(max_size=2_000))
@settings(max_examples=75 * LONG)
@example(b"Content-Type: multipart/report\n\n")
@example(b"From: =?x?b?=?=\nSubject: =?utf-8?q?=0D=0ABcc?=\n\n")
def test_any_bytes_are_read(raw: bytes) -> None:
    assert read_message(raw).kind in set(Kind)


@given(
    st.lists(
        st.sampled_from(["Final-Recipient: rfc822;", "Action: ", "Status: ", "Diagnostic-Code: smtp; ", "\n", " "])
    ),
    st.text(max_size=40),
)
@settings(max_examples=50 * LONG)
def test_any_delivery_status_is_read(fields: list[str], text: str) -> None:
    body = "\n".join(field + text for field in fields).encode("utf-8", "replace")
    raw = HEAD + b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n" + body
    for one in read_message(raw).findings:
        assert "\n" not in one.address
