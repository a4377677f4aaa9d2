"""Template sets: CSS inlined around Jinja, the sandbox, the bounds, and what a mistake says."""

from __future__ import annotations

import http.server
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import BadInput
from distributor.rendering import templates as module
from distributor.rendering.inlining import inline_fragment, inline_source
from distributor.rendering.templates import HTML, STYLE, TEXT, TemplateFault, TemplateSet, View

from .samples import TEMPLATES, templates

CSS = """\
p { color: red } td { padding: 4px } .on { color: blue }
@media (max-width: 9px) { p { color: green !important } }
"""


def page(body: str, head: str = "") -> str:
    top = f'<!DOCTYPE html>\n<html lang="{{{{ lang }}}}">\n<head><title>{{{{ t }}}}</title>{head}</head>\n<body>\n'
    return f"{top}{body}\n</body></html>\n"


def render(body: str, head: str = "", *, css: str = CSS, **values: object) -> str:
    made = templates(html=page(body, head), style=css)
    return made.render(HTML, {"lang": "fr", "t": "T", **values})


def test_a_style_is_inlined_and_media_queries_stay() -> None:
    html = render("<p>{{ x }}</p>", x="a & b")
    assert '<p style="color: red;">a &amp; b</p>' in html
    assert "@media (max-width: 9px)" in html
    assert '<html lang="fr"' in html
    assert "<title>T</title>" in html


def test_conditionals_and_loops_survive() -> None:
    body = "{% if x %}<p>{{ x }}</p>{% else %}<p>none</p>{% endif %}"
    body += "<ul>{% for i in items %}<li>{{ i }}</li>{% endfor %}</ul>"
    assert '<p style="color: red;">1</p><ul><li>a</li><li>b</li></ul>' in render(body, x=1, items=["a", "b"])
    assert '<p style="color: red;">none</p><ul></ul>' in render(body, x=0, items=[])


def test_table_rows_in_a_loop_are_not_moved_out_of_the_table() -> None:
    body = "<table>{% for r in rows %}<tr>{% for c in r %}<td>{{ c }}</td>{% endfor %}</tr>{% endfor %}</table>"
    html = re.sub(r"\s*style=\"[^\"]*\"", "", render(body, rows=[[1, 2], [3]]))
    assert "<table><tbody><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></tbody></table>" in html


def test_expressions_in_attributes_styles_and_comments_survive() -> None:
    body = (
        '<p class="{% if x %}on{% endif %}" title=\'{{ "}}" ~ x }}\' id="{{ x }}">x</p>'
        '<p style="text-align: {{ side }}; margin: 0">y</p><!-- {{ x }} --><!--[if mso]><b>{{ x }}</b><![endif]-->'
        '<a href="https://x.example/?a={{ x }}&amp;b=1">z</a>{# <td> a note #}'
    )
    html = render(body, x=7, side="end")
    assert 'class="on"' in html
    assert 'title="}}7"' in html
    assert 'id="7"' in html
    assert '<p style="color: red;text-align: end;margin: 0">y</p>' in html
    assert "<!-- 7 --><!--[if mso]><b>7</b><![endif]-->" in html
    assert 'href="https://x.example/?a=7&amp;b=1"' in html
    assert "a note" not in html


def test_raw_blocks_and_trimming_survive() -> None:
    html = render("<p>{% raw %}{{ not <b> a tag {% x %}{% endraw %}</p>  {%- if 1 -%}  <i>i</i>  {%- endif %}")
    assert '<p style="color: red;">{{ not <b> a tag {% x %}</p><i>i</i>' in html


def test_a_partial_is_inlined_and_included() -> None:
    made = templates(html=page('{% include "foot.html.j2" %}'), style=CSS, **{"foot.html.j2": "<p>{{ x }}</p>\n"})
    assert '<p style="color: red;">&lt;</p>' in made.render(HTML, {"lang": "fr", "t": "", "x": "<"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<td {% if x %}class='a'{% endif %}>", ":5: The Jinja tag '{% if x %}' stands inside an HTML tag"),
        ('<p class="a" class="b">x</p>', "has the attribute class twice"),
        ("<table><p>{{ x }}</p></table><tr><td>a</td></tr>", "The element <"),
        ('<p style="{{ x }}">x</p>', "style"),
    ],
)
def test_what_an_html_parser_would_lose_is_refused(body: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        templates(html=page(body), style=CSS)
    assert said in str(caught.value)
    assert str(caught.value).startswith("message.html.j2:")


@given(
    st.lists(
        st.sampled_from(["<p>", "</p>", "{{ x }}", "{% if x %}", "{% endif %}", "<td>", "a", '"', "<", "'", "{#<#}"]),
        max_size=9,
    )
)
def test_inlining_keeps_every_tag_or_refuses(pieces: list[str]) -> None:
    source = "".join(pieces)
    try:
        made = inline_source(page(source), CSS, "x").source
    except BadInput:
        return
    tags = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}")
    assert tags.findall(made) == tags.findall(page(source))


def test_no_style_sheet_is_fetched_or_read(tmp_path: Path) -> None:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            return

    secret = tmp_path / "secret.css"
    secret.write_text("p { content: 'hush' }")
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        for target in (f"http://127.0.0.1:{server.server_port}/x.css", secret.as_uri(), str(secret)):
            link = f'<link rel="stylesheet" href="{target}">'
            html = inline_fragment(f"{link}<p>x</p>", CSS)
            # The element itself is dropped, which the check for lost elements tells the author.
            with pytest.raises(BadInput, match="<link>"):
                render("<p>x</p>", link)
            assert "hush" not in html
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


