"""`docs/release-day.md` is true: its commands, typed one after the other while the days pass, do what it says."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from movingclock import MovingClock
from office import Office, communique, until
from smtpserver import running
from test_embargoed import MORNING, asleep, stop, working

PAGE = Path(__file__).parents[2] / "docs" / "release-day.md"
DESK, LOCAL = "desk@agence.example", ("nolwenn@sud.example", "yann@lune.example")


def steps(language: int) -> dict[int, list[list[str]]]:
    """The commands of each numbered step, of the French walk (0) or the English one (1)."""
    block = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[language]
    found: dict[int, list[list[str]]] = {}
    for line in block.splitlines():
        if heading := re.match(r"# (\d+)\. ", line):
            found[int(heading[1])] = []
        elif line.startswith("distributor "):
            found[max(found)].append(shlex.split(line)[1:])
    return found


@pytest.fixture
def ready(office: Office, moving_clock: MovingClock) -> Office:
    """The day before: two lists, and a release under embargo until six in the evening of the next day."""
    moving_clock.set(MORNING)
    house = office.by(moving_clock)
    for name, people in {"agences": (DESK,), "regionaux": LOCAL}.items():
        rows = "".join(f"Jeanne;{one.partition('@')[0].title()};{one}\n" for one in people)
        (office.path / f"{name}.csv").write_text(f"Prénom;Nom;E-mail\n{rows}", encoding="utf-8")
        house.run("contacts", "import", str(office.path / f"{name}.csv"), "--list", name)
    evening = (MORNING + timedelta(days=1)).replace(hour=18)
    text = f"---\ntitle: Le ferry revient\nembargo: {evening.isoformat()}\n---\n{communique()}"
    (office.path / "ferry.md").write_text(text, encoding="utf-8")
    house.run("releases", "import", str(office.path / "ferry.md"), "--slug", "ferry")
    for name in ("ferry-corrige.md", "ferry-corrected.md"):  # named as one types it, in the folder one is in
        mended = text.replace("depuis quatorze mois", "depuis dix-sept mois")
        (office.path.parent / name).write_text(mended, encoding="utf-8")
    return house


@pytest.mark.parametrize("language", [0, 1], ids=["fr", "en"])
def test_the_page_is_true(ready: Office, moving_clock: MovingClock, language: int) -> None:
    day = steps(language)
    assert list(day) == list(range(1, 11))

    def typed(number: int, *, code: int = 0) -> str:
        asks = [[*one, "--yes"] if one[0] == "send" and "--dry-run" not in one else one for one in day[number]]
        return "".join(sending.run(*one, code=code).out for one in asks)

    with running() as server:
        sending = ready.at(server.port, sign_offs="1")
        for number in range(1, 6):
            typed(number)
        assert day[6] == [["work"]]
        process = working(sending, moving_clock)
        moving_clock.set((MORNING + timedelta(days=1)).replace(hour=16))
        until(lambda: len(server.accepted) == 1, "the agency has it", process=process)
        asleep(process, moving_clock)
        assert server.accepted[0].recipient == DESK
        assert "its embargo is over" in typed(7)
        moving_clock.set((MORNING + timedelta(days=1)).replace(hour=18))
        until(lambda: len(server.accepted) == 3, "everybody has it", process=process)
        asleep(process, moving_clock)
        stop(process)
        moving_clock.move(hours=1)
        assert "Next: distributor send ferry-rectificatif\n" in typed(8)
        assert Counter(one.recipient for one in server.accepted) == Counter(dict.fromkeys((DESK, *LOCAL), 2))
        assert "«ferry-rectificatif» corrects «ferry»" in typed(9)
        moving_clock.move(hours=16)
        assert "Next: distributor send ferry-rectificatif-relance\n" in typed(10)
        reminded = Counter(one.recipient for one in server.accepted[6:])
        assert reminded == Counter(LOCAL), "nobody at a desk is reminded"
