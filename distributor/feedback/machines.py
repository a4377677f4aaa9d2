"""What machines answer on behalf of people: out of office, automatic replies, challenges, receipts (RFC 3834)."""

from __future__ import annotations

import re

from distributor.feedback.letter import Letter

_SUBJECTS = re.compile(
    r"auto(?:matic|mated|matique|mática|matisch\w*)?[ _-]?(?:repl|re:|respon|r[ée]pon|antwort|resp)"
    r"|r[ée]p(?:onse|\.)? ?auto|out of (?:the )?office|out-of-office|\booo\b|vacation|on leave|on holiday"
    r"|abwesen|absen(?:ce|t)|en cong|cong[ée]s|fuera de|away from|autoreply|autorespond|r[ée]pondeur"
    r"|message d'absence|我不在|risposta automatica|automatisch antwoord|自動応答|自動返信|automatisk|autosvar"
    r"|odpowied[źz] automatyczna|automatyczna odpowied[źz]|автоматический ответ|自动回复"
    r"|fuori (?:sede|ufficio)|afwezig",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"out of (?:the )?office|on (?:annual |maternity |parental |sick )?(?:leave|holiday|vacation)|away (?:from"
    r"|until)|currently (?:away|out)|absen(?:t|te|ce)\b|en cong[ée]s?|en vacances"
    r"|en (?:rtt|formation|repos|reportage|arr[êe]t)\b|de retour|en d[ée]placement"
    r"|travel+ing"
    r"|ferm[ée]e?s? (?:jusqu|du |pour)"
    r"|will be back|return(?:ing)? (?:on|to)|actuellement (?:absent|en)|abwesen[dh]|nicht im (?:b[üu]ro|haus)"
    r"|im urlaub"
    r"|fuera de la oficina|de vacaciones|fuori (?:sede|ufficio)|in ferie|assente|afwezig|op vakantie"
    r"|de f[ée]rias|ausente"
    r"|na urlopie|p[åa] (?:semester|ferie)|в отпуске|不在|休暇|休假",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"(?:confirm|verify|prove|valid|authenti\w+) (?:that )?(?:you(?:'re| are)?|your) (?:are )?(?:a )?(?:human"
    r"|person|real|not a|message|e-?mail|identity|sender)|challenge.?response|click .{0,60}(?:to (?:have|release"
    r"|deliver|get)).{0,40}(?:message|mail)|anti-?spam.{0,80}(?:confirm|valid|cliqu)|mailinblack|boxbe|spamarrest"
    r"|tmda|votre (?:message|mail).{0,60}(?:en attente|bloqu).{0,160}(?:cliqu|valid|confirm|authentif)"
    r"|click .{0,60}(?:link|here).{0,80}(?:allow|approv|trusted|guest|safe)\w* (?:list|sender)"
    r"|cliqu.{0,80}(?:pour|afin).{0,60}(?:d[ée]livr|remis|valid|authentif)",
    re.IGNORECASE | re.DOTALL,
)
_LISTS = frozenset({"auto_reply", "auto-reply", "autoreply"})


def is_automatic(letter: Letter) -> bool:
    """Whether a program answered, by its headers or its subject."""
    submitted = letter.header("Auto-Submitted").lower()
    if submitted and not submitted.startswith("no"):
        return True
    if letter.header("Precedence").lower() in _LISTS or letter.header("X-Precedence").lower() in _LISTS:
        return True
    if any(letter.raw(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From")):
        return True
    return says_automatic(letter)


def says_automatic(letter: Letter) -> bool:
    """Whether its subject says that a program answered."""
    return bool(_SUBJECTS.search(letter.header("Subject")))


def says_away(subject: str, text: str) -> bool:
    """Whether an automatic answer says that its owner is away for a while."""
    return bool(_AWAY.search(subject) or _AWAY.search(text[:4_000]))


def is_challenge(text: str) -> bool:
    """Whether it wants the sender to prove that he is a person before the mail is let through."""
    return bool(_CHALLENGE.search(text[:4_000]))


def is_receipt(letter: Letter) -> bool:
    """Whether it tells that a message was read or deleted (RFC 8098)."""
    return letter.first("message/disposition-notification") is not None


def says_rejected(text: str) -> bool:
    """Whether a receipt says that a filter of the recipient's refused the message (Sieve «reject», RFC 5429 §2.1)."""
    return bool(re.search(r"reject|refus", text[:2_000], re.IGNORECASE))
