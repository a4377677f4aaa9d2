"""The page on which a message is looked at: four frames that fetch and run nothing, headers, text."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

from distributor.rendering.composer import Preview
from distributor.rendering.previews import in_scheme, preview_page

HTML = """<!DOCTYPE html><html><head><style>
.a { color: black } @media (max-width: 480px) { .a { margin: 0 } }
@media (prefers-color-scheme:dark) { .a { color: white } }
@media ( prefers-color-scheme : LIGHT ) and (min-width: 9px) { .a { color: red } }
</style></head><body class="a" title='"'>L’été <b>&amp; l’hiver</b><script>alert(1)</script></body></html>"""
SHOWN = Preview([("Subject", "L’été </title><b>"), ("To", "Zoë <z@x.example>")], "L’été & <l’hiver>\n", "", b"", HTML)


class Frames(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.policy = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        self.tags.add(tag)
        if tag == "iframe":
            self.frames.append(said)
        elif said.get("http-equiv") == "Content-Security-Policy":
            self.policy = said["content"] or ""


def test_four_frames_that_can_neither_run_nor_fetch() -> None:
    page = preview_page(SHOWN)
    seen = Frames()
    seen.feed(page)
    assert [frame["title"] for frame in seen.frames] == [
        "telephone, light", "desktop, light", "telephone, dark", "desktop, dark",
    ]  # fmt: skip
    assert all(frame["sandbox"] in {None, ""} for frame in seen.frames)
    assert seen.policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script" not in seen.tags
    assert [frame["srcdoc"] for frame in seen.frames] == [
        in_scheme(HTML, scheme) for scheme in ("light", "light", "dark", "dark")
    ]
    assert "<title>L’été &lt;/title&gt;&lt;b&gt;</title>" in page
    assert "Zoë &lt;z@x.example&gt;" in page
    assert unescape(page.partition("<pre>")[2].partition("</pre>")[0]) == SHOWN.text


def test_a_scheme_is_forced_and_nothing_else_of_the_message_changes() -> None:
    dark, light = in_scheme(HTML, "dark"), in_scheme(HTML, "light")
    assert "@media (min-width: 0) { .a { color: white } }" in dark
    assert "@media (max-width: 0) and (min-width: 9px) { .a { color: red } }" in dark
    assert "@media (max-width: 0) { .a { color: white } }" in light
    for forced, scheme in ((dark, "dark"), (light, "light")):
        style = f"<style>:root {{ color-scheme: {scheme} !important; }}</style>"
        assert forced.count(style) == 1
        assert "@media (max-width: 480px)" in forced
