"""Sending over SMTP: one recipient a transaction, and for each exactly one outcome."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import NamedTuple

from aiosmtplib.errors import SMTPException, SMTPReadTimeoutError, SMTPServerDisconnected
from aiosmtplib.response import SMTPResponse

from distributor import clock
from distributor.lines import has_leading_dot, require_fit
from distributor.states import DeliveryState, Outcome, Phase, Verdict
from distributor.transport import dsn_options
from distributor.transport.account import SmtpAccount
from distributor.transport.base import Envelope, Following, nobody
from distributor.transport.conversation import Conversation, Group
from distributor.transport.grouping import Grouping, Sent, in_silence, not_kept
from distributor.transport.opening import Opened, open_connection, secrets_of
from distributor.transport.replies import classify, connection_fault, no_answer
from distributor.transport.secrecy import without_secrets

_RSET = b"RSET\r\n"
_PATH = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|[^"<>@ ]+)@[^<>@ ]+|""")
"""What may stand between the angle brackets of MAIL and RCPT; nothing at all is the null sender."""


class SmtpTransport:
    """The way to one submission server; every connection of an account comes from one of these.

    `tell` is told, in words for the log, when the server turns out not to keep the PIPELINING that it offers.
    """

    def __init__(self, account: SmtpAccount, tell: Callable[[str], None] = in_silence) -> None:
        self._account = account
        self._grouping = Grouping(tell)

    async def connect(self) -> SmtpConnection:
        """Open a connection; raise what `open_connection` raises."""
        return SmtpConnection(await open_connection(self._account), self._account, self._grouping)


class _Step(NamedTuple):
    """One command of a transaction, and how long its reply may take."""

    phase: Phase
    line: bytes
    seconds: float


