"""Notes that a journalist has left the outlet («a quitté la rédaction»), or that a mailbox is no longer read."""

from __future__ import annotations

import re

_SURE = re.compile(
    r"\bj['’](?:ai|avais) (?:\w+ment )?quitt[ée] |(?:a|avoir|avait) (?:\w+ment )?quitt[ée] (?:la r[ée]daction"
    r"|le journal|le magazine|notre |la cha[iî]ne|la radio|la station)"
    r"|(?:ne |n['’])(?:travaille|fai[st]|collabore|exerce|occupe)\w* plus (?:pour|[àa]|au|aux|chez|dans|en|partie"
    r"|le|la|les|de|d['’]|mes|ses|journaliste|r[ée]dact)"
    r"|(?:n['’]est|ne suis|n['’][ée]tait) (?:d[ée]sormais )?plus (?:en poste|en activit[ée]|chez|salari|employ"
    r"|joignable"
    r"|membre|parmi nous|au sein|journaliste|r[ée]dact|dans (?:la r[ée]daction|les effectifs|nos effectifs))"
    r"|(?:pris (?:ma|sa)|suis (?:\w+ )?(?:[àa] la|en)|parti(?:e|\(e\))? (?:[àa] la|en)) retraite"
    r"|(?:ma|sa|notre) collaboration.{0,40}(?:a pris fin|s['’]est (?:achev|arr[êe]t|termin)|est termin)"
    r"|\b(?:mon|son) contrat.{0,40}(?:a pris fin|s['’]est (?:achev|termin)|est termin)|changement d['’]adresse"
    r"|\bje travaille (?:d[ée]sormais|maintenant|aujourd['’]hui) (?:pour|[àa]|au|aux|chez|dans)"
    r"|my last day (?:at|with|in)\b|(?:cette|ladite) (?:adresse|bo[iî]te)(?: \S+){0,4} (?:n['’]est|ne sera|n['’]existe"
    r"|est)(?: d[ée]sormais)? (?:plus|d[ée]sactiv\w+|ferm\w+|obsol[èe]te)"
    r"|adresse (?:e-?mail |mail |[ée]lectronique )?(?:a chang[ée]|change|n['’]est plus (?:valide|utilis\w+"
    r"|consult\w+|active|relev\w+))|nouvelle adresse"
    r"|\bI(?: have|['’]ve) (?:\w+ )?left |(?:has|have) (?:\w+ )?left (?:the |our )?(?:paper|newspaper|newsroom|magazine"
    r"|staff|team|station)"
    r"|(?:no longer|not) (?:work\w*|employed|with|at) (?:for|with|at|by|the|us|our|here|this)|(?:is"
    r"|am) no longer (?:with|at|working|employed|a member|in)"
    r"|(?:this|the) (?:e-?mail )?(?:address|mailbox|account|inbox)(?: \S+){0,3} (?:is|has been"
    r"|will be) (?:no longer|not|closed|deactivated|discontinued|retired)"
    r"|nicht mehr (?:f[üu]r .{1,40} t[äa]tig|bei uns|in der redaktion|im unternehmen|besch[äa]ftigt)"
    r"|arbeite[t]? nicht mehr (?:f[üu]r|bei|in|im)|ya no (?:trabaj|forma parte|form[oa] parte|colabor)"
    r"|non (?:lavor|collabor)\w* pi[ùu]|non fa(?:ccio)? pi[ùu] parte|werkt? niet (?:meer|langer) (?:bij|voor|op)"
    r"|j[áa] n[ãa]o (?:trabalh|colabor)",
    re.IGNORECASE,
)
# Of a machine's note this is enough; a journalist who writes so may speak of whom the release is about.
_BY_MACHINE = re.compile(
    r"(?:a|avoir|avait) (?:\w+ment )?quitt[ée] \w|(?:has|have|'ve) (?:\w+ )?left (?!a message|you )\w"
    r"|has moved on\b|\bretired\b"
    r"|n['’]est plus (?:au|aux|dans|[àa] ce poste)|(?:hat|habe) .{1,60} verlassen",
    re.IGNORECASE,
)


def says_gone(subject: str, text: str, *, by_machine: bool = True) -> bool:
    """Whether a note says so: one that a machine sent, or a person's own words."""
    patterns = (_SURE, _BY_MACHINE) if by_machine else (_SURE,)
    return any(one.search(subject) or one.search(text[:3_000]) for one in patterns)
