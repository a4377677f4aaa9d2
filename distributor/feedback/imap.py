"""The mailbox on an IMAP server where what came back lies: read once, marked or moved, whatever the server says."""

from __future__ import annotations

import contextlib
import imaplib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from distributor import clock
from distributor.errors import AccountTrouble, CredentialsRefused, ServerUnavailable
from distributor.feedback.letter import MAX_BYTES
from distributor.transport.secrecy import told_at_login, without_secrets
from distributor.transport.trust import trusting

if TYPE_CHECKING:
    from distributor.feedback.imap_client import BoundedMailBox

DONE_KEYWORD = "Distributor"
"""The keyword that marks a message as taken in, where it is not moved."""

_LONGEST_IDLE_S = 29 * 60  # servers log off who says nothing for half an hour (RFC 2177)
_IDLE_SLICE_S = 1.0
_PASSING = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]|too many|unavailable|temporar", re.IGNORECASE)
"""What a login is refused with that may do in a while: the codes of RFC 5530, and words of Gmail, Exchange, Dovecot."""
_NOT_OURS = re.compile(r"^(?:command: \w+ => |\w+ command error: (?:NO|BAD) )+")
_BYTES = re.compile(r"""\[?\bb(['"])(.*)\1\]?""")
_UID = re.compile(rb"\bUID 0*(\d+)")
_IS_UID = re.compile(r"[1-9][0-9]{0,9}")


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


def _heard(box: BoundedMailBox, until: float, stop: threading.Event) -> bool:
    """Whether the server says that something changed, before `until` or `stop`."""
    with box.idle as idle:
        while clock.monotonic() < until and not stop.is_set():
            box.client.renew()
            if box.client.has_heard or idle.poll(timeout=_IDLE_SLICE_S):
                return True
    return False


@contextmanager
def _opened(account: ImapAccount) -> Iterator[BoundedMailBox]:
    from imap_tools import errors as imap_errors  # noqa: PLC0415 - only who has a mailbox needs it

    shown: list[str] = []
    try:
        box = _logged_in(account, shown)
        try:
            box.folder.set(account.folder)
            yield box
        except BaseException:
            box.client.shutdown()
            raise
        # A goodbye that is not answered is still a goodbye.
        with contextlib.suppress(OSError, imaplib.IMAP4.error, imap_errors.ImapToolsError):
            box.logout()
    except imap_errors.MailboxFolderSelectError as error:
        raise AccountTrouble(
            f"The mailbox does not open its folder «{account.folder}» ({_words(error, shown)}).",
            mend="Check DISTRIBUTOR_FEEDBACK_IMAP_FOLDER.",
        ) from None
    except imaplib.IMAP4.readonly:
        raise AccountTrouble(
            f"The mailbox's folder «{account.folder}» can only be read, and what was taken in has to be marked there.",
            mend="Have it opened for writing, or name another one: DISTRIBUTOR_FEEDBACK_IMAP_FOLDER.",
        ) from None
    except (TimeoutError, OSError, imaplib.IMAP4.error, imap_errors.ImapToolsError) as error:
        raise _unreadable(account, _words(error, shown)) from None


def _unreadable(account: ImapAccount, why: str) -> ServerUnavailable:
    return ServerUnavailable(
        f"The mailbox at {account.host} cannot be read: {why}.", mend="What is left is fetched the next time."
    )


def _take_all(box: BoundedMailBox, account: ImapAccount, take: Callable[[bytes, str], object]) -> int:
    """Hand over what was not taken in; what the server does not give holds up nothing else, and is said at the end."""
    if account.done_folder and not box.folder.exists(account.done_folder):
        box.folder.create(account.done_folder)
    criteria = "ALL" if account.done_folder else f"UNKEYWORD {DONE_KEYWORD}"
    count = refused = 0
    for uid in box.uids(criteria):
        if not _IS_UID.fullmatch(uid):  # a range, for one, would have all of it marked
            continue
        status, data = box.client.uid("fetch", uid, f"(BODY.PEEK[]<0.{account.largest}>)")
        if status != "OK":
            refused += 1
            continue
        raw = _message(data, uid)
        if not raw:  # somebody else took it away meanwhile
            continue
        take(raw, f"imap:{account.folder}/{uid}")
        if account.done_folder:
            box.move(uid, account.done_folder)
        else:
            box.flag(uid, DONE_KEYWORD, True)
        count += 1
    if refused:
        raise _unreadable(account, f"it does not give {refused} of its messages")
    return count


