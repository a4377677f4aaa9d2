"""The proof of a release before it is sent: a list of small rules, each of which looks for one mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from distributor.addresses import BadAddress, parse_address
from distributor.releases.contactblock import has_details
from distributor.releases.dates import find_dates, write_date, write_weekday
from distributor.releases.draft import PressContact
from distributor.releases.findings import Finding, Level, ProofSubject, RenderFailure, around
from distributor.releases.language import detect_language
from distributor.releases.placeholders import find_braces, find_placeholders

__all__ = ["RULES", "Finding", "Level", "ProofSubject", "RenderFailure", "Rule", "proof"]

Rule = Callable[[ProofSubject], Iterable[Finding]]

_FAR_PAST = timedelta(days=7)
_NEAR_PAST = timedelta(days=1)
_NEAR_FUTURE = timedelta(days=1)
_ORDER = {Level.STOP: 0, Level.WARN: 1, Level.NOTE: 2}
_STRIKE = re.compile(r"~~(?=\S).{1,2000}?(?<=\S)~~|<(?:del|s|strike)>.{0,2000}?</(?:del|s|strike)>", re.DOTALL)
_COMMENT = re.compile(r"<!--.{0,2000}?-->|\{(?:\+\+|--|>>|~~).{0,2000}?(?:\+\+|--|<<|~~)\}", re.DOTALL)
_GARBLED = re.compile("(?:Ã[\\x80-\\xbf©¨ª«¢§®´¹»‰]|â€[\\u2122œ\\u0153¦“”]|Â[\\xa0«»°])|\N{REPLACEMENT CHARACTER}")


def undefined_fields(subject: ProofSubject) -> Iterator[Finding]:
    """Every recipient must have been rendered; failures with the same cause are one finding."""
    groups: dict[tuple[str, int | None, str], list[str]] = {}
    for failure in subject.render_failures:
        groups.setdefault((failure.message, failure.line, failure.template), []).append(failure.recipient)
    for (message, line, template), recipients in groups.items():
        named = ", ".join(recipients[:3]) + (", …" if len(recipients) > 3 else "")
        count = "1 recipient" if len(recipients) == 1 else f"{len(recipients)} recipients"
        yield Finding(
            "undefined-field",
            Level.STOP,
            f"The message cannot be made for {count} ({named}): {message.rstrip('.')}.",
            line,
            template,
            f"Correct {template or 'the template'}, or fill in what is missing for these contacts.",
        )


def headline(subject: ProofSubject) -> Iterator[Finding]:
    """A release has a headline: it is the subject of every message."""
    if not subject.draft.headline.strip():
        yield Finding(
            "headline-empty",
            Level.STOP,
            "The headline is empty; it would be the subject of every message.",
            subject.draft.lines.get("headline"),
            mend="Write `title:` in the front matter, or the headline on top of the text.",
        )


def body(subject: ProofSubject) -> Iterator[Finding]:
    """A release has a text."""
    if not subject.draft.body.strip():
        yield Finding(
            "body-empty", Level.STOP, "The release has no text.", subject.draft.lines.get("body"), mend="Write it."
        )


def contact(subject: ProofSubject) -> Iterator[Finding]:
    """Journalists must be able to reach somebody: a name, a telephone number and an address."""
    contacts = [one for one in subject.draft.contacts if any((one.name, one.email, one.phone))]
    line = subject.draft.lines.get("contacts")
    excerpt = subject.source_line(line)
    mend = "Give `contact: {name: …, phone: …, email: …}`, or a block «Contact presse :» at the end of the text."
    if not contacts:
        in_body = has_details_in(subject.draft.body)
        yield Finding(
            "contact-missing",
            Level.WARN if in_body else Level.STOP,
            "No press contact was recognised; the text holds a number or an address, but not as a contact."
            if in_body
            else "There is no press contact.",
            None,
            in_body,
            mend,
        )
        return
    for one in contacts:
        if one.email:
            try:
                parse_address(one.email)
            except BadAddress as error:
                message = f"The press contact's address is not one that mail can be sent to: {error}"
                yield Finding("contact-address", Level.STOP, message, line, one.email, "Correct it.")
    if any(one.name and one.email and one.phone for one in contacts):
        return
    yield from _missing_parts(contacts[0], line, excerpt)


def _missing_parts(one: PressContact, line: int | None, excerpt: str) -> Iterator[Finding]:
    who = one.name or one.email or one.phone
    for code, value, part in (
        ("contact-name", one.name, "name"),
        ("contact-address", one.email, "e-mail address"),
        ("contact-phone", one.phone, "telephone number"),
    ):
        if not value:
            yield Finding(
                code, Level.WARN, f"The press contact ({who}) has no {part}.", line, excerpt, f"Add the {part}."
            )


def has_details_in(text: str) -> str:
    """The first line of a text that holds an e-mail address or telephone number, or ""."""
    return next((around(row, 0, 0) for row in text.split("\n") if has_details(row)), "")


def dateline(subject: ProofSubject) -> Iterator[Finding]:
    """The dateline is that of the day of sending, or next to it."""
    day, place = subject.draft.dateline_date, subject.draft.dateline_place
    written = f"{place or 'Paris'}, {_written(subject, _send_day(subject))}"
    if not place:
        missing = "place in the dateline" if day else "dateline"
        line = subject.draft.lines.get("dateline_date")
        yield Finding("dateline-missing", Level.WARN, f"There is no {missing}.", line, mend=f"Write it as «{written}».")
    elif day is None:
        told = f"The dateline has no date of its own: sent then, the message says «{written}»."
        yield Finding("dateline-computed", Level.NOTE, told, subject.draft.lines.get("dateline_place"))
    if day is None:
        return
    past = _send_day(subject) - day
    if day.year != _send_day(subject).year and abs(past) > _FAR_PAST:
        yield _wrong_year(subject, day)
    elif past > _NEAR_PAST or past < -_NEAR_FUTURE:
        yield _far_day(subject, day, past)


def _wrong_year(subject: ProofSubject, day: date) -> Finding:
    send = _send_day(subject)
    message = f"The dateline says {day.year}, but the release is sent in {send.year}."
    if send.month == 1 and day.year == send.year - 1 and day.month == 1:
        message = (
            f"The year has just changed, and the dateline still says {day.year}: the release is sent in {send.year}."
        )
    return _dateline_finding(subject, "dateline-year", Level.STOP, message, _meant(day, send))


def _far_day(subject: ProofSubject, day: date, past: timedelta) -> Finding:
    send = _send_day(subject)
    level = Level.WARN if _NEAR_PAST < past <= _FAR_PAST else Level.STOP
    where = f"{past.days} days before" if past.days > 0 else f"{-past.days} days after"
    message = f"The dateline, {day.isoformat()}, is {where} the day of sending, {send.isoformat()}."
    return _dateline_finding(subject, "dateline-far", level, message, send)


def _dateline_finding(subject: ProofSubject, code: str, level: Level, message: str, right: date) -> Finding:
    line = subject.draft.lines.get("dateline_date")
    place = subject.draft.dateline_place
    written = f"{place}, {_written(subject, right)}" if place else _written(subject, right)
    mend = f'Write «{written}», or accept it by name: --override {code} --because "…".'
    return Finding(code, level, message, line, subject.source_line(line), mend)


def _meant(day: date, send: date) -> date:
    """The date that was most likely meant: the same day and month of another year when that is near the sending."""
    for year in (send.year, send.year - 1, send.year + 1):
        try:
            candidate = day.replace(year=year)
        except ValueError:  # 29 February
            continue
        if -_NEAR_FUTURE <= send - candidate <= _FAR_PAST:
            return candidate
    return send


def _send_day(subject: ProofSubject) -> date:
    return subject.send_at.astimezone(subject.timezone).date()


def _written(subject: ProofSubject, day: date) -> str:
    article = "le " if subject.draft.lang.startswith("fr") else ""
    return article + write_date(day, subject.draft.lang)


def weekdays(subject: ProofSubject) -> Iterator[Finding]:
    """A weekday written beside a full date is that date's; in the dateline a wrong one stops the send."""
    lines = subject.draft.lines
    for number, row in enumerate(subject.source.split("\n"), start=1):
        for found in find_dates(row):
            try:
                day = found.in_year()
            except ValueError:
                continue
            if found.weekday is None or found.weekday == day.weekday():
                continue
            is_dateline = number == lines.get("dateline_date") and day == subject.draft.dateline_date
            right = write_weekday(day, subject.draft.lang)
            yield Finding(
                "dateline-weekday" if is_dateline else "date-weekday",
                Level.STOP if is_dateline else Level.WARN,
                f"{write_date(day, subject.draft.lang)} is a {right}, not the day written.",
                number,
                around(row, found.start, found.end),
                f"Write «{right}», or correct the date.",
            )


