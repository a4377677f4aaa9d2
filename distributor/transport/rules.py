"""The reply table: which words and codes of which servers mean what, as data, first match wins.

Sources: RFC 3463, 4954, 5321, 6531, 7372, 7504, 7505; the postmaster pages of the providers; Sisimai
(`Rhost/FrancePTT`, BSD-2-Clause) for what the codes of Orange and La Poste stand for; KumoMTA (`shaping.toml`,
Apache-2.0) for throttling texts and how long to wait. A rule's `date` is when it was last compared with its source.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from distributor.states import DeliveryState, Phase, Verdict
from distributor.transport.echoes import OURS

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
    subject and detail of the enhanced code (`7.1`), since the reply's own digit beats the enhanced code's; `digit` is
    the enhanced code's, where it says something that it is another one. `text` is searched for in the reply, whatever
    the case. Both are regular expressions, compiled when they are first needed: most servers refuse nothing. `state` is
    given where the verdict and the reply's digit do not say it all; `retry_after` is in seconds.
    """

    name: str
    verdict: Verdict
    codes: tuple[str, ...]
    phases: frozenset[Phase] = TRANSACTION
    enhanced: str = ""
    digit: str = ""
    text: str = ""
    state: DeliveryState | None = None
    retry_after: int | None = None
    source: str = ""
    date: str = "2026-11"

    def fits(self, phase: Phase, code: int, enhanced: str, text: str) -> bool:
        """Whether the reply `code` `text`, with that enhanced code or "", to the step `phase` is this one.

        An enhanced code that names the recipient's address or mailbox (X.1.1, X.2.2 and their like) is never an answer
        about us, whatever words stand beside it.
        """
        detail = enhanced[2:]
        return (
            phase in self.phases
            and str(code).startswith(self.codes)
            and enhanced.startswith(self.digit)
            and (not self.enhanced or re.fullmatch(self.enhanced, detail) is not None)
            and (not self.text or re.search(self.text, text, re.IGNORECASE) is not None)
            and not (self.verdict.is_account_level and phase in RECIPIENT and re.fullmatch(_THE_RECIPIENT, detail))
        )


def _detail(*details: str) -> str:
    return "|".join(details).replace(".", r"\.")


_UNKNOWN = ("1.1", "1.2", "1.3", "1.6", "1.10")
_THE_RECIPIENT = _detail(*_UNKNOWN, "2.1", "2.2", "2.12[12]")


def _french(*numbers: int) -> str:
    """Orange's and La Poste's own codes: `OFR_416`, `OFR004_104`, `LPN416`, `LPN105-104`, `OUK_513`."""
    return rf"\b(?:OFR|LPN|OUK)(?:[0-9A-Z]{{3}})?[_-]?(?:{'|'.join(map(str, numbers))})\b"


