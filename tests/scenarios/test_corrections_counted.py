"""Who has which text of a chain of corrections: everybody counted once, who is in doubt, merged or erased too."""

from __future__ import annotations

from typing import Any

from office import BUREAU, SHORT_LIST, SLUG, Office
from smtpserver import Fault, Script, running
from test_corrections_sent import CORRECTION, RIGHT, corrected, write


def counted(office: Office) -> dict[str, dict[str, Any]]:
    chain = office.json("report", SLUG)["chain"]
    texts = {
        "+".join(text["release"].removeprefix(SLUG) or "first" for text in one["texts"]): one
        for one in chain["who_has"]
    }
    return texts | {"all": {"in_doubt": chain["in_doubt"], "waiting": chain["waiting"]}}


def test_a_correction_of_a_correction_counts_everybody_once(office: Office) -> None:
    doubtful, refused, erased, merged = SHORT_LIST[2], SHORT_LIST[4], SHORT_LIST[8], SHORT_LIST[5]
    script = Script(
        faults=(
            Fault("body", "accept_then_drop", recipient=doubtful.spec, nth=(2,)),
            Fault("rcpt", reply="451 4.3.0 Later", recipient=refused.spec, nth=(2,)),
        )
    )
    with running(script) as server:
        own = office.at(server.port)
        own.send(SLUG, BUREAU)
        own.run("contacts", "merge", SHORT_LIST[1].address, merged.address, "--yes")
        own.run("releases", "correct", SLUG, corrected(own))
        own.run("send", CORRECTION, "--yes", code=5)
        own.run("contacts", "forget", erased.address, "--yes")
        people = len(SHORT_LIST) - 1
        found = counted(own)
        assert found["first+-rectificatif"]["recipients"] == people - 2
        assert found["first"] == {
            "texts": [{"release": SLUG, "version": 1}],
            "recipients": 2,
            "in_doubt": 1,
            "waiting": 1,
        }
        assert len(found) == 3
        assert found["all"] == {"in_doubt": 1, "waiting": 1}
        said = own.run("report", SLUG).out
        assert (
            f"      2 have «{SLUG}» version 1 only; of whom 1 may have another: in doubt, 1 still to be sent to.\n"
            in said
        )
        assert "may have one of them" not in said
        own.run("report", SLUG, "--html", str(own.path / "page.html"))
        page = (own.path / "page.html").read_text(encoding="utf-8")
        assert f"{SLUG}, version 1 (dont 1 incertain, 1 en attente)</th>" in page
        again = (own.path / "corrige.txt").read_text(encoding="utf-8").replace(RIGHT, "depuis dix-neuf mois")
        own.run("releases", "correct", CORRECTION, write(own, "encore.txt", again))
        own.run("send", f"{CORRECTION}-2", "--yes", code=5)
        found = counted(own)
        assert sum(one["recipients"] for one in found.values() if "texts" in one) == people
        assert found["first+-rectificatif"]["recipients"] == 1, "who was erased gets no second correction"
