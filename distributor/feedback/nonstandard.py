"""Bounces in a server's own words: which addresses they name, and what is said of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from distributor.feedback.causes import by_status, cause_of, is_dead, settled
from distributor.feedback.events import Cause, Finding, Judgement, reason_class
from distributor.feedback.letter import Letter
from distributor.feedback.machines import is_automatic
from distributor.feedback.returned import Returned
from distributor.feedback.wording import ADDRESS, header_addresses, is_daemon, reply_in, said_of, same, status_in, tidy

_SUBJECTS = re.compile(
    r"undeliver|non.?deliver|not.{0,12}deliver|(?:deliver|mail|message|e-?mail|transmission|system"
    r"|status).{0,30}(?:fail|error|problem|warning|delay|notif|report|return|abort|block|subsystem)"
    r"|(?:fail|error|problem|warning|delay|unable|could ?n.t|cannot|reject).{0,40}(?:deliver|mail|message"
    r"|transport|address|recipient)|returned? (?:mail|to sender|message|e-?mail)|failure notice|mail (?:returned"
    r"|not)"
    r"|user unknown|unknown (?:user|recipient)|bounce|could not send|not read|nondelivery|non remis|non d[ée]livr"
    r"|non distribu|[ée]chec|remise|retour|unzustell|zustell|impossible|no.{0,4}entreg|mancat|mancata|onbestel"
    r"|ikke lever"
    r"|エラー|送信|不達|配信|не доставл|недостав|退信|無法|无法|delivery status|niet (?:be|af)?zorg|niet verzond"
    r"|no recapit|non recapit|n[ãa]o .{0,24}entreg|falha na entrega|zwrot|nie dostarcz|nie mo[żz]na dostarcz"
    r"|kunde inte levereras|olevererbar|kunne ikke leveres|retard[ée]|diff[ée]r[ée]"
    r"|dead letter|rejected|warning: message|mdaemon",
    re.IGNORECASE,
)
_SENTENCES = re.compile(
    r"(?:could|can|did|was|were|has|have|is|are|been|be|will)(?: ?n[o']t"
    r"|not) (?:\w+ )?(?:be(?:en)? )?(?:successfully )?(?:deliver|reach|receiv|sent|send|process|transmit|accept"
    r"|complete|possible)"
    r"|unable to (?:be )?(?:deliver|send|transmit|complete|relay|process)|(?:permanent|fatal|delivery|transient"
    r"|temporary|following|addressing|non-fatal) (?:fatal |delivery |transport |non-fatal )*(?:error|fail|problem"
    r"|address|recipient|warning|status)"
    r"|(?:delivery|message|mail|address\w*|transmission|recipient\w*|e-?mail)\S{0,4} (?:\S+ ){0,6}(?:fail|reject"
    r"|return|refus|delay|unsuccess|problem|abort|bounce|undeliver|has not|postpone|removed from)"
    r"|undeliver|user (?:is )?unknown|unknown user|no such user|mailbox (?:is )?full|over quota|does not exist"
    r"|failed (?:to|for|perm|deliver|\d)|returned (?:to|mail|message)|rejected|SMTP error|remote host said"
    r"|said: [45]\d\d"
    r"|not (?:delivered|a valid|listed|found|known|our)|exceeded|invalid (?:final|address|recipient|user)"
    r"|no (?:longer|mailbox)|retur|(?:550|554|552|553|551)[ -]|deferred|disabled"
    r"|n'a (?:pas )?(?:pu|pas)|pas pu [êe]tre|non remis|non d[ée]livr|impossible|[ée]chec|introuvable|n'existe"
    r"|送信できません|送信でき|届け|不達|配信|一杯|не может быть|не был|konnte"
    r"|nicht .{0,60}zugestellt|nachrichtenzustellung|no se (?:ha |pudo)|non [èe] (?:stato"
    r"|possibile)|退|recapito non riuscito|kan niet worden|niet worden (?:be|af)geleverd|niet bezorgd|falha na entrega"
    r"|n[ãa]o (?:p[ôo]de|foi poss[íi]vel|foi entregue)|nie (?:zosta[łl]a dostarczona|mo[żz]na dostarczy[ćc])"
    r"|kunde inte levereras|kunne ikke leveres|не доставлен|無法|无法|[ée]chec de la remise|est retard[ée]e"
    r"|probl[èe]me temporaire",
    re.IGNORECASE,
)
_DELAYS = re.compile(
    r"will (?:be )?(?:retry|retried|re-?tried|re-?attempted|continue|keep|try)|still (?:trying|being"
    r"|undelivered|queued"
    r"|be tried|attempt)|warning message only|do(?:es)? not need to resend|no action is required|(?:has"
    r"|have) (?:been |not yet been )(?:delayed|deferred|postponed|delivered)"
    r"|delayed|not yet been delivered|delivery attempts will continue|continue (?:to )?(?:try|attempt)"
    r"|temporar(?:y|ily) (?:problem|failure|error|unable|undeliver)|advisory|postponed|retr(?:y|ied) (?:for|until"
    r"|again)|still in the queue|non-fatal|transient|est retard[ée]|pas encore [ée]t[ée] (?:remis|distribu|d[ée]livr)"
    r"|nouvelles? tentatives?|probl[èe]me temporaire|verz[öo]gert|vor[üu]bergehend|temporal|temporane|tijdelijk"
    r"|opó[źz]nion",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"will (?:be )?(?:retry for|retried|re-?tried|re-?attempted|keep trying|continue (?:to )?(?:try|attempt|be tried"
    r"|be attempted))|being attempted|will be attempted again|tentatives de remise vont continuer"
    r"|va essayer de remettre|effectuera de nouvelles tentatives|weitere zustellversuche|se volver[áa] a intentar"
    r"|verr[àa] riprovat"
    r"|warning message only|do(?:es)? not need to resend"
    r"|no action is required|delivery attempts will continue|this is only a temporary|still in the queue"
    r"|advisory.only|we will continue|(?<!not )continue trying",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"not going to try again|will not (?:continue|be retried|try again)|giving up|given up|gave up"
    r"|permanent(?:ly)? (?:error|fail|fatal|deliver)",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"permanent|(?<!non-)fatal errors|giving up|given up|gave up|returned|no further|will not be (?:re)?|not be retried"
    r"|expired|has failed|could not be delivered (?:for|within|in|after)|failed after|removed|undeliverable"
    r"|aborted|exceeded|i've been|unable to deliver",
    re.IGNORECASE,
)

_LEAD = r"[ \t>*+|•·\[(\"'-]{0,12}"
_ADDR = rf"(?:<?(?:smtp:|rfc822;|mailto:|@[\w.,@-]+:)?\s?(?P<a>{ADDRESS})>?)"
_STRONG = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        rf"^{_LEAD}{_ADDR}[>)\]\"',;.:]*[ \t]*$",  # alone on its line: Exim, Gmail, Exchange
        rf"^{_LEAD}<{_ADDR}>?[ \t]*[:;(,.=-]",  # Postfix, qmail, Yahoo
        rf"^{_LEAD}{_ADDR}(?:\.\.\.|[ \t]*[:;(]|[ \t]+\(|[ \t]+-|[ \t]+on[ \t])",  # Sendmail, Exchange 5.5
        (
            rf"^{_LEAD}(?:failed |original |final |e-?mail |bad |rejected |invalid |intended |unknown |undelivered )?"
            rf"(?:recipients?|addresse?s?|user|mailbox|rcpt ?to|account|to|for|destinataire|adresse|empf[äa]nger"
            rf"|destinatario)"
            rf"(?: address| name| e-?mail)?(?:\(s\))?[ \t]*[:=][ \t]*{_ADDR}"
        ),
        rf"RCPT TO:[ \t]*{_ADDR}",
        rf"^{_LEAD}{_ADDR}[ \t]+\S",
        (
            rf"(?:deliver(?:ed|y|ing)?|sent?|sending|message|mail|addressed|recipients?|address|user|mailbox|account"
            rf"|failed(?: \d+ attempts)?|userid|transmit\w*|destinataire|adresse|d[ée]livr[ée]e?|remis|envoy[ée])"
            rf"(?:\(s\)|s)?(?:[ \t]*\n[ \t]*|[ \t]+)?(?:was |were |is |could not be |not |been |delivered |sent |the "
            rf"|following |to |for |à |a |of |with |email |e-mail |address |addresses |recipient |recipients |local "
            rf"|remote |user |mailbox )*[: \t\n\"'`«(\[-]+{_ADDR}"
        ),
    )
)
_WEAK = re.compile(rf"(?<![\w.+=/-]){_ADDR}", re.IGNORECASE)
_SUBJECT_LINE = re.compile(r"[ \t>*]*(?:Subject|Objet|Betreff|Asunto)[ \t]*:", re.IGNORECASE)
_TO_LINE = re.compile(r"[ \t>*]*(?:To|Cc|From|À|An|De|Reply-To)[ \t]*:", re.IGNORECASE)
_OURS = re.compile(
    r"contact|support|help|assist|postmaster|webmaster|administrator|abuse|further|questions|please (?:send|write"
    r"|e-?mail)|from:|sender|assistance|reply",
    re.IGNORECASE,
)
_BLAMES = re.compile(
    r"unknown|fail|reject|full|quota|not|no such|invalid|error|undeliver|refus|denied|[45]\d\d"
    r"|disabled",
    re.IGNORECASE,
)
_GENERATED = re.compile(rf"\((?:ultimately )?generated from ({ADDRESS})\)", re.IGNORECASE)
"""Exim's word for the address that we wrote to, where mail to it goes on to the one that failed."""

