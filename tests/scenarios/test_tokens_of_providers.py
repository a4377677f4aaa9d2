"""Accounts that log in by token (OAuth2), by the real command: renewed once, then one sentence, and nobody pays."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import stat
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import urlopen

import pytest
from authority import Authority
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from mailboxserver import Mailbox, mailbox_server
from office import BUREAU, SHORT_LIST, SLUG, Office, one_sentence
from smtpserver import Fault, Script, ScriptedServer, running
from tokenprovider import TokenProvider, token_provider

from distributor.cli.feedback.showing import FeedbackRounds
from distributor.wiring import open_workspace

USER = "presse@soignants-littoral.example"


@pytest.fixture
def provider(authority: Authority) -> Iterator[TokenProvider]:
    with token_provider(authority) as one:
        yield one


@contextmanager
def mail_server(authority: Authority, provider: TokenProvider, *, challenges: bool = False) -> Iterator[ScriptedServer]:
    """A server that takes nothing but tokens of the provider."""
    script = Script(
        certificate=str(authority.certificate),
        key=str(authority.key),
        implicit_tls=True,
        users={USER: ""},
        auth=("LOGIN", "XOAUTH2"),
        challenges=challenges,
    )
    with running(script) as server:
        server.valid_tokens = provider.valid
        yield server


def by_token(office: Office, server: ScriptedServer, authority: Authority, **settings: str) -> Office:
    """The office, logging in by a token of whoever `settings` name."""
    return office.over_tls(server.port, authority, USER, smtp_login="xoauth2", **settings)


def by_microsoft(office: Office, server: ScriptedServer, provider: TokenProvider, authority: Authority) -> Office:
    """The office, logging in by a token that a person signed in for."""
    return by_token(
        office,
        server,
        authority,
        oauth_provider="microsoft",
        oauth_client_id="application-7",
        oauth_authority=provider.url,
        oauth_tenant="soignants",
    )


def as_application(sending: Office) -> Office:
    """The same, the application asking for itself."""
    return Office(sending.path, sending.settings | {"DISTRIBUTOR_OAUTH_CLIENT_SECRET": "very-secret-7"}, [])


def untouched(sending: Office) -> bool:
    rows = sending.query("SELECT state, attempts, refusals, expires_at, next_attempt_at FROM delivery")
    return Counter(rows) == {("queued", 0, 0, None, None): len(SHORT_LIST)}


def test_a_person_signs_in_once_and_a_token_that_ends_is_renewed(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        sending = by_microsoft(office, server, provider, authority)
        assert "distributor accounts login default" in one_sentence(sending.run("accounts", "check", code=4))
        ran = sending.run("accounts", "login")
        assert "https://login.example/device" in ran.out
        assert "KERLANN7" in ran.out
        assert "for claire@soignants-littoral.example" in ran.out
        assert f"takes us as {USER}, by a token of Microsoft" in sending.run("accounts", "check").out
        kept = sending.path / ".oauth" / "default.tokens.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
        assert sending.send(SLUG, BUREAU).code == 0
        assert len(server.accepted) == len(SHORT_LIST)
        assert server.failed_logins == 0
        assert server.violations == []
        assert provider.grants == ["device_code"], "one token served them all"
        kept.chmod(0o644)
        assert "chmod 600" in one_sentence(sending.run("accounts", "check", code=4))


def test_tokens_revoked_in_the_middle_are_renewed_and_burn_nobodys_attempt(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        sending = as_application(by_microsoft(office, server, provider, authority))

        def end_tokens() -> None:
            if len(server.accepted) in {3, 8}:
                provider.revoke()

        server.on_accepted = end_tokens
        ran = sending.at(server.port, smtp_connections="1").send(SLUG, BUREAU)
        assert ran.code == 0
        assert len(server.accepted) == len({one.recipient for one in server.accepted}) == len(SHORT_LIST)
        assert provider.grants == ["client_credentials"] * 3
        assert sending.query("SELECT DISTINCT refusals FROM delivery") == [(0,)]
        assert sending.states() == {"accepted": len(SHORT_LIST)}
        assert server.violations == []


@pytest.mark.parametrize("challenges", [False, True], ids=["as Microsoft", "as Google"])
def test_a_token_that_the_server_refuses_is_renewed_once_then_the_dispatch_pauses(
    office: Office, authority: Authority, provider: TokenProvider, challenges: bool
) -> None:
    with mail_server(authority, provider, challenges=challenges) as server:
        server.valid_tokens = set()
        sending = as_application(by_microsoft(office, server, provider, authority))
        ran = sending.send(SLUG, BUREAU, code=4)
        said = one_sentence(ran)
        assert f"refuses the access token of {USER}: 535 5.7.3 Authentication unsuccessful" in said
        assert "very-secret-7" not in ran.text
        assert "token-" not in ran.text
        assert server.failed_logins == 2, "the token, and the one that took its place"
        assert provider.grants == ["client_credentials"] * 2
        assert untouched(sending)
        assert sending.dispatch_state() == "paused"
        assert "--try-again" in one_sentence(sending.run("dispatches", "resume", "1", code=4))
        assert server.failed_logins == 2, "nothing is offered again"
        assert len(provider.asked) == 2
        assert server.violations == []
        server.valid_tokens = provider.valid
        sending.run("accounts", "check", "--try-again")
        assert sending.run("dispatches", "resume", "1").code == 0
        assert len(server.accepted) == len(SHORT_LIST)


@pytest.mark.parametrize("error", ["invalid_grant", "temporarily_unavailable"])
def test_a_provider_that_gives_none_pauses_and_a_no_is_not_asked_for_again(
    office: Office, authority: Authority, provider: TokenProvider, error: str
) -> None:
    with mail_server(authority, provider) as server:
        sending = as_application(by_microsoft(office, server, provider, authority))
        provider.refuses_with = error
        said = one_sentence(sending.send(SLUG, BUREAU, code=4))
        assert "Microsoft gives no token" in said
        assert "AADSTS7000" in said
        asked = len(provider.asked)
        assert asked == 1
        sending.run("dispatches", "resume", "1", code=4)
        assert len(provider.asked) - asked == (0 if error == "invalid_grant" else 1)
        assert server.connections == 0
        assert untouched(sending)
        provider.refuses_with = ""
        sending.run("accounts", "check", "--try-again")
        sending.run("dispatches", "resume", "1")
        assert len(server.accepted) == len(SHORT_LIST)


def service_account(folder: Path, provider: TokenProvider) -> str:
    """The key file of a service account whose tokens the provider gives; its name in the workspace."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    values = {
        "type": "service_account",
        "client_email": "envoi@projet.example",
        "private_key": key.decode(),
        "private_key_id": "k",
        "token_uri": f"{provider.url}/token",
    }
    (folder / ".oauth").mkdir(mode=0o700, exist_ok=True)
    file = folder / ".oauth" / "google-key.json"
    file.write_text(json.dumps(values), encoding="utf-8")
    file.chmod(0o600)
    return ".oauth/google-key.json"


