"""The survey of the binary workbooks, XLSB and the old XLS: how far their sheets reach, how much text they repeat."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator, Mapping

from distributor.contacts.sources.surveys import MAX_TEXT, SheetSurvey, check_spans, too_much_text
from distributor.contacts.sources.unpacking import TooLarge, damaged, encrypted

MAX_XLS_TEXTS = 60_000
"""The most cells with text that an XLS may have: each may point at the longest text, and these are not measured."""

# MS-XLSB 2.3.1: the records that a sheet's extent and texts depend on.
_ROW, _FIRST_CELL, _LAST_CELL, _SHARED, _RICH, _STRING, _SHEET = 0, 2, 11, 7, 62, 19, 129
_XLSB_ROWS = 1 << 20
# MS-XLS 2.3.1 and its ancestors; the last cell of MULRK stands at the record's end.
_XLS_CELLS = frozenset({0x0006, 0x0206, 0x0406, 0x0203, 0x0003, 0x0204, 0x0004, 0x027E, 0x0205, 0x0005, 0x00D6, 0x00FD})
_MULRK, _DIMENSIONS, _FILEPASS, _LABELSST, _BOUNDSHEET, _SST, _EOF = 0xBD, 0x200, 0x2F, 0xFD, 0x85, 0xFC, 0x0A
_MERGED = 0xE5  # MS-XLS 2.4.168: how many ranges, and eight bytes for each
_BROKEN = (struct.error, LookupError, ValueError, OverflowError)


def survey_xlsb(parts: Mapping[str, bytes], *, file: str = "") -> None:
    """Refuse an XLSB workbook, given as its parts, whose sheets span or hold more than we read; or that is damaged."""
    lengths: list[int] = []
    uses: list[int] = []
    surveys = []
    try:
        for name, part in parts.items():
            if name.casefold().endswith(".bin"):
                surveys.append(_survey_part(part, lengths, uses))
    except _BROKEN:
        raise damaged(file) from None
    check_spans(surveys, file)
    if sum(lengths[index] for index in uses if index < len(lengths)) > MAX_TEXT:
        raise too_much_text(file)


def _survey_part(part: bytes, lengths: list[int], uses: list[int]) -> SheetSurvey:
    survey = SheetSurvey()
    row = 0
    is_sheet = False
    for kind, start in _records(part):
        if kind == _SHEET:
            is_sheet = True
        elif kind == _STRING and not is_sheet:
            lengths.append(struct.unpack_from("<I", part, start + 1)[0])
        elif not is_sheet:
            continue
        elif kind == _ROW:
            before, row = row, struct.unpack_from("<I", part, start)[0]
            if not before <= row < _XLSB_ROWS:  # its reader would leave out what is not in order
                raise ValueError(row)
        elif _FIRST_CELL <= kind <= _LAST_CELL or kind == _RICH:
            survey.reach(row, struct.unpack_from("<I", part, start)[0])
            if kind == _SHARED:
                uses.append(struct.unpack_from("<I", part, start + 8)[0])
    return survey


def _records(part: bytes) -> Iterator[tuple[int, int]]:
    """Each record's kind and where its body begins (MS-XLSB 2.1.4)."""
    at = 0
    while at < len(part):
        kind = part[at]
        at += 1
        if kind & 0x80:
            kind = (kind & 0x7F) | (part[at] & 0x7F) << 7
            at += 1
        length = 0
        for shift in (0, 7, 14, 21):
            byte = part[at]
            at += 1
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        if at + length > len(part):
            raise ValueError(at)
        yield kind, at
        at += length


def survey_xls(data: bytes, *, file: str = "") -> None:
    """Refuse an XLS workbook whose sheets span or hold more than we read; or one that is damaged or encrypted.

    Its reader makes room for whatever counts and corners the file announces, so these are held against what is there.
    """
    try:
        streams = _Compound(data)
        if "EncryptedPackage" in streams.names:  # an XLSX with a password comes in the old container
            raise encrypted(file)
        book = streams.read("Workbook", "WORKBOOK", "Book", "BOOK")
        surveys, texts = [], 0
        scanned = 0
        for start in _sheet_starts(book, file):
            survey, found, end = _survey_sheet(book, start)
            surveys.append(survey)
            texts += found
            scanned += end - start
            if scanned > 2 * len(book):
                raise ValueError(start)  # sheets upon sheets
    except _BROKEN:
        raise damaged(file) from None
    check_spans(surveys, file)
    if texts > MAX_XLS_TEXTS:
        raise TooLarge(f"an XLS is read up to {MAX_XLS_TEXTS:,} cells with text", file=file)