def embargo(subject: ProofSubject) -> Iterator[Finding]:
    """An embargo lies after the sending; one already over misleads, one ahead is worth a word."""
    until = subject.draft.embargo_until
    if until is None:
        return
    line = subject.draft.lines.get("embargo_until")
    local = f"{until.astimezone(subject.timezone):%Y-%m-%d %H:%M}"
    if until <= subject.send_at:
        message = f"The embargo is over ({local}) by the time the release is sent."
        yield Finding(
            "embargo-past", Level.WARN, message, line, subject.source_line(line), "Remove it, or correct its date."
        )
    else:
        # An embargo is an agreement: whoever has not made it must not get the release before its hour.
        yield Finding(
            "embargo-ahead",
            Level.STOP,
            f"The release is under embargo until {local} ({subject.timezone.key}), and would leave before.",
            line,
            subject.source_line(line),
            'Send it then; or, if everyone on the lists has agreed to hold it: --override embargo-ahead --because "…".',
        )


def placeholders(subject: ProofSubject) -> Iterator[Finding]:
    """No XX, [à compléter], ____ or TBC is left in anything a journalist will read."""
    for field, text in subject.texts():
        last = 0
        for hit in find_placeholders(text):
            last = subject.line_of(text[hit.start : hit.end], field, last) or last
            yield Finding(
                "placeholder",
                Level.STOP,
                f"A placeholder is left in the {_name(field)}: «{text[hit.start : hit.end]}».",
                last or None,
                around(text, hit.start, hit.end),
                "Fill it in or remove it.",
            )