def by_service_account(office: Office, server: ScriptedServer, provider: TokenProvider, authority: Authority) -> Office:
    """The office, logging in by a token that a service account of Google asks for."""
    return by_token(
        office, server, authority, oauth_provider="google", oauth_key_file=service_account(office.path, provider)
    )


def test_google_gives_tokens_to_a_service_account(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider, challenges=True) as server:
        sending = by_service_account(office, server, provider, authority).at(server.port, smtp_connections="1")
        server.on_accepted = lambda: provider.revoke() if len(server.accepted) == 4 else None
        assert sending.send(SLUG, BUREAU).code == 0
        assert provider.grants == ["jwt-bearer"] * 2
        assert len(server.accepted) == len(SHORT_LIST)
        assert "nobody has to sign in" in one_sentence(sending.run("accounts", "login", code=2))
        provider.refuses_with = "unauthorized_client"
        provider.revoke()
        assert "Google gives no token" in one_sentence(sending.run("accounts", "check", code=4))


def test_without_what_tokens_want_it_is_said(office: Office) -> None:
    lacking = office.at(9, smtp_login="xoauth2", smtp_username=USER)
    assert "DISTRIBUTOR_OAUTH_PROVIDER" in one_sentence(lacking.run("accounts", "check", code=2))
    without_application = lacking.at(9, oauth_provider="microsoft")
    assert "DISTRIBUTOR_OAUTH_CLIENT_ID" in one_sentence(without_application.run("accounts", "check", code=2))
    without_directory = as_application(without_application.at(9, oauth_client_id="a"))
    assert "DISTRIBUTOR_OAUTH_TENANT" in one_sentence(without_directory.run("accounts", "check", code=2))


