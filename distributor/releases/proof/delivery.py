"""Rules for the message as it leaves: its size, what mail programs show of it, how to object, who vouches for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject
from distributor.releases.proof.mailclients import features_in
from distributor.releases.proof.rule import Hit, Rule, Said, listed

MESSAGE_CLIPPED = Rule(
    "message-clipped",
    Level.WARN,
    Said(
        "The HTML of the message is {size} kB: Gmail shows the first 102.",
        "Le HTML du message pèse {size} ko : Gmail n'en montre que 102.",
    ),
    Said("Shorten it, or put what is detail behind a link.", "Raccourcissez, ou mettez le détail derrière un lien."),
    Said("Press contact and objection link would be cut off.", "Contact presse et lien d'opposition seraient coupés."),
)
TEXT_PART = Rule(
    "text-part-missing",
    Level.WARN,
    Said("The text part of the message is empty.", "La partie texte du message est vide."),
    Said("Look at templates/message.txt.j2.", "Voyez templates/message.txt.j2."),
    Said(
        "Filters expect one; agencies and screen readers use it.",
        "Les filtres l'attendent ; agences et lecteurs d'écran l'utilisent.",
    ),
)
UNSUBSCRIBE = Rule(
    "unsubscribe-missing",
    Level.STOP,
    Said("The message shows no way to object ({where}).", "Le message ne montre aucun moyen de s'opposer ({where})."),
    Said(
        "Put unsubscribe_url or unsubscribe_mailto back into the template.",
        "Remettez unsubscribe_url ou unsubscribe_mailto dans le modèle.",
    ),
    Said(
        "The law wants it in every message, and so do Gmail and Yahoo.",
        "La loi le veut dans chaque message ; Gmail et Yahoo aussi.",
    ),
)
CLIENT_SUPPORT = Rule(
    "client-support",
    Level.WARN,
    Said(
        "{feature} in the message is not shown by {clients}.",
        "{feature} dans le message n'est pas affiché par {clients}.",
    ),
    Said("Do without it in the template; see {url}", "Passez-vous-en dans le modèle ; voir {url}"),
    Said("Those readers see a broken page.", "Ces lecteurs voient une page abîmée."),
)
SENDER_DOMAIN = Rule(
    "sender-domain",
    Level.WARN,
    Said("{domain}, {check}: {said}", "{domain}, {check} : {said}"),
    Said("See: distributor doctor", "Voyez : distributor doctor"),
    Said(
        "Large providers refuse, or file as junk, what the sender's domain does not vouch for.",
        "Les grandes messageries refusent, ou classent indésirable, ce dont le domaine ne répond pas.",
    ),
)
SENDER_UNKNOWN = Rule(
    "sender-unchecked",
    Level.NOTE,
    Said(
        "SPF, DKIM and DMARC of {domain} were not looked at: {said}",
        "SPF, DKIM et DMARC de {domain} n'ont pas été vérifiés : {said}",
    ),
    Said("Prove it again once you are on line.", "Relancez une fois en ligne."),
    Said("So you know what was not looked at.", "Pour que vous sachiez ce qui n'a pas été vu."),
)
RULES = (MESSAGE_CLIPPED, TEXT_PART, UNSUBSCRIBE, CLIENT_SUPPORT, SENDER_DOMAIN, SENDER_UNKNOWN)

_CLIPPED = 102 * 1024
_OBJECTION = re.compile(r"https?://\S{1,500}/u/|mailto:[^\s\"'>]{1,500}unsubscribe", re.IGNORECASE)


def message(subject: ProofSubject) -> Iterator[Hit]:
    """The message as its first recipient would get it: whole in Gmail, with a text part and a way to object."""
    sent = subject.message
    if sent is None:
        return
    size = len(sent.html.encode())
    if size > _CLIPPED:
        yield MESSAGE_CLIPPED.at(size=size // 1024)
    if not sent.text.strip():
        yield TEXT_PART.at()
    lacking = [
        *([] if sent.has_list_unsubscribe else ["List-Unsubscribe"]),
        *(name for name, part in (("HTML", sent.html), ("text", sent.text)) if part and not _OBJECTION.search(part)),
    ]
    if lacking:
        yield UNSUBSCRIBE.at(where=", ".join(lacking))


def client_support(subject: ProofSubject) -> Iterator[Hit]:
    """Nothing in the message breaks where French journalists read: Gmail, Outlook, Apple, Orange, SFR…"""
    for feature in features_in(subject.message.html) if subject.message else ():
        yield CLIENT_SUPPORT.at(
            None, feature.title, feature=feature.title, clients=listed(feature.lacking, 7), url=feature.url
        )


def sender(subject: ProofSubject) -> Iterator[Hit]:
    """The sender's domain vouches for what it sends (SPF, DKIM, DMARC), as far as the DNS says."""
    answer = subject.sender
    if answer is None:
        return
    for check, said in answer.faults:
        yield SENDER_DOMAIN.at(None, answer.domain, domain=answer.domain, check=check.upper(), said=said)
    if answer.silent:
        yield SENDER_UNKNOWN.at(domain=answer.domain, said=answer.silent)


CHECKS = (message, client_support, sender)