_TOO_BIG = (
    r"(?:message|mail|size).{0,30}(?:too (?:big|large)|exceeds.{0,20}(?:size|maximum|limit))|message trop volumineux"
    r"|(?:message|mail) size exceeded"
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
    # What one recipient is sent by everybody, and how they want to be written to: no word about our account.
    Rule(
        "busy-mailbox-text",
        _V.THROTTLED,
        _NEGATIVE,
        RECIPIENT,
        text=(
            r"\A(?!.*\b(?:quota|storage|space|full|sen[dt]|sending)\b).*\b(?:recipient|mailbox)\b"
            r"(?:.{0,30}\bexceeded\b.{0,60}\b(?:incoming|receive|receiving|per hour)\b|['’]s (?:\w{1,20} ){0,4}limit\b)"
        ),
        state=_DEFERRED,
        retry_after=HOUR,
        source="Microsoft: non-delivery codes 5.2.121, 5.2.122, for servers that leave the code out",
    ),
    Rule(
        "recipients-choice",
        _V.POLICY,
        ("5",),
        RECIPIENT,
        enhanced=r"(?![12]\.).*",
        text=(
            r"(?:rejected|refused|blocked|denied) by (?:the |this |its )?recipient"
            r"(?!(?:['’]s)? (?:e?-?mail )?(?:server|host|domain))"
            r"|\brecipient (?:has blocked|does not accept|refuses)"
            r"|\b(?:group|list)\b.{0,20} (?:requires authentication|only accepts)"
        ),
        source="Exchange: block lists and delivery restrictions of one mailbox; list servers",
    ),
    # Whoever answers so to one address too many says nothing about this one, whatever code stands beside it.
    Rule(
        "address-harvest",
        _V.THROTTLED,
        _NEGATIVE,
        RECIPIENT,
        text=(
            r"too many (?:\w{1,20} )?(?:invalid|unknown|bad|rejected|non-?existent|failed) "
            r"(?:recipient|rcpt|user|address|mailbox)|excessive unknown recipients|directory harvest"
        ),
        state=_DEFERRED,
        retry_after=HOUR,
        source="Yahoo 421, Cisco Secure Email (directory harvest attack prevention), qmail chkuser, Exim",
    ),
    # The account, in words.
    Rule(
        "quota-daily",
        _V.QUOTA,
        _NEGATIVE,
        text=(
            r"daily (?:(?!receiving)\w{1,20} ){0,4}(?:quota|limit)|SubmissionQuotaExceeded"
            r"|exceeded.{0,40}(?:daily|24.hour|per day)"
            r"|exceeded for the day|limite (?:quotidienne|journali[eè]re)|credits (?:exceeded|exhausted)|out of credits"
            r"|(?:insufficient|not enough|no|have enough) credits|(?:limit|maximum).{0,40}\bper day|maximum daily"
            r"|(?:too many|maximum|limit)\b.{0,50}\btoday|monthly (?:\w{1,20} ){0,3}(?:quota|limit|allowance)"
            r"|sending limit \((?:daily|sandbox)|plan limit|limit.{0,30}upgrade your plan"
        ),
        retry_after=DAY,
        source="Gmail 5.4.5, SES 454, Exchange Online 5.1.90, SendGrid 451, Postmark, Brevo, SparkPost, Mailtrap",
    ),
    Rule(
        "exchange-quota",
        _V.QUOTA,
        ("5",),
        enhanced=_detail("7.23[236]"),
        retry_after=DAY,
        source="Microsoft: non-delivery codes 5.7.232, 5.7.233, 5.7.236",
    ),
    Rule(
        "quota-hourly",
        _V.QUOTA,
        _NEGATIVE,
        text=(
            r"hourly (?:sending )?(?:quota|limit)|exceeded.{0,40}(?:per hour|hourly)"
            r"|(?:send|sending|outgoing|submission) (?:quota|limit) (?:exceeded|reached)"
            r"|exceeded (?:your|the) messaging limit|unusual sending activity"
            r"|(?:sender|policy rejection|message count)\b.{0,60}\bquota.{0,20}exceeded|message quota exceeded"
            r"|\b(?:sending|outgoing|outbound) (?:(?!thread|connection|size)\w{1,20} ){0,2}(?:quota|limit)\b"
            r"|limit on the number of outgoing|not allowed to send: recipient limit"
            r"|\byou(?: have|['’]ve) (?:exceeded|reached) (?:your|the) "
            r"(?:(?!size)\w{1,20} ){0,3}(?:quota|limit|number of messages)\b"
            r"|quota.{0,20}exceeded for (?:the )?(?:authenticated|sender)"
            r"|\b(?:quota|limite) d['’]envoi|votre quota|nombre maxim(?:um|al) de messages|versandlimit"
        ),
        retry_after=HOUR,
        source="shared hosts' relays (cPanel, Plesk), policyd, SendGrid, GMX, IONOS, Zoho, Mailgun, SparkPost",
    ),
    # Of a mailbox that is full, X.7 says nothing: what is used up is what somebody may send.
    Rule(
        "quota-policy",
        _V.QUOTA,
        _NEGATIVE,
        enhanced=_detail(r"7.\d+"),
        text=(
            r"\A(?!.*\b(?:mailbox|inbox|user|recipient|bo[iî]te|destinataire|postfach)\b)"
            r".*(?:quota.{0,20}exceeded|exceeded.{0,20}quota)"
        ),
        retry_after=HOUR,
        source="RFC 3463 §3.8; relays' policy servers",
    ),
    Rule(
        "account-rate",
        _V.ACCOUNT,
        _NEGATIVE,
        text=r"too many (?:e-?mails|messages|requests) per second",
        retry_after=5,
        source="Mailtrap: 550 5.7.0 too many emails per second",
    ),
    Rule(
        "ses-rate",
        _V.ACCOUNT,
        ("454",),
        text=r"Throttling failure|maximum sending rate exceeded",
        retry_after=5,
        source="Amazon SES: Throttling failure",
    ),
    Rule(
        "ses-paused",
        _V.ACCOUNT,
        _NEGATIVE,
        text=(
            r"(?:paused|suspended) for this account|not authorized to perform .?ses:Send"
            r"|configuration set does not exist"
        ),
        source="Amazon SES: SMTP response codes",
    ),
    Rule(
        "account-blocked",
        _V.ACCOUNT,
        _NEGATIVE,
        text=(
            r"your (?:\w{1,20} ){0,2}(?:account|mailbox) (?:has been|is|was) (?:\w{1,20} )?"
            r"(?:blocked|suspended|disabled|locked|restricted|(?:not |yet ){1,2}activ)"
            r"|votre compte.{0,30}(?:bloqu[ée]|suspendu|d[ée]sactiv[ée])"
            r"|\bihr (?:konto|postfach) (?:wurde|ist) (?:\w{1,20} )?(?:gesperrt|deaktiviert)"
            r"|outgoing (?:e-?)?mail.{0,90}(?:suspended|blocked|disabled)"
            r"|(?:e-?mail outgoing|outbounds?|sender['’]?s? account) (?:is |has been )?(?:blocked|disabled|suspended)"
            r"|ip address is not (?:allowed|authori[sz]ed) to send|credentials for relay"
            r"|domain \S{1,80} is not allowed to send\b|(?:for test purposes|to account owners) only"
            r"|can only be used to send e?-?mails to"
        ),
        source="Brevo 502 5.7.0, cPanel, SMTP2GO, Google Workspace SMTP relay, Zoho, Mimecast, Mailgun and Mailtrap",
    ),
    # The same without «your», where a policy code says that it is no mailbox, and no word that it is the recipient's.
    Rule(
        "account-blocked-policy",
        _V.ACCOUNT,
        ("5",),
        enhanced=_detail(r"7.\d+"),
        text=(
            r"\A(?!.*\b(?:recipient|user|destination|destinataire|mailbox)\b)"
            r".*\baccount (?:(?:has been|is|was) )?(?:\w{1,20} )?(?:blocked|suspended|disabled|locked)\b"
        ),
        source="RFC 3463 §3.8; hosts that lock an account for what it sent",
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
        text=(
            r"relay(?:ing)?(?: access)? (?:is )?(?:denied|disallowed|not (?:permitted|allowed)|prohibited)"
            r"|(?:not (?:allowed|permitted)|unable) to relay|we do not relay|allowed rcpthosts|not a gateway"
            r"|\bas a relay\b|relais (?:refus[ée]|interdit|non autoris[ée])"
        ),
        source="Postfix, Exim, qmail, Exchange 5.7.54, Zoho, MessageLabs",
    ),
    # Who is reached from within their house only: «authentication required» is not about our login then.
    Rule(
        "exchange-internal",
        _V.POLICY,
        ("5",),
        RECIPIENT,
        enhanced=_detail("7.124", "7.129", "7.13[3-6]"),
        source="Microsoft: non-delivery codes 5.7.124 to 5.7.136",
    ),
    Rule(
        "exchange-internal-text",
        _V.POLICY,
        ("5",),
        RECIPIENT,
        text=r"RESOLVER\.RST\.(?:Auth|Sender|NotAuth|Restricted)",
        source="Exchange Server",
    ),
    # A password would not help: it is not to be shown to whoever cannot keep it to themselves.
    Rule(
        "encryption-wanted",
        _V.ACCOUNT,
        _NEGATIVE,
        text=r"must issue a starttls|starttls is required",
        source="RFC 3207 §4, Exchange Online 451 5.7.3",
    ),
    Rule(
        "login-wanted",
        _V.CREDENTIALS,
        ("5",),
        text=(
            r"\bauth(?:entication|enticate)?(?: is)? required|requires authentication|authenticate first"
            r"|must (?:be )?authenticate|authentification (?:requise|obligatoire|n[ée]cessaire)"
            r"|unauthenticated senders not allowed|(?:must|please) log ?in\b"
            r"|devez vous authentifier|authentifiez[- ]vous"
        ),
        source="RFC 4954 §6, Brevo, cPanel, MailEnable",
    ),
    Rule(
        "client-refused",
        _V.ACCOUNT,
        ("5",),
        text=r"(?:client host|helo command) rejected|invalid [eh][eh]lo",
        source="Postfix smtpd_client_restrictions, smtpd_helo_restrictions; Exim",
    ),
    Rule(
        "client-unknown",
        _V.ACCOUNT,
        ("4",),
        text=r"client host rejected: cannot find your|helo command rejected: host not found",
        source="Postfix reject_unknown_client_hostname, reject_unknown_helo_hostname",
    ),
    Rule("orange-login", _V.CREDENTIALS, ("5",), text=_french(305, 402), source=_SISIMAI),
    Rule("orange-sender", _V.SENDER, ("5",), text=_french(403, 405, 415, 421), source=_SISIMAI),
    Rule("orange-spf-dmarc", _V.AUTHENTICATION, ("5",), text=_french(401, 517), source=_SISIMAI),
    Rule(
        "our-authentication",
        _V.AUTHENTICATION,
        ("5",),
        text=(
            r"\b(?:dmarc|dkim|spf)\b.{0,60}(?:fail|did not pass|does not pass|not aligned|en [ée]chec)"
            r"|\b(?:dmarc|dkim|spf) sender invalid|unauthenticated (?:e-?mail|message|sender)"
            r"|(?:does not|doesn't) meet the required authentication level"
            r"|\bdmarc (?:policy|check)\b|politique dmarc|(?:due to|failed) (?:\w{1,20} )?(?:spf|dkim|dmarc)\b"
            r"|\bspf\b.{0,40}not (?:authori[sz]ed|allowed)|(?:spf|dmarc) un\w{1,20} mail is prohibited"
            r"|sender is unauthenticated|not dkim.signed"
        ),
        source="Gmail, Yahoo, iCloud, Outlook.com 5.7.515, Mimecast, Cisco Secure Email, OpenDMARC, policyd-spf, GMX",
    ),
    Rule(
        "sender-unknown",
        _V.SENDER,
        ("5",),
        text=(
            r"\bsender (?:is )?(?:unknown|not found|does(?: not|n['’]?t) exist)"
            r"|\b(?:sender|from|envelope|return)(?: e-?mail)? (?:address|mailbox|domain|user|account)(?: <>)? "
            r"(?:is |was )?(?:unknown|not (?:found|allowed)|invalid|disabled)"
            r"|\b(?:sender|from|envelope|return)(?: e-?mail)? (?:address|mailbox|domain|user|account)(?: <>)? "
            r"(?:must match|mismatch|does(?: not|n['’]?t) (?:exist|belong))"
            r"|(?:exp[ée]diteur|[ée]metteur|[ée]mettrice)(?: <>)?(?: est)? "
            r"(?:inconnue?|invalide|inexistante?|refus[ée]e?|non autoris[ée]e?)"
            r"|absender(?:adresse)?(?: <>)?(?: ist)? "
            r"(?:unbekannt|ung[üu]ltig|abgelehnt|nicht (?:erlaubt|bekannt|gefunden)|existiert nicht)"
        ),
        source="RFC 3463 §3.2 (X.1.7, X.1.8), for servers that leave the code out",
    ),
    # Our own address beside a word that would give a recipient up.
    Rule(
        "we-are-named",
        _V.SENDER,
        ("5",),
        text=(
            rf"{OURS}\W{{0,3}}(?:user |account |mailbox |address )?(?:is |was |has been )?"
            r"(?:unknown|not (?:found|known)|inactive|does(?:n['’]?t| not) exist|no longer|no such)"
            rf"|(?:user|account|mailbox) {OURS} (?:is |was |has been )?(?:disabled|blocked|suspended|locked)"
            rf"|{OURS}\W{{0,3}}(?:user |account |mailbox )(?:is |was |has been )?(?:disabled|blocked|suspended|locked)"
            rf"|(?:unknown|no such|invalid) (?:user|account|mailbox|address)\W{{0,3}}{OURS}"
        ),
        source="RFC 5321 §3.3: a server that looks the sender up; hosts that lock an account",
    ),
    Rule(
        "sender-refused",
        _V.SENDER,
        ("5",),
        text=(
            r"sender (?:address )?(?:rejected|refused|denied|verify failed|(?:in|not )valid)|not owned by (?:the )?user"
            r"|invalid sender|[ée]metteur invalide|SendAsDenied|send as this sender|email address is not verified"
            r"|verified sender|not a sender signature|sender name is not valid|validate your sender"
            r"|sender (?:address |domain )?(?:is )?not (?:verified|validated|valid\b)|domain of (?:the )?sender"
            r"|sender address is not allowed|use this sender|\bdomain(?: <>)?(?: is)? not verified"
            r"|unconfigured sending domain|not (?:authori[sz]ed|allowed) to send (?:from|as)\b|not owned by auth"
        ),
        source="Postfix reject_sender_login_mismatch, Exchange Online, SES, SendGrid, Postmark, Postal, IONOS",
    ),
    # Providers that mark their answers.
    # PTR: what X.7.25 stands for.
    Rule(
        "reverse-dns",
        _V.AUTHENTICATION,
        ("5",),
        text=r"reverse dns|\bptr (?:resource )?record",
        source="RFC 7372 §3.3, for servers that leave the code out; Exim, AT&T, GMX",
    ),
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
        text=r"\bSFR_IN_\w{3}\b",
        state=_DEFERRED,
        retry_after=2 * HOUR,
        source="SFR: each block lasts two hours",
    ),
    Rule(
        "yahoo-long-throttle",
        _V.THROTTLED,
        ("4",),
        text=r"\[(?:TSS|IPTS)05\]",
        retry_after=4 * HOUR,
        source=_KUMO,
    ),
    Rule(
        "yahoo-throttle",
        _V.THROTTLED,
        ("4",),
        text=r"\[(?:TSS?|IPTS)\d\d\]",
        retry_after=2 * HOUR,
        source=_KUMO,
    ),
    Rule(
        "gmail-busy-mailbox",
        _V.THROTTLED,
        _NEGATIVE,
        RECIPIENT,
        text=r"receiving mail (?:at a rate|too quickly)|recipient thread limit exceeded",
        state=_DEFERRED,  # «please resend later», even when the code says 550
        retry_after=HOUR,
        source="Gmail 4.2.1, 5.2.1; Exchange Online",
    ),
    Rule(
        "exchange-busy-mailbox",
        _V.THROTTLED,
        _NEGATIVE,
        RECIPIENT,
        enhanced=_detail("2.12[12]"),
        state=_DEFERRED,  # so many messages an hour and mailbox
        retry_after=HOUR,
        source="Microsoft: non-delivery codes 5.2.121, 5.2.122",
    ),
    Rule(
        "free-block",
        _V.THROTTLED,
        ("4",),
        text=r"too (?:many (?:spams?|errors?)|much mail) from your ip",
        retry_after=6 * HOUR,  # a block of a day at most, and tries while it lasts prolong it
        source="postmaster.free.fr",
    ),
    Rule("yahoo-block", _V.POLICY, ("553", "554"), RECIPIENT, text=r"\[BL\d*\]", source=_KUMO),
    Rule(
        "outlook-connections",
        _V.CONCURRENCY,
        _NEGATIVE,
        text=(
            r"too many (?:concurrent |simultaneous |open )?(?:smtp )?(?:connections|sessions)"
            r"|trop de (?:connexions|sessions)"
            r"|max(?:imum)?(?: number of)?(?: concurrent| simultaneous| server| smtp| open){0,3} connections"
            r"|(?:exceeded the )?connection limit\b|thread limit exceeded|exceeding \w{1,20} thread limit"
            r"|nombre maxim(?:um|al) de connexions|zu viele (?:gleichzeitige )?verbindungen"
        ),
        state=_DEFERRED,
        retry_after=5 * MINUTE,
        source=f"{_KUMO}; Exchange Server 4.3.2, Mimecast",
    ),
    Rule(
        "outlook-reputation",
        _V.THROTTLED,
        ("4",),
        text=r"\bRP-00[1-3]\b",
        retry_after=HOUR,
        source="Outlook.com: SMTP error codes RP-001 to RP-003",
    ),
    Rule(
        "messages-per-connection",
        _V.CONNECTION,
        _NEGATIVE,
        text=(
            r"(?:messages?|transactions?|limit) per (?:connection|session)"
            r"|too many (?:messages|transactions) (?:for|in|on) (?:this|one) (?:connection|session)"
        ),
        state=_DEFERRED,  # the next connection takes it, whatever the number says
        source=f"{_KUMO}; Exim smtp_accept_max_per_connection",
    ),
    Rule(
        "greylist",
        _V.RETRY,
        _NEGATIVE,
        text=r"gr[ea]y-?list|liste grise",
        state=_DEFERRED,  # some say 550, and mean «come again»
        retry_after=5 * MINUTE,
        source="RFC 6647",
    ),
    Rule(
        "rate",
        _V.THROTTLED,
        _NEGATIVE,
        text=(
            r"rate.?limit|throttl|slow down|unusual (?:rate|traffic)|frequency limited"
            r"|(?:submission|sending|sender|message) rate.{0,60}(?:exceed|overlimit|too high)"
            r"|temporarily deferred due to|rate control|too much mail from"
            r"|too many recipients (?:received|from|per (?:minute|hour)|in a short)"
            r"|(?<!has )(?<!contains )too many (?:messages|e?-?mails)(?! in (?:the |your |this )?(?:mail|in)box)"
            r"|(?:sending|sent) too (?:fast|quickly)|\bflood|trop (?:de (?:messages|mails|courriels)|vite)"
            r"|zu viele (?:nachrichten|e-?mails|mails)"
        ),
        state=_DEFERRED,
        retry_after=HOUR,
        source=f"{_KUMO}; Postfix anvil, Cisco, Proofpoint, Exim ratelimit, Free",
    ),
    # Behind X.7, which for most means «slower»: this session only, or the server's own trouble.
    Rule(
        "session-over",
        _V.CONNECTION,
        ("421",),
        enhanced=_detail(r"7.\d+"),
        text=r"too many (?:\w{1,20} )?(?:errors|commands)|timed? ?out|timeout|shutting down",
        source="Postfix smtpd_hard_error_limit, Exchange Server 4.7.0",
    ),
    Rule(
        "blocked-for-now",
        _V.THROTTLED,
        ("4",),
        text=r"blocked using|block ?list|black ?list|\b(?:rbl|dnsbl)\b",
        retry_after=HOUR,
        source="Postfix maps_rbl_reject_code 450, Trend Micro Email Reputation, Proofpoint",
    ),
    Rule(
        "server-trouble",
        _V.RETRY,
        ("450", "451", "452"),
        enhanced=_detail(r"7.\d+"),
        text=(
            r"temporary (?:\w{1,20} ){0,2}(?:error|failure|problem)|temporarily (?:unable|unavailable)|temp ?error"
            r"|lookup fail|internal error"
        ),
        source="Exchange Online 451 4.7.0 (PRX), policyd-spf, milters",
    ),
    # The recipient and the message, in words: for servers that say 550 to everything.
    Rule(
        "full-text",
        _V.FULL,
        _NEGATIVE,
        RECIPIENT,
        text=(
            r"(?:mailbox|inbox) (?:is |size limit )?(?:full|exceeded)|over ?quota|out of storage|quota.{0,20}exceeded"
            r"|exceed(?:ed|s)?\b.{0,20}quota|bo[iî]te.{0,40}(?:pleine|satur[ée])|insufficient (?:mailbox )?storage for"
            r"|exceeded storage allocation|over (?:its |their |the )?(?:storage|disk|mailbox|allowed) (?:quota|limit)"
            r"|storage (?:quota|limit) (?:reached|exceeded)|mailbox has exceeded"
            r"|too many messages in (?:the |this )?mailbox"
            r"|(?:not enough|insufficient) (?:\w{1,20} )?space (?:in|for) (?:the |this )?(?:mailbox|user|recipient)"
            r"|quota.{0,30}d[ée]pass[ée]|d[ée]pass[ée].{0,10}quota|espace (?:disque )?insuffisant"
            r"|(?:postfach|mailbox).{0,20}\b(?:voll|[üu]berf[üu]llt)\b|quota [üu]berschritten"
            r"|casella.{0,20}piena|buz[oó]n.{0,20}lleno"
        ),
        retry_after=HOUR,
        source="Dovecot, Zimbra, Gmail, Yahoo, MDaemon, vpopmail",
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
        text=(
            r"user unknown|unknown (?:user|recipient|mailbox|local.part|(?:address|account)\W*(?:user\b|\Z))"
            r"|no such (?:user|mailbox|recipient|address|person|account)"
            r"|(?:user|mailbox|recipient|account|address)(?: (?!temporarily)\S{1,80})? (?:is |was )?"
            r"(?:unknown|not (?:found|known)|disabled|inactive|does(?:n['’]?t| not) exist|no longer)"
            r"|\b(?:user|mailbox|recipient) has been (?:disabled|deleted|deactivated|removed|closed)"
            r"|disabled or discontinued|non-?existent (?:user|mailbox|recipient|address)"
            r"|invalid (?:recipient|mailbox)|no (?:mail ?box|account) (?:(?:here )?by that name|available for|found)"
            r"|unrouteable address|no such domain|not a valid (?:recipient|user|mailbox)|recipient cannot be verified"
            r"|(?:doesn't|does not) have an? (?:\S{1,80} )?account|marked as inactive"
            r"|mailbox unavailable \(S2017062302\)"
            r"|(?:utilisateur|destinataire|adresse|bo[iî]te(?: aux lettres)?|compte)(?: \S{1,80})?(?: est)? "
            r"(?:inconnue?|invalide|inexistante?|introuvable|d[ée]sactiv[ée]e?|non trouv[ée]e?)"
            r"|(?:utilisateur|destinataire|adresse|bo[iî]te(?: aux lettres)?|compte)(?: \S{1,80})? "
            r"(?:n['’]existe (?:pas|plus)|n['’]est plus valide)|aucun (?:utilisateur|destinataire)"
            r"|(?:benutzer|empf[äa]nger|postfach|adresse|mailbox)(?: \S{1,80})?(?: ist)? "
            r"(?:unbekannt|nicht (?:bekannt|vorhanden|gefunden)|existiert nicht)"
            r"|unbekannter? (?:benutzer|empf[äa]nger|adresse)|kein solche[rs]? (?:benutzer|empf[äa]nger|postfach)"
            r"|(?:usuario|destinatario|buz[oó]n|direcci[oó]n)(?: \S{1,80})? (?:desconocid[oa]|no existe|inexistente)"
            r"|(?:utente|destinatario|casella|indirizzo)(?: \S{1,80})? (?:sconosciut[oa]|inesistente|non esiste)"
            r"|onbekende (?:gebruiker|ontvanger)|(?:gebruiker|ontvanger)(?: \S{1,80})? onbekend"
            r"|(?:utilizador|usu[aá]rio|destinat[aá]rio)(?: \S{1,80})? (?:desconhecido|inexistente|n[aã]o existe)"
        ),
        source="Postfix, Exim, qmail, Yahoo, Barracuda, Postmark, Outlook.com",
    ),
    Rule(
        "cisco-unknown",
        _V.HARD,
        ("5",),
        frozenset({Phase.RCPT}),
        enhanced=_detail("1.0"),
        text=r"5\.1\.0 address rejected",
        source="Cisco Secure Email: recipient access table, LDAP accept",
    ),
    Rule(
        "edge-blocking",
        _V.HARD,
        ("5",),
        RECIPIENT,
        enhanced=_detail("4.1"),
        text=r"recipient address rejected",
        source="Exchange Online: directory-based edge blocking",
    ),
    Rule(
        "block-text",
        _V.POLICY,
        ("5",),
        RECIPIENT,
        text=(
            r"spam|blocked using|block ?list|black ?list|\b(?:rbl|dnsbl)\b|\bS31[45]0\b|\breputation\b|unsolicited"
            r"|(?:mail|messages?|connections?) from your (?:ip|network|host|server)\b"
            r"|administrative prohibition|security polic(?:y|ies)|spoofing|blocked senders|ip reputation|pourriel"
            r"|:blocked\)"
        ),
        source="Free, Spamhaus users, Outlook.com, Mimecast, Barracuda, Exim",
    ),
    Rule(
        "asked-later",
        _V.RETRY,
        ("5",),
        RECIPIENT,
        text=r"(?:try|retry) (?:again )?(?:later|in \d)|at a later time|plus tard|r[ée]essay",
        state=_DEFERRED,  # whoever says so means it, whatever the number: the deadline ends it
        source="La Poste, Orange: «Veuillez essayer plus tard» with 550",
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
    # «For now» behind «never»: the refusal stands, and nobody is given up for it.
    Rule(
        "unknown-for-now",
        _V.UNKNOWN,
        ("5",),
        RECIPIENT,
        enhanced=_detail(*_UNKNOWN, "2.1"),
        digit="4",
        source="RFC 2034 §4: both digits must be the same",
    ),
    Rule(
        "unknown-for-now-text",
        _V.UNKNOWN,
        ("5",),
        RECIPIENT,
        enhanced=_detail(*_UNKNOWN, "2.1"),
        text=r"temporar(?:y|il)|momentan[ée]ment|temporairement|vor[üu]bergehend",
        source="RFC 3463 §3.3: X.2.1 says nothing of for how long",
    ),
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
    # The order of the commands is ours: it says nothing about the recipient.
    Rule(
        "out-of-order",
        _V.RETRY,
        ("503",),
        frozenset({Phase.RCPT, Phase.DATA}),
        state=_DEFERRED,
        source="RFC 5321 §4.2.2",
    ),
    Rule("refused", _V.UNKNOWN, ("5",), source="RFC 5321 §4.2.1"),
    Rule("later", _V.RETRY, ("4",), source="RFC 5321 §4.2.1"),
)

RULES: tuple[Rule, ...] = _OPENING_RULES + _TEXT_RULES + _CODE_RULES
"""Every rule in the order in which it is tried: what is said in words wins over what is said in numbers."""
