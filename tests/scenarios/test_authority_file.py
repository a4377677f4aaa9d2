"""The file of the certificate authority is none: every connection that needs it says so in one sentence, and ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from authority import Authority
from mailboxserver import Mailbox, mailbox_server
from office import Office, finish, one_sentence
from smtpserver import Script, running
from tokenprovider import token_provider


def missing(_file: Path) -> None:
    """There is none."""


FAULTS: dict[str, Callable[[Path], object]] = {
    "missing": missing,
    "folder": Path.mkdir,
    "pipe that nobody writes to": os.mkfifo,
    "device": lambda file: file.symlink_to("/dev/zero"),
    "empty": Path.touch,
    "text": lambda file: file.write_text("Voici le certificat\n"),
}


OTHER_WAYS = ("mail server, STARTTLS", "mailbox", "Microsoft", "Google")
# One function reads it: there each fault, and from every other way there is one that ends and one that would not.
CASES = [("mail server", fault) for fault in FAULTS]
CASES += [(way, fault) for way in OTHER_WAYS for fault in ("missing", "pipe that nobody writes to")]


@pytest.mark.parametrize(("way", "fault"), CASES)
def test_it_is_named_in_one_sentence(office: Office, authority: Authority, way: str, fault: str) -> None:
    file = office.path / "authority.pem"
    FAULTS[fault](file)
    login = {"smtp_login": "xoauth2", "smtp_username": "presse@soignants-littoral.example", "oauth_client_id": "app-7"}
    with ExitStack() as stack:
        port, command, settings = 9, ("accounts", "check"), dict[str, str]()
        if way.startswith("mail server"):
            secured = {"starttls": True} if way.endswith("STARTTLS") else {"implicit_tls": True}
            script = Script(certificate=str(authority.certificate), key=str(authority.key), **secured)
            port = stack.enter_context(running(script)).port
            settings = {"smtp_security": "starttls" if way.endswith("STARTTLS") else "tls"}
        elif way == "mailbox":
            box = Mailbox("presse", [], password="Geheim-Pw-123")
            stack.enter_context(mailbox_server(authority, box))
            command = ("feedback", "fetch")
            settings = {"feedback_imap_host": "127.0.0.1", "feedback_imap_port": str(box.port)}
            settings |= {"feedback_imap_username": box.user, "feedback_imap_password": "Geheim-Pw-123"}
        else:
            provider = stack.enter_context(token_provider(authority))
            command = ("accounts", "login")
            settings = login | {"smtp_security": "tls", "oauth_provider": way.lower(), "oauth_authority": provider.url}
            settings |= {"oauth_tenant": "soignants"} if way == "Microsoft" else {"oauth_client_secret": "secret-7"}
        ran = finish(office.at(port, smtp_ca_file="authority.pem", **settings).start(*command), 4, seconds=20)
    said = one_sentence(ran)
    assert "certificate authority" in said
    assert str(file) in said
    assert "SMTP_CA_FILE" in said.upper()
