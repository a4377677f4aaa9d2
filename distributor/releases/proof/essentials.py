"""Rules for what no release may lack: a message for everybody, a headline, a text, somebody to ask, one language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from distributor.addresses import is_address
from distributor.releases.draft import PressContact
from distributor.releases.findings import Level, ProofSubject, around
from distributor.releases.proof.rule import CORRECT_IT, Hit, Rule, Said, listed
from distributor.releases.readers.language import UNSURE, tell_language

UNDEFINED_FIELD = Rule(
    "undefined-field",
    Level.STOP,
    Said(
        "The message cannot be made for {count} ({named}): {reason}.",
        "Le message ne peut pas être écrit pour {count} ({named}) : {reason}.",
    ),
    Said(
        "Correct {template}, or fill in what is missing for these contacts.",
        "Corrigez {template}, ou complétez les fiches de ces contacts.",
    ),
    Said(
        "A journalist would get nothing, or a message with a hole in it.",
        "Un journaliste ne recevrait rien, ou un message troué.",
    ),
)
HEADLINE_EMPTY = Rule(
    "headline-empty",
    Level.STOP,
    Said("The headline is empty.", "Le titre est vide."),
    Said(
        "Write `title:` in the front matter, or the headline on top of the text.",
        "Écrivez `title:` dans l'en-tête du fichier, ou le titre en haut du texte.",
    ),
    Said("It would be the subject of every message.", "Ce serait l'objet de chaque message."),
)
BODY_EMPTY = Rule(
    "body-empty",
    Level.STOP,
    Said("The release has no text.", "Le communiqué n'a pas de texte."),
    Said("Write it.", "Écrivez-le."),
    Said("There would be nothing to read.", "Il n'y aurait rien à lire."),
)
_CONTACT_MEND = Said(
    "Give `contact: {{name: …, phone: …, email: …}}`, or a block «Contact presse :» at the end of the text.",
    "Donnez `contact: {{name: …, phone: …, email: …}}`, ou un bloc «Contact presse :» à la fin du texte.",
)
_REACHABLE = Said(
    "Journalists must be able to reach somebody by name, today.",
    "Les journalistes doivent pouvoir joindre quelqu'un par son nom, aujourd'hui.",
)
CONTACT_MISSING = Rule(
    "contact-missing",
    Level.STOP,
    Said("There is no press contact.", "Il n'y a pas de contact presse."),
    _CONTACT_MEND,
    _REACHABLE,
    also=(Level.WARN,),
)
_NOT_RECOGNISED = Said(
    "No press contact was recognised; the text holds a number or an address, but not as a contact.",
    "Aucun contact presse n'a été reconnu ; le texte donne un numéro ou une adresse, mais pas comme contact.",
)
CONTACT_ADDRESS = Rule(
    "contact-address",
    Level.STOP,
    Said(
        "The press contact's address is not one that mail can be sent to: «{address}».",
        "L'adresse du contact presse ne peut pas recevoir de courriel : «{address}».",
    ),
    CORRECT_IT,
    _REACHABLE,
    also=(Level.WARN,),
)
_PART_MISSING = Said("The press contact ({who}) has no {part}.", "Le contact presse ({who}) n'a pas {part}.")
_ADD_PART = Said("Add the {part}.", "Ajoutez-le.")
CONTACT_NAME = Rule("contact-name", Level.WARN, _PART_MISSING, _ADD_PART, _REACHABLE)
CONTACT_PHONE = Rule("contact-phone", Level.WARN, _PART_MISSING, _ADD_PART, _REACHABLE)
LANGUAGE = Rule(
    "language",
    Level.WARN,
    Said(
        "The release says its language is `{said}`, but its text reads as `{seen}`.",
        "Le communiqué se dit en `{said}`, mais son texte se lit comme du `{seen}`.",
    ),
    Said("Write `lang: {seen}` if that is right.", "Écrivez `lang: {seen}` si c'est bien le cas."),
    Said(
        "Salutation, notices, quotes and dates follow the language of the release.",
        "Formule d'appel, mentions, guillemets et dates suivent la langue du communiqué.",
    ),
)
LANGUAGE_UNSURE = Rule(
    UNSURE,
    Level.WARN,
    Said(
        "The language is taken as `{said}`: too little in the text tells it.",
        "La langue est prise pour du `{said}` : trop peu de mots le disent.",
    ),
    Said(
        "On top, between two lines `---`, write `lang: {said}` (or the right one) and `title:` with the headline.",
        "En haut, entre deux lignes `---`, écrivez `lang: {said}` (ou la bonne langue) et `title:` avec le titre.",
    ),
    Said(
        "Salutation, notices, quotes and dates follow the language of the release.",
        "Formule d'appel, mentions, guillemets et dates suivent la langue du communiqué.",
    ),
)
TWO_LANGUAGES = Rule(
    "two-languages",
    Level.NOTE,
    Said("The text is in two languages, `{said}` and `{seen}`.", "Le texte est en deux langues, `{said}` et `{seen}`."),
    Said(
        "Make two releases of it: import the second with --translates SLUG, and each journalist gets their language.",
        "Faites-en deux communiqués : importez le second avec --translates NOM, et chacun reçoit sa langue.",
    ),
    Said("Whoever reads one of them scrolls past the other.", "Qui lit l'une fait défiler l'autre."),
)
RULES = (
    *(UNDEFINED_FIELD, HEADLINE_EMPTY, BODY_EMPTY),
    *(CONTACT_MISSING, CONTACT_ADDRESS, CONTACT_NAME, CONTACT_PHONE, LANGUAGE, LANGUAGE_UNSURE, TWO_LANGUAGES),
)

_TRANSLATED, _SHARE = 25, 0.3  # words in the other language, and their share: a quotation has fewer


def undefined_fields(subject: ProofSubject) -> Iterator[Hit]:
    """Every recipient must have been rendered; failures with the same cause are one finding."""
    groups: dict[tuple[str, int | None, str], list[str]] = {}
    for failure in subject.render_failures:
        groups.setdefault((failure.message, failure.line, failure.template), []).append(failure.recipient)
    for (message, line, template), recipients in groups.items():
        many = len(recipients)
        yield UNDEFINED_FIELD.at(
            line,
            template,
            count=Said("1 recipient", "1 destinataire")
            if many == 1
            else Said(f"{many} recipients", f"{many} destinataires"),
            named=listed(recipients, 3),
            reason=message.rstrip("."),
            template=template or Said("the template", "le modèle"),
        )


def headline_and_body(subject: ProofSubject) -> Iterator[Hit]:
    """A release has a headline, which is the subject of every message, and a text."""
    draft = subject.draft
    if not draft.headline.strip():
        yield HEADLINE_EMPTY.at(draft.lines.get("headline"))
    if not draft.body.strip():
        yield BODY_EMPTY.at(draft.lines.get("body"))


def contact(subject: ProofSubject) -> Iterator[Hit]:
    """Journalists must be able to reach somebody: a name, a telephone number and an address."""
    contacts = [one for one in subject.draft.contacts if any((one.name, one.email, one.phone))]
    line = subject.draft.lines.get("contacts")
    if not contacts:
        in_body = _details_in(subject.draft.body)
        if in_body:
            yield CONTACT_MISSING.at(None, in_body, level=Level.WARN, message=_NOT_RECOGNISED)
        else:
            yield CONTACT_MISSING.at()
        return
    for one in contacts:
        if one.email and not is_address(one.email):
            yield CONTACT_ADDRESS.at(subject.line_of(one.email, "contacts"), one.email, address=one.email)
    if not any(one.name and one.email and one.phone for one in contacts):
        yield from _missing_parts(contacts[0], line, subject.source_line(line))


def _missing_parts(one: PressContact, line: int | None, excerpt: str) -> Iterator[Hit]:
    who = one.name or one.email or one.phone
    for rule, value, part in (
        (CONTACT_NAME, one.name, Said("name", "de nom")),
        (CONTACT_ADDRESS, one.email, Said("e-mail address", "d'adresse électronique")),
        (CONTACT_PHONE, one.phone, Said("telephone number", "de numéro de téléphone")),
    ):
        if not value:
            yield rule.at(line, excerpt, level=Level.WARN, message=_PART_MISSING, mend=_ADD_PART, who=who, part=part)


def _details_in(text: str) -> str:
    """The first line of a text that holds an e-mail address or telephone number, or ""."""
    from distributor.releases.readers.contactblock import has_details  # noqa: PLC0415 - most releases name their contact

    return next((around(row, 0, 0) for row in text.split("\n") if has_details(row)), "")


def language(subject: ProofSubject) -> Iterator[Hit]:
    """The text is in the language the release says, since salutations and notices follow it."""
    said = subject.draft.lang
    seen = tell_language(subject.draft.body)
    if said[:2] in {"fr", "en"} and seen and seen != said[:2]:
        yield LANGUAGE.at(subject.draft.lines.get("lang"), said=said, seen=seen)
    elif any(remark.code == UNSURE for remark in subject.draft.remarks):
        yield LANGUAGE_UNSURE.at(None, said=said)


def two_languages(subject: ProofSubject) -> Iterator[Hit]:
    """A release says everything once: paragraphs in another language than the most are a translation's."""
    counts: Counter[str] = Counter()
    for paragraph in subject.draft.body.split("\n\n"):
        if told := tell_language(paragraph):
            counts[told] += len(paragraph.split())
    if len(counts) > 1:
        (said, _), (seen, other) = counts.most_common(2)
        if other >= _TRANSLATED and other >= _SHARE * counts.total():
            yield TWO_LANGUAGES.at(None, said=said, seen=seen)


CHECKS = (undefined_fields, headline_and_body, contact, language, two_languages)
