"""A release whose front matter says `format: html`: cleaned, and Markdown from then on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from distributor.errors import BadInput
from distributor.releases.readers.intake import Intake, read_file
from distributor.rendering.body import to_html, to_text

PAGE = """\
---
title: Le port ferme
format: {said}
lang: fr
---
<p onclick="x()">Le port <strong>ferme</strong> le <a href="https://x.example/p">3 mars</a>.</p>
<script>alert(1)</script><img src="https://x.example/t.gif" width="1" height="1">
<ul><li>un</li><li>deux<ul><li>trois</li></ul></li></ul>
<table><tr><th>Quai</th><th>Navires</th></tr><tr><td>Nord</td><td>7</td></tr></table>
"""


def read(said: str) -> Intake:
    return read_file(PAGE.format(said=said).encode(), file="port.md", timezone=ZoneInfo("Europe/Paris"))


def test_html_of_ones_own_is_cleaned_and_shown_in_both_parts() -> None:
    taken = read("html")
    assert taken.draft.headline == "Le port ferme"
    html, text = to_html(taken.draft.body, "fr"), to_text(taken.draft.body, "fr")
    assert "<strong>ferme</strong>" in html
    assert '<a href="https://x.example/p">3 mars</a>' in html
    assert "<table>" in html
    assert not {word for word in ("script", "onclick", "alert", "<img", "t.gif") if word in html + text}
    assert "Le port ferme le 3 mars (https://x.example/p)." in text
    assert "- un\n- deux\n  - trois" in text
    assert "Quai | Navires\n-----+--------\nNord | 7" in text
    told = " ".join(remark.text for remark in taken.draft.remarks)
    assert "scripts (1)" in told
    assert "tracker" in told


def test_what_is_kept_is_markdown_and_reads_the_same_again() -> None:
    taken = read("HTML")
    assert "format" not in taken.source
    again = read_file(taken.source.encode(), file="port.md", timezone=ZoneInfo("Europe/Paris"))
    assert (again.draft.headline, again.draft.body) == (taken.draft.headline, taken.draft.body)


def test_any_other_format_is_refused_kindly() -> None:
    with pytest.raises(BadInput, match="Markdown or in HTML") as caught:
        read("rtf")
    assert (caught.value.file, caught.value.line, caught.value.field) == ("port.md", 3, "format")
