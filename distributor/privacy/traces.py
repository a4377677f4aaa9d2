"""What the files of a workspace still hold of an erased person: copies of messages, lists, exports, old databases."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from distributor.addresses import Address
from distributor.files import write_bytes
from distributor.privacy.page import PAGE_MARK
from distributor.privacy.redaction import spellings_of

_TABLES = frozenset({".csv", ".tsv", ".txt"})
_CARDS = frozenset({".vcf", ".vcard"})
_ZIPPED = frozenset({".xlsx", ".xlsm", ".xlsb", ".ods", ".odt", ".docx", ".zip"})
_CLOSED = frozenset({".xls", ".doc", ".pdf", ".gz", ".7z"})
_JOURNALS = ("", "-wal", "-shm", "-journal")
_LARGEST = 500 * 1024 * 1024
_ENCODINGS = ("utf-8", "cp1252", "utf-16-le", "utf-16-be")
_HEAD = 2000  # bytes of a page in which its mark stands
_CARD_END = re.compile(r"^END[ \t]*:[ \t]*VCARD[^\n]*\n?", re.IGNORECASE | re.MULTILINE)
_FOLD = re.compile(rb"\r?\n[ \t]")  # RFC 6350 §3.2
_BYTE_ORDER = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Traces:
    """Files of a workspace, by what becomes of them.

    `copies` are messages of ours to the person and pages of ours about them, `exports` workbooks that we wrote and that
    hold them: both are to be deleted. `lists` are tables and vCards, of which only the person's rows go. `others` name
    the person in some other way, and `closed` may do so but cannot be looked into: both are the user's.
    """

    copies: tuple[Path, ...] = ()
    exports: tuple[Path, ...] = ()
    lists: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()


class Tracer:
    """Looks for one person's addresses, and for the messages that went to them, in files.

    `message_ids` are the numbers of those messages, `exports` the files that we are known to have written; `database`
    is the file that needs no looking into.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        message_ids: Sequence[str],
        database: Path | None,
        exports: Iterable[Path] = (),
    ) -> None:
        self._exports = {path.resolve() for path in exports}
        self._keys = {address.key for address in addresses}
        self._message_ids = frozenset(message_ids)
        self._needles = sorted(
            {
                spelling.lower().encode(encoding, "ignore")
                for address in addresses
                for spelling in spellings_of(address)
                for encoding in _ENCODINGS
            }
        )
        own = database.resolve() if database else None
        self._own = {own.with_name(own.name + suffix) for suffix in _JOURNALS} if own else set()

    def find(self, workspace: Path) -> Traces:
        """Look through every file of a workspace, but for hidden folders and links."""
        found: dict[str, list[Path]] = {field.name: [] for field in fields(Traces)}
        for path in self._files(workspace):
            if kind := self._kind(path):
                found[kind].append(path)
        return Traces(**{name: tuple(paths) for name, paths in found.items()})

    def clear(self, traces: Traces) -> None:
        """Delete copies and exports, and take the person's rows out of the lists; raises `StorageTrouble`."""
        for path in (*traces.copies, *traces.exports):
            path.unlink(missing_ok=True)
        for path in traces.lists:
            write_bytes(path, self._without_rows(path))

    def _files(self, workspace: Path) -> Iterator[Path]:
        for path in sorted(workspace.rglob("*")):
            is_hidden = any(part.startswith(".") for part in path.relative_to(workspace).parts[:-1])
            if not is_hidden and path.is_file() and not path.is_symlink() and path.resolve() not in self._own:
                yield path

    def _kind(self, path: Path) -> str:
        suffix = path.suffix.lower()
        if suffix in _CLOSED or path.stat().st_size > _LARGEST:
            return "closed"
        if suffix in _ZIPPED:
            return self._kind_of_zipped(path)
        content = path.read_bytes()
        if suffix == ".eml" and self._is_ours(content):
            return "copies"
        is_cards = suffix in _CARDS
        if not self._names(content, is_cards=is_cards):
            return ""
        if is_cards or suffix in _TABLES:
            return "others" if self._names(self._without_rows(path), is_cards=is_cards) else "lists"
        return "copies" if PAGE_MARK in content[:_HEAD] else "others"

    def _kind_of_zipped(self, path: Path) -> str:
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > _LARGEST:
                    return "closed"
                holds = any(self._names(archive.read(member)) for member in archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):  # damaged, encrypted
            return "closed"
        return ("exports" if path.resolve() in self._exports else "others") if holds else ""

    def _names(self, content: bytes, *, is_cards: bool = False) -> bool:
        folded = (_FOLD.sub(b"", content) if is_cards else content).lower()
        return any(needle in folded for needle in self._needles)

    def _is_ours(self, content: bytes) -> bool:
        """Whether a file is a message that went to the person: by its number, or by its only recipient."""
        message = message_from_bytes(content, policy=default)
        if str(message["Message-ID"] or "").strip() in self._message_ids:
            return True
        recipients = [one.addr_spec.casefold() for one in message["To"].addresses] if message["To"] else []
        return bool(recipients) and all(one in self._keys for one in recipients)

    def _without_rows(self, path: Path) -> bytes:
        """A table or vCards without what holds one of the addresses; all other bytes stand as they stood."""
        content = path.read_bytes()
        # Latin-1 gives every byte back as it was, whatever the encoding really is.
        encoding = _BYTE_ORDER.get(content[:2], "latin-1")
        is_cards = path.suffix.lower() in _CARDS
        records = (_cards if is_cards else _rows)(content.decode(encoding))
        return b"".join(raw for record in records if not self._names(raw := record.encode(encoding), is_cards=is_cards))


def _rows(text: str) -> Iterator[str]:
    """The rows of a CSV file as they stand, with the line ends that quotation marks hold."""
    record = ""
    for line in io.StringIO(text, newline=""):
        record += line
        if record.count('"') % 2 == 0:
            yield record
            record = ""
    yield record


def _cards(text: str) -> Iterator[str]:
    """The vCards of a file as they stand, each up to its END."""
    start = 0
    for end in _CARD_END.finditer(text):
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]