_MAX_FOUND = 100


@dataclass(frozen=True, slots=True)
class _Named:
    """An address, and what is said about it."""

    address: str
    said: str


def looks_like_bounce(letter: Letter, said: str, others: Mapping[str, bool]) -> bool:
    """Whether a message without a delivery status is one that a mail server wrote about mail it could not deliver.

    A person who writes «could not be delivered» is none: somebody who is no person must have sent it, or its subject
    be that of a bounce; and the text must say that something was not delivered. `others` are addresses that another
    reader found, each with whether it would be tried again.
    """
    if letter.raw("X-Failed-Recipients"):
        return True
    subject = letter.header("Subject")
    has_subject = has_bounce_subject(letter)
    by_daemon = has_daemons_name(letter)
    said_so = bool(others or _SENTENCES.search(said[:6_000]) or (has_subject and (letter.returned or by_daemon)))
    if not said_so or by_daemon or (is_machine(letter) and not is_automatic(letter)):
        return said_so
    is_answer = bool(re.match(r"\s*(?:re|tr|fwd?|aw|rép?)\s*:", subject, re.IGNORECASE)) or bool(
        letter.raw("In-Reply-To")
    )
    return has_subject and (not is_answer or bool(others))


def may_be_bounce(letter: Letter, said: str) -> bool:
    """Whether it is worth asking others: its subject or its text has a bounce's words."""
    return has_bounce_subject(letter) or bool(_SENTENCES.search(said[:6_000]))


