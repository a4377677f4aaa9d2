"""What the page and the PDF say, in French and in English: one set of words and figures for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from distributor.deliveries.conditions import CAME_BACK
from distributor.reports.problems import WORDS, Problem
from distributor.reports.queries import Report
from distributor.reports.queries_chain import Have, Step
from distributor.reports.queries_details import NOT_REACHED, Details
from distributor.reports.withholding import in_words
from distributor.reports.wording import Wording
from distributor.states import (
    ELSEWHERE,
    FORMER,
    OPEN_STATES,
    OVERTAKEN,
    REACHED_STATES,
    UNREACHED_STATES,
    DeliveryState,
)

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
    "bounce": ("rebond", "rebonds", "bounce", "bounces"),
    "complaint": ("plainte", "plaintes", "complaint", "complaints"),
    "objection": ("opposition", "oppositions", "objection", "objections"),
    "reply": ("réponse", "réponses", "reply", "replies"),
}
"""One and many of what came back, in French and in English."""

OUTLET_KINDS = {
    "national-daily": ("quotidien national", "national daily"),
    "regional-daily": ("quotidien régional", "regional daily"),
    "agency": ("agence", "agency"),
    "radio": ("radio", "radio"),
    "television": ("télévision", "television"),
    "web": ("en ligne", "online"),
    "magazine": ("magazine", "magazine"),
    "trade": ("presse professionnelle", "trade press"),
    "union-press": ("presse syndicale", "union press"),
    "freelance": ("pigiste", "freelance"),
}
_INVARIABLE = frozenset({_S.QUEUED, _S.CLAIMED, _S.SENDING})
_ONE = {
    "recipients": ("destinataire", "recipient"),
    "not_reached": ("non joint", "not reached"),
    "assumed": ("compté comme accepté sans réponse d’un serveur", "counted as accepted without a server’s word"),
}
_REASONS = {
    "no answer": "pas de réponse", "objection": "opposition", "cancelled": "annulé", "erased": "effacé à sa demande",
    ELSEWHERE: "le même journaliste, à une autre adresse", FORMER: "une adresse qui n’est plus la sienne",
    CAME_BACK: "le courrier y était revenu", OVERTAKEN: "l’embargo a encore changé",
}  # fmt: skip
"""What we say ourselves of why somebody was not reached, in French; servers are quoted as they spoke."""

_WORDS = {
    "title": ("Rapport de diffusion", "Delivery report"),
    "dispatch": ("Diffusion", "Dispatch"),
    "taken_over": ("reprise par le compte", "taken over by the account"),
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
    "follow_ups": ("Relances", "Follow-ups"),
    "sent_on": ("Parties le", "Sent"),
    "reminded": ("Relancés", "Followed up"),
    "came_to": ("Ce qu’il en est", "How it stands"),
    "answered": ("Ont répondu depuis", "Have answered since"),
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
    "signed": ("bon à diffuser signé par", "signed off by"),
    "chain": ("Corrections", "Corrections"),
    "who_has": ("Qui a quel texte", "Who has which text"),
    "texts": ("Textes reçus", "Texts received"),
    "in_doubt": ("Incertain", "In doubt"),
    "of_whom": ("dont", "of whom"),
}  # fmt: skip
_VERBS = {
    "correction": ("corrige", "corrects"),
    "replacement": ("annule et remplace", "cancels and replaces"),
    "retraction": ("retire", "withdraws"),
}
_MANY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Wording):
    """A report, its language, and what is said in it."""

    report: Report
    details: Details
    problems: tuple[Problem, ...]
    is_redacted: bool = False

    @property
    def words(self) -> dict[str, str]:
        """Every word of the page in its language."""
        return {name: pair[self.column] for name, pair in _WORDS.items()}

    def state(self, state: str) -> str:
        """The name of a delivery's state."""
        return _STATES[DeliveryState(state)][self.column]

    def counted(self, state: str, many: int) -> str:
        """The name of a state as it stands after a number: in French it agrees with it."""
        name = self.state(state)
        agrees = self.language == "fr" and many > 1 and state not in _INVARIABLE
        return f"{name}s" if agrees else name

    def noun(self, name: str, many: int) -> str:
        """A word of the page as it stands after a number; none is singular in French, and plural in English."""
        is_one = many == 1 or (many == 0 and self.language == "fr")
        return _ONE[name][self.column] if is_one else self.words[name].lower()

    def _came_back(self, kind: str, many: int) -> str:
        one, more = _KINDS.get(kind, (kind,) * 4)[2 * self.column :][:2]
        return one if many == 1 else more

    def label(self, label: str) -> str:
        """Why somebody was not reached: our own words in the page's language, a server's as they are."""
        return _REASONS.get(label, label) if self.language == "fr" else label

    def figures(self) -> dict[str, Any]:
        """All that a layout shows, as words: the same for the page and for the PDF."""
        totals, total = self.report.totals, self.report.total
        accepted, missed, waiting = map(self.report.many, (REACHED_STATES, UNREACHED_STATES, OPEN_STATES))
        words = self.words
        assumed = sum(self.report.assumed_sent.values())
        line = self.details.timeline
        return {
            "lang": self.language,
            "headline": self.report.headline,
            "organisation": self.organisation,
            "made": self.moment(self.made_at),
            "made_on": [self.made_at.year, self.made_at.month, self.made_at.day],
            "is_redacted": self.is_redacted,
            "dispatches": [
                line for row in self.report.dispatches for line in (self._dispatch(row), *self._signed(row))
            ],
            "big": [
                [self.number(total), self.noun("recipients", total)],
                [self.share(accepted, total), words["accepted_of"]],
                [self.number(missed), self.noun("not_reached", missed)],
                [self.number(waiting), words["waiting"]],
            ],
            "problems": [
                {"count": self.number(one.count), "text": WORDS[one.code][self.column], "command": one.command}
                for one in self.problems
            ],
            "states": [self._bar(state, many, total) for state, many in totals.items() if many],
            "assumed": f"{self.number(assumed)} {self.noun('assumed', assumed)}" if assumed else "",
            "to_be_withheld": in_words(self.report.to_be_withheld, self.column),
            "milestones": [
                [words[name], self.moment(moment)]
                for name in ("first", "half", "most", "last")
                if (moment := getattr(line, name))
            ],
            "groups": [
                group
                for name, counts in (
                    ("by_wave", self._waves()),
                    ("by_sector", self.report.by_sector), ("by_kind", self._kinds()),
                    ("by_domain", self.report.by_domain), ("by_list", self.details.by_list),
                )
                if (group := self._group(words[name], counts))
            ],
            "reasons": [
                {
                    "state": self.state(one.state),
                    "label": "" if self.is_redacted and one.reason else self.label(one.label),
                    "count": self.number(one.count),
                    "example": "" if self.is_redacted else one.example[:300],
                }
                for one in self.details.reasons[:_MANY]
            ],
            "feedback": [
                [self._came_back(kind, many), self.number(many)]
                for kind, many in self.details.echo.feedback.items()
            ],
            "coverage": [
                {**one, "published_on": one["published_on"].isoformat()} for one in self.details.echo.coverage
            ],
            "follow_ups": [
                [
                    one.slug,
                    self.moment(one.started_at),
                    self.number(one.total),
                    ", ".join(f"{self.number(many)} {self.state(state)}" for state, many in one.totals.items()),
                    self.number(one.answered),
                ]
                for one in self.details.echo.follow_ups
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
            "chain": self._chain(),
            "words": words,
        }  # fmt: skip

    def _kinds(self) -> dict[str, Any]:
        by_kind = self.details.by_kind
        return {OUTLET_KINDS.get(kind, (kind, kind))[self.column]: counts for kind, counts in by_kind.items()}

    def _dispatch(self, row: Any) -> str:
        words = self.words
        due = f"{words['to_start']} {self.moment(row.scheduled_at)}" if row.scheduled_at else words["not_started"]
        started = self.moment(row.started_at) or (words["held"] if row.is_held else due)
        test = f" [{words['test']}]" if row.is_test else ""
        taken = f", {words['taken_over']} «{row.account}»" if row.takeover else ""
        return f"{words['dispatch']} {row.id}{test}, {words['version']} {row.version}: {started}{taken}"

    def _signed(self, row: Any) -> list[str]:
        """Who signed a dispatch, when, and the beginning of the hash of what they signed."""
        found = []
        for one in row.sign_offs:
            moment = self.moment(datetime.fromisoformat(one["signed_at"]))
            found.append(f"{self.words['signed']} {one['name']}, {moment} ({one['digest'][:12]})")
        return found

    def _chain(self) -> dict[str, Any] | None:
        """What corrects what, and who has which text, in words."""
        chain = self.report.chain
        if chain is None:
            return None
        have = [
            [
                "; ".join(f"{slug}, {self.words['version']} {number}" for slug, number in one.texts)
                + self._of_whom(one),
                self.number(one.many),
            ]
            for one in chain.have
        ]
        have += [[self.words[name].capitalize(), self.number(many)] for name, many in _unsettled(chain.without)]
        return {"steps": [self._step(one) for one in chain.steps], "have": have}

    def _of_whom(self, have: Have) -> str:
        """How many of them may have another text, too, or wait for one."""
        said = [f"{self.number(many)} {self.words[name].lower()}" for name, many in _unsettled(have)]
        return f" ({self.words['of_whom']} {', '.join(said)})" if said else ""

    def _step(self, step: Step) -> str:
        verb = _VERBS.get(step.kind, ("", ""))[self.column] if step.corrects else ""
        sent = ", ".join(f"{self.words['dispatch'].lower()} {number}" for number in step.dispatch_ids)
        told = f"«{step.slug}»" + (f" {verb} «{step.corrects}»" if verb else "")
        return f"{told} ({sent or self.words['not_started']})"

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
            "counted": self.counted(state, many),
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


def _unsettled(have: Have) -> list[tuple[str, int]]:
    """Of how many it is not known what they will have, by the word for it; none of whom there are none."""
    return [(name, many) for name, many in (("in_doubt", have.in_doubt), ("waiting", have.waiting)) if many]
