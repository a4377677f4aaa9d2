"""Rules for links: words that say where they lead, and targets that work in a mail and are what they show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from distributor.releases.findings import Level, LinkState, ProofSubject, around
from distributor.releases.proof.rule import Hit, Rule, Said, listed, quoted
from distributor.releases.proof.weblinks import Link, find_links, host_of, is_private_host

_AN_ERROR = Said("Journalists would meet an error.", "Les journalistes tomberaient sur une erreur.")
LINK_TEXT = Rule(
    "link-text",
    Level.WARN,
    Said("A link reads «{words}», which does not say where it leads.", "Un lien dit «{words}», sans dire où il mène."),
    Said("Make the words that name its target the link.", "Mettez le lien sur les mots qui nomment sa cible."),
    Said(
        "Screen readers list links alone; in plain text nobody can click «here».",
        "Les lecteurs d'écran lisent les liens seuls ; en texte brut, on ne clique pas sur «ici».",
    ),
)
LINK_RELATIVE = Rule(
    "link-relative",
    Level.WARN,
    Said(
        "Links that lead nowhere from a mail ({count}): {targets}.",
        "Liens qui ne mènent nulle part depuis un courriel ({count}) : {targets}.",
    ),
    Said("Write them whole, from https:// on.", "Écrivez-les en entier, à partir de https://."),
    Said("A mail has no site and no anchors of its own.", "Un courriel n'a ni site ni ancres à lui."),
)
LINK_MISMATCH = Rule(
    "link-mismatch",
    Level.WARN,
    Said("The link shows {shown} and leads to {target}.", "Le lien montre {shown} et mène à {target}."),
    Said("Let it show where it leads.", "Montrez l'adresse où il mène."),
    Said("Filters take it for a phishing mail.", "Les filtres y voient de l'hameçonnage."),
)
LINK_PRIVATE = Rule(
    "link-private",
    Level.WARN,
    Said("Nobody outside your network can follow {target}.", "Personne hors de votre réseau ne peut suivre {target}."),
    Said("Link to the public page.", "Mettez l'adresse publique de la page."),
    _AN_ERROR,
)
LINK_MALFORMED = Rule(
    "link-malformed",
    Level.WARN,
    Said("«{target}» is no whole web address.", "«{target}» n'est pas une adresse web entière."),
    Said("Correct it.", "Corrigez-la."),
    Said("The link does not work.", "Le lien ne marche pas."),
)
LINK_SHORTENED = Rule(
    "link-shortened",
    Level.WARN,
    Said("{target} hides where it leads.", "{target} cache où il mène."),
    Said("Write the address it stands for.", "Écrivez l'adresse qu'il abrège."),
    Said("Spam filters distrust shortened links.", "Les filtres antispam se méfient des liens abrégés."),
)
LINK_BROKEN = Rule(
    "link-broken",
    Level.WARN,
    Said("{target} answers: {said}", "{target} répond : {said}"),
    Said("Correct it, or ask whoever keeps the site.", "Corrigez-le, ou voyez qui tient le site."),
    _AN_ERROR,
)
LINK_UNREACHABLE = Rule(
    "link-unreachable",
    Level.WARN,
    Said("{target} gives no answer: {said}", "{target} ne répond pas : {said}"),
    Said("Try it in a browser.", "Essayez-le dans un navigateur."),
    _AN_ERROR,
)
LINKS_UNCHECKED = Rule(
    "links-unchecked",
    Level.NOTE,
    Said("Links that could not be followed ({count}): {said}", "Liens qui n'ont pas pu être suivis ({count}) : {said}"),
    Said("Prove it again with --links once you are on line.", "Relancez avec --links une fois en ligne."),
    Said("So you know what was not looked at.", "Pour que vous sachiez ce qui n'a pas été vu."),
)
RULES = (
    *(LINK_TEXT, LINK_RELATIVE, LINK_MISMATCH, LINK_PRIVATE, LINK_MALFORMED, LINK_SHORTENED),
    *(LINK_BROKEN, LINK_UNREACHABLE, LINKS_UNCHECKED),
)

_MALFORMED = re.compile(
    r"(?<!\w)(?:https?:/(?!/)\S|https?//\S|(?:htp|htpp|htt|httpp|hhtp|htttp|htps|ttp)s?://\S|https?://\s\w"
    r"|www\s\.|www,\w)\S{0,200}",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(
    r"(?:cliqu(?:ez|er)\s+)?(?:ici|l[àa])(?:\s+m[eê]me)?|cliqu(?:ez|er)|ce\s+lien|(?:le\s+|un\s+)?lien|lire\s+(?:la\s+)?suite|en\s+savoir\s+plus|plus\s+d['’]infos?"
    r"|(?:click\s+)?here|click|this\s+link|(?:a\s+|the\s+)?link|read\s+more|learn\s+more|more(?:\s+info(?:rmation)?)?|this\s+page|cette\s+page|https?",
    re.IGNORECASE,
)
_HOST_SHOWN = re.compile(r"(?:https?://)?(?P<host>(?:[\w-]{1,63}\.){1,6}[a-z]{2,24})(?:[/?#]\S*)?", re.IGNORECASE)
_ENDINGS = frozenset(
    {
        "com",
        "org",
        "net",
        "fr",
        "eu",
        "io",
        "be",
        "ch",
        "de",
        "uk",
        "int",
        "info",
        "example",
        "paris",
        "bzh",
        "gouv",
        "edu",
    }
)
_SHORTENERS = frozenset(
    {
        "bit.ly",
        "tinyurl.com",
        "goo.gl",
        "t.co",
        "ow.ly",
        "is.gd",
        "buff.ly",
        "cutt.ly",
        "rb.gy",
        "t.ly",
        "lnkd.in",
        "shorturl.at",
        "urlz.fr",
        "rebrand.ly",
    }
)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]{1,20}:", re.IGNORECASE)


def links(subject: ProofSubject) -> Iterator[Hit]:
    """Links say where they lead, lead there from a mail, and lead where they say."""
    relative: list[tuple[str, Link]] = []
    for field, text in subject.texts():
        for one in find_links(text):
            if one.is_image:
                continue
            if _SAYS_NOTHING.fullmatch(re.sub(r"[\s*_.!>→»:]+", " ", one.text).strip()):
                yield LINK_TEXT.at(*_place(subject, field, text, one), words=one.text)
            if not _ABSOLUTE.match(one.target) and not one.target.startswith("www."):
                relative.append((field, one))
            elif wrong := _wrong_target(one):
                line, excerpt = _place(subject, field, text, one)
                yield replace(wrong, line=line, excerpt=excerpt)
        for match in _MALFORMED.finditer(text):
            line = subject.line_at(field, text, match.start(), match.end())
            yield LINK_MALFORMED.at(line, around(text, match.start(), match.end()), target=match[0])
    if relative:
        field, first = relative[0]
        targets = quoted(dict.fromkeys(one.target for _, one in relative))
        line, excerpt = _place(subject, field, dict(subject.texts())[field], first)
        yield LINK_RELATIVE.at(line, excerpt, count=len(relative), targets=targets)


def _place(subject: ProofSubject, field: str, text: str, one: Link) -> tuple[int | None, str]:
    return subject.line_at(field, text, one.start, one.end), around(text, one.start, one.end)


def _wrong_target(one: Link) -> Hit | None:
    """What speaks against the target of a whole link, without its place."""
    if one.target.lower().startswith("mailto:"):
        shown, target = one.text.strip("*_ "), unquote(one.target[7:].partition("?")[0])
        is_other = re.fullmatch(r"[^\s@]+@[^\s@]+\.\w+", shown) and shown.casefold() != target.casefold()
        return LINK_MISMATCH.at(shown=shown, target=target) if is_other else None
    host = host_of(one.target)
    shown_host = _HOST_SHOWN.fullmatch(one.text.strip("*_ "))
    if shown_host and host and not _is_same_site(shown_host["host"].lower(), host):
        return LINK_MISMATCH.at(shown=one.text.strip(), target=host)
    if host and is_private_host(host):
        return LINK_PRIVATE.at(target=one.target)
    return LINK_SHORTENED.at(target=one.target) if host.removeprefix("www.") in _SHORTENERS else None


def _is_same_site(shown: str, host: str) -> bool:
    if shown.rpartition(".")[2] not in _ENDINGS:  # «Node.js» is a name
        return True
    one, two = shown.removeprefix("www."), host.removeprefix("www.")
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")


def answers(subject: ProofSubject) -> Iterator[Hit]:
    """What came of following the links, where that was asked for."""
    offline = [one for one in subject.links if one.state is LinkState.OFFLINE]
    for one in subject.links:
        field = next((field for field, text in subject.texts() if one.url.removeprefix("https://") in text), "body")
        line = subject.line_of(one.url.removeprefix("https://"), field)
        if one.state is LinkState.BROKEN:
            yield LINK_BROKEN.at(line, one.url, target=one.url, said=one.said)
        elif one.state is LinkState.UNREACHABLE:
            yield LINK_UNREACHABLE.at(line, one.url, target=one.url, said=one.said)
        elif one.state is LinkState.PRIVATE and not is_private_host(host_of(one.url)):
            yield LINK_PRIVATE.at(line, one.url, target=one.url)
    if offline:
        yield LINKS_UNCHECKED.at(count=len(offline), said=listed(dict.fromkeys(one.said for one in offline), 2))


CHECKS = (links, answers)