def has_bounce_subject(letter: Letter) -> bool:
    """Whether its subject has the words of a bounce."""
    return bool(_SUBJECTS.search(letter.header("Subject")[:500]))


def is_machine(letter: Letter) -> bool:
    """Whether a program wrote it, by its sender or its empty return path (RFC 5321 §4.5.5)."""
    return letter.raw("Return-Path").strip().lower() in _NO_PATHS or has_daemons_name(letter)


_NO_PATHS = frozenset({"<>", "<mailer-daemon>", "<#@[]>"})


def has_daemons_name(letter: Letter) -> bool:
    """Whether a mail system wrote it, by its sender; an empty return path alone may be an answering machine's."""
    sender = letter.header("From")
    addresses = header_addresses(sender)
    return any(is_daemon(one) for one in addresses) or bool(
        re.search(
            r"mail(?:er)?[ ._-]?(?:daemon|delivery|system|administrator|admin|router)|postmaster"
            r"|system administrator|deliver\w* (?:sub)?system|<>",
            sender,
            re.IGNORECASE,
        )
    )


def read_bounce(letter: Letter, said: str, returned: Returned, others: Mapping[str, bool]) -> tuple[Finding, ...]:
    """What a server's own words say, of each address they name.

    `others` are addresses that another reader found in it. Ours (who sent the message, who is told) are passed over,
    unless nobody else is named.
    """
    written_to = _GENERATED.search(said)
    said = _GENERATED.sub("", said)
    named = _named(letter, said, returned, [one for one in others if not (written_to and one in written_to[0])])
    hints = {address.casefold(): temporary for address, temporary in others.items()}
    whole = " ".join(said.split())[:6_000]
    evidence = "text/plain" if letter.first("text/plain") else "text/html" if letter.first("text/html") else "header"
    subject = letter.header("Subject")
    findings = [
        _finding(one, f"{whole} {subject}", evidence, len(named) == 1, hints.get(one.address.casefold()))
        for one in named[:_MAX_FOUND]
    ]
    if written_to and len(findings) == 1:
        findings = [replace(findings[0], other_address=tidy(written_to[1]))]
    return tuple(findings) or (_finding(_Named("", whole), f"{whole} {subject}", evidence, True, None),)