class OneRound(threading.Event):
    """Stops whoever follows it as soon as they would wait for the next round."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - as that of an event
        self.set()
        return True


ANSWER = (
    b"From: Anne Kerbrat <anne@radio-lisiere.example>\r\nTo: retours@soignants-littoral.example\r\nSubject: Bonjour\r\n"
    b"Message-ID: <1@radio-lisiere.example>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0100\r\n\r\nMerci.\r\n"
)


@pytest.mark.parametrize("challenges", [False, True], ids=["as Microsoft", "as Google"])
def test_the_mailbox_for_what_comes_back_is_read_with_the_same_tokens(
    office: Office,
    authority: Authority,
    provider: TokenProvider,
    challenges: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = "retours@soignants-littoral.example"
    box = Mailbox(user, [ANSWER], provider.valid, challenges)
    with mailbox_server(authority, box), mail_server(authority, provider) as server:
        reading = by_microsoft(office, server, provider, authority).at(
            server.port,
            feedback_imap_host="127.0.0.1",
            feedback_imap_port=str(box.port),
            feedback_imap_username=user,
            feedback_imap_login="xoauth2",
        )
        assert "accounts login default" in one_sentence(reading.run("feedback", "fetch", code=4))
        reading.run("accounts", "login")
        assert "IMAP.AccessAsUser.All" in provider.scope
        provider.revoke()
        reading.run("feedback", "fetch")
        assert box.done == {1}
        assert box.refused == 1
        assert provider.grants == ["device_code", "refresh_token"]
        box.valid_tokens = set()
        assert "refuses the access token" in one_sentence(reading.run("feedback", "fetch", code=4))
        assert box.refused == 3, "the token, and the one that took its place"
        for name, value in reading.at(server.port, feedback_minutes="0.0000001").settings.items():
            monkeypatch.setenv(name, value)
        workspace = open_workspace(reading.path)
        rounds = FeedbackRounds(workspace)
        for _ in range(3):
            rounds.follow(OneRound())
        workspace.database.close()
        assert box.refused == 5, "a worker is refused once, and leaves it alone"


def test_google_gives_a_token_for_the_mailbox_of_another_user(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    user = "retours@soignants-littoral.example"
    with mailbox_server(authority, Mailbox(user, [ANSWER], provider.valid)) as box:
        reading = office.at(9)
        key = service_account(office.path, provider)
        reading.run("accounts", "add", "espace", "--preset", "workspace", "--login", "xoauth2", "--username", USER,
                    "--set", f"oauth_key_file={key}", "--set", f"smtp_ca_file={authority.ca_file}")  # fmt: skip
        reading = reading.at(
            9,
            smtp_ca_file=str(authority.ca_file),
            feedback_imap_host="127.0.0.1",
            feedback_imap_port=str(box.port),
            feedback_imap_username=user,
            feedback_imap_login="xoauth2",
            feedback_imap_account="espace",
        )
        reading.run("feedback", "fetch")
        assert box.done == {1}
        claims = provider.asked[0]["assertion"].split(".")[1]
        assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"] == user


def test_a_person_agrees_in_a_browser_at_google(office: Office, authority: Authority, provider: TokenProvider) -> None:
    with mail_server(authority, provider, challenges=True) as server:
        sending = by_token(
            office,
            server,
            authority,
            oauth_provider="google",
            oauth_client_id="desktop-7",
            oauth_client_secret="very-secret-7",
            oauth_authority=provider.url,
        )
        assert "accounts login default" in one_sentence(sending.run("accounts", "check", code=4))
        with sending.on_a_terminal("accounts", "login") as terminal:
            terminal.read_until("Ctrl-C ends")
            url = re.search(rf"{provider.url}/auth\?\S+", terminal.shown)
            assert url is not None, terminal.shown
            asked = {name: values[0] for name, values in parse_qs(urlsplit(url[0]).query).items()}
            assert asked["login_hint"] == USER
            assert asked["scope"] == "https://mail.google.com/"
            assert "code_challenge" in asked
            back = f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'code': 'agreed'})}"
            with urlopen(back) as page:
                assert b"Done" in page.read()
            terminal.read_until("Google gives us tokens")
            assert terminal.process.wait(20) == 0
        assert "very-secret-7" not in terminal.shown
        provider.revoke()
        assert sending.send(SLUG, BUREAU).code == 0
        assert provider.grants == ["authorization_code", "refresh_token"]
        assert len(server.accepted) == len(SHORT_LIST)


def test_a_token_is_renewed_before_it_ends(office: Office, authority: Authority, provider: TokenProvider) -> None:
    with mail_server(authority, provider) as server:
        sending = as_application(by_microsoft(office, server, provider, authority))
        provider.lifetime = 299
        for _ in range(2):
            sending.run("accounts", "check")
        assert provider.given == 2, "less than five minutes are left of the first"
        provider.lifetime = 3600
        for _ in range(3):
            sending.run("accounts", "check")
        assert provider.given == 3
        assert server.failed_logins == 0


_PAGE = "<html><body>The proxy is tired</body></html>"
_ODD = (
    (200, _PAGE), (503, _PAGE), (429, _PAGE), (407, _PAGE), (404, _PAGE),
    (500, '{"error": "server_error"}'), (200, ""), (200, "[]"), (200, "null"), (200, "7"), (200, "[" * 100_000),
    *((200, json.dumps({"access_token": "token-x", "token_type": "Bearer", "expires_in": ends}))
      for ends in ("soon", [1], 10**20, float("nan"), float("inf"))),
    *((200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600}))
      for token in ("", None, 7, ["token-x"], "token-x\r\nMAIL FROM:<x@y.example>", "t\u00e9", "\ud800")),
)  # fmt: skip


@pytest.mark.parametrize("google", [False, True], ids=["Microsoft", "Google"])
def test_what_is_no_answer_of_a_provider_gives_no_token_and_is_no_refusal(
    office: Office, authority: Authority, provider: TokenProvider, google: bool
) -> None:
    with mail_server(authority, provider) as server:
        provider.valid.add("token-x")
        if google:
            sending = by_service_account(office, server, provider, authority)
        else:
            sending = as_application(by_microsoft(office, server, provider, authority))
        for odd in _ODD:
            provider.odd = [odd]
            ran = sending.run("accounts", "check", code=4)
            assert "gives no token now" in one_sentence(ran), odd
            assert "tired" not in ran.text
        assert server.connections == 0, "not even by an empty password"
        assert len(provider.asked) == len(_ODD)
        sending.run("accounts", "check")
        assert server.failed_logins == 0


def test_a_provider_that_repeats_what_it_was_told_gives_nothing_away(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        sending = by_microsoft(office, server, provider, authority)
        sending.run("accounts", "login")
        provider.revoke()
        provider.odd = [(400, '{"error": "invalid_grant", "error_description": "refresh-1 has been revoked"}')]
        assert "(hidden) has been revoked. Sign in" in one_sentence(sending.run("accounts", "check", code=4))
        sending = as_application(sending)
        provider.odd = [(401, '{"error": "invalid_client", "error_description": "very-secret-7 is no secret of ours"}')]
        assert "(hidden) is no secret of ours" in one_sentence(sending.run("accounts", "check", code=4))


def dumped(sending: Office) -> list[str]:
    with closing(sqlite3.connect(sending.path / "press.db")) as base:
        return list(base.iterdump())


def test_a_token_that_a_server_repeats_when_it_refuses_a_message_is_kept_nowhere(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        shown = base64.b64encode(f"user={USER}\1auth=Bearer token-1\1\1".encode()).decode()
        refusal = Fault("rcpt", reply=f"550 5.7.1 Not by {shown} alias token-1", nth=(3,))
        server.script = replace(server.script, faults=(refusal,))
        sending = as_application(by_microsoft(office, server, provider, authority))
        told = [
            sending.send(SLUG, BUREAU, code=5, more=["--verbose"]).text,
            sending.run("report", SLUG, "--json").text,
            *dumped(sending),
        ]
    assert "550 5.7.1 Not by (hidden) alias (hidden)" in told[0]
    for words in told:
        assert "token-1" not in words
        assert shown not in words


def test_a_provider_in_trouble_in_the_middle_is_waited_for(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        sending = as_application(by_microsoft(office, server, provider, authority)).at(
            server.port, smtp_connections="1"
        )

        def trouble() -> None:
            if len(server.accepted) == 3:
                provider.revoke()
                provider.odd = [(503, _PAGE), (200, _PAGE)]

        server.on_accepted = trouble
        assert sending.send(SLUG, BUREAU).code == 0
        assert sending.states() == {"accepted": len(SHORT_LIST)}
        assert len(server.accepted) == len(SHORT_LIST)
        assert provider.given == 2
        assert server.violations == []


def test_a_provider_that_cannot_be_reached_is_told_in_plain_words(
    office: Office, authority: Authority, provider: TokenProvider
) -> None:
    with mail_server(authority, provider) as server:
        away = as_application(by_microsoft(office, server, provider, authority)).at(
            server.port, oauth_authority="https://127.0.0.1:1"
        )
        assert "cannot be reached for a token: the connection fails." in one_sentence(
            away.run("accounts", "check", code=4)
        )
        unknown = by_microsoft(office, server, provider, authority).at(server.port, smtp_ca_file="")
        assert "certificate is not one that we trust" in one_sentence(
            as_application(unknown).run("accounts", "check", code=4)
        )
