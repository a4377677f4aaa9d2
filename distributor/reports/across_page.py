"""Releases over time as one page: trends, groups, who is never reached, lists that decay, echo; nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from distributor.reports.charts import trend_chart
from distributor.reports.queries_across import Across, Line, Release
from distributor.reports.wording import Wording

_WORDS = {
    "title": ("Diffusions dans le temps", "Releases over time"),
    "since": ("Depuis le", "Since"),
    "releases": ("communiqués envoyés", "releases sent"),
    "messages": ("Messages", "Messages"),
    "accepted_of": ("acceptés, de ceux dont on sait", "accepted, of those that are settled"),
    "replies": ("Réponses", "Replies"),
    "coverage": ("Retombées", "Coverage"),
    "nothing": ("Rien n’a été envoyé depuis.", "Nothing has been sent since."),
    "rate": ("Part acceptée, par communiqué", "Share accepted, by release"),
    "speed": ("Minutes jusqu’à ce que 90 % l’aient", "Minutes until 90% had it"),
    "each": ("Chaque communiqué", "Each release"),
    "release": ("Communiqué", "Release"),
    "sent": ("Envoyé", "Sent"),
    "recipients": ("Destinataires", "Recipients"),
    "accepted": ("Acceptés", "Accepted"),
    "missed": ("Non joints", "Not reached"),
    "share": ("Part", "Share"),
    "half": ("50 % après", "50% after"),
    "most": ("90 % après", "90% after"),
    "by_month": ("Par mois", "By month"),
    "by_sector": ("Par secteur", "By sector"),
    "by_outlet": ("Par média", "By outlet"),
    "by_contact": ("Par journaliste", "By journalist"),
    "never": ("Jamais joints", "Never reached"),
    "who": ("Journaliste", "Journalist"),
    "address": ("Adresse", "Address"),
    "tries": ("Envois", "Sent"),
    "last_words": ("Motif, ou mots du serveur", "Why, or the server’s words"),
    "lists": ("Listes qui s’usent", "Lists that decay"),
    "list": ("Liste", "List"),
    "members": ("Membres", "Members"),
    "members_missed": ("Que rien n’a joints", "Reached by nothing"),
    "none": ("(sans)", "(none)"),
    "more": ("autres : voir --json", "more: see --json"),
    "made": ("Établi le", "Made on"),
    "no_pixel": (
        "Aucun pixel, aucun lien pisté : ces chiffres sont ce que les serveurs ont répondu et ce qui est revenu.",
        "No pixel and no tracked link: these figures are what mail servers answered and what came back.",
    ),
}  # fmt: skip
_MANY = 40
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class AcrossPage(Wording):
    """What the page over time says."""

    found: Across

    @property
    def words(self) -> dict[str, str]:
        """Every word of the page in its language."""
        return {name: pair[self.column] for name, pair in _WORDS.items()}

    def figures(self) -> dict[str, Any]:
        """All that the layout shows, as words."""
        found, words = self.found, self.words
        lines = next(iter(found.groups.values()), ())  # each grouping has every message once
        accepted, missed = sum(one.accepted for one in lines), sum(one.missed for one in lines)
        return {
            "lang": self.language,
            "organisation": self.organisation,
            "words": words,
            "since": self.day(found.since.astimezone(self.zone).date()),
            "made": self.moment(self.made_at),
            "big": [
                [self.number(len(found.releases)), words["releases"]],
                [self.number(sum(one.total for one in lines)), words["messages"].lower()],
                [self.share(accepted, accepted + missed), words["accepted_of"]],
                [self.number(sum(one.replies for one in lines)), words["replies"].lower()],
                [self.number(len(found.coverage)), words["coverage"].lower()],
            ],
            "releases": [
                {
                    "headline": one.went.headline,
                    "sent": self.moment(one.went.started_at),
                    "figures": [self.number(n) for n in (one.went.total, one.went.accepted, one.went.unreached)],
                    "share": self.share(one.went.accepted, one.went.accepted + one.went.unreached),
                    "spans": [self._span(one.half_minutes), self._span(one.most_minutes)],
                }
                for one in self._in_order()
            ],
            "groups": [self._group(name, rows) for name, rows in found.groups.items() if rows],
            "never": [
                [one.name, one.address, self.number(one.tries), one.last_words[:300]]
                for one in found.never_reached[:_MANY]
            ],
            "never_many": (" : " if self.language == "fr" else ": ") + self.number(len(found.never_reached)),
            "never_more": max(0, len(found.never_reached) - _MANY),
            "lists": [
                [
                    one.slug, self.number(one.members), self.number(one.not_reached),
                    self._width(one.not_reached, one.members),
                ]
                for one in sorted(found.lists, key=lambda one: -one.not_reached / max(1, one.members))
                if one.not_reached
            ],
            "coverage": [{**one, "published_on": self.day(one["published_on"])} for one in found.coverage],
        }  # fmt: skip

    def charts(self) -> list[tuple[str, str]]:
        """(Title, drawing) of each trend that has at least two releases to compare."""
        words = self.words
        shares: list[tuple[datetime, float]] = []
        spans: list[tuple[datetime, float]] = []
        for one in self._in_order():
            settled = one.went.accepted + one.went.unreached
            if one.went.started_at is None or not settled:
                continue
            shares.append((one.went.started_at, round(100 * one.went.accepted / settled, 1)))
            if one.most_minutes is not None:
                spans.append((one.went.started_at, one.most_minutes))
        made = [
            (words["rate"], self._drawn(words["rate"], shares, " %" if self.language == "fr" else "%")),
            (words["speed"], self._drawn(words["speed"], spans, " min")),
        ]
        return [(title, drawing) for title, drawing in made if drawing]

    def _in_order(self) -> list[Release]:
        """The releases as they were sent; what was not begun comes last."""
        return sorted(self.found.releases, key=lambda one: (one.went.started_at or self.made_at, one.went.slug))

    def _drawn(self, title: str, points: Sequence[tuple[datetime, float]], unit: str) -> str:
        told = ", ".join(
            f"{self.day(moment.astimezone(self.zone).date())}: {value:g}{unit}" for moment, value in points
        )
        return trend_chart(points, self.zone, title=f"{title}. {told}", unit=unit)

    def _span(self, minutes: float | None) -> str:
        return "" if minutes is None else f"{minutes:g} min".replace(".", "," if self.language == "fr" else ".")

    def _group(self, name: str, rows: Sequence[Line]) -> dict[str, Any]:
        return {
            "title": self.words[f"by_{name}"],
            "rows": [
                {
                    "name": one.name or self.words["none"],
                    "figures": [self.number(n) for n in (one.total, one.accepted, one.missed, one.replies)],
                    "share": self.share(one.accepted, one.accepted + one.missed),
                    "accepted": self._width(one.accepted, one.total),
                    "missed": self._width(one.missed, one.total),
                }
                for one in rows[:_MANY]
            ],
            "more": max(0, len(rows) - _MANY),
        }

    def _width(self, number: int, of: int) -> float:
        return round(100 * number / of, 2) if of else 0


def write_page(file: IO[bytes], page: AcrossPage) -> None:
    """Write the page; whatever stands in a name or an answer is text, and the page may load and run nothing."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string((_HERE / "across.html.j2").read_text(encoding="utf-8"))
    text = template.render(
        **page.figures(),
        charts=[(title, Markup(drawing)) for title, drawing in page.charts()],  # noqa: S704 - drawn by us, from numbers
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704 - a file of ours
    )
    file.write(text.encode())
