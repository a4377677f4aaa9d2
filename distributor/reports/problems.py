"""What went wrong in a dispatch, the worst first, each with the command that deals with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distributor.states import CUT_OFF, FORMER, DeliveryState, Verdict

_S = DeliveryState


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that `count` recipients have: its `code`, by which it is worded, and the command that mends it."""

    code: str
    count: int
    command: str


_REFUSED: Mapping[Verdict, str] = {
    Verdict.TOO_BIG: "too_big",
    Verdict.POLICY: "policy",
    Verdict.CONTENT: "policy",
    Verdict.FULL: "full",
}
"""Verdict → the problem it is; every other refusal, at once or by what came back, is about the address."""

NOT_LEFT: Mapping[str, str] = {"cancelled": "cancelled", CUT_OFF: "cut_off", FORMER: "former"}
"""Reason → the problem it is, of who was withheld although nothing stands against them."""

_ORDER = (
    "in_doubt",
    "paused",
    "policy",
    "too_big",
    "address",
    "full",
    "expired",
    "complained",
    "deferred",
    "cancelled",
    "cut_off",
    "former",
)

_SENT_AGAIN = ("expired", "cancelled", "cut_off", "former")
"""The problems that sending again mends."""

WORDS: Mapping[str, tuple[str, str]] = {
    "in_doubt": (
        "Nul ne sait s’ils l’ont reçu : demandez-leur, ou cherchez le message dans le journal de votre serveur",
        "Nobody knows whether they have it: ask them, or look for the message in your server’s log",
    ),
    "paused": ("En attente : la diffusion est arrêtée", "Waiting: the dispatch has stopped"),
    "policy": (
        "Refusés par la politique de leur serveur : vérifiez ce que le domaine de l’expéditeur annonce",
        "Refused by their server’s policy: check what the sender’s domain says of itself",
    ),
    "too_big": ("Message trop lourd pour leur serveur : allégez les pièces jointes", "Too large: make it smaller"),
    "address": (
        "Adresse refusée : corrigez la fiche, puis renvoyez",
        "Address refused: correct the contact, then send again",
    ),
    "full": ("Boîte pleine : téléphonez, puis vérifiez la fiche", "Mailbox full: telephone, then check the contact"),
    "expired": (
        "Leur serveur a dit « plus tard » jusqu’au bout : téléphonez, ou renvoyez",
        "Their server said «later» to the end: telephone, or send again",
    ),
    "complained": ("S’en sont plaints : notez leur opposition", "They complained: record their objection"),
    "deferred": (
        "Leur serveur a dit « plus tard » : laissez tourner", "Their server said «later»: leave this running"
    ),
    "cancelled": ("Annulés avant de partir : envoyez de nouveau", "Cancelled before they left: send it again"),
    "cut_off": (
        "Pas partis avant l’heure limite : envoyez de nouveau, ou téléphonez",
        "They had not left when the cut-off came: send it again, or telephone",
    ),
    "former": (
        "Adresse retirée de la fiche avant le départ : envoyez de nouveau",
        "The address was taken off the contact before it left: send it again",
    ),
}  # fmt: skip
"""Problem → its words in French and in English."""


def find_problems(
    reasons: Iterable[tuple[str, str, str, int, str]],
    waiting: int,
    dispatch_id: int,
    slug: str,
    *,
    lists: Sequence[str] = (),
    excluded: Sequence[str] = (),
    corrected_by: str = "",
    is_withdrawn: bool = False,
) -> list[Problem]:
    """The problems of a dispatch, the worst first.

    `reasons` are (state, verdict, reason, how many, the address of one of them, for commands that take one); `waiting`
    is how many wait in a dispatch that nobody carries; `lists` are those that it went to, `excluded` those left out. Of
    a release that was `corrected_by` another one, that is what may still be sent; of one that is withdrawn nothing is,
    and whoever did not get it has no problem.
    """
    counts: dict[str, int] = {"paused": waiting} if waiting else {}
    one_of: dict[str, str] = {}
    for state, verdict, reason, many, address in reasons:
        if code := _code(state, verdict, reason):
            counts[code] = counts.get(code, 0) + many
            one_of.setdefault(code, address)
    named = [f"--list {one}" for one in lists or ("NAME",)] + [f"--exclude {one}" for one in excluded]
    again = f"distributor send {corrected_by or slug} {' '.join(named)}"
    commands = {
        "in_doubt": f"distributor dispatches resolve {dispatch_id}",
        "paused": f"distributor dispatches resume {dispatch_id}",
        "policy": "distributor doctor",
        "too_big": f"distributor releases proof {slug}",
        "address": f"distributor contacts edit {one_of.get('address')} --address NEW",
        "full": f"distributor contacts show {one_of.get('full')}",
        "expired": again if corrected_by else f"distributor dispatches retry {dispatch_id} --state expired",
        "complained": f"distributor suppressions add {one_of.get('complained')} --source complaint",
        "deferred": "distributor work",
        "cancelled": again,
        "cut_off": again,
        "former": again,
    }
    moot = _SENT_AGAIN if is_withdrawn else ()
    return [Problem(code, counts[code], commands[code]) for code in _ORDER if code in counts and code not in moot]


def _code(state: str, verdict: str, reason: str) -> str:
    if state in (_S.REJECTED, _S.BOUNCED):
        return _REFUSED.get(Verdict(verdict), "address") if verdict in set(Verdict) else "address"
    if state == _S.WITHHELD:
        return NOT_LEFT.get(reason, "")  # an objection was heeded: no problem
    return state if state in _ORDER else ""
