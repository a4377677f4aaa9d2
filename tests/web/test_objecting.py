"""The objection page and the one click: shown by GET, done by POST, once, for the person, and told to nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ledgerbase import is_left_alone
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from visiting import Visited

from distributor.models import Suppression
from distributor.tokens import Keyring, Purpose
from distributor.web import objection

HELENE, WARD = "helene@jour.example", "ward@wire.example"
CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_never_acts(visited: Visited, method: str) -> None:
    """What scanners and previews do to every link before the reader does."""
    for query in ("", "?List-Unsubscribe=One-Click", "?scope=all", "?lang=en"):
        answer = visited.client.request(method, visited.link(HELENE) + query)
        assert answer.status_code == 200
    assert visited.objections() == set()
    assert visited.feedback() == []


@pytest.mark.parametrize("encoding", ["urlencoded", "form-data"])
def test_one_click(visited: Visited, encoding: str) -> None:
    """RFC 8058 §3: POST, either encoding, no cookie, no redirect, 2xx; and once more, the same."""
    for _ in range(2):
        answer = (
            visited.client.post(visited.link(HELENE), data=CLICK, follow_redirects=False)
            if encoding == "urlencoded"
            else visited.client.post(
                visited.link(HELENE), files={"List-Unsubscribe": (None, "One-Click")}, follow_redirects=False
            )
        )
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
        assert visited.objections() == {(HELENE, "")}
    (event,) = visited.feedback()
    assert (event.kind, event.source, event.delivery_id) == ("objection", "one click", 1)


def test_the_page_shows_who_and_what_and_its_form_says_it(visited: Visited) -> None:
    page = visited.client.get(visited.link(HELENE)).text
    assert "h***@jour.example" in page
    assert HELENE not in page
    assert "La Halle &lt;b&gt;" in page, "what the settings say is text"
    assert '<html lang="fr">' in page
    assert "<script" not in page
    assert re.findall(r'name="scope" value="([^"]*)"', page) == ["all", "sector:sante"]
    assert re.search(r'<form method="post" action="\?lang=fr">', page)


def test_only_this_sector(visited: Visited) -> None:
    answer = visited.client.post(visited.link(HELENE), data={"scope": "sector:sante"})
    assert "Santé" in answer.text
    assert visited.objections() == {(HELENE, "sante")}
    assert "déjà noté pour le secteur" in visited.client.get(visited.link(HELENE)).text
    visited.client.post(visited.link(HELENE), data={"scope": "all"})
    assert visited.objections() == {(HELENE, "sante"), (HELENE, "")}
    assert "C’est déjà noté" in visited.client.get(visited.link(HELENE)).text
    assert [(one.reason, one.source) for one in visited.feedback()] == [("sante", "web page"), ("", "web page")]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"List-Unsubscribe": "Two-Clicks"},
        {"scope": "sector:culture"},
        {"scope": "sector:"},
        {"scope": ""},
        {"scope": "sector:sante' OR 1=1 --"},
        {"scope": "sector:" + "x" * 2000},
    ],
)
def test_what_is_not_understood_records_nothing_and_says_so(visited: Visited, form: dict[str, str]) -> None:
    answer = visited.client.post(visited.link(HELENE), data=form, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "Nothing was recorded" in answer.text
    assert visited.objections() == set()


def test_a_file_is_no_form(visited: Visited) -> None:
    answer = visited.client.post(visited.link(HELENE), files={"List-Unsubscribe": ("a.txt", b"One-Click")})
    assert answer.status_code == 400
    assert visited.objections() == set()


def test_the_language_is_the_readers_then_the_browsers(visited: Visited) -> None:
    def language(path: str, accept: str = "") -> str:
        return visited.client.get(path, headers={"Accept-Language": accept}).headers["content-language"]

    assert language(visited.link(HELENE), "en-GB,en;q=0.9") == "fr"
    assert language(visited.link(WARD), "fr-FR") == "en"
    assert language(visited.link(WARD) + "?lang=fr") == "fr"
    nobody = f"/u/{visited.site.keyring.token(Purpose.UNSUBSCRIBE, 0)}"
    assert language(nobody, "de, en;q=0.4, fr;q=0.8") == "fr"
    assert language(nobody, "de, en-US;q=0.4") == "en"
    assert language(nobody, ";;;q=x, en;q=0") == "fr"


def test_the_link_of_a_test_message_records_nothing(visited: Visited) -> None:
    path = f"/u/{visited.site.keyring.token(Purpose.UNSUBSCRIBE, 0)}"
    assert "message d’essai" in visited.client.get(path).text
    assert "message d’essai" in visited.client.post(path, data=CLICK).text
    assert visited.objections() == set()


def test_what_is_no_link_of_ours_is_nothing(visited: Visited) -> None:
    keyring = visited.site.keyring
    good = visited.link(HELENE)
    bad = [
        "/u/",
        "/u/x",
        good[:-1],
        f"{good}a",
        f"/u/{keyring.token(Purpose.BOUNCE, 1)}",
        f"/u/{Keyring(b'another key').token(Purpose.UNSUBSCRIBE, 1)}",
        f"/u/{keyring.token(Purpose.UNSUBSCRIBE, 99)}",
        f"/u/..%2f{good[3:]}",
        "/u/%00",
        "/u/é" * 3,
    ]
    pages = {visited.client.get(path).text for path in bad[3:7]}
    assert len(pages) == 1, "one answer, whatever the reason"
    for path in bad:
        assert visited.client.post(path, data=CLICK).status_code == 404, path
    assert visited.objections() == set()


def test_a_person_objects_with_every_address(visited: Visited) -> None:
    """Since the message left, she has got another address: it is hers who said no."""
    with visited.site.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE contact SET address = 'h@autre.example', address_key = 'h@autre.example' WHERE address = ?",
            (HELENE,),
        )
    visited.client.post(visited.link(HELENE), data=CLICK)
    with visited.site.database.session() as session:
        for spec in (HELENE, "h@autre.example"):
            assert is_left_alone(session, spec, keyring=visited.site.keyring), spec


def test_who_was_erased_is_told_that_it_is_done(visited: Visited) -> None:
    path = visited.link(HELENE)
    with visited.site.database.transaction() as connection:
        connection.exec_driver_sql(
            "UPDATE delivery SET address = '#1', address_key = '#1' WHERE address = ?", (HELENE,)
        )
    assert "C’est déjà noté" in visited.client.get(path).text
    assert visited.client.post(path, data=CLICK).status_code == 200
    assert visited.objections() == set()


def test_under_another_key_nothing_is_promised(visited: Visited) -> None:
    """An objection under a key that does not fit would be honoured by nobody."""
    with visited.site.database.session() as session:
        other = Keyring(b"another key")
        session.add(Suppression(address_hash=other.address_hash(WARD), key_id=other.key_id, scope="", reason="said no"))
    answer = visited.client.post(visited.link(HELENE), data=CLICK)
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "Rien n’a pu être enregistré" in answer.text
    assert visited.client.get("/readyz").status_code == 503
    assert visited.client.get("/healthz").status_code == 200


def test_two_clicks_at_once_are_one_objection(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database lets one through; the other, which saw nothing of it when it began, is answered alike."""
    real, calls = objection.object_to, []

    def first_too_late(session: Session, *arguments: Any, **named: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, UniqueViolation("duplicate key value"))
        real(session, *arguments, **named)

    monkeypatch.setattr(objection, "object_to", first_too_late)
    assert visited.client.post(visited.link(HELENE), data=CLICK).status_code == 200
    assert visited.objections() == {(HELENE, "")}


def test_both_languages_have_the_same_words(visited: Visited) -> None:
    french, english = (visited.site.pages.words(one) for one in ("fr", "en"))
    assert list(french) == list(english)
    assert [
        word for word in french if re.findall(r"\{\w+\}", french[word]) != re.findall(r"\{\w+\}", english[word])
    ] == []
