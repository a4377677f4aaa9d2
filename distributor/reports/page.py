"""What the page and the PDF say, in French and in English: one set of words and figures for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

from distributor.reports.problems import WORDS, Problem
from distributor.reports.queries import Report
from distributor.reports.queries_details import NOT_REACHED, Details
from distributor.states import DeliveryState

_S = DeliveryState
_STATES = {
    _S.ACCEPTED: ("accepté", "accepted"),
    _S.DEFERRED: ("différé", "deferred"),
    _S.REJECTED: ("refusé", "rejected"),
    _S.BOUNCED: ("rebond", "bounced"),
    _S.EXPIRED: ("expiré", "expired"),
    _S.IN_DOUBT: ("incertain", "in doubt"),
    _S.COMPLAINED: ("plainte", "complained"),
    _S.WITHHELD: ("retenu", "withheld"),
    _S.QUEUED: ("en attente", "queued"),
    _S.CLAIMED: ("pris en charge", "claimed"),
    _S.SENDING: ("en cours d’envoi", "sending"),
}
_KINDS = {
    "bounce": ("rebonds", "bounces"),
    "complaint": ("plaintes", "complaints"),
    "objection": ("oppositions", "objections"),
    "reply": ("réponses", "replies"),
}
_WORDS = {
    "title": ("Rapport de diffusion", "Delivery report"),
    "dispatch": ("Diffusion", "Dispatch"),
    "version": ("version", "version"),
    "recipients": ("Destinataires", "Recipients"),
    "accepted_of": ("acceptés par leur serveur", "accepted by their mail server"),
    "to_start": ("doit partir le", "to start"),
    "held": ("retenue : son départ a été manqué", "held: its start was missed"),
    "not_reached": ("non joints", "not reached"),
    "waiting": ("en attente", "waiting"),
    "came_back": ("Retours", "What came back"),
    "problems": ("Que faire", "What to do"),
    "no_problems": ("Rien à faire.", "Nothing to do."),
    "timeline": ("Quand les serveurs l’ont accepté", "When mail servers accepted it"),
    "first": ("premier", "first"),
    "half": ("50 %", "50%"),
    "most": ("90 %", "90%"),
    "last": ("dernier", "last"),
    "none_accepted": ("Aucun serveur ne l’a encore accepté.", "No mail server has accepted it yet."),
    "states": ("États", "States"),
    "state": ("État", "State"),
    "by_sector": ("Par secteur", "By sector"),
    "by_kind": ("Par type de média", "By kind of outlet"),
    "by_domain": ("Par domaine", "By domain"),
    "by_list": ("Par liste", "By list"),
    "by_wave": ("Par vague", "By wave"),
    "exclusive": ("exclusivité", "exclusive"),
    "reasons": ("Pourquoi ils n’ont pas été joints", "Why they were not reached"),
    "reason": ("Motif", "Reason"),
    "example": ("Mots du serveur (exemple)", "The server’s words (an example)"),
    "coverage": ("Retombées", "Coverage"),
    "earlier": ("Les communiqués précédents", "The releases before"),
    "release": ("Communiqué", "Release"),
    "sent": ("Envoyé", "Sent"),
    "number": ("Nombre", "Number"),
    "share": ("Part", "Share"),
    "all": ("Tous", "All"),
    "nobody": ("(sans)", "(none)"),
    "search": ("Chercher un nom, une adresse, un mot du serveur", "Search a name, an address, a server’s word"),
    "who": ("Journaliste", "Journalist"),
    "outlet": ("Média", "Outlet"),
    "address": ("Adresse", "Address"),
    "sector": ("Secteur", "Sector"),
    "when": ("Quand", "When"),
    "tries": ("Tentatives", "Attempts"),
    "words": ("Motif, ou mots du serveur", "Why, or the server’s words"),
    "more": ("Tentatives de", "Attempts at"),
    "shown": ("affichés sur", "shown of"),
    "made": ("Établi le", "Made on"),
    "no_pixel": (
        "Aucun pixel, aucun lien pisté : ces chiffres sont ce que les serveurs ont répondu et ce qui est revenu.",
        "No pixel and no tracked link: these figures are what mail servers answered and what came back.",
    ),
    "assumed": ("comptés comme acceptés sans réponse d’un serveur", "counted as accepted without a server’s word"),
    "redacted": ("Sans données personnelles.", "Without personal data."),
    "and_more": ("autres dans les fichiers CSV ou XLSX", "more, in the CSV or XLSX file"),
    "not_started": ("pas commencée", "not started"),
    "needs_script": (
        "Le tableau des destinataires demande JavaScript ; le même est dans le fichier CSV.",
        "The table of recipients needs JavaScript; the CSV file has the same.",
    ),
    "previous": ("Page précédente", "Previous page"),
    "next": ("Page suivante", "Next page"),
    "test": ("essai", "test"),
}  # fmt: skip
_MANY = 12


@dataclass(frozen=True, slots=True)
class Page:
    """A report, its language, and what is said in it."""

    report: Report
    details: Details
    problems: tuple[Problem, ...]
    language: str
    zone: ZoneInfo
    organisation: str
    made_at: datetime
    is_redacted: bool = False

    @property
    def words(self) -> dict[str, str]:
        """Every word of the page in its language."""
        return {name: pair[self._column] for name, pair in _WORDS.items()}

    def state(self, state: str) -> str:
        """The name of a delivery's state."""
        return _STATES[DeliveryState(state)][self._column]

    def moment(self, moment: datetime | None) -> str:
        """An instant as it is written in the page's language, in the workspace's zone."""
        if moment is None:
            return ""
        pattern = "d MMMM y HH:mm:ss" if self.language == "fr" else "d MMM y HH:mm:ss"
        return format_datetime(moment, pattern, tzinfo=self.zone, locale=self.language)

    def number(self, number: int) -> str:
        """A number with its thousands set apart."""
        return format_decimal(number, locale=self.language)

    def share(self, number: int, of: int) -> str:
        """A share in percent, with one decimal; never rounded up to all, nor down to none."""
        if not of:
            return "–"
        share = number / of
        if 0 < number < of:
            share = min(max(share, 0.001), 0.999)
        return format_percent(share, "#,##0.0 %" if self.language == "fr" else "#,##0.0%", locale=self.language)

    def figures(self) -> dict[str, Any]:
        """All that a layout shows, as words: the same for the page and for the PDF."""
        totals, total = self.report.totals, self.report.total
        accepted = totals.get(_S.ACCEPTED, 0) + totals.get(_S.COMPLAINED, 0)  # who complains of it has it
        missed = sum(totals.get(state, 0) for state in (_S.REJECTED, _S.BOUNCED, _S.EXPIRED, _S.IN_DOUBT))
        waiting = sum(totals.get(state, 0) for state in (_S.QUEUED, _S.CLAIMED, _S.SENDING, _S.DEFERRED))
        words = self.words
        line = self.details.timeline
        return {
            "lang": self.language,
            "headline": self.report.headline,
            "organisation": self.organisation,
            "made": self.moment(self.made_at),
            "made_on": [self.made_at.year, self.made_at.month, self.made_at.day],
            "is_redacted": self.is_redacted,
            "dispatches": [self._dispatch(row) for row in self.report.dispatches],
            "big": [
                [self.number(total), words["recipients"].lower()],
                [self.share(accepted, total), words["accepted_of"]],
                [self.number(missed), words["not_reached"]],
                [self.number(waiting), words["waiting"]],
            ],
            "problems": [
                {"count": self.number(one.count), "text": WORDS[one.code][self._column], "command": one.command}
                for one in self.problems
            ],
            "states": [self._bar(state, many, total) for state, many in totals.items() if many],
            "assumed": self.number(sum(self.report.assumed_sent.values())) if self.report.assumed_sent else "",
            "milestones": [
                [words[name], self.moment(moment)]
                for name in ("first", "half", "most", "last")
                if (moment := getattr(line, name))
            ],
            "groups": [
                group
                for name, counts in (
                    ("by_wave", self._waves()),
                    ("by_sector", self.report.by_sector), ("by_kind", self.details.by_kind),
                    ("by_domain", self.report.by_domain), ("by_list", self.details.by_list),
                )
                if (group := self._group(words[name], counts))
            ],
            "reasons": [
                {
                    "state": self.state(one.state),
                    "label": "" if self.is_redacted and one.reason else one.label,
                    "count": self.number(one.count),
                    "example": "" if self.is_redacted else one.example[:300],
                }
                for one in self.details.reasons[:_MANY]
            ],
            "feedback": [
                [_KINDS.get(kind, (kind, kind))[self._column], self.number(many)]
                for kind, many in self.details.echo.feedback.items()
            ],
            "coverage": [
                {**one, "published_on": one["published_on"].isoformat()} for one in self.details.echo.coverage
            ],
            "earlier": [
                {
                    "headline": one.headline,
                    "sent": self.moment(one.started_at),
                    "total": self.number(one.total),
                    "accepted": self.share(one.accepted, one.total),
                    "unreached": self.number(one.unreached),
                }
                for one in self.details.earlier
            ],
            "words": words,
        }  # fmt: skip

    @property
    def _column(self) -> int:
        return 0 if self.language == "fr" else 1

    def _dispatch(self, row: Any) -> str:
        words = self.words
        due = f"{words['to_start']} {self.moment(row.scheduled_at)}" if row.scheduled_at else words["not_started"]
        started = self.moment(row.started_at) or (words["held"] if row.is_held else due)
        test = f" [{words['test']}]" if row.is_test else ""
        return f"{words['dispatch']} {row.id}{test}, {words['version']} {row.version}: {started}"

    def _waves(self) -> dict[str, Any]:
        """The waves in their order, with the hour at which each began or is to begin; an exclusive is somebody."""
        waves = [wave for row in self.report.dispatches for wave in row.waves]
        found: dict[str, Any] = {}
        for wave, (label, counts) in zip(waves, self.report.by_wave.items(), strict=True):
            name = f"{wave.number}." if self.is_redacted and wave.is_exclusive else label
            kind = f" ({self.words['exclusive']})" if wave.is_exclusive else ""
            hour = self.moment(wave.began_at or wave.starts_at)
            found[f"{name}{kind}" + (f", {hour}" if hour else "")] = counts
        return found

    def _bar(self, state: str, many: int, total: int) -> dict[str, Any]:
        return {
            "key": state,
            "name": self.state(state),
            "count": self.number(many),
            "share": self.share(many, total),
            "width": round(100 * many / total, 2) if total else 0,
        }

    def _group(self, title: str, counts: Any) -> dict[str, Any] | None:
        """One grouping; None where everybody is in one group without a name."""
        if not set(counts) - {""}:
            return None
        rows = []
        for name, by_state in list(counts.items())[:_MANY]:
            total = sum(by_state.values())
            states = [state for state in (_S.ACCEPTED, _S.DEFERRED, *NOT_REACHED) if state in by_state]
            states = list(dict.fromkeys([*states, *by_state]))
            parts = [self._bar(state, by_state[state], total) for state in states]
            rows.append({"name": name or self.words["nobody"], "total": self.number(total), "parts": parts})
        return {"title": title, "rows": rows, "more": max(0, len(counts) - _MANY)}
