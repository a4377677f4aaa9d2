"""The text that a new release begins from: a front matter with a word on each key, and places to fill in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distributor.releases.kinds import ReleaseKind
from distributor.releases.readers.source import write_front


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """What a press office writes the same in every release, as its latest one had it."""

    signatory: Mapping[str, str] = field(default_factory=dict)
    contacts: Sequence[Mapping[str, str]] = ()
    boilerplate: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    """The skeleton in one language; the proof stops at each «[à compléter …]»."""

    on_top: str
    title: str
    kind: str
    standfirst: str
    dateline: str
    contact: str
    optional: tuple[str, ...]
    changes: str
    event: str
    body: Mapping[ReleaseKind, str]


_FRENCH = _Words(
    on_top="Les lignes qui commencent par # sont pour vous : personne d'autre ne les lira.\n"
    "Une clé laissée vide ne paraît pas, ou se lit dans le texte. Rien d'enregistré : rien n'est fait.",
    title="Le titre, et l'objet de chaque message : l'organisation et le fait, une centaine de signes.",
    kind="release (communiqué), advisory (invitation presse), correction, replacement ou retraction.",
    standfirst="Le chapô : qui, quoi, où, quand, en une ou deux phrases.",
    dateline="Sans date, le message porte celle de l'envoi. Sinon : {place: Brest, date: 2026-12-01}",
    contact="Qui décroche ce jour-là : un nom, un numéro, une adresse.",
    optional=(
        "signatory: {name: Anne Clos, role: Présidente}",
        "sector: Culture",
        "embargo: 2026-12-01 18:00",
        "attachments: [dossier.pdf]   # à côté de ce fichier, ou ailleurs dans l'espace de travail",
        "boilerplate: «À propos», les deux phrases qui présentent l'organisation",
    ),
    changes="Ce qui change, en une phrase : c'est ce que les rédactions cherchent d'abord.",
    event="Le jour, l'heure, le lieu, et comment s'accréditer.",
    body={
        ReleaseKind.RELEASE: "[à compléter : le fait, en une phrase]\n\n"
        "[à compléter : le contexte, un chiffre et sa source]\n\n"
        "« [à compléter : une citation] », déclare [à compléter : prénom, nom, fonction].\n",
        ReleaseKind.ADVISORY: "[à compléter : ce qu'il y a à voir, et qui sera là]\n\n"
        "[à compléter : ce qui peut être filmé, et quand]\n",
        ReleaseKind.CORRECTION: "[à compléter : la phrase juste, en entier]\n",
        ReleaseKind.REPLACEMENT: "[à compléter : le communiqué corrigé, en entier]\n",
        ReleaseKind.RETRACTION: "[à compléter : ce qui est retiré, et pourquoi]\n",
        ReleaseKind.FOLLOW_UP: "[à compléter : une phrase, puis le communiqué]\n",
    },
)
_ENGLISH = _Words(
    on_top="Lines that begin with # are for you: nobody else will read them.\n"
    "A key left empty does not appear, or is read from the text. Nothing saved: nothing made.",
    title="The headline, and the subject of every message: the organisation and the news, about a hundred characters.",
    kind="release, advisory, correction, replacement or retraction.",
    standfirst="The standfirst: who, what, where, when, in a sentence or two.",
    dateline="Without a date the message says the day of sending. Else: {place: Hull, date: 2026-12-01}",
    contact="Who answers on the day: a name, a number, an address.",
    optional=(
        "signatory: {name: Jane Fielding, role: Chair}",
        "sector: Culture",
        "embargo: 2026-12-01 18:00",
        "attachments: [file.pdf]   # beside this file, or elsewhere in the workspace",
        "boilerplate: the two sentences that say who you are",
    ),
    changes="What changes, in a sentence: it is what newsrooms look for first.",
    event="Day, hour, place, and how to answer.",
    body={
        ReleaseKind.RELEASE: "[to be completed: the news, in one sentence]\n\n"
        "[to be completed: the background, a figure and its source]\n\n"
        "“[to be completed: a quote],” said [to be completed: first name, name, role].\n",
        ReleaseKind.ADVISORY: "[to be completed: what there is to see, and who is there]\n\n"
        "[to be completed: what can be filmed, and when]\n",
        ReleaseKind.CORRECTION: "[to be completed: the right sentence, whole]\n",
        ReleaseKind.REPLACEMENT: "[to be completed: the corrected release, whole]\n",
        ReleaseKind.RETRACTION: "[to be completed: what is withdrawn, and why]\n",
        ReleaseKind.FOLLOW_UP: "[to be completed: a sentence, then the release]\n",
    },
)


def make_skeleton(kind: ReleaseKind, lang: str, house: HouseStyle = HouseStyle()) -> str:
    """The skeleton of a release of this kind, in French or else English; `lang` is what it says of itself.

    What the house writes in every release stands in it already.
    """
    words = _FRENCH if lang.partition("-")[0] == "fr" else _ENGLISH
    lines = ["---", *_comment(words.on_top), "title:", *_comment(words.title), f"lang: {lang}"]
    lines += [f"kind: {kind.value}", *_comment(words.kind), "standfirst:", *_comment(words.standfirst)]
    if kind is ReleaseKind.ADVISORY:
        lines += ["event:", "  date:", "  place:", "  rsvp:", *_comment(words.event)]
    elif kind is not ReleaseKind.RELEASE:
        lines += ["changes:", *_comment(words.changes)]
    lines += ["dateline: {place: }", *_comment(words.dateline)]
    if house.contacts:
        lines += _front("contact", house.contacts[0] if len(house.contacts) == 1 else list(house.contacts))
    else:
        lines += ["contact:", "  name:", "  role:", "  phone:", "  email:"]
    lines += _comment(words.contact)
    lines += _front("signatory", house.signatory) + _front("boilerplate", house.boilerplate)
    held = {name for name, value in (("signatory", house.signatory), ("boilerplate", house.boilerplate)) if value}
    lines += [f"# {line}" for line in words.optional if line.partition(":")[0] not in held]
    return "\n".join([*lines, "---", "", words.body[kind]])


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in text.split("\n")]


def _front(name: str, value: Any) -> list[str]:
    return write_front({name: value}).splitlines()
