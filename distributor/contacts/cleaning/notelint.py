"""Notes that say what may not be noted of a journalist: opinion, union, health, religion, origin, sex life, crime."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from distributor.folding import fold, words


class Category(StrEnum):
    """The special categories of personal data (RGPD, articles 9 and 10), in words for a warning."""

    OPINION = "political opinion"
    UNION = "union membership"
    HEALTH = "health"
    RELIGION = "religion or belief"
    ORIGIN = "origin"
    SEX_LIFE = "sex life"
    CRIME = "criminal record"


@dataclass(frozen=True, slots=True)
class NoteWarning:
    """Words of a note, as they were written, that seem to belong to a special category of personal data."""

    category: Category
    words: str

    def __str__(self) -> str:
        return f"«{self.words}» reads as {self.category}: it may not be kept, and the journalist may ask to see it"


def lint_note(text: str) -> tuple[NoteWarning, ...]:
    """What a free-text note about a person seems to say that may not be kept, in French and in English.

    A beat is none of it: «couvre la santé et les syndicats», «suit le PS» say what somebody writes about. «Membre du
    SNJ», «malade», «encarté au PS» say what somebody is. Where both may be meant, nothing is said.
    """
    in_question = _categories_in_question(text)
    if not in_question:
        return ()
    found: dict[tuple[Category, str], None] = {}
    on_a_beat = False
    for clause in map(_Clause, _CLAUSES.split(text)):
        on_a_beat = bool(_BEAT.search(clause.folded)) or (on_a_beat and bool(_GOES_ON.match(clause.folded)))
        for category in in_question:
            rules = _RULES[category]
            for pattern in rules.said if on_a_beat else rules.said + rules.unless_a_beat:
                for match in pattern.finditer(clause.folded):
                    if not _speaks_of_others(clause.folded[: match.start()].rstrip()):
                        found[category, clause.excerpt(match)] = None
    return tuple(NoteWarning(category, excerpt) for category, excerpt in found)


def _categories_in_question(text: str) -> list[Category]:
    """The categories that a note has any of the words of."""
    beginnings = {word[:4] for word in _WORD.findall(text.lower().translate(_PLAIN))}
    return [category for category, needed in _NEEDS.items() if not needed.isdisjoint(beginnings)]


class _Clause:
    """A piece of a note and its folded form, word by word, so that what is found can be shown as it was written."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: list[tuple[int, int, int]] = []  # start in the folded text, start and end in the text
        parts: list[str] = []
        length = 0
        for word in _WORD.finditer(text):
            folded = fold(word[0]).replace(" ", "")
            if folded:
                self._spans.append((length, word.start(), word.end()))
                parts.append(folded)
                length += len(folded) + 1
        self.folded = " ".join(parts)

    def excerpt(self, match: re.Match[str]) -> str:
        """The words of a match in `folded`, as they were written."""
        inside = [span for span in self._spans if match.start() <= span[0] < match.end()]
        return self._text[inside[0][1] : inside[-1][2]]


def _speaks_of_others(before: str) -> bool:
    """Whether an article or «avec» stands before: «un malade», «les adhérents», «interviewed a member of…»."""
    found = _ARTICLE.search(before)
    return found is not None and not _IS.fullmatch((found["before"] or "").strip())


@dataclass(frozen=True, slots=True)
class _Rules:
    """`said` are wordings that speak of the person only; `unless_a_beat` may also be what the person writes about."""

    said: tuple[re.Pattern[str], ...]
    unless_a_beat: tuple[re.Pattern[str], ...]


_WORD = re.compile(r"[^\W_]+")
_PLAIN = str.maketrans("àâäçéèêëîïôöùûüÿ", "aaaceeeeiioouuuy")
_CLAUSES = re.compile(r"[\n.;:!?,()\[\]/|–—«»\"]+|\s(?:et|and|mais|but)\s|\s-\s", re.IGNORECASE)
_BEAT = re.compile(
    r"\b(?:couvr\w*|suit (?!un traitement)|suiv(?:re|i|ait|ent)\b(?! pour)|ecri(?:t|re|vait)|chroniqu\w*|specialis\w*"
    r"|expert\w*|rubri\w+|beats?|cover(?:s|ed|ing)?|writ(?:es?|ing)|wrote|report(?:s|ing|ages?)?|interview\w*|enquet\w*"
    r"|articles?|dossiers?|papiers?|sujets?|stor(?:y|ies)|docu(?:mentaire)?s?|livres?|books?|series?|podcasts?"
    r"|emissions?|tribunes?|portraits?|themes?|topics?|interess\w*|interested|passionn\w*|travaille sur|works on"
    r"|prepar\w*|cherche|charge\w? (?:de|du|des|d)|en charge|in charge|responsable (?:de|du|des)|service|pole"
    r"|correspondant\w*|desk|editor|publi\w*|redact\w*|journal (?:de|du|des)|thematiques?|actualites?|questions?"
    r"|politiques? de|droits? d\w+)\b"
)
_GOES_ON = re.compile(r"(?:les?|la|l|des|du|de|d|un|une|aux?|the|on|about|ainsi|aussi|also)\b")
_ARTICLE = re.compile(
    r"\b(?P<before>\w+ )?(?:le|la|les|l|un|une|des|du|aux?|ce|cet|cette|ces|chaque|tout|tous|avec|the|an?|with|every)$"
)
_IS = re.compile(r"est|c|suis|was|is|etait|devenue?|s")


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(alternatives)})\b")


