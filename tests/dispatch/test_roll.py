"""Recipients on disk are the same, in the same order, as recipients in memory."""

from __future__ import annotations

import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import pytest
from databases import LONG
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.addresses import Address
from distributor.dispatch.recipients import roll as rolls
from distributor.dispatch.recipients.gathered import Gathered
from distributor.dispatch.recipients.manifest import digest_of
from distributor.dispatch.recipients.planned import PlannedRecipient
from distributor.dispatch.recipients.roll import Roll
from distributor.errors import StorageTrouble
from distributor.rendering.values import Recipient

WORDS = st.text(alphabet="aéB œ'\n-", max_size=6)
LOCALS = st.text(alphabet="abéZ.", min_size=1, max_size=3)


@st.composite
def everybody(draw: st.DrawFn) -> list[PlannedRecipient]:
    people = []
    for number in range(draw(st.integers(0, 40))):
        domain = draw(st.sampled_from(["soir.example", "jour.example", "radio.example"]))
        address = Address(draw(LOCALS), domain, domain)
        card = Recipient(
            address,
            name=draw(WORDS),
            outlet=draw(st.sampled_from(["", "Le Soir", "Le Jour"])),
            language=draw(st.sampled_from(["", "fr", "en"])),
            lists=tuple(draw(st.lists(WORDS, max_size=2))),
            fields=draw(st.dictionaries(WORDS, WORDS, max_size=2)),
            takes_attachments=draw(st.booleans()),
        )
        sector = draw(st.sampled_from(["", "culture", "économie"]))
        people.append(
            PlannedRecipient(number + 1, address, "f0", card, "daily", sector, sector, card.lists, draw(WORDS))
        )
    return people


@pytest.fixture(autouse=True)
def _written_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolls, "_WAITING", 3)


@settings(max_examples=20 * LONG)
@given(everybody(), st.integers(0, 12))
def test_on_disk_they_are_as_in_memory(people: list[PlannedRecipient], few: int) -> None:
    in_memory, on_disk = Roll(people), Roll(people, few=few)
    assert [on_disk.at(one.address.key) for one in people] == [in_memory.at(one.address.key) for one in people]
    assert list(on_disk) == list(in_memory) == people
    assert list(on_disk.in_fair_order()) == list(in_memory.in_fair_order())
    assert list(on_disk.in_fair_order()) == list(in_memory.in_fair_order()), "a second time too"
    assert digest_of(on_disk) == digest_of(in_memory)
    assert list(on_disk.contact_ids()) == list(in_memory.contact_ids()) == [one.contact_id for one in people]
    for what in ("sector", "outlet", "language"):
        assert list(on_disk.by(what).items()) == list(in_memory.by(what).items())
    assert on_disk.merged() == in_memory.merged() == [one for one in people if one.merged]
    half = len(people) // 2
    assert digest_of(Roll(people[:half], few=few), Roll(people[half:])) == digest_of(in_memory)
    assert on_disk == in_memory == people
    assert bool(on_disk) is bool(people)
    assert on_disk[1:7:2] == people[1:7:2]
    for place, one in enumerate(people):
        assert on_disk[place] == one
        assert on_disk[place - len(people)] == one
    assert on_disk.at("nobody@jour.example") is None
    with pytest.raises(IndexError):
        on_disk[len(people)]


@settings(max_examples=20 * LONG)
@given(everybody().filter(bool), st.integers(0, 12), st.data())
def test_what_is_put_in_place_of_another_is_found_there(
    people: list[PlannedRecipient], few: int, data: st.DataObject
) -> None:
    roll, known = Roll(few=few), list[PlannedRecipient]()
    for one in people:
        roll.enter(one)
        known.append(one)
        place = data.draw(st.integers(0, len(known) - 1))
        known[place] = replace(known[place], merged=f"{known[place].merged}, and {one.contact_id}")
        roll.put(place, known[place])
    assert roll == known
    assert roll.merged() == [one for one in known if one.merged]
    assert list(roll.in_fair_order()) == list(Roll(known).in_fair_order())


@given(st.lists(st.tuples(st.integers(0, 9), WORDS), max_size=40), st.integers(0, 12))
def test_what_is_gathered_on_disk_is_as_in_memory(said: Sequence[tuple[int, str]], few: int) -> None:
    in_memory: Gathered[str] = Gathered()
    on_disk: Gathered[str] = Gathered(few=few)
    for person, words in said:
        in_memory.add(person, words)
        on_disk.add(person, words)
    assert list(on_disk) == list(in_memory)
    met = list(dict.fromkeys(person for person, _ in said))
    assert list(in_memory) == [[words for person, words in said if person == one] for one in met]


def test_twice_as_many_people_take_no_more_than_twice_the_work() -> None:
    def work(people: int) -> int:
        gathered: Gathered[int] = Gathered(few=1)
        for person in (*range(people), *reversed(range(people))):
            gathered.add(person, person)
        assert gathered._spool is not None
        steps = count()
        gathered._spool.set_progress_handler(lambda: next(steps) < 0, 100)
        assert sum(1 for _ in gathered) == people
        return next(steps)

    assert work(2000) < 3 * work(1000)


def test_a_full_disk_is_one_sentence() -> None:
    address = Address("a", "soir.example", "soir.example")
    someone = PlannedRecipient(1, address, "f0", Recipient(address), "", "", "", ())
    roll = Roll([someone] * 10, few=2)
    assert roll._spool is not None
    roll._spool.execute("PRAGMA max_page_count = 1")

    def fill() -> None:
        for _ in range(100_000):
            roll.enter(someone)

    with pytest.raises(StorageTrouble, match="cannot take so many recipients"):
        fill()


@pytest.mark.parametrize(
    "read",
    [
        list,
        Roll.merged,
        lambda roll: roll.by("outlet"),
        lambda roll: list(roll.contact_ids()),
        lambda roll: list(roll.in_fair_order()),
        lambda roll: list(roll.lines()),
        lambda roll: [roll[place] for place in range(len(roll))],
    ],
)
def test_a_disk_that_is_full_by_the_time_of_reading_is_one_sentence(read: Callable[[Roll], object]) -> None:
    def numbered(number: int) -> PlannedRecipient:
        address = Address(f"a{number}", "soir.example", "soir.example")
        return PlannedRecipient(number, address, "f0" * 32, Recipient(address), "", "", "", ())

    roll = Roll(map(numbered, range(10)), few=2)
    assert roll._spool is not None
    roll._spool.execute("PRAGMA cache_size = 50")  # what is read then wants the room of what is still to be written
    for number in range(10, 1000):
        roll.enter(numbered(number))
    roll._write()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        with pytest.raises(StorageTrouble, match="so many recipients"):
            read(roll)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