def _message(data: list[object], uid: str) -> bytes | None:
    """The bytes of the message of that number in what a server answered to a fetch: of others it may speak as well."""
    for one, after in zip(data, [*data[1:], b""], strict=True):
        if isinstance(one, tuple) and len(one) > 1:
            named = _UID.search(one[0]) or (_UID.search(after) if isinstance(after, bytes) else None)
            if named is None or named[1] == uid.encode():
                return bytes(one[1])
    return None


def _logged_in(account: ImapAccount, shown: list[str]) -> BoundedMailBox:
    """A mailbox that lets us in; a token that it refuses is renewed, once. Raises `CredentialsRefused`.

    What the server is shown is added to `shown`: it may repeat it.
    """
    if account.tokens is None:
        return _log_in(account, account.password, shown)
    token = account.tokens.token()
    try:
        return _log_in(account, token, shown)
    except CredentialsRefused:
        return _log_in(account, account.tokens.another(token), shown)


def _log_in(account: ImapAccount, secret: str, shown: list[str]) -> BoundedMailBox:
    from imap_tools import errors as imap_errors  # noqa: PLC0415

    from distributor.feedback.imap_client import BoundedMailBox, LetInTooSoon  # noqa: PLC0415

    context = trusting(account.ca_file) if account.security != "plain" else None
    try:
        box = BoundedMailBox(account.host, account.port, account.security, context, account.largest)
    except LetInTooSoon:
        raise AccountTrouble(
            f"The mailbox at {account.host} lets us in before the connection is protected (PREAUTH): it was not read.",
            mend="Set DISTRIBUTOR_FEEDBACK_IMAP_SECURITY to tls, or ask who runs it.",
        ) from None
    if box.is_let_in:
        return box
    shown += told_at_login(account.username, secret)
    try:
        if account.is_token:
            return box.xoauth2(account.username, secret, None)
        in_ascii = (account.username + secret).isascii()  # LOGIN takes nothing else
        return (box.login if in_ascii else box.login_utf8)(account.username, secret, None)
    except BaseException as error:
        box.client.shutdown()  # a failed login leaves the connection open
        # imaplib's own error is what becomes of a token that is refused; one that says more is of the connection.
        is_refused = isinstance(error, imap_errors.MailboxLoginError) or type(error) is imaplib.IMAP4.error
        if is_refused and not _PASSING.search(str(error)):
            raise _refusal(account, _words(error, shown)) from None
        raise


def _refusal(account: ImapAccount, said: str) -> CredentialsRefused:
    what = "access token" if account.is_token else "user name or the password"
    mend = ", and that the application may read this mailbox." if account.is_token else " and _PASSWORD."
    return CredentialsRefused(
        f"The mailbox refuses the {what} ({said}).", mend=f"Check DISTRIBUTOR_FEEDBACK_IMAP_USERNAME{mend}"
    )


def _words(error: BaseException, shown: list[str]) -> str:
    """What the server said, or what became of the connection; without Python around it, nor what it was shown."""
    from imap_tools.errors import UnexpectedCommandStatusError  # noqa: PLC0415

    if isinstance(error, UnexpectedCommandStatusError):
        said = b" ".join(one for one in error.command_result[1] if isinstance(one, bytes)).decode("utf-8", "replace")
    elif str(error).endswith("socket error: EOF"):
        said = "it hung up"
    elif "unexpected response: " in str(error):  # a piece of somebody's message may stand there
        said = "what it answers is no IMAP"
    else:
        said = _BYTES.sub(r"\2", _NOT_OURS.sub("", str(error)))
    said = "".join(char if char.isprintable() else " " for char in without_secrets(said, shown))
    return " ".join(said.split())[:200].rstrip(".") or "it does not say why"
