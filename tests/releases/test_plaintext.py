"""Plain text as press offices write it: every part lands in its field."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from distributor.errors import BadInput
from distributor.releases.readers.document import read_release

from .communiques import SAMPLES

PARIS = ZoneInfo("Europe/Paris")


def test_in_markdown_a_press_contact_above_the_boilerplate_is_read() -> None:
    about = "## À propos de nous\n\nNés en 1999."
    text = f"# Des horaires\n\nIls changent.\n\n## Contact presse\n\nLou Vert, lou@plume.example\n\n{about}\n"
    draft = read_release(text.encode(), file="release.md", timezone=PARIS)
    assert [one.email for one in draft.contacts] == ["lou@plume.example"]
    assert draft.body.endswith(about)


def test_in_markdown_a_bold_line_below_a_kicker_is_the_headline() -> None:
    text = "# Communiqué de presse\n\n**Des horaires de nuit à revoir**\n\nIls changent.\n"
    draft = read_release(text.encode(), file="release.md", timezone=PARIS)
    assert (draft.headline, draft.body) == ("Des horaires de nuit à revoir", "Ils changent.")


def test_in_markdown_a_heading_that_says_what_it_is_is_no_headline_below_a_letterhead() -> None:
    body = "Elle a eu lieu.\n\n## La suite\n\nElle vit."
    text = f"**CHU de Brest**\n\n# Communiqué de presse\n\n## Une greffe par robot\n\n{body}\n"
    draft = read_release(text.encode(), file="release.md", timezone=PARIS)
    assert draft.headline == "Une greffe par robot"
    assert draft.body.split("\n\n\n")[0] == "**CHU de Brest**"
    assert draft.body.endswith(body)
    assert "Communiqué" not in draft.body


def test_in_markdown_the_hours_of_an_event_are_no_dateline() -> None:
    event = "**WHEN:** Thursday 3 December 2026, 10:00–11:00 CET  \n**WHERE:** Brest"
    text = f"**MEDIA ADVISORY**\n\n# A briefing\n\n{event}\n"
    draft = read_release(text.encode(), file="release.md", timezone=PARIS)
    assert (draft.dateline_place, draft.dateline_date) == ("", None)
    assert draft.body == event


def test_soft_hyphens_are_taken_out() -> None:
    text = "Des ho\N{SOFT HYPHEN}raires\n\nIls chan\N{SOFT HYPHEN}gent."
    draft = read_release(text.encode(), file="release.txt", timezone=PARIS)
    assert (draft.headline, draft.body) == ("Des horaires", "Ils changent.")


@pytest.mark.parametrize("sign", "- ")
def test_a_line_of_signs_between_letters_takes_no_time(sign: str) -> None:
    row = f"A{sign * 20_000}A"
    text = f"Communiqué de presse\n\nDes horaires\n\n{row}\n\nIls changent.\n"
    began = time.process_time()
    assert read_release(text.encode(), file="release.txt", timezone=PARIS).headline == "Des horaires"
    with pytest.raises(BadInput, match="No headline"):
        read_release(f"{row}\n\nIls\n\nChangent.\n".encode(), file="release.txt", timezone=PARIS)
    assert time.process_time() - began < 2


def test_thousands_of_divided_words_take_no_time() -> None:
    rows = "\n".join(f"Le chat, la merveil-\nleuse{chr(97 + n % 26)}{chr(97 + n // 26 % 26)} va" for n in range(3_000))
    began = time.process_time()
    draft = read_release(f"Des horaires\n\n{rows}\n".encode(), file="release.txt", timezone=PARIS)
    assert "merveilleuseba" in draft.body
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    ("source", "expected"), [sample[1:] for sample in SAMPLES], ids=[sample[0] for sample in SAMPLES]
)
def test_every_part_lands_in_its_field(source: str, expected: dict[str, object]) -> None:
    draft = read_release(source.encode(), file="communique.txt", timezone=PARIS)
    actual: dict[str, object] = {
        "headline": draft.headline,
        "place": draft.dateline_place,
        "date": draft.dateline_date,
        "kind": draft.kind,
        "lang": draft.lang,
        "standfirst": draft.standfirst,
        "body": draft.body,
        "embargo": draft.embargo_until and draft.embargo_until.isoformat(),
        "signatory": (draft.signatory.name, draft.signatory.role, draft.signatory.sector),
        "contacts": [(one.name, one.role, one.email, one.phone, one.sector) for one in draft.contacts],
    }
    for name, value in expected.items():
        match name:
            case "boilerplate" | "remark":
                texts = draft.boilerplate if name == "boilerplate" else "\n".join(one.text for one in draft.remarks)
                assert str(value) in texts
            case "body_starts":
                assert draft.body.startswith(str(value))
            case "body_ends":
                assert draft.body.endswith(str(value))
            case _:
                assert actual[name] == value, draft


@pytest.mark.parametrize(
    "headline",
    [
        "La région ouvre une ligne de nuit entre Brest et Quimper dès le 12 décembre, et tous les jours de l’année.",
        "Titre : La ligne de nuit ouvre. Elle part de Brest.",
        "Le groupe J. Martin et Cie cède sa filiale au groupe P. Durand.",
    ],
)
def test_a_headline_may_end_with_a_full_stop(headline: str) -> None:
    draft = read_release(
        f"{headline}\n\nElle a eu lieu. Elle aura lieu encore.\n".encode(), file="release.txt", timezone=PARIS
    )
    assert draft.headline == headline.removeprefix("Titre : ")
