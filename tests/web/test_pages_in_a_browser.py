"""The objection page in Chromium: on a telephone, in French, by keyboard, without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from paging import CHROMIUM, Page, browsing
from visiting import Visited

from distributor.web import server

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
HELENE = "helene@jour.example"


@contextmanager
def served(visited: Visited) -> Iterator[str]:
    """The site on a free port of this machine; its address."""
    listening = server.open_socket("127.0.0.1", 0)
    made = server.make_server(visited.site, proxy="127.0.0.1")
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        made.should_exit = True
        thread.join(20)


@pytest.fixture
def page() -> Iterator[Page]:
    """A telephone's browser, in French, without JavaScript."""
    with browsing() as found:
        found.set_up(390, 844, "fr-FR,fr;q=0.9")
        yield found


def tab_to(page: Page, wanted: str) -> list[str]:
    """Press Tab until the keyboard is there; return what it passed."""
    passed = []
    for _ in range(12):
        page.press("Tab")
        passed.append(page.focused())
        if passed[-1] == wanted:
            return passed
    raise AssertionError(f"{wanted} is not reached by keyboard: {passed}")


def test_objecting_to_one_sector_by_keyboard(visited: Visited, page: Page, tmp_path: Path) -> None:
    with served(visited) as address:
        page.open(address + visited.link(HELENE))
        told = page.nodes()
        assert ("heading", "Ne plus recevoir nos communiqués") in [(role, name) for role, name, _ in told]
        assert [name for role, name, _ in told if role == "group"] == ["Que ne voulez-vous plus recevoir ?"]
        radios = [(name, properties["checked"]) for role, name, properties in told if role == "radio"]
        assert radios == [
            ("Tous vos communiqués, quel qu’en soit le sujet", "true"),
            ("Seulement ceux du secteur «\N{NO-BREAK SPACE}Santé\N{NO-BREAK SPACE}»", "false"),
        ]
        assert page.width() <= 390, "nothing is cut off on a telephone"
        page.picture(tmp_path / "objection.png")
        tab_to(page, f"radio {radios[0][0]}")
        page.press("ArrowDown")
        assert page.focused() == f"radio {radios[1][0]}"
        tab_to(page, "button Confirmer")
        page.press("Enter")
        page.wait_for("Page.loadEventFired")
        assert ("heading", "C’est noté") in [(role, name) for role, name, _ in page.nodes()]
        assert visited.objections() == {(HELENE, "sante")}
        page.picture(tmp_path / "noted.png")
        tab_to(page, "link Ne plus rien recevoir du tout")
        page.press("Enter")
        page.wait_for("Page.loadEventFired")
        tab_to(page, "button Confirmer")
        page.press("Enter")
        page.wait_for("Page.loadEventFired")
        assert visited.objections() == {(HELENE, "sante"), (HELENE, "")}
    assert page.complaints == [], "the policy lets our own page be"


def test_every_page_fits_a_small_screen_and_its_own_policy(visited: Visited, page: Page, tmp_path: Path) -> None:
    page.set_up(320, 640, "en")
    with served(visited) as address:
        for path in ("/verify?hash=abc", visited.release(), visited.link(HELENE), visited.link("ward@wire.example")):
            page.open(address + path)
            assert page.width() <= 320, path
            page.picture(tmp_path / "page.png")
    assert page.complaints == []
