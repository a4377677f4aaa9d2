"""What a file is: by content and name, for whatever bytes come."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import gif, jpeg, png, webp

from distributor.releases import media
from distributor.releases.images import image_files
from distributor.releases.media import Picture, read_picture

ZIP = b"PK\x03\x04" + bytes(30)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("name", "content", "wanted", "promised"),
    [
        ("a.pdf", b"%PDF-1.7", "application/pdf", ""),
        ("sans-nom", b"%PDF-1.7", "application/pdf", ""),
        ("a.docx", b"%PDF-1.7", "application/pdf", DOCX),
        ("a.docx", ZIP, DOCX, ""),
        ("a.zip", ZIP, "application/zip", ""),
        ("a.pdf", ZIP, "application/zip", "application/pdf"),
        ("a.doc", OLE, "application/msword", ""),
        ("a.bin", OLE, "application/octet-stream", ""),
        ("a.jpg", png(), "image/png", "image/jpeg"),
        ("a.PNG", png(), "image/png", ""),
        ("a.mov", b"\0\0\0\x14ftypqt  ", "video/quicktime", ""),
        ("texte.txt", "Été".encode(), "text/plain", ""),
        ("a.pdf", b"no signature at all", "application/pdf", ""),
        (".pdf", b"x", "application/octet-stream", ""),
        ("dessin", b"<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "image/svg+xml", ""),
    ],
)
def test_the_type_is_what_the_content_says_in_the_words_of_the_name(
    name: str, content: bytes, wanted: str, promised: str
) -> None:
    assert media.media_type(name, content) == wanted
    assert media.promised_type(name, content) == promised


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (png(640, 480), Picture("image/png", 640, 480)),
        (jpeg(1600, 900), Picture("image/jpeg", 1600, 900)),
        (gif(12, 34), Picture("image/gif", 12, 34)),
        (webp("VP8 ", 320, 200), Picture("image/webp", 320, 200)),
        (webp("VP8L", 320, 200), Picture("image/webp", 320, 200)),
        (webp("VP8X", 320, 200), Picture("image/webp", 320, 200)),
        (png(0, 3), None),
        (png()[:20], None),
        (b"GIF89a", None),
        (b"\xff\xd8\xff\xd9", None),
        (b"<svg/>", None),
        (b"%PDF-1.7", None),
    ],
)
def test_a_pictures_size(content: bytes, wanted: Picture | None) -> None:
    assert read_picture(content) == wanted


STARTS = st.sampled_from(
    [b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBPVP8X", b"PK\x03\x04"]
)


@given(STARTS, st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_have_a_type_and_none_raises(start: bytes, rest: bytes, name: str) -> None:
    picture = read_picture(start + rest)
    assert picture is None or picture.media_type in {*media.SHOWN_EVERYWHERE, "image/webp"}
    assert "/" in media.media_type(name, start + rest)
    media.is_program(name, start + rest)


@given(st.integers(0, 5000))
def test_the_size_in_a_message_is_that_of_base64(size: int) -> None:
    lines = base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n")
    assert media.encoded_size(size) == len(lines)


def test_programs_are_known_by_name_and_by_content() -> None:
    for name, content in (("a.exe", b""), ("a.JS", b"x"), ("a.pdf", b"MZ\x90"), ("a", b"#!/bin/sh"), ("a.iso", b"")):
        assert media.is_program(name, content)
    assert not media.is_program("jar", b"text")
    assert not media.is_program("a.pdf", b"%PDF-1.7")


def test_the_pictures_of_a_text_that_are_files() -> None:
    text = (
        "![a](un.png) ![b](<deux étés.png> 'x') [![c](trois.png)](https://x.example) ![d](un.png)\n\n"
        "![e](https://x.example/a.png) ![f](//x.example/a.png) ![g](cid:x) ![h](data:image/png;base64,AA)\n\n"
        "`![i](i.png)`\n\n"
        "| ![j](quatre%20a.png) |\n|---|\n\n[k](k.png) \\![l](l.png) ![]()\n"
    )
    assert image_files(text) == ["un.png", "deux étés.png", "trois.png", "quatre a.png"]
