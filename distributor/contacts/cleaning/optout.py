"""Whether a row of a list says that somebody wants no more mail: what people write, and where they write it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.folding import fold, words

# All patterns read folded text: no accents, no case, no punctuation.

# «Ne plus envoyer de PJ», «ne plus contacter par téléphone», «do not send before noon»: not about our mail as such.
_ONLY_THIS = (
    r"(?! (?:(?:a|de|d|des|les|le|la|l|par|sur|en|au|aux|son|sa|leur|cette|any|by|on|to|with|the|her|his|my|their) )*"
    r"(?:pj|pieces? jointes?|photos?|pdf|fichiers?|videos?|images?|visuels?|docs?|documents?|avant|apres|plus|sans"
    r"|pendant|tel|telephone|sms|fax|courriers?|portable|mobile|fixe|linkedin|whatsapp|matin|soir|week ?ends?|vacances"
    r"|ancien(?:ne)?s?|old|former|previous|lundis?|mardis?|mercredis?|jeudis?|vendredis?|samedis?|dimanches?|attachments?|pictures?|files?|phone|before"
    r"|after|during|until|more|without|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b)"
)
_MAIL = (
    r"(?:e ?mails?|mails?|mailings?|courriels?|communiques?|cp|messages?|envois?|newsletters?|sollicitations?"
    r"|demarchages?|contacts?|prospection|(?:press )?releases?)\b"
)
# «A refusé de recevoir le prix», «article supprimé à sa demande»: no mail of ours is spoken of.
_NOT_AN_HONOUR = (
    r"(?! (?:le|la|l|un|une|les|des|son|sa|cette|ce) (?:prix|legion|medailles?|trophees?|distinctions?|recompenses?"
    r"|ordre|decorations?|cadeaux?|delegations?|syndicats?|ministre|ambassadeurs?)\b)"
)
_WORKS = "article articles papier tribune interview photo photos video citation passage"
_NO_WORK = "".join(rf"(?<!\b{work} )" for work in _WORKS.split())
_OURS = r"(?:la |les |le |l |vos |nos |notre |votre |tout |toutes? |tous |ces |the |our |your |all |any |this |these )*"
_LIST = r"(?:mailing |press |media |distribution )?(?:lists?|listes?|listings?|fichiers?|bases?|databases?)\b"
_CONTACTED = r"(?:contact|sollicit|demarch|destinat|mail|inscri)\w*"
_POST = r"(?:e ?mails?|mails?|pressemitteilungen|mitteilungen|pressemeldungen|meldungen|newsletter|zusendungen|infos)"
_SENTENCES = (
    # ne plus recevoir, ne pas contacter
    (
        rf"\bne plus (?:rien |jamais )?(?:(?:lui|leur|me|nous|l|le|la|les) )?"
        r"(?:recevoir|envoyer|contacter|ecrire|solliciter|adresser|mailer|diffuser|demarcher|utiliser|mettre en copie)"
        rf"\b{_ONLY_THIS}"
    ),
    # as it is said: «veut plus rien recevoir», «pas d'envoi svp»
    rf"\b(?:veu|souhait|desir)\w* plus (?:rien|(?:rien |jamais )?recevoir|etre {_CONTACTED})\b{_ONLY_THIS}",
    (
        r"^(?:(?:svp|merci|surtout|stop) )*(?:plus|pas|aucun) (?:(?:de|d|nos|vos) )*"
        r"(?:e ?mails?|mails?|courriels?|communiques?|envois?)(?: svp| merci| please)*$"
    ),
    rf"^(?:(?:elle|il|n|est) )*pas interess\w*(?: e)? par (?:nos|vos|les) {_MAIL}$",
    rf"\bne plus (?:etre|faire partie|figurer|apparaitre).{{0,20}} (?:{_CONTACTED}|{_LIST})",
    (
        rf"\bne (?:souhait|veu|desir|voudr)\w* (?:plus|pas) (?:rien )?"
        rf"(?:recevoir\b|etre {_CONTACTED}|(?:de |d |aucun )?(?:nos |vos |ces )?{_MAIL}){_ONLY_THIS}"
    ),
    (
        r"\bne pas (?:(?:lui|leur|me|l|le|la|les) )?(?:envoyer|contacter|ecrire|mailer|demarcher|solliciter)"
        r"(?: rgpd| svp| merci|(?: par| de| d)? (?:e ?mails?|mails?|courriels?))*$"
    ),
    rf"\bn est plus interesse\w*(?: e)?(?: par (?:nos|vos|les) {_MAIL})?$",
    # être désinscrit, retiré
    (
        r"\b(?:demand|souhait|desir|veut|exig)\w* (?:(?:a|de|d|que|etre|sa|son|la|le|l|se|on|nous) )*"
        r"(?:desinscr|desabonn|(?:radie|retire|supprime|enleve|efface)\w*(?: e)?$)"
    ),
    (
        r"\b(?:retir|enlev|supprim|ray|radi|effac|sort)(?:er|ez|e|ee|es|ees|ir|i|ie)(?: e| moi| le| la| les)?"
        rf" (?:de|des|du) {_OURS}{_LIST}"
    ),
    (
        r"\bdemand\w* (?:(?:de|d|le|la|l|sa|son) )*(?:suppression|retrait|effacement|radiation)"
        r"(?: de (?:ses|mes|leurs) (?:donnees|coordonnees)| (?:de|des|du) (?:la |nos |notre )?(?:listes?|fichiers?))?"
        r"(?: rgpd| cnil| (?:par|recu\w*|le|du|en) .*| \d.*)*$"
    ),
    # refuser, s'opposer
    (
        rf"\brefuse(?: e)? (?:(?:(?!accept|mais\b|but\b)\w+ ){{0,6}}de recevoir\b{_NOT_AN_HONOUR}|{_OURS}{_MAIL})"
        rf"{_ONLY_THIS}"
    ),
    r"\bs oppos\w+ a (?:recevoir|(?:la |toute )?(?:reception|prospection)|(?:l |tout )?envoi|tout demarchage)\b",
    r"\bconsent\w* (?:retire|refuse|revoque|withdrawn|revoked|refused)\b|\b(?:non|pas) consenti\b",
    r"\bdroit d opposition\b|\bopposition (?:rgpd|cnil)\b|\bdroit a l effacement\b",
    r"\b(?:rgpd|gdpr|cnil) (?:a )?(?:refus(?:ee?)?|oppos(?:ition|ee?))\b(?! (?:non|no|aucune?|neant)\b)",
    rf"\bstop (?:a )?(?:nos|vos) {_MAIL}",
    # do not contact, no longer wishes
    rf"\b(?:do not|don t|never) (?:contact|e ?mail|mail|write|send|solicit)\b{_ONLY_THIS}",
    rf"\bnot to be (?:contacted|e ?mailed|mailed)\b{_ONLY_THIS}",
    (
        rf"\b(?:no longer|not|doesn t|don t) (?:wish|want)(?:es|s|ed|ing)? (?:to )?"
        rf"(?:receive\b|get\b|hear\b|be (?:contact|mail|e ?mail)\w*|(?:our |your |any |more )*{_MAIL}){_ONLY_THIS}"
    ),
    rf"\b(?:stop|cease) (?:sending|e ?mailing|mailing|contacting|writing)\b{_ONLY_THIS}|\bno more {_MAIL}",
    # remove me from your list, objected
    rf"\b(?:remove|delete|strike|drop)d?(?: me| him| her| them| us)? from {_OURS}{_LIST}",
    (
        rf"{_NO_WORK}\b(?:remov|delet|retir|supprim|enlev|ray|radi|sorti|exclu)\w*(?: e)? "
        r"(?:at (?:his|her|their) (?:own )?request\b|(?:a|sur|suite a) (?:(?:sa|leur) )?demande\b(?! d )(?! de )"
        r"|demande(?: (?:du|le) \d.*)?$)"
    ),
    rf"\b(?:take|taken|took)(?: me| him| her| them| us)? off {_OURS}{_LIST}",
    r"\b(?:asked|wants|wishes|requested) to (?:be (?:removed|taken off|deleted|unsubscribed)|unsubscribe)\b",
    r"\bobject(?:ed|s) to (?:our|the|all|any|being|receiving|direct)\b",
    # keine Mails mehr, nicht mehr anschreiben, aus dem Verteiler nehmen
    rf"\bkeine (?:weiteren )?{_POST}(?: mehr| bitte)*(?: (?:senden|schicken|erhalten|bekommen|erwunscht|gewunscht))?$",
    (
        rf"\b(?:keine|nie|nichts) (?:weiteren )?(?:{_POST} )?mehr "
        r"(?:senden|schicken|zusenden|erhalten|bekommen|empfangen|mailen)\b"
    ),
    (
        r"\b(?:nicht|nie) (?:mehr |langer )?(?:mehr )?(?:per (?:e )?mail )?"
        r"(?:anschreiben|angeschrieben|anmailen|kontaktieren|kontaktiert|beliefern|bemustern)\b"
    ),
    (
        r"\baus (?:dem |unserem |eurem |ihrem |allen )?(?:presse)?verteilern? (?:nehmen|genommen|streichen|gestrichen"
        r"|loschen|geloscht|entfernen|entfernt|ausgetragen|austragen)\b"
    ),
    r"\bwiderspr(?:uch|icht|ochen)\b.{0,30}(?:werbung|zusendung|verarbeitung|dsgvo)",
)
_SENTENCE = re.compile("|".join(_SENTENCES))

# One word says it too: in remarks wherever it stands; in another cell, which may hold a magazine's name, only where it
# is all there is.
_WORD = (
    r"(?:desinscri(?:t|te|ts|tes|re|ption|ptions)\b|desabo(?:nn\w+)?\b|unsubscribed?\b|opt(?:ed)? ?out\b"
    r"|(?:black|block) ?list\w*|ab(?:gemeldet|bestellt)\b)"
)
_STOP = r"(?:stop(?:(?: aux| les)? (?:e ?mails?|mails?|pub|cp|communiques?|envois?|diffusion|newsletters?))?|dnc)"
_AND_WHEN = (
    r"(?: e\b| es\b| svp| merci| please| thanks| definitif| rgpd| gdpr| suite .*| (?:a|at) (?:sa|leur|her|his|their) .*"
    r"| (?:(?:par|au|by|via) )?(?:tel|telephone|phone|mail|e ?mail|courriel)| (?:(?:le|du|depuis|since|on) )*\d.*)*"
)
_ANSWERED = r"(?:dit|repond|repondu|reponse|replied|replies|reply|said) "
_OPPOSED = r"oppos(?:ee?|ition (?:recue|exprimee|notee|signalee)|ition(?= (?:le|du|depuis le) \d))"  # no politics
_WORD_IN_REMARKS = re.compile(rf"\b{_WORD}|(?:^|\b{_ANSWERED}){_STOP}{_AND_WHEN}$|^{_OPPOSED}{_AND_WHEN}$")
# Behind another sentence it is about what that tells.
_NOT_INTERESTED = re.compile(r"(?:(?:elle|il|n|est) )*pas interess\w*(?: e)?")
_WORD_ALONE = re.compile(rf"(?:{_WORD}|{_STOP}){_AND_WHEN}")
_TITLE = re.compile(
    r"(?:(?:rgpd|gdpr|les|listes?(?: des?| d)?|contacts?|personnes?|journalistes?|ont|a) )*"
    rf"(?:{_WORD}|oppos(?:ants?|itions?|ee?s?)|repoussoir|noire|opt ?outs?|stops?|unsubscribes?|removed"
    r"|refus(?:ee?s?)?|retiree?s?|bloquee?s?|(?:a )?exclure|ne (?:veulent|souhaitent) plus|ne pas diffuser)"
    r"(?: rgpd| \d.*)*"
)
_LISTED = re.compile(r"[;,|/>\n]|:::")
_ASIDE = re.compile(r"[(\[]([^()\[\]]{3,60})[)\]]")
_COLUMN_OF_REMARKS = re.compile(
    r"statut|status|etat\b|envoi|diffusion|mailing|newsletter|abonn|inscri|subscri|rgpd|gdpr|consent|remarq|remark|note"
    r"|comment|observ|suivi|accord|opt\b|stop|memo|divers|infos?\b"
)
_COLUMN_OF_CONSENT = re.compile(r"rgpd|gdpr|dsgvo|consent|subscri|abonn|accord|einwilligung|opt\b|optin|mailing")
_COLUMN_OF_THE_SUBSCRIBED = re.compile(
    r"(?:est |is )?(?:subscribed|abonnee?s?|inscrite?s?|opt(?:ed)? ?in|aktiv|angemeldet)(?: e)?"
)
# «OK RGPD ?», «Accord de diffusion», «Envoi CP»: a column of leave to write holds such a word, and none but these.
_LEAVE = words(
    "ok accord consentement consent consents autorisation rgpd gdpr dsgvo optin einwilligung zustimmung consentimiento"
)
_SENDING = words("envoi diffusion mailing communiques")
_OF_LEAVE = words(
    "mail mails email emails e courriel courriels cp press presse pressemitteilungen release releases contact contacte"
    " recevoir recu donne obtenu given obtained ecrit pour par de d du des le la les l aux a au for to by of"
    " statut status nos vos notre votre our your oui non o n yes no y"
)
_ASKS_FOR_LEAVE = re.compile(
    r"\b(?:accept\w*|souhait\w*|veut|veux|voulez|autoris\w*|d accord|agree\w*|wants?|wish\w*|likes?|consents?|opts? in"
    r"|mochte\w*|acept\w*|desea)\b(.*)"
)
_TO_HEAR = words("recevoir recoit receive erhalten recibir contacted contactee be etre") | _SENDING | _OF_LEAVE
"""Behind «accepte de» and its kind nothing but these: «… en anglais» or «… la newsletter» is another question."""
_OF_A_CIRCULATION = {"diffusion": {"0", "n"}}
"""«Diffusion: N» may be that of a newspaper: nationale, beside R and L."""
_COLUMN_OF_STANDING = re.compile(r"statut|status|etat|reponse|suivi")
_REFUSED = frozenset({"refus", "refuse", "refusee", "refuse e", "refused", "a refuse", "oppose", "opposee", "oppose e"})
_REFUSAL = re.compile(
    r"(?:refus|refuse|refusee|refused|oppos(?:e|ee|ition|ed)|objected|declined|denied|withdrawn|retire|abgelehnt"
    r"|widerspruch|widerrufen)(?: .*)?"
)
_CLEAR_NO = re.compile(
    r"(?:non|no|n|nein|nok|pas d accord|faux|false|falsch)(?: merci| thanks| danke| (?:le |on |am )?\d.*)*"
)
_CLEARLY_NOT = frozenset(
    {"", "non", "no", "n", "0", "faux", "false", "aucun", "aucune", "none", "na", "n a", "ras", "inscrit", "inscrite"}
    | {"nein", "falsch", "keine", "aktiv", "angemeldet"}
    | {"abonne", "abonnee", "subscribed", "actif", "active", "opted in", "opt in"}
)


def is_yes(cell: str) -> bool:
    """Whether a cell of a column of objections holds one: all but a clear no, for people write a cross or a date."""
    return fold(cell) not in _CLEARLY_NOT


def remarks_say_so(text: str) -> bool:
    """Whether remarks on a person ask for no more mail, in French or English; «désinscrite» or «STOP» is enough."""
    lines = list(_lines(text))
    if len(lines) == 1 and _NOT_INTERESTED.fullmatch(lines[0]):
        return True
    return any(_SENTENCE.search(line) or _WORD_IN_REMARKS.search(line) for line in lines)


def cell_says_so(column: str, text: str) -> bool:
    """The same of any other column's cell: a word counts only where the column is about that, or the cell no more."""
    if answer_says_so(column, text):
        return True
    if speaks_of_standing(column):
        return remarks_say_so(text)
    return any(_SENTENCE.search(line) or _WORD_ALONE.fullmatch(line) for line in _lines(text))