_ADVERB = (
    r"(?:(?:tres|plutot|assez|clairement|ouvertement|notoirement|souvent|gravement|toujours|encore|very|rather|openly"
    r"|often|always|seriously|probably) )?"
)
_SUBJECT = (
    r"(?:(?:est|etait|c est|c etait|elle|il|se dit|devenue?|nee?|famille|mari|femme|epouse|conjointe?|compagnon"
    r"|compagne|fervente?|militante?|sympathisante?|ex|is|was|he s|she s|born|devout|practising|family|husband|wife"
    rf"|partner) {_ADVERB}(?:une? |an? )?|^{_ADVERB})"
)
_HAS = (
    r"\b(?:a|ont|avait|eu|aurait|atteinte?|souffr\w+|victime|soignee?|traitee?|suivie? pour|operee?|remise?|guerie?"
    r"|remission|fait|fit|lutte contre|se bat contre|se remet|suite a|apres|depuis|sous|diagnosti\w+|son|sa|ses|has|had"
    r"|having|suffers?|suffering|suffered|recover\w*|treated|treatment|fighting|his|her) (?:\w+ ){0,3}?"
)


def _of_person(*adjectives: str) -> re.Pattern[str]:
    """What somebody is said to be («est malade»), or what a clause begins with («Malade depuis mai»)."""
    return re.compile(rf"{_SUBJECT}(?:{'|'.join(adjectives)})\b")


def _had(*nouns: str) -> re.Pattern[str]:
    """What somebody has or had («a eu un cancer», «her cancer»)."""
    return re.compile(rf"{_HAS}(?:{'|'.join(nouns)})\b")


_BELONGS = (
    r"(?:membre|adherente?|adhere|adherait|encartee?|inscrite?|militante?|milite|militait|sympathisante?"
    r"|sympathise avec|cotise|permanente?|elue?|deleguee?|representante?|tresorier|tresoriere|secretaire|responsable"
    r"|ancien|ancienne|candidate?|proche|carte|member|activist|supporter|supports?|belongs|card)"
)
_TO = r"(?:a la|a l|aux?|a|de la|de l|du|des|de|d|chez|of the|of|at the|at|with the|with|for the|for|in the|to the|to)"
_UNIONS = (
    r"(?:snj|usj|nuj|cgt|cfdt|cfe cgc|cgc|cftc|fo|force ouvriere|unsa|sud\w*|solidaires|fsu|filpac|fnsea|syndicats?"
    r"|unions?)"
)
_PARTIES = (
    r"(?:ps|lr|rn|fn|lfi|pcf|pc|eelv|modem|udi|ump|npa|rpr|udf|lrem|reconquete|renaissance|horizons|nupes|republicains"
    r"|insoumis\w*|france insoumise|rassemblement national|front national|front populaire|verts|ecologistes|ecolos"
    r"|parti(?: \w+)?|communistes|socialistes|macronistes|labour|tor(?:y|ies)|conservatives|lib ?dems?"
    r"|liberal democrats|greens|democrats|republicans|\w+ party|opus dei)"
)
_NATION = (
    r"(?!controlee|protegee|bretonn|normand|parisien|lyonnais|francais|corse|basque)\w+(?:aine?|ienne?|oise?|aise?|ine"
    r"|ien|nne|que|rde|yle|ere|rabe|usse|urque|uive)"
)
_NOT_A_PERSON = "".join(
    rf"(?<!{noun} )"
    for noun in [
        "colonne",
        "page",
        "porte",
        "presse",
        "journal",
        "quotidien",
        "hebdo",
        "magazine",
        "parti",
        "partis",
        "elus",
        "media",
        "site",
        "rive",
    ]
)

