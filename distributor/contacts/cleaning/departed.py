"""Whether a row of a list says that somebody has left, or that mail to them comes back: to be looked at."""

from __future__ import annotations

import re

from distributor.contacts.cleaning.optout import speaks_of_standing
from distributor.folding import fold

# The pattern reads folded text: no accents, no case, no punctuation.
_MAILBOX = r"(?:e ?mail|mail|adresse|address|bal|boite|courriel)"
_GONE = re.compile(
    r"\bnpai\b|\b(?:hard ?)?bounc(?:e|es|ed|ing)\b|\bundeliverable\b"
    rf"|\b{_MAILBOX}(?: \w+){{0,2}} (?:invalide?|errone\w*|inexistante?|morte?|hs|inactive"
    r"|desactive\w*|en erreur|revient|dead|invalid|closed|no longer valid)\b"
    r"|\b(?:invalid|dead|wrong) (?:e ?mail|address)\b"
    r"|\bretours? (?:en )?erreur\b|\bmail(?:s)? en retour\b"
    r"|\ba quitte (?!le bureau)|^(?:est )?parti(?: e|e)?(?: (?:a|en|chez|au|aux|de|le|du|depuis) .*)?$"
    r"|\bn est plus (?:a|au|aux|chez|en poste|dans|journaliste|la)\b"
    r"|\bn y (?:est|travaille) plus\b|\bne travaille plus\b"
    r"|\bdeced\w+|\bdeceased\b|^(?:inactif|inactive|inactif ve)$"
    r"|^(?:a |to be )?(?:supprim|retir|enlev|archiv|remov|delet)\w*(?: e)?$"
    r"|^(?:en |a la )?retraite\w*(?: (?:depuis|le|en|du) .*)?$"
    r"|\b(?:has )?left (?:the|his|her|in)\b|\bno longer (?:with|works?|working|at|there)\b|^(?:has )?left$|^retired\b"
)


_GONE_TITLE = re.compile(
    r"(?:les |contacts? |journalistes? |adresses? |mails? )*(?:anciens?|anciennes|partis|obsoletes?|npai"
    r"|inactifs|invalides|en erreur|bounces?|former|left|invalid|inactive)(?: contacts| journalists)?(?: \d.*)*"
)


def title_of_departed(text: str) -> bool:
    """Whether what stands above rows, the name of their sheet for one, says the same of all of them: «Anciens»."""
    return bool(_GONE_TITLE.fullmatch(fold(text)))


def remark_of_departure(column: str, text: str) -> str:
    """The line of a remark that says so, as it is written; "" when none does, or the column is about other things."""
    if not speaks_of_standing(column):
        return ""
    return next((line.strip() for line in re.split(r"[\n.;!]", text) if _GONE.search(fold(line))), "")
