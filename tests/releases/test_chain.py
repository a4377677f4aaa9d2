"""The chain of corrections: what leads to a release, what stands today, and in which language."""

from __future__ import annotations

from distributor.releases.corrections import (
    Link,
    chain_to,
    first_in_language,
    head_of,
    last_in_language,
    next_after,
    whole_chain,
)

FR, EN, FR2, EN2, FR3, ALONE = 1, 2, 3, 4, 5, 6
LINKS = {
    one.id: one
    for one in (
        Link(FR, "halle", "release", None, None),
        Link(EN, "hall", "release", None, FR),
        Link(FR2, "halle-rectificatif", "correction", FR, None),
        Link(EN2, "hall-correction", "correction", EN, FR2),
        Link(FR3, "halle-rectificatif-2", "correction", FR2, None),
        Link(ALONE, "gare", "release", None, None),
    )
}


def slugs(steps: list[list[Link]]) -> list[list[str]]:
    return [[one.slug for one in step] for step in steps]


def test_a_chain_has_a_step_for_each_text_with_its_translations() -> None:
    whole = [["halle", "hall"], ["halle-rectificatif", "hall-correction"], ["halle-rectificatif-2"]]
    assert slugs(chain_to(LINKS, FR3)) == whole
    assert slugs(chain_to(LINKS, EN2)) == whole[:2]
    assert all(slugs(whole_chain(LINKS, number)) == whole for number in (FR, EN, FR2, EN2, FR3))
    assert slugs(whole_chain(LINKS, ALONE)) == [["gare"]]


def test_what_stands_today_and_what_it_began_with() -> None:
    assert [head_of(LINKS, number).id for number in (FR, EN, FR2, FR3, ALONE)] == [FR3, FR3, FR3, FR3, ALONE]
    assert [last_in_language(LINKS, number).id for number in (FR, EN, EN2)] == [FR3, EN2, EN2]
    assert [first_in_language(LINKS, number).id for number in (FR3, EN2)] == [FR, EN]
    assert next_after(LINKS, FR3) is None


def test_who_corrects_a_translation_alone_corrects_nothing_else() -> None:
    links = {number: LINKS[number] for number in (FR, EN)} | {EN2: Link(EN2, "hall-correction", "correction", EN, None)}
    assert slugs(chain_to(links, EN2)) == [["hall"], ["hall-correction"]]
    assert slugs(whole_chain(links, EN2)) == [["halle", "hall"], ["hall-correction"]]
    assert next_after(links, FR) is None
