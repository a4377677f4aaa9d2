"""A release on the web and «is this ours?»: open once it was sent and its embargo is over, and not a second before."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from databases import statements_made
from ledgerbase import START
from pictures import png
from sqlmodel import select
from visiting import FILE, FILE_HASH, Visited

from distributor.models import Attachment, Release, ReleaseVersion
from distributor.releases.kinds import ReleaseKind
from distributor.tokens import Keyring, Purpose

EMBARGO = START + timedelta(hours=2)
EMBARGOED = f"embargo: {EMBARGO.isoformat()}\n"


def newest_hash(visited: Visited) -> str:
    """The hash of the version imported last."""
    with visited.site.database.session(reads_only=True) as session:
        return session.exec(select(ReleaseVersion)).all()[-1].content_hash


def test_a_release_that_was_sent_is_there_with_its_file(visited: Visited) -> None:
    page = visited.client.get(visited.release())
    assert page.status_code == 200
    for words in ("Communiqué de presse", "L’hôpital rouvre", "<strong>rouvre</strong>", "Brest, le 2 mars 2026"):
        assert words in page.text
    assert 'class="right"' in page.text, "the policy lets no style attribute act"
    assert "style=" not in page.text
    assert f'href="{visited.release()}/{FILE_HASH}"' in page.text
    file = visited.client.get(f"{visited.release()}/{FILE_HASH}")
    assert file.content == FILE
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''plan.txt"
    assert "sandbox" in file.headers["content-security-policy"]
    assert file.headers["x-content-type-options"] == "nosniff"
    assert visited.client.head(f"{visited.release()}/{FILE_HASH}").content == b""


def test_the_list_of_what_is_out_asks_once_for_all_what_came_after_them(visited: Visited) -> None:
    def asked() -> int:
        with statements_made(visited.site.database) as statements:
            assert visited.client.get("/verify").status_code == 200
        return len(statements)

    of_one = asked()
    visited.send("standfirst: Encore\n", slug="encore")
    assert asked() == of_one > 0


@pytest.mark.parametrize("moment", [EMBARGO - timedelta(microseconds=1), EMBARGO])
def test_an_embargo_holds_to_the_second_on_every_page(visited: Visited, moment: object) -> None:
    number = visited.send(f"{EMBARGOED}standfirst: Un secret\n", slug="secret")
    visited.clock.moment = moment  # type: ignore[assignment]
    is_out = moment == EMBARGO
    digest = newest_hash(visited)
    never = visited.client.get(f"/r/{visited.site.keyring.token(Purpose.RELEASE, 99)}")
    for path in (visited.release(number), f"{visited.release(number)}/{FILE_HASH}"):
        answer = visited.client.get(path)
        assert (answer.status_code == 200) is is_out, path
        assert is_out or (answer.text, answer.headers) == (never.text, never.headers), "as if there were none"
    listed = visited.client.get("/verify").text
    assert (visited.release(number) in listed) is is_out
    assert (digest in listed) is is_out
    asked = visited.client.get("/verify", params={"hash": digest}).text
    unknown = visited.client.get("/verify", params={"hash": "0" * 64}).text
    assert ("Oui, c’est de nous" in asked) is is_out
    assert is_out or asked.replace(digest, "0" * 64) == unknown


def test_what_was_never_sent_to_a_journalist_is_not_out(visited: Visited) -> None:
    tested = visited.send("standfirst: Un essai\n", slug="essai", is_test=True)
    assert visited.client.get(visited.release(tested)).status_code == 404
    assert newest_hash(visited) not in visited.client.get("/verify").text


def test_a_newer_version_takes_its_place_once_it_is_sent(visited: Visited) -> None:
    first = newest_hash(visited)
    with visited.site.database.transaction() as connection:  # nobody waits for the older one
        connection.exec_driver_sql("UPDATE dispatch SET state = 'done'")
    visited.send(f"{EMBARGOED}standfirst: Deux étages\n")
    assert "Deux étages" not in visited.client.get(visited.release()).text
    assert visited.client.get(visited.release()).status_code == 200
    visited.clock.moment = EMBARGO
    assert "Deux étages" in visited.client.get(visited.release()).text
    listed = visited.client.get("/verify").text
    assert first in listed, "what was sent stays ours"
    assert newest_hash(visited) in listed


@pytest.mark.parametrize("spell", [str, str.upper, lambda text: f" {text[:32]} {text[32:]} "])
def test_a_hash_is_found_however_it_is_copied(visited: Visited, spell: object) -> None:
    for digest in (newest_hash(visited), FILE_HASH):
        page = visited.client.get("/verify", params={"hash": spell(digest)}).text  # type: ignore[operator]
        assert "Oui, c’est de nous" in page


@pytest.mark.parametrize("asked", ["abc", "<script>alert(1)</script>", "' OR 1=1 --", "é" * 64, "%00", "0" * 5000])
def test_what_is_no_hash_is_told_so_and_shown_as_text(visited: Visited, asked: str) -> None:
    answer = visited.client.get("/verify", params={"hash": asked})
    assert answer.status_code == 200
    assert "64 chiffres" in answer.text
    assert "<script" not in answer.text


def test_a_file_leads_nowhere_else(visited: Visited) -> None:
    """Only what stands in a row of this very version, under its hash, whatever else the path says."""
    outside = hashlib.sha256(b"other").hexdigest()
    for name in (outside, "plan.txt", "..%2f..%2f.env", "%2e%2e/.env", f"{FILE_HASH}%00", FILE_HASH.upper()):
        assert visited.client.get(f"{visited.release()}/{name}").status_code == 404, name
    forged = f"/r/{Keyring(b'another key').token(Purpose.RELEASE, 1)}"
    for path in (forged, f"{forged}/{FILE_HASH}", f"/r/{visited.site.keyring.token(Purpose.UNSUBSCRIBE, 1)}"):
        assert visited.client.get(path).status_code == 404


def test_a_copy_that_has_changed_is_not_served(visited: Visited) -> None:
    with visited.site.database.session(reads_only=True) as session:
        kept = session.exec(select(Attachment)).all()[0]
    (visited.workspace.path / kept.path).write_bytes(b"something else")
    assert visited.client.get(f"{visited.release()}/{FILE_HASH}").status_code == 404
    assert any("not served" in line for line in visited.said)


def test_a_release_that_cannot_be_shown_is_trouble_and_no_defect(visited: Visited) -> None:
    for file in (visited.workspace.path / "templates" / "press-release").glob("*"):
        file.unlink()
    answer = visited.client.get(visited.release())
    assert answer.status_code == 503
    assert "not answered" in " ".join(visited.said)


def test_pictures_come_from_this_very_site(visited: Visited) -> None:
    folder = visited.workspace.path / "releases"
    picture = png(40, 30)
    (folder / "carte.png").write_bytes(picture)
    number = visited.send("logo: carte.png\n", slug="carte", body='![La carte](carte.png "Carte : La Halle")\n')
    page = visited.client.get(visited.release(number)).text
    digest = hashlib.sha256(picture).hexdigest()
    assert page.count(f'src="{visited.release(number)}/{digest}"') == 2, "the picture and the logo"
    assert "cid:" not in page
    shown = visited.client.get(f"{visited.release(number)}/{digest}")
    assert (shown.content, shown.headers["content-type"]) == (picture, "image/png")
    assert shown.headers["content-disposition"] == "inline"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (ReleaseKind.CORRECTION, "a été corrigé le"),
        (ReleaseKind.REPLACEMENT, "a été annulé et remplacé le"),
        (ReleaseKind.RETRACTION, "a été retiré le"),
    ],
)
def test_a_wrong_text_says_what_stands_in_its_place(visited: Visited, kind: ReleaseKind, said: str) -> None:
    wrong = newest_hash(visited)
    number = visited.send(f"kind: {kind.value}\nstandfirst: Le texte juste\n", slug="juste")
    pages = [visited.release(), "/verify", f"/verify?hash={wrong}"]
    assert not any(said in visited.client.get(path).text for path in pages)
    with visited.site.database.session() as session:
        release = session.get(Release, number)
        assert release is not None
        release.corrects_id = 1
        session.add(release)
    for path in pages:
        page = visited.client.get(path).text
        assert said in page, path
        assert f'href="{visited.release(number)}"' in page, path
    assert said not in visited.client.get(visited.release(number)).text, "what stands in its place stands"
    with visited.site.database.transaction() as connection:  # while nobody's server has taken it, it is nowhere
        connection.exec_driver_sql("UPDATE delivery SET state = 'rejected' WHERE release_version_id = 2")
    assert said not in visited.client.get(visited.release()).text