def _book_records(book: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """The kind, the place and the length of each record from `at` to the EOF that closes its part (MS-XLS 2.1.4)."""
    while at < len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        at += 4
        if at + length > len(book):
            raise ValueError(at)
        yield kind, at, length
        if kind == _EOF:
            return
        at += length


def _sheet_starts(book: bytes, file: str) -> list[int]:
    """Where the sheets of a workbook begin."""
    starts = []
    for kind, at, length in _book_records(book, 0):
        if kind == _FILEPASS and book[at : at + 2] != b"\0\0":
            raise encrypted(file)
        if kind == _BOUNDSHEET:
            starts.append(struct.unpack_from("<I", book, at)[0])
        elif kind == _SST:
            texts = struct.unpack_from("<i", book, at + 4)[0]
            if length < 8 or not 0 <= texts <= len(book) // 3:  # a text takes three bytes at least
                raise ValueError(texts)
    return starts


def _survey_sheet(book: bytes, start: int) -> tuple[SheetSurvey, int, int]:
    """How far a sheet reaches, how many of its cells hold texts, and where it ends."""
    if start >= len(book):
        raise ValueError(start)
    survey = SheetSurvey()
    texts, end = 0, start
    for kind, at, length in _book_records(book, start):
        end = at + length
        if kind in _XLS_CELLS:
            survey.reach(*struct.unpack_from("<HH", book, at))
            texts += kind == _LABELSST
        elif kind == _MULRK:
            survey.reach(struct.unpack_from("<H", book, at)[0], struct.unpack_from("<H", book, end - 2)[0])
        elif kind == _MERGED:
            if length < 2 + 8 * struct.unpack_from("<H", book, at)[0]:
                raise ValueError(at)
        elif kind == _DIMENSIONS:
            # Before 1997 rows had two bytes. The ends are one beyond the last.
            top, bottom, left, right = struct.unpack_from({14: "<IIHH", 10: "<HHHH"}[length], book, at)
            if bottom and right:
                if top >= bottom or left >= right:
                    raise ValueError(at)
                survey.reach(bottom - 1, right - 1)
    return survey, texts, end


class _Compound:
    """The streams of an OLE compound file (MS-CFB); raises one of `_BROKEN` where chains lead nowhere or in circles."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        shift, mini = struct.unpack_from("<HH", data, 30)
        if shift not in {9, 12} or mini != 6:
            raise ValueError(shift)
        self._size = 1 << shift
        directories, fat_count, directory = struct.unpack_from("<III", data, 40)
        mini_fat, mini_fat_count, difat = struct.unpack_from("<III", data, 60)
        if max(directories, fat_count, mini_fat_count) > len(data) // self._size:
            raise ValueError(fat_count)
        self._fat = self._read_fat(list(struct.unpack_from("<109I", data, 76)), difat)
        entries = self._chain(directory, self._fat, data, self._size, self._size)
        self._entries: dict[str, tuple[int, int]] = {}
        for at in range(0, len(entries) - 127, 128):
            name = entries[at : at + 64].decode("utf-16-le", errors="replace").partition("\0")[0]
            start, length = struct.unpack_from("<IQ" if shift == 12 else "<II", entries, at + 116)
            if name and length > len(data):
                raise ValueError(length)
            self._entries.setdefault(name, (start, length))
        root = struct.unpack_from("<I", entries, 116)[0]
        self._mini_fat = array("I", self._chain(mini_fat, self._fat, data, self._size, self._size))
        self._mini = self._chain(root, self._fat, data, self._size, self._size)

    @property
    def names(self) -> frozenset[str]:
        """What its streams and folders are called."""
        return frozenset(self._entries)

    def read(self, *names: str) -> bytes:
        """The first stream of these names that is there; `IndexError` when none is."""
        found = [self._entries[name] for name in names if name in self._entries]
        start, length = found[0]
        if length < 4096:
            return self._chain(start, self._mini_fat, self._mini, 64, 0)[:length]
        return self._chain(start, self._fat, self._data, self._size, self._size)[:length]

    def _read_fat(self, sectors: list[int], difat: int) -> array[int]:
        most = len(self._data) // self._size
        seen = 0
        while difat < 0xFFFFFFFA:
            seen += 1
            if seen > most:
                raise ValueError(difat)
            block = struct.unpack_from(f"<{self._size // 4}I", self._data, (difat + 1) * self._size)
            sectors += block[:-1]
            difat = block[-1]
        fat = array("I")
        for sector in sectors:
            if sector < 0xFFFFFFFA:
                start = (sector + 1) * self._size
                fat.frombytes(self._data[start : start + self._size])
        return fat

    def _chain(self, sector: int, fat: array[int], data: bytes, size: int, offset: int) -> bytes:
        found = bytearray()
        seen = 0
        while sector < 0xFFFFFFFA:
            seen += 1
            if seen > len(fat):
                raise ValueError(sector)
            start = sector * size + offset
            found += data[start : start + size]
            sector = fat[sector]
        return bytes(found)