def template_braces(subject: ProofSubject) -> Iterator[Finding]:
    """No template or mail-merge mark is left: a release's text is sent as it stands, never filled in."""
    for field, text in subject.texts():
        for hit in find_braces(text):
            mark = text[hit.start : hit.end]
            yield Finding(
                "template-braces",
                Level.STOP,
                f"A template mark is left in the {_name(field)}: «{mark}». The text is sent as it stands.",
                subject.line_of(mark, field),
                around(text, hit.start, hit.end),
                "Write the words themselves; what differs per journalist belongs in the e-mail template.",
            )


def edit_marks(subject: ProofSubject) -> Iterator[Finding]:
    """No struck-out text, comment or tracked change is left."""
    for code, pattern, what in (
        ("strikethrough", _STRIKE, "Struck-out text"),
        ("edit-comment", _COMMENT, "A comment or tracked change"),
    ):
        for field, text in subject.texts():
            for match in pattern.finditer(text):
                yield Finding(
                    code,
                    Level.WARN,
                    f"{what} is left in the {_name(field)}.",
                    subject.line_of(match[0].split("\n")[0], field),
                    around(text, match.start(), match.end()),
                    "Remove it, or accept the change.",
                )


def garbled(subject: ProofSubject) -> Iterator[Finding]:
    """No accent was broken by a wrong encoding («Ã©»)."""
    for field, text in subject.texts():
        if match := _GARBLED.search(text):
            yield Finding(
                "garbled-text",
                Level.WARN,
                f"Accents look broken in the {_name(field)}.",
                subject.line_of(match[0], field),
                around(text, match.start(), match.end()),
                "Save the file again from its source as UTF-8.",
            )


def language(subject: ProofSubject) -> Iterator[Finding]:
    """The text is in the language the release says, since salutations and notices follow it."""
    said = subject.draft.lang
    seen = detect_language(subject.draft.body, default=said)
    if said[:2] in {"fr", "en"} and seen[:2] != said[:2]:
        yield Finding(
            "language",
            Level.WARN,
            f"The release says its language is `{said}`, but its text reads as `{seen}`.",
            subject.draft.lines.get("lang"),
            mend=f"Write `lang: {seen}` if that is right.",
        )


def _name(field: str) -> str:
    return {"dateline_place": "dateline", "contacts": "press contact", "body": "text"}.get(field, field)


RULES: tuple[Rule, ...] = (
    undefined_fields,
    headline,
    body,
    contact,
    dateline,
    weekdays,
    embargo,
    placeholders,
    template_braces,
    edit_marks,
    garbled,
    language,
)
"""Every rule, in the order in which findings of one level and line are listed."""


def proof(subject: ProofSubject) -> list[Finding]:
    """Everything the rules find, each thing once: stops first, then by line (findings without one lead)."""
    findings = dict.fromkeys(finding for rule in RULES for finding in rule(subject))
    return sorted(findings, key=lambda finding: (_ORDER[finding.level], finding.line or 0))
