"""Rules for the files that go with a release: their weight, their kind, their names, and a PDF that says the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from distributor.folding import fold
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.media import encoded_size
from distributor.releases.proof.rule import Hit, Rule, Said

ATTACHMENT_HEAVY = Rule(
    "attachment-heavy",
    Level.WARN,
    Said("The files add {size} MB to every message.", "Les fichiers ajoutent {size} Mo à chaque message."),
    Said("Put what is heavy on the web, and link to it.", "Mettez ce qui est lourd en ligne, avec un lien."),
    Said(
        "Above 2 MB newsrooms' servers begin to refuse; mailboxes fill.",
        "Au-delà de 2 Mo des serveurs de rédactions refusent ; les boîtes se remplissent.",
    ),
)
ATTACHMENT_TYPE = Rule(
    "attachment-type",
    Level.WARN,
    Said("«{name}» is not what its name says: it is {real}.", "«{name}» n'est pas ce que dit son nom : c'est {real}."),
    Said("Give it its right ending.", "Donnez-lui la bonne extension."),
    Said("It will not open, or a filter holds the message.", "Il ne s'ouvrira pas, ou un filtre retiendra le message."),
)
ATTACHMENT_NAME = Rule(
    "attachment-name",
    Level.NOTE,
    Said("«{name}» says little, or too much, to a journalist.", "«{name}» en dit trop peu, ou trop, à un journaliste."),
    Said("Name it after what it shows.", "Nommez-le d'après ce qu'il montre."),
    Said("It is kept under that name, for years.", "Il sera gardé sous ce nom, des années."),
)
ATTACHMENT_EDITABLE = Rule(
    "attachment-editable",
    Level.NOTE,
    Said(
        "«{name}» can be changed by whoever gets it, and may hold comments and earlier words.",
        "«{name}» peut être modifié par qui le reçoit, et garder commentaires et anciens textes.",
    ),
    Said("Send a PDF.", "Envoyez un PDF."),
    Said("Tracked changes have told more than one secret.", "Le suivi des modifications a livré plus d'un secret."),
)
PDF_HEADLINE = Rule(
    "pdf-headline",
    Level.WARN,
    Said("The text of «{name}» does not hold the headline.", "Le texte de «{name}» ne contient pas le titre."),
    Said(
        "Check that it is the right file, in its last version.",
        "Vérifiez que c'est le bon fichier, dans sa dernière version.",
    ),
    Said("Last month's communiqué has been attached before.", "On a déjà joint le communiqué du mois dernier."),
    also=(Level.NOTE,),
)
PDF_UNREAD = Rule(
    "pdf-unread",
    Level.NOTE,
    Said("«{name}» was not compared with the headline: {reason}", "«{name}» n'a pas été comparé au titre : {reason}"),
    Said("Look at it yourself.", "Regardez-le vous-même."),
    Said("So you know what was not looked at.", "Pour que vous sachiez ce qui n'a pas été vu."),
)
ATTACHMENT_ABSENT = Rule(
    "attachment-absent",
    Level.WARN,
    Said(
        "The text speaks of an attachment, and there is none.", "Le texte parle d'une pièce jointe, et il n'y en a pas."
    ),
    Said(
        "Name it in the front matter, as `attachments: [file.pdf]`; or put a link.",
        "Nommez-la dans l'en-tête, comme `attachments: [fichier.pdf]` ; ou mettez un lien.",
    ),
    Said("Newsrooms look for it, and ring you up.", "Les rédactions la cherchent, et vous appellent."),
)
RULES = (
    ATTACHMENT_ABSENT,
    ATTACHMENT_HEAVY,
    ATTACHMENT_TYPE,
    ATTACHMENT_NAME,
    ATTACHMENT_EDITABLE,
    PDF_HEADLINE,
    PDF_UNREAD,
)

_HEAVY = 2 * 1024 * 1024
_POOR_NAME = re.compile(
    r"(?:document|scan|image|img|photo|sans titre|untitled|copie de|copy of|new|nouveau|final|v)"
    r"[\s_-]{0,3}\(?[\d\s_-]{0,20}\)?\.\w+"
    r"|.*(?:[\s_-]v\d+(?:[.,]\d+)?|[\s_-](?:final|def|ok|bis|corrig[eé]e?|relu|draft|brouillon)\d*|\(\d+\))\.\w+"
    r"|(?:dsc|img|pxl)[\s_-]?\d{3,}.*",
    re.IGNORECASE,
)
_EDITABLE = re.compile(r".*\.(?:docx?|odt|rtf|pages)", re.IGNORECASE)
_NOT_A_RELEASE = re.compile(
    r"annexe?|photo|rapport|report|tract|affiche|poster|program|plan|carte|map|dossier|kit|infographi|tableau|étude|study",
    re.IGNORECASE,
)
_ENOUGH = 0.8
_SPEAKS_OF_ONE = re.compile(
    r"\ben\s+pi[èe]ces?\s+jointes?\b(?!\s+d)|\bci-joint(?:e?s?)\b|\b(?:pi[èe]ces?\s+jointes?|(?-i:PJ))\s*:|\b(?:find|see)\s+attached\b"
    r"|\bsee\s+attachment\b|\battached\s+(?:to\s+this|you\s+will|please|is\s+(?:the|a|our)|are\s+(?:the|our))\b|\bim\s+Anhang\b",
    re.IGNORECASE,
)


def absent(subject: ProofSubject) -> Iterator[Hit]:
    """Whatever the text says is attached, something is."""
    if subject.files or subject.draft.attachments:
        return
    for field, text in subject.prose():
        for row in text.split("\n"):
            if found := _SPEAKS_OF_ONE.search(row):
                yield ATTACHMENT_ABSENT.at(subject.line_of(row.strip(), field), around(row, found.start(), found.end()))
                return


def weight_and_kind(subject: ProofSubject) -> Iterator[Hit]:
    """Files are light in all, of the kind their names promise, and called what they are."""
    size = sum(encoded_size(one.size) for one in subject.files)
    line = subject.draft.lines.get("attachments")
    if size > _HEAVY:
        yield ATTACHMENT_HEAVY.at(line, size=f"{size / 1024 / 1024:.1f}")
    for one in subject.files:
        if one.promised:
            yield ATTACHMENT_TYPE.at(line, one.name, name=one.name, real=one.media_type)
        if _POOR_NAME.fullmatch(one.name):
            yield ATTACHMENT_NAME.at(line, one.name, name=one.name)
        if _EDITABLE.fullmatch(one.name):
            yield ATTACHMENT_EDITABLE.at(line, one.name, name=one.name)


def pdfs(subject: ProofSubject) -> Iterator[Hit]:
    """A PDF says the headline somewhere, whatever its line ends and capitals."""
    line = subject.draft.lines.get("attachments")
    wanted = _words(subject.draft.headline)
    for one in subject.files:
        if one.unread:
            yield PDF_UNREAD.at(line, one.name, name=one.name, reason=one.unread)
        elif one.text is not None and wanted:
            said = set(_words(one.text))
            if sum(word in said for word in wanted) < _ENOUGH * len(wanted):
                level = Level.NOTE if _NOT_A_RELEASE.search(one.name) else Level.WARN
                yield PDF_HEADLINE.at(line, one.name, level=level, name=one.name)


def _words(text: str) -> list[str]:
    # A PDF hyphenates, and sets ligatures: its letters are compared, not its lines.
    return re.findall(r"\w{3,}", fold(re.sub(r"-\s*\n\s*", "", text)))


CHECKS = (absent, weight_and_kind, pdfs)