class SmtpConnection:
    """One open connection; carries one message at a time, and closes itself at the first sign of disorder.

    Where the server takes commands in groups (RFC 2920), MAIL, RCPT and DATA of the next message leave right behind the
    final dot of the one before: a message then costs one round trip instead of four. Its body still waits for its own
    354 and its own `begin`. A server that offers this and does not keep it is sent one command at a time.
    """

    def __init__(self, opened: Opened, account: SmtpAccount, grouping: Grouping) -> None:
        self._opened = opened
        self._talk = Conversation(opened.wire)
        self._account = account
        self._grouping = grouping
        self._until = clock.monotonic() + account.max_age
        self._messages_left = account.messages_per_connection
        self._transaction_open = False
        self._announced: Envelope | None = None
        self._has_served = False
        self._steps: tuple[_Step, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether another message may be sent on it: it stands, is in step, not too old and not used too often.

        A message that was announced may always follow, as long as the connection stands.
        """
        if self._announced is not None:
            return self._talk.is_open
        return self._may_take_another and self._talk.in_step

    @property
    def _pipelines(self) -> bool:
        return "pipelining" in self._opened.extensions and not self._grouping.is_given_up

    @property
    def _may_take_another(self) -> bool:
        return self._messages_left > 0 and clock.monotonic() < self._until

    async def deliver(
        self, envelope: Envelope, begin: Callable[[], Awaitable[None]], following: Following = nobody
    ) -> Outcome:
        """Hand over one message; see `transport.base.Connection.deliver`.

        Raises `ValueError` before anything is sent for a message or an address that must never be on a wire: a defect
        of whoever composed it. When cancelled, the connection is dropped at once and `CancelledError` goes up: if
        `begin` was called by then, the delivery says `sending`, and recovery makes that *in doubt*.
        """
        started = clock.monotonic()
        self._messages_left -= 1
        try:
            outcome = await self._attempt(envelope, begin, following)
        except BaseException:
            # A reply may still come for the command that was cut short: the next one would take it for its own.
            self._talk.abort()
            raise
        outcome = self._weighed(outcome)
        if outcome.verdict in {Verdict.CONNECTION, Verdict.NO_ANSWER} or outcome.code == 421:
            self._talk.abort()  # 421 says that the server hangs up, whatever else it says (RFC 5321 §3.8)
        return outcome.met(
            self._opened.server, self._opened.tls, duration_ms=round((clock.monotonic() - started) * 1000)
        )

    def _weighed(self, outcome: Outcome) -> Outcome:
        """An outcome without what is no word about its recipient, and without what is nobody's to read."""
        if outcome.verdict is Verdict.ACCEPTED:
            self._has_served = True
            return outcome
        if outcome.verdict is Verdict.CREDENTIALS:
            outcome = self._without_its_token(outcome)
        elif self._has_served and outcome.verdict is Verdict.CONNECTION and outcome.phase is Phase.MAIL:
            # It took its share and left, as many do without a 421: whom it has not taken the next connection takes.
            # Each such end was earned by a message, so there are no more of them than messages.
            outcome = replace(outcome, state=DeliveryState.QUEUED)
        if self._account.username:  # who refuses may repeat the log-in, and these words are kept, and shown to others
            secrets = secrets_of(self._account, self._opened.token)
            outcome = replace(outcome, reply=without_secrets(outcome.reply, secrets))
        return outcome

    def _without_its_token(self, outcome: Outcome) -> Outcome:
        """A refusal of the login in the middle of a session whose token had served: it ended, and another one may do.

        One that never served is refused for good: every renewal has to be earned by a message.
        """
        if self._account.tokens is None or not self._has_served:
            return outcome
        self._account.tokens.distrust(self._opened.token)
        return replace(outcome, state=DeliveryState.QUEUED, verdict=Verdict.CONNECTION)

    async def close(self) -> None:
        """Say QUIT where the connection is in step, and close it; never raises, except when cancelled."""
        seconds = self._account.timeouts.quit
        try:
            if self._talk.in_step:
                self._talk.send(b"QUIT\r\n")
                await self._talk.reply(seconds)
        except (SMTPException, OSError):
            pass  # a goodbye that is not answered is still a goodbye
        except BaseException:
            self._talk.abort()
            raise
        await self._talk.hang_up(seconds)

    async def _attempt(self, envelope: Envelope, begin: Callable[[], Awaitable[None]], following: Following) -> Outcome:
        refusal = await self._announce_and_hear(envelope)
        if refusal is not None:
            return refusal
        await begin()
        if self._talk.has_answered:
            return await self._answer_without_body(envelope)
        return await self._transmit(envelope, following)

    async def _announce_and_hear(self, envelope: Envelope) -> Outcome | None:
        """MAIL, RCPT and DATA, unless they left already; None when the server waits for the body."""
        if self._announced is not None:
            if self._announced is not envelope:
                raise ValueError("another message was announced")
            self._announced = None
            return await self._hear(envelope, self._steps, Sent.BEHIND_A_BODY)
        check_envelope(envelope)
        refusal = self._cannot_take(envelope)
        if refusal is not None:
            return refusal
        steps = self._transaction(envelope)
        sent = Sent.TOGETHER if self._pipelines else Sent.SINGLY
        try:
            if not self._talk.in_step:
                raise SMTPException("The server said something that it was not asked.")
            if sent is Sent.TOGETHER:
                self._talk.send(b"".join(step.line for step in steps), len(steps))
        except (SMTPException, OSError) as error:
            return connection_fault(Phase.MAIL, _words(error))
        return await self._hear(envelope, steps, sent)

    def _cannot_take(self, envelope: Envelope) -> Outcome | None:
        """What the server's own EHLO says against this message, before a byte of it is sent (RFC 1870, RFC 6531)."""
        limit = self._opened.size_limit
        if limit is not None and len(envelope.message) > limit:
            return Outcome(DeliveryState.QUEUED, Verdict.ACCOUNT, Phase.MAIL, reply=self._too_big(envelope))
        if envelope.needs_smtputf8 and "smtputf8" not in self._opened.extensions:
            said = "The server does not take addresses with letters outside ASCII before the @ (SMTPUTF8)."
            return Outcome(DeliveryState.REJECTED, Verdict.UNSUPPORTED, Phase.MAIL, reply=said)
        return None

    def _transaction(self, envelope: Envelope) -> tuple[_Step, ...]:
        """The commands before the body; DATA is the last of its group, as it must be (RFC 2920 §3.1).

        A transaction that was refused halfway is cleared away here, before the next MAIL, and not behind the refusal: a
        server that answers RSET late or never must not hide what it said before.
        """
        encoding = "utf-8" if envelope.needs_smtputf8 else "ascii"
        sender, recipient = envelope.sender.encode(encoding), envelope.recipient.encode(encoding)
        seconds = self._account.timeouts.command
        steps = (
            _Step(Phase.MAIL, b"MAIL FROM:<%b>%b\r\n" % (sender, self._mail_options(envelope)), seconds),
            _Step(Phase.RCPT, b"RCPT TO:<%b>%b\r\n" % (recipient, self._recipient_options(envelope)), seconds),
            _Step(Phase.DATA, b"DATA\r\n", self._account.timeouts.data),
        )
        return (_Step(Phase.MAIL, _RSET, seconds), *steps) if self._transaction_open else steps

    def _mail_options(self, envelope: Envelope) -> bytes:
        extensions = self._opened.extensions
        options = b" SIZE=%d" % len(envelope.message) if "size" in extensions else b""
        if envelope.needs_smtputf8:
            options += b" SMTPUTF8" + (b" BODY=8BITMIME" if "8bitmime" in extensions else b"")
        return options + (dsn_options.mail_options(envelope.envelope_id) if "dsn" in extensions else b"")

    def _recipient_options(self, envelope: Envelope) -> bytes:
        return dsn_options.recipient_options(envelope.recipient) if "dsn" in self._opened.extensions else b""

    async def _hear(self, envelope: Envelope, steps: tuple[_Step, ...], sent: Sent) -> Outcome | None:
        """Read the replies to the commands before the body, sending those that did not leave yet.

        The first refusal is the outcome. Behind it the replies of a group are read all the same, but none behind a 421:
        who says that does not answer any more (RFC 5321 §3.8).
        """
        refusal: Outcome | None = None
        for step in steps:
            try:
                reply = await self._answer(step, sent)
            except (SMTPException, OSError) as error:
                return self._unanswered(step, sent, error, refusal)
            if sent is not Sent.SINGLY and self._grouping.objects(reply):
                return not_kept(step.phase, reply)
            is_taken = reply.code == 354 if step.phase is Phase.DATA else 200 <= reply.code <= 299
            if step.line is _RSET:
                if not is_taken:
                    return connection_fault(step.phase, f"RSET was answered with {reply.code}.")
                self._transaction_open = False
            elif is_taken:
                self._transaction_open = True
            elif refusal is None or (step.phase is Phase.DATA and reply.code < 300):
                # A 2yz to DATA is no answer to it: then what seemed a refusal was none of this recipient either.
                refusal = self._read(envelope, step.phase, reply)
                if sent is Sent.SINGLY:
                    return refusal
            if reply.code == 421:
                self._talk.abort()
                return refusal
        self._grouping.keeps(sent)
        if refusal is not None and reply.code == 354:
            await self._end_empty(refusal)
        return refusal

    async def _answer(self, step: _Step, sent: Sent) -> SMTPResponse:
        """The reply to one command, which leaves now where it is sent singly."""
        if sent is Sent.SINGLY:
            self._talk.send(step.line)
        # Behind the end of a message the replies come together: all but the first lie ready.
        if (reply := self._talk.ready()) is not None:
            return reply
        is_unproven = self._grouping.is_unproven(sent)
        return await self._talk.reply(min(step.seconds, self._account.timeouts.group) if is_unproven else step.seconds)

    def _unanswered(self, step: _Step, sent: Sent, error: Exception, refusal: Outcome | None) -> Outcome:
        """No reply came to a command before the body: within a group that may be because of the group."""
        is_silent = isinstance(error, SMTPReadTimeoutError | SMTPServerDisconnected | OSError)
        if is_silent and self._grouping.is_unproven(sent):
            self._grouping.give_up(f"commands that were sent together were not all answered ({_words(error)})")
            # A refusal before it is none either: where a command was lost it was the answer to another one.
            return not_kept(step.phase)
        return refusal or connection_fault(step.phase, _words(error))

    async def _end_empty(self, refusal: Outcome) -> None:
        """The server wants a body though it refused the only recipient: a lone dot ends that (RFC 2920 §3.1)."""
        if refusal.phase is not Phase.RCPT or (refusal.code or 0) < 400:
            self._talk.abort()  # the recipient stands, or may: an empty message would reach them
            return
        try:
            self._talk.send(b".\r\n")
            await self._talk.reply(self._account.timeouts.data)
        except (SMTPException, OSError):
            self._talk.abort()

    async def _answer_without_body(self, envelope: Envelope) -> Outcome:
        """The server spoke, or went, between its 354 and our first byte: it has nothing, whatever it says."""
        try:
            reply = await self._talk.reply(self._account.timeouts.data)
        except (SMTPException, OSError) as error:
            return connection_fault(Phase.DATA, _words(error))
        finally:
            self._talk.abort()  # it waits for a body that will not come
        if reply.code < 400:
            return connection_fault(Phase.DATA, f"{reply.code} {reply.message}")
        return self._read(envelope, Phase.BODY, reply)

    async def _transmit(self, envelope: Envelope, following: Following) -> Outcome:
        """Send the body and the final dot, and read the verdict: from the dot on, silence is doubt.

        Whoever is left before it has nothing (RFC 5321 §4.1.1.10).
        """
        timeouts = self._account.timeouts
        whole = False
        self._transaction_open = False
        try:
            whole = await self._talk.send_body(
                stuffed(envelope.message), timeouts.block, lambda: self._announce_next(following)
            )
            reply = await self._talk.reply(timeouts.dot)
        except (SMTPException, OSError) as error:
            if not self._talk.has_ended_body:
                return connection_fault(Phase.BODY, _words(error))
            if self._announced is not None and self._grouping.is_unproven(Sent.BEHIND_A_BODY):
                self._grouping.give_up("a message that others were announced behind was not answered")
            return no_answer(_words(error))
        if not whole:
            self._talk.abort()  # the server would take the rest of the body for commands
            if reply.code < 400:
                return no_answer(f"{reply.code} {reply.message}")
        if self._announced is not None and self._grouping.objects(reply):
            return not_kept(Phase.BODY, reply)  # as any refusal of a body, it says that the server has not got it
        return self._read(envelope, Phase.BODY, reply)

    def _announce_next(self, following: Following) -> Group:
        """The commands of the next message, to leave right behind the final dot; none where it must wait."""
        envelope = following() if self._pipelines and self._may_take_another else None
        if envelope is None or not is_fit(envelope) or self._cannot_take(envelope) is not None:
            return b"", 0  # what is wrong with it is said when it is its turn
        self._announced, self._steps = envelope, self._transaction(envelope)
        return b"".join(step.line for step in self._steps), len(self._steps)

    def _read(self, envelope: Envelope, phase: Phase, reply: SMTPResponse) -> Outcome:
        # Some log in with a name that is a word of its own, such as `apikey`: only an address is surely an echo.
        login = self._account.username if "@" in self._account.username else ""
        ours = (envelope.sender, login, self._account.helo or "")
        outcome = classify(phase, reply.code, reply.message, recipient=envelope.recipient, ours=ours)
        if reply.code == 552 and outcome.verdict is Verdict.ACCOUNT:
            # «Too big», says the server, and neither how big the message is nor how big it may be.
            outcome = replace(outcome, reply=f"{outcome.reply} ({self._too_big(envelope)})")
        return outcome

    def _too_big(self, envelope: Envelope) -> str:
        size, limit = f"{len(envelope.message):,} bytes".replace(",", " "), self._opened.size_limit
        takes = "takes less" if limit is None else f"takes at most {limit:,}".replace(",", " ")
        return f"The message has {size}, the server {takes}: send it with smaller attachments, or with links to them."


def stuffed(message: bytes) -> bytes:
    """`message` as it follows a 354: leading dots doubled, ended by a line with a lone dot (RFC 5321 §4.5.2)."""
    # Most messages have no such line, and looking for one takes less than half of what replacing takes.
    body = message.replace(b"\r\n.", b"\r\n..") if has_leading_dot(message) else message
    if body.startswith(b"."):
        body = b"." + body
    return body + (b".\r\n" if body.endswith(b"\r\n") else b"\r\n.\r\n")


def is_fit(envelope: Envelope) -> bool:
    """Whether `check_envelope` has nothing against it."""
    try:
        check_envelope(envelope)
    except ValueError:
        return False
    return True


def check_envelope(envelope: Envelope) -> None:
    """Raise `ValueError` for what must never go on a wire: it would be smuggled, mangled or refused.

    Whatever `require_fit` refuses, 8-bit content outside SMTPUTF8, and addresses that would end their command early.
    """
    message = envelope.message
    require_fit(message)
    if not envelope.needs_smtputf8 and not message.isascii():
        raise ValueError("the message has 8-bit content")
    for address in (envelope.sender, envelope.recipient):
        if not address.isprintable() or not _PATH.fullmatch(address):
            raise ValueError("the envelope has an address that is not one")
        if not envelope.needs_smtputf8 and not address.isascii():
            raise ValueError("the envelope has an address outside ASCII and does not ask for SMTPUTF8")


def _words(error: Exception) -> str:
    return error.message if isinstance(error, SMTPException) else str(error) or type(error).__name__
