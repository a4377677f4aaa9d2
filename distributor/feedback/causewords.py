"""What mail servers say in words, and which cause it names: one ordered table, in many tongues, the first fit wins."""

from __future__ import annotations

import re
from dataclasses import dataclass

from distributor.feedback.events import Cause

_C = Cause


@dataclass(frozen=True, slots=True)
class Rule:
    """A cause, and the words that name it."""

    cause: Cause
    words: re.Pattern[str]


def _rule(cause: Cause, *words: str) -> Rule:
    return Rule(cause, re.compile("|".join(words), re.IGNORECASE))


# Servers wrap and vary their sentences: what is matched has single spaces, and no addresses, hosts or links.
RULES = (
    _rule(
        _C.EXPIRED,
        r"(?:message|envelope|mail) (?:has )?expired|(?<!full: )retry time(?:out)? (?:not reached|exceeded)"
        r"|been in the queue too long|delivery time ?(?:expired|out)|(?:delivery|message|connection|session"
        r"|conversation) timed? ?out|(?:could not be|not) delivered (?:for|within|in|after) |timed out (?:while"
        r"|waiting)"
        r"|queue too long|no.{0,10}host.{0,20}for .{0,10}(?:hours|days)|cannot send message (?:within|for) ",
    ),
    _rule(
        _C.SENDER,
        r"sender(?:'s)? (?:address |e-?mail |domain |host )?(?:is |was )?(?:rejected|reject|denied|refused"
        r"|not (?:allowed"
        r"|exist|found|valid|accepted|on|in)|invalid|unknown|verify fail|verification fail|does not|blocked|has no)"
        r"|domain of (?:the )?sender|(?:invalid|bad|unknown|unverified|unroutable|blocked|rejected|fake|forged"
        r"|illegal) (?:sender|mail from|return path|from address|envelope)|mail from .{0,40}(?:reject|denied|not"
        r"|invalid|refus)|cannot (?:resolve|find) (?:your|the sender)|your (?:e-?mail )?(?:domain"
        r"|address).{0,30}(?:not exist|not resolv|reject|refus)"
        r"|(?:(?:sending|return|from|reply-to|client|connecting|originating)|your (?:mail |from )?)\b ?(?:header )?"
        r"(?:address|domain|host(?:name)?|server|ip)\b(?: <>)? (?:is |was |does |could |has )*(?:not\b|invalid|unknown"
        r"|reject|refus)|(?:helo|ehlo) (?:\S+ ){0,2}(?:not|invalid|reject)|(?:allowed|safe) senders?\b",
    ),
    _rule(
        _C.CONTENT,
        r"\b(?:attachment|file|link|url)\b(?: \w+){0,3} (?:not\b|invalid|does(?:n't| not))",
        r"\bin (?:the |your |its )?(?:from|to|cc|reply-to|sender|message)?['\"]? ?headers?\b"
        r"|(?:from|to|cc|reply-to)['\"]? header|message headers? (?:fail|invalid|syntax)",
    ),
    _rule(
        _C.FULL,
        r"mailbox (?:is |was |has |\S{0,40} )?(?:currently |temporarily |already )?(?:full|over ?quota|exceed)",
        r"over ?quota",
        r"(?<!sending )quota (?:has been |is |was )?exce",
        r"exce\w+ (?:the |their |his |its |storage |mailbox |disk )*(?:quota|storage|maximum (?:storage|mailbox)"
        r"|space)",
        r"(?:mailbox|storage|disk|user|account) ?(?:space|quota|size|limit)\w*\W{1,3}(?:limit )?(?:has been |is "
        r"|was )?(?:exceed|reached|full)",
        r"out of (?:storage|email storage|disk) ?(?:space)?|insufficient (?:mailbox|disk|user|storage) ?(?:space"
        r"|storage|quota)?",
        r"not enough (?:disk|storage|mail|mailbox|free)? ?(?:box )?(?:space|storage|quota)"
        r"|no (?:more )?space left for|space not enough",
        r"full mailbox|mail ?box full|mail ?folder is full|inbox is full|too many messages (?:in|on) (?:this "
        r"|the )?(?:mailbox|drop|server)|zu ?viele (?:mails|nachrichten) auf",
        r"(?:account|user|recipient|maildir|mail|spool|mbox)\S{0,20} (?:is |has |delivery )?(?:currently "
        r"|temporarily )?(?:over|full|exceeds?)(?: (?:the|his|its|disk|quota)\b|$| ?\.)",
        r"QuotaExceeded|mailbox quota|quota violation|quota for (?:this|the) (?:mailbox|user)"
        r"|maildir.{0,30}(?:overdrawn|quota)|mail system full|message store.{0,20}full",
        r"delivery would exceed|would (?:be|go|put)\w* .{0,20}over (?:quota|limit)|user has (?:exhausted|used)",
        r"bo[iî]te.{0,40}(?:pleine|satur[ée]e|satur)|quota.{0,30}d[ée]pass|d[ée]pass.{0,30}quota"
        r"|espace.{0,30}insuffisant|postfach.{0,20}voll|buz[oó]n.{0,20}llen|casella.{0,20}piena",
        r"mailbox is larger than|receiver mailbox.{0,30}limit|exceeds? allowed (?:mail|storage)"
        r"|has reached (?:its|the|his) (?:quota|storage|limit)|recipient reached disk quota",
        r"メールボックスが(?:一杯|いっぱい)|容量|переполнен|(?:邮箱|信箱|收件箱).{0,6}满|已满",
        r"postfach.{0,40}(?:voll|[üu]berschritten|ist erreicht)|speicherplatz.{0,30}(?:ersch[öo]pft|[üu]berschritten)"
        r"|buz[óo]n.{0,40}(?:llen|lleg|super)|cuota.{0,30}(?:exced|super)|casella.{0,30}(?:piena|esaurit)"
        r"|spazio.{0,20}(?:esaurit|insufficient)|caixa.{0,40}(?:chei|lotad)|quota.{0,20}(?:excedid|superat)"
        r"|postvak.{0,30}vol\b|mailbox is vol|mailbox.{0,30}(?:volle?\b|voll\b)|skrzynk.{0,30}(?:pe[łl]n"
        r"|przepe[łl]nion)"
        r"|(?:brevl[åa]da|postkasse|postl[åa]da).{0,30}(?:full|fyldt|fuld)",
    ),
    _rule(
        _C.BLOCK,
        r"\bblocklist\b|blocked using|black ?list|dnsbl|\b(?:rbl|dbl|surbl|uribl)\b|client host (?:\S+ )?blocked"
        r"|\[BL\d*\]|\(BL\d*\)"
        r"|spam (?:message|detected|content|mail|score)|(?:as|is|be|like|considered|suspected|classified"
        r"|identified|detected)\b.{0,20}\bspam\b",
    ),
    _rule(
        _C.POLICY,
        r"may not have permission|not (?:a |an )?(?:\S+ )?members? of th|not accepted for policy|message not allowed"
        r"|due to (?:\w+ )?polic|(?:security|organi[sz]ation|company|local) polic|not accepting (?:e-?mail|mail"
        r"|messages) from|not (?:authori[sz]ed|allowed) to (?:send|post) (?:e-?mail |mail |messages )?to"
        r"|mail ?flow rule"
        r"|param[èe]tre du groupe|restriction check failed|\bRST\.(?!Recip|SendSize)\w+",
    ),
    _rule(
        _C.SYSTEM,
        r"gr[ea]y-?list|liste grise",
        r"unverified address: (?:address (?:verification|lookup)|connect|lost connection|conversation|delivery temp)",
    ),
    _rule(
        _C.AUTHENTICATION,
        r"\b(?:dmarc|dkim|spf|sender id|sender policy framework|arc)\b.{0,80}(?:fail|reject|not pass|unauth"
        r"|not align|invalid|denied|policy|error|violat|hard|require|check)",
        r"(?:fail|reject|violat|not pass|unauth|did not|breach|against|due to|because of|refused"
        r"|denied|not allowed by|according to).{0,60}\b(?:dmarc|dkim|spf)\b",
        r"unauthenticated (?:e-?mail|message|sender|mail)|sender (?:is )?(?:un)?authenticat"
        r"|required authentication level|authentication checks? fail|message is not (?:rfc|authenticated)"
        r"|please see .{0,30}#authentication",
        r"not authenticated due to|sender (?:address )?verif\w+ fail|(?:ptr|reverse dns|rdns"
        r"|fcrdns).{0,60}(?:missing|required|fail|not|does|unable|invalid|record)|(?:no|not have|missing|without"
        r"|invalid"
        r"|lacks?|unable to|cannot) .{0,25}(?:ptr|reverse|rdns)\b",
    ),
    _rule(
        _C.RATE,
        r"too many (?:concurrent |simultaneous |smtp |open |consecutive |recent |mails? |messages? |e-?mails? "
        r"|recipients|connections|sessions|invalid recipients|bad recipients|errors|commands|unknown|hits|queries"
        r"|transactions|attempts)",
        r"rate.?limit|throttl|(?:receiving|sending|submission|message|mail|connection) rate"
        r"|receiving mail (?:at a rate|too quickly)|slow down|unusual (?:rate|traffic)|sent too (?:many|fast)"
        r"|sending too",
        r"exceed\w* .{0,40}(?:connection|session|rate|per (?:hour|day|minute)|daily|hourly|messages|recipients)"
        r"|(?:daily|hourly|sending|user|message) (?:sending |message |user )?(?:limit"
        r"|quota) (?:has been )?exceeded|frequency limit|temporarily deferred due to|\[(?:TSS?|IPTS)\d\d\]"
        r"|concurrency limit|E(?:1110|1130|2110|2100)\b|maximum (?:number )?(?:of )?(?:recipients|messages"
        r"|connections)",
        r"resources? (?:temporarily )?(?:unavailable|restricted) due to|connection (?:limit|frequency)"
        r"|over .{0,12}(?:message|recipient)s? limit|limit on the number of",
    ),
    _rule(
        _C.RELAY,
        r"relay(?:ing)? (?:access |mail |not |is |to |from |of |was |through )*(?:denied|not permitted"
        r"|not allowed|prohibited|forbidden|disabled|attempt|block|reject|not accept|unauthori)",
        r"\b(?:unable|cannot|can't|not (?:permitted|allowed|authori[sz]ed)|do(?:es)? not|don't|refus\w+|no|denied"
        r"|unauthori[sz]ed|insecure|prohibit\w*|we do not|anti)\b.{0,24}relay(?! recipient)",
        r"not (?:a |an )?(?:open |local )?(?:relay|gateway)|relay(?:ing)? (?:here|this|site|restriction)"
        r"|isn't in my (?:list|control)|rcpthosts|not (?:an? )?(?:authori[sz]ed|allowed) (?:to )?(?:send"
        r"|relay) (?:mail )?(?:through|via|to)|we do not (?:accept|handle) mail for|domain .{0,40}not (?:in"
        r"|hosted|handled|local|allowed|listed)|must authenticate first"
        r"|authentication (?:is )?required(?: for relay)?|trying to use me .{0,80}to relay",
    ),
    _rule(
        _C.TOO_BIG,
        r"(?:message|mail|e-?mail|size|content|attachment|header|data|body)s? .{0,30}(?:too (?:big|large)"
        r"|exceeds? .{0,30}(?:size|limit|max|length|allow)|larger than|oversize)|(?:too (?:big|large)"
        r"|exceed\w*) .{0,20}(?:message|mail)? ?(?:size|maximum)|size (?:limit|exceed|restriction)"
        r"|message (?:size|length) (?:exceed|limit|is)|maximum (?:message|allowed) size|RecipSizeLimit"
        r"|SendSizeLimit|exceeds? (?:fixed|max|size|the limit|our)|message trop (?:gros|volumineux|grand)"
        r"|taille.{0,30}(?:d[ée]pass|sup[ée]rieure)",
    ),
    _rule(
        _C.LOOP,
        r"mail (?:forwarding |delivery )?loop|routing loop|\bloop(?:s|ing)?\b.{0,30}(?:detect|back|hop|mail"
        r"|myself)|(?:too many|hop count|maximum|excess\w*) (?:hops?|exceeded|received|\"?received)|loops? back"
        r"|possible mail loop|hop count|already been redirected|config error: mail",
    ),
    _rule(
        _C.NO_MAIL_HOST,
        r"null ?mx|no smtp service|does(?:n't| not) (?:accept|receive|take|handle) (?:any )?(?:e-?mail|mail"
        r"|messages)\b(?! from)|(?:host|server|domain) .{0,50}(?:does not|doesn't|never|not) (?:accept|receive|want"
        r"|like)\w* (?:e-?mail|mail)\b(?! from)|not accept(?:ing)? (?:e-?mail|mail|messages) (?:for|from the internet)"
        r"|smtp protocol returned a permanent error|no mail server|mail is not accepted"
        r"|all relevant mx records point to non-?existent|valid MX records"
        r"|name service error for .{0,80}type=(?:mx|a+).{0,20}malformed",
    ),
    _rule(
        _C.SUSPENDED,
        r"(?:account|mailbox|user|recipient|address|domain|e-?mail|customer)\S{0,3} (?:\S+ ){0,6}?(?:suspended"
        r"|locked|frozen|disabled|inactive|deactivated|expired|blocked|restricted|not active|terminated|closed"
        r"|cancel|inhibited|barred)",
        r"(?:suspended|disabled|inactive|locked|frozen|deactivated|closed|expired|deleted|dormant) (?:account"
        r"|mailbox|user|recipient|address|e-?mail|service|due)|inactive user|not (?:an )?activ(?:e|ated)"
        r"|(?:mailbox|account|user) (?:is |has been |was )?(?:unavailable for|currently unavailable"
        r"|temporarily (?:locked|suspended|disabled|unavailable|blocked))|invalid/inactive|unpaid"
        r"|mailbox (?:disabled|frozen)|(?:bo[iî]te|compte|adresse).{0,40}(?:d[ée]sactiv|suspendu|inactif|inactive"
        r"|bloqu|ferm)|email account that you tried to reach is (?:disabled|inactive|over)|not accepting (?:mail"
        r"|messages)|has not logged in|not been collected",
    ),
    _rule(
        _C.MOVED,
        r"has (?:been )?(?:moved|changed|left)|no longer (?:with|employed|works?|working|at this)|user not local"
        r"|address (?:has )?changed|new address|n'est plus.{0,40}(?:adresse|soci[ée]t)|a quitt[ée]|replaced by"
        r"|hasmoved",
    ),
    _rule(
        _C.UNKNOWN_HOST,
        r"(?:unknown|no such|non-?existent|unrout(?:e|able)?\w*|invalid|bad|illegal|unresolvable|unresolved"
        r"|undefined) (?:mail )?(?:host|domain|domain name|mail ?server|destination host|destination domain"
        r"|remote host)s?\b",
        r"(?:host|domain|domain name|dns|mx)(?: name)?\S{0,3}(?: \S{1,60})? (?:was |is |could |can |does |did "
        r"|has |you |may |lookup |record )*(?:not (?:be )?(?:found|exist|known|resolv\w*|registered|recogni[sz]ed"
        r"|valid|locate)|unknown|nonexist\w*|non-exist\w*|failed to resolve|does not exist|doesn't exist"
        r"|cannot be (?:found|resolved)|couldn'?t be found|invalid)",
        r"(?:cannot|can't|couldn'?t|unable to|could not|failed to) (?:find|resolve|route|locate|look ?up)(?: the"
        r"| any| a| your| to| mail)* ?(?:host|domain|mx|dns|ip address|mail ?server|a route|name|destination"
        r"|valid|sender|recipient domain|address in domain|dns entry|user)?.{0,12}(?:host|domain|mx|server|route"
        r"|gateway|named|dns|name)?",
        r"host or domain name not found|name service error|domain (?:must exist|not found|is not|invalid"
        r"|name not found|lookup failed)|nxdomain|no (?:mx|dns|a|valid|route|host|answer)(?: or a| hosts| for| mx"
        r"| dns| a)* ?(?:record|entry|entries|host|to host|domain|found|address)|unrouteable (?:mail )?(?:domain"
        r"|address)|unrout(?:e)?able|dns(?: server)? (?:lookup|query|error|fail|type|hard|reported)"
        r"|hostname(?: lookup)?(?: \S+)? (?:unknown|fail|not)|mail server .{0,40}(?:not exist|not found)"
        r"|illegal host|unknown domain|domaine? .{0,40}(?:inexistant|inconnu|introuvable)|host unknown"
        r"|all host address lookups failed|lookup failed|domain may not exist|no route to domain|domain isn't"
        r"|DNS domain|I couldn't find any host",
    ),
    _rule(
        _C.UNKNOWN_USER,
        r"(?:unknown|no such|invalid|non-?exist\w*|illegal|unrecogni[sz]ed|undefined|incorrect|bad|unresolvable"
        r"|wrong|improper|not a valid) (?:or \w+ |final delivery |local |remote |destination |e-?mail |mail "
        r"|smtp |virtual |alias |recipient |account |internet )*(?:user(?:s|id|name)?|recipients?|mailbox(?:es)?"
        r"|address(?:es)?|account|person|local.?part|addressee|destination|alias|name|member|email|subscriber"
        r"|customer)",
        r"(?:user|recipient|mailbox|account|address|addressee|alias|person|name|subscriber|local.?part|e-?mail"
        r"|destination|customer|inbox|group)(?:\(s\)|s|id|name)?[\"'>)\]:;,.]*(?: ?\S{0,80})?[ :]+(?:is |was "
        r"|are |has |have |could |can |does |do |did |been |seem |to |be |currently |unfortunately |address "
        r"|account |mailbox |name |here |in |this |the |or |a |an |that |you |specified |server |domain |system "
        r"|name )*(?:unknown|not (?:be )?(?:found|exist\w*|known|valid|recogni[sz]ed|listed|local|our|a valid"
        r"|an? |here|registered|in|on|have|available here|accepted|verified|defined|handled)|no longer|never"
        r"|unavailable|invalid|does(?:n't|nt| not) (?:exist|have|match)|don't exist|isn't|nonexist\w*"
        r"|non-?existent|rejected|delet\w*|removed|undeliverable|unroutable|incorrect|gone|cannot be found"
        r"|couldn'?t be found|wrong)",
        r"(?:not|isn't|no) (?:a |an |any |our |found |such |in |listed |known |mail |valid |existing "
        r"|local )*(?:user|mailbox|recipient|customer|account|subscriber|address|member|name|person"
        r"|mail box|addressee)(?: here| by that name| found| exists?| on| in| at|\b)",
        r"does(?:n't|nt| not) (?:have|like|exist|match|appear)|RecipNotFound|ExRecipNotFound|RecipientNotFound"
        r"|recipient rejected|not our customer|(?:user|recipient|account|address) .{0,30}(?:lookup|verification"
        r"|verify) (?:failed|error)|didn'?t find|could(?:n't| not) (?:be )?f(?:ound|ind)|can'?t (?:find|verify)"
        r"|unable to (?:verify|validate|find)|no one (?:here|by)|there is no|not listed in|delivery (?:to"
        r"|for) .{0,60}(?:unknown|fail)|(?:verify|check|double-check) (?:that )?(?:the |your )?(?:recipient"
        r"|address|e-?mail|spelling)|misspel|mistyped|spelled|unknown address|directory services|no account by"
        r"|user unavailable|bad_recipient|aucune? (?:compte|utilisateur|bo[iî]te|destinataire)|vdelivermail"
        r"|vpopmail|this address (?:no longer|is no)|address (?:does not|unknown"
        r"|lookup|rejected|error|not)|recipient unknown|no matches to nameserver|name server: host",
        r"(?:utilisateur|destinataire|adresse|bo[iî]te|compte|usager).{0,60}(?:inconnu|invalide|inexist|n'existe"
        r"|introuvable|erron[ée]|non valide|ferm[ée]|supprim|plus valide|pas r[ée]pertori|pas trouv"
        r"|n'a pas [ée]t[ée] "
        r"trouv)|n['’]est pas r[ée]pertori"
        r"|non r[ée]pertori|est introuvable|boite inexistante|inconnu [àa] cette adresse",
        r"(?:empf[äa]nger|benutzer|adresse|postfach|konto|mailbox).{0,50}(?:unbekannt|existiert nicht|existiert hier"
        r"|nicht (?:gefunden|vorhanden|bekannt|aufgef[üu]hrt|verf[üu]gbar|existent)|ung[üu]ltig|gel[öo]scht)"
        r"|wurde .{0,60}nicht gefunden|unbekannte[rns]? (?:benutzer|empf[äa]nger|adresse)|nicht im .{0,20}verzeichnis"
        r"|(?:usuario|direcci[óo]n|destinatari[oa]|cuenta|buz[óo]n).{0,50}(?:desconocid|no (?:existe|v[áa]lid"
        r"|encontrad"
        r"|es v[áa]lid)|inexistente|inv[áa]lid)|no se (?:ha )?encontr\w* (?:la direcci[óo]n|el (?:usuario"
        r"|destinatario))"
        r"|(?:utente|indirizzo|destinatario|casella).{0,50}(?:sconosciut|inesist|non (?:[èe] stato )?(?:trovat"
        r"|esist|valid))"
        r"|impossibile trovare l['’]indirizzo",
        r"(?:usu[áa]rio|endere[çc]o|destinat[áa]rio|conta|caixa).{0,50}(?:desconhecid|n[ãa]o (?:existe"
        r"|encontrad|foi encontrad"
        r"|[ée] v[áa]lid)|inexistente|inv[áa]lid)|(?:gebruiker|geadresseerde|adres|postvak).{0,50}(?:onbekend"
        r"|bestaat niet"
        r"|niet gevonden|ongeldig)|is niet gevonden|onbekende (?:gebruiker|ontvanger)"
        r"|(?:adres\w*|u[żz]ytkownik\w*|odbiorc\w*|skrzynk\w*).{0,50}(?:nieznan|nie (?:istnieje|znalezion))"
        r"|nieznan\w* (?:adres\w*|u[żz]ytkownik|odbiorc\w*)|nie znaleziono (?:tego )?adresu"
        r"|ok[äa]nd (?:mottagare|anv[äa]ndare|adress)|ukendt (?:modtager|bruger)|ukjent (?:mottaker|bruker)"
        r"|見つから(?:ない|なかった|ず|ませんでした?)|見つかりません|存在しま?せ?ない|存在しません|宛先不明|アドレス不明"
        r"|не (?:существует|найден|зарегистрирован)|不存在|用户不存在|無此|查无此",
    ),
    _rule(
        _C.SENDER,
        r"(?:sender|from|envelope|mail from|return.?path|reverse.?path|originator)\S{0,3} .{0,40}(?:reject|denied"
        r"|not (?:allowed|exist|found|valid|accepted|permitted|authori)|invalid|block|unknown|refus|does not"
        r"|doesn't|domain|unverif|banned|disallow)|(?:invalid|bad|blocked|banned|unknown|unverified|rejected|fake"
        r"|forged) (?:sender|from|return path|mail from|originator)|not (?:allowed|authori[sz]ed"
        r"|permitted) (?:to )?(?:send|post|submit|submission)|AuthRequired|RestrictedTo|NotAuthorized|does(?:n't"
        r"| not) have permission|may not have permission|only accept\w* .{0,40}(?:from|sender)"
        r"|address does not match|SendAs|permission (?:denied|to)|restricted|only (?:members|authori)|moderat"
        r"|cannot verify|callback|callout",
    ),
    _rule(
        _C.NETWORK,
        r"\bconnect to \S+ ?\S*: |connection (?:refused|timed out|reset)(?! (?:by(?! <>)|due|because|for|from"
        r"|as|-|using))"
        r"|no route to host|network (?:is )?unreachable|requests to connect",
    ),
    _rule(
        _C.CONTENT,
        r"\bvirus|malware|infected|trojan|worm\b|phish|(?:executable|banned|forbidden|prohibited|dangerous"
        r"|suspicious|blocked) (?:file|attach|content|extension|url|link)|attachment .{0,40}(?:not|block|reject"
        r"|prohib|forbid|type)|content.{0,24}(?:reject|filter|restrict|not|block|polic|unaccept|objection|violat"
        r"|scan)|(?:header|mime|rfc|subject|date|message-id|body) .{0,40}(?:invalid|malformed|missing|violat"
        r"|not compl|error|syntax|8.?bit|bad|illegal)|bare (?:lf|cr)|malformed|improper|unsupported (?:charset"
        r"|encoding|mime)|not rfc|5322|2822|bounce attach|message (?:was )?(?:rejected|filtered|identified|looks"
        r"|refused|content|scored|contains|blocked)",
    ),
    _rule(
        _C.BLOCK,
        r"\bspam|\bUBE\b|\bUCE\b|unsolicited|bulk ?mail|junk|block ?list|black ?list|deny ?list|\bRBL\b|dnsbl"
        r"|\brbl\b|spamhaus|spamcop|barracuda|cloudmark|sorbs|senderbase|reputation|listed (?:in|at|on|by)|(?:ip"
        r"|host|client|address|domain|server|network|connection|sender|mail from|url|you"
        r"|your \S+)\S{0,3} .{0,40}(?:blocked|blacklist|banned|refused|rejected|denied|blocked using|prohibit"
        r"|not welcome|distrust)|(?:blocked|banned|refused|rejected|denied) (?:by|for|because|due|using|mail|your"
        r"|from|address|ip|as|connection)|S31[45]0|\[BL\d*\]|bad (?:reputation|helo|host)|dynamic (?:ip|address"
        r"|pool)|dial.?up|residential|open proxy|abus(?:e|ive)|complain|not accept\w* .{0,30}(?:from your"
        r"|from you|from this|connections?)|helo|ehlo|pourriel|ind[ée]sirable|AS\(\d+\)|considered|untrusted"
        r"|suspected|unerw[üu]nscht|correo no deseado",
    ),
    _rule(
        _C.POLICY,
        r"polic(?:y|ies)|access denied|(?:administrative|local|security|administrator|transport"
        r"|mail) (?:prohibition|polic\w*|restriction|rules?|reject|block)|prohibited|not permitted"
        r"|transport rules?|rejected by .{0,40}(?:rule|filter|admin|server|recipient|system|user)|customs?"
        r"|(?:filter|rule)s?\b.{0,20}(?:reject|match)|violat|unacceptable|refus\w+ (?:by|to accept)|denied"
        r"|tls (?:is )?required|must (?:issue|use|be) .{0,20}(?:tls|starttls|encrypt)|encrypt"
        r"|delivery not authori[sz]ed|not authori[sz]ed|forbidden|administratively|nicht erw|refus[ée]"
        r"|a [ée]t[ée] bloqu[ée]"
        r"|message bloqu[ée]|abgelehnt|rechazad|rifiutat|rejeitad|geweigerd|odrzucon|отклонен|拒否|拒收",
    ),
    _rule(
        _C.SYSTEM,
        r"command (?:failed|output|died|time|line)|local (?:configuration|error|delivery (?:failed|agent))"
        r"|system (?:config|error|fail|not|resource|full)|configuration (?:error|problem)|internal (?:error"
        r"|server|software)|service (?:unavailable|not available|currently|refused|is|temporar|configuration)"
        r"|temporar(?:y|ily) (?:local |lookup |system |server |service )?(?:fail|problem|error|unavail|rejected"
        r"|deferred|disabled|lookup)|can'?t (?:create|open|write|lock|get)|cannot (?:open|create|write|append"
        r"|update|store|access|get|allocate)|unable to (?:open|create|write|append|lock|deliver|store|run)"
        r"|permission denied|procmail|maildrop|pipe to|\bpipe\b|lock fail|disk (?:full|error|i/o)|read-?only"
        r"|out of memory|no such file|i/o error|insufficient system|try again|requested action (?:aborted"
        r"|not taken)|database|ldap|backend|server (?:error|busy|configuration|side|fail|overload)"
        r"|error in processing|processing error|software error|mail(?:er)? (?:error|system error)|exit (?:code"
        r"|status)|died with|signal \d|returned (?:a )?(?:non|error)|died|failed to (?:deliver|run|write|store)"
        r"|mailbox (?:is )?(?:busy|locked|temporarily|unavailable|corrupt|inaccessible)|lost input|load",
    ),
    _rule(
        _C.EXPIRED,
        r"expired|timed? ?out|retry (?:time|limit|timeout)|time limit|too (?:long|old)|(?:could not"
        r"|not) be(?:en)? delivered (?:in|within|for|after)|delivery time|maximum (?:delivery )?(?:attempts"
        r"|retries|time|retry)|exceeded (?:max|retry|time|the|delivery)|giving up|still (?:un|being|in)|delayed"
        r"|queue (?:life)?time|will (?:keep|continue|be re)|days?\b.{0,20}(?:old|queue|try)|too many (?:attempts"
        r"|retries|failed)|ttl|d[ée]lai|after \S+ (?:hours?|days?|attempts?|minutes|seconds)|aborted after",
    ),
    _rule(
        _C.NETWORK,
        r"connection (?:\S{1,60} )?(?:refused|timed|reset|lost|closed|failed|fail|dropped|broken|to|was|is"
        r"|problem|error|terminated|aborted|with|attempt|failure)|connect(?:ed|ing)? (?:to|fail|error|timed|:)"
        r"|lost connection|host (?:is )?(?:down|unreachable|not reach|not respond|unavailable|not available)"
        r"|no route to host|network (?:is |error|unreach|connect|problem)|unreachable|not reachable|not respond"
        r"|no (?:answer|response|connection|respon)|could(?:n't| not) (?:connect|be contacted|contact|establish"
        r"|reach|deliver)|unable to (?:connect|contact|reach|establish|transfer|relay)|can'?t (?:connect|contact"
        r"|reach)|failed to connect|remote (?:server|host|system) (?:is )?(?:un|not|did|down|busy|closed|error)"
        r"|server (?:unavailable|not respond|is unreachable|did not|unreach|down|broke)|socket|handshake|tls|ssl"
        r"|starttls|communication|greeting|dns (?:timeout|temporar|server)|server unavailable|error transferring"
        r"|no mx|mx (?:host|record)|broken pipe|eof|conversation|while (?:talking|sending|receiving)"
        r"|transport (?:fail|error)|session|route|routing|gateway",
    ),
)
