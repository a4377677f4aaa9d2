"""From an account to a greeted, encrypted, authenticated connection, or to the one sentence that says why not."""

from __future__ import annotations

import asyncio
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiosmtplib.auth import auth_crammd5_verify, auth_login_encode, auth_plain_encode, auth_xoauth2_encode
from aiosmtplib.errors import SMTPException, SMTPTimeoutError
from aiosmtplib.esmtp import parse_esmtp_extensions
from aiosmtplib.response import SMTPResponse

from distributor.errors import AccountTrouble, CredentialsRefused, ServerUnavailable, TooManyConnections
from distributor.states import Phase, Verdict
from distributor.transport.account import SmtpAccount, is_loopback
from distributor.transport.replies import classify, clean
from distributor.transport.secrecy import told_at_login, without_secrets
from distributor.transport.trust import trusting
from distributor.transport.wire import Wire

TOKEN_METHOD = "xoauth2"  # noqa: S105 - the word, not one
AUTH_METHODS = ("plain", "login", "cram-md5")
"""In the order of our preference; one is chosen and no other is tried, since every refusal counts towards a lock."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection ready for its first MAIL, and what the server said of itself.

    `extensions` maps each EHLO keyword, in lower case, to its parameters (RFC 5321 §4.1.1.1); `auth_method` is the
    one that was used, or "".
    """

    wire: Wire
    greeting: str
    server: str
    tls: str
    extensions: dict[str, str]
    auth_method: str
    token: str = field(default="", repr=False)

    @property
    def size_limit(self) -> int | None:
        """The largest message the server takes (RFC 1870), or None when it does not say."""
        declared = self.extensions.get("size", "")
        return int(declared) or None if declared.isascii() and declared.isdigit() else None

    @property
    def certificate_expires(self) -> datetime | None:
        """When the server's certificate ends, or None in clear; to be asked while the connection stands."""
        certificate = self.wire.info("peercert")
        ends = certificate.get("notAfter") if isinstance(certificate, dict) else None
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None


async def open_connection(account: SmtpAccount) -> Opened:
    """Connect, greet, encrypt and log in as `account` says; with tokens a second time when the first is refused.

    Raises `ServerUnavailable` when trying later may help, `CredentialsRefused` when trying again would do harm, and
    `AccountTrouble` for what somebody must mend. Nothing of the account is sent before the server's certificate has
    been verified for its name; a server that does not offer STARTTLS is told nothing.
    """
    if account.tokens is None:
        return await _open(account, "")
    token = await asyncio.to_thread(account.tokens.token)
    try:
        return await _open(account, token)
    except CredentialsRefused:
        # Tokens end early when a password was changed, or somebody signed out everywhere: once, another one may do.
        return await _open(account, await asyncio.to_thread(account.tokens.another, token))


async def _open(account: SmtpAccount, token: str) -> Opened:
    wire = await _connect(account)
    phase = Phase.GREETING
    try:
        greeting = await wire.read_response(account.timeouts.greeting)
        _require(account, phase, greeting)
        phase = Phase.EHLO
        extensions = await _ehlo(wire, account)
        if account.security == "starttls":
            phase = Phase.STARTTLS
            await _encrypt(wire, account, extensions)
            phase = Phase.EHLO
            extensions = await _ehlo(wire, account)
        phase = Phase.AUTH
        method = await _log_in(wire, account, extensions, token) if account.username else ""
    except (SMTPException, OSError) as error:
        wire.abort()
        raise _trouble(account, phase, error, token) from error
    except BaseException:  # our own refusals, and cancellation: nothing half-open stays behind
        wire.abort()
        raise
    words = clean(greeting.message).split()
    return Opened(
        wire=wire,
        greeting=clean(greeting.message),
        server=words[0] if words else account.host,
        tls=_tls_version(wire),
        extensions=extensions,
        auth_method=method,
        token=token,
    )


async def _connect(account: SmtpAccount) -> Wire:
    try:
        wire = await _reach(account)
    except OSError as error:
        raise _trouble(account, Phase.CONNECT, error) from error
    peer = wire.info("peername")
    if account.security == "plain" and not (isinstance(peer, tuple) and is_loopback(str(peer[0]))):
        wire.abort()
        raise AccountTrouble(
            f"{account.host} leads away from this machine, and mail would go there in clear.",
            mend=f"Use 127.0.0.1, or set {account.setting('SMTP_SECURITY')} to tls or starttls.",
        )
    return wire


