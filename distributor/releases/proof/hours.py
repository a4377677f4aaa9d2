"""Rules for the hour of sending: nights and days off, and outlets whose edition is closed by then."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.quiet import Quiet
from distributor.releases.findings import Level, ProofSubject
from distributor.releases.proof.rule import Hit, Rule, Said, listed

QUIET_HOURS = Rule(
    "quiet-hours",
    Level.WARN,
    Said("It would leave {when}, {reason}.", "Il partirait {when}, {reason}."),
    Said(
        "Send it later, as with: --at 'tomorrow 09:00'.",
        "Envoyez-le plus tard, par exemple avec : --at 'demain 09:00'.",
    ),
    Said(
        "Nobody is there who reads it, and by the morning it lies under a hundred others.",
        "Personne n'est là pour le lire, et au matin il est sous cent autres.",
    ),
)
DEADLINE_PAST = Rule(
    "deadline-past",
    Level.WARN,
    Said(
        "By {hour} these have closed their edition: {outlets}.",
        "À {hour}, ceux-ci ont bouclé : {outlets}.",
    ),
    Said("Send it earlier, or ring them.", "Envoyez-le plus tôt, ou appelez-les."),
    Said("They can only use it a day later.", "Ils ne pourront s'en servir qu'un jour plus tard."),
)
RULES = (QUIET_HOURS, DEADLINE_PAST)

_REASONS = {
    Quiet.HOURS: Said("within the quiet hours", "pendant les heures calmes"),
    Quiet.WEEKEND: Said("at the week-end", "le week-end"),
    Quiet.HOLIDAY: Said("on a public holiday", "un jour férié"),
}


def quiet_hours(subject: ProofSubject) -> Iterator[Hit]:
    """It leaves when newsrooms work, as far as the settings say when they do not."""
    local = subject.send_at.astimezone(subject.timezone)
    if (why := subject.quiet.why(local)) is not None:
        yield QUIET_HOURS.at(when=f"{local:%Y-%m-%d %H:%M}", reason=_REASONS[why])


def deadlines(subject: ProofSubject) -> Iterator[Hit]:
    """It leaves before the edition is closed of whoever gets it, where their deadline is known."""
    local = subject.send_at.astimezone(subject.timezone)
    closed = [(hour, name) for name, hour in subject.audience.deadlines if local.time() >= hour]
    if closed:
        shown = listed((f"{name} ({hour:%H:%M})" for hour, name in sorted(closed)), most=10)
        yield DEADLINE_PAST.at(hour=f"{local:%H:%M}", outlets=shown)


CHECKS = (quiet_hours, deadlines)
