"""Where what came back lies: files, mbox, folders, Maildir, standard input, and a mailbox on an IMAP server."""

from __future__ import annotations

import imaplib
import mailbox
import os
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from distributor import clock
from distributor.errors import AccountTrouble, BadInput, CredentialsRefused, ServerUnavailable
from distributor.feedback.letter import MAX_BYTES

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

DONE_KEYWORD = "Distributor"
"""The keyword that marks a message as taken in, where it is not moved."""

_TIMEOUT_S = 60
_LONGEST_IDLE_S = 29 * 60  # servers log off who says nothing for half an hour (RFC 2177)
_IDLE_SLICE_S = 1.0
_SEVERAL = re.compile(rb"\n\n+From \S+ [^\n]*\d{4}[^\n]*\n")


class MailboxTokens(Protocol):
    """Where access tokens come from; both raise `AccountTrouble` when there is none to be had."""

    def token(self) -> str:
        """A token to log in with."""
        ...

    def another(self, refused: str) -> str:
        """Another token than the one that the server refused."""
        ...


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """A mailbox on an IMAP server. `done_folder` is where what was taken in is moved; "": it is marked.

    `security` is tls, starttls, or plain (this machine only). With `is_token` the login is by an OAuth2 access token:
    one of `tokens`, or without those the password. `largest` is how many bytes of a message are fetched.
    """

    host: str
    port: int
    security: str
    username: str
    password: str
    folder: str = "INBOX"
    done_folder: str = ""
    is_token: bool = False
    ca_file: Path | None = None
    tokens: MailboxTokens | None = None
    largest: int = MAX_BYTES