async def _reach(account: SmtpAccount) -> Wire:
    """Try the server's addresses in the resolver's order, each for its share of the time; raise the last `OSError`.

    One address after another, so that an IPv6 route that leads nowhere does not use up the time of the IPv4 one.
    (asyncio's own `happy_eyeballs_delay` loses an open socket when it is cancelled: CPython 3.11.)
    """
    loop = asyncio.get_running_loop()
    context = _tls_context(account) if account.security == "tls" else None
    seconds = account.timeouts.connect
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(account.host.strip("[]"), account.port, type=socket.SOCK_STREAM)
    failure = OSError(f"{account.host} has no address")
    for *_, address in found:
        try:
            async with asyncio.timeout(seconds / len(found)):
                _, wire = await loop.create_connection(
                    lambda: Wire(loop, account.dialogue),
                    str(address[0]),
                    account.port,
                    ssl=context,
                    server_hostname=account.host if context else None,
                )
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
        else:
            return wire
    raise failure


def _tls_context(account: SmtpAccount) -> ssl.SSLContext:
    return trusting(account.ca_file, account.setting("SMTP_CA_FILE"))


async def _ehlo(wire: Wire, account: SmtpAccount) -> dict[str, str]:
    name = account.helo or _address_literal(wire)
    reply = await wire.ask(b"EHLO", name.encode("ascii"), seconds=account.timeouts.command)
    _require(account, Phase.EHLO, reply)
    extensions, methods = parse_esmtp_extensions(clean(reply.message))
    return extensions | ({"auth": " ".join(methods)} if methods else {})


def _address_literal(wire: Wire) -> str:
    # A desk machine seldom has a name that others know; RFC 5321 §4.1.4 then asks for an address literal, and asking
    # the resolver for our own name could take seconds.
    own = wire.info("sockname")
    host = str(own[0]) if isinstance(own, tuple) else "127.0.0.1"
    return f"[IPv6:{host.partition('%')[0]}]" if ":" in host else f"[{host}]"


async def _encrypt(wire: Wire, account: SmtpAccount, extensions: dict[str, str]) -> None:
    if "starttls" not in extensions or not wire.in_step:
        raise AccountTrouble(
            f"{account.place} does not offer STARTTLS, so nothing was sent to it.",
            mend=f"Try {account.setting('SMTP_SECURITY')} = tls with port 465, or ask whether something on the way"
            " hides it.",
        )
    await wire.start_tls(_tls_context(account), account.host, account.timeouts.command)


async def _log_in(wire: Wire, account: SmtpAccount, extensions: dict[str, str], token: str) -> str:
    offered = extensions.get("auth", "").lower().split()
    method = next((method for method in ((TOKEN_METHOD,) if token else AUTH_METHODS) if method in offered), None)
    if method is None:
        ways = ", ".join(offered).upper() or "no way to log in"
        if token:
            raise AccountTrouble(
                f"{account.place} offers {ways}, and the login is by OAuth2 (XOAUTH2).",
                mend=f"Check the host and port, or set {account.setting('SMTP_LOGIN')} to password.",
            )
        raise AccountTrouble(
            f"{account.place} offers {ways}, and a user name is set.",
            mend=f"Check the host and port; leave {account.setting('SMTP_USERNAME')} empty for a server that asks for"
            " none.",
        )
    reply = await (_show_token(wire, account, token) if token else _authenticate(wire, account, method))
    _require(account, Phase.AUTH, reply, token)
    return method


async def _authenticate(wire: Wire, account: SmtpAccount, method: str) -> SMTPResponse:
    """Go through one SASL exchange and return its last reply (RFC 4954 §4, RFC 4616, RFC 2195)."""
    seconds = account.timeouts.command
    if method == "plain":
        return await wire.ask(b"AUTH PLAIN", auth_plain_encode(account.username, account.password), seconds=seconds)
    reply = await wire.ask(b"AUTH", method.upper().encode("ascii"), seconds=seconds)
    if reply.code != 334:
        return reply
    if method == "cram-md5":
        return await wire.ask(auth_crammd5_verify(account.username, account.password, reply.message), seconds=seconds)
    username, password = auth_login_encode(account.username, account.password)
    reply = await wire.ask(username, seconds=seconds)
    return await wire.ask(password, seconds=seconds) if reply.code == 334 else reply


async def _show_token(wire: Wire, account: SmtpAccount, token: str) -> SMTPResponse:
    """Log in with a token; a 334 is the server's refusal in JSON, and wants an empty line before it says it."""
    seconds = account.timeouts.command
    reply = await wire.ask(b"AUTH XOAUTH2", auth_xoauth2_encode(account.username, token), seconds=seconds)
    return await wire.ask(b"", seconds=seconds) if reply.code == 334 else reply


