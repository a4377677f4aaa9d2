"""The catalogue of rules: each in two languages, documented, and bounded whatever the text."""

from __future__ import annotations

import re
import string
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.releases.draft import ReleaseDraft
from distributor.releases.proof import RULES, ProofSubject, proof
from distributor.releases.proof.rule import Said
from releases.proof.subjects import NOON, PARIS, found, subject

COMMANDS = Path(__file__).parents[3] / "docs" / "commands.md"


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_codes_are_one_to_a_rule() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_the_same_in_both_languages(rule: object) -> None:
    said: list[Said] = [getattr(rule, name) for name in ("message", "mend", "why")]
    for sentence in said:
        assert bool(sentence.en) == bool(sentence.fr)
        assert fields(sentence.en) == fields(sentence.fr) or sentence.en == "Add the {part}."
    assert said[0].en
    assert said[2].en


def test_every_rule_is_documented_with_its_levels() -> None:
    section = COMMANDS.read_text(encoding="utf-8").partition("### The proof's rules")[2].partition("\n### ")[0]
    documented = {
        code: set(re.findall(r"\w+", levels))
        for codes, levels in re.findall(r"^\| (`.*?) \| ([\w; ]+) \|", section, re.MULTILINE)
        for code in re.findall(r"`([\w-]+)`", codes)
    }
    assert documented == {rule.code: {rule.level.value, *rule.also} for rule in RULES}


def test_findings_are_told_in_french() -> None:
    (finding,) = proof(subject("La question de de la nuit reste ouverte."), "fr")
    assert finding.message == "Un mot est écrit deux fois : «de de»."
    assert (finding.mend, finding.code) == ("Retirez-en un.", "repeated-word")
    (weekday,) = proof(subject("Rendez-vous le lundi 3 avril 2026 au port."), "fr")
    assert weekday.message == "Le 3 avril 2026 est un vendredi, pas le jour écrit."


def test_an_unknown_language_is_english() -> None:
    assert [one.message for one in proof(subject("De de."), "de")] == [found("De de.")["repeated-word"].message]


def test_a_thousand_of_one_kind_are_cut_short() -> None:
    source = "XX\n" * 1000
    findings = proof(ProofSubject(ReleaseDraft("Lac", source), source, NOON, PARIS))
    assert sum(one.code == "placeholder" for one in findings) == 50


ODD = st.text(
    st.one_of(
        st.sampled_from("<>«»“”\"'()[]{}!?.,;:@#*_~`|/\\-+=&%$€0123456789 \t\n\u00a0éÀœXxabhH"),
        st.characters(codec="utf-8"),
    ),
    max_size=300,
)
MARKS = (
    '[ ]( ) ![ https:// www. x.fr @ « » " {{ }} <!-- --> ~~ &quot ( \n \n\n XX 06 12_34 99_99_9999 160 '
    "le 12 mars 2026 lundi du au 18_h (Paris) embargo jusqu'au des vraiment pris par Jean Martin morts 30_février_2025"
)
WORDS = st.lists(st.sampled_from([f"{mark.replace('_', ' ')} " for mark in MARKS.split(" ")]), max_size=60).map("".join)


@settings(max_examples=75 * LONG)
@given(headline=ODD | WORDS, body=ODD | WORDS, lang=st.sampled_from(["fr", "en", "ar", ""]), embargo=st.booleans())
def test_no_rule_raises_whatever_the_text(headline: str, body: str, lang: str, embargo: bool) -> None:
    until = datetime(2026, 3, 12, 18, tzinfo=UTC) if embargo else None
    draft = ReleaseDraft(headline, body, lang, standfirst=body[:50], boilerplate=headline, embargo_until=until)
    for finding in proof(ProofSubject(draft, f"{headline}\n{body}", NOON, PARIS, organisation=headline)):
        assert finding.message


HARD: dict[str, Callable[[int], str]] = {
    "letters": lambda n: "a" * n,
    "brackets": lambda n: "[" * n,
    "links": lambda n: "[a](b) " * (n // 7),
    "half links": lambda n: "[a](" * (n // 4),
    "strikes": lambda n: "~~a " * (n // 4),
    "comments": lambda n: "<!-- " * (n // 5),
    "quotes": lambda n: "« " * (n // 2),
    "dates": lambda n: "1 mars 2026 " * (n // 12),
    "weekdays": lambda n: "lundi 3 avril 2026 au " * (n // 22),
    "figures": lambda n: "12 " * (n // 3),
    "numbers": lambda n: "160 morts " * (n // 10),
    "digits": lambda n: "0" * n,
    "names": lambda n: "Jean Martin " * (n // 12),
    "other names": lambda n: " ".join(f"Jean Mar{chr(97 + k % 26)}{chr(97 + k // 26 % 26)}lin" for k in range(n // 12)),
    "lines": lambda n: "XX de de des par\n" * (n // 17),
    "blanks": lambda n: " " * n,
    "at signs": lambda n: "a@" * (n // 2),
    "pairs": lambda n: "01 " * (n // 3),
    "hours": lambda n: "18 h (Paris) 17 h GMT\n" * (n // 22),
    "images": lambda n: "![](a.jpg)\n" * (n // 11),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_time_grows_no_faster_than_the_text(text: Callable[[int], str]) -> None:
    def seconds(size: int, enough: float = 0) -> float:
        """The best of two times; one is enough where it is no longer than that."""
        body = text(size)
        one = ProofSubject(ReleaseDraft("Lac", body), body, NOON, PARIS)
        best = 1e9
        for _ in range(2):
            start = time.process_time()
            proof(one)
            best = min(best, time.process_time() - start)
            if best < enough:
                break
        return best

    longest = 8 * seconds(8_000) + 0.02  # four times the text; the square of it would be sixteen
    assert seconds(32_000, longest) < longest