@pytest.mark.parametrize("css", ["@import url(http://x.example/a.css);", "</style><script>", "@IMPORT 'x';"])
def test_a_style_sheet_imports_nothing(css: str) -> None:
    with pytest.raises(BadInput, match="@import"):
        templates(style=css)


def test_a_typo_says_file_line_and_what_jinja_said() -> None:
    with pytest.raises(BadInput) as caught:
        templates(html=page("<p>\n{{ release.headline }</p>"))
    assert str(caught.value).startswith("message.html.j2:6: The template has a mistake: unexpected '}'")
    with pytest.raises(BadInput) as caught:
        templates(text="a\n{% if x %}\n{{ x|nofilter }}{% endif %}")
    assert str(caught.value).startswith("message.txt.j2:3: The template has a mistake: No filter named 'nofilter'")


@pytest.mark.parametrize("line", [5, 6, 9])
def test_an_undefined_field_tells_its_own_line_after_inlining(line: int) -> None:
    body = "\n" * (line - 5) + '<p>{{ contact.city }}</p><p style="margin: 0">\n\n</p>'
    made = templates(html=page(body), style=CSS)
    with pytest.raises(TemplateFault) as caught:
        made.render(HTML, {"lang": "fr", "t": "", "contact": View("contact", {})})
    assert (caught.value.line, caught.value.field) == (line, "contact.city")


@pytest.mark.parametrize(
    "expression",
    [
        "{{ x.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ x.items.append(1) }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ ('%s'|attr('format'))|attr('__globals__') }}",
        "{{ view._values }}",
        "{{ view._name }}",
        "{{ self.__init__.__globals__ }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999999) %}{% endfor %}",
        "{% for a in range(9000) %}{{ long }}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include '../../etc/passwd' %}",
        "{% include 'style.css' %}",
        "{{ 1 / 0 }}",
        "{{ none.x }}",
        "{{ nothing }}",
    ],
)
def test_the_sandbox_and_its_bounds_hold(expression: str) -> None:
    values = {"x": {"items": [1]}, "view": View("view", {"a": 1}), "long": "x" * 1000}
    with pytest.raises(BadInput):
        templates(text=expression).render(TEXT, values)


def test_ordinary_sums_and_tests_work() -> None:
    made = templates(
        text="{{ 2 * 3 }} {{ 7 % 2 }} {{ view.b is defined }} {% for a in some %}{{ loop.last }}{% endfor %}"
    )
    assert made.render(TEXT, {"view": View("view", {}), "some": [1, 2]}) == "6 1 False FalseTrue"


def test_a_set_is_the_same_from_its_sources() -> None:
    made = TemplateSet.load(TEMPLATES)
    again = TemplateSet.from_sources(made.sources())
    assert again.digest() == made.digest()
    assert len(made.digest()) == 64
    assert templates(text="x").digest() != made.digest()
    assert set(made.sources()) == {HTML, TEXT, STYLE, "release.typ", "texts.fr.yaml", "texts.en.yaml"}


def test_a_folder_is_read_within_bounds(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such template folder"):
        TemplateSet.load(tmp_path / "none")
    with pytest.raises(BadInput, match="missing"):
        TemplateSet.load(tmp_path)
    for name, text in TemplateSet.load(TEMPLATES).sources().items():
        (tmp_path / name).write_text(text)
    (tmp_path / ".hidden.j2").write_text("{{")
    (tmp_path / "notes.md").write_text("{{")
    assert TemplateSet.load(tmp_path).digest() == TemplateSet.load(TEMPLATES).digest()
    (tmp_path / "big.j2").write_text("x" * (module.MAX_SOURCE + 1))
    with pytest.raises(BadInput, match="larger than 256 kB"):
        TemplateSet.load(tmp_path)
    (tmp_path / "big.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="UTF-8"):
        TemplateSet.load(tmp_path)
    (tmp_path / "big.j2").unlink()
    (tmp_path / "link.j2").symlink_to("/etc/hostname")
    with pytest.raises(BadInput, match="symbolic"):
        TemplateSet.load(tmp_path)


def test_a_set_of_sources_keeps_the_same_bounds() -> None:
    with pytest.raises(BadInput, match="larger"):
        templates(text="x" * (module.MAX_SOURCE + 1))
    with pytest.raises(BadInput, match="at most"):
        templates(**{f"{number}.j2": "x" for number in range(module.MAX_FILES)})


def test_a_language_without_a_table_is_named() -> None:
    with pytest.raises(BadInput, match=r"texts\.de\.yaml"):
        templates().texts("de")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_text_colour_has_contrast_in_light_and_dark() -> None:
    css = (TEMPLATES / STYLE).read_text()
    light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
    for part, paper in ((light, "#ffffff"), (dark, "#1e1e1c")):
        assert paper in part
        for colour in re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", part):
            low, high = sorted((_luminance(colour), _luminance(paper)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (colour, paper)


@pytest.mark.parametrize(
    "expression",
    [
        "'x'.ljust(99999999999)",
        "'x'.center(99999999999)",
        "'7'.zfill(99999999999)",
        "'{:>99999999999}'.format(7)",
        "'\t'.expandtabs(99999999999)",
        "('x'|attr('rjust'))(99999999999)",
    ],
)
def test_a_short_text_is_not_blown_up(expression: str) -> None:
    with pytest.raises(TemplateFault, match="sandbox refuses"):
        render(f"<p>{{{{ {expression} }}}}</p>")


@pytest.mark.parametrize("expression", ["'x'|center(99999999999)", "'%99999999999d'|format(7)"])
def test_filters_that_blow_up_a_text_are_unknown(expression: str) -> None:
    with pytest.raises(BadInput, match="No filter named"):
        render(f"<p>{{{{ {expression} }}}}</p>")
