"""Rules for what a document brought along unseen: tracked changes, comments, hidden text."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.releases.findings import Level, ProofSubject
from distributor.releases.proof.rule import Hit, Rule, Said

_WHY = Said(
    "Nobody has decided yet which words are the right ones.", "Personne n'a encore décidé quels mots sont les bons."
)
TRACKED_CHANGE = Rule(
    "tracked-change",
    Level.STOP,
    Said("The document held a tracked change.", "Le document contenait une modification suivie."),
    Said(
        "Accept or reject it in the document, and import it again; or, if the text is right: --override {code}.",
        "Acceptez-la ou refusez-la dans le document, puis réimportez-le ; ou, si le texte est bon : --override {code}.",
    ),
    _WHY,
)
DOCUMENT_COMMENT = Rule(
    "document-comment",
    Level.STOP,
    Said("The document held a comment.", "Le document contenait un commentaire."),
    Said(
        "Settle it in the document, and import it again; or, if it is settled: --override {code}.",
        "Réglez-le dans le document, puis réimportez-le ; ou, s'il est réglé : --override {code}.",
    ),
    _WHY,
)
HIDDEN_TEXT = Rule(
    "hidden-text",
    Level.STOP,
    Said(
        "Text that was hidden in the document would now be read.",
        "Du texte masqué dans le document serait maintenant lu.",
    ),
    Said("Remove it, and import again.", "Retirez-le, puis réimportez."),
    Said("It was hidden from readers on purpose.", "Il était caché aux lecteurs à dessein."),
)
RULES = (TRACKED_CHANGE, DOCUMENT_COMMENT, HIDDEN_TEXT)
_BY_CODE = {rule.code: rule for rule in RULES}


def unfinished(subject: ProofSubject) -> Iterator[Hit]:
    """Nothing that reading the document found is still undecided."""
    for remark in subject.draft.remarks:
        if rule := _BY_CODE.get(remark.code):
            yield rule.at(remark.line, remark.text, code=rule.code)


CHECKS = (unfinished,)
