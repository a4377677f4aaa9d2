"""What stands before every page: sizes, times, limits, headers, and a log with nobody in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from databases import LONG
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from visiting import FILE_HASH, Visited

from distributor.tokens import Purpose
from distributor.web.app import make_app
from distributor.web.limits import Limiter, visitor_of

HELENE = "helene@jour.example"
CLICK = {"List-Unsubscribe": "One-Click"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_every_answer_is_strict(visited: Visited) -> None:
    paths = ["/", "/verify", visited.link(HELENE), "/u/x", visited.release(), "/healthz", "/nowhere"]
    for path in paths:
        headers = visited.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
        assert "set-cookie" not in headers
    private = visited.client.get(visited.link(HELENE)).headers
    assert (private["cache-control"], private["x-robots-tag"]) == ("no-store", "noindex")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST", "NONSENSE"])
def test_other_methods_do_nothing(visited: Visited, method: str) -> None:
    paths = ["/verify", visited.release(), f"{visited.release()}/{FILE_HASH}", "/healthz"]
    if method != "POST":
        paths.append(visited.link(HELENE))
    for path in paths:
        assert visited.client.request(method, path).status_code == 405
    assert visited.objections() == set()


def test_a_large_body_is_not_read(visited: Visited) -> None:
    path = visited.link(HELENE)

    def unannounced() -> Iterator[bytes]:
        yield from [b"a=" + b"x" * 4096 + b"&"] * 5

    assert visited.client.post(path, content=b"x" * 20_000, headers=FORM).status_code == 413
    assert visited.client.post(path, content=unannounced(), headers=FORM).status_code == 413, "a size nobody announced"
    assert visited.client.post(path, content=b"", headers=FORM | {"Content-Length": "+1"}).status_code == 413
    assert visited.objections() == set()


def test_many_fields_or_a_long_one_are_not_understood(visited: Visited) -> None:
    for content in ("&".join(f"a{n}=1" for n in range(50)), "scope=" + "a" * 2000, "%zz=%ff&;;=&&", "\0\0"):
        assert visited.client.post(visited.link(HELENE), content=content, headers=FORM).status_code == 400
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    for content in ("--x\r\n", "--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--", "nothing"):
        assert visited.client.post(visited.link(HELENE), content=content, headers=broken).status_code == 400
    assert visited.objections() == set()


@settings(max_examples=20 * LONG, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), st.binary(max_size=200))
def test_whatever_is_asked_is_answered(visited: Visited, path: str, content: bytes) -> None:
    """No path, no body and no header brings about a defect."""
    visited.seconds.now += 100
    from urllib.parse import quote

    for method in ("GET", "POST"):
        for start in ("/", "/u/", "/r/", "/hooks/", f"{visited.release()}/", visited.link(HELENE)):
            answer = visited.client.request(
                method, start + quote(path, safe=""), content=content, headers=FORM | {"Accept-Language": quote(path)}
            )
            assert answer.status_code < 500
            visited.seconds.now += 2
    assert not any("defect" in line for line in visited.said)
    assert visited.objections() == set()


def test_who_tries_links_out_is_soon_refused_and_nobody_else(visited: Visited) -> None:
    answers = [visited.client.post(f"/u/{'a' * 28}", data=CLICK).status_code for _ in range(25)]
    assert answers == [404] * 20 + [429] * 5
    assert int(visited.client.get("/u/x").headers["retry-after"]) <= 2
    # A mailbox provider asks for many people from the same machine: a right link is answered all the same.
    assert visited.client.post(visited.link(HELENE), data=CLICK).status_code == 200
    assert visited.objections() == {(HELENE, "")}
    visited.seconds.now += 60
    assert visited.client.get("/u/x").status_code == 404


def test_one_link_cannot_keep_the_database_busy(visited: Visited) -> None:
    answers = {visited.client.post(visited.link(HELENE), data=CLICK).status_code for _ in range(60)}
    assert answers == {200}
    assert visited.client.post(visited.link(HELENE), data=CLICK).status_code == 429
    assert visited.client.post(visited.link("ward@wire.example"), data=CLICK).status_code == 200


def test_public_pages_have_a_limit_by_visitor(visited: Visited) -> None:
    assert [visited.client.get("/robots.txt").status_code for _ in range(121)] == [200] * 120 + [429]


def test_the_log_names_nobody(visited: Visited) -> None:
    visited.client.post(visited.link(HELENE), data=CLICK)
    visited.client.get(visited.release())
    visited.client.get("/verify", params={"hash": FILE_HASH})
    visited.client.get("/helene@jour.example")
    lines = " | ".join(visited.said)
    assert visited.said == ["POST /u 200 0 ms", "GET /r 200 0 ms", "GET /verify 200 0 ms", "GET / 404 0 ms"], lines


def test_a_defect_is_said_without_what_it_may_quote(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError(f"a row of {HELENE}")

    monkeypatch.setattr("distributor.web.objection.find_reader", broken)
    answer = visited.client.post(visited.link(HELENE), data=CLICK)
    assert answer.status_code == 500
    assert HELENE not in answer.text + " ".join(visited.said)
    assert any(line.startswith("defect: ValueError at test_guard.py:") for line in visited.said)
    assert "content-security-policy" in answer.headers


def test_a_full_disk_is_no_success(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not on the disk is not promised: whoever clicked is told, and the mail program may come back."""

    def full(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr("distributor.web.objection.object_to", full)
    answer = visited.client.post(visited.link(HELENE), data=CLICK)
    assert (answer.status_code, visited.objections()) == (503, set())
    assert any("disk" in line for line in visited.said)


def test_a_body_that_drips_is_given_up(visited: Visited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distributor.web.guard._BODY_S", 0.05)
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": visited.link(HELENE),
        "raw_path": b"",
        "query_string": b"",
        "root_path": "",
        "scheme": "https",
        "server": ("presse.halle.example", 443),
        "client": ("192.0.2.1", 5),
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
    }
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if not first:
            await asyncio.Event().wait()
        first = False
        return {"type": "http.request", "body": b"List-", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(make_app(visited.site)(scope, receive, send))
    assert sent[0]["status"] == 408
    assert visited.objections() == set()


def test_behind_a_path_of_the_public_address(visited: Visited) -> None:
    from dataclasses import replace

    from distributor.web.site import Site
    from distributor.wiring import Workspace

    changed = replace(visited.workspace.settings, public_url="https://halle.example/presse")
    site = Site(Workspace(visited.workspace.path, changed), visited.said.append, tell_time=visited.seconds)
    from starlette.testclient import TestClient

    client = TestClient(make_app(site))
    assert client.get(f"/presse{visited.link(HELENE)}").status_code == 200
    assert client.get(visited.link(HELENE)).status_code == 404
    listed = client.get("/presse/verify").text
    link = f"/presse/r/{site.keyring.token(Purpose.RELEASE, 1)}"
    assert f'href="{link}"' in listed
    assert f'href="{link}/{FILE_HASH}"' in client.get(link).text
    assert client.get("/healthz").status_code == client.get("/presse/healthz").status_code == 200
    assert visited.said[0] == "GET /u 200 0 ms"
    site.database.close()


def test_a_bucket_fills_with_time_and_the_absent_are_forgotten() -> None:
    now = [0.0]
    limiter = Limiter(burst=2, per_second=0.5, tell_time=lambda: now[0])
    assert [limiter.wait("a") for _ in range(4)] == [0, 0, 2, 2]
    assert limiter.wait("b") == 0
    now[0] = 2
    assert [limiter.wait("a") for _ in range(2)] == [0, 2]
    for number in range(30_000):
        limiter.wait(str(number))
    assert limiter.wait("a") == 0
    assert len(limiter._buckets) <= 20_001


@pytest.mark.parametrize(
    ("host", "visitor"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, ""),
        ("testclient", ""),
    ],
)
def test_a_visitor_is_an_address_or_a_household(host: str | None, visitor: str) -> None:
    assert visitor_of(host) == visitor