_RULES: dict[Category, _Rules] = {
    Category.UNION: _Rules(
        said=(
            _pattern(rf"{_BELONGS} (?:\w+ )?{_TO} {_UNIONS}(?: cgt)?"),
            _pattern(rf"{_BELONGS} (?:syndicale? )?(?:snj|cgt|cfdt|cftc|cfe cgc|fo|unsa|sud|fsu|nuj)(?: cgt)?"),
            _pattern(
                r"(?:deleguee?|elue?|representante?|responsabilites?) syndicale?s?",
                r"union (?:rep|representative|official|member)",
                r"shop steward",
                r"trade unionist",
            ),
        ),
        unless_a_beat=(
            _of_person(r"syndiquee?|syndicaliste|greviste|cegetiste|unioni[sz]ed|on strike"),
            _pattern(r"(?:a fait|faisait|fait) (?:la )?greve"),
        ),
    ),
    Category.OPINION: _Rules(
        said=(
            _pattern(rf"{_BELONGS} (?:\w+ )?{_TO} {_PARTIES}"),
            _pattern(
                r"(?:vote|votait|votes|voted) (?:(?:pour|a|for|the) )*(?:gauche|droite|l extreme (?:gauche|droite)"
                r"|macron|le pen|melenchon|zemmour|labour|tory|conservative|green|republican|democrat|left|right|lfi"
                r"|rn|lr|ps)",
                r"opinions? politiques?",
                r"sensibilite de (?:gauche|droite)",
                r"political (?:views|opinions?)",
            ),
        ),
        unless_a_beat=(
            _of_person(
                r"(?:de (?:la |l )?(?:extreme )?|d extreme )(?:gauche|droite)|gauchiste|facho|gaucho|macroniste"
                r"|lepeniste|melenchoniste|trotskiste|communiste|socialiste|ecolo|anarchiste|royaliste|souverainiste"
                r"|zemmouriste|insoumise?|reac|left wing|right wing|far left|far right|communist|socialist|marxist"
                r"|leftist|conservative|tory"
            ),
            re.compile(
                rf"{_NOT_A_PERSON}\b(?:tres|marquee?|engagee?|ancree?|orientee?|plutot) a (?:l extreme )?"
                r"(?:gauche|droite)\b"
            ),
        ),
    ),
    Category.HEALTH: _Rules(
        said=(
            _pattern(
                r"(?:en |depuis son |son |her |his )?(?:arret|conge)s? (?:de )?(?:longue )?maladie(?! (?:des|du|de)\b)",
                r"(?:on|long) sick leave|mi temps therapeutique|(?:sous|suit un|under) (?:traitement|treatment)",
                r"en (?:chimio\w*|radiotherapie|cure de desintoxication|burn ?out|depression|fauteuil roulant)",
                r"(?:a fait|faisait|fait) (?:une |un )?"
                r"(?:depression|burn ?out|avc|infarctus|crise cardiaque|fausse couche)",
                r"rqth|travailleu(?:r|se) handicapee?|hiv positive|in a wheelchair|conge (?:de )?maternite"
                r"|maternity leave",
            ),
        ),
        unless_a_beat=(
            _of_person(
                r"malade|souffrante?|hospitalisee?|depressi(?:f|ve)|bipolaire|autiste|handicapee?|invalide|malvoyante?"
                r"|sourde?|aveugle|seropositi(?:f|ve)|alcoolique|toxicomane|diabetique|epileptique|cancereu(?:x|se)"
                r"|enceinte|en situation de handicap|ill|sick|hospitali[sz]ed|depressed|pregnant|disabled|alcoholic"
                r"|diabetic|autistic|deaf|blind"
            ),
            _had(
                r"cancers?|leucemie|depression|burn ?out|diabete|handicap|maladies?|tumeur|chimio\w*|avc|infarctus"
                r"|operation|hospitalisation|alcoolisme|addictions?|vih|sida|sclerose|parkinson|alzheimer|covid long"
                r"|(?:problemes?|soucis?|ennuis?) de sante|health (?:problems?|issues?)|illness|disease|tumou?r"
                r"|diabetes|stroke|heart attack|hiv|aids|grossesse|pregnancy|disability"
            ),
            _pattern(
                r"hospitalisee?|handicapee?|(?:gravement|longtemps|souvent|tres) malade",
                r"allergique (?:aux?|a)"
                r"(?! (?:pj|pieces|mails?|communiques?|relances?|appels?|telephone|coups|la communication))",
            ),
        ),
    ),
    Category.RELIGION: _Rules(
        said=(
            _pattern(
                r"(?:mange|eats) (?:casher|kasher|halal|kosher)",
                r"(?:fait|observe|respecte|keeps) (?:le )?(?:ramadan|shabbat|careme)",
                r"porte (?:le |un )?(?:voile|hijab|foulard|kippa)|de confession \w+|convertie? (?:a|au) \w+",
            ),
        ),
        unless_a_beat=(
            _of_person(
                r"catholique|juif|juive|musulmane?|protestante?|chretienne?|bouddhiste|hindouiste|athee|agnostique"
                r"|evangelique|temoin de jehovah|mormone?|croyante?|pratiquante?|voilee|jewish|muslim|catholic"
                r"|(?<=a )christian|hindu|atheist|religious"
            ),
        ),
    ),
    Category.ORIGIN: _Rules(
        said=(_pattern(r"(?:fils|fille) d immigres?|origine ethnique|ethnic origin|issue? de l immigration"),),
        unless_a_beat=(
            _pattern(rf"d origine {_NATION}", r"of \w+ (?:origin|descent)"),
            _of_person(r"maghrebine?|arabe|kabyle|metisse?|metis|beur|beurette|gitane?|tzigane|immigree?|immigrant"),
            _pattern(r"(?:est|etait|is|was|he s|she s) (?:une? |an? )?(?:noire?|black|asiatique|asian|blanche?)"),
        ),
    ),
    Category.SEX_LIFE: _Rules(
        said=(
            _pattern(
                r"couche avec|a une liaison|sleeps with|sleeping with|having an affair|a une maitresse|a un amant",
                r"(?:orientation|vie|preferences?) sexuelles?|sexual (?:orientation|life|preferences?)|sex life",
            ),
        ),
        unless_a_beat=(
            _of_person(
                r"homosexuel(?:le)?|homo|gay|gai|lesbienne|bisexuel(?:le)?|bi|transgenre|trans|transsexuel(?:le)?|queer"
                r"|lesbian|bisexual|transgender|homosexual"
            ),
        ),
    ),
    Category.CRIME: _Rules(
        said=(
            _pattern(
                r"(?:son |a un |has a )?(?:casier judiciaire|criminal record)(?! vierge)",
                r"a fait (?:de la |\d+ \w+ de )?prison|sorti?e? de prison|was in (?:prison|jail)",
                r"ex detenue?|ex convict",
            ),
        ),
        unless_a_beat=(
            _pattern(
                r"condamnee? (?:pour|a|en)|mise? en examen(?! (?:de|du|des)\b)|incarceree?|en garde a vue"
                r"|poursuivie? pour|convicted (?:of|for)|arrested (?:for|in)|jailed|sentenced|indicted"
            ),
        ),
    ),
}

