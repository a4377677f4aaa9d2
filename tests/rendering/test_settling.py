"""Settled templates: for every reader the very bytes that the templates give without it, and the very same mistakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from distributor.rendering import composer as composing
from distributor.rendering.composer import Composer, RenderError
from distributor.rendering.templates import HTML, TEXT, TemplateSet, View
from distributor.rendering.values import AttachmentFile, Recipient

from .samples import ANNE, PARIS, RELEASE_FR, SENDER, STAMP, templates

READERS = [
    ANNE,
    replace(ANNE, note="Un mot <pour> vous.\n\nEt un autre.", civility="", familiarity="tu"),
    replace(ANNE, language="en", takes_attachments=False, last_name="{{ 7 }} & Cie", fields={"beat": "mer"}),
    Recipient(address=ANNE.address),
]


def _composer(set_: TemplateSet, **changes: Any) -> Composer:
    file = AttachmentFile("a&b.pdf", "application/pdf", b"%PDF")
    return Composer(replace(RELEASE_FR, **changes), SENDER, set_, attachments=[file], timezone=PARIS)


def _with(**sources: str) -> TemplateSet:
    names = {"text": TEXT, "html": HTML, "macros": "macros.j2"}
    own = {names[key]: source for key, source in sources.items()}
    return TemplateSet.from_sources({**templates().sources(), **own})


SETS = {
    "as delivered": {},
    "a condition on the reader": {
        "text": "{% if contact.outlet == release.headline or contact.fields.beat is defined %}A{% else %}B{% endif %}\n"
    },
    "a name given another value": {
        "text": "{{ release.headline }}{% set release = contact %}{{ release.name }}{{ lang }}\n",
        "html": "{% for texts in contact.lists %}{{ texts }}{% endfor %}{{ texts.about }}{{ release.headline }}",
    },
    "a macro of another file": {
        "text": '{% import "macros.j2" as m with context %}{{ m.say(release.headline) }}{{ sender.name }}\n',
        "macros": "{% macro say(sender) %}{{ sender|upper }}/{{ release.headline }}{% endmacro %}",
    },
    "escaping": {
        "html": "{{ '<b>' ~ release.headline }}{{ release.body_html }}"
        "{% autoescape false %}{{ release.headline }}{% endautoescape %}{{ [release.headline, '<i>']|join }}"
    },
    "a filter block": {"text": "{% filter replace('e', release.lang) %}{{ contact.name }} e{% endfilter %}\n"},
}


@pytest.mark.parametrize("sources", SETS.values(), ids=SETS.keys())
def test_a_settled_message_is_the_message(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    embargo = STAMP.date + timedelta(days=1)
    for changes in ({}, {"headline": "L'<été> & « 53 % »", "embargo_until": embargo, "extra": {"x": "y"}}):
        plain = _composer(_with(**sources), **changes)
        meant = [plain.compose(reader, STAMP) for reader in READERS]
        with monkeypatch.context() as patched:
            patched.setattr(composing, "SETTLED_AFTER", 1)
            settled = _composer(_with(**sources), **changes)
            assert [settled.compose(reader, STAMP) for reader in READERS] == meant


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("{{ release.headline }}\n\n{{ release.nothing }}\n", "the field release.nothing is not defined", 3),
        ("{{ release.headline }}\n{{ contact.nothing }}\n", "the field contact.nothing is not defined", 2),
        ("{{ lang }}\n{{ release.headline.__class__.mro }}\n", "the sandbox refuses it", 2),
        ("{{ lang }}\n{{ lang * 3 }}\n", "the sandbox refuses it", 2),
        ("{{ lang }}\n{{ release.headline|round }}\n", "", 2),
    ],
)
def test_a_mistake_is_said_as_it_was(text: str, said: str, line: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RenderError) as before:
        _composer(_with(text=text)).compose(ANNE, STAMP)
    monkeypatch.setattr(composing, "SETTLED_AFTER", 1)
    with pytest.raises(RenderError) as after:
        _composer(_with(text=text)).compose(ANNE, STAMP)
    assert said in str(after.value)
    assert after.value.line == line
    assert (str(after.value), after.value.field) == (str(before.value), before.value.field)


def test_what_is_alike_is_written_into_the_template() -> None:
    own = _with(text="{{ release.headline|upper }} ({{ lang }}): {{ contact.name }}\n")
    settled = own.settled({"release": View("release", {"headline": "Marées"}), "lang": "fr"})[TEXT]
    context = settled.new_context({"contact": View("contact", {"name": "Anne"})})
    assert list(settled.root_render_func(context)) == ["MARÉES (fr): ", "Anne", "\n"]
