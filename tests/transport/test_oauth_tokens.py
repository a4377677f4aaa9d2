"""Keeping tokens: asked for as seldom as can be, by one at a time, and nothing kept for one is shown for another."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import clock
from distributor.errors import AccountTrouble, CredentialsRefused
from distributor.transport.oauth.grants import AccessToken, Application, Invite, State
from distributor.transport.oauth.keeping import KeptTokens
from distributor.transport.oauth.microsoft import MicrosoftGrant

APPLICATION = Application(client_id="application-7", secret="very-secret-7", tenant="t", username="presse@a.example")


@dataclass
class Counting:
    """A provider that numbers its tokens."""

    provider: str = "Counting"
    needs_a_person: bool = False
    lasts: timedelta = timedelta(hours=1)
    given: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, state: State) -> AccessToken:
        assert self.lock.acquire(blocking=False), "two ask at once"
        try:
            self.given += 1
            state["renews"] = f"refresh-{self.given}"
            return AccessToken(f"token-{self.given}", clock.now() + self.lasts)
        finally:
            self.lock.release()

    def sign_in(self, state: State, _invite: Invite, _port: int) -> AccessToken:
        return self.ask(state)


def kept(folder: Path, grant: Counting, application: Application = APPLICATION) -> KeptTokens:
    return KeptTokens(grant, application, folder / ".oauth" / "a.tokens.json", "accounts login a")


def test_one_token_serves_every_process_until_it_is_about_to_end(tmp_path: Path) -> None:
    grant = Counting()
    assert {kept(tmp_path, grant).token() for _ in range(3)} == {"token-1"}
    ending = Counting(lasts=timedelta(minutes=4))
    assert [kept(tmp_path / "b", ending).token() for _ in range(2)] == ["token-1", "token-2"]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()


def test_whoever_hears_of_a_refusal_later_takes_the_token_that_is_there_by_then(tmp_path: Path) -> None:
    grant = Counting()
    workers = [kept(tmp_path, grant) for _ in range(8)]
    assert {worker.token() for worker in workers} == {"token-1"}
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda worker: worker.another("token-1"), workers)) == {"token-2"}
    assert grant.given == 2


def test_a_token_that_served_its_time_is_not_shown_again(tmp_path: Path) -> None:
    tokens = kept(tmp_path, Counting())
    tokens.distrust(tokens.token())
    assert tokens.token() == tokens.token() == "token-2"


def test_what_was_kept_for_another_application_or_user_is_not_shown(tmp_path: Path) -> None:
    grant = Counting()
    assert kept(tmp_path, grant).token() == "token-1"
    for other in (replace(APPLICATION, username="autre@a.example"), replace(APPLICATION, client_id="another")):
        assert kept(tmp_path, grant, other).token() == f"token-{grant.given}"
    assert grant.given == 3


def test_a_file_that_is_damaged_is_asked_anew(tmp_path: Path) -> None:
    grant = Counting()
    tokens = kept(tmp_path, grant)
    tokens.token()
    tokens.file.write_text("{", encoding="utf-8")
    assert tokens.token() == "token-2"


def test_a_pipe_in_the_place_of_the_tokens_holds_nobody_up(tmp_path: Path) -> None:
    """Whoever waited for it would hold the lock that every other command waits for."""
    file = tmp_path / ".oauth" / "a.tokens.json"
    file.parent.mkdir()
    os.mkfifo(file, 0o600)
    grant = Counting()
    assert [kept(tmp_path, grant).token() for _ in range(2)] == ["token-1", "token-1"]
    assert file.is_file()


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msal", None)
    tokens = KeptTokens(MicrosoftGrant(APPLICATION), APPLICATION, tmp_path / "a.tokens.json", "accounts login a")
    with pytest.raises(AccountTrouble) as raised:
        tokens.token()
    assert "distributor[oauth]" in raised.value.mend
    assert not isinstance(raised.value, CredentialsRefused), "it is not remembered as a refusal"


def test_no_secret_shows(tmp_path: Path) -> None:
    tokens = kept(tmp_path, Counting())
    token = tokens.token()
    shown = f"{tokens!r}{AccessToken(token, clock.now())!r}{APPLICATION!r}{tokens.fingerprint}"
    assert "very-secret-7" not in shown
    assert token not in shown