# The first four letters of the words that the rules of a category cannot do without: most notes hold none of them.
_NEEDS: dict[Category, frozenset[str]] = {
    Category.UNION: words(
        "snj usj nuj cgt cfdt cfe cgc cftc fo forc unsa sud sudr soli fsu filp fnse synd unio shop stri cege grev trad"
    ),
    Category.OPINION: words(
        "ps lr rn fn lfi pcf pc eelv mode udi ump npa rpr udf lrem reco rena hori nupe repu inso fran rass fron vert"
        " ecol part comm soci macr labo tory tori cons libd lib libe gree demo opus gauc droi le pen mele zemm left"
        " righ opin sens poli fach lepe trot anar roya souv reac far marx"
    ),
    Category.HEALTH: words(
        "mala sick mi trai trea chim radi cure burn depr faut avc infa cris faus rqth hand hiv whee mate souf hosp bipo"
        " auti inva malv sour aveu sero alco toxi diab epil canc ence ill preg disa deaf blin leuc tume oper addi vih"
        " sida scle park alzh covi sant heal illn dise tumo stro hear aids gros alle"
    ),
    Category.RELIGION: words(
        "cash kash hala kosh rama shab care voil hija foul kipp conf conv cath juif juiv musu prot chre boud hind athe"
        " agno evan temo morm croy prat jewi musl chri reli"
    ),
    Category.ORIGIN: words("orig desc immi ethn magh arab kaby meti beur gita tzig noir blac asia blan"),
    Category.SEX_LIFE: words("couc liai slee affa mait aman sexu sex homo gay gai lesb bi bise tran quee"),
    Category.CRIME: words("casi crim pris dete ex cond mise mis inca gard pour conv arre jail sent indi"),
}
