"""What comes back to a workspace, put together: where it is read, what takes it in, what hands answers on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from sqlmodel import Session, col

from distributor import clock
from distributor.dispatch.pacing import PacingBook
from distributor.errors import BadInput
from distributor.feedback.apply import Intake
from distributor.feedback.effects import Hand
from distributor.feedback.forwarding import MAX_FORWARDED, Forwarding
from distributor.feedback.imap import ImapAccount, fetch_imap, follow_imap
from distributor.feedback.letter import MAX_BYTES
from distributor.feedback.mailbox import fetch_maildir
from distributor.models import Account
from distributor.settings import PREFIX, Login, Security
from distributor.transport.account import is_loopback
from distributor.transport.presets import provider_of
from distributor.wiring import Workspace, actor

if TYPE_CHECKING:
    from distributor.transport.oauth.keeping import KeptTokens


@dataclass(frozen=True)
class Incoming:
    """What comes back to one workspace."""

    workspace: Workspace

    def intake(self) -> Intake:
        """What takes in the messages that come back."""
        settings = self.workspace.settings
        sender = settings.bounce_address or (settings.mail_from.address if settings.mail_from else None)
        return Intake(
            self.workspace.database,
            self.workspace.keyring,
            actor=actor(),
            bounce_address=sender.spec if sender else "",
            pause_domain=self._block_domain,
            forwards=settings.forward_replies_to is not None,
        )

    def forwarding(self) -> Forwarding | None:
        """What hands journalists' answers on to the press office, or None where that is not wanted.

        `BadInput` for an address that leads back here: what is handed on would come in again.
        """
        settings, to = self.workspace.settings, self.workspace.settings.forward_replies_to
        if to is None:
            return None
        if settings.mail_from is None:
            raise BadInput(
                "No sender is set for what is handed on.",
                field=f"{PREFIX}MAIL_FROM",
                mend="Set it to the press office's name and address.",
            )
        if to.key in {settings.bounce_address.key if settings.bounce_address else "", settings.feedback_imap_username}:
            raise BadInput(
                f"{to} is the mailbox that answers are read from: what is handed on would come in again.",
                field=f"{PREFIX}FORWARD_REPLIES_TO",
                mend="Name the mailbox that the press office reads.",
            )
        return Forwarding(
            self.workspace.database,
            lambda: self.workspace.own_way().transport,
            to=to,
            sent_by=(settings.mail_from.name, settings.mail_from.address.spec),
            envelope_sender=(settings.bounce_address or settings.mail_from.address).spec,
            language=settings.language,
        )

    def hand(self, session: Session, source: str) -> Hand:
        """What a person's word on an event may use, in the session's transaction."""
        return Hand(session, self.workspace.keyring, actor(), source, clock.now())

    def fetch(self, take: Callable[[bytes, str], object]) -> None:
        """Hand what lies in the mailbox and in the Maildir of the settings to `take`.

        Raises `BadInput` where neither is set.
        """
        account, maildir = self._where_it_lies()
        if maildir:
            fetch_maildir(maildir, take)
        if account:
            fetch_imap(account, take)

    def follow(
        self, take: Callable[[bytes, str], object], stop: threading.Event, caught_up: Callable[[], object]
    ) -> None:
        """As `fetch`, and then for one round of the settings' minutes whatever the mailbox says has come.

        A server that cannot say, and a Maildir, are looked at once a round. `caught_up` is called when nothing is left.
        """
        account, maildir = self._where_it_lies()
        seconds = self.workspace.settings.feedback_minutes * 60
        until = clock.monotonic() + seconds
        if maildir:
            fetch_maildir(maildir, take)
            caught_up()
        if account:
            follow_imap(account, take, seconds, stop, caught_up)
        stop.wait(max(0.0, until - clock.monotonic()))

    def require_mailbox(self) -> None:
        """Raise `BadInput` where no mailbox is set for what comes back."""
        self._where_it_lies()

    def _where_it_lies(self) -> tuple[ImapAccount | None, Path | None]:
        account, maildir = self._imap_account(), self.workspace.settings.feedback_maildir
        if account is None and maildir is None:
            raise BadInput(
                "No mailbox is set for what comes back.",
                field=f"{PREFIX}FEEDBACK_IMAP_HOST",
                mend=f"Set it, or {PREFIX}FEEDBACK_MAILDIR, in .env; or name files: distributor feedback read FILE",
            )
        return account, maildir

    def _imap_account(self) -> ImapAccount | None:
        """The mailbox for what comes back, or None without one. Plain is for a server on this machine."""
        settings = self.workspace.settings
        if not settings.feedback_imap_host:
            return None
        if settings.feedback_imap_security is Security.PLAIN and not is_loopback(settings.feedback_imap_host):
            raise BadInput(
                "A password would cross the network in clear.",
                field=f"{PREFIX}FEEDBACK_IMAP_SECURITY",
                mend="Write tls or starttls; plain is for a server on this machine.",
            )
        return ImapAccount(
            host=settings.feedback_imap_host,
            port=settings.feedback_imap_port,
            security=settings.feedback_imap_security.value,
            username=settings.feedback_imap_username,
            password=settings.feedback_imap_password.reveal(),
            tokens=self._mailbox_tokens(),
            folder=settings.feedback_imap_folder,
            done_folder=settings.feedback_imap_done_folder,
            is_token=settings.feedback_imap_login is Login.XOAUTH2,
            ca_file=settings.smtp_ca_file,
            largest=MAX_FORWARDED if settings.forward_replies_to else MAX_BYTES,
        )

    def _mailbox_tokens(self) -> KeptTokens | None:
        settings = self.workspace.settings
        if settings.feedback_imap_login is not Login.XOAUTH2 or settings.feedback_imap_password:
            return None
        from distributor.transport.oauth.keeping import OF_MAILBOX, tokens_of  # noqa: PLC0415 - few offices log in so

        lender = self.workspace.for_account(settings.feedback_imap_account)
        if lender.settings.oauth_key_file is None:
            return lender.tokens()
        # A service account's token is for the one whose mail it is.
        of_mailbox = replace(lender.settings, smtp_username=settings.feedback_imap_username)
        return tokens_of(of_mailbox, lender.account_name, OF_MAILBOX)

    def _block_domain(self, connection: Connection, domain: str, why: str, now: datetime) -> None:
        """Send nothing to a domain's provider for a while, with any account."""
        for account_id in connection.execute(select(col(Account.id))).scalars():
            assert account_id is not None
            PacingBook(self.workspace.database, account_id, "feedback").block(connection, provider_of(domain), why, now)
