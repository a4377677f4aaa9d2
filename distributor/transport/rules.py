"""The reply table: which words and codes of which servers mean what, as data, first match wins.

Sources: RFC 3463, 4954, 5321, 6531, 7372, 7504, 7505; the postmaster pages of the providers; Sisimai
(`Rhost/FrancePTT`, BSD-2-Clause) for what the codes of Orange and La Poste stand for; KumoMTA (`shaping.toml`,
Apache-2.0) for throttling texts and how long to wait. A rule's `date` is when it was last compared with its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from distributor.states import DeliveryState, Phase, Verdict

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OPENING = frozenset({Phase.CONNECT, Phase.GREETING, Phase.EHLO, Phase.STARTTLS})
TRANSACTION = frozenset({Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.BODY})
RECIPIENT = TRANSACTION - {Phase.MAIL}
"""The phases in which a refusal may be about the recipient or the message: at MAIL the server knows only us."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; an empty field fits everything.

    `codes` are reply codes or their first digits (`"4"`, `"55"`, `"421"`). `enhanced` is matched in full against
    subject and detail of the enhanced code (`7.1`), since the reply's own digit beats the enhanced code's. `text` is
    searched for in the reply, whatever the case. `state` is given where the verdict and the reply's digit do not
    say it all; `retry_after` is in seconds.
    """

    name: str
    verdict: Verdict
    codes: tuple[str, ...]
    phases: frozenset[Phase] = TRANSACTION
    enhanced: re.Pattern[str] | None = None
    text: re.Pattern[str] | None = None
    state: DeliveryState | None = None
    retry_after: int | None = None
    source: str = ""
    date: str = "2026-11"

    def fits(self, phase: Phase, code: int, detail: str, text: str) -> bool:
        """Whether the reply `code` `text`, with `detail` from its enhanced code, to the step `phase` is this one.

        An enhanced code that names the recipient's address (X.1.1 and its like) is never an answer about us, whatever
        words stand beside it.
        """
        return (
            phase in self.phases
            and str(code).startswith(self.codes)
            and (self.enhanced is None or self.enhanced.fullmatch(detail) is not None)
            and (self.text is None or self.text.search(text) is not None)
            and not (self.verdict.is_account_level and phase in RECIPIENT and _THE_RECIPIENT.fullmatch(detail))
        )


def _text(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _detail(*details: str) -> re.Pattern[str]:
    return re.compile("|".join(details).replace(".", r"\."))


_UNKNOWN = ("1.1", "1.2", "1.3", "1.6", "1.10")
_THE_RECIPIENT = _detail(*_UNKNOWN)


def _french(*numbers: int) -> re.Pattern[str]:
    """Orange's and La Poste's own codes: `OFR_416`, `OFR004_104`, `LPN416`, `LPN105-104`, `OUK_513`."""
    return _text(rf"\b(?:OFR|LPN|OUK)(?:[0-9A-Z]{{3}})?[_-]?(?:{'|'.join(map(str, numbers))})\b")


_TOO_BIG = _text(
    r"(?:message|mail|size).{0,30}(?:too (?:big|large)|exceeds.{0,20}(?:size|maximum|limit))|message trop volumineux"
)

_V = Verdict
_DEFERRED = DeliveryState.DEFERRED
_NEGATIVE = ("4", "5")
_SISIMAI = "Sisimai Rhost/FrancePTT"
_KUMO = "KumoMTA shaping.toml"

_OPENING_RULES = (
    Rule(
        "accepted", _V.ACCEPTED, ("2",), frozenset({Phase.BODY}), state=DeliveryState.ACCEPTED, source="RFC 5321 §4.3.2"
    ),
    Rule("opening-refused", _V.ACCOUNT, ("5",), OPENING, source="RFC 5321 §3.1, RFC 7504"),
    Rule("opening-later", _V.CONNECTION, ("4",), OPENING, source="RFC 5321 §3.8"),
    Rule("auth-closing", _V.CONNECTION, ("421",), frozenset({Phase.AUTH}), source="RFC 5321 §3.8"),
    Rule("auth-transition", _V.CREDENTIALS, ("432",), frozenset({Phase.AUTH}), source="RFC 4954 §6"),
    Rule("auth-later", _V.ACCOUNT, ("4",), frozenset({Phase.AUTH}), retry_after=MINUTE, source="RFC 4954 §6"),
    Rule("auth-refused", _V.CREDENTIALS, ("5",), frozenset({Phase.AUTH}), source="RFC 4954 §6"),
)

_TEXT_RULES = (
    # The account, in words.
    Rule(
        "quota-daily",
        _V.QUOTA,
        _NEGATIVE,
        text=_text(
            r"daily (?:message |user )?(?:sending |submission )?(?:quota|limit)|daily limit for message recipients"
            r"|SubmissionQuotaExceeded|exceeded.{0,40}(?:daily|24.hour|per day)|limite (?:quotidienne|journali[eè]re)"
        ),
        retry_after=DAY,
        source="Gmail 5.4.5, SES 454, Exchange Online 5.1.90",
    ),
    Rule(
        "quota-hourly",
        _V.QUOTA,
        _NEGATIVE,
        text=_text(
            r"hourly (?:sending )?(?:quota|limit)|exceeded.{0,40}(?:per hour|hourly)"
            r"|(?:sending|outgoing|submission) (?:quota|limit) (?:exceeded|reached)"
        ),
        retry_after=HOUR,
        source="shared hosts' relays",
    ),
    Rule(
        "ses-rate",
        _V.ACCOUNT,
        ("454",),
        text=_text(r"Throttling failure|maximum sending rate exceeded"),
        retry_after=5,
        source="Amazon SES: Throttling failure",
    ),
    Rule(
        "ses-paused",
        _V.ACCOUNT,
        _NEGATIVE,
        text=_text(r"sending (?:is )?(?:paused|suspended) for this account|not authorized to perform .?ses:Send"),
        source="Amazon SES: SMTP response codes",
    ),
    Rule(
        "exchange-tenant",
        _V.ACCOUNT,
        ("5",),
        enhanced=_detail("7.70[5-8]", "7.750"),
        source="Microsoft: non-delivery codes 5.7.705 to 5.7.708, 5.7.750",
    ),
    Rule(
        "relay-denied",
        _V.ACCOUNT,
        _NEGATIVE,
        text=_text(
            r"relay(?:ing)?(?: access)? (?:is )?(?:denied|not (?:permitted|allowed)|prohibited)"
            r"|(?:not (?:allowed|permitted)|unable) to relay|we do not relay"
        ),
        source="Postfix, Exim, Exchange 5.7.54",
    ),
    Rule(
        "login-wanted",
        _V.CREDENTIALS,
        ("5",),
        text=_text(r"authenticat(?:ion|e)(?: is)? required|must authenticate|authentification requise"),
        source="RFC 4954 §6",
    ),
    Rule(
        "client-refused",
        _V.ACCOUNT,
        ("5",),
        text=_text(r"(?:client host|helo command) rejected"),
        source="Postfix smtpd_client_restrictions, smtpd_helo_restrictions",
    ),
    Rule("orange-login", _V.CREDENTIALS, ("5",), text=_french(305, 402), source=_SISIMAI),
    Rule("orange-sender", _V.SENDER, ("5",), text=_french(403, 405, 415, 421), source=_SISIMAI),
    Rule("orange-spf-dmarc", _V.AUTHENTICATION, ("5",), text=_french(401, 517), source=_SISIMAI),
    Rule(
        "sender-refused",
        _V.SENDER,
        ("5",),
        text=_text(
            r"sender (?:address )?(?:rejected|refused|denied|verify failed|invalid)|not owned by (?:the )?user"
            r"|invalid sender|[ée]metteur invalide|SendAsDenied|send as this sender|email address is not verified"
        ),
        source="Postfix reject_sender_login_mismatch, Exchange Online, SES",
    ),
    Rule(
        "our-authentication",
        _V.AUTHENTICATION,
        ("5",),
        text=_text(
            r"\b(?:dmarc|dkim|spf)\b.{0,60}(?:fail|did not pass|does not pass|not aligned|en [ée]chec)"
            r"|unauthenticated (?:e-?mail|message|sender)|(?:does not|doesn't) meet the required authentication level"
        ),
        source="Gmail, Outlook.com 5.7.515",
    ),
    # Providers that mark their answers.
    Rule("orange-unknown", _V.HARD, ("5",), RECIPIENT, text=_french(416, 418, 420, 426), source=_SISIMAI),
    Rule("orange-full", _V.FULL, _NEGATIVE, RECIPIENT, text=_french(417), retry_after=HOUR, source=_SISIMAI),
    Rule("orange-size", _V.ACCOUNT, ("5",), text=_french(514), source=_SISIMAI),
    Rule(
        "orange-connections",
        _V.CONCURRENCY,
        _NEGATIVE,
        text=_french(104),
        state=_DEFERRED,
        retry_after=5 * MINUTE,
        source=_SISIMAI,
    ),
    Rule("orange-block", _V.POLICY, ("5",), RECIPIENT, text=_french(101, 102, 506, 513, 630), source=_SISIMAI),
    Rule(
        "orange-throttle",
        _V.THROTTLED,
        _NEGATIVE,
        text=_french(103, 105, 107, 108, 109, 201, 423, 424, 503, 505, 510, 999),
        state=_DEFERRED,  # «veuillez essayer plus tard», even when the code says 550
        retry_after=HOUR,
        source=_SISIMAI,
    ),
    Rule(
        "sfr-throttle",
        _V.THROTTLED,
        _NEGATIVE,
        text=_text(r"\bSFR_IN_\w{3}\b"),
        state=_DEFERRED,
        retry_after=2 * HOUR,
        source="SFR: each block lasts two hours",
    ),
    Rule(
        "yahoo-long-throttle",
        _V.THROTTLED,
        ("4",),
        text=_text(r"\[(?:TSS|IPTS)05\]"),
        retry_after=4 * HOUR,
        source=_KUMO,
    ),
    Rule(
        "yahoo-throttle",
        _V.THROTTLED,
        ("4",),
        text=_text(r"\[(?:TSS?|IPTS)\d\d\]"),
        retry_after=2 * HOUR,
        source=_KUMO,
    ),
    Rule(
        "gmail-busy-mailbox",
        _V.THROTTLED,
        _NEGATIVE,
        RECIPIENT,
        text=_text(r"receiving mail (?:at a rate|too quickly)"),
        state=_DEFERRED,  # «please resend later», even when the code says 550
        retry_after=HOUR,
        source="Gmail 4.2.1, 5.2.1",
    ),
    Rule(
        "free-block",
        _V.THROTTLED,
        ("4",),
        text=_text(r"too (?:many (?:spams?|errors?)|much mail) from your ip"),
        retry_after=6 * HOUR,  # a block of a day at most, and tries while it lasts prolong it
        source="postmaster.free.fr",
    ),
    Rule("yahoo-block", _V.POLICY, ("553", "554"), RECIPIENT, text=_text(r"\[BL\d*\]"), source=_KUMO),
    Rule(
        "outlook-connections",
        _V.CONCURRENCY,
        _NEGATIVE,
        text=_text(
            r"too many (?:concurrent |simultaneous )?(?:smtp )?(?:connections|sessions)|trop de connexions"
            r"|exceed(?:ed)?(?: the)? max(?:imum)?(?: number of)?(?: concurrent)? connections|thread limit exceeded"
            r"|exceeded the connection limit"
        ),
        state=_DEFERRED,
        retry_after=5 * MINUTE,
        source=_KUMO,
    ),
    Rule(
        "outlook-reputation",
        _V.THROTTLED,
        ("4",),
        text=_text(r"\bRP-00[1-3]\b"),
        retry_after=HOUR,
        source="Outlook.com: SMTP error codes RP-001 to RP-003",
    ),
    Rule(
        "messages-per-connection",
        _V.CONNECTION,
        ("4",),
        text=_text(
            r"max(?:imum)?(?: number of)? messages? per (?:connection|session)|too many messages for this session"
        ),
        source=_KUMO,
    ),
    Rule(
        "greylist",
        _V.RETRY,
        ("4",),
        text=_text(r"gr[ea]y-?list|liste grise"),
        retry_after=5 * MINUTE,
        source="RFC 6647",
    ),
    Rule(
        "rate",
        _V.THROTTLED,
        _NEGATIVE,
        text=_text(
            r"rate.?limit|throttl|slow down|unusual (?:rate|traffic)|frequency limited"
            r"|(?:submission|sending|message) rate.{0,60}exceeded|temporarily deferred due to"
        ),
        state=_DEFERRED,
        retry_after=HOUR,
        source=_KUMO,
    ),
    # The recipient and the message, in words: for servers that say 550 to everything.
    Rule(
        "full-text",
        _V.FULL,
        _NEGATIVE,
        RECIPIENT,
        text=_text(
            r"mailbox (?:is |size limit )?(?:full|exceeded)|over ?quota|out of storage|quota.{0,20}exceeded"
            r"|exceeded.{0,20}quota|bo[iî]te.{0,30}pleine|insufficient (?:mailbox )?storage for"
        ),
        retry_after=HOUR,
        source="Dovecot, Zimbra, Gmail",
    ),
    # One mailbox may take less than its server. What the server itself does not take, it takes for nobody: going on
    # would burn one recipient after another.
    Rule("mailbox-size", _V.TOO_BIG, ("5",), RECIPIENT, enhanced=_detail("2.3"), source="RFC 3463 §3.3"),
    Rule("size-at-rcpt-text", _V.TOO_BIG, ("5",), frozenset({Phase.RCPT}), text=_TOO_BIG, source="RFC 1870 §6.1"),
    Rule("size-text", _V.ACCOUNT, ("5",), text=_TOO_BIG, source="RFC 1870 §6.1"),
    Rule(
        "unknown-text",
        _V.HARD,
        ("5",),
        RECIPIENT,
        text=_text(
            r"user unknown|unknown (?:user|recipient|mailbox|local.part)"
            r"|no such (?:user|mailbox|recipient|address|person)"
            r"|(?:user|mailbox|recipient|account|address)(?: \S{1,80})? (?:is |was )?"
            r"(?:unknown|not found|disabled|inactive|does(?:n't| not) exist|no longer)"
            r"|invalid (?:recipient|mailbox)|no mailbox (?:here )?by that name"
            r"|(?:utilisateur|destinataire|adresse|bo[iî]te)(?: \S{1,80})?(?: est)? (?:inconnue?|invalide|inexistante?)"
        ),
        source="Postfix, Exim, qmail",
    ),
    Rule(
        "edge-blocking",
        _V.HARD,
        ("5",),
        RECIPIENT,
        enhanced=_detail("4.1"),
        text=_text(r"recipient address rejected"),
        source="Exchange Online: directory-based edge blocking",
    ),
    Rule(
        "block-text",
        _V.POLICY,
        ("5",),
        RECIPIENT,
        text=_text(
            r"spam|blocked using|block ?list|black ?list|\b(?:rbl|dnsbl)\b|\bS31[45]0\b|poor reputation|unsolicited"
        ),
        source="Free, Spamhaus users, Outlook.com",
    ),
)

_CODE_RULES = (
    Rule(
        "throttle-421",
        _V.THROTTLED,
        ("421",),
        enhanced=_detail(r"7.\d+"),
        retry_after=HOUR,
        source="Gmail 4.7.28, Yahoo",
    ),
    Rule("closing", _V.CONNECTION, ("421",), source="RFC 5321 §3.8"),
    Rule("account-later", _V.ACCOUNT, ("454",), retry_after=MINUTE, source="RFC 4954 §6"),
    Rule("concurrency", _V.CONCURRENCY, ("432",), retry_after=MINUTE, source="Exchange Online: 3 connections"),
    Rule("not-logged-in", _V.CREDENTIALS, ("530", "534", "535", "538"), source="RFC 4954 §6"),
    Rule("quota-congestion", _V.QUOTA, ("5",), enhanced=_detail("4.5"), retry_after=DAY, source="Gmail 5.4.5"),
    Rule(
        "sender",
        _V.SENDER,
        ("5",),
        enhanced=_detail("1.7", "1.8", "2.252", "7.60"),
        source="RFC 3463 §3.2, Exchange Online",
    ),
    Rule("split", _V.RETRY, ("452",), enhanced=_detail("5.3"), retry_after=0, source="RFC 3463 §3.6"),
    Rule("full", _V.FULL, _NEGATIVE, RECIPIENT, enhanced=_detail("2.2"), retry_after=HOUR, source="RFC 3463 §3.3"),
    Rule("size-at-rcpt", _V.TOO_BIG, ("5",), frozenset({Phase.RCPT}), enhanced=_detail("3.4"), source="RFC 1870 §6.1"),
    Rule("size", _V.ACCOUNT, ("5",), enhanced=_detail("3.4", "2.3"), source="RFC 3463 §3.3, §3.4"),
    Rule(
        "unknown",
        _V.HARD,
        ("5",),
        RECIPIENT,
        enhanced=_detail(*_UNKNOWN, "2.1"),
        source="RFC 3463 §3.2, RFC 7505",
    ),
    Rule("no-mail-domain", _V.HARD, ("556",), RECIPIENT, source="RFC 7504 §4"),
    Rule(
        "busy-mailbox",
        _V.THROTTLED,
        ("450",),
        RECIPIENT,
        enhanced=_detail("2.1"),
        retry_after=HOUR,
        source="Gmail 4.2.1",
    ),
    Rule(
        "greylist-code",
        _V.RETRY,
        ("450", "451"),
        enhanced=_detail("2.0", "7.1"),
        retry_after=5 * MINUTE,
        source="RFC 6647, RFC 5321 §4.5.4.1",
    ),
    Rule(
        "throttle", _V.THROTTLED, ("4",), enhanced=_detail(r"7.\d+"), retry_after=HOUR, source="Exchange Online 4.7.500"
    ),
    Rule(
        "authentication",
        _V.AUTHENTICATION,
        ("5",),
        enhanced=_detail("7.2[0-9]", "7.509", "7.515"),
        source="RFC 7372, Outlook.com",
    ),
    Rule(
        "authentication-body",
        _V.AUTHENTICATION,
        ("5",),
        frozenset({Phase.BODY}),
        enhanced=_detail("7.30", "7.32", "7.40"),
        source="Gmail",
    ),
    Rule(
        "unsupported",
        _V.UNSUPPORTED,
        ("5",),
        enhanced=_detail("6.7", "6.8", "6.9", "6.10"),
        source="RFC 6531 §3.5",
    ),
    Rule("blocked-content", _V.CONTENT, ("552",), RECIPIENT, enhanced=_detail(r"7.\d+"), source="Gmail 552 5.7.0"),
    Rule("content", _V.CONTENT, ("5",), RECIPIENT, enhanced=_detail(r"6.\d+"), source="RFC 3463 §3.7"),
    Rule("policy", _V.POLICY, ("5",), RECIPIENT, enhanced=_detail(r"7.\d+"), source="RFC 3463 §3.8"),
    Rule("size-at-mail", _V.ACCOUNT, ("552",), frozenset({Phase.MAIL}), source="RFC 1870 §6.1"),
    Rule("size-at-body", _V.TOO_BIG, ("552",), frozenset({Phase.DATA, Phase.BODY}), source="RFC 5321 §4.5.3.1.10"),
    Rule("full-at-rcpt", _V.FULL, ("552",), frozenset({Phase.RCPT}), source="RFC 5321 §4.5.3.1.10"),
    Rule("unsupported-option", _V.UNSUPPORTED, ("555",), source="RFC 5321 §4.1.1.11"),
    # At MAIL the server has seen nothing but us: whatever it refuses there, it would refuse for everybody.
    Rule("refused-at-mail", _V.SENDER, ("5",), frozenset({Phase.MAIL}), source="RFC 5321 §3.3"),
    Rule("policy-at-rcpt", _V.POLICY, ("554", "571"), frozenset({Phase.RCPT, Phase.DATA}), source="RFC 5321 §3.6.2"),
    Rule("content-at-body", _V.CONTENT, ("554", "571"), frozenset({Phase.BODY}), source="RFC 5321 §4.2.5"),
    Rule("refused", _V.UNKNOWN, ("5",), source="RFC 5321 §4.2.1"),
    Rule("later", _V.RETRY, ("4",), source="RFC 5321 §4.2.1"),
)

RULES: tuple[Rule, ...] = _OPENING_RULES + _TEXT_RULES + _CODE_RULES
"""Every rule in the order in which it is tried: what is said in words wins over what is said in numbers."""