def speaks_of_standing(column: str) -> bool:
    """Whether a column is one of remarks, or says how somebody stands with us: «Statut», «Observations»."""
    return bool(_COLUMN_OF_REMARKS.search(fold(column)))


def answer_says_so(column: str, text: str) -> bool:
    """Whether a column that asks for consent holds a refusal: «Abonné: non», «RGPD: opposition», «OK RGPD ?: non».

    Nothing, «en attente» or «non demandé» is no refusal: our mail needs no consent, but a clear no is one.
    """
    folded, answer = fold(column), fold(text)
    says_no = answer == "0" or _CLEAR_NO.fullmatch(answer)
    return bool(
        (_COLUMN_OF_CONSENT.search(folded) and _REFUSAL.fullmatch(answer))
        or (_COLUMN_OF_STANDING.fullmatch(folded) and answer in _REFUSED)
        or (says_no and (_COLUMN_OF_THE_SUBSCRIBED.fullmatch(folded) or _asks_for_leave(folded)))
        or (says_no and answer not in _OF_A_CIRCULATION.get(folded, {"0"}) and _speaks_of_sending(folded))
    )


def _asks_for_leave(folded: str) -> bool:
    """Whether a column says if we may write: «Accord», «OK RGPD ?», «J'accepte de recevoir vos communiqués»."""
    said = set(folded.replace("opt in", "optin").split())
    if said & _LEAVE and said <= _LEAVE | _SENDING | _OF_LEAVE:
        return True
    asked = _ASKS_FOR_LEAVE.search(folded)
    return asked is not None and asked[1] != "" and set(asked[1].split()) <= _TO_HEAR


def _speaks_of_sending(folded: str) -> bool:
    """The same of «Envoi CP» or «Diffusion», which may hold numbers too."""
    said = set(folded.split())
    return bool(said & _SENDING) and said <= _SENDING | _OF_LEAVE


def one_says_so(text: str) -> bool:
    """The same of a cell that lists sectors or topics, one of which may be «Désinscrits»."""
    return any(_WORD_ALONE.fullmatch(fold(part)) for part in _LISTED.split(text)) or cell_says_so("", text)


def title_says_so(text: str) -> bool:
    """The same of what stands above rows, the name of their sheet for one: «Désinscrits», «Oppositions»."""
    return bool(_TITLE.fullmatch(fold(text))) or one_says_so(text)


def sentence_says_so(text: str) -> bool:
    """The same of a name or an outlet, which may be called «Stop»: only a sentence counts, or a word in brackets."""
    return any(_SENTENCE.search(line) for line in _lines(text)) or any(
        _WORD_ALONE.fullmatch(fold(aside)) for aside in _ASIDE.findall(text)
    )


def _lines(text: str) -> Iterator[str]:
    return filter(None, map(fold, re.split(r"[\n.;!]", text)))
