"""Objections in a person's words: plain ones, and those that somebody should look at first."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORDS = re.compile(
    r"d[ée]s(?:in|a|-in)(?:s?cri|bonn)\w*|unsubscri\w*|opt(?:ed)?[ -]?out|remove me|take me off|stop (?:sending"
    r"|e-?mailing|mailing|writing|all)|(?:do not|don['’]?t) (?:send|e-?mail|contact|write (?:to )?(?:me|us))"
    r"|please,? remove|no longer wish|not wish to receive"
    r"|(?:ne|n['’]) (?:plus|souhait\w+ plus|veu\w+ plus|d[ée]sir\w+ plus|m['’]\S+ plus|me"
    r"|nous)\b.{0,40}(?:recevoir|envoy|[ée]cri|contact|sollicit|adress|mail|message|communiqu|plus)|plus (?:recevoir"
    r"|souhait).{0,40}(?:communiqu|mail|message|courri|newsletter|information|envoi)"
    r"|(?:retir|supprim|enlev|ray|effac|[ôo]t)\w*[ -](?:moi|nous|mon|mes|notre|nos|cette adresse"
    r"|l['’]adresse)\b.{0,60}|(?:me |nous |m['’])(?:retirer|supprimer|enlever|effacer|[ôo]ter|rayer|radier)"
    r"|(?:^|[\n:;,.!?] ?)plus (?:de|d['’]|aucun) ?(?:mail|e-?mail|message|communiqu|courriel|envoi)\w*"
    r"|(?:cess(?:ez?|er)|arr[êe]te[rz]?) (?:de|d['’]|vos|cet|ces|tout|svp)"
    r"|(?:m['’]|je m['’])oppose|\bstop\b|\brgpd\b|\bgdpr\b"
    r"|aus (?:ihrem|dem|eurem|ihrer|der) (?:\w+-?)?(?:verteiler|liste|adressbestand)|keine (?:weiteren )?(?:mails?"
    r"|e-?mails"
    r"|pressemitteilungen|newsletter)\b.{0,40}(?:mehr|zusenden|schicken|senden)|abbestell|\babmelden\b|dsgvo"
    r"|(?:mich|uns) (?:bitte )?(?:aus\b|austragen|l[öo]schen|streichen)"
    r"|d[ea]rme de baja|dar de baja|elim[íi]n(?:e|en|ar)(?:me|nos)\b"
    r"|no (?:deseo|quiero|queremos|deseamos) (?:seguir )?recib|no me env[íi]e"
    r"|cancell(?:ar|at|are|atemi|azione)\w* .{0,40}(?:lista|indirizzo|iscrizion|mailing)|disiscri\w+"
    r"|non (?:desidero|voglio|vorrei) (?:pi[ùu] )?ricevere|uitschrijven|afmelden|van (?:uw|de|jullie) (?:\w+)?lijst"
    r"|n[ãa]o (?:desejo|quero) (?:mais )?receber",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"\W*(?:(?:bonjour|bonsoir|hello|hi|madame|monsieur|madame,? monsieur|chers? coll[èe]gues|dear \w+)\b\W*)?"
    r"(?:(?:merci de |merci de bien vouloir |pri[èe]re de |svp|s['’]il vous pla[iî]t|veuillez|je souhaite "
    r"|je voudrais |je veux |je demande [àa] |please|pouvez-vous|kindly|could you)\W*)*"
    r"(?:(?:me |nous |m['’])?d[ée]s(?:inscri\w*|abonn\w*)(?:[ -](?:moi|nous|mon adresse))?(?: (?:de|de la"
    r"|de votre|de vos|de cette|du|des) (?:votre |vos |cette )?(?:liste\w*|listes? de (?:presse|diffusion)"
    r"|envois?|communiqu[ée]s|mailing|fichier\w*|newsletter))?"
    r"|unsubscribe(?: me)?(?: (?:from|of) (?:this|your|the|all) (?:list|mailing list|lists|e-?mails?|mailings?))?"
    r"|remove(?: me)?(?: (?:from|off) (?:this|your|the) (?:mailing )?lists?)?|take me off (?:this|your"
    r"|the) (?:mailing )?list|stop|opt[ -]?out"
    r"|(?:je )?ne (?:souhaite |veux |d[ée]sire )?plus (?:vouloir )?recevoir (?:vos|de|ces|d['’]autres?"
    r"|aucun) (?:communiqu[ée]s(?: de presse)?|mails?|e-?mails?|messages?|courriels?|envois?"
    r"|informations?)(?: de (?:votre|la|vos) part)?"
    r"|ne (?:m['’]envoyez|m['’][ée]crivez) plus (?:rien|de (?:mails?|messages?|communiqu[ée]s|courriels?))"
    r"|(?:retirez|supprimez|enlevez|rayez|retirer|supprimer)[ -](?:moi|mon adresse)(?: de (?:vos|votre|cette"
    r"|la) listes?(?: de (?:presse|diffusion|contacts?))?)?"
    r"|(?:me |nous )(?:retirer|supprimer|enlever)(?: de (?:vos|votre|cette|la) listes?(?: de (?:presse|diffusion))?)?)"
    r"\W*(?:(?:merci(?: d['’]avance| beaucoup)?|svp|s['’]il vous pla[iî]t|please|thanks?(?: you)?|cordialement"
    r"|bien [àa] vous|best(?: regards)?|regards|salutations)\W*)*",
    re.IGNORECASE,
)
_QUOTE = re.compile(
    r"^(?:>|[-_]{2,}\s*(?:message|original|forwarded|mensaje|urspr)|_{10,}|(?:le|on|am|el) .{4,120}(?:a [ée]crit"
    r"|wrote|schrieb|escribi[óo])\s?:?|(?:de|from|von)\s?:\s.{2,}|--\s?$|envoy[ée] (?:de|depuis) |sent from "
    r"|obtenir outlook|get outlook)",
    re.IGNORECASE,
)
_SIGNATURE_WORDS = 12


@dataclass(frozen=True, slots=True)
class Objecting:
    """That a message asks to be left alone; `plain` where it says nothing else."""

    plain: bool


def own_words(text: str) -> str:
    """What the sender wrote: without what is quoted, and without what a program set under it."""
    kept = []
    for line in text[:20_000].split("\n"):
        if _QUOTE.match(line.strip()):
            break
        kept.append(line.strip())
    return "\n".join(kept).strip()


def read_objection(subject: str, words: str) -> Objecting | None:
    """Whether the sender objects. Plain is: the whole message says so, or the whole subject of one that says nothing.

    What follows a plain sentence after a blank line may be a signature of a few words; anything longer, or a question,
    is for a person to read.
    """
    first, _, rest = words.partition("\n\n")
    if not words:
        return Objecting(True) if subject.strip() and _PLAIN.fullmatch(subject[:200].strip()) else None
    whole = " ".join(words.split())[:600]
    if _PLAIN.fullmatch(whole):
        return Objecting(True)
    lead = " ".join(first.split())[:400]
    if _PLAIN.fullmatch(lead) and len(rest.split()) <= _SIGNATURE_WORDS and "?" not in rest:
        return Objecting(
            not re.search(r"\b(?:sauf|mais|except|but|unless|only|seulement|uniquement)\b", rest, re.IGNORECASE)
        )
    if _WORDS.search(words[:1_500]):
        return Objecting(False)
    if len(words.split()) <= _SIGNATURE_WORDS and _PLAIN.fullmatch(subject[:200].strip() or "-"):
        return Objecting(False)
    return None
