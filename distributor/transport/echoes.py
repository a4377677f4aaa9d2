"""What a reply only echoes (addresses, host names, links), taken out before its words are read for what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable

RECIPIENT = "user"
"""What stands for the recipient: `User jean@x.example unknown` and `No such user` go on meaning what they mean."""

OURS = "§§"
"""What stands for our own address: a word beside it is about us. No rule's word either."""

OTHER = "<>"
"""What stands for any other address, host or link: no rule's word."""

_LINK = re.compile(r"\bhttps?://[^\s<>\"]+", re.IGNORECASE)
_ANGLE = re.compile(r"<[^<>\n]*>")
# An address as it stands in a sentence. Patterns begin where a run begins, so that time grows with the length only.
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"@[^\s<>()\[\],;:"]+')
_ADDRESS = re.compile(r'(?<![^\s<>()\[\],;:"@])[^\s<>()\[\],;:"@]++@[^\s<>()\[\],;:"@.]+(?:\.[^\s<>()\[\],;:"@.]+)*')
_HOST = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]++)+")
# Where a local part stands that is repeated alone: first of all, or beside a sign that sets it off.
_NEAR = 24
_BEFORE = re.compile(r"(?:[:;,(\"'«\[=]|\A(?:[#(\[]?[245]\.\d{1,3}\.\d{1,3}[)\]]?)?)\s?\Z")
_AFTER = re.compile(r"\s?(?:[:;,)\"'»\]]|\.?\Z)")
_SENTENCES = re.compile(r"\.[A-ZÀ-Þ][a-zß-ÿ][^.]*$")
# Words with which servers say that a recipient is not there. Whoever is called so keeps «User unknown» readable: a word
# of these, left standing, can speak of the recipient only, never of us.
_OF_A_RECIPIENT = frozenset(
    {"unknown", "invalid", "disabled", "inactive", "full", "mailbox", "recipient", "account", "address", "user"}
    | {
        "inconnu",
        "inconnue",
        "invalide",
        "inexistant",
        "inexistante",
        "pleine",
        "destinataire",
        "utilisateur",
        "adresse",
    }
)
# Their names say why a message was refused; they are the only hosts that do.
_BLOCK_LIST = re.compile(
    r"(?:spamhaus|spamcop|barracudacentral|abuseat|sorbs|surbl|uribl|mailspike|cloudmark|proofpoint)\.(?:org|net|com)\b"
    r"|uceprotect",
    re.IGNORECASE,
)


def without_echoes(text: str, recipient: str, ours: tuple[str, ...] = ()) -> str:
    """`text` with each address, host name and link in it replaced, the recipient's by `user`.

    A server repeats what it was told, and an address may hold any word: `<spf@echec.example>: lookup failed` is not
    about our SPF. `recipient` is the address that the reply is about; `ours` are the sender's address, the one we log
    in with, and the name that we gave at EHLO. An address of ours is told apart from others: `Account p@o.example is
    disabled` is about us then. A host of a block list becomes the word `blocklist`, for that is what naming it says.
    """
    text = _LINK.sub(_named, text)  # first: without its host it would be no link, and its path would be words
    if recipient:
        local, _, domain = recipient.rpartition("@")
        text = _replaced(text, (f"<{recipient}>", recipient), RECIPIENT)
    for address in ours:
        if "@" in address:
            text = _replaced(text, (f"<{address}>", address), OURS)
    if recipient:
        text = _ANGLE.sub(OTHER, text)
        if not (local.isdigit() or local.casefold() in _OF_A_RECIPIENT):  # «550» would be a reply's code
            text = _replaced(text, (local,), RECIPIENT, flags=0, is_echo=_stands_apart if local.isalpha() else None)
        text = _replaced(text, (domain,), OTHER)
    text = _replaced(text, ours, OTHER)
    text = _ANGLE.sub(OTHER, text)
    text = _ADDRESS.sub(OTHER, _QUOTED.sub(OTHER, text))
    return _HOST.sub(_named, text)


def _replaced(
    text: str,
    echoes: tuple[str, ...],
    by: str,
    flags: re.RegexFlag | int = re.IGNORECASE,
    is_echo: Callable[[re.Match[str]], bool] | None = None,
) -> str:
    for echo in filter(None, echoes):
        text = re.sub(
            rf"(?<![\w.@+-]){re.escape(echo)}(?!\.?[\w@+-])",
            lambda found: by if is_echo is None or is_echo(found) else found[0],
            text,
            flags=flags,
        )
    return text


def _stands_apart(found: re.Match[str]) -> bool:
    """Whether a local part that could be a word (`mail`, `rate`) stands where servers put an echo, in no sentence."""
    before = found.string[max(0, found.start() - _NEAR) : found.start()]
    return _BEFORE.search(before) is not None or _AFTER.match(found.string, found.end()) is not None


def _named(found: re.Match[str]) -> str:
    name = found[0]
    if _BLOCK_LIST.search(name):
        return "blocklist"
    # `5.1.1` and `192.0.2.1` are no names; neither is the end of one sentence and the start of the next.
    is_host = "://" in name or not (name.rpartition(".")[2].isdigit() or _SENTENCES.search(name))
    return OTHER if is_host else name
