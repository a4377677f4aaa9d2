"""Notes that a journalist has left the outlet («a quitté la rédaction»), or that a mailbox is no longer read."""

from __future__ import annotations

import re

_GONE = re.compile(
    r"(?:a|ai|avoir|avait) (?:d[ée]finitivement )?quitt[ée] (?:la r[ée]daction|le journal|le groupe|l['’]\w+"
    r"|la soci[ée]t[ée]|l['’]entreprise|ses fonctions|mes fonctions|la cha[iî]ne|le magazine|notre|son poste"
    r"|mon poste|le service|la radio|\w+)"
    r"|(?:ne|n['’]) (?:travaille|fait|collabore|exerce|occupe|est|suis)\w* plus (?:pour|[àa]|au|aux|chez|dans"
    r"|en poste|partie|salari|employ|joignable [àa] cette adresse|le|la|les|journaliste|r[ée]dact)"
    r"|(?:cette|ladite) (?:adresse|bo[iî]te)(?: \S+){0,4} (?:n['’]est|ne sera|n['’]existe"
    r"|est)(?: d[ée]sormais)? (?:plus|d[ée]sactiv\w+|ferm\w+|obsol[èe]te)"
    r"|adresse (?:e-?mail |mail |[ée]lectronique )?(?:a chang[ée]|change|n['’]est plus (?:valide|utilis\w+"
    r"|consult\w+|active|relev\w+))|nouvelle adresse"
    r"|(?:has|have|'ve) left (?:the |our )?(?:company|organi[sz]ation|paper|newspaper|newsroom|magazine|staff"
    r"|team|station|position|\w+)"
    r"|(?:no longer|not) (?:work\w*|employed|with|at) (?:for|with|at|by|the|us|our|here|this)|(?:is"
    r"|am) no longer (?:with|at|working|employed|a member|in)"
    r"|(?:this|the) (?:e-?mail )?(?:address|mailbox|account|inbox)(?: \S+){0,3} (?:is|has been"
    r"|will be) (?:no longer|not|closed|deactivated|discontinued|retired)",
    re.IGNORECASE,
)


def says_gone(subject: str, text: str) -> bool:
    """Whether a note says so, in French or English."""
    return bool(_GONE.search(subject) or _GONE.search(text[:3_000]))