def read_files(paths: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Every message in files, folders, Maildirs and mbox files, each with its name; `BadInput` for what is none."""
    for path in files_of(paths):
        yield from read_file(path)


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those within the folders named."""
    for path in paths:
        if path.is_dir():
            yield from sorted(_files_of(path))
        else:
            yield path


def read_file(path: Path) -> Iterator[tuple[str, bytes]]:
    """The message in a file, or the messages of an mbox."""
    data = read_raw(path)
    if not (data.startswith(b"From ") and _SEVERAL.search(data)):
        yield str(path), data
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield f"{path}#{key}", box.get_bytes(key)
    finally:
        box.close()


def read_raw(path: Path) -> bytes:
    """A file's bytes, or `BadInput` that says why not."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"It cannot be read: {error.strerror}.", file=path, mend="Check the name.") from None


def _files_of(folder: Path) -> Iterator[Path]:
    if (folder / "new").is_dir() and (folder / "cur").is_dir():
        for name in ("new", "cur"):
            yield from (path for path in (folder / name).iterdir() if path.is_file())
        return
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def fetch_maildir(folder: Path, take: Callable[[bytes, str], object]) -> int:
    """Hand every new message of a Maildir to `take`, then move it to `cur`; return how many.

    A message that `take` fails on stays new. Killed between the two, it is handed over again, and known.
    """
    new, current = folder / "new", folder / "cur"
    if not (new.is_dir() and current.is_dir()):
        raise BadInput(f"{folder} is no Maildir (it has no new and cur).", field="DISTRIBUTOR_FEEDBACK_MAILDIR")
    count = 0
    for path in sorted(one for one in new.iterdir() if one.is_file()):
        take(path.read_bytes(), f"maildir:{path.name}")
        os.replace(path, current / f"{path.name.partition(':')[0]}:2,S")
        count += 1
    return count


def fetch_imap(account: ImapAccount, take: Callable[[bytes, str], object]) -> int:
    """Hand every message of the folder that was not taken in yet to `take`, then move or mark it; return how many.

    The message is fetched without being marked as read. Raises `CredentialsRefused`, or `ServerUnavailable` when the
    server cannot be reached: nothing is lost, the rest is fetched the next time.
    """
    with _opened(account) as box:
        return _take_all(box, account, take)


def follow_imap(
    account: ImapAccount,
    take: Callable[[bytes, str], object],
    seconds: float,
    stop: threading.Event,
    caught_up: Callable[[], object],
) -> None:
    """As `fetch_imap`, and for `seconds` more whatever comes, as soon as it comes (IDLE, RFC 2177), until `stop`.

    `caught_up` is called each time that nothing is left. Returns at once from a server that cannot tell.
    """
    until = clock.monotonic() + min(seconds, _LONGEST_IDLE_S)
    with _opened(account) as box:
        while True:
            # What comes while we fetch is told to the fetching, not to the waiting: look until there is nothing.
            while _take_all(box, account, take):
                pass
            caught_up()
            if "IDLE" not in box.client.capabilities or not _heard(box, until, stop):
                return


def _heard(box: BaseMailBox, until: float, stop: threading.Event) -> bool:
    """Whether the server says that something changed, before `until` or `stop`."""
    with box.idle as idle:
        while clock.monotonic() < until and not stop.is_set():
            if idle.poll(timeout=_IDLE_SLICE_S):
                return True
    return False


@contextmanager
def _opened(account: ImapAccount) -> Iterator[BaseMailBox]:
    from imap_tools import errors as imap_errors  # noqa: PLC0415 - only who has a mailbox needs it

    try:
        with _logged_in(account) as box:
            yield box
    except imap_errors.MailboxFolderSelectError:
        raise AccountTrouble(
            f"The mailbox has no folder «{account.folder}».", mend="Check DISTRIBUTOR_FEEDBACK_IMAP_FOLDER."
        ) from None
    except (TimeoutError, OSError, imaplib.IMAP4.error, imap_errors.ImapToolsError) as error:
        raise ServerUnavailable(
            f"The mailbox at {account.host} cannot be read: {_words(error)}.",
            mend="What is left is fetched the next time.",
        ) from None


def _take_all(box: BaseMailBox, account: ImapAccount, take: Callable[[bytes, str], object]) -> int:
    if account.done_folder and not box.folder.exists(account.done_folder):
        box.folder.create(account.done_folder)
    criteria = "ALL" if account.done_folder else f"UNKEYWORD {DONE_KEYWORD}"
    count = 0
    for uid in box.uids(criteria):
        raw = _raw(box, uid, account.largest)
        if raw is None:  # somebody else took it away meanwhile
            continue
        take(raw, f"imap:{account.folder}/{uid}")
        if account.done_folder:
            box.move(uid, account.done_folder)
        else:
            box.flag(uid, DONE_KEYWORD, True)
        count += 1
    return count


def _raw(box: BaseMailBox, uid: str, largest: int) -> bytes | None:
    """A message's bytes, as many as are read of one; not marked as read."""
    status, data = box.client.uid("fetch", uid, f"(BODY.PEEK[]<0.{largest}>)")
    if status != "OK":
        return None
    return next((bytes(one[1]) for one in data if isinstance(one, tuple) and len(one) > 1), None)


def _logged_in(account: ImapAccount) -> BaseMailBox:
    """A mailbox that is open; a token that it refuses is renewed, once. Raises `CredentialsRefused`."""
    if account.tokens is None:
        return _log_in(account, account.password)
    token = account.tokens.token()
    try:
        return _log_in(account, token)
    except CredentialsRefused:
        return _log_in(account, account.tokens.another(token))


def _log_in(account: ImapAccount, secret: str) -> BaseMailBox:
    from imap_tools import MailBox, MailBoxStartTls, MailBoxUnencrypted  # noqa: PLC0415
    from imap_tools import errors as imap_errors  # noqa: PLC0415

    context = ssl.create_default_context(cafile=str(account.ca_file) if account.ca_file else None)
    box: BaseMailBox
    if account.security == "plain":
        box = MailBoxUnencrypted(account.host, account.port, timeout=_TIMEOUT_S)
    elif account.security == "starttls":
        box = MailBoxStartTls(account.host, account.port, timeout=_TIMEOUT_S, ssl_context=context)
    else:
        box = MailBox(account.host, account.port, timeout=_TIMEOUT_S, ssl_context=context)
    try:
        log_in = box.xoauth2 if account.is_token else box.login
        return log_in(account.username, secret, account.folder)
    except BaseException as error:
        box.client.shutdown()  # a failed login leaves the connection open
        # imaplib's own error is what becomes of a token that is refused; one that says more is of the connection.
        if isinstance(error, imap_errors.MailboxLoginError) or type(error) is imaplib.IMAP4.error:
            raise _refusal(account, error) from None
        raise


def _refusal(account: ImapAccount, error: Exception) -> CredentialsRefused:
    what = "access token" if account.is_token else "user name or the password"
    mend = ", and that the application may read this mailbox." if account.is_token else " and _PASSWORD."
    return CredentialsRefused(
        f"The mailbox refuses the {what} ({_words(error)}).", mend=f"Check DISTRIBUTOR_FEEDBACK_IMAP_USERNAME{mend}"
    )


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
