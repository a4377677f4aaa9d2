"""The fair order: everybody once, groups in their own order, and none of them in a heap."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch.recipients.fairness import interleave

People = list[tuple[int, str, str]]
PEOPLE = st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("xyz")), max_size=80).map(
    lambda pairs: [(number, domain, sector) for number, (domain, sector) in enumerate(pairs)]
)


def domain(one: tuple[int, str, str]) -> str:
    return one[1]


def sector(one: tuple[int, str, str]) -> str:
    return one[2]


@given(PEOPLE)
def test_everybody_is_there_once(people: People) -> None:
    assert Counter(interleave(people, domain, sector)) == Counter(people)


@given(PEOPLE)
def test_with_one_grouping_a_group_keeps_its_own_order(people: People) -> None:
    ordered = interleave(people, domain)
    for name in set(map(domain, people)):
        mine = [one for one in ordered if domain(one) == name]
        assert mine == sorted(mine)


@given(PEOPLE)
def test_at_no_moment_has_a_group_much_more_or_less_than_its_share(people: People) -> None:
    ordered = interleave(people, domain, sector)
    sizes = Counter(map(domain, people))
    so_far: Counter[str] = Counter()
    for place, one in enumerate(ordered, start=1):
        so_far[domain(one)] += 1
        for name, size in sizes.items():
            assert abs(so_far[name] - size * place / len(ordered)) <= len(sizes) + 1


def test_a_newsroom_of_forty_among_a_thousand_is_met_every_25th_time() -> None:
    people = [(number, "agence" if number < 40 else f"journal{number}", "x") for number in range(1000)]
    places = [place for place, one in enumerate(interleave(people, domain)) if domain(one) == "agence"]
    gaps = [later - earlier for earlier, later in pairwise(places)]
    assert len(places) == 40
    assert min(gaps) >= 20
    assert max(gaps) <= 30


def test_a_list_that_comes_newsroom_by_newsroom_leaves_no_heap() -> None:
    people = [(number, f"journal{number // 40}", "x") for number in range(400)]
    ordered = interleave(people, domain)
    for place in range(len(ordered) - 10):
        assert max(Counter(map(domain, ordered[place : place + 10])).values()) <= 2
