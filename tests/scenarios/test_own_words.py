"""The words each journalist gets, through the real command: tu, a list's note, one's own note, one's own language."""

from __future__ import annotations

import email
import email.policy

from office import BUREAU, SHORT_LIST, Office
from smtpserver import running

FRIEND, NOTED, SPANISH, ANYBODY = SHORT_LIST[0], SHORT_LIST[1], SHORT_LIST[2], SHORT_LIST[4]
RELEASE = f"""\
---
title: Visite des urgences de Kerlann
kind: invitation presse
format: html
lang: fr
dateline: {{place: Brest}}
event: {{date: "mardi 3 mars 2026 à 10 h", place: "3, rue du Port, Brest", rsvp: presse@soignants-littoral.example}}
changes: [le jour est mardi]
notes: {{{BUREAU}: "Une visite avec les équipes de nuit."}}
contact: {{name: Maëlle Quéméneur, phone: "02 98 00 00 31", email: presse@soignants-littoral.example}}
---
<p>La <strong>Coordination</strong> ouvre ses portes.</p><script>alert(1)</script>
"""
WORDS = 'immediate: Para difusión inmediata\nsalutation: {unknown: "Señoras y señores:"}\n'


def test_each_gets_the_words_meant_for_them(office: Office) -> None:
    (office.path / "visite.md").write_text(RELEASE, encoding="utf-8")
    (office.path / "templates" / "press-release" / "texts.es.yaml").write_text(WORDS, encoding="utf-8")
    office.run("releases", "import", str(office.path / "visite.md"), "--slug", "visite")
    office.run("contacts", "edit", FRIEND.address, "--familiarity", "tu")
    office.run("contacts", "edit", NOTED.address, "--note-to-send", "À vous, comme promis.")
    office.run("contacts", "edit", SPANISH.address, "--language", "es")
    with running() as server:
        office.at(server.port).send("visite", BUREAU)
        said = {one.recipient: parts(one.message) for one in server.accepted}
        assert server.violations == []
    for who, greeting, note in (
        (FRIEND, f"Bonjour {FRIEND.first_name},", "Une visite avec les équipes de nuit."),
        (NOTED, NOTED.greeting, "À vous, comme promis."),
        (SPANISH, "Señoras y señores:", "Une visite avec les équipes de nuit."),
        (ANYBODY, ANYBODY.greeting, "Une visite avec les équipes de nuit."),
    ):
        for part in said[who.spec]:
            assert part.index(note) < part.index(greeting) < part.index("le jour est mardi")
            assert (
                part.index("mardi 3 mars 2026") < part.index("3, rue du Port, Brest") < part.rindex("ouvre ses portes")
            )
            assert "alert" not in part
        assert "Une visite" not in said[NOTED.spec][0]
    assert "texts.es.yaml lacks" in office.run("doctor", "--offline").text


def parts(raw: bytes) -> tuple[str, ...]:
    """The text and the HTML part, blanks made one."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return tuple(" ".join(text.replace("\u00a0", " ").split()) for text in found)