def _named(letter: Letter, said: str, returned: Returned, others: list[str]) -> list[_Named]:
    failed = header_addresses(*letter.all("X-Failed-Recipients"))
    if failed:
        return [_Named(one, said_of(one, said)) for one in _distinct(failed)]
    told = _told(letter)
    sent_to = returned.recipients()
    ours = (told | {same(one) for one in returned.senders()}) - ({same(one) for one in sent_to} - told)
    message_ids = returned.get("message-id")
    for found in _candidates(_without_summary(said), said, others):
        kept = [
            one for one in _distinct(found) if same(one) not in ours and not is_daemon(one) and one not in message_ids
        ]
        if kept:
            return [_Named(one, said_of(one, said)) for one in kept]
    if len(sent_to) == 1:
        return [_Named(sent_to[0], " ".join(said.split()))]
    # Somebody who wrote to himself is told of himself.
    own = _distinct(address for pattern in _STRONG[:5] for address in _matches(pattern, said) if not is_daemon(address))
    return [_Named(one, said_of(one, said)) for one in own]


def _candidates(summary_free: str, said: str, others: list[str]) -> Iterator[Iterable[str]]:
    """The addresses a text may be about, in groups, the likeliest group first."""
    named = [one for one in map(tidy, others) if one]
    alone = list(_matches(_STRONG[0], summary_free))
    # The other reader stops at the first of Exim's several recipients: each stands on a line of its own.
    yield alone if named and {same(one) for one in named} <= {same(one) for one in alone} else named
    yield (address for pattern in _STRONG[:5] for address in _matches(pattern, summary_free))
    yield (address for pattern in _STRONG[5:] for address in _matches(pattern, summary_free))
    yield (tidy(found["a"]) for found in _WEAK.finditer(summary_free) if not _is_helpful(summary_free, found))
    yield (address for pattern in _STRONG for address in _matches(pattern, said))


def _without_summary(said: str) -> str:
    """The text without the «To:» of a summary of the message: it stands beside «Subject:» and names every addressee."""
    lines = said.split("\n")
    near = {
        number + step
        for number, line in enumerate(lines)
        if _SUBJECT_LINE.match(line)
        for step in (-3, -2, -1, 1, 2, 3)
    }
    return "\n".join(line for number, line in enumerate(lines) if number not in near or not _TO_LINE.match(line))


def _told(letter: Letter) -> set[str]:
    """Who is told of the bounce, and who tells it."""
    names = ("From", "To", "Reply-To", "Sender", "Return-Path", "Delivered-To", "Envelope-To", "Errors-To")
    return {same(one) for one in header_addresses(*letter.all(*names))}


def _matches(pattern: re.Pattern[str], said: str) -> Iterator[str]:
    for found in pattern.finditer(said):
        if not _is_helpful(said, found):
            yield tidy(found["a"])


def _is_helpful(said: str, found: re.Match[str]) -> bool:
    """Whether the address stands in a sentence that offers help, or in a link, rather than one that names a failure."""
    start = said.rfind("\n", 0, found.start("a")) + 1
    before = said[max(start, found.start("a") - 80) : found.start("a")]
    end = said.find("\n", found.end("a"))
    after = said[found.end("a") : end if end >= 0 else len(said)][:80]
    if re.search(r"https?://\S*$|message-?id\W{0,4}$", before, re.IGNORECASE):
        return True
    return bool(_OURS.search(before)) and not _BLAMES.search(after)


def _distinct(addresses: Iterable[str]) -> list[str]:
    found: dict[str, str] = {}
    for address in addresses:
        if address and len(found) < _MAX_FOUND:
            found.setdefault(address.casefold(), address)
    return list(found.values())


def _finding(named: _Named, whole: str, evidence: str, alone: bool, hint: bool | None) -> Finding:
    said = named.said
    status = status_in(said) or (status_in(whole) if alone else "")
    cause = cause_of(said, status, named.address) if said else Cause.OTHER
    if cause is Cause.OTHER and (alone or not said):
        cause = cause_of(whole, status, named.address)
    if cause is Cause.OTHER:
        cause = by_status(status)
    temporary = _is_temporary(said if not alone else f"{said} {whole}", whole, status)
    if hint is not None and not status and (_DELAYS.search(whole) if hint else not _GOES_ON.search(whole)):
        temporary = hint
    cause = settled(cause, said, said, status, temporary=temporary)
    return Finding(
        named.address,
        Judgement.TEMPORARY if temporary else Judgement.PERMANENT,
        status,
        reason_class(cause),
        is_dead(cause),
        evidence,
        cause,
        final=not (temporary and bool(_DELAYS.search(whole))),
        said=said,
    )


def _is_temporary(said: str, whole: str, status: str) -> bool:
    if _GIVEN_UP.search(whole):
        return False
    if _GOES_ON.search(whole):
        return True
    if status:
        return status.startswith("4")
    code = reply_in(said)
    if code is not None:
        return code < 500
    return bool(_DELAYS.search(whole)) and not _FINAL.search(whole)