def secrets_of(account: SmtpAccount, token: str) -> list[str]:
    """What a server that repeats the log-in would repeat: of the token, or where there is none of the password."""
    return told_at_login(account.username, token or account.password)


def _require(account: SmtpAccount, phase: Phase, reply: SMTPResponse, token: str = "") -> None:
    """Go on when `reply` is a 2yz; raise what it means for the account otherwise."""
    if 200 <= reply.code <= 299:
        return
    outcome = classify(phase, reply.code, reply.message)
    said = " ".join(f"{reply.code} {outcome.reply}".split())
    if phase is Phase.AUTH:
        said = without_secrets(said, secrets_of(account, token))
    # Where no message is at stake the table asks no further than whether to come back; these words mean here the same.
    if classify(Phase.MAIL, reply.code, reply.message).verdict is Verdict.CONCURRENCY:
        raise TooManyConnections(
            f"{account.place} takes no further connection: {said}", mend="Try again in a few minutes."
        )
    if phase is Phase.AUTH and 500 <= reply.code <= 599 and account.tokens is not None:
        raise CredentialsRefused(
            f"{account.place} refuses the access token of {account.username}: {said}",
            mend="Check that this user may send through the server, and that the application may send for them.",
        )
    if phase is Phase.AUTH and 500 <= reply.code <= 599:
        raise CredentialsRefused(
            f"{account.place} refuses the user name or the password: {said}",
            mend=f"Check {account.setting('SMTP_USERNAME')} and {account.setting('SMTP_PASSWORD')}; some providers want"
            " an app password.",
        )
    if 400 <= reply.code <= 499:
        raise ServerUnavailable(f"{account.place} asks to come back later: {said}", mend="Try again in a few minutes.")
    raise AccountTrouble(
        f"{account.place} refuses to talk to us: {said}",
        mend="Ask the provider why, quoting these words.",
    )


def _trouble(account: SmtpAccount, phase: Phase, error: Exception, token: str = "") -> AccountTrouble:
    """The one sentence for a failure of the network, and how it is mended."""
    place = account.place
    if isinstance(error, ssl.SSLCertVerificationError):
        return AccountTrouble(
            f"The certificate of {place} is not valid: {error.verify_message.rstrip('.')}.",
            mend=_certificate_mend(account, error.verify_code),
        )
    if isinstance(error, ssl.SSLError):
        return AccountTrouble(
            f"{place} does not speak TLS the way we do ({error.reason or error}).",
            mend=f"Port 465 goes with {account.setting('SMTP_SECURITY')} = tls, port 587 with starttls.",
        )
    if isinstance(error, socket.gaierror):
        return ServerUnavailable(
            f"The mail server {account.host} cannot be found.", mend=f"Check {account.setting('SMTP_HOST')}."
        )
    if isinstance(error, SMTPTimeoutError | TimeoutError):
        return ServerUnavailable(
            f"{place} does not answer in time (at {phase}).",
            mend="Check the host and the port; a firewall may stand in the way, or the port may want tls.",
        )
    if phase is Phase.CONNECT:
        return ServerUnavailable(
            f"Nothing answers at {place}.",
            mend=f"Check {account.setting('SMTP_HOST')} and {account.setting('SMTP_PORT')}.",
        )
    reason = " ".join(clean(error.message if isinstance(error, SMTPException) else str(error)).split())
    reason = without_secrets(reason, secrets_of(account, token) if phase is Phase.AUTH else ())
    return ServerUnavailable(
        f"The connection to {place} failed at {phase}: {reason}.".replace("..", "."),
        mend="Try again; if it lasts, check the host and the port.",
    )


def _certificate_mend(account: SmtpAccount, code: int) -> str:
    """What mends a certificate that OpenSSL refuses with this code (`X509_V_ERR_…`)."""
    match code:
        case 9 | 10:  # not yet valid, over
            return "Whoever runs the server has to renew it; see that this machine's clock is right, too."
        case 62 | 64:  # another host name, another IP address
            return f"Set {account.setting('SMTP_HOST')} to the name on the certificate."
        case 2 | 18 | 19 | 20 | 21:  # nobody whom this machine trusts has issued it
            return f"For a certificate of your own authority, set {account.setting('SMTP_CA_FILE')}."
        case _:
            return "Whoever issued it, or the authority's own, has to issue it anew as RFC 5280 wants it."


def _tls_version(wire: Wire) -> str:
    tls = wire.info("ssl_object")
    return (tls.version() or "") if isinstance(tls, ssl.SSLObject) else ""
